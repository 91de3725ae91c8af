"""What clients send in different ways and mean the same by: one table, over HTTP, each line with the fault that it finds."""

from __future__ import annotations

import base64
import gzip
import hashlib
import hmac
import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import jwt
import pytest
import requests

from infra.local.org.__main__ import config
from infra.local.org.server import Application

ROOT = Path(__file__).parents[2]
JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
MOMENT = "2026-12-01T09:30:00.000+0000"


@dataclass(frozen=True)
class Server:
    """A running org with one task: where it is, what it says of itself, a token, the task's id."""

    url: str
    facts: dict[str, str]
    token: str
    task: str

    def ask(self, method: str, path: str, scheme: str = "Bearer", **more: Any) -> requests.Response:
        """Ask by a path as it is given, escaped or not."""
        headers = {"Authorization": f"{scheme} {self.token}", **more.pop("headers", {})}
        return requests.request(method, f"{self.url}{path}", headers=headers, timeout=30, **more)

    def query(self, soql: str) -> list[dict[str, Any]]:
        """The rows of a query."""
        found = self.ask("GET", "/services/data/v66.0/query", params={"q": soql})
        assert found.ok, found.text
        rows: list[dict[str, Any]] = found.json()["records"]
        return rows

    def token_by(self, form: dict[str, Any], **more: Any) -> requests.Response:
        """Ask the token endpoint."""
        return requests.post(f"{self.url}/services/oauth2/token", data=form, timeout=30, **more)

    def stored(self, **fields: object) -> dict[str, Any]:
        """Change the task and read it."""
        answered = self.ask("PATCH", f"/services/data/v66.0/sobjects/Task/{self.task}", json=fields)
        assert answered.status_code == 204, answered.text
        task: dict[str, Any] = self.ask("GET", f"/services/data/v66.0/sobjects/Task/{self.task}").json()
        return task


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """One org for the whole table."""
    command = [sys.executable, "-m", "infra.local.org", "--port", "0", "--tasks", "0", "--password", "secret"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own program
        assert process.stdout is not None
        match = re.search(r"http://127\.0\.0\.1:\d+", process.stdout.readline())
        assert match
        facts = requests.get(f"{match[0]}/__control/connection", timeout=60).json()
        token = requests.get(f"{match[0]}/__control/stack", timeout=60).json()["users"][0]["access_token"]
        made = Server(match[0], facts, token, "").ask(
            "POST", "/services/data/v66.0/sobjects/Task", json={"Subject": "one"}
        )
        yield Server(match[0], facts, token, made.json()["id"])
        process.terminate()
        assert process.wait(60) in (0, -15)


def path(text: str) -> Callable[[Server], bool]:
    """Reading the task by this path gives the task."""
    return lambda at: at.ask("GET", text.format(task=at.task, short=at.task[:15])).json().get("Id") == at.task


def shouted(at: Server) -> bool:
    """Reading by an id whose 18 characters lost their case gives the task."""
    found: dict[str, str] = at.ask("GET", f"/services/data/v66.0/sobjects/Task/{at.task.upper()}").json()
    return found["Id"] == at.task


def wrong_checksum(at: Server) -> bool:
    """An id whose checksum is wrong opens nothing."""
    wrong = at.task[:17] + ("A" if at.task[17] != "A" else "B")
    return at.ask("GET", f"/services/data/v66.0/sobjects/Task/{wrong}").status_code in (400, 404)


def soql(text: str, keys: tuple[str, ...] = ("Id", "Subject")) -> Callable[[Server], bool]:
    """The query finds the one task, and its answer has the fields by their own names."""

    def found(at: Server) -> bool:
        rows = at.query(text.format(task=at.task, short=at.task[:15]))
        return [set(row) - {"attributes"} for row in rows] == [set(keys)]

    return found


def moment(text: str) -> Callable[[Server], bool]:
    """The date-time is stored as one and the same."""
    return lambda at: at.stored(ReminderDateTime=text)["ReminderDateTime"] == MOMENT


def truth(text: object, *, meant: bool) -> Callable[[Server], bool]:
    """The boolean is stored as it is meant."""
    return lambda at: at.stored(IsReminderSet=text)["IsReminderSet"] is meant


def names(body: dict[str, object]) -> Callable[[Server], bool]:
    """The body's name is understood."""
    return lambda at: at.stored(**body)["Subject"] == "named"


def credentials(at: Server) -> dict[str, str]:
    """Form of the client-credentials grant."""
    key, secret = at.facts["consumer_key"], at.facts["consumer_secret"]
    return {"grant_type": "client_credentials", "client_id": key, "client_secret": secret}


def by_basic(at: Server) -> bool:
    """Credentials in a Basic header."""
    form = {"grant_type": "client_credentials"}
    return at.token_by(form, auth=(at.facts["consumer_key"], at.facts["consumer_secret"])).ok


def by_wrong_basic(at: Server) -> bool:
    """A wrong secret in the header is refused, also with the right one in the form."""
    return at.token_by(credentials(at), auth=(at.facts["consumer_key"], "wrong")).status_code == 400


def signed(at: Server) -> bool:
    """The signature is that of id and time, made with the secret."""
    told = at.token_by(credentials(at)).json()
    mine = hmac.new(at.facts["consumer_secret"].encode(), (told["id"] + told["issued_at"]).encode(), hashlib.sha256)
    return hmac.compare_digest(base64.b64decode(told["signature"]), mine.digest())


def scheme(word: str) -> Callable[[Server], bool]:
    """The token opens under this word."""
    return lambda at: at.ask("GET", "/services/data/v66.0/limits", word).ok


def expiry(form: Callable[[float], object], *, accepted: bool = True) -> Callable[[Server], bool]:
    """An assertion whose `exp` is written so is accepted, or not."""

    def asked(at: Server) -> bool:
        claims = {
            "iss": at.facts["consumer_key"],
            "sub": at.facts["username"],
            "aud": "https://login.salesforce.com",
            "exp": form(time.time()),
        }
        signer = jwt.PyJWS()
        assertion = signer.encode(json.dumps(claims).encode(), at.facts["private_key"], algorithm="RS256")
        return at.token_by({"grant_type": JWT_GRANT, "assertion": assertion}).ok is accepted

    return asked


def empty(method: str, text: str, kind: str) -> Callable[[Server], bool]:
    """A request without a body that names a content type is answered as one without."""

    def asked(at: Server) -> bool:
        return at.ask(method, text.format(task=at.task), headers={"Content-Type": kind}, data=b"").status_code == 200

    return asked


def login(at: Server) -> requests.Response:
    """Sign in by SOAP."""
    inner = f"<username>{at.facts['username']}</username><password>secret</password>"
    body = (
        '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
        f'<login xmlns="urn:partner.soap.sforce.com">{inner}</login></s:Body></s:Envelope>'
    )
    headers = {"Content-Type": "text/xml", "SOAPAction": "login"}
    return requests.post(f"{at.url}/services/Soap/u/64.0", data=body.encode(), headers=headers, timeout=30)


def by_soap(at: Server) -> bool:
    """The session of login() opens REST."""
    token = login(at).text.partition("<sessionId>")[2].partition("<")[0]
    address = f"{at.url}/services/data/v64.0/limits"
    return requests.get(address, headers={"Authorization": f"Bearer {token}"}, timeout=30).ok


def retired(at: Server) -> bool:
    """Switched off, login() and the password flow are refused; switched on, they work again."""
    switch = f"{at.url}/__control/signin"
    flow = {**credentials(at), "grant_type": "password", "username": at.facts["username"], "password": "secret"}
    requests.post(switch, json={"passwords": False}, timeout=30)
    off = (login(at).status_code, "INVALID_OPERATION" in login(at).text, at.token_by(flow).json().get("error"))
    requests.post(switch, json={"passwords": True}, timeout=30)
    return off == (500, True, "unsupported_grant_type") and login(at).ok and at.token_by(flow).ok


ROOT_OF = "/services/data/v66.0"


def answered(
    method: str, text: str, expected: Callable[[requests.Response], bool], **more: Any
) -> Callable[[Server], bool]:
    """The request, with the task's id where it says so, is answered as expected."""
    return lambda at: expected(at.ask(method, ROOT_OF + text.format(task=at.task), **more))


def packed(at: Server) -> bool:
    """A gzipped body is read, one that only says so is refused."""
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    body = b'{"Subject": "packed"}'
    good = at.ask("POST", f"{ROOT_OF}/sobjects/Task", data=gzip.compress(body), headers=headers)
    bad = at.ask("POST", f"{ROOT_OF}/sobjects/Task", data=body, headers=headers)
    return good.status_code == 201 and (bad.status_code, error(bad)) == (415, "UNSUPPORTED_MEDIA_TYPE")


def error(found: requests.Response) -> object:
    """The code of a REST error."""
    return found.json()[0]["errorCode"]


def created_at(at: Server) -> bool:
    """What is created says where it is, alone and in a composite; a reference may come escaped in an address."""
    alone = at.ask("POST", f"{ROOT_OF}/sobjects/Task", json={"Subject": "one"})
    steps = [
        {"method": "POST", "url": f"{ROOT_OF}/sobjects/Task", "referenceId": "new", "body": {"Subject": "in"}},
        {"method": "GET", "url": f"{ROOT_OF}/sobjects/Task/%40%7Bnew.id%7D?fields=Subject", "referenceId": "read"},
    ]
    inside = at.ask("POST", f"{ROOT_OF}/composite", json={"compositeRequest": steps}).json()["compositeResponse"]
    place = f"{ROOT_OF}/sobjects/Task/"
    told = (alone.headers["Location"], inside[0]["httpHeaders"]["Location"], inside[1]["body"]["Subject"])
    return told == (place + alone.json()["id"], place + inside[0]["body"]["id"], "in")


def graphs(at: Server) -> bool:
    """Of two graphs the failing one leaves nothing."""
    step = {"method": "POST", "url": f"{ROOT_OF}/sobjects/Task"}
    fine = [{**step, "referenceId": "a", "body": {"Subject": "graph"}}]
    fails = [*fine, {**step, "referenceId": "b", "body": {"Nope": 1}}]
    body = {"graphs": [{"graphId": "1", "compositeRequest": fine}, {"graphId": "2", "compositeRequest": fails}]}
    told = at.ask("POST", f"{ROOT_OF}/composite/graph", json=body).json()["graphs"]
    stored = at.query("SELECT Id FROM Task WHERE Subject = 'graph'")
    return (told[0]["isSuccessful"], told[1]["isSuccessful"], len(stored)) == (True, False, 1)


def upserted_by_id(at: Server) -> bool:
    """`Id` is an external id: alone, in collections, and where it is missing or empty a record is created."""
    alone = at.ask("PATCH", f"{ROOT_OF}/sobjects/Task/Id/{at.task}", json={"Subject": "by id"})
    old = at.ask("PATCH", f"/services/data/v45.0/sobjects/Task/Id/{at.task}", json={"Subject": "by id"})
    kind = {"attributes": {"type": "Task"}, "Subject": "by id"}
    records = [{**kind, "Id": at.task}, kind, {**kind, "Id": ""}]
    many = at.ask("PATCH", f"{ROOT_OF}/composite/sobjects/Task/Id", json={"records": records}).json()
    return (alone.status_code, old.status_code) == (200, 204) and [
        (each["success"], each["created"]) for each in many
    ] == [(True, False), (True, True), (True, True)]


def in_xml(at: Server) -> bool:
    """REST in XML: rows, errors, bodies; by header and by the address's end."""
    kind = {"Content-Type": "application/xml", "Accept": "application/xml"}
    body = "<Task><Subject>a &amp; b</Subject></Task>"
    made = at.ask("POST", f"{ROOT_OF}/sobjects/Task", data=body, headers=kind)
    key = made.text.partition("<id>")[2].partition("</id>")[0]
    row = at.ask("GET", f"{ROOT_OF}/sobjects/Task/{key}.xml").text
    bad = at.ask("GET", f"{ROOT_OF}/sobjects/Nope", headers=kind).text
    return (
        made.status_code == 201
        and 'type="Task"' in row
        and "<Subject>a &amp; b</Subject>" in row
        and "<Errors><Error><message>" in bad
    )


def introspected(at: Server) -> bool:
    """A refresh token is known, too; parameters may stand in the address."""
    key = {"client_id": at.facts["consumer_key"], "client_secret": at.facts["consumer_secret"]}
    asked = {**key, "token": at.facts["refresh_token"]}
    told = requests.post(f"{at.url}/services/oauth2/introspect", params=asked, timeout=30).json()
    return (told["active"], told["token_type"]) == (True, "refresh_token")


def metadata_api(at: Server) -> bool:
    """A program that speaks the Metadata API reads a SOAP fault."""
    body = (
        '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Header><sessionId>{}</sessionId></e:Header>'
    )
    body += "<e:Body><describeMetadata/></e:Body></e:Envelope>"
    headers = {"Content-Type": "text/xml", "SOAPAction": '""'}
    address = f"{at.url}/services/Soap/m/60.0"
    told = requests.post(address, data=body.format(at.token).encode(), headers=headers, timeout=30)
    return told.status_code == 500 and "sf:INVALID_OPERATION" in told.text


def spelled(at: Server) -> bool:
    """Headers go out as Salesforce spells them; some clients look them up by the letter."""
    told = at.ask("GET", f"{ROOT_OF}/sobjects/Task/{at.task}").raw.headers
    return {"Content-Type", "Sforce-Limit-Info", "Last-Modified", "Date"} <= set(told)


def limits(at: Server) -> bool:
    """Limits have the names of their version: batches were requests once."""
    found = [at.ask("GET", f"/services/data/v{version}/limits").json() for version in ("48.0", "49.0")]
    return (
        ["DailyBulkApiRequests" in each for each in found]
        == ["DailyBulkApiBatches" not in each for each in found]
        == [
            True,
            False,
        ]
    )


def patience(_: Server) -> bool:
    """An idle connection outlives the pauses of programs that look at a job every few seconds, five of them mostly."""
    application = cast("Application", SimpleNamespace(asgi=None))
    return config(application).timeout_keep_alive >= 60


LATER = {"If-Modified-Since": "Thu, 26 Nov 2099 10:00:00 GMT"}
TABLE: dict[str, tuple[str, Callable[[Server], bool]]] = {
    "trailing slash": ("the route counts empty parts", path(f"{ROOT_OF}/sobjects/Task/{{task}}/")),
    "doubled slash": ("the path is split without dropping them", path("/services//data/v66.0//sobjects/Task//{task}")),
    "slash before everything": ("only the first part is looked at", path("//services/data/v66.0/sobjects/Task/{task}")),
    "object in small letters": ("names are compared as they come", path(f"{ROOT_OF}/sobjects/task/{{task}}")),
    "resource in capitals": ("routes are compared as they come", path(f"{ROOT_OF}/SObjects/TASK/{{task}}")),
    "id of 15": ("ids are looked up as they come", path(f"{ROOT_OF}/sobjects/Task/{{short}}")),
    "id of 18 in capitals": ("the checksum is not used to restore the case", shouted),
    "id with a wrong checksum": ("three characters are cut off unread", wrong_checksum),
    "fields with blanks": ("names are not stripped", path(f"{ROOT_OF}/sobjects/Task/{{task}}?fields=Id,%20Subject")),
    "fields in any case": (
        "answers have the caller's spelling",
        soql("select ID, SUBJECT from TASK where iD = '{task}'"),
    ),
    "self-qualified": (
        "a prefix is taken for a parent",
        soql("SELECT Task.Id, task.Subject FROM Task WHERE TASK.Id = '{task}'"),
    ),
    "by an alias": ("an alias is taken for a parent", soql("SELECT t.Id, t.Subject FROM Task t WHERE t.Id = '{task}'")),
    "15 in a query": ("literals are compared as text", soql("SELECT Id, Subject FROM Task WHERE Id IN ('{short}')")),
    "line breaks": ("blanks are split on", soql("SELECT Id,\n\tSubject\r\nFROM Task\nWHERE Id = '{task}'\n")),
    "Z": ("only +0000 is read", moment("2026-12-01T09:30:00Z")),
    "milliseconds": ("a fraction is refused", moment("2026-12-01T09:30:00.999Z")),
    "microseconds": ("three digits are expected", moment("2026-12-01T09:30:00.123456+00:00")),
    "offset without a colon": ("it is taken as UTC", moment("2026-12-01T10:30:00.000+0100")),
    "offset with a colon": ("it is refused", moment("2026-12-01T04:30:00-05:00")),
    "offset of hours": ("it is refused", moment("2026-12-01T11:30:00+02")),
    "no seconds": ("they are required", moment("2026-12-01T09:30Z")),
    "small letters": ("only T and Z are read", moment("2026-12-01t09:30:00z")),
    "true": ("a boolean is refused", truth(text=True, meant=True)),
    "'true'": ("a text is refused", truth("true", meant=True)),
    "'FALSE'": ("every text is true", truth("FALSE", meant=False)),
    "name in any case": ("names are compared as they come", names({"sUBJECT": "named"})),
    "with attributes": (
        "attributes are taken for a field",
        names({"attributes": {"type": "Task"}, "Subject": "named"}),
    ),
    "form": ("only the header is read", lambda at: at.token_by(credentials(at)).ok),
    "Basic": ("only the form is read", by_basic),
    "wrong Basic": ("the form is believed instead", by_wrong_basic),
    "signature": ("it is made over something else", signed),
    "Bearer": ("–", scheme("Bearer")),
    "OAuth": ("only Bearer is known", scheme("OAuth")),
    "bearer": ("the word is compared as it comes", scheme("bearer")),
    "another word": (
        "the word is not looked at",
        lambda at: at.ask("GET", f"{ROOT_OF}/limits", "Basic").status_code == 401,
    ),
    "exp as a number": ("–", expiry(lambda now: int(now) + 100)),
    "exp with a fraction": ("int() of it is refused", expiry(lambda now: now + 100.5)),
    "exp as a text": ("a number is required", expiry(lambda now: str(int(now) + 100))),
    "exp that is over": ("it is not looked at", expiry(lambda now: int(now) - 1, accepted=False)),
    "exp too far ahead": ("any future will do", expiry(lambda now: int(now) + 4000, accepted=False)),
    "empty JSON on GET": (
        "an empty body is parsed",
        empty("GET", f"{ROOT_OF}/sobjects/Task/{{task}}", "application/json"),
    ),
    "empty form on GET": (
        "an empty body is parsed",
        empty("GET", f"{ROOT_OF}/limits", "application/x-www-form-urlencoded"),
    ),
    "exp in milliseconds": ("it lies too far ahead", expiry(lambda now: int(now * 1000) + 300)),
    "exp in milliseconds that is over": (
        "any large number will do",
        expiry(lambda now: int(now * 1000) - 120_000, accepted=False),
    ),
    "exp that is endless": ("it ends in an error of ours", expiry(lambda _: "inf", accepted=False)),
    "gzip": ("bodies are read as they come", packed),
    "another media type": (
        "every body is taken for JSON",
        answered(
            "POST",
            "/sobjects/Task",
            lambda found: found.status_code == 415,
            data="Subject=x",
            headers={"Content-Type": "text/plain"},
        ),
    ),
    "Location": ("it is not told, or references are looked for before the address is unescaped", created_at),
    "graphs": ("all graphs are one transaction", graphs),
    "upsert by Id": ("only fields marked so are external ids", upserted_by_id),
    "relationship in the address": (
        "four parts are an external id",
        answered(
            "GET", "/sobjects/Task/{task}/Owner?fields=Name", lambda found: found.json()["attributes"]["type"] == "User"
        ),
    ),
    "layouts": (
        "four parts are an external id",
        answered(
            "GET", "/sobjects/Task/describe/compactLayouts", lambda found: "defaultCompactLayoutId" in found.json()
        ),
    ),
    "list views": (
        "three parts are an id",
        answered("GET", "/sobjects/Task/listviews", lambda found: found.json()["size"] == 0),
    ),
    "describe, unmodified": (
        "the condition is not looked at",
        answered("GET", "/sobjects/Task/describe", lambda found: found.status_code == 304, headers=LATER),
    ),
    "describe of everything, unmodified": (
        "the condition is not looked at",
        answered("GET", "/sobjects", lambda found: found.status_code == 304, headers=LATER),
    ),
    "HEAD": (
        "only GET is known",
        answered("HEAD", "/sobjects/Task/{task}", lambda found: found.ok and not found.content),
    ),
    "headers by the letter": ("the server writes them small", spelled),
    "limits of an old version": ("all versions have the newest names", limits),
    "an object for a text": (
        "the message holds the caller's whole value",
        answered(
            "PATCH",
            "/sobjects/Task/{task}",
            lambda found: "string from START_OBJECT value { or" in found.text,
            json={"CallObject": {"a": 1}},
        ),
    ),
    "XML": ("JSON is answered whatever is asked for", in_xml),
    "introspection": ("only access tokens are known", introspected),
    "a pause": ("the server closes a connection just when it is used again", patience),
    "profile": (
        "users have none",
        lambda at: at.query("SELECT Profile.Name, Alias FROM User LIMIT 1")[0]["Profile"]["Name"] == "Standard User",
    ),
    "Metadata API": ("its address is none of ours, and JSON is answered", metadata_api),
    "SOAP login": ("its session is no token", by_soap),
    "SOAP login retired": ("the switch is not looked at", retired),
}


@pytest.mark.parametrize("name", TABLE)
def test_it_means_the_same(server: Server, name: str) -> None:
    """A client that nobody here wrote sends it so; without it that client fails."""
    fault, holds = TABLE[name]
    assert holds(server), f"perhaps {fault}"
