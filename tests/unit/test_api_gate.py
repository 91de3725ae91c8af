"""The gate of the API and its answers: who may come in, what cannot come in, and what is never told."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from dataclasses import replace
from datetime import timedelta
from gzip import decompress
from typing import Any, cast

import pytest
from fakes.people import ADA, BO, CY, NOW, ORG, SITE, Api, as_answer, gateway_event

from reminders.api.app import MAX_BODY, answer
from reminders.ports import LedgerUnavailable, Usage


@pytest.fixture
def api() -> Api:
    """Give a client of an API on an empty ledger."""
    return Api()


@pytest.mark.parametrize("path", ["/api/me", "/api/reminders", "/api/nothing", "/api/status"])
def test_nobody_comes_in_unsigned(api: Api, path: str) -> None:
    """C7: 401 before anything is read, even if a route were left open in the gateway by mistake."""
    response = api("GET", path, by=None)
    assert (response.status, response.json["error"]["code"]) == (401, "not_signed_in")
    assert api.org.asked == []


@pytest.mark.parametrize(
    "subject",
    [
        "",
        BO,
        f"https://login.salesforce.com/id/{ORG}",
        f"https://login.salesforce.com/id/{ORG}/{BO}/x",
        "https:///id/x/y",
    ],
)
def test_a_subject_of_another_form_is_nobody(api: Api, subject: str) -> None:
    """C7: who you are is read from the whole of `sub`, never guessed from a part."""
    event = gateway_event("GET", "/api/me")
    event["requestContext"]["authorizer"] = {"jwt": {"claims": {"sub": subject}}}
    assert answer(event, cast("Any", None), lambda: api.world, SITE)["statusCode"] == 401


def test_another_organisation_is_refused(api: Api) -> None:
    """C7: one login host serves many orgs, so a valid token may be of another."""
    response = api("GET", "/api/me", organization="00D000000000001AAA")
    assert (response.status, response.json["error"]["code"]) == (403, "other_organization")
    assert api.org.asked == []


@pytest.mark.parametrize("change", ["unknown", "inactive"])
def test_somebody_whom_the_org_does_not_know_is_refused(api: Api, change: str) -> None:
    """C7: a user deactivated in Salesforce is out here too, and leaves no record."""
    if change == "unknown":
        del api.org.directory[BO]
    else:
        api.org.directory[BO] = replace(api.org.directory[BO], active=False)
    assert api("GET", "/api/me").status == 403
    assert api.ledger.users([BO]) == {}


def test_a_user_is_asked_of_the_org_once(api: Api) -> None:
    """O6: the record is kept, so that watching a page costs no API calls."""
    for _ in range(3):
        assert api("GET", "/api/me").json["name"] == "Bo Berg"
    assert api.org.asked == [(BO,)]


def test_a_user_is_asked_of_the_org_again_after_a_day(api: Api) -> None:
    """C7: who lost the permission set is no administrator any more, whether a poll runs or not; name and zone follow."""
    assert api("GET", "/api/settings/org", by=ADA).status == 200
    api.org.directory[ADA] = replace(api.org.directory[ADA], admin=False, name="Ada Almqvist")
    api.clock.forward(timedelta(hours=23))
    assert api("GET", "/api/me", by=ADA).json["name"] == "Ada Admin"
    api.clock.forward(timedelta(hours=1))
    refused = api("PUT", "/api/settings/org", {}, by=ADA, headers={"If-Match": '"0"'})
    assert refused.status in {403, 422}
    assert not api.ledger.users([ADA])[ADA].admin
    assert api("GET", "/api/me", by=ADA).json["name"] == "Ada Almqvist"
    assert api.org.asked == [(ADA,), (ADA,)]


def test_who_was_deactivated_is_refused_and_let_in_again(api: Api) -> None:
    """C7: with a clear message; the org is asked again after five minutes, not with each request."""
    api("GET", "/api/me")
    api.org.directory[BO] = replace(api.org.directory[BO], active=False)
    api.clock.forward(timedelta(days=1))
    refused = [api("GET", "/api/me") for _ in range(3)]
    assert {(each.status, each.json["error"]["code"]) for each in refused} == {(403, "unknown_user")}
    assert "active" in refused[0].json["error"]["message"]
    assert api("POST", "/api/reminders", {"name": "For Bo", "assignee": BO}, by=CY).status == 422
    api.org.directory[BO] = replace(api.org.directory[BO], active=True)
    assert api("GET", "/api/me").status == 403
    api.clock.forward(timedelta(minutes=5))
    assert api("GET", "/api/me").status == 200
    assert api.org.asked == [(BO,), (BO,), (CY,), (BO,)]


def test_an_org_that_is_down_keeps_nobody_out(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """C7, I1: what is known stands, and the org is asked every five minutes, not with each request; then at once."""
    api("GET", "/api/me")
    api.clock.forward(timedelta(days=2))
    api.org.down = True
    tried: list[int] = []
    users = api.org.users

    def counted(user_ids: Any) -> Any:
        tried.append(1)
        return users(user_ids)

    monkeypatch.setattr(api.org, "users", counted)
    assert {api("GET", "/api/me").status for _ in range(3)} == {200}
    assert len(tried) == 1
    api.org.down = False
    api.clock.forward(timedelta(minutes=5))
    assert [api("GET", "/api/me").status for _ in range(3)] == [200] * 3
    assert len(tried) == 2


def test_two_first_requests_at_once_make_one_record(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """C7: the page sends several requests at once; whoever stores second takes what the first stored."""
    save = api.ledger.save_user

    def beaten(user: Any) -> Any:
        save(replace(user, name="Stored first"))
        return save(user)

    monkeypatch.setattr(api.ledger, "save_user", beaten)
    assert api("GET", "/api/me").json["name"] == "Stored first"


def test_an_org_that_is_down_closes_only_what_needs_it(api: Api) -> None:
    """I1: reminders are here, so they can be read and edited while Salesforce is away."""
    api("GET", "/api/me")
    api.org.down = True
    assert api("POST", "/api/reminders", {"name": "Still works"}).status == 201
    people = api("GET", "/api/people", query={"q": "nina"})
    assert (people.status, people.json["error"]["code"]) == (503, "salesforce_unavailable")
    fresh = Api(org=api.org)
    assert fresh("GET", "/api/me").status == 503


def test_an_org_that_is_nearly_out_of_calls_is_not_asked_for_people(api: Api) -> None:
    """O6: the answer says why, and when it goes on; our own share used up keeps nobody from searching."""
    api("GET", "/api/me")
    api.ledger.spent("push", NOW, Usage(used=50_000, limit=100_000, ours=50_000))
    assert api("GET", "/api/people", query={"q": "nina"}).status == 200
    api.ledger.spent("poll", NOW + timedelta(minutes=1), Usage(used=80_000, limit=100_000, ours=1))
    people = api("GET", "/api/people", query={"q": "nina"})
    assert (people.status, people.json["error"]["code"]) == (503, "api_budget_spent")
    assert "80,000" in people.json["error"]["message"]


def test_a_ledger_that_is_down_is_said_so(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """A 503 tells the page to try again; a 500 would tell it that something is broken."""

    def down(*_: object, **__: object) -> Any:
        raise LedgerUnavailable("ProvisionedThroughputExceededException")

    api("GET", "/api/me")
    monkeypatch.setattr(api.ledger, "page", down)
    response = api("GET", "/api/reminders")
    assert (response.status, response.json["error"]["code"]) == (503, "store_unavailable")


def test_what_nobody_foresaw_is_logged_and_not_told(
    api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """C5, Never: an error answers as JSON, without its insides; the log says where it happened, but quotes no value of a reminder."""

    def broken(*_: object, **__: object) -> Any:
        raise RuntimeError("secret detail") from KeyError("secret cause")

    api("GET", "/api/me")
    monkeypatch.setattr(api.ledger, "page", broken)
    behind = api("GET", "/api/reminders")
    monkeypatch.setattr(api.ledger, "users", broken)
    gate = api("GET", "/api/me")
    for response in (behind, gate):
        assert (response.status, response.json["error"]["code"]) == (500, "internal")
        assert "secret" not in response.body
    unforeseen = [record for record in caplog.records if record.levelname == "ERROR"]
    assert len(unforeseen) == 2
    for record in unforeseen:
        assert record.where[-1] == "RuntimeError"  # type: ignore[attr-defined]  # what `extra` adds
        assert "KeyError" in record.where  # type: ignore[attr-defined]  # same
        assert any("test_api_gate.py" in each and each.endswith(" broken") for each in record.where)  # type: ignore[attr-defined]  # same
        assert record.exc_info is None
    assert "secret" not in "".join(f"{vars(record)}" for record in caplog.records)


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        ("{", 400),
        ("[]", 400),
        ("7", 400),
        ('[{"name": "x"}]', 400),
        ("[" * 100_000, 400),
        ('{"name": "\\ud800"}', 400),
        ('{"name": NaN}', 400),
        ('{"name": ' + "1" * 5000 + "}", 400),
        ("", 422),
        ("null", 400),
        ("{}", 422),
        (" " * (MAX_BODY + 1), 413),
    ],
)
def test_a_body_that_is_no_object_of_json_is_refused(api: Api, raw: str, status: int) -> None:
    """Hostile input: malformed, deep, huge, half a surrogate pair; never a 500, never a change."""
    response = api("POST", "/api/reminders", raw=raw)
    assert response.status == status
    assert set(response.json) == {"error"}
    assert api("GET", "/api/reminders", query={"view": "open"}).json["items"] == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b64encode(b'{"name": "x"}').decode(), 201),
        (b64encode(b'{"name": "\xff"}').decode(), 400),
        ("%%%", 400),
    ],
)
def test_a_body_in_base64_is_read_or_refused(api: Api, body: str, status: int) -> None:
    """API Gateway sends bodies so when it takes them for binary; what decodes to no text is malformed."""
    event = gateway_event("POST", "/api/reminders", body)
    event["isBase64Encoded"] = True
    event["requestContext"]["authorizer"] = {"jwt": {"claims": {"sub": f"https://x.test/id/{ORG}/{BO}"}}}
    assert answer(event, cast("Any", None), lambda: api.world, SITE)["statusCode"] == status


@pytest.mark.parametrize(
    "media_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
)
def test_only_json_is_read(api: Api, media_type: str) -> None:
    """C5: a form that a foreign page can post without asking is not read."""
    response = api("POST", "/api/reminders", {"name": "x"}, headers={"Content-Type": media_type})
    assert response.status == 415


def test_json_may_come_with_its_character_set(api: Api) -> None:
    """RFC 9110: clients that name the character set are not refused."""
    headers = {"Content-Type": "application/json; charset=utf-8"}
    assert api("POST", "/api/reminders", {"name": "x"}, headers=headers).status == 201


@pytest.mark.parametrize("path", ["/api/nothing", "/nothing"])
def test_an_unknown_address_is_told_in_json(api: Api, path: str) -> None:
    """C5: every error has the same shape."""
    response = api("GET", path)
    assert (response.status, response.json["error"]["code"]) == (404, "no_such_route")


def test_answers_are_kept_by_nobody_else_and_never_sniffed(api: Api) -> None:
    """C7: a shared cache must not hand one person's list to another."""
    for path in ("/api/me", "/api/nothing"):
        headers = api("GET", path).headers
        assert headers["cache-control"] == "private, no-cache"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["content-type"] == "application/json"


def test_a_long_answer_is_compressed_for_whom_takes_it(api: Api) -> None:
    """HTTP APIs do not compress, and Lambda's answers end at 6 MB."""
    for number in range(20):
        api("POST", "/api/reminders", {"name": f"n{number}"})
    packed = api("GET", "/api/reminders", query={"view": "open"}, headers={"Accept-Encoding": "br, gzip"})
    plain = api("GET", "/api/reminders", query={"view": "open"})
    assert (packed.headers["content-encoding"], packed.base64) == ("gzip", True)
    assert json.loads(decompress(packed.content)) == plain.json
    assert "content-encoding" not in plain.headers


def test_the_api_describes_itself_to_anybody(api: Api) -> None:
    """C5: the OpenAPI document is open, names every route, its errors and the way to sign in."""
    document = api("GET", "/openapi.json", by=None).json
    assert set(document["paths"]) == {
        "/api/sweep",
        "/api/reminders/{reminder_id}/gone",
        "/api/assignees",
        "/api/held-deletes",
        "/api/held-deletes/confirm",
        "/api/held-deletes/reject",
        "/api/me",
        "/api/people",
        "/api/people/names",
        "/api/people/{person_id}/erase",
        "/api/people/{person_id}/export",
        "/api/problems",
        "/api/problems.csv",
        "/api/problems/{code}/retry",
        "/api/reminders",
        "/api/reminders/bulk",
        "/api/reminders/{reminder_id}",
        "/api/reminders/{reminder_id}/history",
        "/api/reminders/{reminder_id}/ignore",
        "/api/reminders/{reminder_id}/restore",
        "/api/reminders/{reminder_id}/retry",
        "/api/reminders/{reminder_id}/sync",
        "/api/reminders/{reminder_id}/take-back",
        "/api/settings",
        "/api/settings/org",
        "/api/settings/preview",
        "/api/settings/values",
        "/api/setup",
        "/api/status",
        "/api/sync",
        "/api/users/{user_id}/erase",
        "/api/users/{user_id}/export",
    }
    change = document["paths"]["/api/reminders/{reminder_id}"]["patch"]
    assert {"200", "404", "412", "422", "428"} <= set(change["responses"])
    assert "if-match" in {parameter["name"] for parameter in change["parameters"]}
    assert document["security"] == [{"salesforce": []}]
    assert document["components"]["securitySchemes"]["salesforce"]["scheme"] == "bearer"


def test_the_page_opens_without_anybody_and_without_the_world(api: Api) -> None:
    """C7: open routes are the page and its files; they need neither secret nor ledger nor org."""

    def no_world() -> Any:
        raise AssertionError("the page needs no world")

    response = as_answer(answer(gateway_event("GET", "/"), cast("Any", None), no_world, SITE))
    assert response.status == 200
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    policy = response.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
    assert "unsafe" not in policy
    assert api.org.asked == []


def test_the_files_of_the_page_are_compressed_and_asked_for_once(api: Api) -> None:
    """HTTP APIs do not compress; a browser that has a file is told so."""
    packed = api("GET", "/assets/store/lists.js", by=None, headers={"Accept-Encoding": "gzip"})
    plain = api("GET", "/assets/store/lists.js", by=None)
    assert packed.headers["content-type"] == plain.headers["content-type"] == "text/javascript; charset=utf-8"
    assert decompress(packed.content) == plain.content
    assert len(packed.content) < len(plain.content) / 2
    again = api("GET", "/assets/store/lists.js", by=None, headers={"If-None-Match": packed.headers["etag"]})
    assert (again.status, again.body) == (304, "")


def test_a_file_is_fetched_once_per_deployment(api: Api) -> None:
    """The page names its files under a digest of all of them; there they may be kept for ever, under an older one they may not."""
    page = api("GET", "/", by=None)
    script = re.search(r'src="(/assets/([0-9a-f]{16})/app\.js)"', page.content.decode())
    assert script
    kept = api("GET", script[1], by=None)
    assert (kept.status, kept.headers["cache-control"]) == (200, "public, max-age=31536000, immutable")
    older = api("GET", f"/assets/{'0' * 16}/app.js", by=None)
    assert (older.content, older.headers["cache-control"]) == (kept.content, "no-cache")
    assert page.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("name", ["..%2fapi.py", "../api.py", "nothing.js", "style.css%00", "APP.JS", ".."])
def test_only_the_files_of_the_page_are_served(api: Api, name: str) -> None:
    """Hostile input: no path leads out of the folder."""
    assert api("GET", f"/assets/{name}", by=None).status == 404
