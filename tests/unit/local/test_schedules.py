"""Schedules: when they fire, and what they send."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest
from fakes.sample_stack import soon

from infra.local import schedules
from infra.local.lambdas import Function
from infra.local.org.clock import MovableClock
from infra.local.template import TemplateError
from infra.local.wiring import Timetable
from reminders.aws import events

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


def test_a_schedule_whose_interval_is_replaced_says_so() -> None:
    """S6: else the poll would wait for the interval of the settings, and a local stack that polls every second would not."""
    assert schedules.event("PollInterval", MOMENT)["detail"] == {}
    assert events.poll(schedules.event("PollInterval", MOMENT, at_once=True)) == events.Scheduled(at_once=True)


def test_the_event_is_eventbridges() -> None:
    """Handlers take their clock from `time`."""
    sent = schedules.event("PollInterval", MOMENT)
    assert (sent["source"], sent["detail-type"], sent["time"]) == (
        "aws.events",
        "Scheduled Event",
        "2026-03-29T23:50:30Z",
    )


class Counted:
    """Stands in for a function: remembers what it was sent."""

    configuration = SimpleNamespace(async_retries=0)

    def __init__(self) -> None:
        self.sent: list[str] = []

    def invoke(self, event: dict[str, Any]) -> None:
        """Remember."""
        self.sent.append(event["time"])


@contextmanager
def firing(expression: str, clock: MovableClock) -> Iterator[Counted]:
    """A schedule that runs for as long as this lasts."""
    stop, function = threading.Event(), Counted()
    arguments = (Timetable("F", "Name", expression), cast("Function", function), None, clock, stop)
    thread = threading.Thread(target=schedules.run, args=arguments)
    thread.start()
    try:
        yield function
    finally:
        stop.set()
        thread.join()


def test_a_leap_of_the_clock_fires_what_it_leapt_over_once() -> None:
    """Without it, a demo would wait for minutes; with one event for each moment, it would wait for a hundred polls."""
    clock = MovableClock(lambda: MOMENT)
    with firing("rate(1 minute)", clock) as each_minute, firing("cron(15 2 * * ? *)", clock) as nightly:
        soon(lambda: len(each_minute.sent) == 1)
        clock.advance(3 * 60 * 60)
        soon(lambda: len(each_minute.sent) > 1 and len(nightly.sent) > 0)
        time.sleep(0.5)
    assert len(each_minute.sent) == 2
    assert nightly.sent == ["2026-03-30T02:15:00Z"]


def test_a_moment_before_the_next_one_fires_nothing() -> None:
    """A schedule that fires with every movement of the clock would hide a broken interval."""
    clock = MovableClock(lambda: MOMENT)
    with firing("rate(5 minutes)", clock) as function:
        soon(lambda: len(function.sent) == 1)
        clock.advance(299)
        time.sleep(0.3)
        assert len(function.sent) == 1
        clock.advance(1)
        soon(lambda: len(function.sent) == 2)
