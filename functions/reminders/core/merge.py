"""The merge (M1 to M11): reminder, task and their agreement in; one decision with its reason out.

This module decides what the two are to each other: strangers, a pair, deleted, handed over. `fields` merges the fields of a living
pair; its docstring holds the table of "both changed". `writes` knows our own writes again.

    reminder               task                    decision
    --------------------   ---------------------   -------------------------------------------------------------
    unknown                alive                   import it, or say why not (S4)
    unknown                deleted or unreadable   nothing (M3)
    not synced             any                     nothing (S2)
    alive, no task yet     none found              create it (O2)
    alive                  alive                   merge the fields (M1)
    alive                  deleted                 delete here; unsent edits go to history (M4)
    alive                  unreadable              nothing: absence is never a delete (M6)
    deleted, waiting       alive                   delete there; unseen edits go to history (M4)
    deleted, waiting       deleted                 both agree
    deleted, both agreed   alive                   it was undeleted there: bring the reminder back (M5)
    deleted, never had a   a create of ours        delete there: its answer was lost (O2)
      task                 turns up
    restored here          alive                   link again, and merge (M5)
    restored here          deleted                 n grows by one, and a new task is created (M5)

The owner comes first (F6, S3): only a task that a syncing user owns is merged or written.
The same function serves both directions: the pull stores what it decides, the push also sends it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import assert_never

from reminders.core import mapping
from reminders.core.decision import Decision, Send, Terms, changed, rung, sync_is_off, there
from reminders.core.deletes import delete_there, deleted_there
from reminders.core.fields import Sides, about_to_send, agree_on_all, completion, merge_fields, mirrored, unsent_lines
from reminders.core.first_meeting import create, first_seen, no_task_yet
from reminders.core.gone import seen_again
from reminders.core.holds import is_held, released, still_held
from reminders.core.reminder import (
    Agreement,
    Event,
    Field,
    Intent,
    Line,
    Record,
    Reminder,
    Side,
    Tombstone,
    Write,
)
from reminders.core.sayings import Said
from reminders.core.subject import inputs
from reminders.core.task import Deleted, Reading, Task, Unreadable
from reminders.core.writes import (
    KEEPS_CHANGING,
    ROUNDS,
    agreed,
    arrived,
    can_arrive,
    deleted_by_us,
    in_doubt,
    unseen,
    write_failed,
)


def merge(
    reminder: Reminder | None, reading: Reading, terms: Terms, now: datetime, *, former: Reminder | None = None
) -> Decision:
    """Decide for one reminder (None: the task is unknown here) and what its task reads as.

    `former` is a reminder that the unknown task belonged to before that one got a new task (M5).
    """
    if reminder is None:
        return first_seen(reading, former, terms, now)
    # What was read may have rung; what is written rings only by its own decision.
    reminder = replace(reminder, rings=False) if reminder.rings else reminder
    if reminder.sponsor is None:
        return Decision(rule="S2", reason="The reminder is not synced.")
    if reminder.tombstone and reminder.tombstone.restored:
        return _restored(reminder, reminder.tombstone, reading, terms, now)
    match reading:
        case Task():
            return _meet(reminder, reading, terms, now)
        case Deleted():
            if (
                not reminder.tombstone
                and deleted_by_us(reminder, reading, now)
                and reminder.owner_before in terms.syncing
            ):
                return _anew(reminder, reading, terms, now)
            return deleted_there(reminder, reading, terms, now)
        case Unreadable():
            return _unreadable(reminder, terms, now)
        case unknown:
            assert_never(unknown)


def _unreadable(reminder: Reminder, terms: Terms, now: datetime) -> Decision:
    """Its task was not returned by the read: absence is never a delete (M6)."""
    if is_held(reminder):
        return still_held(reminder)
    if reminder.held:
        # Confirmed, and purged meanwhile: that it was deleted is known (M9), and nothing shows that it lives.
        return deleted_there(reminder, Deleted(reminder.held.deleted), terms, now)
    if reminder.task_id is None:
        return no_task_yet(reminder, terms, now)
    if reminder.owner_before not in terms.syncing:
        return sync_is_off(reminder)
    return Decision(rule="M6", reason="The task cannot be read; that is no delete.")


# --- restored ---------------------------------------------------------------------------------------------------------


def _restored(reminder: Reminder, tombstone: Tombstone, reading: Reading, terms: Terms, now: datetime) -> Decision:
    """Taken back here: the task decides (M5). One that both agreed was deleted and cannot be read any more is purged."""
    back = replace(reminder, tombstone=None)
    match reading:
        case Task():
            return _untold(_meet(back, reading, terms, now))
        case Unreadable() if reminder.task_id and not tombstone.agreed:
            return Decision(rule="M6", reason="Restored here, but its task cannot be read; that is no delete.")
    if reminder.owner_before not in terms.syncing:
        return sync_is_off(reminder)
    return _anew(reminder, reading, terms, now)


def _anew(reminder: Reminder, reading: Reading, terms: Terms, now: datetime) -> Decision:
    """Restored here, and its task is deleted: it gets a new one. What nobody here has seen of the old one goes to history (M4, M5)."""
    known = reminder.tombstone and reminder.tombstone.agreed
    binned = reading.binned if isinstance(reading, Deleted) and not known else None
    base = agreed(reminder, binned)[0] if binned else reminder.agreement
    lost = (
        *arrived(reminder, base, binned, terms.settings, now),
        *(unseen(reminder, binned, now) if binned else ()),
    )
    # One that was found by its id had this n, be it that nobody had recorded it: its delete, hinted later, must not meet the new one.
    grown = reminder.generation + (reminder.task_id is not None or isinstance(reading, Deleted))
    fresh = replace(
        reminder,
        tombstone=None,
        generation=grown,
        task_id=None,
        agreement=None,
        intents=(),
        sponsor=reminder.owner_before,
        handed_over=False,
    )
    line = Line(at=now, event=Event.RESTORED, rule="M5", text=Said.NEW_TASK, side=Side.HERE)
    record = Record(reminder=rung(reminder, fresh, now), unlink=reminder.task_id, lines=(*lost, line))
    return Decision(
        rule="M5",
        reason="Restored here; its task is deleted: create a new one.",
        record=record,
        send=create(fresh, terms),
    )


def _untold(decision: Decision) -> Decision:
    """Whatever a restore brings back was completed while it was gone, or before: it is no completion (C6)."""
    record = decision.record
    if record is None:
        return decision
    return replace(decision, record=replace(record, reminder=replace(record.reminder, completion=None)))


# --- both alive -------------------------------------------------------------------------------------------------------


def _meet(reminder: Reminder, task: Task, terms: Terms, now: datetime) -> Decision:
    if task.is_recurrence:
        return Decision(rule="M10", reason="The master of a recurring series is never synced.")
    if reminder.task_id not in {None, task.id}:
        return Decision(rule="M5", reason="The reminder is linked to another task.")
    if reminder.tombstone and reminder.task_id is None and reminder.handed_over:
        return Decision(rule="F6", reason="Deleted here while handed over: unlinked for good.")
    if reminder.tombstone and not (reminder.tombstone.agreed and reminder.task_id):
        return delete_there(reminder, reminder.tombstone, task, terms, now)
    base, still_open = agreed(reminder, task)
    if task.owner in terms.syncing:
        return _merge_pair(reminder, task, terms, now, (base, still_open))
    if reminder.handed_over:
        return _handed_on(reminder, task, base, now)
    if base is None or not _was_handed_over(reminder, task, terms):
        return sync_is_off(reminder)
    return _hand_over(reminder, task, base, terms, now)


def _was_handed_over(reminder: Reminder, task: Task, terms: Terms) -> bool:
    """Tell a task given away (F6) from one whose owner turned sync off, which hands nothing over (S3)."""
    before = reminder.owner_before
    return task.owner != before and before in terms.syncing


def _handed_on(reminder: Reminder, task: Task, base: Agreement | None, now: datetime) -> Decision:
    """Remember to whom it went from there, so that it is found when they turn sync on (F6, S3)."""
    if base is None or reminder.owner_before == task.owner:
        return Decision(rule="F6", reason="Handed over, and its owner does not sync.")
    owner = {Field.ASSIGNEE: (base.pairs[Field.ASSIGNEE][0], task.owner)}
    after = replace(reminder, agreement=replace(base, pairs={**base.pairs, **owner}))
    line = there(Event.HANDED_OVER, "F6", Said.HANDED_ON, now, owner=task.owner)
    return Decision(rule="F6", reason="Handed on.", record=Record(reminder=after, lines=(line,)))


def _hand_over(reminder: Reminder, task: Task, base: Agreement, terms: Terms, now: datetime) -> Decision:
    """Salesforce's owner wins under every policy; what waits is not sent, and kept in history (F6)."""
    sent = arrived(reminder, base, task, terms.settings, now)
    reminder = replace(reminder, agreement=base, intents=())
    lost = unsent_lines(reminder, terms.settings, now, "F6", Said.NOT_SENT)
    values = mirrored(reminder, task, base, terms.settings)
    after = replace(
        reminder,
        values=values,
        agreement=agree_on_all(values, task, terms.settings),
        task_id=task.id,
        handed_over=True,
        held=None,
        trouble=None,
        retrying=None,
        pending=False,
        attempts=0,
        next_attempt=None,
        completion=completion(reminder, values, task, base, terms.settings),
    )
    line = there(Event.HANDED_OVER, "F6", Said.HANDED_OVER, now, owner=task.owner)
    record = Record(reminder=after, link=None if reminder.task_id else task.id, lines=(*sent, *lost, line))
    return Decision(rule="F6", reason="Handed over.", record=record)


def _merge_pair(
    reminder: Reminder, task: Task, terms: Terms, now: datetime, base: tuple[Agreement | None, tuple[Intent, ...]]
) -> Decision:
    settings = terms.settings
    merged = merge_fields(
        Sides(reminder=reminder, task=task, agreed=base[0], settings=settings, now=now, skew=terms.skew)
    )
    seen, again = seen_again(reminder, now)
    seen = released(seen)
    waits = bool(merged.send)
    after = replace(
        seen,
        values=merged.values,
        agreement=merged.agreement,
        intents=can_arrive(base[1], task),
        task_id=task.id,
        handed_over=False,
        tombstone=None,
        completion=completion(reminder, merged.values, task, base[0], settings),
        pending=waits and seen.pending,
        next_attempt=seen.next_attempt if waits else None,
        attempts=seen.attempts if waits else 0,
        trouble=seen.trouble if waits else None,
        retrying=seen.retrying if waits else None,
    )
    lines = (
        *again,
        *_meeting_lines(reminder, task, base[0], now),
        *arrived(reminder, base[0], task, settings, now),
        *merged.lines,
    )
    if not waits:
        record = changed(reminder, after, lines, task)
        return Decision(rule="M1", reason="Merged; nothing to send." if record else "Both sides agree.", record=record)
    if reminder.rounds >= ROUNDS:
        return _stop(after, lines, now)
    doubtful = in_doubt(reminder.agreement, base, task, merged.send, terms.me)
    lines = (*lines, *(_replaced_in_doubt(item, task, now) for item in doubtful))
    after = rung(reminder, after, now)
    send = Send(
        write=Write.UPDATE,
        fields={mapping.TASK_FIELDS[item]: value for item, value in merged.send.items()},
        pairs=about_to_send(after.values, merged.send, settings),
        inputs=inputs(after.values),
    )
    record = changed(reminder, after, lines, task)
    return Decision(rule="M1", reason=f"Changed here: {', '.join(merged.send)}.", record=record, send=send)


def _replaced_in_doubt(item: Field, task: Task, now: datetime) -> Line:
    """M8: ours is sent, and the value that it replaces is kept."""
    raw = mapping.raw(item, task)
    return replace(there(Event.CONFLICT, "M8", Said.IN_DOUBT, now), field=item, lost=raw)


def _stop(reminder: Reminder, lines: tuple[Line, ...], now: datetime) -> Decision:
    """M8: the fuse. What was merged is stored; nothing more is sent until somebody edits or retries."""
    failed = write_failed(reminder, None, KEEPS_CHANGING, now)
    record = Record(reminder=replace(failed.reminder, pending=True), lines=(*lines, *failed.lines))
    return Decision(rule="M8", reason=KEEPS_CHANGING.message, record=record if failed.lines else None)


def _meeting_lines(reminder: Reminder, task: Task, base: Agreement | None, now: datetime) -> list[Line]:
    lines = []
    if reminder.task_id is None:
        lines.append(there(Event.LINKED, "O2", Said.LINKED if base else Said.LINKED_AGAIN, now))
    if reminder.tombstone:
        lines.append(there(Event.RESTORED, "M5", Said.UNDELETED, now))
    if reminder.held:
        lines.append(there(Event.RESTORED, "M9", Said.UNDELETED_HELD, now))
    if reminder.handed_over:
        lines.append(there(Event.CAME_BACK, "F6", Said.CAME_BACK, now, owner=task.owner))
    return lines
