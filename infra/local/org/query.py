"""SOQL, the meaning: names are bound (`binding.py`), then rows are picked (`conditions.py`), ordered and cut.

`query` leaves out deleted and archived rows, `queryAll` does not; sharing applies to both. Nulls come first, rows that tie keep the
order of their ids.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from infra.local.org.binding import Binder, Column, Get, fold_of
from infra.local.org.conditions import bind
from infra.local.org.errors import Refused, malformed_query, no_type
from infra.local.org.moments import span_of
from infra.local.org.schema import Row, SObject, Value, visible
from infra.local.org.soql import Comparison, Condition, Group, Member, Path, Select, Sort, parse
from infra.local.org.state import Caller, State

MAX_OFFSET: Final = 2000
MAX_ALL_FIELDS: Final = 200


@dataclass(frozen=True, slots=True)
class Found:
    """A query's answer before it is written out: `count` for COUNT(), else rows and the columns asked for."""

    sobject: SObject
    columns: tuple[Column, ...]
    rows: list[Row]
    count: int | None = None
    alias: str = ""
    """The column of COUNT(field) in its one row; empty for COUNT(), which has no row."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """An open query: whose, since when, what it found, and how many rows a page has."""

    user_id: str
    opened: int
    found: Found
    page: int


def run(state: State, caller: Caller, text: str, *, everything: bool) -> Found:
    """Run a query. `everything` is `queryAll`: deleted and archived rows, too. Raises Salesforce's errors."""
    select = parse(text)
    sobject = state.schema.find(select.sobject)
    if sobject is None:
        raise no_type(select.sobject)
    binder = Binder(state, caller, sobject, select.also)
    columns = _columns(binder, select)
    test = bind(binder, select.where) if select.where else None
    rows = [
        row
        for row in _candidates(binder, select.where)
        if (everything or not (row.get("IsDeleted") or row.get("IsArchived")))
        and state.sees(caller.user, sobject.name, row)
        and (test is None or test(row))
    ]
    if select.count is not None:
        return _count(binder, select, rows)
    _order(binder, select.order, rows)
    offset = select.offset or 0
    if offset > MAX_OFFSET:
        raise Refused("NUMBER_OUTSIDE_VALID_RANGE", f"Maximum SOQL offset allowed is {MAX_OFFSET}")
    rows = rows[offset:] if select.limit is None else rows[offset : offset + select.limit]
    return Found(sobject, columns, rows)


def _columns(binder: Binder, select: Select) -> tuple[Column, ...]:
    columns = tuple(binder.column(path) for given in select.fields for path in _spelt_out(binder, select, given))
    paths = [column.path for column in columns]
    twice = next((path for path in paths if paths.count(path) > 1), None)
    if twice:
        raise malformed_query(f"duplicate field selected: {'.'.join(twice)}")
    return columns


def _spelt_out(binder: Binder, select: Select, path: Path) -> list[Path]:
    """Give a path itself, or the fields that `FIELDS(ALL|STANDARD|CUSTOM)` stands for; the unbounded ones need a LIMIT."""
    if not path[0].startswith("FIELDS("):
        return [path]
    which = path[0][len("FIELDS(") : -1]
    if which not in ("ALL", "STANDARD", "CUSTOM"):
        raise malformed_query(f"unknown group of fields: {which}")
    if which != "STANDARD" and (select.limit is None or select.limit > MAX_ALL_FIELDS):
        raise malformed_query(f"The SOQL FIELDS function must have a LIMIT of at most {MAX_ALL_FIELDS}")
    permissions = binder.caller.user.permissions
    fields = [each for each in binder.sobject.fields.values() if visible(each, permissions)]
    return [(each.name,) for each in fields if which == "ALL" or (which == "CUSTOM") == each.name.endswith("__c")]


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


def _count(binder: Binder, select: Select, rows: list[Row]) -> Found:
    if select.count == ():
        number = len(rows) if select.limit is None else min(len(rows), select.limit)
        return Found(binder.sobject, (), [], count=number)
    column = binder.column(select.count or ("Id",))
    return Found(
        binder.sobject, (), [], count=sum(1 for row in rows if column.get(row) is not None), alias=select.alias
    )


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
