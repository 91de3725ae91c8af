"""What the first sync would bring, and what not and why, before it is begun (S2, S4)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from reminders.core.first_meeting import importable
from reminders.core.settings import User, import_from
from reminders.core.task import Task
from reminders.ports import World

LOOKED_AT: Final = 500
"""Tasks that one preview looks at: the newest changes, one read."""

HERE_ALREADY: Final = "it is here already"


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What was found since then: tasks to import, soonest due first; how many are not, by reason; `more`: older ones were not looked at."""

    since: datetime
    imported: tuple[Task, ...]
    not_imported: Mapping[str, int]
    more: bool


def preview(world: World, asker: User, hours: int | None, now: datetime) -> Preview:
    """Look at the asker's own tasks as the first sync would. Two or three API calls, and nothing is stored. Raises OrgUnavailable."""
    settings = world.ledger.settings()
    since = import_from(asker, hours or settings.import_hours, now).since
    ids = world.org.recent_tasks(asker.id, since, LOOKED_AT + 1)
    tasks = world.org.read(ids[:LOOKED_AT]).tasks
    linked = world.ledger.links(list(tasks))
    reasons = {
        each.id: HERE_ALREADY if each.id in linked else importable(each, frozenset({asker.id}))
        for each in tasks.values()
        if not each.is_deleted
    }
    wanted = [tasks[task_id] for task_id, reason in reasons.items() if reason is None]
    return Preview(
        since=since,
        imported=tuple(sorted(wanted, key=lambda each: (each.due or date.max, each.id))),
        not_imported=Counter(reason for reason in reasons.values() if reason),
        more=len(ids) > LOOKED_AT,
    )
