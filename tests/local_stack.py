"""The local stack as a process of its own, as `make run` starts it: on free ports, ended well, nothing left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from permissions import local_name, missing, recorded, whole_template

ROOT = Path(__file__).resolve().parents[1]
CALLS = "calls.jsonl"
START_SECONDS = 60
"""Promised; twice that is given."""


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
        """Press Ctrl-C, and see that it ends well and leaves nothing behind: no process, no stack.json; and that every role sufficed."""
        members = self.members()
        self.process.send_signal(signal.SIGINT)
        try:
            output = self.process.communicate(timeout=60)[0]
        finally:
            self.process.kill()  # if it hangs; what it started ends with it
        assert self.process.returncode == 0, output
        assert not alive(members)
        assert not (self.folder / "stack.json").exists()
        assert missing(recorded(self.folder / CALLS, local_name), whole_template()) == []

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


def start(folder: Path, *arguments: str, root: Path = ROOT) -> Running:
    """Start the stack whose code is in `root` on free ports, and wait for its stack.json."""
    left, calls = folder / "stack.json", folder / CALLS
    calls.touch()
    stale = left.stat().st_mtime_ns if left.exists() else None
    began = time.monotonic()
    ports = ("--port", "0", "--org-port", "0", "--aws-port", "0")
    program = ("infra.local.lifeline", "infra.local")  # it ends with us, even if we are killed
    process = subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-m", *program, "--no-browser", "--folder", str(folder), *ports, *arguments],
        cwd=root,
        env={**os.environ, "LOCAL_CALLS": str(calls)},
        stdin=subprocess.PIPE,
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


@contextmanager
def running(folder: Path, *arguments: str, root: Path = ROOT) -> Iterator[Running]:
    """Have a stack for as long as this lasts; it is stopped however this ends."""
    stack = start(folder, *arguments, root=root)
    try:
        yield stack
    finally:
        stack.stop()


def alive(pids: set[int]) -> set[int]:
    """Those of them that still run."""
    return {pid for pid in pids if Path(f"/proc/{pid}").exists() and "Z" not in _state(pid)}


def _written(file: Path, stale: int | None) -> bool:
    """Whether it is there, and not the one that an earlier stack left."""
    return file.exists() and file.stat().st_mtime_ns != stale


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "Z"
