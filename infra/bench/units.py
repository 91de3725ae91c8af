"""What DynamoDB charges for a request, computed from the sizes of its items by AWS's published rules.

A `Meter` stands between our ledger and botocore and adds up what every request would cost on demand. DynamoDB Local tells its own
consumed capacity, but none for some requests and double for transactions, so it is only compared with (`tests/contract`).

The rules ("Read and write operations", "Item sizes and formats", "Global secondary indexes", DynamoDB Developer Guide):

    read       strongly consistent: 1 unit per started 4 KB of each item, an item that is not there costs 1; a query: of the sum of what
               it looked at; eventually consistent: half. A batch is charged item by item.
    write      1 unit per started KB of the larger of the item before and after; in a transaction twice that. A refused condition
               costs what the write would have cost.
    index      on top, per index that holds the item: 1 unit per started KB of its entry, for an entry put, removed or changed; two
               writes where its key changes; none where nothing that is projected changes. Not doubled in a transaction.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from threading import Lock
from typing import Any, Final

from botocore.client import BaseClient
from botocore.exceptions import ClientError

Item = Mapping[str, Mapping[str, Any]]
"""An item as it travels: `{"name": {"S": "…"}}`."""

READ_BYTES: Final = 4096
WRITE_BYTES: Final = 1024
_CONTAINER: Final = 3


@dataclass
class Spent:
    """What was charged: read and write request units, and how many requests of each kind were made. `bytes_read`: of whole items."""

    reads: float = 0
    writes: float = 0
    index_writes: float = 0
    bytes_read: int = 0
    requests: dict[str, int] = field(default_factory=dict)

    @property
    def all_writes(self) -> float:
        """Write units of tables and indexes together."""
        return self.writes + self.index_writes


def size(item: Item) -> int:
    """Give an item's size in bytes: names and values in UTF-8."""
    return sum(len(name.encode()) + _value(value) for name, value in item.items())


def _value(value: Mapping[str, Any]) -> int:
    ((kind, held),) = value.items()
    match kind:
        case "S":
            return len(held.encode())
        case "N":
            # Two digits a byte, and one for sign and exponent; leading and trailing zeros do not count.
            digits = len(Decimal(held).normalize().as_tuple().digits)
            return math.ceil(digits / 2) + 1
        case "BOOL" | "NULL":
            return 1
        case "M":
            return _CONTAINER + sum(len(name.encode()) + 1 + _value(part) for name, part in held.items())
        case "L":
            return _CONTAINER + sum(1 + _value(part) for part in held)
        case "SS":
            return sum(len(each.encode()) for each in held)
        case _:
            raise ValueError(f"no rule for {kind}")


def read_units(bytes_: int, *, consistent: bool = True) -> float:
    """Give the units of reading so many bytes; nothing read costs the least there is."""
    units = max(1, math.ceil(bytes_ / READ_BYTES))
    return units if consistent else units / 2


def write_units(before: Item | None, after: Item | None) -> int:
    """Give the units of a write that makes the one of the other."""
    return max(1, math.ceil(max(size(before or {}), size(after or {})) / WRITE_BYTES))


@dataclass(frozen=True)
class Index:
    """A global secondary index: its key attributes, and what it holds of an item (`projected` includes keys of index and table)."""

    keys: tuple[str, ...]
    projected: frozenset[str]

    def entry(self, item: Item | None) -> dict[str, Mapping[str, Any]] | None:
        """Give what the index holds of this item; None if that has not all of its keys."""
        if item is None or any(key not in item for key in self.keys):
            return None
        return {name: value for name, value in item.items() if name in self.projected}

    def units(self, before: Item | None, after: Item | None) -> int:
        """Give the units that a write costs here."""
        old, new = self.entry(before), self.entry(after)
        if old == new:
            return 0
        if old and new and any(old[key] != new[key] for key in self.keys):
            return write_units(old, None) + write_units(None, new)
        return write_units(old, new)


class Meter:
    """Adds up what the requests of one botocore client cost, those of one `measure` at a time; threads may share it."""

    def __init__(self, client: BaseClient) -> None:
        self._client = client
        self._ask: Callable[[str, dict[str, Any]], dict[str, Any]] = client._make_api_call  # type: ignore[attr-defined]  # noqa: SLF001 - where all requests pass
        self._tables: dict[str, tuple[tuple[str, ...], tuple[Index, ...]]] = {}
        self._lock = Lock()

    @contextmanager
    def measure(self) -> Iterator[Spent]:
        """Measure what is asked while this lasts. Each write is preceded by a read of its own, which is not counted."""
        spent = Spent()
        self._client._make_api_call = lambda name, arguments: self._call(spent, name, arguments)  # type: ignore[attr-defined]  # noqa: SLF001 - same
        try:
            yield spent
        finally:
            self._client._make_api_call = self._ask  # type: ignore[attr-defined]  # noqa: SLF001 - same

    def _call(self, spent: Spent, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
        writes = list(_writes(name, arguments))
        before = [self._read(table, self._key(table, what)) for table, what in writes]
        try:
            answer = self._ask(name, arguments)
        except ClientError:
            self._add(spent, name, writes, before, [*before])
            raise
        after = [self._read(table, self._key(table, what)) for table, what in writes]
        self._add(spent, name, writes, before, after)
        with self._lock:
            _count_reads(spent, name, arguments, answer)
        return answer

    def _add(
        self,
        spent: Spent,
        name: str,
        writes: list[tuple[str, Item]],
        before: list[Item | None],
        after: list[Item | None],
    ) -> None:
        each = 2 if name == "TransactWriteItems" else 1
        with self._lock:
            spent.requests[name] = spent.requests.get(name, 0) + 1
            for (table, _), old, new in zip(writes, before, after, strict=True):
                spent.writes += each * write_units(old, new)
                spent.index_writes += sum(index.units(old, new) for index in self._described(table)[1])

    def _read(self, table: str, key: Item) -> Item | None:
        found: Item | None = self._ask("GetItem", {"TableName": table, "Key": key, "ConsistentRead": True}).get("Item")
        return found

    def _key(self, table: str, what: Item) -> dict[str, Mapping[str, Any]]:
        return {name: what[name] for name in self._described(table)[0]}

    def _described(self, table: str) -> tuple[tuple[str, ...], tuple[Index, ...]]:
        """Give a table's key attributes and its indexes."""
        if table not in self._tables:
            described = self._ask("DescribeTable", {"TableName": table})["Table"]
            key = tuple(part["AttributeName"] for part in described["KeySchema"])
            indexes = []
            for each in described.get("GlobalSecondaryIndexes", ()):
                keys = tuple(part["AttributeName"] for part in each["KeySchema"])
                more = each["Projection"].get("NonKeyAttributes", ())
                indexes.append(Index(keys, frozenset({*keys, *key, *more})))
            self._tables[table] = key, tuple(indexes)
        return self._tables[table]


def _writes(name: str, arguments: Mapping[str, Any]) -> Iterator[tuple[str, Item]]:
    """Give what a request writes: table, and an item or key that holds the key. Raises ValueError for what has no rule here."""
    match name:
        case "PutItem":
            yield arguments["TableName"], arguments["Item"]
        case "UpdateItem" | "DeleteItem":
            yield arguments["TableName"], arguments["Key"]
        case "BatchWriteItem":
            for table, requests in arguments["RequestItems"].items():
                for each in requests:
                    yield table, each["PutRequest"]["Item"] if "PutRequest" in each else each["DeleteRequest"]["Key"]
        case "TransactWriteItems":
            for each in arguments["TransactItems"]:
                ((_, part),) = each.items()
                yield part["TableName"], part["Item"] if "Item" in part else part["Key"]
        case "GetItem" | "BatchGetItem" | "Query":
            return
        case _:
            raise ValueError(f"no rule for {name}")


def _count_reads(spent: Spent, name: str, arguments: Mapping[str, Any], answer: Mapping[str, Any]) -> None:
    match name:
        case "GetItem":
            found = size(answer.get("Item", {}))
            spent.reads += read_units(found, consistent=arguments.get("ConsistentRead", False))
            spent.bytes_read += found
        case "BatchGetItem":
            for table, asked in arguments["RequestItems"].items():
                items = answer["Responses"].get(table, ())
                consistent = asked.get("ConsistentRead", False)
                spent.reads += sum(read_units(size(item), consistent=consistent) for item in items)
                spent.reads += (len(asked["Keys"]) - len(items)) * read_units(0, consistent=consistent)
                spent.bytes_read += sum(map(size, items))
        case "Query":
            found = sum(map(size, answer.get("Items", ())))
            spent.reads += read_units(found, consistent=arguments.get("ConsistentRead", False))
            spent.bytes_read += found
        case _:
            pass
