"""EventBridge schedules: `rate(…)` and six-field `cron(…)` expressions, and the loop that fires them."""

from __future__ import annotations

import itertools
import logging
import re
import threading
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from infra.local.lambdas import Function, FunctionError
from infra.local.org.clock import MovableClock
from infra.local.template import ACCOUNT, REGION, TemplateError
from infra.local.wiring import Timetable

log = logging.getLogger("local.schedule")

_UNITS: Final = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(days=1)}
_TICK_SECONDS: Final = 0.1
_ASYNC_RETRY_SECONDS: Final = (60, 120)
"""Lambda tries a failed asynchronous event again after one minute, then after two."""


def following(expression: str) -> Callable[[datetime], datetime]:
    """The function that gives the first moment of a schedule after a given one (aware UTC). Raises TemplateError."""
    if found := re.fullmatch(r"rate\((\d+) (minute|hour|day)(s?)\)", expression):
        count = int(found[1])
        if count < 1 or (count > 1) != bool(found[3]):
            raise TemplateError(f"{expression}: EventBridge refuses it")
        step = count * _UNITS[found[2]]
        return lambda moment: moment + step
    if found := re.fullmatch(r"cron\((\S+) (\S+) (\S+) (\S+) (\S+) (\S+)\)", expression):
        return _cron(expression, found.groups())
    raise TemplateError(f"{expression} is not known here")


def _cron(expression: str, fields: tuple[str, ...]) -> Callable[[datetime], datetime]:
    minutes, hours = _values(fields[0], 0, 59), _values(fields[1], 0, 23)
    if any(field not in {"*", "?"} for field in fields[2:]):
        raise TemplateError(f"{expression}: only minutes and hours are known here")

    def next_after(moment: datetime) -> datetime:
        today = moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        for day in itertools.count():
            for hour, minute in itertools.product(hours, minutes):
                at = today + timedelta(days=day, hours=hour, minutes=minute)
                if at > moment:
                    return at
        raise AssertionError("there is always a next day")

    return next_after


def _values(field: str, lowest: int, highest: int) -> list[int]:
    """The values of a field: `*`, `5`, `1,2`, `1-4`, `*/15` or `0/15`."""
    values: set[int] = set()
    for part in field.split(","):
        found = re.fullmatch(r"(?:\*|(\d+)(?:-(\d+))?)(?:/(\d+))?", part)
        if not found:
            raise TemplateError(f"cron field {field!r} is not known here")
        first = int(found[1] or lowest)
        last = int(found[2]) if found[2] else (first if found[1] and not found[3] else highest)
        values.update(range(first, last + 1, int(found[3] or 1)))
    if not values or min(values) < lowest or max(values) > highest:
        raise TemplateError(f"cron field {field!r} is out of range")
    return sorted(values)


def event(name: str, at: datetime, *, at_once: bool = False) -> dict[str, Any]:
    """The event that a rule sends when its time has come; `at_once` as the functions' `events.Scheduled` reads it."""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": ACCOUNT,
        "time": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": REGION,
        "resources": [f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{name}"],
        "detail": {"at_once": True} if at_once else {},
    }


def run(
    timetable: Timetable, function: Function, every: timedelta | None, clock: MovableClock, stop: threading.Event
) -> None:
    """Fire a schedule until told to stop; `every` replaces its expression, and the function's own idea of when it is due.

    An interval fires at the start, too: what waited while the host was away need not wait longer. Moments missed while the
    function was busy, or leapt over by the clock, are one.
    """
    after = following(timetable.expression)
    if every is not None:
        after = lambda moment: moment + every  # noqa: E731 - the override has the same shape as what it replaces
    now = clock.now()
    at = after(now) if timetable.expression.startswith("cron") else now
    while not _waited(at, clock, stop):
        fired = clock.now()
        _deliver(event(timetable.name, at, at_once=every is not None), function, clock, stop)
        next_one = after(at) if after(at) > fired else after(fired)
        at = max(next_one, clock.now())


def _waited(until: datetime, clock: MovableClock, stop: threading.Event) -> bool:
    """Wait until a moment, or to be stopped; tells whether that. The clock may leap meanwhile."""
    while (left := (until - clock.now()).total_seconds()) > 0:
        if stop.wait(min(left, _TICK_SECONDS)):
            return True
    return stop.is_set()


def _deliver(sent: dict[str, Any], function: Function, clock: MovableClock, stop: threading.Event) -> None:
    for attempt in range(function.configuration.async_retries + 1):
        try:
            function.invoke(sent)
        except FunctionError:
            again = clock.now() + timedelta(seconds=_ASYNC_RETRY_SECONDS[min(attempt, 1)])
            if attempt == function.configuration.async_retries or _waited(again, clock, stop):
                log.warning("event %s of %s is given up", sent["id"], sent["resources"][0])
                return
        else:
            return
