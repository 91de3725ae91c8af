"""Days in the life of the sync: the real core and client over the emulated org, step by step on a virtual clock."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from stage import Stage

from reminders.core.decision import Terms
from reminders.core.merge import merge
from reminders.core.reminder import Event, Priority, Status, SyncState, imported_id, sync_state
from reminders.core.task import EXTERNAL_ID, Hint
from reminders.ports import Mark
from reminders.sync import find, inbox, outbox


@pytest.fixture
def stage() -> Stage:
    """A team of which Anna and Ben sync."""
    stage = Stage()
    stage.sync(stage.anna)
    stage.sync(stage.ben)
    stage.settle()
    return stage


def test_a_reminder_created_here_becomes_one_task_there(stage: Stage) -> None:
    """O2: one insert, linked, and nothing more to do (M7)."""
    stage.create(details="Ask", priority=Priority.HIGH)
    stage.settle()
    [task] = stage.tasks()
    assert (task.subject, task.priority, task.due, task.owner) == ("Call Ada", "High", date(2026, 11, 24), stage.anna)
    assert task.external_id == "r1-0"
    assert sync_state(stage.reminder()) is SyncState.SYNCED
    writes = stage.ledger.writes
    stage.settle()
    assert stage.ledger.writes == writes


def test_edits_go_both_ways(stage: Stage) -> None:
    """M1: different fields on both sides at once both arrive."""
    stage.create()
    stage.settle()
    stage.org.update_task(stage.anna, stage.task_of(), Priority="High", Description="there")
    stage.edit(due=None, status=Status.COMPLETE)
    stage.settle()
    task = stage.task(stage.task_of())
    assert task
    assert (task.status, task.priority, task.due, task.description) == ("Completed", "High", None, "there")
    values = stage.reminder().values
    assert (values.status, values.priority, values.due, values.details) == (
        Status.COMPLETE,
        Priority.HIGH,
        None,
        "there",
    )


def test_both_at_once_on_the_same_field_one_wins_and_the_other_is_kept(stage: Stage) -> None:
    """M2: the later edit wins under `latest`; both sides end equal and history has the loser once."""
    stage.create()
    stage.settle()
    stage.edit(details="here, earlier")
    stage.later(seconds=5)
    stage.org.update_task(stage.anna, stage.task_of(), Description="there, later")
    stage.settle()
    assert stage.reminder().values.details == "there, later"
    assert [line.lost for line in stage.history("r1", Event.CONFLICT)] == ["here, earlier"]
    stage.org.update_task(stage.anna, stage.task_of(), Description="there, earlier")
    stage.later(seconds=5)
    stage.edit(details="here, later")
    stage.settle()
    task = stage.task(stage.task_of())
    assert task
    assert task.description == "here, later"
    assert [line.lost for line in stage.history("r1", Event.CONFLICT)] == ["here, earlier", "there, earlier"]


def test_the_first_sync_imports_what_is_open_and_pushes_nothing(stage: Stage) -> None:
    """S2, S4: tasks of the window only; reminders from before stay local."""
    old = stage.create("old", assignee=stage.stranger)
    assert old.sponsor is None
    fresh = stage.org.create_task(stage.stranger, Subject="Fresh")
    stage.org.create_task(stage.stranger, Subject="Done", Status="Completed")
    stage.sync(stage.stranger)
    assert stage.reminder(imported_id(fresh)).values.name == "Fresh"
    user = stage.ledger.users([stage.stranger])[stage.stranger]
    assert user.first_sync
    assert (user.first_sync.found, user.first_sync.finished) == (1, True)
    stage.edit("old", due=None)
    stage.settle()
    assert len(stage.tasks()) == 2
    assert sync_state(stage.reminder("old")) is SyncState.NOT_SYNCED


def test_deletes_go_both_ways(stage: Stage) -> None:
    """M4, I3: a delete there is found by the poll, one here is pushed."""
    for name in ("r1", "r2"):
        stage.create(name)
    stage.settle()
    stage.delete("r1")
    stage.org.delete_task(stage.anna, stage.task_of("r2"))
    stage.settle()
    assert stage.tasks() == []
    for name in ("r1", "r2"):
        tombstone = stage.reminder(name).tombstone
        assert tombstone
        assert tombstone.agreed


def test_an_undeleted_task_brings_its_reminder_back(stage: Stage) -> None:
    """M5: with the same id."""
    stage.create()
    stage.settle()
    stage.org.delete_task(stage.anna, stage.task_of())
    stage.settle()
    stage.org.undelete_task(stage.anna, stage.task_of())
    stage.settle()
    assert not stage.reminder().deleted
    assert [line.event for line in stage.history()][-2:] == [Event.DELETED, Event.RESTORED]


def test_a_restored_reminder_gets_a_new_task_and_the_old_one_undeleted_is_its_own(stage: Stage) -> None:
    """M5: never two tasks for one reminder; both histories say what happened."""
    stage.create()
    stage.settle()
    old = stage.task_of()
    stage.delete()
    stage.settle()
    stage.restore()
    stage.settle()
    new = stage.task_of()
    assert new != old
    assert stage.org.task(new)[EXTERNAL_ID] == "r1-1"
    stage.org.undelete_task(stage.anna, old)
    stage.settle()
    assert stage.task_of() == new
    assert stage.reminder(imported_id(old)).task_id == old
    assert "r1" in stage.history(imported_id(old))[0].words
    assert imported_id(old) in stage.history("r1")[-1].words


def test_restored_before_the_delete_went_out_the_task_simply_stays(stage: Stage) -> None:
    """M5: the task is read first."""
    stage.create()
    stage.settle()
    task_id = stage.task_of()
    stage.delete()
    stage.restore()
    stage.settle()
    assert stage.task_of() == task_id
    assert sync_state(stage.reminder()) is SyncState.SYNCED


def test_an_idle_poll_costs_two_calls_and_no_write(stage: Stage) -> None:
    """I3: whatever the number of tasks."""
    for number in range(20):
        stage.create(f"r{number}")
    stage.settle()
    stage.settle()
    before, writes = stage.calls(), stage.ledger.writes
    stage.later(minutes=5)
    find.poll(stage.world)
    assert stage.calls() - before == 2
    assert stage.hints.queued == []
    assert stage.ledger.writes == writes


def test_our_own_writes_come_back_as_hints_and_cost_no_write(stage: Stage) -> None:
    """M8: recognised by content."""
    stage.create()
    stage.edit(due=None)
    stage.push()
    writes = stage.ledger.writes
    stage.hint(stage.task_of())
    assert stage.ledger.writes == writes


def test_a_task_hinted_before_its_create_was_recorded_is_recognised(stage: Stage) -> None:
    """I6, O2: the answer is lost, the hint is first; there is one task and one reminder."""
    stage.create()
    stage.org.faults.add("lost", match="POST .*composite/sobjects")
    assert stage.push().unavailable
    [task] = stage.tasks()
    stage.hint(task.id)
    assert stage.reminder().task_id == task.id
    assert len(stage.reminders()) == 1
    stage.later(minutes=3)
    outbox.push_due(stage.world)
    assert [item.id for item in stage.tasks()] == [task.id]


def test_a_lost_answer_of_a_create_leads_to_the_task_and_not_to_a_second_one(stage: Stage) -> None:
    """O2: found by the unique id; edits made meanwhile on both sides count."""
    stage.create()
    stage.org.faults.add("lost", match="POST .*composite/sobjects")
    stage.push()
    [task] = stage.tasks()
    stage.edit(due=None)
    stage.org.update_task(stage.anna, task.id, Priority="High")
    stage.settle(poll=False)
    [task] = stage.tasks()
    assert (task.priority, task.due) == ("High", None)
    assert stage.reminder().values.priority is Priority.HIGH
    assert stage.history("r1", Event.CONFLICT) == []


def test_an_edit_set_back_while_our_answer_was_lost_leaves_a_line(stage: Stage) -> None:
    """M8, Never: ours is sent again, and the value that somebody may have set is kept, once."""
    stage.create(due=date(2026, 11, 24))
    stage.settle()
    stage.later(minutes=1)
    stage.edit(due=date(2026, 11, 30))
    stage.org.faults.add("lost", match="POST .*composite")
    assert stage.push().unavailable
    stage.later(seconds=10)
    stage.org.update_task(stage.anna, stage.task_of(), ActivityDate="2026-11-24")
    stage.hint(stage.task_of())
    stage.later(minutes=3)
    outbox.push_due(stage.world)
    stage.settle()
    [task] = stage.tasks()
    assert task.due == date(2026, 11, 30)
    assert [line.lost for line in stage.history("r1", Event.CONFLICT)] == ["2026-11-24"]


def test_a_lost_answer_whose_task_nobody_touched_leaves_no_line(stage: Stage) -> None:
    """M8: the stamp proves that our update never arrived, or our value that it did; there is nothing to tell."""
    for fault in ("refused", "lost"):
        reminder_id = f"r-{fault}"
        stage.create(reminder_id, due=date(2026, 11, 24))
        stage.settle()
        stage.later(minutes=1)
        stage.edit(reminder_id, due=date(2026, 11, 30))
        stage.org.faults.add(fault, match="POST .*composite")
        assert stage.push().unavailable
        stage.later(minutes=3)
        outbox.push_due(stage.world)
        stage.settle()
        assert stage.history(reminder_id, Event.CONFLICT) == []


def test_an_update_never_overwrites_what_it_has_not_seen(stage: Stage) -> None:
    """O1: somebody edits between our read and our write; the precondition refuses, both edits survive."""
    stage.create()
    stage.settle()
    stage.later(minutes=1)
    stage.edit(due=None)
    task_id = stage.task_of()
    read = stage.world.org.read

    def read_and_be_overtaken(ids: object) -> object:
        bulk = read([task_id])
        if overtakers:
            stage.later(seconds=1)
            stage.org.update_task(stage.anna, task_id, **overtakers.pop())
        return bulk

    overtakers = [{"Description": "in between"}]
    stage.world.org.read = read_and_be_overtaken  # type: ignore[method-assign, assignment]
    summary = stage.push()
    task = stage.task(task_id)
    assert task
    assert summary.counts["failed_stale"] == 1
    assert (task.due, task.description) == (None, "in between")
    assert stage.reminder().values.details == "in between"


def test_a_task_changed_within_two_seconds_is_read_again_first(stage: Stage) -> None:
    """O1: stamps are whole seconds, so a fresh one is no precondition yet."""
    stage.create()
    stage.settle()
    stage.org.update_task(stage.anna, stage.task_of(), Priority="High")
    stage.edit(due=None)
    stage.push()
    assert sum(stage.clock.slept) >= 1
    task = stage.task(stage.task_of())
    assert task
    assert (task.due, task.priority) == (None, "High")


def test_two_creates_and_edits_of_many_go_in_few_calls(stage: Stage) -> None:
    """O1: one read per 500, one call per 200 creates and per 25 updates."""
    stage.task("00T000000000001EAA")  # the first read of all finds out whether the org has Shared Activities
    for number in range(100):
        stage.create(f"r{number}")
    before = stage.calls()
    stage.push()
    assert stage.calls() - before == 1
    stage.later(minutes=1)
    for number in range(100):
        stage.edit(f"r{number}", due=None)
    before = stage.calls()
    stage.push()
    assert stage.calls() - before == 1 + 4
    assert {task.due for task in stage.tasks()} == {None}


def test_hints_are_parked_while_the_org_cannot_be_read_and_drained_after(stage: Stage) -> None:
    """I1: nothing is lost over an outage."""
    stage.create()
    stage.settle()
    stage.org.update_task(stage.anna, stage.task_of(), Priority="High")
    stage.org.faults.add("unavailable", times=None)
    summary = inbox.pull(stage.world, [Hint(stage.task_of())])
    assert summary.unavailable
    assert summary.failed == frozenset()
    mark = stage.ledger.watermark(Mark.UPDATED)
    assert find.poll(stage.world).unavailable
    assert stage.ledger.watermark(Mark.UPDATED) == mark
    stage.org.faults.clear()
    stage.settle()
    assert stage.ledger.parked(10).hints == ()
    assert stage.reminder().values.priority is Priority.HIGH


def test_a_change_that_commits_late_is_not_skipped(stage: Stage) -> None:
    """I3: stamped before the watermark, visible after it."""
    stage.create()
    stage.settle()
    task_id = stage.task_of()
    stage.org.faults.add("late", match="update Task", seconds=8 * 60)
    stage.org.update_task(stage.anna, task_id, Priority="High")
    stage.later(minutes=5)
    find.poll(stage.world)
    stage.pull()
    assert stage.reminder().values.priority is Priority.NORMAL
    stage.settle()
    assert stage.reminder().values.priority is Priority.HIGH


def test_one_refused_record_stops_no_other(stage: Stage) -> None:
    """O3: a problem on that reminder alone, in Salesforce's words; an edit tries again (O4)."""
    stage.org.state.validations.append(lambda row: "No calls today" if row["Subject"] == "Call Ada" else None)
    stage.create("bad")
    stage.create("good", name="Write to Ada")
    stage.settle()
    [task] = stage.tasks()
    assert task.subject == "Write to Ada"
    trouble = stage.reminder("bad").trouble
    assert trouble
    assert (trouble.code, trouble.message) == ("FIELD_CUSTOM_VALIDATION_EXCEPTION", "No calls today")
    stage.edit("bad", name="Write to Ada as well")
    stage.settle()
    assert sync_state(stage.reminder("bad")) is SyncState.SYNCED


@pytest.mark.parametrize("status", [400, 500])
def test_a_lock_error_is_tried_again_in_time(stage: Stage, status: int) -> None:
    """O3: keyed on the code, whatever the status."""
    stage.create()
    stage.settle()
    stage.edit(due=None)
    stage.org.faults.add("lock", match="update Task", status=status)
    stage.push()
    assert sync_state(stage.reminder()) is SyncState.WAITING
    stage.later(minutes=3)
    outbox.push_due(stage.world)
    assert sync_state(stage.reminder()) is SyncState.SYNCED


def test_sync_off_nothing_moves_and_on_again_everything_does(stage: Stage) -> None:
    """S3: waiting edits go out, changes there come in, from the agreement."""
    stage.create()
    stage.settle()
    stage.sync(stage.anna, on=False)
    stage.edit(due=None)
    stage.org.update_task(stage.anna, stage.task_of(), Priority="High")
    stage.create("local")
    stage.settle()
    task = stage.task(stage.task_of())
    assert task
    assert task.due is not None
    assert stage.reminder().values.priority is Priority.NORMAL
    stage.sync(stage.anna)
    stage.settle()
    task = stage.task(stage.task_of())
    assert task
    assert task.due is None
    assert stage.reminder().values.priority is Priority.HIGH
    assert stage.reminder("local").task_id is None


def test_what_waits_for_sync_to_be_turned_on_needs_no_session(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """S3, O6: nobody signs in for a push that has no task to read and nothing to send; no outage keeps it from its rest."""
    stage.create()
    stage.sync(stage.anna, on=False)
    monkeypatch.setattr(type(stage.world.org), "me", lambda _: pytest.fail("it signed in"))
    assert stage.push().counts["decided_S3"] == 1
    assert stage.reminder().next_attempt is None


def test_handed_to_a_queue_and_back(stage: Stage) -> None:
    """F6: it leaves the list, is not written, and comes back to whoever owns it then."""
    queue = stage.org.add_queue("Inbound", {stage.anna, stage.ben})
    stage.create()
    stage.settle()
    stage.org.update_task(stage.anna, stage.task_of(), OwnerId=queue)
    stage.settle()
    assert sync_state(stage.reminder()) is SyncState.HANDED_OVER
    stage.org.update_task(stage.ben, stage.task_of(), OwnerId=stage.ben)
    stage.settle()
    assert (stage.reminder().values.assignee, sync_state(stage.reminder())) == (stage.ben, SyncState.SYNCED)


def test_a_deleted_reminder_whose_create_was_lost_leaves_no_orphan(stage: Stage) -> None:
    """O2, M4: the task is found by our id and deleted."""
    stage.create()
    stage.org.faults.add("lost", match="POST .*composite/sobjects")
    stage.push()
    stage.delete()
    stage.settle()
    assert stage.tasks() == []
    tombstone = stage.reminder().tombstone
    assert tombstone
    assert tombstone.agreed


def test_a_clone_is_a_reminder_of_its_own(stage: Stage) -> None:
    """I6: only the integration user may write our id, so a clone does not carry it."""
    stage.create()
    stage.settle()
    task = stage.org.task(stage.task_of())
    clone = stage.org.create_task(stage.anna, **{name: task[name] for name in ("Subject", "ActivityDate", "Status")})
    stage.settle()
    assert stage.org.task(clone)[EXTERNAL_ID] is None
    assert stage.reminder(imported_id(clone)).task_id == clone
    assert len(stage.reminders()) == 2


def test_an_expired_session_is_signed_in_again_once(stage: Stage) -> None:
    """O3: nobody notices."""
    stage.create()
    stage.org.end_sessions()
    stage.settle()
    assert sync_state(stage.reminder()) is SyncState.SYNCED


def test_a_merge_right_after_plans_nothing(stage: Stage) -> None:
    """M7: everywhere, after a busy day."""
    for number in range(5):
        stage.create(f"r{number}")
    stage.settle()
    stage.edit("r1", due=None)
    stage.org.update_task(stage.anna, stage.task_of("r2"), Priority="Low", Status="Deferred")
    stage.delete("r3")
    stage.org.update_task(stage.anna, stage.task_of("r4"), OwnerId=stage.ben, Subject="Other")
    stage.settle()
    terms_of = stage.ledger.users([stage.anna, stage.ben])
    terms = Terms(settings=stage.ledger.settings(), syncing=frozenset(terms_of), me=stage.world.org.me())
    for reminder in stage.reminders():
        task = stage.task(reminder.task_id or "")
        assert task
        decision = merge(reminder, task, terms, stage.clock.now() + timedelta(hours=1))
        assert (decision.record, decision.send) == (None, None), decision
