"""sObject Collections: up to 200 records in one call. Every record succeeds or fails by itself, unless `allOrNone`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Final

from infra.local.org import dml, ids
from infra.local.org.errors import Refused, unreadable
from infra.local.org.records import Transaction
from infra.local.org.render import columns_of, record
from infra.local.org.resource import Ask, Result, json_list, json_object, truth
from infra.local.org.rows import external_field
from infra.local.org.schema import Field, SObject
from infra.local.org.state import State, Work

MOST: Final = 200
MOST_READ: Final = 2000
_CODES: Final = {"NOT_FOUND": ("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")}
"""A record that does not exist has another code in a collection than as a resource of its own."""


@dataclass(frozen=True, slots=True)
class Job:
    """One record's write: on what, what faults match on, what to do (gives the id), and for an upsert whether it creates."""

    sobject: SObject
    what: str
    do: Callable[[Work], str]
    created: bool | None = None


def insert(ask: Ask) -> Result:
    """`POST /composite/sobjects`."""
    jobs: list[Job | Refused] = []
    for body in _records(ask):
        sobject = _type(ask, body)
        jobs.append(creating(sobject, body))
    return _run(ask, jobs, all_or_none=_all_or_none(ask))


def update(ask: Ask) -> Result:
    """`PATCH /composite/sobjects`: every record carries its id."""
    jobs = [changing(_type(ask, body), body) for body in _records(ask)]
    return _run(ask, jobs, all_or_none=_all_or_none(ask))


def upsert(ask: Ask) -> Result:
    """`PATCH /composite/sobjects/Task/Reminder_Id__c`."""
    sobject = ask.sobject(ask.names[0])
    described = external_field(ask, sobject, ask.names[1])
    jobs: list[Job | Refused] = []
    for body in _records(ask):
        if _type(ask, body).name != sobject.name:
            raise Refused("INVALID_INPUT", "all records of an upsert must be of the type in the address")
        jobs.append(upserting(ask.state, sobject, described, body))
    return _run(ask, jobs, all_or_none=_all_or_none(ask))


def delete(ask: Ask) -> Result:
    """`DELETE /composite/sobjects?ids=a,b&allOrNone=false`."""
    keys = [key for key in ask.query.get("ids", "").split(",") if key]
    if not keys:
        raise Refused("REQUIRED_FIELD_MISSING", "The 'ids' parameter is required.")
    _at_most(len(keys), MOST)
    jobs: list[Job | Refused] = []
    for text in keys:
        key = ids.normal(text)
        sobject = ask.state.schema.by_prefix.get(text[:3])
        if key is None or sobject is None:
            jobs.append(Refused("MALFORMED_ID", f"malformed id {text}"))
        else:
            jobs.append(deleting(sobject, key))
    return _run(ask, jobs, all_or_none=truth(ask.query.get("allOrNone", "false")))


def read(ask: Ask) -> Result:
    """`GET …/composite/sobjects/Task?ids=&fields=` or POST `{"ids", "fields"}`: null for what cannot be read."""
    sobject = ask.sobject(ask.names[0])
    if ask.method == "POST":
        texts = [str(text) for text in json_list(ask.document, "ids")]
        names = [str(name) for name in json_list(ask.document, "fields")]
    else:
        texts = [text for text in ask.query.get("ids", "").split(",") if text]
        names = [name.strip() for name in ask.query.get("fields", "").split(",") if name.strip()]
    if not names:
        raise Refused("REQUIRED_FIELD_MISSING", "The 'fields' parameter is required.")
    _at_most(len(texts), MOST_READ)
    columns = columns_of(ask.state, ask.caller, sobject, names)
    found: list[object] = []
    for text in texts:
        key = ids.normal(text)
        if key is None:
            raise Refused("MALFORMED_ID", f"malformed id {text}", ("Id",))
        row = ask.state.store.get(sobject.name, key)
        readable = row is not None and not row.get("IsDeleted") and ask.state.sees(ask.caller.user, sobject.name, row)
        found.append(record(ask.caller, sobject, columns, row) if row is not None and readable else None)
    return Result(document=found)


def _records(ask: Ask) -> list[Mapping[str, object]]:
    records = [json_object(each) for each in json_list(ask.document, "records")]
    _at_most(len(records), MOST)
    return records


def _at_most(count: int, most: int) -> None:
    if count > most:
        raise Refused(
            "EXCEEDED_ID_LIMIT", f"record limit reached. cannot submit more than {most} records into this call"
        )


def _all_or_none(ask: Ask) -> bool:
    return truth(json_object(ask.document).get("allOrNone", False))


def _type(ask: Ask, body: Mapping[str, object]) -> SObject:
    attributes = body.get("attributes")
    name = attributes.get("type") if isinstance(attributes, dict) else None
    if not isinstance(name, str):
        raise unreadable("The type attribute of a record is missing: attributes.type")
    found = ask.state.schema.find(name)
    if found is None:
        raise Refused("INVALID_TYPE", f"sObject type '{name}' is not supported.", status=HTTPStatus.BAD_REQUEST)
    return found


def _key(sobject: SObject, text: str) -> str | Refused:
    key = ids.normal(text)
    if key is None or not key.startswith(sobject.prefix):
        return Refused("MALFORMED_ID", f"{sobject.name} ID: id value of incorrect type: {text}", ("Id",))
    return key


def creating(sobject: SObject, body: Mapping[str, object]) -> Job:
    """Give the job that creates a record of these fields."""
    return Job(sobject, "insert -", lambda work: dml.insert(work, body))


def changing(sobject: SObject, body: Mapping[str, object]) -> Job | Refused:
    """Give the job that changes the record whose id is among its fields."""
    name = next((name for name in body if name.lower() == "id"), None)
    if name is None or body[name] in (None, ""):
        return Refused("MISSING_ARGUMENT", "Id not specified in an update call")
    key = _key(sobject, str(body[name]))
    rest = {other: value for other, value in body.items() if other != name}
    return key if isinstance(key, Refused) else _change(sobject, key, rest)


def upserting(state: State, sobject: SObject, described: Field, body: Mapping[str, object]) -> Job | Refused:
    """Give the job that changes the living record with this external id, or creates one. It names what it will do.

    By `Id`, whoever has one is changed, and a record without is created.
    """
    name = next((name for name in body if name.lower() == described.name.lower()), None)
    if described.type == "id":
        given = {other: value for other, value in body.items() if other != name}
        job = changing(sobject, body) if name and body[name] else creating(sobject, given)
        return job if isinstance(job, Refused) else replace(job, created=not (name and body[name]))
    if name is None or body[name] in (None, ""):
        return Refused("MISSING_ARGUMENT", f"{described.name} not specified", (described.name,))
    rest = {other: value for other, value in body.items() if other != name}
    holder = state.store.holder(sobject.name, described.name, str(body[name]))
    job = _change(sobject, holder, rest) if holder else creating(sobject, body)
    return replace(job, created=holder is None)


def deleting(sobject: SObject, key: str) -> Job:
    """Give the job that puts a record into the recycle bin."""

    def do(work: Work) -> str:
        dml.delete(work, key)
        return key

    return Job(sobject, f"delete {key}", do)


def _change(sobject: SObject, key: str, body: Mapping[str, object]) -> Job:
    def do(work: Work) -> str:
        dml.update(work, key, body)
        return key

    return Job(sobject, f"update {key}", do)


def _run(ask: Ask, jobs: list[Job | Refused], *, all_or_none: bool) -> Result:
    if all_or_none:
        return Result(document=_together(ask, jobs))
    results = []
    for job in jobs:
        if isinstance(job, Refused):
            results.append(_failure(job))
            continue
        try:
            results.append(_success(dml.transact(ask.state, ask.caller, job.sobject, job.what, job.do), job.created))
        except Refused as refused:
            results.append(_failure(refused))
    return Result(document=results)


def _together(ask: Ask, jobs: list[Job | Refused]) -> list[dict[str, object]]:
    """Run all in one transaction; if one fails, the innocent ones say ALL_OR_NONE_OPERATION_ROLLED_BACK."""
    store = ask.state.store
    transaction = Transaction(ask.state.second())
    results: list[dict[str, object]] = []
    for job in jobs:
        if isinstance(job, Refused):
            results.append(_failure(job))
            continue
        try:
            dml.strike(ask.state, job.what.replace(" ", f" {job.sobject.name} ", 1))
            results.append(_success(job.do(Work(ask.state, ask.caller, job.sobject, transaction)), job.created))
        except Refused as refused:
            results.append(_failure(refused))
    if not all(result["success"] for result in results):
        store.undo(transaction)
        rolled_back = Refused(
            "ALL_OR_NONE_OPERATION_ROLLED_BACK",
            "Record rolled back because not all records were valid and the request was using AllOrNone header",
        )
        return [_failure(rolled_back) if result["success"] else result for result in results]
    dml.finish(ask.state, transaction, "together")
    return results


def _success(key: str, created: bool | None) -> dict[str, object]:  # noqa: FBT001 - tells the third state, "no upsert"
    result: dict[str, object] = {"id": key, "success": True, "errors": []}
    return result if created is None else {**result, "created": created}


def _failure(refused: Refused) -> dict[str, object]:
    return {"success": False, "errors": [as_record(refused).result()]}


def as_record(refused: Refused) -> Refused:
    """Give the error as it reads where a record is one of many."""
    code, message = _CODES.get(refused.code, (refused.code, refused.message))
    return Refused(code, message, refused.fields)
