"""What a merge is told and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from reminders.core.reminder import Event, Line, Pairs, Record, Reminder, Side, Write, waiting
from reminders.core.sayings import Said
from reminders.core.settings import Settings
from reminders.core.task import Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a merge must know besides the three sides.

    `syncing`: the users, among those concerned, who sync now. `me`: the user that we write as; empty where no task was read.
    `skew`: Salesforce's clock minus ours, which corrects the edit times of reminders when they are held against the task's stamps (M2).
    """

    settings: Settings
    syncing: frozenset[str]
    me: str
    skew: timedelta = timedelta()


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """One write to make: the raw task fields, and their pairs and dynamic fields for the intent and the next agreement."""

    write: Write
    fields: Mapping[str, str | None] = field(default_factory=dict)
    pairs: Pairs = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delete:
    """A delete that a decision carries over to the other side, and what is done instead if the mass-delete valve holds it (M9).

    `side`: where it was made. `owner`: whose delete it counts as. `key`: what it counts as: its task's series, else the reminder.
    """

    side: Side
    owner: str
    key: str
    held: Decision


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a merge wants done, and why, in words: `record` is to be stored (None: nothing changed), `send` to be sent.

    `delete`: it carries a delete over, which must be counted before anything is stored or sent (M9).
    """

    rule: str
    reason: str
    record: Record | None = None
    send: Send | None = None
    delete: Delete | None = None


def sync_is_off(reminder: Reminder) -> Decision:
    """Nothing moves, nothing is lost (S3); the schedule stops trying it until sync is turned on."""
    stop = Record(reminder=replace(reminder, next_attempt=None, rings=False)) if reminder.next_attempt else None
    return Decision(rule="S3", reason="Sync is off for its owner; nothing moves.", record=stop)


def there(event: Event, rule: str, text: Said, now: datetime, **values: str) -> Line:
    """Tell of something that happened in Salesforce."""
    return Line(at=now, event=event, rule=rule, text=text, values=values or None, side=Side.SALESFORCE)


def rung(before: Reminder, after: Reminder, now: datetime) -> Reminder:
    """Ring for what is new to send, and for what waited for sync to be turned on; the rest has rung already (O1)."""
    return after if before.pending and before.next_attempt else waiting(after, now)


def changed(before: Reminder, after: Reminder, lines: tuple[Line, ...], task: Task) -> Record | None:
    """Return what to store, or None where a merge changed nothing: an echo costs no write (M8)."""
    link = task.id if before.task_id is None else None
    if not lines and link is None and replace(after, rings=before.rings) == before:
        return None
    return Record(reminder=after, link=link, lines=lines)
