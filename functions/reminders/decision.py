"""What a merge is told and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from reminders.reminder import Event, Line, Pairs, Record, Reminder, Side, Write
from reminders.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a merge must know besides the three sides.

    `syncing`: the users, among those concerned, who sync now. `skew`: Salesforce's clock minus ours, which corrects the edit
    times of reminders when they are held against the task's stamps (M2).
    """

    settings: Settings
    syncing: frozenset[str]
    skew: timedelta = timedelta()


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """One write to make: the raw task fields, and their pairs and dynamic fields for the intent and the next agreement."""

    write: Write
    fields: Mapping[str, str | None] = field(default_factory=dict)
    pairs: Pairs = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a merge wants done, and why, in words: `record` is to be stored (None: nothing changed), `send` to be sent.

    `also` is a line for the history of another reminder that this concerns (M5), stored first.
    """

    rule: str
    reason: str
    record: Record | None = None
    send: Send | None = None
    also: Record | None = None


def sync_is_off(reminder: Reminder) -> Decision:
    """Nothing moves, nothing is lost (S3); the schedule stops trying it until sync is turned on."""
    stop = Record(reminder=replace(reminder, next_attempt=None, rings=False)) if reminder.next_attempt else None
    return Decision(rule="S3", reason="Sync is off for its owner; nothing moves.", record=stop)


def there(event: Event, rule: str, text: str, now: datetime) -> Line:
    """Tell of something that happened in Salesforce."""
    return Line(at=now, event=event, rule=rule, text=text, side=Side.SALESFORCE)
