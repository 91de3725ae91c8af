"""What administrators and users choose (S1, S6), with safe defaults. Pure values; the ledger stores them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from reminders.core.reminder import Priority, Status

ON_ITS_WAY: Final = timedelta(hours=48)
"""So long before sync was turned off the window begins when it is turned on again: as far back as the sweep looks (I5)."""

LONGEST_IMPORT: Final = timedelta(days=30)
"""No first sync reaches further back (S2, S3)."""


class Policy(StrEnum):
    """Who wins when both sides changed the same field to different values (M2)."""

    LATEST = "latest"
    SALESFORCE = "salesforce"
    REMINDER = "reminder"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """How one of our values is represented in the org: the one value that is written, and further ones that are read (F2)."""

    written: str
    also_read: tuple[str, ...] = ()

    def reads(self, raw: str | None) -> bool:
        """Tell whether this value of the org means it."""
        return raw == self.written or raw in self.also_read


DEFAULT_STATUSES: Mapping[Status, Choice] = {
    Status.OPEN: Choice(written="Not Started"),
    Status.COMPLETE: Choice(written="Completed"),
}
DEFAULT_PRIORITIES: Mapping[Priority, Choice] = {
    Priority.NORMAL: Choice(written="Normal"),
    Priority.HIGH: Choice(written="High"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The org-wide settings (S6). Shares are fractions, the poll interval is in minutes, the import window in hours."""

    subject_template: str = "{{activity_subject}}"
    policy: Policy = Policy.LATEST
    poll_minutes: int = 5
    import_hours: int = 24
    api_share: float = 0.25
    statuses: Mapping[Status, Choice] = field(default_factory=lambda: DEFAULT_STATUSES)
    priorities: Mapping[Priority, Choice] = field(default_factory=lambda: DEFAULT_PRIORITIES)
    version: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """A user's first sync (S2): when it began, how many tasks it found, and which of its batches are still on their way.

    `since` is the start of the import window.
    """

    started: datetime
    since: datetime
    found: int = 0
    batches: frozenset[str] = frozenset()
    listed: bool = False

    @property
    def finished(self) -> bool:
        """Whether every batch was applied."""
        return self.listed and not self.batches


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A user of the org as we know them, with their own settings (S1: sync is off by default).

    `changed` is when sync was last turned on or off, by them or by what became of them in Salesforce. `time_zone` and `language` are
    Salesforce's for this user, as are `active` and `admin`; `read_at` is when they were last read there (None: before that was kept).
    """

    id: str
    name: str = ""
    username: str = ""
    admin: bool = False
    time_zone: str = "UTC"
    language: str = "en_US"
    active: bool = True
    read_at: datetime | None = None
    syncs: bool = False
    changed: datetime | None = None
    first_sync: Import | None = None
    version: int = 0

    @property
    def takes_part(self) -> bool:
        """Whether anything of theirs moves: they chose so, and are active in Salesforce, which refuses writes for anybody else (S3)."""
        return self.syncs and self.active


def import_from(user: User, hours: int, now: datetime) -> Import:
    """Give the first sync that begins now: its window is so long, or reaches back to when sync was turned off, at most 30 days (S3)."""
    since = now - timedelta(hours=hours)
    if user.changed:
        # What changed shortly before may have been on its way still, when the org could not be read; no earlier window is widened.
        before = user.changed - ON_ITS_WAY
        since = min(since, max(before, user.first_sync.since) if user.first_sync else user.changed)
    return Import(started=now, since=max(since, now - LONGEST_IMPORT))
