"""Whose processor time the local stack takes: all of it runs on one machine's cores, which on AWS nothing shares with anything."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Final

import psutil

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
    """Give the seconds that this process's descendants have run so far, by part."""
    found: dict[str, float] = defaultdict(float)
    for process in psutil.Process().children(recursive=True):
        try:
            command, times = " ".join(process.cmdline()), process.cpu_times()
        except psutil.NoSuchProcess:
            continue  # it has ended
        found[next((part for mark, part in PARTS.items() if mark in command), REST)] += times.user + times.system
    return dict(found)
