"""What the simulation has found, each told as the shortest story that shows it. The seed is that of the run that found it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import date

import pytest
from stage import Stage

from infra.local.org.schema import SYNC_FIELD
from infra.local.org.task_rules import archive
from reminders.core import edit
from reminders.core.problems import Failure, Kind
from reminders.core.reminder import Event, Field, Status, imported_id
from reminders.core.settings import Choice
from reminders.core.task import Hint
from reminders.ports import Bulk, OrgUnavailable, Outcome, World
from reminders.services import preferences
from reminders.services.preferences import Switch
from reminders.sync import comparison, find, inbox, outbox


@pytest.fixture
def stage() -> Stage:
    """A team of which Anna and Ben sync."""
    stage = Stage()
    stage.sync(stage.anna)
    stage.sync(stage.ben)
    stage.settle()
    return stage


def test_a_task_deleted_and_purged_while_sync_was_off_is_deleted_here_when_it_is_on_again(stage: Stage) -> None:
    """S3: what was purged can no longer be read, so only the deleted list tells; without it the reminder lived for ever (seed 10)."""
    stage.create()
    stage.settle()
    task_id = stage.task_of()
    stage.sync(stage.anna, on=False)
    stage.org.delete_task(stage.anna, task_id)
    stage.settle()
    stage.org.state.store.purge("Task", task_id)

    stage.sync(stage.anna)

    assert stage.reminder().deleted


def test_a_task_that_was_on_its_way_when_sync_was_turned_off_is_here_when_it_is_on_again(stage: Stage) -> None:
    """S3, I1: made while the org could not be read, its hint came when sync was off, and no window held it afterwards (seed 11)."""
    stage.org.faults.add("unavailable", times=None)
    task_id = stage.org.create_task(stage.anna, Subject="Made during the outage")
    assert stage.hint(task_id).unavailable
    stage.later(hours=2)
    user = stage.ledger.users([stage.anna])[stage.anna]
    preferences.switch(stage.world, user, Switch(syncs=False, hours=None, version=user.version), now=stage.clock.now())
    stage.org.faults.clear()
    stage.later(hours=30)
    stage.settle()

    user = stage.ledger.users([stage.anna])[stage.anna]
    choice = Switch(syncs=True, hours=None, version=user.version)
    preferences.switch(stage.world, user, choice, now=stage.clock.now())
    find.first_sync(stage.world, stage.anna)
    stage.settle()

    assert stage.reminder(imported_id(task_id)).task_id == task_id


def test_a_task_given_back_after_its_reminder_was_deleted_is_a_reminder_of_its_own(stage: Stage) -> None:
    """F6, S4: deleting what was handed over only unlinks it; whoever owns the task next must see it (seeds 16 and 45)."""
    stage.create()
    stage.settle()
    task_id = stage.task_of()
    stage.org.update_task(stage.org.integration_user.id, task_id, OwnerId=stage.stranger)
    stage.settle()
    stage.delete()
    stage.org.update_task(stage.org.integration_user.id, task_id, OwnerId=stage.ben)
    stage.settle()

    assert stage.reminder(imported_id(task_id)).values.assignee == stage.ben
    assert stage.reminder().deleted
    assert stage.task(task_id)


def test_a_task_may_come_back_more_than_once(stage: Stage) -> None:
    """F6, M5: each time it is a new reminder, and the second must not meet the id of the first."""
    task_id = stage.org.create_task(stage.anna, Subject="From there")
    stage.settle()
    for _ in range(3):
        [reminder] = stage.reminders()
        stage.org.update_task(stage.org.integration_user.id, task_id, OwnerId=stage.stranger)
        stage.settle()
        stage.delete(reminder.id)
        stage.org.update_task(stage.org.integration_user.id, task_id, OwnerId=stage.anna)
        stage.settle()

    assert [each.task_id for each in stage.reminders()] == [task_id]


def test_a_reminder_that_was_unlinked_gets_a_task_of_its_own_when_it_is_synced_again(stage: Stage) -> None:
    """F6, M5: its old id is still on somebody else's task, which must not be taken for its own."""
    stage.create()
    stage.settle()
    theirs = stage.task_of()
    stage.org.update_task(stage.org.integration_user.id, theirs, OwnerId=stage.stranger)
    stage.settle()
    stage.delete()
    stage.restore()
    [stored] = stage.ledger.save([edit.sync_this_one(stage.reminder(), now=stage.clock.now())])
    assert stored
    stage.settle()

    assert stage.task_of() != theirs
    assert stage.org.task(theirs)["OwnerId"] == stage.stranger


def test_a_value_that_somebody_else_had_thought_of_too_proves_no_write_of_ours(stage: Stage) -> None:
    """M8, Never: our update never arrived, and one of its values stood there by chance; the others were lost in silence (seeds 14, 38)."""
    lead = stage.org.create(stage.org.integration_user.id, "Lead", LastName="Lovelace", Company="Engines")
    stage.create(due=date(2026, 11, 24))
    stage.settle()
    stage.edit(due=None, person=lead)
    stage.org.faults.add("refused", match="composite", times=1)
    stage.push()
    stage.org.update_task(stage.anna, stage.task_of(), ActivityDate=None)
    stage.settle()
    stage.later(minutes=5)
    outbox.push_due(stage.world)
    stage.settle()

    assert stage.org.task(stage.task_of())["WhoId"] == stage.reminder().values.person == lead


def test_what_was_deleted_there_while_handed_over_and_is_restored_and_synced_gets_a_task_of_its_own(
    stage: Stage,
) -> None:
    """F6, M5: it was still linked to the deleted task, so the next merge deleted it again, later edits and all (seed 40)."""
    stage.create()
    stage.settle()
    old = stage.task_of()
    stage.org.update_task(stage.org.integration_user.id, old, OwnerId=stage.stranger)
    stage.settle()
    stage.org.delete_task(stage.org.integration_user.id, old)
    stage.settle()
    stage.restore()
    [stored] = stage.ledger.save([edit.sync_this_one(stage.reminder(), now=stage.clock.now())])
    assert stored
    stage.settle()

    assert not stage.reminder().deleted
    assert stage.task_of() != old


def test_two_pulls_that_import_one_task_leave_one_reminder_and_no_false_history(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C2, I1: the slower one took the faster one's reminder for a former one, and wrote that its task "was undeleted" (seeds 26 and 38)."""
    task_id = stage.org.create_task(stage.anna, Subject="From there")
    really = stage.world.org.read
    faster = [True]

    def read(task_ids: Collection[str]) -> Bulk:
        if faster and faster.pop():
            inbox.pull(stage.world, [Hint(task_id)])
        return really(task_ids)

    monkeypatch.setattr(stage.world.org, "read", read)
    inbox.pull(stage.world, [Hint(task_id)])

    assert [line.event for line in stage.history(imported_id(task_id))] == [Event.IMPORTED]
    assert len(stage.ledger.all()) == 1


def test_an_edit_after_a_create_whose_answer_was_lost_is_kept_when_the_task_is_deleted_there(stage: Stage) -> None:
    """O2, M4: the task in the bin shows what had been sent; without it nothing counted as agreed, and the edit went without a word."""
    stage.org.faults.add("lost", match="composite", times=1)
    stage.create(details="sent")
    stage.push()
    stage.edit(details="typed since")
    [row] = [each for each in stage.tasks() if each.subject == stage.reminder().values.name]
    stage.org.delete_task(stage.anna, row.id)
    stage.settle()

    assert stage.reminder().deleted
    assert [(line.field, line.lost) for line in stage.history("r1", Event.CONFLICT)] == [("details", "typed since")]


def test_a_task_whose_create_went_unanswered_and_that_was_deleted_there_comes_back_when_it_is_undeleted(
    stage: Stage,
) -> None:
    """O2, M5: unlinked, it was taken for a late create of a reminder deleted here, and the sync deleted it again."""
    stage.org.faults.add("lost", match="composite", times=1)
    stage.create()
    stage.push()
    [row] = [each for each in stage.tasks() if each.subject == stage.reminder().values.name]
    stage.org.delete_task(stage.anna, row.id)
    stage.settle()
    assert stage.reminder().deleted

    stage.org.undelete_task(stage.anna, row.id)
    stage.settle()

    assert not stage.reminder().deleted
    assert stage.task_of() == row.id


def test_a_task_handed_over_is_back_as_soon_as_its_new_owner_turns_sync_on(stage: Stage) -> None:
    """F6, S3: it lies on the list of whoever gave it away, where nobody looked but the sweep (seeds 24 and 38)."""
    stage.create()
    stage.settle()
    task_id = stage.task_of()
    stage.org.update_task(stage.org.integration_user.id, task_id, OwnerId=stage.org.add_queue("Inbound", set()))
    stage.settle()
    stage.org.update_task(stage.org.integration_user.id, task_id, OwnerId=stage.stranger)
    stage.settle()
    assert stage.reminder().handed_over
    stage.later(days=3)  # beyond the import window

    stage.sync(stage.stranger)

    assert not stage.reminder().handed_over
    assert stage.reminder().values.assignee == stage.stranger


def test_a_delete_made_here_of_what_was_purged_there_while_sync_is_off_is_no_problem(stage: Stage) -> None:
    """S3, M6: the push, which could not read the task, made a problem of it for somebody whose sync was off (seed 17)."""
    stage.create()
    stage.settle()
    task_id = stage.task_of()
    stage.sync(stage.anna, on=False)
    stage.org.delete_task(stage.anna, task_id)
    stage.org.state.store.purge("Task", task_id)
    stage.delete()
    stage.later(minutes=5)
    stage.settle()

    assert stage.reminder().trouble is None


def test_a_late_hint_of_the_former_task_does_not_delete_a_reminder_that_was_restored(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """M5, M11: the pull read the old link, the push cut it, the pull read the reminder, and deleted it again (seed 77)."""
    stage.create()
    stage.settle()
    old = stage.task_of()
    stage.org.delete_task(stage.anna, old)
    stage.settle()
    stage.restore()
    really = stage.ledger.links

    def links(task_ids: Collection[str]) -> dict[str, str]:
        found = really(task_ids)
        stage.push()
        return found

    monkeypatch.setattr(stage.ledger, "links", links)
    stage.hint(old)

    assert not stage.reminder().deleted
    assert stage.task_of() != old


def test_what_was_given_away_here_and_deleted_there_while_sync_was_off_is_deleted_when_it_is_on(stage: Stage) -> None:
    """S3, F6: it lies on the list of its new assignee, where nobody looked; and no problem is told of while sync is off (seed 127)."""
    stage.create()
    stage.settle()
    task_id = stage.task_of()
    stage.sync(stage.anna, on=False)
    stage.org.delete_task(stage.anna, task_id)
    stage.settle()
    stage.org.state.store.purge("Task", task_id)
    stage.edit(assignee=stage.stranger)
    stage.settle()
    assert stage.reminder().trouble is None

    stage.sync(stage.anna)

    assert stage.reminder().deleted


def test_a_foreign_status_that_our_own_hand_over_replaced_is_kept_though_its_answer_was_lost(stage: Stage) -> None:
    """F2, F6, M8: the pull saw the write arrived and the task in other hands, and only the answer would have told (seed 91)."""
    stage.create()
    stage.settle()
    stage.org.update_task(stage.anna, stage.task_of(), Status="In Progress")
    stage.settle()
    stage.edit(status=Status.COMPLETE, assignee=stage.stranger)
    stage.later(minutes=1)
    stage.org.faults.add("lost", match="composite", times=1)
    stage.push()
    stage.settle()

    assert stage.reminder().handed_over
    assert [line.lost for line in stage.history("r1", Event.REPLACED)] == ["In Progress"]


def test_a_value_that_is_only_read_and_that_ours_replaces_is_kept(stage: Stage) -> None:
    """F2, Never: set there in the moment in which it was completed here, it vanished without a word (by reading, after seed 91)."""
    stage.settings(
        statuses={
            Status.OPEN: Choice(written="Not Started", also_read=("In Progress",)),
            Status.COMPLETE: Choice(written="Completed"),
        }
    )
    stage.create()
    stage.settle()
    stage.edit(status=Status.COMPLETE)
    stage.org.update_task(stage.anna, stage.task_of(), Status="In Progress")
    stage.settle()

    assert stage.org.task(stage.task_of())["Status"] == "Completed"
    assert [line.lost for line in stage.history("r1", Event.REPLACED)] == ["In Progress"]


def test_an_archived_task_that_is_open_again_is_imported_when_its_owner_turns_sync_on(stage: Stage) -> None:
    """S2, I5: a plain query leaves archived ones out, so neither the first sync nor any sweep found it (seed 190)."""
    task_id = stage.org.create_task(stage.stranger, Subject="Old", Status="Completed", ActivityDate="2024-01-01")
    assert archive(stage.org.state) == 1
    stage.org.update_task(stage.stranger, task_id, Status="Not Started")
    stage.settle()

    stage.sync(stage.stranger)

    assert stage.reminder(imported_id(task_id)).task_id == task_id


def test_a_foreign_status_that_a_write_without_an_answer_replaced_is_kept_though_somebody_wrote_over_it(
    stage: Stage,
) -> None:
    """F2, M8: neither the answer nor the next read showed our write, and the status it had replaced was nowhere (seed 67)."""
    stage.create()
    stage.settle()
    stage.org.update_task(stage.anna, stage.task_of(), Status="Deferred")
    stage.settle()
    stage.edit(status=Status.COMPLETE)
    stage.later(minutes=1)
    stage.org.faults.add("lost", match="composite", times=1)
    stage.push()
    stage.later(minutes=1)
    stage.org.update_task(stage.anna, stage.task_of(), Status="Not Started")
    stage.settle()

    assert [line.lost for line in stage.history("r1", Event.REPLACED)] == ["Deferred"]


def test_what_was_deleted_there_before_it_was_given_away_and_is_undeleted_while_sync_is_off_is_back(
    stage: Stage,
) -> None:
    """S3, M5: it lies with the assignee of whom Salesforce never heard, where only the sweep looked (seed 806)."""
    stage.create()
    stage.settle()
    task_id = stage.task_of()
    stage.edit(assignee=stage.stranger)
    stage.org.delete_task(stage.anna, task_id)
    stage.settle()
    assert stage.reminder().deleted
    stage.sync(stage.anna, on=False)
    stage.org.undelete_task(stage.anna, task_id)
    stage.settle()
    stage.later(days=3)  # beyond the import window

    stage.sync(stage.anna)

    assert not stage.reminder().deleted


def test_what_was_agreed_on_in_the_moment_in_which_it_is_rung_for_does_not_wait_for_ever(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S3, O1: the index told that it waits, a pull agreed on it, and the bell set it waiting again, for nothing (seed 849)."""
    stage.create()
    stage.settle()
    task_id = stage.task_of()
    stage.sync(stage.anna, on=False)
    stage.delete()
    stage.settle()
    stage.org.delete_task(stage.anna, task_id)
    really = comparison.ring_stuck

    def ring_stuck(world: World, user_id: str) -> int:
        waits = stage.ledger.stuck(user_id)
        stage.hint(task_id)
        with monkeypatch.context() as patch:
            patch.setattr(stage.ledger, "stuck", lambda _: waits)
            return really(world, user_id)

    monkeypatch.setattr(comparison, "ring_stuck", ring_stuck)
    stage.sync(stage.anna)
    stage.settle()

    assert not stage.reminder().pending


def test_a_create_that_arrives_after_many_refused_repetitions_is_known_again(stage: Stage) -> None:
    """O2, M8: each repetition was kept as one that may have arrived, and pushed out the one that had; an edit was lost (seed 870)."""
    stage.create(due=date(2026, 11, 24))
    stage.org.faults.add("late", match="insert Task", seconds=300)
    stage.org.faults.add("lost", match="composite", times=1)
    stage.push()
    stage.edit(due=date(2026, 12, 24))
    for _ in range(6):
        stage.later(seconds=5)
        outbox.push(stage.world, ["r1"])
    stage.later(minutes=5)
    stage.settle()
    outbox.push(stage.world, ["r1"])
    stage.settle()

    assert stage.reminder().values.due == date(2026, 12, 24)
    assert stage.org.task(stage.task_of())["ActivityDate"] == "2026-12-24"


def test_a_create_that_was_made_out_of_sight_is_known_again_after_hours(stage: Stage) -> None:
    """O2: its intent was dropped after 15 minutes, so the task that it made passed for one that somebody had edited (seed 2064)."""
    stage.create(due=date(2026, 11, 24))
    stage.org.faults.add("lost", match="composite", times=1)
    stage.push()
    [task_id] = stage.org.tasks()
    stage.org.state.withheld.add(task_id)
    stage.edit(due=date(2026, 12, 24))
    for _ in range(6):
        stage.later(minutes=16)
        outbox.push(stage.world, ["r1"])
    stage.org.state.withheld.remove(task_id)
    stage.hint(task_id)
    stage.settle()

    assert stage.reminder().values.due == date(2026, 12, 24)
    assert stage.org.task(task_id)["ActivityDate"] == "2026-12-24"


def test_undo_of_a_delete_that_arrives_late_keeps_the_reminder(stage: Stage) -> None:
    """M5, M8: our own delete came after Undo had found the task alive, and was taken for somebody's in Salesforce (seeds 356, 515)."""
    stage.create()
    stage.settle()
    task_id = stage.task_of()
    stage.delete()
    stage.org.faults.add("late", match="delete Task", seconds=300)
    stage.org.faults.add("lost", match="composite", times=1)
    stage.push()
    stage.restore()
    stage.push()
    assert not stage.reminder().deleted
    stage.later(minutes=6)
    stage.org.state.settle()
    assert stage.org.state.store.tables["Task"][task_id]["IsDeleted"]
    stage.hint(task_id)
    stage.settle()

    assert not stage.reminder().deleted
    assert stage.org.tasks() == [stage.task_of()]


@pytest.mark.parametrize("merged", [False, True])
def test_undo_between_our_delete_and_its_answer_keeps_the_reminder(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, *, merged: bool
) -> None:
    """M5: the answer of the delete buried what somebody had taken back, be it merged already or not (seed 663)."""
    stage.create()
    stage.settle()
    really = stage.world.org.delete

    def delete(task_ids: Sequence[str]) -> list[Outcome]:
        monkeypatch.undo()
        outcomes = really(task_ids)
        stage.restore()
        if merged:
            stage.push()
        return outcomes

    stage.delete()
    monkeypatch.setattr(stage.world.org, "delete", delete)
    stage.push()

    assert not stage.reminder().deleted
    stage.later(minutes=1)
    stage.settle()
    assert not stage.reminder().deleted
    assert stage.org.tasks() == [stage.task_of()]


def unanswered(stage: Stage, monkeypatch: pytest.MonkeyPatch, before: Callable[[], None] | None = None) -> None:
    """Have the next delete end without an answer: not made, or made just after something else was done there."""
    really = stage.world.org.delete

    def delete(task_ids: Sequence[str]) -> list[Outcome]:
        monkeypatch.undo()
        if before:
            before()
            really(task_ids)
        raise OrgUnavailable(Failure(kind=Kind.UNKNOWN, code="NO_ANSWER", message="broken off"))

    monkeypatch.setattr(stage.world.org, "delete", delete)


def test_a_task_deleted_days_after_an_undo_is_deleted_here(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """M4: only within minutes can a delete be our own of before; a later one is somebody's."""
    stage.create()
    stage.settle()
    task_id = stage.task_of()
    stage.delete()
    unanswered(stage, monkeypatch)
    stage.push()
    stage.restore()
    stage.settle()
    assert stage.task_of() == task_id
    stage.later(days=1)
    stage.org.delete_task(stage.anna, task_id)
    stage.settle()

    assert stage.reminder().deleted


def test_what_undo_finds_in_the_bin_goes_to_history(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """M4, M5: a task was completed just before our delete reached it; Undo gave the reminder a new one, and nobody was told (seeds 338, 538)."""
    stage.create()
    stage.settle()
    task_id = stage.task_of()
    stage.delete()
    unanswered(stage, monkeypatch, lambda: stage.org.update_task(stage.anna, task_id, Status="Completed"))
    stage.push()
    stage.restore()
    stage.settle()

    [lost] = [line for line in stage.history() if line.lost == "Completed"]
    assert (lost.rule, lost.field) == ("M4", Field.STATUS)
    assert stage.task_of() != task_id
    assert stage.org.task(stage.task_of())["Status"] == "Not Started"


def test_what_somebody_sets_to_what_we_once_sent_is_theirs(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """M8, O1: our update's answer was lost and the task was modified since; the same value set by hand passed for ours (seed 1439)."""
    stage.create(due=date(2026, 11, 24))
    stage.settle()
    task_id = stage.task_of()
    stage.edit(due=None)
    stage.org.faults.add("lost", match="composite", times=1)
    stage.later(seconds=5)
    stage.push()
    stage.later(seconds=5)
    stage.org.update_task(stage.anna, task_id, ActivityDate="2028-05-12")
    stage.hint(task_id)
    assert stage.reminder().values.due == date(2028, 5, 12)
    stage.edit(details="on the phone")
    stage.later(seconds=5)
    stage.org.update_task(stage.anna, task_id, ActivityDate=None)
    stage.settle()

    assert stage.reminder().values.due is None
    assert stage.org.task(task_id)["ActivityDate"] is None


def test_a_copy_of_a_deleted_task_of_ours_is_not_that_task(stage: Stage) -> None:
    """O2, M5, M4: a create's answer was lost, its task deleted, and a program's copy with our id on it found and fought over (seed 2670)."""
    stage.create()
    stage.org.faults.add("lost", match="composite", times=1)
    stage.push()
    [task_id] = stage.org.tasks()
    row = stage.org.task(task_id)
    stage.org.delete_task(stage.anna, task_id)
    admin = stage.org.add_user("robot@example.com", "Other Program", permissions=frozenset({SYNC_FIELD})).id
    copy = stage.org.create_task(admin, OwnerId=stage.anna, Subject="Copied", Reminder_Id__c=row["Reminder_Id__c"])
    stage.hint(copy)
    stage.later(minutes=6)
    outbox.push(stage.world, ["r1"])

    assert stage.reminder().deleted
    assert stage.ledger.links([copy]) == {copy: imported_id(copy)}


def test_a_waiting_delete_whose_task_is_seen_again_is_a_problem_no_more(stage: Stage) -> None:
    """I5, M4: "delete here only" was still offered, and chosen, although the task could be read again; it lived on (seed 2561)."""
    stage.create()
    stage.settle()
    task_id = stage.task_of()
    stage.org.state.withheld.add(task_id)
    stage.delete()
    stage.settle()
    trouble = stage.reminder().trouble
    assert trouble
    assert trouble.code == "TASK_NOT_VISIBLE"
    stage.org.state.withheld.remove(task_id)
    stage.org.faults.add("lock", match="delete Task", times=1)
    outbox.push(stage.world, ["r1"])

    assert stage.reminder().trouble is None
    stage.later(minutes=10)
    outbox.push(stage.world, ["r1"])
    assert stage.org.tasks() == []


def test_an_empty_text_is_no_proof_that_our_update_arrived(stage: Stage) -> None:
    """M8, M2: our update that cleared it got no answer, somebody cleared it there, and it was written again without a word (seed 170)."""
    stage.create(details="first")
    stage.settle()
    task_id = stage.task_of()
    stage.edit(details=None)
    stage.org.faults.add("unavailable", match="composite", times=1)
    stage.later(seconds=5)
    stage.push()
    stage.later(seconds=5)
    stage.org.update_task(stage.anna, task_id, Description=None)
    stage.edit(details="again")
    stage.settle()

    assert stage.org.task(task_id)["Description"] == "again"
    assert [(line.field, line.lost) for line in stage.history("r1", Event.CONFLICT)] == [(Field.DETAILS, None)]
