"""Watermark arithmetic (I3, I4): which range to ask for, and how far it may be trusted afterwards. All times are Salesforce's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

SHORTEST_SPAN: Final = timedelta(minutes=2)
"""The platform drops the seconds of both bounds and wants more than a minute between them."""

UPDATED_HORIZON: Final = timedelta(days=30)
DELETED_HORIZON: Final = timedelta(days=15)
"""How far back the replication resources reach; an older watermark needs a full comparison (I4)."""


@dataclass(frozen=True, slots=True)
class Span:
    """A range to ask for, both bounds whole minutes."""

    start: datetime
    end: datetime

    def halved(self) -> Span | None:
        """Give the first half, for when the range holds too many ids; None if it cannot be halved (I4)."""
        middle = whole_minute(self.start + (self.end - self.start) / 2)
        return Span(self.start, middle) if middle - self.start >= SHORTEST_SPAN else None


def whole_minute(moment: datetime) -> datetime:
    """Drop the seconds, as the platform does."""
    return moment.replace(second=0, microsecond=0)


def span(mark: datetime | None, now: datetime) -> Span:
    """Tell the range to ask for at Salesforce's time `now`: from the watermark, at least two minutes wide.

    Without a watermark the shortest range is asked for: what came before is the first sync's.
    """
    end = whole_minute(now)
    latest = end - SHORTEST_SPAN
    return Span(whole_minute(min(mark or latest, latest)), end)


def covered(asked: Span, latest_date_covered: datetime) -> datetime:
    """Tell the next watermark: what the resource says it covers, never later than the end asked for.

    While a long transaction is open in the org, `latestDateCovered` stays at its start, so what it commits late is not skipped.
    """
    return min(latest_date_covered, asked.end)


def too_old(mark: datetime | None, now: datetime, horizon: timedelta) -> bool:
    """Whether the resource no longer reaches back to the watermark (I4)."""
    return mark is not None and now - mark > horizon
