"""Sending local changes: read the tasks in bulk, merge, store the intent, write in bulk, store the answer (O1, O2, O3).

The order makes every crash harmless. Before the call the intent is stored, so a lost answer is found out by reading; the answer is stored
on whatever the reminder has become meanwhile, so an edit made during the call stays pending (O5).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final, assert_never

from reminders.core import mapping, set_up_rules
from reminders.core.budget import Pressure
from reminders.core.decision import Decision, Terms
from reminders.core.gone import NOT_VISIBLE
from reminders.core.lag import slowest
from reminders.core.merge import merge
from reminders.core.problems import Failure, Kind, may_be_content
from reminders.core.push_plan import Call, Planned, affordable, calls, chunks, halves
from reminders.core.reminder import Event, Line, Record, Reminder, Write
from reminders.core.summary import Summary
from reminders.core.task import Hint, Task, reading
from reminders.core.writes import DAILY, delete_done, with_intent, write_done, write_failed
from reminders.ports import RACES, READ_BATCH, Bulk, Change, OrgUnavailable, Outcome, World
from reminders.sync import gate, groups, runs, set_up
from reminders.sync.ration import calls_made
from reminders.sync.runs import Run
from reminders.sync.terms import gather

LEASE: Final = groups.LEASE

BLIND: Final = timedelta(seconds=2)
"""A stamp this close to the answer's `Date` cannot serve as a precondition yet: stamps are whole seconds (O1)."""

ATTEMPTS: Final = 3
"""Refused preconditions in a row before it waits for the schedule (O1)."""

HALVINGS: Final = 16
"""Calls that one push may halve: enough for two records at fault among 200. What is left then waits for the schedule."""


@dataclass(slots=True)
class _Tally:
    """What one push did so far.

    `cured`: codes of the problems that something sent had before. `halvings`: how many are left. `reads`: API calls that reading
    for this round took. `looked_up`: whose tasks this round looked for by our id. `edited`: when what was sent had been edited
    here (C3). `left` tells how many calls the budget still bears (O6).
    """

    left: Callable[[], int | None]
    counts: Counter[str] = field(default_factory=Counter)
    cured: set[str] = field(default_factory=set)
    halvings: int = HALVINGS
    reads: int = 0
    looked_up: frozenset[str] = frozenset()
    edited: list[datetime] = field(default_factory=list)


def push(world: World, reminder_ids: Sequence[str]) -> Summary:
    """Send what waits on these reminders. Those that cannot be sent now keep waiting, each with its next attempt."""
    run = runs.begin(world, "push")
    if run.budget.pressure() is Pressure.TIGHT:
        # O6: together with all that waits, most urgent first, they cost fewer calls; the schedule does that within a minute.
        return Summary(counts={"left_to_the_schedule": len(reminder_ids)})
    return _push(run, reminder_ids)


def _push(run: Run, reminder_ids: Sequence[str]) -> Summary:
    world, tally, unavailable = run.world, _Tally(left=run.budget.left), None
    try:
        run.budget.check()
        for chunk in chunks(list(dict.fromkeys(reminder_ids)), READ_BATCH):
            again: Collection[str] = chunk
            for _ in range(ATTEMPTS):
                again = _round(world, again, tally)
                if not again:
                    break
    except OrgUnavailable as stop:
        # Nothing to undo: what was about to be written has its intent stored and is looked at again after the lease.
        tally.counts["unavailable"] += 1
        unavailable = stop.failure
    if tally.cured:
        tally.counts["groups_rung"] = groups.try_again(world, tally.cured)
    if unavailable:
        run.stopped(unavailable)
    else:
        run.succeeded(slowest(tally.edited, world.clock.now()))
    return Summary(counts=tally.counts, unavailable=unavailable)


def push_due(world: World, limit: int = READ_BATCH) -> Summary:
    """Send what the bell did not get through: what is due for another attempt, owners in turns (C8), under pressure most urgent first."""
    run = runs.begin(world, "push")
    level = run.budget.pressure()
    if level is Pressure.STOPPED:
        return _push(run, [])
    return _push(run, world.ledger.waiting(world.clock.now(), limit, urgent_first=level is not Pressure.FREE))


def _round(world: World, reminder_ids: Collection[str], tally: _Tally) -> set[str]:
    """Push once; return the ids to try again at once."""
    reminders = {key: value for key, value in world.ledger.reminders(reminder_ids).items() if value.pending}
    if not reminders:
        return set()
    before = calls_made(world.org)
    bulk = _read(world, reminders.values())
    terms = gather(world, reminders.values(), bulk.tasks.values(), bulk.at)
    decisions = _decide(world, reminders, bulk, terms)
    blind = {key for key, decision in decisions.items() if _too_fresh(decision, bulk.tasks.get(key), bulk.at)}
    if blind:
        world.clock.sleep(BLIND.total_seconds())
        bulk = _merged(bulk, _read(world, [reminders[key] for key in blind]))
        decisions |= _decide(world, {key: reminders[key] for key in blind}, bulk, terms)
        blind = {key for key in blind if _too_fresh(decisions[key], bulk.tasks.get(key), bulk.at)}
    tally.reads = calls_made(world.org) - before
    tally.looked_up = frozenset(key for key, reminder in reminders.items() if _may_be_made(reminder))
    decisions = _held(world, reminders, decisions, terms)
    sends = {key: (reminders[key], decision.send.write) for key, decision in decisions.items() if decision.send}
    put_off = sends.keys() - affordable(sends, tally.left())
    tally.counts["put_off"] += len(put_off)
    ready = {key: decision for key, decision in decisions.items() if key not in blind | put_off}
    let_through = gate.let_through(world, ready)
    tally.counts.update(f"decided_{decision.rule}" for decision in let_through.values())
    planned, refused = _store_intents(world, reminders, let_through, bulk)
    again = refused | blind
    for call in calls(planned):
        again |= _make(world, call, terms, tally)
    tally.counts["lost_races"] += len(refused)
    return again


def _read(world: World, reminders: Collection[Reminder]) -> Bulk:
    """Read the tasks of these reminders, keyed by reminder id: linked ones by id, open creates by external id (O2)."""
    linked = {item.task_id: item.id for item in reminders if item.task_id}
    open_creates = {item.external_id: item.id for item in reminders if _may_be_made(item)}
    tasks: dict[str, Task] = {}
    at = world.clock.now()
    if linked:
        bulk = world.org.read(linked)
        at, tasks = bulk.at, {linked[key]: task for key, task in bulk.tasks.items()}
    if open_creates:
        bulk = world.org.find(open_creates)
        at, tasks = bulk.at, tasks | {open_creates[key]: task for key, task in bulk.tasks.items()}
    return Bulk(tasks=tasks, at=at)


def _may_be_made(reminder: Reminder) -> bool:
    """Whether a create of it was sent, of which nobody knows what came of it."""
    return not reminder.task_id and bool(reminder.intents)


def _merged(first: Bulk, second: Bulk) -> Bulk:
    return Bulk(tasks={**first.tasks, **second.tasks}, at=second.at)


def _decide(world: World, reminders: Mapping[str, Reminder], bulk: Bulk, terms: Terms) -> dict[str, Decision]:
    now = world.clock.now()
    return {
        key: merge(reminder, reading(bulk.tasks.get(key), Hint(reminder.task_id or "")), terms, now)
        for key, reminder in reminders.items()
    }


def _held(
    world: World, reminders: Mapping[str, Reminder], decisions: Mapping[str, Decision], terms: Terms
) -> dict[str, Decision]:
    """Leave out of the writes what the org has no value for, and keep that as one problem of the org as a whole (F2)."""
    held = dict(decisions)
    named = {mapping.TASK_FIELDS[field] for field in set_up_rules.CODES}
    writes = {key for key, decision in decisions.items() if decision.send and named & decision.send.fields.keys()}
    picklists = world.ledger.picklists() if writes else None
    if picklists is None:
        return held
    now = world.clock.now()
    held |= {key: set_up_rules.hold(held[key], reminders[key], terms.settings, picklists, now) for key in writes}
    if held != decisions:
        set_up.note(world, [each for each in set_up_rules.mapping_checks(terms.settings, picklists) if not each.ok])
    return held


def _too_fresh(decision: Decision, task: Task | None, at: datetime) -> bool:
    """Whether a write in the same second as the task's stamp could still follow unseen (O1)."""
    update = decision.send is not None and decision.send.write is Write.UPDATE
    return update and task is not None and at - task.stamp < BLIND


def _store_intents(
    world: World, reminders: Mapping[str, Reminder], decisions: Mapping[str, Decision], bulk: Bulk
) -> tuple[list[Planned], set[str]]:
    """Store what the merge decided and what is about to be written; return the writes to make and the lost races."""
    now = world.clock.now()
    records = {key: _before_the_call(reminders[key], decision, bulk, now) for key, decision in decisions.items()}
    due = {key: record for key, record in records.items() if record}
    stored = dict(zip(due, world.ledger.save(list(due.values())), strict=True))
    planned = []
    for key, reminder in stored.items():
        send, task = decisions[key].send, bulk.tasks.get(key)
        if reminder and send:
            planned.append(Planned(reminder=reminder, send=send, unmodified_since=task.stamp if task else None))
    return planned, {key for key, reminder in stored.items() if reminder is None}


def _before_the_call(reminder: Reminder, decision: Decision, bulk: Bulk, now: datetime) -> Record | None:
    if decision.send:
        record = decision.record or Record(reminder=reminder)
        task = bulk.tasks.get(reminder.id)
        seen = task.stamp if task else None
        return replace(record, reminder=with_intent(record.reminder, decision.send, now, lease=LEASE, seen=seen))
    if decision.record or reminder.next_attempt is None:
        return decision.record
    if reminder.task_id and reminder.id not in bulk.tasks:
        return write_failed(reminder, None, NOT_VISIBLE, now)
    # Nothing to do and nothing learned: do not let the schedule ask every minute.
    return Record(reminder=replace(reminder, next_attempt=now + DAILY, rings=False))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """What came of one write; `binned` is a deleted task as it lies in the recycle bin."""

    item: Planned
    outcome: Outcome
    calls: int
    shared: int
    binned: Task | None = None

    def record(self, reminder: Reminder, terms: Terms, now: datetime) -> Record | None:
        """Tell what to store, on the reminder as it is now, with what the attempt cost (C2)."""
        record = self._record(reminder, terms, now)
        return record and replace(record, lines=tuple(self._with_cost(line) for line in record.lines))

    def _with_cost(self, line: Line) -> Line:
        tells = line.event in {Event.PUSHED, Event.PROBLEM}
        return replace(line, calls=self.calls, shared=self.shared) if tells else line

    def _record(self, reminder: Reminder, terms: Terms, now: datetime) -> Record | None:
        number, task_id = self.item.reminder.version, self.item.reminder.task_id
        if self.outcome.failure:
            return write_failed(reminder, number, self.outcome.failure, now)
        if self.item.send.write is Write.DELETE:
            return delete_done(reminder, number, self.binned, now)
        return write_done(reminder, number, self.outcome.id or task_id or "", terms, now)


def _make(world: World, call: Call, terms: Terms, tally: _Tally) -> set[str]:
    """Make one call and store its answers; return the ids to read, merge and try again at once.

    A call that is refused as a whole for something that it holds is halved, until the record at fault stands alone (O3).
    """
    again: set[str] = set()
    parts = [call]
    while parts:
        part = parts.pop()
        tally.counts[f"calls_{part.write}"] += 1
        try:
            outcomes = _send(world, part)
        except OrgUnavailable as stop:
            if not may_be_content(stop.failure):
                raise
            if len(part.items) == 1:
                outcomes = [Outcome(failure=stop.failure)]
            elif tally.halvings:
                tally.halvings -= 1
                parts += halves(part)
                continue
            else:
                raise
        again |= _note(world, part, outcomes, terms, tally)
    return again


def _note(world: World, call: Call, outcomes: Sequence[Outcome], terms: Terms, tally: _Tally) -> set[str]:
    """Store the answers of one call; return the ids to try again at once."""
    before = calls_made(world.org)
    binned = _recycle_bin(world, call, outcomes)
    cost = tally.reads + 1 + calls_made(world.org) - before
    answers = {
        item.reminder.id: _Answer(
            item=item,
            outcome=outcome,
            calls=cost,
            shared=len(call.items),
            binned=binned.get(item.reminder.task_id or ""),
        )
        for item, outcome in zip(call.items, outcomes, strict=True)
    }
    failures = {key: answer.outcome.failure for key, answer in answers.items() if answer.outcome.failure}
    tally.counts[f"sent_{call.write}"] += len(answers) - len(failures)
    for failure in failures.values():
        tally.counts[f"failed_{failure.kind}"] += 1
    _store_answers(world, answers, terms)
    tally.edited += [at for key, answer in answers.items() if key not in failures and (at := _edited(answer.item))]
    tally.cured |= {
        code
        for key, answer in answers.items()
        if key not in failures and (code := _problem_before(answer.item.reminder))
    }
    return {key for key, failure in failures.items() if _at_once(failure, looked_up=key in tally.looked_up)}


def _at_once(failure: Failure, *, looked_up: bool) -> bool:
    """Whether reading again will tell what to do. Where no task of ours has our id, and yet it is taken, that was read already (O2)."""
    return failure.kind in {Kind.STALE, Kind.DELETED} or (failure.kind is Kind.DUPLICATE and not looked_up)


def _edited(item: Planned) -> datetime | None:
    """Tell when what was sent had been edited or deleted here; None of what a merge alone had us send."""
    reminder = item.reminder
    if item.send.write is Write.DELETE:
        return reminder.tombstone.at if reminder.tombstone else None
    return max((at for each, at in reminder.edited.items() if each in item.send.pairs), default=None)


def _problem_before(reminder: Reminder) -> str | None:
    return reminder.trouble.code if reminder.trouble else reminder.retrying


def _send(world: World, call: Call) -> list[Outcome]:
    match call.write:
        case Write.CREATE:
            return world.org.create([item.send.fields for item in call.items])
        case Write.UPDATE:
            return world.org.update([_change(item) for item in call.items])
        case Write.DELETE:
            return world.org.delete([item.reminder.task_id or "" for item in call.items])
        case unknown:
            assert_never(unknown)


def _change(item: Planned) -> Change:
    if item.reminder.task_id is None or item.unmodified_since is None:
        raise ValueError(f"an update of {item.reminder.id} was planned without having read its task")
    return Change(task_id=item.reminder.task_id, fields=item.send.fields, unmodified_since=item.unmodified_since)


def _recycle_bin(world: World, call: Call, outcomes: Sequence[Outcome]) -> Mapping[str, Task]:
    """Deletes have no precondition, so look once more at what was deleted (O1)."""
    if call.write is not Write.DELETE:
        return {}
    ids = [
        item.reminder.task_id or "" for item, outcome in zip(call.items, outcomes, strict=True) if not outcome.failure
    ]
    return world.org.read(ids).tasks if ids else {}


def _store_answers(world: World, answers: Mapping[str, _Answer], terms: Terms) -> None:
    """Store each answer on whatever its reminder is now. One that loses every race keeps its open intent: nothing is lost."""
    reminders = {key: answer.item.reminder for key, answer in answers.items()}
    for _ in range(RACES):
        now = world.clock.now()
        records = {key: answers[key].record(reminder, terms, now) for key, reminder in reminders.items()}
        due = {key: record for key, record in records.items() if record}
        stored = dict(zip(due, world.ledger.save(list(due.values())), strict=True))
        lost = [key for key, reminder in stored.items() if reminder is None]
        if not lost:
            return
        reminders = world.ledger.reminders(lost)
