"""The API budget (O6): what the org's calls leave to us, and how far apart polls are (S6). Pure.

Two limits hold at once. Our own calls of one day (UTC) stay under the share that administrators grant; and we stop while the org as a
whole has used 80 % of its calls. The org's number is Salesforce's own and covers the last 24 hours, rolling; ours begins anew at
midnight UTC, so within one rolling 24 hours we may use up to two shares, one before midnight and one after it.

    nearer of the two limits   pressure    polls
    ------------------------   ---------   -----------------------------------------------------------------------
    below 75 %                 free        at the interval that administrators chose
    from 75 %                  stretched   half as often
    from 90 %                  tight       a quarter as often
    reached                    stopped     as when tight: the org's limit is asked after with one call, ours with none
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from reminders.core.problems import API_BUDGET_SPENT, Failure, Kind

ORG_SHARE: Final = 0.8
"""Of the org's calls; beyond that we leave the rest to the others."""

TICK: Final = timedelta(minutes=1)
"""How often the poll's schedule asks whether a poll is due."""

SHORTEST: Final = timedelta(minutes=2)
"""The shortest interval between polls: the replication resources want two minutes (I3)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spending:
    """Calls of the org as last heard (`at`): its last 24 hours, and its limit; `ours`: made by our runs today (UTC) (C3, O6)."""

    used: int
    limit: int
    at: datetime
    ours: int


class Limit(StrEnum):
    """Which of the two limits is reached."""

    OWN = "own"
    ORG = "org"


class Pressure(StrEnum):
    """How near the limits are; see the table above."""

    FREE = "free"
    STRETCHED = "stretched"
    TIGHT = "tight"
    STOPPED = "stopped"


_STRETCH: Final[Mapping[Pressure, int]] = MappingProxyType(
    {Pressure.FREE: 1, Pressure.STRETCHED: 2, Pressure.TIGHT: 4, Pressure.STOPPED: 4}
)
_LEVELS: Final = ((1.0, Pressure.STOPPED), (0.9, Pressure.TIGHT), (0.75, Pressure.STRETCHED))


def reached(spending: Spending, share: float) -> Limit | None:
    """Tell which limit is reached, ours first: no answer of the org can lift that one."""
    if spending.ours >= _granted(spending, share):
        return Limit.OWN
    return Limit.ORG if spending.used >= _granted(spending, ORG_SHARE) else None


def left(spending: Spending, share: float) -> int:
    """Tell how many calls may still be made before one of the limits is reached."""
    ours, org = _granted(spending, share) - spending.ours, _granted(spending, ORG_SHARE) - spending.used
    return max(0, min(ours, org))


def pressure(spending: Spending | None, share: float) -> Pressure:
    """Tell how near the nearer limit is. Where nothing was heard today there is none: the next answer tells."""
    if spending is None:
        return Pressure.FREE
    used = max(spending.ours / _granted(spending, share), spending.used / _granted(spending, ORG_SHARE))
    return next((level for floor, level in _LEVELS if used >= floor), Pressure.FREE)


def interval(poll_minutes: int, level: Pressure) -> timedelta:
    """Tell how far apart polls are now (S6, O6)."""
    return timedelta(minutes=poll_minutes) * _STRETCH[level]


def due(last: datetime | None, now: datetime, every: timedelta) -> bool:
    """Tell whether the next poll is due, the last having begun at `last`.

    Half a tick early is in time: a schedule's ticks jitter, and a second too early must not cost a whole tick.
    """
    return last is None or now - last >= every - TICK / 2


def spent(limit: Limit, spending: Spending, share: float) -> Failure:
    """Say which limit is reached, with its numbers, and when it goes on."""
    if limit is Limit.OWN:
        message = (
            f"Reminder Sync has made {spending.ours:,} API calls today, and may make {_granted(spending, share):,}"
            f" ({share:.0%} of the org's {spending.limit:,}). It goes on at 00:00 UTC, or when an administrator raises the share."
        )
    else:
        message = (
            f"The org as a whole has used {spending.used:,} of its {spending.limit:,} API calls of the last 24 hours; Reminder"
            f" Sync stops at {_granted(spending, ORG_SHARE):,} ({ORG_SHARE:.0%}). It asks again from time to time, with one"
            " call, and goes on when fewer are used."
        )
    return Failure(kind=Kind.LIMIT, code=API_BUDGET_SPENT, message=message)


def _granted(spending: Spending, share: float) -> int:
    """Tell the calls that a share is; one at least, so that a tiny limit stops nothing for ever."""
    return max(1, int(spending.limit * share))
