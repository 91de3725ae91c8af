"""What Salesforce says of our users, read again every day (C7, S3): whether they are active and administer, their name, zone, language.

Whoever became inactive there is refused here, and their sync counts as off whatever they chose: nothing moves, nothing is lost.
Active again, it goes on as after turning it on again.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from reminders.core.settings import User, import_from
from reminders.ports import READ_BATCH, OrgUnavailable, Person, World
from reminders.sync import runs

LOG = logging.getLogger(__name__)

RUN: Final = "users"
"""Of the runs that the poll makes for this, and of the mark of when the org last did not answer somebody's own request."""

AGED: Final = timedelta(days=1)
"""What was read so long ago is read again: so somebody loses the administrator's rights within a day of the permission set."""

PATIENCE: Final = timedelta(minutes=5)
"""So long the org is not asked again for those who are waiting for an answer of ours, after it gave none, or called one inactive."""

_NEVER: Final = datetime(1, 1, 1, tzinfo=UTC)


def refresh_when_due(world: World, users: Sequence[User]) -> list[User]:
    """Read those anew who were not read for a day; give all as they are now. Two calls for up to 500; none where nobody is due.

    Where the org does not answer, what is known stands, and the next poll asks again.
    """
    now = world.clock.now()
    due = sorted(
        (each for each in users if _unread(each, now) >= AGED), key=lambda each: (each.read_at or _NEVER, each.id)
    )
    if not due:
        return list(users)
    run = runs.begin(world, RUN)
    try:
        fresh = {each.id: each for each in _refresh(run.world, due[:READ_BATCH])}
    except OrgUnavailable as stop:
        run.stopped(stop.failure)
        return list(users)
    run.got_through()
    return [fresh.get(each.id, each) for each in users]


def reread(world: World, asker: User) -> User:
    """Read somebody anew who asks for something, if that is due; of one who is not active here it may have changed already.

    Where the org does not answer, what is known stands: the Command Center must not end with Salesforce.
    """
    now = world.clock.now()
    if _unread(asker, now) < (AGED if asker.active else PATIENCE):
        return asker
    unanswered = world.ledger.last_begun(RUN)
    if unanswered and now - unanswered < PATIENCE:
        return asker
    try:
        [fresh] = _refresh(world, [asker])
    except OrgUnavailable as stop:
        LOG.warning("a user was not read again", extra={"user": asker.id, "code": stop.failure.code})
        world.ledger.begun(RUN, now)
        return asker
    return fresh


def stranger(found: Person, now: datetime) -> User:
    """Make the record of somebody whom we did not know."""
    return _as_found(User(id=found.id), found, now, hours=0)


def _unread(user: User, now: datetime) -> timedelta:
    return now - (user.read_at or _NEVER)


def _refresh(world: World, users: Sequence[User]) -> list[User]:
    """Read them, and store what was found. What somebody else stored meanwhile stands; it is asked again. Raises OrgUnavailable."""
    found = world.org.users([each.id for each in users])
    now, hours = world.clock.now(), world.ledger.settings().import_hours
    wanted = [_as_found(each, found.get(each.id), now, hours=hours) for each in users]
    return [world.ledger.save_user(each) or each for each in wanted]


def _as_found(user: User, found: Person | None, now: datetime, *, hours: int) -> User:
    """Give a user as the org has them; one whom it does not show is not active."""
    if found is None:
        found = Person(id=user.id, name=user.name, username=user.username, active=False)
        found = replace(found, time_zone=user.time_zone, language=user.language)
    fresh = replace(
        user,
        name=found.name,
        username=found.username,
        active=found.active,
        admin=found.active and found.admin,
        time_zone=found.time_zone,
        language=found.language,
        read_at=now,
    )
    if not user.syncs or user.active == fresh.active:
        return fresh
    if fresh.active:  # as if they had turned it on again (S3)
        return replace(fresh, changed=now, first_sync=import_from(user, hours, now))
    # As if they had turned it off when they were last known to be active: what came since may not have got through.
    return replace(fresh, changed=user.read_at or now)
