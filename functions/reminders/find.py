"""The finders: everything that finds changes only says which task; all they do is store hints (I1).

A watermark moves only after every hint of its range is confirmed stored, so a crash repeats work and never skips any (I3).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from reminders import groups, outbox, runs
from reminders.ports import (
    RACES,
    InvalidRange,
    Ledger,
    LostRaces,
    Mark,
    OrgUnavailable,
    Summary,
    TooManyIds,
    View,
    World,
)
from reminders.push_plan import chunks
from reminders.reminder import Record, waiting
from reminders.settings import User
from reminders.task import Hint
from reminders.watermark import DELETED_HORIZON, UPDATED_HORIZON, Span, covered, span, too_old

BATCH: Final = 100
"""Tasks per batch of a first sync: the steps of its progress bar (S1)."""

PARKED: Final = 2_000
"""Parked hints drained per poll: bounded, the next poll goes on."""

SWEEP_OVERLAP: Final = timedelta(hours=48)
"""How far before the last good sweep the next one looks (I5)."""

Ask = Callable[[Span], tuple[list[Hint], datetime]]


def poll(world: World) -> Summary:
    """Turn what changed in the org since the watermarks into hints. Two API calls, whatever the number of tasks (I3)."""
    run = runs.begin(world, "poll", probes=1)
    world, counts = run.world, Counter[str]()
    try:
        now = world.org.now()
        _follow(world, Mark.UPDATED, lambda asked: _updated(world, asked), now, counts)
        _follow(world, Mark.DELETED, lambda asked: _deleted(world, asked), now, counts)
        _resume_first_syncs(world, counts)
    except OrgUnavailable as stop:
        # The watermarks stand where they stood; the next poll asks for the same range and more.
        run.stopped(stop.failure)
        return Summary(counts=counts, unavailable=stop.failure)
    _drain(world, counts)
    run.succeeded()
    return Summary(counts=counts)


def sync_now(world: World) -> Summary:
    """Poll at once and ring for what waits, because somebody asked for it (C3)."""
    summary = poll(world)
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


def _first_sync(world: World, user_id: str) -> Summary:
    counts: Counter[str] = Counter()
    user = world.ledger.users([user_id]).get(user_id)
    if user is None or not user.syncs or user.first_sync is None or user.first_sync.listed:
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
    _hint_again(world, user, counts)
    _listed(world.ledger, user.id, begun.started)
    counts["found"] = len(found)
    return Summary(counts=counts)


def sweep(world: World) -> Summary:
    """Hint everything that could have drifted: linked open reminders and recently changed tasks of everybody who syncs (I5)."""
    run = runs.begin(world, "sweep")
    try:
        summary = _compare(run.world)
    except OrgUnavailable as stop:
        run.stopped(stop.failure)
        return Summary(counts={}, unavailable=stop.failure)
    run.got_through()
    return summary


def _compare(world: World) -> Summary:
    """Compare everything; also what the poll does where its lists no longer reach back (I4)."""
    counts: Counter[str] = Counter()
    last = world.ledger.successes().get("sweep")
    now = world.clock.now()
    for user in world.ledger.syncing():
        if user.first_sync and not user.first_sync.listed:
            counts.update(_first_sync(world, user.id).counts)  # its bell rang while the org could not be read
        since = (last or now) - SWEEP_OVERLAP
        if user.first_sync:
            since = max(since, user.first_sync.since)
        hints = [Hint(task_id) for task_id in world.org.open_tasks(user.id, since)]
        world.hints.store(hints)
        counts["hints"] += len(hints)
        _hint_again(world, user, counts)
    world.ledger.succeeded("sweep", now)
    return Summary(counts=counts)


def _follow(world: World, mark: Mark, ask: Ask, now: datetime, counts: Counter[str]) -> None:
    """Ask one replication resource from its watermark on, store the hints, then move the watermark."""
    stands = world.ledger.watermark(mark)
    horizon = UPDATED_HORIZON if mark is Mark.UPDATED else DELETED_HORIZON
    answer = None if too_old(stands, now, horizon) else _ask(ask, span(stands, now))
    if answer is None:
        # I4: the resource no longer reaches back to the watermark. Compare everything, then follow it from here on.
        counts["full_comparisons"] += 1
        counts.update(_compare(world).counts)
        world.ledger.advance(mark, span(None, now).start)
        return
    hints, reached = answer
    world.hints.store(hints)
    world.ledger.advance(mark, reached)
    counts[f"{mark}_hints"] += len(hints)


def _ask(ask: Ask, asked: Span) -> tuple[list[Hint], datetime] | None:
    """Ask for a range, or for its first half as long as it holds too many ids; None where it is not covered (I4)."""
    while True:
        try:
            hints, latest = ask(asked)
        except InvalidRange:
            return None
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
        raise InvalidRange
    return [Hint(task_id, deleted=at) for task_id, at in answer.records], answer.covered


def _resume_first_syncs(world: World, counts: Counter[str]) -> None:
    """List what could not be listed while the org could not be asked (S1)."""
    if not any(outage.run == "first_sync" for outage in world.ledger.outages()):
        return
    for user in world.ledger.syncing():
        if user.first_sync and not user.first_sync.listed:
            counts.update(_first_sync(world, user.id).counts)
    for outage in world.ledger.outages():
        if outage.run == "first_sync":
            world.ledger.end_outage(outage.run, outage.failure.code)


def _drain(world: World, counts: Counter[str]) -> None:
    """Put parked hints back on the queue: the org has just answered, so the cause is gone (I1)."""
    parked = world.ledger.parked(PARKED)
    if parked.hints:
        world.hints.store(parked.hints)
        world.ledger.unpark(parked.receipt)
        counts["unparked"] = len(parked.hints)


def _start_watermarks(world: World) -> None:
    """Let the poll begin where the first sync's list ends, if it has never run."""
    if world.ledger.watermark(Mark.UPDATED) is None or world.ledger.watermark(Mark.DELETED) is None:
        start = span(None, world.org.now()).start
        world.ledger.advance(Mark.UPDATED, start)
        world.ledger.advance(Mark.DELETED, start)


def _hint_again(world: World, user: User, counts: Counter[str]) -> None:
    """Hint the tasks of a user's linked open reminders, and ring for what waited for sync to be turned on (S3)."""
    reminders = world.ledger.listing(user.id, View.OPEN, world.clock.now().date().isoformat())
    world.hints.store([Hint(reminder.task_id) for reminder in reminders if reminder.task_id])
    counts["hints"] += len(reminders)
    stuck = world.ledger.reminders(world.ledger.stuck(user.id))
    world.ledger.save([Record(reminder=waiting(reminder, world.clock.now())) for reminder in stuck.values()])
    counts["rung"] += len(stuck)


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
