"""The Salesforce client over real sockets: what only a network shows. The org's behaviour is the contract suite's matter."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest
from fakes.salesforce_answers import ME, TOKEN

from reminders.core.problems import Kind
from reminders.ports import OrgUnavailable
from reminders.salesforce.client import Credentials, SalesforceOrg, connect

T1 = "00T000000000001EAA"
CREATED = [{"id": T1, "success": True, "errors": []}]


class _Handler(BaseHTTPRequestHandler):
    """Signs everybody in; every other request is answered by `play`."""

    protocol_version = "HTTP/1.1"
    play: ClassVar[Callable[[_Handler], None]]
    seen: ClassVar[list[str]]

    def _serve(self) -> None:
        self.body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/services/oauth2/token":
            # A real org names its public host; behind a loopback address nothing may be sent there.
            self.json(TOKEN)
            return
        self.seen.append(f"{self.command} {self.path.partition('?')[0]}")
        type(self).play(self)

    do_GET = do_POST = do_DELETE = _serve  # noqa: N815 -- the names that http.server looks for

    def json(self, document: object) -> None:
        """Answer with JSON."""
        body = json.dumps(document).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def hang_up(self) -> None:
        """Close without an answer."""
        self.close_connection = True

    def log_message(self, format: str, *_: object) -> None:  # noqa: A002 -- http.server's own name
        """Keep quiet."""


@contextmanager
def _server(play: Callable[[_Handler], None]) -> Iterator[tuple[str, list[str]]]:
    handler = type("Handler", (_Handler,), {"play": staticmethod(play), "seen": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", handler.seen  # type: ignore[attr-defined]  # made just above
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _org(url: str) -> SalesforceOrg:
    return connect(Credentials(url=url, consumer_key="k", consumer_secret="s", connect_timeout=1.0, read_timeout=0.3))


def test_an_org_on_loopback_is_served_over_plain_http() -> None:
    """The local stack: simple-salesforce builds https addresses of Salesforce's hosts only; all of it must arrive here."""
    with _server(lambda handler: handler.json(CREATED)) as (url, seen):
        org = _org(url)
        assert org.me() == ME
        assert [outcome.id for outcome in org.create([{"Subject": "Ring \U0001f4de"}])] == [T1]
        assert org.now().tzinfo is not None
    assert seen == ["POST /services/data/v66.0/composite/sobjects", "GET /services/data/"]


def test_a_connection_that_is_refused_made_no_write() -> None:
    """O2: nobody listens, so nothing was sent; no look-up is owed."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(OrgUnavailable, match="NOT_REACHED") as caught:
        _org(url).create([{"Subject": "x"}])
    assert caught.value.failure.kind is Kind.TRANSIENT


def test_a_connection_closed_without_an_answer_may_have_made_the_write() -> None:
    """O2: the request was read to its end before the line went dead; sending it again would make a second task."""
    with _server(_Handler.hang_up) as (url, seen):
        with pytest.raises(OrgUnavailable, match="NO_ANSWER") as caught:
            _org(url).create([{"Subject": "x"}])
        assert caught.value.failure.kind is Kind.UNKNOWN
        assert len(seen) == 1
        with pytest.raises(OrgUnavailable, match="NO_ANSWER") as caught:
            _org(url).read([T1])
        assert caught.value.failure.kind is Kind.TRANSIENT
        assert len(seen) == 3


def test_a_silent_org_does_not_hold_a_function() -> None:
    """Time-outs on every call: without one the function would hang until Lambda kills it."""
    release = threading.Event()

    def silent(handler: _Handler) -> None:
        release.wait(10)
        handler.hang_up()

    with _server(silent) as (url, seen):
        try:
            with pytest.raises(OrgUnavailable, match="TIMEOUT") as caught:
                _org(url).create([{"Subject": "x"}])
            assert caught.value.failure.kind is Kind.UNKNOWN
            with pytest.raises(OrgUnavailable, match="TIMEOUT"):
                _org(url).read([T1])
            assert len(seen) == 2
        finally:
            release.set()


def test_an_answer_cut_in_the_middle_may_have_made_the_write() -> None:
    """O2: half a body is no answer."""

    def cut(handler: _Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        handler.wfile.write(b'[{"id":')
        handler.hang_up()

    with _server(cut) as (url, seen):
        with pytest.raises(OrgUnavailable) as caught:
            _org(url).create([{"Subject": "x"}])
        assert caught.value.failure.kind is Kind.UNKNOWN
        assert len(seen) == 1


def test_a_netrc_file_does_not_replace_our_session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests prefers a netrc entry to our Authorization header, and would send its password to the org."""
    (tmp_path / "netrc").write_text("default login somebody password hush\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    headers: list[str | None] = []

    def look(handler: _Handler) -> None:
        headers.append(handler.headers["Authorization"])
        handler.json(CREATED)

    with _server(look) as (url, _):
        _org(url).create([{"Subject": "x"}])
    assert headers == [f"Bearer {TOKEN['access_token']}"]


def test_a_proxy_of_the_environment_is_not_asked_for_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """Behind a company's proxy the local stack must still reach its own machine."""
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy", "https_proxy", "http_proxy"):
        monkeypatch.delenv(name, raising=False)
    with _server(lambda handler: handler.json(CREATED)) as (url, _):
        assert [outcome.id for outcome in _org(url).create([{"Subject": "x"}])] == [T1]
