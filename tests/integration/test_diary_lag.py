"""How long changes take, as the sync itself tells it."""

from __future__ import annotations

import pytest
from stage import Stage


@pytest.fixture
def stage() -> Stage:
    """Start with two people who sync, and nothing on its way."""
    stage = Stage()
    stage.sync(stage.anna)
    stage.settle()
    return stage


def lags(stage: Stage) -> dict[str, int]:
    """Give the slowest change of the last half hour, in seconds, by direction."""
    return {each.direction: int(each.worst.total_seconds()) for each in stage.ledger.lags(stage.clock.now())}


def test_each_direction_tells_how_long_its_slowest_change_took(stage: Stage) -> None:
    """C3: from the edit to the moment when the other side has it; our own write that comes back is no change."""
    stage.create()
    stage.later(seconds=7)
    stage.push()
    stage.later(seconds=90)
    stage.hint(stage.task_of())
    assert lags(stage) == {"push": 7}
    stage.org.update_task(stage.anna, stage.task_of(), Priority="High")
    stage.later(seconds=40)
    stage.hint(stage.task_of())
    assert lags(stage) == {"push": 7, "pull": 40}


def test_what_a_first_sync_brings_is_no_lag(stage: Stage) -> None:
    """C3, S2: hours-old tasks that come because somebody turned sync on say nothing about how quick the sync is."""
    stage.org.create_task(stage.ben, Subject="Old")
    stage.later(seconds=3600)
    stage.sync(stage.ben)
    assert [reminder.values.name for reminder in stage.ledger.all()] == ["Old"]
    assert lags(stage) == {}


def test_a_delete_counts_in_both_directions(stage: Stage) -> None:
    """C3: it is a change like any other."""
    for name in ("r1", "r2"):
        stage.create(name)
    stage.settle()
    stage.later(hours=2)
    stage.delete("r1")
    task_id = stage.task_of("r2")
    stage.org.delete_task(stage.anna, task_id)
    stage.later(seconds=9)
    stage.push()
    stage.hint(task_id)
    assert lags(stage)["push"] == 9
    stage.settle()
    assert "pull" in lags(stage)
