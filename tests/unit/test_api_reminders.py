"""The API of reminders: what is stored, what is refused, and who may see what."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from unittest.mock import Mock

import pytest
from fakes.memory_ledger import MemoryLedger
from fakes.people import ADA, BO, CY, NOW, Answer, Api, sync_on

from reminders.core.reminder import Record, Side, Tombstone, Trouble


@pytest.fixture
def api() -> Api:
    """Give a client of an API on an empty ledger."""
    return Api()


def make(api: Api, *, by: str = BO, **values: Any) -> dict[str, Any]:
    """Create a reminder and give it as the API tells it."""
    answer = api("POST", "/api/reminders", {"name": "Call Nina", **values}, by=by)
    assert answer.status == 201, answer.body
    return dict(answer.json)


def patch(api: Api, reminder: dict[str, Any], changes: object, *, by: str = BO) -> Answer:
    """Change a reminder on the version that is in hand."""
    headers = {"If-Match": f'"{reminder["version"]}"'}
    return api("PATCH", f"/api/reminders/{reminder['id']}", changes, by=by, headers=headers)


def remodel(api: Api, reminder: dict[str, Any], **changes: Any) -> None:
    """Have the sync change the stored reminder behind everybody's back."""
    (stored,) = api.ledger.reminders([reminder["id"]]).values()
    assert api.ledger.save([Record(reminder=replace(stored, **changes))])[0]


def names(api: Api, view: str, **query: str) -> list[str]:
    """Give the names in a view of Bo's."""
    return [item["name"] for item in api("GET", "/api/reminders", query={"view": view, **query}).json["items"]]


def test_a_created_reminder_is_yours_stays_local_and_can_be_read(api: Api) -> None:
    """S1, S2, C1: sync is off by default, so nothing goes to Salesforce and the page says why."""
    made = make(api, due="2026-11-23", details="two\nlines", type="Call")
    assert made["assignee"] == made["created_by"] == BO
    assert (made["sync_state"], made["task_id"], made["task_url"]) == ("not synced", None, None)
    read = api("GET", f"/api/reminders/{made['id']}")
    assert (read.status, read.json, read.headers["etag"]) == (200, made, '"1"')
    assert (read.json["due"], read.json["details"], read.json["type"]) == ("2026-11-23", "two\nlines", "Call")


def test_a_reminder_of_somebody_who_syncs_is_on_its_way(api: Api) -> None:
    """O1, S2: the write that creates it rings for the push, whoever created it."""
    sync_on(api, CY)
    made = make(api, assignee=CY)
    assert made["sync_state"] == "waiting"
    assert isinstance(api.ledger, MemoryLedger)
    assert api.ledger.rung == [made["id"]]


def test_a_create_sent_again_makes_no_second_one(api: Api) -> None:
    """Never two: a client that lost the answer repeats the request, and another user's same key is another reminder."""
    sent = [api("POST", "/api/reminders", {"name": "Once"}, headers={"Idempotency-Key": "k-1"}) for _ in range(2)]
    other = api("POST", "/api/reminders", {"name": "Once"}, headers={"Idempotency-Key": "k-1"}, by=CY)
    assert [item.status for item in [*sent, other]] == [201, 200, 201]
    assert sent[0].json == sent[1].json
    assert other.json["id"] != sent[0].json["id"]
    assert names(api, "no-date") == ["Once"]


def test_a_create_that_lost_the_race_against_its_twin_answers_with_the_winner(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Never two, at the same instant: both read nothing, one write is refused by the ledger."""
    first = api("POST", "/api/reminders", {"name": "Once"}, headers={"Idempotency-Key": "k"})
    reads = iter([{}, api.ledger.reminders([first.json["id"]])])
    monkeypatch.setattr(api.ledger, "reminders", lambda _: next(reads))
    second = api("POST", "/api/reminders", {"name": "Once"}, headers={"Idempotency-Key": "k"})
    assert (second.status, second.json) == (200, first.json)


def test_absent_stays_and_null_clears(api: Api) -> None:
    """F7: a PATCH that cannot tell them apart would clear what it does not mention."""
    made = make(api, due="2026-11-23", details="keep me", person="00Q000000000001AAA")
    changed = patch(api, made, {"due": None, "priority": "High"})
    assert changed.status == 200
    assert (changed.json["due"], changed.json["priority"]) == (None, "High")
    assert (changed.json["details"], changed.json["person"]) == ("keep me", "00Q000000000001AAA")
    assert changed.headers["etag"] == '"2"'


def test_a_patch_that_changes_nothing_costs_no_write(api: Api) -> None:
    """M7: a form saved unchanged must not make everybody else's copy stale."""
    made = make(api)
    assert patch(api, made, {"name": " Call Nina "}).json["version"] == 1


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_a_write_without_a_version_is_refused(api: Api, method: str) -> None:
    """C5: 428, so that no client can overwrite what it has not seen by leaving the header out."""
    made = make(api)
    body = {"name": "Other"} if method == "PATCH" else None
    assert api(method, f"/api/reminders/{made['id']}", body).status == 428
    assert api("GET", f"/api/reminders/{made['id']}").json == made


@pytest.mark.parametrize("wrong", ["1", "*", 'W/"1"', '"one"', '"1", "2"', '""', '"-1"', '"١"', f'"{"9" * 400}"'])
def test_an_if_match_that_is_no_etag_of_ours_is_malformed(api: Api, wrong: str) -> None:
    """C5: taking `*` or a list would again overwrite what was not seen."""
    made = make(api)
    answer = api("PATCH", f"/api/reminders/{made['id']}", {"name": "Other"}, headers={"If-Match": wrong})
    assert (answer.status, answer.json["error"]["field"]) == (400, "If-Match")


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_a_stale_write_is_refused_with_what_is_there_now(api: Api, method: str) -> None:
    """C5: 412 with the current reminder, so that the person can decide."""
    made = make(api)
    newer = patch(api, made, {"name": "Newer"}).json
    body = {"name": "Older"} if method == "PATCH" else None
    answer = api(method, f"/api/reminders/{made['id']}", body, headers={"If-Match": '"1"'})
    assert (answer.status, answer.headers["etag"]) == (412, '"2"')
    assert answer.json["error"]["code"] == "stale"
    assert answer.json["current"] == newer


def test_a_write_that_loses_the_race_after_its_check_is_stale_too(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """M11: the version is checked by the write itself, not only by the read before it."""
    made = make(api)
    save = api.ledger.save

    def beaten(records: Any) -> Any:
        monkeypatch.setattr(api.ledger, "save", save)
        remodel(api, made, attempts=1)
        return save(records)

    monkeypatch.setattr(api.ledger, "save", beaten)
    answer = patch(api, made, {"name": "Mine"})
    assert (answer.status, answer.json["current"]["version"], answer.json["current"]["name"]) == (412, 2, "Call Nina")


def test_a_deleted_reminder_is_shown_as_deleted_and_refuses_edits(api: Api) -> None:
    """M4, M5: deleted is not gone, and an edit of it would be lost."""
    made = make(api, due="2026-11-22")
    gone = api("DELETE", f"/api/reminders/{made['id']}", headers={"If-Match": '"1"'})
    assert (gone.status, gone.json["deleted"]["side"]) == (200, "here")
    assert (names(api, "today"), names(api, "deleted")) == ([], ["Call Nina"])
    assert patch(api, gone.json, {"name": "Other"}).json["error"] == {
        "code": "refused",
        "message": "This reminder is deleted; restore it first.",
        "field": "id",
    }


def test_a_delete_can_be_taken_back_on_the_version_that_was_seen(api: Api) -> None:
    """M5, C1: back on its list at once; a stale restore is refused."""
    made = make(api, due="2026-11-22")
    api("DELETE", f"/api/reminders/{made['id']}", headers={"If-Match": '"1"'})
    path = f"/api/reminders/{made['id']}/restore"
    assert api("POST", path, headers={"If-Match": '"1"'}).status == 412
    assert api("POST", path).status == 428
    back = api("POST", path, headers={"If-Match": '"2"'})
    assert (back.status, back.json["deleted"]) == (200, None)
    assert names(api, "today") == ["Call Nina"]


def test_today_is_the_users_own_day(api: Api) -> None:
    """S5: at 06:00 UTC on the 22nd it is still the 21st in Los Angeles (Bo) and the 22nd in Shanghai (Cy)."""
    api.clock.forward(datetime(2026, 11, 22, 6, 0, tzinfo=UTC) - NOW)
    for day in (20, 21, 22, 23):
        make(api, name=f"Bo {day}", due=f"2026-11-{day}")
    assert names(api, "today") == ["Bo 21", "Bo 22"]
    assert names(api, "overdue") == ["Bo 20"]
    assert names(api, "upcoming") == ["Bo 23"]
    assert api("GET", "/api/me").json["today"] == "2026-11-21"
    assert api("GET", "/api/me", by=CY).json["today"] == "2026-11-22"


def test_a_list_says_when_it_is_cut(api: Api) -> None:
    """S5: a list silently cut would hide what is due."""
    for number in range(3):
        make(api, name=f"n{number}", due=f"2026-11-2{number + 2}")
    cut = api("GET", "/api/reminders", query={"view": "open", "limit": "2"}).json
    whole = api("GET", "/api/reminders", query={"view": "open", "limit": "3"}).json
    assert ([item["name"] for item in cut["items"]], cut["truncated"]) == (["n0", "n1"], True)
    assert (len(whole["items"]), whole["truncated"]) == (3, False)


def test_a_list_that_did_not_change_is_not_sent_again(api: Api) -> None:
    """Watching must cost little: 304 until something in the list changes, through proxies that weaken ETags too."""
    made = make(api, due="2026-11-22")
    first = api("GET", "/api/reminders")
    for etag in (first.headers["etag"], f'"x", W/{first.headers["etag"]}'):
        again = api("GET", "/api/reminders", headers={"If-None-Match": etag})
        assert (again.status, again.body) == (304, "")
    patch(api, made, {"name": "Other"})
    assert api("GET", "/api/reminders", headers={"If-None-Match": first.headers["etag"]}).status == 200


def test_one_that_did_not_change_is_not_sent_again_nor_its_history_read(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is open is looked at every two seconds: 304 until its version moves on, for one read."""
    made = make(api)
    first = api("GET", f"/api/reminders/{made['id']}")
    patch(api, made, {"name": "Other"})
    second = api("GET", f"/api/reminders/{made['id']}", headers={"If-None-Match": first.headers["etag"]})
    assert (second.status, second.json["name"]) == (200, "Other")
    monkeypatch.setattr(api.ledger, "history", lambda _: pytest.fail("the history was read"))
    again = api("GET", f"/api/reminders/{made['id']}", headers={"If-None-Match": second.headers["etag"]})
    assert (again.status, again.body) == (304, "")


def test_a_list_carries_an_excerpt_and_not_the_details(api: Api) -> None:
    """A thousand reminders with 32,000 characters each would not fit into one answer of Lambda."""
    make(api, details="d" * 32_000)
    (item,) = api("GET", "/api/reminders", query={"view": "open"}).json["items"]
    assert item["excerpt"] == "d" * 140
    assert "details" not in item


@pytest.mark.parametrize("path", ["", "/history"])
def test_a_reminder_of_others_is_not_there(api: Api, path: str) -> None:
    """C7: the same answer as for an id that does not exist, so that nobody can probe."""
    made = make(api)
    hidden = api("GET", f"/api/reminders/{made['id']}{path}", by=CY)
    unknown = api("GET", f"/api/reminders/0b1cf3bb-6e4e-4b7e-9e4b-0f5a3bdc0001{path}", by=CY)
    assert (hidden.status, hidden.json) == (unknown.status, unknown.json) == (404, hidden.json)
    assert api("GET", f"/api/reminders/{made['id']}{path}", by=ADA).status == 200


@pytest.mark.parametrize("odd", ["x" * 3000, "%00", "a b", "..", "😀"])
def test_an_id_that_cannot_be_one_is_not_asked_for(api: Api, odd: str) -> None:
    """A key that the store refuses would be a 500."""
    assert api("GET", f"/api/reminders/{odd}").status == 404


def test_nobody_changes_a_reminder_of_others(api: Api) -> None:
    """C7: neither edit, delete nor sync, with the right version in hand."""
    made = make(api)
    headers = {"If-Match": '"1"'}
    assert patch(api, made, {"name": "Mine now"}, by=CY).status == 404
    assert api("DELETE", f"/api/reminders/{made['id']}", by=CY, headers=headers).status == 404
    assert api("POST", f"/api/reminders/{made['id']}/sync", by=CY).status == 404
    assert api("GET", f"/api/reminders/{made['id']}").json == made


def test_who_assigned_it_still_sees_it_and_its_owner_too(api: Api) -> None:
    """C7: users see and change what they own or assigned."""
    made = make(api, assignee=CY)
    assert api("GET", f"/api/reminders/{made['id']}").status == 200
    assert patch(api, made, {"status": "Complete"}, by=CY).json["status"] == "Complete"
    assert names(api, "open") == []


def test_only_administrators_list_for_others(api: Api) -> None:
    """C7: a list of somebody else is theirs."""
    make(api)
    assert api("GET", "/api/reminders", query={"view": "open", "assignee": BO}, by=CY).status == 403
    seen = api("GET", "/api/reminders", query={"view": "open", "assignee": BO}, by=ADA)
    assert [item["name"] for item in seen.json["items"]] == ["Call Nina"]


@pytest.mark.parametrize("method", ["POST", "PATCH"])
@pytest.mark.parametrize("nobody", ["005000000000009AAA", "00G000000000001AAA", "x", "005' OR Name != ''"])
def test_an_assignee_must_be_an_active_user_of_the_org(api: Api, method: str, nobody: str) -> None:
    """F6: a reminder of nobody would be in no list; and only what looks like an id is ever asked of the org."""
    made = make(api)
    answer = (
        patch(api, made, {"assignee": nobody})
        if method == "PATCH"
        else api("POST", "/api/reminders", {"name": "x", "assignee": nobody})
    )
    assert (answer.status, answer.json["error"]["field"]) == (422, "assignee")
    assert all(item.startswith("005") and len(item) == 18 for asked in api.org.asked for item in asked)


def test_an_inactive_user_cannot_be_assigned(api: Api) -> None:
    """F6: Salesforce refuses an inactive owner for good, so the edit is refused at once."""
    api.org.directory[CY] = replace(api.org.directory[CY], active=False)
    assert api("POST", "/api/reminders", {"name": "x", "assignee": CY}).json["error"]["field"] == "assignee"


def test_sync_this_one_is_the_owners_choice_while_syncing(api: Api) -> None:
    """S2: refused while sync is off (it would wait for nothing), refused to others, and pressed twice it is once."""
    made = make(api, assignee=CY)
    path = f"/api/reminders/{made['id']}/sync"
    assert api("POST", path, by=BO).status == 403
    assert api("POST", path, by=CY).json["error"]["field"] == "sync"
    sync_on(api, CY)
    answers = [api("POST", path, by=CY), api("POST", path, by=CY)]
    assert [(item.status, item.json["sync_state"], item.json["version"]) for item in answers] == [
        (200, "waiting", 2)
    ] * 2


def test_an_administrator_may_sync_an_older_reminder_of_somebody(api: Api) -> None:
    """C7: administrators change everything, but what counts is still whether the assignee syncs."""
    made = make(api)
    sync_on(api, BO)
    assert api("POST", f"/api/reminders/{made['id']}/sync", by=ADA).json["sync_state"] == "waiting"


def test_the_history_tells_what_happened(api: Api) -> None:
    """C2: every edit leaves a line, oldest first."""
    made = make(api)
    patch(api, made, {"due": "2026-12-01"})
    lines = api("GET", f"/api/reminders/{made['id']}/history").json["lines"]
    assert [(line["event"], line["rule"]) for line in lines] == [("created", "S2"), ("edited", "C1")]


def test_the_sync_state_comes_with_its_reason_and_a_link(api: Api) -> None:
    """C1: a problem shows Salesforce's own words and code, and the task can be opened."""
    made = make(api, person="00Q000000000001AAA")
    trouble = Trouble(code="FIELD_CUSTOM_VALIDATION_EXCEPTION", message="Needs an opportunity", since=NOW)
    remodel(api, made, sponsor=BO, trouble=trouble, task_id="00T000000000001EAA")
    seen = api("GET", f"/api/reminders/{made['id']}").json
    assert seen["sync_state"] == "problem"
    assert seen["sync_reason"] == "Needs an opportunity (FIELD_CUSTOM_VALIDATION_EXCEPTION)"
    assert seen["problem"] == "FIELD_CUSTOM_VALIDATION_EXCEPTION"
    assert seen["task_url"] == "https://acme.my.salesforce.test/lightning/r/Task/00T000000000001EAA/view"
    assert seen["person_url"] == "https://acme.my.salesforce.test/lightning/r/Lead/00Q000000000001AAA/view"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": None}, "name"),
        ({"name": 7}, "name"),
        ({"name": "x" * 256}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"name": "x", "details": "d" * 32_001}, "details"),
        ({"name": "x", "details": "\u0000"}, "details"),
        ({"name": "x", "colour": "red"}, "colour"),
        ({"name": "x", "id": "mine"}, "id"),
        ({"name": "x", "due": "2026-02-30"}, "due"),
        ({"name": "x", "due": "2026-11-22T00:00:00Z"}, "due"),
        ({"name": "x", "due": "20261122"}, "due"),
        ({"name": "x", "due": 1795305600}, "due"),
        ({"name": "x", "due": True}, "due"),
        ({"name": "x", "due": "1066-10-14"}, "due"),
        ({"name": "x", "type": "Fax"}, "type"),
        ({"name": "x", "priority": "Low"}, "priority"),
        ({"name": "x", "status": "In Progress"}, "status"),
        ({"name": "x", "person": "Nina"}, "person"),
    ],
)
def test_what_cannot_be_a_reminder_is_refused_by_its_field(api: Api, body: object, field: str) -> None:
    """C5: a clear refusal with the field at fault, and nothing stored."""
    answer = api("POST", "/api/reminders", body)
    assert (answer.status, answer.json["error"]["field"]) == (422, field)
    assert answer.json["error"]["message"].endswith(".")
    assert names(api, "open") == []


@pytest.mark.parametrize("field", ["name", "assignee", "type", "status", "priority"])
def test_what_a_reminder_cannot_be_without_cannot_be_cleared(api: Api, field: str) -> None:
    """F7: null clears, but not these."""
    made = make(api)
    answer = patch(api, made, {field: None})
    assert (answer.status, answer.json["error"]["field"]) == (422, field)


@pytest.mark.parametrize(
    "text",
    [
        "😀 Łukasz 你好",
        "\u05e9\u05dc\u05d5\u05dd \u200fNina",
        "<img src=x onerror=alert(1)>",
        "a\u202eb",
        "'; DROP TABLE--",
    ],
)
def test_text_of_any_language_survives_unharmed(api: Api, text: str) -> None:
    """F1, F5: what people type is what they read, markup included."""
    made = make(api, name=text, details=f"{text}\n{text}")
    assert (made["name"], made["details"]) == (text, f"{text}\n{text}")


def test_bulk_answers_every_item_by_itself(api: Api) -> None:
    """C5: one bad item of a request must not stop the others, and each says its own status."""
    edited, done, gone, old = (make(api, name=name) for name in ("edited", "done", "gone", "old"))
    others = make(api, by=CY, name="of Cy")
    patch(api, old, {"name": "newer"})
    items = [
        {"action": "create", "values": {"name": "new", "due": "2026-11-22"}},
        {"action": "edit", "id": edited["id"], "version": 1, "changes": {"due": "2026-11-23"}},
        {"action": "complete", "id": done["id"], "version": 1},
        {"action": "delete", "id": gone["id"], "version": 1},
        {"action": "edit", "id": old["id"], "version": 1, "changes": {"name": "older"}},
        {"action": "delete", "id": others["id"], "version": 1},
        {"action": "create", "values": {"name": "x" * 300}},
        {"action": "create", "values": {"name": "x", "due": "soon"}},
        {"action": "fly", "id": "x"},
        "nonsense",
        {"action": "complete", "id": done["id"], "version": 1},
    ]
    results = api("POST", "/api/reminders/bulk", {"items": items}).json["results"]
    assert [item["status"] for item in results] == [201, 200, 200, 200, 412, 404, 422, 422, 422, 422, 422]
    assert results[4]["reminder"]["name"] == "newer"
    assert results[6]["error"]["field"] == "name"
    assert results[10]["error"]["code"] == "named_twice"
    assert names(api, "completed") == ["done"]
    assert sorted(names(api, "open")) == ["edited", "new", "newer"]
    assert api("GET", f"/api/reminders/{others['id']}", by=CY).json == others


def test_bulk_sent_again_makes_no_doubles(api: Api) -> None:
    """Never two: each item's key does what the header does for one."""
    items = [{"action": "create", "key": f"k{number}", "values": {"name": f"n{number}"}} for number in range(200)]
    first, second = (api("POST", "/api/reminders/bulk", {"items": items}).json["results"] for _ in range(2))
    assert {item["status"] for item in first} == {201}
    assert {item["status"] for item in second} == {200}
    assert len(names(api, "open")) == 200


@pytest.mark.parametrize("items", [[], [{"action": "complete", "id": "x", "version": 1}] * 201, {"0": 1}, None])
def test_bulk_takes_one_to_two_hundred_items(api: Api, items: object) -> None:
    """C5: bounded, so that one request cannot hold the function for ever."""
    answer = api("POST", "/api/reminders/bulk", {"items": items})
    assert (answer.status, answer.json["error"]["field"]) == (422, "items")


def test_bulk_reads_and_writes_the_ledger_once(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """500 edits must not be 500 reads and 500 writes, one after the other."""
    made = [make(api, name=f"n{number}") for number in range(20)]
    reads, saves = Mock(wraps=api.ledger.reminders), Mock(wraps=api.ledger.save)
    monkeypatch.setattr(api.ledger, "reminders", reads)
    monkeypatch.setattr(api.ledger, "save", saves)
    items = [{"action": "complete", "id": item["id"], "version": 1} for item in made]
    assert api("POST", "/api/reminders/bulk", {"items": items}).status == 200
    assert (reads.call_count, saves.call_count) == (1, 1)


def test_a_reminder_handed_over_is_read_only(api: Api) -> None:
    """F6: it left the list, and an edit of it would go nowhere."""
    made = make(api)
    remodel(api, made, handed_over=True, sponsor=BO)
    answer = patch(api, {**made, "version": 2}, {"name": "Mine"})
    assert (answer.status, answer.json["error"]["code"]) == (422, "refused")
    assert names(api, "open") == []


def test_sync_this_one_that_meets_a_merge_asks_to_try_again(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """M11: without a version in hand there is nothing stale to show, so it is a conflict."""
    made = make(api)
    sync_on(api, BO)
    save = api.ledger.save

    def beaten(records: Any) -> Any:
        monkeypatch.setattr(api.ledger, "save", save)
        remodel(api, made, tombstone=Tombstone(at=NOW, side=Side.HERE))
        return save(records)

    monkeypatch.setattr(api.ledger, "save", beaten)
    assert api("POST", f"/api/reminders/{made['id']}/sync").status == 409
