"""Singer's tap-salesforce, as it comes from PyPI: it discovers the org, then syncs Task incrementally, twice."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
import requests
from clients.conftest import World, missing

TAP = ["--from", "tap-salesforce==2.8.1", "tap-salesforce"]


def run(world: World, folder: Path, *arguments: str) -> str:
    """Run the tap; gives what it wrote."""
    ran = subprocess.run(  # noqa: S603 - a pinned program
        [  # noqa: S607 - found on PATH
            "uv",
            "tool",
            "run",
            "--offline",
            *TAP,
            "--config",
            "config.json",
            *arguments,
        ],
        cwd=folder,
        env=world.environment,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    return ran.stdout


@pytest.fixture
def tap(world: World, tmp_path: Path) -> Path:
    """A folder with the tap's configuration, after its first contact with the registry."""
    if shutil.which("uv") is None:
        missing("uv is not installed: the Singer tap is not tried")
    command = ["uv", "tool", "run", *TAP, "--help"]
    fetched = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)  # noqa: S603 - pinned
    if fetched.returncode:
        missing(f"tap-salesforce could not be fetched: {fetched.stderr[-500:]}")
    config = {
        "refresh_token": world.facts["refresh_token"],
        "client_id": world.facts["consumer_key"],
        "client_secret": world.facts["consumer_secret"],
        "start_date": "2020-01-01T00:00:00Z",
        "api_type": "REST",
        "select_fields_by_default": True,
    }
    (tmp_path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    return tmp_path


@pytest.mark.timeout(300)
def test_two_syncs(world: World, tap: Path) -> None:
    """The first brings every task, deleted ones too; the second only what has changed since the bookmark."""
    catalog = json.loads(run(world, tap, "--discover"))
    for stream in catalog["streams"]:
        for entry in stream["metadata"]:
            if stream["stream"] == "Task" and not entry["breadcrumb"]:
                entry["metadata"] |= {
                    "selected": True,
                    "replication-method": "INCREMENTAL",
                    "replication-key": "SystemModstamp",
                }
    (tap / "catalog.json").write_text(json.dumps(catalog), encoding="utf-8")
    base = f"{world.address}/services/data/v66.0"
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {world.control('GET', 'stack').json()['users'][0]['access_token']}"
    count = session.get(f"{base}/queryAll", params={"q": "SELECT COUNT() FROM Task"}, timeout=10).json()["totalSize"]

    first = [json.loads(line) for line in run(world, tap, "--properties", "catalog.json").splitlines()]
    rows = [each["record"] for each in first if each["type"] == "RECORD"]
    assert len({row["Id"] for row in rows}) == count
    state = [each["value"] for each in first if each["type"] == "STATE"][-1]
    bookmark = state["bookmarks"]["Task"]["SystemModstamp"]
    assert bookmark == max(row["SystemModstamp"] for row in rows)
    (tap / "state.json").write_text(json.dumps(state), encoding="utf-8")

    world.control("POST", "clock", {"advance": 60})
    made = session.post(f"{base}/sobjects/Task", json={"Subject": "since"}, timeout=10).json()["id"]
    again = run(world, tap, "--properties", "catalog.json", "--state", "state.json").splitlines()
    fresh = {row["Id"] for row in (json.loads(line).get("record") for line in again) if row}
    assert fresh == {made} | {row["Id"] for row in rows if row["SystemModstamp"] >= bookmark}
    session.close()
