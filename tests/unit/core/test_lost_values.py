"""M2, F6: which lost values can be taken back, as what, and which are offered."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from factories import BEFORE, BEN, CONTACT, NOW, QUEUE, a_pair, some_values

from reminders.core.edit import Refused
from reminders.core.lost_values import offered, take_back
from reminders.core.reminder import Event, Field, Line, Priority, Record, Side, Status, Tombstone
from reminders.core.settings import DEFAULT_STATUSES, Choice, Settings

SOON = NOW + timedelta(minutes=1)


def lost(field: Field | None, value: str | None, *, side: Side = Side.HERE, **changes: Any) -> Line:
    """Give a line that lost a value an hour ago."""
    line = Line(at=BEFORE, event=Event.CONFLICT, rule="M2", text="…", side=side, field=field, lost=value)
    return replace(line, **changes)


def taken(line: Line, settings: Settings | None = None, **values: Any) -> Record:
    """Take it back into a reminder that has these values."""
    return take_back(a_pair(values=some_values(**values)), line, settings or Settings(), now=NOW)


@pytest.mark.parametrize(
    ("line", "values"),
    [
        (lost(Field.DUE, "2026-12-24"), {"due": date(2026, 12, 24)}),
        (lost(Field.DUE, None), {"due": None}),
        (lost(Field.DETAILS, "long\r\nlost", side=Side.SALESFORCE), {"details": "long\nlost"}),
        (lost(Field.DETAILS, None), {"details": None}),
        (lost(Field.PERSON, CONTACT), {"person": CONTACT}),
        (lost(Field.PERSON, None), {"person": None}),
        (lost(Field.ASSIGNEE, BEN), {"assignee": BEN}),
        (lost(Field.NAME, "Call Mr Lind"), {"name": "Call Mr Lind"}),
        (lost(Field.NAME, "Call Mr Lind", side=Side.SALESFORCE, event=Event.REPLACED), {"name": "Call Mr Lind"}),
        (lost(Field.STATUS, "Complete"), {"status": Status.COMPLETE}),
        (lost(Field.STATUS, "Completed", side=Side.SALESFORCE), {"status": Status.COMPLETE}),
        (lost(Field.PRIORITY, "High", side=Side.SALESFORCE), {"priority": Priority.HIGH}),
    ],
    ids=lambda each: f"{each.field} {each.lost}" if isinstance(each, Line) else "",
)
def test_a_lost_value_of_either_side_becomes_an_edit(line: Line, values: dict[str, Any]) -> None:
    """M2: it goes to Salesforce like an edit of today, and the history says what it was before and where it came from."""
    record = taken(line)
    assert record.reminder.values == some_values(**values)
    assert (record.reminder.pending, record.reminder.rings) == (True, True)
    assert record.reminder.edited[line.field or Field.NAME] == NOW
    [told] = record.lines
    assert (told.event, told.rule, told.side, told.field) == (Event.EDITED, "M2", Side.HERE, line.field)
    assert told.words == f"Taken back: {line.field}, lost at 2026-11-23T08:00:00+00:00."
    assert told.before != told.here


def test_completing_by_taking_back_is_a_completion() -> None:
    """C6, M2: a campaign does not mind which button completed it."""
    assert taken(lost(Field.STATUS, "Complete")).reminder.completion


@pytest.mark.parametrize(
    ("line", "field", "told"),
    [
        (lost(None, None), "line", "no lost value"),
        (lost(Field.DUE, None, event=Event.REFUSED), "line", "no lost value"),
        (lost(Field.NAME, None), "name", "cannot be empty"),
        (lost(Field.ASSIGNEE, QUEUE, side=Side.SALESFORCE), "assignee", "id of a Salesforce user"),
        (lost(Field.STATUS, "Deferred", side=Side.SALESFORCE), "status", "“Deferred” is a status of your org"),
        (lost(Field.PRIORITY, "Low", side=Side.SALESFORCE), "priority", "“Low” is a priority of your org"),
        (lost(Field.PERSON, "001000000000001AAA"), "person", "contact or lead"),
    ],
)
def test_what_does_not_fit_any_more_is_refused_with_the_reason(line: Line, field: str, told: str) -> None:
    """M2, F2: a click that silently did something else, or nothing, would be worse than none."""
    with pytest.raises(Refused, match=told) as refused:
        taken(line)
    assert refused.value.field == field


def test_a_status_that_is_read_today_can_be_taken_back() -> None:
    """F2, M2: by today's mapping, as a merge would read it."""
    settings = Settings(
        statuses={**DEFAULT_STATUSES, Status.COMPLETE: Choice(written="Completed", also_read=("Deferred",))}
    )
    assert (
        taken(lost(Field.STATUS, "Deferred", side=Side.SALESFORCE), settings).reminder.values.status is Status.COMPLETE
    )


def test_a_subject_that_the_template_does_not_make_is_no_name() -> None:
    """F1, M2: sent through the template it would come out as something else; a name of ours can always be taken back."""
    settings = Settings(subject_template="Call: {{activity_subject}}")
    with pytest.raises(Refused, match="does not make"):
        taken(lost(Field.NAME, "Call Mr Lind", side=Side.SALESFORCE), settings)
    assert taken(lost(Field.NAME, "Call Mr Lind"), settings).reminder.values.name == "Call Mr Lind"


def test_a_value_that_stands_already_changes_nothing() -> None:
    """M2: clicking twice is clicking once."""
    assert taken(lost(Field.DUE, "2026-11-24")).lines == ()


def lines(*parts: Line | Event) -> list[Line]:
    """Give a history, of lines and of mere events."""
    return [each if isinstance(each, Line) else Line(at=BEFORE, event=each, rule="F6", text="…") for each in parts]


WAITED = lost(Field.DUE, "2026-12-24", rule="F6")
NAMED = lost(Field.NAME, "Call Mr Lind", rule="F6")


@pytest.mark.parametrize(
    ("history", "numbers"),
    [
        ((), []),
        ((WAITED, Event.HANDED_OVER), []),
        ((Event.CREATED, WAITED, NAMED, Event.HANDED_OVER, Event.CAME_BACK), [2, 3]),
        ((WAITED, Event.HANDED_OVER, Event.CAME_BACK, Event.HANDED_OVER), []),
        ((WAITED, Event.HANDED_OVER, Event.CAME_BACK, NAMED, Event.HANDED_OVER, Event.CAME_BACK), [4]),
        ((lost(Field.DUE, "2026-12-24"), Event.HANDED_OVER, Event.CAME_BACK), []),
    ],
    ids=["nothing", "away", "back", "away again", "back again", "a conflict"],
)
def test_what_the_last_hand_over_kept_is_offered_when_the_task_is_back(history: Any, numbers: list[int]) -> None:
    """F6: those edits and no others; an older hand-over's were offered in their time."""
    assert offered(a_pair(), lines(*history)) == numbers


@pytest.mark.parametrize(
    ("changes", "numbers"),
    [
        ({"edited": {Field.DUE: SOON}}, [2]),
        ({"edited": {Field.DUE: BEFORE}}, [1, 2]),
        ({"handed_over": True}, []),
        ({"tombstone": Tombstone(at=NOW, side=Side.HERE)}, []),
    ],
)
def test_an_offer_ends_with_the_next_edit_of_its_field(changes: dict[str, Any], numbers: list[int]) -> None:
    """F6: taken back or decided otherwise, it is no open question any more; on what is read-only there is nothing to offer."""
    history = lines(WAITED, NAMED, Event.HANDED_OVER, Event.CAME_BACK)
    assert offered(a_pair(**changes), history) == numbers
