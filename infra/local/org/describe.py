"""Metadata: the list of objects, and the fields of one, as far as the caller may see them."""

from __future__ import annotations

from infra.local.org.resource import Ask, Result
from infra.local.org.schema import Field, SObject, visible
from infra.local.org.state import State


def everything(ask: Ask) -> Result:
    """`GET /sobjects`."""
    objects = [_summary(ask, each) for each in ask.state.schema.objects.values()]
    return Result(document={"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": objects})


def basic(ask: Ask) -> Result:
    """`GET /sobjects/Task`."""
    return Result(document={"objectDescribe": _summary(ask, ask.sobject(ask.names[0])), "recentItems": []})


def one(ask: Ask) -> Result:
    """`GET /sobjects/Task/describe`."""
    sobject = ask.sobject(ask.names[0])
    permissions = ask.caller.user.permissions
    fields = [_field(ask.state, sobject, each) for each in sobject.fields.values() if visible(each, permissions)]
    return Result(
        document={**_summary(ask, sobject), "fields": fields, "childRelationships": [], "recordTypeInfos": []}
    )


def _summary(ask: Ask, sobject: SObject) -> dict[str, object]:
    base = f"/services/data/v{ask.caller.version}/sobjects/{sobject.name}"
    writable = sobject.writable
    return {
        "activateable": False,
        "createable": writable,
        "custom": False,
        "customSetting": False,
        "deletable": writable,
        "deprecatedAndHidden": False,
        "feedEnabled": False,
        "hasSubtypes": False,
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


def _field(state: State, sobject: SObject, described: Field) -> dict[str, object]:
    soap = {
        "id": "tns:ID",
        "reference": "tns:ID",
        "boolean": "xsd:boolean",
        "int": "xsd:int",
        "datetime": "xsd:dateTime",
    }
    defaulted = described.type == "boolean" or described.name in ("Status", "Priority", "OwnerId")
    return {
        "aggregatable": described.filterable,
        "autoNumber": False,
        "byteLength": 3 * described.length,
        "calculated": False,
        "caseSensitive": described.external_id,
        "createable": described.create,
        "custom": described.name.endswith("__c"),
        "defaultValue": False if described.type == "boolean" else None,
        "defaultedOnCreate": defaulted,
        "deprecatedAndHidden": False,
        "digits": 0,
        "externalId": described.external_id,
        "filterable": described.filterable,
        "groupable": described.filterable,
        "idLookup": described.name == "Id" or described.external_id,
        "label": described.label or described.name,
        "length": described.length,
        "name": described.name,
        "nameField": described.name == "Name" or (sobject.name == "Task" and described.name == "Subject"),
        "nillable": described.nillable,
        "permissionable": described.create and described.nillable,
        "picklistValues": _picklist(state, sobject, described),
        "polymorphicForeignKey": len(described.targets) > 1,
        "precision": 0,
        "referenceTo": list(described.targets),
        "relationshipName": described.relationship,
        "restrictedPicklist": bool(described.restricted),
        "scale": 0,
        "soapType": soap.get(described.type, "xsd:date" if described.type == "date" else "xsd:string"),
        "sortable": described.sortable,
        "type": described.type,
        "unique": described.unique,
        "updateable": described.update,
    }


def _picklist(state: State, sobject: SObject, described: Field) -> list[dict[str, object]]:
    values: list[str] = list(described.restricted)
    default = ""
    if sobject.name == "Task" and described.name == "Status":
        values, default = list(state.closed), state.default_status
    elif sobject.name == "Task" and described.name == "Priority":
        values, default = list(state.high), state.default_priority
    return [
        {"active": True, "defaultValue": value == default, "label": value, "validFor": None, "value": value}
        for value in values
    ]
