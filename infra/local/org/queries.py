"""The query resources: first page, next pages, cursors. A cursor keeps the rows that the query found, for two days."""

from __future__ import annotations

import re
from typing import Final

from infra.local.org import ids
from infra.local.org.errors import Refused
from infra.local.org.query import Cursor, run
from infra.local.org.records import DAY
from infra.local.org.render import query_record
from infra.local.org.resource import Ask, Result

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
    if found.alias:
        row = {"attributes": {"type": "AggregateResult"}, found.alias: found.count}
        return Result(document={"totalSize": 1, "done": True, "records": [row]})
    if found.count is not None:
        return Result(document={"totalSize": found.count, "done": True, "records": []})
    cursor = Cursor(ask.caller.user.id, ask.state.second(), found, _page_size(ask))
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
    document["records"] = [
        query_record(ask.state, ask.caller, found.sobject, found.columns, row) for row in found.rows[start:end]
    ]
    return Result(document=document)
