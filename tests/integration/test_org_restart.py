"""The emulated org's process ends, by a wish or by force, and starts again with `--state`: nothing that is connected notices."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0


@contextmanager
def running(state: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """An org whose state is kept in a file: its address, its process."""
    command = [sys.executable, "-m", "infra.local.org", "--port", "0", "--tasks", "5", "--state", str(state)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own program
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            match = re.search(r"http://127\.0\.0\.1:\d+", line)
            assert match, line
            yield match[0], process
        finally:
            process.kill()


def stack(url: str) -> dict[str, object]:
    """Who is there, as soon as it answers."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            found = requests.get(f"{url}/__control/stack", timeout=10).json()
        except requests.ConnectionError:
            assert time.monotonic() < end, "it does not answer"
            time.sleep(0.05)
        else:
            assert isinstance(found, dict)
            return found


@pytest.mark.parametrize("force", [False, True])
def test_the_org_outlives_its_process(tmp_path: Path, *, force: bool) -> None:
    """Ended in good order it keeps everything; killed, what is older than its last copy. Old tokens and ids go on."""
    state = tmp_path / "org.json"
    with running(state) as (url, process):
        about = stack(url)
        users = about["users"]
        assert isinstance(users, list)
        headers = {"Authorization": f"Bearer {users[1]['access_token']}"}
        made = requests.post(
            f"{url}/services/data/v66.0/sobjects/Task", json={"Subject": "kept"}, headers=headers, timeout=10
        ).json()["id"]
        before = requests.get(f"{url}/__control/state", timeout=10).json()
        if force:
            end = time.monotonic() + PATIENCE
            while not (state.exists() and made in state.read_text(encoding="utf-8")):
                assert time.monotonic() < end, "no copy was written"
                time.sleep(0.05)
            process.kill()
        else:
            process.terminate()
        process.wait(PATIENCE)
    assert not list(tmp_path.glob("*.new"))
    with running(state) as (url, _):
        again = stack(url)
        assert (again["org_id"], again["consumer_secret"]) == (about["org_id"], about["consumer_secret"])
        assert requests.get(f"{url}/__control/state", timeout=10).json() == before
        found = requests.get(f"{url}/services/data/v66.0/sobjects/Task/{made}", headers=headers, timeout=10)
        assert found.json()["Subject"] == "kept"
