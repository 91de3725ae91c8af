"""Days on which the org is not set up as it should be: permissions, our field, statuses that do not exist."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from stage import Stage

from infra.local.org.schema import SYNC_FIELD
from infra.local.org.state import MODIFY_ALL, VIEW_ALL
from infra.local.org.world import STATUSES
from reminders.core.reminder import Event, Priority, Status, SyncState, sync_state
from reminders.core.settings import Choice
from reminders.sync import outbox, set_up, timetable

GERMAN = (("Offen", False), ("In Arbeit", False), ("Erledigt", True))


@pytest.fixture
def stage() -> Stage:
    """A team of which Anna and Ben sync."""
    stage = Stage()
    stage.sync(stage.anna)
    stage.sync(stage.ben)
    stage.settle()
    return stage


def problems(stage: Stage) -> set[str]:
    """Give the codes of the problems of the org as a whole."""
    return {outage.failure.code for outage in stage.ledger.outages()}


def poll(stage: Stage, **later: float) -> None:
    """Let time pass, and the schedule tick."""
    stage.later(**later)
    assert not timetable.poll(stage.world).counts.get("not_due")


def push(stage: Stage) -> None:
    """Let the schedule push what is due until nothing is any more."""
    for _ in range(4):
        stage.later(minutes=1)
        outbox.push_due(stage.world)
    stage.ledger.rung.clear()


def tell_statuses(stage: Stage) -> None:
    """Map onto the org's German statuses."""
    statuses = {Status.OPEN: Choice(written="Offen"), Status.COMPLETE: Choice(written="Erledigt")}
    stage.settings(statuses=statuses)


@pytest.mark.parametrize(
    ("permission", "found"),
    [
        (VIEW_ALL, {"NO_VIEW_ALL_DATA"}),
        (MODIFY_ALL, {"NO_MODIFY_ALL_DATA"}),
        (SYNC_FIELD, {"NO_REMINDER_ID_FIELD"}),
    ],
)
def test_a_missing_permission_is_a_problem_until_it_is_given(stage: Stage, permission: str, found: set[str]) -> None:
    """I3: the first poll says so, without anybody asking; given, the next hour's says so, or at once somebody's Retry."""
    user = stage.org.integration_user
    user.permissions -= {permission}
    poll(stage)
    assert problems(stage) == found
    user.permissions |= {permission}
    poll(stage, minutes=5)
    assert problems(stage) == found
    poll(stage, minutes=60)
    assert problems(stage) == set()
    user.permissions -= {permission}
    poll(stage, hours=25)
    assert problems(stage) == found
    user.permissions |= {permission}
    timetable.sync_now(stage.world)
    assert problems(stage) == set()


def test_a_set_up_that_holds_costs_four_calls_a_day_and_two_an_hour(stage: Stage) -> None:
    """I3: an idle poll stays at two; what is checked in between is counted and bounded."""
    calls = stage.calls()
    poll(stage)
    assert stage.calls() - calls == 2 + 4
    for minutes in (5, 5, 45):
        calls = stage.calls()
        poll(stage, minutes=minutes)
        assert stage.calls() - calls == 2
    calls = stage.calls()
    poll(stage, minutes=5)
    assert stage.calls() - calls == 2 + 2


def test_a_check_that_could_not_be_made_is_made_with_the_next_poll(stage: Stage) -> None:
    """I3: an org that is away for a moment must not put a day between it and its check."""
    stage.org.integration_user.permissions -= {VIEW_ALL}
    stage.org.faults.add("unavailable", times=None)
    poll(stage)
    assert "NO_VIEW_ALL_DATA" not in problems(stage)
    set_up.check_again(stage.world)
    stage.org.faults.clear()
    poll(stage, minutes=5)
    assert problems(stage) == {"NO_VIEW_ALL_DATA"}


def test_a_status_that_does_not_exist_holds_that_field_only(stage: Stage) -> None:
    """F2: one problem for the org that names what exists; the other fields go; no task gets a status that nobody knows."""
    for number in range(3):
        stage.create(f"r{number}")
    stage.settle()
    stage.org.set_statuses(GERMAN)
    poll(stage, hours=1)
    for number in range(3):
        stage.edit(f"r{number}", status=Status.COMPLETE, due=date(2026, 12, 24), priority=Priority.HIGH)
    push(stage)
    for task in stage.tasks():
        assert (task.status, task.due, task.priority) == ("Not Started", date(2026, 12, 24), "High")
    [outage] = stage.ledger.outages()
    assert outage.failure.code == "STATUS_NOT_IN_ORG"
    assert "“Offen” would do for Open. “Erledigt” would do for Complete." in outage.failure.message
    assert [each.trouble for each in stage.ledger.all()] == [None] * 3
    assert {sync_state(each) for each in stage.ledger.all()} == {SyncState.WAITING}
    calls = stage.calls()
    for _ in range(20):
        stage.later(minutes=1)
        outbox.push_due(stage.world)
    assert stage.calls() - calls <= 1


def test_the_status_goes_when_the_mapping_is_changed(stage: Stage) -> None:
    """F2: the poll after the change ends the problem and sends what waited."""
    stage.create()
    stage.settle()
    stage.org.set_statuses(GERMAN)
    poll(stage, hours=1)
    stage.edit(status=Status.COMPLETE)
    push(stage)
    tell_statuses(stage)
    poll(stage, minutes=5)
    assert problems(stage) == set()
    push(stage)
    task = stage.task(stage.task_of())
    assert task
    assert task.status == "Erledigt"
    assert sync_state(stage.reminder()) is SyncState.SYNCED


def test_the_status_goes_when_the_org_gets_the_value(stage: Stage) -> None:
    """F2: an administrator of the org adds it; within the hour that picklists are kept, it is noticed."""
    stage.create()
    stage.settle()
    stage.org.set_statuses(GERMAN)
    poll(stage, hours=1)
    stage.edit(status=Status.COMPLETE)
    push(stage)
    stage.org.set_statuses((*GERMAN, *STATUSES))
    poll(stage, hours=1)
    assert problems(stage) == set()
    push(stage)
    assert sync_state(stage.reminder()) is SyncState.SYNCED


@pytest.mark.parametrize("restricted", [False, True])
def test_a_new_reminder_is_made_with_the_orgs_default_and_completed_later(stage: Stage, *, restricted: bool) -> None:
    """F2, O2: the task is made although its status does not exist, whether the org would have taken it or not."""
    stage.org.set_statuses(GERMAN)
    stage.org.state.restricted_picklists = restricted
    poll(stage, hours=1)
    stage.create(status=Status.COMPLETE)
    push(stage)
    [task] = stage.tasks()
    assert (task.status, task.subject) == ("Offen", "Call Ada")
    assert sync_state(stage.reminder()) is SyncState.WAITING
    tell_statuses(stage)
    poll(stage, minutes=5)
    push(stage)
    [task] = stage.tasks()
    assert task.status == "Erledigt"
    assert sync_state(stage.reminder()) is SyncState.SYNCED
    assert not stage.history("r1", Event.CONFLICT)


def test_a_task_handed_over_before_its_status_was_agreed(stage: Stage) -> None:
    """F2, F6: the reminder keeps its own status; there is none that was agreed."""
    stage.org.set_statuses(GERMAN)
    poll(stage, hours=1)
    stage.create(status=Status.COMPLETE)
    push(stage)
    stage.org.update_task(stage.anna, stage.task_of(), OwnerId=stage.stranger)
    stage.hint(stage.task_of())
    reminder = stage.reminder()
    assert (reminder.handed_over, reminder.values.status) == (True, Status.COMPLETE)


def test_a_changed_mapping_touches_nothing_by_itself(stage: Stage) -> None:
    """S6: a new template and new mappings take effect when a field next changes; until then nothing is sent and nothing merged."""
    stage.create()
    stage.create("r2", priority=Priority.HIGH)
    stage.settle()
    stage.org.set_statuses((*STATUSES, *GERMAN))
    tell_statuses(stage)
    stage.settings(
        subject_template="New: {{activity_subject}}",
        priorities={**stage.ledger.settings().priorities, Priority.HIGH: Choice(written="Low")},
    )
    before = {each.id: each for each in stage.ledger.all()}
    stage.hint(*(task.id for task in stage.tasks()))
    outbox.push_due(stage.world)
    assert not stage.ledger.rung
    assert {task.subject for task in stage.tasks()} == {"Call Ada"}
    assert {each.id: replace(each, version=0).values for each in stage.ledger.all()} == {
        key: each.values for key, each in before.items()
    }
