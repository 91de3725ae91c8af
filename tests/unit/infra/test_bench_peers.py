"""The programs beside which `make bench` measures: where they are pointed, what they are told, and what becomes of one that fails.

The programs themselves are not here: what stands in for one writes down how it was run.
"""

from __future__ import annotations

import json
import os
import sqlite3
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests

from infra.bench import programs
from infra.bench.rivals import AIO_SF, DLT, INGESTR, JSFORCE, SFDMU, TAP, Peers
from infra.bench.stage import DATA, Org, running_org
from reminders.salesforce.rows import TASK_FIELDS

SINCE = "2026-11-26T20:00:00Z"
RECORDS = [{"Id": "00T000000000001AAA", "Description": "once"}, {"Id": "00T000000000002AAA", "Description": "twice"}]
FACTS = {
    "my_domain": "https://acme.my.salesforce.com",
    "username": "integration@acme.example",
    "proxy": "http://127.0.0.1:9",
    "ca_file": "/ca.pem",
    "consumer_key": "key",
    "consumer_secret": "secret",
    "refresh_token": "refresh",
}


class Pretended(Org):
    """An org that says how to reach it, and is not there."""

    def token(self) -> str:
        """The integration user's."""
        return "TOKEN OF THE ORG"

    def control(self, method: str, name: str, body: dict[str, object] | None = None) -> Any:
        """What `/__control/connection` says."""
        assert (method, name) == ("GET", "connection")
        return FACTS


@dataclass
class Ran:
    """How programs were run. `answers` writes what a program would, and gives what it prints."""

    answers: Callable[[list[str]], str] = lambda _: "2"
    commands: list[list[str]] = field(default_factory=list)
    environments: list[Mapping[str, str]] = field(default_factory=list)

    def __call__(self, command: list[str], folder: Path, env: Mapping[str, str]) -> str:
        """Take the place of `programs.ran`."""
        self.commands.append(command)
        self.environments.append(env)
        return self.answers(command)


@pytest.fixture
def org() -> Org:
    """An org on this machine."""
    return Pretended("http://127.0.0.1:8100", 0)


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> Ran:
    """No program is run, and how it would have been is written down."""
    pretended = Ran()
    monkeypatch.setattr(programs, "ran", pretended)
    return pretended


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Org]:
    """The emulated org, as peers are given it, with two tasks."""
    with running_org(*Peers().org_arguments(tmp_path_factory.mktemp("authority"))) as found:
        found.create(2)
        yield found


def executable(file: Path, script: str) -> None:
    """Write a program."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    file.chmod(0o755)


def peers(folder: Path, org: Org) -> tuple[Peers, set[str]]:
    """Ask for all peers; gives the names of those that could be had."""
    asked = Peers(place=folder / "programs")
    return asked, {*asked.inbound(org, folder), *asked.outbound(org, folder)}


def test_peers_that_cannot_be_had_are_named_with_the_reason(
    org: Org, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine without uv and npm measures ours beside what our own environment holds, and says who is missing."""
    monkeypatch.setenv("PATH", str(tmp_path))
    asked, there = peers(tmp_path, org)

    assert there == {"simple-salesforce, Bulk API 2.0"}
    assert set(asked.absent.values()) == {"uv is not installed", "npm is not installed"}
    assert {JSFORCE, SFDMU, "dlt", "ingestr", "tap-salesforce", "aio-sf"} == set(asked.absent)


def test_a_registry_that_refuses_is_quoted(org: Org, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever reads the result must see whether a peer lost or was not there, and why."""
    for name in ("uv", "npm"):
        executable(tmp_path / name, "echo no such package >&2; exit 1")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    asked, there = peers(tmp_path, org)

    assert there == {"simple-salesforce, Bulk API 2.0"}
    assert set(asked.absent.values()) == {"it could not be fetched: no such package\n"}


def test_a_registry_that_never_answers_is_named(org: Org, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It must not end the run, and with it what was measured before."""
    for name in ("uv", "npm"):
        executable(tmp_path / name, "exec sleep 60")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr("infra.bench.rivals.FETCH_SECONDS", 0.05)
    asked, there = peers(tmp_path, org)

    assert there == {"simple-salesforce, Bulk API 2.0"}
    assert set(asked.absent.values()) == {"it could not be fetched within 0.05 s"}


def test_peers_are_fetched_at_the_versions_that_are_pinned(
    org: Org, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is compared with is one version for all who measure, each fetched once in a run."""
    for name in ("uv", "npm"):
        executable(tmp_path / name, f'echo "$@" >> {tmp_path}/asked')
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    asked, there = peers(tmp_path, org)
    fetched = [line.split()[-1] for line in (tmp_path / "asked").read_text().splitlines() if "install" in line]

    assert asked.absent == {}
    assert len(there) == 8
    assert sorted(fetched) == sorted([AIO_SF, DLT, INGESTR, JSFORCE, SFDMU, TAP])
    assert all("==" in each or "@" in each for each in fetched)


def test_no_peers_are_fetched_unless_wanted(org: Org, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--no-peers` asks nobody."""
    monkeypatch.setenv("PATH", str(tmp_path))
    asked = Peers(wanted=False, place=tmp_path)

    assert (asked.inbound(org, tmp_path), asked.outbound(org, tmp_path), asked.org_arguments(tmp_path)) == ({}, {}, [])
    assert asked.absent == {}


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("echo wrong password >&2; exit 1", "wrong password"),
        ("exec sleep 60", "timed out"),
        ("echo done", "it tells no number: 'done"),
        ("true", "it tells no number: ''"),
        (None, "No such file"),
    ],
)
def test_a_peer_that_does_not_run_is_named(
    script: str | None, why: str, org: Org, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that fails, hangs, prints something else, or has no interpreter is left out; the run goes on."""
    monkeypatch.setattr(programs, "RUN_SECONDS", 0.2)
    if script:
        executable(tmp_path / "peer", script)
    asked = Peers(place=tmp_path)

    assert not asked.runs("peer", lambda: programs.updated([str(tmp_path / "peer")], org, tmp_path, RECORDS))
    assert why in asked.absent["peer"]


def test_a_peer_that_runs_is_kept(org: Org, tmp_path: Path) -> None:
    """Its first run is only a try."""
    executable(tmp_path / "peer", "echo warning; echo 2")
    asked = Peers(place=tmp_path)

    assert asked.runs("peer", lambda: programs.updated([str(tmp_path / "peer")], org, tmp_path, RECORDS))
    assert asked.absent == {}


def test_dlt_is_pointed_at_the_org_and_reads_what_we_read(org: Org, ran: Ran, tmp_path: Path) -> None:
    """A peer that read fewer fields would be given a start; this one read one fewer."""
    assert programs.dlt(Path("/python"), org, tmp_path, SINCE) == 2
    [[*_, address, token, query]] = ran.commands

    assert (address, token) == ("http://127.0.0.1:8100", "TOKEN OF THE ORG")
    assert query.split(" FROM ") == [f"SELECT {','.join(TASK_FIELDS)}", f"Task WHERE SystemModstamp >= {SINCE}"]
    assert ran.environments[0]["RUNTIME__DLTHUB_TELEMETRY"] == "false"


def test_ingestr_is_pointed_at_the_org(org: Org, ran: Ran, tmp_path: Path) -> None:
    """By its user's name and its own domain, which only the proxy leads to this org; what counts is what it stored."""

    def stores(_: list[str]) -> str:
        with sqlite3.connect(tmp_path / "ingestr.db") as stored:
            stored.execute("CREATE TABLE task (id)")
            stored.execute("INSERT INTO task VALUES (1), (2), (3)")
        return ""

    ran.answers = stores

    assert programs.ingestr(Path("/bin/python"), org, tmp_path, SINCE) == 3
    [command] = ran.commands
    source = command[command.index("--source-uri") + 1]
    assert source.startswith(f"salesforce://?username={FACTS['username']}&")
    assert source.endswith("&domain=acme.my")
    assert command[command.index("--interval-start") + 1] == SINCE
    assert ran.environments[0]["HTTPS_PROXY"] == FACTS["proxy"]
    assert ran.environments[0]["REQUESTS_CA_BUNDLE"] == FACTS["ca_file"]


def test_the_tap_is_pointed_at_the_org(org: Org, ran: Ran, tmp_path: Path) -> None:
    """By the app's key and a refresh token; it discovers once, takes up at the bookmark, and its records are counted."""
    catalog = {"streams": [{"stream": "Task", "metadata": [{"breadcrumb": [], "metadata": {}}]}]}
    lines = ['{"type": "SCHEMA"}', '{"type": "RECORD"}', '{"type": "RECORD"}', '{"type": "STATE"}']
    ran.answers = lambda command: json.dumps(catalog) if "--discover" in command else "\n".join(lines)
    tap = programs.Tap(Path("/bin/python"), org, tmp_path)

    assert [tap(SINCE), tap(SINCE)] == [2, 2]
    assert sum("--discover" in each for each in ran.commands) == 1
    config = json.loads((tmp_path / "config.json").read_text())
    assert {config[name] for name in ("client_id", "client_secret", "refresh_token")} == {"key", "secret", "refresh"}
    state = json.loads((tmp_path / "state.json").read_text())
    assert state["bookmarks"]["Task"]["SystemModstamp"] == SINCE
    [stream] = json.loads((tmp_path / "catalog.json").read_text())["streams"]
    assert stream["metadata"][0]["metadata"]["replication-key"] == "SystemModstamp"
    assert all(each["HTTPS_PROXY"] == FACTS["proxy"] for each in ran.environments)


def test_sfdmu_is_pointed_at_the_org(org: Org, ran: Ran, tmp_path: Path) -> None:
    """By the address and token in its job; rows that it read and rows that it wrote without an error are counted."""
    folder = tmp_path / "sfdmu"

    def writes(command: list[str]) -> str:
        (folder / "target").mkdir(exist_ok=True)
        if "csvfile" in command[command.index("--targetusername") :]:
            (folder / "Task.csv").write_text("Id\n1\n2\n3\n")
        else:
            (folder / "target" / "Task_update_target.csv").write_text("Id,Errors\n1,\n2,STORAGE_LIMIT_EXCEEDED\n")
        return ""

    ran.answers = writes
    sfdmu = programs.Sfdmu("/run.cjs", org, tmp_path)

    assert sfdmu.read(SINCE) == 3
    read = json.loads((folder / "export.json").read_text())
    assert sfdmu.update(RECORDS) == 1
    written = json.loads((folder / "export.json").read_text())
    for job in (read, written):
        [where] = job["orgs"]
        assert (where["instanceUrl"], where["accessToken"]) == ("http://127.0.0.1:8100", "TOKEN OF THE ORG")
    assert read["objects"][0]["query"] == programs.changed(SINCE)
    assert written["objects"][0]["operation"] == "Update"


def test_our_script_around_aio_sf_counts_what_it_updated(org: Org, tmp_path: Path) -> None:
    """A record that was refused is not counted, and then the run says so; the peer's client is one of the same shape."""
    (tmp_path / "aio_sf.py").write_text("""
StaticTokenAuth = lambda address, token: (address, token)
class SalesforceClient:
    def __init__(self, auth, version):
        self.auth, self.collections = auth, self
    async def __aenter__(self): return self
    async def __aexit__(self, *why): pass
    async def update(self, records, kind, all_or_none):
        assert (self.auth, kind, all_or_none) == (("http://127.0.0.1:8100", "TOKEN OF THE ORG"), "Task", False)
        return [{"success": record["Description"] == "twice"} for record in records]
""")
    command = ["env", f"PYTHONPATH={tmp_path}", sys.executable, str(programs.HERE / "aio_sf_update.py")]

    assert programs.updated(command, org, tmp_path, RECORDS) == 1


def test_programs_that_know_only_salesforce_reach_this_org_and_are_counted(
    running: Org, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the two variables alone, at Salesforce's own host name over TLS; each request counts as one API call."""
    for name, value in programs.environment(running).items():
        monkeypatch.setenv(name, value)
    address = f"{running.control('GET', 'connection')['my_domain']}{DATA}/sobjects/Task/{running.tasks[0]}"
    before = running.calls()
    answer = requests.get(address, headers={"Authorization": f"Bearer {running.token()}"}, timeout=30)

    assert answer.json()["Id"] == running.tasks[0]
    assert running.calls() - before == 1


def test_simple_salesforce_is_pointed_at_the_org_and_counted(running: Org) -> None:
    """It builds https addresses only, and a local org speaks plain HTTP."""
    before = running.calls()
    with requests.Session() as session:
        api: Any = programs.simple_salesforce(running, session)
        task = api.Task.get(running.tasks[1])

    assert task["Id"] == running.tasks[1]
    assert running.calls() - before == 1
