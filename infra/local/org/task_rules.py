"""The rules of Task: defaults, what follows from what, what may be related to what, and what goes with what.

Source: the object reference page of Task. `IsClosed`, `IsHighPriority`, `AccountId` are derived when read (`state.DERIVED`);
`CompletedDateTime` is set when saved: with a closed status, again with a *different* closed one, and emptied on reopening.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from infra.local.org import recurrence
from infra.local.org.errors import Refused
from infra.local.org.records import DAY, Transaction
from infra.local.org.schema import Row, SObject, Value
from infra.local.org.state import Caller, State, Work

ARCHIVE_DAYS: Final = 365
_PEOPLE: Final = ("Contact", "Lead")


def before_save(work: Work, old: Row | None, row: Row, values: Mapping[str, Value | None]) -> None:
    """Fill defaults and derived values in, then refuse what may not be. Changes `row`."""
    state, caller, sobject = work.state, work.caller, work.sobject
    if sobject.name != "Task":
        if old is None and "OwnerId" not in values and "OwnerId" in sobject.fields:
            row["OwnerId"] = caller.user.id
        return
    if old is None:
        _defaults(state, caller, row, values)
    for (
        automation
    ) in state.automations:  # first, as before-save flows run: what follows from a field follows from theirs, too
        automation(row)
    _completed(state, old, row)
    _picklists(state, row)
    if str(row.get("WhoId", "")).startswith("00Q") and "WhatId" in row:
        raise Refused(
            "FIELD_INTEGRITY_EXCEPTION",
            "If you relate an activity to a lead, it can't be related to another record",
            ("WhatId",),
        )
    recurrence.check(old, row, values)
    for rule in state.validations:
        message = rule(row)
        if message:
            raise Refused("FIELD_CUSTOM_VALIDATION_EXCEPTION", message)
    recurrence.regenerate(work, old, row)


def _defaults(state: State, caller: Caller, row: Row, values: Mapping[str, Value | None]) -> None:
    defaults: Row = {
        "Status": state.default_status,
        "Priority": state.default_priority,
        "OwnerId": caller.user.id,
        "TaskSubtype": "Task",
    }
    for name, value in defaults.items():
        if name not in values:
            row[name] = value


def _completed(state: State, old: Row | None, row: Row) -> None:
    status = row.get("Status")
    if not state.closed.get(str(status), False):
        row.pop("CompletedDateTime", None)
    elif old is None or old.get("Status") != status:
        row["CompletedDateTime"] = state.second()


def _picklists(state: State, row: Row) -> None:
    """Status and Priority accept unknown values, unless the org restricts them."""
    if not state.restricted_picklists:
        return
    for name, known in (("Status", state.closed), ("Priority", state.high)):
        if name in row and row[name] not in known:
            raise Refused(
                "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
                f"{name}: bad value for restricted picklist field: {row[name]}",
                (name,),
            )


def after_save(work: Work, old: Row | None, row: Row, values: Mapping[str, Value | None]) -> None:
    """Carry a saved recurrence over to its occurrences."""
    if work.sobject.name == "Task":
        recurrence.carry_over(work, old, row, values)


def after_delete(work: Work, row: Row) -> None:
    """Delete what goes with it: a series' occurrences, open and closed; a person's or an account's tasks."""
    for child in _children(work.state, work.sobject, row):
        if not child["IsDeleted"]:
            _mark(work, child, is_deleted=True)


def after_undelete(work: Work, row: Row) -> None:
    """Restore what was deleted with it, that is in the same second."""
    for child in _children(work.state, work.sobject, row):
        if child["IsDeleted"] and child["SystemModstamp"] == row["SystemModstamp"]:
            _mark(work, child, is_deleted=False)


def _children(state: State, sobject: SObject, row: Row) -> list[Row]:
    store = state.store
    if sobject.name == "Task":
        keys = store.with_value("Task", "RecurrenceActivityId", row["Id"]) if row.get("IsRecurrence") else ()
    elif sobject.name in _PEOPLE:
        keys = store.with_value("Task", "WhoId", row["Id"])
    elif sobject.name == "Account":  # rare: a look at every task costs less than an index in every write
        keys = tuple(key for key, task in store.tables["Task"].items() if task.get("WhatId") == row["Id"])
    else:
        keys = ()
    return [store.tables["Task"][key] for key in keys]


def _mark(work: Work, row: Row, *, is_deleted: bool) -> None:
    second = work.state.second()
    stamps: Row = {"LastModifiedDate": second, "SystemModstamp": second, "LastModifiedById": work.caller.user.id}
    work.state.store.put(work.transaction, "Task", row | stamps | {"IsDeleted": is_deleted})


def archive(state: State) -> int:
    """Run the archiving job: closed, and due (without a due date: created) 365 days ago or more. Gives how many.

    Archiving moves SystemModstamp but not LastModifiedDate.
    """
    now = state.second()
    horizon = now - ARCHIVE_DAYS * DAY
    day = state.now().fromtimestamp(horizon, state.now().tzinfo).date().isoformat()
    transaction = Transaction(now)
    for row in list(state.store.tables["Task"].values()):
        closed = state.closed.get(str(row["Status"]), False)
        due = row.get("ActivityDate")
        old = str(due) <= day if due is not None else int(row["CreatedDate"]) <= horizon
        if closed and old and not row["IsDeleted"] and not row.get("IsArchived"):
            state.store.put(transaction, "Task", row | {"IsArchived": True, "SystemModstamp": now})
    count = len(transaction.writes)
    state.store.commit(transaction)
    return count
