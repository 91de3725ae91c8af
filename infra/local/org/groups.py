"""SOQL, groups: aggregate functions, GROUP BY and HAVING. Each group becomes one row, of which the same conditions and orders hold."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from infra.local.org.binding import NUMBERS, Binder, Column, fold_of, folded
from infra.local.org.errors import Refused, malformed_query
from infra.local.org.schema import Field, Row, Value
from infra.local.org.syntax import Call, Operand, Select

MOST: Final = 2000
_NUMBER: Final = "#"
"""The one field of a group's row: which group it is."""


def _sum(values: list[Value]) -> float:
    return float(sum(float(value) for value in values))


FUNCTIONS: Final[dict[str, Callable[[Column, list[Value]], Value | None]]] = {
    "COUNT": lambda _, values: len(values),
    "COUNT_DISTINCT": lambda column, values: len({folded(column.described, value) for value in values}),
    "MIN": lambda column, values: min(values, key=fold_of(column.described)) if values else None,
    "MAX": lambda column, values: max(values, key=fold_of(column.described)) if values else None,
    "SUM": lambda _, values: _sum(values) if values else None,
    "AVG": lambda _, values: _sum(values) / len(values) if values else None,
}


def is_grouped(select: Select) -> bool:
    """Tell whether a query is about groups: it has GROUP BY, or an aggregate function."""
    functions = (item.what.function for item in select.items if isinstance(item.what, Call))
    return bool(select.groups) or any(function in FUNCTIONS for function in functions)


class Groups(Binder):
    """Binds the names of a grouped query: to what rows are grouped by, and to what is aggregated over a group's rows."""

    def __init__(self, binder: Binder, by: tuple[Operand, ...], rows: Sequence[Row]) -> None:
        super().__init__(binder.state, binder.caller, binder.sobject, binder.also, binder.find)
        self._by = {column.path: column for column in (super(Groups, self).column(operand) for operand in by)}
        members: dict[tuple[Value | None, ...], list[Row]] = {}
        for row in rows:
            key = tuple(folded(column.described, column.get(row)) for column in self._by.values())
            members.setdefault(key, []).append(row)
        self._members = list(members.values()) or ([] if by else [[]])

    @property
    def rows(self) -> list[Row]:
        """One row per group."""
        return [{_NUMBER: number} for number in range(len(self._members))]

    def column(self, operand: Operand) -> Column:
        """Bind a grouped field or an aggregate. Raises MALFORMED_QUERY for a field that is neither."""
        if isinstance(operand, Call) and operand.function in FUNCTIONS:
            return self._aggregate(operand)
        own = super().column(operand)
        if own.path not in self._by:
            raise malformed_query(f"Field must be grouped or aggregated: {'.'.join(own.path)}")
        return Column(own.path, own.described, lambda row: own.get(self._rows_of(row)[0]))

    def _rows_of(self, row: Row) -> list[Row]:
        return self._members[int(row[_NUMBER])]

    def _aggregate(self, call: Call) -> Column:
        inner, function = super().column(call.path), call.function
        kind, plain = inner.described.type, inner.described.filterable
        fits = {"SUM": kind in NUMBERS, "AVG": kind in NUMBERS, "MIN": kind != "boolean", "MAX": kind != "boolean"}
        if not plain or not fits.get(function, True):
            raise malformed_query(f"field {inner.described.name} does not support aggregate operator {function}")
        work = FUNCTIONS[function]
        numbers = {"COUNT": "int", "COUNT_DISTINCT": "int", "SUM": "double", "AVG": "double"}

        def get(row: Row) -> Value | None:
            values = (inner.get(each) for each in self._rows_of(row))
            return work(inner, [value for value in values if value is not None])

        name = f"{function}({'.'.join(inner.path)})"
        return Column((name,), Field(name=function, type=numbers.get(function, kind), label=name), get)


def columns_of(groups: Groups, select: Select) -> tuple[Column, ...]:
    """Bind what is selected of each group: a field under its last name, a function as `expr0`, `expr1`, …, or under its alias."""
    found: list[Column] = []
    for item in select.items:
        column = groups.column(item.what)
        unnamed = sum(each.path[0].startswith("expr") for each in found)
        name = item.alias or (f"expr{unnamed}" if isinstance(item.what, Call) else column.path[-1])
        if any(each.path == (name,) for each in found):
            raise malformed_query(f"duplicate alias: {name}")
        found.append(Column((name,), column.described, column.get))
    return tuple(found)


def check(select: Select, rows: Sequence[Row]) -> None:
    """Refuse what cannot be said of groups. Raises MALFORMED_QUERY, EXCEEDED_ID_LIMIT."""
    if select.children or select.kinds:
        raise malformed_query("a grouped query cannot have queries of children")
    if select.limit is not None and not select.groups:
        raise malformed_query("Non-grouped query that uses overall aggregate functions cannot also use LIMIT")
    if len(rows) > MOST:
        raise Refused(
            "EXCEEDED_ID_LIMIT",
            "Aggregate query does not support queryMore(), use LIMIT to restrict the results to a single batch",
        )
