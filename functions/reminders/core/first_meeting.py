"""First meetings (M3, S4, O2): a task without a reminder is imported, or not; a reminder without a task creates one.

Neither is ever a delete or an overwrite.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from typing import Final

from reminders.core import mapping
from reminders.core.decision import Decision, Send, Terms, sync_is_off, there
from reminders.core.fields import about_to_send, agree_on_all
from reminders.core.reminder import Event, Field, Record, Reminder, Write, imported_id
from reminders.core.sayings import Said
from reminders.core.subject import inputs
from reminders.core.task import EXTERNAL_ID, Reading, Task
from reminders.core.writes import bury, may_arrive_until

IMPORTED_SUBTYPES: Final = frozenset({"Task", "Call", "LinkedIn", None})
"""To-dos; the other subtypes log something done (S4)."""


def importable(task: Task, syncing: Collection[str]) -> str | None:
    """Say why a task seen for the first time is not imported; None if it is (S4). `syncing`: who syncs."""
    if task.is_recurrence:
        return "it is the master of a recurring series (M10)"
    if task.is_closed:
        return "it is closed"
    if task.owner not in syncing:
        return "its owner does not sync"
    if task.subtype not in IMPORTED_SUBTYPES:
        return "it is a log of something done, not a to-do"
    return None


def first_seen(task: Reading, former: Reminder | None, terms: Terms, now: datetime) -> Decision:
    """Decide on a task that is unknown here; `former` is a reminder that it belonged to once (M5)."""
    if not isinstance(task, Task):
        return Decision(rule="M3", reason="The task is unknown here and cannot be read.")
    obstacle = importable(task, terms.syncing)
    if obstacle:
        return Decision(rule="S4", reason=f"Not imported: {obstacle}.")
    values = mapping.imported(task, terms.settings)
    own_id = imported_id(task.id)
    reminder = Reminder(
        # Its first reminder has the id that derives from the task; a task that comes back a third time must not meet the second.
        id=f"{own_id}-{int(task.stamp.timestamp())}" if former and former.id == own_id else own_id,
        values=values,
        created=now,
        created_by=task.created_by,
        sponsor=task.owner,
        task_id=task.id,
        agreement=agree_on_all(values, task, terms.settings),
    )
    line = (
        there(Event.IMPORTED, "S4", Said.IMPORTED_AGAIN, now, reminder=former.id)
        if former
        else there(Event.IMPORTED, "S4", Said.IMPORTED, now)
    )
    told = there(Event.LINKED, "M5", Said.FORMER_TASK, now, task=task.id, reminder=reminder.id)
    also = Record(reminder=replace(former, rings=False), lines=(told,)) if former else None
    record = Record(reminder=reminder, link=task.id, lines=(line,), also=also)
    return Decision(rule="S4", reason="Imported.", record=record)


def no_task_yet(reminder: Reminder, terms: Terms, now: datetime) -> Decision:
    """No task is known, and a look-up by our id found none."""
    if reminder.tombstone:
        return _nothing_to_delete(reminder, now)
    if reminder.sponsor not in terms.syncing:
        return sync_is_off(reminder)
    return Decision(rule="O2", reason="It has no task yet: create one.", send=create(reminder, terms))


def create(reminder: Reminder, terms: Terms) -> Send:
    """Write all its values under its external id; empty ones are left out (O2)."""
    raw = {item: mapping.put(item, reminder.values, terms.settings) for item in Field}
    fields = {mapping.TASK_FIELDS[item]: value for item, value in raw.items() if value is not None}
    return Send(
        write=Write.CREATE,
        fields={EXTERNAL_ID: reminder.external_id, **fields},
        pairs=about_to_send(reminder.values, raw, terms.settings),
        inputs=inputs(reminder.values),
    )


def _nothing_to_delete(reminder: Reminder, now: datetime) -> Decision:
    """Deleted here, and no task is found. A create whose answer is not known may still turn up: wait for that long."""
    if reminder.tombstone and reminder.tombstone.agreed:
        return Decision(rule="M4", reason="Deleted, and nothing of it is in Salesforce.")
    if until := may_arrive_until(reminder, now):
        record = Record(reminder=replace(reminder, next_attempt=until))
        return Decision(rule="O2", reason="Deleted; its create may still turn up in Salesforce.", record=record)
    record = Record(reminder=bury(reminder, now))
    return Decision(rule="M4", reason="Deleted, and nothing of it is in Salesforce.", record=record)
