"""Nights: what the sweep finds, what it reports, and what it makes of a task that is gone (I5, I1, I4)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from fakes.memory_dead_letters import MemoryDeadLetters
from stage import Stage

from infra.local.org.state import VIEW_ALL
from reminders.aws.hint_queue import HintsNotStored
from reminders.core.drift import FULL, GRACE, NIGHTLY
from reminders.core.gone import Choice, choose, is_gone
from reminders.core.reminder import Event, Priority, Status, SyncState, imported_id, sync_state
from reminders.core.summary import Summary
from reminders.core.task import Hint
from reminders.ports import OrgUnavailable
from reminders.sync import comparison, find


@pytest.fixture
def stage() -> Stage:
    """A team of which Anna and Ben sync; nobody sends messages, so what a test loses only the sweep can find."""
    stage = Stage()
    stage.sync(stage.anna)
    stage.sync(stage.ben)
    stage.settle()
    return stage


def night(stage: Stage, dead_letters: MemoryDeadLetters | None = None) -> Summary:
    """Let a sweep find what there is, and apply it."""
    summary = comparison.sweep(stage.world, dead_letters or MemoryDeadLetters())
    stage.settle(poll=False)
    return summary


def lose(stage: Stage) -> None:
    """Have the poll's hints get lost: the watermarks pass what has happened, and nobody hears of it."""
    stage.later(minutes=6)
    find.poll(stage.world)
    stage.hints.take()
    stage.later(minutes=20)
    find.poll(stage.world)
    stage.hints.take()


def hide(stage: Stage) -> None:
    """Take the integration user's view of other people's tasks away."""
    me = stage.org.integration_user
    stage.org.state.users[me.id] = replace(me, permissions=me.permissions - {VIEW_ALL})


def show(stage: Stage) -> None:
    """Give it back."""
    me = stage.org.integration_user
    stage.org.state.users[me.id] = replace(me, permissions=me.permissions | {VIEW_ALL})


# --- what it looks at


def test_what_was_lost_on_either_shelf_is_found(stage: Stage) -> None:
    """I5, M7: open, completed, and deleted reminders; a task that is not here yet; one handed over that came back."""
    for name in ("open", "done", "gone", "undeleted", "handed"):
        stage.create(name)
    stage.settle()
    stage.edit("done", status=Status.COMPLETE)
    stage.org.delete_task(stage.anna, stage.task_of("undeleted"))
    stage.org.update_task(stage.anna, stage.task_of("handed"), OwnerId=stage.stranger)
    stage.settle()
    assert sync_state(stage.reminder("handed")) is SyncState.HANDED_OVER
    stage.org.update_task(stage.anna, stage.task_of("open"), Priority="High")
    stage.org.update_task(stage.anna, stage.task_of("done"), Description="late note")
    stage.org.delete_task(stage.anna, stage.task_of("gone"))
    stage.org.undelete_task(stage.anna, stage.task_of("undeleted"))
    stage.org.update_task(stage.stranger, stage.task_of("handed"), OwnerId=stage.ben)
    lose(stage)
    stage.later(days=3)  # by now only its reminder leads to each of these tasks
    new = stage.org.create_task(stage.ben, Subject="New")
    lose(stage)
    night(stage)
    assert stage.reminder("open").values.priority is Priority.HIGH
    assert stage.reminder("done").values.details == "late note"
    assert stage.reminder("gone").deleted
    assert not stage.reminder("undeleted").deleted
    assert stage.reminder("handed").values.assignee == stage.ben
    assert stage.reminder(imported_id(new)).values.name == "New"


def test_nobody_s_thousandth_reminder_is_the_last_one_that_is_compared(stage: Stage) -> None:
    """I5, Never: a list ends after 1,000; what lies behind would never be repaired."""
    for number in range(1_005):
        stage.create(f"r{number}", due=date(2026, 11, 24) + timedelta(days=number))
    stage.settle(poll=False)
    comparison.sweep(stage.world, MemoryDeadLetters())
    assert {hint.task_id for hint in stage.hints.queued} == {each.task_id for each in stage.ledger.all()}


def test_what_is_long_done_is_left_alone(stage: Stage) -> None:
    """I5: completed 31 days ago it costs nothing any more; deleted 16 days ago neither."""
    for name in ("done", "gone"):
        stage.create(name)
    stage.settle()
    stage.edit("done", status=Status.COMPLETE)
    stage.delete("gone")
    stage.settle()
    stage.later(days=16)
    comparison.sweep(stage.world, MemoryDeadLetters())
    assert [hint.task_id for hint in stage.hints.take()] == [stage.task_of("done")]
    stage.later(days=15)
    for _ in range(2):  # the first still makes up for the nights without a sweep
        stage.hints.take()
        comparison.sweep(stage.world, MemoryDeadLetters())
    assert stage.hints.take() == []


def test_a_sweep_that_dies_half_way_is_begun_again(stage: Stage) -> None:
    """I5: no success is noted, what was hinted is hinted again, and nothing comes of that twice."""
    stage.create()
    stage.settle()
    stage.org.update_task(stage.anna, stage.task_of(), Priority="High")
    lose(stage)
    before = stage.ledger.successes().get("sweep")
    stage.org.faults.add("unavailable", match="GET .*query", times=None)
    with pytest.raises(OrgUnavailable):
        comparison.sweep(stage.world, MemoryDeadLetters())
    stage.org.faults.clear()
    assert stage.ledger.successes().get("sweep") == before
    assert [outage.run for outage in stage.ledger.outages()] == ["sweep"]
    night(stage)
    assert stage.ledger.outages() == []
    assert stage.reminder().values.priority is Priority.HIGH
    assert len(stage.history("r1", Event.MERGED)) == 1


# --- drift


def test_a_difference_that_the_sweep_found_is_reported(stage: Stage) -> None:
    """I5: repaired by the same merge, told in the history, and counted with the fields."""
    stage.create()
    stage.settle()
    stage.org.update_task(stage.anna, stage.task_of(), Priority="High", Description="there")
    lose(stage)
    night(stage)
    [drift] = stage.ledger.drifts(10)
    assert (drift.reminder_id, drift.task_id, set(drift.what)) == ("r1", stage.task_of(), {"priority", "details"})
    found = stage.ledger.comparisons()[NIGHTLY]
    assert (found.hinted, stage.ledger.count_drifts(found.at)) == (2, 1)
    [line] = stage.history("r1", Event.DRIFT)
    assert (line.rule, "priority, details" in line.words) == ("I5", True)


def test_a_quiet_night_reports_nothing(stage: Stage) -> None:
    """I5, M8: echoes and waiting edits are no drift, and cost no write."""
    for name in ("r1", "r2"):
        stage.create(name)
    stage.settle()
    stage.org.update_task(stage.anna, stage.task_of("r1"), Status="Waiting on someone else")
    stage.settle()
    stage.later(hours=12)
    find.poll(stage.world)
    stage.edit("r2", details="waits")
    stage.ledger.rung.clear()
    writes = stage.ledger.writes
    night(stage)
    assert stage.ledger.drifts(10) == []
    assert stage.ledger.writes == writes


def test_an_edit_just_before_the_sweep_is_no_drift(stage: Stage) -> None:
    """I5: its message is under way; a report of it would be a false alarm every night."""
    stage.create()
    stage.settle()
    stage.org.update_task(stage.anna, stage.task_of(), Priority="High")
    night(stage)
    assert stage.reminder().values.priority is Priority.HIGH
    stage.later(minutes=6)
    find.poll(stage.world)
    stage.hints.take()
    stage.org.update_task(stage.anna, stage.task_of(), Priority="Normal")
    stage.later(minutes=GRACE.total_seconds() / 60 - 4)
    find.poll(stage.world)
    stage.hints.take()
    night(stage)
    assert stage.reminder().values.priority is Priority.NORMAL
    assert stage.ledger.drifts(10) == []


def test_what_an_ordinary_hint_brings_too_is_no_find_of_the_sweep(stage: Stage) -> None:
    """I5: in one batch, or while both were parked."""
    stage.create()
    stage.settle()
    stage.org.update_task(stage.anna, stage.task_of(), Priority="High")
    lose(stage)
    comparison.sweep(stage.world, MemoryDeadLetters())
    stage.hints.store([Hint(stage.task_of())])
    stage.org.faults.add("unavailable", times=None)
    stage.pull()
    stage.org.faults.clear()
    stage.settle()
    assert stage.reminder().values.priority is Priority.HIGH
    assert stage.ledger.drifts(10) == []


def test_what_was_parked_is_still_the_sweep_s_find(stage: Stage) -> None:
    """I5, I1: the org could not be read when its hints came."""
    stage.create()
    stage.settle()
    stage.org.update_task(stage.anna, stage.task_of(), Priority="High")
    lose(stage)
    comparison.sweep(stage.world, MemoryDeadLetters())
    stage.org.faults.add("unavailable", times=None)
    stage.pull()
    stage.org.faults.clear()
    stage.settle()
    assert [drift.what for drift in stage.ledger.drifts(10)] == [("priority",)]


def test_what_the_first_poll_after_an_outage_brings_is_no_find_of_the_hints_that_it_takes_back(stage: Stage) -> None:
    """I5, I1: the sweep's hint was parked; what changed since, no poll could have brought sooner (seed 8556)."""
    stage.create()
    stage.settle()
    stage.hints.store([Hint(stage.task_of(), swept=True)])
    stage.org.faults.add("unavailable", times=None)
    stage.pull()
    stage.org.update_task(stage.anna, stage.task_of(), Priority="High")
    stage.later(hours=2)
    stage.org.faults.clear()
    find.poll(stage.world)
    *_, taken_back = stage.hints.take()
    stage.hints.store([taken_back])
    stage.pull()
    assert stage.reminder().values.priority is Priority.HIGH
    assert stage.ledger.drifts(10) == []


# --- gone or no longer visible


def test_a_task_that_can_no_longer_be_read_is_a_problem_until_it_can(stage: Stage) -> None:
    """I5, M6: nothing is deleted, the problem comes once, and goes by itself."""
    stage.create()
    stage.settle()
    hide(stage)
    night(stage)
    night(stage)
    reminder = stage.reminder()
    assert (is_gone(reminder), reminder.deleted, reminder.pending) == (True, False, False)
    assert len(stage.history("r1", Event.PROBLEM)) == 1
    assert stage.ledger.drifts(10) == []
    show(stage)
    night(stage)
    assert sync_state(stage.reminder()) is SyncState.SYNCED
    assert stage.history()[-1].text == "The task can be read again."


def test_ordinary_hints_of_a_task_that_cannot_be_read_are_no_problem(stage: Stage) -> None:
    """M6: only the sweep concludes something from absence, and never a delete."""
    stage.create()
    stage.settle()
    hide(stage)
    stage.hint(stage.task_of())
    assert sync_state(stage.reminder()) is SyncState.SYNCED


def test_a_task_removed_from_the_recycle_bin_is_deleted_and_not_gone(stage: Stage) -> None:
    """I5, M6: the row cannot be read any more, but the deleted list names it."""
    stage.create()
    stage.settle()
    task_id = stage.task_of()
    stage.org.delete_task(stage.anna, task_id)
    stage.org.state.store.purge("Task", task_id)
    lose(stage)
    night(stage)
    assert stage.reminder().deleted
    assert stage.reminder().trouble is None
    assert [drift.what for drift in stage.ledger.drifts(10)] == [("deleted",)]


def test_with_sync_off_nothing_is_gone(stage: Stage) -> None:
    """S3: nothing moves; it is looked at when sync is on again."""
    stage.create()
    stage.settle()
    stage.sync(stage.anna, on=False)
    hide(stage)
    night(stage)
    assert stage.reminder().trouble is None


def pick(stage: Stage, choice: Choice) -> None:
    """Choose what becomes of r1, and let it happen."""
    assert stage.ledger.save([choose(stage.reminder(), choice, stage.ledger.settings(), now=stage.clock.now())])[0]
    stage.settle(poll=False)


def test_deleted_here_it_comes_back_if_the_task_is_only_out_of_sight(stage: Stage) -> None:
    """I5, M6: nothing of Salesforce's is deleted by it."""
    stage.create()
    stage.settle()
    hide(stage)
    night(stage)
    pick(stage, Choice.DELETE)
    assert stage.reminder().deleted
    show(stage)
    night(stage)
    assert not stage.reminder().deleted
    assert len(stage.tasks()) == 1


def test_created_again_the_old_task_is_a_reminder_of_its_own_when_it_turns_up(stage: Stage) -> None:
    """I5, Never: never two tasks for one reminder, nor two reminders for one task."""
    stage.create()
    stage.settle()
    old = stage.task_of()
    hide(stage)
    night(stage)
    show(stage)
    pick(stage, Choice.CREATE)
    new = stage.task_of()
    assert new != old
    assert stage.task(new)
    stage.later(minutes=1)
    stage.hint(old, new)
    assert stage.task_of() == new
    assert stage.reminder(imported_id(old)).task_id == old
    assert len({each.task_id for each in stage.ledger.all()}) == len(stage.ledger.all()) == 2


def test_kept_it_stays_here_and_is_not_synced(stage: Stage) -> None:
    """I5, S2: edits go nowhere, until somebody chooses "Sync this one"."""
    stage.create()
    stage.settle()
    hide(stage)
    night(stage)
    pick(stage, Choice.KEEP)
    show(stage)
    stage.edit(details="mine")
    stage.settle(poll=False)
    assert sync_state(stage.reminder()) is SyncState.NOT_SYNCED
    assert [task.description for task in stage.tasks()] == [None]


# --- dead letters


def test_dead_letters_get_another_chance_every_night(stage: Stage) -> None:
    """I1: their hints are applied, the letters forgotten, and how many there were is told."""
    stage.create()
    stage.settle()
    stage.org.update_task(stage.anna, stage.task_of(), Priority="High")
    dead = MemoryDeadLetters()
    dead.bury(Hint(stage.task_of()))
    dead.malformed = 1
    summary = night(stage, dead)
    assert (summary.counts["dead_letters"], summary.counts["dead_letters_malformed"]) == (1, 1)
    assert dead.kept == {}
    assert stage.reminder().values.priority is Priority.HIGH
    found = stage.ledger.comparisons()[NIGHTLY]
    assert (found.dead_letters, found.malformed) == (1, 1)


def test_a_dead_letter_is_kept_until_its_hints_are_stored(stage: Stage) -> None:
    """I1: a letter that was forgotten first would be lost for good."""
    dead = MemoryDeadLetters()
    dead.bury(Hint("00T000000000001EAA"))
    stage.hints.refusals = 1
    with pytest.raises(HintsNotStored):
        comparison.sweep(stage.world, dead)
    assert len(dead.kept) == 1


# --- full comparison


@pytest.mark.parametrize(("days", "why"), [(16, "deleted: the watermark is older than 15 days"), (31, "updated: ")])
def test_a_full_comparison_says_that_it_ran_and_why(stage: Stage, days: int, why: str) -> None:
    """I4: what the lists no longer hold is compared, once; administrators can see when and why, and none of it is drift."""
    stage.create()
    stage.settle()
    stage.later(days=days - 1)
    stage.org.update_task(stage.anna, stage.task_of(), Priority="High")
    stage.later(days=1)
    summary = find.poll(stage.world)
    assert summary.counts["full_comparisons"] >= 1
    found = stage.ledger.comparisons()[FULL]
    assert found.why.startswith(why)
    assert found.at == stage.clock.now()
    stage.settle()
    assert stage.reminder().values.priority is Priority.HIGH
    assert stage.ledger.drifts(10) == []
    assert "full_comparisons" not in find.poll(stage.world).counts


def test_a_range_that_the_org_refuses_is_a_full_comparison(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """I4: INVALID_REPLICATION_DATE for a valid range, and earliestDateAvailable later than the watermark."""
    later = stage.clock.now() + timedelta(hours=1)
    answer = stage.world.org.deleted

    def shortened(start: object, end: object) -> object:
        return replace(answer(start, end), earliest=later)  # type: ignore[arg-type]

    monkeypatch.setattr(stage.world.org, "deleted", shortened)
    stage.later(minutes=6)
    find.poll(stage.world)
    assert stage.ledger.comparisons()[FULL].why == "deleted: earliestDateAvailable is later than the watermark"
