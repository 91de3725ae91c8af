"""C6: when a merge says that somebody has completed a reminder in Salesforce."""

from __future__ import annotations

from datetime import timedelta

import pytest
from factories import NO_SYNC, NOW, a_pair, a_task, edited, terms

from reminders.core.merge import merge
from reminders.core.reminder import Completion, Reminder, Side, Status, Tombstone
from reminders.core.settings import DEFAULT_STATUSES, Choice, Settings
from reminders.core.task import Task

LATE = NOW - timedelta(minutes=1)
WIDER = Settings(
    statuses={**DEFAULT_STATUSES, Status.COMPLETE: Choice(written="Completed", also_read=("Deferred", "Done"))}
)


def completion(reminder: Reminder, task: Task, settings: Settings | None = None) -> Completion | None:
    """Merge, and give what the stored reminder says of its completion."""
    record = merge(reminder, task, terms(settings=settings), NOW).record
    assert record
    return record.reminder.completion


@pytest.mark.parametrize("owner", [a_task().owner, NO_SYNC])
def test_a_task_that_was_closed_completes(owner: str) -> None:
    """C6: kept or given away, with the time that the task shows."""
    task = a_task(status="Completed", last_modified=LATE, owner=owner)
    assert completion(a_pair(), task) == Completion(side=Side.SALESFORCE, at=LATE)


@pytest.mark.parametrize(
    ("reminder", "task"),
    [
        (a_pair(), a_task(description="else")),
        (edited(a_pair(), status=Status.COMPLETE), a_task(description="else")),
        (edited(a_pair(), status=Status.COMPLETE), a_task(status="Completed")),
        (a_pair(agreement=None, task_id=None), a_task(status="Completed")),
        (a_pair(tombstone=Tombstone(at=NOW, side=Side.HERE, restored=NOW)), a_task(status="Completed")),
        (a_pair(tombstone=Tombstone(at=NOW, side=Side.HERE, agreed=NOW)), a_task(status="Completed")),
    ],
    ids=["open", "completed here", "on both sides", "first meeting", "restored here", "undeleted there"],
)
def test_what_nobody_completes_there_tells_nothing(reminder: Reminder, task: Task) -> None:
    """C6: what was told already, and what comes along complete."""
    assert completion(reminder, task) is None


@pytest.mark.parametrize("owner", [a_task().owner, NO_SYNC])
@pytest.mark.parametrize("after", ["Deferred", "Done"])
def test_a_status_that_only_a_mapping_completes_tells_nothing(after: str, owner: str) -> None:
    """C6, S6: the agreed status is read as complete today; nobody has done anything."""
    before = a_task(status="Deferred")
    pair = a_pair(task=before)
    assert completion(pair, a_task(status=after, owner=owner, description="else"), WIDER) is None


def test_a_status_that_a_mapping_reads_as_complete_completes_when_somebody_sets_it() -> None:
    """C6, F2: from "Not Started" to "Done", which the org reads as complete."""
    assert completion(a_pair(), a_task(status="Done"), WIDER) == Completion(
        side=Side.SALESFORCE, at=a_task().last_modified
    )


def test_a_restore_that_finds_nothing_to_do_tells_nothing() -> None:
    """C6, M10: its task has become the master of a series, which is left alone."""
    pair = a_pair(tombstone=Tombstone(at=NOW, side=Side.HERE, restored=NOW))
    assert merge(pair, a_task(is_recurrence=True, status="Completed"), terms(), NOW).record is None
