"""Who is asking, and what they may see and change (C7)."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from reminders.core.identity import identity
from reminders.core.reminder import Reminder
from reminders.core.settings import User
from reminders.ports import World
from reminders.services.errors import ApiError
from reminders.sync import people

_USER_ID = re.compile(r"005[a-zA-Z0-9]{15}")


@dataclass(frozen=True, slots=True)
class Site:
    """Where this deployment belongs: its org's 18-character id, and the address of that org's pages."""

    organization_id: str
    salesforce_url: str


def user_id(claims: Mapping[str, object], organization_id: str) -> str:
    """Read the user's id from the claims of a verified id token (`sub` is `https://…/id/<org>/<user>`). Raises ApiError.

    The authorizer checked signature, issuer, audience and expiry; that the organisation is ours is checked here, with every
    request, because one sandbox's login host serves many orgs.
    """
    who = identity(claims.get("sub", ""))
    if who is None:
        raise ApiError(401, "not_signed_in", "Sign in with Salesforce first.")
    if who.organization_id != organization_id:
        raise ApiError(403, "other_organization", "You are signed in to another Salesforce organisation.")
    return who.user_id


def sign_in(world: World, asker_id: str) -> User:
    """Find the record of a signed-in user. Raises ApiError (403) for somebody whom the org does not know as active."""
    asker = _stored(world, [asker_id]).get(asker_id)
    if asker is None or not (asker := people.reread(world, asker)).active:
        raise ApiError(403, "unknown_user", "Salesforce does not know you as an active user of this organisation.")
    return asker


def known(world: World, user_ids: Collection[str]) -> dict[str, User]:
    """Find active users by id; whom we do not know yet is asked of the org, once, and kept. Those whom the org has not are absent."""
    return {each: user for each, user in _stored(world, user_ids).items() if user.active}


def _stored(world: World, user_ids: Collection[str]) -> dict[str, User]:
    users = world.ledger.users([item for item in user_ids if _USER_ID.fullmatch(item)])
    strangers = sorted({item for item in user_ids if _USER_ID.fullmatch(item)} - users.keys())
    if not strangers:
        return users
    for found in world.org.users(strangers).values():
        if found.active:
            fresh = people.stranger(found, world.clock.now())
            # None: another request was first, and what it stored counts.
            stored = world.ledger.save_user(fresh) or world.ledger.users([found.id])[found.id]
            users[found.id] = stored
    return users


def may_use(user: User, reminder: Reminder) -> bool:
    """Users see and change what they own or assigned, administrators everything (C7)."""
    return user.admin or user.id in {reminder.values.assignee, reminder.created_by}


def today(user: User, now: datetime) -> date:
    """Give the date where the user is (S5); in UTC if Salesforce names a time zone that Python does not know."""
    try:
        zone = ZoneInfo(user.time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        return now.date()
    return now.astimezone(zone).date()


def require_admin(user: User) -> None:
    """Raise ApiError (403) unless the user administers Reminder Sync."""
    if not user.admin:
        raise ApiError(403, "not_an_administrator", "Only administrators of Reminder Sync may do this.")
