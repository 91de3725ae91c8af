"""O6, S6: what the org's calls leave to us, and when polls are due."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from reminders.core import budget
from reminders.core.budget import Limit, Pressure, Spending
from reminders.core.problems import Kind

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def spent(ours: int = 0, used: int = 0, limit: int = 1000) -> Spending:
    """Give what was spent of an org's thousand calls."""
    return Spending(used=used, limit=limit, at=NOW, ours=ours)


@pytest.mark.parametrize(
    ("spending", "level"),
    [
        (None, Pressure.FREE),
        (spent(ours=187, used=599), Pressure.FREE),
        (spent(ours=188), Pressure.STRETCHED),
        (spent(used=600), Pressure.STRETCHED),
        (spent(ours=225), Pressure.TIGHT),
        (spent(used=720), Pressure.TIGHT),
        (spent(ours=249, used=799), Pressure.TIGHT),
        (spent(ours=250), Pressure.STOPPED),
        (spent(used=800), Pressure.STOPPED),
    ],
)
def test_the_nearer_limit_presses(spending: Spending | None, level: Pressure) -> None:
    """O6: 25 % of the calls for us and 80 % for all; whichever is nearer slows us down, and reached, it stops us."""
    assert budget.pressure(spending, 0.25) is level


def test_which_limit_is_reached() -> None:
    """O6: ours is named first, because no answer of the org lifts it; below both none is."""
    assert budget.reached(spent(ours=249, used=799), 0.25) is None
    assert budget.reached(spent(ours=250, used=900), 0.25) is Limit.OWN
    assert budget.reached(spent(ours=249, used=800), 0.25) is Limit.ORG


@pytest.mark.parametrize(
    ("spending", "calls"),
    [(spent(), 250), (spent(ours=240, used=100), 10), (spent(ours=100, used=795), 5), (spent(ours=300, used=900), 0)],
)
def test_the_rest_is_what_the_nearer_limit_leaves(spending: Spending, calls: int) -> None:
    """O6: a run plans its writes within it; passed limits leave nothing, not less than nothing."""
    assert budget.left(spending, 0.25) == calls


def test_a_tiny_limit_stops_nothing_for_ever() -> None:
    """O6, Never: a share that rounds to no call at all would stop the sync on its first day, and divide by nothing."""
    assert budget.pressure(spent(limit=0), 0.25) is Pressure.FREE
    assert budget.left(spent(limit=3), 0.25) == 1


def test_polls_stretch_under_pressure() -> None:
    """S6, O6: the interval that was chosen, twice it, four times it."""
    assert [budget.interval(5, level) // MINUTE for level in Pressure] == [5, 10, 20, 20]


def test_an_interval_of_five_is_five_whatever_the_ticks_jitter() -> None:
    """S6: a tick that comes a second early must not make six minutes of five, nor one late make four."""
    every, polls, last = 5 * MINUTE, [], None
    for tick in range(60):
        now = NOW + tick * MINUTE + timedelta(seconds=(tick * 7) % 4 - 2)
        if budget.due(last, now, every):
            last = now
            polls.append(tick)
    assert polls == list(range(0, 60, 5))


def test_what_stopped_us_is_told_with_its_numbers() -> None:
    """O6, C4: which of the two limits, how much of it, and when it goes on."""
    own = budget.spent(Limit.OWN, spent(ours=25_010, limit=100_000), 0.25)
    org = budget.spent(Limit.ORG, spent(ours=10, used=81_000, limit=100_000), 0.25)
    assert own.kind is org.kind is Kind.LIMIT
    assert own.code == org.code == "API_BUDGET_SPENT"
    assert all(word in own.message for word in ("25,010", "25,000", "25%", "100,000", "00:00 UTC"))
    assert all(word in org.message for word in ("81,000", "80,000", "80%", "100,000", "asks again"))
