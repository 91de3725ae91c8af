"""A linked task that cannot be read and was not deleted: gone, or no longer visible (I5, M6). Pure.

It stays linked, and is a problem, until a person chooses or the task can be read again.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from typing import Final, assert_never

from reminders.core.decision import Decision, Terms, sync_is_off
from reminders.core.edit import Refused
from reminders.core.problems import Failure, Kind
from reminders.core.reminder import Event, Line, Record, Reminder, Side, Tombstone, Trouble, waiting
from reminders.core.sayings import Said
from reminders.core.settings import Settings
from reminders.core.writes import arrived, bury

NOT_VISIBLE: Final = Failure(
    kind=Kind.PERMANENT,
    code="TASK_NOT_VISIBLE",
    message="The task is gone or no longer visible to the integration user.",
)
"""One code for both: a push that finds no task to write to, and the sweep that finds none to compare with."""


class Choice(StrEnum):
    """What a person can do about it."""

    DELETE = "delete here"
    CREATE = "create again"
    KEEP = "keep, not synced"


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
    line = Line(at=now, event=Event.PROBLEM, rule="I5", text=Said.GONE, side=Side.SALESFORCE)
    record = Record(reminder=replace(reminder, trouble=trouble, retrying=None, rings=False), lines=(line,))
    return Decision(rule="I5", reason=NOT_VISIBLE.message, record=record)


def seen_again(reminder: Reminder, now: datetime) -> tuple[Reminder, tuple[Line, ...]]:
    """Take the problem away from one whose task has just been read, and say so."""
    if not is_gone(reminder):
        return reminder, ()
    line = Line(at=now, event=Event.LINKED, rule="I5", text=Said.READABLE_AGAIN, side=Side.SALESFORCE)
    return replace(reminder, trouble=None), (line,)


def choose(reminder: Reminder, choice: Choice, settings: Settings, *, now: datetime) -> Record:
    """Do what was chosen about a task that is gone (I5). Raises Refused, if it is not, or not any more.

    Deleted here, it stays linked as any deleted one: a task that can be read again after all brings it back, rather than being lost.
    Created again or kept, it is unlinked and n grows: the old task, should it turn up, is a reminder of its own (M5). What our updates
    without an answer may have replaced there is told now, since no read will show any more whether they did (F1, F2).
    """
    if not is_gone(reminder):
        raise Refused("choice", "The task of this reminder is not gone; there is nothing to choose.")
    if reminder.deleted and choice is not Choice.DELETE:
        raise Refused("choice", "This reminder is deleted; restore it first.")
    lost = arrived(reminder, reminder.agreement, None, settings, now)
    match choice:
        case Choice.DELETE:
            tombstone = reminder.tombstone if reminder.deleted else Tombstone(at=now, side=Side.HERE)
            return Record(
                reminder=bury(replace(reminder, tombstone=tombstone), now),
                lines=(*lost, _chosen(Event.DELETED, Said.GONE_DELETED, now)),
            )
        case Choice.CREATE:
            again = waiting(_unlinked(reminder, reminder.owner_before), now)
            line = _chosen(Event.EDITED, Said.GONE_CREATED, now)
            return Record(reminder=again, unlink=reminder.task_id, lines=(*lost, line))
        case Choice.KEEP:
            line = _chosen(Event.EDITED, Said.GONE_KEPT, now)
            return Record(reminder=_unlinked(reminder, None), unlink=reminder.task_id, lines=(*lost, line))
        case unknown:
            assert_never(unknown)


def _unlinked(reminder: Reminder, sponsor: str | None) -> Reminder:
    return replace(
        reminder,
        sponsor=sponsor,
        generation=reminder.generation + 1,
        task_id=None,
        agreement=None,
        intents=(),
        tombstone=None,
        trouble=None,
        retrying=None,
        pending=False,
        attempts=0,
        next_attempt=None,
        rings=False,
    )


def _chosen(event: Event, text: str, now: datetime) -> Line:
    return Line(at=now, event=event, rule="I5", text=text, side=Side.HERE)
