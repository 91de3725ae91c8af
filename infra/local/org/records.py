"""The state of an org: versions of records, recycle bin, change log, deleted log, and transactions that may commit late.

A record is a `Row`; a write never changes a version but puts a new one in its place, so a reader that holds a version (a query
cursor) keeps what it read. Deleting is a new version with `IsDeleted`; purging takes the row out of the bin for good.

Both logs only grow at their end (a late commit inserts further back): (second, id) pairs, of which those still count whose second
is the record's present `SystemModstamp`. So finding what changed since a moment costs what changed, not what exists.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from infra.local.org.errors import Refused, locked
from infra.local.org.schema import EXTERNAL_ID, Row, Schema, Value

INDEXED: Final = {
    "Task": ("OwnerId", "WhoId", "RecurrenceActivityId", EXTERNAL_ID),
    "PermissionSetAssignment": ("AssigneeId",),
}
DAY: Final = 24 * 60 * 60
BIN_DAYS: Final = 15
_COMPACT_FROM: Final = 10_000

Pair = tuple[int, str]


@dataclass(slots=True)
class Write:
    """One version put in the place of another (None: there was none)."""

    sobject: str
    record_id: str
    old: Row | None
    new: Row


@dataclass(slots=True)
class Transaction:
    """Writes that become visible together. `started`: the second it began; `until`: when it commits, if late."""

    started: int
    writes: list[Write] = field(default_factory=list)
    until: float = 0.0


class Store:
    """All records of one org."""

    def __init__(self, schema: Schema) -> None:
        self.tables: dict[str, dict[str, Row]] = {name: {} for name in schema.objects}
        self.purged: dict[str, dict[str, Row]] = {name: {} for name in schema.objects}
        self.open: list[Transaction] = []
        self.writes = 0
        """How often anything was written: whoever keeps a copy knows by it whether the copy is stale."""
        self.committed: list[Callable[[Write], None]] = []
        self._index: dict[tuple[str, str], dict[Value, str | dict[str, None]]] = {
            (name, column): {} for name, columns in INDEXED.items() for column in columns
        }
        self._changes: dict[str, list[Pair]] = {name: [] for name in schema.objects}
        self._deletes: dict[str, list[Pair]] = {name: [] for name in schema.objects}

    # --- reading

    def get(self, sobject: str, record_id: str) -> Row | None:
        """Read the committed version, deleted ones included; None if there is none (or it was purged)."""
        return self.tables[sobject].get(record_id)

    def holder(self, sobject: str, column: str, value: Value) -> str | None:
        """Tell which living record holds a unique value, uncommitted ones included."""
        for record_id in self.with_value(sobject, column, value):
            if not self.tables[sobject][record_id]["IsDeleted"]:
                return record_id
        for transaction in self.open:
            for write in transaction.writes:
                if write.sobject == sobject and write.new.get(column) == value and not write.new["IsDeleted"]:
                    return write.record_id
        return None

    def indexed(self, sobject: str, column: str) -> bool:
        """Tell whether `with_value` can answer for this column."""
        return (sobject, column) in self._index

    def with_value(self, sobject: str, column: str, value: Value) -> tuple[str, ...]:
        """Ids of records, deleted ones included, by an indexed column."""
        found = self._index[sobject, column].get(value, ())
        return (found,) if isinstance(found, str) else tuple(found)

    def changed(self, sobject: str, first: int, last: int) -> Iterator[Row]:
        """Rows whose `SystemModstamp` lies in [first, last], oldest stamp first, deleted ones included."""
        log, table = self._changes[sobject], self.tables[sobject]
        seen: set[str] = set()
        for second, record_id in log[bisect_left(log, (first, "")) : bisect_right(log, (last, "~"))]:
            row = table.get(record_id)
            if row is not None and row["SystemModstamp"] == second and record_id not in seen:
                seen.add(record_id)
                yield row

    def deleted(self, sobject: str, first: int, last: int) -> Iterator[tuple[int, Row]]:
        """Rows deleted in [first, last] and not undeleted since, purged ones included, with the second of the delete."""
        log = self._deletes[sobject]
        seen: set[str] = set()
        for second, record_id in log[bisect_left(log, (first, "")) : bisect_right(log, (last, "~"))]:
            row = self.tables[sobject].get(record_id) or self.purged[sobject].get(record_id)
            if row and row["IsDeleted"] and row["SystemModstamp"] == second and record_id not in seen:
                seen.add(record_id)
                yield second, row

    # --- writing

    def put(self, transaction: Transaction, sobject: str, row: Row) -> None:
        """Write a version inside a transaction. Raises UNABLE_TO_LOCK_ROW while another one holds the record."""
        record_id = str(row["Id"])
        self._check_lock(record_id, transaction)
        write = Write(sobject, record_id, self.tables[sobject].get(record_id), row)
        self._apply(sobject, record_id, write.old, row)
        transaction.writes.append(write)

    def _check_lock(self, record_id: str, mine: Transaction | None) -> None:
        """Raise UNABLE_TO_LOCK_ROW if an open transaction other than `mine` has written this record."""
        for other in self.open:
            if other is not mine and any(write.record_id == record_id for write in other.writes):
                raise locked(record_id)

    def commit(self, transaction: Transaction) -> None:
        """Make the writes final and tell the listeners."""
        for write in transaction.writes:
            for listener in self.committed:
                listener(write)

    def undo(self, transaction: Transaction) -> None:
        """Take the writes back, newest first."""
        while transaction.writes:
            write = transaction.writes.pop()
            self._apply(write.sobject, write.record_id, write.new, write.old)

    def hold(self, transaction: Transaction, until: float) -> None:
        """Commit later: until then nobody sees the writes, and nobody else may write these records."""
        writes = list(transaction.writes)
        self.undo(transaction)
        transaction.writes = writes
        transaction.until = until
        self.open.append(transaction)

    def settle(self, now: float) -> None:
        """Commit the held transactions whose time has come, in the order of their time."""
        due = sorted((each for each in self.open if each.until <= now), key=lambda each: each.until)
        for transaction in due:
            self.open.remove(transaction)
            for write in transaction.writes:
                write.old = self.tables[write.sobject].get(write.record_id)
                self._apply(write.sobject, write.record_id, write.old, write.new)
            self.commit(transaction)

    def covered(self, now: int) -> int:
        """Up to where changes are complete: the start of the oldest open transaction, else now."""
        return min((each.started for each in self.open), default=now)

    def purge(self, sobject: str, record_id: str) -> None:
        """Take a deleted record out of the bin for good; the deleted log still tells of it. Raises UNABLE_TO_LOCK_ROW as `put` does."""
        row = self.tables[sobject].get(record_id)
        if row is None or not row["IsDeleted"]:
            raise Refused("UNDELETE_FAILED", f"{record_id} is not in the recycle bin")
        self._check_lock(record_id, None)
        self._apply(sobject, record_id, row, None)
        self.purged[sobject][record_id] = row

    def remove(self, sobject: str, record_id: str) -> None:
        """Take away a record of an object that has no recycle bin."""
        self._apply(sobject, record_id, self.tables[sobject][record_id], None)

    def empty_old(self, sobject: str, now: int) -> None:
        """Purge what has been in the bin for 15 days, and forget the log beyond that."""
        horizon = now - BIN_DAYS * DAY
        log = self._deletes[sobject]
        if not log or log[0][0] >= horizon:
            return
        for second, record_id in log[: bisect_left(log, (horizon, ""))]:
            row = self.tables[sobject].get(record_id)
            if row and row["IsDeleted"] and row["SystemModstamp"] == second:
                self._apply(sobject, record_id, row, None)
            gone = self.purged[sobject].get(record_id)
            if gone and gone["SystemModstamp"] == second:
                del self.purged[sobject][record_id]
        del log[: bisect_left(log, (horizon, ""))]

    # --- out and in

    def export(self) -> dict[str, Any]:
        """Give everything as JSON: rows in their order, both logs, and what has not committed."""
        return {
            "tables": {name: list(table.values()) for name, table in self.tables.items()},
            "purged": {name: list(table.values()) for name, table in self.purged.items()},
            "changes": self._changes,
            "deletes": self._deletes,
            "open": [asdict(transaction) for transaction in self.open],
        }

    def restore(self, kept: Mapping[str, Any]) -> None:
        """Fill an empty store with what `export` gave."""
        for name, rows in kept["tables"].items():
            for row in rows:
                self.tables[name][row["Id"]] = row
                self._reindex(name, row["Id"], None, row)
            self.purged[name] = {row["Id"]: row for row in kept["purged"][name]}
            self._changes[name] = [(second, key) for second, key in kept["changes"][name]]
            self._deletes[name] = [(second, key) for second, key in kept["deletes"][name]]
        self.open = [
            Transaction(each["started"], [Write(**write) for write in each["writes"]], each["until"])
            for each in kept["open"]
        ]

    def _apply(self, sobject: str, record_id: str, old: Row | None, new: Row | None) -> None:
        self.writes += 1
        if new is None:
            self.tables[sobject].pop(record_id, None)
        else:
            self.tables[sobject][record_id] = new
        self._reindex(sobject, record_id, old, new)
        if new is None or "SystemModstamp" not in new:
            return
        second = int(new["SystemModstamp"])
        _log(self._changes[sobject], (second, record_id))
        if new.get("IsDeleted") and not (old and old.get("IsDeleted")):
            _log(self._deletes[sobject], (second, record_id))
        self._compact(sobject)

    def _reindex(self, sobject: str, record_id: str, old: Row | None, new: Row | None) -> None:
        for (name, column), index in self._index.items():
            if name != sobject:
                continue
            before, after = old.get(column) if old else None, new.get(column) if new else None
            if before == after:
                continue
            if before is not None:
                _forget(index, before, record_id)
            if after is not None:
                _remember(index, after, record_id)

    def _compact(self, sobject: str) -> None:
        log, table = self._changes[sobject], self.tables[sobject]
        if len(log) > _COMPACT_FROM and len(log) > 3 * len(table):
            log[:] = [pair for pair in log if (row := table.get(pair[1])) and row["SystemModstamp"] == pair[0]]


def _remember(index: dict[Value, str | dict[str, None]], value: Value, record_id: str) -> None:
    """Add to an index. A value with one record holds its id itself: a million unique values need no million dicts."""
    found = index.get(value)
    if found is None:
        index[value] = record_id
    elif isinstance(found, str):
        index[value] = {found: None, record_id: None}
    else:
        found[record_id] = None


def _forget(index: dict[Value, str | dict[str, None]], value: Value, record_id: str) -> None:
    found = index.get(value)
    if found == record_id:
        del index[value]
    elif isinstance(found, dict):
        found.pop(record_id, None)


def _log(log: list[Pair], pair: Pair) -> None:
    if not log or pair >= log[-1]:
        log.append(pair)
    else:
        insort(log, pair)
