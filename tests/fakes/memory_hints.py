"""The hints queue in memory: the `Hints` port under the same contract tests as the one on SQS."""

from __future__ import annotations

from collections.abc import Sequence

from reminders.aws.hint_queue import HintsNotStored
from reminders.core.task import Hint


class MemoryHints:
    """Keeps what was stored until it is taken. `refusals`: how many of the next calls fail, and store nothing."""

    def __init__(self) -> None:
        self.queued: list[Hint] = []
        self.refusals = 0

    def store(self, hints: Sequence[Hint]) -> None:
        """Store all, or raise HintsNotStored."""
        if hints and self.refusals:
            self.refusals -= 1
            raise HintsNotStored("the queue cannot be reached: as the test wants it")
        self.queued.extend(hints)

    def take(self, limit: int | None = None) -> list[Hint]:
        """Remove and return hints, the oldest first; all of them without a limit."""
        taken, self.queued = self.queued[:limit], self.queued[len(self.queued[:limit]) :]
        return taken
