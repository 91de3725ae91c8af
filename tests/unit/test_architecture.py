"""The shape of the code: thin handlers, a pure core, imports that ask for nothing, and a webhook that starts fast.

What a file breaks is told by functions on its source; each is also shown a planted fault, so that none of them sleeps.
"""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import reminders

FUNCTIONS = Path(reminders.__file__).parents[1]
ENTRY_FILES = sorted(FUNCTIONS.glob("*.py"))
MODULES = sorted(
    ".".join(file.relative_to(FUNCTIONS).with_suffix("").parts).removesuffix(".__init__")
    for file in FUNCTIONS.rglob("*.py")
    if "web" not in file.relative_to(FUNCTIONS).parts
)
CORE = sorted((FUNCTIONS / "reminders" / "core").glob("*.py"))
PARTS = sorted(
    file for file in (FUNCTIONS / "reminders").rglob("*.py") if file.name not in {"__init__.py", "runtime.py"}
)

MOST_LINES = 25
"""Of a handler: from its first decorator or `def` to its last line, docstring and blank lines included."""

FORBIDDEN_MODULES = frozenset(
    [
        "asyncio",
        "concurrent",
        "ctypes",
        "email",
        "ftplib",
        "getpass",
        "glob",
        "http",
        "importlib",
        "io",
        "locale",
        "logging",
        "mmap",
        "multiprocessing",
        "os",
        "pathlib",
        "pickle",
        "platform",
        "poplib",
        "queue",
        "random",
        "sched",
        "secrets",
        "select",
        "selectors",
        "shelve",
        "shutil",
        "signal",
        "smtplib",
        "socket",
        "socketserver",
        "sqlite3",
        "ssl",
        "subprocess",
        "sys",
        "tempfile",
        "threading",
        "time",
        "urllib",
        "uuid",
        "webbrowser",
        "xmlrpc",
    ]
)
"""Of the standard library, for the pure half: network, files, processes, environment, clock and randomness."""

HARMLESS_MODULES = frozenset({"urllib.parse", "email.utils"})

FORBIDDEN_CALLS = frozenset({"now", "utcnow", "today", "open", "input", "print", "exec", "eval", "__import__"})
"""Functions and methods that the pure half never calls: the clock, and what reads or writes."""

ROOMS = {
    "core": set(),
    "ports": {"core"},
    "telemetry": {"core", "ports"},
    "website": set(),
    "ledger": {"core", "ports"},
    "salesforce": {"core", "ports"},
    "aws": {"core", "ports"},
    "sync": {"core", "ports"},
    "services": {"sync", "core", "ports"},
    "api": {"services", "sync", "core", "ports", "telemetry", "website"},
    "signin": {"core", "ports", "website"},
}
"""What each part of the package may import of it, besides itself. `runtime` builds everything, so it may import everything."""

HEAVY = ("simple_salesforce", "pydantic", "pynamodb", "requests", "boto3")
"""Packages that the webhook does not load."""


def faults_of_entry_file(source: str) -> Iterator[str]:
    """Tell what an entry file has that it must not have."""
    tree = ast.parse(source)
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    if "handler" not in {function.name for function in functions}:
        yield "no handler"
    for function in functions:
        if function.name == "handler" and "telemetry.quiet" not in map(ast.unparse, function.decorator_list):
            yield "handler: what fails in it would be quoted"
    for function in functions:
        first = min([function.lineno, *(decorator.lineno for decorator in function.decorator_list)])
        if (function.end_lineno or 0) - first + 1 > MOST_LINES:
            yield f"{function.name}: more than {MOST_LINES} lines"
    for node in ast.walk(tree):
        if isinstance(node, ast.Try | ast.TryStar | ast.If | ast.While | ast.For):
            yield f"line {node.lineno}: {type(node).__name__}"


def imports(tree: ast.AST) -> Iterator[str]:
    """Dotted names of the modules that a file imports; `from reminders import core` names `reminders.core`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            yield from ([f"{module}.{alias.name}" for alias in node.names] if module == "reminders" else [module])


def faults_of_room(source: str, room: str) -> Iterator[str]:
    """Tell what a file imports of our own that its part of the package must not know."""
    for name in imports(ast.parse(source)):
        package, _, rest = name.partition(".")
        part = rest.partition(".")[0]
        if (package == "reminders" and part not in ROOMS[room] | {room}) or package == "":
            yield f"{room} imports {name}"


def faults_of_pure_module(source: str) -> Iterator[str]:
    """Tell what a module of the pure half has that it must not have."""
    tree = ast.parse(source)
    for name in imports(tree):
        top = name.partition(".")[0]
        if top == "reminders":
            if name != "reminders.core" and not name.startswith("reminders.core."):
                yield f"imports {name}, which is not of the pure half"
        elif top not in sys.stdlib_module_names:
            yield f"imports {name}, which is not of the standard library"
        elif top in FORBIDDEN_MODULES and name not in HARMLESS_MODULES:
            yield f"imports {name}"
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in FORBIDDEN_CALLS:
                yield f"line {node.lineno}: calls {called}"


def loaded_by(code: str, *watched: str, **environment: str) -> list[str]:
    """Run code in a new interpreter that may not connect anywhere; return which of these packages it has loaded."""
    program = f"""
import json, sys
sys.path.insert(0, {str(FUNCTIONS)!r})
reached = []
def refuse(event, arguments):
    if event in {{"socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"}}:
        reached.append(event)
        raise OSError("no network here")
sys.addaudithook(refuse)
{code}
if reached:
    sys.exit(f"reached for the network: {{reached}}")
print(json.dumps(sorted(name for name in {watched!r} if name in sys.modules)))
"""
    done = subprocess.run(  # noqa: S603 -- our own interpreter on our own text
        [sys.executable, "-I", "-B", "-c", program],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    found: list[str] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("file", ENTRY_FILES, ids=lambda file: file.stem)
def test_handler_is_thin(file: Path) -> None:
    """What decides or handles errors belongs to the core, where it is tested without AWS."""
    assert list(faults_of_entry_file(file.read_text(encoding="utf-8"))) == []


def test_every_function_has_its_entry_file() -> None:
    """One file per Lambda, named by its verb."""
    assert [file.stem for file in ENTRY_FILES] == [
        "announce",
        "api",
        "poll",
        "pull",
        "push",
        "receive",
        "relay",
        "sign_in",
        "sweep",
    ]


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ("    try:\n        return 1\n    except OSError:\n        return 2\n", "line 3: Try"),
        ("    try:\n        return 1\n    except* OSError:\n        pass\n", "line 3: TryStar"),
        ("    if event:\n        return 1\n", "line 3: If"),
        ("    while event:\n        pass\n", "line 3: While"),
        ("    for _ in event:\n        pass\n", "line 3: For"),
        ("    event()\n" * 25, "handler: more than 25 lines"),
    ],
)
def test_fat_handler_is_seen(body: str, fault: str) -> None:
    """The check itself: a planted fault of each kind."""
    assert list(faults_of_entry_file(f"@telemetry.quiet\ndef handler(event, context):\n{body}")) == [fault]


def test_handler_that_would_quote_its_failures_is_seen() -> None:
    """Never a value in a log: Lambda writes the words of whatever leaves a handler there."""
    faults = list(faults_of_entry_file("def handler(event, context):\n    return 1\n"))
    assert faults == ["handler: what fails in it would be quoted"]


def test_missing_handler_is_seen() -> None:
    """The check itself: Lambda would find nothing to call."""
    assert list(faults_of_entry_file("def handle(event, context): ...\n")) == ["no handler"]


@pytest.mark.parametrize("file", CORE, ids=lambda file: file.stem)
def test_pure_module_is_pure(file: Path) -> None:
    """The rules know no AWS, no HTTP, no clock, no randomness and no environment, so tests can try every case of them."""
    assert list(faults_of_pure_module(file.read_text(encoding="utf-8"))) == []


def test_coverage_is_measured_of_the_pure_half() -> None:
    """A pure module that is not measured could lose its tests without anybody seeing it; no module would pass on nothing."""
    project = tomllib.loads((FUNCTIONS.parent / "pyproject.toml").read_text(encoding="utf-8"))

    assert {"reminder", "task", "mapping", "merge", "push_plan", "watermark"} <= {file.stem for file in CORE}
    assert project["tool"]["coverage"]["run"]["branch"] is True
    assert project["tool"]["coverage"]["report"]["include"] == ["functions/reminders/core/*.py"]


@pytest.mark.parametrize("file", PARTS, ids=lambda file: str(file.relative_to(FUNCTIONS / "reminders")))
def test_each_part_knows_only_what_it_stands_on(file: Path) -> None:
    """Arrows point inward: a rule that asks a table, or a table that asks the API, could not be changed alone."""
    room = file.relative_to(FUNCTIONS / "reminders").parts[0].removesuffix(".py")

    assert list(faults_of_room(file.read_text(encoding="utf-8"), room)) == []


@pytest.mark.parametrize(
    ("room", "source"),
    [
        ("core", "from reminders import ports"),
        ("ledger", "from reminders.sync import inbox"),
        ("sync", "from reminders.ledger.tables import Tables"),
        ("services", "def f():\n    from reminders.api import app"),
        ("api", "import reminders.runtime"),
        ("api", "from . import schemas"),
    ],
)
def test_an_arrow_that_points_outward_is_seen(room: str, source: str) -> None:
    """The check itself: a planted fault of each kind."""
    assert len(list(faults_of_room(source, room))) == 1


@pytest.mark.parametrize(
    "source",
    [
        "import boto3",
        "import requests.adapters",
        "from pynamodb.models import Model",
        "import os",
        "from os import environ",
        "import time as t",
        "from random import random",
        "from uuid import uuid4",
        "import http.client",
        "from urllib.request import urlopen",
        "import urllib",
        "from socket import socket",
        "from pathlib import Path",
        "from reminders import ports",
        "from reminders.ports import World",
        "import reminders.ledger.tables",
        "from . import tables",
        "from reminders.aws import events",
        "def f():\n    import os",
        "from datetime import UTC, datetime\nat = datetime.now(UTC)",
        "import datetime as d\nat = d.datetime.now(d.UTC)",
        "from datetime import date\nday = date.today()",
        "text = open('x')",
    ],
)
def test_impure_module_is_seen(source: str) -> None:
    """The check itself: a planted fault of each kind."""
    assert list(faults_of_pure_module(source))


@pytest.mark.parametrize(
    "source",
    [
        "from datetime import UTC, datetime, timedelta",
        "from reminders.core import merge",
        "from reminders.core.reminder import Reminder",
        "from urllib.parse import quote",
        "from hashlib import sha256\nprint_me = sha256(b'').hexdigest()",
        "def due(today): return today",
    ],
)
def test_pure_source_is_let_pass(source: str) -> None:
    """The check itself: what the pure half may do."""
    assert list(faults_of_pure_module(source)) == []


def test_importing_needs_no_environment_and_no_network() -> None:
    """Nothing at import but definitions: tests, tools and cold starts import without a configured AWS."""
    assert loaded_by("\n".join(f"import {name}" for name in MODULES), "receive", "reminders.runtime") == [
        "receive",
        "reminders.runtime",
    ]


@pytest.mark.parametrize(
    "code", ["import os; os.environ['X']", "import socket; socket.create_connection(('127.0.0.1', 9))"]
)
def test_import_that_asks_for_something_is_seen(code: str) -> None:
    """The check itself: an import that reads a variable, and one that reaches for the network."""
    with pytest.raises(AssertionError, match=r"KeyError|reached for the network|no network here"):
        loaded_by(code)


def test_webhook_loads_nothing_heavy() -> None:
    """I2: what `receive` imports and builds is its cold start, and Salesforce slows down endpoints that answer late."""
    environment = {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "HINTS_QUEUE_URL": "https://sqs.example.org/hints",
        "ORGANIZATION_ID": "00D5g000004XyzAEAS",
        "WEBHOOK_SECRET": "webhook",
    }

    assert loaded_by("import receive; receive.runtime.receiver()", *HEAVY, "botocore", **environment) == ["botocore"]


def test_nothing_loads_what_none_of_it_uses() -> None:
    """A cold start pays for every import: the Metadata API's SOAP client, and boto3's resources, are half as much as all the rest."""
    everything = "\n".join(f"import {name}" for name in MODULES)

    assert loaded_by(everything, "simple_salesforce", "zeep", "lxml", "boto3", "s3transfer") == ["simple_salesforce"]


def test_the_metadata_api_is_there_for_whoever_asks() -> None:
    """The library is whole: what it does not load at first is loaded when it is used."""
    code = """
from reminders.salesforce.rest_only import Salesforce
before = "zeep" in sys.modules
api = Salesforce(instance_url="https://example.my.salesforce.com", session_id="x").mdapi
assert not before and type(api).__name__ == "SfdcMetadataApi", api
"""

    assert loaded_by(code, "zeep") == ["zeep"]


@pytest.mark.parametrize(
    ("module", "package"),
    [
        ("reminders.salesforce.client", "simple_salesforce"),
        ("reminders.ledger.tables", "pynamodb"),
        ("reminders.api.schemas", "pydantic"),
    ],
)
def test_heavy_import_is_seen(module: str, package: str) -> None:
    """The check itself: modules that do load what the webhook must not."""
    assert package in loaded_by(f"import {module}", *HEAVY)
