"""How long changes took: which half hour they fall into, and which of them count."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from reminders.core.lag import SLOTS, slot, slowest

NOW = datetime(2026, 11, 23, 9, 40, 30, tzinfo=UTC)


def test_a_day_has_its_slots_and_the_next_one_the_same() -> None:
    """C3: a fixed number, so that what is kept never grows; tomorrow's half hour overwrites today's."""
    starts = [datetime(2026, 11, 23, tzinfo=UTC) + n * timedelta(minutes=30) for n in range(SLOTS)]
    assert [slot(start) for start in starts] == [(n, start) for n, start in enumerate(starts)]
    assert slot(NOW) == (19, datetime(2026, 11, 23, 9, 30, tzinfo=UTC))
    assert slot(NOW + timedelta(days=1)) == (19, datetime(2026, 11, 24, 9, 30, tzinfo=UTC))


@pytest.mark.parametrize(
    ("ages", "seconds"),
    [
        ([], None),
        ([None], None),
        ([3, 12, None], 12),
        ([-2], 0),
        ([86_401], None),
        ([86_400, 5], 86_400),
    ],
)
def test_the_slowest_counts_unless_it_waited_for_something_else(ages: list[int | None], seconds: int | None) -> None:
    """C3: clocks that differ make nothing negative, and what is older than a day was no delay of the sync."""
    changed = [None if age is None else NOW - timedelta(seconds=age) for age in ages]
    assert slowest(changed, NOW) == (None if seconds is None else timedelta(seconds=seconds))
