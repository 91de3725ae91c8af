"""What every ledger promises of the deletes that the mass-delete valve counts (M9)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import boto3
import pytest

from infra.local.dynamodb import TableNames
from reminders.core.holds import MASS_DELETE_HELD, group
from reminders.core.reminder import Held, Record, Reminder, Side, Tombstone, Trouble, Values
from reminders.ledger.tables import open_ledger
from reminders.ports import Ledger

NOW = datetime(2126, 11, 22, 9, 30, tzinfo=UTC)
"""Ahead of every real clock: the engine forgets what expires."""
MINUTE = timedelta(minutes=1)
ANNA = "005000000000001AAA"
BEN = "005000000000002AAA"


def test_a_delete_counts_once_an_hour_with_its_first_time(ledger: Ledger) -> None:
    """M9: delivered again, it neither counts twice nor keeps the hour open; an hour later it counts anew."""
    first = ledger.count_deletes(ANNA, Side.HERE, ["a", "b"], NOW)
    assert (first.window, first.anew) == ({"a": NOW, "b": NOW}, frozenset("ab"))
    soon, later = NOW + 30 * MINUTE, NOW + 60 * MINUTE
    second = ledger.count_deletes(ANNA, Side.HERE, ["b", "c"], soon)
    assert (second.window, second.anew) == ({"a": NOW, "b": NOW, "c": soon}, frozenset("c"))
    third = ledger.count_deletes(ANNA, Side.HERE, ["b"], later)
    assert (third.window, third.anew) == ({"b": later, "c": soon}, frozenset("b"))


def test_users_and_directions_are_counted_apart(ledger: Ledger) -> None:
    """M9: whatever somebody else deletes, or on the other side."""
    ledger.count_deletes(ANNA, Side.HERE, ["a"], NOW)
    assert ledger.count_deletes(ANNA, Side.SALESFORCE, ["a", "b"], NOW).window == {"a": NOW, "b": NOW}
    assert ledger.count_deletes(BEN, Side.HERE, ["c"], NOW).window == {"c": NOW}
    assert ledger.count_deletes(ANNA, Side.HERE, [], NOW).window == {"a": NOW}


def test_of_runs_at_once_the_last_to_ask_sees_all(ledger: Ledger) -> None:
    """M9: each counts before it reads; if none saw the other's, both together could let too many through."""
    parts = [[f"{run}-{number}" for number in range(10)] for run in range(4)]
    with ThreadPoolExecutor(4) as pool:
        seen = list(pool.map(lambda keys: ledger.count_deletes(ANNA, Side.HERE, keys, NOW).window, parts))
    assert all(set(keys) <= set(window) for keys, window in zip(parts, seen, strict=True))
    assert max(map(len, seen)) == 40
    for one in range(4):
        for other in range(one):
            assert set(parts[other]) <= set(seen[one]) or set(parts[one]) <= set(seen[other])


def test_what_is_held_is_stored_and_found_by_user_and_direction(ledger: Ledger) -> None:
    """M9: each group can be asked for, however many others are held; a confirmed one is in none."""
    trouble = Trouble(code=MASS_DELETE_HELD, message="held", since=NOW)
    there = Reminder(
        id="there",
        values=Values(name="Call", assignee=ANNA),
        created=NOW,
        created_by=ANNA,
        sponsor=ANNA,
        held=Held(side=Side.SALESFORCE, since=NOW, deleted=NOW - MINUTE),
        trouble=trouble,
    )
    here = replace(there, id="here", held=Held(side=Side.HERE, since=NOW), tombstone=Tombstone(at=NOW, side=Side.HERE))
    his = replace(there, id="his", sponsor=BEN)
    confirmed = replace(there, id="confirmed", held=Held(side=Side.SALESFORCE, since=NOW, confirmed=NOW), trouble=None)
    passed = replace(
        there, id="passed", tombstone=Tombstone(at=NOW, side=Side.HERE, passed=NOW), held=None, trouble=None
    )
    every = [there, here, his, confirmed, passed]
    stored = ledger.save([Record(reminder=each) for each in every])
    read = ledger.reminders([each.id for each in every])
    assert [read[each.id] for each in every] == stored == [replace(each, version=1) for each in every]
    assert sorted(ledger.troubled(10, MASS_DELETE_HELD)) == ["here", "his", "there"]
    assert ledger.troubled(10, group(Side.SALESFORCE, ANNA)) == ["there"]
    assert ledger.troubled(10, group(Side.HERE, ANNA)) == ["here"]
    assert ledger.troubled(10, group(Side.SALESFORCE, BEN)) == ["his"]


@pytest.mark.parametrize("count", [1, 3])
def test_a_counted_delete_is_forgotten_by_itself(tables: TableNames, count: int) -> None:
    """M9, C8: it expires a while after its hour, and says its schema."""
    keys = [f"r{number}" for number in range(count)]
    open_ledger(**tables).count_deletes(ANNA, Side.HERE, keys, NOW)
    items = boto3.client("dynamodb").scan(TableName=tables["state"])["Items"]
    assert {item["sk"]["S"] for item in items} == set(keys)
    assert {(item["pk"]["S"], item["schema"]["N"], item["expires"]["N"]) for item in items} == {
        (f"delete#here#{ANNA}", "1", str(int((NOW + 70 * MINUTE).timestamp())))
    }
