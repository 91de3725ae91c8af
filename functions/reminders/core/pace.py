"""How much at a time, and in which order: imports of a mass load (S4), and reads of ids that nobody here knows (I2).

What a user gets in the ordinary way is imported at once. A load of more waits in the ledger until the next minute, when all of it is
known, so that the soonest due of the whole load come first, and not those that happened to be hinted first.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final

from reminders.core.task import Hint

AT_ONCE: Final = 250
"""Imports of one user and minute that nothing holds up; their order is that of the bulks in which they were read."""

PACE: Final = 1_000
"""Imports of one user and minute whose order is known: those that waited, and a first sync's, which lists the soonest due first."""

UNKNOWN: Final = 2_000
"""Ids a minute, of those that are linked to nothing here and that only the webhook names, that are read: four calls."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deferred:
    """An import that waits for its turn: the hint that brings it, and what its turn depends on.

    `times`: how often it was deferred by the time it was read, as a receipt to forget it by.
    """

    hint: Hint
    owner: str
    due: date | None = None
    high: bool = False
    times: int = 0

    @property
    def place(self) -> str:
        """Its place in the order: the soonest due, then high priority, then its id; without a date it comes last."""
        return f"{self.due or 'none'}#{0 if self.high else 1}#{self.hint.task_id}"


def granted(total: int, asked: int, most: int) -> int:
    """Tell how many of `asked` may pass, when `total` is what was counted within the minute, these included."""
    return max(0, min(asked, most - (total - asked)))


def by_owner(deferred: Iterable[Deferred]) -> dict[str, list[Deferred]]:
    """Give each owner's own, the soonest due first."""
    queues: dict[str, list[Deferred]] = {}
    for each in sorted(deferred, key=lambda each: each.place):
        queues.setdefault(each.owner, []).append(each)
    return queues
