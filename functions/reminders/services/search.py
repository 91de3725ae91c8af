"""The lists of the Command Center, page by page, with search and filter (S5, C1, C5).

A view can hold any number of reminders; one answer looks at a bounded number of them and says where to go on. So a page of a rare
search may be short, or even empty, and yet not be the last.
"""

from __future__ import annotations

from base64 import b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from reminders.core.lists import View, span
from reminders.core.reminder import Priority, Reminder, SyncState, Type, sync_state
from reminders.core.settings import User
from reminders.ports import World
from reminders.services.access import require_admin, today
from reminders.services.errors import ApiError

MAX_PAGE: Final = 1000
"""Reminders in one answer."""

LOOKED_AT: Final = 2000
"""Reminders that one answer reads at most."""

NOBODY: Final = "none"
"""What is asked for as the person of a reminder that has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """What a reminder must be like; None asks for nothing.

    Every word of `text` is looked for in name, details and campaign, in any case. `person` may be NOBODY.
    """

    text: str | None = None
    type: Type | None = None
    priority: Priority | None = None
    person: str | None = None
    assignee: str | None = None
    created_by: str | None = None
    sync_state: SyncState | None = None

    def fits(self, reminder: Reminder) -> bool:
        """Whether it is like that."""
        values = reminder.values
        wanted = (
            (self.type, values.type),
            (self.priority, values.priority),
            (self.person, values.person or NOBODY),
            (self.assignee, values.assignee),
            (self.created_by, reminder.created_by),
            (self.sync_state, sync_state(reminder)),
        )
        if not all(asked in {None, given} for asked, given in wanted):
            return False
        words = (self.text or "").casefold().split()
        said = "\n".join(filter(None, (values.name, values.details, values.campaign_name))).casefold() if words else ""
        return all(word in said for word in words)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which list is asked for: a view, whose, like what, from where on (a listing's `next`), and how many at most.

    `given`: not of what is assigned to this user, but of what they assigned to others.
    """

    view: View
    whose: str
    given: bool = False
    filter: Filter = Filter()
    after: str | None = None
    limit: int = MAX_PAGE


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One page of a view, soonest due first; `next` is where to go on, None at the end."""

    view: View
    today: date
    reminders: tuple[Reminder, ...]
    next: str | None


def listing(world: World, asker: User, wanted: Wanted, *, now: datetime) -> Listing:
    """List a page of the asker's reminders; administrators may ask for somebody else's. Raises ApiError (403, 422)."""
    if wanted.whose != asker.id:
        require_admin(asker)
    date_there = today(asker, now)
    part = span(wanted.view, date_there.isoformat())
    read = world.ledger.given_page if wanted.given else world.ledger.page
    shown: list[Reminder] = []
    place, looked_at = _place(wanted.after), 0
    while True:
        room = min(wanted.limit - len(shown), LOOKED_AT - looked_at)
        page = read(wanted.whose, part, place, room)
        shown += [each for each in page.reminders if wanted.filter.fits(each)]
        place, looked_at = page.next, looked_at + room
        if place is None or len(shown) == wanted.limit or looked_at >= LOOKED_AT:
            return Listing(view=wanted.view, today=date_there, reminders=tuple(shown), next=_cursor(place))


def _cursor(place: str | None) -> str | None:
    return place and urlsafe_b64encode(place.encode()).decode()


def _place(cursor: str | None) -> str | None:
    """Read a cursor. Raises ApiError (422) for what is none of ours."""
    try:
        return cursor and b64decode(cursor.encode(), altchars=b"-_", validate=True).decode()
    except ValueError:
        raise ApiError(422, "invalid", "This is no `next` of a list.", field="cursor") from None
