"""The local stack as `make run` starts it: both pages, stack.json, a killed host, a clean end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 60


@dataclass(frozen=True)
class Running:
    """A started stack."""

    process: subprocess.Popen[str]
    folder: Path
    seconds: float

    def document(self) -> dict[str, Any]:
        """What stack.json says now."""
        found: dict[str, Any] = json.loads((self.folder / "stack.json").read_text())
        return found

    def stop(self) -> None:
        """Press Ctrl-C, and see that it ends well and leaves nothing behind: no process, no stack.json."""
        members = self.members()
        self.process.send_signal(signal.SIGINT)
        output = self.process.communicate(timeout=60)[0]
        assert self.process.returncode == 0, output
        assert not alive(members)
        assert not (self.folder / "stack.json").exists()

    def members(self) -> set[int]:
        """Every process of this stack: it, and all that descend from it."""
        parents = {}
        for status in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = status.read_text().rpartition(")")[2].split()
            except OSError:
                continue  # it has just ended
            if fields[0] != "Z":
                parents[int(status.parent.name)] = int(fields[1])
        found = {self.process.pid}
        while more := {pid for pid, parent in parents.items() if parent in found} - found:
            found |= more
        return found


def start(folder: Path, *arguments: str) -> Running:
    """Start a stack on free ports and wait for its stack.json."""
    left = folder / "stack.json"
    stale = left.stat().st_mtime_ns if left.exists() else None
    began = time.monotonic()
    ports = ("--port", "0", "--org-port", "0", "--aws-port", "0")
    process = subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-m", "infra.local", "--no-browser", "--folder", str(folder), *ports, *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    while not _written(left, stale):
        if process.poll() is not None or time.monotonic() > began + 2 * START_SECONDS:
            process.kill()
            pytest.fail(f"the stack did not start:\n{process.communicate()[0]}")
        time.sleep(0.1)
    return Running(process, folder, time.monotonic() - began)


def _written(file: Path, stale: int | None) -> bool:
    """Whether it is there, and not the one that an earlier stack left."""
    return file.exists() and file.stat().st_mtime_ns != stale


def soon(holds: Callable[[], bool], seconds: float = 30) -> None:
    """Wait until it holds; fail if it does not come to that."""
    until = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > until:
            pytest.fail(f"did not happen within {seconds} s")
        time.sleep(0.05)


def alive(pids: set[int]) -> set[int]:
    """Those of them that still run."""
    return {pid for pid in pids if Path(f"/proc/{pid}").exists() and "Z" not in _state(pid)}


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "Z"


def works(stack: Running) -> bool:
    """Whether the Command Center answers its API."""
    document = stack.document()
    token = {"Authorization": f"Bearer {document['users'][0]['id_token']}"}
    try:
        return (
            httpx.get(f"{document['command_center']}/api/me", headers=token, timeout=30).status_code == httpx.codes.OK
        )
    except httpx.TransportError:
        return False


@pytest.fixture(scope="module")
def stack(dynamodb: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One stack for the tests that leave it running; `dynamodb` has fetched the engine, so that it is not in the time."""
    running = start(tmp_path_factory.mktemp("stack"))
    yield running
    running.stop()


def test_both_pages_answer_in_time(stack: Running) -> None:
    """`make run` shows both sides within a minute."""
    document = stack.document()
    for page in ("command_center", "org"):
        answer = httpx.get(f"{document[page]}/", timeout=30)
        assert answer.status_code == httpx.codes.OK
        assert answer.headers["content-type"].startswith("text/html")
    assert stack.seconds < START_SECONDS


def test_the_document_is_what_other_programs_read(stack: Running) -> None:
    """Names and shapes of stack.json are an interface."""
    document = stack.document()
    assert list(document) == ["command_center", "org", "org_id", "webhook", "functions_pid", "users"]
    assert document["org_id"].startswith("00D")
    assert document["webhook"].startswith(f"{document['command_center']}/hooks/")
    for user in document["users"]:
        assert list(user) == ["username", "user_id", "name", "admin", "id_token", "access_token"]
        assert user["user_id"].startswith("005")
    assert {user["admin"] for user in document["users"]} == {True, False}
    assert document["functions_pid"] in stack.members()


def test_the_page_can_sign_in_and_strangers_cannot(stack: Running) -> None:
    """The local sign-in gives real id tokens, and the authorizer is the template's (C7)."""
    center = stack.document()["command_center"]
    users = httpx.get(f"{center}/__local/users", timeout=30).json()
    assert set(users[0]) == {"username", "user_id", "name", "admin", "id_token"}
    assert works(stack)
    for header in ({}, {"Authorization": "Bearer made.up.token"}, {"Authorization": f"Bearer {users[0]['id_token']}x"}):
        refused = httpx.get(f"{center}/api/me", headers=header, timeout=30)
        assert (refused.status_code, refused.json()) == (401, {"message": "Unauthorized"})


def test_the_orgs_token_is_no_key_to_our_api(stack: Running) -> None:
    """An access token of the org has another audience."""
    document = stack.document()
    header = {"Authorization": f"Bearer {document['users'][0]['access_token']}"}
    assert httpx.get(f"{document['command_center']}/api/me", headers=header, timeout=30).status_code == 401


def test_a_webhook_address_with_another_secret_is_refused(stack: Running) -> None:
    """Only Salesforce knows the address (I2)."""
    document = stack.document()
    answer = httpx.post(f"{document['command_center']}/hooks/guessed", content=b"<x/>", timeout=30)
    assert 400 <= answer.status_code < 500


def test_killed_functions_come_back_under_a_new_number(stack: Running) -> None:
    """What is killed at any moment is started again, its containers gone with it, and stack.json follows."""
    killed = stack.document()["functions_pid"]
    before = stack.members()
    os.kill(killed, signal.SIGKILL)
    soon(lambda: stack.document()["functions_pid"] != killed)
    assert killed not in alive(before)
    soon(lambda: works(stack))
    assert stack.document()["functions_pid"] in stack.members()


def test_a_second_stack_in_the_same_folder_is_refused(stack: Running) -> None:
    """Two supervisors would overwrite each other's stack.json."""
    second = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "infra.local", "--no-browser", "--folder", str(stack.folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert second.returncode == 1
    assert f"process {stack.process.pid}" in second.stdout
    assert stack.document()


def test_nothing_is_left_behind_even_when_it_is_killed(dynamodb: str, tmp_path: Path) -> None:
    """A supervisor that cannot clean up leaves no process behind, and its folder is no obstacle to the next one."""
    running = start(tmp_path, "--tasks", "3", "--no-restart")
    members = running.members()
    assert len(members) > 5
    running.process.kill()
    running.process.communicate(timeout=60)
    soon(lambda: not alive(members))
    assert (tmp_path / "stack.json").exists()
    again = start(tmp_path, "--tasks", "3")
    again.stop()
