"""The applier of hints: read the tasks in bulk, merge, store (I1).

The reminder is read first (strongly consistent), then the task, then the result is written on the version that was read; where that
write is refused, both are read again (M11). So every interleaving of pulls, pushes and people's edits ends in the same place.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import assert_never

from reminders.core.decision import Decision, Terms
from reminders.core.drift import Drift, differences, missed, tell
from reminders.core.gone import missing
from reminders.core.lag import slowest
from reminders.core.merge import merge
from reminders.core.push_plan import chunks
from reminders.core.reminder import Reminder, imported_id, parse_external_id
from reminders.core.summary import Summary
from reminders.core.task import Deleted, Hint, Reading, Task, Unreadable, reading
from reminders.ports import RACES, READ_BATCH, Mark, OrgUnavailable, World
from reminders.sync import deferral, gate, runs
from reminders.sync.terms import gather


def pull(world: World, hints: Sequence[Hint]) -> Summary:
    """Bring the reminders of the hinted tasks up to date.

    Hints are parked while the org cannot be read, and imports past the pace are deferred (S4); `failed` are those that lost every
    race and must be delivered again.
    """
    run = runs.begin(world, "pull")
    world = run.world
    counts: Counter[str] = Counter(hints=len(hints))
    failed: set[str] = set()
    deferred: set[str] = set()
    changed: list[datetime] = []
    distinct = list(_distinct(hints).values())
    for position, chunk in enumerate(chunks(distinct, READ_BATCH)):
        todo = {hint.task_id: hint for hint in chunk}
        try:
            for _ in range(RACES):
                todo = _round(world, todo, counts, deferred, changed)
                if not todo:
                    break
        except OrgUnavailable as stop:
            waiting = distinct[position * READ_BATCH :]
            world.ledger.park(waiting)
            counts["parked"] += len(waiting)
            run.stopped(stop.failure)
            return Summary(counts=counts, failed=frozenset(failed), unavailable=stop.failure)
        failed |= todo.keys()
        late = {hint.batch for hint in chunk if hint.task_id in todo or hint.task_id in deferred}
        _strike_off(world, [hint for hint in chunk if hint.batch not in late])
    run.succeeded(slowest(changed, world.clock.now()))
    return Summary(counts=counts, failed=frozenset(failed))


def _round(
    world: World, hints: Mapping[str, Hint], counts: Counter[str], deferred: set[str], changed: list[datetime]
) -> dict[str, Hint]:
    """Read, merge and store once; return the hints whose write was refused.

    Those of deferred imports are added to `deferred`; when what was carried over had been changed in Salesforce, to `changed`.
    """
    links = world.ledger.links(hints.keys())
    hints = deferral.admit(world, hints, links.keys(), counts)
    if not hints:
        return {}
    reminders = world.ledger.reminders(set(links.values()))
    # A link that was cut or moved between the two reads is none: its reminder has another task by now, or will get one.
    by_task = {
        task_id: reminders[rid]
        for task_id, rid in links.items()
        if rid in reminders and reminders[rid].task_id == task_id
    }
    bulk = world.org.read(hints.keys())
    tasks = dict(bulk.tasks)
    ours = _created_by_us(world, [task for task_id, task in tasks.items() if task_id not in by_task])
    if ours:
        # I6: the reminder was read after the task, so the task is read once more (M11).
        by_task |= ours
        tasks |= world.org.read(ours.keys()).tasks
    former = _formerly(world, [task for task_id, task in tasks.items() if task_id not in by_task])
    terms = gather(world, by_task.values(), tasks.values(), bulk.at)
    now = world.clock.now()
    readings = {task_id: reading(tasks.get(task_id), hint) for task_id, hint in hints.items()}
    decisions = {
        task_id: merge(by_task.get(task_id), found, terms, now, former=former.get(task_id))
        for task_id, found in readings.items()
    }
    imports = {
        task_id: decision for task_id, decision in decisions.items() if task_id not in by_task and decision.record
    }
    late = deferral.defer(world, hints, tasks, imports, counts)
    deferred |= late
    decisions = {task_id: decision for task_id, decision in decisions.items() if task_id not in late}
    swept = {task_id: readings[task_id] for task_id in decisions if hints[task_id].swept}
    decisions |= _missing(swept, by_task, terms, now)
    decisions = gate.let_through(world, decisions)
    drifted = _drifted(world, swept, by_task, decisions)
    decisions |= {task_id: tell(decisions[task_id], what, now) for task_id, what in drifted.items()}
    refused = _store(world, decisions)
    _note_drift(world, {each: what for each, what in drifted.items() if each not in refused}, decisions, counts)
    for task_id, decision in decisions.items():
        if task_id not in refused:
            counts[f"decided_{decision.rule}"] += 1
            counts["stored"] += decision.record is not None
    changed += _changed(hints, readings, by_task, {key: decisions[key] for key in decisions.keys() - refused})
    counts["lost_races"] += len(refused)
    return {task_id: hints[task_id] for task_id in refused}


def _changed(
    hints: Mapping[str, Hint],
    readings: Mapping[str, Reading],
    by_task: Mapping[str, Reminder],
    stored: Mapping[str, Decision],
) -> list[datetime]:
    """Tell when the changes that were carried over had been made (C3). What a first sync brings was made when nobody asked for it."""
    times = []
    for task_id, decision in stored.items():
        if not hints[task_id].batch and differences(by_task.get(task_id), decision):
            found = readings[task_id]
            times.append(found.stamp if isinstance(found, Task) else found.at if isinstance(found, Deleted) else None)
    return [at for at in times if at]


def _missing(
    swept: Mapping[str, Reading], by_task: Mapping[str, Reminder], terms: Terms, now: datetime
) -> dict[str, Decision]:
    """Decide on the linked tasks that the sweep asked for in vain (I5). Of a held delete it is known where its task went (M9)."""
    unreadable = [task_id for task_id, found in swept.items() if isinstance(found, Unreadable) and task_id in by_task]
    return {task_id: missing(by_task[task_id], terms, now) for task_id in unreadable if not by_task[task_id].held}


def _drifted(
    world: World, swept: Mapping[str, Reading], by_task: Mapping[str, Reminder], decisions: Mapping[str, Decision]
) -> dict[str, tuple[str, ...]]:
    """Tell which of the differences that are about to be stored should have been here before the sweep, and what they are."""
    found = {task_id: differences(by_task.get(task_id), decisions[task_id]) for task_id in swept}
    found = {task_id: what for task_id, what in found.items() if what}
    if not found:
        return {}
    covered = {mark: world.ledger.watermark(mark) for mark in Mark}
    return {task_id: what for task_id, what in found.items() if _missed(swept[task_id], covered)}


def _missed(found: Reading, covered: Mapping[Mark, datetime | None]) -> bool:
    match found:
        case Task():
            return missed(found.stamp, covered[Mark.UPDATED])
        case Deleted():
            return missed(found.at, covered[Mark.DELETED])
        case Unreadable():
            return False
        case unknown:
            assert_never(unknown)


def _note_drift(
    world: World, drifted: Mapping[str, tuple[str, ...]], decisions: Mapping[str, Decision], counts: Counter[str]
) -> None:
    """Report what was repaired (I5)."""
    now = world.clock.now()
    world.ledger.note_drift(
        [
            Drift(at=now, reminder_id=record.reminder.id, task_id=task_id, what=what)
            for task_id, what in drifted.items()
            if (record := decisions[task_id].record)
        ]
    )
    if drifted:
        counts["drifted"] += len(drifted)


def _formerly(world: World, strangers: Sequence[Task]) -> dict[str, Reminder]:
    """Find the reminders that these tasks belonged to before those got a new task: by theirs in ours, or by our id on them (M5).

    One that holds the task by now is no former one: another pull has just imported it, and the write that follows is refused.
    """
    names = {}
    for task in strangers:
        claim = parse_external_id(task.external_id or "")
        ours = [claim[0]] if claim and task.created_by == world.org.me() else []
        names[task.id] = [imported_id(task.id), *ours]
    reminders = world.ledger.reminders({name for each in names.values() for name in each}) if names else {}
    known = {task_id: [reminders[name] for name in each if name in reminders] for task_id, each in names.items()}
    return {task_id: each[0] for task_id, each in known.items() if each and all(one.task_id != task_id for one in each)}


def _store(world: World, decisions: Mapping[str, Decision]) -> set[str]:
    """Store what was decided; return the task ids whose write was refused."""
    records = {task_id: decision.record for task_id, decision in decisions.items() if decision.record}
    stored = world.ledger.save(list(records.values()))
    return {task_id for task_id, reminder in zip(records, stored, strict=True) if reminder is None}


def _created_by_us(world: World, strangers: Sequence[Task]) -> dict[str, Reminder]:
    """Recognise tasks that a push created and has not recorded yet, by our id on them (I6).

    The id counts only on a task that the integration user created, and only for a reminder that has no other task.
    """
    claims = {}
    for task in strangers:
        claim = parse_external_id(task.external_id or "")
        if claim and task.created_by == world.org.me():
            claims[task.id] = claim
    reminders = world.ledger.reminders({reminder_id for reminder_id, _ in claims.values()})
    return {
        task_id: reminders[reminder_id]
        for task_id, (reminder_id, generation) in claims.items()
        if reminder_id in reminders
        and reminders[reminder_id].generation == generation
        and reminders[reminder_id].task_id in {None, task_id}
    }


def _distinct(hints: Sequence[Hint]) -> dict[str, Hint]:
    """Keep one hint per task; that it was in the deleted list, and its batch, are not forgotten.

    What anybody else has hinted too is no find of the sweep's, nor only the webhook's word.
    """
    distinct: dict[str, Hint] = {}
    for hint in hints:
        known = distinct.get(hint.task_id)
        if known is None:
            distinct[hint.task_id] = hint
            continue
        distinct[hint.task_id] = replace(
            known,
            deleted=known.deleted or hint.deleted,
            batch=known.batch or hint.batch,
            swept=known.swept and hint.swept,
            webhook=known.webhook and hint.webhook,
            turn=known.turn or hint.turn,
        )
    return distinct


def _strike_off(world: World, applied: Sequence[Hint]) -> None:
    """Let the first sync's progress show what was applied (S1); a batch is named `<user id>:<start>-<number>`."""
    batches: dict[str, set[str]] = {}
    for hint in applied:
        if hint.batch:
            batches.setdefault(hint.batch.partition(":")[0], set()).add(hint.batch)
    for user_id, names in batches.items():
        world.ledger.batch_applied(user_id, names)
