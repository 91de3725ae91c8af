"""Single records over REST: what may be written, by whom, and what each refusal looks like."""

# ruff: noqa: S608 - SOQL to an emulated org, of the test's own ids

from __future__ import annotations

import pytest
from unit.org.conftest import HOST, Ask

from infra.local.org.clock import MovableClock
from infra.local.org.schema import EXTERNAL_ID
from infra.local.org.state import User
from infra.local.org.world import Org

TEN = "Sun, 22 Nov 2026 10:00:00 GMT"
BEFORE = "Sun, 22 Nov 2026 09:59:59 GMT"


def error(response: object) -> tuple[int, str]:
    """Status and code of a refusal; its body must be Salesforce's list."""
    status, body = response.status_code, response.json()  # type: ignore[attr-defined]  # a requests.Response
    assert isinstance(body, list)
    return status, body[0]["errorCode"]


def test_versions_need_no_sign_in_and_count_nothing(org: Org, session: object) -> None:
    """Clients read the clock from here for free: 41.0 to 68.0, with a Date and no api-usage."""
    answer = session.get(f"{HOST}/services/data/")  # type: ignore[attr-defined]  # a requests.Session
    versions = {each["version"]: each["label"] for each in answer.json()}
    assert versions["66.0"] == "Spring '26"
    assert versions["68.0"] == "Winter '27"
    assert len(versions) == 28
    assert answer.headers["Date"] == TEN
    assert "Sforce-Limit-Info" not in answer.headers
    assert org.calls.used(org.state.second()) == 0


@pytest.mark.parametrize(
    ("version", "status"), [("v40.0", 410), ("v41.0", 200), ("v68.0", 200), ("v69.0", 404), ("vX", 404)]
)
def test_old_versions_are_gone_and_future_ones_do_not_exist(ask: Ask, version: str, status: int) -> None:
    """A retired version is 410, not an answer."""
    assert ask("GET", f"{HOST}/services/data/{version}/limits").status_code == status


def test_without_a_token_nothing(session: object, ask: Ask, org: Org) -> None:
    """Missing, unknown and ended sessions are 401 INVALID_SESSION_ID as a list, and count nothing."""
    url = f"{HOST}/services/data/v66.0/limits"
    assert error(session.get(url)) == (401, "INVALID_SESSION_ID")  # type: ignore[attr-defined]  # a requests.Session
    assert ask("GET", "limits").status_code == 200
    org.end_sessions()
    assert error(ask("GET", "limits")) == (401, "INVALID_SESSION_ID")
    assert org.calls.used(org.state.second()) == 1


def test_a_session_ends_after_two_hours_without_use(ask: Ask, clock: MovableClock) -> None:
    """Long-lived clients must sign in again."""
    assert ask("GET", "limits").status_code == 200
    clock.advance(2 * 3600 - 1)
    assert ask("GET", "limits").status_code == 200
    clock.advance(2 * 3600 + 1)
    assert ask("GET", "limits").status_code == 401


def test_create_read_change_delete(ask: Ask, ann: User, clock: MovableClock) -> None:
    """The life of a task over REST, with its stamps."""
    made = ask("POST", "sobjects/Task/", user=ann, json={"subject": "Call", "ActivityDate": "2026-11-30"})
    assert made.status_code == 201
    key = made.json()["id"]
    assert made.json() == {"id": key, "success": True, "errors": []}
    clock.advance(5)
    assert ask("PATCH", f"sobjects/Task/{key[:15]}", json={"Subject": "Call back"}).status_code == 204
    read = ask(
        "GET", f"sobjects/task/{key}", user=ann, params={"fields": "Subject,ActivityDate,LastModifiedDate"}
    ).json()
    assert read["attributes"] == {"type": "Task", "url": f"/services/data/v66.0/sobjects/Task/{key}"}
    assert (read["Subject"], read["ActivityDate"]) == ("Call back", "2026-11-30")
    assert read["LastModifiedDate"] == "2026-11-22T10:00:05.000+0000"
    assert ask("DELETE", f"sobjects/Task/{key}", user=ann).status_code == 204
    for method in ("GET", "PATCH", "DELETE"):
        assert error(ask(method, f"sobjects/Task/{key}", json={})) == (404, "ENTITY_IS_DELETED")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"Nonsense": 1}, "INVALID_FIELD"),
        ({"Id": "00T000000000001"}, "INVALID_FIELD"),
        ({"IsClosed": True}, "INVALID_FIELD_FOR_INSERT_UPDATE"),
        ({"CompletedDateTime": "2026-11-22T10:00:00Z"}, "INVALID_FIELD_FOR_INSERT_UPDATE"),
        ({"WhoCount": 1}, "INVALID_FIELD"),
        ({"Subject": "x" * 256}, "STRING_TOO_LONG"),
        ({"Subject": "😀" * 128}, "STRING_TOO_LONG"),
        ({"Description": "\n" * 16_001}, "STRING_TOO_LONG"),
        ({"ActivityDate": "2026-02-30"}, "JSON_PARSER_ERROR"),
        ({"ActivityDate": 5}, "JSON_PARSER_ERROR"),
        ({"IsReminderSet": "perhaps"}, "JSON_PARSER_ERROR"),
        ({"Subject": {"a": 1}}, "JSON_PARSER_ERROR"),
        ({"OwnerId": "nonsense"}, "MALFORMED_ID"),
        ({"OwnerId": "001000000000001"}, "MALFORMED_ID"),
        ({"WhoId": "003000000000001"}, "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY"),
        ({"TaskSubtype": "Fax"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
        ({"Status": None}, "REQUIRED_FIELD_MISSING"),
    ],
)
def test_what_cannot_be_created(ask: Ask, org: Org, body: dict[str, object], code: str) -> None:
    """Each wrong value has Salesforce's own code, and leaves nothing behind."""
    assert error(ask("POST", "sobjects/Task", json=body)) == (400, code)
    assert org.tasks() == []


def test_limits_of_length_are_inclusive(ask: Ask) -> None:
    """255 and 32,000 still fit, a line break counting two."""
    body = {"Subject": "x" * 255, "Description": "\n" * 15_999 + "ab"}
    assert ask("POST", "sobjects/Task", json=body).status_code == 201


@pytest.mark.parametrize("name", ["TaskSubtype", "IsRecurrence", "IsClosed", "AccountId", "SystemModstamp"])
def test_what_cannot_be_changed(ask: Ask, org: Org, ann: User, name: str) -> None:
    """Create-only and derived fields are refused on update."""
    key = org.create_task(ann.id, Subject="a")
    assert error(ask("PATCH", f"sobjects/Task/{key}", json={name: None})) == (400, "INVALID_FIELD_FOR_INSERT_UPDATE")


@pytest.mark.parametrize(
    ("method", "path", "refusal"),
    [
        ("GET", "sobjects/Nonsense/00T000000000001", (404, "NOT_FOUND")),
        ("GET", "sobjects/Task/00T000000000001", (404, "NOT_FOUND")),
        ("GET", "sobjects/Task/xyz", (400, "MALFORMED_ID")),
        ("PATCH", "sobjects/Task/003000000000001", (404, "NOT_FOUND")),
        ("PUT", "sobjects/Task/00T000000000001", (405, "METHOD_NOT_ALLOWED")),
        ("GET", "nonsense", (404, "NOT_FOUND")),
        ("POST", "sobjects/User", (400, "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY")),
    ],
)
def test_wrong_addresses(ask: Ask, method: str, path: str, refusal: tuple[int, str]) -> None:
    """What is not there is Salesforce's error, never a guess."""
    assert error(ask(method, path, json={})) == refusal


def test_a_body_that_is_no_json(ask: Ask) -> None:
    """JSON_PARSER_ERROR."""
    assert error(ask("POST", "sobjects/Task", data=b"{not json")) == (400, "JSON_PARSER_ERROR")
    assert error(ask("POST", "sobjects/Task", json=[])) == (400, "JSON_PARSER_ERROR")


def test_doubled_slashes_and_method_override(ask: Ask, org: Org, ann: User) -> None:
    """Clients differ in how they write addresses, and some can only POST."""
    key = org.create_task(ann.id, Subject="a")
    answer = ask("POST", f"sobjects//Task/{key}/", params={"_HttpMethod": "PATCH"}, json={"Subject": "b"})
    assert answer.status_code == 204
    assert org.task(key)["Subject"] == "b"


class TestConditional:
    """If-Unmodified-Since and If-Modified-Since, in whole seconds of LastModifiedDate."""

    @pytest.mark.parametrize(("limit", "status"), [(TEN, 204), (BEFORE, 412), ("yesterday", 400)])
    def test_change(self, ask: Ask, org: Org, ann: User, limit: str, status: int) -> None:
        """A task modified later than the header says is not changed; what is no HTTP date is an error."""
        key = org.create_task(ann.id, Subject="old")
        answer = ask("PATCH", f"sobjects/Task/{key}", json={"Subject": "new"}, headers={"If-Unmodified-Since": limit})
        assert answer.status_code == status
        assert org.task(key)["Subject"] == ("new" if status == 204 else "old")

    def test_two_writes_in_one_second_are_not_told_apart(self, ask: Ask, org: Org, ann: User) -> None:
        """The platform's blind spot, which the sync must live with."""
        key = org.create_task(ann.id, Subject="old")
        org.update_task(ann.id, key, Subject="theirs")
        answer = ask("PATCH", f"sobjects/Task/{key}", json={"Subject": "ours"}, headers={"If-Unmodified-Since": TEN})
        assert answer.status_code == 204

    def test_not_on_delete(self, ask: Ask, org: Org, ann: User) -> None:
        """DELETE has no precondition."""
        key = org.create_task(ann.id, Subject="old")
        answer = ask("DELETE", f"sobjects/Task/{key}", headers={"If-Unmodified-Since": BEFORE})
        assert answer.status_code == 204

    @pytest.mark.parametrize(("since", "status"), [(TEN, 304), (BEFORE, 200)])
    def test_read(self, ask: Ask, org: Org, ann: User, since: str, status: int) -> None:
        """304 when nothing is newer."""
        key = org.create_task(ann.id, Subject="a")
        assert ask("GET", f"sobjects/Task/{key}", headers={"If-Modified-Since": since}).status_code == status


class TestSharing:
    """Tasks are their owner's; View All Data and queues widen that; the external id is the integration user's."""

    def test_others_tasks_do_not_exist(self, ask: Ask, org: Org, ann: User, bob: User) -> None:
        """404 for read, change and delete alike."""
        key = org.create_task(ann.id, Subject="Ann's")
        for method in ("GET", "PATCH", "DELETE"):
            assert error(ask(method, f"sobjects/Task/{key}", user=bob, json={})) == (404, "NOT_FOUND")
        assert ask("GET", f"sobjects/Task/{key}").status_code == 200

    def test_handing_over_loses_sight(self, ask: Ask, org: Org, ann: User, bob: User) -> None:
        """After giving a task away its former owner cannot read it any more."""
        key = org.create_task(ann.id, Subject="a")
        assert ask("PATCH", f"sobjects/Task/{key}", user=ann, json={"OwnerId": bob.id}).status_code == 204
        assert ask("GET", f"sobjects/Task/{key}", user=ann).status_code == 404
        assert ask("GET", f"sobjects/Task/{key}", user=bob).status_code == 200

    def test_members_see_their_queue(self, ask: Ask, org: Org, ann: User, bob: User) -> None:
        """A queue owns tasks, and its members work on them."""
        queue = org.add_queue("Sales", {bob.id})
        key = org.create_task(ann.id, Subject="a", OwnerId=queue)
        assert ask("GET", f"sobjects/Task/{key}", user=ann).status_code == 404
        assert ask("PATCH", f"sobjects/Task/{key}", user=bob, json={"OwnerId": bob.id}).status_code == 204

    def test_inactive_users_own_but_are_given_nothing(self, ask: Ask, org: Org, ann: User, bob: User) -> None:
        """INACTIVE_OWNER_OR_USER only when the owner changes; they cannot call, either."""
        key = org.create_task(bob.id, Subject="a")
        other = org.create_task(ann.id, Subject="b")
        org.deactivate(bob.id)
        assert ask("PATCH", f"sobjects/Task/{key}", json={"Subject": "c"}).status_code == 204
        refusal = error(ask("PATCH", f"sobjects/Task/{other}", json={"OwnerId": bob.id}))
        assert refusal == (400, "INACTIVE_OWNER_OR_USER")
        assert ask("GET", "limits", user=bob).status_code == 401

    def test_the_external_id_is_hidden(self, ask: Ask, org: Org, ann: User) -> None:
        """Without the permission the field does not exist: in a body, a query, an address, a describe."""
        key = ask("POST", "sobjects/Task", json={EXTERNAL_ID: "r1-0", "OwnerId": ann.id}).json()["id"]
        assert error(ask("POST", "sobjects/Task", user=ann, json={EXTERNAL_ID: "r2-0"})) == (400, "INVALID_FIELD")
        query = {"q": f"SELECT {EXTERNAL_ID} FROM Task"}
        assert error(ask("GET", "query", user=ann, params=query)) == (400, "INVALID_FIELD")
        assert EXTERNAL_ID not in ask("GET", f"sobjects/Task/{key}", user=ann).json()
        names = [each["name"] for each in ask("GET", "sobjects/Task/describe", user=ann).json()["fields"]]
        assert EXTERNAL_ID not in names
        assert ask("GET", f"sobjects/Task/{EXTERNAL_ID}/r1-0").json()["Id"] == key


class TestExternalId:
    """Unique among living tasks; upsert and look-up by it."""

    def test_a_second_task_with_it_is_refused(self, ask: Ask, org: Org) -> None:
        """DUPLICATE_VALUE names the other record, so that a lost create can be found again."""
        key = ask("POST", "sobjects/Task", json={EXTERNAL_ID: "r1-0"}).json()["id"]
        again = ask("POST", "sobjects/Task", json={EXTERNAL_ID: "r1-0"})
        assert error(again) == (400, "DUPLICATE_VALUE")
        assert again.json()[0]["message"] == (
            f"duplicate value found: {EXTERNAL_ID} duplicates value on record with id: {key[:15]}"
        )
        assert len(org.tasks()) == 1

    def test_deleted_ones_do_not_count_until_they_come_back(self, ask: Ask, org: Org) -> None:
        """A binned task frees its value; if the value is taken meanwhile, it cannot be undeleted."""
        user = org.integration_user.id
        key = ask("POST", "sobjects/Task", json={EXTERNAL_ID: "r1-0"}).json()["id"]
        org.delete_task(user, key)
        assert ask("GET", f"sobjects/Task/{EXTERNAL_ID}/r1-0").status_code == 404
        assert ask("POST", "sobjects/Task", json={EXTERNAL_ID: "r1-0"}).status_code == 201
        with pytest.raises(Exception, match="DUPLICATE_VALUE"):
            org.undelete_task(user, key)

    def test_upsert_creates_then_updates(self, ask: Ask, org: Org) -> None:
        """201 with created, then 200 without; the key may not be in the body; updateOnly never creates."""
        path = f"sobjects/Task/{EXTERNAL_ID}/r1-0"
        assert ask("PATCH", path, params={"updateOnly": "true"}, json={}).status_code == 404
        first = ask("PATCH", path, json={"Subject": "a"})
        assert (first.status_code, first.json()["created"]) == (201, True)
        second = ask("PATCH", path, json={"Subject": "b"})
        assert (second.status_code, second.json()["created"]) == (200, False)
        assert org.task(first.json()["id"])["Subject"] == "b"
        assert error(ask("PATCH", path, json={EXTERNAL_ID: "x"})) == (400, "INVALID_FIELD")


def test_the_budget(ask: Ask, org: Org, clock: MovableClock) -> None:
    """Every call counts, answers say so, past the limit everything is 403 REQUEST_LIMIT_EXCEEDED, and a day later it is over."""
    org.calls.limit = 3
    assert ask("GET", "limits").headers["Sforce-Limit-Info"] == "api-usage=1/3"
    assert ask("GET", "limits").json()["DailyApiRequests"] == {"Max": 3, "Remaining": 1}
    assert ask("GET", "sobjects/Nonsense/describe").status_code == 404
    assert error(ask("GET", "limits")) == (403, "REQUEST_LIMIT_EXCEEDED")
    clock.advance(25 * 3600)
    org.end_sessions()
    fresh = {"Authorization": f"Bearer {org.access_token(org.integration_user.id)}"}
    assert ask("GET", "limits", headers=fresh).status_code == 200


def test_calls_of_the_page_are_not_counted(ask: Ask, org: Org, ann: User) -> None:
    """The page that refreshes itself must not eat the budget, nor blur the call log."""
    token = {"Authorization": f"Bearer {org.access_token(ann.id, counted=False)}"}
    assert ask("GET", "limits", headers=token).status_code == 200
    assert org.calls.used(org.state.second()) == 0
    assert len(org.calls) == 0


def test_the_call_log_counts_by_resource(ask: Ask, org: Org, ann: User) -> None:
    """Tests assert API calls by kind, so ids must not be part of it."""
    key = org.create_task(ann.id)
    for _ in range(2):
        ask("GET", f"sobjects/Task/{key}")
    ask("GET", "sobjects/Task/describe")
    assert org.calls.by_resource == {"GET /sobjects/*/*": 2, "GET /sobjects/*/describe": 1}
    assert [each.user_id for each in org.calls.entries] == [org.integration_user.id] * 3
