"""Ringing for reminders that wait: a group of refused ones, when one of its kind went through (O4); all, when somebody asks (C3)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from reminders.core.problems import LONGEST_RETRY
from reminders.core.reminder import Record, Reminder, waiting
from reminders.core.writes import DAILY
from reminders.ports import READ_BATCH, World

LEASE: Final = timedelta(seconds=150)
"""After so long without a recorded answer, the schedule looks at a push again; longer than any invocation lasts."""

PER_RUN: Final = 200
"""Reminders rung by one run: if one of them goes through, its run rings the next."""

LOOKED_AT: Final = 1_000
"""Of these, those whose last attempt is the longest ago are rung, so that hopeless ones do not stand before the others."""

BACKED_OFF: Final = LONGEST_RETRY * 2
"""No back-off lasts longer, its spread included."""

COOL: Final = timedelta(minutes=1)
"""From one attempt to the next of a group. One code may stand for several rules of the org, of which only one was lifted."""


def try_again(world: World, codes: Collection[str]) -> int:
    """Ring reminders that were refused with one of these codes, and tell how many; the schedule serves those still too fresh."""
    now = world.clock.now()
    ids = [each for code in sorted(codes) for each in world.ledger.troubled(LOOKED_AT, code)]
    refused = [each for each in world.ledger.reminders(ids[:LOOKED_AT]).values() if _waits(each, codes, now)]
    refused.sort(key=lambda each: (each.next_attempt or now, each.id))
    records = [Record(reminder=_again(each, now)) for each in refused[:PER_RUN]]
    return sum(each is not None for each in world.ledger.save(records))


def ring_waiting(world: World, lease: timedelta) -> int:
    """Ring for what waits for another attempt, its back-off notwithstanding, and tell how many. What is under way is left alone.

    Problems are left to their Retry: their next attempt is a day away, not an hour.
    """
    now = world.clock.now()
    waits = world.ledger.reminders(world.ledger.waiting(now + BACKED_OFF, READ_BATCH)).values()
    idle = [
        each
        for each in waits
        if each.pending and not each.trouble and all(now - intent.at >= lease for intent in each.intents)
    ]
    stored = world.ledger.save([Record(reminder=waiting(each, now)) for each in idle])
    return sum(each is not None for each in stored)


def _waits(reminder: Reminder, codes: Collection[str], now: datetime) -> bool:
    """Whether it still has such a problem, and is not due anyway."""
    due = reminder.next_attempt is None or reminder.next_attempt <= now
    return reminder.trouble is not None and reminder.trouble.code in codes and reminder.pending and not due


def _again(reminder: Reminder, now: datetime) -> Reminder:
    last = (reminder.next_attempt or now) - DAILY
    again = waiting(reminder, max(now, last + COOL))
    return replace(again, rings=again.next_attempt == now)
