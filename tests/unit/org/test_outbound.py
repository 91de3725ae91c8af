"""Outbound messages: who fires them, what they carry, how they are repeated, and what acknowledges them."""

from __future__ import annotations

import pytest
from defusedxml.ElementTree import fromstring
from unit.org.conftest import Ask

from infra.local.org.clock import MovableClock
from infra.local.org.outbound import Policy, Sender, acknowledges
from infra.local.org.state import User
from infra.local.org.world import Org

NAMES = {
    "s": "http://schemas.xmlsoap.org/soap/envelope/",
    "o": "http://soap.sforce.com/2005/09/outbound",
    "sf": "urn:sobject.enterprise.soap.sforce.com",
}
ACK = (
    '<?xml version="1.0"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>'
    '<notificationsResponse xmlns="http://soap.sforce.com/2005/09/outbound"><Ack>{}</Ack></notificationsResponse>'
    "</soapenv:Body></soapenv:Envelope>"
)


class Endpoint:
    """A listener that keeps what it got, and answers as told."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.answer: tuple[int, bytes] | None = (200, ACK.format("true").encode())

    def __call__(self, body: bytes) -> tuple[int, bytes] | None:
        """Take a message."""
        self.bodies.append(body)
        return self.answer

    @property
    def notifications(self) -> list[list[tuple[str, str]]]:
        """(notification id, task id) per message."""
        return [
            [
                (str(each.findtext("o:Id", None, NAMES)), str(each.findtext("o:sObject/sf:Id", None, NAMES)))
                for each in fromstring(body).iterfind(".//o:Notification", NAMES)
            ]
            for body in self.bodies
        ]


@pytest.fixture
def sender(org: Org) -> Sender:
    """The org's message action."""
    return Sender(org.state, Policy(fields=("ActivityDate", "IsClosed", "Subject", "SystemModstamp")), org.base)


@pytest.fixture
def endpoint() -> Endpoint:
    """A listener that acknowledges."""
    return Endpoint()


def test_the_envelope(org: Org, ann: User, sender: Sender, endpoint: Endpoint) -> None:
    """The exact shape on the wire: header elements in their order, Id first, fields by name, nulls left out, no session."""
    key = org.create_task(ann.id, Subject="A & B <c>")
    assert sender.run(endpoint) == 1
    body = fromstring(endpoint.bodies[0])
    whole = body.find("s:Body/o:notifications", NAMES)
    assert whole is not None
    tags = [each.tag.partition("}")[2] for each in whole]
    assert tags == ["OrganizationId", "ActionId", "SessionId", "EnterpriseUrl", "PartnerUrl", "Notification"]
    assert whole.findtext("o:OrganizationId", None, NAMES) == org.organization_id
    assert str(whole.findtext("o:ActionId", None, NAMES)).startswith("04k")
    session = whole.find("o:SessionId", NAMES)
    assert session is not None
    assert session.get("{http://www.w3.org/2001/XMLSchema-instance}nil") == "true"
    assert str(whole.findtext("o:EnterpriseUrl", None, NAMES)).endswith(
        f"/services/Soap/c/66.0/{org.organization_id[:15]}"
    )
    sobject = whole.find("o:Notification/o:sObject", NAMES)
    assert sobject is not None
    assert sobject.get("{http://www.w3.org/2001/XMLSchema-instance}type") == "sf:Task"
    assert [(each.tag.partition("}")[2], each.text) for each in sobject] == [
        ("Id", key),
        ("IsClosed", "false"),
        ("Subject", "A & B <c>"),
        ("SystemModstamp", "2026-11-22T10:00:00.000Z"),
    ]


def test_what_fires(org: Org, ann: User, ask: Ask, sender: Sender) -> None:
    """Creates and updates by people; not the integration user's own writes, no delete, no undelete, nothing when off."""
    key = org.create_task(ann.id)
    org.update_task(ann.id, key, Subject="a")
    assert [task for message in sender.queue for _, task in message.notifications] == [key, key]
    sender.queue.clear()
    ask("PATCH", f"sobjects/Task/{key}", json={"Subject": "ours"})
    org.delete_task(ann.id, key)
    org.undelete_task(ann.id, key)
    sender.policy.enabled = False
    org.update_task(ann.id, key, Subject="b")
    assert sender.queue == []


def test_many_changes_travel_together(org: Org, ann: User, sender: Sender, endpoint: Endpoint) -> None:
    """100 notifications a message, in order, each with an id of its own."""
    keys = [org.create_task(ann.id) for _ in range(150)]
    assert sender.run(endpoint) == 2
    assert [len(each) for each in endpoint.notifications] == [100, 50]
    assert [task for message in endpoint.notifications for _, task in message] == keys
    assert len({number for message in endpoint.notifications for number, _ in message}) == 150


def test_the_record_is_read_when_sent(org: Org, ann: User, sender: Sender, endpoint: Endpoint) -> None:
    """Only the newest values arrive; of a deleted record nothing but its id."""
    key, gone = org.create_task(ann.id, Subject="first"), org.create_task(ann.id, Subject="gone")
    org.update_task(ann.id, key, Subject="last")
    org.delete_task(ann.id, gone)
    sender.run(endpoint)
    assert b"first" not in endpoint.bodies[0]
    assert endpoint.bodies[0].count(b"<sf:Subject>last</sf:Subject>") == 2
    assert f"<sf:Id>{gone}</sf:Id></sObject>".encode() in endpoint.bodies[0]


def test_retries_with_the_same_id(org: Org, ann: User, sender: Sender, endpoint: Endpoint, clock: MovableClock) -> None:
    """15, 30, 60 … seconds after a failure, with the same notification id, until it is acknowledged."""
    org.create_task(ann.id)
    endpoint.answer = (500, b"")
    seen: list[int] = []
    for second in range(0, 130, 5):
        if sender.run(endpoint) or len(endpoint.bodies) > len(seen):
            seen.append(second)
        clock.advance(5)
    assert seen == [0, 15, 45, 105]
    endpoint.answer = (200, ACK.format("true").encode())
    clock.advance(120)
    assert sender.run(endpoint) == 1
    assert sender.run(endpoint) == 0
    assert len({number for message in endpoint.notifications for number, _ in message}) == 1


def test_dropped_after_a_day(org: Org, ann: User, sender: Sender, endpoint: Endpoint, clock: MovableClock) -> None:
    """What could not be delivered for 24 hours is lost: only the poll finds it."""
    org.create_task(ann.id)
    endpoint.answer = None
    for _ in range(24):
        sender.run(endpoint)
        clock.advance(3600)
    assert 20 < len(endpoint.bodies) < 40
    endpoint.answer = (200, ACK.format("true").encode())
    assert sender.run(endpoint) == 0
    assert sender.next_due() is None
    assert sender.log[-1].outcome == "dropped after 24 hours"


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, ACK.format("true"), True),
        (200, ACK.format(" 1 "), True),
        (200, ACK.format("false"), False),
        (200, ACK.format("TRUE"), False),
        (202, ACK.format("true"), False),
        (200, "", False),
        (200, "true", False),
        (200, ACK.format("true").replace("notificationsResponse", "notifications"), False),
        (200, ACK.format("true").replace("outbound", "inbound"), False),
        (200, '<!DOCTYPE a [<!ENTITY b "true">]>' + ACK.format("&b;").partition("?>")[2], False),
    ],
)
def test_what_acknowledges(status: int, body: str, expected: bool) -> None:  # noqa: FBT001 - a parameter of the table
    """Anything but the exact SOAP answer is a failure, whatever its status."""
    assert acknowledges(status, body.encode()) is expected


def test_faults_of_messages(org: Org, ann: User, sender: Sender, endpoint: Endpoint, clock: MovableClock) -> None:
    """Doubled, dropped, delayed, and delivered without its acknowledgement being heard."""
    org.faults.add("double")
    org.create_task(ann.id)
    sender.run(endpoint)
    assert len(endpoint.bodies) == 2
    org.faults.add("drop")
    org.create_task(ann.id)
    sender.run(endpoint)
    assert (len(endpoint.bodies), sender.queue) == (2, [])
    org.faults.add("delay", seconds=90)
    org.create_task(ann.id)
    sender.run(endpoint)
    clock.advance(89)
    sender.run(endpoint)
    assert len(endpoint.bodies) == 2
    clock.advance(1)
    org.faults.add("unheard")
    assert sender.run(endpoint) == 0
    assert len(endpoint.bodies) == 3
    clock.advance(15)
    assert sender.run(endpoint) == 1
    assert endpoint.notifications[2] == endpoint.notifications[3]


def test_late_rows_are_told_when_they_commit(
    org: Org, ann: User, sender: Sender, endpoint: Endpoint, clock: MovableClock
) -> None:
    """A message about a row that nobody can read yet would be useless."""
    org.faults.add("late", seconds=30)
    org.create_task(ann.id)
    assert sender.queue == []
    clock.advance(30)
    org.state.settle()
    assert sender.run(endpoint) == 1
