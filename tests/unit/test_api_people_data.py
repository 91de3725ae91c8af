"""One person's data: taken out and erased by an administrator (C8)."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from fakes.memory_ledger import MemoryLedger
from fakes.people import ADA, BO, CY, NOW, Api, sync_on

from reminders.core.lists import Shelf, whole_shelf
from reminders.core.reminder import Record, Side, Tombstone
from reminders.services import people_data

SECRET = "She is getting divorced"
ERASE = f"/api/users/{BO}/erase"
EXPORT = f"/api/users/{BO}/export"


@pytest.fixture
def api() -> Api:
    """Give a client whose ledger holds reminders of Bo's on every shelf, one of Cy's, and Bo's switch turned on long ago."""
    api = Api()
    sync_on(api, BO)
    shelves: dict[str, dict[str, Any]] = {
        "open": {},
        "complete": {},
        "deleted": {"tombstone": Tombstone(at=NOW, side=Side.HERE, agreed=NOW)},
        "handed": {"handed_over": True},
    }
    for name, changes in shelves.items():
        status = "Complete" if name == "complete" else "Open"
        made = api("POST", "/api/reminders", {"name": name, "details": SECRET, "status": status}, by=BO).json
        [stored] = api.ledger.reminders([made["id"]]).values()
        linked = replace(stored, task_id=f"00T-{name}", **changes)
        assert api.ledger.save([Record(reminder=linked, link=f"00T-{name}")])[0]
    api("POST", "/api/reminders", {"name": "Cy's", "details": "kept"}, by=CY)
    return api


def everything(api: Api) -> str:
    """Give all that the ledger holds, as text."""
    assert isinstance(api.ledger, MemoryLedger)
    return "".join(f"{value}" for name, value in vars(api.ledger).items() if name not in {"_lock", "rung", "completed"})


def exported(api: Api) -> list[dict[str, Any]]:
    """Turn all pages of Bo's export."""
    found: list[dict[str, Any]] = []
    query: dict[str, str] = {}
    while True:
        page = api("GET", EXPORT, by=ADA, query=query).json
        assert page["user"]["id"] == BO
        found += page["reminders"]
        if page["next"] is None:
            return found
        query = {"cursor": page["next"]}


def erase(api: Api) -> dict[str, Any]:
    """Ask once."""
    answer = api("POST", ERASE, by=ADA)
    assert answer.status == 200, answer.body
    return dict(answer.json)


@pytest.mark.parametrize("size", [1, 100])
def test_an_export_holds_everything_about_a_user(api: Api, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    """C8: every shelf, whole values, every line, in pages; nobody else's."""
    monkeypatch.setattr(people_data, "EXPORTED", size)
    found = exported(api)
    assert [each["reminder"]["values"]["name"] for each in found] == ["open", "complete", "deleted", "handed"]
    assert {each["reminder"]["values"]["details"] for each in found} == {SECRET}
    assert {each["reminder"]["task_id"] for each in found} == {"00T-open", "00T-complete", "00T-deleted", "00T-handed"}
    assert [line["event"] for each in found for line in each["history"]] == ["created"] * 4
    assert "kept" not in json.dumps(found)


def test_what_is_erased_is_gone_and_stays_gone(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    """C8: reminders, history, links, the user; sync is off first; done only when nothing under way can write any more."""
    caplog.set_level("INFO")
    first = erase(api)
    assert first == {"erased": 4, "done": False, "again_in": 0}
    assert not api.ledger.users([BO])[BO].syncs
    assert SECRET not in everything(api)
    assert api.ledger.links(["00T-open", "00T-complete", "00T-deleted", "00T-handed"]) == {}
    assert erase(api) == {"erased": 0, "done": False, "again_in": 300}
    api.clock.forward(timedelta(minutes=5))
    assert erase(api) == {"erased": 0, "done": True, "again_in": None}
    assert erase(api) == {"erased": 0, "done": True, "again_in": None}
    assert BO not in everything(api)
    assert api("GET", EXPORT, by=ADA).status == 404
    assert "kept" in everything(api)
    log = "".join(f"{vars(record)}" for record in caplog.records)
    assert (SECRET in log, BO in log, ADA in log) == (False, False, True)


def test_a_write_that_was_under_way_is_erased_by_the_next_call(api: Api) -> None:
    """C8, M11: a pull that had read the switch imports once more; that is what the five minutes are for."""
    [late] = api.ledger.page(CY, whole_shelf(Shelf.OPEN), None, 1).reminders
    erase(api)
    assert api.ledger.save(
        [Record(reminder=replace(late, id="late", version=0, values=replace(late.values, assignee=BO)))]
    )[0]
    assert erase(api) == {"erased": 1, "done": False, "again_in": 0}


def test_a_reminder_given_away_meanwhile_is_not_erased(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """C8, Never: it is somebody else's now, with its history."""
    page = api.ledger.page

    def late(*arguments: Any) -> Any:
        found = page(*arguments)
        for each in found.reminders:
            moved = replace(each, values=replace(each.values, assignee=CY))
            assert api.ledger.save([Record(reminder=moved)])[0]
        return found

    monkeypatch.setattr(api.ledger, "page", late)
    assert erase(api)["erased"] == 0
    monkeypatch.undo()
    assert len(api.ledger.page(CY, whole_shelf(Shelf.OPEN), None, 9).reminders) == 2
    assert everything(api).count(SECRET) == 4


def test_a_crash_in_the_middle_is_gone_on_from(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """C8: emptied but not removed, a reminder still says whose it is."""

    def crash(_: object) -> Any:
        raise RuntimeError

    monkeypatch.setattr(api.ledger, "erase", crash)
    assert api("POST", ERASE, by=ADA).status == 500
    assert "divorced" not in json.dumps([each["reminder"] for each in exported(api)])
    monkeypatch.undo()
    assert erase(api)["erased"] == 4
    assert exported(api) == []


@pytest.mark.parametrize(("method", "path"), [("GET", EXPORT), ("POST", ERASE)])
def test_only_administrators_may(api: Api, method: str, path: str) -> None:
    """C7, C8: not even the person themselves."""
    assert {api(method, path, by=each).status for each in (BO, CY)} == {403}
    assert everything(api).count(SECRET) == 4


def test_an_administrator_cannot_erase_the_ground_they_stand_on(api: Api) -> None:
    """C8: the very next request would make the record again."""
    assert api("POST", f"/api/users/{ADA}/erase", by=ADA).status == 422


@pytest.mark.parametrize("cursor", ["nowhere", "open/ä#", "/"])
def test_a_cursor_that_is_none_is_no_fault_of_ours(api: Api, cursor: str) -> None:
    """C5: refused or answered, never a 500."""
    assert api("GET", EXPORT, by=ADA, query={"cursor": cursor}).status in {200, 422}


@pytest.mark.parametrize("user_id", ["0", "005", "00Q000000000001AAA", BO + "x"])
def test_what_is_no_users_id_is_not_told_to_be_erased(api: Api, user_id: str) -> None:
    """C8: an administrator who mistypes must not read "done"."""
    answer = api("POST", f"/api/users/{user_id}/erase", by=ADA)
    assert (answer.status, answer.json["error"]["field"]) == (422, "user_id")
