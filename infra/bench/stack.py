"""A whole local stack for a measurement: everything comes through its front door."""

from __future__ import annotations

import json
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from infra.local.supervisor import Options, Stack


@contextmanager
def started() -> Iterator[dict[str, Any]]:
    """Have a stack of its own for as long as this lasts; gives what its stack.json says."""
    stop = threading.Event()
    with tempfile.TemporaryDirectory(prefix="reminder-sync-bench-") as folder:
        options = Options(port=0, org_port=0, aws_port=0, users=1, tasks=0, folder=Path(folder))
        with Stack(options, lambda _: None, stop):
            yield json.loads((Path(folder) / "stack.json").read_text())
            stop.set()
