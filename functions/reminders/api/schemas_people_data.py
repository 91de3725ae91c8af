"""The shapes of one person's data (C8): whatever is stored, under the names that it has here."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel, TypeAdapter

from reminders.core.reminder import Line, Reminder
from reminders.core.settings import User
from reminders.services import person_data
from reminders.services.people_data import Erasure, Export

_USER: TypeAdapter[User] = TypeAdapter(User)
_REMINDER: TypeAdapter[Reminder] = TypeAdapter(Reminder)
_LINE: TypeAdapter[Line] = TypeAdapter(Line)


class ExportedOut(BaseModel):
    """One reminder as it is stored, with all lines of its history."""

    reminder: dict[str, Any]
    history: list[dict[str, Any]]


class ExportOut(BaseModel):
    """A page of everything that is stored about a user; `next` is null at the end."""

    user: dict[str, Any]
    reminders: list[ExportedOut]
    next: str | None


class PersonExportOut(BaseModel):
    """A page of everything that is stored about a lead or contact; `next` is null at the end."""

    person: str
    reminders: list[ExportedOut]
    next: str | None


class ErasureOut(BaseModel):
    """What this call erased. Unless `done`, ask again after `again_in` seconds."""

    erased: int
    done: bool
    again_in: int | None


def exported(found: Export) -> ExportOut:
    """Write a page of an export."""
    return ExportOut(
        user=_USER.dump_python(found.user, mode="json"),
        reminders=_told(found.reminders),
        next=found.next,
    )


def exported_person(found: person_data.Export) -> PersonExportOut:
    """Write a page of an export of a lead or contact."""
    return PersonExportOut(person=found.person, reminders=_told(found.reminders), next=found.next)


def erasure(done: Erasure) -> ErasureOut:
    """Write what a call erased."""
    return ErasureOut(erased=done.erased, done=done.done, again_in=done.again_in)


def _told(reminders: Iterable[tuple[Reminder, Iterable[Line]]]) -> list[ExportedOut]:
    return [
        ExportedOut(
            reminder=_REMINDER.dump_python(reminder, mode="json"),
            history=[_LINE.dump_python(line, mode="json") for line in lines],
        )
        for reminder, lines in reminders
    ]
