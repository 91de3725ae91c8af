"""Hostile and broken requests to the API, one by one: the right status, nothing changed, and a log line that repeats nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from fakes.front_door import DELETED, HANDED_OVER, LINKED, LOCAL, OF_CY, FrontDoor, listen
from fakes.people import ADA, BO, CY

from infra.local.gateway import Answer
from reminders.api.app import MAX_BODY

MARK = "leak-me-7f3a"
"""Stands in what is sent; must stand in no log."""

JSON = {"content-type": "application/json"}
SEEN = {"if-match": '"1"'}


@pytest.fixture
def door() -> FrontDoor:
    """Give the gateway with both functions behind it."""
    return FrontDoor()


@pytest.fixture
def log() -> Iterator[StringIO]:
    """Collect what the functions log."""
    yield from listen()


def body_of(values: object) -> bytes:
    """Write a body."""
    return json.dumps(values).encode()


class Refusal:
    """Sends, and asserts that the answer is a refusal: this status, no change, one line in the log, nothing of the request in it."""

    def __init__(self, door: FrontDoor, log: StringIO) -> None:
        self.door = door
        self.log = log

    def __call__(self, status: int, method: str, path: str, body: bytes = b"", **parts: Any) -> Answer:
        """Send one request; `by` is Bo unless told otherwise."""
        before = self.door.state()
        answer = self.door.send(method, path, body, **{"by": BO, "headers": JSON, **parts})
        assert answer.status == status, answer.body
        assert self.door.state() == before
        output = self.log.getvalue()
        self.log.seek(0)
        self.log.truncate()
        [line] = [json.loads(line) for line in output.splitlines()]
        assert (line["level"], line["status"]) == ("INFO", status)
        for private in (MARK, BO, ADA, CY, "Bearer"):
            assert private not in output
        error = json.loads(answer.body)["error"]
        assert error["code"] == line["code"]
        assert error["message"]
        assert "\r" not in f"{answer.headers}"
        return answer


@pytest.fixture
def refused(door: FrontDoor, log: StringIO) -> Refusal:
    """Give the means to send what must be refused."""
    return Refusal(door, log)


TOO_LONG = {
    "name": "x" * 256,
    "details": "x" * 32_001,
    "details of lines": ("details", "\n".join("x" * 16_001)),
    "campaign_name": "x" * 256,
    "campaign_day": "x" * 256,
    "campaign_step": "x" * 256,
    "call_outcome": "x" * 256,
    "call_reason": "x" * 256,
    "assignee": "005" + "x" * 400,
    "person": "003" + "x" * 400,
}


@pytest.mark.parametrize("name", TOO_LONG)
def test_a_value_that_is_too_long_is_refused_and_not_cut(refused: Refusal, name: str) -> None:
    """F1, F5: whoever types too much is told so; what is cut in silence is lost."""
    value = TOO_LONG[name]
    field, text = value if isinstance(value, tuple) else (name, value)
    answer = refused(422, "POST", "/api/reminders", body_of({"name": MARK, field: text}))
    assert json.loads(answer.body)["error"]["field"] == field


@pytest.mark.parametrize(
    "values",
    [
        {"name": "x", MARK: 1},
        {"Name": MARK},
        {"name": MARK, "task_id": "00T"},
        {"name": MARK, "version": 7},
        {"due": None},
    ],
    ids=["unknown", "other case", "not a person's to set", "version", "no name"],
)
def test_a_field_that_nobody_knows_is_refused(refused: Refusal, values: dict[str, object]) -> None:
    """C5: a misspelt field is never silently lost, and what belongs to the sync is nobody's to set."""
    refused(422, "POST", "/api/reminders", body_of(values))


@pytest.mark.parametrize(
    "due",
    [
        "2026-02-30",
        "2026-13-01",
        "2026-1-1",
        "0000-00-00",
        "1699-12-31",
        "4001-01-01",
        "22.11.2026",
        "2026-11-22T00:00:00Z",
        "٢٠٢٦-١١-٢٢",
        " 2026-11-22",
        "2026-11-22\n",
        "",
        20261122,
        1.5,
        True,
        [],
        {},
    ],
)
def test_what_is_no_date_is_refused(refused: Refusal, due: object) -> None:
    """F4: one spelling, dates that exist, and within Salesforce's range; nothing is guessed."""
    answer = refused(422, "POST", "/api/reminders", body_of({"name": MARK, "due": due}))
    assert json.loads(answer.body)["error"]["field"] == "due"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("name", "\x00"),
        ("name", "a\tb\x1bc"),
        ("name", "two\nlines"),
        ("name", "a\r\nX-Injected: 1"),
        ("name", " \t "),
        ("details", "a\x00b"),
        ("details", "\x1b[2J"),
        ("details", "\x7f"),
        ("call_reason", "\x08"),
    ],
)
def test_control_characters_are_refused(refused: Refusal, name: str, text: str) -> None:
    """F1, F5: Salesforce would refuse them later, when nobody is looking."""
    refused(422, "POST", "/api/reminders", body_of({"name": MARK, name: text}))


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"null",
        b"[]",
        b'"x"',
        b'\xef\xbb\xbf{"name": "x"}',
        b'{"name": "\xff\xfe"}X',
        '{"name": "x"}'.encode("utf-16"),
        b'{"name": "a\x00b"}',
        b'{"name": "a\nb"}',
        b'{"name": "\\ud800"}',
        b'{"name": "\\udc00\\ud800"}',
        b'{"\\udfff": 1}',
        b'{"name": NaN}',
        b'{"name": "x", "due": -Infinity}',
        b'{"name": "x", "name": "leak-me-7f3a"}',
        b'{"name": "x", "n\\u0061me": "y"}',
        b'{"name": "x", "details": {"a": 1, "a": 2}}',
        b'{"name": "x"} {"name": "y"}',
        b"{'name': 'x'}",
        b'{"name": "x",}',
        b'{"name": ' + b"1" * 5000 + b"}",
        b'{"name": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    ],
    ids=lambda body: repr(body[:24]),
)
def test_what_is_no_json_object_is_refused(refused: Refusal, body: bytes) -> None:
    """RFC 8259: of two values under one key, who knows which was meant; and half a character can be stored nowhere."""
    refused(400, "POST", "/api/reminders", body)


def test_a_body_deeply_nested_where_text_belongs_is_refused(refused: Refusal) -> None:
    """C5: what JSON allows is still checked by its shape."""
    refused(422, "POST", "/api/reminders", b'{"name": ' + b"[" * 200 + b"]" * 200 + b"}")


def test_a_huge_body_is_refused(refused: Refusal, door: FrontDoor) -> None:
    """C8: one client's megabytes are nobody else's wait; beyond ten the gateway refuses by itself."""
    refused(413, "POST", "/api/reminders", b'{"name": "' + b"x" * MAX_BODY + b'"}')
    assert door.send("POST", "/api/reminders", b" " * (10 * 1024 * 1024 + 1), headers=JSON, by=BO).status == 413


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "text/xml",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonp",
        "application/vnd.api+json",
        "application/json,text/plain",
        "*/*",
        "leak-me-7f3a/json",
    ],
)
def test_another_content_type_is_refused(refused: Refusal, content_type: str) -> None:
    """C7: a form that a foreign page posts without asking must not be read."""
    refused(415, "POST", "/api/reminders", body_of({"name": "x"}), headers={"content-type": content_type})


@pytest.mark.parametrize("headers", [JSON, {"content-type": "application/json; charset=utf-16"}])
def test_a_compressed_body_is_no_json(refused: Refusal, headers: dict[str, str]) -> None:
    """C5: nothing is unpacked, so no bomb can be."""
    packed = bytes.fromhex("1f8b08000000000000ff")
    refused(400, "POST", "/api/reminders", packed, headers={**headers, "content-encoding": "gzip"})


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("PUT", "/api/reminders", "GET, POST"),
        ("DELETE", "/api/reminders", "GET, POST"),
        ("POST", f"/api/reminders/{LOCAL}", "DELETE, GET, PATCH"),
        ("GET", f"/api/reminders/{LOCAL}/restore", "POST"),
        ("HEAD", "/api/me", "GET"),
        ("OPTIONS", "/api/settings", "GET, PUT"),
        ("TRACE", "/api/me", "GET"),
        ("PROPFIND", "/api/me", "GET"),
    ],
)
def test_another_method_is_told_which_there_are(refused: Refusal, method: str, path: str, allow: str) -> None:
    """RFC 9110: a 405 names the methods, so that a client can tell a wrong method from a wrong address."""
    assert ("allow", allow) in refused(405, method, path).headers


@pytest.mark.parametrize("name", ["X-HTTP-Method-Override", "X-Method-Override", "X-HTTP-Method"])
def test_no_header_makes_a_read_a_delete(door: FrontDoor, name: str) -> None:
    """C7: what proxies and logs took for a read must be one."""
    before = door.state()
    answer = door.send("GET", f"/api/reminders/{LOCAL}", headers={name: "DELETE", **SEEN}, by=BO)
    assert answer.status == 200
    assert door.state() == before


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=-1",
        "limit=1001",
        "limit=1e3",
        "limit=%D9%A1x",
        "limit=1&limit=2",
        "limit=",
        "view=leak-me-7f3a",
        "view=open&view=today",
        "view=%00",
        "view=%ff",
    ],
)
def test_an_odd_query_is_refused(refused: Refusal, query: str) -> None:
    """C5: no number is guessed, and no list is without a bound."""
    refused(422, "GET", "/api/reminders", query=query)


@pytest.mark.parametrize("query", ["", "q=", "q=a", "q=" + "a" * 81, "Q=nina"])
def test_a_search_for_too_little_or_too_much_is_refused(refused: Refusal, query: str) -> None:
    """O6: each search costs an API call, so it must be worth one."""
    refused(422, "GET", "/api/people", query=query)


@pytest.mark.parametrize("query", ["nonsense", "%zz=%", "view[]=open", "view=open&" + "x=1&" * 2000, "&&==&"])
def test_what_nobody_asked_for_in_a_query_is_ignored(door: FrontDoor, query: str) -> None:
    """RFC 3986: links gather parameters on their way, and they mean nothing here."""
    assert door.send("GET", "/api/reminders", query=query, by=BO).status == 200


@pytest.mark.parametrize(
    ("version", "status"),
    [
        ('"0"', 412),
        ('"2"', 412),
        ('"999999999999999"', 412),
        (None, 428),
        ("", 400),
        ("*", 400),
        ("1", 400),
        ('"', 400),
        ('W/"1"', 400),
        ('"1", "2"', 400),
        ('"-1"', 400),
        ('"1e0"', 400),
        ('"\u0661"', 400),
        ('"' + "9" * 4000 + '"', 400),
        ('"1"\r\nX-Injected: leak-me-7f3a', 400),
    ],
)
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PATCH", f"/api/reminders/{LOCAL}", {"name": MARK}),
        ("DELETE", f"/api/reminders/{LOCAL}", None),
        ("POST", f"/api/reminders/{DELETED}/restore", None),
    ],
)
def test_a_write_on_another_version_is_refused(  # noqa: PLR0913, PLR0917 - the table's columns
    refused: Refusal, method: str, path: str, body: object, version: str | None, status: int
) -> None:
    """C5: nobody overwrites what they have not seen, and no version is guessed."""
    headers = {**JSON, **({} if version is None else {"if-match": version})}
    refused(status, method, path, body_of(body) if body else b"", headers=headers)


@pytest.mark.parametrize("reminder_id", [OF_CY, "no-such-one", "..", "%2e%2e", "a" * 65, "x\x00", "ü", "{reminder_id}"])
def test_another_users_reminder_is_like_one_that_is_not_there(refused: Refusal, reminder_id: str) -> None:
    """C7: neither read nor changed, by no route, and by no answer can one tell that it exists."""
    here = f"/api/reminders/{reminder_id}"
    answers = [
        refused(404, "GET", here),
        refused(404, "GET", f"{here}/history"),
        refused(404, "PATCH", here, body_of({"name": MARK}), headers={**JSON, **SEEN}),
        refused(404, "DELETE", here, headers=SEEN),
        refused(404, "POST", f"{here}/restore", headers=SEEN),
        refused(404, "POST", f"{here}/sync"),
    ]
    if reminder_id in {OF_CY, "no-such-one"}:
        assert len({answer.body for answer in answers}) == 1


def test_a_bulk_request_refuses_item_by_item(door: FrontDoor, log: StringIO) -> None:
    """C5, C7: what is wrong, stale or another's stops nothing beside it, and takes nothing with it."""
    before = door.state()
    items = [
        {"action": "delete", "id": OF_CY, "version": 1},
        {"action": "edit", "id": LOCAL, "version": 9, "changes": {"name": MARK}},
        {"action": "edit", "id": HANDED_OVER, "version": 1, "changes": {"name": MARK}},
        {"action": "edit", "id": LINKED, "version": 1, "changes": {"name": "\x00"}},
        {"action": "drop", "id": LINKED, "version": 1},
        {"action": "complete", "id": LINKED, "version": "1"},
        {"action": "delete", "id": LINKED, "version": True},
        {"action": "create", "values": {"name": "x" * 256}},
        7,
        None,
    ]
    answer = door.send("POST", "/api/reminders/bulk", body_of({"items": items}), headers=JSON, by=BO)
    assert [each["status"] for each in json.loads(answer.body)["results"]] == [404, 412, *[422] * 8]
    assert door.state() == before
    assert MARK not in log.getvalue()


@pytest.mark.parametrize("items", [[], [{"action": "delete", "id": LOCAL, "version": 1}] * 201, "all", {}, None])
def test_a_bulk_request_of_none_or_too_many_is_refused_whole(refused: Refusal, items: object) -> None:
    """C8: 200 at once is the most; one more changes nothing."""
    refused(422, "POST", "/api/reminders/bulk", body_of({"items": items}))


def test_only_administrators_touch_what_is_everybodys(refused: Refusal, door: FrontDoor) -> None:
    """C7: the org-wide settings and other people's lists are for administrators alone."""
    settings = door.send("GET", "/api/settings/org", by=ADA)
    headers = {**JSON, "if-match": dict(settings.headers)["etag"]}
    refused(403, "GET", "/api/settings/org")
    refused(403, "PUT", "/api/settings/org", settings.body, headers=headers)
    refused(403, "GET", "/api/reminders", query=f"view=open&assignee={CY}")
    changed = settings.body.replace(b'"poll_minutes":5', b'"poll_minutes":7')
    assert door.send("PUT", "/api/settings/org", changed, headers=headers, by=ADA).status == 200


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"subject_template": "{{leak-me-7f3a}}"}, 422),
        ({"subject_template": "{{activity-subject}}"}, 422),
        ({"subject_template": "{{activity_subject"}, 422),
        ({"subject_template": "{{}}"}, 422),
        ({"subject_template": "a\x00"}, 422),
        ({"poll_minutes": 1}, 422),
        ({"poll_minutes": "5"}, 422),
        ({"import_hours": True}, 422),
        ({"api_share": "0.5"}, 422),
        ({"poll_minutes": 1e300}, 422),
        ({"api_share": 0.81}, 422),
        ({"api_share": -0.0}, 422),
        ({"policy": "mine"}, 422),
        ({"statuses": {}}, 422),
        ({MARK: 1}, 422),
    ],
)
def test_settings_out_of_bounds_are_refused(
    refused: Refusal, door: FrontDoor, change: dict[str, object], status: int
) -> None:
    """S6: every setting has its bounds, so that none can spend the org's calls or lose a value's way back."""
    settings = door.send("GET", "/api/settings/org", by=ADA)
    wanted = body_of(json.loads(settings.body) | change)
    headers = {**JSON, "if-match": dict(settings.headers)["etag"]}
    refused(status, "PUT", "/api/settings/org", wanted, headers=headers, by=ADA)


@pytest.mark.parametrize("key", ["x" * 256, ""])
def test_an_odd_idempotency_key_is_refused(refused: Refusal, key: str) -> None:
    """O2: a key that cannot name a create is told so before anything is made."""
    refused(422, "POST", "/api/reminders", body_of({"name": MARK}), headers={**JSON, "idempotency-key": key})


def test_no_header_comes_back(door: FrontDoor) -> None:
    """Header injection: nothing that a client sends stands in a header of the answer."""
    evil = f"{MARK}\r\nSet-Cookie: a=b"
    names = ("if-none-match", "idempotency-key", "accept-encoding", "origin", "host", "x-forwarded-host", "cookie")
    for path in ("/api/reminders", f"/api/reminders/{LOCAL}", "/", "/assets/app.js"):
        answer = door.send("GET", path, headers=dict.fromkeys(names, evil), by=BO)
        assert answer.status == 200
        assert MARK not in f"{answer.headers}"
        assert "access-control-allow-origin" not in dict(answer.headers)


@pytest.mark.parametrize(
    "name",
    [
        "../api.py",
        "..%2fapi.py",
        "..%252fapi.py",
        "....//api.py",
        "..\\api.py",
        "%2e%2e%2fapi.py",
        "/etc/passwd",
        "app.js/../../api.py",
        "app.js%00.css",
        "app.js.",
        ".",
        "..",
        "",
        "ä.js",
        "a" * 5000,
    ],
)
def test_no_path_leads_out_of_the_pages_folder(door: FrontDoor, name: str) -> None:
    """Path traversal: only the page's own files are ever served, by their exact names."""
    answer = door.send("GET", f"/assets/{name}")
    assert answer.status == 404
    assert b"import" not in answer.body
