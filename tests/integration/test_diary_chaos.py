"""Sudden death, one moment at a time: what `make chaos` finds, or could find, told small on a virtual clock."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from stage import Stage

from reminders.core.problems import Failure, Kind
from reminders.core.reminder import Event, Field
from reminders.ports import OrgUnavailable, Outcome


@pytest.fixture
def stage() -> Stage:
    """A team of which Anna and Ben sync."""
    stage = Stage()
    stage.sync(stage.anna)
    stage.sync(stage.ben)
    stage.settle()
    return stage


def test_an_edit_there_just_before_our_delete_is_kept_though_we_died_before_looking(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """O1, M4: deletes have no precondition; who dies between the delete and the look into the recycle bin must look later."""
    stage.create(details="first")
    stage.settle()
    task_id = stage.task_of()
    stage.delete()
    really = stage.world.org.delete

    def killed(task_ids: Sequence[str]) -> list[Outcome]:
        stage.org.update_task(stage.anna, task_id, Description="typed in that very moment")
        really(task_ids)
        raise OrgUnavailable(Failure(kind=Kind.UNKNOWN, code="NO_ANSWER", message="killed"))

    monkeypatch.setattr(stage.world.org, "delete", killed)
    stage.push()
    monkeypatch.undo()
    stage.settle()

    assert stage.reminder().tombstone
    kept = [(line.field, line.lost) for line in stage.history("r1", Event.CONFLICT)]
    assert kept == [(Field.DETAILS, "typed in that very moment")]
