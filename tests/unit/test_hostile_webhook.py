"""Hostile and broken messages to the webhook, one by one: the right status, no hint, and a log line that repeats nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from io import StringIO

import pytest
from fakes.front_door import ADDRESS, FrontDoor, listen
from fakes.outbound_messages import Message
from fakes.people import ORG

from infra.local.gateway import Answer
from reminders.salesforce.outbound_message import MOST_BYTES

MARK = "leak-me-7f3a"
"""Stands in what is sent; must stand in no log."""

GOOD = Message(subject=MARK)
TASK_ID = GOOD.task_ids[0]
XML = {"content-type": "text/xml; charset=utf-8"}
PROLOG = '<?xml version="1.0" encoding="UTF-8"?>'


@pytest.fixture
def log() -> Iterator[StringIO]:
    """Collect what the functions log."""
    yield from listen()


@pytest.fixture
def door() -> FrontDoor:
    """Give the gateway with both functions behind it."""
    return FrontDoor()


def post(door: FrontDoor, body: str | bytes, *, address: str = ADDRESS, method: str = "POST") -> Answer:
    """Send a message."""
    return door.send(method, f"/hooks/{address}", body if isinstance(body, bytes) else body.encode(), headers=XML)


def assert_refused(  # noqa: PLR0913 - what is sent, and what must come of it
    door: FrontDoor,
    log: StringIO,
    capsys: pytest.CaptureFixture[str],
    body: str | bytes,
    status: int,
    *,
    address: str = ADDRESS,
) -> None:
    """Assert this status, no change, and one warning that repeats nothing of the request."""
    before = door.state()
    answer = post(door, body, address=address)
    assert answer.status == status
    assert door.state() == before
    assert b"Ack" not in answer.body
    [line] = [json.loads(line) for line in log.getvalue().splitlines()]
    assert (line["level"], line["message"]) == ("WARNING", "receive")
    assert line["warning"]
    output = "".join([log.getvalue(), answer.body.decode(), *capsys.readouterr()])
    for private in (MARK, ADDRESS, address, ORG[:15], TASK_ID, "root:", "/etc/"):
        assert private not in output


def armed(dtd: str, *, use: str = "") -> str:
    """Put a document type before a good message, and a reference to its entity where a value stands."""
    return GOOD.xml().decode().replace(PROLOG, PROLOG + dtd).replace(MARK, MARK + use)


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
GOOD_TEXT = GOOD.xml().decode()

BROKEN: dict[str, str | bytes] = {
    "empty": "",
    "blank": " \n ",
    "text": MARK,
    "JSON": '{"Id": "leak-me-7f3a"}',
    "cut short": GOOD_TEXT[:-30],
    "two documents": GOOD_TEXT + GOOD_TEXT.replace(PROLOG, ""),
    "text behind": GOOD_TEXT + MARK,
    "crossed tags": GOOD_TEXT.replace("</sObject></Notification>", "</Notification></sObject>"),
    "unbound prefix": GOOD_TEXT.replace(' xmlns:sf="urn:sobject.enterprise.soap.sforce.com"', ""),
    "attribute twice": GOOD_TEXT.replace("<Notification>", '<Notification a="1" a="2">'),
    "unknown entity": GOOD_TEXT.replace(MARK, "&leak;"),
    "NUL": GOOD_TEXT.replace(MARK, "\x00"),
    "NUL by number": GOOD_TEXT.replace(MARK, "&#0;"),
    "half a character by number": GOOD_TEXT.replace(MARK, "&#xD800;"),
    "billion laughs": armed(f'<!DOCTYPE x [<!ENTITY l0 "{MARK}">{LAUGHS}]>', use="&l9;"),
    "quadratic blow-up": armed(f'<!DOCTYPE x [<!ENTITY a "{"a" * 50_000}">]>', use="&a;" * 1000),
    "entity that holds itself": armed('<!DOCTYPE x [<!ENTITY a "&b;"><!ENTITY b "&a;">]>', use="&a;"),
    "external file": armed('<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>', use="&a;"),
    "external address": armed('<!DOCTYPE x [<!ENTITY a SYSTEM "http://127.0.0.1:9/leak-me-7f3a">]>', use="&a;"),
    "parameter entity": armed('<!DOCTYPE x [<!ENTITY % a SYSTEM "http://127.0.0.1:9/x.dtd">%a;]>'),
    "external DTD": armed('<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">'),
    "empty DTD": armed("<!DOCTYPE x>"),
    "unknown encoding": GOOD_TEXT.replace("UTF-8", "x-leak-me-7f3a"),
    "multi-byte encoding": GOOD_TEXT.replace("UTF-8", "shift_jis"),
    "said UTF-16, is UTF-8": GOOD_TEXT.replace("UTF-8", "UTF-16"),
    "UTF-16": GOOD_TEXT.replace("UTF-8", "UTF-16").encode("utf-16"),
    "UTF-32": GOOD_TEXT.encode("utf-32"),
    "UTF-7": GOOD_TEXT.replace("UTF-8", "UTF-7").replace("<", "+ADw-").encode(),
    "compressed": b"\x1f\x8b\x08\x00" + b"\x00" * 40,
    "deep": GOOD_TEXT.replace(MARK, "<d>" * 5000 + "</d>" * 5000),
    "deep and open": "<d>" * 100_000,
    "other namespace": GOOD_TEXT.replace("http://soap.sforce.com/2005/09/outbound", "http://leak-me-7f3a.example"),
    "no namespace": GOOD_TEXT.replace(' xmlns="http://soap.sforce.com/2005/09/outbound"', ""),
    "wrapped": GOOD_TEXT.replace(PROLOG, f"{PROLOG}<wrap>") + "</wrap>",
    "no notification": replace(GOOD, task_ids=()).xml(),
    "no organisation": GOOD_TEXT.replace(f"<OrganizationId>{ORG}</OrganizationId>", ""),
    "organisation in the wrong place": GOOD_TEXT.replace(f"<OrganizationId>{ORG}</OrganizationId>", "").replace(
        "<Notification>", f"<Notification><OrganizationId>{ORG}</OrganizationId>"
    ),
    "101 notifications": Message(tuple(f"00T000000000{n:03}AAA" for n in range(101))).xml(),
    "another object": Message(("003000000000001AAA",)).xml(),
    "one good, one not": Message((TASK_ID, "leak-me-7f3a-00000")).xml(),
    "path as id": Message(("00T/../../queryAll",)).xml(),
    "SOQL as id": Message(("00T' OR Id != '000",)).xml(),
    "letters beyond ASCII": Message(
        ("00T\u0661\u0661\u0661\u0661\u0661\u0661\u0661\u0661\u0661\u0661\u0661\u0661AAA",)
    ).xml(),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_no_message_is_refused_whole(
    door: FrontDoor, log: StringIO, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    """I2: nothing is expanded, fetched or guessed; a part that is wrong condemns the whole, so that nothing is acknowledged."""
    assert_refused(door, log, capsys, BROKEN[name], 400)


@pytest.mark.parametrize(
    "body",
    [b" " * (MOST_BYTES + 1), GOOD.xml().replace(MARK.encode(), b"x" * MOST_BYTES), b"<" * (9 * MOST_BYTES)],
    ids=["blank", "one long value", "nine megabytes"],
)
def test_huge_message_is_refused(
    door: FrontDoor, log: StringIO, capsys: pytest.CaptureFixture[str], body: bytes
) -> None:
    """I2: whoever knows the address still cannot have megabytes parsed."""
    assert_refused(door, log, capsys, body, 413)


OTHER = "<OrganizationId>00D000000000001AAA</OrganizationId>"
OURS = f"<OrganizationId>{ORG}</OrganizationId>"


@pytest.mark.parametrize(
    "organizations",
    [OTHER, OURS + OTHER, OTHER + OURS, f"<OrganizationId>{ORG.lower()}</OrganizationId>", "<OrganizationId/>"],
    ids=["other", "ours first", "ours last", "other case", "none"],
)
def test_another_organisation_is_refused(
    door: FrontDoor, log: StringIO, capsys: pytest.CaptureFixture[str], organizations: str
) -> None:
    """I2: a message of another org, or one that also names ours, makes us read nothing."""
    assert_refused(door, log, capsys, GOOD_TEXT.replace(OURS, organizations), 403)


@pytest.mark.parametrize(
    "address",
    [
        ADDRESS[:-1],
        ADDRESS + "x",
        ADDRESS.swapcase(),
        f"{ADDRESS}%20",
        f"%20{ADDRESS}",
        f"{ADDRESS}%00",
        "*",
        "ü",
        "..",
        "x" * 6000,
    ],
    ids=lambda address: address[:6],
)
def test_another_address_is_not_there(
    door: FrontDoor, log: StringIO, capsys: pytest.CaptureFixture[str], address: str
) -> None:
    """I2: the secret is the whole address; a good message beside it is a 404 like any unknown route."""
    assert_refused(door, log, capsys, GOOD.xml(), 404, address=address)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD", "OPTIONS"])
def test_only_posts_reach_the_webhook(door: FrontDoor, log: StringIO, method: str) -> None:
    """I2: a link that somebody follows is no message; the function is not even called."""
    before = door.state()
    assert post(door, GOOD.xml(), method=method).status == 404
    assert door.state() == before
    assert log.getvalue() == ""


def test_replayed_message_is_acknowledged_and_says_nothing_new(door: FrontDoor, log: StringIO) -> None:
    """I2, M7: Salesforce itself repeats; the same hints again change no reminder, and no value of the message is kept anywhere."""
    before = door.state() | {"hints": ()}
    answers = {post(door, GOOD.xml()) for _ in range(3)}
    assert len(answers) == 1
    after = door.state()
    assert after["hints"] == tuple(door.hints.queued)
    assert {hint.task_id for hint in door.hints.queued} == {TASK_ID}
    assert after | {"hints": ()} == before
    assert MARK not in f"{after}{log.getvalue()}"


def test_elements_doubled_within_a_notification_count_as_the_last(door: FrontDoor) -> None:
    """I2: two ids in one record are still one notification, and one reading of a task that is checked like any."""
    doubled = GOOD_TEXT.replace(
        f"<sf:Id>{TASK_ID}</sf:Id>", f"<sf:Id>00T000000000009EAA</sf:Id><sf:Id>{TASK_ID}</sf:Id>"
    )
    assert post(door, doubled).status == 200
    assert [hint.task_id for hint in door.hints.queued] == [TASK_ID]


@pytest.mark.parametrize(
    "body",
    [
        GOOD_TEXT.replace(MARK, "שלום 👩‍👩‍👧‍👦 \u202eabc"),
        GOOD_TEXT.replace(MARK, "<![CDATA[<sf:Id>00T000000000009EAA</sf:Id>]]>"),
        GOOD_TEXT.replace(MARK, "<!-- <sf:Id>00T000000000009EAA</sf:Id> -->"),
        GOOD_TEXT.replace(MARK, "<?php evil() ?>"),
        GOOD_TEXT.replace(MARK, '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/passwd"/>'),
        "\ufeff" + GOOD_TEXT,
        GOOD_TEXT.replace(TASK_ID, f"\n {TASK_ID}\t"),
    ],
    ids=["emoji and right-to-left", "CDATA", "comment", "instruction", "XInclude", "BOM", "white space"],
)
def test_what_xml_allows_is_read_and_means_nothing(door: FrontDoor, body: str) -> None:
    """I2: an odd but sound message is acknowledged, else Salesforce repeats it for 24 hours; only ids in their place count."""
    assert post(door, body).status == 200
    assert [hint.task_id for hint in door.hints.queued] == [TASK_ID]
