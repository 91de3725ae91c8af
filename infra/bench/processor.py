"""Whose processor time the local stack takes: all of it runs on one machine's cores, which on AWS nothing shares with anything."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Final

PARTS: Final[Mapping[str, str]] = {
    "receive.handler": "receive",
    "pull.handler": "pull",
    "infra.local.host": "gateway",
    "infra.local.aws": "emulated queue",
    "DynamoDBLocal": "DynamoDB Local",
    "infra.local.org": "org",
}
"""By what its command line holds: a process's part of the stack."""

REST: Final = "the rest"


def spent() -> dict[str, float]:
    """Give the seconds that this process's descendants have run so far, by part; of a thread that has ended, too. Linux only."""
    children: dict[int, list[int]] = defaultdict(list)
    seconds: dict[int, float] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        except OSError:
            continue  # it has ended
        children[int(words[1])].append(int(folder.name))
        seconds[int(folder.name)] = (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")
    found: dict[str, float] = defaultdict(float)
    waiting = list(children[os.getpid()])
    while waiting:
        process = waiting.pop()
        waiting += children[process]
        found[_part(process)] += seconds[process]
    return dict(found)


def _part(process: int) -> str:
    try:
        command = Path(f"/proc/{process}/cmdline").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return REST
    return next((part for mark, part in PARTS.items() if mark in command), REST)
