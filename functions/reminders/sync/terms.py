"""Gathering what a merge must know: settings and switches as they stand now, never from a cache (S3)."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Final

from reminders.core.decision import Terms
from reminders.core.reminder import Reminder
from reminders.core.task import Task
from reminders.ports import World

NOISE: Final = timedelta(seconds=2)
"""A smaller difference between the two clocks is the network's delay and the header's whole seconds."""

NOBODY: Final = ""
"""An id that wrote no task."""


def gather(world: World, reminders: Iterable[Reminder], tasks: Collection[Task], salesforce_now: datetime) -> Terms:
    """Read the settings and the sync switch of everybody concerned; `salesforce_now` is the `Date` of the answer just read.

    Where no task was read nobody asks who we are, which would take a sign-in. Raises OrgUnavailable if that is refused.
    """
    concerned = {task.owner for task in tasks}
    for reminder in reminders:
        concerned |= {reminder.values.assignee}
        concerned.add(reminder.owner_before or reminder.values.assignee)
    users = world.ledger.users(concerned)
    skew = salesforce_now - world.clock.now()
    return Terms(
        settings=world.ledger.settings(),
        syncing=frozenset(user.id for user in users.values() if user.takes_part),
        me=world.org.me() if tasks else NOBODY,
        skew=skew if abs(skew) > NOISE else timedelta(),
    )
