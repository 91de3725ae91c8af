"""I3, I4: watermark arithmetic."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from reminders.core.watermark import DELETED_HORIZON, UPDATED_HORIZON, Span, covered, span, too_old

NOW = datetime(2026, 11, 23, 9, 7, 42, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def at(minute: int, second: int = 0) -> datetime:
    """Give a time in the hour of NOW."""
    return NOW.replace(minute=minute, second=second)


@pytest.mark.parametrize(
    ("mark", "expected"),
    [
        (at(2, 30), Span(at(2), at(7))),
        (at(6, 59), Span(at(5), at(7))),
        (at(7, 40), Span(at(5), at(7))),
        (None, Span(at(5), at(7))),
    ],
    ids=["an interval ago", "too near", "ahead of the end", "never"],
)
def test_the_range_starts_at_the_watermark_and_is_two_minutes_at_least(mark: datetime | None, expected: Span) -> None:
    """I3: the platform drops the seconds of both bounds and refuses a shorter range."""
    assert span(mark, NOW) == expected


def test_the_watermark_is_what_the_resource_covers() -> None:
    """I3: a transaction that commits late holds it back, so its changes are asked for again."""
    asked = span(at(0), NOW)
    assert covered(asked, at(3, 15)) == at(3, 15)


def test_the_watermark_never_passes_what_was_asked_for() -> None:
    """I3: an answer that claims more is not believed."""
    assert covered(span(at(0), NOW), NOW + MINUTE) == at(7)


def test_a_range_with_too_many_ids_is_halved_down_to_the_shortest() -> None:
    """I4: EXCEEDED_ID_LIMIT halves, and says so when it cannot."""
    assert Span(at(0), at(8)).halved() == Span(at(0), at(4))
    assert Span(at(0), at(4)).halved() == Span(at(0), at(2))
    assert Span(at(0), at(3)).halved() is None


@pytest.mark.parametrize("horizon", [UPDATED_HORIZON, DELETED_HORIZON])
def test_a_watermark_beyond_the_horizon_needs_a_full_comparison(horizon: timedelta) -> None:
    """I4: 30 days for updated, 15 for deleted; without a watermark nothing was missed."""
    assert too_old(NOW - horizon - MINUTE, NOW, horizon)
    assert not too_old(NOW - horizon, NOW, horizon)
    assert not too_old(None, NOW, horizon)
