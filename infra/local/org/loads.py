"""What both Bulk APIs do with rows: a query becomes a table of texts, and a table of texts becomes writes, one by one.

A text in a table means what its column's type says; an empty one is left alone, `#N/A` is null. Each row succeeds or fails by itself.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from infra.local.org import dml, ids, many
from infra.local.org.binding import Column
from infra.local.org.errors import Refused, no_column
from infra.local.org.query import Found, run
from infra.local.org.schema import SObject, Value
from infra.local.org.state import Caller, State
from infra.local.org.wire import soap_stamp

OPERATIONS: Final = ("insert", "update", "upsert", "delete")
NULL: Final = "#N/A"
_TRUE: Final = ("yes", "y", "true", "on", "1")
_FALSE: Final = ("no", "n", "false", "off", "0")


@dataclass(frozen=True, slots=True)
class Load:
    """What is to be done with rows: which operation on which object, and the field that an upsert finds records by."""

    sobject: SObject
    operation: str
    external_id: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one row: the record's id and whether it is new, or why not."""

    key: str = ""
    created: bool = False
    refused: Refused | None = None


def load_of(state: State, caller: Caller, sobject: str, operation: str, external_id: str) -> Load:
    """Check what a job asks for. Raises InvalidEntity-like errors of Salesforce for an object or operation that is not there."""
    found = state.schema.find(sobject)
    if found is None or not found.writable:
        raise Refused("INVALIDENTITY", f"Entity '{sobject}' is not supported by the Bulk API.")
    if operation == "hardDelete":
        raise Refused("FEATURENOTENABLED", "hardDelete operation requires special user profile permission")
    if operation not in OPERATIONS:
        raise Refused("INVALIDOPERATION", f"unknown operation: {operation}")
    if operation == "upsert":
        described = found.find(external_id, caller.user.permissions)
        if described is None or not (described.external_id or described.name == "Id"):
            raise Refused(
                "INVALIDJOB", f"InvalidJob : Field name provided, {external_id} does not match an External ID"
            )
    return Load(found, operation, external_id)


def unknown_column(load: Load, caller: Caller, columns: Iterable[str]) -> str | None:
    """Give the first column that is no field which the caller may see; None if all are."""
    return next((name for name in columns if load.sobject.find(name, caller.user.permissions) is None), None)


def write(state: State, caller: Caller, load: Load, rows: Iterable[Mapping[str, object]]) -> list[Outcome]:
    """Do it row by row."""
    return [_write(state, caller, load, row) for row in rows]


def _write(state: State, caller: Caller, load: Load, row: Mapping[str, object]) -> Outcome:
    try:
        job = _job(state, caller, load, row)
        if isinstance(job, Refused):
            return Outcome(refused=many.as_record(job))
        key = dml.transact(state, caller, load.sobject, job.what, job.do)
    except Refused as refused:
        return Outcome(refused=many.as_record(refused))
    return Outcome(key, load.operation == "insert" or bool(job.created))


def _job(state: State, caller: Caller, load: Load, row: Mapping[str, object]) -> many.Job | Refused:
    if load.operation == "insert":
        return many.creating(load.sobject, row)
    if load.operation == "delete":
        text = next((str(value) for name, value in row.items() if name.lower() == "id"), "")
        key = ids.normal(text)
        return many.deleting(load.sobject, key) if key else Refused("MALFORMED_ID", f"bad id {text}", ("Id",))
    if load.operation == "update":
        return many.changing(load.sobject, row)
    described = load.sobject.find(load.external_id, caller.user.permissions)
    if described is None:
        return no_column(load.external_id, load.sobject.name)
    return many.upserting(state, load.sobject, described, row)


# --- tables


def values_of(sobject: SObject, row: Mapping[str, str]) -> dict[str, object]:
    """Read one row of texts as a record's body."""
    found: dict[str, object] = {}
    for name, text in row.items():
        described = sobject.by_lower.get(name.lower())
        if text == NULL:
            found[name] = None
        elif text != "" and described and described.type == "boolean" and text.lower() in (*_TRUE, *_FALSE):
            found[name] = text.lower() in _TRUE
        elif text != "":
            found[name] = text
    return found


def read_csv(body: bytes, delimiter: str = ",") -> tuple[list[str], list[list[str]]]:
    """Read a table: its header and its rows, each as long as the header. Raises InvalidBatch for text that is none."""
    try:
        lines = list(csv.reader(io.StringIO(body.decode("utf-8-sig"), newline=""), delimiter=delimiter, strict=True))
    except (ValueError, csv.Error) as error:
        raise Refused("InvalidBatch", f"InvalidBatch : Failed to parse CSV: {error}") from error
    lines = [line for line in lines if line]
    if not lines:
        raise Refused("InvalidBatch", "InvalidBatch : The CSV has no header")
    header = lines[0]
    short = next((number for number, line in enumerate(lines) if len(line) != len(header)), None)
    if short is not None:
        raise Refused("InvalidBatch", f"InvalidBatch : Row {short} has not as many columns as the header")
    return header, lines[1:]


def write_csv(header: Iterable[str], rows: Iterable[Iterable[str]], delimiter: str = ",", ending: str = "\n") -> bytes:
    """Write a table as the Bulk APIs do: every value in quotes."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, lineterminator=ending, quoting=csv.QUOTE_ALL)
    writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue().encode("utf-8", "surrogatepass")


def query(state: State, caller: Caller, text: str, *, everything: bool) -> Found:
    """Run a query for a job. Raises its errors, and one for counts, which the Bulk APIs do not give."""
    found = run(state, caller, text, everything=everything)
    if found.count is not None or found.grouped or found.children or found.kinds:
        raise Refused("FEATURENOTENABLED", "Aggregate Queries are not supported in Bulk Query")
    return found


def header_of(found: Found) -> list[str]:
    """Give the columns of a query's table, such as `Id` and `Owner.Name`."""
    return [".".join(column.path) for column in found.columns]


def texts_of(found: Found, first: int, after: int) -> Iterator[list[str]]:
    """Write the rows of a query as texts, from one place up to before another."""
    for row in found.rows[first:after]:
        yield [_cell(column, column.get(row)) for column in found.columns]


def _cell(column: Column, value: Value | None) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return soap_stamp(int(value)) if column.described.type == "datetime" else str(value)
