"""The shapes of the report of the sweep (I5) and of full comparisons (I4)."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel

from reminders.api.schemas import task_url
from reminders.core.drift import FULL, NIGHTLY, Comparison, Drift
from reminders.core.reminder import Reminder
from reminders.ports import Ledger

NEWEST = 100
"""Differences that are listed."""


class ComparisonOut(BaseModel):
    """A comparison of everything: when, why, how many tasks it looked at, and what it found among the hints that had failed alone.

    `dead_letters`: such hints that got another chance; `malformed`: messages there that are not ours and need a person.
    """

    at: datetime
    why: str
    looked_at: int
    dead_letters: int
    malformed: int


class DriftOut(BaseModel):
    """One difference that was found and repaired: of which reminder, and in which fields (or what had happened).

    `name` is null where the reminder is no more.
    """

    at: datetime
    reminder_id: str
    name: str | None
    task_id: str
    task_url: str
    what: list[str]


class SweepOut(BaseModel):
    """The last nightly sweep, how much it found so far, the newest 100 finds of the last 30 days, and the last full comparison."""

    sweep: ComparisonOut | None
    drifted: int
    drifts: list[DriftOut]
    full_comparison: ComparisonOut | None


def sweep_out(ledger: Ledger, salesforce_url: str) -> SweepOut:
    """Read and write the report."""
    found = ledger.comparisons()
    drifts = ledger.drifts(NEWEST)
    known = ledger.reminders({each.reminder_id for each in drifts})
    night = found.get(NIGHTLY)
    return SweepOut(
        sweep=_comparison(night),
        drifted=ledger.count_drifts(night.at) if night else 0,
        drifts=[_drift(each, known.get(each.reminder_id), salesforce_url) for each in drifts],
        full_comparison=_comparison(found.get(FULL)),
    )


def _comparison(found: Comparison | None) -> ComparisonOut | None:
    if found is None:
        return None
    return ComparisonOut(
        at=found.at, why=found.why, looked_at=found.hinted, dead_letters=found.dead_letters, malformed=found.malformed
    )


def _drift(found: Drift, reminder: Reminder | None, salesforce_url: str) -> DriftOut:
    return DriftOut(
        at=found.at,
        reminder_id=found.reminder_id,
        name=reminder.values.name if reminder else None,
        task_id=found.task_id,
        task_url=task_url(found.task_id, salesforce_url),
        what=list(found.what),
    )
