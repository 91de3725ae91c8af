"""SOQL, the meaning: names are bound (`binding.py`), then rows are picked (`conditions.py`), ordered and cut.

`query` leaves out deleted and archived rows, `queryAll` does not; sharing applies to both. Nulls come first, rows that tie keep the
order of their ids.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from infra.local.org import groups
from infra.local.org.binding import Binder, Column, Get, fold_of
from infra.local.org.conditions import bind
from infra.local.org.errors import Refused, malformed_query, no_type
from infra.local.org.moments import span_of
from infra.local.org.schema import Field, Row, SObject, Value, visible
from infra.local.org.soql import parse
from infra.local.org.state import Caller, State
from infra.local.org.syntax import Call, Comparison, Condition, Group, Item, Member, Path, Select, Sort, TypeOf

MAX_OFFSET: Final = 2000
MAX_ALL_FIELDS: Final = 200
SCOPES: Final = ("everything", "mine")
MODES: Final = ("", "SECURITY_ENFORCED", "USER_MODE", "SYSTEM_MODE")
"""What may stand after WITH; each means what holds here anyway."""


@dataclass(frozen=True, slots=True)
class Found:
    """A query's answer before it is written out: `count` for COUNT(), else rows and the columns asked for.

    `grouped`: the rows are groups, and a column's path is its name. `children`: by relationship, what hangs on each row.
    """

    sobject: SObject
    columns: tuple[Column, ...]
    rows: list[Row]
    count: int | None = None
    grouped: bool = False
    children: Mapping[str, Children] = field(default_factory=dict)
    kinds: tuple[Kinds, ...] = ()


@dataclass(frozen=True, slots=True)
class Kinds:
    """What TYPEOF asks of a parent: the relationship, and columns by the parent's object; of any other one, `other`."""

    relation: Field
    cases: Mapping[str, tuple[Column, ...]]
    other: Mapping[str, tuple[Column, ...]]


@dataclass(frozen=True, slots=True)
class Children:
    """What a query inside the field list found: its columns, and its rows by the id of the parent."""

    sobject: SObject
    columns: tuple[Column, ...]
    rows: Mapping[Value, list[Row]]


@dataclass(frozen=True, slots=True)
class Cursor:
    """An open query: whose, since when, what it found, and how many rows a page has."""

    user_id: str
    opened: int
    found: Found
    page: int


def run(state: State, caller: Caller, text: str, *, everything: bool) -> Found:
    """Run a query. `everything` is `queryAll`: deleted and archived rows, too. Raises Salesforce's errors."""
    return _run(state, caller, parse(text), everything=everything)


def _run(state: State, caller: Caller, select: Select, *, everything: bool) -> Found:
    _check(select)
    sobject = state.schema.find(select.sobject)
    if sobject is None:
        raise no_type(select.sobject)
    binder = Binder(state, caller, sobject, select.also, lambda inner: _ids(state, caller, sobject, inner))
    grouped = groups.is_grouped(select)
    columns = () if grouped else _columns(binder, select)
    test = bind(binder, select.where) if select.where else None
    rows = [
        row
        for row in _candidates(binder, select.where)
        if (everything or not (row.get("IsDeleted") or row.get("IsArchived")))
        and state.sees(caller.user, sobject.name, row)
        and (test is None or test(row))
        and (select.scope != "mine" or row.get("OwnerId") == caller.user.id)
    ]
    if not (select.items or select.children or select.kinds):
        return Found(sobject, (), [], count=len(rows) if select.limit is None else min(len(rows), select.limit))
    if grouped:
        binder = groups.Groups(binder, select.groups, rows)
        columns, test = groups.columns_of(binder, select), bind(binder, select.having) if select.having else None
        rows = [row for row in binder.rows if test is None or test(row)]
    _order(binder, select.order, rows)
    offset = select.offset or 0
    if offset > MAX_OFFSET:
        raise Refused("NUMBER_OUTSIDE_VALID_RANGE", f"Maximum SOQL offset allowed is {MAX_OFFSET}")
    rows = rows[offset:] if select.limit is None else rows[offset : offset + select.limit]
    if grouped:
        groups.check(select, rows)
    children = dict(_children(state, caller, sobject, inner) for inner in select.children)
    kinds = tuple(_kinds(binder, asked) for asked in select.kinds)
    return Found(sobject, columns, rows, grouped=grouped, children=children, kinds=kinds)


def _check(select: Select) -> None:
    """Refuse words that stand in the right place and mean nothing."""
    if select.scope not in SCOPES:
        raise malformed_query(f"unknown scope: {select.scope}")
    if select.within not in MODES:
        raise malformed_query(f"unexpected token: '{select.within}'")
    if select.having and not select.groups:
        raise malformed_query("HAVING needs GROUP BY")


def _ids(state: State, caller: Caller, outer: SObject, inner: Select) -> set[Value]:
    """Run the query inside an IN: of one id, of another object."""
    found = _run(state, caller, inner, everything=False)
    if len(found.columns) != 1 or found.grouped or found.columns[0].described.type not in ("id", "reference"):
        raise malformed_query("the query inside an IN must select one id")
    if found.sobject is outer:
        raise malformed_query("The inner and outer selects should not be on the same object type")
    values = (found.columns[0].get(row) for row in found.rows)
    return {value for value in values if value is not None}


def _children(state: State, caller: Caller, parent: SObject, inner: Select) -> tuple[str, Children]:
    """Run a query of children once for all parents; order and LIMIT hold for each parent by itself."""
    known = {name.lower(): (name, child, by) for name, child, by in state.schema.children(parent)}
    if inner.sobject.lower() not in known:
        raise Refused("INVALID_TYPE", f"Didn't understand relationship '{inner.sobject}' in FROM part of query call.")
    name, child, by = known[inner.sobject.lower()]
    also = child.name if inner.also == inner.sobject else inner.also
    found = _run(
        state, caller, replace(inner, sobject=child.name, also=also, limit=None, offset=None), everything=False
    )
    if found.count is not None or found.grouped or found.children:
        raise malformed_query("a query of children selects fields only")
    rows: dict[Value, list[Row]] = {}
    for row in found.rows:
        if by.name in row:
            rows.setdefault(row[by.name], []).append(row)
    first = inner.offset or 0
    end = None if inner.limit is None else first + inner.limit
    return name, Children(child, found.columns, {key: each[first:end] for key, each in rows.items()})


def _kinds(binder: Binder, asked: TypeOf) -> Kinds:
    relation = binder.sobject.relation(asked.relationship, binder.caller.user.permissions)
    if relation is None or not relation.polymorphic:
        raise Refused("INVALID_FIELD", f"TYPEOF needs a relationship to several objects: {asked.relationship}")
    schema = binder.state.schema

    def bound(name: str, paths: tuple[Path, ...]) -> tuple[str, tuple[Column, ...]]:
        target = schema.find(name)
        if target is None:
            raise no_type(name)
        inner = Binder(binder.state, binder.caller, target)
        return target.name, tuple(inner.column(path) for path in paths)

    cases = dict(bound(name, paths) for name, paths in asked.cases)
    others = (name for name in relation.targets if name not in cases)
    return Kinds(relation, cases, dict(bound(name, asked.other) for name in others) if asked.other else {})


def _columns(binder: Binder, select: Select) -> tuple[Column, ...]:
    if any(item.alias and not isinstance(item.what, Call) for item in select.items):
        raise malformed_query("only aggregate expressions use field aliasing")
    columns = tuple(column for item in select.items for column in _spelt_out(binder, select, item))
    paths = [column.path for column in columns]
    twice = next((path for path in paths if paths.count(path) > 1), None)
    if twice:
        raise malformed_query(f"duplicate field selected: {'.'.join(twice)}")
    return columns


def _spelt_out(binder: Binder, select: Select, item: Item) -> list[Column]:
    """Bind what is selected, or the fields that `FIELDS(ALL|STANDARD|CUSTOM)` stands for; the unbounded ones need a LIMIT."""
    what = item.what
    if not isinstance(what, Call):
        return [binder.column(what)]
    if what.function != "FIELDS":
        column = binder.column(what)
        if what.function != "TOLABEL":
            raise malformed_query(f"{what.function} can be selected only where it is grouped by")
        return [Column((item.alias,), column.described, column.get) if item.alias else column]
    which = ".".join(what.path).upper()
    if which not in ("ALL", "STANDARD", "CUSTOM"):
        raise malformed_query(f"unknown group of fields: {which}")
    if which != "STANDARD" and (select.limit is None or select.limit > MAX_ALL_FIELDS):
        raise malformed_query(f"The SOQL FIELDS function must have a LIMIT of at most {MAX_ALL_FIELDS}")
    permissions = binder.caller.user.permissions
    fields = [each for each in binder.sobject.fields.values() if visible(each, permissions)]
    names = [each.name for each in fields if which == "ALL" or (which == "CUSTOM") == each.name.endswith("__c")]
    return [binder.column((name,)) for name in names]


def _order(binder: Binder, sorts: tuple[Sort, ...], rows: list[Row]) -> None:
    """Sort in place; nulls first unless said otherwise; rows that tie keep the order of their ids."""
    for sort in reversed(sorts):
        column = binder.column(sort.path)
        if not column.described.sortable:
            raise Refused("INVALID_FIELD", f"field '{column.described.name}' can not be sorted in a query call")
        get, fold = column.get, fold_of(column.described)
        nulls = [row for row in rows if get(row) is None]
        others = [row for row in rows if get(row) is not None]
        others.sort(key=_key(get, fold), reverse=sort.descending)
        rows[:] = others + nulls if sort.nulls_last else nulls + others


def _key(get: Get, fold: Callable[[Value], Value]) -> Callable[[Row], Value]:
    def key(row: Row) -> Value:
        value = get(row)
        return "" if value is None else fold(value)

    return key


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
        return sorted(store.changed(name, first, 1 << 60), key=lambda row: str(row["Id"]))
    return table.values()


def _equals(binder: Binder, condition: Condition) -> tuple[str, set[Value]] | None:
    if isinstance(condition, Member) and isinstance(condition.values, tuple):
        constants = condition.values
    elif isinstance(condition, Comparison) and condition.operator == "=":
        constants = (condition.value,)
    else:
        return None
    column = binder.column(condition.path)
    if (
        isinstance(condition.path, Call)
        or len(column.path) > 1
        or any(constant.kind != "string" for constant in constants)
    ):
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
