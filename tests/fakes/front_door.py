"""The whole front door in one process, for hostile requests: the local gateway's own events and answers before both functions.

A token is a user's id, so that a test can sign anybody in. Nothing else is simplified: what API Gateway refuses, it refuses here
too, and what reaches a function is what `infra.local.gateway` makes of an HTTP request.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from http import HTTPStatus
from io import StringIO
from logging import StreamHandler
from types import SimpleNamespace
from typing import Any, cast
from unittest.mock import patch

from fakes.memory_hints import MemoryHints
from fakes.memory_ledger import MemoryLedger
from fakes.people import ADA, BO, CY, NOW, ORG, SITE, PeopleOrg
from fakes.still_clock import StillClock

import api
import receive
from infra.local.authorizer import Unauthorized, Verifier
from infra.local.gateway import Answer, Gateway, Request
from infra.local.lambdas import Function, Result
from infra.local.wiring import Authorizer, Route
from reminders import runtime, telemetry
from reminders.aws.secret import Secret
from reminders.core import edit
from reminders.core.reminder import Record, Side, Tombstone, Values
from reminders.core.settings import User
from reminders.ports import Hints, Org, World
from reminders.runtime import Receiver

CONTEXT = SimpleNamespace(aws_request_id="c6af9ac6-7b61-11e6-9a41-93e8deadbeef")
ADDRESS = "pT7xWq2Zr9LmK4vN8sHdYc3Fb6GjQe5UaRo1Xi0EwSzBtMuC"
LINKED, LOCAL, DELETED, HANDED_OVER, OF_CY = "linked", "local", "deleted", "handed-over", "of-cy"
"""Reminders that are there: four of Bo's, one of Cy's."""

SIGN_IN = Authorizer("https://issuer.test", ("app",))
_ROUTES = (
    Route("api", "ANY", "/api/{proxy+}", SIGN_IN),
    Route("api", "GET", "/", None),
    Route("api", "GET", "/assets/{proxy+}", None),
    Route("api", "GET", "/openapi.json", None),
    Route("receive", "POST", "/hooks/{secret}", None),
)


class _Tokens(Verifier):
    def claims(self, header: str | None) -> dict[str, str]:
        """Take a known user's id for a token of theirs."""
        user = (header or "").removeprefix("Bearer ").strip()
        if user not in {ADA, BO, CY}:
            raise Unauthorized("no token of ours")
        return {"sub": f"https://login.salesforce.com/id/{ORG}/{user}"}


def _timed(do: Callable[[Any], Any]) -> Callable[[Any], Result]:
    """Have a function answer as one in a container does, in no time."""
    return lambda event: Result(value=do(event), waited=0.0, ran=0.0, worked=0.0)


class FrontDoor:
    """Gateway, API and webhook on a fresh world; `reset` makes it fresh again. `verifier` is the real one, or takes user ids."""

    def __init__(self, verifier: Verifier | None = None) -> None:
        functions = {
            name: SimpleNamespace(timed=_timed(do)) for name, do in (("api", self._api), ("receive", self._receive))
        }
        self._gateway = Gateway(_ROUTES, cast("Mapping[str, Function]", functions), {})
        self._gateway._verifiers = {SIGN_IN: verifier or _Tokens(SIGN_IN)}
        self.reset()

    def reset(self) -> None:
        """Give three users, five reminders, no hints."""
        self.ledger, self.hints = MemoryLedger(), MemoryHints()
        for user, name, admin in ((ADA, "Ada Admin", True), (BO, "Bo Berg", False), (CY, "Cy Chen", False)):
            # Read from Salesforce just now: a request that also reads a user again, which it may, would look like a change.
            assert self.ledger.save_user(User(id=user, name=name, admin=admin, syncs=user != CY, read_at=NOW))
        for key in (LINKED, LOCAL, DELETED, HANDED_OVER, OF_CY):
            self.ledger.save([_reminder(key)])
        self._world = World(
            ledger=self.ledger,
            org=cast("Org", PeopleOrg()),
            hints=cast("Hints", self.hints),
            clock=StillClock(NOW),
        )

    def state(self) -> dict[str, object]:
        """Copy everything that is stored, to compare before with after (values are frozen, so one level is enough)."""
        stored = {name: value for name, value in vars(self.ledger).items() if name != "_lock"}
        copied: dict[str, object] = {name: _copy(value) for name, value in stored.items()}
        return {**copied, "hints": tuple(self.hints.queued)}

    def send(  # noqa: PLR0913 - an HTTP request has these parts
        self,
        method: str,
        path: str,
        body: bytes = b"",
        *,
        headers: Mapping[str, str] | None = None,
        query: str = "",
        by: str | None = None,
    ) -> Answer:
        """Send one HTTP request; `by` signs it."""
        lower = {name.lower(): value for name, value in (headers or {}).items()}
        if by:
            lower["authorization"] = f"Bearer {by}"
        return self._gateway.answer(Request(method, path, query, lower, body, "127.0.0.1"))

    def __call__(
        self, environ: Mapping[str, Any], start: Callable[[str, list[tuple[str, str]]], object]
    ) -> Iterable[bytes]:
        """Serve as a WSGI application (PEP 3333); nothing is compressed, since WSGI's test clients cannot read that."""
        headers = {
            name.removeprefix("HTTP_").replace("_", "-"): value
            for name, value in environ.items()
            if (name.startswith("HTTP_") or name in {"CONTENT_TYPE", "CONTENT_LENGTH"})
            and name != "HTTP_ACCEPT_ENCODING"
        }
        answer = self.send(
            environ["REQUEST_METHOD"],
            environ["PATH_INFO"].encode("latin-1").decode(errors="replace"),
            environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)),
            headers=headers,
            query=environ["QUERY_STRING"],
        )
        start(f"{answer.status} {HTTPStatus(answer.status).phrase}", list(answer.headers))
        return [answer.body]

    def _api(self, event: dict[str, Any]) -> dict[str, Any]:
        with patch.object(runtime, "world", lambda: self._world), patch.object(runtime, "environment", lambda: SITE):
            return api.handler(event, cast("Any", CONTEXT))

    def _receive(self, event: dict[str, Any]) -> dict[str, Any]:
        receiver = Receiver(hints=self.hints, addresses=Secret(lambda: ADDRESS, StillClock()), organization_id=ORG)
        with patch.object(runtime, "receiver", lambda: receiver):
            return receive.handler(event, CONTEXT)


def _copy(value: object) -> object:
    if isinstance(value, dict):
        return {key: tuple(each) if isinstance(each, list) else each for key, each in value.items()}
    return list(value) if isinstance(value, list) else value


def _reminder(key: str) -> Record:
    owner = CY if key == OF_CY else BO
    made = edit.create(
        Values(name=f"Call about {key}", assignee=owner, details="Ask for the renewal"),
        reminder_id=key,
        by=owner,
        assignee_syncs=key in {LINKED, HANDED_OVER},
        now=NOW,
    )
    changes: dict[str, Any] = {"rings": False}
    if key in {LINKED, HANDED_OVER}:
        changes |= {"pending": False, "next_attempt": None, "task_id": f"00T00000000000{len(key):X}AAA"}
    if key == DELETED:
        changes["tombstone"] = Tombstone(at=NOW, side=Side.HERE, agreed=NOW)
    if key == HANDED_OVER:
        changes["handed_over"] = True
    return Record(reminder=replace(made.reminder, **changes), lines=made.lines)


def listen() -> Iterator[StringIO]:
    """Collect what both functions log, for a fixture."""
    handler = telemetry.logger().logger_handler
    assert isinstance(handler, StreamHandler)
    stream = StringIO()
    before = handler.setStream(stream)
    yield stream
    handler.setStream(before)
