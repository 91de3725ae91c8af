"""The query resources: first page, next pages, cursors. A cursor keeps the rows that the query found, for two days."""

from __future__ import annotations

import re
from typing import Final, cast

from infra.local.org import ids
from infra.local.org.binding import NUMBERS, TEXTS
from infra.local.org.errors import Refused
from infra.local.org.groups import FUNCTIONS
from infra.local.org.query import Cursor, Found, Kinds, run
from infra.local.org.records import DAY
from infra.local.org.render import query_record, scalar
from infra.local.org.resource import Ask, Result, truth
from infra.local.org.schema import Row

PAGE: Final = 2000
SMALLEST: Final = 200
CURSOR_LIFE: Final = 2 * DAY
_BATCH: Final = re.compile(r"\bbatchSize\s*=\s*(\d+)", re.IGNORECASE)


def query(ask: Ask) -> Result:
    """`GET /query?q=`: living rows."""
    return _first(ask, everything=False)


def query_all(ask: Ask) -> Result:
    """`GET /queryAll?q=`: deleted and archived rows, too."""
    return _first(ask, everything=True)


def more(ask: Ask) -> Result:
    """`GET /query/01g…-2000`: the page that begins at that row. Raises INVALID_QUERY_LOCATOR."""
    key, _, start = ask.names[0].partition("-")
    cursor = ask.state.cursors.get(ids.normal(key) or "")
    fresh = cursor and ask.state.second() - cursor.opened <= CURSOR_LIFE
    if cursor is None or not fresh or cursor.user_id != ask.caller.user.id or not start.isdecimal():
        raise Refused("INVALID_QUERY_LOCATOR", "invalid query locator")
    return _page(ask, key, cursor, int(start))


def _explained(ask: Ask, text: str) -> Result:
    """`GET /query?explain=`: a plan, without running the query's pages. This org knows one: look at the rows."""
    found = run(ask.state, ask.caller, text, everything=False)
    rows = len(ask.state.store.tables[found.sobject.name])
    plan = {
        "cardinality": len(found.rows) if found.count is None else 1,
        "fields": [],
        "leadingOperationType": "TableScan",
        "notes": [],
        "relativeCost": 1.0,
        "sobjectCardinality": rows,
        "sobjectType": found.sobject.name,
    }
    return Result(document={"plans": [plan], "sourceQuery": text})


def _first(ask: Ask, *, everything: bool) -> Result:
    if "explain" in ask.query:
        return _explained(ask, ask.query["explain"])
    text = ask.query.get("q")
    if not text:
        raise Refused("MALFORMED_QUERY", "SOQL statement is required: parameter q")
    found = run(ask.state, ask.caller, text, everything=everything)
    if truth(ask.query.get("columns")):
        return Result(document=_described(found))
    if found.count is not None:
        return Result(document={"totalSize": found.count, "done": True, "records": []})
    page = len(found.rows) if found.grouped else _page_size(ask)  # groups come in one answer
    cursor = Cursor(ask.caller.user.id, ask.state.second(), found, page)
    if len(found.rows) <= cursor.page:
        return _page(ask, "", cursor, 0)
    key = ask.state.mint.new("01g")
    mine = ask.state.cursors
    for old in [old for old, each in mine.items() if ask.state.second() - each.opened > CURSOR_LIFE]:
        del mine[old]
    mine[key] = cursor
    return _page(ask, key, cursor, 0)


def _page_size(ask: Ask) -> int:
    match = _BATCH.search(ask.headers.get("sforce-query-options", ""))
    return max(SMALLEST, min(PAGE, int(match[1]))) if match else PAGE


def _page(ask: Ask, key: str, cursor: Cursor, start: int) -> Result:
    found, end = cursor.found, start + cursor.page
    done = end >= len(found.rows)
    document: dict[str, object] = {"totalSize": len(found.rows), "done": done}
    if not done:
        document["nextRecordsUrl"] = f"/services/data/v{ask.caller.version}/query/{key}-{end}"
    document["records"] = [_record(ask, found, row) for row in found.rows[start:end]]
    return Result(document=document)


def _record(ask: Ask, found: Found, row: Row) -> dict[str, object]:
    if found.grouped:
        values = {column.path[0]: scalar(column.described, column.get(row)) for column in found.columns}
        return {"attributes": {"type": "AggregateResult"}, **values}
    written = query_record(ask.state, ask.caller, found.sobject, found.columns, row)
    for name, inner in found.children.items():
        rows = inner.rows.get(row["Id"], [])
        records = [query_record(ask.state, ask.caller, inner.sobject, inner.columns, each) for each in rows]
        written[name] = {"totalSize": len(rows), "done": True, "records": records} if rows else None
    for kinds in found.kinds:
        written[str(kinds.relation.relationship)] = _of_its_kind(ask, kinds, row)
    return written


def _of_its_kind(ask: Ask, kinds: Kinds, row: Row) -> dict[str, object] | None:
    parent = ask.state.referenced(str(row.get(kinds.relation.name, "")))
    if parent is None:
        return None
    columns = kinds.cases.get(parent[0].name) or kinds.other.get(parent[0].name)
    return query_record(ask.state, ask.caller, parent[0], columns, parent[1]) if columns else None


def _described(found: Found) -> dict[str, object]:
    """`GET /query?q=&columns=true`: what the columns are, parents' ones within them; the Salesforce CLI lays its tables out by it."""
    top: list[dict[str, object]] = []
    for column in found.columns:
        level = top
        for name in column.path[:-1]:
            parent = next((each for each in level if each["columnName"] == name), None)
            if parent is None:
                parent = _column(name, "reference", [])
                level.append(parent)
            level = cast("list[dict[str, object]]", parent["joinColumns"])
        aggregate = found.grouped and column.described.name in FUNCTIONS
        shown = column.described.label if aggregate else ""
        level.append(_column(column.path[-1], column.described.type, [], aggregate=aggregate, shown=shown))
    for name, inner in found.children.items():
        inside = [_column(column.path[0], column.described.type, []) for column in inner.columns]
        top.append(_column(name, "reference", inside, aggregate=True))
    return {
        "columnMetadata": top,
        "entityName": found.sobject.name,
        "groupBy": found.grouped,
        "idSelected": any(column.path == ("Id",) for column in found.columns),
        "keyPrefix": found.sobject.prefix,
    }


def _column(
    name: str, kind: str, inside: list[dict[str, object]], *, aggregate: bool = False, shown: str = ""
) -> dict[str, object]:
    return {
        "aggregate": aggregate,
        "booleanType": kind == "boolean",
        "columnName": name,
        "custom": name.endswith("__c"),
        "displayName": shown or name,
        "foreignKeyName": None,
        "joinColumns": inside,
        "numberType": kind in NUMBERS,
        "textType": kind in TEXTS,
    }
