"""Reminder fields and task fields (F1 to F7): each value in both representations, and the way between them.

A *comparable* is what a side is compared by: a string or None. Empty and absent are the same (F7), details count by the digest of
their normalised text (F5), and everything that people would call equal is equal here, so no echo looks like a change.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from types import MappingProxyType
from typing import Final, TypeVar, assert_never

from reminders.core.reminder import NO_SUBJECT, Field, Priority, Status, Type, Values
from reminders.core.settings import Choice, Settings
from reminders.core.subject import inputs, render
from reminders.core.task import Task

TASK_FIELDS: Final[Mapping[Field, str]] = MappingProxyType(
    {
        Field.ASSIGNEE: "OwnerId",
        Field.NAME: "Subject",
        Field.STATUS: "Status",
        Field.PRIORITY: "Priority",
        Field.DUE: "ActivityDate",
        Field.DETAILS: "Description",
        Field.PERSON: "WhoId",
    }
)

_Key = TypeVar("_Key", Status, Priority)

_TYPES: Final[Mapping[str | None, Type]] = MappingProxyType({"Call": Type.CALL, "LinkedIn": Type.IN_MAIL})


def normalised(details: str | None) -> str | None:
    r"""Text as it is compared: `\r\n` is `\n`, white space at the ends does not count, empty is None (F5, F7)."""
    return (details or "").replace("\r\n", "\n").replace("\r", "\n").strip() or None


def digest(details: str | None) -> str | None:
    """SHA-256 (hex) of the normalised text; None for none."""
    text = normalised(details)
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest() if text else None


def ours(values: Values, settings: Settings) -> dict[Field, str | None]:
    """Give the reminder's side in comparables. Of the name it is the Subject that today's template renders (F1)."""
    return {
        Field.ASSIGNEE: values.assignee,
        Field.NAME: render(settings.subject_template, inputs(values)) or None,
        Field.STATUS: values.status.value,
        Field.PRIORITY: values.priority.value,
        Field.DUE: values.due.isoformat() if values.due else None,
        Field.DETAILS: digest(values.details),
        Field.PERSON: values.person or None,
    }


def theirs(task: Task) -> dict[Field, str | None]:
    """Give the task's side in comparables: raw values, nothing mapped (F2: a foreign value stays itself)."""
    return {
        Field.ASSIGNEE: task.owner,
        Field.NAME: (task.subject or "").strip() or None,
        Field.STATUS: task.status or None,
        Field.PRIORITY: task.priority or None,
        Field.DUE: task.due.isoformat() if task.due else None,
        Field.DETAILS: digest(task.description),
        Field.PERSON: task.who or None,
    }


def read(field: Field, raw: str | None, settings: Settings) -> str | None:
    """Translate a task's comparable into ours. Ask `foreign` first: a foreign value has no translation (None)."""
    match field:
        case Field.STATUS:
            return _ours_of(raw, settings.statuses)
        case Field.PRIORITY:
            return _ours_of(raw, settings.priorities)
        case Field.ASSIGNEE | Field.NAME | Field.DUE | Field.DETAILS | Field.PERSON:
            return raw
        case unknown:
            assert_never(unknown)


def foreign(field: Field, raw: str | None, settings: Settings) -> bool:
    """Whether the value does not sync: a status or priority that no mapping reads (F2, F3)."""
    return field in {Field.STATUS, Field.PRIORITY} and read(field, raw, settings) is None


def as_written(field: Field, raw: str | None, settings: Settings) -> str | None:
    """Give what we would write ourselves for what a raw value means: another one where it is only read (F2), None for a foreign one."""
    match field:
        case Field.STATUS:
            return _written(raw, settings.statuses)
        case Field.PRIORITY:
            return _written(raw, settings.priorities)
        case Field.ASSIGNEE | Field.NAME | Field.DUE | Field.DETAILS | Field.PERSON:
            return raw
        case unknown:
            assert_never(unknown)


def take(values: Values, field: Field, task: Task, settings: Settings) -> Values:
    """Give the reminder's values with this field taken from the task. The name is never taken (F1), nor a foreign value (F2)."""
    match field:
        case Field.ASSIGNEE:
            return replace(values, assignee=task.owner)
        case Field.NAME:
            return values
        case Field.STATUS:
            status = _ours_of(task.status, settings.statuses)
            return replace(values, status=Status(status)) if status else values
        case Field.PRIORITY:
            priority = _ours_of(task.priority, settings.priorities)
            return replace(values, priority=Priority(priority)) if priority else values
        case Field.DUE:
            return replace(values, due=task.due)
        case Field.DETAILS:
            return replace(values, details=normalised(task.description))
        case Field.PERSON:
            return replace(values, person=task.who or None)
        case unknown:
            assert_never(unknown)


def put(field: Field, values: Values, settings: Settings) -> str | None:
    """Give the raw value that is written to the task's field; None clears it."""
    match field:
        case Field.STATUS:
            return settings.statuses[values.status].written
        case Field.PRIORITY:
            return settings.priorities[values.priority].written
        case Field.DETAILS:
            return values.details or None
        case Field.ASSIGNEE | Field.NAME | Field.DUE | Field.PERSON:
            return ours(values, settings)[field]
        case unknown:
            assert_never(unknown)


def comparable(field: Field, raw: str | None) -> str | None:
    """Give the comparable of a raw value that we write, to know it again when it comes back (M8)."""
    return digest(raw) if field is Field.DETAILS else raw


def plain(field: Field, values: Values) -> str | None:
    """Give a reminder's value as text that a person can take back from history (M2); due dates are ISO."""
    value = getattr(values, field.value)
    return None if value is None else str(value)


def raw(field: Field, task: Task) -> str | None:
    """Give a task's own value of a field, whole (details included)."""
    return task.description if field is Field.DETAILS else theirs(task)[field]


def imported(task: Task, settings: Settings) -> Values:
    """Make the values of a reminder from a task seen for the first time (S4)."""
    values = Values(
        name=(task.subject or "").strip() or NO_SUBJECT,
        assignee=task.owner,
        type=_TYPES.get(task.subtype, Type.CUSTOM),
    )
    for field in Field:
        values = take(values, field, task, settings)
    return values


def _ours_of(value: str | None, choices: Mapping[_Key, Choice]) -> str | None:
    return next((key.value for key, choice in choices.items() if choice.reads(value)), None)


def _written(value: str | None, choices: Mapping[_Key, Choice]) -> str | None:
    return next((choice.written for choice in choices.values() if choice.reads(value)), None)
