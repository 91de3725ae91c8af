"""The way between our values and the items of the tables, and the checks on reading them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar
from zlib import crc32

from reminders.core.drift import Comparison, Drift
from reminders.core.lag import Lag
from reminders.core.lists import AFTER_DATES, changed_place, given_away, place, shelf, trouble_place
from reminders.core.problems import Failure, Outage
from reminders.core.push_plan import Waits, urgency_key
from reminders.core.reminder import Reminder
from reminders.core.settings import Import, Settings, User
from reminders.ledger.items import (
    SCHEMA,
    ComparisonItem,
    DriftItem,
    Item,
    LagItem,
    OutageItem,
    ReminderItem,
    SettingsItem,
    UserItem,
)

WAITING_SHARDS: Final = 4
"""Partitions of the index `waiting`: a partition takes 1,000 writes a second, and every attempt of a mass load moves two entries.

The index `troubled` has as many, for the same reason: one validation rule can refuse a whole mass load.
"""


_Kind = TypeVar("_Kind", bound=Item)


NEVER: Final = datetime(9999, 12, 31, tzinfo=UTC)
"""The next attempt, in the index, of what waits for its owner's sync; an index holds only items that have both its keys."""


class UnknownSchema(ValueError):
    """An item was written by a newer version of this program; it is left alone rather than misread."""


def reminder_item(model: type[ReminderItem], reminder: Reminder) -> ReminderItem:
    """Make the item of a reminder, still on the version that was read, with what indexes, stream and TTL live on."""
    return model(
        reminder_id=reminder.id,
        rings=True if reminder.rings else None,
        completion=reminder.completion,
        expires=reminder.expires,
        list_key=list_key(reminder.values.assignee, shelf(reminder)),
        list_order=place(reminder),
        changed_order=changed_place(reminder),
        creator_key=list_key(reminder.created_by, shelf(reminder)) if given_away(reminder) else None,
        person_key=reminder.values.person or None,  # an index takes no empty key
        **_waiting(reminder),
        **_troubled(reminder),
        **_version(reminder.version),
        **{name: getattr(reminder, name) for name in _REMINDER},
    )


def list_key(assignee: str, shelf_name: str) -> str:
    """Give the key of one of an assignee's shelves."""
    return f"{assignee}#{shelf_name}"


def to_reminder(item: ReminderItem) -> Reminder:
    """Read a reminder. `rings` and `completion` belong to a write, not to what was written: they are never read back."""
    check(item)
    return Reminder(
        id=item.reminder_id,
        version=item.version,
        next_attempt=None if item.next_attempt == NEVER else item.next_attempt,
        **{name: getattr(item, name) for name in _REMINDER},
    )


def to_waits(item: ReminderItem) -> Waits:
    """Read an entry of the index `waiting`. One written before urgency was kept comes last among its owner's."""
    owner = item.list_key.partition("#")[0]
    return Waits(id=item.reminder_id, owner=owner, attempt=item.next_attempt, urgency=item.urgency or AFTER_DATES)


def stuck_shard(owner: str) -> str:
    """Give the part of the index `waiting` that holds what waits for this user's sync (S3)."""
    return f"stuck#{owner}"


def settings_attributes(settings: Settings) -> dict[str, Any]:
    """Give the attributes of the settings' item, still on the version that was read."""
    return _version(settings.version) | {name: getattr(settings, name) for name in _SETTINGS}


def to_settings(item: SettingsItem) -> Settings:
    """Read the settings."""
    check(item)
    return Settings(version=item.version, **{name: getattr(item, name) for name in _SETTINGS})


def user_attributes(user: User) -> dict[str, Any]:
    """Give what a save of a user sets: all but the version and the sets, which have rules of their own."""
    due = user.first_sync is not None and not user.first_sync.listed
    return {name: getattr(user, name) for name in _USER} | {
        "first_sync": user.first_sync,
        "first_sync_due": True if due else None,
        "batches": set(user.first_sync.batches) or None if user.first_sync else None,
        "schema": SCHEMA,
    }


def to_user(item: UserItem) -> User:
    """Read a user; the batches of the first sync are those not struck off."""
    check(item)
    return User(
        id=item.sk,
        version=int(item.version),
        first_sync=_left(item.first_sync, item.batches or (), item.struck or ()),
        **{name: getattr(item, name) for name in _USER},
    )


def outage_key(run: str, code: str) -> str:
    """Give the sort key of an outage."""
    return f"{run}#{code}"


def to_outage(item: OutageItem) -> Outage:
    """Read an outage."""
    run, _, code = check(item).sk.partition("#")
    failure = Failure(kind=item.kind, code=code, message=item.message)
    return Outage(run=run, failure=failure, since=item.since, seen=item.seen)


def to_lag(item: LagItem) -> Lag:
    """Read a lag."""
    direction = check(item).sk.partition("#")[0]
    return Lag(direction=direction, at=item.at, worst=timedelta(seconds=int(item.worst)))


def to_comparison(item: ComparisonItem) -> Comparison:
    """Read a comparison."""
    check(item)
    return Comparison(
        kind=item.sk,
        at=item.at,
        why=item.why,
        hinted=int(item.hinted),
        dead_letters=int(item.dead_letters),
        malformed=int(item.malformed),
    )


def to_drift(item: DriftItem) -> Drift:
    """Read what the sweep found."""
    check(item)
    return Drift(at=item.at, reminder_id=item.reminder_id, task_id=item.task_id, what=tuple(item.what.split(", ")))


def check(item: _Kind) -> _Kind:
    """Pass an item on, unless a newer version wrote it. Raises UnknownSchema."""
    if item.schema > SCHEMA:
        raise UnknownSchema(f"{type(item).__name__} has schema {item.schema:g}; this version reads up to {SCHEMA}")
    return item


def _waiting(reminder: Reminder) -> dict[str, Any]:
    """Give the keys of the index `waiting`; neither, if nothing is to be done until somebody edits."""
    if reminder.next_attempt:
        return {
            "waiting_shard": _shard(reminder),
            "next_attempt": reminder.next_attempt,
            "urgency": urgency_key(reminder),
        }
    if reminder.pending and (owner := reminder.owner_before):
        return {"waiting_shard": stuck_shard(owner), "next_attempt": NEVER}
    return {}


def _troubled(reminder: Reminder) -> dict[str, Any]:
    """Give the keys of the index `troubled`; neither, if it has no problem."""
    order = trouble_place(reminder)
    return {"trouble_shard": _shard(reminder), "trouble_order": order} if order else {}


def _shard(reminder: Reminder) -> str:
    return str(crc32(reminder.id.encode()) % WAITING_SHARDS)


def _version(version: int) -> dict[str, Any]:
    """Give the version that was read; left out, PynamoDB asks that the item does not exist yet."""
    return {"version": version} if version else {}


def _left(first_sync: Import | None, batches: Collection[str], struck: Collection[str]) -> Import | None:
    return first_sync and replace(first_sync, batches=frozenset(batches) - frozenset(struck))


def _names(kind: type, *but: str) -> tuple[str, ...]:
    return tuple(each.name for each in fields(kind) if each.name not in but)


_REMINDER = _names(Reminder, "id", "version", "rings", "completion", "next_attempt")
_SETTINGS = _names(Settings, "version")
_USER = _names(User, "id", "version", "first_sync")
