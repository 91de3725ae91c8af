"""The lists of the Command Center (S5, M5): which shelf a reminder lies on, in what order, and which part a view shows. Pure.

Both ledgers are built on these functions: DynamoDB keeps shelf and place as an index, the one in memory sorts by them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Final, assert_never

from reminders.core.holds import group_of
from reminders.core.reminder import RECENTLY_DELETED, Reminder, Status


class View(StrEnum):
    """The lists of the Command Center (S5)."""

    TODAY = "today"
    OVERDUE = "overdue"
    UPCOMING = "upcoming"
    NO_DATE = "no-date"
    OPEN = "open"
    COMPLETED = "completed"
    DELETED = "deleted"


class Shelf(StrEnum):
    """Where a reminder of an assignee lies; every reminder lies on exactly one."""

    OPEN = "open"
    COMPLETE = "complete"
    DELETED = "deleted"
    HANDED = "handed"


BEFORE_DATES: Final = "-"
AFTER_DATES: Final = "~"
"""Markers that sort before and after every ISO date."""


LONGEST_CODE: Final = 100


@dataclass(frozen=True, slots=True)
class Span:
    """The part of a shelf that a view shows: places from `first` to `last`, both included, in ascending order or not."""

    shelf: Shelf
    first: str
    last: str
    ascending: bool = True

    def after(self, where: str | None) -> Span:
        """Give what is left of it from this place on, the place itself included."""
        if where is None:
            return self
        if self.ascending:
            return replace(self, first=max(self.first, where))
        return replace(self, last=min(self.last, where))

    def holds(self, reminder: Reminder) -> bool:
        """Whether the reminder belongs into this list now, whatever an index said a moment ago."""
        return shelf(reminder) is self.shelf and self.first <= place(reminder) <= self.last


def shelf(reminder: Reminder) -> Shelf:
    """Tell the shelf. Handed over, it leaves the lists (F6); deleted, it is under "recently deleted" (M5)."""
    if reminder.deleted:
        return Shelf.DELETED
    if reminder.handed_over:
        return Shelf.HANDED
    return Shelf.COMPLETE if reminder.values.status is Status.COMPLETE else Shelf.OPEN


def given_away(reminder: Reminder) -> bool:
    """Whether whoever made it gave it to somebody else (C1)."""
    return reminder.created_by != reminder.values.assignee


def place(reminder: Reminder) -> str:
    """Tell the place on its shelf: by due date, and deleted ones by when both sides agreed; then by id, so that no two tie."""
    if reminder.tombstone and reminder.deleted:
        agreed = reminder.tombstone.agreed
        when = agreed.astimezone(UTC).isoformat() if agreed else AFTER_DATES
    elif reminder.values.due:
        when = reminder.values.due.isoformat()
    else:
        # Undated ones come last: open ones are listed forwards, completed ones backwards.
        when = BEFORE_DATES if shelf(reminder) is Shelf.COMPLETE else AFTER_DATES
    return f"{when}#{reminder.id}"


def changed_place(reminder: Reminder) -> str | None:
    """Tell the place on its shelf by when its history last told something; None if it never did."""
    return f"{changed_since(reminder.changed)}#{reminder.id}" if reminder.changed else None


def changed_since(moment: datetime) -> str:
    """Tell what comes before every place of that moment or later."""
    return moment.astimezone(UTC).isoformat()


def trouble_place(reminder: Reminder) -> str | None:
    """Tell the place among what has a problem: by code, then longest first (C4); None without a problem.

    What is held by the mass-delete valve goes by user and direction within its code, so that a group of it can be asked for.
    """
    trouble = reminder.trouble
    if trouble is None:
        return None
    return (
        f"{trouble_prefix(group_of(reminder) or trouble.code)}{trouble.since.astimezone(UTC).isoformat()}#{reminder.id}"
    )


def trouble_prefix(code: str) -> str:
    """Tell what the places of this code begin with. Cut, because a key holds 1,024 bytes and a code comes from outside."""
    return f"{code[:LONGEST_CODE]}#"


def whole_shelf(shelf: Shelf) -> Span:
    """Give all of a shelf."""
    return Span(shelf, BEFORE_DATES, AFTER_DATES * 2)


def span(view: View, today: str) -> Span:
    """Tell the part that a view shows on this day of the user's (ISO). Raises ValueError if `today` is no date.

    A place starts with a date and `#`, which sorts before `~`: so `<date>` is before, and `<date>~` after, all of that day.
    """
    day = date.fromisoformat(today)
    tomorrow = (day + timedelta(days=1)).isoformat()
    last = AFTER_DATES * 2
    match view:
        case View.TODAY:
            return Span(Shelf.OPEN, today, tomorrow + AFTER_DATES)
        case View.OVERDUE:
            return Span(Shelf.OPEN, BEFORE_DATES, today)
        case View.UPCOMING:
            return Span(Shelf.OPEN, tomorrow + AFTER_DATES, AFTER_DATES)
        case View.NO_DATE:
            return Span(Shelf.OPEN, AFTER_DATES, last)
        case View.OPEN:
            return Span(Shelf.OPEN, BEFORE_DATES, last)
        case View.COMPLETED:
            return Span(Shelf.COMPLETE, BEFORE_DATES, last, ascending=False)
        case View.DELETED:
            return Span(Shelf.DELETED, (day - RECENTLY_DELETED).isoformat(), last, ascending=False)
        case unknown:
            assert_never(unknown)
