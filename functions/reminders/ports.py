"""What the sync needs from the outside world, as small protocols in our own words.

`salesforce.py` and `tables.py` implement them; vendor objects and vendor errors never pass. Every implementation runs the
same contract tests (`tests/contract/`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Protocol

from reminders.core.budget import Spending
from reminders.core.drift import Comparison, Drift
from reminders.core.lag import Lag
from reminders.core.pace import Deferred
from reminders.core.problems import Failure, Outage
from reminders.core.reminder import Line, Record, Reminder, Side
from reminders.core.set_up_rules import Access, Picklists, PicklistValue
from reminders.core.settings import Settings, User
from reminders.core.task import Hint, Task

if TYPE_CHECKING:
    from reminders.core.lists import Shelf, Span, View

READ_BATCH: Final = 500
"""Ids per read call: as many as fit into a URI of 16,384 bytes."""

RACES: Final = 5
"""How often a write that lost a race is read, merged and tried again before it is left to the next delivery."""


MOST_COUNTED: Final = 5_000
"""Counted deletes of one user and direction that are read: more than may pass of all that `gate` counts as synced."""


class OrgUnavailable(Exception):
    """The org as a whole cannot be used now; `failure` says why.

    Nothing was done, unless the failure's kind is UNKNOWN: then a write may have been made.
    """

    def __init__(self, failure: Failure) -> None:
        super().__init__(f"{failure.code}: {failure.message}")
        self.failure = failure


class LostRaces(Exception):
    """A write lost every race it was given; the trigger delivers again, and nothing is half done."""


class LedgerUnavailable(Exception):
    """The ledger refused or did not answer (throttled, unreachable, misconfigured), after bounded retries.

    A write may have been made: read again before deciding anything.
    """


class InvalidRange(Exception):
    """INVALID_REPLICATION_DATE: the org no longer covers this range (I4)."""


class TooManyIds(Exception):
    """EXCEEDED_ID_LIMIT: the range holds more than 600,000 ids; ask for half of it (I4)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bulk:
    """The answer of a bulk read: the rows returned, by the key asked for, and Salesforce's `Date` of the answer.

    A row that is missing "cannot be read", nothing more (M6).
    """

    tasks: Mapping[str, Task]
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Updated:
    """Ids from the `updated` resource, and up to where it covers."""

    ids: tuple[str, ...]
    covered: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DeletedList:
    """(id, deleted at) from the `deleted` resource, up to where it covers, and from when on it is available."""

    records: tuple[tuple[str, datetime], ...]
    covered: datetime
    earliest: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of one record of a batch: its id, or a failure (O3). Records succeed or fail by themselves."""

    id: str | None = None
    failure: Failure | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One update: the raw task fields that change, and the precondition (`If-Unmodified-Since`)."""

    task_id: str
    fields: Mapping[str, str | None]
    unmodified_since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A user, lead or contact of the org. `admin` is whether a user holds the permission set Reminder_Sync_Admin (C7)."""

    id: str
    name: str
    username: str = ""
    active: bool = True
    admin: bool = False
    time_zone: str = "UTC"
    language: str = "en_US"


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Calls of the org today, and its limit (`Sforce-Limit-Info`, O6); `ours`: calls that this client has made since it exists."""

    used: int
    limit: int
    ours: int = field(default=0, compare=False)


class Org(Protocol):
    """Our verbs on one Salesforce org. Every method is one API call per started batch, counted by the org.

    Batches: reads 500 ids, creates and deletes 200 records, updates 25. Any method raises `OrgUnavailable`. Longer inputs
    than a batch are split by the implementation for reads, and are an error (`ValueError`) for writes: the push decides
    what one call holds.
    """

    def now(self) -> datetime:
        """Salesforce's clock, from the `Date` of an answer that counts against no limit (the versions root)."""
        ...

    def me(self) -> str:
        """The integration user's id (18 characters). No call: it comes with the sign-in."""
        ...

    def updated(self, start: datetime, end: datetime) -> Updated:
        """Ids of tasks created or changed in the range. Raises InvalidRange, TooManyIds."""
        ...

    def deleted(self, start: datetime, end: datetime) -> DeletedList:
        """Tasks deleted in the range. Raises InvalidRange, TooManyIds."""
        ...

    def read(self, task_ids: Collection[str]) -> Bulk:
        """Read tasks by id with `queryAll`, deleted and archived ones included; keyed by task id."""
        ...

    def find(self, external_ids: Collection[str]) -> Bulk:
        """Look tasks that we made up by `Reminder_Id__c`, deleted ones included; keyed by external id. A living one wins over a deleted one."""
        ...

    def open_tasks(self, owner: str, since: datetime) -> tuple[str, ...]:
        """Ids of the owner's open, importable tasks created or changed since then, soonest due first (S2, S4)."""
        ...

    def recent_tasks(self, owner: str, since: datetime, limit: int) -> tuple[str, ...]:
        """Ids of the owner's tasks of any kind created or changed since then, the newest change first, at most so many (S2)."""
        ...

    def create(self, records: Sequence[Mapping[str, str | None]]) -> list[Outcome]:
        """Insert up to 200 tasks in one call; outcomes in input order."""
        ...

    def update(self, changes: Sequence[Change]) -> list[Outcome]:
        """Update up to 25 tasks in one call, each under its precondition; outcomes in input order. A 412 is a failure of kind STALE."""
        ...

    def delete(self, task_ids: Sequence[str]) -> list[Outcome]:
        """Delete up to 200 tasks in one call; outcomes in input order."""
        ...

    def statuses(self) -> tuple[PicklistValue, ...]:
        """The org's TaskStatus values, in their order."""
        ...

    def priorities(self) -> tuple[PicklistValue, ...]:
        """The org's TaskPriority values, in their order."""
        ...

    def access(self) -> Access:
        """What the integration user may do, and what became of `Reminder_Id__c` (I3). Two calls."""
        ...

    def users(self, user_ids: Collection[str]) -> dict[str, Person]:
        """Users by id, with whether they administer Reminder Sync."""
        ...

    def people(self, text: str) -> tuple[Person, ...]:
        """Leads and contacts whose name contains the text, at most 20 (C1)."""
        ...

    def named(self, person_ids: Collection[str]) -> tuple[Person, ...]:
        """Leads and contacts by id (C1); one that is not there is left out. A call for either kind."""
        ...

    def usage(self) -> Usage | None:
        """What the newest answer said of the org's calls; None before the first answer. No call."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Parked:
    """Parked hints; a task of two batches comes as two. `receipt`: how often each task had been parked by then."""

    hints: tuple[Hint, ...]
    receipt: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Page:
    """Reminders in their order, and the place after which to go on; None at the end."""

    reminders: tuple[Reminder, ...]
    next: str | None


class Mark(StrEnum):
    """The two watermarks (I3)."""

    UPDATED = "updated"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class Counted:
    """The deletes of a user counted within an hour, by key with their times; `anew`: which of them this very call counted (M9)."""

    window: dict[str, datetime]
    anew: frozenset[str]


class Ledger(Protocol):
    """Our own memory. Every read that decides anything is by primary key and strongly consistent; lists may lag a moment."""

    def reminders(self, reminder_ids: Collection[str]) -> dict[str, Reminder]:
        """Read reminders by id, deleted ones included; unknown ids are absent."""
        ...

    def links(self, task_ids: Collection[str]) -> dict[str, str]:
        """Reminder ids by task id."""
        ...

    def save(self, records: Sequence[Record]) -> list[Reminder | None]:
        """Write each record by itself, on the version it carries.

        Returns, in input order, the reminder as stored (its version one higher), or None where the version was stale or the
        link taken.
        """
        ...

    def history(self, reminder_id: str) -> list[Line]:
        """All lines of a reminder, oldest first."""
        ...

    def page(self, assignee: str, part: Span, after: str | None, limit: int) -> Page:
        """A part of a user's shelf in its order, from after this place on (None: from its beginning), at most so many places.

        What has moved meanwhile is left out, so a page may hold fewer, or none, and yet not be the last.
        """
        ...

    def given_page(self, creator: str, part: Span, after: str | None, limit: int) -> Page:
        """The same of what this user assigned to others, whoever has it now (C1)."""
        ...

    def about(self, person: str, after: str | None, limit: int) -> Page:
        """Reminders of any shelf that are about this lead or contact (C8), by id, from after this id on, at most so many.

        As with `page`, one may hold fewer than it looked at. `next` is an id.
        """
        ...

    def forget_histories(self, reminder_ids: Collection[str]) -> None:
        """Remove all lines that there are of these reminders (C8)."""
        ...

    def erase(self, reminders: Sequence[Reminder]) -> list[bool]:
        """Remove each reminder for good, with its history (C8); False where the version is stale: read again, its history is gone."""
        ...

    def forget_user(self, user: User) -> bool:
        """Remove a user's record, on the version it carries (C8); False if stale."""
        ...

    def listing(self, assignee: str, view: View, today: str, *, limit: int = 1000) -> list[Reminder]:
        """A user's reminders in one view; `today` is the user's own date (ISO). TODAY is today and tomorrow (S5)."""
        ...

    def shelf(self, assignee: str, shelf: Shelf, since: datetime | None = None) -> Iterator[Reminder]:
        """All of a user's reminders on a shelf, or those whose history has told something since then; may lag a moment.

        Read page by page as they are asked for. What comes onto the shelf meanwhile may be there or not.
        """
        ...

    def waiting(self, now: datetime, limit: int, *, urgent_first: bool = False) -> list[str]:
        """Ids of reminders whose next attempt is due, owners taking turns, each one's soonest attempt or most urgent first (C8, O6).

        At least the 10,000 soonest attempts are looked at.
        """
        ...

    def stuck(self, owner: str) -> list[str]:
        """Ids of reminders that wait for this user's sync to be turned on: pending, without a next attempt, and theirs (S3).

        Whose they are says `Reminder.owner_before`: not always the assignee.
        """
        ...

    def count_waiting(self) -> int:
        """How many reminders wait for a push (C3); may lag a moment."""
        ...

    def troubled(self, limit: int, code: str | None = None) -> list[str]:
        """Ids of reminders with a problem, or with this one, ordered by code and then longest first (C4, O4); may lag a moment."""
        ...

    def outages(self) -> list[Outage]:
        """What stopped runs as a whole and was not ended (C4), by run and code."""
        ...

    def note_outage(self, outage: Outage) -> None:
        """Keep an outage, one per run and code: seen again, its `since` stays, and `seen` only moves forward (O3)."""
        ...

    def end_outage(self, run: str, code: str) -> None:
        """Forget an outage; ending twice is once."""
        ...

    def park(self, hints: Collection[Hint]) -> None:
        """Keep hints while the org cannot be read, one per task (I1)."""
        ...

    def parked(self, limit: int) -> Parked:
        """Parked hints, of at most `limit` tasks."""
        ...

    def unpark(self, receipt: Mapping[str, int]) -> None:
        """Forget parked hints that are safely on the queue again; one that was parked again since the receipt stays."""
        ...

    def tally(self, name: str, minute: datetime, number: int) -> int:
        """Add to what was counted under this name in this minute, and tell the sum."""
        ...

    def defer(self, deferred: Collection[Deferred]) -> None:
        """Keep imports until their turn, one per task and place; dates of a deletion, batches and `swept` as `park` does (S4)."""
        ...

    def deferred(self, limit: int) -> list[Deferred]:
        """Deferred imports, in the order of their places, of at most `limit` tasks; a task of two batches comes as two."""
        ...

    def undefer(self, deferred: Collection[Deferred]) -> None:
        """Forget those whose hints are safely on the queue; one that was deferred again since it was read stays."""
        ...

    def note_comparison(self, comparison: Comparison) -> None:
        """Keep the last comparison of each kind (I4, I5)."""
        ...

    def comparisons(self) -> dict[str, Comparison]:
        """The last comparison of each kind."""
        ...

    def note_drift(self, drifts: Collection[Drift]) -> None:
        """Keep what the sweep found, for 30 days; noted twice it is one (I5)."""
        ...

    def drifts(self, limit: int) -> list[Drift]:
        """What the sweep found, newest first."""
        ...

    def count_drifts(self, since: datetime) -> int:
        """How much the sweep has found since then."""
        ...

    def watermark(self, mark: Mark) -> datetime | None:
        """Where it stands."""
        ...

    def advance(self, mark: Mark, value: datetime) -> None:
        """Move it forward; a value that is not later changes nothing (I3)."""
        ...

    def succeeded(self, direction: str, at: datetime, spent: Usage | None = None, lag: timedelta | None = None) -> None:
        """Note the last success of a direction ("pull", "push", "poll", "sweep"), for the sync status (C3).

        `spent`: what the org said of its calls, and how many of them this very run has made (`ours`); as a rule one write.
        `lag`: how long the slowest change that it carried over took; one write more, and none that matters if it is lost.
        """
        ...

    def spent(self, direction: str, at: datetime, usage: Usage) -> None:
        """Note the calls of something that did not succeed, or is no direction ("api")."""
        ...

    def spending(self, now: datetime) -> Spending | None:
        """Calls used today, by the org as last heard and by us; None if no run has heard anything today (UTC)."""
        ...

    def begun(self, direction: str, at: datetime) -> None:
        """Note when a run began that must not begin too often; an earlier time than the known one changes nothing."""
        ...

    def last_begun(self, direction: str) -> datetime | None:
        """When such a run last began, whatever came of it."""
        ...

    def ask_for_sync(self, at: datetime) -> bool:
        """Wake the poll for a poll and a push (C3); False if that was asked for less than a minute ago."""
        ...

    def lags(self, since: datetime) -> list[Lag]:
        """The slowest changes by direction and half hour, oldest first, of the half hours that ended after `since` (a day ago at most)."""
        ...

    def successes(self) -> dict[str, datetime]:
        """The last success per direction."""
        ...

    def count_deletes(self, owner: str, side: Side, keys: Collection[str], at: datetime) -> Counted:
        """Count a user's deletes made on this side, and tell all that were counted in the hour before `at` (M9).

        A key counts once an hour, with the time of its first count. All of `keys` are counted before anything is read. Of more than
        MOST_COUNTED, so many are told, and `keys`.
        """
        ...

    def picklists(self) -> Picklists | None:
        """The org's statuses and priorities as last asked; None before (F2)."""
        ...

    def save_picklists(self, picklists: Picklists) -> None:
        """Keep them; the newest stand."""
        ...

    def settings(self) -> Settings:
        """The org-wide settings; the defaults if never saved."""
        ...

    def save_settings(self, settings: Settings) -> Settings | None:
        """Write on the version it carries; None if stale."""
        ...

    def users(self, user_ids: Collection[str]) -> dict[str, User]:
        """Users by id; unknown ids are absent."""
        ...

    def save_user(self, user: User) -> User | None:
        """Write on the version it carries (0: must not exist yet); None if stale."""
        ...

    def batch_applied(self, user_id: str, batches: Collection[str]) -> None:
        """Strike batches off a user's first sync, without touching its version; striking twice changes nothing (S1)."""
        ...

    def syncing(self) -> list[User]:
        """All users who take part in the sync now; the push and the pull ask `users`."""
        ...

    def everybody(self) -> list[User]:
        """All users that we know, by id: those who sync, and whoever was assigned to or has signed in."""
        ...


class Hints(Protocol):
    """The queue on which every finder stores what it found (I1)."""

    def store(self, hints: Sequence[Hint]) -> None:
        """Return only when every hint is confirmed stored; else raise."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadBatch:
    """Dead letters: their hints, what to name when they may be forgotten, and how many messages are not ours."""

    hints: tuple[Hint, ...]
    letters: tuple[str, ...]
    malformed: int


class DeadLetters(Protocol):
    """Where hints end up that failed alone, again and again (I1)."""

    def receive(self) -> DeadBatch:
        """Take some; empty where there are none. What is not forgotten comes again, but not within this run."""
        ...

    def forget(self, letters: Sequence[str]) -> None:
        """Remove letters whose hints are safely stored elsewhere."""
        ...


class Clock(Protocol):
    """Time, as the shell sees it."""

    def now(self) -> datetime:
        """Our own clock: aware UTC, whole seconds."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait. The simulation only moves its clock."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Everything a handler needs, built once per container by `runtime.world()` and once per test by hand."""

    ledger: Ledger
    org: Org
    hints: Hints
    clock: Clock
