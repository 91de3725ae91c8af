"""Outbound messages as Salesforce writes them."""

from __future__ import annotations

from dataclasses import dataclass
from xml.sax.saxutils import escape

from fakes.people import ORG


@dataclass(frozen=True)
class Message:
    """One message about these tasks, of this organisation; `subject` is a value that we did not ask for."""

    task_ids: tuple[str, ...] = ("00T000000000001EAA",)
    organization: str = ORG
    subject: str = "Call Ms Lindqvist"

    def xml(self) -> bytes:
        """Write it."""
        notifications = "".join(
            f'<Notification><Id>04l5g00000KpQrSAAV</Id><sObject xsi:type="sf:Task" xmlns:sf="urn:sobject.enterprise.soap.sforce.com">'
            f"<sf:Id>{task_id}</sf:Id><sf:Subject>{escape(self.subject)}</sf:Subject></sObject></Notification>"
            for task_id in self.task_ids
        )
        return (
            '<?xml version="1.0" encoding="UTF-8"?>'
            '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"'
            ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body>'
            '<notifications xmlns="http://soap.sforce.com/2005/09/outbound">'
            f"<OrganizationId>{self.organization}</OrganizationId><ActionId>04k5g000000CbTdAAK</ActionId>"
            f'<SessionId xsi:nil="true"/>{notifications}</notifications></soapenv:Body></soapenv:Envelope>'
        ).encode()
