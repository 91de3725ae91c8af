"""`/composite/tree/Task`: up to 200 new records in one call, all or none, each known by a reference of the caller's."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from infra.local.org import dml
from infra.local.org.errors import Refused
from infra.local.org.records import Transaction
from infra.local.org.resource import Ask, Result, json_list, json_object
from infra.local.org.state import Work

MOST: Final = 200


def create(ask: Ask) -> Result:
    """`POST /composite/tree/Task`: 201 with the ids, or 400 with the errors of those that were refused; nothing stays then.

    Children within a record are refused: no object of this org has a child relationship that can be written so.
    """
    sobject = ask.sobject(ask.names[0])
    records = [json_object(each) for each in json_list(ask.document, "records")]
    _check(records)
    transaction = Transaction(ask.state.second())
    made: list[dict[str, object]] = []
    refusals: list[dict[str, object]] = []
    for body in records:
        name = _reference(body)
        try:
            dml.strike(ask.state, f"insert {sobject.name} -")
            made.append(
                {"referenceId": name, "id": dml.insert(Work(ask.state, ask.caller, sobject, transaction), body)}
            )
        except Refused as refused:
            refusals.append({"referenceId": name, "errors": [refused.result()]})
    if refusals:
        ask.state.store.undo(transaction)
        return Result(status=HTTPStatus.BAD_REQUEST, document={"hasErrors": True, "results": refusals})
    dml.finish(ask.state, transaction, f"insert {sobject.name} -")
    return Result(status=HTTPStatus.CREATED, document={"hasErrors": False, "results": made})


def _check(records: list[Mapping[str, object]]) -> None:
    if not records or len(records) > MOST:
        raise Refused("INVALID_INPUT", f"A tree has between 1 and {MOST} records.")
    names = [_reference(body) for body in records]
    if not all(names) or len(set(names)) < len(names):
        raise Refused("INVALID_INPUT", "Each record needs a unique referenceId in its attributes.")


def _reference(body: Mapping[str, object]) -> str:
    attributes = body.get("attributes")
    return str(attributes.get("referenceId", "")) if isinstance(attributes, dict) else ""
