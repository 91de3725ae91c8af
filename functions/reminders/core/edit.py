"""What people do to reminders here: create, edit, delete. Pure: values in, a record to store out.

Every edit that takes part in sync marks the reminder as waiting and rings the bell in the same write (O1).
"""

from __future__ import annotations

import re
from dataclasses import fields, replace
from datetime import date, datetime
from typing import Final

from reminders.core.holds import is_held, quiet, released
from reminders.core.reminder import (
    Completion,
    Event,
    Field,
    Line,
    Record,
    Reminder,
    Side,
    Status,
    Tombstone,
    Values,
    waiting,
)
from reminders.core.sayings import Said
from reminders.core.subject import MAX_SUBJECT, length

MAX_DETAILS: Final = 32_000
"""Salesforce's length of `Description`; a line break counts two (F5)."""

MAX_TEXT: Final = 255

EARLIEST_DUE: Final = date(1700, 1, 1)
LATEST_DUE: Final = date(4000, 12, 31)
"""Salesforce's range of dates ("Valid Date and DateTime Formats" of SOQL)."""

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_SALESFORCE_ID = re.compile(r"[a-zA-Z0-9]{18}")
_SINGLE_LINE = ("name", "campaign_name", "campaign_day", "campaign_step", "call_outcome", "call_reason")


class Refused(ValueError):
    """An edit that cannot be accepted; `field` is the name of the value at fault, the message is for the person."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def details_length(details: str) -> int:
    """Count as Salesforce will store it: every line break as two (F5)."""
    unix = _unix(details)
    return length(unix) + unix.count("\n")


def _unix(text: str) -> str:
    r"""`\r\n` equals `\n` (F5), so only one of them is ever stored, and typing the other is no edit."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def check(values: Values) -> Values:
    """Normalise and check what a person typed. Raises Refused."""
    texts: dict[str, str | None] = {}
    for name in _SINGLE_LINE:
        text: str | None = getattr(values, name)
        texts[name] = text.strip() or None if text else None
        _check_text(name, texts[name])
    details = _unix(values.details).strip() or None if values.details else None
    if not texts["name"]:
        raise Refused("name", "A reminder needs a name.")
    if details and _CONTROL.search(details):
        raise Refused("details", "Details hold a control character that Salesforce does not accept.")
    if details and (count := details_length(details)) > MAX_DETAILS:
        raise Refused("details", f"Details are {count:,} characters long; the most is {MAX_DETAILS:,}.")
    if not _SALESFORCE_ID.fullmatch(values.assignee) or not values.assignee.startswith("005"):
        raise Refused("assignee", "The assignee must be the 18-character id of a Salesforce user.")
    if values.due and not EARLIEST_DUE <= values.due <= LATEST_DUE:
        raise Refused("due", f"Salesforce accepts due dates from {EARLIEST_DUE} to {LATEST_DUE}.")
    if values.person and not (_SALESFORCE_ID.fullmatch(values.person) and values.person[:3] in {"003", "00Q"}):
        raise Refused("person", "The person must be the 18-character id of a Salesforce contact or lead.")
    return replace(values, **texts, details=details, person=values.person or None)  # type: ignore[arg-type]


def create(values: Values, *, reminder_id: str, by: str, assignee_syncs: bool, now: datetime) -> Record:
    """Make a new reminder. It takes part in sync only if its assignee syncs at this moment (S2). Raises Refused."""
    values = check(values)
    reminder = Reminder(
        id=reminder_id,
        values=values,
        created=now,
        created_by=by,
        sponsor=values.assignee if assignee_syncs else None,
        edited=dict.fromkeys(Field, now),
    )
    text = Said.CREATED if assignee_syncs else Said.CREATED_NOT_SYNCED
    line = Line(at=now, event=Event.CREATED, rule="S2", text=text, side=Side.HERE)
    return Record(reminder=waiting(reminder, now) if assignee_syncs else reminder, lines=(line,))


def edit(reminder: Reminder, values: Values, *, now: datetime) -> Record:
    """Change a reminder's values. An edit that changes nothing leaves it as it is. Raises Refused."""
    if reminder.deleted:
        raise Refused("id", "This reminder is deleted; restore it first.")
    if reminder.handed_over:
        raise Refused("id", "This reminder was handed over in Salesforce; it is read-only here.")
    values = check(values)
    changed = [
        item.name for item in fields(Values) if getattr(values, item.name) != getattr(reminder.values, item.name)
    ]
    if not changed:
        return Record(reminder=replace(reminder, rings=False))
    # The dynamic fields of the subject that are no mapped field themselves count as an edit of the name (F1).
    mapped = {Field(name) if name in set(Field) else Field.NAME for name in changed}
    completed = "status" in changed and values.status is Status.COMPLETE
    edited = replace(
        reminder,
        values=values,
        edited={**reminder.edited, **dict.fromkeys(mapped, now)},
        completion=Completion(side=Side.HERE, at=now) if completed else None,
    )
    told = {"fields": ", ".join(changed)}
    line = Line(at=now, event=Event.EDITED, rule="C1", text=Said.EDITED, values=told, side=Side.HERE)
    return Record(reminder=_touched(edited, now), lines=(line,))


def delete(reminder: Reminder, *, now: datetime) -> Record:
    """Delete a reminder here (M4). Deleting twice is once; a handed-over one is only unlinked (F6)."""
    if reminder.deleted:
        return Record(reminder=replace(reminder, rings=False))
    local = reminder.sponsor is None or reminder.handed_over
    gone = replace(reminder, tombstone=Tombstone(at=now, side=Side.HERE, agreed=now if local else None))
    gone = released(gone)  # deleted on both sides now, or it never will be by the other one alone
    if reminder.handed_over:
        # Unlinked for good: should the task come back it is like any other, and should this be synced again, it gets another task.
        gone = replace(gone, task_id=None, generation=reminder.generation + 1)
    text = Said.DELETED_HERE_ONLY if reminder.handed_over else Said.DELETED_HERE
    line = Line(at=now, event=Event.DELETED, rule="F6" if reminder.handed_over else "M4", text=text, side=Side.HERE)
    return Record(
        reminder=replace(gone, pending=False, next_attempt=None, rings=False) if local else _touched(gone, now),
        unlink=reminder.task_id if reminder.handed_over else None,
        lines=(line,),
    )


def restore(reminder: Reminder, *, now: datetime) -> Record:
    """Take a delete back (M5). What was synced waits for the merge, which reads the task first: alive, it is linked again."""
    if reminder.tombstone is None or not reminder.deleted:
        return Record(reminder=replace(reminder, rings=False))
    line = Line(at=now, event=Event.RESTORED, rule="M5", text=Said.RESTORED, side=Side.HERE)
    if reminder.handed_over:
        # Its task is somebody else's, and no longer its own (F6), whether it was deleted here or there.
        grown = reminder.generation + (reminder.task_id is not None)
        local = replace(
            reminder,
            tombstone=None,
            handed_over=False,
            sponsor=None,
            task_id=None,
            generation=grown,
            agreement=None,
            rings=False,
        )
        return Record(reminder=local, unlink=reminder.task_id, lines=(line,))
    if reminder.sponsor is None:
        return Record(reminder=replace(reminder, tombstone=None, rings=False), lines=(line,))
    back = released(replace(reminder, tombstone=replace(reminder.tombstone, restored=now)))
    return Record(reminder=_touched(back, now), lines=(line,))


def sync_this_one(reminder: Reminder, *, now: datetime) -> Record:
    """Take an older reminder into the sync (S2, "Sync this one")."""
    if reminder.sponsor is not None or reminder.deleted:
        return Record(reminder=replace(reminder, rings=False))
    line = Line(at=now, event=Event.EDITED, rule="S2", text=Said.SYNC_THIS_ONE, side=Side.HERE)
    return Record(reminder=waiting(replace(reminder, sponsor=reminder.values.assignee), now), lines=(line,))


def retry(reminder: Reminder, *, now: datetime) -> Record:
    """Try a refused one again at once (O4). Its problem stays until it is solved; one without, or held (M9), is left as it is."""
    if reminder.trouble is None or is_held(reminder):
        return Record(reminder=replace(reminder, rings=False))
    line = Line(at=now, event=Event.RETRIED, rule="O4", text=Said.RETRY, side=Side.HERE)
    return Record(reminder=waiting(replace(reminder, rounds=0), now), lines=(line,))


def ignore(reminder: Reminder, *, now: datetime) -> Record:
    """Hide a problem from Diagnostics until its cause changes or somebody edits the reminder (C4). It is still tried daily."""
    if reminder.trouble is None or reminder.trouble.ignored:
        return Record(reminder=replace(reminder, rings=False))
    told = {"code": reminder.trouble.code}
    line = Line(at=now, event=Event.IGNORED, rule="C4", text=Said.IGNORE, values=told, side=Side.HERE)
    return Record(
        reminder=replace(reminder, trouble=replace(reminder.trouble, ignored=now), rings=False), lines=(line,)
    )


def _touched(reminder: Reminder, now: datetime) -> Reminder:
    """After an edit: what takes part in sync waits and rings; a problem is tried again (O4), but what is held stays so (M9)."""
    if reminder.sponsor is None:
        return replace(reminder, rings=False)
    if is_held(reminder):
        return quiet(replace(reminder, pending=True))
    retrying = reminder.trouble.code if reminder.trouble else reminder.retrying
    return waiting(replace(reminder, trouble=None, retrying=retrying, rounds=0), now)


def _check_text(name: str, text: str | None) -> None:
    if text is None:
        return
    if _CONTROL.search(text) or "\n" in text or "\r" in text:
        raise Refused(name, "This is a single line; it cannot hold line breaks or control characters.")
    limit = MAX_SUBJECT if name == "name" else MAX_TEXT
    if length(text) > limit:
        raise Refused(name, f"This is {length(text)} characters long; the most is {limit}.")
