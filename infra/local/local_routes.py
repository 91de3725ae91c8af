"""Routes of the local stack that no template has: the bus's events, and the clock. They are part of no deployment.

    GET   /__local/events  everything that was sent on the template's event buses, oldest first
    POST  /__local/clock   {"seconds": 120}: moves the clocks of the org and of the functions; answers {"ahead": seconds}

An org's session ends after two hours without use, by its clock; tokens in stack.json with it. `GET /__control/stack` of the org gives
fresh ones. Id tokens go by the machine's clock, and DynamoDB's expiry and the queue's visibility timeout do, too.

A POST must be JSON, so that no web page elsewhere can send one.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from infra.local.gateway import Answer, Request, message

EVENTS: Final = "/__local/events"
CLOCK: Final = "/__local/clock"
LONGEST_LEAP: Final = 7 * 24 * 60 * 60
"""Seconds. Further at once, and the recycle bin and every session would be empty before anybody saw it."""


class Stack(Protocol):
    """What the routes do things to."""

    def events(self) -> list[dict[str, Any]]:
        """What was sent on the event buses."""

    def move_clock(self, seconds: int) -> float:
        """Move all clocks; gives how far they are ahead now."""


def local_routes(stack: Stack) -> Mapping[tuple[str, str], Callable[[Request], Answer]]:
    """The routes by method and path."""
    return {
        ("GET", EVENTS): lambda _: _json(stack.events()),
        ("POST", CLOCK): lambda request: _move(stack, request),
    }


def _move(stack: Stack, request: Request) -> Answer:
    if not request.headers.get("content-type", "").startswith("application/json"):
        return message(415, "it must be application/json")
    try:
        seconds = json.loads(request.body)["seconds"]
    except (ValueError, TypeError, KeyError):
        seconds = None
    if not isinstance(seconds, int) or isinstance(seconds, bool) or not 0 <= seconds <= LONGEST_LEAP:
        return message(400, f"seconds must be a whole number from 0 to {LONGEST_LEAP}")
    return _json({"ahead": stack.move_clock(seconds)})


def _json(value: object) -> Answer:
    return Answer(200, (("content-type", "application/json"),), json.dumps(value).encode())
