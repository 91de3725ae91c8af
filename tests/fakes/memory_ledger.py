"""The ledger in memory: the same promises as `tables`, held to the same contract tests, at the speed of a dict.

It also tells what DynamoDB's streams would: `rung` are the ids of reminders whose write rang (O1), `completed` are reminders as
a write that completed them stored them (C6), and `first_sync_due` the
ids of users whose first sync a write asked for (S1), `syncs_asked` the times of requests for a sync (C3), oldest first; whoever reads them may clear them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from threading import Lock

from reminders.core.budget import Spending
from reminders.core.drift import Comparison, Drift
from reminders.core.lag import SPAN, Lag, slot
from reminders.core.lists import Shelf, Span, View, given_away, place, span, trouble_place, trouble_prefix
from reminders.core.lists import shelf as lies_on
from reminders.core.pace import Deferred
from reminders.core.problems import Outage
from reminders.core.push_plan import Waits, take_turns, urgency_key
from reminders.core.reminder import Line, Record, Reminder, Side, dated
from reminders.core.set_up_rules import Picklists
from reminders.core.settings import Settings, User
from reminders.core.task import Hint
from reminders.core.valve import HOUR
from reminders.ports import Counted, Ledger, Mark, Page, Parked, Usage


class MemoryLedger(Ledger):
    """Everything in dicts, under one lock, so that compare-and-set is atomic across threads as it is in DynamoDB."""

    def __init__(self) -> None:
        self.rung: list[str] = []
        self.completed: list[Reminder] = []
        self.first_sync_due: list[str] = []
        self._lock = Lock()
        self._reminders: dict[str, Reminder] = {}
        self._links: dict[str, str] = {}
        self._history: dict[str, list[Line]] = {}
        self._parked: dict[str, tuple[datetime | None, frozenset[str], bool]] = {}
        self._comparisons: dict[str, Comparison] = {}
        self._drifts: dict[tuple[datetime, str], Drift] = {}
        self._times: Counter[str] = Counter()
        self._tallies: Counter[tuple[str, datetime]] = Counter()
        self._deferred: dict[str, tuple[Deferred, frozenset[str]]] = {}
        self._marks: dict[tuple[str, str], datetime] = {}
        self.syncs_asked: list[datetime] = []
        self._calls: dict[str, tuple[datetime, Usage]] = {}
        self._lags: dict[tuple[str, int], Lag] = {}
        self._deletes: dict[tuple[str, Side], dict[str, datetime]] = {}
        self._outages: dict[tuple[str, str], Outage] = {}
        self._settings = Settings()
        self._picklists: Picklists | None = None
        self._users: dict[str, User] = {}
        self._struck: dict[str, frozenset[str]] = {}

    def reminders(self, reminder_ids: Collection[str]) -> dict[str, Reminder]:
        """See Ledger."""
        with self._lock:
            return {each: self._reminders[each] for each in reminder_ids if each in self._reminders}

    def links(self, task_ids: Collection[str]) -> dict[str, str]:
        """See Ledger."""
        with self._lock:
            return {each: self._links[each] for each in task_ids if each in self._links}

    def save(self, records: Sequence[Record]) -> list[Reminder | None]:
        """See Ledger."""
        return [self._save(record) for record in records]

    def history(self, reminder_id: str) -> list[Line]:
        """See Ledger."""
        with self._lock:
            return list(self._history.get(reminder_id, ()))

    def listing(self, assignee: str, view: View, today: str, *, limit: int = 1000) -> list[Reminder]:
        """See Ledger."""
        return list(self.page(assignee, span(view, today), None, limit).reminders)

    def page(self, assignee: str, part: Span, after: str | None, limit: int) -> Page:
        """See Ledger."""
        with self._lock:
            held = [each for each in self._reminders.values() if each.values.assignee == assignee]
        return _page(held, part, after, limit)

    def given_page(self, creator: str, part: Span, after: str | None, limit: int) -> Page:
        """See Ledger."""
        with self._lock:
            held = [each for each in self._reminders.values() if each.created_by == creator and given_away(each)]
        return _page(held, part, after, limit)

    def about(self, person: str, after: str | None, limit: int) -> Page:
        """See Ledger."""
        with self._lock:
            about = [each for _, each in sorted(self._reminders.items()) if each.values.person == person]
        left = [each for each in about if after is None or each.id > after]
        return Page(tuple(left[:limit]), left[limit - 1].id if len(left) > limit else None)

    def forget_histories(self, reminder_ids: Collection[str]) -> None:
        """See Ledger."""
        with self._lock:
            for each in reminder_ids:
                self._history.pop(each, None)

    def erase(self, reminders: Sequence[Reminder]) -> list[bool]:
        """See Ledger."""
        return [self._erase(each) for each in reminders]

    def forget_user(self, user: User) -> bool:
        """See Ledger."""
        with self._lock:
            known = self._users.get(user.id)
            if known and known.version != user.version:
                return False
            self._users.pop(user.id, None)
            self._struck.pop(user.id, None)
            return known is not None

    def _erase(self, reminder: Reminder) -> bool:
        with self._lock:
            self._history.pop(reminder.id, None)
            known = self._reminders.get(reminder.id)
            if known is None or known.version != reminder.version:
                return False
            del self._reminders[reminder.id]
            return True

    def shelf(self, assignee: str, shelf: Shelf, since: datetime | None = None) -> Iterator[Reminder]:
        """See Ledger."""
        with self._lock:
            held = [each for each in self._reminders.values() if each.values.assignee == assignee]
        on_it = (each for each in held if lies_on(each) is shelf)
        yield from (each for each in on_it if since is None or (each.changed and each.changed >= since))

    def waiting(self, now: datetime, limit: int, *, urgent_first: bool = False) -> list[str]:
        """See Ledger."""
        with self._lock:
            due = [
                Waits(id=each.id, owner=each.values.assignee, attempt=each.next_attempt, urgency=urgency_key(each))
                for each in self._reminders.values()
                if each.next_attempt and each.next_attempt <= now
            ]
        return take_turns(due, limit, urgent_first=urgent_first)

    def stuck(self, owner: str) -> list[str]:
        """See Ledger."""
        with self._lock:
            return sorted(
                each.id
                for each in self._reminders.values()
                if each.pending and not each.next_attempt and each.owner_before == owner
            )

    def count_waiting(self) -> int:
        """See Ledger."""
        with self._lock:
            return sum(each.next_attempt is not None for each in self._reminders.values())

    def troubled(self, limit: int, code: str | None = None) -> list[str]:
        """See Ledger."""
        with self._lock:
            places = {each.id: trouble_place(each) for each in self._reminders.values()}
        prefix = "" if code is None else trouble_prefix(code)
        found = sorted((place, each) for each, place in places.items() if place and place.startswith(prefix))
        return [reminder_id for _, reminder_id in found[:limit]]

    def outages(self) -> list[Outage]:
        """See Ledger."""
        with self._lock:
            return [outage for _, outage in sorted(self._outages.items())]

    def note_outage(self, outage: Outage) -> None:
        """See Ledger."""
        with self._lock:
            known = self._outages.get((outage.run, outage.failure.code), outage)
            if outage.seen >= known.seen:
                self._outages[outage.run, outage.failure.code] = replace(outage, since=known.since)

    def end_outage(self, run: str, code: str) -> None:
        """See Ledger."""
        with self._lock:
            self._outages.pop((run, code), None)

    def park(self, hints: Collection[Hint]) -> None:
        """See Ledger."""
        with self._lock:
            for hint in hints:
                self._times[hint.task_id] += 1
                deleted, batches, swept = self._parked.get(hint.task_id, (None, frozenset(), True))
                batches |= {hint.batch} if hint.batch else frozenset()
                self._parked[hint.task_id] = _latest(deleted, hint.deleted), batches, swept and hint.swept

    def parked(self, limit: int) -> Parked:
        """See Ledger."""
        with self._lock:
            tasks = sorted(self._parked.items())[:limit]
            hints = (
                Hint(task_id=task_id, deleted=deleted, batch=batch, swept=swept)
                for task_id, (deleted, batches, swept) in tasks
                for batch in (*sorted(batches),) or (None,)
            )
            return Parked(hints=tuple(hints), receipt={task_id: self._times[task_id] for task_id, _ in tasks})

    def unpark(self, receipt: Mapping[str, int]) -> None:
        """See Ledger."""
        with self._lock:
            for task_id, times in receipt.items():
                if self._times[task_id] == times:
                    self._parked.pop(task_id, None)

    def tally(self, name: str, minute: datetime, number: int) -> int:
        """See Ledger."""
        with self._lock:
            self._tallies[name, minute] += number
            return self._tallies[name, minute]

    def defer(self, deferred: Collection[Deferred]) -> None:
        """See Ledger."""
        with self._lock:
            for each in deferred:
                known, batches = self._deferred.get(each.place, (each, frozenset()))
                hint = Hint(
                    each.hint.task_id,
                    deleted=_latest(known.hint.deleted, each.hint.deleted),
                    swept=known.hint.swept and each.hint.swept,
                )
                batches |= {each.hint.batch} if each.hint.batch else frozenset()
                self._deferred[each.place] = replace(each, hint=hint, times=known.times + 1), batches

    def deferred(self, limit: int) -> list[Deferred]:
        """See Ledger."""
        with self._lock:
            return [
                replace(each, hint=replace(each.hint, batch=batch))
                for _, (each, batches) in sorted(self._deferred.items())[:limit]
                for batch in (*sorted(batches),) or (None,)
            ]

    def undefer(self, deferred: Collection[Deferred]) -> None:
        """See Ledger."""
        with self._lock:
            for each in deferred:
                if each.place in self._deferred and self._deferred[each.place][0].times == each.times:
                    del self._deferred[each.place]

    def note_comparison(self, comparison: Comparison) -> None:
        """See Ledger."""
        with self._lock:
            self._comparisons[comparison.kind] = comparison

    def comparisons(self) -> dict[str, Comparison]:
        """See Ledger."""
        with self._lock:
            return dict(self._comparisons)

    def note_drift(self, drifts: Collection[Drift]) -> None:
        """See Ledger."""
        with self._lock:
            self._drifts |= {(drift.at, drift.reminder_id): drift for drift in drifts}

    def drifts(self, limit: int) -> list[Drift]:
        """See Ledger."""
        with self._lock:
            return [drift for _, drift in sorted(self._drifts.items(), reverse=True)[:limit]]

    def count_drifts(self, since: datetime) -> int:
        """See Ledger."""
        with self._lock:
            return sum(at >= since for at, _ in self._drifts)

    def watermark(self, mark: Mark) -> datetime | None:
        """See Ledger."""
        with self._lock:
            return self._marks.get(("watermark", mark))

    def advance(self, mark: Mark, value: datetime) -> None:
        """See Ledger."""
        self._forward(("watermark", mark), value)

    def succeeded(self, direction: str, at: datetime, spent: Usage | None = None, lag: timedelta | None = None) -> None:
        """See Ledger."""
        self._forward(("success", direction), at)
        if lag is not None:
            self._note_lag(direction, at, lag)
        if spent and spent.ours:
            self.spent(direction, at, spent)

    def spent(self, direction: str, at: datetime, usage: Usage) -> None:
        """See Ledger."""
        with self._lock:
            then, before = self._calls.get(direction, (at, replace(usage, ours=0)))
            if then.date() > at.date():
                return
            ours = usage.ours + (before.ours if then.date() == at.date() else 0)
            self._calls[direction] = at, replace(usage, ours=ours)

    def spending(self, now: datetime) -> Spending | None:
        """See Ledger."""
        with self._lock:
            today = [(at, usage) for at, usage in self._calls.values() if at.date() == now.date()]
        if not today:
            return None
        at, newest = max(today, key=lambda told: told[0])
        return Spending(used=newest.used, limit=newest.limit, at=at, ours=sum(usage.ours for _, usage in today))

    def begun(self, direction: str, at: datetime) -> None:
        """See Ledger."""
        self._forward(("begun", direction), at)

    def last_begun(self, direction: str) -> datetime | None:
        """See Ledger."""
        with self._lock:
            return self._marks.get(("begun", direction))

    def ask_for_sync(self, at: datetime) -> bool:
        """See Ledger."""
        with self._lock:
            if self.syncs_asked and at - self.syncs_asked[-1] < timedelta(minutes=1):
                return False
            self.syncs_asked.append(at)
            return True

    def _note_lag(self, direction: str, at: datetime, lag: timedelta) -> None:
        number, begun = slot(at)
        new = Lag(direction=direction, at=begun, worst=timedelta(seconds=int(lag.total_seconds())))
        with self._lock:
            before = self._lags.setdefault((direction, number), new)
            if (before.at, before.worst) < (new.at, new.worst):
                self._lags[direction, number] = new

    def lags(self, since: datetime) -> list[Lag]:
        """See Ledger."""
        with self._lock:
            return sorted((each for each in self._lags.values() if each.at + SPAN > since), key=lambda each: each.at)

    def successes(self) -> dict[str, datetime]:
        """See Ledger."""
        with self._lock:
            return {name: at for (kind, name), at in self._marks.items() if kind == "success"}

    def count_deletes(self, owner: str, side: Side, keys: Collection[str], at: datetime) -> Counted:
        """See Ledger."""
        with self._lock:
            known = self._deletes.setdefault((owner, side), {})
            anew = frozenset(key for key in keys if key not in known or known[key] <= at - HOUR)
            known |= dict.fromkeys(anew, at)
            return Counted({key: then for key, then in known.items() if then > at - HOUR}, anew)

    def picklists(self) -> Picklists | None:
        """See Ledger."""
        with self._lock:
            return self._picklists

    def save_picklists(self, picklists: Picklists) -> None:
        """See Ledger."""
        with self._lock:
            if self._picklists is None or self._picklists.at < picklists.at:
                self._picklists = picklists

    def settings(self) -> Settings:
        """See Ledger."""
        with self._lock:
            return self._settings

    def save_settings(self, settings: Settings) -> Settings | None:
        """See Ledger."""
        with self._lock:
            if settings.version != self._settings.version:
                return None
            self._settings = replace(settings, version=settings.version + 1)
            return self._settings

    def users(self, user_ids: Collection[str]) -> dict[str, User]:
        """See Ledger."""
        with self._lock:
            return {each: self._user(each) for each in user_ids if each in self._users}

    def save_user(self, user: User) -> User | None:
        """See Ledger."""
        with self._lock:
            known = self._users.get(user.id)
            if user.version != (known.version if known else 0):
                return None
            began = user.first_sync and user.first_sync.started
            if began is None or known is None or known.first_sync is None or known.first_sync.started != began:
                self._struck[user.id] = frozenset()
            self._users[user.id] = replace(user, version=user.version + 1)
            self._due(user.id)
            return self._user(user.id)

    def batch_applied(self, user_id: str, batches: Collection[str]) -> None:
        """See Ledger."""
        with self._lock:
            if batches and user_id in self._users and self._users[user_id].first_sync:
                self._struck[user_id] |= frozenset(batches)
                self._due(user_id)

    def syncing(self) -> list[User]:
        """See Ledger."""
        with self._lock:
            return [self._user(each) for each, user in sorted(self._users.items()) if user.takes_part]

    def everybody(self) -> list[User]:
        """See Ledger."""
        with self._lock:
            return [self._user(each) for each in sorted(self._users)]

    def _save(self, record: Record) -> Reminder | None:
        reminder = dated(record)
        if reminder.next_attempt and reminder.next_attempt.microsecond:
            raise ValueError("not in whole seconds")
        with self._lock:
            known = self._reminders.get(reminder.id)
            if any(self._version(each.reminder.id) != each.reminder.version for each in (record, record.also) if each):
                return None
            linked = {record.link} if record.link else set()
            if reminder.task_id and (reminder.expires or (known and known.expires)):
                linked.add(reminder.task_id)  # a link expires with its reminder, and is refreshed with it (M5)
            if any(self._links.get(each, reminder.id) != reminder.id for each in linked):
                return None
            stored = replace(reminder, version=reminder.version + 1, rings=False, completion=None)
            self._reminders[reminder.id] = stored
            self._links |= dict.fromkeys(linked, reminder.id)
            if record.unlink and self._links.get(record.unlink) == reminder.id:
                del self._links[record.unlink]
            self._history.setdefault(reminder.id, []).extend(record.lines)
            if record.also:
                other = dated(record.also)
                self._reminders[other.id] = replace(other, version=other.version + 1, rings=False, completion=None)
                self._history.setdefault(other.id, []).extend(record.also.lines)
            if reminder.rings:
                self.rung.append(reminder.id)
            if reminder.completion:
                self.completed.append(replace(stored, completion=reminder.completion))
            return stored

    def _version(self, reminder_id: str) -> int:
        return self._reminders[reminder_id].version if reminder_id in self._reminders else 0

    def _forward(self, name: tuple[str, str], value: datetime) -> None:
        with self._lock:
            self._marks[name] = max(value, self._marks.get(name, value))

    def _user(self, user_id: str) -> User:
        """Give a user with what is left of the first sync: batches and strikes are kept apart, so that they commute."""
        user = self._users[user_id]
        if user.first_sync is None:
            return user
        left = user.first_sync.batches - self._struck[user_id]
        return replace(user, first_sync=replace(user.first_sync, batches=left))

    def _due(self, user_id: str) -> None:
        first_sync = self._users[user_id].first_sync
        if first_sync and not first_sync.listed:
            self.first_sync_due.append(user_id)


def _latest(one: datetime | None, other: datetime | None) -> datetime | None:
    return max((at for at in (one, other) if at), default=None)


def _page(held: Collection[Reminder], part: Span, after: str | None, limit: int) -> Page:
    left = part.after(after)
    listed = (each for each in held if left.holds(each) and place(each) != after)
    ordered = sorted(listed, key=place, reverse=not part.ascending)
    shown = tuple(ordered[:limit])
    return Page(shown, place(shown[-1]) if shown and len(ordered) > limit else None)
