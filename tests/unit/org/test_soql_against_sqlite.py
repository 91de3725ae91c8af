"""The SOQL engine against an independent evaluation in SQLite (`soql_oracle.py`), on queries drawn at random."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from unit.org.soql_oracle import COLUMNS, MOMENTS, WORDS, Asker, Drawing, Oracle

from infra.local.org import conditions, moments, query
from infra.local.org.clock import MovableClock
from infra.local.org.state import User
from infra.local.org.task_rules import archive
from infra.local.org.wire import second_of
from infra.local.org.world import Org

SEEDS = 8
QUERIES = 300
"""Queries per seed: 2,400 in all."""


@pytest.fixture
def world(
    org: Org, ann: User, bob: User, clock: MovableClock
) -> Iterator[tuple[Oracle, list[Asker], dict[str, list[str]]]]:
    """Seventy tasks with every kind of value and of absence, of three owners and a queue, some deleted, some archived."""
    rng = random.Random(1)
    ann.time_zone, bob.time_zone = "Asia/Kolkata", "America/Phoenix"
    queue = org.add_queue("Inside Sales", {ann.id})
    people = [org.create(ann.id, "Lead", LastName=name, Company="Atlas") for name in ("Émile", "o'Hara")]
    account = org.create(ann.id, "Account", Name="Call 1")
    people.append(org.create(ann.id, "Contact", LastName="Call", AccountId=account))
    for _ in range(70):
        owner = rng.choice((ann.id, bob.id, queue))
        key = org.create_task(
            ann.id, OwnerId=owner, **{name: value for name, value in _facts(rng, people).items() if value is not None}
        )
        clock.advance(rng.choice((0, 1, 3600, 9000)))
        if rng.random() < 0.1:
            org.delete_task(org.integration_user.id, key)
    for key in rng.sample(org.tasks(), 25):  # so that the order of stamps is not that of ids
        org.update_task(org.integration_user.id, key)
        clock.advance(rng.choice((0, 600)))
    archive(org.state)
    askers = [
        Asker(org.integration_user.id, 0, None),
        Asker(ann.id, 19800, (ann.id, queue)),
        Asker(bob.id, -25200, (bob.id,)),
    ]
    rows = [_flat(org, key) for key in org.state.store.tables["Task"]]
    ids = {"Id": [str(row["Id"]) for row in rows], "WhoId": people, "OwnerId": [ann.id, bob.id, queue]}
    oracle = Oracle(rows, org.state.second())
    yield oracle, askers, ids
    oracle.close()


def _facts(rng: random.Random, people: list[str]) -> dict[str, object]:
    month, day, hour = rng.randint(9, 12), rng.randint(1, 28), rng.randint(0, 23)
    return {
        "Subject": rng.choice((None, *WORDS)),
        "Status": rng.choice(("Not Started", "Completed", "Deferred", "In Progress")),
        "Priority": rng.choice(("High", "Normal", "Low")),
        "CallDisposition": rng.choice((None, *WORDS)),
        "CallDurationInSeconds": rng.choice((None, 0, 3, 10)),
        "ActivityDate": rng.choice((None, f"2026-{month:02d}-{day:02d}", "2026-11-22", "2026-11-21", "2024-02-29")),
        "ReminderDateTime": rng.choice((None, f"2026-{month:02d}-{day:02d}T{hour:02d}:30:00Z", "2026-11-22T18:30:00Z")),
        "IsReminderSet": rng.random() < 0.5,
        "WhoId": rng.choice((None, *people)),
    }


def _flat(org: Org, key: str) -> dict[str, object]:
    """A task as REST shows it, with its parents' fields, read record by record and not by query."""
    task = org.task(key)
    tables = org.state.store.tables

    def name_of(reference: object) -> str | None:
        for sobject in ("User", "Group", "Lead", "Contact", "Account"):
            row = tables[sobject].get(str(reference))
            if row is not None:
                parts = (row.get("Name"), row.get("FirstName"), row.get("LastName"))
                return " ".join(str(part) for part in parts if part is not None)
        return None

    who = str(task["WhoId"] or "")
    row: dict[str, object] = {name: task.get(name) for name in ("Id", *COLUMNS)}
    row |= {name: second_of(str(task[name])) for name in MOMENTS if task[name] is not None}
    row["Owner.Name"], row["Who.Name"], row["Account.Name"] = map(name_of, (task["OwnerId"], who, task["AccountId"]))
    row["Who.Type"] = {"00Q": "Lead", "003": "Contact"}.get(who[:3])
    return row


def disagreement(
    org: Org, world: tuple[Oracle, list[Asker], dict[str, list[str]]], seed: int, queries: int
) -> str | None:
    """Ask both; gives the first query on which they disagree."""
    oracle, askers, ids = world
    rng = random.Random(seed)
    for _ in range(queries):
        asker = rng.choice(askers)
        drawn = Drawing(rng, asker, oracle.now, ids).query()
        found = query.run(org.state, org.caller(asker.user_id), drawn.soql, everything=drawn.everything)
        got = [str(found.count)] if drawn.count else [str(row["Id"]) for row in found.rows]
        wanted = oracle.ids(drawn)
        if got != wanted if drawn.ordered else sorted(got) != sorted(wanted):
            return f"{drawn.soql}\n{drawn.sql}\n{got} instead of {wanted}"
    return None


@pytest.mark.parametrize("seed", range(SEEDS))
def test_both_find_the_same(org: Org, world: tuple[Oracle, list[Asker], dict[str, list[str]]], seed: int) -> None:
    """Which rows, in which order, how many: on thousands of drawn queries the engine never differs from SQLite."""
    assert disagreement(org, world, seed, QUERIES) is None


def _null_is_different(test: conditions.Test) -> conditions.Test:
    return lambda row: bool(test(row))


def _plant(error: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if error == "less is less or equal":
        monkeypatch.setitem(conditions._OPERATORS, "<", lambda a, b: a <= b)
    elif error == "unknown is false":
        bind = conditions.bind
        monkeypatch.setattr(conditions, "bind", lambda binder, condition: _null_is_different(bind(binder, condition)))
    elif error == "the last days begin a day late":
        counted = moments._counted

        def late(words: list[str], number: int, today: object) -> object:
            return counted(words, number - 1 if words[0] == "LAST" else number, today)  # type: ignore[arg-type]  # a date

        monkeypatch.setattr(moments, "_counted", late)
    elif error == "midnight is in Greenwich":
        midnight = moments._midnight
        monkeypatch.setattr(moments, "_midnight", lambda day, _: midnight(day, "UTC"))
    elif error == "text is compared with its case":
        monkeypatch.setattr(conditions, "fold_of", lambda _: lambda value: value)


@pytest.mark.parametrize(
    "error",
    [
        "less is less or equal",
        "unknown is false",
        "the last days begin a day late",
        "midnight is in Greenwich",
        "text is compared with its case",
    ],
)
def test_planted_errors_are_found(
    org: Org, world: tuple[Oracle, list[Asker], dict[str, list[str]]], error: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The comparison itself: whatever is wrong with the engine, it does not stay unseen for long."""
    _plant(error, monkeypatch)
    assert disagreement(org, world, 0, QUERIES * SEEDS) is not None
