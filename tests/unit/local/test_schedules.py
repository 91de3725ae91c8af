"""Schedules: when they fire, and what they send."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from infra.local import schedules
from infra.local.template import TemplateError

MOMENT = datetime(2026, 3, 29, 23, 50, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("expression", "at"),
    [
        ("rate(1 minute)", "2026-03-29T23:51:30"),
        ("rate(5 minutes)", "2026-03-29T23:55:30"),
        ("rate(2 hours)", "2026-03-30T01:50:30"),
        ("cron(15 2 * * ? *)", "2026-03-30T02:15:00"),
        ("cron(55 23 * * ? *)", "2026-03-29T23:55:00"),
        ("cron(0/20 * * * ? *)", "2026-03-30T00:00:00"),
        ("cron(5,52 22-23 ? * * *)", "2026-03-29T23:52:00"),
    ],
)
def test_the_next_moment(expression: str, at: str) -> None:
    """Expressions mean what they mean to EventBridge, always in UTC."""
    assert schedules.following(expression)(MOMENT) == datetime.fromisoformat(at).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "expression",
    [
        "rate(1 minutes)",
        "rate(5 minute)",
        "rate(0 minutes)",
        "rate(5 weeks)",
        "cron(0 2 * * MON *)",
        "cron(61 2 * * ? *)",
        "at(x)",
    ],
)
def test_what_eventbridge_or_we_do_not_know_is_refused(expression: str) -> None:
    """A schedule that never fires, or at other times than deployed, would look like a quiet system."""
    with pytest.raises(TemplateError):
        schedules.following(expression)


def test_the_event_is_eventbridges() -> None:
    """Handlers take their clock from `time`."""
    sent = schedules.event("PollInterval", MOMENT)
    assert (sent["source"], sent["detail-type"], sent["time"]) == (
        "aws.events",
        "Scheduled Event",
        "2026-03-29T23:50:30Z",
    )
