"""When polls run: at the interval that administrators chose (S6), stretched while the API budget is under pressure (O6)."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime
from typing import Final

from reminders.core import budget
from reminders.core.summary import Summary
from reminders.ports import World
from reminders.sync import deferral, find, levels, set_up

POLL: Final = "poll"


def poll(world: World, *, at_once: bool = False) -> Summary:
    """Poll if the interval has passed since the last one began, or `at_once`; else ask nothing of the org.

    Imports whose turn has come are hinted every minute (S4). One more read tells that it is too early for any interval; the settings
    and what was spent are read only later than that.
    """
    now = world.clock.now()
    drained = deferral.drain(world)
    if not at_once and not _due(world, now):
        return Summary(counts={"not_due": 1, **drained})
    world.ledger.begun(POLL, now)
    set_up.check_when_due(world)
    summary = find.poll(world)
    return replace(summary, counts=Counter(summary.counts) + drained, levels=levels.read(world))


def sync_now(world: World) -> Summary:
    """Poll at once and ring for what waits, because somebody asked for it (C3); problems of the set-up are looked at again."""
    if any(outage.run == set_up.RUN for outage in world.ledger.outages()):
        set_up.check_again(world)
    return find.sync_now(world)


def _due(world: World, now: datetime) -> bool:
    last = world.ledger.last_begun(POLL)
    if not budget.due(last, now, budget.SHORTEST):
        return False
    settings = world.ledger.settings()
    level = budget.pressure(world.ledger.spending(now), settings.api_share)
    return budget.due(last, now, budget.interval(settings.poll_minutes, level))
