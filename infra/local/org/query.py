"""SOQL, the meaning: names are bound against the schema, then rows are picked, ordered and cut.

Semantics, where the reference is silent or surprising:

- Three-valued logic: a comparison with a null field is *unknown*, and so is its negation; only `= null` and `!= null` speak of
  nulls. (Salesforce does not document `!=` on a null field.) A null boolean is false, as documented.
- Text compares without case; ids compare in their 18-character form; a date literal is a range in the user's time zone.
- `query` leaves out deleted and archived rows, `queryAll` does not; sharing applies to both.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from infra.local.org import ids
from infra.local.org.errors import Refused, malformed_query, no_column, no_type
from infra.local.org.moments import Span, span_of
from infra.local.org.schema import NAME_FIELDS, Field, Row, SObject, Value
from infra.local.org.soql import Comparison, Condition, Constant, Group, Member, Not, Path, Select, Sort, parse
from infra.local.org.state import Caller, State

Get = Callable[[Row], Value | None]
Test = Callable[[Row], bool | None]
MAX_OFFSET: Final = 2000
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
class Found:
    """A query's answer before it is written out: `count` for COUNT(), else rows and the columns asked for."""

    sobject: SObject
    columns: tuple[Column, ...]
    rows: list[Row]
    count: int | None = None
    aggregate: bool = False


@dataclass(frozen=True, slots=True)
class Cursor:
    """An open query: whose, since when, what it found, and how many rows a page has."""

    user_id: str
    opened: int
    found: Found
    page: int


class Binder:
    """Binds the names of one query for one caller. Raises INVALID_FIELD for what does not exist or is hidden."""

    def __init__(self, state: State, caller: Caller, sobject: SObject) -> None:
        self.state = state
        self.caller = caller
        self.sobject = sobject

    def column(self, path: Path) -> Column:
        """Bind a path: `Subject`, `Task.Subject`, `Owner.Name`, `CreatedBy.Profile…`."""
        if len(path) > 1 and path[0].lower() == self.sobject.name.lower():
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
        if len(relation.targets) > 1 or relation.name == "WhatId":
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

    # --- conditions

    def test(self, condition: Condition) -> Test:
        """Bind a condition to a test of a row: true, false, or None for unknown."""
        if isinstance(condition, Group):
            return _all_of([self.test(part) for part in condition.parts], decisive=not condition.all)
        if isinstance(condition, Not):
            inner = self.test(condition.inner)

            def negated(row: Row) -> bool | None:
                result = inner(row)
                return None if result is None else not result

            return negated
        column = self.column(condition.path)
        if not column.described.filterable:
            raise Refused("INVALID_FIELD", f"field '{column.described.name}' can not be filtered in a query call")
        if isinstance(condition, Member):
            return self._member(column, condition.values)
        return self._comparison(column, condition)

    def _member(self, column: Column, values: tuple[Constant, ...]) -> Test:
        if any(value.kind == "date_literal" for value in values):
            raise malformed_query("date literals cannot be used in a list")
        wanted = {_folded(column.described, self.constant(column.described, value)) for value in values}
        nulls = None in wanted
        get, fold = column.get, _fold_of(column.described)

        def test(row: Row) -> bool | None:
            value = get(row)
            if value is None:
                return True if nulls else None
            return fold(value) in wanted

        return test

    def _comparison(self, column: Column, condition: Comparison) -> Test:
        described, operator, get = column.described, condition.operator, column.get
        if condition.value.kind == "null":
            return self._null(column, operator)
        if operator == "like":
            return _like(column, condition.value.text)
        if described.type in ("date", "datetime"):
            span = span_of(described, condition.value, self.caller.user.time_zone, self.state.second())
            return _in_span(get, span, operator)
        if described.type == "boolean" and operator not in ("=", "!="):
            raise Refused(
                "INVALID_QUERY_FILTER_OPERATOR", f"field '{described.name}' cannot be compared with {operator}"
            )
        wanted, fold = _folded(described, self.constant(described, condition.value)), _fold_of(described)
        compare = _OPERATORS[operator]

        def test(row: Row) -> bool | None:
            value = get(row)
            return None if value is None else compare(fold(value), wanted)

        return test

    def _null(self, column: Column, operator: str) -> Test:
        get = column.get
        if operator not in ("=", "!="):
            raise malformed_query(f"null cannot be compared with {operator}")
        if column.described.type == "boolean":
            return (lambda row: not get(row)) if operator == "=" else (lambda row: bool(get(row)))
        return (lambda row: get(row) is None) if operator == "=" else (lambda row: get(row) is not None)

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

    # --- order

    def order(self, sorts: tuple[Sort, ...], rows: list[Row]) -> None:
        """Sort in place; nulls first unless said otherwise; rows that tie keep the order of their ids."""
        for sort in reversed(sorts):
            column = self.column(sort.path)
            if not column.described.sortable:
                raise Refused("INVALID_FIELD", f"field '{column.described.name}' can not be sorted in a query call")
            get, fold = column.get, _fold_of(column.described)
            nulls = [row for row in rows if get(row) is None]
            others = [row for row in rows if get(row) is not None]
            others.sort(key=_key(get, fold), reverse=sort.descending)
            rows[:] = others + nulls if sort.nulls_last else nulls + others


def _key(get: Get, fold: Callable[[Value], Value]) -> Callable[[Row], Value]:
    def key(row: Row) -> Value:
        value = get(row)
        return "" if value is None else fold(value)

    return key


def _all_of(tests: list[Test], *, decisive: bool) -> Test:
    """AND (decisive false) or OR (decisive true): one decisive result decides, else one unknown makes it unknown."""

    def test(row: Row) -> bool | None:
        unknown = False
        for each in tests:
            result = each(row)
            if result is decisive:
                return decisive
            unknown = unknown or result is None
        return None if unknown else not decisive

    return test


def _like(column: Column, pattern: str) -> Test:
    if column.described.type not in TEXTS:
        raise Refused("INVALID_QUERY_FILTER_OPERATOR", f"invalid operator on field '{column.described.name}'")
    parts = re.findall(r"\\.|[^\\]", pattern, re.DOTALL)
    wild = {"%": ".*", "_": "."}
    regex = "".join(wild.get(part) or re.escape(part[-1]) for part in parts)
    matches = re.compile(regex, re.IGNORECASE | re.DOTALL).fullmatch
    get = column.get

    def test(row: Row) -> bool | None:
        value = get(row)
        return None if value is None else matches(str(value)) is not None

    return test


def _in_span(get: Get, span: Span, operator: str) -> Test:
    compare = _SPANS[operator]

    def test(row: Row) -> bool | None:
        value = get(row)
        return None if value is None else compare(value, span)

    return test


def _fold_of(described: Field) -> Callable[[Value], Value]:
    if described.type in TEXTS and not described.external_id:
        return lambda value: str(value).casefold()
    return lambda value: value


def _folded(described: Field, value: Value | None) -> Value | None:
    return None if value is None else _fold_of(described)(value)


_OPERATORS: Final[dict[str, Callable[..., bool]]] = {
    "=": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}
_SPANS: Final[dict[str, Callable[..., bool]]] = {
    "=": lambda value, span: span.first <= value < span.after,
    "!=": lambda value, span: not span.first <= value < span.after,
    "<": lambda value, span: value < span.first,
    "<=": lambda value, span: value < span.after,
    ">": lambda value, span: value >= span.after,
    ">=": lambda value, span: value >= span.first,
}


def run(state: State, caller: Caller, text: str, *, everything: bool) -> Found:
    """Run a query. `everything` is `queryAll`: deleted and archived rows, too. Raises Salesforce's errors."""
    select = parse(text)
    sobject = state.schema.find(select.sobject)
    if sobject is None:
        raise no_type(select.sobject)
    binder = Binder(state, caller, sobject)
    columns = _columns(binder, select)
    test = binder.test(select.where) if select.where else None
    rows = [
        row
        for row in _candidates(binder, select.where)
        if (everything or not (row.get("IsDeleted") or row.get("IsArchived")))
        and state.sees(caller.user, sobject.name, row)
        and (test is None or test(row))
    ]
    if select.count is not None:
        return _count(binder, select, rows)
    binder.order(select.order, rows)
    offset = select.offset or 0
    if offset > MAX_OFFSET:
        raise Refused("NUMBER_OUTSIDE_VALID_RANGE", f"Maximum SOQL offset allowed is {MAX_OFFSET}")
    rows = rows[offset:] if select.limit is None else rows[offset : offset + select.limit]
    return Found(sobject, columns, rows)


def _columns(binder: Binder, select: Select) -> tuple[Column, ...]:
    columns = tuple(binder.column(path) for path in select.fields)
    paths = [column.path for column in columns]
    twice = next((path for path in paths if paths.count(path) > 1), None)
    if twice:
        raise malformed_query(f"duplicate field selected: {'.'.join(twice)}")
    return columns


def _count(binder: Binder, select: Select, rows: list[Row]) -> Found:
    if select.count == ():
        number = len(rows) if select.limit is None else min(len(rows), select.limit)
        return Found(binder.sobject, (), [], count=number)
    column = binder.column(select.count or ("Id",))
    return Found(binder.sobject, (), [], count=sum(1 for row in rows if column.get(row) is not None), aggregate=True)


def _candidates(binder: Binder, where: Condition | None) -> Iterable[Row]:
    """Rows that may match: by an index if a condition that must hold names one, else all."""
    store, name = binder.state.store, binder.sobject.name
    table = store.tables[name]
    must = where.parts if isinstance(where, Group) and where.all else (where,) if where else ()
    for condition in must:
        wanted = _equals(binder, condition)
        if wanted is None:
            continue
        column, values = wanted
        if column == "Id":
            return [table[key] for key in sorted(map(str, values)) if key in table]
        if store.indexed(name, column):
            keys = {key for value in values for key in store.with_value(name, column, value)}
            return [table[key] for key in sorted(keys)]
    first = max((_since(binder, condition) for condition in must), default=0)
    if first:
        return list(store.changed(name, first, 1 << 60))
    return table.values()


def _equals(binder: Binder, condition: Condition) -> tuple[str, set[Value]] | None:
    if isinstance(condition, Member):
        constants = condition.values
    elif isinstance(condition, Comparison) and condition.operator == "=":
        constants = (condition.value,)
    else:
        return None
    column = binder.column(condition.path)
    if len(column.path) > 1 or any(constant.kind != "string" for constant in constants):
        return None
    values = (binder.constant(column.described, constant) for constant in constants)
    return column.path[0], {value for value in values if value is not None}


def _since(binder: Binder, condition: Condition) -> int:
    if not isinstance(condition, Comparison) or condition.operator not in ("=", ">", ">="):
        return 0
    column = binder.column(condition.path)
    if column.path != ("SystemModstamp",) or condition.value.kind == "null":
        return 0
    span = span_of(column.described, condition.value, binder.caller.user.time_zone, binder.state.second())
    return int(span.first)
