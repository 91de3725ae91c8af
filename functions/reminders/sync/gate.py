"""The place of the mass-delete valve in pull and push (M9): deletes are counted in the ledger before anything is stored or sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from reminders.core import valve
from reminders.core.decision import Decision, Delete
from reminders.core.lists import View
from reminders.core.reminder import Side
from reminders.ports import World

LOOKED_AT: Final = 2_000
"""Reminders of each list of a user that are looked at to tell how many were synced: of somebody who has more, more is held."""


def let_through(world: World, decisions: Mapping[str, Decision]) -> dict[str, Decision]:
    """Count the deletes among these decisions, and put what is held in the place of those past the valve.

    Without deletes it asks nothing. With some: one count and one query per user and direction, and only past `valve.ALWAYS` the
    user's lists. Counting twice is once, so a run that is repeated decides the same.
    """
    groups: dict[tuple[str, Side], list[Delete]] = {}
    for decision in decisions.values():
        if decision.delete:
            groups.setdefault((decision.delete.owner, decision.delete.side), []).append(decision.delete)
    passing = {group: _passing(world, *group, {each.key for each in deletes}) for group, deletes in groups.items()}
    return {name: _gated(decision, passing) for name, decision in decisions.items()}


def _gated(decision: Decision, passing: Mapping[tuple[str, Side], set[str]]) -> Decision:
    delete = decision.delete
    return delete.held if delete and delete.key not in passing[delete.owner, delete.side] else decision


def _passing(world: World, owner: str, side: Side, keys: set[str]) -> set[str]:
    now = world.clock.now()
    counted = world.ledger.count_deletes(owner, side, keys, now)
    if len(counted.window) <= valve.ALWAYS:
        return keys
    today = now.date().isoformat()
    opened, completed, deleted = (
        world.ledger.listing(owner, view, today, limit=LOOKED_AT) for view in (View.OPEN, View.COMPLETED, View.DELETED)
    )
    had = valve.had([*opened, *completed], deleted, now - valve.HOUR)
    return valve.passing(counted.window, keys, valve.allowed(had), anew=counted.anew)
