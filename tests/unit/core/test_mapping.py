"""F2 to F7, S4: values in both representations."""

from __future__ import annotations

from datetime import date

import pytest
from factories import BEN, CONTACT, a_task, some_values

from reminders.core import mapping
from reminders.core.reminder import NO_SUBJECT, Field, Priority, Status, Type
from reminders.core.settings import DEFAULT_STATUSES, Choice, Settings

SETTINGS = Settings()
RENAMED = Settings(
    statuses={Status.OPEN: Choice(written="New", also_read=("Waiting",)), Status.COMPLETE: Choice(written="Done")}
)


@pytest.mark.parametrize(
    ("raw", "ours"),
    [("Not Started", "Open"), ("Completed", "Complete"), ("In Progress", None), ("Deferred", None), (None, None)],
)
def test_status_maps_two_values_and_leaves_the_others_alone(raw: str | None, ours: str | None) -> None:
    """F2: only Not Started and Completed sync by default."""
    assert mapping.read(Field.STATUS, raw, SETTINGS) == ours
    assert mapping.foreign(Field.STATUS, raw, SETTINGS) is (ours is None)


def test_an_administrator_chooses_what_is_written_and_what_else_is_read() -> None:
    """F2: one org value is written, further ones are read."""
    assert mapping.put(Field.STATUS, some_values(status=Status.COMPLETE), RENAMED) == "Done"
    assert mapping.read(Field.STATUS, "Waiting", RENAMED) == "Open"
    assert mapping.foreign(Field.STATUS, "Completed", RENAMED)
    assert DEFAULT_STATUSES[Status.OPEN].written == "Not Started"


@pytest.mark.parametrize(("raw", "ours"), [("Normal", "Normal"), ("High", "High"), ("Low", None)])
def test_low_priority_does_not_sync(raw: str, ours: str | None) -> None:
    """F3: Low survives, so it must not read as one of ours."""
    assert mapping.read(Field.PRIORITY, raw, SETTINGS) == ours
    taken = mapping.take(some_values(priority=Priority.HIGH), Field.PRIORITY, a_task(priority=raw), SETTINGS)
    assert taken.priority == (ours or "High")


def test_a_due_date_is_the_same_plain_date_on_both_sides() -> None:
    """F4: never shifted by a time zone, and it may be empty."""
    day = date(2026, 12, 31)
    assert mapping.put(Field.DUE, some_values(due=day), SETTINGS) == "2026-12-31"
    assert mapping.take(some_values(), Field.DUE, a_task(due=day), SETTINGS).due == day
    assert mapping.ours(some_values(due=None), SETTINGS)[Field.DUE] is None
    assert mapping.theirs(a_task(due=None))[Field.DUE] is None


@pytest.mark.parametrize("description", ["a\r\nb", "a\nb", "  a\nb\r\n", "a\rb"])
def test_line_breaks_and_white_space_at_the_ends_do_not_count(description: str) -> None:
    """F5: an echo that only changes line breaks must not look like an edit."""
    assert mapping.theirs(a_task(description=description))[Field.DETAILS] == mapping.digest("a\nb")


@pytest.mark.parametrize("field", [Field.DETAILS, Field.PERSON, Field.NAME])
def test_empty_and_absent_are_the_same(field: Field) -> None:
    """F7: clearing on one side must not ping-pong as None against the empty string."""
    empty = mapping.theirs(a_task(description=" \n", who="", subject="  "))
    absent = mapping.theirs(a_task(description=None, who=None, subject=None))
    assert empty[field] is absent[field] is None


def test_every_value_comes_back_as_it_was_written() -> None:
    """M8: what we write is recognised when it comes back, field by field."""
    values = some_values(
        status=Status.COMPLETE, priority=Priority.HIGH, assignee=BEN, person=CONTACT, details="x\ny 😀"
    )
    raw = {field: mapping.put(field, values, SETTINGS) for field in Field}
    task = a_task(
        owner=raw[Field.ASSIGNEE], subject=raw[Field.NAME], status=raw[Field.STATUS], priority=raw[Field.PRIORITY],
        due=values.due, description="x\r\ny 😀", who=raw[Field.PERSON],
    )  # fmt: skip
    assert {field: mapping.comparable(field, raw[field]) for field in Field} == mapping.theirs(task)
    back = some_values(details=None)
    for field in Field:
        back = mapping.take(back, field, task, SETTINGS)
    assert back == values


@pytest.mark.parametrize(
    ("subtype", "expected"),
    [("Call", Type.CALL), ("LinkedIn", Type.IN_MAIL), ("Task", Type.CUSTOM), (None, Type.CUSTOM)],
)
def test_an_import_takes_its_type_from_the_subtype(subtype: str | None, expected: Type) -> None:
    """S4: Call and InMail keep their kind, everything else is Custom."""
    assert mapping.imported(a_task(subtype=subtype), SETTINGS).type is expected


def test_an_import_of_a_foreign_task_starts_with_our_defaults() -> None:
    """F1, F2, F3: no name, status or priority of ours is there to be read."""
    values = mapping.imported(a_task(subject=None, status="In Progress", priority="Low"), SETTINGS)
    assert (values.name, values.status, values.priority) == (NO_SUBJECT, Status.OPEN, Priority.NORMAL)


def test_lost_values_are_kept_whole_and_readable() -> None:
    """M2: taking a value back needs the text, not its digest."""
    assert mapping.raw(Field.DETAILS, a_task(description="long story")) == "long story"
    assert mapping.raw(Field.STATUS, a_task()) == "Not Started"
    assert mapping.plain(Field.DUE, some_values()) == "2026-11-24"
    assert mapping.plain(Field.PERSON, some_values(person=None)) is None
