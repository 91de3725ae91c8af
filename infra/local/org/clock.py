"""A clock that can be moved: the machine's time, plus what a test or a demo has added."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta


class MovableClock:
    """Tells the time of another clock, ahead by an offset that only grows: time in an org never runs backwards."""

    def __init__(self, base: Callable[[], datetime], ahead: float = 0.0) -> None:
        self._base = base
        self._ahead = timedelta(seconds=ahead)

    def now(self) -> datetime:
        """The org's time, aware UTC."""
        return self._base() + self._ahead

    @property
    def ahead(self) -> float:
        """Seconds ahead of the other clock."""
        return self._ahead.total_seconds()

    def advance(self, seconds: float) -> None:
        """Move ahead. Raises ValueError for a step back."""
        if seconds < 0:
            raise ValueError("time cannot be moved back")
        self._ahead += timedelta(seconds=seconds)
