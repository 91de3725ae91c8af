"""Generated requests to the webhook: messages as Salesforce sends them, the same ones damaged, and noise."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import pytest
from fakes.front_door import ADDRESS, FrontDoor
from fakes.outbound_messages import Message
from fakes.people import ORG
from hypothesis import given
from hypothesis import strategies as st

from infra.local.org.ids import long_id
from reminders.core.task import Hint

LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
REFUSALS = {400, 403, 404, 413}

ids = st.text(LETTERS, min_size=12, max_size=12).map("00T".__add__).map(long_id)
messages = st.builds(
    Message,
    task_ids=st.lists(ids, min_size=1, max_size=100).map(tuple),
    organization=st.sampled_from([ORG, ORG[:15]]),
    subject=st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=40),
)

WEAPONS = [
    b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>',
    b'<!DOCTYPE x SYSTEM "http://127.0.0.1:1/x.dtd">',
    b"&b;",
    b"<?xml version='1.0' encoding='utf-16'?>",
    b"<![CDATA[",
    b"]]>",
    b"<!--",
    b"<Notification>",
    b"</Notification>",
    b"<OrganizationId>00D000000000001AAA</OrganizationId>",
    b"<sf:Id>00T000000000009EAA</sf:Id>",
    b"<sf:Id>003000000000009AAA</sf:Id>",
    b"\x00",
    b"\xff\xfe",
    b"&#x0;",
    b"<x>" * 50,
]

SWAPS = [
    (b"<sf:Id>00T", b"<sf:Id>003"),
    (b"<sf:Id>00T", b"<sf:Id>00T/"),
    (b"<sf:Id>00T", b"<sf:Id>00t"),
    (ORG[:15].encode(), b"00D000000000001"),
    (b"OrganizationId", b"ActionId"),
    (b"<sf:Id>", b"<sf:id>"),
    (b"soap.sforce.com", b"soap.evil.test"),
    (b"UTF-8", b"UTF-16"),
]
"""Small lies in a message that is otherwise sound."""


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """Cut, double, overwrite or arm a good message, up to four times."""
    body = draw(messages).xml()
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(body)))
        end = min(len(body), start + draw(st.integers(0, 60)))
        piece = draw(st.sampled_from([b"", body[start:end] * 2, *WEAPONS]) | st.binary(max_size=8))
        body = body[:start] + piece + body[end:]
    return body


lies = st.builds(lambda message, swap: message.xml().replace(*swap), messages, st.sampled_from(SWAPS))
hostile_bodies = lies | damaged() | st.binary(max_size=300) | st.text(max_size=300).map(str.encode)
addresses = st.sampled_from([ADDRESS] * 15 + [ADDRESS[:-1], ADDRESS.swapcase(), "x", "..", "%2e"])
types = st.sampled_from(["text/xml; charset=utf-8"] * 3 + ["application/octet-stream", "text/xml; charset=utf-16", ""])


@pytest.mark.timeout(1800)
def test_no_request_breaks_the_webhook_and_no_refused_one_leaves_a_hint(
    door: FrontDoor, count: Callable[[int], None], hostile: Callable[[Callable[[], None]], Callable[[], None]]
) -> None:
    """I2: what is sent is taken whole or refused whole, never a 5xx; a hint names a task that the message names."""

    @hostile
    @given(good=st.none() | st.none() | messages, noise=hostile_bodies, address=addresses, content_type=types)
    def holds(good: Message | None, noise: bytes, address: str, content_type: str) -> None:
        door.reset()
        before = door.state()
        body = good.xml() if good else noise
        answer = door.send("POST", f"/hooks/{address}", body, headers={"content-type": content_type})
        count(answer.status)
        after = door.state()
        hints = cast("tuple[Hint, ...]", after.pop("hints"))
        assert before.pop("hints") == ()
        assert after == before
        if answer.status != 200:
            assert answer.status in REFUSALS
            assert hints == ()
            assert not good or address != ADDRESS
            return
        assert address == ADDRESS
        assert ORG[:15].encode() in body
        assert b"<Ack>true</Ack>" in answer.body
        for hint in hints:
            assert hint.task_id == long_id(hint.task_id[:15])
        if good:
            assert [hint.task_id for hint in hints] == list(dict.fromkeys(good.task_ids))

    holds()
