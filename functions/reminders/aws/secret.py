"""A secret, kept for a while: so that a container does not ask with every call, and yet follows a rotation."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from reminders.ports import Clock

LONGEST: Final = timedelta(minutes=5)
"""A value is never used longer than this without asking again: how long an old one still counts after a rotation."""

SHORTEST: Final = timedelta(seconds=30)
"""It is never asked for more often than this, whatever strangers send."""


class Secret:
    """One secret. `fetch` asks the vault for its text, and raises what the vault raises; nothing stale is used instead."""

    def __init__(self, fetch: Callable[[], str], clock: Clock) -> None:
        self._fetch = fetch
        self._clock = clock
        self._kept: tuple[str, datetime] | None = None

    def value(self) -> str:
        """The value, at most five minutes old."""
        return self._not_older_than(LONGEST)

    def latest(self) -> str:
        """The value, at most half a minute old: for when the kept one did not fit, and may have been replaced."""
        return self._not_older_than(SHORTEST)

    def _not_older_than(self, age: timedelta) -> str:
        now = self._clock.now()
        if self._kept is None or now - self._kept[1] > age:
            self._kept = self._fetch(), now
        return self._kept[0]
