"""Outbound messages: SOAP posts that say "these tasks changed", at least once, in any order, for at most 24 hours.

A flow queues one notification for every create and update of a task by a user with the permission "Send Outbound Messages" (so not
for the integration user), none for deletes and undeletes. Notifications that wait together travel together, up to 100 in a message.
The record is read when the message is sent: only the newest values arrive, and of a deleted record nothing but its id.

A message that is not acknowledged is sent again, same notification ids, after `first_retry` seconds, doubling up to
`longest_retry`, and dropped when it is 24 hours old. Only HTTP 200 with `<Ack>true</Ack>` in the right SOAP is an acknowledgement.

`Sender` does no I/O: `due` tells what to send now, `body` writes it, `settle` takes the answer. `run` does all three with a delivery
function, for tests and the simulation; the server delivers by HTTP.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final
from xml.etree.ElementTree import ParseError
from xml.sax.saxutils import escape

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from infra.local.org.faults import MESSAGE
from infra.local.org.ids import SHORT
from infra.local.org.records import DAY, Write
from infra.local.org.schema import Field, Value
from infra.local.org.state import SEND_MESSAGES, State
from infra.local.org.wire import soap_stamp

ENVELOPE: Final = "http://schemas.xmlsoap.org/soap/envelope/"
OUTBOUND: Final = "http://soap.sforce.com/2005/09/outbound"
HEADERS: Final = {
    "Content-Type": "text/xml; charset=utf-8",
    "SOAPAction": '""',
    "User-Agent": "Jakarta Commons-HttpClient/3.1",
}
TIMEOUT: Final = 60.0
MOST: Final = 100
KEPT: Final = 1000

_NO_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot carry; such characters are left out, else no listener could ever read the message."""

Deliver = Callable[[bytes], tuple[int, bytes] | None]
"""Posts a body; gives status and body of the answer, or None when there was none."""


@dataclass(slots=True, kw_only=True)
class Policy:
    """How messages are sent. Retries: 15 s to an hour by one guide, up to two hours by another, so both can be set."""

    fields: tuple[str, ...] = ("LastModifiedDate", "SystemModstamp")
    window: float = 0.0
    first_retry: float = 15.0
    longest_retry: float = 3600.0
    enabled: bool = True


@dataclass(slots=True)
class Message:
    """One message: its notifications (id, task id), when it was queued, how often tried, when it is tried next."""

    queued: float
    next: float
    notifications: list[tuple[str, str]] = field(default_factory=list)
    attempts: int = 0
    flying: bool = False
    copies: int = 1


@dataclass(frozen=True, slots=True)
class Delivered:
    """One attempt, for the delivery status: when, notification ids, which attempt, and what came of it."""

    at: float
    notifications: tuple[str, ...]
    attempt: int
    outcome: str


class Sender:
    """The queue of one outbound message action."""

    def __init__(self, state: State, policy: Policy, base: str, action: str = "") -> None:
        self.state = state
        self.policy = policy
        self.queue: list[Message] = []
        self.log: deque[Delivered] = deque(maxlen=KEPT)
        self._base = base
        self.action = action or state.mint.new("04k")
        state.store.committed.append(self._committed)

    def _committed(self, write: Write) -> None:
        if not self.policy.enabled or write.sobject != "Task" or not _fires(write):
            return
        user = self.state.users.get(str(write.new["LastModifiedById"]))
        if user is None or SEND_MESSAGES not in user.permissions:
            return
        now = self.state.now().timestamp()
        newest = self.queue[-1] if self.queue else None
        if newest is None or newest.attempts or newest.flying or len(newest.notifications) >= MOST:
            newest = Message(now, now + self.policy.window)
            self.queue.append(newest)
        newest.notifications.append((self.state.mint.new("04l"), write.record_id))

    def due(self) -> list[Message]:
        """Take what is to be sent now; each must be given back by `settle`. What is 24 hours old is dropped."""
        now = self.state.now().timestamp()
        for old in [each for each in self.queue if not each.flying and now - each.queued >= DAY]:
            self.queue.remove(old)
            self._note(old, "dropped after 24 hours")
        ready = [each for each in self.queue if not each.flying and each.next <= now]
        if len(ready) > 1 and self.state.faults.hit(("shuffle",)):
            self.state.rng.shuffle(ready)
        return [each for each in ready if self._departs(each, now)]

    def _departs(self, message: Message, now: float) -> bool:
        fault = self.state.faults.hit(tuple(kind for kind in MESSAGE if kind not in ("shuffle", "unheard")))
        if fault and fault.kind == "delay":
            message.next = now + fault.seconds
            return False
        if fault and fault.kind == "drop":
            self.queue.remove(message)
            self._note(message, "lost on the way")
            return False
        message.copies = 2 if fault and fault.kind == "double" else 1
        message.flying = True
        return True

    def next_due(self) -> float | None:
        """When the next message is to be sent (seconds since 1970), None if nothing waits."""
        return min((each.next for each in self.queue if not each.flying), default=None)

    def settle(self, message: Message, answered: tuple[int, bytes] | None) -> bool:
        """Take the answer to a message; tells whether it counts as acknowledged."""
        message.flying = False
        message.attempts += 1
        acknowledged = answered is not None and acknowledges(*answered)
        if acknowledged and self.state.faults.hit(("unheard",)):
            acknowledged = False
        if acknowledged:
            self.queue.remove(message)
        else:
            wait = min(self.policy.first_retry * 2 ** (message.attempts - 1), self.policy.longest_retry)
            message.next = self.state.now().timestamp() + wait
        self._note(message, "acknowledged" if acknowledged else f"failed: {answered[0] if answered else 'no answer'}")
        return acknowledged

    def run(self, deliver: Deliver) -> int:
        """Send what is due; gives how many messages were acknowledged."""
        acknowledged = 0
        for message in self.due():
            answered = None
            for _ in range(message.copies):
                answered = deliver(self.body(message))
            acknowledged += self.settle(message, answered)
        return acknowledged

    def retry_now(self) -> None:
        """Make everything that waits due, as the "Retry" link of the delivery status page does."""
        now = self.state.now().timestamp()
        for message in self.queue:
            message.next = min(message.next, now)

    def _note(self, message: Message, outcome: str) -> None:
        keys = tuple(key for key, _ in message.notifications)
        self.log.append(Delivered(self.state.now().timestamp(), keys, message.attempts, outcome))

    # --- the SOAP

    def body(self, message: Message) -> bytes:
        """Write the message as of now."""
        org = self.state.organization_id
        soap = f"{self._base}/services/Soap"
        notifications = "".join(self._notification(key, task_id) for key, task_id in message.notifications)
        return (
            '<?xml version="1.0" encoding="UTF-8"?>'
            f'<soapenv:Envelope xmlns:soapenv="{ENVELOPE}" xmlns:xsd="http://www.w3.org/2001/XMLSchema" '
            'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body>'
            f'<notifications xmlns="{OUTBOUND}"><OrganizationId>{org}</OrganizationId><ActionId>{self.action}</ActionId>'
            f'<SessionId xsi:nil="true"/><EnterpriseUrl>{escape(soap)}/c/66.0/{org[:SHORT]}</EnterpriseUrl>'
            f"<PartnerUrl>{escape(soap)}/u/66.0/{org[:SHORT]}</PartnerUrl>{notifications}</notifications>"
            "</soapenv:Body></soapenv:Envelope>"
        ).encode()

    def _notification(self, key: str, task_id: str) -> str:
        row = self.state.store.get("Task", task_id)
        values = ""
        if row is not None and not row["IsDeleted"]:
            task = self.state.schema.objects["Task"]
            for name in sorted(self.policy.fields):
                described = task.fields[name]
                value = self.state.value("Task", name, row) if described.derived else row.get(name)
                if value is not None:
                    values += f"<sf:{name}>{_xml(described, value)}</sf:{name}>"
        return (
            f'<Notification><Id>{key}</Id><sObject xsi:type="sf:Task" xmlns:sf="urn:sobject.enterprise.soap.sforce.com">'
            f"<sf:Id>{task_id}</sf:Id>{values}</sObject></Notification>"
        )


def _fires(write: Write) -> bool:
    """Creates and updates fire; deletes, undeletes and the archiving job do not."""
    old, new = write.old, write.new
    if new["IsDeleted"] or (old is not None and old["IsDeleted"]):
        return False
    return old is None or bool(new.get("IsArchived")) == bool(old.get("IsArchived"))


def _xml(described: Field, value: Value) -> str:
    if described.type == "datetime":
        return soap_stamp(int(value))
    if isinstance(value, bool):
        return "true" if value else "false"
    return escape(_NO_XML.sub("", str(value)))


def acknowledges(status: int, body: bytes) -> bool:
    """Tell whether an answer is the SOAP acknowledgement: anything else is a failure, whatever its HTTP status."""
    if status != HTTPStatus.OK:
        return False
    try:
        envelope = fromstring(body)
    except (ParseError, DefusedXmlException, ValueError):
        return False
    if envelope.tag != f"{{{ENVELOPE}}}Envelope":
        return False
    ack = envelope.find(f"./{{{ENVELOPE}}}Body/{{{OUTBOUND}}}notificationsResponse/{{{OUTBOUND}}}Ack")
    return ack is not None and (ack.text or "").strip() in ("true", "1")
