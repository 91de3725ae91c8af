"""The API budget and the call log: what was asked, by whom, with what result, and how many calls the org has counted."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass
from typing import Final

HOUR: Final = 3600
HOURS: Final = 24
KEPT: Final = 20_000


@dataclass(frozen=True, slots=True)
class Call:
    """One answered request. `resource` is its pattern (`GET /sobjects/*/updated`); `records`: how many it carried."""

    at: int
    resource: str
    path: str
    status: int
    user_id: str | None
    counted: int


class CallLog:
    """Counts calls against a rolling limit of 24 hours and remembers the newest ones."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.entries: deque[Call] = deque(maxlen=KEPT)
        self.by_resource: Counter[str] = Counter()
        self.hours: Counter[int] = Counter()

    def used(self, now: int) -> int:
        """Calls counted in the last 24 hours."""
        oldest = now // HOUR - HOURS
        for hour in [hour for hour in self.hours if hour <= oldest]:
            del self.hours[hour]
        return self.hours.total()

    def spend(self, now: int, calls: int = 1) -> None:
        """Count calls; also those of other programs, which share the budget."""
        self.hours[now // HOUR] += calls

    def note(self, call: Call) -> None:
        """Remember an answered request."""
        self.entries.append(call)
        self.by_resource[call.resource] += 1

    def clear(self) -> None:
        """Forget the log; the budget stays spent."""
        self.entries.clear()
        self.by_resource.clear()

    def __len__(self) -> int:
        return len(self.entries)
