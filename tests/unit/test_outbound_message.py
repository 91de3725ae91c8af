"""The webhook's message (I2): what is taken from it, what is refused and how, and the acknowledgement."""

from __future__ import annotations

import base64
import json
from contextlib import suppress
from http import HTTPStatus
from typing import Any

import pytest
from defusedxml.ElementTree import fromstring
from fakes.aws_events import load
from hypothesis import given
from hypothesis import strategies as st

from reminders.core.task import Hint
from reminders.salesforce.outbound_message import MOST_BYTES, Delivery, Refused, Senders, matches, parse, receive

ORGANIZATION = "00D5g000004XyzAEAS"
SECRET = load("receive")["pathParameters"]["secret"]
HEAD = '<?xml version="1.0" encoding="UTF-8"?>'


def task_id(number: int) -> str:
    """Give an 18-character task id."""
    return f"00T5g0000{number:06d}EAA"


def notification(record_id: str | None) -> str:
    """Write one notification; None is a record deleted before sending, with no data at all."""
    record = "" if record_id is None else f"<sf:Id>{record_id}</sf:Id><sf:Subject>Id of a call</sf:Subject>"
    return (
        "<Notification><Id>04l5g00000KpQrSAAV</Id>"
        f'<sObject xsi:type="sf:Task" xmlns:sf="urn:sobject.enterprise.soap.sforce.com">{record}</sObject></Notification>'
    )


def message(*notifications: str, organization: str = f"<OrganizationId>{ORGANIZATION}</OrganizationId>") -> bytes:
    """Write a message with these notifications."""
    return (
        f'{HEAD}<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"'
        ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body>'
        '<notifications xmlns="http://soap.sforce.com/2005/09/outbound">'
        f'{organization}<ActionId>04k5g000000CbTdAAK</ActionId><SessionId xsi:nil="true"/>'
        f"{''.join(notifications)}</notifications></soapenv:Body></soapenv:Envelope>"
    ).encode()


def post(
    body: bytes | str, *, secret: str = SECRET, organization: str = ORGANIZATION, encoded: bool = False
) -> Delivery:
    """Hand a body to the webhook, in the event that API Gateway makes of it."""
    text = base64.b64encode(body).decode() if encoded and isinstance(body, bytes) else body
    event = load("receive") | {
        "body": text.decode() if isinstance(text, bytes) else text,
        "isBase64Encoded": encoded,
        "pathParameters": {"secret": secret},
    }
    return receive(event, lambda given: matches(given, SECRET), organization)


def assert_refused(delivery: Delivery, status: HTTPStatus, counter: str) -> None:
    """Assert that nothing was taken, and that the answer says no more than its status."""
    assert delivery.hints == ()
    assert delivery.response["statusCode"] == status
    assert json.loads(delivery.response["body"]) == {"message": status.phrase}
    assert delivery.summary.counts == {counter: 1}


def test_real_message_becomes_one_hint_per_notification() -> None:
    """I2: without it no edit in the org would be seen within seconds."""
    delivery = receive(load("receive"), lambda given: matches(given, SECRET), ORGANIZATION)

    assert delivery.hints == (Hint("00T5g00000AbCdEEAV", webhook=True), Hint("00T5g00000AbCdFEAV", webhook=True))
    assert delivery.summary.counts == {"messages": 1, "hints": 2, "without_id": 0}


def test_acknowledgement_is_what_the_wsdl_wants() -> None:
    """I2: any other answer makes Salesforce send the same message again for 24 hours."""
    response = post(message(notification(task_id(1)))).response

    root = fromstring(response["body"])
    ack = root.find(
        "{http://schemas.xmlsoap.org/soap/envelope/}Body"
        "/{http://soap.sforce.com/2005/09/outbound}notificationsResponse/{http://soap.sforce.com/2005/09/outbound}Ack"
    )
    assert response["statusCode"] == HTTPStatus.OK
    assert response["headers"]["content-type"] == "text/xml; charset=utf-8"
    assert ack is not None
    assert ack.text == "true"


def test_base64_body_is_read() -> None:
    """API Gateway encodes bodies whose type it does not take for text."""
    assert post(message(notification(task_id(1))), encoded=True).hints == (Hint(task_id(1), webhook=True),)


def test_hundred_notifications_are_taken() -> None:
    """Salesforce batches up to 100 changes into one message."""
    hints = post(message(*(notification(task_id(n)) for n in range(100)))).hints

    assert hints == tuple(Hint(task_id(n), webhook=True) for n in range(100))


def test_task_named_twice_is_one_hint() -> None:
    """Two changes of one task in one message are one reason to read it."""
    assert post(message(notification(task_id(1)), notification(task_id(1)))).hints == (Hint(task_id(1), webhook=True),)


@pytest.mark.parametrize(
    "gone",
    [notification(None), notification(""), "<Notification><Id>04l5g00000KpQrSAAV</Id></Notification>"],
    ids=["empty record", "empty id", "no record"],
)
def test_record_deleted_before_sending_is_acknowledged(gone: str) -> None:
    """Its notification carries no data; refused, it would block the others of its message for 24 hours."""
    delivery = post(message(gone, notification(task_id(2))))

    assert delivery.hints == (Hint(task_id(2), webhook=True),)
    assert delivery.response["statusCode"] == HTTPStatus.OK
    assert delivery.summary.counts["without_id"] == 1


def test_ids_elsewhere_in_the_message_are_no_task_ids() -> None:
    """The notification has an Id of its own, and a record may hold further records: only the record's own Id counts."""
    nested = notification(task_id(1)).replace("</sObject>", f"<sf:Who><sf:Id>{task_id(9)}</sf:Id></sf:Who></sObject>")

    assert post(message(nested)).hints == (Hint(task_id(1), webhook=True),)


@pytest.mark.parametrize("given", ["00D5g000004XyzA", "00D5g000004XyzAEAS"])
@pytest.mark.parametrize("ours", ["00D5g000004XyzA", "00D5g000004XyzAEAS"])
def test_organization_is_recognised_in_both_forms(given: str, ours: str) -> None:
    """An organisation id of 15 characters is the same as that of 18."""
    body = message(notification(task_id(1)), organization=f"<OrganizationId>{given}</OrganizationId>")

    assert post(body, organization=ours).hints == (Hint(task_id(1), webhook=True),)


@pytest.mark.parametrize(
    "given",
    ["00D5g000004XyzBEAS", "00D5g000004xyzAEAS", "", "00D", "00D5g000004XyzAEASxx", "00D5g000004XyzA EA"],
    ids=["other", "other case", "empty", "prefix only", "too long", "space within"],
)
def test_other_organization_is_refused(given: str) -> None:
    """I2: another customer's org, from the same addresses of Salesforce, must not make us read tasks."""
    body = message(notification(task_id(1)), organization=f"<OrganizationId>{given}</OrganizationId>")

    assert_refused(post(body), HTTPStatus.FORBIDDEN, "other_organization")


def test_second_organization_in_one_message_is_refused() -> None:
    """A message that names ours beside another is not from Salesforce."""
    both = f"<OrganizationId>{ORGANIZATION}</OrganizationId><OrganizationId>00D5g000004XyzBEAS</OrganizationId>"

    assert_refused(
        post(message(notification(task_id(1)), organization=both)), HTTPStatus.FORBIDDEN, "other_organization"
    )


@pytest.mark.parametrize("secret", ["", "hooks", SECRET[:-1], SECRET + "x", SECRET.lower(), "ü\ud800"])
def test_unknown_address_is_like_any_other_that_does_not_exist(secret: str) -> None:
    """I2: a stranger must not learn whether the address exists; the answer is API Gateway's own for an unknown route."""
    delivery = post(message(notification(task_id(1))), secret=secret)

    assert_refused(delivery, HTTPStatus.NOT_FOUND, "unknown_address")
    assert delivery.response["headers"]["content-type"] == "application/json"


def test_unknown_address_is_answered_before_the_body_is_looked_at() -> None:
    """A stranger without the address must not reach the XML parser."""
    assert_refused(post("<broken", secret="guess"), HTTPStatus.NOT_FOUND, "unknown_address")


def from_sender(senders: Senders, *, ip: str = "85.222.130.8", subject: str | None = None) -> Delivery:
    """Hand the real message over as if it came from there, with this client certificate."""
    event = load("receive")
    event["requestContext"]["http"]["sourceIp"] = ip
    if subject is not None:
        event["requestContext"]["authentication"] = {"clientCert": {"subjectDN": subject}}
    return receive(event, lambda given: matches(given, SECRET), ORGANIZATION, senders)


@pytest.mark.parametrize("ip", ["85.222.130.8", "2a00:1450::8"])
def test_a_sender_within_the_ranges_is_let_in(ip: str) -> None:
    """I2: an allow-list that refuses Salesforce itself would leave everything to the poll."""
    senders = Senders.of("192.0.2.0/24,85.222.128.0/19,2a00:1450::/32", "")
    assert from_sender(senders, ip=ip).response["statusCode"] == HTTPStatus.OK


@pytest.mark.parametrize("ip", ["85.222.160.1", "2a00:1451::8"])
def test_a_sender_outside_of_the_ranges_is_refused(ip: str) -> None:
    """I2: whoever has got hold of the address alone can make us read nothing."""
    senders = Senders.of("85.222.128.0/19,2a00:1450::/32", "")
    delivery = from_sender(senders, ip=ip)
    assert_refused(delivery, HTTPStatus.FORBIDDEN, "foreign_sender")
    assert ip in str(delivery.why_not)  # for who looks up whether Salesforce has got a new range


def test_ranges_that_are_none_stop_the_function() -> None:
    """A range with bits of a host, or a word, is a slip of whoever deployed it; taken for nothing it would let anybody in."""
    for wrong in ("85.222.130.8/19", "everybody"):
        with pytest.raises(ValueError, match=r"does not appear|has host bits"):
            Senders.of(wrong, "")


@pytest.mark.parametrize(
    ("subject", "let_in"),
    [
        ("CN=proxy.salesforce.com,O=Salesforce\\, Inc.,L=San Francisco,C=US", True),
        ("C=US, O=Salesforce, CN=proxy.salesforce.com", True),
        ("CN=proxy.salesforce.com.example.com,C=US", False),
        ("CN=example.com,O=x\\,CN=proxy.salesforce.com", False),
        ('CN=example.com,O="x, CN=proxy.salesforce.com"', False),
        ("CN=example.com,CN=proxy.salesforce.com", False),
        ("", False),
        (None, False),
    ],
)
def test_a_client_certificate_must_bear_the_name(subject: str | None, *, let_in: bool) -> None:
    """I2: the authority of Salesforce's certificate issues to anybody who pays, so mutual TLS alone would let all of them in."""
    delivery = from_sender(Senders.of("", "proxy.salesforce.com"), subject=subject)
    if let_in:
        assert delivery.response["statusCode"] == HTTPStatus.OK
    else:
        assert_refused(delivery, HTTPStatus.FORBIDDEN, "foreign_sender")


def test_a_foreign_sender_does_not_learn_whether_the_address_exists() -> None:
    """The address is checked first: a guess is answered like any other address that does not exist."""
    event = load("receive") | {"pathParameters": {"secret": "guess"}}
    delivery = receive(event, lambda given: matches(given, SECRET), ORGANIZATION, Senders.of("192.0.2.0/24", ""))
    assert_refused(delivery, HTTPStatus.NOT_FOUND, "unknown_address")


def test_both_addresses_count_while_one_replaces_the_other() -> None:
    """Rotation: between the new secret and Salesforce's new endpoint address no message is refused."""
    assert matches("new", "new old")
    assert matches("old", "new\nold\n")
    assert not matches("", "new old")
    assert not matches("", "")
    assert not matches("new old", "new old")


ENTITIES = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
EXTERNAL = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
GOOD = message(notification(task_id(1))).decode()


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{}",
        GOOD[:-1],
        GOOD.replace(HEAD, HEAD + ENTITIES).replace("Id of a call", "&b;"),
        GOOD.replace(HEAD, HEAD + EXTERNAL).replace(task_id(1), "&a;"),
        GOOD.replace(HEAD, HEAD + '<!DOCTYPE x SYSTEM "http://localhost:1/x.dtd">'),
        GOOD.replace('encoding="UTF-8"', 'encoding="x-unheard-of"'),
        GOOD.replace('encoding="UTF-8"', 'encoding="shift_jis"'),
        GOOD.replace("Id of a call", "\x00"),
        GOOD.replace("Id of a call", "\ud800"),
        GOOD.replace("Id of a call", "<d>" * 13 + "</d>" * 13),
        GOOD.replace("http://soap.sforce.com/2005/09/outbound", "http://example.org/other"),
        GOOD.replace("notifications", "notices"),
        message().decode(),
        message(notification(task_id(1)), organization="").decode(),
        message(*(notification(task_id(n)) for n in range(101))).decode(),
        message(notification("0035g00000AbCdEEAV")).decode(),
        message(notification("00T5g00000AbCdE")).decode(),
        message(notification(task_id(1)), notification("00T5g00000AbCdE!!!")).decode(),
    ],
    ids=[
        "empty",
        "json",
        "cut short",
        "entity bomb",
        "external entity",
        "external DTD",
        "unknown encoding",
        "multi-byte encoding",
        "NUL",
        "half a character",
        "too deep",
        "other namespace",
        "other element",
        "no notification",
        "no organisation",
        "101 notifications",
        "a contact",
        "15 characters",
        "a good and a bad one",
    ],
)
def test_malformed_message_is_refused_whole(body: str) -> None:
    """I2: what is not a message of at most 100 tasks is no reason to read anything, and none of it is acknowledged."""
    delivery = post(body)

    assert_refused(delivery, HTTPStatus.BAD_REQUEST, "malformed")
    assert delivery.why_not


@pytest.mark.parametrize("size", [MOST_BYTES + 1, 3 * MOST_BYTES])
def test_large_body_is_refused_unread(size: int) -> None:
    """Whoever knows the address still cannot make us parse megabytes."""
    assert_refused(post(b" " * size), HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large")
    assert_refused(post(b" " * size, encoded=True), HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large")


@pytest.mark.parametrize("part", [{"body": "?"}, {"body": None}, {"pathParameters": None}, {"pathParameters": {}}])
def test_event_with_parts_missing_is_refused(part: dict[str, Any]) -> None:
    """API Gateway leaves out what is empty; none of that is an error of ours."""
    event = load("receive") | {"isBase64Encoded": True} | part
    delivery = receive(event, lambda given: matches(given, SECRET), ORGANIZATION)

    assert delivery.response["statusCode"] in {HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND}
    assert delivery.hints == ()


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: GOOD.replace("Id of a call", text).encode()))
def test_nothing_that_is_sent_raises_anything_but_a_refusal(body: bytes) -> None:
    """An error of another kind would be a 500 and an alarm that any stranger could ring."""
    with suppress(Refused):
        parse(body, ORGANIZATION)


def test_refusal_quotes_nothing_of_the_message() -> None:
    """What strangers send must not get into the log, nor come back to them."""
    delivery = post(GOOD.replace(task_id(1), "leak-me"))

    assert "leak-me" not in f"{delivery}"
    assert SECRET not in f"{delivery}"
