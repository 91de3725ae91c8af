"""A web server that plays API Gateway in front of `api.handler`, for tests of the page.

Signing in is played, too: the cookie `visitor` names a user of the directory, whose id is the token. With a `Salesforce` it is the real
one: `/auth/*` is the product's, and tokens are verified as the authorizer does.
"""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, cast
from urllib.parse import parse_qsl, unquote, urlsplit

from fakes.people import ORG, PeopleOrg, gateway_event

import api
from infra.local.authorizer import Unauthorized, Verifier
from reminders.signin import routes
from reminders.signin.provider import Provider

VISITOR = "visitor"


@dataclass(frozen=True)
class Salesforce:
    """The real sign-in: what the product asks, and what the authorizer verifies by."""

    provider: Provider
    verifier: Verifier


class _Gateway(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    org: PeopleOrg
    salesforce: Salesforce | None

    def answer(self) -> None:
        """Answer any method."""
        url = urlsplit(self.path)
        size = int(self.headers.get("content-length") or 0)
        body = self.rfile.read(size).decode() if size else None
        event = gateway_event(self.command, url.path, body)
        event["headers"] = {name.lower(): value for name, value in self.headers.items()}
        event["requestContext"]["domainName"] = self.headers["host"]
        event["cookies"] = [each.strip() for each in self.headers.get("cookie", "").split(";") if each]
        event["rawQueryString"] = url.query
        event["queryStringParameters"] = dict(parse_qsl(url.query))
        if url.path.startswith("/auth/"):
            self._sign_in(event)
            return
        claims = self._claims()
        if url.path.startswith("/api/") and claims is None:
            self._send(401, {"Content-Type": "application/json"}, b'{"message": "Unauthorized"}')
            return
        if claims:
            event["requestContext"]["authorizer"] = {"jwt": {"claims": claims}}
        self._answer(api.handler(event, cast("Any", None)))

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815 - the names are http.server's

    def _claims(self) -> Mapping[str, str] | None:
        header = self.headers.get("authorization", "")
        if self.salesforce is None:
            user = header.removeprefix("Bearer ")
            return {"sub": f"https://login.salesforce.com/id/{ORG}/{user}"} if user else None
        try:
            return self.salesforce.verifier.claims(header)
        except Unauthorized:
            return None

    def _sign_in(self, event: dict[str, Any]) -> None:
        if self.salesforce:
            self._answer(routes.answer(event, self.salesforce.provider).response)
            return
        kept = SimpleCookie(self.headers.get("cookie", ""))
        name = unquote(kept[VISITOR].value) if VISITOR in kept else ""
        user = next((each for each in self.org.directory.values() if each.name == name), None)
        told: dict[str, Any] = {"error": {"code": "signed_out"}}
        cookies: tuple[str, ...] = ()
        if user:
            told = {"id_token": user.id, "expires_in": 600, "user_id": user.id}
        if event["rawPath"] == "/auth/logout":
            told = {"revoked": True, "salesforce": None}
            cookies = (f"{VISITOR}=; Max-Age=0; Path=/auth",)
        self._send(200 if user else 401, {"Content-Type": "application/json"}, json.dumps(told).encode(), cookies)

    def _answer(self, answer: Mapping[str, Any]) -> None:
        content = b64decode(answer["body"]) if answer["isBase64Encoded"] else answer["body"].encode()
        self._send(answer["statusCode"], answer["headers"], content, answer.get("cookies", ()))

    def _send(self, status: int, headers: Mapping[str, str], content: bytes, cookies: tuple[str, ...] = ()) -> None:
        self.send_response(status)
        for name, value in [*headers.items(), *(("Set-Cookie", each) for each in cookies)]:
            self.send_header(name, value)
        if status != 304:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is http.server's
        """Keep quiet."""


@contextmanager
def serve(org: PeopleOrg, salesforce: Callable[[str], Salesforce] | None = None) -> Iterator[str]:
    """Serve the page and its API, as `runtime` is patched, on a free port; gives the address, for which `salesforce` is made."""
    handler = type("Gateway", (_Gateway,), {"org": org, "salesforce": None})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    address = f"http://127.0.0.1:{server.server_port}"
    if salesforce:
        setattr(handler, "salesforce", salesforce(address))  # noqa: B010 - the class is made here, so nothing else knows its attributes
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield address
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)
