"""The dead letters in memory: the `DeadLetters` port under the same contract tests as the one on SQS."""

from __future__ import annotations

from collections.abc import Sequence

from reminders.core.task import Hint
from reminders.ports import DeadBatch


class MemoryDeadLetters:
    """Keeps letters until they are forgotten. `malformed`: how many further messages there are no letters of ours."""

    def __init__(self) -> None:
        self.kept: dict[str, tuple[Hint, ...]] = {}
        self.malformed = 0
        self._shown: set[str] = set()
        self._malformed_shown = 0

    def bury(self, *hints: Hint) -> None:
        """Put a letter there."""
        self.kept[f"letter {len(self.kept)}"] = hints

    def next_night(self) -> None:
        """Let what was not forgotten come into sight again."""
        self._shown.clear()
        self._malformed_shown = 0

    def receive(self) -> DeadBatch:
        """Take some; each comes once until the next night."""
        some = [letter for letter in self.kept if letter not in self._shown][:10]
        self._shown.update(some)
        malformed, self._malformed_shown = self.malformed - self._malformed_shown, self.malformed
        hints = tuple(hint for letter in some for hint in self.kept[letter])
        return DeadBatch(hints=hints, letters=tuple(some), malformed=malformed)

    def forget(self, letters: Sequence[str]) -> None:
        """Remove them."""
        for letter in letters:
            self.kept.pop(letter, None)
