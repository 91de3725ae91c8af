"""What came of one run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the webhook loads this file, and no more of the core than it needs
    from reminders.core.problems import Failure


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What one run did: counters by name (for metrics), and the task ids whose hints must be delivered again.

    `unavailable`: the run stopped early because the org as a whole could not be used; nothing is lost, the schedule goes on.
    """

    counts: Mapping[str, int]
    failed: frozenset[str] = frozenset()
    unavailable: Failure | None = None
    levels: Mapping[str, int] = field(default_factory=dict)
    """What was read off at the end of the run, by name; unlike counts, levels of several runs do not add up."""
