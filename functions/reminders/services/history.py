"""What happened to a reminder, for people: its lines, the lost values that are offered, and taking one back (C2, F6, M2)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from reminders.core import lost_values
from reminders.core.edit import Refused
from reminders.core.reminder import Field, Line, Reminder
from reminders.core.settings import User
from reminders.ports import World
from reminders.services import commands
from reminders.services.access import known
from reminders.services.errors import stale


@dataclass(frozen=True, slots=True)
class Story:
    """A reminder and its lines, oldest first; `offered` numbers those whose lost value is offered, from 1 on."""

    reminder: Reminder
    lines: tuple[Line, ...]
    offered: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class TakeBack:
    """Take the lost value of this line back, on the version that was seen."""

    reminder_id: str
    version: int
    line: int


def story(world: World, asker: User, reminder_id: str) -> Story:
    """Read a reminder with its history. Raises ApiError (404)."""
    return told_of(world, commands.find(world, asker, reminder_id))


def told_of(world: World, reminder: Reminder) -> Story:
    """Read the history of a reminder that has been read."""
    lines = tuple(world.ledger.history(reminder.id))
    return Story(reminder, lines, tuple(lost_values.offered(reminder, lines)))


def take_back(world: World, asker: User, wanted: TakeBack, *, now: datetime) -> Reminder:
    """Set a field to a value that was lost (M2), and give the reminder as stored. Raises ApiError (404, 412), Refused."""
    told = story(world, asker, wanted.reminder_id)
    if told.reminder.version != wanted.version:
        raise stale(told.reminder)
    if not 1 <= wanted.line <= len(told.lines):
        raise Refused("line", "The history has no line of this number.")
    line = told.lines[wanted.line - 1]
    if line.field is Field.ASSIGNEE and line.lost and not known(world, [line.lost]):
        raise Refused("assignee", "Whom it was assigned to is no active user of your Salesforce organisation.")
    record = lost_values.take_back(told.reminder, line, world.ledger.settings(), now=now)
    if not record.lines:
        return record.reminder
    [stored] = world.ledger.save([record])
    if stored is None:
        raise stale(commands.find(world, asker, wanted.reminder_id))
    return stored
