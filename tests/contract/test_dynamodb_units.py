"""What `infra.bench.units` computes by AWS's rules, against what DynamoDB Local says that it consumed, where it says so.

It says nothing usable of transactions (it counts them as if they were none), so those rest on the rules alone.
"""

from __future__ import annotations

from typing import Any

import boto3
import pytest

from infra.bench.units import Meter, size
from infra.local.dynamodb import TableNames

LIST = {"list_key": {"S": "anna#open"}, "list_order": {"S": "2026-11-24#r1"}}
CHANGED = {"changed_order": {"S": "2026-11-22T10:00:00Z#r1"}}
LATER = {"changed_order": {"S": "2026-11-22T11:00:00Z#r1"}}
KEY = {"reminder_id": {"S": "r1"}}


class Engine:
    """A client whose requests are metered, and ask the engine what they consumed."""

    def __init__(self, tables: TableNames) -> None:
        self.table = tables["reminders"]
        self.client: Any = boto3.client("dynamodb")
        self.meter = Meter(self.client)

    def put(self, *parts: dict[str, Any], bytes_: int = 0, **condition: Any) -> tuple[float, float]:
        """Put `r1` of these attributes and so many bytes more; gives the units computed, and those told."""
        item: dict[str, Any] = {**KEY}
        for part in parts:
            item |= part
        item |= {"text": {"S": "x" * bytes_}} if bytes_ else {}
        return self._compare("put_item", Item=item, **condition)

    def update(self, name: str, value: dict[str, Any]) -> tuple[float, float]:
        """Set one attribute of it."""
        return self._compare(
            "update_item",
            Key=KEY,
            UpdateExpression="SET #n = :v",
            ExpressionAttributeNames={"#n": name},
            ExpressionAttributeValues={":v": value},
        )

    def delete(self) -> tuple[float, float]:
        """Delete it."""
        return self._compare("delete_item", Key=KEY)

    def get(self, key: str, *, consistent: bool) -> tuple[float, float]:
        """Get one."""
        return self._compare("get_item", Key={"reminder_id": {"S": key}}, ConsistentRead=consistent)

    def query(self, index: str | None) -> tuple[float, float]:
        """Query the table, or an index."""
        name, value = ("list_key", "anna#open") if index else ("reminder_id", "r1")
        return self._compare(
            "query",
            KeyConditionExpression=f"{name} = :v",
            ExpressionAttributeValues={":v": {"S": value}},
            **({"IndexName": index} if index else {"ConsistentRead": True}),
        )

    def _compare(self, method: str, **arguments: Any) -> tuple[float, float]:
        with self.meter.measure() as spent:
            answer = getattr(self.client, method)(TableName=self.table, ReturnConsumedCapacity="INDEXES", **arguments)
        told: float = answer["ConsumedCapacity"]["CapacityUnits"]
        return spent.reads + spent.all_writes, told


@pytest.fixture
def engine(tables: TableNames) -> Engine:
    """The reminders table, empty."""
    return Engine(tables)


def test_writes_and_their_indexes(engine: Engine) -> None:
    """A figure for money that nobody else confirms could be anything: each kind of write costs what the engine says, and is no constant."""
    steps = [
        engine.put(),
        engine.put(bytes_=2000),
        engine.put(bytes_=10),
        engine.put(LIST, bytes_=10),
        engine.put(LIST, CHANGED, bytes_=900),
        engine.put(LIST, LATER, bytes_=900),
        engine.update("text", {"S": "y" * 3000}),
        engine.update("changed_order", CHANGED["changed_order"]),
        engine.delete(),
    ]

    assert [computed for computed, _ in steps] == [told for _, told in steps]
    assert [computed for computed, _ in steps] == [1, 2, 2, 2, 2, 3, 4, 6, 6]


@pytest.mark.parametrize("bytes_", [0, 900, 1100, 4200])
def test_reads(engine: Engine, bytes_: int) -> None:
    """Consistent and not, there and not there, by key, by query, by index."""
    engine.put(LIST, CHANGED, bytes_=bytes_)

    for computed, told in (
        engine.get("r1", consistent=True),
        engine.get("r1", consistent=False),
        engine.get("nobody", consistent=True),
        engine.get("nobody", consistent=False),
        engine.query(None),
        engine.query("by_assignee"),
    ):
        assert computed == told


def test_a_refused_condition_costs_what_the_write_would_have(engine: Engine) -> None:
    """AWS's rule; the engine raises and tells nothing."""
    engine.put(bytes_=1500)
    with engine.meter.measure() as spent, pytest.raises(engine.client.exceptions.ConditionalCheckFailedException):
        engine.client.put_item(
            TableName=engine.table, Item=KEY, ConditionExpression="attribute_not_exists(reminder_id)"
        )

    assert (spent.writes, spent.requests) == (2, {"PutItem": 1})


def test_a_transaction_costs_twice_and_its_indexes_once(engine: Engine) -> None:
    """AWS's rule: two underlying writes of every item, and one of each index entry that changes."""
    item = {**KEY, **LIST, "text": {"S": "x" * 1500}}
    with engine.meter.measure() as spent:
        engine.client.transact_write_items(TransactItems=[{"Put": {"TableName": engine.table, "Item": item}}])

    assert (spent.writes, spent.index_writes) == (4, 1)


def test_what_has_no_rule_is_refused(engine: Engine) -> None:
    """A request that costs nothing in the table of costs would be a gap that nobody sees."""
    with engine.meter.measure(), pytest.raises(ValueError, match="no rule for Scan"):
        engine.client.scan(TableName=engine.table)


def test_sizes() -> None:
    """By hand, after "Item sizes and formats"."""
    assert size({"n": {"S": "é"}}) == 3
    assert size({"n": {"N": "12345"}}) == 1 + 4
    assert size({"n": {"N": "1000"}}) == 1 + 2
    assert size({"n": {"BOOL": True}}) == 2
    assert size({"n": {"M": {"a": {"S": "xy"}}}}) == 1 + 3 + 1 + 1 + 2
    assert size({"n": {"L": [{"S": "xy"}, {"NULL": True}]}}) == 1 + 3 + 3 + 2
