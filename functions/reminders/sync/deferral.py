"""The place of the pace in the pull (I2, S4): what is past it is kept in the ledger, and comes again in its turn.

Counting comes before reading or storing, so two runs at once never do more than one may. A run that is repeated counts again: then
less passes within that minute, and what does not pass is kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

from reminders.core import pace
from reminders.core.decision import Decision
from reminders.core.pace import Deferred
from reminders.core.reminder import Priority
from reminders.core.task import Hint, Task
from reminders.ports import World

LOOKED_AT: Final = 10_000
"""Deferred imports, the soonest due of all users, among which each user's turn is looked for."""


def admit(world: World, hints: Mapping[str, Hint], linked: Collection[str], counts: Counter[str]) -> dict[str, Hint]:
    """Give the hints that may be read now, and park those past the rate: of ids that only the webhook names and nobody knows (I2)."""
    unknown = [task_id for task_id, hint in hints.items() if hint.webhook and task_id not in linked]
    excess = set(unknown[_granted(world, "unknown", len(unknown), pace.UNKNOWN) :])
    if excess:
        world.ledger.park([hints[task_id] for task_id in excess])
        counts["parked_unknown"] += len(excess)
    return {task_id: hint for task_id, hint in hints.items() if task_id not in excess}


def defer(
    world: World,
    hints: Mapping[str, Hint],
    tasks: Mapping[str, Task],
    imports: Mapping[str, Decision],
    counts: Counter[str],
) -> set[str]:
    """Keep those of the imports that are past their owner's pace, the soonest due going first; tell which (S4).

    What waited has been counted when its turn came.
    """
    fresh = [
        _import(hints[task_id], tasks[task_id], decision)
        for task_id, decision in imports.items()
        if not hints[task_id].turn
    ]
    late: list[Deferred] = []
    for owner, theirs in pace.by_owner(each for each in fresh if not each.hint.batch).items():
        late += theirs[_granted(world, f"at once#{owner}", len(theirs), pace.AT_ONCE) :]
    for owner, theirs in pace.by_owner(each for each in fresh if each.hint.batch).items():
        late += theirs[_granted(world, f"turn#{owner}", len(theirs), pace.PACE) :]
    if late:
        world.ledger.defer(late)
        counts["deferred"] += len(late)
    return {each.hint.task_id for each in late}


def drain(world: World) -> Counter[str]:
    """Hint the deferred imports whose turn has come: of every user the soonest due (S4). Costs one query while nothing waits.

    They are forgotten only when their hints are confirmed stored. A task that was linked or deleted meanwhile is merged like any other.
    """
    due: list[Deferred] = []
    for owner, theirs in pace.by_owner(world.ledger.deferred(LOOKED_AT)).items():
        asked = min(len(theirs), pace.PACE)
        due += theirs[: _granted(world, f"turn#{owner}", asked, pace.PACE)]
    if not due:
        return Counter()
    due.sort(key=lambda each: each.place)
    world.hints.store([replace(each.hint, turn=True) for each in due])
    world.ledger.undefer(due)
    return Counter(deferred_hints=len(due))


def _granted(world: World, name: str, asked: int, most: int) -> int:
    return pace.granted(world.ledger.tally(name, _minute(world), asked), asked, most) if asked else 0


def _minute(world: World) -> datetime:
    return world.clock.now().replace(second=0, microsecond=0)


def _import(hint: Hint, task: Task, decision: Decision) -> Deferred:
    high = decision.record is not None and decision.record.reminder.values.priority is Priority.HIGH
    return Deferred(hint=hint, owner=task.owner, due=task.due, high=high)
