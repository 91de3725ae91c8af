"""Idle and growth: what a poll costs when nothing happened, and a change, while ever more is stored. Both must stay flat.

Counted with DynamoDB Local: units by AWS's rules from what is asked (`units`), API calls by the org.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from math import ceil
from typing import Final

from infra.bench import inbound
from infra.bench import outbound as sending
from infra.bench.measure import OURS, Report
from infra.bench.stage import Org, Stored, on_dynamodb, running_org, world
from infra.bench.units import Meter, Spent
from reminders.core.task import Hint
from reminders.ports import World
from reminders.sync import inbox, outbox, timetable

LINE: Final = "idle and growth"
POLL_CALLS: Final = 2
TASKS: Final = 22
TIMED: Final = 9
MINUTES: Final = 1_440
"""Of a day: poll and push are started in each."""
POLLS: Final = 288
"""Of a day, at the interval that is set at first."""
RUN: Final = "of any run of the pull"
INBOUND: Final = "one change in Salesforce"
ECHO: Final = "one hint that tells nothing new"
OUTBOUND: Final = "one edit here, sent"
CREATE: Final = "one reminder made here, sent"
IMPORT: Final = "one import"
IDLE: Final = "an idle poll"
EARLY: Final = "a minute's poll that is not due"
RESTING: Final = "a minute's push with nothing to send"
CALLS: Final = "API calls"
COUNTED_WITHIN: Final = timedelta(minutes=50)
WRITES: Final = frozenset({"PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems", "BatchWriteItem"})


def counts(report: Report, stored: Sequence[int]) -> dict[str, Spent]:
    """Count an idle poll and each kind of change with ever more reminders stored; gives what each costs.

    Raises what botocore raises without DynamoDB Local. What a change costs is told apart from what its run costs, which many changes share: it is a tenth
    of what ten more of them cost.
    """
    spent: dict[str, Spent] = {}
    seen: dict[str, set[tuple[float, float, float]]] = {}
    with running_org(users=1) as org:
        _past_midnight(org)
        org.create(TASKS)
        place = on_dynamodb()
        ours = world(org, place.ledger)
        inbound.import_all(ours, org)
        there = TASKS
        for wanted in stored:
            _fill(place, there, wanted)
            there = max(there, wanted)
            counter = _Counter(Meter(place.client), ours, org)
            if not spent:
                counter.kinds()  # what was never edited is smaller
            spent = counter.kinds()
            for name, each in spent.items():
                calls = each.requests.get(CALLS, 0)
                seen.setdefault(name, set()).add((calls, each.reads, each.all_writes))
                report.figure(LINE, f"{OURS}, {name}", wanted, "read units", each.reads)
                report.figure(LINE, f"{OURS}, {name}", wanted, "write units", each.all_writes)
            _a_day(report, ours, org, wanted)
            report.figure(LINE, f"{OURS}, {IDLE}", wanted, "API calls", spent[IDLE].requests[CALLS])
            report.most(LINE, f"API calls of an idle poll, {wanted} stored", spent[IDLE].requests[CALLS], POLL_CALLS)
    for name, costs in seen.items():
        report.most(LINE, f"{name}: different costs, whatever is stored", len(costs), 1)
    change = spent[INBOUND]
    report.most(
        LINE, "read units per started KB of one change in Salesforce", change.reads / ceil(change.bytes_read / 1024), 1
    )
    writes = sum(number for name, number in change.requests.items() if name in WRITES)
    report.most(LINE, "write requests of one change in Salesforce", writes, 1)
    return spent


def _past_midnight(org: Org) -> None:
    """Let a new day begin before the counts rather than among them: what is asked once a day costs writes that are none of theirs."""
    now = org.clock.now()
    left = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0) - now
    if left < COUNTED_WITHIN:
        org.later(left.total_seconds() + 60)


def _a_day(report: Report, ours: World, org: Org, stored: int) -> None:
    """Time what schedules start, and reckon a day of it; what is asked answers without a network between."""
    runs: dict[str, tuple[int, Callable[[], object]]] = {
        IDLE: (POLLS, lambda: timetable.poll(ours, at_once=True)),
        EARLY: (MINUTES - POLLS, lambda: timetable.poll(ours)),
        RESTING: (MINUTES, lambda: outbox.push_due(ours)),
    }
    day: float = 0
    for name, (a_day, run) in runs.items():
        taken = []
        for _ in range(TIMED):
            org.later(10)
            began = time.perf_counter()
            run()
            taken.append(1000 * (time.perf_counter() - began))
        day += a_day * report.figure(LINE, f"{OURS}, {name}", stored, "ms", *taken).median / 1000
    report.figure(LINE, f"{OURS}, an idle day", stored, "Lambda seconds", day)


@dataclass
class _Counter:
    """Counts what each kind of change costs, on the first tasks of the org."""

    meter: Meter
    ours: World
    org: Org

    def kinds(self) -> dict[str, Spent]:
        """Count each."""
        timetable.poll(self.ours, at_once=True)  # what is asked once an hour, or a day
        inbound.queue(self.ours).take()
        self.org.later()
        few, many = self.org.tasks[:1], self.org.tasks[1:12]
        idle = self._spent(lambda: timetable.poll(self.ours, at_once=True))
        early = self._spent(lambda: timetable.poll(self.ours))
        resting = self._spent(lambda: outbox.push_due(self.ours))
        self.org.change([*few, *many], f"counted {next(_rounds):04d}")
        self.org.later()
        one, eleven = self._pull(few), self._pull(many)
        change = _tenth(one, eleven)
        echo = _tenth(self._pull(few), self._pull(many))
        return {
            IDLE: idle,
            EARLY: early,
            RESTING: resting,
            RUN: _less(one, change),
            INBOUND: change,
            ECHO: echo,
            OUTBOUND: _tenth(self._edit(few), self._edit(many)),
            CREATE: _tenth(self._create(1), self._create(11)),
            IMPORT: _tenth(self._import(1), self._import(11)),
        }

    def _spent(self, do: Callable[[], object]) -> Spent:
        self.org.later(10)  # of two successes within one second the second one costs another try
        before = self.org.calls()
        with self.meter.measure() as spent:
            do()
        spent.requests[CALLS] = self.org.calls() - before
        return spent

    def _pull(self, task_ids: Sequence[str], *, turn: bool = False) -> Spent:
        def do() -> None:
            summary = inbox.pull(self.ours, [Hint(each, turn=turn) for each in task_ids])
            if summary.failed or summary.unavailable:
                raise RuntimeError(f"the pull was stopped: {summary}")

        return self._spent(do)

    def _edit(self, task_ids: Sequence[str]) -> Spent:
        return self._send(lambda: sending.change(self.ours, list(task_ids), f"edited {next(_rounds):04d}"))

    def _create(self, number: int) -> Spent:
        return self._send(lambda: sending.create(self.ours, self.org, number))

    def _send(self, make: Callable[[], list[str]]) -> Spent:
        """Count a change made here, and its being sent some seconds later: within one second an index entry may stay as it is."""

        def do() -> None:
            keys = make()
            self.org.later(5)
            sending.push(self.ours, keys)

        return self._spent(do)

    def _import(self, number: int) -> Spent:
        made = self.org.create(number)
        self.org.later()
        return self._pull(made, turn=True)


def _tenth(one: Spent, eleven: Spent) -> Spent:
    """Give what each of the ten more cost."""
    more = _less(eleven, one)
    return Spent(
        reads=more.reads / 10,
        writes=more.writes / 10,
        index_writes=more.index_writes / 10,
        bytes_read=more.bytes_read // 10,
        requests={name: number // 10 for name, number in more.requests.items()},
    )


def _less(all_: Spent, part: Spent) -> Spent:
    return Spent(
        reads=all_.reads - part.reads,
        writes=all_.writes - part.writes,
        index_writes=all_.index_writes - part.index_writes,
        bytes_read=all_.bytes_read - part.bytes_read,
        requests={
            name: all_.requests.get(name, 0) - part.requests.get(name, 0) for name in {*all_.requests, *part.requests}
        },
    )


def _fill(place: Stored, there: int, wanted: int) -> None:
    """Store copies of a linked reminder until so many are stored, by batches, past our own ledger: only their number matters."""
    names, client = place.names, place.client
    sample = client.scan(TableName=names["reminders"], Limit=1)["Items"][0]
    puts = [
        (key, {"PutRequest": {"Item": item}})
        for number in range(there, wanted)
        for task in [f"00TXX{number:013d}"]
        for key, item in (
            ("reminders", {**sample, "reminder_id": {"S": f"sf{task}"}, "task_id": {"S": task}}),
            ("links", {"task_id": {"S": task}, "reminder_id": {"S": f"sf{task}"}, "schema": {"N": "1"}}),
        )
    ]

    def write(start: int) -> None:
        batch: dict[str, list[object]] = {}
        for key, put in puts[start : start + inbound.BATCH_WRITE]:
            batch.setdefault(names[key], []).append(put)  # type: ignore[literal-required]  # one of the four
        client.batch_write_item(RequestItems=batch)

    with ThreadPoolExecutor(inbound.WORKERS) as pool:
        list(pool.map(write, range(0, len(puts), inbound.BATCH_WRITE)))


_rounds = count(1)
