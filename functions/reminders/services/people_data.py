"""One person's data, for administrators: taken out, and erased (C8). The person is a user of this deployment.

Erasing is done here only. The tasks stay in Salesforce, which is the customer's own system, and are unlinked; with the user's sync off
nothing brings them back. It goes page by page, and whatever was under way when it began may write once more, so it is done only
when a look that began long enough after sync was turned off has found nothing. Every step can be repeated.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from reminders.core.lists import Shelf, whole_shelf
from reminders.core.reminder import Line, Record, Reminder, Values
from reminders.core.settings import User
from reminders.ports import World
from reminders.services.access import require_admin
from reminders.services.errors import ApiError, stale

LOG = logging.getLogger(__name__)

EXPORTED: Final = 100
"""Reminders in one page of an export, each with its history."""

ERASED: Final = 100
"""Reminders that one call erases at most."""

ERASED_NAME: Final = "(erased)"

UNDER_WAY: Final = timedelta(minutes=5)
"""Longer than any invocation lasts: what read the switch before it was turned off has ended by then."""

_SHELVES: Final = tuple(Shelf)


@dataclass(frozen=True, slots=True)
class Export:
    """A page of what is stored about a user; `next` is where to go on, None at the end."""

    user: User
    reminders: tuple[tuple[Reminder, tuple[Line, ...]], ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class Erasure:
    """What one call erased; unless `done`, it must be called again, after so many seconds."""

    erased: int
    done: bool
    again_in: int | None


def export(world: World, asker: User, user_id: str, after: str | None) -> Export:
    """Read a page of everything that is stored about a user. Raises ApiError (403, 404, 422)."""
    require_admin(asker)
    user = world.ledger.users([user_id]).get(user_id)
    if user is None:
        raise ApiError(404, "not_found", "There is no such user here.")
    name, _, place = (after or Shelf.OPEN).partition("/")
    if name not in set(Shelf):
        raise ApiError(422, "invalid", "This is no `next` of an export.", field="cursor")
    shelf = Shelf(name)
    page = world.ledger.page(user_id, whole_shelf(shelf), place or None, EXPORTED)
    further = _SHELVES[_SHELVES.index(shelf) + 1 :]
    onward = f"{shelf}/{page.next}" if page.next else next(iter(further), None)
    told = tuple((each, tuple(world.ledger.history(each.id))) for each in page.reminders)
    return Export(user, told, onward)


def erase(world: World, asker: User, user_id: str, *, now: datetime) -> Erasure:
    """Erase a part of what is stored about a user, or the rest of it. Raises ApiError (403, 412, 422).

    First sync is turned off, so nothing comes back; then the reminders that are assigned to the user go, with history and links;
    at last the user's own record. One that is erased already is done.
    """
    require_admin(asker)
    if user_id == asker.id:
        raise ApiError(422, "refused", "Another administrator must erase you.", field="user_id")
    user = world.ledger.users([user_id]).get(user_id)
    if user and (user.syncs or user.changed is None):
        user = world.ledger.save_user(replace(user, syncs=False, changed=now, first_sync=None))
        if user is None:
            raise stale()
    held = _held(world, user_id)
    emptied = world.ledger.save([Record(reminder=_emptied(each), unlink=each.task_id) for each in held])
    gone = sum(world.ledger.erase([each for each in emptied if each]))
    again_in = 0 if held else _finish(world, user, now)
    LOG.info("a user's data is erased", extra={"by": asker.id, "reminders": gone, "done": again_in is None})
    return Erasure(erased=gone, done=again_in is None, again_in=again_in)


def _finish(world: World, user: User | None, now: datetime) -> int | None:
    """Forget the user, if nothing can be under way any more; else tell after how many seconds to look again."""
    if user is None:
        return None
    left = (user.changed or now) + UNDER_WAY - now
    if left > timedelta():
        return int(left.total_seconds())
    return None if world.ledger.forget_user(user) else 0


def _emptied(reminder: Reminder) -> Reminder:
    """Give it without anything of a person but whose it is. Written on its version, it is the erasure's from then on.

    What is removed afterwards, its history above all, cannot be that of a reminder that somebody else was just given.
    """
    return Reminder(
        id=reminder.id,
        version=reminder.version,
        values=Values(name=ERASED_NAME, assignee=reminder.values.assignee),
        created=reminder.created,
        created_by=reminder.values.assignee,
    )


def _held(world: World, user_id: str) -> list[Reminder]:
    """Find the next reminders to erase, of any shelf."""
    held: list[Reminder] = []
    for shelf in _SHELVES:
        if len(held) < ERASED:
            held += world.ledger.page(user_id, whole_shelf(shelf), None, ERASED - len(held)).reminders
    return held
