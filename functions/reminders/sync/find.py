"""The finders: everything that finds changes only says which task; all they do is store hints (I1).

A watermark moves only after every hint of its range is confirmed stored, so a crash repeats work and never skips any (I3).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from reminders.core.drift import GRACE
from reminders.core.lists import Shelf
from reminders.core.problems import Failure
from reminders.core.push_plan import chunks
from reminders.core.reminder import RECENTLY_DELETED
from reminders.core.settings import User
from reminders.core.summary import Summary
from reminders.core.task import Hint
from reminders.core.watermark import DELETED_HORIZON, UPDATED_HORIZON, Span, covered, span, too_old
from reminders.ports import RACES, InvalidRange, Ledger, LostRaces, Mark, OrgUnavailable, TooManyIds, World
from reminders.sync import comparison, groups, outbox, people, runs

BATCH: Final = 100
"""Tasks per batch of a first sync: the steps of its progress bar (S1)."""

PARKED: Final = 2_000
"""Parked hints drained per poll: bounded, the next poll goes on."""


class FirstSyncsFailed(ExceptionGroup[Exception]):
    """Some first syncs failed; the others are done."""


Ask = Callable[[Span], tuple[list[Hint], datetime]]


def poll(world: World) -> Summary:
    """Turn what changed in the org since the watermarks into hints. Two API calls, whatever the number of tasks (I3).

    Then, once a day, what Salesforce says of our users (C7); and the first syncs whose bell has died away unheard: nobody waits for
    the night (S1). Raises FirstSyncsFailed when all is done.
    """
    summary = _poll(world)
    if summary.unavailable:
        return summary
    users = people.refresh_when_due(world, world.ledger.everybody())
    unlisted = [each.id for each in users if each.takes_part and each.first_sync and not each.first_sync.listed]
    return replace(summary, counts=Counter(summary.counts) + Counter(first_syncs(world, unlisted).counts))


def _poll(world: World) -> Summary:
    run = runs.begin(world, "poll", probes=1)
    world, counts = run.world, Counter[str]()
    try:
        now = world.org.now()
        stood = [
            _follow(world, Mark.UPDATED, lambda asked: _updated(world, asked), now, counts),
            _follow(world, Mark.DELETED, lambda asked: _deleted(world, asked), now, counts),
        ]
    except OrgUnavailable as stop:
        # The watermarks stand where they stood; the next poll asks for the same range and more.
        run.stopped(stop.failure)
        return Summary(counts=counts, unavailable=stop.failure)
    _drain(world, counts, caught_up=any(each is None or now - each > GRACE for each in stood))
    run.succeeded()
    return Summary(counts=counts)


def sync_now(world: World) -> Summary:
    """Poll at once and ring for what waits, because somebody asked for it (C3)."""
    summary = _poll(world)
    if summary.unavailable:
        return summary
    rung = groups.ring_waiting(world, outbox.LEASE)
    return replace(summary, counts={**summary.counts, "rung": rung})


def first_sync(world: World, user_id: str) -> Summary:
    """List what a user who has just turned sync on has in Salesforce, and hint it in batches (S2).

    Started by the write that turned sync on; running it again repeats hints and changes nothing.
    """
    run = runs.begin(world, "first_sync")
    try:
        summary = _first_sync(run.world, user_id)
    except OrgUnavailable as stop:
        run.stopped(stop.failure)  # the next poll that gets through begins it anew
        return Summary(counts={}, unavailable=stop.failure)
    run.got_through()
    return summary


def first_syncs(world: World, user_ids: Iterable[str]) -> Summary:
    """Run several first syncs, each by itself: one that fails does not keep the others from theirs.

    Raises FirstSyncsFailed when all were tried: the stream delivers again, those that are done cost one read, and whoever is given
    up by the stream is picked up by the next poll.
    """
    counts: Counter[str] = Counter()
    unavailable: Failure | None = None
    failures: list[Exception] = []
    for user_id in user_ids:
        try:
            summary = first_sync(world, user_id)
            counts.update(summary.counts)
            unavailable = unavailable or summary.unavailable
        except Exception as failure:  # noqa: BLE001 - whatever it is, it is raised below, after the others had their turn
            failures.append(failure)
    if failures:
        raise FirstSyncsFailed(f"{len(failures)} first syncs failed", failures)
    return Summary(counts=counts, unavailable=unavailable)


def _first_sync(world: World, user_id: str) -> Summary:
    counts: Counter[str] = Counter()
    user = world.ledger.users([user_id]).get(user_id)
    if user is None or not user.takes_part or user.first_sync is None or user.first_sync.listed:
        return Summary(counts=counts)
    _start_watermarks(world)
    found = world.org.open_tasks(user.id, user.first_sync.since)
    name = f"{user.id}:{int(user.first_sync.started.timestamp())}"
    batches = {f"{name}-{number}": batch for number, batch in enumerate(chunks(found, BATCH))}
    # The batches are on the progress bar before their hints are on the queue, so that none is struck off before it is there.
    begun = replace(user.first_sync, found=len(found), batches=frozenset(batches))
    if world.ledger.save_user(replace(user, first_sync=begun)) is None:
        raise LostRaces(f"user {user_id}")
    world.hints.store([Hint(task_id, batch=each) for each, batch in batches.items() for task_id in batch])
    counts += _catch_up(world, user)
    _listed(world.ledger, user.id, begun.started)
    counts["found"] = len(found)
    return Summary(counts=counts)


def _follow(world: World, mark: Mark, ask: Ask, now: datetime, counts: Counter[str]) -> datetime | None:
    """Ask one replication resource from its watermark on, store the hints, then move the watermark. Give where it stood."""
    stands = world.ledger.watermark(mark)
    horizon = UPDATED_HORIZON if mark is Mark.UPDATED else DELETED_HORIZON
    try:
        hints, reached = _ask(ask, _reachable(stands, now, horizon))
    except InvalidRange as gap:
        # I4: the resource no longer reaches back to the watermark. Compare everything, then follow it from here on.
        if not counts["full_comparisons"]:
            counts.update(comparison.full(world, f"{mark}: {gap}"))
        counts["full_comparisons"] += 1
        world.ledger.advance(mark, span(None, now).start)
        return stands
    world.hints.store(hints)
    world.ledger.advance(mark, reached)
    counts[f"{mark}_hints"] += len(hints)
    return stands


def _reachable(stands: datetime | None, now: datetime, horizon: timedelta) -> Span:
    """Tell the range to ask for. Raises InvalidRange if it begins before the resource does."""
    if too_old(stands, now, horizon):
        raise InvalidRange(f"the watermark is older than {horizon.days} days")
    return span(stands, now)


def _ask(ask: Ask, asked: Span) -> tuple[list[Hint], datetime]:
    """Ask for a range, or for its first half as long as it holds too many ids. Raises InvalidRange where it is not covered (I4)."""
    while True:
        try:
            hints, latest = ask(asked)
        except TooManyIds:
            half = asked.halved()
            if half is None:
                raise
            asked = half
        else:
            return hints, covered(asked, latest)


def _updated(world: World, asked: Span) -> tuple[list[Hint], datetime]:
    answer = world.org.updated(asked.start, asked.end)
    return [Hint(task_id) for task_id in answer.ids], answer.covered


def _deleted(world: World, asked: Span) -> tuple[list[Hint], datetime]:
    answer = world.org.deleted(asked.start, asked.end)
    if answer.earliest > asked.start:
        raise InvalidRange("earliestDateAvailable is later than the watermark")
    return [Hint(task_id, deleted=at) for task_id, at in answer.records], answer.covered


def _drain(world: World, counts: Counter[str], *, caught_up: bool) -> None:
    """Put parked hints back on the queue: the org has just answered, so the cause is gone (I1).

    `caught_up`: this poll has brought what changed over some time, so what the sweep's parked hints find is no find of theirs (I5).
    """
    parked = world.ledger.parked(PARKED)
    if parked.hints:
        world.hints.store([replace(each, swept=each.swept and not caught_up) for each in parked.hints])
        world.ledger.unpark(parked.receipt)
        counts["unparked"] = len(parked.hints)


def _start_watermarks(world: World) -> None:
    """Let the poll begin where the first sync's list ends, if it has never run."""
    if world.ledger.watermark(Mark.UPDATED) is None or world.ledger.watermark(Mark.DELETED) is None:
        start = span(None, world.org.now()).start
        world.ledger.advance(Mark.UPDATED, start)
        world.ledger.advance(Mark.DELETED, start)


def _catch_up(world: World, user: User) -> Counter[str]:
    """Hint and ring for what was linked while sync was off (S3)."""
    now = world.clock.now()
    since = user.first_sync.since if user.first_sync else now
    stuck = world.ledger.stuck(user.id)
    dates = comparison.listed_as_deleted(world, since) if stuck or _has_linked(world, user.id) else {}
    scope = comparison.Scope(changed=since - comparison.LATELY, deleted=now - RECENTLY_DELETED, dates=dates)
    # What was assigned here to somebody else meanwhile lies on their list, and is this user's until both sides agree on that.
    world.hints.store([Hint(task_id, deleted=at) for task_id, at in dates.items()])
    hinted = comparison.hint_linked(world, user.id, scope) + comparison.hint_given(world, user.id, scope)
    return Counter(hints=hinted, rung=comparison.ring_stuck(world, user.id))


def _has_linked(world: World, user_id: str) -> bool:
    """Whether there is anything that Salesforce could have deleted; on the very first time there is not, and it is not asked."""
    return any(each.task_id for shelf in Shelf for each in world.ledger.shelf(user_id, shelf))


def _listed(ledger: Ledger, user_id: str, started: datetime) -> None:
    """Note that every hint of this first sync is on the queue, on whatever the user's item is now."""
    for _ in range(RACES):
        user = ledger.users([user_id])[user_id]
        progress = user.first_sync
        if progress is None or progress.started != started or progress.listed:
            return
        if ledger.save_user(replace(user, first_sync=replace(progress, listed=True))):
            return
    raise LostRaces(f"user {user_id}")
