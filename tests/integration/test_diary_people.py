"""Weeks in which people come and go in Salesforce (C7, S3), and in which somebody's data is erased (C8)."""

from __future__ import annotations

import pytest
from fakes.memory_dead_letters import MemoryDeadLetters
from stage import Stage

from infra.local.org.setup import ADMIN_SET
from reminders.core import edit
from reminders.core.problems import Failure, Kind
from reminders.core.reminder import SyncState, imported_id, sync_state
from reminders.core.settings import User
from reminders.ports import OrgUnavailable
from reminders.services import people_data, person_data
from reminders.services.preferences import Switch, switch
from reminders.sync import comparison, find

ADMIN = User(id="005000000000009AAA", admin=True)


@pytest.fixture
def stage() -> Stage:
    """A team of which Anna and Ben sync."""
    stage = Stage()
    stage.sync(stage.anna)
    stage.sync(stage.ben)
    stage.settle()
    return stage


def boss(stage: Stage) -> str:
    """Give somebody who may change anybody's tasks in Salesforce, and does not use Reminder Sync."""
    users = {each.username: each.id for each in stage.org.state.users.values()}
    return users.get("boss@example.com") or stage.org.add_user("boss@example.com", "Bea Boss", role="admin").id


def user(stage: Stage, user_id: str) -> User:
    """Read a user."""
    return stage.ledger.users([user_id])[user_id]


def calls_of_a_poll(stage: Stage) -> int:
    """Poll, and tell how many calls it took."""
    stage.later(minutes=6)
    before = stage.calls()
    find.poll(stage.world)
    return stage.calls() - before


def test_users_are_read_again_once_a_day(stage: Stage) -> None:
    """C7, I3, O6: two more calls for all of them, in the first poll after a day; every other poll costs two."""
    stage.later(hours=20)
    assert calls_of_a_poll(stage) == 2
    stage.later(hours=5)
    assert [calls_of_a_poll(stage) for _ in range(3)] == [4, 2, 2]
    stage.later(hours=24)
    assert [calls_of_a_poll(stage) for _ in range(2)] == [4, 2]


def test_who_lost_the_permission_set_is_no_administrator_a_day_later(stage: Stage) -> None:
    """C7: and who was given it is one."""
    stage.org.assign(stage.ben, ADMIN_SET)
    stage.later(hours=24)
    find.poll(stage.world)
    assert [user(stage, each).admin for each in (stage.anna, stage.ben)] == [False, True]
    stage.org.withdraw(stage.ben, ADMIN_SET)
    stage.org.assign(stage.anna, ADMIN_SET)
    stage.later(hours=24)
    find.poll(stage.world)
    assert [user(stage, each).admin for each in (stage.anna, stage.ben)] == [True, False]


def test_who_left_is_as_if_sync_were_off_and_comes_back_to_everything(stage: Stage) -> None:
    """S3, C7: nothing moves in either direction, and nothing is lost; active again, both sides merge, and waiting edits go out."""
    for name in ("here", "there", "gone"):
        stage.create(name)
    stage.settle()
    late = stage.org.create_task(stage.anna, Subject="Just before")
    stage.org.deactivate(stage.anna)
    stage.later(hours=24)
    stage.settle()
    assert (user(stage, stage.anna).syncs, user(stage, stage.anna).takes_part) == (True, False)
    stage.edit("here", details="ours")
    stage.org.update_task(boss(stage), stage.task_of("there"), Description="theirs")
    stage.org.delete_task(boss(stage), stage.task_of("gone"))
    local = stage.create("local")
    stage.settle()
    task = stage.task(stage.task_of("here"))
    assert task
    assert (task.description, stage.reminder("there").values.details) == (None, None)
    assert not stage.reminder("gone").deleted
    assert not stage.reminder("here").handed_over
    stage.later(days=3)
    stage.settle()
    stage.org.reactivate(stage.anna)
    stage.later(days=1)
    stage.settle()
    stage.settle()
    task = stage.task(stage.task_of("here"))
    assert task
    assert (task.description, stage.reminder("there").values.details) == ("ours", "theirs")
    assert stage.reminder("gone").deleted
    assert stage.reminder(imported_id(late)).values.name == "Just before"
    assert sync_state(local) is sync_state(stage.reminder("local")) is SyncState.NOT_SYNCED


def test_a_day_without_an_answer_changes_nothing(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """C7, I1, C4: what is known stands, the poll has done its work, and the next one asks again; it is one problem meanwhile."""
    failure = Failure(kind=Kind.TRANSIENT, code="SERVER_UNAVAILABLE", message="maintenance")

    def down(_: object) -> None:
        raise OrgUnavailable(failure)

    stage.later(hours=25)
    with monkeypatch.context() as patch:
        patch.setattr(stage.world.org, "users", down)
        find.poll(stage.world)
    assert user(stage, stage.anna).takes_part
    assert [outage.run for outage in stage.ledger.outages()] == ["users"]
    assert calls_of_a_poll(stage) == 4
    assert stage.ledger.outages() == []


def test_a_user_whom_the_org_does_not_show_takes_no_part(stage: Stage) -> None:
    """C7: rights are what Salesforce says today; of one of whom it says nothing, none are left."""
    stranger = stage.ledger.save_user(User(id="005000000000099AAA", name="Zoe", admin=True, syncs=True))
    assert stranger
    find.poll(stage.world)
    gone = user(stage, stranger.id)
    assert (gone.name, gone.active, gone.admin, gone.takes_part, gone.syncs) == ("Zoe", False, False, False, True)


def test_what_was_erased_of_a_user_stays_away_until_sync_is_turned_on_again(stage: Stage) -> None:
    """C8, S3: neither an edit in Salesforce, nor the poll, nor the sweep brings it back; the user's own choice does."""
    stage.create()
    stage.settle()
    task = stage.task_of()
    erase = people_data.erase
    assert erase(stage.world, ADMIN, stage.anna, now=stage.clock.now()).erased == 1
    stage.org.update_task(boss(stage), task, Description="changed there")
    stage.settle()
    stage.later(minutes=6)
    assert erase(stage.world, ADMIN, stage.anna, now=stage.clock.now()).done
    stage.org.update_task(boss(stage), task, Description="changed again")
    comparison.sweep(stage.world, MemoryDeadLetters())
    stage.settle()
    assert stage.ledger.all() == []
    assert stage.tasks()
    anna = stage.ledger.save_user(User(id=stage.anna, name="Anna", read_at=stage.clock.now()))
    assert anna
    switch(stage.world, anna, Switch(syncs=True, hours=None, version=anna.version), now=stage.clock.now())
    find.first_sync(stage.world, stage.anna)
    stage.settle()
    assert [each.values.details for each in stage.ledger.all()] == ["changed again"]


def test_what_was_erased_of_a_contact_is_not_imported_again(stage: Stage) -> None:
    """C8: its task still says it all, and is changed there; the reminder stays the user's, empty, until they want it again."""
    person = stage.org.create(stage.anna, "Contact", LastName="Nordin")
    stage.create(person=person, details="Getting divorced")
    stage.settle()
    task = stage.task_of()
    now = stage.clock.now()
    assert person_data.erase(stage.world, ADMIN, person, now=now).erased == 1
    assert person_data.erase(stage.world, ADMIN, person, now=now).done
    stage.org.update_task(boss(stage), task, Description="Divorced now")
    comparison.sweep(stage.world, MemoryDeadLetters())
    stage.settle()
    [reminder] = stage.ledger.all()
    assert (reminder.values.name, reminder.values.details, reminder.values.person) == ("(erased)", None, None)
    assert (reminder.values.due, sync_state(reminder)) == (stage.create("other").values.due, SyncState.NOT_SYNCED)
    assert stage.history() == []
    left = stage.task(task)
    assert left
    assert (left.description, left.who) == ("Divorced now", person)
    stage._saved(edit.sync_this_one(reminder, now=stage.clock.now()))
    stage.settle()
    assert stage.reminder().values.details == "Divorced now"
    assert stage.task(task) == left


def test_an_answer_that_comes_after_the_erasure_brings_nothing_back(stage: Stage) -> None:
    """C8, O2: the create was under way; its task is known as the reminder's, which is not synced any more."""
    person = stage.org.create(stage.anna, "Contact", LastName="Nordin")
    stage.create(person=person)
    create = stage.world.org.create

    def erased_meanwhile(records: object) -> object:
        person_data.erase(stage.world, ADMIN, person, now=stage.clock.now())
        return create(records)  # type: ignore[arg-type]  # as they came

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stage.world.org, "create", erased_meanwhile)
        stage.push()
    stage.settle()
    stage.later(hours=2)
    stage.settle()
    [reminder] = stage.ledger.all()
    assert (reminder.values.name, reminder.values.person, len(stage.tasks())) == ("(erased)", None, 1)
