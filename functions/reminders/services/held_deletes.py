"""What administrators do with deletes that the mass-delete valve holds (M9): look at them, confirm or reject them, many at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, assert_never

from reminders.core import holds
from reminders.core.reminder import Record, Reminder, Side
from reminders.core.settings import User
from reminders.ports import World
from reminders.services.access import require_admin
from reminders.services.errors import ApiError, not_found

LOOKED_AT: Final = 1_000
"""Held deletes that are looked at for one answer."""

AT_ONCE: Final = 200
"""Held deletes that one request decides."""


class Verdict(StrEnum):
    """What an administrator decides."""

    CONFIRM = "confirm"
    REJECT = "reject"


@dataclass(frozen=True, slots=True)
class Group:
    """One user's held deletes of one direction: those made on this side."""

    owner: str
    side: Side


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldGroup:
    """A group with its reminders, longest held first, and since when; `name` is its user's."""

    group: Group
    name: str
    since: datetime
    reminders: tuple[Reminder, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldListing:
    """All groups; `truncated` if there is more than was looked at."""

    groups: tuple[HeldGroup, ...]
    truncated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What came of each, by id, as stored or with the error that it deserves; and how many of the group are left (LOOKED_AT at most)."""

    results: tuple[tuple[str, Reminder | ApiError], ...]
    left: int = 0


def listing(world: World, asker: User) -> HeldListing:
    """List what is held. Raises ApiError (403)."""
    require_admin(asker)
    ids = world.ledger.troubled(LOOKED_AT + 1, holds.MASS_DELETE_HELD)
    groups: dict[Group, list[Reminder]] = {}
    for group, reminder in _held(world, ids[:LOOKED_AT]):
        groups.setdefault(group, []).append(reminder)
    users = world.ledger.users({group.owner for group in groups})
    return HeldListing(
        groups=tuple(
            HeldGroup(
                group=group,
                name=users[group.owner].name if group.owner in users else "",
                since=min(each.held.since for each in reminders if each.held),
                reminders=tuple(reminders),
            )
            for group, reminders in groups.items()
        ),
        truncated=len(ids) > LOOKED_AT,
    )


def decide_group(world: World, asker: User, group: Group, verdict: Verdict, *, now: datetime) -> Decided:
    """Decide the longest held of a group, AT_ONCE at most. Repeated, it goes on with what is left. Raises ApiError (403)."""
    require_admin(asker)
    ids = world.ledger.troubled(LOOKED_AT, holds.group(group.side, group.owner))
    held = [each for found, each in _held(world, ids) if found == group]
    results = _decide(world, asker, held[:AT_ONCE], verdict, now)
    return Decided(results=tuple(results.items()), left=max(0, len(held) - AT_ONCE))


def decide_each(world: World, asker: User, ids: Sequence[str], verdict: Verdict, *, now: datetime) -> Decided:
    """Decide these, each by itself and once, in the order of the ids. Raises ApiError (403)."""
    require_admin(asker)
    ids = list(dict.fromkeys(ids))
    found = world.ledger.reminders(ids)
    decided = _decide(world, asker, [found[each] for each in ids if each in found], verdict, now)
    return Decided(results=tuple((each, decided.get(each) or not_found()) for each in ids))


def _decide(
    world: World, asker: User, reminders: Sequence[Reminder], verdict: Verdict, now: datetime
) -> dict[str, Reminder | ApiError]:
    """Write each on the version that was read: what changed meanwhile is not decided on."""
    records = {each.id: _record(each, asker, verdict, now) for each in reminders if holds.is_held(each)}
    stored = dict(zip(records, world.ledger.save(list(records.values())), strict=True))
    return {each.id: _result(each, stored) for each in reminders}


def _result(reminder: Reminder, stored: dict[str, Reminder | None]) -> Reminder | ApiError:
    if reminder.id not in stored:
        return ApiError(409, "not_held", "No delete of this reminder is held (any more).", current=reminder)
    conflict = ApiError(409, "conflict", "This reminder was being changed at the same moment. Look at it again.")
    return stored[reminder.id] or conflict


def _record(reminder: Reminder, asker: User, verdict: Verdict, now: datetime) -> Record:
    by = asker.name or asker.id
    match verdict:
        case Verdict.CONFIRM:
            return holds.confirm(reminder, by=by, now=now)
        case Verdict.REJECT:
            return holds.reject(reminder, by=by, now=now)
        case unknown:
            assert_never(unknown)


def _held(world: World, ids: Sequence[str]) -> Iterator[tuple[Group, Reminder]]:
    """Read what the index named, and leave out what is not held any more."""
    found = world.ledger.reminders(ids)
    for reminder in (found[each] for each in ids if each in found):
        if held := holds.undecided(reminder):
            yield Group(holds.whose(reminder), held.side), reminder
