"""A web server that plays API Gateway in front of `api.handler`, for tests of the page. The bearer token is the user's id."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, cast
from urllib.parse import parse_qsl, urlsplit

from fakes.people import ORG, PeopleOrg, gateway_event

import api


class _Gateway(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    org: PeopleOrg | None

    def answer(self) -> None:
        """Answer any method."""
        url = urlsplit(self.path)
        size = int(self.headers.get("content-length") or 0)
        body = self.rfile.read(size).decode() if size else None
        if url.path == "/__local/users":
            self._users()
            return
        event = gateway_event(self.command, url.path, body)
        event["headers"] = {name.lower(): value for name, value in self.headers.items()}
        event["rawQueryString"] = url.query
        event["queryStringParameters"] = dict(parse_qsl(url.query))
        user = self.headers.get("authorization", "").removeprefix("Bearer ")
        if user:
            claims = {"sub": f"https://login.salesforce.com/id/{ORG}/{user}"}
            event["requestContext"]["authorizer"] = {"jwt": {"claims": claims}}
        answer = api.handler(event, cast("Any", None))
        content = b64decode(answer["body"]) if answer["isBase64Encoded"] else answer["body"].encode()
        self._send(answer["statusCode"], answer["headers"], content)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815 - the names are http.server's

    def _users(self) -> None:
        if self.org is None:
            self._send(404, {}, b"")
            return
        users = [
            {"username": item.username, "user_id": item.id, "name": item.name, "admin": item.admin, "id_token": item.id}
            for item in self.org.directory.values()
        ]
        self._send(200, {"Content-Type": "application/json"}, json.dumps(users).encode())

    def _send(self, status: int, headers: dict[str, str], content: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 304:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is http.server's
        """Keep quiet."""


@contextmanager
def serve(org: PeopleOrg | None) -> Iterator[str]:
    """Serve the page and its API, as `runtime` is patched, on a free port; gives the address. No org: no local sign-in."""
    handler = type("Gateway", (_Gateway,), {"org": org})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)
