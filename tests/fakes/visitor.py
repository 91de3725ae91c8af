"""Somebody before the sign-in without a browser: keeps cookies as browsers do, and follows the way to Salesforce and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import requests

from infra.local.gateway import Request, event
from infra.local.org.adapter import OrgAdapter
from infra.local.org.world import Org
from infra.local.wiring import Route
from reminders.core.summary import Summary
from reminders.signin import cookies, routes
from reminders.signin.problems import Problem
from reminders.signin.provider import Client, Provider

ISSUER = "https://example.my.salesforce.com"
HOST = "center.example"
ORIGIN = f"https://{HOST}"
CALLBACK = f"{ORIGIN}/auth/callback"
METHODS = {"login": "GET", "callback": "GET", "token": "POST", "logout": "POST"}
OURS = {"origin": ORIGIN, "x-reminder-sync": "1"}
"""What the page sends with its own requests."""


class Visitor:
    """One browser. `session`: its network, on which the org is."""

    def __init__(self, provider: Provider, session: requests.Session) -> None:
        self.provider = provider
        self.session = session
        self.cookies: dict[str, str] = {}
        self.last = routes.Outcome({}, Summary(counts={}))

    @property
    def body(self) -> Any:
        """The last answer's JSON."""
        return json.loads(self.last.response["body"])

    @property
    def status(self) -> int:
        """The last answer's status."""
        return int(self.last.response["statusCode"])

    @property
    def location(self) -> str:
        """Where the last answer sends the browser."""
        return str(self.last.response["headers"]["Location"])

    def ask(
        self, name: str, query: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
    ) -> Visitor:
        """Send one request to `/auth/<name>`, with the cookies that are kept; by default as our page does."""
        method, path = METHODS[name], f"/auth/{name}"
        given = dict(OURS if headers is None else headers) | {"host": HOST}
        if self.cookies:
            given["cookie"] = "; ".join(f"{key}={value}" for key, value in self.cookies.items())
        request = Request(method, path, urlencode(query or {}), given, b"", "127.0.0.1")
        self.last = routes.answer(event(Route("sign_in", method, path, None), {}, request, None), self.provider)
        for text in self.last.response["cookies"]:
            for key, morsel in SimpleCookie(text).items():
                self.cookies[key] = morsel.value
                if morsel["max-age"] == "0":
                    del self.cookies[key]
        return self

    def at_salesforce(self, **more: str) -> dict[str, str]:
        """Go where `login` sends, and answer there (`user_id=…` or `deny="1"`); gives what Salesforce sends back."""
        self.ask("login")
        answer = self.session.get(self.location, params=more, timeout=5, allow_redirects=False)
        return dict(parse_qsl(urlsplit(answer.headers["Location"]).query))

    def sign_in(self, user_id: str) -> Visitor:
        """Sign in as this user."""
        return self.ask("callback", self.at_salesforce(user_id=user_id))


def visitor(org: Org, **changes: str) -> Visitor:
    """Make a browser before a sign-in that belongs to the org, or differs from that in something."""
    session = requests.Session()
    session.mount("https://", OrgAdapter(org))
    known = {"issuer": ISSUER, "client_id": org.consumer_key, "organization_id": org.organization_id}
    return Visitor(Provider(Client(**(known | changes)), session), session)


def refused_with(someone: Visitor, problem: Problem) -> None:
    """Assert that the last answer is the page, with this problem and its status, and keeps nothing."""
    assert someone.status == problem.status
    assert f'data-sign-in="{problem}"' in someone.last.response["body"]
    assert someone.last.response["headers"]["Content-Security-Policy"].startswith("default-src 'none'")
    assert cookies.SESSION not in someone.cookies
    assert someone.last.summary.counts == {f"refused_{problem}": 1}
