"""Weeks in which somebody turns sync off, and on again (S1, S3); and first syncs that do not get through at once."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from stage import Stage

from reminders.core.reminder import Status, SyncState, imported_id, sync_state
from reminders.ports import TooManyIds
from reminders.services.preferences import Switch, switch
from reminders.sync import comparison, find


@pytest.fixture
def stage() -> Stage:
    """A team of which Anna and Ben sync."""
    stage = Stage()
    stage.sync(stage.anna)
    stage.sync(stage.ben)
    stage.settle()
    return stage


def turn(stage: Stage, user_id: str, *, on: bool) -> None:
    """Click the switch; the bell rings, but nobody runs."""
    user = stage.ledger.users([user_id])[user_id]
    choice = Switch(syncs=on, hours=None, version=user.version)
    switch(stage.world, user, choice, now=stage.clock.now())


def test_what_was_deleted_while_sync_was_off_is_deleted_when_it_is_on_again(stage: Stage) -> None:
    """S3: of the last 15 days; from the recycle bin, and out of it; an open and a completed one."""
    for name in ("open", "done", "purged"):
        stage.create(name)
    stage.edit("done", status=Status.COMPLETE)
    stage.settle()
    turn(stage, stage.anna, on=False)
    for name in ("open", "done", "purged"):
        stage.org.delete_task(stage.anna, stage.task_of(name))
    stage.org.state.store.purge("Task", stage.task_of("purged"))
    stage.settle()
    assert not any(each.deleted for each in stage.ledger.all())
    stage.later(days=10)
    find.poll(stage.world)
    turn(stage, stage.anna, on=True)
    find.first_sync(stage.world, stage.anna)
    stage.settle(poll=False)
    assert {each.id for each in stage.ledger.all() if each.deleted} == {"open", "done", "purged"}


def test_what_changed_while_sync_was_off_comes_in_and_goes_out(stage: Stage) -> None:
    """S3: completed pairs too, new tasks back to when it was turned off; what was created here meanwhile stays local."""
    for name in ("here", "there", "done"):
        stage.create(name)
    stage.edit("done", status=Status.COMPLETE)
    stage.settle()
    stage.later(days=3)
    turn(stage, stage.anna, on=False)
    stage.edit("here", details="ours")
    stage.org.update_task(stage.anna, stage.task_of("there"), Status="Completed")
    stage.org.update_task(stage.anna, stage.task_of("done"), Description="theirs")
    new = stage.org.create_task(stage.anna, Subject="New")
    local = stage.create("local")
    stage.settle()
    stage.later(days=8)
    turn(stage, stage.anna, on=True)
    find.first_sync(stage.world, stage.anna)
    stage.settle(poll=False)
    task = stage.task(stage.task_of("here"))
    assert task
    assert task.description == "ours"
    assert stage.reminder("there").values.status is Status.COMPLETE
    assert stage.reminder("done").values.details == "theirs"
    assert stage.reminder(imported_id(new)).values.name == "New"
    assert sync_state(local) is sync_state(stage.reminder("local")) is SyncState.NOT_SYNCED


def test_more_than_a_thousand_are_looked_at_when_sync_is_on_again(stage: Stage) -> None:
    """S3, Never: a list ends after 1,000, and so did this."""
    for number in range(1_005):
        stage.create(f"r{number}")
    stage.settle(poll=False)
    turn(stage, stage.anna, on=False)
    turn(stage, stage.anna, on=True)
    stage.hints.take()
    find.first_sync(stage.world, stage.anna)
    hinted = {hint.task_id for hint in stage.hints.queued if hint.batch is None}
    assert hinted == {each.task_id for each in stage.ledger.all()}


def test_the_very_first_sync_does_not_ask_what_was_deleted(stage: Stage) -> None:
    """O6: nothing is linked yet, so one call is all that it needs."""
    stage.org.create_task(stage.stranger, Subject="New")
    turn(stage, stage.stranger, on=True)
    before = stage.calls()
    find.first_sync(stage.world, stage.stranger)
    assert stage.calls() - before == 1


def test_one_first_sync_that_fails_stops_no_other(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """S1, Never: three users turn sync on at once; the first one's query times out every time."""
    carl = stage.org.create_task(stage.stranger, Subject="Carl's")
    for user in (stage.anna, stage.stranger):
        turn(stage, user, on=False)
        turn(stage, user, on=True)
    ask = stage.world.org.open_tasks

    def slow_for_anna(owner: str, since: datetime) -> tuple[str, ...]:
        if owner == stage.anna:
            raise TimeoutError
        return ask(owner, since)

    monkeypatch.setattr(stage.world.org, "open_tasks", slow_for_anna)
    with pytest.raises(find.FirstSyncsFailed) as caught:
        find.first_syncs(stage.world, [stage.anna, stage.stranger])
    assert [type(each) for each in caught.value.exceptions] == [TimeoutError]
    stage.settle(poll=False)
    assert stage.reminder(imported_id(carl)).values.name == "Carl's"


def test_a_first_sync_that_the_stream_gave_up_is_the_next_poll_s(stage: Stage) -> None:
    """S1: nobody waits for the night; and a poll that finds none costs two calls, as ever (I3)."""
    task = stage.org.create_task(stage.stranger, Subject="New")
    turn(stage, stage.stranger, on=True)
    stage.later(minutes=6)
    find.poll(stage.world)
    stage.settle(poll=False)
    assert stage.reminder(imported_id(task)).values.name == "New"
    user = stage.ledger.users([stage.stranger])[stage.stranger]
    assert user.first_sync
    assert user.first_sync.finished
    stage.later(minutes=6)
    find.poll(stage.world)
    stage.hints.take()
    stage.later(minutes=6)
    before = stage.calls()
    find.poll(stage.world)
    assert stage.calls() - before == 2


def test_a_first_sync_that_fails_does_not_stop_the_poll(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """S1, I3: the poll has done its own work when it says so."""
    stage.create()
    stage.settle()
    turn(stage, stage.stranger, on=True)
    stage.later(minutes=6)
    mark = stage.ledger.successes()["poll"]

    def broken(owner: str, since: datetime) -> tuple[str, ...]:
        raise TimeoutError

    monkeypatch.setattr(stage.world.org, "open_tasks", broken)
    with pytest.raises(find.FirstSyncsFailed):
        find.poll(stage.world)
    assert stage.ledger.successes()["poll"] > mark


def test_a_deleted_list_that_is_too_long_is_read_in_parts(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """S3, I4: EXCEEDED_ID_LIMIT halves the range, and no half is left out."""
    for name in ("early", "late"):
        stage.create(name)
    stage.settle()
    stage.org.delete_task(stage.anna, stage.task_of("early"))
    stage.later(days=2)
    stage.org.delete_task(stage.anna, stage.task_of("late"))
    stage.later(minutes=5)
    ask, spans = stage.world.org.deleted, []

    def limited(start: datetime, end: datetime) -> object:
        if end - start > timedelta(days=2):
            raise TooManyIds
        spans.append((start, end))
        return ask(start, end)

    monkeypatch.setattr(stage.world.org, "deleted", limited)
    dates = comparison.listed_as_deleted(stage.world, stage.clock.now() - timedelta(days=15))
    assert set(dates) == {stage.task_of("early"), stage.task_of("late")}
    assert len(spans) == 8
