"""The ledger on DynamoDB (C8, M5, M11, I1, I3, O1, S1, S5): four tables, their keys, and who reads them how.

reminders — one item is a reminder, its agreement and its intents, changed by one conditional write on `version`.

    key        `reminder_id` (S, HASH)
    index      `by_assignee`: `list_key` (S, HASH) = `<assignee>#open|complete|deleted|handed`, `list_order` (S, RANGE);
               KEYS_ONLY. Lists only: the index says which, the items say what, and are asked again whether they belong.
    index      `changed`: `list_key` (S, HASH), `changed_order` (S, RANGE) = `<last change>#<id>`; KEYS_ONLY; sparse: what was last
               written before this index was there has no `changed_order`. What the sweep looks at (I5).
    index      `by_creator`: `creator_key` (S, HASH) = `<creator>#<shelf>`, `list_order` (S, RANGE); KEYS_ONLY; sparse: only what
               somebody assigned to somebody else (C1).
    index      `by_person`: `person_key` (S, HASH) = the lead's or contact's id, `reminder_id` (S, RANGE); KEYS_ONLY; sparse: only
               what is about a person (C8). In neither of the two is what was last written before they were there.
    index      `waiting`: `waiting_shard` (S, HASH), `next_attempt` (S, RANGE); with `list_key` and `urgency`, so that owners take
               turns without a look at the items (C8, O6); sparse: both keys exist only while something waits. Shards `0` to `3` hold
               what has a next attempt, and spread a mass load; `stuck#<owner>` holds what waits for that user's sync to be turned on
               (S3), with an attempt in the year 9999.
    index      `troubled`: `trouble_shard` (S, HASH), `trouble_order` (S, RANGE) = `<code>#<since>#<id>`; KEYS_ONLY; sparse: both
               attributes exist only while the reminder has a problem. Shards `0` to `3`.
    stream     NEW_AND_OLD_IMAGES. The push is woken by `{"dynamodb": {"NewImage": {"rings": {"BOOL": [true]}}}}`: the attribute
               exists only on a write that rings. So does `completion`, on a write by which somebody completes it: that is
               announced (C6).
    TTL        `expires` (N, epoch seconds)

links — which reminder a task belongs to; written in one transaction with its reminder, and never two for one task.

    key        `task_id` (S, HASH)
    TTL        `expires` (N, epoch seconds), always that of its reminder

history — what happened, one item per write that had something to tell, in one transaction with its reminder.

    key        `reminder_id` (S, HASH), `version` (N, RANGE): the reminder's version that this write made

state — everything small, by kind.

    key        `pk` (S, HASH), `sk` (S, RANGE)
    kinds      settings/org · picklists/org · user/<user id> · watermark/updated|deleted · success/<direction> ·
               begun/<direction> · parked/<task id> · deferred/<due>#<0 high, 1 not>#<task id> · tally/<what>#<minute> · lag/<direction>#<slot of the day> · outage/<run>#<code> · request/sync ·
               delete#<side>#<user id>/<series or reminder> · comparison/<kind> · drift/<when>#<reminder id>
    stream     NEW_IMAGE. The poll is woken for a first sync by
               `{"dynamodb": {"NewImage": {"first_sync_due": {"BOOL": [true]}}}}`: requested, and its tasks not listed yet;
               and for a sync that somebody asked for by the same of `sync_due`.
    TTL        `expires` (N, epoch seconds)

Rules of writing

- A reminder is put on the version that was read. With a link or lines it goes with them in one transaction; alone it is a plain
  conditional put, which costs half.
- A link lives as long as its reminder (M5). A write that gives the reminder an expiry gives it to the link too. Every other
  write goes on the condition that there was no expiry; refused, it is either stale or takes an expiry back (a restore), so it
  is tried once more together with the link.
- A first sync is done when every batch was struck off. Batches are added by `save_user` alone and struck by `batch_applied`
  alone, into a set of its own, `struck`; what is left is the difference. So the two commute in any order: a save that was read
  before a strike cannot bring the batch back, and a strike may even come before its batch is recorded. `struck` is emptied by
  the save that starts another first sync.
- Watermarks and successes only move forward; a parked deletion keeps the latest date; batches of parked hints add up.
- Refused by a condition, or by a transaction under way on the same item, is "stale": read again. Everything else that fails
  is `LedgerUnavailable`, after the retries of botocore (standard mode, four attempts with back-off).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from heapq import merge
from itertools import islice
from typing import Final, TypeVar

from pynamodb.exceptions import PynamoDBException, TransactWriteError
from pynamodb.expressions.update import Action
from pynamodb.transactions import TransactWrite

from reminders.core.budget import Spending
from reminders.core.drift import Comparison, Drift
from reminders.core.lag import SPAN, Lag, slot
from reminders.core.lists import Shelf, Span, View, changed_since, given_away, span, trouble_prefix
from reminders.core.lists import shelf as lies_on
from reminders.core.pace import Deferred
from reminders.core.problems import Outage
from reminders.core.push_plan import chunks, take_turns
from reminders.core.reminder import Line, Record, Reminder, Side, dated
from reminders.core.set_up_rules import Picklists
from reminders.core.settings import Settings, User
from reminders.core.task import Hint
from reminders.core.valve import HOUR
from reminders.ledger.attributes import instant
from reminders.ledger.item_values import (
    WAITING_SHARDS,
    check,
    list_key,
    outage_key,
    reminder_item,
    settings_attributes,
    stuck_shard,
    to_comparison,
    to_drift,
    to_lag,
    to_outage,
    to_reminder,
    to_settings,
    to_user,
    to_waits,
    user_attributes,
)
from reminders.ledger.items import (
    SCHEMA,
    ByAssignee,
    ByCreator,
    ByPerson,
    Changed,
    ComparisonItem,
    DeferredItem,
    DeleteItem,
    DriftItem,
    Items,
    LagItem,
    LinkItem,
    MarkItem,
    OutageItem,
    ParkedItem,
    PicklistsItem,
    ReminderItem,
    RequestItem,
    RunItem,
    TallyItem,
    Troubled,
    UserItem,
    Waiting,
    bind,
)
from reminders.ports import MOST_COUNTED, Counted, Ledger, LedgerUnavailable, Mark, Page, Parked, Usage

SETTINGS: Final = ("settings", "org")
PICKLISTS: Final = ("picklists", "org")
USER: Final = "user"
WATERMARK: Final = "watermark"
SUCCESS: Final = "success"
BEGUN: Final = "begun"
PARKED: Final = "parked"
DEFERRED: Final = "deferred"
TALLY: Final = "tally"
LAG: Final = "lag"
OUTAGE: Final = "outage"
COMPARISON: Final = "comparison"
DRIFT: Final = "drift"
DELETE: Final = "delete"

LOOKED_AT: Final = 10_000
"""Entries of a part of the index `waiting` among which owners take turns (C8)."""

REQUEST: Final = ("request", "sync")

BETWEEN_SYNCS: Final = timedelta(minutes=1)
"""Who asks for a sync sooner than that after the last one is told so (C3)."""

TOLD: Final = timedelta(days=30)
"""So long what the sweep found is kept."""

MOST_KEYS: Final = 100
"""What one BatchGetItem takes."""

SHELF_PAGE: Final = MOST_KEYS
"""Reminders read at once while a shelf is walked."""

FORGOTTEN: Final = timedelta(days=2)
"""So long after it was last seen, an outage that nothing ended is removed."""

TALLIED: Final = timedelta(hours=1)
"""So long the count of a minute is kept: longer than clocks of two functions differ."""

FORGIVEN: Final = timedelta(minutes=10)
"""How much longer than the hour a counted delete stays: clocks of two functions may differ."""

_In = TypeVar("_In")
_Out = TypeVar("_Out")


def open_ledger(*, reminders: str, links: str, history: str, state: str, workers: int = 8) -> Tables:
    """Open the ledger on these tables; `workers` is how many writes of one `save` may wait for the network at once."""
    return Tables(bind(reminders=reminders, links=links, history=history, state=state), workers=workers)


class Tables(Ledger):
    """The ledger on DynamoDB. Every method raises LedgerUnavailable, and UnknownSchema for what a newer version wrote."""

    def __init__(self, items: Items, *, workers: int) -> None:
        self._items = items
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="ledger") if workers > 1 else None

    def reminders(self, reminder_ids: Collection[str]) -> dict[str, Reminder]:
        """See Ledger. One BatchGetItem per 100, several at once."""
        parts = self._each(self._reminders, list(chunks(sorted(set(reminder_ids)), MOST_KEYS)))
        return {each.id: each for part in parts for each in part}

    def links(self, task_ids: Collection[str]) -> dict[str, str]:
        """See Ledger. One BatchGetItem per 100, several at once."""
        parts = self._each(self._links, list(chunks(sorted(set(task_ids)), MOST_KEYS)))
        return {each.task_id: each.reminder_id for part in parts for each in part}

    def save(self, records: Sequence[Record]) -> list[Reminder | None]:
        """See Ledger. If the ledger fails in the middle, some may be written: read again."""
        return self._each(self._save, records)

    def history(self, reminder_id: str) -> list[Line]:
        """See Ledger."""
        with _asking("read history"):
            return [
                line
                for item in self._items.history.query(reminder_id, consistent_read=True)
                for line in check(item).lines
            ]

    def listing(self, assignee: str, view: View, today: str, *, limit: int = 1000) -> list[Reminder]:
        """See Ledger."""
        return list(self.page(assignee, span(view, today), None, limit).reminders)

    def page(self, assignee: str, part: Span, after: str | None, limit: int) -> Page:
        """See Ledger. The index says which, the items say what; what has moved meanwhile is left out."""
        found = self._page(self._items.reminder.by_assignee, list_key(assignee, part.shelf), part, after, limit)
        return replace(found, reminders=tuple(each for each in found.reminders if each.values.assignee == assignee))

    def given_page(self, creator: str, part: Span, after: str | None, limit: int) -> Page:
        """See Ledger. As `page`."""
        found = self._page(self._items.reminder.by_creator, list_key(creator, part.shelf), part, after, limit)
        given = (each for each in found.reminders if each.created_by == creator and given_away(each))
        return replace(found, reminders=tuple(given))

    def about(self, person: str, after: str | None, limit: int) -> Page:
        """See Ledger. As `page`."""
        further = ByPerson.reminder_id > after if after else None
        with _asking("list what is about a person"):
            found = self._items.reminder.by_person.query(person, further, limit=limit + 1)
            ids = [item.reminder_id for item in found]
        reminders = self.reminders(ids[:limit])
        listed = (reminders[each] for each in ids[:limit] if each in reminders)
        return Page(
            tuple(each for each in listed if each.values.person == person),
            ids[limit - 1] if len(ids) > limit else None,
        )

    def _page(self, index: ByAssignee | ByCreator, key: str, part: Span, after: str | None, limit: int) -> Page:
        """Read a page of an index that has `list_order`; whose it is now is for the caller to see."""
        left = part.after(after)
        if left.first > left.last:
            return Page((), None)
        with _asking("list reminders"):
            found = index.query(
                key,
                range_key_condition=ReminderItem.list_order.between(left.first, left.last),
                scan_index_forward=part.ascending,
                limit=limit + 2,  # the place itself, and one to tell whether there is more
            )
            places = {item.list_order: item.reminder_id for item in found if item.list_order != after}
        shown = dict(islice(places.items(), limit))
        reminders = self.reminders(shown.values())
        listed = (reminders[each] for each in shown.values() if each in reminders)
        return Page(
            tuple(each for each in listed if part.holds(each)),
            next(reversed(shown), None) if len(places) > limit else None,
        )

    def forget_histories(self, reminder_ids: Collection[str]) -> None:
        """See Ledger."""
        self._each(self._forget_history, sorted(reminder_ids))

    def erase(self, reminders: Sequence[Reminder]) -> list[bool]:
        """See Ledger. The reminder goes last: while it is there, whoever begins again finds the rest by it."""
        return self._each(self._erase, reminders)

    def forget_user(self, user: User) -> bool:
        """See Ledger."""
        item = self._items.user(USER, user.id)
        return _written("forget a user", partial(item.delete, UserItem.version == user.version))

    def shelf(self, assignee: str, shelf: Shelf, since: datetime | None = None) -> Iterator[Reminder]:
        """See Ledger. A page is one BatchGetItem."""
        model, key = self._items.reminder, list_key(assignee, shelf)
        places = (
            model.by_assignee.query(key)
            if since is None
            else model.by_change.query(key, Changed.changed_order >= changed_since(since))
        )
        with _asking("read a shelf"):
            while ids := list(dict.fromkeys(item.reminder_id for item in islice(places, SHELF_PAGE))):
                found = self.reminders(ids)
                listed = [found[each] for each in ids if each in found]
                yield from (each for each in listed if each.values.assignee == assignee and lies_on(each) is shelf)

    def waiting(self, now: datetime, limit: int, *, urgent_first: bool = False) -> list[str]:
        """See Ledger. An entry is some 200 bytes: 10,000 of them cost about 250 read units, none costs two."""
        with _asking("read what waits"):
            due = [
                to_waits(item)
                for shard in range(WAITING_SHARDS)
                for item in self._items.reminder.waiting.query(str(shard), Waiting.next_attempt <= now, limit=LOOKED_AT)
            ]
        return take_turns(due, limit, urgent_first=urgent_first)

    def stuck(self, owner: str) -> list[str]:
        """See Ledger."""
        with _asking("read what waits for a user"):
            return sorted(item.reminder_id for item in self._items.reminder.waiting.query(stuck_shard(owner)))

    def count_waiting(self) -> int:
        """See Ledger. Counts what has a next attempt; 10,000 of them cost about 130 read units."""
        with _asking("count what waits"):
            return sum(self._items.reminder.waiting.count(str(shard)) for shard in range(WAITING_SHARDS))

    def troubled(self, limit: int, code: str | None = None) -> list[str]:
        """See Ledger."""
        condition = None if code is None else Troubled.trouble_order.startswith(trouble_prefix(code))
        with _asking("read what has a problem"):
            shards = [
                self._items.reminder.troubled.query(str(shard), condition, limit=limit)
                for shard in range(WAITING_SHARDS)
            ]
            return [item.reminder_id for item in islice(merge(*shards, key=_trouble_order), limit)]

    def outages(self) -> list[Outage]:
        """See Ledger."""
        with _asking("read outages"):
            return [to_outage(item) for item in self._items.outage.query(OUTAGE, consistent_read=True)]

    def note_outage(self, outage: Outage) -> None:
        """See Ledger."""
        item = self._items.outage(OUTAGE, outage_key(outage.run, outage.failure.code))
        actions: list[Action] = [
            OutageItem.schema.set(SCHEMA),
            OutageItem.kind.set(outage.failure.kind),
            OutageItem.message.set(outage.failure.message),
            OutageItem.since.set(OutageItem.since | outage.since),
            OutageItem.seen.set(outage.seen),
            OutageItem.expires.set(outage.seen + FORGOTTEN),
        ]
        later = OutageItem.seen.does_not_exist() | (OutageItem.seen < outage.seen)
        _written("note an outage", partial(item.update, actions, later))

    def end_outage(self, run: str, code: str) -> None:
        """See Ledger."""
        _written("end an outage", self._items.outage(OUTAGE, outage_key(run, code)).delete)

    def park(self, hints: Collection[Hint]) -> None:
        """See Ledger. The latest date of a deletion is kept, and every batch."""
        self._each(self._park, list(hints))

    def parked(self, limit: int) -> Parked:
        """See Ledger."""
        with _asking("read parked hints"):
            items = [check(item) for item in self._items.parked.query(PARKED, consistent_read=True, limit=limit)]
        return Parked(
            hints=tuple(hint for item in items for hint in _hints(item, item.sk)),
            receipt={item.sk: int(item.times) for item in items},
        )

    def unpark(self, receipt: Mapping[str, int]) -> None:
        """See Ledger."""
        self._each(self._unpark, list(receipt.items()))

    def tally(self, name: str, minute: datetime, number: int) -> int:
        """See Ledger. A call whose answer was lost counts twice."""
        item = self._items.tally(TALLY, f"{name}#{instant(minute)}")
        actions: list[Action] = [
            TallyItem.schema.set(SCHEMA),
            TallyItem.number.add(number),
            TallyItem.expires.set(minute + TALLIED),
        ]
        _written("count", partial(item.update, actions))
        return int(item.number)

    def defer(self, deferred: Collection[Deferred]) -> None:
        """See Ledger."""
        self._each(self._defer, list(deferred))

    def deferred(self, limit: int) -> list[Deferred]:
        """See Ledger. 10,000 of them cost about 300 read units, none costs one."""
        with _asking("read deferred imports"):
            items = [check(item) for item in self._items.deferred.query(DEFERRED, consistent_read=True, limit=limit)]
        return [
            Deferred(hint=hint, owner=item.owner, due=item.due, high=item.high, times=int(item.times))
            for item in items
            for hint in _hints(item, item.task_id)
        ]

    def undefer(self, deferred: Collection[Deferred]) -> None:
        """See Ledger."""
        self._each(self._undefer, list({each.place: each.times for each in deferred}.items()))

    def note_comparison(self, comparison: Comparison) -> None:
        """See Ledger."""
        item = self._items.comparison(COMPARISON, comparison.kind)
        actions: list[Action] = [
            ComparisonItem.schema.set(SCHEMA),
            ComparisonItem.at.set(comparison.at),
            ComparisonItem.why.set(comparison.why),
            ComparisonItem.hinted.set(comparison.hinted),
            ComparisonItem.dead_letters.set(comparison.dead_letters),
            ComparisonItem.malformed.set(comparison.malformed),
        ]
        _written("note a comparison", partial(item.update, actions))

    def comparisons(self) -> dict[str, Comparison]:
        """See Ledger."""
        with _asking("read comparisons"):
            found = map(to_comparison, self._items.comparison.query(COMPARISON, consistent_read=True))
            return {each.kind: each for each in found}

    def note_drift(self, drifts: Collection[Drift]) -> None:
        """See Ledger."""
        self._each(self._note_drift, list(drifts))

    def drifts(self, limit: int) -> list[Drift]:
        """See Ledger."""
        with _asking("read drift"):
            newest = self._items.drift.query(DRIFT, consistent_read=True, scan_index_forward=False, limit=limit)
            return [to_drift(item) for item in newest]

    def count_drifts(self, since: datetime) -> int:
        """See Ledger. 10,000 of them cost about 130 read units."""
        with _asking("count drift"):
            return self._items.drift.count(DRIFT, DriftItem.sk >= instant(since))

    def watermark(self, mark: Mark) -> datetime | None:
        """See Ledger."""
        return self._marks(WATERMARK).get(mark)

    def advance(self, mark: Mark, value: datetime) -> None:
        """See Ledger."""
        self._forward(WATERMARK, mark, value)

    def succeeded(self, direction: str, at: datetime, spent: Usage | None = None, lag: timedelta | None = None) -> None:
        """See Ledger. Of two runs that end out of order, the later one stands."""
        self._success(direction, at, spent)
        if lag is not None:
            self._note_lag(direction, at, int(lag.total_seconds()))

    def _success(self, direction: str, at: datetime, spent: Usage | None) -> None:
        item = self._items.run(SUCCESS, direction)
        later = RunItem.at.does_not_exist() | (RunItem.at < at)
        success: list[Action] = [RunItem.schema.set(SCHEMA), RunItem.at.set(at)]
        calls = _calls(spent, at) if spent and spent.ours else None
        today = later & (RunItem.day == at.date())
        if calls and _written("note a success", partial(item.update, [*success, *calls], today)):
            return
        _written("note a success", partial(item.update, success, later))
        if spent and spent.ours:
            self.spent(direction, at, spent)

    def _note_lag(self, direction: str, at: datetime, seconds: int) -> None:
        number, begun = slot(at)
        item = self._items.lag(LAG, f"{direction}#{number:02}")
        actions: list[Action] = [LagItem.schema.set(SCHEMA), LagItem.at.set(begun), LagItem.worst.set(seconds)]
        another_day = LagItem.at.does_not_exist() | (LagItem.at < begun)
        slower = (LagItem.at == begun) & (LagItem.worst < seconds)
        _written("note a lag", partial(item.update, actions, another_day | slower))

    def lags(self, since: datetime) -> list[Lag]:
        """See Ledger. Two directions have 96 items of some 60 bytes: two read units."""
        with _asking("read lags"):
            found = map(to_lag, self._items.lag.query(LAG, consistent_read=True))
            return sorted((each for each in found if each.at + SPAN > since), key=lambda each: each.at)

    def successes(self) -> dict[str, datetime]:
        """See Ledger."""
        with _asking("read successes"):
            known: dict[str, datetime | None] = {item.sk: item.at for item in self._runs()}
        return {direction: at for direction, at in known.items() if at}

    def spent(self, direction: str, at: datetime, usage: Usage) -> None:
        """See Ledger. A day begins with its first call; what comes later still from the day before is left out."""
        item = self._items.run(SUCCESS, direction)
        if _written("note calls", partial(item.update, _calls(usage, at), RunItem.day == at.date())):
            return
        first = [RunItem.schema.set(SCHEMA), RunItem.day.set(at.date()), RunItem.ours.set(usage.ours)]
        told = [RunItem.used.set(usage.used), RunItem.limit.set(usage.limit), RunItem.told.set(at)]
        new_day = RunItem.day.does_not_exist() | (RunItem.day < at.date())
        if not _written("note calls", partial(item.update, [*first, *told], new_day)):
            _written("note calls", partial(item.update, _calls(usage, at), RunItem.day == at.date()))

    def spending(self, now: datetime) -> Spending | None:
        """See Ledger."""
        with _asking("read calls"):
            today = [item for item in self._runs() if item.day == now.date()]
        if not today:
            return None
        newest = max(today, key=lambda item: item.told)
        ours = sum(int(item.ours) for item in today)
        return Spending(used=int(newest.used), limit=int(newest.limit), at=newest.told, ours=ours)

    def begun(self, direction: str, at: datetime) -> None:
        """See Ledger."""
        self._forward(BEGUN, direction, at)

    def last_begun(self, direction: str) -> datetime | None:
        """See Ledger."""
        return self._marks(BEGUN).get(direction)

    def ask_for_sync(self, at: datetime) -> bool:
        """See Ledger."""
        item = self._items.request(*REQUEST)
        actions: list[Action] = [
            RequestItem.schema.set(SCHEMA),
            RequestItem.at.set(at),
            RequestItem.sync_due.set(True),
        ]
        rested = RequestItem.at.does_not_exist() | (RequestItem.at <= at - BETWEEN_SYNCS)
        return _written("ask for a sync", partial(item.update, actions, rested))

    def count_deletes(self, owner: str, side: Side, keys: Collection[str], at: datetime) -> Counted:
        """See Ledger. One UpdateItem per delete, then one consistent Query."""
        partition = f"{DELETE}#{side}#{owner}"
        since = at - HOUR
        ordered = sorted(keys)
        counted = self._each(partial(self._count_delete, partition, at), ordered)
        anew = frozenset(key for key, done in zip(ordered, counted, strict=True) if done)
        within = DeleteItem.at > since
        with _asking("read counted deletes"):
            found = self._items.delete.query(
                partition, filter_condition=within, consistent_read=True, limit=MOST_COUNTED
            )
            window = dict.fromkeys(keys, at) | {item.sk: check(item).at for item in found}
        return Counted(window, anew)

    def picklists(self) -> Picklists | None:
        """See Ledger."""
        with _asking("read picklists"):
            found = self._items.picklists.batch_get([PICKLISTS], consistent_read=True)
            return next(
                (
                    Picklists(statuses=item.statuses, priorities=item.priorities, at=item.at)
                    for item in map(check, found)
                ),
                None,
            )

    def save_picklists(self, picklists: Picklists) -> None:
        """See Ledger."""
        item = self._items.picklists(
            *PICKLISTS, statuses=picklists.statuses, priorities=picklists.priorities, at=picklists.at
        )
        newer = PicklistsItem.at.does_not_exist() | (PicklistsItem.at < picklists.at)
        _written("keep picklists", partial(item.save, newer))

    def settings(self) -> Settings:
        """See Ledger."""
        with _asking("read settings"):
            found = self._items.settings.batch_get([SETTINGS], consistent_read=True)
            return next((to_settings(item) for item in found), Settings())

    def save_settings(self, settings: Settings) -> Settings | None:
        """See Ledger."""
        item = self._items.settings(*SETTINGS, **settings_attributes(settings))
        return replace(settings, version=settings.version + 1) if _written("save settings", item.save) else None

    def users(self, user_ids: Collection[str]) -> dict[str, User]:
        """See Ledger. One BatchGetItem per 100."""
        with _asking("read users"):
            found = self._items.user.batch_get([(USER, each) for each in set(user_ids)], consistent_read=True)
            return {item.sk: to_user(item) for item in found}

    def save_user(self, user: User) -> User | None:
        """See Ledger. What comes back has the batches struck off meanwhile left out."""
        started = user.first_sync and instant(user.first_sync.started)
        if started and user.version and (saved := self._save_user(user, same_sync=started)):
            return saved
        return self._save_user(user)

    def batch_applied(self, user_id: str, batches: Collection[str]) -> None:
        """See Ledger. Names must differ within a first sync. Without a first sync there is nothing to strike off."""
        if batches:
            item = self._items.user(USER, user_id)
            strike = partial(item.update, [UserItem.struck.add(set(batches))], UserItem.first_sync.exists())
            _written("strike batches off", strike)

    def syncing(self) -> list[User]:
        """See Ledger. Reads every user we know."""
        return [user for user in self.everybody() if user.takes_part]

    def everybody(self) -> list[User]:
        """See Ledger."""
        with _asking("read users"):
            return [to_user(item) for item in self._items.user.query(USER, consistent_read=True)]

    def _reminders(self, reminder_ids: Sequence[str]) -> list[Reminder]:
        # An answer that processed no key at all is an error of its own, so the library's loop over unprocessed keys ends.
        with _asking("read reminders"):
            return [to_reminder(item) for item in self._items.reminder.batch_get(reminder_ids, consistent_read=True)]

    def _links(self, task_ids: Sequence[str]) -> list[LinkItem]:
        with _asking("read links"):
            return list(self._items.link.batch_get(task_ids, consistent_read=True))

    def _forget_history(self, reminder_id: str) -> None:
        with _asking("erase a history"):
            lines = list(self._items.history.query(reminder_id, consistent_read=True))
            with self._items.history.batch_write() as batch:
                for line in lines:
                    batch.delete(line)

    def _erase(self, reminder: Reminder) -> bool:
        self._forget_history(reminder.id)
        item = self._items.reminder(reminder.id, version=reminder.version)
        return _written("erase a reminder", item.delete)

    def _save(self, record: Record) -> Reminder | None:
        record = replace(record, reminder=dated(record))
        reminder = record.reminder
        linked = {record.link} | {reminder.task_id if reminder.expires else None}
        saved = self._write(record, linked)
        if not saved and reminder.version and reminder.task_id and reminder.expires is None:
            saved = self._write(record, linked | {reminder.task_id})
        return replace(reminder, version=reminder.version + 1, rings=False, completion=None) if saved else None

    def _write(self, record: Record, linked: Iterable[str | None]) -> bool:
        """Write a reminder, its lines, and these links with its expiry. A link left out must not need another expiry."""
        reminder = record.reminder
        tasks = sorted(task_id for task_id in linked if task_id)
        item = reminder_item(self._items.reminder, reminder)
        left_out = reminder.task_id is not None and reminder.task_id not in tasks
        condition = ReminderItem.expires.does_not_exist() if left_out else None
        if not tasks and not record.lines and not record.unlink and not record.also:
            return _written("save a reminder", partial(item.save, condition))

        def transact() -> None:
            with TransactWrite(connection=self._items.connection) as transaction:
                transaction.save(item, condition)
                for task_id in tasks:
                    link = self._items.link(task_id=task_id, reminder_id=reminder.id, expires=reminder.expires)
                    transaction.save(link, LinkItem.task_id.does_not_exist() | (LinkItem.reminder_id == reminder.id))
                if record.unlink:
                    gone = self._items.link(record.unlink)
                    transaction.delete(gone, LinkItem.task_id.does_not_exist() | (LinkItem.reminder_id == reminder.id))
                if record.also:
                    other = dated(record.also)
                    transaction.save(reminder_item(self._items.reminder, other))
                    transaction.save(self._items.history(other.id, other.version + 1, lines=record.also.lines))
                if record.lines:
                    version = reminder.version + 1
                    transaction.save(self._items.history(reminder.id, version, lines=record.lines))

        return _written("save a reminder with what belongs to it", transact)

    def _save_user(self, user: User, same_sync: str | None = None) -> User | None:
        """Write on the version; `same_sync`: only if this first sync is the stored one, and then keep what was struck off."""
        item = self._items.user(USER, user.id)
        actions: list[Action] = [UserItem.version.set(user.version + 1)]
        for name, value in user_attributes(user).items():
            attribute = getattr(UserItem, name)
            written = None if value is None else {attribute.attr_type: attribute.serialize(value)}
            actions.append(attribute.set(written) if written else attribute.remove())
        condition = UserItem.version == user.version if user.version else UserItem.version.does_not_exist()
        if same_sync:
            condition &= UserItem.first_sync["started"] == same_sync
        else:
            actions.append(UserItem.struck.remove())
        return to_user(item) if _written("save a user", partial(item.update, actions, condition)) else None

    def _park(self, hint: Hint) -> None:
        self._keep(self._items.parked(PARKED, hint.task_id), hint)

    def _defer(self, deferred: Deferred) -> None:
        more: list[Action] = [
            DeferredItem.task_id.set(deferred.hint.task_id),
            DeferredItem.owner.set(deferred.owner),
            DeferredItem.high.set(deferred.high),
        ]
        if deferred.due:
            more.append(DeferredItem.due.set(deferred.due))
        self._keep(self._items.deferred(DEFERRED, deferred.place), deferred.hint, *more)

    def _keep(self, item: ParkedItem, hint: Hint, *more: Action) -> None:
        """Keep a hint at its item, with what the item has beside it."""
        # What anybody else has hinted too is no find of the sweep's any more.
        swept = ParkedItem.swept.set(ParkedItem.swept | True) if hint.swept else ParkedItem.swept.set(False)
        actions: list[Action] = [ParkedItem.schema.set(SCHEMA), ParkedItem.times.add(1), swept, *more]
        if hint.batch:
            actions.append(ParkedItem.batches.add({hint.batch}))
        if hint.deleted:
            later = ParkedItem.deleted.does_not_exist() | (ParkedItem.deleted < hint.deleted)
            dated = [*actions, ParkedItem.deleted.set(hint.deleted)]
            if _written("keep a hint", partial(item.update, dated, later)):
                return
        _written("keep a hint", partial(item.update, actions))

    def _note_drift(self, drift: Drift) -> None:
        item = self._items.drift(DRIFT, f"{instant(drift.at)}#{drift.reminder_id}")
        actions: list[Action] = [
            DriftItem.schema.set(SCHEMA),
            DriftItem.at.set(drift.at),
            DriftItem.reminder_id.set(drift.reminder_id),
            DriftItem.task_id.set(drift.task_id),
            DriftItem.what.set(", ".join(drift.what)),
            DriftItem.expires.set(drift.at + TOLD),
        ]
        _written("note drift", partial(item.update, actions))

    def _count_delete(self, partition: str, at: datetime, key: str) -> bool:
        item = self._items.delete(partition, key)
        actions: list[Action] = [
            DeleteItem.schema.set(SCHEMA),
            DeleteItem.at.set(at),
            DeleteItem.expires.set(at + HOUR + FORGIVEN),
        ]
        anew = DeleteItem.at.does_not_exist() | (DeleteItem.at <= at - HOUR)
        return _written("count a delete", partial(item.update, actions, anew))

    def _unpark(self, parked: tuple[str, int]) -> None:
        task_id, times = parked
        item = self._items.parked(PARKED, task_id)
        _written("forget a parked hint", partial(item.delete, ParkedItem.times == times))

    def _undefer(self, deferred: tuple[str, int]) -> None:
        place, times = deferred
        item = self._items.deferred(DEFERRED, place)
        _written("forget a deferred import", partial(item.delete, DeferredItem.times == times))

    def _forward(self, kind: str, name: str, value: datetime) -> None:
        item = self._items.mark(kind, name)
        actions: list[Action] = [MarkItem.schema.set(SCHEMA), MarkItem.at.set(value)]
        later = MarkItem.at.does_not_exist() | (MarkItem.at < value)
        _written(f"move {kind} forward", partial(item.update, actions, later))

    def _runs(self) -> list[RunItem]:
        return [check(item) for item in self._items.run.query(SUCCESS, consistent_read=True)]

    def _marks(self, kind: str) -> dict[str, datetime]:
        with _asking(f"read {kind}"):
            return {item.sk: check(item).at for item in self._items.mark.query(kind, consistent_read=True)}

    def _each(self, do: Callable[[_In], _Out], inputs: Sequence[_In]) -> list[_Out]:
        """Do independent requests, in the pool if there is one; after a failure, those not begun are dropped."""
        if self._pool is None or len(inputs) < 2:  # noqa: PLR2004 - one alone needs no thread
            return [do(each) for each in inputs]
        _ = self._items.connection.client  # made once, before the threads would race to make one each
        return list(self._pool.map(do, inputs))


@contextmanager
def _asking(what: str) -> Iterator[None]:
    try:
        yield
    except PynamoDBException as error:
        raise _unavailable(what, error) from error


def _written(what: str, write: Callable[[], object]) -> bool:
    """Write; False if a condition, or a transaction under way on the same item, refused it."""
    try:
        write()
    except PynamoDBException as error:
        if _refused(error):
            return False
        raise _unavailable(what, error) from error
    return True


def _refused(error: PynamoDBException) -> bool:
    if isinstance(error, TransactWriteError) and error.cause_response_code == "TransactionCanceledException":
        codes = {reason.code for reason in error.cancellation_reasons if reason}
        return bool(codes) and codes <= {"ConditionalCheckFailed", "TransactionConflict"}
    return error.cause_response_code in {"ConditionalCheckFailedException", "TransactionConflictException"}


def _unavailable(what: str, error: PynamoDBException) -> LedgerUnavailable:
    code = error.cause_response_code or type(error.cause or error).__name__
    return LedgerUnavailable(f"could not {what}: {code}: {error.cause_response_message or error.cause or error}")


def _hints(item: ParkedItem, task_id: str) -> list[Hint]:
    """Give what was kept of a task: one hint per batch."""
    batches: Sequence[str | None] = sorted(item.batches or ()) or [None]
    return [Hint(task_id=task_id, deleted=item.deleted, batch=batch, swept=bool(item.swept)) for batch in batches]


def _calls(usage: Usage, at: datetime) -> list[Action]:
    """Add a run's calls to those of its day."""
    return [
        RunItem.ours.add(usage.ours),
        RunItem.used.set(usage.used),
        RunItem.limit.set(usage.limit),
        RunItem.told.set(at),
    ]


def _trouble_order(item: ReminderItem) -> str:
    return item.trouble_order
