"""What clients send in different ways and mean the same by: one table, over HTTP, each line with the fault that it finds."""

from __future__ import annotations

import base64
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
from typing import Any

import jwt
import pytest
import requests

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
    "SOAP login": ("its session is no token", by_soap),
    "SOAP login retired": ("the switch is not looked at", retired),
}


@pytest.mark.parametrize("name", TABLE)
def test_it_means_the_same(server: Server, name: str) -> None:
    """A client that nobody here wrote sends it so; without it that client fails."""
    fault, holds = TABLE[name]
    assert holds(server), f"perhaps {fault}"
