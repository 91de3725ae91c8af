"""What every ledger promises for long lists, and for data that is erased (C1, C5, C8)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from reminders.core.lists import Shelf, View, span, whole_shelf
from reminders.core.reminder import Event, Line, Record, Reminder, Status, Values
from reminders.core.settings import User
from reminders.ports import Ledger

NOW = datetime(2126, 11, 22, 9, 30, tzinfo=UTC)
"""Ahead of every real clock: the engine forgets what expires."""
ANNA = "005000000000001AAA"
BEN = "005000000000002AAA"
LINE = Line(at=NOW, event=Event.CREATED, rule="C1", text="Created here.")


def a_reminder(reminder_id: str, *, complete: bool = False, assignee: str = ANNA) -> Reminder:
    """Give one that is due today."""
    status = Status.COMPLETE if complete else Status.OPEN
    values = Values(name=reminder_id, assignee=assignee, due=date(2026, 11, 22), status=status)
    return Reminder(id=reminder_id, values=values, created=NOW, created_by=ANNA)


def stored(ledger: Ledger, *reminders: Reminder) -> list[Reminder]:
    """Save what must be accepted, each with a line."""
    saved = [each for each in ledger.save([Record(reminder=each, lines=(LINE,)) for each in reminders]) if each]
    assert len(saved) == len(reminders)
    return saved


def pages(ledger: Ledger, view: View, size: int) -> list[list[str]]:
    """Turn all pages of Anna's view."""
    found: list[list[str]] = []
    place: str | None = None
    while True:
        page = ledger.page(ANNA, span(view, "2026-11-22"), place, size)
        found.append([each.id for each in page.reminders])
        if (place := page.next) is None:
            return found


@pytest.mark.parametrize("complete", [False, True])
def test_pages_hold_everything_once_and_in_order(ledger: Ledger, *, complete: bool) -> None:
    """C5: forwards and backwards, to the last one, without a page too many."""
    ids = [f"r{number}" for number in range(6)]
    stored(ledger, *(a_reminder(each, complete=complete) for each in ids), a_reminder("Ben's", assignee=BEN))
    view, order = (View.COMPLETED, ids[::-1]) if complete else (View.TODAY, ids)
    assert pages(ledger, view, 4) == [order[:4], order[4:]]
    assert pages(ledger, view, 3) == [order[:3], order[3:]]
    assert pages(ledger, view, 6) == [order]
    assert pages(ledger, View.DELETED, 3) == [[]]


def test_a_page_goes_on_where_it_stood_though_its_last_one_has_moved(ledger: Ledger) -> None:
    """C5: completed while somebody reads, it is on neither page; nothing else is left out or shown twice."""
    made = stored(ledger, *(a_reminder(f"r{number}") for number in range(4)))
    part = span(View.OPEN, "2026-11-22")
    first = ledger.page(ANNA, part, None, 2)
    stored(ledger, replace(made[1], values=replace(made[1].values, status=Status.COMPLETE)))
    assert [each.id for each in ledger.page(ANNA, part, first.next, 2).reminders] == ["r2", "r3"]


def test_a_place_behind_the_end_is_the_end(ledger: Ledger) -> None:
    """S5: the day has changed between two pages; nothing is an error."""
    stored(ledger, a_reminder("r1"))
    page = ledger.page(ANNA, span(View.TODAY, "2026-11-22"), "2027-01-01#x", 2)
    assert (page.reminders, page.next) == ((), None)


def test_what_is_erased_is_nowhere(ledger: Ledger) -> None:
    """C8: neither the reminder nor a line of its history; others stay whole."""
    [gone, kept] = stored(ledger, a_reminder("r1"), a_reminder("r2"))
    assert ledger.erase([gone]) == [True]
    assert ledger.reminders(["r1", "r2"]) == {"r2": kept}
    assert (ledger.history("r1"), ledger.history("r2")) == ([], [LINE])
    assert ledger.page(ANNA, whole_shelf(Shelf.OPEN), None, 5).reminders == (kept,)
    assert ledger.erase([gone]) == [False]


def test_what_was_changed_meanwhile_is_not_erased(ledger: Ledger) -> None:
    """C8, M11: somebody else was given it; whoever erases reads again."""
    [old] = stored(ledger, a_reminder("r1"))
    [new] = stored(ledger, replace(old, values=replace(old.values, assignee=BEN)))
    assert ledger.erase([old]) == [False]
    assert ledger.reminders(["r1"]) == {"r1": new}


def test_a_user_is_forgotten_on_the_version_that_was_seen(ledger: Ledger) -> None:
    """C8: a switch turned meanwhile is not lost with it."""
    user = ledger.save_user(User(id=ANNA, name="Anna"))
    assert user
    newer = ledger.save_user(replace(user, syncs=True))
    assert newer
    assert not ledger.forget_user(user)
    assert ledger.forget_user(newer)
    assert ledger.users([ANNA]) == {}
    assert not ledger.forget_user(newer)
    assert ledger.save_user(User(id=ANNA))
