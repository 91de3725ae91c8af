"""C6: which completions are told to campaigns, told as days at work."""

from __future__ import annotations

from dataclasses import replace

import pytest
from stage import Stage

from reminders.core.reminder import Side, Status
from reminders.core.settings import DEFAULT_STATUSES, Choice


@pytest.fixture
def stage() -> Stage:
    """Anna syncs; nothing has happened yet."""
    stage = Stage()
    stage.sync(stage.anna)
    return stage


def told(stage: Stage) -> list[tuple[str, str]]:
    """Give what the stream would announce so far: which reminder, and on which side it was completed."""
    return [(each.id, each.completion.side) for each in stage.ledger.completed if each.completion]


def complete_there(stage: Stage, status: str = "Completed") -> None:
    """Have Anna close the task in Salesforce."""
    stage.org.update_task(stage.anna, stage.task_of(), Status=status)


def test_completed_here_is_told_once(stage: Stage) -> None:
    """C6: neither the push that carries it over, nor its echo, nor a later edit tells it again."""
    stage.create()
    stage.settle()
    stage.edit(status=Status.COMPLETE)
    stage.settle()
    stage.edit(details="Went well")
    stage.settle()
    assert told(stage) == [("r1", Side.HERE)]
    assert stage.task(stage.task_of()).status == "Completed"  # type: ignore[union-attr]  # it is there


def test_completed_in_salesforce_is_told_once_with_its_time_there(stage: Stage) -> None:
    """C6: the merge that takes it over tells it; a second hint finds nothing new."""
    stage.create()
    stage.settle()
    stage.later(minutes=5)
    complete_there(stage)
    at = stage.clock.now()
    stage.settle()
    stage.hint(stage.task_of())
    assert told(stage) == [("r1", Side.SALESFORCE)]
    assert stage.ledger.completed[0].completion.at == at  # type: ignore[union-attr]  # as above


def test_completed_on_both_sides_is_one_completion(stage: Stage) -> None:
    """C6: a campaign must not move on by two steps."""
    stage.create()
    stage.settle()
    stage.edit(status=Status.COMPLETE)
    complete_there(stage)
    stage.settle()
    assert told(stage) == [("r1", Side.HERE)]


def test_reopened_and_completed_again_is_told_again(stage: Stage) -> None:
    """C6: it is another completion, with another id."""
    stage.create()
    stage.settle()
    for status in (Status.COMPLETE, Status.OPEN, Status.COMPLETE):
        stage.edit(status=status)
        stage.settle()
    assert told(stage) == [("r1", Side.HERE)] * 2
    assert len({each.version for each in stage.ledger.completed}) == 2


def test_without_sync_it_is_told_too(stage: Stage) -> None:
    """C6, S3: a campaign lives here; it does not need Salesforce."""
    stage.create(assignee=stage.ben)
    stage.edit(status=Status.COMPLETE)
    assert told(stage) == [("r1", Side.HERE)]


def test_what_comes_complete_into_the_world_is_not_told(stage: Stage) -> None:
    """C6: nobody completed it, neither one created so nor one whose task was there."""
    stage.create(status=Status.COMPLETE)
    stage.settle()
    assert told(stage) == []


def test_a_delete_taken_back_tells_nothing(stage: Stage) -> None:
    """C6, M5: the task was completed while the reminder lay under "recently deleted"; that it comes back is a restore."""
    stage.create()
    stage.settle()
    task_id = stage.task_of()
    stage.delete()
    complete_there(stage)
    stage.restore()
    stage.settle()
    assert (stage.reminder().values.status, stage.task_of()) == (Status.COMPLETE, task_id)
    assert told(stage) == []


def test_an_undeleted_task_tells_nothing(stage: Stage) -> None:
    """C6, M5: it was completed before, and told then."""
    stage.create()
    stage.settle()
    complete_there(stage)
    stage.settle()
    stage.org.delete_task(stage.anna, stage.task_of())
    stage.settle()
    stage.org.undelete_task(stage.anna, stage.task_of())
    stage.settle()
    assert stage.reminder().values.status is Status.COMPLETE
    assert told(stage) == [("r1", Side.SALESFORCE)]


def test_a_changed_mapping_tells_nothing(stage: Stage) -> None:
    """C6, S6: a status that today is read as complete was set by somebody when it meant nothing; even given away, it tells nothing."""
    stage.create()
    stage.settle()
    complete_there(stage, "Deferred")
    stage.settle()
    choices = {**DEFAULT_STATUSES, Status.COMPLETE: Choice(written="Completed", also_read=("Deferred",))}
    stage.settings(statuses=choices)
    stage.hint(stage.task_of())
    stage.org.update_task(stage.anna, stage.task_of(), OwnerId=stage.stranger)
    stage.settle()
    assert stage.reminder().handed_over
    assert stage.reminder().values.status is Status.COMPLETE
    assert told(stage) == []


def test_completed_and_given_away_at_once_is_told(stage: Stage) -> None:
    """C6, F6: it leaves the list, but it was completed, and the campaign waits for that."""
    stage.create()
    stage.settle()
    stage.org.update_task(stage.anna, stage.task_of(), OwnerId=stage.stranger, Status="Completed")
    stage.settle()
    assert stage.reminder().handed_over
    assert told(stage) == [("r1", Side.SALESFORCE)]


def test_the_mark_is_of_one_write_only(stage: Stage) -> None:
    """C6: whoever reads the reminder afterwards cannot write the mark once more."""
    stage.create()
    stored = stage.edit(status=Status.COMPLETE)
    assert stored.completion is None
    assert stage.reminder() == replace(stage.reminder(), completion=None)
