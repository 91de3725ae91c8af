"""What every ledger promises of what somebody assigned to others, and of what is about a lead or contact (C1, C8)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

from reminders.core.lists import View, span
from reminders.core.reminder import Event, Line, Record, Reminder, Status, Values
from reminders.ports import Ledger

NOW = datetime(2126, 11, 22, 9, 30, tzinfo=UTC)
"""Ahead of every real clock: the engine forgets what expires."""
ANNA = "005000000000001AAA"
BEN = "005000000000002AAA"
NINA = "003000000000001AAA"
OTTO = "00Q000000000002AAA"
LINE = Line(at=NOW, event=Event.CREATED, rule="C1", text="Created here.")
OPEN = span(View.OPEN, "2026-11-22")


def stored(ledger: Ledger, reminder_id: str, *, by: str = ANNA, assignee: str = BEN, **values: object) -> Reminder:
    """Save a new one with a line."""
    given = {"name": reminder_id, "assignee": assignee, "due": date(2026, 11, 22), **values}
    reminder = Reminder(id=reminder_id, values=Values(**given), created=NOW, created_by=by)  # type: ignore[arg-type]  # of many types
    [saved] = ledger.save([Record(reminder=reminder, lines=(LINE,))])
    assert saved
    return saved


def given(ledger: Ledger, by: str = ANNA, view: View = View.OPEN) -> list[str]:
    """Give the ids of what somebody assigned to others."""
    return [each.id for each in ledger.given_page(by, span(view, "2026-11-22"), None, 10).reminders]


def about(ledger: Ledger, person: str = NINA) -> list[str]:
    """Give the ids of what is about somebody."""
    return [each.id for each in ledger.about(person, None, 10).reminders]


def test_only_what_was_given_to_others_is_listed_as_given(ledger: Ledger) -> None:
    """C1: in the order of its view; neither one's own nor anybody else's."""
    stored(ledger, "late", due=date(2026, 11, 30))
    stored(ledger, "soon")
    stored(ledger, "own", assignee=ANNA)
    stored(ledger, "done", status=Status.COMPLETE)
    stored(ledger, "Ben's", by=BEN, assignee=ANNA)
    assert given(ledger) == ["soon", "late"]
    assert given(ledger, view=View.COMPLETED) == ["done"]
    assert given(ledger, by=BEN) == ["Ben's"]


def test_what_comes_back_is_given_no_more(ledger: Ledger) -> None:
    """C1: assigned to oneself again, it leaves the list; given on to a third, it stays."""
    back, onward = stored(ledger, "back"), stored(ledger, "onward")
    moved = [
        replace(back, values=replace(back.values, assignee=ANNA)),
        replace(onward, values=replace(onward.values, assignee="005000000000003AAA")),
    ]
    assert all(ledger.save([Record(reminder=each) for each in moved]))
    assert given(ledger) == ["onward"]


def test_pages_of_what_was_given_hold_everything_once(ledger: Ledger) -> None:
    """C1, C5: to the last one, without a page too many."""
    for number in range(5):
        stored(ledger, f"r{number}")
    first = ledger.given_page(ANNA, OPEN, None, 3)
    second = ledger.given_page(ANNA, OPEN, first.next, 3)
    assert [[each.id for each in page.reminders] for page in (first, second)] == [["r0", "r1", "r2"], ["r3", "r4"]]
    assert second.next is None


def test_what_is_about_a_person_is_found_wherever_it_lies(ledger: Ledger) -> None:
    """C8: of every user and shelf, page by page; nothing about anybody else."""
    for number, status in enumerate((Status.OPEN, Status.COMPLETE, Status.OPEN)):
        stored(ledger, f"r{number}", person=NINA, status=status, assignee=(ANNA, BEN)[number % 2])
    stored(ledger, "other", person=OTTO)
    stored(ledger, "nobody")
    first = ledger.about(NINA, None, 2)
    second = ledger.about(NINA, first.next, 2)
    assert [[each.id for each in page.reminders] for page in (first, second)] == [["r0", "r1"], ["r2"]]
    assert (first.next, second.next) == ("r1", None)
    assert about(ledger, OTTO) == ["other"]


def test_whom_it_is_no_longer_about_does_not_find_it(ledger: Ledger) -> None:
    """C8: cleared, or somebody else's."""
    cleared, moved = stored(ledger, "cleared", person=NINA), stored(ledger, "moved", person=NINA)
    changed = [
        replace(cleared, values=replace(cleared.values, person=None)),
        replace(moved, values=replace(moved.values, person=OTTO)),
    ]
    assert all(ledger.save([Record(reminder=each) for each in changed]))
    assert (about(ledger), about(ledger, OTTO)) == ([], ["moved"])


def test_histories_are_forgotten_and_their_reminders_stay(ledger: Ledger) -> None:
    """C8: more lines than one batch write takes; nobody else's; twice is once."""
    one, other = stored(ledger, "one"), stored(ledger, "other")
    for _ in range(30):
        [saved] = ledger.save([Record(reminder=one, lines=(LINE,))])
        assert saved
        one = saved
    for _ in range(2):
        ledger.forget_histories(["one", "unknown"])
        assert (ledger.history("one"), ledger.history("other")) == ([], [LINE])
    assert ledger.reminders(["one", "other"]) == {"one": one, "other": other}
