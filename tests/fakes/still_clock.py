"""A clock that moves only when told to, or when somebody sleeps on it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class StillClock:
    """The `Clock` port for tests; `slept` has every sleep in seconds."""

    def __init__(self, now: datetime = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)) -> None:
        self._now = now
        self.slept: list[float] = []

    def now(self) -> datetime:
        """Where it stands: aware UTC, whole seconds."""
        return self._now.replace(microsecond=0)

    def sleep(self, seconds: float) -> None:
        """Move on at once."""
        self.slept.append(seconds)
        self.forward(timedelta(seconds=seconds))

    def forward(self, span: timedelta) -> None:
        """Let time pass."""
        self._now += span
