"""Levels for the dashboard and its alarms, read with every poll: how late either direction is, what waits, and what is left to spend."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from reminders.core import budget
from reminders.ports import Mark, World

MOST_PROBLEMS: Final = 1_000
"""Counted; a dashboard needs no more."""


def read(world: World) -> Mapping[str, int]:
    """Read them from the ledger; nothing is asked of the org. A level that nothing is known of yet is left out.

    `from_salesforce_late`: seconds since the last moment up to which every change there is known to be hinted (the older watermark).
    `to_salesforce_late`: seconds since a push last got through, with or without something to send.
    `waiting`: reminders that have something to send; `problems`: reminders that have one, at most 1,000.
    `calls_used`, `calls_ours`, `calls_left`: API calls of the org in 24 hours, of ours today, and how many we may still make (O6).
    """
    ledger, now = world.ledger, world.clock.now()
    found = {"waiting": ledger.count_waiting(), "problems": len(ledger.troubled(MOST_PROBLEMS))}
    marks = [mark for each in Mark if (mark := ledger.watermark(each))]
    if marks:
        found["from_salesforce_late"] = int((now - min(marks)).total_seconds())
    if pushed := ledger.successes().get("push"):
        found["to_salesforce_late"] = int((now - pushed).total_seconds())
    if spending := ledger.spending(now):
        found |= {"calls_used": spending.used, "calls_ours": spending.ours}
        found["calls_left"] = budget.left(spending, ledger.settings().api_share)
    return found
