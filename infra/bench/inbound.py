"""Inbound: N tasks changed in the org, until the changes are stored here.

Ours is the whole way but the queue: a poll, then pulls of as many hints as Lambda hands over at once. Peers read what has changed since
a moment, as they do, and store it as they do. Who merges, keeps a history and may be run twice is ours alone; the limits show what the
org and the store themselves take.
"""

from __future__ import annotations

import sqlite3
import tracemalloc
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from itertools import count
from math import ceil
from pathlib import Path
from typing import Any, Final

import requests
from fakes.memory_hints import MemoryHints
from fakes.memory_ledger import MemoryLedger

from infra.bench.measure import OURS, Report, by_turns
from infra.bench.programs import simple_salesforce
from infra.bench.rivals import Peers, Run
from infra.bench.stage import DATA, Org, Stored, on_dynamodb, running_org, timed, world
from reminders.core.reminder import imported_id
from reminders.core.task import Hint
from reminders.ports import World
from reminders.salesforce.rows import TASK_FIELDS
from reminders.sync import find, inbox

LINE: Final = "inbound"
UNIT: Final = "tasks/s"
ON_DYNAMODB: Final = f"{OURS}, on DynamoDB Local"
CONDITIONAL: Final = "limit: the same conditional transactions, bare"
BATCHES: Final = "limit: bare HTTP reads, bare unconditional batches"
READS: Final = "limit: bare HTTP reads, nothing stored"
PLAIN: Final = "simple-salesforce loop, into SQLite"
AT_ONCE: Final = 2_000
"""Hints of one run of the pull: 20 messages of 100 (`template.yaml`)."""

WORKERS: Final = 8
"""Writes at once, as `open_ledger` has it."""

BATCH_WRITE: Final = 25
BEST_PEER: Final = 3.0
CONDITIONAL_SHARE: Final = 0.6
MEMORY_GROWTH: Final = 1.5


def counts(report: Report, org: Org, sizes: tuple[int, ...]) -> None:
    """Count API calls for each number of changed tasks. Raises RuntimeError if anything did not arrive."""
    ledger = MemoryLedger()
    ours = world(org, ledger)
    import_all(ours, org)
    for size in sizes:
        chosen = org.tasks[:size]
        org.change(chosen, f"counted {size}")
        org.later()
        before = org.calls()
        arrive(ours)
        made = org.calls() - before
        check(ledger, chosen[-1], f"counted {size}")
        report.figure(LINE, OURS, size, "API calls", made)
        report.most(LINE, f"API calls for {size} tasks", made, ceil(size / 500) + 3)


def import_all(ours: World, org: Org) -> None:
    """Import every task, each as if its turn had come, so that the pace does not stretch it over minutes (S4)."""
    org.later()
    for start in range(0, len(org.tasks), AT_ONCE):
        inbox.pull(ours, [Hint(each, turn=True) for each in org.tasks[start : start + AT_ONCE]])
    find.poll(ours)
    queue(ours).take()


def arrive(ours: World) -> None:
    """Poll, and pull what it hinted. Raises RuntimeError if the org stopped it."""
    if stopped := find.poll(ours).unavailable:
        raise RuntimeError(f"the poll was stopped: {stopped}")
    while hints := queue(ours).take(AT_ONCE):
        summary = inbox.pull(ours, hints)
        if summary.failed or summary.unavailable:
            raise RuntimeError(f"the pull was stopped: {summary}")


def queue(ours: World) -> MemoryHints:
    """The queue in memory."""
    if not isinstance(ours.hints, MemoryHints):
        raise TypeError("the queue of a measurement is one in memory")
    return ours.hints


def check(ledger: MemoryLedger, task_id: str, words: str) -> None:
    """See that a change has arrived. Raises RuntimeError."""
    key = imported_id(task_id)
    if ledger.reminders([key])[key].values.details != f"{words} {task_id}":
        raise RuntimeError(f"{task_id} has not arrived")


@dataclass
class _Race:
    """One number of tasks: its org, and since when what was changed counts."""

    org: Org
    size: int
    folder: Path
    words: str = ""
    since: str = ""

    def change(self) -> None:
        """Have all tasks changed anew."""
        self.words = f"round {next(_rounds)}"
        self.since = f"{self.org.clock.now() - timedelta(seconds=1):%Y-%m-%dT%H:%M:%SZ}"
        self.org.change(self.org.tasks, self.words)
        self.org.later()

    def timed(self, do: Callable[[], object]) -> Callable[[], float]:
        """Give tasks per second of doing it."""
        return timed(self.size, do)

    def soql(self) -> str:
        """Ask for what has changed."""
        return f"SELECT {','.join(TASK_FIELDS)} FROM Task WHERE SystemModstamp >= {self.since}"  # noqa: S608 - ours

    def rows(self) -> list[dict[str, Any]]:
        """Read what has changed by bare HTTP, page after page."""
        found: list[dict[str, Any]] = []
        with requests.Session() as session:
            session.headers["Authorization"] = f"Bearer {self.org.token()}"
            page = session.get(f"{self.org.address}{DATA}/queryAll", params={"q": self.soql()}, timeout=300).json()
            while True:
                found += page["records"]
                if page["done"]:
                    break
                page = session.get(f"{self.org.address}{page['nextRecordsUrl']}", timeout=300).json()
        self.whole(len(found))
        return found

    def whole(self, number: int) -> None:
        """See that nothing is missing. Raises RuntimeError."""
        if number != self.size:
            raise RuntimeError(f"{number} of {self.size} tasks were read")


def race(  # noqa: PLR0913 - what, how often, where, beside whom
    report: Report, size: int, rounds: int, folder: Path, peers: Peers, *, dynamodb: bool
) -> None:
    """Run ours, the peers and the limits by turns on one org with so many tasks."""
    with running_org(*peers.org_arguments(folder)) as org:
        org.create(size)
        ledger = MemoryLedger()
        ours = world(org, ledger)
        import_all(ours, org)
        state = _Race(org, size, folder)
        contenders: dict[str, Callable[[], float]] = {
            OURS: state.timed(lambda: arrive(ours)),
            PLAIN: state.timed(lambda: plain(state)),
            READS: state.timed(state.rows),
        }
        if dynamodb:
            contenders |= _on_dynamodb(state)
        state.change()
        for run in contenders.values():  # what is slow only once is no matter here
            run()
        for name, sync in peers.inbound(org, folder).items():
            run = state.timed(partial(_peer, state, sync))
            if peers.runs(name, run):
                contenders[name] = run
        samples = by_turns(rounds, contenders, round_=state.change)
        check(ledger, org.tasks[-1], state.words)
        for name, found in samples.items():
            report.figure(LINE, name, size, UNIT, *found)
        _memory(report, state, ours)
    _promise(report, size)


def _peer(state: _Race, sync: Run) -> None:
    state.whole(sync(state.since))


def _promise(report: Report, size: int) -> None:
    ours = report.median(LINE, OURS, size, UNIT)
    rivals = {
        each.contender: each.median
        for each in report.figures
        if each.line == LINE and each.size == size and each.unit == UNIT
        and not each.contender.startswith(("limit", OURS))
    }  # fmt: skip
    if ours and rivals:
        best = max(rivals, key=lambda name: rivals[name])
        report.least(
            LINE, f"{size} tasks, ledger in memory, times the best peer ({best})", ours / rivals[best], BEST_PEER
        )
    reads = report.median(LINE, READS, size, UNIT)
    if ours and rivals and reads:
        programs = {name: rate for name, rate in rivals.items() if name != PLAIN}
        beside = (
            f" Of the best program, {max(programs, key=programs.__getitem__)}, it is {ours / max(programs.values()):.2g}."
            if programs
            else ""
        )
        report.remarks.append(
            f"{size} tasks, ledger in memory: {BEST_PEER:g} times the best peer is {BEST_PEER * max(rivals.values()):.0f} tasks/s; "
            f"reading them by bare HTTP, nothing stored, gives {reads:.0f}, and ours {ours:.0f}.{beside}"
        )
    stored, bare = report.median(LINE, ON_DYNAMODB, size, UNIT), report.median(LINE, CONDITIONAL, size, UNIT)
    if stored and bare:
        words = f"{size} tasks, DynamoDB Local, times a bare loop of the same conditional writes"
        report.least(LINE, words, stored / bare, CONDITIONAL_SHARE)


def _memory(report: Report, state: _Race, ours: World) -> None:
    """Measure the most memory that arriving takes beyond what is stored, for all tasks and for a fifth of them.

    A pull has its hints from the queue, so it must not grow; a poll holds the ids of the one list that Salesforce gives.
    """
    peaks = {}
    for size in (state.size // 5, state.size):
        state.org.change(state.org.tasks[:size], f"memory {size}")
        state.org.later()
        tracemalloc.start()
        find.poll(ours)
        left, most = tracemalloc.get_traced_memory()
        report.figure(LINE, OURS, size, "MB at most in a poll, beside what it left on the queue", (most - left) / 1e6)
        peak = 0
        while hints := queue(ours).take(AT_ONCE):
            tracemalloc.reset_peak()
            before = tracemalloc.get_traced_memory()[0]
            inbox.pull(ours, hints)
            peak = max(peak, tracemalloc.get_traced_memory()[1] - before)
        tracemalloc.stop()
        peaks[size] = peak / 1e6
        report.figure(LINE, OURS, size, "MB at most in a pull", peaks[size])
    small, large = peaks.values()
    if state.size // 5 >= AT_ONCE:
        words = f"memory of a pull among {state.size} tasks, times that among {state.size // 5}"
        report.most(LINE, words, large / small, MEMORY_GROWTH)


def plain(state: _Race) -> None:
    """Do what one writes in a few minutes: a query of what changed, each row put into a table. Nothing is merged."""
    with requests.Session() as session:
        client = simple_salesforce(state.org, session)
        number = 0
        with closing(sqlite3.connect(state.folder / "plain.db")) as database, database:
            database.execute(f"CREATE TABLE IF NOT EXISTS task ({', '.join(TASK_FIELDS)}, PRIMARY KEY (Id))")
            marks = ", ".join("?" * len(TASK_FIELDS))
            for row in client.query_all_iter(state.soql(), include_deleted=True):
                database.execute(
                    f"INSERT OR REPLACE INTO task VALUES ({marks})",  # noqa: S608 - question marks
                    [row[name] for name in TASK_FIELDS],
                )
                number += 1
    state.whole(number)


@dataclass
class _Twin:
    """Tables that are written exactly as ours are, by a bare loop.

    What our ledger asks for is written down, batch by batch; the loop asks the same of its own tables, which stand as ours stood
    before. So both make the same writes under the same conditions, in the same transactions, as many at once.
    """

    ours: Stored
    own: Stored
    written: list[list[tuple[str, dict[str, Any]]]] = field(default_factory=list)

    @contextmanager
    def recorded(self) -> Iterator[None]:
        """Write down what is written meanwhile, as one batch."""
        batch: list[tuple[str, dict[str, Any]]] = []
        ask = self.ours.client._make_api_call  # noqa: SLF001 - where all requests pass

        def call(name: str, arguments: dict[str, Any]) -> Any:  # noqa: ANN401 - as it answers
            if name in {"TransactWriteItems", "PutItem"}:
                batch.append((name, arguments))
            return ask(name, arguments)

        self.ours.client._make_api_call = call  # noqa: SLF001 - same
        try:
            yield
        finally:
            self.ours.client._make_api_call = ask  # noqa: SLF001 - same
        self.written.append(batch)

    def write(self) -> None:
        """Write the oldest batch. Raises what botocore raises if a condition does not hold."""
        batch = self.written.pop(0)
        with ThreadPoolExecutor(WORKERS) as pool:
            list(pool.map(lambda each: self.own.client._make_api_call(each[0], self._renamed(each[1])), batch))  # noqa: SLF001 - same

    def _renamed(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Give the same request for our own tables."""
        if "TableName" in arguments:
            names = dict(zip(self.ours.names.values(), self.own.names.values(), strict=True))
            return arguments | {"TableName": names[arguments["TableName"]]}
        parts = [{verb: self._renamed(part) for verb, part in each.items()} for each in arguments["TransactItems"]]
        return {"TransactItems": parts}  # without the idempotency token of ours


def _on_dynamodb(state: _Race) -> dict[str, Callable[[], float]]:
    """Give ours on DynamoDB, and the two loops that show what it takes to write as much."""
    twin = _Twin(on_dynamodb(), on_dynamodb())
    stored = world(state.org, twin.ours.ledger)
    with twin.recorded():
        import_all(stored, state.org)
    twin.write()

    def ours() -> None:
        with twin.recorded():
            arrive(stored)

    def conditional() -> None:
        state.rows()
        twin.write()

    state.change()
    ours()  # the loop stays one batch behind, so it may have its turn first
    return {
        ON_DYNAMODB: state.timed(ours),
        CONDITIONAL: state.timed(conditional),
        BATCHES: state.timed(lambda: _batches(state, twin.own)),
    }


def _batches(state: _Race, own: Stored) -> None:
    """Read by bare HTTP, and put the rows in batches of 25 without any condition, as many at once as we do."""
    puts = [
        {"PutRequest": {"Item": {"task_id": {"S": row["Id"]}, **{name: {"S": str(row[name])} for name in TASK_FIELDS}}}}
        for row in state.rows()
    ]
    with ThreadPoolExecutor(WORKERS) as pool:
        list(
            pool.map(
                lambda start: own.client.batch_write_item(
                    RequestItems={own.names["links"]: puts[start : start + BATCH_WRITE]}
                ),
                range(0, len(puts), BATCH_WRITE),
            )
        )


_rounds = count(1)
