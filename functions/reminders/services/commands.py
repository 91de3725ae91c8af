"""What people do with reminders, one by one or many at once, on the ledger (C1, C5, C7).

One path for both: `apply` takes any number of commands, reads what they concern in one go, writes in one go, and answers each
by itself, with the reminder as stored or with the error that it deserves. A write is on the version that the person has seen;
what lost a race is read again and answered as stale, with the reminder as it is now.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple, assert_never
from uuid import UUID, uuid5

from reminders.core import edit, gone
from reminders.core.gone import Choice
from reminders.core.reminder import Record, Reminder, Values
from reminders.core.settings import Settings, User
from reminders.ports import World
from reminders.services.access import known, may_use
from reminders.services.errors import ApiError, not_found, refused, stale

_KEYS = UUID("6f0f5f5e-8d0b-4c39-9a55-6b1f4b1f0c6e")
"""Namespace of the ids that derive from an idempotency key."""

_REMINDER_ID = re.compile(r"[A-Za-z0-9-]{1,64}")


@dataclass(frozen=True, slots=True)
class Create:
    """Create a reminder under this id. Sent again, it answers with what is there already."""

    id: str
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Change:
    """Change these values (None clears) on this version."""

    id: str
    version: int
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete on this version."""

    id: str
    version: int


@dataclass(frozen=True, slots=True)
class SyncThisOne:
    """Take an older reminder into the sync (S2)."""

    id: str


@dataclass(frozen=True, slots=True)
class Restore:
    """Take a delete back, on this version (M5)."""

    id: str
    version: int


@dataclass(frozen=True, slots=True)
class Retry:
    """Try a refused one again at once (O4)."""

    id: str


@dataclass(frozen=True, slots=True)
class Ignore:
    """Hide its problem from Diagnostics (C4)."""

    id: str


@dataclass(frozen=True, slots=True)
class Choose:
    """Say what becomes of one whose task is gone, on this version (I5)."""

    id: str
    version: int
    choice: Choice


Command = Create | Change | Delete | SyncThisOne | Restore | Retry | Ignore | Choose


class _Context(NamedTuple):
    """What commands may need besides their reminders: those whom they name, and the org's settings, read when asked for."""

    users: Mapping[str, User]
    settings: Callable[[], Settings]


@dataclass(frozen=True, slots=True)
class Done:
    """The reminder as it is stored now; `created` is whether this very command made it."""

    reminder: Reminder
    created: bool = False


def id_for(asker: User, key: str) -> str:
    """Derive a reminder's id from a user's idempotency key: the same key names the same reminder, each user apart."""
    return str(uuid5(_KEYS, f"{asker.id}:{key}"))


def find(world: World, asker: User, reminder_id: str) -> Reminder:
    """Read one reminder, deleted ones included. Raises ApiError (404)."""
    return _mine(asker, _read(world, [reminder_id]).get(reminder_id))


def do(world: World, asker: User, command: Command, *, now: datetime) -> Done:
    """Carry out one command. Raises ApiError, OrgUnavailable."""
    (result,) = apply(world, asker, [command], now=now)
    if isinstance(result, ApiError):
        raise result
    return result


def apply(world: World, asker: User, commands: Sequence[Command], *, now: datetime) -> list[Done | ApiError]:
    """Carry out commands; each succeeds or fails by itself, in input order. Raises OrgUnavailable before any write."""
    reminders = _read(world, [command.id for command in commands])
    assignees = {asker.id} | {new for item in commands if (new := _new_assignee(item))}
    assignees |= {
        reminders[item.id].values.assignee
        for item in commands
        if isinstance(item, SyncThisOne) and item.id in reminders and may_use(asker, reminders[item.id])
    }
    context = _Context(known(world, assignees), world.ledger.settings)
    results: list[Done | ApiError | None] = [None] * len(commands)
    records: dict[int, Record] = {}
    taken: set[str] = set()
    for index, command in enumerate(commands):
        if command.id in taken:
            results[index] = ApiError(422, "named_twice", "This request names the same reminder twice.", field="id")
            continue
        taken.add(command.id)
        try:
            record = _record(asker, command, reminders.get(command.id), context, now)
        except edit.Refused as error:
            results[index] = refused(error)
        except ApiError as error:
            results[index] = error
        else:
            if record.lines:
                records[index] = record
            else:  # nothing changes, so nothing is written (and nobody is woken)
                results[index] = Done(record.reminder)
    for index, stored in zip(records, world.ledger.save(list(records.values())), strict=True):
        results[index] = Done(stored, created=stored.version == 1) if stored else None
    lost = [index for index in records if results[index] is None]
    now_there = _read(world, [commands[index].id for index in lost])
    for index in lost:
        results[index] = _lost(asker, commands[index], now_there.get(commands[index].id))
    return [result for result in results if result is not None]


def _record(asker: User, command: Command, reminder: Reminder | None, context: _Context, now: datetime) -> Record:
    """Turn a command into what to store; a record without lines changes nothing. Raises ApiError, Refused."""
    match command:
        case Create():
            if reminder:
                return Record(reminder=_mine(asker, reminder))
            values = Values(**{**command.values, "assignee": command.values.get("assignee") or asker.id})
            assignee = _assignee(context.users, values.assignee)
            return edit.create(values, reminder_id=command.id, by=asker.id, assignee_syncs=assignee.takes_part, now=now)
        case Change() | Delete() | Restore() | Choose():
            return _versioned(command, _current(asker, reminder, command.version), context, now)
        case Retry():
            return edit.retry(_mine(asker, reminder), now=now)
        case Ignore():
            return edit.ignore(_mine(asker, reminder), now=now)
        case SyncThisOne():
            reminder = _mine(asker, reminder)
            _may_sync(asker, reminder, context.users)
            return edit.sync_this_one(reminder, now=now)
        case _:
            assert_never(command)


def _versioned(
    command: Change | Delete | Restore | Choose, reminder: Reminder, context: _Context, now: datetime
) -> Record:
    """Turn a command on the version that was seen into what to store. Raises Refused."""
    match command:
        case Change():
            if (new := _new_assignee(command)) and new != reminder.values.assignee:
                _assignee(context.users, new)
            return edit.edit(reminder, replace(reminder.values, **command.values), now=now)
        case Delete():
            return edit.delete(reminder, now=now)
        case Restore():
            return edit.restore(reminder, now=now)
        case Choose():
            return gone.choose(reminder, command.choice, context.settings(), now=now)
        case _:
            assert_never(command)


def _lost(asker: User, command: Command, reminder: Reminder | None) -> Done | ApiError:
    """Answer a command whose write was refused, from the reminder as it is now."""
    if reminder is None or not may_use(asker, reminder):
        return not_found()
    match command:
        case Create():
            return Done(reminder)
        case Change() | Delete() | Restore() | Choose():
            return stale(reminder)
        case SyncThisOne() | Retry() | Ignore():
            return ApiError(409, "conflict", "This reminder was being changed at the same moment. Try again.")
        case _:
            assert_never(command)


def _mine(asker: User, reminder: Reminder | None) -> Reminder:
    if reminder is None or not may_use(asker, reminder):
        raise not_found()
    return reminder


def _current(asker: User, reminder: Reminder | None, version: int) -> Reminder:
    reminder = _mine(asker, reminder)
    if reminder.version != version:
        raise stale(reminder)
    return reminder


def _new_assignee(command: Command) -> str | None:
    """Name whom the command assigns a reminder to, if anybody."""
    return command.values.get("assignee") if isinstance(command, Create | Change) else None


def _assignee(users: Mapping[str, User], user_id: str) -> User:
    if user_id not in users:
        raise edit.Refused("assignee", "The assignee must be an active user of your Salesforce organisation.")
    return users[user_id]


def _may_sync(asker: User, reminder: Reminder, users: Mapping[str, User]) -> None:
    """Its owner chooses (S2), and only while syncing: else it would wait for nothing."""
    owner = reminder.values.assignee
    if owner != asker.id and not asker.admin:
        raise ApiError(403, "not_the_owner", "Only the assignee of this reminder can choose “Sync this one”.")
    if reminder.sponsor is None and not (owner in users and users[owner].takes_part):
        raise edit.Refused("sync", "Its assignee does not sync with Salesforce tasks. Turn sync on first.")


def _read(world: World, reminder_ids: Sequence[str]) -> dict[str, Reminder]:
    """Read by id; what cannot be an id of ours is not asked for."""
    asked = [item for item in dict.fromkeys(reminder_ids) if _REMINDER_ID.fullmatch(item)]
    return world.ledger.reminders(asked) if asked else {}
