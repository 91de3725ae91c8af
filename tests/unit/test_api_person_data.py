"""A lead's or contact's data: taken out and erased by an administrator (C8); and what one assigned to others (C1)."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from fakes.people import ADA, BO, CY, NOW, Api, sync_on

from reminders.core.reminder import Record, Side, Tombstone
from reminders.services import person_data

NINA = "003000000000001AAA"
SECRET = "She is getting divorced"
EXPORT, ERASE = f"/api/people/{NINA}/export", f"/api/people/{NINA}/erase"


@pytest.fixture
def api() -> Api:
    """Give a client whose ledger holds two reminders about Nina, Bo's and Cy's, and one about nobody."""
    api = Api()
    for by in (BO, CY):
        sync_on(api, by)
        values = {"name": f"Call {by}", "details": SECRET, "person": NINA, "due": "2026-11-24", "call_reason": SECRET}
        assert api("POST", "/api/reminders", values, by=by).status == 201
    assert api("POST", "/api/reminders", {"name": "kept", "details": "kept"}).status == 201
    return api


def about(api: Api) -> list[dict[str, Any]]:
    """Turn all pages of Nina's export."""
    found: list[dict[str, Any]] = []
    query: dict[str, str] = {}
    while True:
        page = api("GET", EXPORT, by=ADA, query=query).json
        assert page["person"] == NINA
        found += page["reminders"]
        if page["next"] is None:
            return found
        query = {"cursor": page["next"]}


@pytest.mark.parametrize("size", [1, 100])
def test_an_export_holds_everything_about_a_contact(api: Api, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    """C8: every user's, whole, with every line, in pages; nothing about anybody else."""
    monkeypatch.setattr(person_data, "EXPORTED", size)
    found = about(api)
    assert {each["reminder"]["values"]["assignee"] for each in found} == {BO, CY}
    assert [each["reminder"]["values"]["details"] for each in found] == [SECRET, SECRET]
    assert [line["event"] for each in found for line in each["history"]] == ["created", "created"]
    assert "kept" not in json.dumps(found)


@pytest.mark.parametrize("size", [1, 100])
def test_what_is_erased_leaves_the_users_an_empty_reminder(
    api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, size: int
) -> None:
    """C8: no text, no person, no line is left; whose it is, and when it is due, stays theirs."""
    caplog.set_level("INFO")
    monkeypatch.setattr(person_data, "ERASED", size)
    answers = [api("POST", ERASE, by=ADA).json for _ in range(3 if size == 1 else 2)]
    again = [0, 5, None] if size == 1 else [5, None]
    assert [each["again_in"] for each in answers] == again
    assert [each["done"] for each in answers] == [each is None for each in again]
    assert sum(each["erased"] for each in answers) == 2
    assert about(api) == []
    for by in (BO, CY):
        items = api("GET", "/api/reminders", by=by, query={"view": "open"}).json["items"]
        [item] = [each for each in items if each["name"] == "(erased)"]
        whole = api("GET", f"/api/reminders/{item['id']}", by=by).json
        assert (whole["person"], whole["details"], whole["due"], whole["sync_state"]) == (
            None,
            None,
            "2026-11-24",
            "not synced",
        )
        assert api("GET", f"/api/reminders/{item['id']}/history", by=by).json["lines"] == []
    everything = "".join(f"{value}" for name, value in vars(api.ledger).items() if name not in {"_lock", "rung"})
    assert (SECRET in everything, NINA in everything, "kept" in everything) == (False, False, True)
    log = "".join(f"{vars(record)}" for record in caplog.records)
    assert (SECRET in log, NINA in log, ADA in log) == (False, False, True)


def test_a_reminder_changed_meanwhile_is_erased_by_the_next_call(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """C8, M11: what was read is stale; nothing is half erased."""
    read = api.ledger.about

    def late(*arguments: Any) -> Any:
        page = read(*arguments)
        assert all(api.ledger.save([Record(reminder=each) for each in page.reminders]))
        return page

    monkeypatch.setattr(api.ledger, "about", late)
    assert api("POST", ERASE, by=ADA).json == {"erased": 0, "done": False, "again_in": 5}
    monkeypatch.undo()
    assert api("POST", ERASE, by=ADA).json["erased"] == 2


def test_a_crash_before_the_history_is_gone_is_gone_on_from(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """C8: emptied but not freed, a reminder still says whom it is about."""

    def crash(_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(api.ledger, "forget_histories", crash)
    assert api("POST", ERASE, by=ADA).status == 500
    assert SECRET not in json.dumps([each["reminder"] for each in about(api)])
    monkeypatch.undo()
    assert api("POST", ERASE, by=ADA).json["erased"] == 2
    assert about(api) == []


def test_a_delete_that_waits_is_agreed_and_sent_no_more(api: Api) -> None:
    """C8, M5: the erased one expires like any deleted one, and its task stays."""
    first = api.ledger.about(NINA, None, 1).reminders[0]
    waiting = replace(first, tombstone=Tombstone(at=NOW, side=Side.HERE), task_id="00T-1")
    assert api.ledger.save([Record(reminder=waiting, link="00T-1")])[0]
    api("POST", ERASE, by=ADA)
    [erased] = api.ledger.reminders([first.id]).values()
    assert erased.expires == NOW + timedelta(days=45)
    assert (erased.pending, erased.sponsor, erased.task_id) == (False, None, "00T-1")
    assert api.ledger.links(["00T-1"]) == {"00T-1": first.id}


@pytest.mark.parametrize(("method", "path"), [("GET", EXPORT), ("POST", ERASE)])
def test_only_administrators_may(api: Api, method: str, path: str) -> None:
    """C7, C8: whoever has a reminder about somebody may not take out what others have."""
    assert api(method, path).status == 403
    assert len(about(api)) == 2


@pytest.mark.parametrize("person", [BO, "003000000000001", "00T000000000001AAA", "0030000000000%31AAA"])
def test_only_leads_and_contacts_are_people(api: Api, person: str) -> None:
    """C8: a mistyped id is told, and not answered as if there were nothing."""
    assert api("GET", f"/api/people/{person}/export", by=ADA).status == 404
    assert api("POST", f"/api/people/{person}/erase", by=ADA).status == 404


def test_what_one_assigned_to_others_is_a_list_of_ones_own(api: Api) -> None:
    """C1, C7: with any view, of one assignee or all; somebody else's is for administrators."""
    for name, assignee in (("for Cy", CY), ("for Ada", ADA), ("own", BO)):
        api("POST", "/api/reminders", {"name": name, "assignee": assignee})

    def names(**query: str) -> list[str]:
        items = api("GET", "/api/reminders", query={"view": "open", "assigned_by": BO, **query}).json["items"]
        return sorted(each["name"] for each in items)

    assert names() == ["for Ada", "for Cy"]
    assert names(assignee=CY) == ["for Cy"]
    assert names(q="ada") == ["for Ada"]
    assert names(view="completed") == []
    assert api("GET", "/api/reminders", by=CY, query={"assigned_by": BO}).status == 403
    assert api("GET", "/api/reminders", by=ADA, query={"assigned_by": BO, "view": "open"}).json["items"]
