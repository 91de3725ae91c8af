"""Drift: differences that the nightly sweep finds, which a message or a poll should have brought long ago (I5). Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from reminders.core.decision import Decision
from reminders.core.reminder import Event, Field, Line, Reminder, Side
from reminders.core.sayings import Said

NIGHTLY: Final = "sweep"
FULL: Final = "full"
"""The two kinds of comparison."""

GRACE: Final = timedelta(minutes=15)
"""So long after the poll has passed a change, its hint may still be on the queue; then the change counts as missed."""

_NEWS: Final = frozenset({Event.IMPORTED, Event.DELETED, Event.RESTORED, Event.HANDED_OVER, Event.CAME_BACK})


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One comparison of everything: which kind, when it began and why, and how many hints it stored.

    `dead_letters`: hints that had failed alone and were stored again; `malformed`: messages there that are not ours.
    """

    kind: str
    at: datetime
    why: str
    hinted: int = 0
    dead_letters: int = 0
    malformed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """One difference that the sweep found and the merge repaired: when, of what, and in which fields (or what happened)."""

    at: datetime
    reminder_id: str
    task_id: str
    what: tuple[str, ...]


def differences(before: Reminder | None, decision: Decision) -> tuple[str, ...]:
    """Tell in what Salesforce was found to differ: fields, or what had happened there.

    Our own write arrived, a change made here that still waits, and a value that does not sync are no differences.
    """
    if decision.record is None:
        return ()
    told = [line for line in decision.record.lines if line.side is Side.SALESFORCE or line.event is Event.CONFLICT]
    news = [line.event for line in told if line.event in _NEWS and not (before and before.tombstone and before.pending)]
    lost = [line.field for line in told if line.event is Event.CONFLICT and line.field]
    values = decision.record.reminder.values
    taken = [item for item in Field if before and getattr(before.values, item) != getattr(values, item)]
    return tuple(dict.fromkeys(word.value for word in (*news, *taken, *lost)))


def missed(changed: datetime | None, covered: datetime | None) -> bool:
    """Tell whether a change in Salesforce should be here already: the watermark `covered` has left it well behind.

    A change made just before the sweep, or while the poll could not run, is on its way, not missed.
    """
    return changed is not None and covered is not None and changed <= covered - GRACE


def tell(decision: Decision, what: tuple[str, ...], now: datetime) -> Decision:
    """Have the history say that the sweep found it."""
    if decision.record is None:
        return decision
    values = {"what": ", ".join(what)}
    line = Line(at=now, event=Event.DRIFT, rule="I5", text=Said.DRIFT, values=values, side=Side.SALESFORCE)
    return replace(decision, record=replace(decision.record, lines=(*decision.record.lines, line)))
