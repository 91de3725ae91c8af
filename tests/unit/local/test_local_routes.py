"""The routes of the local stack that no template has."""

from __future__ import annotations

import json
from typing import Any

import pytest

from infra.local.gateway import Gateway, Request
from infra.local.local_routes import local_routes


class Stack:
    """Remembers how far it was moved."""

    def __init__(self) -> None:
        self.moved = 0

    def events(self) -> list[dict[str, Any]]:
        """One event."""
        return [{"source": "reminder-sync"}]

    def move_clock(self, seconds: int) -> float:
        """Move."""
        self.moved += seconds
        return float(self.moved)


def ask(stack: Stack, method: str, path: str, body: bytes = b"", kind: str = "application/json") -> tuple[int, Any]:
    """Ask a gateway that has no other routes."""
    center = Gateway([], {}, local_routes(stack))
    answer = center.answer(Request(method, path, "", {"content-type": kind}, body, "127.0.0.1"))
    return answer.status, json.loads(answer.body)


def test_the_clock_is_moved_by_whole_seconds() -> None:
    """Clocks and stamps of the product are whole seconds."""
    stack = Stack()
    assert ask(stack, "POST", "/__local/clock", b'{"seconds": 120}') == (200, {"ahead": 120.0})
    assert ask(stack, "POST", "/__local/clock", b'{"seconds": 1}') == (200, {"ahead": 121.0})


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b'{"seconds": -1}',
        b'{"seconds": 1.5}',
        b'{"seconds": true}',
        b'{"seconds": 1e9}',
        b'{"seconds": 604801}',
    ],
)
def test_what_is_no_step_forward_is_refused(body: bytes) -> None:
    """A clock that goes back would make watermarks and leases lie."""
    stack = Stack()
    status, answer = ask(stack, "POST", "/__local/clock", body)
    assert (status, stack.moved) == (400, 0)
    assert "whole number" in answer["message"]


def test_a_web_page_elsewhere_cannot_move_it() -> None:
    """A form of any page can post text to this machine, but no JSON."""
    stack = Stack()
    assert ask(stack, "POST", "/__local/clock", b'{"seconds": 120}', "text/plain")[0] == 415
    assert ask(stack, "GET", "/__local/clock")[0] == 404
    assert stack.moved == 0


def test_what_was_told_on_the_buses_is_shown() -> None:
    """C6: a bus keeps nothing; whoever writes a rule wants to see what it would get."""
    assert ask(Stack(), "GET", "/__local/events") == (200, [{"source": "reminder-sync"}])
