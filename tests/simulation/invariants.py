"""What must be true of every run, whatever happened in whatever order. Each function names its rule; `Watch` holds them all.

Those of the first kind are asked of every version the moment it is stored or committed; those of the second kind of a world at rest.
They go by the journal, which saw everything from outside, and by the two sides as they stand; not by what the sync believes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Final, TypeVar

from simulation.world.engine import DAY, HOUR, faults_of
from simulation.world.fibers import Fiber
from simulation.world.journal import TASK_ID, By, Here, There

from infra.local.org.schema import Row, Value
from reminders.core import mapping
from reminders.core.decision import Terms
from reminders.core.holds import whose
from reminders.core.merge import merge
from reminders.core.reminder import Event, Field, Line, Priority, Reminder, Side, Status, sync_state
from reminders.core.sayings import Said
from reminders.core.settings import Choice, Policy, Settings
from reminders.core.subject import inputs, render
from reminders.core.task import EXTERNAL_ID, Task
from reminders.ports import Mark
from reminders.telemetry import RunFailed

if TYPE_CHECKING:
    from simulation.world.run import Simulation
    from simulation.world.world import World

Key = TypeVar("Key", Status, Priority)

Wrong = Iterator[str]
"""What an invariant complains of, in words; nothing if it holds."""


class Violation(AssertionError):
    """An invariant does not hold. `name` is the function that says so."""

    def __init__(self, name: str, rule: str, words: str) -> None:
        super().__init__(f"{name} ({rule}): {words}")
        self.name = name
        self.of: Simulation | None = None

    @property
    def simulation(self) -> Simulation:
        """The run in which it was found."""
        if self.of is None:
            raise RuntimeError("nobody has said in which run this was found")
        return self.of


EXPECTED: Final = frozenset({"LedgerUnavailable", "HintsNotStored", "LostRaces", "OrgUnavailable", "FirstSyncsFailed"})
"""How an invocation may fail while something outside does."""


class Watch:
    """Holds every invariant of one world: some at every version, the others at rest."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.journal = world.journal
        self.settings: list[Settings] = [world.store.settings()]
        """Every one that was in force, oldest first."""
        self.settings_since = [0]
        """The journal's number from which each was."""
        self.full_comparisons = 0
        self.drift_before: datetime | None = None
        """Since when all is quiet, and nothing may be left for the sweep to find."""
        self.dead_letters_before = 0
        self.deletes: dict[tuple[Side, str], list[tuple[int, str]]] = {}
        """By where they were made and whose they were: when the sync carried deletes over, and what counts as one."""
        self.journal.watchers.append(self._version)
        self.journal.mark_watchers.append(self._mark)
        world.failed = self._failed
        world.acknowledged = self.acknowledged
        world.about_to_sweep = self._about_to_sweep

    # --- at every version

    def _version(self, entry: Here | There) -> None:
        if self.world.store.settings() != self.settings[-1]:
            self.settings.append(self.world.store.settings())
            self.settings_since.append(entry.number)
        if isinstance(entry, Here):
            self._hold(here_invariants, entry)
        else:
            self._hold(there_invariants, entry)

    def _mark(self, mark: Mark, before: datetime | None, after: datetime) -> None:
        self.full_comparisons += before is not None and after - before > FULL_COMPARISON
        self._complain(watermark_passes_nothing_unstored, watermark_passes_nothing_unstored(self, mark, before, after))

    def _about_to_sweep(self) -> None:
        self._complain(no_hint_is_forgotten, no_hint_is_forgotten(self))

    def _failed(self, fiber: Fiber, words: str) -> None:
        told = str(fiber.error) if isinstance(fiber.error, RunFailed) else type(fiber.error).__name__
        if told.partition(":")[0] not in EXPECTED:
            self._complain(no_unforeseen_error, iter([f"{fiber.function}: {words}"]))

    def _hold(self, invariants: tuple[Callable[..., Wrong], ...], entry: Here | There) -> None:
        for invariant in invariants:
            self._complain(invariant, invariant(self, entry))

    def _complain(self, invariant: Callable[..., Wrong], wrong: Wrong) -> None:
        for words in wrong:
            self.world.engine.tell(f"VIOLATION {invariant.__name__}: {words}")
            self.world.engine.wrong.append(Violation(invariant.__name__, _rule(invariant), words))
            return

    def acknowledged(self, task_ids: Collection[str], since: int) -> None:
        """Hear that the webhook has acknowledged a message about these tasks."""
        self._complain(acknowledged_is_stored, acknowledged_is_stored(self, task_ids, since))

    # --- at rest

    def at_rest(self) -> None:
        """Hold the rest. Raises Violation."""
        for invariant in rest_invariants:
            for words in invariant(self):
                raise Violation(invariant.__name__, _rule(invariant), words)

    # --- what invariants ask

    def tasks(self) -> dict[str, Task]:
        """The living tasks as they are."""
        rows = self.world.org.state.store.tables["Task"]
        return {each: _task(rows[each], self.world.org.state.closed) for each in self.world.org.tasks()}

    def owned(self, reminder_id: str) -> list[str]:
        """Tasks that were ever this reminder's."""
        return [task for task, owners in self.journal.owners.items() if reminder_id in owners]

    def gone(self, reminder: Reminder) -> bool:
        """Whether its task was purged while nobody could look: only then may it be neither readable nor listed as deleted (I4, I5)."""
        return self.full_comparisons > 0 and reminder.task_id not in self.world.org.state.store.tables["Task"]

    def syncing(self) -> frozenset[str]:
        """Who syncs now."""
        return frozenset(user.id for user in self.world.store.syncing())

    def versions_of(self, first: Here, end: Here) -> Iterator[Here]:
        """The versions of a reminder from one to another, the last left out."""
        for entry in self.journal.reminders[first.after.id]:
            if first.number <= entry.number < end.number:
                yield entry

    def lost(self, reminder_id: str, field: Field, first: int) -> set[str | None]:
        """Values of this field that the history has kept since then, as they are compared."""
        return {
            _plain(field, line.lost)
            for entry in self.journal.reminders.get(reminder_id, ())
            if entry.number >= first
            for line in entry.lines
            if line.field is field and (line.lost is not None or line.event == "conflict")
        }

    def taken(self, reminder: Reminder) -> bool:
        """O2: whether somebody else's living task holds its id, so that it can have none of its own."""
        me = self.world.org.integration_user.id
        return any(each.external_id == reminder.external_id and each.created_by != me for each in self.tasks().values())

    def given_away(self, reminder: Reminder) -> bool:
        """S3, F6: deleted here, undeleted there and given to somebody who does not sync; missed while sync was off, it is not looked for."""
        row = self.world.org.state.store.tables["Task"].get(reminder.task_id or "")
        return bool(reminder.deleted and row and not row["IsDeleted"] and row["OwnerId"] not in self.syncing())

    def in_force(self, since: int, until: int | None = None) -> list[Settings]:
        """The settings of this run that were in force since an entry of the journal, or until another."""
        ends = [*self.settings_since[1:], self.journal.number + 1]
        spans = zip(self.settings, self.settings_since, ends, strict=True)
        return [each for each, begin, end in spans if end > since and (until is None or begin <= until)]

    def meanings(self, field: Field, raw: object) -> set[str | None]:
        """What a task's value means here, by any setting of this run."""
        text = None if raw is None else str(raw)
        if field in {Field.STATUS, Field.PRIORITY}:
            return {mapping.read(field, text, settings) for settings in self.settings} - {None}
        return {_plain(field, text)}


def _task(row: Row, closed: Mapping[str, bool]) -> Task:
    """A row as a value, read without the code under test."""
    due = row.get("ActivityDate")
    return Task(
        id=str(row["Id"]),
        owner=str(row["OwnerId"]),
        created=_moment(row["CreatedDate"]),
        created_by=str(row["CreatedById"]),
        last_modified=_moment(row["LastModifiedDate"]),
        last_modified_by=str(row["LastModifiedById"]),
        system_modstamp=_moment(row["SystemModstamp"]),
        subject=_text(row, "Subject"),
        status=_text(row, "Status"),
        priority=_text(row, "Priority"),
        due=date.fromisoformat(str(due)) if due else None,
        description=_text(row, "Description"),
        who=_text(row, "WhoId"),
        subtype=_text(row, "TaskSubtype"),
        external_id=_text(row, EXTERNAL_ID),
        is_closed=closed.get(str(row["Status"]), False),
        is_deleted=bool(row["IsDeleted"]),
        is_archived=bool(row.get("IsArchived")),
        is_recurrence=bool(row.get("IsRecurrence")),
    )


def _moment(second: Value) -> datetime:
    return datetime.fromtimestamp(int(second), UTC)


def _text(row: Row, name: str) -> str | None:
    return str(row[name]) if name in row else None


def _rule(invariant: Callable[..., Wrong]) -> str:
    return (invariant.__doc__ or "").partition(":")[0]


def _plain(field: Field, value: object) -> str | None:
    """A value of either side in the form in which both are compared."""
    if value is None:
        return None
    return mapping.normalised(str(value)) if field in {Field.DETAILS, Field.NAME} else str(value)


# --- at every version of a reminder ----------------------------------------------------------------------------------


def never_two_reminders_for_one_task(watch: Watch, entry: Here) -> Wrong:
    """Never, M5: a task belongs to one reminder."""
    if entry.after.task_id:
        for other in watch.world.store.all():
            if other.id != entry.after.id and other.task_id == entry.after.task_id:
                yield f"{entry.after.task_id} belongs to {entry.after.id} and to {other.id}"


def no_delete_here_without_a_delete_there(watch: Watch, entry: Here) -> Wrong:
    """M4, M6: what the sync deletes here was deleted in Salesforce, not merely absent."""
    tombstone = entry.after.tombstone
    if entry.by is not By.SYNC or tombstone is None or (entry.before and entry.before.tombstone):
        return
    versions = [each for task in watch.owned(entry.after.id) for each in watch.journal.tasks.get(task, ())]
    if not any(each.after["IsDeleted"] and each.by is not By.SYNC for each in versions):
        yield f"{entry.after.id} was deleted by the sync, and nobody deleted its task"


def what_was_deleted_by_nobody_is_not_revived(watch: Watch, entry: Here) -> Wrong:
    """M4, M5: a delete made here is taken back by a person, or by an undelete of its task."""
    if entry.by is not By.SYNC or entry.before is None or not entry.before.deleted or entry.after.deleted:
        return
    first = entry.invocation.saw.get("tasks", entry.number) if isinstance(entry.invocation, Fiber) else entry.number
    # As the pull read it: it may have been deleted again since.
    if all(watch.journal.values_there(entry.after.task_id or "", "IsDeleted", first, entry.number)):
        yield f"{entry.after.id} came back, and its task did not"


def a_merge_never_goes_back_behind_our_own_write(watch: Watch, entry: Here) -> Wrong:
    """M11, M8: what a merge takes was in Salesforce after our own last write of that field, not only before it."""
    if (
        entry.by is not By.SYNC
        or entry.before is None
        or entry.after.task_id is None
        or entry.before.task_id != entry.after.task_id
    ):
        return
    versions = watch.journal.tasks.get(entry.after.task_id, [])
    for field in Field:
        before, after = (_plain(field, mapping.plain(field, each.values)) for each in (entry.before, entry.after))
        kept = any(
            line.field is field and line.rule == "F6" for line in entry.lines
        )  # handed over: ours is told as not sent
        if field is Field.NAME or before == after or kept:
            continue
        name = mapping.TASK_FIELDS[field]
        ours = [
            each.number
            for each in versions
            if each.by is By.SYNC and not (each.before and _same_there(field, each.before, each.after))
        ]
        if not ours:
            continue
        shown = watch.journal.values_there(entry.after.task_id, name, ours[-1], entry.number)
        if not any(after in watch.meanings(field, each) for each in shown):
            yield f"{field} of {entry.after.id} went from {before!r} to {after!r}, which our own write had replaced there"


def _conflicts(entry: Here) -> Iterator[tuple[Field, Line, str, Fiber]]:
    """Give the conflicts that an invocation told of in this version: field, line, task and invocation (M2)."""
    if entry.before is None or entry.before.task_id is None or not isinstance(entry.invocation, Fiber):
        return
    for line in entry.lines:
        if line.rule == "M2" and line.event is Event.CONFLICT and line.field is not None:
            yield line.field, line, entry.before.task_id, entry.invocation


def our_own_write_is_no_conflict(watch: Watch, entry: Here) -> Wrong:
    """M8: what the task says when a conflict is told was set there by somebody else, not by our own write coming back.

    Once both sides had agreed on a delete, what had been sent before it without an answer is not known any more: a conflict is told (M5).
    """
    if entry.before and entry.before.tombstone and entry.before.tombstone.agreed:
        return
    for field, _, task_id, fiber in _conflicts(entry):
        name, seen = mapping.TASK_FIELDS[field], fiber.saw.get("tasks", entry.number)
        wrote = [
            each
            for each in watch.journal.tasks.get(task_id, ())
            if each.number < entry.number and (each.before is None or each.before.get(name) != each.after.get(name))
        ]
        if wrote and wrote[-1].by is By.SYNC and wrote[-1].number <= seen and name not in wrote[-1].rewritten:
            yield f"{field} of {entry.after.id}: {wrote[-1].after.get(name)!r} was our own"


def what_is_not_agreed_has_its_turn(watch: Watch, entry: Here) -> Wrong:
    """O1, O4, O5: an edit that the other side does not have waits, and what waits is looked at again at a set time."""
    after = entry.after
    if entry.by is not By.SYNC or after.tombstone or after.handed_over or after.owner_before not in watch.syncing():
        return
    agreement = after.agreement
    here = mapping.ours(after.values, watch.settings[-1])
    unsent = [each for each in Field if agreement and each is not Field.NAME and here[each] != agreement.pairs[each][0]]
    if unsent and not after.pending:
        yield f"{', '.join(unsent)} of {_short(after)} would never be sent"
    # S3: stuck since sync was off, it is rung for soon. M9: what is held waits for a person.
    stuck = entry.before and entry.before.pending and entry.before.next_attempt is None
    if after.pending and after.next_attempt is None and not after.held and not stuck:
        yield f"nothing looks at {_short(after)} again"


def conflicts_go_by_the_policy(watch: Watch, entry: Here) -> Wrong:
    """M2: who wins a conflict is the policy's to say; under `latest` it is the later second, and in a tie Salesforce."""
    for field, line, _, _ in _conflicts(entry):
        right = {_here_wins(each.policy, entry, field, watch) for each in watch.settings[-2:]}
        if (line.side is Side.SALESFORCE) not in {each for some in right for each in some}:
            yield f"{field} of {entry.after.id} was won by the wrong side: {line.text}"


def _here_wins(policy: Policy, entry: Here, field: Field, watch: Watch) -> frozenset[bool]:
    """Who may win: by what the task was at any moment from the read on. A clock that was wrong once leaves both possible."""
    if policy is not Policy.LATEST:
        return frozenset({policy is Policy.REMINDER})
    if watch.world.engine.counts["fault: clock: skewed"]:
        return frozenset({True, False})
    assert entry.before
    assert isinstance(entry.invocation, Fiber)
    edited = entry.before.edited.get(field, entry.before.created).timestamp()
    stamps = watch.journal.values_there(
        entry.before.task_id or "", "LastModifiedDate", entry.invocation.saw.get("tasks", 0), entry.number
    )
    return frozenset(int(edited) > int(each or 0) for each in stamps)


def a_mass_of_deletes_is_held_here(watch: Watch, entry: Here) -> Wrong:
    """M9: past 20 and 30 % an hour, a user's deletes made in Salesforce are not carried over, unless confirmed."""
    before = entry.before
    if entry.by is By.SYNC and before and not before.tombstone and entry.after.deleted and not before.handed_over:
        # Whose it is says the agreement after it: the task of a create without an answer may be somebody else's by now.
        yield from _counted(watch, Side.SALESFORCE, whose(entry.after), entry.after.id, entry.ms)


def _counted(watch: Watch, side: Side, owner: str, reminder_id: str, ms: int) -> Wrong:
    """Count a delete that was carried over; of those within 50 minutes no more may be than the valve lets pass in an hour."""
    history = [line for each in watch.journal.reminders.get(reminder_id, ()) for line in each.lines]
    if any(line.event is Event.CONFIRMED for line in history):
        return
    task = next(iter(watch.owned(reminder_id)[-1:]), "")
    versions = watch.journal.tasks.get(task, ())
    one = str(versions[-1].after.get("RecurrenceActivityId") or reminder_id) if versions else reminder_id
    deletes = watch.deletes.setdefault((side, owner), [])
    if not any(each == one and ms - at < ONCE_MS for at, each in deletes):
        deletes.append((ms, one))
    lately = {each for at, each in deletes if ms - at < VALVE_MS}
    ever = sum(whose(each) == owner for each in watch.world.store.all())
    if len(lately) > max(watch.world.valve_always, ever * 30 // 100):
        yield f"{len(lately)} deletes of {owner}'s, made on the side of {side}, were carried over within 50 minutes"


VALVE_MS: Final = 50 * 60_000
"""Less than the hour of M9: what was counted, and then interrupted, is carried over somewhat later."""

ONCE_MS: Final = 70 * 60_000
"""More than that hour, for the same reason: deleted, restored and deleted again within it, a reminder counts once."""

here_invariants: Final = (
    a_mass_of_deletes_is_held_here,
    conflicts_go_by_the_policy,
    our_own_write_is_no_conflict,
    what_is_not_agreed_has_its_turn,
    a_merge_never_goes_back_behind_our_own_write,
    never_two_reminders_for_one_task,
    no_delete_here_without_a_delete_there,
    what_was_deleted_by_nobody_is_not_revived,
)

# --- at every version of a task ---------------------------------------------------------------------------------------


def no_write_to_a_task_that_no_syncing_user_owns(watch: Watch, entry: There) -> Wrong:
    """Never, S3, F6: as of what the writing invocation could know, the task's owner syncs."""
    if entry.by is not By.SYNC or entry.before is None or not isinstance(entry.invocation, Fiber):
        return
    saw = entry.invocation.saw
    row = watch.journal.task_at(str(entry.after["Id"]), saw.get("tasks", entry.number))
    owner = str((row or entry.before)["OwnerId"])
    if not watch.journal.synced_since(owner, saw.get("users", entry.number)):
        yield f"{entry.after['Id']} belongs to {owner}, who does not sync, and was written"


def no_delete_there_without_a_delete_here(watch: Watch, entry: There) -> Wrong:
    """M4, Never: the sync deletes a task only for a reminder that a person has deleted."""
    if entry.by is not By.SYNC or not entry.after["IsDeleted"] or not entry.before or entry.before["IsDeleted"]:
        return
    claimed = str(entry.before.get(EXTERNAL_ID, "")).rpartition("-")[0]
    owners = [*watch.journal.owners.get(str(entry.after["Id"]), ()), claimed]
    deletes = [
        each
        for reminder_id in owners
        for each in watch.journal.reminders.get(reminder_id, ())
        if each.by is By.PERSON and each.after.deleted and not (each.before and each.before.deleted)
    ]
    if not deletes:
        yield f"{entry.after['Id']} was deleted by the sync, and nobody deleted any of {owners}"


def a_mass_of_deletes_is_held_there(watch: Watch, entry: There) -> Wrong:
    """M9: past 20 and 30 % an hour, a user's deletes made here are not carried over, unless confirmed."""
    if entry.by is By.SYNC and entry.before and entry.after["IsDeleted"] and not entry.before["IsDeleted"]:
        for reminder_id in watch.journal.owners.get(str(entry.after["Id"]), ())[-1:]:
            yield from _counted(watch, Side.HERE, str(entry.before["OwnerId"]), reminder_id, entry.ms)


def masters_are_never_written(_: Watch, entry: There) -> Wrong:
    """M10: the master of a series is not ours to write."""
    if entry.by is By.SYNC and entry.after.get("IsRecurrence"):
        yield f"{entry.after['Id']} is the master of a series, and was written"


def the_kind_of_a_task_is_never_written(_: Watch, entry: There) -> Wrong:
    """S4: neither Type nor TaskSubtype is ours."""
    if entry.by is By.SYNC and entry.before:
        for name in ("Type", "TaskSubtype"):
            if entry.before.get(name) != entry.after.get(name):
                yield f"{name} of {entry.after['Id']} was written"


def no_write_without_an_edit(watch: Watch, entry: There) -> Wrong:
    """O1, F1, F2, S6: a field is written only because somebody has changed it here since it was last written."""
    if entry.by is not By.SYNC or entry.before is None or entry.after["IsDeleted"] or entry.before["IsDeleted"]:
        return
    task_id = str(entry.after["Id"])
    reminder_id = watch.journal.owners.get(task_id, [""])[-1]
    for field, name in mapping.TASK_FIELDS.items():
        if _same_there(field, entry.before, entry.after) or name in entry.rewritten:
            continue
        since = _last_certain_write(watch, task_id, reminder_id, field, entry)
        if not any(
            each.number > since and _edited(each, field) for each in watch.journal.reminders.get(reminder_id, ())
        ):
            yield f"{name} of {task_id} was written ({entry.before.get(name)!r} to {entry.after.get(name)!r}), and nobody has edited it here"


def _same_there(field: Field, before: dict[str, object] | object, after: dict[str, object] | object) -> bool:
    name = mapping.TASK_FIELDS[field]
    assert isinstance(before, dict)
    assert isinstance(after, dict)
    return _plain(field, before.get(name)) == _plain(field, after.get(name))


def _edited(entry: Here, field: Field) -> bool:
    """Whether a person changed this field in this version (of the Subject: anything that it is made of)."""
    if entry.by is not By.PERSON:
        return False
    if entry.before is None:
        return True
    if field is Field.NAME:
        return (
            inputs(entry.before.values) != inputs(entry.after.values)
            or entry.before.values.name != entry.after.values.name
        )
    return mapping.plain(field, entry.before.values) != mapping.plain(field, entry.after.values)


def _last_certain_write(watch: Watch, task_id: str, reminder_id: str, field: Field, entry: There) -> int:
    """The number of the last write of this field by us that both sides have agreed on since; 0 if there is none.

    One that was committed late is none: its number says when it was seen, not what had been edited when it was made.
    """
    name = mapping.TASK_FIELDS[field]
    for each in reversed(watch.journal.tasks.get(task_id, ())):
        if each is entry or each.late or each.by is not By.SYNC or name in each.rewritten:
            continue
        if each.before and _same_there(field, each.before, each.after):
            continue
        raw = mapping.comparable(field, None if each.after.get(name) is None else str(each.after[name]))
        for version in watch.journal.reminders.get(reminder_id, ()):
            agreement = version.after.agreement
            if version.number > each.number and agreement and agreement.pairs[field][1] == raw:
                return _planned(watch, reminder_id, field, raw, each.number)
    return 0


def _planned(watch: Watch, reminder_id: str, field: Field, raw: str | None, made: int) -> int:
    """The number at which what was written then was decided on: an edit between that and the write was not in it (O5)."""
    planned = [
        version.number
        for version in watch.journal.reminders.get(reminder_id, ())
        for intent in version.after.intents
        if version.number < made and intent.number == version.after.version
        if field in intent.pairs and intent.pairs[field][1] == raw
    ]
    return max(planned, default=made)


there_invariants: Final = (
    no_write_to_a_task_that_no_syncing_user_owns,
    no_delete_there_without_a_delete_here,
    a_mass_of_deletes_is_held_there,
    masters_are_never_written,
    the_kind_of_a_task_is_never_written,
    no_write_without_an_edit,
)

# --- whenever a watermark moves, or an invocation fails ---------------------------------------------------------------

FULL_COMPARISON: Final = timedelta(days=14)


def watermark_passes_nothing_unstored(watch: Watch, mark: Mark, before: datetime | None, after: datetime) -> Wrong:
    """I3, Never: up to the watermark every change is a hint that is safely stored, and nothing is still uncommitted."""
    stands = watch.world.store.watermark(mark)
    if before and stands and stands < before:
        yield f"{mark} moved back from {before} to {stands}"
    if before is None or after <= before or after - before > FULL_COMPARISON:
        return
    store = watch.world.org.state.store
    first, last = int(before.timestamp()), int(after.timestamp())
    for transaction in store.open:
        if transaction.started < last and any(write.sobject == "Task" for write in transaction.writes):
            yield f"{mark} moved to {after}, past a transaction that is still open"
    rows = (
        store.deleted("Task", first, last - 1)
        if mark is Mark.DELETED
        else ((0, row) for row in store.changed("Task", first, last - 1))
    )
    for _, row in rows:
        versions = watch.journal.tasks.get(str(row["Id"]))
        if (mark is Mark.UPDATED and row["IsDeleted"]) or row["Id"] in watch.world.org.state.withheld:
            continue
        if versions and watch.journal.hinted.get(str(row["Id"]), 0) < versions[-1].number:
            yield f"{mark} moved from {before} to {after}, past {row['Id']}, of which no hint is stored"


def acknowledged_is_stored(watch: Watch, task_ids: Collection[str], since: int) -> Wrong:
    """I2: what the webhook acknowledges is safely on the queue, since Salesforce will not send it again."""
    for task_id in task_ids:
        if watch.journal.hinted.get(task_id, -1) < since:
            yield f"a message about {task_id} was acknowledged, and no hint of it is stored"


def no_hint_is_forgotten(watch: Watch) -> Wrong:
    """I1: what was hinted is read after that, or still waits for it; asked before every sweep, which would hide that it was not."""
    store, queue = watch.world.store, watch.world.queue
    waiting = {hint.task_id for hint in store.parked(EVERYTHING).hints}
    waiting |= {each.hint.task_id for each in store.deferred(EVERYTHING)} | set(TASK_ID.findall(" ".join(queue.kept)))
    for task_id, number in watch.journal.hinted.items():
        if watch.journal.read.get(task_id, -1) < number and task_id not in waiting:
            yield f"{task_id} was hinted, and nobody has read it"


EVERYTHING: Final = 100_000


def no_unforeseen_error(_: Watch) -> Wrong:
    """O3: an invocation fails only for what was broken outside."""
    return iter(())


# --- at rest ----------------------------------------------------------------------------------------------------------


def nothing_is_on_its_way(watch: Watch) -> Wrong:
    """I1, M7: no message waits, none is dead, no hint is parked."""
    world = watch.world
    if len(world.queue) or world.queue.dead or world.store.parked(1).hints:
        yield f"{len(world.queue)} messages, {len(world.queue.dead)} dead, parked: {world.store.parked(9).hints}"


def nothing_waits_and_no_problem_stays(watch: Watch) -> Wrong:
    """O1, O4: what was edited is agreed, and a problem whose cause is gone is gone, too."""
    syncing = watch.syncing()
    for reminder in watch.world.store.all():
        if reminder.sponsor is None or (reminder.owner_before not in syncing and not reminder.trouble):
            continue
        if watch.gone(reminder) and (reminder.trouble is None or reminder.trouble.code == "TASK_NOT_VISIBLE"):
            continue
        if reminder.trouble and reminder.trouble.code == "DUPLICATE_VALUE" and watch.taken(reminder):
            continue
        if reminder.pending or reminder.trouble:
            yield f"still {sync_state(reminder)}: {_short(reminder)}"


def both_sides_are_equal(watch: Watch) -> Wrong:
    """M7, M4: a living pair agrees in every mapped field; of a deleted one both are deleted."""
    tasks, syncing = watch.tasks(), watch.syncing()
    for reminder in watch.world.store.all():
        task = tasks.get(reminder.task_id or "")
        if reminder.sponsor is None or reminder.handed_over or reminder.owner_before not in syncing:
            continue
        if reminder.deleted:
            if task is not None and not watch.given_away(reminder):
                yield f"deleted here, alive there: {_short(reminder)}"
        elif task is None and not watch.gone(reminder) and not watch.taken(reminder):
            yield f"alive here, gone there: {_short(reminder)}"
        elif task and task.owner in syncing:
            for field in _differences(reminder, task, watch.world.store.settings()):
                if _was_equal_when_it_came(watch, task, field, reminder):
                    continue
                yield f"{field} differs: {getattr(reminder.values, field)!r} here, {mapping.raw(field, task)!r} there, {_short(reminder)}"


def _was_equal_when_it_came(watch: Watch, task: Task, field: Field, reminder: Reminder) -> bool:
    """S6: a mapping that is changed later touches nothing by itself; what it reads differently stays until the field next changes.

    A value that came back before anybody here had seen another is as old as its first coming.
    """
    if field not in {Field.STATUS, Field.PRIORITY}:
        return False
    name = mapping.TASK_FIELDS[field]
    entries = watch.journal.tasks[task.id]
    came = next(each.number for each in entries if each.after.get(name) == entries[-1].after.get(name))
    return any(field not in set(_differences(reminder, task, settings)) for settings in watch.in_force(came))


def _differences(reminder: Reminder, task: Task, settings: Settings) -> Iterator[Field]:
    """Compare by the words of F1 to F7, not by the code's own mapping. A foreign value equals anything; the name is not compared."""
    values = reminder.values
    if values.assignee != task.owner:
        yield Field.ASSIGNEE
    if _meaning(task.status, settings.statuses) not in {None, values.status}:
        yield Field.STATUS
    if _meaning(task.priority, settings.priorities) not in {None, values.priority}:
        yield Field.PRIORITY
    if values.due != task.due:
        yield Field.DUE
    if _same_text(values.details) != _same_text(task.description):
        yield Field.DETAILS
    if (values.person or None) != (task.who or None):
        yield Field.PERSON


def _meaning(raw: str | None, choices: Mapping[Key, Choice]) -> Key | None:
    for key, choice in choices.items():
        if raw == choice.written or raw in choice.also_read:
            return key
    return None


def _same_text(text: str | None) -> str:
    return (text or "").replace("\r\n", "\n").strip()


def a_second_merge_plans_nothing(watch: Watch) -> Wrong:
    """M7, M8: merging what has just been merged changes nothing and sends nothing."""
    tasks = watch.tasks()
    terms = Terms(
        settings=watch.world.store.settings(), syncing=watch.syncing(), me=watch.world.org.integration_user.id
    )
    for reminder in watch.world.store.all():
        task = tasks.get(reminder.task_id or "")
        if task and not watch.given_away(reminder):
            again = merge(reminder, task, terms, watch.world.clock.now())
            if again.record or again.send:
                yield f"{again.reason} {_short(reminder)}"


def every_task_to_do_is_here(watch: Watch) -> Wrong:
    """S2, S4, I1: an open to-do of somebody who syncs has a reminder, if it was changed since their import window began."""
    linked = {each.task_id for each in watch.world.store.all()}
    for task in watch.tasks().values():
        to_do = not task.is_closed and not task.is_recurrence and task.subtype in {"Task", "Call", "LinkedIn", None}
        if _in_window(watch, task) and to_do and task.id not in linked:
            yield f"{task.id} ({task.subject}) is nowhere here"


def _in_window(watch: Watch, task: Task) -> bool:
    """S2: whether it was changed since its owner's import window began."""
    windows = {each.id: each.first_sync.since for each in watch.world.store.syncing() if each.first_sync}
    return task.owner in windows and task.system_modstamp >= windows[task.owner]


def never_two_tasks_for_one_reminder(watch: Watch) -> Wrong:
    """Never, O2, M5: every living task that we made is linked, to the reminder of its id or to one of its own."""
    reminders = {each.id: each for each in watch.world.store.all()}
    linked = {each.task_id for each in reminders.values()}
    me, syncing = watch.world.org.integration_user.id, watch.syncing()
    for task in watch.tasks().values():
        claimed = reminders.get((task.external_id or "").rpartition("-")[0])
        # F6: handed over, or deleted here while it was: then the task stays, and is nobody's any more.
        left = claimed is not None and (claimed.handed_over or _let_go(watch, claimed.id))
        if (
            task.created_by == me
            and task.id not in linked
            and task.owner in syncing
            and not task.is_closed
            and not left
        ):
            yield f"{task.id} ({task.external_id}) was made by us and belongs to no reminder"


def _let_go(watch: Watch, reminder_id: str) -> bool:
    return any(
        line.text in {Said.DELETED_HERE_ONLY, Said.GIVEN_AWAY_FIRST}
        for entry in watch.journal.reminders.get(reminder_id, ())
        for line in entry.lines
    )


def history_names_only_what_exists(watch: Watch) -> Wrong:
    """C2, M5: a line that sends its reader to another reminder leads somewhere."""
    known = {each.id for each in watch.world.store.all()}
    for reminder_id, entries in watch.journal.reminders.items():
        for line in (line for entry in entries for line in entry.lines):
            named = re.search(r"the reminder (\S+) (?:now|before)", line.words)
            if named and named[1] not in known:
                yield f"{reminder_id}: “{line.words}”, and there is no such reminder"


def every_edit_here_is_accounted_for(watch: Watch) -> Wrong:
    """Never, M2, M4: a value typed here arrived there, was replaced by somebody who saw it, or is in the history."""
    for reminder_id, entries in watch.journal.reminders.items():
        for position, entry in enumerate(entries):
            if entry.by is not By.PERSON:
                continue
            for field in Field:
                if _edited_value(entry, field):
                    yield from _followed_here(watch, reminder_id, entries[position:], field)


def _edited_value(entry: Here, field: Field) -> bool:
    before = mapping.plain(field, entry.before.values) if entry.before else None
    return before != mapping.plain(field, entry.after.values)


def _followed_here(watch: Watch, reminder_id: str, entries: list[Here], field: Field) -> Wrong:
    first, value = entries[0], _plain(field, mapping.plain(field, entries[0].after.values))
    end = entries[-1]
    for entry in entries[1:]:
        replaced = _plain(field, mapping.plain(field, entry.after.values)) != value
        deleted = bool(entry.after.deleted and entry.before and not entry.before.deleted)
        if replaced or deleted:
            end = entry
            break
    else:
        return  # it stands; the sides are compared elsewhere
    if end.by is By.PERSON or first.after.sponsor is None:
        return
    if value in watch.lost(reminder_id, field, first.number) or _set_back(
        watch, reminder_id, field, {value}, first.number
    ):
        return
    for task in watch.owned(reminder_id):
        if _arrived_there(watch, task, field, value, (first, end)):
            return
    yield f"{field} of {reminder_id} was set to {value!r} here (version {first.after.version}), and nobody knows what became of it"


def _set_back(watch: Watch, reminder_id: str, field: Field, meanings: set[str | None], number: int) -> bool:
    """M1: whether this is the value on which both sides stood before; to go back to it is no change, unless the other has seen one."""
    entries = watch.journal.reminders.get(reminder_id, ())
    for position, entry in enumerate(entries):
        if entry.number >= number:
            return False
        if _plain(field, mapping.plain(field, entry.after.values)) in meanings:
            until = entries[position + 1].number if position + 1 < len(entries) else number
            if _rewritten(watch, watch.owned(reminder_id), field, entry.number, min(until, number)):
                return True
            shown = [
                value
                for task in watch.owned(reminder_id)
                for value in watch.journal.values_there(
                    task, mapping.TASK_FIELDS[field], entry.number, min(until, number - 1)
                )
            ]
            foreign = (
                field in {Field.STATUS, Field.PRIORITY} and not entry.after.pending
            )  # F2: it stands against any value here
            if any(
                watch.meanings(field, each) & meanings or (foreign and not watch.meanings(field, each))
                for each in shown
            ):
                return True
        if _lost_from_there(watch, entry, field, meanings, number):
            return True
    return False


def _rewritten(watch: Watch, tasks: Collection[str], field: Field, first: int, end: int) -> bool:
    """Whether an automation of the org made something else of the field in the very save, between these two: that is not followed."""
    return any(
        mapping.TASK_FIELDS[field] in each.rewritten and first < each.number < end
        for task in tasks
        for each in watch.journal.tasks.get(task, ())
    )


def _lost_from_there(watch: Watch, entry: Here, field: Field, meanings: set[str | None], number: int) -> bool:
    """M2: whether this is a value of the task's that lost, and nothing of ours has arrived since: it is what the task is known to say."""
    return any(
        line.field is field and line.side is Side.SALESFORCE and _plain(field, line.lost) in meanings
        for line in entry.lines
    ) and not any(
        each.by is By.SYNC and entry.number < each.number < number
        for task in watch.owned(entry.after.id)
        for each in watch.journal.tasks.get(task, ())
    )


def _arrived_there(watch: Watch, task: str, field: Field, value: str | None, between: tuple[Here, Here]) -> bool:
    first, end = between
    name = mapping.TASK_FIELDS[field]
    if _rewritten(watch, [task], field, first.number, end.number):
        return True
    shown = list(watch.journal.values_there(task, name, first.number, end.number))
    if field is Field.NAME:
        named = [
            each.after.values
            for each in watch.versions_of(first, end)
            if each.after.values.name == first.after.values.name
        ]
        subjects = {render(settings.subject_template, inputs(each)) for settings in watch.settings for each in named}
        if first.before and subjects & {
            render(settings.subject_template, inputs(first.before.values)) for settings in watch.settings
        }:
            return True  # F1: with a template that has no name in it, there is nothing to arrive
        return any(_plain(field, each) in {_plain(field, subject) for subject in subjects} for each in shown)
    return any(value in watch.meanings(field, each) for each in shown)


def every_edit_there_is_accounted_for(watch: Watch) -> Wrong:
    """Never, M2, M4, F1, F2, O1: a value set in Salesforce arrived here, was replaced there by others, or is in the history."""
    for task_id, entries in watch.journal.tasks.items():
        owners = watch.journal.owners.get(task_id, ())
        for position, entry in enumerate(entries if owners else ()):
            if entry.by is not By.PERSON:
                continue
            for field in Field:
                if (entry.before and _same_there(field, entry.before, entry.after)) or mapping.TASK_FIELDS[
                    field
                ] in entry.rewritten:
                    continue
                wrong = [list(_followed_there(watch, each, entries[position:], field)) for each in owners]
                if all(wrong):
                    yield wrong[-1][0]


def _followed_there(watch: Watch, reminder_id: str, entries: list[There], field: Field) -> Wrong:
    first, name = entries[0], mapping.TASK_FIELDS[field]
    end, deleted = first, False
    for entry in entries[1:]:
        deleted = bool(entry.after["IsDeleted"] and entry.before and not entry.before["IsDeleted"])
        if deleted or not _same_there(field, first.after, entry.after):
            end = entry
            break
    else:
        return
    if end.by is not By.SYNC or name in end.rewritten:
        return
    if _came_back(first, entries[entries.index(end) :], field):
        return
    raw = first.after.get(name)
    value = _plain(field, raw)
    if value in watch.lost(reminder_id, field, first.number) or _granted(first, entries):
        return
    versions = list(watch.journal.versions_here(reminder_id, first.number, end.number))
    if field is Field.NAME and (deleted or _is_no_loss_of_a_subject(watch, value, versions)):
        return
    meanings = watch.meanings(field, raw)
    if any(_plain(field, mapping.plain(field, each.after.values)) in meanings for each in versions):
        return
    if _set_back(watch, reminder_id, field, meanings, first.number):
        return
    if deleted and _was_foreign(field, raw, watch.in_force(first.number, end.number)):
        return  # F2, S6: a foreign value has no place here
    yield f"{name} of {first.after['Id']} ({reminder_id}) was set to {value!r} there, and the sync replaced it without a word"


def _was_foreign(field: Field, raw: object, in_force: list[Settings]) -> bool:
    """Whether a status or priority meant nothing here by one of these settings: it was agreed as it was, and a later mapping touches nothing."""
    text = None if raw is None else str(raw)
    mapped = field in {Field.STATUS, Field.PRIORITY}
    return mapped and any(mapping.read(field, text, settings) is None for settings in in_force)


def _came_back(first: There, later: list[There], field: Field) -> bool:
    """Whether, after the sync's write that `later` begins with, people alone set the field until it was the same again: that edit is followed."""
    for before, entry in pairwise(later):
        if _same_there(field, before.after, entry.after):
            continue
        if entry.by is By.SYNC:
            return False
        if _same_there(field, first.after, entry.after):
            return True
    return False


def _is_no_loss_of_a_subject(watch: Watch, value: str | None, versions: list[Here]) -> bool:
    """F1: nothing was there to keep, or it was what we write ourselves, or the import has taken it for the name.

    A Subject is no part of what a delete could lose here.
    """
    ours = {
        render(settings.subject_template, inputs(each.after.values)) for settings in watch.settings for each in versions
    }
    imported = any(each.by is By.SYNC and each.before is None for each in versions)
    return value is None or imported or value in {_plain(Field.NAME, each) for each in ours}


def _granted(first: There, entries: list[There]) -> bool:
    """O1 names one limit of the platform: two writes within one second, of which one commits late."""
    if not first.late:
        return False
    stamp = first.after["LastModifiedDate"]
    earlier = first.before is not None and first.before["LastModifiedDate"] == stamp
    return earlier or any(each is not first and each.after["LastModifiedDate"] == stamp for each in entries)


def every_completion_is_announced(watch: Watch) -> Wrong:
    """C6: Open to Complete on either side is told at least once under the id of its version; first meetings, restores and all else are not.

    Where a create of ours has no answer yet, the task may be ours, completed since, or have come with our id on it: both are right.
    """
    announced = {str(each["id"]): each for each in watch.world.announced}
    completed = {
        f"{each.after.id}/{each.after.version}": each
        for each in watch.journal.changes_here()
        if each.before
        and (each.before.values.status, each.after.values.status) == (Status.OPEN, Status.COMPLETE)
        and not each.before.deleted
        and (each.by is By.PERSON or (not each.before.tombstone and (each.before.task_id or each.before.intents)))
    }
    for key, entry in completed.items():
        side = Side.HERE if entry.by is By.PERSON else Side.SALESFORCE
        if key in announced and announced[key]["side"] != side:
            yield f"{key} was completed on the side of {side}, and announced as of {announced[key]['side']}"
        # An edit here that reopened it was lost, and it was told when it was agreed, or before it was sent.
        old = any(Status.COMPLETE in watch.meanings(Field.STATUS, each) for each in _agreed_or_sent(entry.before))
        if key not in announced and (side is Side.HERE or (entry.before and entry.before.task_id and not old)):
            yield f"{key} completed its reminder, and nobody was told"
    for key in sorted(announced.keys() - completed.keys()):
        yield f"{key} was announced, and completes nothing"


def _agreed_or_sent(reminder: Reminder | None) -> Iterator[str | None]:
    """The task's status as last agreed, and as any update without an answer would have it (M8)."""
    if reminder and reminder.agreement:
        yield reminder.agreement.pairs[Field.STATUS][1]
        for intent in reminder.intents:
            if Field.STATUS in intent.pairs:
                yield intent.pairs[Field.STATUS][1]


def watermarks_keep_up(watch: Watch) -> Wrong:
    """I3, I4: in a quiet world both stand where the last poll has looked; one that stands still is out of reach one day."""
    now = datetime.fromtimestamp(watch.world.org.state.second(), UTC)
    for mark in Mark:
        stands = watch.world.store.watermark(mark)
        if stands and now - stands > LATEST_POLL:
            yield f"{mark} stands at {stands}, and it is {now}"


LATEST_POLL: Final = timedelta(days=1)
"""A poll is due every ten minutes, but of the two nights of rest most idle ones are left out."""


def the_sweep_finds_nothing_that_the_poll_missed(watch: Watch) -> Wrong:
    """I5, I1, I3: once all is quiet there is no drift left to repair; what the sweep must mend is a change that was lost."""
    if watch.drift_before is not None and not watch.dead_letters_before:
        late = [each for each in watch.world.store.drifts(1000) if each.at >= watch.drift_before]
        for each in late:
            yield f"{each.reminder_id} ({each.task_id}): {each.what}"


def nothing_moves_any_more(watch: Watch) -> Wrong:
    """M7, M8, I3: all hinted and all rung once more, nothing is written on either side, and an idle poll costs two calls."""
    world = watch.world
    while _sweeps_within_a_minute(world):
        pass
    asked, number, sweeps = len(world.org.calls), world.journal.number, world.engine.counts["invoked sweep"]
    world.engine.run(world.engine.ms + 30 * 60_000)
    calls = list(world.org.calls.entries)[asked:]
    spent, polls = sum(each.counted for each in calls), sum("updated" in each.resource for each in calls)
    if spent > IDLE_POLL * polls + SET_UP and world.engine.counts["invoked sweep"] == sweeps:
        yield f"{polls} idle polls cost {spent} calls: {[each.resource for each in calls]}"
    away = {each.id for each in world.store.all() if watch.given_away(each)}
    linked = {each.task_id for each in world.store.all() if each.id not in away}
    known = [task for task, row in watch.tasks().items() if task in linked or _in_window(watch, row)]
    bodies = [f'{{"hints": [{{"task_id": "{task}"}}]}}' for task in known]
    for body in bodies:
        world.queue.send(body)
    for reminder in world.store.all():
        if not _tried_daily(watch, reminder) and reminder.id not in away:
            world.bell.put(reminder.id)
    world.engine.run(world.engine.ms + 90_000)
    later = [each for entries in world.journal.reminders.values() for each in entries if each.number > number]
    stored = [each.after.id for each in later if not _tried_daily(watch, each.after)]
    written = [task for task, entries in world.journal.tasks.items() if entries[-1].number > number]
    if stored or written:
        yield f"stored again: {stored}; written again: {written}"


def _sweeps_within_a_minute(world: World) -> bool:
    """Let a minute pass. Whether the night's sweep was at work in it: its calls, and those for what it hints, are no poll's."""
    at_work, begun = _sweeping(world), world.engine.counts["invoked sweep"]
    world.engine.run(world.engine.ms + 60_000)
    return at_work or _sweeping(world) or world.engine.counts["invoked sweep"] > begun


def _sweeping(world: World) -> bool:
    return any(each.function == "sweep" for each in world.engine.baton.living)


def _tried_daily(watch: Watch, reminder: Reminder) -> bool:
    """O4: what stays a problem is tried every day."""
    return watch.gone(reminder) or watch.taken(reminder)


IDLE_POLL: Final = 2
SET_UP: Final = 6
"""Picklists once an hour, permissions and users once a day: two calls each, and all of them may fall into one half hour."""

CALLS_PER_INVOCATION: Final = {"pull": 2.5, "push": 3.5, "poll": 6, "sweep": 9}
"""On average over a run, with sign-ins, repetitions and full comparisons. The worst of forty runs had 1.9, 2.7, 5.2 and 6.8."""

CALLS_PER_READING: Final = 2
"""To read somebody again who asks for something here and was not read for a day."""

A_FEW_CALLS: Final = 15
"""So that a run of few invocations may have one bad hour."""

CALLS_PER_CHANGE: Final = 3
"""Of pushes and pulls that got through, for each version that people made here and each that there is there; every fault may cost one more.

Beside them every night has a few: what its sweep hints is read.
"""


def calls_are_bounded(watch: Watch) -> Wrong:
    """I3, O1: what the sync asks of Salesforce grows with what happened, not with time or size."""
    counts = watch.world.engine.counts
    made_here = sum(each.by is not By.SYNC for entries in watch.journal.reminders.values() for each in entries)
    changes = made_here + sum(len(entries) for entries in watch.journal.tasks.values())
    calls = sum(map(_calls_that_got_through, watch.world.invocations))
    faults = sum(faults_of(counts).values())
    if calls > CALLS_PER_CHANGE * changes + faults + A_FEW_CALLS * (watch.world.engine.ms // DAY):
        yield f"{changes} changes and {faults} faults took {calls} calls"
    set_up = SET_UP * _polls_after_an_hour(watch)
    for function, most in CALLS_PER_INVOCATION.items():
        calls, times = counts[f"calls of {function}"], counts[f"invoked {function}"]
        if calls > most * times + A_FEW_CALLS + (set_up if function == "poll" else 0):
            yield f"{times} invocations of {function} made {calls} calls"
    readings = len([*watch.world.sales, watch.world.ada]) * (watch.world.engine.ms // DAY + 1)
    if counts["calls of api"] > CALLS_PER_READING * readings + A_FEW_CALLS:
        yield f"to read users again, {readings} times at most, took {counts['calls of api']} calls"


def _polls_after_an_hour(watch: Watch) -> int:
    """How many polls had picklists, and perhaps permissions and users, to look at again: in a long gap each has."""
    polls = [each.deadline for each in watch.world.invocations if each.function == "poll"]
    return sum(later - earlier >= HOUR for earlier, later in pairwise(polls))


def _calls_that_got_through(fiber: Fiber) -> int:
    """What a push or pull asked of Salesforce; what is refused while Salesforce is away grows with time, and has to (O3)."""
    got_through = isinstance(fiber.result, dict) and not fiber.result.get("unavailable")
    return sum("/" in each for each in fiber.asked) if fiber.function in {"push", "pull"} and got_through else 0


rest_invariants: Final = (
    nothing_is_on_its_way,
    never_two_tasks_for_one_reminder,
    nothing_waits_and_no_problem_stays,
    both_sides_are_equal,
    a_second_merge_plans_nothing,
    every_task_to_do_is_here,
    history_names_only_what_exists,
    every_edit_here_is_accounted_for,
    every_edit_there_is_accounted_for,
    calls_are_bounded,
    every_completion_is_announced,
    the_sweep_finds_nothing_that_the_poll_missed,
    watermarks_keep_up,
    nothing_moves_any_more,
)


def _short(reminder: Reminder) -> str:
    """A reminder in one line."""
    return (
        f"{reminder.id} v{reminder.version} task {reminder.task_id} pending {reminder.pending} next {reminder.next_attempt} "
        f"trouble {reminder.trouble and reminder.trouble.code} tombstone {reminder.tombstone} over {reminder.handed_over}"
    )
