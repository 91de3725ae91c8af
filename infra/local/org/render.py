"""Records as JSON: `attributes` first, then the fields asked for, null where there is no value."""

from __future__ import annotations

from functools import lru_cache

from infra.local.org.binding import Binder, Column
from infra.local.org.schema import Field, Row, SObject, Value
from infra.local.org.state import Caller, State
from infra.local.org.wire import stamp

_stamp = lru_cache(maxsize=4096)(stamp)


def scalar(described: Field, value: Value | None) -> Value | None:
    """Write one value as REST does."""
    return _stamp(int(value)) if described.type == "datetime" and value is not None else value


def attributes(caller: Caller, sobject: str, record_id: object, label: str | None = None) -> dict[str, object]:
    """Give the `attributes` of a record; the type of a polymorphic parent is `Name`."""
    return {
        "type": label or sobject,
        "url": f"/services/data/v{caller.version}/sobjects/{sobject}/{record_id}",
    }


def record(caller: Caller, sobject: SObject, columns: tuple[Column, ...], row: Row) -> dict[str, object]:
    """Write a record with plain fields."""
    found: dict[str, object] = {"attributes": attributes(caller, sobject.name, row["Id"])}
    for column in columns:
        found[column.path[0]] = scalar(column.described, column.get(row))
    return found


def query_record(
    state: State, caller: Caller, sobject: SObject, columns: tuple[Column, ...], row: Row
) -> dict[str, object]:
    """Write a record of a query: parents are objects of their own, or null."""
    found: dict[str, object] = {"attributes": attributes(caller, sobject.name, row["Id"])}
    for column in columns:
        level, at, here = found, row, sobject
        for name in column.path[:-1]:
            parent = _parent(state, here, name, at)
            if parent is None:
                level[name] = None
                break
            label = "Name" if _polymorphic(here, name) else None
            here, at = parent
            inner = level.setdefault(name, {"attributes": attributes(caller, here.name, at["Id"], label)})
            if not isinstance(inner, dict):
                break
            level = inner
        else:
            level[column.path[-1]] = scalar(column.described, column.get(row))
    return found


def _polymorphic(sobject: SObject, relationship: str) -> bool:
    return sobject.relationships[relationship.lower()].polymorphic


def _parent(state: State, sobject: SObject, relationship: str, row: Row) -> tuple[SObject, Row] | None:
    relation = sobject.relationships[relationship.lower()]
    value = state.value(sobject.name, relation.name, row) if relation.derived else row.get(relation.name)
    return state.referenced(str(value)) if value else None


def columns_of(state: State, caller: Caller, sobject: SObject, names: list[str] | None) -> tuple[Column, ...]:
    """Bind a list of field names, or all fields that the caller may see. Raises INVALID_FIELD."""
    binder = Binder(state, caller, sobject)
    if names is None:
        names = [
            described.name
            for described in sobject.fields.values()
            if sobject.find(described.name, caller.user.permissions)
        ]
    return tuple(binder.column((name,)) for name in names)
