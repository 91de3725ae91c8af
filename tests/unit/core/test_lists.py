"""The lists of the Command Center (S5, M5): which shelf, in what order, which part a view shows. A property tries every day."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from factories import ANNA, BEN, NOW, a_pair, some_values
from hypothesis import given
from hypothesis import strategies as st

from reminders.core.lists import (
    LONGEST_CODE,
    Shelf,
    View,
    changed_place,
    changed_since,
    given_away,
    place,
    shelf,
    span,
    trouble_place,
    trouble_prefix,
    whole_shelf,
)
from reminders.core.reminder import RECENTLY_DELETED, Held, Reminder, Side, Status, Tombstone, Trouble

TODAY = date(2026, 11, 23)
TOMORROW = timedelta(days=1)
OPEN_VIEWS = (View.TODAY, View.OVERDUE, View.UPCOMING, View.NO_DATE)

days = st.dates(date(1, 1, 2), date(9999, 12, 30))


def due(day: date | None, status: Status = Status.OPEN) -> Reminder:
    """Give a reminder of that day."""
    return replace(a_pair(), id="r", values=some_values(due=day, status=status))


def deleted(agreed: datetime | None) -> Reminder:
    """Give a deleted one, on which both sides agree since then."""
    return replace(due(TODAY), tombstone=Tombstone(at=NOW, side=Side.HERE, agreed=agreed))


@pytest.mark.parametrize(
    ("reminder", "expected"),
    [
        (due(TODAY), Shelf.OPEN),
        (due(TODAY, Status.COMPLETE), Shelf.COMPLETE),
        (replace(due(TODAY, Status.COMPLETE), handed_over=True), Shelf.HANDED),
        (replace(deleted(None), handed_over=True), Shelf.DELETED),
    ],
)
def test_every_reminder_lies_on_one_shelf(reminder: Reminder, expected: Shelf) -> None:
    """S5, M5, F6: a deleted one is under "recently deleted" whatever else it is; one handed over is in no list."""
    assert shelf(reminder) is expected
    assert [each for each in Shelf if whole_shelf(each).holds(reminder)] == [expected]


@given(day=st.none() | days, today=days)
def test_the_views_of_open_ones_divide_them(day: date | None, today: date) -> None:
    """S5: an open reminder in none of the four views would be missed by its owner, and one in two of them done twice."""
    reminder = due(day)
    shown = [view for view in OPEN_VIEWS if span(view, today.isoformat()).holds(reminder)]
    if day is None:
        assert shown == [View.NO_DATE]
    elif day < today:
        assert shown == [View.OVERDUE]
    elif day <= today + TOMORROW:
        assert shown == [View.TODAY]
    else:
        assert shown == [View.UPCOMING]
    assert span(View.OPEN, today.isoformat()).holds(reminder)
    assert not span(View.COMPLETED, today.isoformat()).holds(reminder)


@given(one=st.none() | days, other=st.none() | days)
def test_places_are_in_the_order_of_days_and_undated_ones_come_last(one: date | None, other: date | None) -> None:
    """S5: open ones are read forwards and completed ones backwards; in both, what has no date stands at the end."""
    by_day = (one or date.max) < (other or date.max)
    assert (place(due(one)) < place(due(other))) is by_day
    completed = (one or date.min) < (other or date.min)
    assert (place(due(one, Status.COMPLETE)) < place(due(other, Status.COMPLETE))) is completed


@pytest.mark.parametrize(
    ("agreed", "shown"),
    [
        (None, True),
        (NOW, True),
        (NOW - RECENTLY_DELETED, True),
        (NOW - RECENTLY_DELETED - TOMORROW, False),
    ],
)
def test_recently_deleted_ends_when_the_bin_of_salesforce_does(agreed: datetime | None, shown: bool) -> None:  # noqa: FBT001 -- a row of the table
    """M5: what is offered for restoring can be restored; a delete that still waits is always shown."""
    assert span(View.DELETED, TODAY.isoformat()).holds(deleted(agreed)) is shown


@pytest.mark.parametrize("view", [View.OPEN, View.COMPLETED])
def test_a_page_goes_on_where_the_last_one_ended(view: View) -> None:
    """C1: the rest of a list begins at the given place and leaves out only what was shown, in the list's own direction."""
    status = Status.COMPLETE if view is View.COMPLETED else Status.OPEN
    early, middle, late = (due(TODAY + timedelta(days=number), status) for number in range(3))
    whole = span(view, TODAY.isoformat())
    rest = whole.after(place(middle))
    shown = [rest.holds(each) for each in (early, middle, late)]
    assert shown == ([False, True, True] if whole.ascending else [True, True, False])
    assert whole.after(None) == whole


def test_a_day_that_is_none_is_refused() -> None:
    """S5: text that is no date would silently list something else."""
    with pytest.raises(ValueError, match="Invalid isoformat"):
        span(View.TODAY, "today")


def test_changed_ones_are_placed_by_the_instant_in_whatever_zone() -> None:
    """C8: text of two zones does not sort by time; what never changed has no place."""
    late = NOW.astimezone(timezone(timedelta(hours=-8)))
    reminder = replace(due(TODAY), changed=late)
    assert changed_place(reminder) == f"{NOW.astimezone(UTC).isoformat()}#r"
    assert changed_since(late) <= (changed_place(reminder) or "") < changed_since(late + timedelta(seconds=1))
    assert changed_place(replace(reminder, changed=None)) is None


def test_given_away_is_what_somebody_made_for_another() -> None:
    """C1: the list "assigned by me" shows these and not one's own."""
    assert given_away(replace(due(TODAY), created_by=BEN))
    assert not given_away(replace(due(TODAY), created_by=ANNA))


def test_troubled_ones_are_placed_by_code_and_the_longest_first() -> None:
    """C4: a cause is read with one query; a code from outside may not break the key."""
    early, late = (
        replace(due(TODAY), trouble=Trouble(code="X" * 2000, message="", since=since))
        for since in (NOW, NOW + TOMORROW)
    )
    assert trouble_place(due(TODAY)) is None
    assert (trouble_place(early) or "") < (trouble_place(late) or "")
    assert (trouble_place(early) or "").startswith(trouble_prefix("X" * LONGEST_CODE))
    held = replace(early, held=Held(side=Side.HERE, since=NOW))
    assert (trouble_place(held) or "").startswith(trouble_prefix("X" * LONGEST_CODE)) is False
