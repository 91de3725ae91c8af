"""Writing records: one transaction per record, and what holds for every object.

What a JSON value must be is in `values.py`, the rules of Task are in `task_rules.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeVar

from infra.local.org import ids, task_rules
from infra.local.org.errors import Refused, converted, deleted, locked, not_found
from infra.local.org.records import Transaction
from infra.local.org.schema import Row, SObject, Value
from infra.local.org.state import Caller, State, Work
from infra.local.org.values import values_of

T = TypeVar("T")
QUEUES_SINCE: Final = 48


def transact(state: State, caller: Caller, sobject: SObject, what: str, do: Callable[[Work], T]) -> T:
    """Run one record's write in a transaction of its own. `what`: "insert -", "update 00T…", …: what faults match on.

    On any error nothing of it stays. Raises Salesforce's errors.
    """
    verb, _, key = what.partition(" ")
    label = f"{verb} {sobject.name} {key}"
    strike(state, label)
    work = Work(state, caller, sobject, Transaction(state.second()))
    try:
        result = do(work)
    except Exception:
        state.store.undo(work.transaction)
        raise
    finish(state, work.transaction, label)
    return result


def strike(state: State, label: str) -> None:
    """Let a lock fault hit. Raises UNABLE_TO_LOCK_ROW."""
    fault = state.faults.hit(("lock",), label)
    if fault:
        raise locked(label.rpartition(" ")[2], fault.status)


def finish(state: State, transaction: Transaction, what: str) -> None:
    """Commit, now or late."""
    late = state.faults.hit(("late",), what)
    if late:
        state.store.hold(transaction, state.now().timestamp() + late.seconds)
    else:
        state.store.commit(transaction)


def insert(work: Work, body: Mapping[str, object]) -> str:
    """Create a record; gives its id."""
    state, caller, sobject = work.state, work.caller, work.sobject
    _must_be_writable(sobject)
    if any(name.lower() == "id" for name in body):
        raise Refused("INVALID_FIELD", "The Id field should not be specified in the sobject data.", ("Id",))
    values = values_of(caller, sobject, body, creating=True)
    _room(state, sobject)
    second = state.second()
    row: Row = {"Id": state.mint.new(sobject.prefix), **_present(values)}
    for name in ("CreatedDate", "LastModifiedDate", "SystemModstamp"):
        row[name] = second
    row["CreatedById"] = row["LastModifiedById"] = caller.user.id
    row["IsDeleted"] = False
    _save(work, None, row, values)
    return str(row["Id"])


def update(work: Work, record_id: str, body: Mapping[str, object]) -> None:
    """Change a living record. Every save stamps it, also one that changes nothing."""
    state, caller, sobject = work.state, work.caller, work.sobject
    _must_be_writable(sobject)
    old = editable(state, caller, sobject, record_id)
    if old.get("IsConverted"):
        raise converted()
    values = values_of(caller, sobject, body, creating=False)
    row = {name: value for name, value in old.items() if name not in values} | _present(values)
    _stamp(state, caller, row)
    _save(work, old, row, values)


def delete(work: Work, record_id: str) -> None:
    """Put a record into the recycle bin; it keeps its fields and gets the stamps of the delete."""
    state, caller, sobject = work.state, work.caller, work.sobject
    _must_be_writable(sobject)
    old = editable(state, caller, sobject, record_id)
    row = old | {"IsDeleted": True}
    _stamp(state, caller, row)
    state.store.put(work.transaction, sobject.name, row)
    task_rules.after_delete(work, old)


def undelete(work: Work, record_id: str) -> None:
    """Take a record out of the recycle bin, with its id. Only SOAP, Apex and the page can; REST cannot."""
    state, caller, sobject = work.state, work.caller, work.sobject
    old = state.store.get(sobject.name, record_id)
    if old is None or not old["IsDeleted"]:
        raise Refused("UNDELETE_FAILED", "Entity is not in the recycle bin")
    if not state.edits(caller.user, sobject.name, old):
        raise Refused("INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id")
    row = old | {"IsDeleted": False}
    _stamp(state, caller, row)
    _unique(state, sobject, row)
    state.store.put(work.transaction, sobject.name, row)
    task_rules.after_undelete(work, old)


def editable(state: State, caller: Caller, sobject: SObject, record_id: str) -> Row:
    """Read a record that the caller is about to change. Raises ENTITY_IS_DELETED, NOT_FOUND and access errors."""
    row = state.store.get(sobject.name, record_id)
    if record_id in state.store.purged[sobject.name] or (
        row and row["IsDeleted"] and state.sees(caller.user, sobject.name, row)
    ):
        raise deleted()
    if row is None or not state.sees(caller.user, sobject.name, row):
        raise not_found()
    if not state.edits(caller.user, sobject.name, row):
        raise Refused("INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id")
    if record_id in state.locked and not caller.user.admin:
        raise Refused("ENTITY_IS_LOCKED", "the entity is locked for editing")
    return row


def _present(values: Mapping[str, Value | None]) -> Row:
    return {name: value for name, value in values.items() if value is not None}


def _stamp(state: State, caller: Caller, row: Row) -> None:
    row["LastModifiedDate"] = row["SystemModstamp"] = state.second()
    row["LastModifiedById"] = caller.user.id


def _save(work: Work, old: Row | None, row: Row, values: Mapping[str, Value | None]) -> None:
    state, sobject = work.state, work.sobject
    task_rules.before_save(work, old, row, values)
    _references(work, old, row)
    _required(state, sobject, row)
    _unique(state, sobject, row)
    state.store.put(work.transaction, sobject.name, row)
    task_rules.after_save(work, old, row, values)


def _required(state: State, sobject: SObject, row: Row) -> None:
    names = [d.name for d in sobject.fields.values() if d.create and not d.nillable and d.type != "boolean"]
    names += state.required if sobject.name == "Task" else []
    missing = [name for name in names if name not in row]
    if missing:
        raise Refused("REQUIRED_FIELD_MISSING", f"Required fields are missing: [{', '.join(missing)}]", missing)


def _references(work: Work, old: Row | None, row: Row) -> None:
    """A reference that this save sets must name a living record of an allowed object; a queue's task needs version 48."""
    state, sobject = work.state, work.sobject
    old_client = float(work.caller.version) < QUEUES_SINCE
    for described in sobject.fields.values():
        value = row.get(described.name)
        if described.type != "reference" or not described.create or value is None:
            continue
        if old is not None and old.get(described.name) == value:
            continue
        target = state.schema.by_prefix.get(str(value)[:3])
        unknown = target is None or target.name not in described.targets
        if unknown or target is None or (target.name == "Group" and old_client):
            raise Refused("MALFORMED_ID", f"{described.name}: id value of incorrect type: {value}", (described.name,))
        found = state.store.get(target.name, str(value))
        if found is None:
            raise Refused(
                "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY", "insufficient access rights on cross-reference id"
            )
        if found.get("IsDeleted"):
            raise Refused("ENTITY_IS_DELETED", "entity is deleted")
        if found.get("IsConverted"):
            raise converted()
        if target.name == "User" and not found.get("IsActive"):
            raise Refused(
                "INACTIVE_OWNER_OR_USER",
                f"operation performed with inactive user [{value}] as owner of {sobject.name.lower()}",
            )


def _room(state: State, sobject: SObject) -> None:
    """Data storage is a limit of the edition; what lies in the recycle bin does not count."""
    if sobject.name != "Task" or state.storage is None:
        return
    if sum(not row["IsDeleted"] for row in state.store.tables["Task"].values()) >= state.storage:
        raise Refused("STORAGE_LIMIT_EXCEEDED", "storage limit exceeded")


def _unique(state: State, sobject: SObject, row: Row) -> None:
    for described in sobject.fields.values():
        if not described.unique or described.name not in row:
            continue
        holder = state.store.holder(sobject.name, described.name, row[described.name])
        if holder is not None and holder != row["Id"]:
            raise Refused(
                "DUPLICATE_VALUE",
                f"duplicate value found: {described.name} duplicates value on record with id: {holder[: ids.SHORT]}",
            )


def _must_be_writable(sobject: SObject) -> None:
    if not sobject.writable:
        raise Refused("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", f"entity type {sobject.name} does not support DML")
