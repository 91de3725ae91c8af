"""SOQL, the names: paths bound against the schema for one caller, and literals read as a field's type."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from infra.local.org import ids
from infra.local.org.errors import Refused, malformed_query, no_column
from infra.local.org.moments import span_of
from infra.local.org.schema import NAME_FIELDS, Field, Row, SObject, Value
from infra.local.org.state import Caller, State
from infra.local.org.syntax import Call, Constant, Operand, Path, Select

Get = Callable[[Row], Value | None]
Find = Callable[[Select], set[Value]]
MAX_VALUE: Final = 4000
MAX_PARENTS: Final = 5
TEXTS: Final = ("string", "textarea", "picklist", "combobox", "email", "phone", "url")
NUMBERS: Final = ("int", "double", "currency")


@dataclass(frozen=True, slots=True)
class Column:
    """A bound field: how to get it from a row, and what it is."""

    path: Path
    described: Field
    get: Get


@dataclass(frozen=True, slots=True)
class Part:
    """A function of a moment, by UTC: of which types, what type it gives, and how."""

    takes: tuple[str, ...]
    gives: str
    of: Callable[[datetime], Value]


PARTS: Final = {
    "DAY_ONLY": Part(("datetime",), "date", lambda moment: moment.date().isoformat()),
    "CALENDAR_YEAR": Part(("date", "datetime"), "int", lambda moment: moment.year),
    "CALENDAR_MONTH": Part(("date", "datetime"), "int", lambda moment: moment.month),
    "DAY_IN_MONTH": Part(("date", "datetime"), "int", lambda moment: moment.day),
    "HOUR_IN_DAY": Part(("datetime",), "int", lambda moment: moment.hour),
}


class Binder:
    """Binds the names of one query for one caller. Raises INVALID_FIELD for what does not exist or is hidden."""

    def __init__(
        self, state: State, caller: Caller, sobject: SObject, also: str = "", find: Find | None = None
    ) -> None:
        self.state = state
        self.caller = caller
        self.sobject = sobject
        self.also = also
        self.find = find
        """Runs the query inside an IN; None where there can be none."""
        self._own = (sobject.name.lower(), also.lower())

    def column(self, operand: Operand) -> Column:
        """Bind a path, `Subject`, `Task.Subject`, `Owner.Name`, or a function of one."""
        return self._call(operand) if isinstance(operand, Call) else self._path(operand)

    def _call(self, call: Call) -> Column:
        inner, kind = self._path(call.path), PARTS.get(call.function)
        if call.function == "TOLABEL" and inner.described.type == "picklist":
            return inner  # every value of this org is its own label
        if kind is None or inner.described.type not in kind.takes:
            raise malformed_query(f"{call.function} cannot be asked of field '{inner.described.name}' here")

        def get(row: Row) -> Value | None:
            value = inner.get(row)
            if value is None:
                return None
            return kind.of(
                datetime.fromtimestamp(value, UTC) if isinstance(value, int) else datetime.fromisoformat(str(value))
            )

        path = (f"{call.function}({'.'.join(inner.path)})",)
        return Column(path, Field(name=call.function, type=kind.gives), get)

    def _path(self, path: Path) -> Column:
        if len(path) > 1 and path[0].lower() in self._own:
            path = path[1:]
        if len(path) > MAX_PARENTS + 1:
            raise malformed_query("a relationship path may have at most 5 parents")
        return self._bind(self.sobject, path)

    def _bind(self, sobject: SObject, path: Path) -> Column:
        permissions = self.caller.user.permissions
        if len(path) == 1:
            described = sobject.find(path[0], permissions)
            if described is None:
                raise no_column(path[0], sobject.name)
            return Column((described.name,), described, self.getter(sobject, described))
        relation = sobject.relation(path[0], permissions)
        if relation is None or relation.relationship is None:
            raise Refused("INVALID_FIELD", f"Didn't understand relationship '{path[0]}' in field path.")
        if relation.polymorphic:
            return self._polymorphic(relation, relation.relationship, path[1:])
        target = self.state.schema.objects[relation.targets[0]]
        inner = self._bind(target, path[1:])
        parent = self._parent(sobject, relation)

        def get(row: Row) -> Value | None:
            found = parent(row)
            return inner.get(found[1]) if found else None

        return Column((relation.relationship, *inner.path), inner.described, get)

    def _polymorphic(self, relation: Field, relationship: str, path: Path) -> Column:
        names = {name.lower(): name for name in NAME_FIELDS}
        name = names.get(path[0].lower())
        if name is None or len(path) > 1:
            raise no_column(path[0], "Name")
        parent = self._parent(self.sobject, relation)

        def get(row: Row) -> Value | None:
            found = parent(row)
            if found is None:
                return None
            target, record = found
            if name == "Type":
                return target.name
            described = target.fields.get(name)
            return self.getter(target, described)(record) if described else None

        kind = "id" if name == "Id" else "boolean" if name == "IsActive" else "string"
        return Column((relationship, name), Field(name=name, type=kind), get)

    def _parent(self, sobject: SObject, relation: Field) -> Callable[[Row], tuple[SObject, Row] | None]:
        own = self.getter(sobject, relation)

        def parent(row: Row) -> tuple[SObject, Row] | None:
            reference = own(row)
            return self.state.referenced(str(reference)) if reference else None

        return parent

    def getter(self, sobject: SObject, described: Field) -> Get:
        """Give the way to a field's value; what is derived is computed, and a boolean is never null."""
        name = described.name
        if described.derived:
            return lambda row: self.state.value(sobject.name, name, row)
        if described.type == "boolean":
            return lambda row: row.get(name, False)
        return lambda row: row.get(name)

    # --- literals

    def constant(self, described: Field, constant: Constant) -> Value | None:
        """Read a literal as the field's type. Raises INVALID_FIELD when it is another type's literal."""
        if constant.kind == "null":
            return None
        if described.type in ("id", "reference") and constant.kind == "string":
            found = ids.normal(constant.text)
            if found is None and constant.text:
                raise Refused("INVALID_QUERY_FILTER_OPERATOR", f"invalid ID field: {constant.text}")
            return found
        if described.type in TEXTS and constant.kind == "string":
            if len(constant.text) > MAX_VALUE:
                raise malformed_query(f"string literals in WHERE cannot be longer than {MAX_VALUE} characters")
            return constant.text
        if described.type == "boolean" and constant.kind == "boolean":
            return constant.text.lower() == "true"
        if described.type in NUMBERS and constant.kind == "number":
            return float(constant.text)
        if described.type in ("date", "datetime") and constant.kind == described.type:
            return span_of(described, constant, self.caller.user.time_zone, self.state.second()).first
        quoted = "be" if described.type in (*TEXTS, "id", "reference") else "not be"
        raise Refused(
            "INVALID_FIELD",
            f"value of filter criterion for field '{described.name}' must be of type {described.type} and should "
            f"{quoted} enclosed in quotes",
        )


def fold_of(described: Field) -> Callable[[Value], Value]:
    """Give what values are compared by: text without case, except external ids."""
    if described.type in TEXTS and not described.external_id:
        return lambda value: str(value).casefold()
    return lambda value: value


def folded(described: Field, value: Value | None) -> Value | None:
    """Fold a value that may be null."""
    return None if value is None else fold_of(described)(value)
