"""Metadata: the list of objects, and the fields of one, as far as the caller may see them."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Final

from infra.local.org.errors import not_found
from infra.local.org.resource import Ask, Result, unmodified
from infra.local.org.schema import CHILDREN, FIXED, Field, SObject, visible
from infra.local.org.state import State
from infra.local.org.wire import http_date

MASTER: Final = "012000000000000AAA"
"""The record type that every object has."""

_DIGITS: Final = 9
LABELS: Final = {
    "Id": "Activity ID",
    "WhoId": "Name ID",
    "WhatId": "Related To ID",
    "ActivityDate": "Due Date Only",
    "IsHighPriority": "High Priority",
    "OwnerId": "Assigned To ID",
    "AccountId": "Account ID",
    "IsDeleted": "Deleted",
    "IsClosed": "Closed",
    "CreatedById": "Created By ID",
    "LastModifiedById": "Last Modified By ID",
    "SystemModstamp": "System Modstamp",
    "IsArchived": "Archived",
    "CallDurationInSeconds": "Call Duration",
    "CallDisposition": "Call Result",
    "CallObject": "Call Object Identifier",
    "ReminderDateTime": "Reminder Date/Time",
    "IsReminderSet": "Reminder Set",
    "RecurrenceActivityId": "Recurrence Activity ID",
    "IsRecurrence": "Create Recurring Series of Tasks",
    "RecurrenceStartDateOnly": "Recurrence Start",
    "RecurrenceEndDateOnly": "Recurrence End",
    "RecurrenceTimeZoneSidKey": "Recurrence Time Zone",
    "CompletedDateTime": "Completed Date",
}
"""Task's labels where they are not the name in words."""


def spaced(name: str) -> str:
    """Give a name in words: `CallType` is "Call Type"."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)


def everything(ask: Ask) -> Result:
    """`GET /sobjects`. 304 if nothing has changed since."""
    if unmodified(ask, ask.state.described):
        return Result(status=HTTPStatus.NOT_MODIFIED)
    objects = [_summary(ask, each) for each in ask.state.schema.objects.values()]
    return Result(document={"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": objects}, headers=_dated(ask.state))


def _dated(state: State) -> dict[str, str]:
    return {"Last-Modified": http_date(state.described)}


def pages(ask: Ask) -> Result:
    """`GET /sobjects/Task/describe/compactLayouts` and its like: this org has none but the system's own."""
    sobject = ask.sobject(ask.names[0])
    compact = {
        "available": True,
        "compactLayoutId": None,
        "compactLayoutName": "SYSTEM",
        "recordTypeId": MASTER,
        "recordTypeName": "Master",
        "urls": {"compactLayout": f"{_address(ask, sobject)}/describe/compactLayouts/{MASTER}"},
    }
    known: dict[str, dict[str, object]] = {
        "layouts": {"layouts": [], "recordTypeMappings": [], "recordTypeSelectorRequired": [False]},
        "compactlayouts": {
            "compactLayouts": [],
            "defaultCompactLayoutId": None,
            "recordTypeCompactLayoutMappings": [compact],
        },
        "approvallayouts": {"approvalLayouts": []},
    }
    found = known.get(ask.names[1].lower())
    if found is None:
        raise not_found()
    return Result(document=found)


def list_views(ask: Ask) -> Result:
    """`GET /sobjects/Task/listviews`: there are none."""
    name = ask.sobject(ask.names[0]).name
    return Result(document={"done": True, "listviews": [], "nextRecordsUrl": None, "size": 0, "sobjectType": name})


def quick_actions(ask: Ask) -> Result:
    """`GET /sobjects/Task/quickActions`: there are none."""
    ask.sobject(ask.names[0])
    return Result(document=[])


def basic(ask: Ask) -> Result:
    """`GET /sobjects/Task`."""
    return Result(document={"objectDescribe": _summary(ask, ask.sobject(ask.names[0])), "recentItems": []})


def one(ask: Ask) -> Result:
    """`GET /sobjects/Task/describe`. 304 if nothing has changed since."""
    sobject = ask.sobject(ask.names[0])
    if unmodified(ask, ask.state.described):
        return Result(status=HTTPStatus.NOT_MODIFIED)
    permissions = ask.caller.user.permissions
    fields = [_field(ask, sobject, each) for each in sobject.fields.values() if visible(each, permissions)]
    master = {
        "active": True,
        "available": True,
        "defaultRecordTypeMapping": True,
        "developerName": "Master",
        "master": True,
        "name": "Master",
        "recordTypeId": MASTER,
        "urls": {"layout": f"{_address(ask, sobject)}/describe/layouts/{MASTER}"},
    }
    return Result(
        headers=_dated(ask.state),
        document={
            **_summary(ask, sobject),
            **dict.fromkeys(_UNUSED),
            "actionOverrides": [],
            "childRelationships": _children(ask.state, sobject),
            "compactLayoutable": sobject.writable,
            "fields": fields,
            "namedLayoutInfos": [],
            "recordTypeInfos": [master] if sobject.writable else [],
            "searchLayoutable": sobject.writable,
            "sobjectDescribeOption": "FULL",
            "supportedScopes": [{"label": f"All {sobject.name.lower()}s", "name": "everything"}],
        },
    )


_UNUSED = (
    "defaultImplementation",
    "extendedBy",
    "extendsInterfaces",
    "implementedBy",
    "implementsInterfaces",
    "listviewable",
    "lookupLayoutable",
    "networkScopeFieldName",
)
"""What describe says of every object, null for those here."""


def _address(ask: Ask, sobject: SObject) -> str:
    return f"/services/data/v{ask.caller.version}/sobjects/{sobject.name}"


def _children(state: State, sobject: SObject) -> list[dict[str, object]]:
    """Who refers to this object by which field."""
    return [
        {
            "cascadeDelete": other.name == "Task" and sobject.name in ("Account", "Contact", "Lead"),
            "childSObject": other.name,
            "deprecatedAndHidden": False,
            "field": described.name,
            "junctionIdListNames": [],
            "junctionReferenceTo": [],
            "relationshipName": CHILDREN.get((other.name, described.name)),
            "restrictedDelete": False,
        }
        for other in state.schema.objects.values()
        for described in other.fields.values()
        if sobject.name in described.targets
    ]


def _summary(ask: Ask, sobject: SObject) -> dict[str, object]:
    base = _address(ask, sobject)
    writable = sobject.writable
    return {
        "activateable": False,
        "associateEntityType": None,
        "associateParentEntity": None,
        "createable": writable,
        "custom": False,
        "customSetting": False,
        "deepCloneable": False,
        "deletable": writable,
        "deprecatedAndHidden": False,
        "feedEnabled": False,
        "hasSubtypes": False,
        "isInterface": False,
        "isSubtype": False,
        "keyPrefix": sobject.prefix,
        "label": sobject.name,
        "labelPlural": f"{sobject.name}s",
        "layoutable": writable,
        "mergeable": False,
        "mruEnabled": False,
        "name": sobject.name,
        "queryable": True,
        "replicateable": "SystemModstamp" in sobject.fields,
        "retrieveable": True,
        "searchable": writable,
        "triggerable": writable,
        "undeletable": writable,
        "updateable": writable,
        "urls": {"sobject": base, "describe": f"{base}/describe", "rowTemplate": f"{base}/{{ID}}"},
    }


def _field(ask: Ask, sobject: SObject, described: Field) -> dict[str, object]:
    fixed = f"{FIXED}{described.name}" in ask.caller.user.permissions
    soap = {
        "id": "tns:ID",
        "reference": "tns:ID",
        "boolean": "xsd:boolean",
        "int": "xsd:int",
        "datetime": "xsd:dateTime",
    }
    defaulted = described.type == "boolean" or described.name in ("Status", "Priority", "OwnerId")
    return {
        "aggregatable": described.filterable and described.type != "boolean",
        "aiPredictionField": False,
        "autoNumber": False,
        "byteLength": described.length if described.type in ("id", "reference") else 3 * described.length,
        "calculated": False,
        "calculatedFormula": None,
        "cascadeDelete": False,
        "caseSensitive": described.external_id,
        "compoundFieldName": None,
        "controllerName": None,
        "createable": described.create and not fixed,
        "custom": described.name.endswith("__c"),
        "defaultValue": False if described.type == "boolean" else None,
        "defaultValueFormula": None,
        "defaultedOnCreate": defaulted,
        "dependentPicklist": False,
        "deprecatedAndHidden": False,
        "digits": _DIGITS if described.type == "int" else 0,
        "displayLocationInDecimal": False,
        "encrypted": False,
        "externalId": described.external_id,
        "extraTypeInfo": "plaintextarea" if described.type == "textarea" else None,
        "filterable": described.filterable,
        "filteredLookupInfo": None,
        "formulaTreatNullNumberAsZero": False,
        "groupable": described.filterable and described.type != "datetime",
        "highScaleNumber": False,
        "htmlFormatted": False,
        "idLookup": described.name == "Id" or described.external_id,
        "inlineHelpText": None,
        "label": described.label or LABELS.get(described.name) or spaced(described.name),
        "length": described.length,
        "mask": None,
        "maskType": None,
        "name": described.name,
        "nameField": described.name == "Name" or (sobject.name == "Task" and described.name == "Subject"),
        "namePointing": described.polymorphic,
        "nillable": described.nillable,
        "permissionable": described.create and described.nillable,
        "picklistValues": _picklist(ask.state, sobject, described),
        "polymorphicForeignKey": len(described.targets) > 1,
        "precision": 0,
        "queryByDistance": False,
        "referenceTargetField": None,
        "referenceTo": list(described.targets),
        "relationshipName": described.relationship,
        "relationshipOrder": None,
        "restrictedDelete": False,
        "restrictedPicklist": bool(described.restricted),
        "scale": 0,
        "searchPrefilterable": described.type == "reference",
        "soapType": soap.get(described.type, "xsd:date" if described.type == "date" else "xsd:string"),
        "sortable": described.sortable,
        "type": described.type,
        "unique": described.unique,
        "updateable": described.update and not fixed,
        "writeRequiresMasterRead": False,
    }


def _picklist(state: State, sobject: SObject, described: Field) -> list[dict[str, object]]:
    values: list[str] = list(described.restricted)
    default = ""
    if sobject.name == "Task" and described.name == "Status":
        values, default = list(state.closed), state.default_status
    elif sobject.name == "Task" and described.name == "Priority":
        values, default = list(state.high), state.default_priority
    elif described.type == "combobox":
        values = ["Call", "Send Letter", "Send Quote", "Other"]
    return [
        {"active": True, "defaultValue": value == default, "label": value, "validFor": None, "value": value}
        for value in values
    ]
