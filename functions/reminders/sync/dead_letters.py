"""Hints that failed alone, again and again, get another chance every night (I1)."""

from __future__ import annotations

from collections import Counter
from typing import Final

from reminders.ports import DeadLetters, Hints

MOST: Final = 200
"""Batches of dead letters that one sweep takes; the next goes on."""


def revive(dead_letters: DeadLetters, hints: Hints) -> Counter[str]:
    """Store the hints of dead letters again, and only then forget the letters; tell how many hints that were.

    What fails again is back tomorrow, and counted again: a number that stays is a hint that somebody has to look at. A message that is
    not ours is left where it is, for the same reason.
    """
    counts: Counter[str] = Counter()
    for _ in range(MOST):
        batch = dead_letters.receive()
        if not batch.letters and not batch.malformed:
            break
        hints.store(batch.hints)
        dead_letters.forget(batch.letters)
        counts["dead_letters"] += len(batch.hints)
        counts["dead_letters_malformed"] += batch.malformed
    return counts
