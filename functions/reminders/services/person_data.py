"""A lead's or contact's data, for administrators: taken out, and erased (C8).

It is in the reminders about them, which are our users'. So a reminder stays in its user's list, with its dates and its status, but
emptied: what is text in it, the person, and its history. The task stays in Salesforce, which is the customer's own system. The
reminder is not synced any more and yet keeps its link: that is what keeps the task from being imported again. Whoever chooses
"Sync this one" takes over what the task says then.

What somebody wrote about the person into a reminder without naming them as its person is not found by this, nor a reminder
that named them once.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from reminders.core.reminder import Line, Record, Reminder, Tombstone, Values
from reminders.core.settings import User
from reminders.ports import World
from reminders.services.access import require_admin
from reminders.services.errors import ApiError
from reminders.services.people_data import ERASED, ERASED_NAME, EXPORTED, Erasure

LOG = logging.getLogger(__name__)

LAG: Final = 5
"""Seconds after which an index shows what was written before; then an erasure looks once more."""

_PERSON: Final = re.compile(r"(003|00Q)[A-Za-z0-9]{15}")


@dataclass(frozen=True, slots=True)
class Export:
    """A page of what is stored about a lead or contact; `next` is where to go on, None at the end."""

    person: str
    reminders: tuple[tuple[Reminder, tuple[Line, ...]], ...]
    next: str | None


def export(world: World, asker: User, person: str, after: str | None) -> Export:
    """Read a page of everything that is stored about a lead or contact. Raises ApiError (403, 404)."""
    _check(asker, person)
    page = world.ledger.about(person, after or None, EXPORTED)
    return Export(person, tuple((each, tuple(world.ledger.history(each.id))) for each in page.reminders), page.next)


def erase(world: World, asker: User, person: str, *, now: datetime) -> Erasure:
    """Erase a part of what is stored about a lead or contact, or the rest of it. Raises ApiError (403, 404).

    First the reminders are emptied, on the version that was read: whatever is under way with the older one is refused from then on.
    Then their history goes. Last they are taken off the person: until then a call that begins again finds them.
    """
    _check(asker, person)
    page = world.ledger.about(person, None, ERASED)
    stored = world.ledger.save([Record(reminder=_emptied(each, now)) for each in page.reminders])
    emptied = [each for each in stored if each]
    world.ledger.forget_histories([each.id for each in emptied])
    freed = world.ledger.save(
        [Record(reminder=replace(each, values=replace(each.values, person=None))) for each in emptied]
    )
    erased = sum(each is not None for each in freed)
    done = not page.reminders and page.next is None
    LOG.info("a person's data is erased", extra={"by": asker.id, "reminders": erased, "done": done})
    again_in = None if done else 0 if page.next else LAG
    return Erasure(erased=erased, done=done, again_in=again_in)


def _check(asker: User, person: str) -> None:
    require_admin(asker)
    if not _PERSON.fullmatch(person):
        raise ApiError(404, "not_found", "This is no id of a lead or contact.")


def _emptied(reminder: Reminder, now: datetime) -> Reminder:
    """Leave nothing in it of what was written, here or there, but which person it was about.

    A delete that waits does not go out any more: the task is not ours to touch, once the reminder is not synced.
    """
    values = reminder.values
    tombstone = reminder.tombstone if reminder.deleted else None
    return Reminder(
        id=reminder.id,
        version=reminder.version,
        values=Values(
            name=ERASED_NAME,
            assignee=values.assignee,
            type=values.type,
            status=values.status,
            priority=values.priority,
            due=values.due,
            person=values.person,
        ),
        created=reminder.created,
        created_by=reminder.created_by,
        generation=reminder.generation,
        task_id=reminder.task_id,
        tombstone=tombstone and Tombstone(at=tombstone.at, side=tombstone.side, agreed=tombstone.agreed or now),
        handed_over=reminder.handed_over,
    )
