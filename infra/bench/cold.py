"""Cold start: what each function loads before it can work, and how long that takes, beside a handler that imports only boto3.

Each start is an interpreter of its own: `init` is the import of the entry file, `ready` also builds what its first event needs, without a
network. Seconds are of the processor, so they mean the same on a busy machine; the interpreter's own start is left out.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Final

from infra.bench.measure import OURS, Report, by_turns

LINE: Final = "cold start"
UNIT: Final = "processor seconds, init"
READY: Final = "processor seconds, ready"
BOTO3: Final = "a handler that imports only boto3"
RECEIVE_MOST: Final = 1.3
FUNCTIONS: Final = Path(__file__).parents[2] / "functions"

_STARTS: Final[Mapping[str, tuple[str, str]]] = {
    "an empty handler": ("pass", "pass"),
    BOTO3: ("import boto3", "boto3.client('sqs')"),
    f"{OURS}: receive": ("import receive", "receive.runtime.receiver()"),
    f"{OURS}: relay": ("import relay", "relay.runtime.relay_queue()"),
    f"{OURS}: poll": ("import poll", "poll.runtime._ledger(); import reminders.salesforce.client"),
    f"{OURS}: pull": ("import pull", "pull.runtime._ledger(); import reminders.salesforce.client"),
    f"{OURS}: push": ("import push", "push.runtime._ledger(); import reminders.salesforce.client"),
    f"{OURS}: api": ("import api", "api.runtime._ledger(); import reminders.salesforce.client"),
}
"""By name: what is imported, and what its first event needs."""

_CEILINGS: Final = {f"{OURS}: pull": 2.0, f"{OURS}: api": 3.5}
"""Of `ready`, in times the one of the handler that imports only boto3."""

_NEVER: Final[Mapping[str, tuple[str, ...]]] = {
    f"{OURS}: receive": ("boto3", "simple_salesforce", "pynamodb", "pydantic", "requests", "zeep", "lxml"),
    f"{OURS}: pull": ("boto3", "pydantic", "zeep", "lxml"),
    f"{OURS}: api": ("boto3", "zeep", "lxml"),
}
"""Packages that a function does not load, ready."""

_MODULES: Final = {f"{OURS}: receive": 395, f"{OURS}: pull": 670, f"{OURS}: api": 890}
"""The most modules that a function loads until it is ready, the standard library's included: a ceiling that no machine's speed moves."""

_ENVIRONMENT: Final = {
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "HINTS_QUEUE_URL": "http://127.0.0.1:9/hints",
    "ORGANIZATION_ID": "00D5g000004XyzAEAS",
    "WEBHOOK_SECRET": "webhook",
    "SALESFORCE_URL": "http://127.0.0.1:9",
    "SALESFORCE_SECRET": "salesforce",
    **{f"{name}_TABLE": name.lower() for name in ("REMINDERS", "LINKS", "HISTORY", "STATE")},
}

_PROGRAM: Final = """
import json, sys, time
sys.path.insert(0, {folder!r})
began = time.process_time()
{imports}
init = time.process_time() - began
{ready}
ready = time.process_time() - began
loaded = sorted({{name.partition(".")[0] for name in sys.modules}} - set(sys.stdlib_module_names))
print(json.dumps([init, ready, loaded, len(sys.modules)]))
"""


def start(name: str) -> tuple[float, float, list[str], int]:
    """Start one cold; gives processor seconds of `init` and until `ready`, and the packages loaded by then, and how many modules."""
    imports, ready = _STARTS[name]
    program = _PROGRAM.format(folder=str(FUNCTIONS), imports=imports, ready=ready)
    command = [sys.executable, "-I", "-c", program]
    done = subprocess.run(command, env=_ENVIRONMENT, capture_output=True, text=True, check=True, timeout=120)
    init, until, loaded, modules = json.loads(done.stdout)
    return init, until, loaded, modules


def counts(report: Report) -> None:
    """Count what each function loads that it must not."""
    report.figure(LINE, BOTO3, 1, "modules loaded", start(BOTO3)[3])
    for name, never in _NEVER.items():
        *_, loaded, modules = start(name)
        report.figure(LINE, name, 1, "packages loaded", len(loaded))
        report.most(LINE, f"{name.partition(': ')[2]} loads of {', '.join(never)}", len({*never} & {*loaded}), 0)
        report.figure(LINE, name, 1, "modules loaded", modules)
        report.most(LINE, f"modules that {name.partition(': ')[2]} loads", modules, _MODULES[name])


def race(report: Report, rounds: int) -> None:
    """Start each by turns."""
    ready: dict[str, list[float]] = {name: [] for name in _STARTS}

    def measured(name: str) -> float:
        init, until, *_ = start(name)
        ready[name].append(until)
        return init

    for name, found in by_turns(rounds, {name: partial(measured, name) for name in _STARTS}).items():
        report.figure(LINE, name, 1, UNIT, *found)
        report.figure(LINE, name, 1, READY, *ready[name])
    bare, bare_ready = report.median(LINE, BOTO3, 1, UNIT), report.median(LINE, BOTO3, 1, READY)
    ours = report.median(LINE, f"{OURS}: receive", 1, UNIT)
    if ours and bare and bare_ready:
        report.most(LINE, "receive, times a handler that imports only boto3", ours / bare, RECEIVE_MOST, counted=False)
        for name, ceiling in _CEILINGS.items():
            until = report.median(LINE, name, 1, READY) or 0
            words = f"{name.partition(': ')[2]} until ready, times a boto3 handler until ready"
            report.most(LINE, words, until / bare_ready, ceiling, counted=False)
