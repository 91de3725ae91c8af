"""The WSDL that the org serves for its outbound message, judged by a SOAP library and by a schema validator."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from lxml import etree  # type: ignore[import-untyped]  # zeep brings lxml; neither has types
from unit.org.test_outbound import Endpoint
from zeep import Client
from zeep.exceptions import XMLParseError
from zeep.transports import Transport

from infra.local.org.outbound import Policy, Sender
from infra.local.org.schema import Row
from infra.local.org.state import User
from infra.local.org.world import Org
from infra.local.org.wsdl import wsdl

OUTBOUND = "http://soap.sforce.com/2005/09/outbound"
XSD = "{http://www.w3.org/2001/XMLSchema}"
FIELDS = (
    "ActivityDate",
    "CallDurationInSeconds",
    "CompletedDateTime",
    "Description",
    "IsClosed",
    "IsReminderSet",
    "OwnerId",
    "Priority",
    "Status",
    "Subject",
    "SystemModstamp",
    "WhoId",
)
HOOK = "https://reminders.example/hook?key=a&b"


@pytest.fixture
def text(org: Org) -> bytes:
    """The WSDL of a message with fields of every type."""
    return wsdl(org.state.schema.objects["Task"], FIELDS, HOOK)


@pytest.fixture
def messages(org: Org, ann: User) -> list[bytes]:
    """Messages about a full task, an empty one, a deleted one, and one with text that XML cannot carry."""
    sender, endpoint = Sender(org.state, Policy(fields=FIELDS), org.base), Endpoint()
    lead = org.create(ann.id, "Lead", LastName="Zhang", Company="Atlas")
    facts: Row = {
        "Subject": "A & B <c> ☕",
        "ActivityDate": "2026-12-01",
        "Status": "Completed",
        "CallDurationInSeconds": 7,
    }
    org.create_task(ann.id, WhoId=lead, Description="one\ntwo", IsReminderSet=True, **facts)
    org.create_task(ann.id)
    org.delete_task(ann.id, org.create_task(ann.id))
    org.create_task(ann.id, Subject="bell \x07, half a smile \ud83d")
    sender.run(endpoint)
    return endpoint.bodies


def schema(text: bytes, folder: Path) -> etree.XMLSchema:
    """Take the schemas out of the WSDL into files, so that a validator finds what they import."""
    found = etree.fromstring(text).findall(f".//{XSD}schema")
    files = {each.get("targetNamespace"): folder / f"{number}.xsd" for number, each in enumerate(found)}
    for each in found:
        for imported in each.findall(f"{XSD}import"):
            imported.set("schemaLocation", files[imported.get("namespace")].as_uri())
        files[each.get("targetNamespace")].write_bytes(etree.tostring(each))
    return etree.XMLSchema(etree.parse(files[OUTBOUND]))


def test_messages_are_valid(text: bytes, messages: list[bytes], tmp_path: Path) -> None:
    """Every message the org sends keeps to the schema to the letter, whatever the task."""
    judge = schema(text, tmp_path)
    assert len(messages) == 1
    for body in messages:
        notifications = etree.fromstring(body).find(f".//{{{OUTBOUND}}}notifications")
        judge.assertValid(notifications)
        assert len(notifications.findall(f"{{{OUTBOUND}}}Notification")) == 4


@pytest.mark.parametrize(
    "spoil",
    [
        lambda body: body.replace(b"<sf:IsClosed>true", b"<sf:IsClosed>yes"),
        lambda body: body.replace(b"<ActionId>", b"<ActionId>x"),
        lambda body: body.replace(b"sf:Priority>", b"sf:Urgency>"),
        lambda body: body.replace(b"2026-12-01", b"2026-12-32"),
    ],
)
def test_the_validator_does_see_what_is_wrong(
    text: bytes, messages: list[bytes], tmp_path: Path, spoil: Callable[[bytes], bytes]
) -> None:
    """Else the test above would prove nothing."""
    spoilt = spoil(messages[0])
    assert spoilt != messages[0]
    notifications = etree.fromstring(spoilt).find(f".//{{{OUTBOUND}}}notifications")
    assert not schema(text, tmp_path).validate(notifications)


def test_zeep_reads_the_messages(text: bytes, messages: list[bytes], tmp_path: Path, org: Org, ann: User) -> None:
    """A SOAP library makes a service of the WSDL and values of the message; an element too many is an error to it."""
    file = tmp_path / "outbound.wsdl"
    file.write_bytes(text)
    client = Client(str(file), transport=Transport(cache=None))  # type: ignore[no-untyped-call]  # no types
    port = client.wsdl.services["NotificationService"].ports["Notification"]
    assert port.binding_options["address"] == HOOK
    assert set(port.binding.all()) == {"notifications"}
    element = client.get_element(f"{{{OUTBOUND}}}notifications")  # type: ignore[no-untyped-call]  # same
    notifications = etree.parse(BytesIO(messages[0])).find(f".//{{{OUTBOUND}}}notifications")
    value = element.parse(notifications, client.wsdl.types)
    assert (value.OrganizationId, value.SessionId) == (org.organization_id, None)
    full, empty, gone, odd = (each.sObject for each in value.Notification)
    assert (full.Subject, full.IsClosed, full.ActivityDate.isoformat(), full.OwnerId) == (
        "A & B <c> ☕",
        True,
        "2026-12-01",
        ann.id,
    )
    assert (full.CallDurationInSeconds, full.SystemModstamp.isoformat()) == (7, "2026-11-22T10:00:00+00:00")
    assert (empty.Subject, empty.IsClosed, empty.Status) == (None, False, "Not Started")
    assert (bool(gone.Id), gone.Subject, gone.IsClosed) == (True, None, None)
    assert odd.Subject == "bell , half a smile "
    etree.SubElement(notifications, f"{{{OUTBOUND}}}Surprise")
    with pytest.raises(XMLParseError):
        element.parse(notifications, client.wsdl.types)
