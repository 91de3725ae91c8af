"""M2, F6: what lost, and how it comes back, told as days at work."""

from __future__ import annotations

from datetime import date

import pytest
from stage import Stage

from reminders.core import lost_values
from reminders.core.reminder import Event, Record


@pytest.fixture
def stage() -> Stage:
    """Anna syncs and has one reminder in agreement."""
    stage = Stage()
    stage.sync(stage.anna)
    stage.create()
    stage.settle()
    return stage


def take_back(stage: Stage, number: int) -> Record:
    """Have Anna take a lost value back."""
    line = stage.history()[number - 1]
    record = lost_values.take_back(stage.reminder(), line, stage.world.ledger.settings(), now=stage.clock.now())
    assert stage.ledger.save([record])[0]
    return record


def test_a_lost_conflict_is_turned_round_with_one_click(stage: Stage) -> None:
    """M2: the value that lost goes to Salesforce after all, and both sides end equal."""
    stage.edit(due=date(2026, 12, 1))
    stage.later(minutes=1)
    stage.org.update_task(stage.anna, stage.task_of(), ActivityDate="2026-12-24")
    stage.settle()
    assert stage.reminder().values.due == date(2026, 12, 24)
    [number] = [at for at, line in enumerate(stage.history(), start=1) if line.event is Event.CONFLICT]
    take_back(stage, number)
    stage.settle()
    task = stage.task(stage.task_of())
    assert task
    assert (stage.reminder().values.due, task.due) == (date(2026, 12, 1), date(2026, 12, 1))
    assert not stage.reminder().pending


def test_an_edit_that_waited_during_a_hand_over_is_offered_and_taken(stage: Stage) -> None:
    """F6: it was never sent; when the task is back it is one click away, and then no offer any more."""
    stage.edit(due=date(2026, 12, 1))
    stage.org.update_task(stage.anna, stage.task_of(), OwnerId=stage.stranger)
    stage.settle()
    assert lost_values.offered(stage.reminder(), stage.history()) == []
    stage.org.update_task(stage.stranger, stage.task_of(), OwnerId=stage.anna)
    stage.settle()
    [number] = lost_values.offered(stage.reminder(), stage.history())
    stage.later(minutes=1)
    take_back(stage, number)
    stage.settle()
    task = stage.task(stage.task_of())
    assert task
    assert task.due == date(2026, 12, 1)
    assert lost_values.offered(stage.reminder(), stage.history()) == []
