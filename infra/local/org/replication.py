"""The replication resources `updated` and `deleted`.

The platform drops the seconds of both bounds and includes both. Horizons: 30 days for `updated`, 15 for `deleted`; a start before
them, or a range that is no range, is INVALID_REPLICATION_DATE. `latestDateCovered` is the end (never in the future), pulled back to
the start of the oldest transaction that has not committed.
"""

from __future__ import annotations

from typing import Final

from infra.local.org.errors import Refused
from infra.local.org.records import BIN_DAYS, DAY
from infra.local.org.resource import Ask, Result
from infra.local.org.wire import second_of, stamp

MINUTE: Final = 60
UPDATED_DAYS: Final = 30
MOST_IDS: Final = 600_000


def updated(ask: Ask) -> Result:
    """`GET /sobjects/Task/updated?start&end`: ids created or changed, by SystemModstamp, deleted ones left out."""
    sobject = ask.sobject(ask.names[0])
    start, end = _range(ask, UPDATED_DAYS)
    if start >= end:
        raise Refused("INVALID_REPLICATION_DATE", "startDate before endDate expected")
    keys = [
        row["Id"]
        for row in ask.state.store.changed(sobject.name, start, end)
        if not row.get("IsDeleted") and ask.state.sees(ask.caller.user, sobject.name, row)
    ]
    _at_most(len(keys))
    return Result(document={"ids": keys, "latestDateCovered": _covered(ask, end)})


def deleted(ask: Ask) -> Result:
    """`GET /sobjects/Task/deleted?start&end`: what was deleted and is not back; the range must span more than a minute."""
    sobject = ask.sobject(ask.names[0])
    start, end = _range(ask, BIN_DAYS)
    if end - start <= MINUTE:
        raise Refused("INVALID_REPLICATION_DATE", "startDate must be more than one minute before endDate")
    records = [
        {"id": row["Id"], "deletedDate": stamp(second)}
        for second, row in ask.state.store.deleted(sobject.name, start, end)
        if ask.state.sees(ask.caller.user, sobject.name, row)
    ]
    _at_most(len(records))
    earliest = ask.state.second() - BIN_DAYS * DAY
    return Result(
        document={
            "deletedRecords": records,
            "earliestDateAvailable": stamp(earliest - earliest % MINUTE),
            "latestDateCovered": _covered(ask, end),
        }
    )


def _range(ask: Ask, days: int) -> tuple[int, int]:
    bounds = []
    for name in ("start", "end"):
        text = ask.query.get(name)
        if text is None:
            raise Refused("MISSING_ARGUMENT", f"Missing mandatory parameter: {name}")
        second = second_of(text)
        if second is None:
            raise Refused("INVALID_REPLICATION_DATE", f"{name} is no valid date-time: {text}")
        bounds.append(second - second % MINUTE)
    earliest = ask.state.second() - days * DAY
    if bounds[0] < earliest - earliest % MINUTE:
        raise Refused("INVALID_REPLICATION_DATE", f"startDate cannot be more than {days} days ago")
    return bounds[0], bounds[1]


def _covered(ask: Ask, end: int) -> str:
    return stamp(min(end, ask.state.store.covered(ask.state.second()), ask.state.second()))


def _at_most(count: int) -> None:
    if count > MOST_IDS:
        raise Refused("EXCEEDED_ID_LIMIT", f"Too many records in the range: more than {MOST_IDS}")
