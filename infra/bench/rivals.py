"""Programs that people use for this today, each in an environment of its own outside our lock, pinned, run as it comes.

One that cannot be had here is told of by name, with the reason, and left out. Programs that insist on Salesforce's own host names reach
the org through its proxy, by two environment variables.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import requests
from simple_salesforce.api import Salesforce

from infra.bench.stage import Org

HERE: Final = Path(__file__).parent / "peers"
DLT: Final = "dlt[duckdb]==1.31.0"
INGESTR: Final = "ingestr==0.15.9"  # the last that is Python; later ones fetch a program
TAP: Final = "tap-salesforce==2.8.1"
AIO_SF: Final = "aio-sf==0.1.0b14"
JSFORCE: Final = "jsforce@3.10.16"  # later ones want Node 22
PASSWORD: Final = "measured1"  # noqa: S105 - opens an emulated org
TOKEN: Final = "TOKEN"  # noqa: S105 - same
FETCH_SECONDS: Final = 300
RUN_SECONDS: Final = 900

Run = Callable[[str], int]
"""Reads what has changed since an ISO time and stores it; gives how many tasks."""

Send = Callable[[Sequence[Mapping[str, str]]], int]
"""Updates these tasks (`Id` and fields); gives how many were updated."""


@dataclass
class Peers:
    """The peers that are wanted; `absent` says which could not be had, and why. `wanted` False: none."""

    wanted: bool = True
    absent: dict[str, str] = field(default_factory=dict)

    def org_arguments(self, folder: Path) -> list[str]:
        """Give the options of an org that they can reach."""
        if not self.wanted:
            return []
        return [
            "--proxy-port",
            "0",
            "--ca-file",
            str(folder / "ca.pem"),
            "--password",
            PASSWORD,
            "--security-token",
            TOKEN,
        ]

    def inbound(self, org: Org, folder: Path) -> dict[str, Run]:
        """Give those that read tasks and store them."""
        if not self.wanted:
            return {}
        found: dict[str, Run] = {}
        if self._fetched(
            f"dlt {DLT}", ["uv", "run", "--no-project", "--with", DLT, "python", "-c", "import dlt, duckdb"]
        ):
            found["dlt, into DuckDB"] = lambda since: _dlt(org, folder, since)
        if self._fetched(INGESTR, ["uv", "tool", "run", "--from", INGESTR, "ingestr", "--version"]):
            found["ingestr 0.15.9, into SQLite"] = lambda since: _ingestr(org, folder, since)
        if self._fetched(TAP, ["uv", "tool", "run", "--from", TAP, "tap-salesforce", "--help"]):
            found["Singer tap-salesforce, into JSON lines"] = _Tap(org, folder)
        return found

    def outbound(self, org: Org, folder: Path) -> dict[str, Send]:
        """Give those that update tasks."""
        if not self.wanted:
            return {}
        found: dict[str, Send] = {"simple-salesforce, Bulk API 2.0": lambda records: _bulk2(org, records)}
        python = ["uv", "run", "--offline", "--no-project", "--with", AIO_SF, "python"]
        if self._fetched(AIO_SF, ["uv", "run", "--no-project", "--with", AIO_SF, "python", "-c", "import aio_sf"]):
            command = [*python, str(HERE / "aio_sf_update.py")]
            found["aio-sf, collections"] = lambda records: _updated(command, org, folder, records)
        npm = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(folder)]
        if self._fetched(JSFORCE, [*npm, JSFORCE]):
            script = str(shutil.copy(HERE / "jsforce_update.mjs", folder))  # it finds packages beside itself
            found["jsforce, collections"] = lambda records: _updated(["node", script], org, folder, records)
        return found

    def _fetched(self, name: str, command: list[str]) -> bool:
        if shutil.which(command[0]) is None:
            self.absent[name] = f"{command[0]} is not installed"
            return False
        done = subprocess.run(command, capture_output=True, text=True, timeout=FETCH_SECONDS, check=False)
        if done.returncode:
            self.absent[name] = f"it could not be fetched: {done.stderr[-300:]}"
        return not done.returncode


def environment(org: Org) -> dict[str, str]:
    """What a program needs in order to take this org for Salesforce."""
    facts = org.control("GET", "connection")
    authority = dict.fromkeys(("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"), facts["ca_file"])
    proxy = {"HTTPS_PROXY": facts["proxy"], "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
    return {**os.environ, **authority, **proxy}


def ran(command: list[str], folder: Path, env: Mapping[str, str]) -> str:
    """Run a program; give what it wrote. Raises RuntimeError with its last words."""
    done = subprocess.run(
        command, cwd=folder, env=dict(env), capture_output=True, text=True, timeout=RUN_SECONDS, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command[:6])} failed: {done.stderr[-1500:]}{done.stdout[-500:]}")
    return done.stdout


def plainly(session: requests.Session) -> requests.Session:
    """Lead a session to the plain HTTP of a local org: simple-salesforce builds https addresses only."""
    adapter = session.get_adapter("http://")

    class Plain(requests.adapters.HTTPAdapter):
        def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:  # noqa: ANN401 - handed on
            request.url = (request.url or "").replace("https:", "http:", 1)
            return adapter.send(request, *args, **kwargs)

    session.mount("https://", Plain())
    return session


def simple_salesforce(org: Org, session: requests.Session) -> Salesforce:
    """Give simple-salesforce's client, signed in."""
    address = org.address.replace("http:", "https:")
    return Salesforce(instance_url=address, session_id=org.token(), version="66.0", session=plainly(session))


def _bulk2(org: Org, records: Sequence[Mapping[str, str]]) -> int:
    with requests.Session() as session:
        bulk: Any = simple_salesforce(org, session).bulk2
        jobs = bulk.Task.update(records=[dict(each) for each in records])
    return sum(job["numberRecordsProcessed"] - job["numberRecordsFailed"] for job in jobs)


def _updated(command: list[str], org: Org, folder: Path, records: Sequence[Mapping[str, str]]) -> int:
    file = folder / "records.json"
    file.write_text(json.dumps(records), encoding="utf-8")
    return int(ran([*command, org.address, org.token(), str(file)], folder, os.environ).split()[-1])


def _dlt(org: Org, folder: Path, since: str) -> int:
    script = str(HERE / "dlt_tasks.py")
    command = [
        "uv",
        "run",
        "--offline",
        "--no-project",
        "--with",
        DLT,
        "python",
        script,
        org.address,
        org.token(),
        since,
    ]
    return int(ran(command, folder, {**os.environ, "RUNTIME__DLTHUB_TELEMETRY": "false"}).split()[-1])


def _ingestr(org: Org, folder: Path, since: str) -> int:
    facts = org.control("GET", "connection")
    domain = facts["my_domain"].removeprefix("https://").removesuffix(".salesforce.com")
    source = f"salesforce://?username={facts['username']}&password={PASSWORD}&token={TOKEN}&domain={domain}"
    database = folder / "ingestr.db"
    command = ["uv", "tool", "run", "--offline", "--from", INGESTR, "ingestr", "ingest", "--yes", "--progress", "log"]
    command += ["--source-uri", source, "--source-table", "task", "--interval-start", since]
    command += ["--dest-uri", f"sqlite:///{database}", "--dest-table", "main.task"]
    ran(command, folder, {**environment(org), "INGESTR_DISABLE_TELEMETRY": "true", "TELEMETRY_DISABLED": "true"})
    import sqlite3  # noqa: PLC0415 - only to look at what it stored

    with sqlite3.connect(database) as stored:
        return int(stored.execute("SELECT count(*) FROM task").fetchone()[0])


class _Tap:
    """The Singer tap, as a target of JSON lines would take it: the catalog is discovered once, the bookmark is `since`."""

    def __init__(self, org: Org, folder: Path) -> None:
        self._org = org
        self._folder = folder
        self._catalog: dict[str, Any] | None = None

    def __call__(self, since: str) -> int:
        """Sync once."""
        if self._catalog is None:
            self._discover(since)
        state = {"bookmarks": {"Task": {"SystemModstamp": since, "version": None}}}
        (self._folder / "state.json").write_text(json.dumps(state), encoding="utf-8")
        lines = self._tap("--properties", "catalog.json", "--state", "state.json")
        (self._folder / "tasks.jsonl").write_text(lines, encoding="utf-8")
        return lines.count('"type": "RECORD"')

    def _discover(self, since: str) -> None:
        facts = self._org.control("GET", "connection")
        config = {
            "refresh_token": facts["refresh_token"],
            "client_id": facts["consumer_key"],
            "client_secret": facts["consumer_secret"],
            "start_date": datetime.fromisoformat(since).isoformat(),
            "api_type": "REST",
            "select_fields_by_default": True,
        }
        (self._folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
        found = json.loads(self._tap("--discover"))
        replication = {"selected": True, "replication-method": "INCREMENTAL", "replication-key": "SystemModstamp"}
        for stream in found["streams"]:
            for entry in stream["metadata"]:
                if stream["stream"] == "Task" and not entry["breadcrumb"]:
                    entry["metadata"] |= replication
        self._catalog = found
        (self._folder / "catalog.json").write_text(json.dumps(found), encoding="utf-8")

    def _tap(self, *arguments: str) -> str:
        command = [
            "uv",
            "tool",
            "run",
            "--offline",
            "--from",
            TAP,
            "tap-salesforce",
            "--config",
            "config.json",
            *arguments,
        ]
        return ran(command, self._folder, environment(self._org))
