"""The WSDL of an outbound message: what an administrator downloads in Setup and builds a listener from.

Three schemas as Salesforce writes them: ids, the object with the fields that the message carries (in alphabetical order, each
nillable and optional), and the notifications; one operation, document/literal, empty `soapAction`.
"""

from __future__ import annotations

from typing import Final
from xml.sax.saxutils import quoteattr

from infra.local.org.schema import Field, SObject

_TYPES: Final = {
    "id": "ent:ID",
    "reference": "ent:ID",
    "boolean": "xsd:boolean",
    "int": "xsd:int",
    "double": "xsd:double",
    "date": "xsd:date",
    "datetime": "xsd:dateTime",
}
MOST_NOTIFICATIONS: Final = 100


def wsdl(sobject: SObject, fields: tuple[str, ...], address: str) -> bytes:
    """Write the WSDL of a message about `sobject` with these fields, for a listener at `address`."""
    name = sobject.name
    elements = "".join(_element(sobject.fields[each]) for each in sorted(fields))
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<definitions targetNamespace="http://soap.sforce.com/2005/09/outbound"
    xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/"
    xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:tns="http://soap.sforce.com/2005/09/outbound"
    xmlns:ent="urn:enterprise.soap.sforce.com" xmlns:ens="urn:sobject.enterprise.soap.sforce.com">
  <types>
    <schema elementFormDefault="qualified" xmlns="http://www.w3.org/2001/XMLSchema"
        targetNamespace="urn:enterprise.soap.sforce.com">
      <simpleType name="ID">
        <restriction base="xsd:string"><length value="18"/><pattern value="[a-zA-Z0-9]{{18}}"/></restriction>
      </simpleType>
    </schema>
    <schema elementFormDefault="qualified" xmlns="http://www.w3.org/2001/XMLSchema"
        targetNamespace="urn:sobject.enterprise.soap.sforce.com">
      <import namespace="urn:enterprise.soap.sforce.com"/>
      <complexType name="sObject">
        <sequence>
          <element name="fieldsToNull" type="xsd:string" nillable="true" minOccurs="0" maxOccurs="unbounded"/>
          <element name="Id" type="ent:ID" nillable="true"/>
        </sequence>
      </complexType>
      <complexType name={quoteattr(name)}>
        <complexContent>
          <extension base="ens:sObject">
            <sequence>{elements}
            </sequence>
          </extension>
        </complexContent>
      </complexType>
    </schema>
    <schema elementFormDefault="qualified" xmlns="http://www.w3.org/2001/XMLSchema"
        targetNamespace="http://soap.sforce.com/2005/09/outbound">
      <import namespace="urn:enterprise.soap.sforce.com"/>
      <import namespace="urn:sobject.enterprise.soap.sforce.com"/>
      <element name="notifications">
        <complexType>
          <sequence>
            <element name="OrganizationId" type="ent:ID"/>
            <element name="ActionId" type="ent:ID"/>
            <element name="SessionId" type="xsd:string" nillable="true"/>
            <element name="EnterpriseUrl" type="xsd:string"/>
            <element name="PartnerUrl" type="xsd:string"/>
            <element name="Notification" type="tns:{name}Notification" maxOccurs="{MOST_NOTIFICATIONS}"/>
          </sequence>
        </complexType>
      </element>
      <complexType name="{name}Notification">
        <sequence>
          <element name="Id" type="ent:ID"/>
          <element name="sObject" type="ens:{name}"/>
        </sequence>
      </complexType>
      <element name="notificationsResponse">
        <complexType><sequence><element name="Ack" type="xsd:boolean"/></sequence></complexType>
      </element>
    </schema>
  </types>
  <message name="notificationsRequest"><part element="tns:notifications" name="request"/></message>
  <message name="notificationsResponse"><part element="tns:notificationsResponse" name="response"/></message>
  <portType name="NotificationPort">
    <operation name="notifications">
      <documentation>Process a number of notifications.</documentation>
      <input message="tns:notificationsRequest"/>
      <output message="tns:notificationsResponse"/>
    </operation>
  </portType>
  <binding name="NotificationBinding" type="tns:NotificationPort">
    <soap:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>
    <operation name="notifications">
      <soap:operation soapAction=""/>
      <input><soap:body use="literal"/></input>
      <output><soap:body use="literal"/></output>
    </operation>
  </binding>
  <service name="NotificationService">
    <documentation>Notification Service Implementation</documentation>
    <port binding="tns:NotificationBinding" name="Notification"><soap:address location={quoteattr(address)}/></port>
  </service>
</definitions>
""".encode()


def _element(described: Field) -> str:
    kind = _TYPES.get(described.type, "xsd:string")
    return f'\n              <element name="{described.name}" nillable="true" minOccurs="0" type="{kind}"/>'
