"""The control resource `/__control/…`: what a test, a demo or the page can do to the org that no real org offers.

Served to this machine only (the server checks address and Host), and a POST must be JSON, so that no web page elsewhere can send
one. Answers are JSON; a wrong request is 400 with `{"error"}`.

    GET    stack       who is here, with tokens: what the local stack writes into its file
    GET    connection  how to point a client here: addresses, proxy, certificate authority, credentials
    GET    page        the same for the page: its tokens' calls are neither counted nor logged
    GET    calls       budget, counts per resource, newest calls          DELETE  clear the log
    POST   calls       {"spend": 1000}: calls of other programs
    GET    clock       now, and how many seconds that is ahead of the machine; POST {"advance": seconds}
    GET    webhook     queue and log; POST {"enabled"?, "url"?, "first_retry"?, "longest_retry"?, "window"?, "retry_now"?,
                       "fields"?}; GET /services/wsdl/outbound is the message's WSDL, /messages the delivery status
    POST   key         {"public_key": PEM}: accept its JWT assertions
    GET    state       every task as stored, deleted ones included
    GET    dump        the whole org as one document (`snapshot.py`); POST load takes it back, in place of what is here

and the switches of `scenes.py`: rules, field permissions, locks, limits, faults, people.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Final

from infra.local.org import snapshot
from infra.local.org.clock import MovableClock
from infra.local.org.errors import Refused
from infra.local.org.outbound import Sender
from infra.local.org.scenes import Scenes, number, whole
from infra.local.org.wire import Request, Response, answer, stamp
from infra.local.org.world import Org
from infra.local.org.wsdl import wsdl

PREFIX: Final = "/__control/"
NEWEST_CALLS: Final = 200


class Control:
    """The control resource of one served org. `url` is where outbound messages go; empty: nowhere. `ways`: how it is reached."""

    def __init__(
        self, org: Org, clock: MovableClock, sender: Sender, url: str = "", ways: Mapping[str, str] | None = None
    ) -> None:
        self.org = org
        self.clock = clock
        self.sender = sender
        self.url = url
        self.ways = ways or {}

    def handle(self, request: Request) -> Response:
        """Answer a control request."""
        name = request.path.removeprefix(PREFIX).strip("/")
        handler = self._routes().get((request.method, name))
        if handler is None:
            return answer({"error": f"no control {request.method} {name}"}, 404)
        if request.method == "POST" and not request.headers.get("content-type", "").startswith("application/json"):
            return answer({"error": "a control request must be application/json"}, 415)
        try:
            body = json.loads(request.body or b"{}")
            if not isinstance(body, dict):
                raise TypeError("the body must be a JSON object")  # noqa: TRY301 - one place answers all bad input
            self.org.state.settle()
            return answer(handler(body))
        except Refused as refused:
            return answer(refused.body(), refused.status)
        except (ValueError, TypeError, KeyError) as error:
            return answer({"error": f"{type(error).__name__}: {error}"}, 400)

    def wsdl(self) -> bytes:
        """Write the WSDL of the outbound message as it is set now."""
        return wsdl(self.org.state.schema.objects["Task"], self.sender.policy.fields, self.url)

    def _routes(self) -> Mapping[tuple[str, str], Callable[[dict[str, object]], object]]:
        return {
            **Scenes(self.org).routes(),
            ("GET", "stack"): self._stack,
            ("GET", "page"): lambda _: self._people(counted=False),
            ("GET", "connection"): self._connection,
            ("GET", "calls"): self._calls,
            ("POST", "calls"): self._spend,
            ("DELETE", "calls"): self._clear_calls,
            ("GET", "clock"): self._now,
            ("POST", "clock"): self._advance,
            ("GET", "webhook"): self._webhook,
            ("POST", "webhook"): self._set_webhook,
            ("POST", "key"): self._key,
            ("GET", "state"): self._state,
            ("GET", "dump"): lambda _: self.dump(),
            ("POST", "load"): self._load,
        }

    def _stack(self, _: dict[str, object]) -> object:
        return self._people(counted=True)

    def _people(self, *, counted: bool) -> object:
        org = self.org
        return {
            "org_id": org.organization_id,
            "users": [
                {
                    "username": user.username,
                    "user_id": user.id,
                    "name": user.name,
                    "admin": user.admin,
                    "role": user.role,
                    "id_token": org.id_token(user.id),
                    "access_token": org.access_token(user.id, counted=counted),
                }
                for user in org.users
                if user.active
            ],
            "queues": [{"id": key, "name": name} for key, name in org.queues.items()],
            "consumer_key": org.consumer_key,
            "consumer_secret": org.consumer_secret,
        }

    def _connection(self, _: dict[str, object]) -> object:
        user = self.org.integration_user
        return {
            **self.ways,
            "username": user.username,
            "password": user.password,
            "security_token": user.security_token,
            "consumer_key": self.org.consumer_key,
            "consumer_secret": self.org.consumer_secret,
            "organization_id": self.org.organization_id,
            "password_sign_in": self.org.state.password_sign_in,
            "refresh_token": self.org.refresh_token(user.id),
            "private_key": self.org.private_key,
        }

    def _calls(self, _: dict[str, object]) -> object:
        calls = self.org.calls
        newest = list(calls.entries)[-NEWEST_CALLS:]
        return {
            "used": calls.used(self.org.state.second()),
            "limit": calls.limit,
            "by_resource": dict(calls.by_resource),
            "newest": [asdict(call) for call in newest],
        }

    def _spend(self, body: dict[str, object]) -> object:
        self.org.calls.spend(self.org.state.second(), whole(body["spend"]))
        return self._calls(body)

    def _clear_calls(self, _: dict[str, object]) -> object:
        self.org.calls.clear()
        return {}

    def _now(self, _: dict[str, object]) -> object:
        return {"now": stamp(self.org.state.second()), "ahead": self.clock.ahead}

    def _advance(self, body: dict[str, object]) -> object:
        self.clock.advance(number(body["advance"]))
        return self._now(body)

    def _webhook(self, _: dict[str, object]) -> object:
        return {
            "url": self.url,
            "enabled": self.sender.policy.enabled,
            "waiting": [
                {"notifications": each.notifications, "attempts": each.attempts, "next": stamp(int(each.next))}
                for each in self.sender.queue
            ],
            "log": [asdict(each) for each in self.sender.log],
        }

    def _set_webhook(self, body: dict[str, object]) -> object:
        policy = self.sender.policy
        self.url = str(body.get("url", self.url))
        wanted = body.get("enabled", policy.enabled if "url" not in body else True)
        policy.enabled = bool(wanted and self.url)  # without an address nothing is queued
        policy.fields = self._fields(body.get("fields", list(policy.fields)))
        policy.first_retry = number(body.get("first_retry", policy.first_retry))
        policy.longest_retry = number(body.get("longest_retry", policy.longest_retry))
        policy.window = number(body.get("window", policy.window))
        if body.get("retry_now"):
            self.sender.retry_now()
        return self._webhook(body)

    def _fields(self, names: object) -> tuple[str, ...]:
        task = self.org.state.schema.objects["Task"]
        if not isinstance(names, list) or any(name not in task.fields or name == "Id" for name in names):
            raise ValueError("fields must be a list of fields of Task; Id is always sent")
        return tuple(names)

    def _key(self, body: dict[str, object]) -> object:
        self.org.register_key(str(body["public_key"]))
        return {}

    def _state(self, _: dict[str, object]) -> object:
        return {"tasks": list(self.org.state.store.tables["Task"].values())}

    def dump(self) -> snapshot.Document:
        """Write the whole org down, with its clock's lead and its messages."""
        return snapshot.dump(self.org, self.sender, self.url, self.clock.ahead)

    def _load(self, body: dict[str, object]) -> object:
        self.load(body)
        return {"org_id": self.org.organization_id, "tasks": len(self.org.tasks())}

    def load(self, document: snapshot.Document) -> None:
        """Become the org that was written down; the clock goes on from the later of both."""
        org = snapshot.load(document, now=self.clock.now, base=self.org.base)
        self.sender = snapshot.sender_of(document, org)
        self.org, self.url = org, document["messages"]["url"]
        self.clock.advance(max(0.0, document["ahead"] - self.clock.ahead))
