"""The API of held deletes: administrators look at them, confirm and reject, by group and one by one (M9, C4, C7)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from fakes.memory_ledger import MemoryLedger
from fakes.people import ADA, BO, CY, NOW, Api

from reminders.core.holds import hold
from reminders.core.reminder import Event, Record, Reminder, Side, Tombstone, Values

HELD = "/api/held-deletes"


@pytest.fixture
def api() -> Api:
    """Give a client of an API on an empty ledger, to whom Bo is known."""
    api = Api()
    api("GET", "/api/me")
    return api


def held(api: Api, reminder_id: str, side: Side = Side.SALESFORCE, owner: str = BO, minutes: int = 60) -> Reminder:
    """Store a reminder whose delete on this side has been held for so long."""
    since = NOW - timedelta(minutes=minutes)
    tombstone = Tombstone(at=since, side=Side.HERE) if side is Side.HERE else None
    reminder = Reminder(
        id=reminder_id,
        values=Values(name="Call Nina", assignee=owner),
        created=NOW,
        created_by=owner,
        sponsor=owner,
        task_id=f"00T{reminder_id:0>12}EAA",
        tombstone=tombstone,
        pending=tombstone is not None,
    )
    record = hold(reminder, side, since, since, link=reminder.task_id).record
    assert record
    [stored] = api.ledger.save([record])
    assert stored
    return stored


def group(side: Side = Side.SALESFORCE, user: str = BO) -> dict[str, Any]:
    """Give the body that names a group."""
    return {"group": {"user": user, "side": side}}


def read(api: Api, reminder_id: str) -> Reminder:
    """Read a reminder from the ledger."""
    return api.ledger.reminders([reminder_id])[reminder_id]


def test_what_is_held_is_listed_by_user_and_direction(api: Api) -> None:
    """M9: how many, since when, and which reminders."""
    held(api, "a", minutes=10)
    held(api, "b", minutes=30)
    held(api, "c", Side.HERE)
    held(api, "d", owner=CY)
    answer = api("GET", HELD, by=ADA)
    groups = {(each["user"], each["side"]): each for each in answer.json["groups"]}
    assert set(groups) == {(BO, "salesforce"), (BO, "here"), (CY, "salesforce")}
    first = groups[BO, "salesforce"]
    assert (first["name"], first["count"], first["since"]) == ("Bo Berg", 2, "2026-11-22T08:30:00Z")
    assert [each["id"] for each in first["reminders"]] == ["b", "a"]
    assert first["reminders"][0]["sync_state"] == "problem"
    assert answer.json["truncated"] is False
    assert api("GET", HELD, by=ADA, headers={"If-None-Match": answer.headers["etag"]}).status == 304


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", HELD, None),
        ("POST", f"{HELD}/confirm", group()),
        ("POST", f"{HELD}/reject", group()),
        ("POST", f"{HELD}/confirm", {"ids": ["a"]}),
        ("POST", f"{HELD}/reject", {"ids": ["a"]}),
    ],
)
def test_only_administrators_decide(api: Api, method: str, path: str, body: object) -> None:
    """M9, C7: not even the owner of the reminders."""
    stored = held(api, "a")
    assert api(method, path, body, by=BO).status == 403
    assert read(api, "a") == stored


@pytest.mark.parametrize("side", list(Side))
def test_a_confirmed_group_wakes_the_push(api: Api, side: Side) -> None:
    """M9, O1: each is read again by the push, which the ledger's stream wakes; other groups stay held."""
    for each in ("a", "b"):
        held(api, each, side)
    other = held(api, "c", side, CY)
    answer = api("POST", f"{HELD}/confirm", group(side), by=ADA)
    assert [(each["id"], each["status"]) for each in answer.json["results"]] == [("a", 200), ("b", 200)]
    assert answer.json["left"] == 0
    assert answer.json["results"][0]["reminder"]["sync_state"] == "waiting"
    assert isinstance(api.ledger, MemoryLedger)
    assert api.ledger.rung == ["a", "b"]
    assert read(api, "c") == other
    [line] = [line for line in api.ledger.history("a") if line.event is Event.CONFIRMED]
    assert line.words == "The held delete was confirmed by Ada Admin."
    assert api("POST", f"{HELD}/confirm", group(side), by=ADA).json == {"results": [], "left": 0}


def test_rejected_there_the_reminder_is_not_synced(api: Api) -> None:
    """M9: it stays, and its task belongs to nobody."""
    stored = held(api, "a")
    [result] = api("POST", f"{HELD}/reject", {"ids": ["a"]}, by=ADA).json["results"]
    assert (result["status"], result["reminder"]["sync_state"], result["reminder"]["deleted"]) == (
        200,
        "not synced",
        None,
    )
    assert api.ledger.links([stored.task_id or ""]) == {}


def test_rejected_here_the_reminder_is_back(api: Api) -> None:
    """M9: and its task stays linked."""
    stored = held(api, "a", Side.HERE)
    [result] = api("POST", f"{HELD}/reject", {"ids": ["a"]}, by=ADA).json["results"]
    assert (result["status"], result["reminder"]["deleted"]) == (200, None)
    assert api.ledger.links([stored.task_id or ""]) == {stored.task_id: "a"}


def test_each_is_decided_by_itself_in_the_order_asked(api: Api) -> None:
    """M9, C5: unknown, not held, named twice: none of them stops another; decided twice is told, and changes nothing."""
    held(api, "a")
    free = replace(held(api, "b"), held=None, trouble=None)
    api.ledger.save([Record(reminder=free)])
    answer = api("POST", f"{HELD}/confirm", {"ids": ["x", "b", "a", "a"]}, by=ADA)
    assert [(each["id"], each["status"]) for each in answer.json["results"]] == [("x", 404), ("b", 409), ("a", 200)]
    assert answer.json["results"][1]["error"]["code"] == "not_held"
    assert answer.json["results"][1]["reminder"]["id"] == "b"
    confirmed = read(api, "a")
    for verb in ("confirm", "reject"):
        [again] = api("POST", f"{HELD}/{verb}", {"ids": ["a"]}, by=ADA).json["results"]
        assert (again["status"], again["error"]["code"]) == (409, "not_held")
    assert read(api, "a") == confirmed


def test_what_changed_at_the_same_moment_is_not_decided(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """M9, M11: the administrator looked at something else."""
    stored = held(api, "a")
    real = api.ledger.reminders
    monkeypatch.setattr(
        api.ledger, "reminders", lambda ids: {key: replace(each, version=7) for key, each in real(ids).items()}
    )
    [result] = api("POST", f"{HELD}/confirm", {"ids": ["a"]}, by=ADA).json["results"]
    monkeypatch.undo()
    assert (result["status"], result["error"]["code"]) == (409, "conflict")
    assert read(api, "a") == stored


def test_one_request_decides_two_hundred_and_tells_what_is_left(api: Api) -> None:
    """M9, Never: repeated, it goes on."""
    for number in range(230):
        held(api, f"r{number}")
    first = api("POST", f"{HELD}/confirm", group(), by=ADA).json
    assert (len(first["results"]), first["left"]) == (200, 30)
    second = api("POST", f"{HELD}/confirm", group(), by=ADA).json
    assert (len(second["results"]), second["left"]) == (30, 0)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"ids": []},
        {"ids": ["a"], **group()},
        {"ids": ["a"] * 201},
        {"ids": [1]},
        {"group": {"user": BO}},
        {"group": {"user": BO, "side": "both"}},
        {"everything": True},
    ],
)
def test_a_choice_is_a_group_or_ids(api: Api, body: object) -> None:
    """M9, C5: nothing is decided by a body that says neither, or both."""
    held(api, "a")
    assert api("POST", f"{HELD}/reject", body, by=ADA).status == 422
    assert read(api, "a").held


def test_diagnostics_shows_a_group_as_one_cause(api: Api) -> None:
    """M9, C4: one per user and direction, with what to do; its Retry does nothing."""
    for number in range(3):
        held(api, f"a{number}")
    held(api, "b", Side.HERE)
    held(api, "c", owner=CY)
    causes = api("GET", "/api/problems", by=ADA).json["causes"]
    assert [(cause["code"], cause["category"], cause["count"]) for cause in causes] == [
        ("MASS_DELETE_HELD", "other", count) for count in (3, 1, 1)
    ]
    assert "administrator" in causes[0]["remedy"]
    assert "Deleted in Salesforce" in causes[0]["message"]
    own = api("GET", "/api/problems").json["causes"]
    assert [cause["count"] for cause in own] == [3, 1]
    before = read(api, "b")
    assert api("POST", "/api/problems/MASS_DELETE_HELD/retry", by=ADA).json == {"retried": 0}
    assert api("POST", "/api/reminders/b/retry").status == 200
    assert read(api, "b") == before
