"""Days on which unusually much is deleted: what is carried over, what is held, and what an administrator makes of it (M9)."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from fakes.memory_dead_letters import MemoryDeadLetters
from stage import Stage

from reminders.core import edit
from reminders.core.holds import MASS_DELETE_HELD, is_held
from reminders.core.push_plan import chunks
from reminders.core.reminder import Event, Record, Reminder, Side, SyncState, imported_id, sync_state
from reminders.core.settings import User
from reminders.core.task import EXTERNAL_ID, Hint
from reminders.ports import READ_BATCH, Counted
from reminders.services.held_deletes import Decided, Group, Verdict, decide_each, decide_group
from reminders.sync import comparison, gate, groups, inbox, outbox

ADMIN = User(id="005000000000077AAA", name="Ada Admin", admin=True)


@pytest.fixture
def stage() -> Stage:
    """A team of which Anna and Ben sync."""
    stage = Stage()
    stage.sync(stage.anna)
    stage.sync(stage.ben)
    stage.settle()
    return stage


def names(count: int, prefix: str = "r") -> list[str]:
    """Name so many reminders."""
    return [f"{prefix}{number:03}" for number in range(count)]


def have(stage: Stage, count: int, prefix: str = "r", owner: str | None = None) -> list[str]:
    """Have so many reminders synced for hours."""
    ids = names(count, prefix)
    for each in ids:
        stage.create(each, name=f"Call {each}", assignee=owner or stage.anna)
    stage.settle()
    stage.later(hours=2)
    return ids


def delete_there(stage: Stage, ids: Iterable[str]) -> None:
    """Delete these reminders' tasks in Salesforce."""
    for each in ids:
        stage.org.delete_task(stage.reminder(each).values.assignee, stage.task_of(each))


def delete_here(stage: Stage, ids: Iterable[str]) -> None:
    """Delete these reminders."""
    for each in ids:
        stage.delete(each)


def held(stage: Stage) -> list[str]:
    """Name what is held."""
    return sorted(each.id for each in stage.ledger.all() if is_held(each))


def gone(stage: Stage) -> list[str]:
    """Name what both sides agree is deleted."""
    return sorted(each.id for each in stage.ledger.all() if each.tombstone and each.tombstone.agreed)


def decide(stage: Stage, verdict: Verdict, side: Side, owner: str | None = None) -> Decided:
    """Have the administrator decide a whole group."""
    group = Group(owner or stage.anna, side)
    return decide_group(stage.world, ADMIN, group, verdict, now=stage.clock.now())


def thirty_deleted_there(stage: Stage) -> list[str]:
    """Have 30 reminders, and all their tasks deleted at once; give those that are held."""
    ids = have(stage, 30)
    delete_there(stage, ids)
    stage.settle()
    assert (gone(stage), held(stage)) == (ids[:20], ids[20:])
    return ids[20:]


def thirty_deleted_here(stage: Stage) -> list[str]:
    """Have 30 reminders, and delete all at once; give those that are held."""
    ids = have(stage, 30)
    delete_here(stage, ids)
    stage.settle()
    assert (gone(stage), held(stage), len(stage.tasks())) == (ids[:20], ids[20:], 10)
    return ids[20:]


# --- the two directions


def test_of_thirty_deleted_there_ten_are_held_and_confirmed(stage: Stage) -> None:
    """M9, M4: 20 are carried over; of the held ones, each is read again, and the one undeleted meanwhile stays."""
    waits = thirty_deleted_there(stage)
    assert {sync_state(stage.reminder(each)) for each in waits} == {SyncState.PROBLEM}
    assert [line.event for line in stage.history(waits[0])][-1] is Event.HELD
    saved = waits[3]
    stage.org.undelete_task(stage.anna, stage.task_of(saved))
    decided = decide(stage, Verdict.CONFIRM, Side.SALESFORCE)
    assert (len(decided.results), decided.left) == (10, 0)
    stage.settle(poll=False)
    assert held(stage) == []
    assert gone(stage) == sorted(set(names(30)) - {saved})
    assert [task.id for task in stage.tasks()] == [stage.task_of(saved)]
    assert (sync_state(stage.reminder(saved)), stage.reminder(saved).held) == (SyncState.SYNCED, None)
    [line] = stage.history(waits[0], Event.CONFIRMED)
    assert "Ada Admin" in line.words


def test_of_thirty_deleted_here_ten_are_held_and_rejected(stage: Stage) -> None:
    """M9: 20 tasks are deleted; those held are restored here, and their tasks stay linked and alive."""
    waits = thirty_deleted_here(stage)
    tasks = {each: stage.task_of(each) for each in waits}
    assert all(stage.reminder(each).deleted for each in waits)
    assert [line.event for line in stage.history(waits[0])][-1] is Event.HELD
    assert len(decide(stage, Verdict.REJECT, Side.HERE).results) == 10
    stage.settle()
    assert held(stage) == []
    assert {each: stage.task_of(each) for each in waits} == tasks
    assert {sync_state(stage.reminder(each)) for each in waits} == {SyncState.SYNCED}
    assert not any(stage.reminder(each).deleted for each in waits)
    stage.edit(waits[0], details="still linked")
    stage.settle()
    task = stage.task(tasks[waits[0]])
    assert task
    assert task.description == "still linked"


def test_rejected_there_the_reminder_stays_and_an_undeleted_task_is_its_own(stage: Stage) -> None:
    """M9, M5: it is not synced; "Sync this one" makes a task under a new n; both histories tell of the old one undeleted later."""
    waits = thirty_deleted_there(stage)
    first, second = waits[:2]
    old = stage.task_of(first)
    decide(stage, Verdict.REJECT, Side.SALESFORCE)
    stage.settle()
    assert held(stage) == []
    assert {sync_state(stage.reminder(each)) for each in waits} == {SyncState.NOT_SYNCED}
    assert stage.tasks() == []
    [stored] = stage.ledger.save([edit.sync_this_one(stage.reminder(second), now=stage.clock.now())])
    assert stored
    stage.settle()
    assert stage.org.task(stage.task_of(second))[EXTERNAL_ID] == f"{second}-1"
    stage.org.undelete_task(stage.anna, old)
    stage.settle()
    assert stage.reminder(imported_id(old)).task_id == old
    assert stage.reminder(first).task_id is None
    assert first in stage.history(imported_id(old))[0].words
    assert imported_id(old) in stage.history(first)[-1].words


def test_confirmed_here_the_tasks_are_deleted_but_for_what_was_deleted_there(stage: Stage) -> None:
    """M9: confirmed ones pass without being counted again, however many of them."""
    waits = thirty_deleted_here(stage)
    stage.org.delete_task(stage.anna, stage.task_of(waits[0]))
    decide(stage, Verdict.CONFIRM, Side.HERE)
    stage.settle()
    assert (gone(stage), held(stage), stage.tasks()) == (names(30), [], [])
    assert [line.event for line in stage.history(waits[0])][-1] is Event.DELETED
    assert [line.event for line in stage.history(waits[1])][-1] is Event.PUSHED


# --- what is counted


def test_across_runs_the_count_goes_on(stage: Stage) -> None:
    """M9: counted per run, ten deletes every few minutes would empty the whole list."""
    ids = have(stage, 40)
    for chunk in chunks(ids, 10):
        delete_there(stage, chunk)
        stage.settle()
    assert (len(gone(stage)), len(held(stage))) == (20, 20)


def test_across_the_batches_of_one_pull_the_count_goes_on(stage: Stage) -> None:
    """M9, I1: the two bulks of one run are counted together, and so is what is delivered twice."""
    ids = have(stage, 30)
    delete_there(stage, ids)
    hints = [Hint(stage.task_of(each)) for each in ids]
    padding = [Hint(f"00T{number:012}EAA") for number in range(READ_BATCH - 15)]
    inbox.pull(stage.world, [*hints[:15], *padding, *hints[15:]])
    inbox.pull(stage.world, hints)
    assert (len(gone(stage)), len(held(stage))) == (20, 10)


def test_of_much_thirty_percent_pass(stage: Stage) -> None:
    """M9: of 200, 59 are no mass delete, and the 61st of an hour is held."""
    ids = have(stage, 200)
    delete_here(stage, ids[:59])
    stage.settle()
    assert (len(gone(stage)), held(stage)) == (59, [])
    delete_here(stage, ids[59:61])
    stage.settle()
    assert (len(gone(stage)), held(stage)) == (60, [ids[60]])


def test_a_share_is_of_what_was_there_at_the_start_of_the_hour(stage: Stage) -> None:
    """M9: what was created a moment ago does not make room for deletes."""
    ids = have(stage, 40)
    for each in names(100, "new"):
        stage.create(each)
    stage.settle()
    delete_there(stage, ids)
    stage.settle()
    assert (len(gone(stage)), len(held(stage))) == (20, 20)


def test_a_series_counts_as_one(stage: Stage) -> None:
    """M9, M10: 40 occurrences deleted with their series are one delete, and leave room for 19 others."""
    master = stage.org.create_task(
        stage.anna,
        Subject="Every day",
        IsRecurrence=True,
        RecurrenceType="RecursDaily",
        RecurrenceInterval=1,
        RecurrenceStartDateOnly="2026-11-24",
        RecurrenceEndDateOnly="2027-01-02",
        RecurrenceTimeZoneSidKey="Europe/Berlin",
    )
    ids = have(stage, 21)
    occurrences = [task.id for task in stage.tasks() if task.series == master]
    assert len(occurrences) == 40
    for each in occurrences:
        stage.org.delete_task(stage.anna, each)
    stage.settle()
    delete_there(stage, ids)
    stage.settle()
    assert len([each for each in gone(stage) if each.startswith("sf")]) == 40
    assert (len(gone(stage)), held(stage)) == (59, ids[19:])


def test_the_hour_slides(stage: Stage) -> None:
    """M9: an hour later twenty more pass; what is held stays held, and counts for an hour itself."""
    ids = have(stage, 60)
    delete_there(stage, ids[:20])
    stage.settle()
    stage.later(minutes=30)
    delete_there(stage, ids[20:25])
    stage.settle()
    assert held(stage) == ids[20:25]
    stage.later(minutes=30)
    delete_there(stage, ids[25:45])
    stage.settle()
    assert held(stage) == [*ids[20:25], *ids[40:45]]
    assert len(gone(stage)) == 35


def test_two_users_do_not_share_a_valve(stage: Stage) -> None:
    """M9: what Anna deletes takes no room from Ben, and a direction none from the other."""
    hers, his = have(stage, 30), have(stage, 20, "b", stage.ben)
    more = have(stage, 20, "m")
    delete_there(stage, [*hers, *his])
    delete_here(stage, more)
    stage.settle()
    assert held(stage) == hers[20:]
    assert set(gone(stage)) == {*hers[:20], *his, *more}


def test_what_both_sides_deleted_is_not_counted(stage: Stage) -> None:
    """M9: nothing is carried over, so nothing is held."""
    ids = have(stage, 30)
    delete_there(stage, ids)
    delete_here(stage, ids)
    stage.settle()
    assert (gone(stage), held(stage)) == (ids, [])


def test_a_delete_that_passed_is_not_counted_again_when_it_must_be_sent_again(stage: Stage) -> None:
    """M9, O3: the call was lost; while it is made again, others have filled the hour."""
    ids = have(stage, 40)
    delete_here(stage, ids[:20])
    stage.org.faults.add("lock", match="delete Task", times=20)
    stage.push()
    assert gone(stage) == []
    stage.org.faults.clear()
    delete_here(stage, ids[20:])
    stage.push()
    stage.later(minutes=5)
    outbox.push_due(stage.world)
    assert (gone(stage), held(stage)) == (ids[:20], ids[20:])


def test_a_run_without_deletes_asks_the_valve_nothing(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """M9: what every other run would pay for the few that delete."""
    have(stage, 3)
    monkeypatch.setattr(stage.ledger, "count_deletes", None)
    monkeypatch.setattr(stage.ledger, "listing", None)
    stage.edit("r000", details="x")
    stage.org.update_task(stage.anna, stage.task_of("r001"), Priority="High")
    assert stage.settle()["decided_M1"]
    assert sync_state(stage.reminder("r000")) is SyncState.SYNCED


def test_a_few_deletes_cost_one_count_and_no_look_at_the_lists(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """M9: the lists are read past 20 only."""
    ids = have(stage, 20)
    delete_there(stage, ids)
    monkeypatch.setattr(stage.ledger, "listing", None)
    stage.settle()
    assert gone(stage) == ids


def test_a_valve_that_counts_per_run_is_seen(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """M9: the tests themselves; planted, the count that forgets what other runs have counted lets everything through."""
    real = stage.ledger.count_deletes

    def only_mine(owner: str, side: Side, keys: Collection[str], at: datetime) -> Counted:
        counted = real(owner, side, keys, at)
        return replace(counted, window={key: then for key, then in counted.window.items() if key in keys})

    monkeypatch.setattr(stage.ledger, "count_deletes", only_mine)
    with pytest.raises(AssertionError, match="40, 0"):
        test_across_runs_the_count_goes_on(stage)


# --- nothing else lets it through


def everything_that_wakes(stage: Stage, waits: list[str]) -> None:
    """Do whatever lets other reminders be tried again."""
    comparison.sweep(stage.world, MemoryDeadLetters())
    stage.settle()
    now = stage.clock.now()
    stage.ledger.save([edit.retry(stage.reminder(each), now=now) for each in waits])
    groups.try_again(stage.world, {MASS_DELETE_HELD})
    groups.ring_waiting(stage.world, outbox.LEASE)
    stage.settle()
    stage.sync(stage.anna, on=False)
    stage.later(hours=2)
    stage.settle()
    stage.sync(stage.anna)
    stage.settle()
    stage.later(days=2)
    outbox.push_due(stage.world)
    stage.settle()


def test_held_there_stays_held_whatever_wakes_it(stage: Stage) -> None:
    """M9, O4, S3, I5: sweep, retry, its group, sync turned off and on, days: nothing is deleted, and the problem shows."""
    waits = thirty_deleted_there(stage)
    stage.edit(waits[0], details="mine")
    everything_that_wakes(stage, waits)
    assert (held(stage), gone(stage)) == (waits, names(20))
    assert {sync_state(stage.reminder(each)) for each in waits} == {SyncState.PROBLEM}
    assert {len(stage.history(each, Event.HELD)) for each in waits} == {1}
    assert {stage.reminder(each).next_attempt for each in waits} == {None}


def test_held_here_stays_held_whatever_wakes_it(stage: Stage) -> None:
    """M9, O4, S3, I5: the tasks live on, the reminders stay deleted, and the problem shows."""
    waits = thirty_deleted_here(stage)
    stage.org.update_task(stage.anna, stage.task_of(waits[0]), Description="theirs")
    everything_that_wakes(stage, waits)
    assert (held(stage), gone(stage), len(stage.tasks())) == (waits, names(20), 10)
    assert {sync_state(stage.reminder(each)) for each in waits} == {SyncState.PROBLEM}
    assert {len(stage.history(each, Event.HELD)) for each in waits} == {1}
    assert {stage.reminder(each).next_attempt for each in waits} == {None}


def test_a_held_one_costs_the_schedule_nothing(stage: Stage) -> None:
    """M9, O1: it has no next attempt, so no call is made for it."""
    thirty_deleted_there(stage)
    before = stage.calls()
    for _ in range(30):
        stage.later(minutes=1)
        outbox.push_due(stage.world)
    assert stage.calls() == before


# --- people act on what is held


def test_an_edit_of_a_held_one_is_kept_and_loses_when_the_delete_is_confirmed(stage: Stage) -> None:
    """M9, M4: it is not sent, for its task is deleted; confirmed, the delete wins and history keeps the edit."""
    waits = thirty_deleted_there(stage)
    edited = stage.edit(waits[0], details="my words")
    assert (edited.values.details, edited.rings, sync_state(edited)) == ("my words", False, SyncState.PROBLEM)
    stage.settle()
    decide(stage, Verdict.CONFIRM, Side.SALESFORCE)
    stage.settle()
    assert stage.reminder(waits[0]).deleted
    assert [line.lost for line in stage.history(waits[0], Event.CONFLICT)] == ["my words"]


def test_undeleted_there_it_is_held_no_more_and_a_waiting_edit_goes_out(stage: Stage) -> None:
    """M9, M5: nobody needs to decide."""
    waits = thirty_deleted_there(stage)
    stage.edit(waits[0], details="my words")
    for each in waits[:2]:
        stage.org.undelete_task(stage.anna, stage.task_of(each))
    stage.settle()
    assert held(stage) == waits[2:]
    assert {sync_state(stage.reminder(each)) for each in waits[:2]} == {SyncState.SYNCED}
    task = stage.task(stage.task_of(waits[0]))
    assert task
    assert task.description == "my words"
    assert "undeleted" in stage.history(waits[1])[-1].text


def test_restored_by_its_owner_it_is_held_no_more(stage: Stage) -> None:
    """M9, M5: the delete is taken back, so there is nothing to hold; its task lives."""
    waits = thirty_deleted_here(stage)
    stage.restore(waits[0])
    stage.settle()
    assert held(stage) == waits[1:]
    assert (sync_state(stage.reminder(waits[0])), len(stage.tasks())) == (SyncState.SYNCED, 10)


def test_deleted_here_too_it_is_held_no_more(stage: Stage) -> None:
    """M9, M4: both sides have deleted it."""
    waits = thirty_deleted_there(stage)
    stage.delete(waits[0])
    stage.settle()
    assert held(stage) == waits[1:]
    assert waits[0] in gone(stage)


def test_handed_over_while_it_was_held(stage: Stage) -> None:
    """M9, F6: a held one deleted here whose task was given away is unlinked, as any other."""
    waits = thirty_deleted_here(stage)
    stage.org.update_task(stage.anna, stage.task_of(waits[0]), OwnerId=stage.stranger)
    stage.settle()
    assert held(stage) == waits[1:]
    assert len(stage.tasks()) == 10


def test_undeleted_and_given_away_while_it_was_held(stage: Stage) -> None:
    """M9, F6: it lives, and belongs to somebody who does not sync."""
    waits = thirty_deleted_there(stage)
    task_id = stage.task_of(waits[0])
    stage.org.undelete_task(stage.anna, task_id)
    stage.org.update_task(stage.anna, task_id, OwnerId=stage.stranger)
    stage.settle()
    assert held(stage) == waits[1:]
    assert sync_state(stage.reminder(waits[0])) is SyncState.HANDED_OVER


def test_confirmed_after_it_was_purged(stage: Stage) -> None:
    """M9, M6: that it was deleted had been read; the recycle bin emptied since does not leave it hanging."""
    waits = thirty_deleted_there(stage)
    for each in waits:
        stage.org.state.store.purge("Task", stage.task_of(each))
    stage.later(days=20)
    stage.settle()
    comparison.sweep(stage.world, MemoryDeadLetters())
    stage.settle()
    assert {trouble.code for each in waits if (trouble := stage.reminder(each).trouble)} == {MASS_DELETE_HELD}
    assert held(stage) == waits
    decide(stage, Verdict.CONFIRM, Side.SALESFORCE)
    stage.settle()
    assert (held(stage), gone(stage)) == ([], names(30))


def test_an_answer_that_comes_after_the_hold_does_not_hide_it(stage: Stage) -> None:
    """M9, O5: an update was under way when the task was deleted; its late answer takes neither hold nor problem away."""
    ids = have(stage, 30)
    stage.edit(ids[29], details="late")
    real = stage.world.org.update

    def slow(changes: object) -> object:
        answer = real(changes)  # type: ignore[arg-type]  # passed on as it came
        delete_there(stage, ids)
        inbox.pull(stage.world, [Hint(stage.task_of(each)) for each in ids])
        return answer

    stage.world.org.update = slow  # type: ignore[method-assign, assignment]
    stage.push()
    del stage.world.org.update
    assert held(stage) == ids[20:]
    assert {sync_state(stage.reminder(each)) for each in ids[20:]} == {SyncState.PROBLEM}


def test_a_decision_that_lost_a_race_decides_nothing(stage: Stage) -> None:
    """M9, M11: between look and write one was undeleted; it is told, and the rest is decided."""
    waits = thirty_deleted_there(stage)
    real = stage.ledger.save

    def late(records: list[Record]) -> list[Reminder | None]:
        stage.ledger.save = real  # type: ignore[method-assign]
        stage.edit(waits[0], details="meanwhile")
        return real(records)

    stage.ledger.save = late  # type: ignore[method-assign, assignment]
    decided = decide_each(stage.world, ADMIN, waits, Verdict.CONFIRM, now=stage.clock.now())
    assert [getattr(result, "status", 200) for _, result in decided.results] == [409, *[200] * 9]
    stage.settle()
    assert held(stage) == waits[:1]


def test_many_are_decided_part_by_part(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """M9, Never: one request is bounded, tells what is left, and repeated goes on with it."""
    monkeypatch.setattr("reminders.services.held_deletes.AT_ONCE", 4)
    thirty_deleted_there(stage)
    assert [decide(stage, Verdict.REJECT, Side.SALESFORCE).left for _ in range(4)] == [6, 2, 0, 0]
    assert held(stage) == []


def test_of_somebody_with_very_much_no_more_is_looked_at_than_can_be(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """M9, Never: reads are bounded; what is not looked at makes the share smaller, so more is held and never less."""
    monkeypatch.setattr(gate, "LOOKED_AT", 70)
    ids = have(stage, 100)
    delete_there(stage, ids[:40])
    stage.settle()
    assert len(gone(stage)) == 21
    assert len(held(stage)) == 19


def test_a_hold_is_not_forgotten_in_days(stage: Stage) -> None:
    """M9, M5: a delete that waits never expires."""
    waits = thirty_deleted_here(stage)
    stage.later(days=60)
    stage.settle()
    assert all(stage.reminder(each).expires is None for each in waits)
    assert stage.clock.now() - timedelta(days=59) > stage.history(waits[0])[-1].at
