"""How long changes took from one side to the other (C3), kept for a day at a constant size. Pure.

A day is cut into half hours, and of each the slowest change of a direction is kept, in the slot of that time of the day: the next day's
overwrites it. So a run that carried something over costs one small write, and reading a day costs one query, however much there was.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

SPAN: Final = timedelta(minutes=30)
DAY: Final = timedelta(days=1)
SLOTS: Final = DAY // SPAN


@dataclass(frozen=True, slots=True, kw_only=True)
class Lag:
    """The slowest change of one direction ("pull", "push") in the half hour that began at `at`."""

    direction: str
    at: datetime
    worst: timedelta


def slot(at: datetime) -> tuple[int, datetime]:
    """Tell which slot of the day an instant falls into, and when its half hour began."""
    midnight = at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    number = (at - midnight) // SPAN
    return number, midnight + number * SPAN


def slowest(changed: Iterable[datetime | None], now: datetime) -> timedelta | None:
    """Tell how long the slowest of these changes took until now; None if there is none.

    What is older than a day waited for something else, which is told elsewhere: a problem, sync that was off, "Sync this one". Clocks
    differ by a little, so nothing takes less than no time.
    """
    took = [max(timedelta(), now - at) for at in changed if at is not None]
    return max((each for each in took if each <= DAY), default=None)
