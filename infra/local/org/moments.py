"""Dates and date-times in SOQL: a literal is a span, `first` up to but not including `after`.

A date field's span is of ISO dates, a date-time field's of seconds; relative literals (`TODAY`, `LAST_N_DAYS:3`, …) are
reckoned in the user's time zone. Weeks begin on Sunday, as in the default locale.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from infra.local.org.errors import Refused, malformed_query
from infra.local.org.schema import Field
from infra.local.org.syntax import Constant
from infra.local.org.wire import date_of, second_of

_DAY: Final = timedelta(days=1)
_WEEK: Final = timedelta(days=7)
_YEAR_MONTHS: Final = 12
_QUARTER_MONTHS: Final = 3
_SUNDAY: Final = 6


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time: ISO dates or seconds, the end not included."""

    first: str | int
    after: str | int


def span_of(described: Field, constant: Constant, zone: str, now: int) -> Span:
    """Read a literal for a date or date-time field. Raises INVALID_FIELD or MALFORMED_QUERY."""
    if constant.kind == "date_literal":
        first, after = _relative(constant.text.upper(), datetime.fromtimestamp(now, ZoneInfo(zone)).date())
        if described.type == "date":
            return Span(first.isoformat(), after.isoformat())
        return Span(_midnight(first, zone), _midnight(after, zone))
    if constant.kind != described.type:
        raise Refused(
            "INVALID_FIELD",
            f"value of filter criterion for field '{described.name}' must be of type {described.type} and should not "
            "be enclosed in quotes",
        )
    if described.type == "date":
        day = date_of(constant.text)
        if day is None:
            raise malformed_query(f"invalid date: {constant.text}")
        return Span(day, (date.fromisoformat(day) + _DAY).isoformat())
    second = second_of(constant.text.upper())
    if second is None:
        raise malformed_query(f"invalid dateTime: {constant.text}")
    return Span(second, second + 1)


def _midnight(day: date, zone: str) -> int:
    return int(datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC).timestamp())


def _month(day: date, months: int) -> date:
    """Give the first day of the month that many months away."""
    index = day.year * _YEAR_MONTHS + day.month - 1 + months
    return date(index // _YEAR_MONTHS, index % _YEAR_MONTHS + 1, 1)


def _quarter(day: date, quarters: int) -> date:
    return _month(day, _QUARTER_MONTHS * quarters - (day.month - 1) % _QUARTER_MONTHS)


def _year(day: date, years: int) -> date:
    return date(day.year + years, 1, 1)


def _week(day: date, weeks: int) -> date:
    """Give the Sunday that begins the week that many weeks away."""
    return day - (_DAY * (day.weekday() + 1) if day.weekday() != _SUNDAY else timedelta()) + _WEEK * weeks


def _days(day: date, days: int) -> date:
    return day + _DAY * days


_UNITS: Final = {"WEEK": _week, "MONTH": _month, "QUARTER": _quarter, "YEAR": _year}
_PLURALS: Final = {"DAYS": _days, "WEEKS": _week, "MONTHS": _month, "QUARTERS": _quarter, "YEARS": _year}
_FIXED: Final = {"YESTERDAY": -1, "TODAY": 0, "TOMORROW": 1}
_WHICH: Final = {"LAST": -1, "THIS": 0, "NEXT": 1}


def _relative(text: str, today: date) -> tuple[date, date]:
    """Give first day and the day after the last one of a relative literal. Raises MALFORMED_QUERY if unknown."""
    name, _, number = text.partition(":")
    if name in _FIXED and not number:
        day = _days(today, _FIXED[name])
        return day, day + _DAY
    if name == "LAST_90_DAYS":
        return _days(today, -90), today + _DAY
    if name == "NEXT_90_DAYS":
        return today + _DAY, _days(today, 91)
    words = name.split("_")
    if len(words) == 2 and words[0] in _WHICH and words[1] in _UNITS and not number:  # noqa: PLR2004 - LAST + WEEK
        unit, which = _UNITS[words[1]], _WHICH[words[0]]
        return unit(today, which), unit(today, which + 1)
    if number.isdecimal():
        found = _counted(words, int(number), today)
        if found:
            return found
    raise malformed_query(f"unexpected token: '{text}'")


def _counted(words: list[str], number: int, today: date) -> tuple[date, date] | None:
    if words[0] == "N" and words[2:] == ["AGO"] and words[1] in _PLURALS:
        unit = _PLURALS[words[1]]
        return unit(today, -number), unit(today, -number + 1)
    if words[1:2] != ["N"] or words[2:] == [] or words[2] not in _PLURALS:
        return None
    unit = _PLURALS[words[2]]
    if words[0] == "NEXT":
        return unit(today, 1), unit(today, number + 1)
    if words[0] == "LAST":
        return unit(today, -number), unit(today, 1) if unit is _days else unit(today, 0)
    return None
