"""The emulated org as a program of its own: over HTTP, with its control resource, page and outbound messages."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import jwt
import pytest
import requests

ROOT = Path(__file__).parents[2]
PATIENCE = 30.0
ACK = (
    b'<?xml version="1.0"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>'
    b'<notificationsResponse xmlns="http://soap.sforce.com/2005/09/outbound"><Ack>true</Ack></notificationsResponse>'
    b"</soapenv:Body></soapenv:Envelope>"
)


@dataclass
class Stack:
    """A running org: its address, and what its control resource says of it."""

    url: str
    facts: dict[str, object]
    session: requests.Session = field(default_factory=requests.Session)

    def control(
        self, method: str, name: str, body: dict[str, object] | None = None, **headers: str
    ) -> requests.Response:
        """Ask the control resource."""
        return self.session.request(method, f"{self.url}/__control/{name}", json=body, headers=headers, timeout=10)

    def user(self, role: str) -> dict[str, str]:
        """The first user with this role."""
        users = self.facts["users"]
        assert isinstance(users, list)
        found = next(each for each in users if each["role"] == role)
        assert isinstance(found, dict)
        return found

    def rest(self, method: str, path: str, role: str = "sales", **more: object) -> requests.Response:
        """Ask the REST API as a user with this role."""
        headers = {"Authorization": f"Bearer {self.user(role)['access_token']}"}
        url = f"{self.url}/services/data/v66.0/{path}"
        return self.session.request(method, url, headers=headers, timeout=10, **more)  # type: ignore[arg-type]  # requests' words


@pytest.fixture(scope="module")
def started() -> Iterator[Stack]:
    """One org for all tests of this file."""
    command = [sys.executable, "-m", "infra.local.org", "--port", "0", "--tasks", "10", "--first-retry", "0.2"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own program
        assert process.stdout is not None
        line = process.stdout.readline()
        match = re.search(r"http://127\.0\.0\.1:\d+", line)
        assert match, line
        with requests.Session() as session:
            until(lambda: _answers(session, match[0]))
            facts = session.get(f"{match[0]}/__control/stack", timeout=10).json()
            yield Stack(match[0], facts, session)
        process.terminate()
        assert process.wait(10) in (0, -15)


@pytest.fixture
def stack(started: Stack) -> Stack:
    """The org, without armed faults, with an empty call log."""
    started.control("DELETE", "faults")
    started.control("DELETE", "calls")
    return started


@dataclass
class Listener:
    """A webhook that fails so many times before it acknowledges."""

    url: str
    bodies: list[bytes]
    failures: list[int]


@pytest.fixture
def listener() -> Iterator[Listener]:
    """A listener on a free port."""
    found = Listener("", [], [0])

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            found.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            fails = found.failures[0] > 0
            found.failures[0] -= 1
            self.send_response(500 if fails else 200)
            self.end_headers()
            self.wfile.write(b"" if fails else ACK)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        found.url = f"http://127.0.0.1:{server.server_address[1]}/hook"
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield found
        server.shutdown()
        thread.join()


def until(condition: Callable[[], bool]) -> None:
    """Wait for something that happens by itself."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


def _answers(session: requests.Session, url: str) -> bool:
    try:
        return session.get(f"{url}/services/data/", timeout=1).ok
    except requests.ConnectionError:
        return False


def test_the_stack_says_who_is_here(stack: Stack) -> None:
    """What the local stack writes into its file: people with tokens, queues, the app; the id tokens verify by the org's keys."""
    assert set(stack.facts) == {"org_id", "users", "queues", "consumer_key", "consumer_secret"}
    roles = [each["role"] for each in stack.facts["users"]]  # type: ignore[attr-defined]  # JSON
    assert sorted(roles) == ["admin", "integration", "no sync", "sales", "sales", "sales", "sales"]
    discovery = stack.session.get(f"{stack.url}/.well-known/openid-configuration", timeout=10).json()
    key = jwt.PyJWK(stack.session.get(discovery["jwks_uri"], timeout=10).json()["keys"][0]).key
    user = stack.user("admin")
    claims = jwt.decode(
        user["id_token"],
        key,
        algorithms=["RS256"],
        audience=str(stack.facts["consumer_key"]),
        issuer=discovery["issuer"],
    )
    assert claims["sub"].endswith(f"/id/{stack.facts['org_id']}/{user['user_id']}")


def test_a_task_over_http(stack: Stack) -> None:
    """The same core as in process: create, read, delete, undelete; each answer carries Date and api-usage."""
    made = stack.rest("POST", "sobjects/Task", json={"Subject": "Réunion ☕", "ActivityDate": "2026-12-01"})
    assert made.status_code == 201
    assert re.fullmatch(r"api-usage=\d+/100000", made.headers["Sforce-Limit-Info"])
    assert made.headers["Date"].endswith(" GMT")
    key = made.json()["id"]
    assert stack.rest("GET", f"sobjects/Task/{key}").json()["Subject"] == "Réunion ☕"
    assert stack.rest("DELETE", f"sobjects/Task/{key}").status_code == 204
    assert stack.rest("GET", f"sobjects/Task/{key}").status_code == 404
    undelete = stack.control("POST", "undelete", {"user_id": stack.user("sales")["user_id"], "id": key})
    assert undelete.status_code == 200
    assert stack.rest("GET", f"sobjects/Task/{key}").status_code == 200
    counts = stack.control("GET", "calls").json()["by_resource"]
    assert counts == {"POST /sobjects/*": 1, "GET /sobjects/*/*": 3, "DELETE /sobjects/*/*": 1}


def test_client_credentials_give_the_address_that_was_asked(stack: Stack) -> None:
    """`instance_url` follows Host and X-Forwarded-Proto, so that a proxy in front works."""
    form = {
        "grant_type": "client_credentials",
        "client_id": str(stack.facts["consumer_key"]),
        "client_secret": str(stack.facts["consumer_secret"]),
    }
    url = f"{stack.url}/services/oauth2/token"
    assert stack.session.post(url, data=form, timeout=10).json()["instance_url"] == stack.url
    proxied = {"X-Forwarded-Proto": "https", "Host": "acme.my.salesforce.com"}
    answer = stack.session.post(url, data=form, headers=proxied, timeout=10).json()
    assert answer["instance_url"] == "https://acme.my.salesforce.com"


def test_the_control_resource_is_for_this_machine(stack: Stack) -> None:
    """A foreign Host (DNS rebinding) and a form post (another page) are refused; unknown names and bad bodies are told."""
    assert stack.control("GET", "stack", Host="evil.example").status_code == 403
    posted = stack.session.post(f"{stack.url}/__control/clock", data='{"advance": 5}', timeout=10)
    assert posted.status_code == 415
    assert stack.control("GET", "nonsense").status_code == 404
    assert stack.control("POST", "clock", {"advance": -5}).status_code == 400
    assert stack.control("POST", "faults", {"kind": "nonsense"}).json()["error"].startswith("ValueError: unknown fault")


def test_the_clock_can_be_moved(stack: Stack) -> None:
    """Date and stamps follow."""
    before = stack.control("GET", "clock").json()["now"]
    after = stack.control("POST", "clock", {"advance": 3600}).json()["now"]
    assert int(after[11:13]) == (int(before[11:13]) + 1) % 24
    made = stack.rest("POST", "sobjects/Task", json={}).json()["id"]
    assert stack.rest("GET", f"sobjects/Task/{made}").json()["CreatedDate"][:13] == after[:13]


def test_a_lost_answer_over_http(stack: Stack) -> None:
    """The write is made, the connection breaks, the next request is well."""
    count = "query?q=SELECT COUNT() FROM Task"
    before = stack.rest("GET", count, role="integration").json()["totalSize"]
    stack.control("POST", "faults", {"kind": "lost", "match": "POST /services"})
    with pytest.raises(requests.ConnectionError):
        stack.rest("POST", "sobjects/Task", json={})
    assert stack.rest("GET", count, role="integration").json()["totalSize"] == before + 1


def test_a_slow_answer_holds_up_nobody_else(stack: Stack) -> None:
    """While one waits, others are answered."""
    stack.control("POST", "faults", {"kind": "slow", "match": "GET .*/limits", "seconds": 1.0})
    took: list[float] = []

    def slow() -> None:
        began = time.monotonic()
        headers = {"Authorization": f"Bearer {stack.user('sales')['access_token']}"}
        requests.get(f"{stack.url}/services/data/v66.0/limits", headers=headers, timeout=10)
        took.append(time.monotonic() - began)

    thread = threading.Thread(target=slow)
    thread.start()
    until(lambda: stack.control("GET", "faults").json() == [])
    assert stack.rest("GET", "limits").ok
    assert took == []
    thread.join()
    assert took[0] >= 1.0


def test_messages_are_posted_and_repeated(stack: Stack, listener: Listener) -> None:
    """A change by a person reaches the listener, is sent again until acknowledged, and one by the sync user is not sent."""
    listener.failures[0] = 1
    stack.control("POST", "webhook", {"url": listener.url})
    stack.rest("POST", "sobjects/Task", role="integration", json={"Subject": "ours"})
    made = stack.rest("POST", "sobjects/Task", json={"Subject": "theirs"}).json()["id"]
    until(lambda: stack.control("GET", "webhook").json()["waiting"] == [] and len(listener.bodies) >= 2)
    assert len(listener.bodies) == 2
    assert listener.bodies[0] == listener.bodies[1]
    assert f"<sf:Id>{made}</sf:Id>".encode() in listener.bodies[0]
    assert listener.bodies[0].count(b"<Notification>") == 1
    outcomes = [each["outcome"] for each in stack.control("GET", "webhook").json()["log"]]
    assert outcomes[-2:] == ["failed: 500", "acknowledged"]
    stack.control("POST", "webhook", {"enabled": False})
    stack.rest("PATCH", f"sobjects/Task/{made}", json={"Subject": "unheard"})
    assert stack.control("GET", "webhook").json()["waiting"] == []
    stack.control("POST", "webhook", {"url": ""})


def test_the_page_is_served_and_costs_no_calls(stack: Stack) -> None:
    """Static files without inline code; its own tokens are not counted."""
    for address in ("/", "/connect", "/messages", "/scenes", "/calls"):
        page = stack.session.get(f"{stack.url}{address}", timeout=10)
        assert page.headers["Content-Security-Policy"] == "default-src 'self'"
        for name in re.findall(r'(?:src|href)="(/[^"]+)"', page.text):
            assert stack.session.get(f"{stack.url}{name}", timeout=10).ok
    token = stack.control("GET", "page").json()["users"][1]["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    assert stack.session.get(f"{stack.url}/services/data/v66.0/limits", headers=headers, timeout=10).ok
    assert stack.control("GET", "calls").json()["by_resource"] == {}


def test_rules_of_an_org_can_be_set(stack: Stack) -> None:
    """A validation rule refuses until it is lifted; the budget runs out and is raised again."""
    stack.control("POST", "validation", {"field": "Subject", "contains": "party", "message": "No parties."})
    assert stack.rest("POST", "sobjects/Task", json={"Subject": "party"}).json()[0]["message"] == "No parties."
    stack.control("DELETE", "validation")
    assert stack.rest("POST", "sobjects/Task", json={"Subject": "party"}).status_code == 201
    stack.control("POST", "limit", {"limit": 1})
    assert stack.rest("GET", "limits").json()[0]["errorCode"] == "REQUEST_LIMIT_EXCEEDED"
    stack.control("POST", "limit", {"limit": 100000})
    assert stack.rest("GET", "limits").ok
