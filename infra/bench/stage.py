"""What is measured on: the emulated org over HTTP, a ledger, and a clock that both sides share.

The org is a process of its own, as Salesforce would be; its call log is what counts API calls. The ledger is the one in memory of the
tests, or ours on DynamoDB Local.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, Final

import requests
from fakes.memory_hints import MemoryHints

from infra.local import dynamodb
from reminders.core.settings import User
from reminders.ledger.tables import Tables, open_ledger
from reminders.ports import Ledger, World
from reminders.salesforce.client import Credentials, SalesforceOrg, connect

PER_CALL: Final = 200
"""Records of one composite collection."""

SETTLED: Final = 120
"""Seconds after which a change is in the replication API's range for sure: it drops the seconds of both bounds (I3)."""

DATA: Final = "/services/data/v66.0"

_numbers = count(1)


class ShiftedClock:
    """The `Clock` port: the machine's clock, ahead by what the org was told to be ahead. Sleeping is real."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> datetime:
        """Now: aware UTC, whole seconds."""
        return (datetime.now(UTC) + self.ahead).replace(microsecond=0)

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


@dataclass
class Org:
    """A running org, and what people do in it. `tasks`: the ids of those made here."""

    address: str
    pid: int
    clock: ShiftedClock = field(default_factory=ShiftedClock)
    tasks: list[str] = field(default_factory=list)
    _session: requests.Session = field(default_factory=requests.Session)
    _people: dict[str, Any] = field(default_factory=dict)

    @property
    def people(self) -> dict[str, Any]:
        """What `/__control/stack` says: users with tokens, the app's key and secret."""
        if not self._people:
            self._people = self.control("GET", "stack")
        return self._people

    @property
    def sellers(self) -> list[dict[str, Any]]:
        """The salespeople who sync."""
        return [each for each in self.people["users"] if each["role"] == "sales" and "nosync" not in each["username"]]

    def control(self, method: str, name: str, body: dict[str, object] | None = None) -> Any:  # noqa: ANN401 - any JSON
        """Ask the control resource."""
        answer = self._session.request(method, f"{self.address}/__control/{name}", json=body, timeout=300)
        answer.raise_for_status()
        return answer.json()

    def token(self) -> str:
        """An access token of the integration user, for programs that take one."""
        found = next(each for each in self.people["users"] if each["role"] == "integration")
        return str(found["access_token"])

    def client(self) -> SalesforceOrg:
        """Our own client of this org, not signed in yet."""
        people = self.people
        return connect(
            Credentials(
                url=self.address, consumer_key=people["consumer_key"], consumer_secret=people["consumer_secret"]
            )
        )

    def calls(self) -> int:
        """API calls that have counted so far."""
        return int(self.control("GET", "calls")["used"])

    def later(self, seconds: float = SETTLED) -> None:
        """Let time pass, there and here."""
        self.control("POST", "clock", {"advance": seconds})
        self.clock.ahead += timedelta(seconds=seconds)

    def create(self, number: int) -> list[str]:
        """Have an administrator create so many open tasks of usual size, the salespeople's in turn."""
        sellers = [each["user_id"] for each in self.sellers]
        records: list[dict[str, object]] = [
            {
                "Subject": f"Call number {position} about the renewal",
                "OwnerId": sellers[position % len(sellers)],
                "ActivityDate": f"2026-12-{position % 28 + 1:02d}",
                "Description": f"Agreed to speak again after the board has met.\nReference {position:06d}.",
            }
            for position in range(number)
        ]
        made = self._write("POST", records)
        self.tasks += made
        return made

    def change(self, task_ids: Sequence[str], words: str) -> None:
        """Have an administrator change these tasks, each in its own way."""
        self._write("PATCH", [{"Id": each, "Description": f"{words} {each}"} for each in task_ids])

    def _write(self, method: str, records: Sequence[dict[str, object]]) -> list[str]:
        admin = next(each for each in self.people["users"] if each["admin"])
        headers = {"Authorization": f"Bearer {admin['access_token']}"}
        done: list[str] = []
        for start in range(0, len(records), PER_CALL):
            body = [{"attributes": {"type": "Task"}, **each} for each in records[start : start + PER_CALL]]
            answer = self._session.request(
                method, f"{self.address}{DATA}/composite/sobjects", json={"records": body}, headers=headers, timeout=300
            )
            results = answer.json()
            if not all(each["success"] for each in results):
                raise RuntimeError(f"not written: {results}")
            done += [each["id"] for each in results]
        return done


@contextmanager
def running_org(*arguments: str, users: int = 3) -> Iterator[Org]:
    """Have an org without tasks for as long as this lasts; nothing is limited there."""
    command = [sys.executable, "-m", "infra.local.org", "--port", "0", "--limit", "1000000000", "--tasks", "0"]
    command += ["--users", str(users), "--no-webhooks", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            line = process.stdout.readline() if process.stdout else ""
            match = re.search(r"http://127\.0\.0\.1:\d+", line)
            if match is None:
                raise RuntimeError(f"the org did not start: {line!r}")
            yield Org(match[0], process.pid)
        finally:
            process.terminate()


def world(org: Org, ledger: Ledger) -> World:
    """Our world on this org and ledger, in which every salesperson syncs. The queue is one in memory."""
    for each in org.sellers:
        if not ledger.users([each["user_id"]]):
            ledger.save_user(User(id=each["user_id"], name=each["name"], syncs=True, read_at=org.clock.now()))
    return World(ledger=ledger, org=org.client(), hints=MemoryHints(), clock=org.clock)


@dataclass(frozen=True)
class Stored:
    """Our ledger on tables of its own; `client` is the one that it asks by, `names` are its tables'."""

    ledger: Tables
    client: Any
    names: dynamodb.TableNames


def use_dynamodb(address: str) -> None:
    """Let this process ask this DynamoDB Local."""
    os.environ |= {
        "AWS_ENDPOINT_URL_DYNAMODB": address,
        "AWS_ACCOUNT_ID_ENDPOINT_MODE": "disabled",
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": "eu-central-1",
    }
    os.environ.pop("AWS_PROFILE", None)


def on_dynamodb() -> Stored:
    """Make fresh tables on the DynamoDB Local that the environment names, and our ledger on them as the functions open it."""
    number = next(_numbers)
    names = dynamodb.TableNames(
        reminders=f"bench-reminders-{number}",
        links=f"bench-links-{number}",
        history=f"bench-history-{number}",
        state=f"bench-state-{number}",
    )
    dynamodb.create_tables(**names)
    ledger = open_ledger(**names)
    return Stored(ledger, ledger._items.connection.client, names)  # noqa: SLF001 - what is measured is this client


def timed(size: int, do: Callable[[], object]) -> Callable[[], float]:
    """Give a function that does it, and tells how many of `size` per second that was."""

    def measured() -> float:
        began = time.perf_counter()
        do()
        return size / (time.perf_counter() - began)

    return measured
