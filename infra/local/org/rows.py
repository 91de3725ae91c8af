"""Single records: `/sobjects/<Object>/`, by id and by external id, with conditional requests.

`If-Modified-Since` (304) and `If-Unmodified-Since` (412) compare whole seconds of LastModifiedDate. DELETE has no precondition:
the guide says that such requests are not supported, so the header is ignored there.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Final
from urllib.parse import quote

from infra.local.org import dml, ids
from infra.local.org.errors import Refused, deleted, no_column, not_found
from infra.local.org.render import columns_of, record
from infra.local.org.resource import Ask, Result, record_id, truth, unmodified
from infra.local.org.schema import Field, Row, SObject
from infra.local.org.wire import http_date, http_second_of

UPSERTS_TELL_SINCE: Final = 46


def create(ask: Ask) -> Result:
    """`POST /sobjects/Task`: 201 with the new id."""
    sobject = ask.sobject(ask.names[0])
    body = ask.fields()
    new = dml.transact(ask.state, ask.caller, sobject, "insert -", lambda work: dml.insert(work, body))
    return _created(ask, sobject, new, {"id": new, "success": True, "errors": []})


def _created(ask: Ask, sobject: SObject, key: str, document: object) -> Result:
    place = f"/services/data/v{ask.caller.version}/sobjects/{sobject.name}/{key}"
    return Result(status=HTTPStatus.CREATED, document=document, headers={"Location": place})


def read(ask: Ask) -> Result:
    """`GET /sobjects/Task/<id>?fields=…`. Raises ENTITY_IS_DELETED for what lies in the bin, NOT_FOUND for what is not seen."""
    sobject = ask.sobject(ask.names[0])
    return _read(ask, sobject, record_id(sobject, ask.names[1]))


def _read(ask: Ask, sobject: SObject, key: str) -> Result:
    row = _visible(ask, sobject, key)
    names = ask.query.get("fields")
    columns = columns_of(ask.state, ask.caller, sobject, [name.strip() for name in names.split(",")] if names else None)
    if _precondition(ask, row):
        return Result(status=HTTPStatus.NOT_MODIFIED)
    stamp = int(row.get("LastModifiedDate", 0))
    return Result(
        document=record(ask.caller, sobject, columns, row),
        headers={"Last-Modified": http_date(stamp)} if stamp else {},
    )


def _visible(ask: Ask, sobject: SObject, key: str) -> Row:
    row = ask.state.store.get(sobject.name, key)
    if row is None or not ask.state.sees(ask.caller.user, sobject.name, row):
        raise not_found()
    if row.get("IsDeleted"):
        raise deleted()
    return row


def change(ask: Ask) -> Result:
    """`PATCH /sobjects/Task/<id>`: 204."""
    sobject = ask.sobject(ask.names[0])
    _change(ask, sobject, record_id(sobject, ask.names[1]))
    return Result(status=HTTPStatus.NO_CONTENT)


def _change(ask: Ask, sobject: SObject, key: str) -> None:
    body = ask.fields()
    if any(name.lower() == "id" for name in body):
        raise Refused("INVALID_FIELD", "The Id field should not be specified in the sobject data.", ("Id",))
    _precondition(ask, dml.editable(ask.state, ask.caller, sobject, key))
    dml.transact(ask.state, ask.caller, sobject, f"update {key}", lambda work: dml.update(work, key, body))


def remove(ask: Ask) -> Result:
    """`DELETE /sobjects/Task/<id>`: 204, into the recycle bin."""
    sobject = ask.sobject(ask.names[0])
    _remove(ask, sobject, record_id(sobject, ask.names[1]))
    return Result(status=HTTPStatus.NO_CONTENT)


def _remove(ask: Ask, sobject: SObject, key: str) -> None:
    dml.transact(ask.state, ask.caller, sobject, f"delete {key}", lambda work: dml.delete(work, key))


# --- by external id


def read_by(ask: Ask) -> Result:
    """`GET /sobjects/Task/Reminder_Id__c/<value>`. 300 with addresses if several match."""
    sobject = ask.sobject(ask.names[0])
    if (ids.normal(ask.names[1]) or "").startswith(sobject.prefix):
        return _read_parent(ask, sobject)
    sobject, _, keys = _matches(ask)
    if not keys:
        raise not_found()
    if len(keys) > 1:
        return _several(ask, sobject, keys)
    return _read(ask, sobject, keys[0])


def _read_parent(ask: Ask, sobject: SObject) -> Result:
    """`GET /sobjects/Task/<id>/Owner`: the record at the other end of a relationship. Raises NOT_FOUND where there is none."""
    row = _visible(ask, sobject, record_id(sobject, ask.names[1]))
    relation = sobject.relation(ask.names[2], ask.caller.user.permissions)
    value = columns_of(ask.state, ask.caller, sobject, [relation.name])[0].get(row) if relation else None
    parent = ask.state.referenced(str(value)) if value else None
    if parent is None:
        raise not_found(f"The requested resource does not exist: {ask.names[2]}")
    return _read(ask, parent[0], str(parent[1]["Id"]))


def upsert_by(ask: Ask) -> Result:
    """`PATCH /sobjects/Task/Reminder_Id__c/<value>`: 201 created, 200 updated (204 before version 46); `updateOnly` never creates."""
    sobject, described, keys = _matches(ask)
    if len(keys) > 1:
        return _several(ask, sobject, keys)
    body = ask.fields()
    if any(name.lower() == described.name.lower() for name in body):
        raise Refused("INVALID_FIELD", f"The {described.name} field should not be specified in the sobject data.")
    if keys:
        _change(ask, sobject, keys[0])
        if float(ask.caller.version) < UPSERTS_TELL_SINCE:
            return Result(status=HTTPStatus.NO_CONTENT)
        return Result(document={"id": keys[0], "success": True, "errors": [], "created": False})
    if truth(ask.query.get("updateOnly")):
        raise not_found()
    whole = {**body, described.name: ask.names[2]}
    new = dml.transact(ask.state, ask.caller, sobject, "insert -", lambda work: dml.insert(work, whole))
    return _created(ask, sobject, new, {"id": new, "success": True, "errors": [], "created": True})


def remove_by(ask: Ask) -> Result:
    """`DELETE /sobjects/Task/Reminder_Id__c/<value>`."""
    sobject, _, keys = _matches(ask)
    if not keys:
        raise not_found()
    if len(keys) > 1:
        return _several(ask, sobject, keys)
    _remove(ask, sobject, keys[0])
    return Result(status=HTTPStatus.NO_CONTENT)


def _matches(ask: Ask) -> tuple[SObject, Field, list[str]]:
    """Find living, visible records by external id. A key that only a deleted record has matches nothing. `Id` is one, too."""
    sobject = ask.sobject(ask.names[0])
    described = external_field(ask, sobject, ask.names[1])
    store, value = ask.state.store, ask.names[2]
    if described.type == "id":
        return sobject, described, [record_id(sobject, value)]
    found = []
    for key in store.with_value(sobject.name, described.name, value):
        row = store.tables[sobject.name][key]
        if not row["IsDeleted"] and ask.state.sees(ask.caller.user, sobject.name, row):
            found.append(key)
    return sobject, described, found


def external_field(ask: Ask, sobject: SObject, name: str) -> Field:
    """Find an external id field by its name. Raises INVALID_FIELD if hidden or unknown, NOT_FOUND if it is no external id."""
    described = sobject.find(name, ask.caller.user.permissions)
    if described is None:
        raise no_column(name, sobject.name)
    if not described.external_id and described.type != "id":
        raise not_found(f"Provided external ID field does not exist or is not accessible: {name}")
    return described


def _several(ask: Ask, sobject: SObject, keys: list[str]) -> Result:
    base = f"/services/data/v{ask.caller.version}/sobjects/{quote(sobject.name)}"
    return Result(status=HTTPStatus.MULTIPLE_CHOICES, document=[f"{base}/{key}" for key in keys])


def _precondition(ask: Ask, row: Row) -> bool:
    """Check the conditional headers; tells whether the answer is 304. Raises 412, or 400 for what is no HTTP date."""
    modified = int(row.get("LastModifiedDate", 0))
    unmodified_since = ask.headers.get("if-unmodified-since")
    if unmodified_since is not None:
        limit = http_second_of(unmodified_since)
        if limit is None:
            raise Refused("INVALID_HTTP_HEADER", f"Invalid value for header If-Unmodified-Since: {unmodified_since}")
        if modified > limit:
            raise Refused(
                "ENTITY_FAILED_IFLASTMODIFIED_ON_UPDATE_CHECK",
                "Entity has been modified since the specified date",
                status=HTTPStatus.PRECONDITION_FAILED,
            )
    return unmodified(ask, modified)
