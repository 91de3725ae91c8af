"""Lost values: taking one back from the history (M2), and which are offered when a task comes back (F6). Pure.

A line of history is named by its number, its position from 1 on: history only grows, so a number stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Final, assert_never

from reminders.core import mapping
from reminders.core.edit import Refused, edit
from reminders.core.reminder import (
    Event,
    Field,
    Line,
    Priority,
    Record,
    Reminder,
    Side,
    Status,
    Values,
    excerpt,
)
from reminders.core.sayings import Said
from reminders.core.settings import Settings
from reminders.core.subject import inputs, render

LOSING: Final = frozenset({Event.CONFLICT, Event.REPLACED})
"""Events whose lines carry a lost value; where it is None, what was lost is that the field was empty."""

_CLEARABLE: Final = frozenset({Field.DUE, Field.DETAILS, Field.PERSON})


def take_back(reminder: Reminder, line: Line, settings: Settings, *, now: datetime) -> Record:
    """Set the field of this line to the value that was lost, as an edit of today. Raises Refused.

    It travels like every edit, so it can meet a newer change of the other side and lose again. A value that stands already changes
    nothing.
    """
    if line.field is None or line.event not in LOSING:
        raise Refused("line", "This line of the history holds no lost value.")
    values = _with(reminder.values, line.field, line, settings)
    record = edit(reminder, values, now=now)
    if not record.lines:
        return record
    told = Line(
        at=now,
        event=Event.EDITED,
        rule="M2",
        text=Said.TAKEN_BACK,
        values={"field": line.field, "then": line.at.isoformat()},
        side=Side.HERE,
        field=line.field,
        before=excerpt(mapping.plain(line.field, reminder.values)),
        here=excerpt(mapping.plain(line.field, values)),
    )
    return replace(record, lines=(told,))


def offered(reminder: Reminder, lines: Sequence[Line]) -> list[int]:
    """Number the lines whose value is offered (F6): edits that the last hand-over kept from being sent, once the task is back.

    An offer ends when the field is edited, by taking it back or otherwise, and while the reminder is handed over or deleted.
    """
    if reminder.handed_over or reminder.deleted:
        return []
    numbers: list[int] = []
    kept: list[int] = []
    for number, line in enumerate(lines, start=1):
        if line.event is Event.CONFLICT and line.rule == "F6" and line.field:
            kept.append(number)
        elif line.event is Event.CAME_BACK:
            numbers, kept = kept, []
        elif line.event is Event.HANDED_OVER:
            numbers = []
    return [number for number in numbers if _stands(reminder, lines[number - 1])]


def _stands(reminder: Reminder, line: Line) -> bool:
    assert line.field is not None  # noqa: S101 - `offered` chose it so
    return reminder.edited.get(line.field, reminder.created) <= line.at


def _with(values: Values, field: Field, line: Line, settings: Settings) -> Values:
    """Give the values with the lost one in its place. What was Salesforce's is translated as a merge would."""
    if line.lost is None and field not in _CLEARABLE:
        raise Refused(field, "What was lost here is an empty value, and this field cannot be empty.")
    lost = line.lost or ""
    match field:
        case Field.ASSIGNEE:
            return replace(values, assignee=lost)
        case Field.NAME:
            return _named(values, line, lost, settings)
        case Field.STATUS:
            return replace(values, status=Status(_read(field, line, lost, settings)))
        case Field.PRIORITY:
            return replace(values, priority=Priority(_read(field, line, lost, settings)))
        case Field.DUE:
            return replace(values, due=date.fromisoformat(lost) if lost else None)
        case Field.DETAILS:
            return replace(values, details=lost or None)
        case Field.PERSON:
            return replace(values, person=lost or None)
        case unknown:
            assert_never(unknown)


def _read(field: Field, line: Line, lost: str, settings: Settings) -> str:
    """Translate a status or priority; one that does not sync has no value here (F2, F3)."""
    ours = lost if line.side is Side.HERE else mapping.read(field, lost, settings)
    if ours is None:
        raise Refused(
            field,
            f"“{lost}” is a {field} of your org that does not sync, so it cannot be set from here; set it on the task in Salesforce.",
        )
    return ours


def _named(values: Values, line: Line, lost: str, settings: Settings) -> Values:
    """Take a name as it is; a Subject only if today's template makes just that of it (F1)."""
    named = replace(values, name=lost)
    if line.side is Side.SALESFORCE and render(settings.subject_template, inputs(named)) != lost:
        raise Refused(
            Field.NAME,
            "This is a Subject that the template for subjects does not make, so it cannot be set from here; set it on the task in Salesforce.",
        )
    return named
