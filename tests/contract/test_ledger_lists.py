"""What every ledger promises for lists: the views of the Command Center (S5, M5), and what waits for a push (O1)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from reminders.core.lists import Shelf, View
from reminders.core.reminder import (
    Agreement,
    Event,
    Field,
    Line,
    Record,
    Reminder,
    Side,
    Status,
    Tombstone,
    Trouble,
    Values,
)
from reminders.ports import Ledger

NOW = datetime(2126, 11, 22, 9, 30, tzinfo=UTC)
"""Ahead of every real clock: the engine forgets what expires."""
TODAY = "2126-11-22"
ANNA = "005000000000001AAA"
BEN = "005000000000002AAA"


def a_reminder(reminder_id: str, due: str | None = None, *, complete: bool = False, assignee: str = ANNA) -> Reminder:
    """Give one, on a day or on none."""
    values = Values(
        name=reminder_id,
        assignee=assignee,
        due=date.fromisoformat(due) if due else None,
        status=Status.COMPLETE if complete else Status.OPEN,
    )
    return Reminder(id=reminder_id, values=values, created=NOW, created_by=ANNA)


def deleted(reminder_id: str, agreed: datetime | None) -> Reminder:
    """Give a deleted one, on which both sides agree since then."""
    return replace(a_reminder(reminder_id, TODAY), tombstone=Tombstone(at=NOW, side=Side.HERE, agreed=agreed))


def store(ledger: Ledger, *reminders: Reminder) -> list[Reminder]:
    """Save what must be accepted."""
    stored = [each for each in ledger.save([Record(reminder=each) for each in reminders]) if each]
    assert len(stored) == len(reminders)
    return stored


def listed(ledger: Ledger, view: View, today: str = TODAY) -> list[str]:
    """Give the ids of Anna's list."""
    return [each.id for each in ledger.listing(ANNA, view, today)]


@pytest.mark.parametrize(
    ("view", "expected"),
    [
        (View.TODAY, ["today", "tomorrow"]),
        (View.OVERDUE, ["long ago", "yesterday"]),
        (View.UPCOMING, ["day after", "far"]),
        (View.NO_DATE, ["some day"]),
        (View.OPEN, ["long ago", "yesterday", "today", "tomorrow", "day after", "far", "some day"]),
        (View.COMPLETED, ["done new", "done old", "done some day"]),
        (View.DELETED, ["gone waiting", "gone 1 day", "gone 15 days"]),
    ],
)
def test_a_view_shows_what_belongs_into_it_in_order(ledger: Ledger, view: View, expected: list[str]) -> None:
    """Open ones soonest first and undated last; completed and deleted ones latest first; TODAY is today and tomorrow (S5)."""
    store(
        ledger,
        a_reminder("far", "2131-01-01"),
        a_reminder("tomorrow", "2126-11-23"),
        a_reminder("today", "2126-11-22"),
        a_reminder("yesterday", "2126-11-21"),
        a_reminder("day after", "2126-11-24"),
        a_reminder("long ago", "0999-12-31"),
        a_reminder("some day"),
        a_reminder("done old", "2126-11-22", complete=True),
        a_reminder("done new", "2126-11-23", complete=True),
        a_reminder("done some day", complete=True),
        deleted("gone 1 day", NOW - timedelta(days=1)),
        deleted("gone 15 days", NOW - timedelta(days=15)),
        deleted("gone 16 days", NOW - timedelta(days=16)),
        deleted("gone waiting", None),
        replace(a_reminder("handed over", TODAY), handed_over=True),
        a_reminder("Ben's", TODAY, assignee=BEN),
    )
    assert listed(ledger, view) == expected


def test_today_is_the_users_own_day(ledger: Ledger) -> None:
    """In Auckland it is tomorrow already: the list goes by the date that the caller names."""
    store(ledger, a_reminder("today", "2126-11-22"), a_reminder("day after", "2126-11-24"))
    assert listed(ledger, View.TODAY, "2126-11-23") == ["day after"]
    assert listed(ledger, View.OVERDUE, "2126-11-23") == ["today"]


def test_today_and_tomorrow_cross_the_end_of_the_year(ledger: Ledger) -> None:
    """Tomorrow is counted by the calendar."""
    store(
        ledger,
        a_reminder("eve", "2126-12-31"),
        a_reminder("new year", "2127-01-01"),
        a_reminder("second", "2127-01-02"),
    )
    assert listed(ledger, View.TODAY, "2126-12-31") == ["eve", "new year"]


def test_a_day_that_is_none_is_refused(ledger: Ledger) -> None:
    """Text that is no date would silently list something else."""
    with pytest.raises(ValueError, match="Invalid isoformat"):
        ledger.listing(ANNA, View.TODAY, "today")


def test_a_reminder_moves_between_lists_as_it_changes(ledger: Ledger) -> None:
    """Each write puts it on exactly one shelf: open, completed, handed over, somebody else's, deleted, and back."""
    [stored] = store(ledger, a_reminder("r1", TODAY))
    for change, view in (
        ({"values": a_reminder("r1", TODAY, complete=True).values}, View.COMPLETED),
        ({"values": a_reminder("r1").values}, View.NO_DATE),
        ({"handed_over": True}, None),
        ({"handed_over": False, "values": a_reminder("r1", assignee=BEN).values}, None),
        ({"values": a_reminder("r1", TODAY).values, "tombstone": Tombstone(at=NOW, side=Side.HERE)}, View.DELETED),
        ({"tombstone": None}, View.TODAY),
    ):
        [stored] = store(ledger, replace(stored, **change))
        views = (View.TODAY, View.NO_DATE, View.COMPLETED, View.DELETED)
        assert [each for each in views if "r1" in listed(ledger, each)] == ([view] if view else [])


def test_a_list_shows_no_more_than_asked_for(ledger: Ledger) -> None:
    """The first ones in the order of the list, and those of the same day in the order of their ids."""
    store(ledger, *(a_reminder(f"r{number}", TODAY) for number in range(9)))
    assert [each.id for each in ledger.listing(ANNA, View.TODAY, TODAY, limit=3)] == ["r0", "r1", "r2"]


def test_a_long_list_is_whole(ledger: Ledger) -> None:
    """More than one BatchGetItem holds, in order."""
    ids = [f"r{number:03}" for number in range(130)]
    store(ledger, *(a_reminder(each, TODAY) for each in ids))
    assert listed(ledger, View.TODAY) == ids


def test_what_waits_comes_soonest_attempt_first(ledger: Ledger) -> None:
    """The schedule serves what is due, oldest first, and no more than it can carry; what is not due yet waits (O1)."""
    minutes = {f"r{number}": (number * 7) % 20 - 15 for number in range(20)}
    store(
        ledger, *(replace(a_reminder(each), next_attempt=NOW + timedelta(minutes=at)) for each, at in minutes.items())
    )
    store(ledger, replace(a_reminder("waits for an event"), pending=True))
    due = sorted((each for each in minutes if minutes[each] <= 0), key=lambda each: minutes[each])
    assert ledger.waiting(NOW, 100) == due
    assert ledger.waiting(NOW, 5) == due[:5]
    assert ledger.count_waiting() == 20


def test_owners_take_turns_at_what_is_due(ledger: Ledger) -> None:
    """C8, O6: whoever has one edit waiting is in the first turn, however early another one's many are; under pressure urgency counts."""
    store(
        ledger,
        *(
            replace(
                a_reminder(f"a{number}", f"2126-12-{30 - number}"), next_attempt=NOW - timedelta(minutes=30 - number)
            )
            for number in range(20)
        ),
        replace(a_reminder("ben", assignee=BEN), next_attempt=NOW),
    )
    assert ledger.waiting(NOW, 3) == ["a0", "ben", "a1"]
    assert ledger.waiting(NOW, 3, urgent_first=True) == ["a19", "ben", "a18"]


def test_what_has_no_next_attempt_any_more_waits_no_more(ledger: Ledger) -> None:
    """The index is sparse: what is agreed costs nothing and is never served again."""
    [stored] = store(ledger, replace(a_reminder("r1"), pending=True, next_attempt=NOW))
    store(ledger, replace(stored, pending=False, next_attempt=None))
    assert ledger.waiting(NOW, 5) == []
    assert ledger.count_waiting() == 0


def test_what_waits_for_a_users_sync_is_found_by_that_user(ledger: Ledger) -> None:
    """Turned on again, waiting edits go out (S3): those of tasks that were this user's, whoever they are assigned to now."""
    agreement = Agreement(pairs=dict.fromkeys(Field, (None, None)) | {Field.ASSIGNEE: (ANNA, ANNA)}, inputs={})
    pending = replace(a_reminder("never pushed"), pending=True, sponsor=ANNA)
    store(
        ledger,
        pending,
        replace(a_reminder("handed to Ben", assignee=BEN), pending=True, agreement=agreement),
        replace(a_reminder("Ben's", assignee=BEN), pending=True, sponsor=BEN),
        replace(pending, id="attempt planned", next_attempt=NOW),
        replace(pending, id="in agreement", pending=False),
        replace(pending, id="not synced", sponsor=None),
    )
    assert ledger.stuck(ANNA) == ["handed to Ben", "never pushed"]
    assert ledger.waiting(NOW, 10) == ["attempt planned"]
    assert ledger.count_waiting() == 1
    [unstuck] = store(ledger, replace(ledger.reminders(["never pushed"])["never pushed"], next_attempt=NOW))
    assert unstuck.next_attempt == NOW
    assert ledger.stuck(ANNA) == ["handed to Ben"]


def test_what_has_a_problem_is_found_by_its_code_longest_first(ledger: Ledger) -> None:
    """C4, O4: a code that begins like another is another; what is solved is found no more."""
    minutes = {f"r{number}": (number * 7) % 20 for number in range(20)}
    troubled = [
        replace(a_reminder(each), trouble=Trouble(code="X", message="no", since=NOW - timedelta(minutes=ago)))
        for each, ago in minutes.items()
    ]
    other = replace(a_reminder("other"), trouble=Trouble(code="X_Y", message="no", since=NOW - timedelta(days=1)))
    stored = store(ledger, *troubled, other, a_reminder("fine"))
    longest = sorted(minutes, key=lambda each: -minutes[each])
    assert ledger.troubled(100, "X") == longest
    assert ledger.troubled(5, "X") == longest[:5]
    assert ledger.troubled(100, "X_Y") == ["other"]
    assert ledger.troubled(100) == [*longest, "other"]
    assert ledger.troubled(100, "Z") == []
    store(ledger, replace(stored[0], trouble=None))
    assert "r0" not in ledger.troubled(100)


def test_a_code_as_long_as_a_letter_is_a_code(ledger: Ledger) -> None:
    """C4: codes come from outside; a key of an index holds 1,024 bytes."""
    code = "Ä" * 5000
    store(ledger, replace(a_reminder("r1"), trouble=Trouble(code=code, message="no", since=NOW)))
    assert ledger.troubled(5, code) == ["r1"]


def on_shelf(ledger: Ledger, shelf: Shelf, since: datetime | None = None) -> set[str]:
    """Give the ids on Anna's shelf."""
    return {each.id for each in ledger.shelf(ANNA, shelf, since)}


def test_a_shelf_holds_everything_of_its_kind(ledger: Ledger) -> None:
    """I5: the sweep walks shelves; what lies on none of them would never be compared again."""
    store(
        ledger,
        a_reminder("open", TODAY),
        a_reminder("done", TODAY, complete=True),
        deleted("gone", NOW),
        deleted("gone waiting", None),
        replace(a_reminder("handed over", TODAY), handed_over=True),
        a_reminder("Ben's", TODAY, assignee=BEN),
    )
    assert {shelf: on_shelf(ledger, shelf) for shelf in Shelf} == {
        Shelf.OPEN: {"open"},
        Shelf.COMPLETE: {"done"},
        Shelf.DELETED: {"gone", "gone waiting"},
        Shelf.HANDED: {"handed over"},
    }


def test_a_shelf_longer_than_a_list_is_walked_to_its_end(ledger: Ledger) -> None:
    """I5, Never: a list ends after 1,000; a sweep that did so too would never look at the rest, in silence."""
    store(ledger, *[a_reminder(f"r{number:04}", TODAY) for number in range(1_030)])
    assert len(on_shelf(ledger, Shelf.OPEN)) == 1_030


def test_a_shelf_tells_what_has_changed_since(ledger: Ledger) -> None:
    """I5: what its history told of last counts; bookkeeping without a line does not, and ties within a second lose nothing."""
    day = timedelta(days=1)

    def told(reminder: Reminder, at: datetime) -> Record:
        return Record(reminder=reminder, lines=(Line(at=at, event=Event.EDITED, rule="C1", text="Edited."),))

    stored = [
        each
        for number, at in enumerate([NOW - 3 * day, NOW - 2 * day, NOW - 2 * day, NOW - day])
        for each in ledger.save([told(a_reminder(f"r{number}", complete=True), at)])
        if each
    ]
    assert [each.changed for each in stored] == [NOW - 3 * day, NOW - 2 * day, NOW - 2 * day, NOW - day]
    store(ledger, a_reminder("never told", complete=True), replace(stored[0], attempts=1))
    assert on_shelf(ledger, Shelf.COMPLETE, NOW - 2 * day) == {"r1", "r2", "r3"}
    assert ledger.reminders(["r0"])["r0"].changed == NOW - 3 * day
    ledger.save([told(ledger.reminders(["r0"])["r0"], NOW)])
    assert on_shelf(ledger, Shelf.COMPLETE, NOW - day) == {"r0", "r3"}
