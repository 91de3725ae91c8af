"""How each program of others is run, once it is there: whole commands with their own start, as one runs them.

Programs that insist on Salesforce's own host names reach the org through its proxy, by two environment variables.
"""

from __future__ import annotations

import csv
import json
import os
import sqlite3
import subprocess
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import requests
from simple_salesforce.api import Salesforce

from infra.bench.stage import Org
from reminders.salesforce.rows import TASK_FIELDS

HERE: Final = Path(__file__).parent / "peers"
PASSWORD: Final = "measured1"  # noqa: S105 - opens an emulated org
TOKEN: Final = "TOKEN"  # noqa: S105 - same
RUN_SECONDS: Final = 900


def environment(org: Org) -> dict[str, str]:
    """What a program needs in order to take this org for Salesforce."""
    facts = org.control("GET", "connection")
    authority = dict.fromkeys(("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"), facts["ca_file"])
    proxy = {"HTTPS_PROXY": facts["proxy"], "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
    return {**os.environ, **authority, **proxy}


def ran(command: list[str], folder: Path, env: Mapping[str, str]) -> str:
    """Run a program; give what it wrote. Raises RuntimeError with its last words, or with why it has none."""
    try:
        done = subprocess.run(
            command, cwd=folder, env=dict(env), capture_output=True, text=True, timeout=RUN_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as why:
        raise RuntimeError(f"{' '.join(command[:6])} failed: {why}") from None
    if done.returncode:
        raise RuntimeError(f"{' '.join(command[:6])} failed: {done.stderr[-1500:]}{done.stdout[-500:]}")
    return done.stdout


def changed(since: str) -> str:
    """Give the query of all that has changed, with the very fields that we read ourselves."""
    return f"SELECT {','.join(TASK_FIELDS)} FROM Task WHERE SystemModstamp >= {since}"  # noqa: S608 - ours


def number(text: str) -> int:
    """Give the number that a program wrote last. Raises RuntimeError if it wrote none."""
    last = text.split()[-1:]
    if not last or not last[0].isdecimal():
        raise RuntimeError(f"it tells no number: {text[-300:]!r}")
    return int(last[0])


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


def bulk2(org: Org, records: Sequence[Mapping[str, str]]) -> int:
    """Update tasks by simple-salesforce's Bulk API 2.0; gives how many were."""
    with requests.Session() as session:
        bulk: Any = simple_salesforce(org, session).bulk2
        jobs = bulk.Task.update(records=[dict(each) for each in records])
    return sum(job["numberRecordsProcessed"] - job["numberRecordsFailed"] for job in jobs)


def updated(command: list[str], org: Org, folder: Path, records: Sequence[Mapping[str, str]]) -> int:
    """Hand records to a program of ours around a peer; gives how many it updated."""
    file = folder / "records.json"
    file.write_text(json.dumps(records), encoding="utf-8")
    return number(ran([*command, org.address, org.token(), str(file)], folder, os.environ))


class Sfdmu:
    """SFDMU between the org and a CSV file, which it wants to be named as the object."""

    def __init__(self, script: str, org: Org, folder: Path) -> None:
        self._script = script
        self._org = org
        self._folder = folder / "sfdmu"
        self._folder.mkdir(exist_ok=True)

    def read(self, since: str) -> int:
        """Store what has changed."""
        self._run("Readonly", changed(since), "org", "csvfile")
        with (self._folder / "Task.csv").open(encoding="utf-8", newline="") as file:
            return sum(1 for _ in csv.DictReader(file))

    def update(self, records: Sequence[Mapping[str, str]]) -> int:
        """Update tasks; it reads them first, to know which there are."""
        with (self._folder / "Task.csv").open("w", encoding="utf-8", newline="") as file:
            rows = csv.DictWriter(file, list(records[0]))
            rows.writeheader()
            rows.writerows(records)
        written = self._folder / "target" / "Task_update_target.csv"
        written.unlink(missing_ok=True)
        self._run("Update", "SELECT Id, Description FROM Task", "csvfile", "org")
        with written.open(encoding="utf-8", newline="") as file:
            return sum(not row["Errors"] for row in csv.DictReader(file))

    def _run(self, operation: str, query: str, source: str, target: str) -> None:
        job = {
            "orgs": [{"name": "org", "instanceUrl": self._org.address, "accessToken": self._org.token()}],
            "objects": [{"query": query, "operation": operation, "externalId": "Id"}],
            "apiVersion": "66.0",
        }
        (self._folder / "export.json").write_text(json.dumps(job), encoding="utf-8")
        command = ["node", self._script, "--sourceusername", source, "--targetusername", target]
        ran([*command, "--path", str(self._folder), "--noprompt", "--silent"], self._folder, os.environ)


def dlt(python: Path, org: Org, folder: Path, since: str) -> int:
    """Store what has changed by dlt; gives how many tasks."""
    command = [str(python), str(HERE / "dlt_tasks.py"), org.address, org.token(), changed(since)]
    return number(ran(command, folder, {**os.environ, "RUNTIME__DLTHUB_TELEMETRY": "false"}))


def ingestr(python: Path, org: Org, folder: Path, since: str) -> int:
    """Store what has changed by ingestr; gives how many tasks are stored."""
    facts = org.control("GET", "connection")
    domain = facts["my_domain"].removeprefix("https://").removesuffix(".salesforce.com")
    source = f"salesforce://?username={facts['username']}&password={PASSWORD}&token={TOKEN}&domain={domain}"
    database = folder / "ingestr.db"
    command = [str(python.with_name("ingestr")), "ingest", "--yes", "--progress", "log"]
    command += ["--source-uri", source, "--source-table", "task", "--interval-start", since]
    command += ["--dest-uri", f"sqlite:///{database}", "--dest-table", "main.task"]
    ran(command, folder, {**environment(org), "INGESTR_DISABLE_TELEMETRY": "true", "TELEMETRY_DISABLED": "true"})
    with sqlite3.connect(database) as stored:
        return int(stored.execute("SELECT count(*) FROM task").fetchone()[0])


class Tap:
    """The Singer tap, as a target of JSON lines would take it: the catalog is discovered once, the bookmark is `since`."""

    def __init__(self, python: Path, org: Org, folder: Path) -> None:
        self._python = python
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
        command = [str(self._python.with_name("tap-salesforce")), "--config", "config.json", *arguments]
        return ran(command, self._folder, environment(self._org))
