"""A linked task that cannot be read and was not deleted: gone, or no longer visible (I5, M6). Pure.

It stays linked, and is a problem, until a person chooses or the task can be read again.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final

from reminders.decision import Decision, Terms, sync_is_off
from reminders.problems import Failure, Kind
from reminders.reminder import Event, Line, Record, Reminder, Side, Trouble

NOT_VISIBLE: Final = Failure(
    kind=Kind.PERMANENT,
    code="TASK_NOT_VISIBLE",
    message="The task is gone or no longer visible to the integration user.",
)
"""One code for both: a push that finds no task to write to, and the sweep that finds none to compare with."""


def is_gone(reminder: Reminder) -> bool:
    """Tell whether this is the problem that it has."""
    return reminder.trouble is not None and reminder.trouble.code == NOT_VISIBLE.code


def missing(reminder: Reminder, terms: Terms, now: datetime) -> Decision:
    """Decide on a reminder whose linked task the sweep could not read, and no list calls deleted."""
    if reminder.handed_over or (reminder.tombstone and reminder.tombstone.agreed):
        return Decision(rule="M6", reason="Its task cannot be read, and nothing waits for it.")
    if reminder.owner_before not in terms.syncing:
        return sync_is_off(reminder)
    if is_gone(reminder):
        return Decision(rule="I5", reason="Its task is still gone or not visible.")
    trouble = Trouble(code=NOT_VISIBLE.code, message=NOT_VISIBLE.message, since=now)
    line = Line(
        at=now, event=Event.PROBLEM, rule="I5", text=f"{NOT_VISIBLE.message} Choose what to do.", side=Side.SALESFORCE
    )
    record = Record(reminder=replace(reminder, trouble=trouble, retrying=None, rings=False), lines=(line,))
    return Decision(rule="I5", reason=NOT_VISIBLE.message, record=record)


def seen_again(reminder: Reminder, now: datetime) -> tuple[Reminder, tuple[Line, ...]]:
    """Take the problem away from one whose task has just been read, and say so."""
    if not is_gone(reminder):
        return reminder, ()
    line = Line(at=now, event=Event.LINKED, rule="I5", text="The task can be read again.", side=Side.SALESFORCE)
    return replace(reminder, trouble=None), (line,)
