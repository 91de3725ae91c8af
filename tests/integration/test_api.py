"""The API on DynamoDB Local: what the in-memory ledger promises holds over the real engine too, under concurrency."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from fakes.people import ADA, BO, NOW, Api, sync_on

from reminders.core.settings import Import
from reminders.ledger.tables import open_ledger


@pytest.fixture
def api(tables: dict[str, str]) -> Api:
    """Give a client of an API on fresh tables."""
    ledger = open_ledger(
        reminders=tables["reminders"], links=tables["links"], history=tables["history"], state=tables["state"]
    )
    return Api(ledger=ledger)


def test_a_day_of_one_person(api: Api) -> None:
    """C1, S1, S5, C5: create, list, edit, complete, delete, switch, each seen by the next request."""
    made = api("POST", "/api/reminders", {"name": "Call Nina", "due": "2026-11-22", "details": "a\nb"}).json
    other = api("POST", "/api/reminders", {"name": "Later", "due": "2026-12-24"}).json
    assert [item["id"] for item in api("GET", "/api/reminders").json["items"]] == [made["id"]]
    path = f"/api/reminders/{made['id']}"
    assert api("GET", path).json == made
    edited = api("PATCH", path, {"due": None, "details": None}, headers={"If-Match": '"1"'})
    assert (edited.status, edited.json["due"], edited.json["details"]) == (200, None, None)
    assert api("PATCH", path, {"name": "x"}, headers={"If-Match": '"1"'}).status == 412
    assert api("PATCH", path, {"status": "Complete"}, headers={"If-Match": '"2"'}).status == 200
    gone = api("DELETE", f"/api/reminders/{other['id']}", headers={"If-Match": '"1"'})
    assert gone.status == 200
    views = {
        view: api("GET", "/api/reminders", query={"view": view}).json["items"] for view in ("completed", "deleted")
    }
    assert {view: [item["name"] for item in items] for view, items in views.items()} == {
        "completed": ["Call Nina"],
        "deleted": ["Later"],
    }
    assert [line["event"] for line in api("GET", f"{path}/history").json["lines"]] == ["created", "edited", "edited"]


def test_turning_sync_on_is_stored_with_its_wish(api: Api) -> None:
    """S1: the write that the table's stream carries to the poll."""
    etag = api("GET", "/api/settings").headers["etag"]
    assert api("PUT", "/api/settings", {"sync": "Sync with Salesforce tasks"}, headers={"If-Match": etag}).status == 200
    assert api.ledger.users([BO])[BO].first_sync == Import(started=NOW, since=NOW - timedelta(hours=24))


def test_the_org_settings_survive_the_table(api: Api) -> None:
    """S6: numbers, fractions and mappings come back as they went in."""
    wanted = {**api("GET", "/api/settings/org", by=ADA).json, "api_share": 0.1, "poll_minutes": 7}
    wanted["statuses"]["Open"]["also_read"] = ["In Progress"]
    assert api("PUT", "/api/settings/org", wanted, by=ADA, headers={"If-Match": '"0"'}).json == wanted
    assert api("GET", "/api/settings/org", by=ADA).json == wanted


def test_of_many_edits_on_one_version_exactly_one_wins(api: Api) -> None:
    """C5: the conditional write decides, not the order of reads; the losers are told what is there."""
    made = api("POST", "/api/reminders", {"name": "Start"}).json
    others = [Api(ledger=api.ledger) for _ in range(8)]

    def edit(number: int) -> int:
        path, headers = f"/api/reminders/{made['id']}", {"If-Match": '"1"'}
        return others[number]("PATCH", path, {"name": f"By {number}"}, headers=headers).status

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(edit, range(8)))
    assert sorted(statuses) == [200] + [412] * 7
    assert api("GET", f"/api/reminders/{made['id']}").json["version"] == 2


def test_of_many_creates_with_one_key_exactly_one_is_made(api: Api) -> None:
    """Never two: the ledger refuses the id that is taken."""

    def create(_: int) -> tuple[int, str]:
        answer = api("POST", "/api/reminders", {"name": "Once"}, headers={"Idempotency-Key": "k"})
        return answer.status, answer.json["id"]

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(create, range(8)))
    assert sorted(status for status, _ in answers) == [200] * 7 + [201]
    assert len({reminder_id for _, reminder_id in answers}) == 1


def test_two_hundred_at_once(api: Api) -> None:
    """C5: a full bulk request creates, edits and deletes everything, and what waits is what the push will see."""
    sync_on(api, BO)
    create = [{"action": "create", "values": {"name": f"n{number}", "details": "d" * 2000}} for number in range(200)]
    made = [item["reminder"] for item in api("POST", "/api/reminders/bulk", {"items": create}).json["results"]]
    assert {item["sync_state"] for item in made} == {"waiting"}
    change = [
        {"action": "edit", "id": item["id"], "version": item["version"], "changes": {"due": "2026-11-22"}}
        if index % 2
        else {"action": "delete", "id": item["id"], "version": item["version"]}
        for index, item in enumerate(made)
    ]
    results = api("POST", "/api/reminders/bulk", {"items": change}).json["results"]
    assert {item["status"] for item in results} == {200}
    assert len(api("GET", "/api/reminders").json["items"]) == 100
    assert len(api.ledger.waiting(NOW, 500)) == 200
