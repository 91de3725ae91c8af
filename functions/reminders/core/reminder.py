"""What a reminder is, and everything the sync remembers about it.

Terminology (the words of the specification):

- *reminder*: a task in our own list. `Values` is what people see and edit; the rest of `Reminder` is the sync's memory.
- *agreement*: the values on which reminder and task last agreed, per field in both representations. Each side is only ever
  compared with its own representation, so a lossy mapping cannot look like a change.
- *intent*: what a push is about to write, stored on the reminder before the call. While the answer is unknown the intent
  stays open, and a task value that equals it is our own write arrived (M8).

All values are frozen; times are aware datetimes in UTC, in whole seconds.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from enum import StrEnum

_NAMED = re.compile(r"\{(\w+)\}")

NO_SUBJECT = "(no subject)"
"""The name of a reminder whose task has no Subject; never sent to Salesforce (F1)."""

RECENTLY_DELETED = timedelta(days=15)
"""How long a deleted reminder can be restored, from when both sides agreed on the delete (M5)."""

LINK_OUTLIVES = timedelta(days=30)
"""How much longer the link of a deleted reminder stays, so that a late hint finds it (M5)."""


class Type(StrEnum):
    """What kind of reminder it is."""

    EMAIL = "Email"
    CALL = "Call"
    IN_MAIL = "InMail"
    CUSTOM = "Custom"


class Status(StrEnum):
    """Whether it is still to be done."""

    OPEN = "Open"
    COMPLETE = "Complete"


class Priority(StrEnum):
    """How much it matters."""

    NORMAL = "Normal"
    HIGH = "High"


class Field(StrEnum):
    """The mapped fields. The assignee comes first because the owner is merged first (F6)."""

    ASSIGNEE = "assignee"
    NAME = "name"
    STATUS = "status"
    PRIORITY = "priority"
    DUE = "due"
    DETAILS = "details"
    PERSON = "person"


class Side(StrEnum):
    """The two sides of the sync."""

    HERE = "here"
    SALESFORCE = "salesforce"


Pair = tuple[str | None, str | None]
"""One field's value in both representations: (the reminder's, the task's). Details are digests (`mapping.digest`)."""

Pairs = Mapping[Field, Pair]


@dataclass(frozen=True, slots=True, kw_only=True)
class Values:
    """What people see and edit. Ids are 18-character Salesforce ids; empty text is the same as absent (F7)."""

    name: str
    assignee: str
    type: Type = Type.CUSTOM
    status: Status = Status.OPEN
    priority: Priority = Priority.NORMAL
    due: date | None = None
    details: str | None = None
    person: str | None = None
    campaign_name: str | None = None
    campaign_day: str | None = None
    campaign_step: str | None = None
    call_outcome: str | None = None
    call_reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Where both sides last agreed.

    `pairs` has one entry per mapped field. `inputs` are the values of the subject's dynamic fields at that time, because
    "our own subject changed" is asked with today's template on today's values against today's template on these (F1).
    """

    pairs: Pairs
    inputs: Mapping[str, str]


class Write(StrEnum):
    """What a push does to a task."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """One write about to be made. `number` is the reminder's version that stored it, hence unique on this reminder.

    `seen`: an update's precondition, the task's stamp as read before it. A task that still bears it was not written since (M8).
    """

    number: int
    write: Write
    at: datetime
    pairs: Pairs = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)
    seen: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tombstone:
    """A delete: when, on which side, and since when both sides agree on it (None: still waiting to be carried over).

    `passed`: since when the mass-delete valve lets it through to Salesforce; it is counted once, however often it must be sent (M9).
    `restored`: it was taken back here then. The next merge reads the task, which decides whether the link still holds or a new
    task is needed, and clears the tombstone (M5).
    """

    at: datetime
    side: Side
    agreed: datetime | None = None
    restored: datetime | None = None
    passed: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A delete that the mass-delete valve holds, made on this `side`, and since when (M9).

    `deleted`: when its task was deleted, as far as known. `confirmed`: an administrator let a delete made in Salesforce through
    then; the next merge reads the task again.
    """

    side: Side
    since: datetime
    deleted: datetime | None = None
    confirmed: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """Somebody completed it, on this side, at that time; of Salesforce's it is an upper bound, as in M2 (C6)."""

    side: Side
    at: datetime


EXCERPT = 140
"""Characters of a value in a line of history; what is lost is kept whole."""


def excerpt(text: str | None) -> str | None:
    """Cut a value for a line of history."""
    return text if text is None or len(text) <= EXCERPT else f"{text[: EXCERPT - 1]}…"


def several(values: Mapping[Field, str | None]) -> str:
    """Write several fields in one text, each cut."""
    return "; ".join(f"{item}: {excerpt(value) or '(empty)'}" for item, value in values.items())


class Event(StrEnum):
    """What a line of history tells."""

    CREATED = "created"
    EDITED = "edited"
    IMPORTED = "imported"
    LINKED = "linked"
    MERGED = "merged"
    CONFLICT = "conflict"
    REPLACED = "replaced"
    PUSHED = "pushed"
    DELETED = "deleted"
    RESTORED = "restored"
    HANDED_OVER = "handed over"
    CAME_BACK = "came back"
    REFUSED = "refused"
    PROBLEM = "problem"
    RETRIED = "retried"
    IGNORED = "ignored"
    DRIFT = "drift"
    HELD = "held"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a reminder's history: what happened, by which rule, in words.

    `text` is a sentence of `sayings` whose `{names}` stand for `values`; `words` is it with them. Lines stored before there were such
    sentences hold the whole text.

    `lost` is a value that no longer stands on either side because of what happened; it can be taken back with one click
    (M2), so it is kept whole, details included.

    Why it was decided so (C2): `before` is what both sides had agreed on, `here` and `there` what each held then, as excerpts
    (several fields as `due: …; priority: …`). `calls`: the API calls that this attempt took part in, of which the one that wrote
    was shared by `shared` reminders.
    """

    at: datetime
    event: Event
    rule: str
    text: str
    side: Side | None = None
    field: Field | None = None
    lost: str | None = None
    before: str | None = None
    here: str | None = None
    there: str | None = None
    calls: int | None = None
    shared: int | None = None
    values: Mapping[str, str] | None = None

    @property
    def words(self) -> str:
        """What happened, in English."""
        values = self.values or {}
        return _NAMED.sub(lambda found: values.get(found[1], found[0]), self.text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Why a push of this reminder was refused for good (O3): Salesforce's error code and words, and since when.

    `ignored`: since when Diagnostics need not show it; another cause, or an edit, shows it again (C4).
    """

    code: str
    message: str
    since: datetime
    ignored: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reminder:
    """A reminder and the sync's memory of it: one item, changed in one conditional write.

    - `version`: 0 before it is stored; the ledger adds one with every write and refuses a write on an older version.
    - `sponsor`: the user whose sync covers it (S2: the assignee at creation, if syncing then). None: not synced.
    - `edited`: when each field was last edited here, by Salesforce's clock (M2).
    - `generation`: the n of the external id `<id>-<n>` (M5).
    - `pending`: something here is not agreed yet. `next_attempt`: when the schedule tries it (None: it waits for an event,
      such as sync being turned on or the problem being solved).
    - `held`: the delete of it, there or here, waits for an administrator (M9).
    - `retrying`: the code of the trouble that was there before the last edit; if that edit goes out, its group is tried too (O4).
    - `rounds`: updates sent since somebody last edited it here; a pair that goes on without anyone editing is stopped (M8).
    - `rings`: this very write is an edit, or a merge that leaves something new to send, so the stream wakes the push (O1).
    - `completion`: by this very write somebody completes it, so the stream announces it (C6). Like `rings` it belongs to the write:
      the store forgets it with the next one, and never reads it back.
    - `changed`: when its history last told something; the ledger sets it with the lines (I5).
    """

    id: str
    values: Values
    created: datetime
    created_by: str
    version: int = 0
    sponsor: str | None = None
    edited: Mapping[Field, datetime] = field(default_factory=dict)
    generation: int = 0
    task_id: str | None = None
    agreement: Agreement | None = None
    intents: tuple[Intent, ...] = ()
    tombstone: Tombstone | None = None
    held: Held | None = None
    handed_over: bool = False
    trouble: Trouble | None = None
    retrying: str | None = None
    pending: bool = False
    rounds: int = 0
    attempts: int = 0
    next_attempt: datetime | None = None
    rings: bool = False
    completion: Completion | None = None
    changed: datetime | None = None

    @property
    def external_id(self) -> str:
        """The value of `Reminder_Id__c` on this reminder's task (M5)."""
        return f"{self.id}-{self.generation}"

    @property
    def owner_before(self) -> str | None:
        """Whose task it was when both sides last agreed; before that, whose sync covers it (S3, F6)."""
        return self.agreement.pairs[Field.ASSIGNEE][1] if self.agreement else self.sponsor

    @property
    def deleted(self) -> bool:
        """Whether it was deleted on either side."""
        return self.tombstone is not None and self.tombstone.restored is None

    @property
    def expires(self) -> datetime | None:
        """When the store may forget it: never while a delete still waits (M5)."""
        agreed = self.tombstone.agreed if self.tombstone and self.deleted else None
        return agreed + RECENTLY_DELETED + LINK_OUTLIVES if agreed else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One thing to store: a reminder on the version that was read (0: it must not exist yet), with what belongs to it.

    Reminder, link and lines are written together or not at all. `link` is the task id that this write links to the reminder:
    if that task is linked to another reminder already, the write is refused like a stale one. `unlink` is the task id whose link
    to it is removed. `also` is another reminder that this concerns, with lines for its history (M5): it is written together with this
    one, on the version that was read, and has neither links nor an `also` of its own.
    """

    reminder: Reminder
    link: str | None = None
    unlink: str | None = None
    lines: tuple[Line, ...] = ()
    also: Record | None = None


def dated(record: Record) -> Reminder:
    """Give the reminder as a ledger writes it: what its history tells now is its last change (I5)."""
    told = max((line.at for line in record.lines), default=record.reminder.changed)
    return record.reminder if told == record.reminder.changed else replace(record.reminder, changed=told)


class SyncState(StrEnum):
    """What a person is told about the sync of one reminder (C1)."""

    SYNCED = "synced"
    WAITING = "waiting"
    NOT_SYNCED = "not synced"
    HANDED_OVER = "handed over"
    PROBLEM = "problem"


def sync_state(reminder: Reminder) -> SyncState:
    """Tell the one state that a person should see (C1)."""
    if reminder.trouble:
        return SyncState.PROBLEM
    if reminder.handed_over:
        return SyncState.HANDED_OVER
    if reminder.sponsor is None:
        return SyncState.NOT_SYNCED
    return SyncState.WAITING if reminder.pending else SyncState.SYNCED


def parse_external_id(external_id: str) -> tuple[str, int] | None:
    """Split `<reminder id>-<n>` (M5); None if it has another form."""
    reminder_id, dash, number = external_id.rpartition("-")
    return (reminder_id, int(number)) if dash and reminder_id and number.isdecimal() else None


def imported_id(task_id: str) -> str:
    """Derive the id of the reminder that an import of this task makes, so that importing twice makes one."""
    return f"sf{task_id}"


def waiting(reminder: Reminder, now: datetime) -> Reminder:
    """Mark it as having something new to send, and ring the bell (O1)."""
    return replace(reminder, pending=True, next_attempt=now, attempts=0, rings=True)
