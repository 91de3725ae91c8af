"""Salesforce's outbound messages: from an HTTP request to hints, and the acknowledgement (I2).

Only ids are taken from a message; no value in it is ever used, so a forged one can change nothing. One acknowledgement covers
all notifications of a message, and anything else makes Salesforce send it again: so hints are stored before it is given.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from http import HTTPStatus
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any, Final

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser, ParseError

from reminders.core.summary import Summary
from reminders.core.task import Hint, is_task_id

ACKNOWLEDGEMENT: Final = """<?xml version="1.0" encoding="UTF-8"?>
<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/">
 <soapenv:Body>
  <notificationsResponse xmlns="http://soap.sforce.com/2005/09/outbound"><Ack>true</Ack></notificationsResponse>
 </soapenv:Body>
</soapenv:Envelope>
"""
"""The positive answer, as the WSDL that Salesforce generates wants it."""

MOST_BYTES: Final = 1_000_000
"""A message of 100 ids and stamps is about 50 kB; whoever selects long fields is told so by a 413 in the delivery status."""

MOST_NOTIFICATIONS: Final = 100
"""The most that Salesforce puts into one message."""

MOST_DEPTH: Final = 12
"""Elements within elements: a real message has 6."""

_SOAP = "{http://schemas.xmlsoap.org/soap/envelope/}"
_OUTBOUND = "{http://soap.sforce.com/2005/09/outbound}"
_MESSAGE = (f"{_SOAP}Envelope", f"{_SOAP}Body", f"{_OUTBOUND}notifications")
_ORGANIZATION = (*_MESSAGE, f"{_OUTBOUND}OrganizationId")
_NOTIFICATION = (*_MESSAGE, f"{_OUTBOUND}Notification")
_RECORD_ID = (*_NOTIFICATION, f"{_OUTBOUND}sObject", "{urn:sobject.enterprise.soap.sforce.com}Id")

_ORGANIZATION_ID = re.compile(r"00D[0-9A-Za-z]{12}(?:[0-9A-Za-z]{3})?")


class Reason(Enum):
    """Why a message is refused: its counter, and the answer. Salesforce sends again after each of them."""

    UNKNOWN_ADDRESS = ("unknown_address", HTTPStatus.NOT_FOUND)
    """The same answer as for any address that does not exist."""
    FOREIGN_SENDER = ("foreign_sender", HTTPStatus.FORBIDDEN)
    """Whoever sent it knows the address, and is not who may."""
    OTHER_ORGANIZATION = ("other_organization", HTTPStatus.FORBIDDEN)
    MALFORMED = ("malformed", HTTPStatus.BAD_REQUEST)
    TOO_LARGE = ("too_large", HTTPStatus.REQUEST_ENTITY_TOO_LARGE)


class Refused(Exception):
    """This message is not taken. The text says why, and quotes nothing of the message."""

    def __init__(self, reason: Reason, why: str = "") -> None:
        super().__init__(why or reason.value[0])
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What came of one request: the hints to store first, then the response to give, and what to count."""

    response: dict[str, Any]
    summary: Summary
    hints: tuple[Hint, ...] = ()
    why_not: str | None = None


@dataclass(frozen=True, slots=True)
class Senders:
    """Who may send, beside knowing the address: from one of these ranges, and with a certificate of that common name; empty: anybody.

    HTTP APIs have no resource policies that could do this before us. API Gateway has checked the certificate's issuer (mutual TLS); that
    one issues to others, too.
    """

    ranges: tuple[IPv4Network | IPv6Network, ...] = ()
    client_name: str = ""

    @classmethod
    def of(cls, ranges: str, client_name: str) -> Senders:
        """Make them of CIDR ranges joined by commas. Raises ValueError."""
        return cls(tuple(ip_network(each) for each in ranges.split(",") if each), client_name)

    def check(self, context: Mapping[str, Any]) -> None:
        """Check the `requestContext` of a request. Raises Refused."""
        if self.ranges:
            source = ip_address(context["http"]["sourceIp"])
            if not any(source in each for each in self.ranges):
                raise Refused(Reason.FOREIGN_SENDER, f"the address {source} is in none of the ranges that may send")
        certificate = context.get("authentication", {}).get("clientCert", {})
        if self.client_name and _common_names(certificate.get("subjectDN", "")) != [self.client_name]:
            raise Refused(Reason.FOREIGN_SENDER, "the client certificate bears another name, or there is none")


ANYBODY: Final = Senders()


def receive(
    event: Mapping[str, Any], knows: Callable[[str], bool], organization_id: str, senders: Senders = ANYBODY
) -> Delivery:
    """Read an HTTP API request (payload version 2) to `POST /hooks/{secret}`; it never raises because of what was sent.

    `knows` tells whether an address is ours, in constant time. The address is checked before anything else is looked at, the sender next.
    """
    try:
        _check_address(event, knows)
        senders.check(event.get("requestContext", {}))
        hints, without_id = parse(_body(event), organization_id)
    except Refused as refused:
        counter, status = refused.reason.value
        answer = {"message": status.phrase}
        return Delivery(
            response=_response(status, "application/json", json.dumps(answer)),
            summary=Summary(counts={counter: 1}),
            why_not=str(refused),
        )
    return Delivery(
        response=_response(HTTPStatus.OK, "text/xml; charset=utf-8", ACKNOWLEDGEMENT),
        summary=Summary(counts={"messages": 1, "hints": len(hints), "without_id": without_id}),
        hints=hints,
    )


def matches(given: str, addresses: str) -> bool:
    """Compare in constant time with the secret: one address, or two, parted by white space, while one replaces the other."""
    guess = given.encode(errors="surrogatepass")
    return any(hmac.compare_digest(guess, address.encode()) for address in addresses.split())


def parse(body: bytes, organization_id: str) -> tuple[tuple[Hint, ...], int]:
    """Read one message: its hints, each once, and how many notifications carry no id.

    A record deleted before its message was sent leaves a notification without data, perhaps without an id; the poll finds it
    (deletes are never certain to send a message). Raises Refused.
    """
    if len(body) > MOST_BYTES:
        raise Refused(Reason.TOO_LARGE)
    message = _Message()
    parser = DefusedXMLParser(target=message, forbid_dtd=True)
    try:
        parser.feed(body)
        parser.close()
    except DefusedXmlException as error:
        raise Refused(Reason.MALFORMED, f"the XML holds what no message needs: {type(error).__name__}") from None
    except (ParseError, LookupError, ValueError):  # the latter two: an encoding that Python does not know
        raise Refused(Reason.MALFORMED, "no well-formed XML") from None
    if not message.organizations or not message.record_ids:
        raise Refused(Reason.MALFORMED, "no outbound message")
    if not all(_same_organization(organization, organization_id) for organization in message.organizations):
        raise Refused(Reason.OTHER_ORGANIZATION)
    ids = [record_id for record_id in message.record_ids if record_id]
    if not all(is_task_id(record_id) for record_id in ids):
        raise Refused(Reason.MALFORMED, "a notification is not about a Task")
    return tuple(Hint(task_id, webhook=True) for task_id in dict.fromkeys(ids)), len(message.record_ids) - len(ids)


class _Message:
    """A parser target that keeps the ids and builds no tree, so neither depth nor number of elements costs memory.

    `record_ids` has one entry per notification, empty where it carries none.
    """

    def __init__(self) -> None:
        self.organizations: list[str] = []
        self.record_ids: list[str] = []
        self._path: tuple[str, ...] = ()
        self._text: list[str] = []

    def start(self, tag: str, _attributes: Mapping[str, str]) -> None:
        self._path = (*self._path, tag)
        self._text.clear()
        if len(self._path) > MOST_DEPTH:
            raise Refused(Reason.MALFORMED, "elements are nested too deeply")
        if self._path == _NOTIFICATION:
            self.record_ids.append("")
            if len(self.record_ids) > MOST_NOTIFICATIONS:
                raise Refused(Reason.MALFORMED, "too many notifications")

    def data(self, text: str) -> None:
        self._text.append(text)

    def end(self, _tag: str) -> None:
        if self._path == _ORGANIZATION:
            self.organizations.append("".join(self._text).strip())
        if self._path == _RECORD_ID:
            self.record_ids[-1] = "".join(self._text).strip()
        self._path = self._path[:-1]
        self._text.clear()

    def close(self) -> None:
        """Nothing is left to do at the end of the document."""


def _same_organization(given: str, ours: str) -> bool:
    """Compare ids of 15 or 18 characters: the last three of the longer form are derived from the rest."""
    size = len("00D") + 12
    return all(_ORGANIZATION_ID.fullmatch(text) for text in (given, ours)) and given[:size] == ours[:size]


def _check_address(event: Mapping[str, Any], knows: Callable[[str], bool]) -> None:
    if not knows((event.get("pathParameters") or {}).get("secret", "")):
        raise Refused(Reason.UNKNOWN_ADDRESS)


def _common_names(subject: str) -> list[str]:
    """Read the CN entries of a distinguished name (`CN=proxy.salesforce.com,O=…`); commas that are part of a value are escaped.

    A quoted value, the older way to write commas, has no place in a host's name, and is no match.
    """
    if '"' in subject:
        return []
    parts = (part.strip() for part in re.split(r"(?<!\\),", subject))
    return [part.removeprefix("CN=") for part in parts if part.startswith("CN=")]


def _body(event: Mapping[str, Any]) -> bytes:
    body = str(event.get("body") or "")
    if len(body) > 2 * MOST_BYTES:
        raise Refused(Reason.TOO_LARGE)
    if not event.get("isBase64Encoded"):
        return body.encode(errors="surrogatepass")
    try:
        return base64.b64decode(body, validate=True)
    except binascii.Error:
        raise Refused(Reason.MALFORMED, "the body is not base64") from None


def _response(status: HTTPStatus, content_type: str, body: str) -> dict[str, Any]:
    headers = {"content-type": content_type, "cache-control": "no-store"}
    return {"statusCode": status.value, "headers": headers, "body": body}
