"""Lead conversion: the lead becomes a contact at an account, and its tasks, open and closed, go along.

Their `WhoId` becomes the contact and their `WhatId` the account (with an opportunity, which this org does not know, it would be that);
the stamps move, so a sync sees a burst of changes.
"""

from __future__ import annotations

from infra.local.org import dml
from infra.local.org.errors import Refused, converted
from infra.local.org.records import Transaction
from infra.local.org.schema import Row, Value
from infra.local.org.state import Caller, State, Work

_CARRIED = ("FirstName", "LastName", "Title", "Email", "Phone", "OwnerId")


def convert(state: State, caller: Caller, lead_id: str) -> str:
    """Convert a lead; gives the contact's id. Raises CANNOT_UPDATE_CONVERTED_LEAD, NOT_FOUND, ENTITY_IS_DELETED."""
    state.settle()
    objects, transaction = state.schema.objects, Transaction(state.second())

    def work(name: str) -> Work:
        return Work(state, caller, objects[name], transaction)

    lead = dml.editable(state, caller, objects["Lead"], lead_id)
    if lead.get("IsConverted"):
        raise converted()
    try:
        account = dml.insert(
            work("Account"), {"Name": lead.get("Company", lead["LastName"]), "OwnerId": lead["OwnerId"]}
        )
        carried = {name: lead[name] for name in _CARRIED if name in lead}
        contact = dml.insert(work("Contact"), {**carried, "AccountId": account})
        day = state.now().date().isoformat()
        became: Row = {"ConvertedDate": day, "ConvertedContactId": contact, "ConvertedAccountId": account}
        _put(work("Lead"), lead, {"IsConverted": True, **became})
        for key in state.store.with_value("Task", "WhoId", lead_id):
            task = state.store.tables["Task"][key]
            if not task["IsDeleted"]:
                _put(work("Task"), task, {"WhoId": contact, "WhatId": account})
    except Refused:
        state.store.undo(transaction)
        raise
    state.store.commit(transaction)
    return contact


def _put(work: Work, row: Row, changes: dict[str, Value]) -> None:
    second = work.state.second()
    stamps: Row = {"LastModifiedDate": second, "SystemModstamp": second, "LastModifiedById": work.caller.user.id}
    work.state.store.put(work.transaction, work.sobject.name, row | stamps | changes)
