"""The Salesforce client against the emulated org as a process of its own: as in the local stack, over plain http on loopback."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests

from reminders.core.problems import Kind
from reminders.ports import Change, OrgUnavailable
from reminders.salesforce.client import Credentials, connect

ROOT = Path(__file__).parents[2]
_ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+")


@pytest.fixture(scope="module")
def served() -> Iterator[str]:
    """An emulated org's address; the process ends with the module."""
    arguments = ("--port", "0", "--tasks", "20", "--consumer-key", "the-key", "--consumer-secret", "the-secret")
    command = [sys.executable, "-m", "infra.local.org", *arguments]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 -- our own
        assert process.stdout
        try:
            line = process.stdout.readline()
            address = _ADDRESS.search(line)
            assert address, f"the emulated org did not start: {line!r}"
            yield address[0]
        finally:
            process.terminate()


@pytest.fixture
def credentials(served: str) -> Iterator[Credentials]:
    """Its client credentials; what a test armed is disarmed after it."""
    yield Credentials(url=served, consumer_key="the-key", consumer_secret="the-secret", read_timeout=2.0)
    requests.delete(f"{served}/__control/faults", timeout=5).raise_for_status()


def _arm(url: str, kind: str, match: str, **more: object) -> None:
    fault = {"kind": kind, "match": match, **more}
    requests.post(f"{url}/__control/faults", json=fault, timeout=5).raise_for_status()


def test_a_tasks_whole_life_over_http(credentials: Credentials) -> None:
    """Create, read, change, list, delete: every verb's path, encoding and headers through real sockets."""
    org = connect(credentials)
    start = org.now()
    (created,) = org.create([{"Subject": "Ring \U0001f4de \u202bשלום\u202c", "Description": "a\r\nb", "WhoId": None}])
    assert created.id
    task = org.read([created.id]).tasks[created.id]
    assert (task.subject, task.description, task.owner) == ("Ring \U0001f4de \u202bשלום\u202c", "a\r\nb", org.me())
    (changed,) = org.update([Change(task_id=task.id, fields={"Subject": "later"}, unmodified_since=task.stamp)])
    assert changed.failure is None
    assert task.id in org.open_tasks(org.me(), start)
    (stale,) = org.update([Change(task_id=task.id, fields={}, unmodified_since=task.stamp - timedelta(days=1))])
    assert stale.failure
    assert stale.failure.kind is Kind.STALE
    assert org.delete([task.id])[0].failure is None
    assert org.read([task.id]).tasks[task.id].is_deleted
    requests.post(f"{credentials.url}/__control/clock", json={"advance": 120}, timeout=5).raise_for_status()
    end = org.now()
    assert task.id in dict(org.deleted(end - timedelta(minutes=5), end).records)
    assert task.id not in org.updated(end - timedelta(minutes=5), end).ids


def test_the_limits_of_a_batch_pass_a_real_server(credentials: Credentials) -> None:
    """A read of 500 ids, a create and a delete of 200: the longest URI and the largest bodies that we send."""
    org = connect(credentials)
    ids = [outcome.id or "" for outcome in org.create([{"Subject": f"t{number}"} for number in range(200)])]
    padding = [f"00T{number:012d}EAA" for number in range(300)]
    assert set(org.read(ids + padding).tasks) == set(ids)
    assert {outcome.id for outcome in org.delete(ids)} == set(ids)


def test_the_clock_is_the_orgs_not_ours(credentials: Credentials) -> None:
    """I3: an org whose clock is ahead of ours is asked in its own time."""
    requests.post(f"{credentials.url}/__control/clock", json={"advance": 7200}, timeout=5).raise_for_status()
    assert connect(credentials).now() > datetime.now(UTC) + timedelta(minutes=119)


def test_a_lost_answer_over_http_is_unknown_and_the_task_is_there(credentials: Credentials) -> None:
    """O2: the server closes the socket after the commit."""
    org = connect(credentials)
    _arm(credentials.url, "lost", "POST .*/composite/sobjects")
    with pytest.raises(OrgUnavailable) as caught:
        org.create([{"Subject": "x", "Reminder_Id__c": "lost-0"}])
    assert caught.value.failure.kind is Kind.UNKNOWN
    (outcome,) = org.delete([org.find(["lost-0"]).tasks["lost-0"].id])
    assert outcome.failure is None


def test_a_slow_answer_over_http_times_out(credentials: Credentials) -> None:
    """O2: a real socket's time-out, not a simulated one."""
    org = connect(replace(credentials, read_timeout=0.3))
    org.me()
    _arm(credentials.url, "slow", "POST .*/composite/sobjects", seconds=1.5)
    with pytest.raises(OrgUnavailable, match="TIMEOUT") as caught:
        org.create([{"Subject": "x"}])
    assert caught.value.failure.kind is Kind.UNKNOWN


def test_a_session_that_ended_is_renewed_over_http(credentials: Credentials) -> None:
    """O3: sign-in, 401, sign-in again, each on the loopback address although the library asks Salesforce's hosts."""
    org = connect(credentials)
    org.statuses()
    requests.post(f"{credentials.url}/__control/sessions", json={}, timeout=5).raise_for_status()
    assert org.statuses()
