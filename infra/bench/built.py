"""Cold start of what is deployed: every function of the built artifact under AWS's own runtime client, from process to first answer.

Beside it an empty handler, and one that imports boto3 and makes a client of it for its first event. What they ask is emulated: events,
queue, secrets, tables, and the org. The interpreter and AWS's client are in every figure.
"""

from __future__ import annotations

import platform
import re
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from cloud import Cloud, made_locally
from deploy.events import FIRST
from deploy.runtime_api import Runtime, runtime_client

from infra import bundle, sam
from infra.bench.measure import OURS, Report, by_turns

LINE: Final = "cold start, built"
INIT: Final = "processor seconds, init"
WHOLE: Final = "processor seconds, until the first answer"
CLOCK: Final = "seconds, until the first answer"
EMPTY: Final = "an empty handler"
BOTO3: Final = "a handler that imports only boto3"
RECEIVE_MOST: Final = 1.3
DETAILED: Final = (f"{OURS}: receive", f"{OURS}: pull", f"{OURS}: api")
SHOWN: Final = 5
"""Packages of which the cost of their import is told, of each of these."""

_BARE: Final[Mapping[str, str]] = {
    EMPTY: "def handler(event, context):\n    return {}\n",
    BOTO3: "import boto3\n\ndef handler(event, context):\n    boto3.client('sqs')\n    return {}\n",
}


@dataclass(frozen=True)
class Start:
    """What is started: by which Python with which code, as configured for Lambda, and its first event."""

    runtime: Runtime
    configuration: Mapping[str, Any]
    event: object


@dataclass(frozen=True)
class Took:
    """Seconds of one start."""

    init: float
    whole: float
    clock: float


def race(report: Report, rounds: int, folder: Path, dynamodb: str) -> None:
    """Build, and start each function by turns. Without SAM or the functions' Python, what is missing is told."""
    try:
        runtime = _runtime(folder)
    except (bundle.NoInterpreter, sam.SamFailed) as reason:
        report.absent["the built artifact"] = str(reason)
        return
    with made_locally(folder, dynamodb) as cloud:
        starts = {**_bare(runtime, folder), **_functions(runtime, cloud)}
        took: dict[str, list[Took]] = {name: [] for name in starts}
        aws = cloud.endpoints.environment()

        def started(name: str) -> float:
            took[name].append(_start(starts[name], aws, folder / "function.log"))
            return took[name][-1].init

        for each in starts:
            started(each)  # files come into memory, and caches to rest
            took[each].clear()
        by_turns(rounds, {name: partial(started, name) for name in starts})
    for name, found in took.items():
        report.figure(LINE, name, 1, INIT, *(each.init for each in found))
        report.figure(LINE, name, 1, WHOLE, *(each.whole for each in found))
        report.figure(LINE, name, 1, CLOCK, *(each.clock for each in found))
    for name in DETAILED:
        spent = [_imports(starts[name]) for _ in range(rounds)]
        for package in sorted(spent[0], key=spent[0].__getitem__, reverse=True)[:SHOWN]:
            report.figure(LINE, f"{name}, import of {package}", 1, "seconds", *(each[package] for each in spent))
    ours, bare, empty = (report.median(LINE, name, 1, INIT) or 0 for name in (f"{OURS}: receive", BOTO3, EMPTY))
    report.most(
        LINE, "init of receive, times a handler that imports only boto3", ours / bare, RECEIVE_MOST, counted=False
    )
    words = "the same, less what an empty handler takes"
    report.most(LINE, words, (ours - empty) / (bare - empty), RECEIVE_MOST, counted=False)


def _runtime(folder: Path) -> Runtime:
    """Build for this machine, and fetch AWS's client. Raises NoInterpreter, SamFailed."""
    python = bundle.interpreter()
    architecture = {"aarch64": "arm64"}.get(platform.machine(), platform.machine())
    bundle.build(folder / "built", architecture, "ApiFunction")  # every function's is the same
    client = folder / "client"
    _fetch(python, client, f"awslambdaric=={version('awslambdaric')}")
    return Runtime(python, client, folder / "built" / "ApiFunction")


def _fetch(python: Path, place: Path, package: str) -> None:
    command = [sam.uv(), "pip", "install", "--quiet", "--python", str(python), "--target", str(place), package]
    subprocess.run(command, check=True, timeout=300)


def _bare(runtime: Runtime, folder: Path) -> dict[str, Start]:
    """Make the two that ours is held against."""
    code = folder / "bare"
    _fetch(runtime.python, code, f"boto3=={version('boto3')}")
    starts = {}
    for number, (name, text) in enumerate(_BARE.items()):
        (code / f"bare{number}.py").write_text(text, encoding="utf-8")
        configuration = {
            "FunctionName": name,
            "FunctionArn": f"arn:aws:lambda:eu-central-1:123456789012:function:bare{number}",
            "Handler": f"bare{number}.handler",
            "Environment": {"Variables": {}},
            "MemorySize": 512,
            "Runtime": bundle.runtime(),
        }
        starts[name] = Start(Runtime(runtime.python, runtime.client, code), configuration, {})
    return starts


def _functions(runtime: Runtime, cloud: Cloud) -> dict[str, Start]:
    starts = {}
    for name, make in FIRST.items():
        if name not in cloud.functions:
            continue  # it is optional in the template
        one = cloud.functions[name].configuration
        configuration = {
            "FunctionName": one.name,
            "FunctionArn": one.arn,
            "Handler": one.handler,
            "Environment": {"Variables": dict(one.environment)},
            "MemorySize": one.memory,
            "Runtime": bundle.runtime(),
        }
        starts[f"{OURS}: {one.handler.partition('.')[0]}"] = Start(runtime, configuration, make(cloud))
    return starts


def _start(start: Start, aws: Mapping[str, str], log: Path) -> Took:
    """Start one. Raises RuntimeError if it does not answer well."""
    began = time.perf_counter()
    with runtime_client(start.runtime, start.configuration, aws, log) as api:
        api.loaded()
        init = _processor(api.pid)
        told = api.call(start.event)
        clock, whole = time.perf_counter() - began, _processor(api.pid)
    if told.what != "response":
        raise RuntimeError(f"{start.configuration['FunctionName']}: {told}")
    return Took(init, whole, clock)


def _processor(pid: int) -> float:
    """Give the seconds that all threads of a process have run."""
    tasks = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(each.read_text(encoding="ascii").split()[0]) for each in tasks) / 1e9


def _imports(start: Start) -> dict[str, float]:
    """Give the seconds that the import of an entry file spends in each package, its own modules alone."""
    module = start.configuration["Handler"].partition(".")[0]
    command = [str(start.runtime.python), "-S", "-X", "importtime", "-c", f"import {module}"]
    environment = {"PYTHONPATH": str(start.runtime.code), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=60)
    spent: dict[str, float] = {}
    for line in re.finditer(r"^import time: +(\d+) \| +\d+ \| +([\w.]+)$", done.stderr, re.MULTILINE):
        package = line[2].partition(".")[0]
        spent[package] = spent.get(package, 0) + int(line[1]) / 1e6
    return spent
