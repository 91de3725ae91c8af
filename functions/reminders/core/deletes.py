"""Deletes, carried over from one side to the other (M4, M6, M9, F6). Part of `merge`.

What carries a delete over says so (`Decision.delete`), with what is to be done instead if the mass-delete valve holds it. What was
deleted on both sides already carries nothing over.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from reminders.core.decision import Decision, Delete, Send, Terms, changed, rung, sync_is_off, there
from reminders.core.fields import Sides, merge_fields, unsent_lines
from reminders.core.gone import seen_again
from reminders.core.holds import hold, is_held, still_held, whose
from reminders.core.reminder import Event, Record, Reminder, Side, Tombstone, Write
from reminders.core.sayings import Said
from reminders.core.task import Deleted, Task
from reminders.core.writes import agreed, arrived, bury, can_arrive, may_arrive_until, unseen


def deleted_there(reminder: Reminder, reading: Deleted, terms: Terms, now: datetime) -> Decision:
    """Decide on a reminder whose task is deleted."""
    if reminder.tombstone and reminder.tombstone.agreed:
        return Decision(rule="M4", reason="Deleted on both sides.")
    if not reminder.handed_over and reminder.owner_before not in terms.syncing:
        return sync_is_off(reminder)
    link = reading.binned.id if reading.binned and reminder.task_id is None else None
    before, reminder = reminder, _adopted(reminder, reading.binned)
    sent = arrived(before, reminder.agreement, reading.binned, terms.settings, now)
    if reminder.tombstone:
        # If it was our own delete whose answer was lost, nobody has looked into the recycle bin yet (O1).
        lost = unseen(reminder, reading.binned, now) if reading.binned else ()
        line = there(Event.DELETED, "M4", Said.DELETED_THERE_TOO, now)
        return Decision(
            rule="M4",
            reason=line.text,
            record=Record(reminder=bury(reminder, now), link=link, lines=(*sent, *lost, line)),
        )
    if is_held(reminder):
        return still_held(reminder)
    line = there(Event.DELETED, "M4", Said.DELETED_THERE, now)
    lost = unsent_lines(reminder, terms.settings, now, "M4", Said.DELETE_THERE_WINS)
    gone = replace(reminder, tombstone=Tombstone(at=reading.at or now, side=Side.SALESFORCE))
    delete = None
    if not reminder.held and not reminder.handed_over:  # neither confirmed, nor in nobody's list
        series = reading.binned.series if reading.binned else None
        delete = _counted(
            reminder, Side.SALESFORCE, series, hold(reminder, Side.SALESFORCE, reading.at, now, link=link)
        )
    record = Record(reminder=bury(gone, now), link=link, lines=(*sent, *lost, line))
    return Decision(rule="M4", reason=line.text, record=record, delete=delete)


def _adopted(reminder: Reminder, binned: Task | None) -> Reminder:
    """Count our own writes that the row in the recycle bin shows, a create whose answer was lost among them (O2).

    What was edited since then is what the delete takes; and linked, an undelete there brings the reminder back (M5).
    """
    if binned is None:
        return reminder
    base, still_open = agreed(reminder, binned)
    return replace(reminder, agreement=base, intents=still_open, task_id=binned.id)


def delete_there(reminder: Reminder, tombstone: Tombstone, task: Task, terms: Terms, now: datetime) -> Decision:
    """Our delete is waiting, and the task lives."""
    before = reminder.owner_before
    if task.owner in terms.syncing:
        return still_held(reminder) if is_held(reminder) else _delete_task(reminder, tombstone, task, terms, now)
    if before == task.owner or before not in terms.syncing:
        return sync_is_off(reminder)
    if until := may_arrive_until(reminder, now, {Write.DELETE}):
        # Whether it was given away first nobody knows yet; if not, the row in the recycle bin tells to whom (M4).
        waits = None if reminder.next_attempt == until else Record(reminder=replace(reminder, next_attempt=until))
        return Decision(rule="F6", reason="Handed over, and our delete may still arrive.", record=waits)
    text = Said.GIVEN_AWAY_FIRST
    unlinked = replace(bury(reminder, now), handed_over=True, task_id=None, generation=reminder.generation + 1)
    sent = arrived(reminder, agreed(reminder, task)[0], task, terms.settings, now)
    lines = (*sent, there(Event.HANDED_OVER, "F6", text, now))
    return Decision(rule="F6", reason=text, record=Record(reminder=unlinked, unlink=reminder.task_id, lines=lines))


def _delete_task(reminder: Reminder, tombstone: Tombstone, task: Task, terms: Terms, now: datetime) -> Decision:
    base, still_open = agreed(reminder, task)
    merged = merge_fields(Sides(reminder=reminder, task=task, agreed=base, settings=terms.settings, now=now))
    seen, again = seen_again(reminder, now)
    after = replace(
        seen,
        values=merged.values,
        agreement=merged.agreement,
        task_id=task.id,
        intents=can_arrive(still_open, task),
        tombstone=replace(tombstone, agreed=None, passed=tombstone.passed or now),
    )
    after = rung(reminder, after, now)
    ours_lost = tuple(line for line in merged.lines if line.event is Event.CONFLICT and line.side is Side.HERE)
    delete = None
    if not tombstone.passed:
        linked = replace(
            reminder,
            agreement=base,
            intents=still_open,
            task_id=task.id,
            pending=True,
            tombstone=replace(tombstone, agreed=None),
        )
        link = task.id if reminder.task_id is None else None
        delete = _counted(linked, Side.HERE, task.series, hold(linked, Side.HERE, None, now, link=link))
    return Decision(
        rule="M4",
        reason="Deleted here: delete the task.",
        record=changed(
            reminder,
            after,
            (*again, *arrived(reminder, base, task, terms.settings, now), *unseen(reminder, task, now), *ours_lost),
            task,
        ),
        send=Send(write=Write.DELETE),
        delete=delete,
    )


def _counted(reminder: Reminder, side: Side, series: str | None, held: Decision) -> Delete:
    return Delete(side=side, owner=whose(reminder), key=series or reminder.id, held=held)
