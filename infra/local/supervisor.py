"""Start the three processes of the local stack - org, AWS, functions -, watch over them, and stop them all at the end."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self

import httpx

from infra.local.deploy import Endpoints, deploy
from infra.local.host import Deployed
from infra.local.local_routes import CLOCK
from infra.local.template import load

ROOT: Final = Path(__file__).resolve().parents[2]
HOST: Final = "127.0.0.1"
START_SECONDS: Final = 120
"""Longest wait for one process; the first start fetches DynamoDB Local."""
STOP_SECONDS: Final = 10
_CRASH_SECONDS: Final = 10.0
_CRASHES: Final = 3
"""So many ends by itself, each so soon after the start, and the functions are not started again."""


class Stopped(Exception):
    """Somebody stopped the stack before it had started."""


class StackError(Exception):
    """The stack cannot start, or cannot go on; the message says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to run. Ports of 0 are free ones; `folder` holds stack.json and logs; without `data` nothing outlives the run."""

    port: int = 8700
    org_port: int = 8701
    aws_port: int = 8702
    users: int
    tasks: int
    poll_interval: float | None = None
    webhooks: bool = True
    data: Path | None = None
    folder: Path = ROOT / ".local"
    restart: bool = True


@dataclass(slots=True)
class Child:
    """One of the three processes, in a process group of its own, with its log."""

    name: str
    command: tuple[str, ...]
    log: Path
    process: subprocess.Popen[bytes] = field(init=False)
    started: float = field(init=False)

    def start(self) -> None:
        """Start it; a terminal's Ctrl-C does not reach it, the end of this process does."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "infra.local.lifeline", *self.command],
                cwd=ROOT,
                env={**os.environ, "PYTHONPATH": str(ROOT / "functions"), "PYTHONUNBUFFERED": "1"},
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.started = time.monotonic()

    def stop(self) -> None:
        """End it in good order, then whatever is left of its group."""
        if self.process.poll() is None:
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(STOP_SECONDS)
        self.clear()

    def clear(self) -> None:
        """End what is left of its group: containers and engines that it started."""
        with contextlib.suppress(ProcessLookupError):  # nothing is left
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        if self.process.stdin:
            self.process.stdin.close()

    def last_words(self) -> str:
        """The end of its log."""
        return self.log.read_text(errors="replace")[-2000:]


class Stack:
    """The running stack. Use it as a context, and call `watch` until `stop` is set."""

    def __init__(self, options: Options, say: Callable[[str], None], stop: threading.Event) -> None:
        self._options = options
        self._stop = stop
        self._say = say
        self._exit = contextlib.ExitStack()
        self._children: list[Child] = []
        self._document: dict[str, Any] = {}
        self._crashes = 0
        self.tables = ""
        port, org_port, aws_port = _ports(options.port, options.org_port, options.aws_port)
        self.command_center = f"http://{HOST}:{port}"
        self.org = f"http://{HOST}:{org_port}"
        self._aws = f"http://{HOST}:{aws_port}"
        self._ports = {"functions": port, "org": org_port, "aws": aws_port}

    def __enter__(self) -> Self:
        """Start everything; returns when both pages answer. Raises StackError, Stopped."""
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Stop everything, functions first: what they leave on the queue is kept."""
        for child in reversed(self._children):
            child.stop()
        self._exit.close()

    def watch(self) -> None:
        """Look after the processes, once: start the functions again; raise StackError when another one has ended."""
        for child in self._children:
            if (ended := child.process.poll()) is None:
                continue
            if child.name != "functions":
                raise StackError(f"{child.name} ended with {ended}:\n{child.last_words()}")
            if self._options.restart:
                self._restart(child, ended)

    @property
    def _file(self) -> Path:
        return self._options.folder / "stack.json"

    def _start(self) -> None:
        folder = self._options.folder
        folder.mkdir(parents=True, exist_ok=True)
        self._exit.enter_context(_only_one(folder / "lock"))
        self._exit.callback(self._file.unlink, missing_ok=True)
        if self._file.exists():
            self._say("An earlier stack ended without cleaning up; starting afresh.")
            self._file.unlink()
        data = self._options.data
        scratch = Path(self._exit.enter_context(tempfile.TemporaryDirectory(prefix="reminder-sync-")))
        kept = _kept_secret(data) if data else secrets.token_urlsafe(36)
        webhook = f"{self.command_center}/hooks/{kept}"
        ready = scratch / "aws.json"
        aws_data = ("--data", str(data / "aws")) if data else ()
        if data:
            (data / "aws").mkdir(parents=True, exist_ok=True)
        self._run("aws", "infra.local.aws", str(self._ports["aws"]), str(ready), *aws_data)
        self._run("org", "infra.local.org", *self._org_arguments(webhook))
        self._until("aws", ready.exists)
        engine = json.loads(ready.read_text())
        self.tables = engine["served_by"]
        about = self._until("org", lambda: _json(f"{self.org}/__control/stack"))
        deployed = self._deploy(Endpoints(self._aws, engine["dynamodb"]), about, kept)
        deployed.write(scratch / "deployed.json")
        poll = ("--poll-interval", str(self._options.poll_interval)) if self._options.poll_interval else ()
        state = (data or scratch) / "streams"
        host = (str(scratch / "deployed.json"), str(state), str(self._ports["functions"]))
        functions = self._run("functions", "infra.local.host", *host, *poll)
        self._document = {
            "command_center": self.command_center,
            "org": self.org,
            "org_id": about["org_id"],
            "webhook": webhook,
            "clock": f"{self.command_center}{CLOCK}",
            "functions_pid": functions.process.pid,
            "users": _people(about),
        }
        self._until("functions", lambda: _answers(f"{self.command_center}/"))
        self._until("org", lambda: _answers(f"{self.org}/"))
        self._write()

    def _org_arguments(self, webhook: str) -> tuple[str, ...]:
        options = self._options
        arguments = ["--port", str(self._ports["org"]), "--users", str(options.users), "--tasks", str(options.tasks)]
        arguments += ["--callback", f"{self.command_center}/auth/callback"]
        if options.webhooks:
            arguments += ["--webhook", webhook]
        if options.data:
            arguments += ["--state", str(options.data / "org.json")]
        return tuple(arguments)

    def _deploy(self, endpoints: Endpoints, about: Mapping[str, Any], webhook_secret: str) -> Deployed:
        parameters = {
            "SalesforceUrl": self.org,
            "OrganizationId": about["org_id"],
            "SignInAudience": about["consumer_key"],
        }
        template = load(ROOT / "template.yaml", parameters)
        sign_in = json.dumps({name: about[name] for name in ("consumer_key", "consumer_secret")})
        deploy(template, endpoints, {"WebhookSecret": webhook_secret, "SalesforceSecret": sign_in})
        if self._options.data:
            _send_again(self._options.data / "aws" / "queues.json", template.attributes, endpoints)
        return Deployed(ROOT / "template.yaml", parameters, template.attributes, endpoints, self.org)

    def _run(self, name: str, *command: str) -> Child:
        log = self._options.folder / f"{name}.log"
        log.write_text("")
        child = Child(name, command, log)
        child.start()
        self._children.append(child)
        return child

    def _restart(self, child: Child, ended: int) -> None:
        soon = time.monotonic() - child.started < _CRASH_SECONDS
        self._crashes = self._crashes + 1 if soon and ended >= 0 else 0  # a signal is somebody's wish, not a fault
        if self._crashes == _CRASHES:
            raise StackError(f"the functions ended {_CRASHES} times at their start:\n{child.last_words()}")
        child.clear()
        child.start()
        self._say(f"The functions ended ({ended}) and were started again.")
        self._document["functions_pid"] = child.process.pid
        self._write()

    def _until(self, name: str, ready: Callable[[], Any]) -> Any:  # noqa: ANN401 - whatever `ready` gives
        until = time.monotonic() + START_SECONDS
        child = next(child for child in self._children if child.name == name)
        while time.monotonic() < until:
            if found := ready():
                return found
            if child.process.poll() is not None:
                raise StackError(f"{name} ended with {child.process.returncode} at its start:\n{child.last_words()}")
            if self._stop.wait(0.1):
                raise Stopped
        raise StackError(f"{name} does not answer after {START_SECONDS} s:\n{child.last_words()}")

    def _write(self) -> None:
        fresh = self._file.with_suffix(".new")
        fresh.write_text(json.dumps(self._document, indent=1) + "\n")
        fresh.chmod(0o600)  # it holds tokens
        fresh.replace(self._file)


@contextlib.contextmanager
def _only_one(lock: Path) -> Iterator[None]:
    """Hold the folder's lock; the kernel releases it however this process ends."""
    with lock.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise StackError(f"a stack runs already in {lock.parent} (process {file.read().strip()})") from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def _ports(*wanted: int) -> tuple[int, ...]:
    """The ports to use, 0 replaced by free ones. Raises StackError when one is taken."""
    with contextlib.ExitStack() as held:
        found = []
        for port in wanted:
            probe = held.enter_context(socket.socket())
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                raise StackError(f"port {port} is taken by another program; choose another one") from None
            found.append(int(probe.getsockname()[1]))
    return tuple(found)


def _people(about: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The people of the emulated org, with tokens for both sides; the integration user is none."""
    shown = ("username", "user_id", "name", "admin", "id_token", "access_token")
    return [{name: user[name] for name in shown} for user in about["users"] if user["role"] != "integration"]


def _kept_secret(data: Path) -> str:
    """The webhook's secret of this data folder, made at its first use: the org knows the address."""
    data.mkdir(parents=True, exist_ok=True)
    file = data / "webhook-secret"
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(36))
    return file.read_text()


def _send_again(kept: Path, attributes: Mapping[tuple[str, str], str], endpoints: Endpoints) -> None:
    """Put back on the queues what was on them when the last run ended."""
    if not kept.exists():
        return
    client = endpoints.client("sqs")
    for name, bodies in json.loads(kept.read_text()).items():
        for body in bodies:
            client.send_message(QueueUrl=attributes[name, "Ref"], MessageBody=body)
    kept.unlink()


def _json(address: str) -> Any:  # noqa: ANN401 - any JSON
    try:
        answer = httpx.get(address, timeout=5)
    except httpx.HTTPError:
        return None
    return answer.json() if answer.status_code == httpx.codes.OK else None


def _answers(address: str) -> bool:
    try:
        return httpx.get(address, timeout=10, follow_redirects=True).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False
