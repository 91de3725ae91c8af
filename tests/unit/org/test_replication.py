"""`updated` and `deleted`: dropped seconds, horizons, spans, and transactions that commit late."""

# ruff: noqa: S608 - SOQL to an emulated org, of the test's own ids

from __future__ import annotations

import pytest
from unit.org.conftest import Ask

from infra.local.org.clock import MovableClock
from infra.local.org.errors import Refused
from infra.local.org.state import User
from infra.local.org.world import Org

STAMP = "2026-11-22T{}+00:00"


def updated(ask: Ask, start: str, end: str, user: User | None = None) -> dict[str, object]:
    """Ask for what changed between two times of the day."""
    params = {"start": STAMP.format(start), "end": STAMP.format(end)}
    answer = ask("GET", "sobjects/Task/updated/", params=params, user=user)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert isinstance(found, dict)
    return found


def test_seconds_are_dropped_and_both_ends_belong(ask: Ask, org: Org, ann: User, clock: MovableClock) -> None:
    """10:00:00 to 10:01:59 is asked as 10:00 to 10:01: what changed at 10:01:00 is in, at 10:01:01 not yet."""
    first = org.create_task(ann.id)
    clock.advance(60)
    second = org.create_task(ann.id)
    clock.advance(1)
    third = org.create_task(ann.id)
    clock.advance(300)
    found = updated(ask, "10:00:30", "10:01:59")
    assert found == {"ids": [first, second], "latestDateCovered": "2026-11-22T10:01:00.000+0000"}
    assert updated(ask, "10:01:00", "10:02:00")["ids"] == [second, third]


def test_each_id_once_deleted_ones_not_undeleted_ones_again(ask: Ask, org: Org, ann: User, clock: MovableClock) -> None:
    """A task changed often is listed once, by its newest stamp; a delete leaves the list, an undelete enters it."""
    often, gone = org.create_task(ann.id), org.create_task(ann.id)
    for _ in range(3):
        clock.advance(60)
        org.update_task(ann.id, often, Subject="again")
    org.delete_task(ann.id, gone)
    clock.advance(120)
    assert updated(ask, "10:00:00", "10:02:00")["ids"] == []
    assert updated(ask, "10:00:00", "10:05:00")["ids"] == [often]
    org.undelete_task(ann.id, gone)
    clock.advance(60)
    assert updated(ask, "10:05:00", "10:06:00")["ids"] == [gone]
    params = {"start": STAMP.format("10:00:00"), "end": STAMP.format("10:06:00")}
    assert ask("GET", "sobjects/Task/deleted", params=params).json()["deletedRecords"] == []


def test_deleted(ask: Ask, org: Org, ann: User, bob: User, clock: MovableClock) -> None:
    """Id and date of the delete, for those who could see the task, purged ones included."""
    key = org.create_task(ann.id)
    clock.advance(65)
    org.delete_task(ann.id, key)
    clock.advance(300)
    params = {"start": STAMP.format("10:00:00"), "end": STAMP.format("10:05:59")}
    answer = ask("GET", "sobjects/Task/deleted/", params=params).json()
    assert answer["deletedRecords"] == [{"id": key, "deletedDate": "2026-11-22T10:01:05.000+0000"}]
    assert answer["earliestDateAvailable"] == "2026-11-07T10:06:00.000+0000"
    assert answer["latestDateCovered"] == "2026-11-22T10:05:00.000+0000"
    assert ask("GET", "sobjects/Task/deleted", params=params, user=bob).json()["deletedRecords"] == []
    org.state.store.purge("Task", key)
    assert ask("GET", "sobjects/Task/deleted", params=params).json()["deletedRecords"][0]["id"] == key


def test_a_record_that_an_open_transaction_undeletes_is_not_purged(org: Org, ann: User) -> None:
    """It came back when that committed, living, and every write of it was refused as to something deleted (seed 5412)."""
    key = org.create_task(ann.id)
    org.delete_task(ann.id, key)
    org.faults.add("late", seconds=30)
    org.undelete_task(ann.id, key)
    with pytest.raises(Refused, match="exclusive access"):
        org.state.store.purge("Task", key)


def test_a_task_deleted_twice_is_listed_at_its_last_delete(ask: Ask, org: Org, ann: User, clock: MovableClock) -> None:
    """Delete, undelete, delete: one entry."""
    key = org.create_task(ann.id)
    org.delete_task(ann.id, key)
    clock.advance(60)
    org.undelete_task(ann.id, key)
    clock.advance(60)
    org.delete_task(ann.id, key)
    clock.advance(60)
    params = {"start": STAMP.format("10:00:00"), "end": STAMP.format("10:03:00")}
    records = ask("GET", "sobjects/Task/deleted", params=params).json()["deletedRecords"]
    assert records == [{"id": key, "deletedDate": "2026-11-22T10:02:00.000+0000"}]


@pytest.mark.parametrize(
    ("resource", "start", "end", "status"),
    [
        ("updated", "2026-11-22T10:00:00Z", "2026-11-22T10:00:59Z", 400),
        ("updated", "2026-11-22T10:00:59Z", "2026-11-22T10:01:00Z", 200),
        ("updated", "2026-10-23T10:00:00Z", "2026-11-22T10:00:00Z", 200),
        ("updated", "2026-10-23T09:59:00Z", "2026-11-22T10:00:00Z", 400),
        ("deleted", "2026-11-22T09:58:00Z", "2026-11-22T09:59:59Z", 400),
        ("deleted", "2026-11-22T09:58:00Z", "2026-11-22T10:00:00Z", 200),
        ("deleted", "2026-11-07T10:00:00Z", "2026-11-22T10:00:00Z", 200),
        ("deleted", "2026-11-07T09:59:00Z", "2026-11-22T10:00:00Z", 400),
        ("deleted", "yesterday", "2026-11-22T10:00:00Z", 400),
    ],
)
def test_ranges(ask: Ask, resource: str, start: str, end: str, status: int) -> None:
    """30 and 15 days back; `deleted` wants more than a minute; anything else is INVALID_REPLICATION_DATE."""
    answer = ask("GET", f"sobjects/Task/{resource}", params={"start": start, "end": end})
    assert answer.status_code == status
    if status != 200:
        assert answer.json()[0]["errorCode"] == "INVALID_REPLICATION_DATE"


def test_the_end_is_never_in_the_future(ask: Ask, org: Org, ann: User) -> None:
    """Asked to tomorrow, it covers to now: else the next poll would skip what happens meanwhile."""
    org.create_task(ann.id)
    assert updated(ask, "09:00:00", "23:00:00")["latestDateCovered"] == "2026-11-22T10:00:00.000+0000"


class TestLateCommits:
    """A row is stamped when its transaction begins to write, and seen when that commits."""

    def test_latest_date_covered_waits(self, ask: Ask, org: Org, ann: User, clock: MovableClock) -> None:
        """A poller that follows latestDateCovered finds the late row; one that follows the clock would not."""
        clock.advance(30)
        org.faults.add("late", match="insert Task", seconds=300)
        late = org.create_task(ann.id, Subject="late")
        clock.advance(120)
        soon = org.create_task(ann.id, Subject="soon")
        clock.advance(60)
        first = updated(ask, "10:00:00", "10:03:00")
        assert first == {"ids": [soon], "latestDateCovered": "2026-11-22T10:00:30.000+0000"}
        clock.advance(200)
        second = updated(ask, "10:00:30", "10:06:00")
        assert second["ids"] == [late, soon]
        assert org.task(late)["SystemModstamp"] == "2026-11-22T10:00:30.000+0000"

    def test_until_then_the_old_version_is_read_and_the_row_is_locked(
        self, ask: Ask, org: Org, ann: User, clock: MovableClock
    ) -> None:
        """Nobody reads what is not committed, and nobody else may write it."""
        key = org.create_task(ann.id, Subject="old")
        org.faults.add("late", match=f"update Task {key}", seconds=20)
        org.update_task(ann.id, key, Subject="new")
        assert org.task(key)["Subject"] == "old"
        refused = ask("PATCH", f"sobjects/Task/{key}", json={"Subject": "ours"})
        assert refused.json()[0]["errorCode"] == "UNABLE_TO_LOCK_ROW"
        clock.advance(20)
        assert org.task(key)["Subject"] == "new"
        assert ask("PATCH", f"sobjects/Task/{key}", json={"Subject": "ours"}).status_code == 204

    def test_a_late_insert_already_holds_its_external_id(self, ask: Ask, org: Org, clock: MovableClock) -> None:
        """Else two tasks with one id could both commit."""
        org.faults.add("late", match="insert Task", seconds=20)
        record = {"attributes": {"type": "Task"}, "Reminder_Id__c": "r-0"}
        first = ask("POST", "composite/sobjects", json={"records": [record]}).json()[0]
        second = ask("POST", "composite/sobjects", json={"records": [record]}).json()[0]
        assert first["success"]
        assert second["errors"][0]["statusCode"] == "DUPLICATE_VALUE"
        clock.advance(21)
        assert org.tasks() == [first["id"]]

    def test_a_late_delete(self, ask: Ask, org: Org, ann: User, clock: MovableClock) -> None:
        """It is alive until the commit, and listed at the second of its stamp."""
        key = org.create_task(ann.id)
        org.faults.add("late", match="delete Task", seconds=100)
        org.delete_task(ann.id, key)
        clock.advance(99)
        assert org.tasks() == [key]
        clock.advance(81)
        params = {"start": STAMP.format("10:00:00"), "end": STAMP.format("10:03:00")}
        records = ask("GET", "sobjects/Task/deleted", params=params).json()["deletedRecords"]
        assert records == [{"id": key, "deletedDate": "2026-11-22T10:00:00.000+0000"}]


def test_the_bin_is_emptied_after_fifteen_days(ask: Ask, org: Org, ann: User, clock: MovableClock) -> None:
    """Then nobody can undelete it, and no list tells of it."""
    key = org.create_task(ann.id)
    org.delete_task(ann.id, key)
    clock.advance(15 * 86400 + 60)
    with pytest.raises(Exception, match="UNDELETE_FAILED"):
        org.undelete_task(ann.id, key)
    query = {"q": f"SELECT Id FROM Task WHERE Id = '{key}'"}
    fresh = {"Authorization": f"Bearer {org.access_token(org.integration_user.id)}"}
    assert ask("GET", "queryAll", params=query, headers=fresh).json()["totalSize"] == 0
