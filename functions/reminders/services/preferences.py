"""What people choose: their own sync (S1 to S3), the org-wide settings (S6), and what they are told of the sync (C3)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from reminders.core import set_up_rules, subject
from reminders.core.budget import Spending
from reminders.core.edit import Refused
from reminders.core.lag import DAY, Lag
from reminders.core.reminder import Field
from reminders.core.settings import Choice, Settings, User, import_from
from reminders.ports import Person, World
from reminders.services.errors import ApiError, stale
from reminders.sync import set_up

USERS: Final = "005"
"""How ids of users begin in Salesforce."""

Named = User | Person

SYNC_OFF: Final = "Do not sync to Salesforce tasks"
SYNC_ON: Final = "Sync with Salesforce tasks"
"""The two choices, in the words of S1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncStatus:
    """How the sync is doing: last success per direction, reminders waiting for a push in the whole org, calls used, and our share (C3)."""

    now: datetime
    successes: Mapping[str, datetime]
    waiting: int
    calls: Spending | None
    share: float
    lags: Sequence[Lag]


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """A user's choice on the version of their record that they saw; `hours` is the import window (None: the org's)."""

    syncs: bool
    hours: int | None
    version: int


def switch(world: World, user: User, choice: Switch, *, now: datetime) -> User:
    """Turn a user's sync on or off. Raises ApiError (412).

    Turning it on stores the wish for a first sync in the same write; the stream of the table carries it to the poll (S1).
    Choosing what is chosen already changes nothing, so a second click starts no second import.
    """
    if user.version != choice.version:
        raise stale()
    if user.syncs == choice.syncs:
        return user
    wanted = replace(user, syncs=choice.syncs, changed=now)
    if choice.syncs:
        hours = choice.hours or world.ledger.settings().import_hours
        wanted = replace(wanted, first_sync=import_from(user, hours, now))
    stored = world.ledger.save_user(wanted)
    if stored is None:
        raise stale()
    return stored


def change_settings(world: World, wanted: Settings) -> Settings:
    """Store the org-wide settings on the version they carry. Raises Refused, ApiError (412)."""
    check(wanted)
    _check_values(world, wanted)
    stored = world.ledger.save_settings(wanted)
    if stored is None:
        raise stale()
    return stored


def check(settings: Settings) -> None:
    """Refuse settings by which values could not find their way back. Raises Refused."""
    try:
        subject.check(settings.subject_template)
    except subject.UnknownField as error:
        raise Refused("subject_template", f"{str(error)[:1].upper()}{str(error)[1:]}.") from error
    _check_choices("statuses", settings.statuses.items())
    _check_choices("priorities", settings.priorities.items())


def _check_values(world: World, wanted: Settings) -> None:
    """Refuse a written value that is new and that the org does not have (F2). Asks the org only then. Raises Refused, OrgUnavailable."""
    now = world.ledger.settings()
    known = world.ledger.picklists()
    for field, name in ((Field.STATUS, "statuses"), (Field.PRIORITY, "priorities")):
        fresh = _written(wanted, field) - _written(now, field)
        if not fresh or (known and not fresh & set_up_rules.absent_values(field, wanted, known)):
            continue
        known = set_up.ask_picklists(world)
        if absent := fresh & set_up_rules.absent_values(field, wanted, known):
            names = ", ".join(f"“{each.name}”" for each in known.of(field))
            raise Refused(name, f"The org has no “{min(absent)}”. It has: {names}.")


def _written(settings: Settings, field: Field) -> frozenset[str]:
    choices = settings.statuses if field is Field.STATUS else settings.priorities
    return frozenset(choice.written for choice in choices.values())


def _check_choices(name: str, choices: Iterable[tuple[str, Choice]]) -> None:
    """One value of the org must mean one value of ours (F2, F3)."""
    meanings: dict[str, str] = {}
    for key, choice in choices:
        for value in {choice.written, *choice.also_read}:
            if value in meanings:
                raise Refused(name, f"“{value}” cannot stand for {meanings[value]} and for {key}.")
            meanings[value] = key


def status(world: World, now: datetime) -> SyncStatus:
    """Tell how the sync is doing (C3). Asks nothing of Salesforce."""
    return SyncStatus(
        now=now,
        successes=world.ledger.successes(),
        waiting=world.ledger.count_waiting(),
        calls=world.ledger.spending(now),
        share=world.ledger.settings().api_share,
        lags=world.ledger.lags(now - DAY),
    )


def ask_for_sync(world: World, now: datetime) -> None:
    """Wake the poll, which polls and rings for what waits (C3). Raises ApiError (429) within a minute of the last time."""
    if not world.ledger.ask_for_sync(now):
        raise ApiError(429, "too_soon", "A sync was asked for less than a minute ago; it is under way.")


def named(world: World, ids: Sequence[str]) -> list[Named]:
    """Name leads, contacts and users by id (C1); who is not there is left out. Users that we know cost no call."""
    users = [each for each in ids if each.startswith(USERS)]
    known: dict[str, Named] = {**world.ledger.users(users)}
    if unknown := [each for each in users if each not in known]:
        known |= world.org.users(unknown)
    people = [each for each in ids if not each.startswith(USERS)]
    return [*known.values(), *(world.org.named(people) if people else ())]


def assignees(world: World, asker: User) -> list[User]:
    """List whom a reminder can be offered to: everybody who syncs, and the asker; anybody else goes by id."""
    users = {user.id: user for user in [asker, *world.ledger.syncing()]}
    return sorted(users.values(), key=lambda user: (user.name.casefold(), user.id))
