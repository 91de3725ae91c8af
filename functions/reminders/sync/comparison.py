"""Comparing everything: the nightly sweep (I5), and the full comparison where the lists of the poll no longer reach back (I4).

A finder like the others: all it does is store hints. One that dies half-way has stored hints and noted no success, so beginning
again is harmless. Everything is read in pages, however many reminders there are.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain, islice
from typing import Final

from reminders.core.drift import FULL, NIGHTLY, Comparison
from reminders.core.lists import Shelf
from reminders.core.reminder import RECENTLY_DELETED, Record, Reminder, Status, waiting
from reminders.core.settings import User
from reminders.core.summary import Summary
from reminders.core.task import Hint
from reminders.core.watermark import DELETED_HORIZON, Span, whole_minute
from reminders.ports import DeadLetters, InvalidRange, OrgUnavailable, TooManyIds, World
from reminders.sync import runs
from reminders.sync.dead_letters import revive

OVERLAP: Final = timedelta(hours=48)
"""How far before the last good sweep the next one looks for tasks that are not here yet (I5)."""

LATELY: Final = timedelta(days=30)
"""What was completed or changed so long ago is not compared any more (I5)."""

MARGIN: Final = timedelta(hours=1)
"""By so much less than it holds the deleted list is asked for: a range that begins too early is refused as a whole."""

PAGE: Final = 1_000
"""Reminders whose hints are stored at once."""

LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What of somebody's linked reminders is hinted besides the open ones.

    Completed ones that changed since `changed`, deleted ones since `deleted`. `dates`: of the linked tasks, those that the deleted
    list names. `swept`: what these hints find counts as drift.
    """

    changed: datetime
    deleted: datetime
    dates: Mapping[str, datetime]
    swept: bool = False


def sweep(world: World, dead_letters: DeadLetters) -> Summary:
    """Hint everything that could have drifted, and what failed alone (I5, I1). Raises OrgUnavailable: it is tried again."""
    run = runs.begin(world, "sweep")
    counts = revive(dead_letters, world.hints)
    at = world.clock.now()
    try:
        counts += _compare(run.world, swept=True)
    except OrgUnavailable as stop:
        run.stopped(stop.failure)
        raise
    run.succeeded()
    world.ledger.note_comparison(
        Comparison(
            kind=NIGHTLY,
            at=at,
            why="every night",
            hinted=counts["hints"],
            dead_letters=counts["dead_letters"],
            malformed=counts["dead_letters_malformed"],
        )
    )
    return Summary(counts=counts)


def full(world: World, why: str) -> Counter[str]:
    """Compare everything because a list of the poll does not reach back to its watermark, and say so (I4)."""
    at = world.clock.now()
    LOG.warning("full comparison", extra={"why": why})
    counts = _compare(world, swept=False)
    world.ledger.succeeded("sweep", at)
    world.ledger.note_comparison(Comparison(kind=FULL, at=at, why=why, hinted=counts["hints"]))
    return counts


def hint_linked(world: World, user_id: str, scope: Scope) -> int:
    """Hint the tasks of a user's linked reminders, and tell how many."""
    return _hint(world, _concerned(world, user_id, scope), scope)


def hint_given(world: World, user_id: str, scope: Scope) -> int:
    """Hint what is this user's there and lies on somebody else's shelves here, and tell how many (F6, S3).

    What was handed over to them while their sync was off lies with those who gave it away; what was deleted there before an assignment made
    here had gone out, with its new assignee.
    """
    shelf = world.ledger.shelf
    others = [each.id for each in world.ledger.everybody() if each.id != user_id]
    theirs = (
        each
        for other in others
        for each in chain(shelf(other, Shelf.HANDED), shelf(other, Shelf.DELETED, scope.deleted))
    )
    return _hint(world, (each for each in theirs if each.owner_before == user_id), scope)


def _hint(world: World, reminders: Iterator[Reminder], scope: Scope) -> int:
    hinted = 0
    while page := list(islice(reminders, PAGE)):
        task_ids = [each.task_id for each in page if each.task_id]
        world.hints.store([Hint(each, deleted=scope.dates.get(each), swept=scope.swept) for each in task_ids])
        hinted += len(task_ids)
    return hinted


def ring_stuck(world: World, user_id: str) -> int:
    """Ring for what waited for this user's sync to be turned on, and tell how many (S3)."""
    stuck = iter(world.ledger.stuck(user_id))
    rung = 0
    while page := list(islice(stuck, PAGE)):
        # What was agreed on since the index told of it waits no more, and must not begin to.
        reminders = [each for each in world.ledger.reminders(page).values() if each.pending]
        now = world.clock.now()
        stored = world.ledger.save([Record(reminder=waiting(each, now)) for each in reminders])
        rung += sum(each is not None for each in stored)
    return rung


def listed_as_deleted(world: World, since: datetime) -> dict[str, datetime]:
    """Of the tasks that are linked here, tell those in the org's deleted list, and when they were deleted.

    A task that was removed from the recycle bin can be told from one that is only out of sight by nothing else (M6). The list
    reaches back 15 days. If the org lists nothing at all for the range, nothing is told.
    """
    now = world.org.now()
    dates: dict[str, datetime] = {}
    parts = [Span(whole_minute(max(since, now - DELETED_HORIZON + MARGIN)), whole_minute(now))]
    while parts:
        part = parts.pop()
        try:
            answer = world.org.deleted(part.start, part.end)
        except TooManyIds:
            half = part.halved()
            if half is None:
                raise
            parts += [Span(half.end, part.end), half]
        except InvalidRange:
            LOG.warning("the deleted list does not cover the range that was asked for")
        else:
            listed = dict(answer.records)
            dates |= {task_id: listed[task_id] for task_id in world.ledger.links(listed.keys())}
    return dates


def _compare(world: World, *, swept: bool) -> Counter[str]:
    counts: Counter[str] = Counter()
    now = world.clock.now()
    last = world.ledger.successes().get("sweep", now)
    dates = listed_as_deleted(world, now - DELETED_HORIZON)
    scope = Scope(changed=last - LATELY, deleted=now - RECENTLY_DELETED, dates=dates, swept=swept)
    for user in world.ledger.everybody():
        counts["hints"] += hint_linked(world, user.id, scope)
        if user.takes_part:
            counts["hints"] += _hint_unknown(world, user, last - OVERLAP, swept=swept)
            counts["rung"] += ring_stuck(world, user.id)
    return counts


def _hint_unknown(world: World, user: User, since: datetime, *, swept: bool) -> int:
    """Hint the open tasks of somebody who syncs: one that nobody told of may not be here yet."""
    if user.first_sync:
        since = max(since, user.first_sync.since)
    task_ids = world.org.open_tasks(user.id, since)
    world.hints.store([Hint(task_id, swept=swept) for task_id in task_ids])
    return len(task_ids)


def _concerned(world: World, user_id: str, scope: Scope) -> Iterator[Reminder]:
    """Walk what is compared: of what was handed over, the same as of what was not."""
    shelf = world.ledger.shelf
    handed = (
        each
        for each in shelf(user_id, Shelf.HANDED)
        if each.values.status is Status.OPEN or (each.changed and each.changed >= scope.changed)
    )
    return chain(
        shelf(user_id, Shelf.OPEN),
        handed,
        shelf(user_id, Shelf.COMPLETE, scope.changed),
        shelf(user_id, Shelf.DELETED, scope.deleted),
    )
