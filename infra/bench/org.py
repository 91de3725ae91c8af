"""`make bench-org`: how fast the emulated org answers on one core, and how much memory a million tasks take.

Requests are counted per second of the server's own CPU time, not of the wall clock, so the figure means the same on a busy machine: it
is what one core does when it is left alone.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import re
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Annotated, Final

import typer

from infra.local.org.records import Transaction
from infra.local.org.schema import Row
from infra.local.org.world import machine_clock, make_org

WANTED_REQUESTS: Final = 500
WANTED_MEGABYTES: Final = 2000
_TICKS: Final = os.sysconf("SC_CLK_TCK")


def main(
    requests: Annotated[int, typer.Option(help="Requests of each kind.")] = 2000,
    tasks: Annotated[int, typer.Option(help="Tasks held in memory; 0 leaves that out.")] = 1_000_000,
) -> None:
    """Measure, print, and exit with 1 if a promise is not kept."""
    kept = [_speed(requests)]
    if tasks:
        kept.append(_memory(tasks))
    raise SystemExit(0 if all(kept) else 1)


def _speed(requests: int) -> bool:
    with _served() as (port, process):
        client = _Client(port)
        key = client.ask("POST", "sobjects/Task", {"Subject": "measured"})["id"]
        kinds: dict[str, Callable[[int], object]] = {
            "read a task": lambda _: client.ask("GET", f"sobjects/Task/{key}?fields=Id,Subject,SystemModstamp"),
            "create a task": lambda number: client.ask("POST", "sobjects/Task", {"Subject": f"number {number}"}),
            "change a task": lambda number: client.ask("PATCH", f"sobjects/Task/{key}", {"Subject": f"again {number}"}),
            "find by id": lambda _: client.ask("GET", f"query?q=SELECT+Id,Subject+FROM+Task+WHERE+Id='{key}'"),
            "what changed": lambda _: client.ask("GET", client.changed()),
        }
        slowest = float("inf")
        for name, do in kinds.items():
            before, began = _cpu(process.pid), time.monotonic()
            for number in range(requests):
                do(number)
            spent, took = _cpu(process.pid) - before, time.monotonic() - began
            slowest = min(slowest, requests / spent)
            print(
                f"{name:15} {requests / spent:7.0f} requests per second of one core ({requests / took:5.0f} by the clock)"
            )
    print(f"{'slowest':15} {slowest:7.0f}, wanted {WANTED_REQUESTS}: {slowest / WANTED_REQUESTS:.1f} times")
    return slowest >= WANTED_REQUESTS


@contextmanager
def _served() -> Iterator[tuple[int, subprocess.Popen[str]]]:
    command = [sys.executable, "-m", "infra.local.org", "--port", "0", "--limit", "1000000000"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            line = process.stdout.readline() if process.stdout else ""
            match = re.search(r"http://127\.0\.0\.1:(\d+)", line)
            if match is None:
                raise RuntimeError(f"the org did not start: {line!r}")
            yield int(match[1]), process
        finally:
            process.terminate()


class _Client:
    """One connection that is kept, signed in as the integration user."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self._headers: dict[str, str] = {}
        users = self._send("GET", "/__control/stack")["users"]
        self._headers = {"Authorization": f"Bearer {users[0]['access_token']}", "Content-Type": "application/json"}

    def ask(self, method: str, path: str, body: dict[str, object] | None = None) -> dict[str, str]:
        """Ask the REST API."""
        return self._send(method, f"/services/data/v66.0/{path}", body)  # type: ignore[return-value]  # JSON of the org's own

    def changed(self) -> str:
        """Ask what changed in a minute in which nothing did."""
        end = machine_clock() - timedelta(days=20)
        return (
            f"sobjects/Task/updated?start={end - timedelta(minutes=2):%Y-%m-%dT%H:%M:%SZ}&end={end:%Y-%m-%dT%H:%M:%SZ}"
        )

    def _send(self, method: str, path: str, body: dict[str, object] | None = None) -> dict[str, list[dict[str, str]]]:
        self._connection.request(method, path, json.dumps(body) if body is not None else None, self._headers)
        answer = self._connection.getresponse()
        text = answer.read()
        if answer.status >= http.HTTPStatus.BAD_REQUEST:
            raise RuntimeError(f"{method} {path}: {answer.status} {text[:200]!r}")
        return json.loads(text) if text else {}


def _cpu(pid: int) -> float:
    """Seconds of CPU that a process has used."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:  # noqa: PTH123 - a file of the kernel, read in one go
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _memory(tasks: int) -> bool:
    """Hold so many tasks as an import would bring them: each with its own subject and times, of a thousand people."""
    rng = random.Random(1)  # noqa: S311 - made-up tasks
    org = make_org(now=machine_clock, rng=rng)
    people = [org.add_user(f"user{number}@example.com", f"User {number}").id for number in range(1000)]
    transaction, now, caller = Transaction(org.state.second()), org.state.second(), org.integration_user.id
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for number in range(tasks):
        stamp = now - tasks + number
        row: Row = {
            "Id": org.state.mint.new("00T"),
            "Subject": f"Call number {number} about the renewal",
            "Status": "Not Started",
            "Priority": "Normal",
            "OwnerId": rng.choice(people),
            "TaskSubtype": "Task",
            "ActivityDate": f"2026-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}",
            "CreatedDate": stamp,
            "LastModifiedDate": stamp,
            "SystemModstamp": stamp,
            "CreatedById": caller,
            "LastModifiedById": caller,
            "IsDeleted": False,
        }
        org.state.store.put(transaction, "Task", row)
        transaction.writes.clear()
    megabytes = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    whole = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{tasks} tasks take {megabytes:.0f} MB, {megabytes * 1024 * 1024 / tasks:.0f} bytes each; the process {whole:.0f} MB"
    )
    print(f"{'memory':15} {whole:7.0f} MB, wanted at most {WANTED_MEGABYTES}")
    return whole <= WANTED_MEGABYTES


if __name__ == "__main__":
    typer.run(main)
