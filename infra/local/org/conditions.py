"""SOQL, the conditions: what a WHERE clause means for one row.

Semantics, where the reference is silent or surprising:

- Three-valued logic: a comparison with a null field is *unknown*, and so is its negation; only `= null` and `!= null` speak of
  nulls. (Salesforce does not document `!=` on a null field.) A null boolean is false, as documented.
- Text compares without case; ids compare in their 18-character form; a date literal is a range in the user's time zone.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from infra.local.org.binding import TEXTS, Binder, Column, Get, fold_of, folded
from infra.local.org.errors import Refused, malformed_query
from infra.local.org.moments import Span, span_of
from infra.local.org.schema import Row
from infra.local.org.syntax import Comparison, Condition, Constant, Group, Member, Not, Select

Test = Callable[[Row], bool | None]


def bind(binder: Binder, condition: Condition) -> Test:
    """Bind a condition to a test of a row: true, false, or None for unknown."""
    if isinstance(condition, Group):
        return _all_of([bind(binder, part) for part in condition.parts], decisive=not condition.all)
    if isinstance(condition, Not):
        inner = bind(binder, condition.inner)

        def negated(row: Row) -> bool | None:
            result = inner(row)
            return None if result is None else not result

        return negated
    column = binder.column(condition.path)
    if not column.described.filterable:
        raise Refused("INVALID_FIELD", f"field '{column.described.name}' can not be filtered in a query call")
    if isinstance(condition, Member):
        if isinstance(condition.values, Select):
            return _joined(binder, column, condition.values)
        return _member(binder, column, condition.values)
    return _comparison(binder, column, condition)


def _member(binder: Binder, column: Column, values: tuple[Constant, ...]) -> Test:
    if any(value.kind == "date_literal" for value in values):
        raise malformed_query("date literals cannot be used in a list")
    wanted = {folded(column.described, binder.constant(column.described, value)) for value in values}
    nulls = None in wanted
    get, fold = column.get, fold_of(column.described)

    def test(row: Row) -> bool | None:
        value = get(row)
        if value is None:
            return True if nulls else None
        return fold(value) in wanted

    return test


def _joined(binder: Binder, column: Column, inner: Select) -> Test:
    """`IN (SELECT …)`: of ids."""
    if binder.find is None or column.described.type not in ("id", "reference"):
        raise malformed_query(f"field '{column.described.name}' cannot be compared with what a query finds")
    wanted, get = binder.find(inner), column.get

    def test(row: Row) -> bool | None:
        value = get(row)
        return None if value is None else value in wanted

    return test


def _comparison(binder: Binder, column: Column, condition: Comparison) -> Test:
    described, operator, get = column.described, condition.operator, column.get
    if condition.value.kind == "null":
        return _null(column, operator)
    if operator == "like":
        return _like(column, condition.value.text)
    if described.type in ("date", "datetime"):
        span = span_of(described, condition.value, binder.caller.user.time_zone, binder.state.second())
        return _in_span(get, span, operator)
    if described.type == "boolean" and operator not in ("=", "!="):
        raise Refused("INVALID_QUERY_FILTER_OPERATOR", f"field '{described.name}' cannot be compared with {operator}")
    wanted, fold = folded(described, binder.constant(described, condition.value)), fold_of(described)
    compare = _OPERATORS[operator]

    def test(row: Row) -> bool | None:
        value = get(row)
        return None if value is None else compare(fold(value), wanted)

    return test


def _null(column: Column, operator: str) -> Test:
    get = column.get
    if operator not in ("=", "!="):
        raise malformed_query(f"null cannot be compared with {operator}")
    if column.described.type == "boolean":
        return (lambda row: not get(row)) if operator == "=" else (lambda row: bool(get(row)))
    return (lambda row: get(row) is None) if operator == "=" else (lambda row: get(row) is not None)


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
