"""The shapes of the report of the sweep (I5) and of full comparisons (I4)."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel

from reminders.core.drift import FULL, NIGHTLY, Comparison, Drift
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
    """One difference that was found and repaired: of which reminder, and in which fields (or what had happened)."""

    at: datetime
    reminder_id: str
    task_id: str
    what: list[str]


class SweepOut(BaseModel):
    """The last nightly sweep, how much it found so far, the newest 100 finds of the last 30 days, and the last full comparison."""

    sweep: ComparisonOut | None
    drifted: int
    drifts: list[DriftOut]
    full_comparison: ComparisonOut | None


def sweep_out(ledger: Ledger) -> SweepOut:
    """Read and write the report."""
    found = ledger.comparisons()
    night = found.get(NIGHTLY)
    return SweepOut(
        sweep=_comparison(night),
        drifted=ledger.count_drifts(night.at) if night else 0,
        drifts=[_drift(each) for each in ledger.drifts(NEWEST)],
        full_comparison=_comparison(found.get(FULL)),
    )


def _comparison(found: Comparison | None) -> ComparisonOut | None:
    if found is None:
        return None
    return ComparisonOut(
        at=found.at, why=found.why, looked_at=found.hinted, dead_letters=found.dead_letters, malformed=found.malformed
    )


def _drift(found: Drift) -> DriftOut:
    return DriftOut(at=found.at, reminder_id=found.reminder_id, task_id=found.task_id, what=list(found.what))
