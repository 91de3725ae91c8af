"""Lambda's Runtime API, small: hands events to one runtime client and keeps what it answers.

AWS, "Using the Lambda runtime API for custom runtimes" (version 2018-06-01): `next` waits for an event, `response` and `error` answer it,
`init/error` says that the function could not be loaded.
"""

from __future__ import annotations

import json
import queue
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

PREFIX: Final = "/2018-06-01/runtime/"
SECONDS: Final = 120
"""Longest wait for an answer."""


@dataclass(frozen=True)
class Told:
    """What the client told: `response`, `error` or `init/error`, to which request, the body, and by which client."""

    what: str
    request: str
    body: Any
    error_type: str
    client: str


@dataclass
class RuntimeApi:
    """Events in, answers out. `log` is what the function prints."""

    arn: str
    log: Path
    address: str = ""
    pid: int = 0
    sent: int = 0
    _asked: threading.Event = field(default_factory=threading.Event)
    _events: queue.Queue[tuple[str, bytes] | None] = field(default_factory=queue.Queue)
    _told: queue.Queue[Told] = field(default_factory=queue.Queue)

    def call(self, event: object) -> Told:
        """Hand over an event, as JSON unless it is text already, and wait for what becomes of it."""
        self.sent += 1
        body = event if isinstance(event, str) else json.dumps(event)
        self._events.put((f"8476a536-e9f4-11e8-9739-{self.sent:012d}", body.encode()))
        return self.told()

    def told(self) -> Told:
        """Wait for the next that the client tells."""
        try:
            return self._told.get(timeout=SECONDS)
        except queue.Empty:
            raise AssertionError(f"nothing was told within {SECONDS} seconds:\n{self.log.read_text()}") from None

    def loaded(self) -> None:
        """Wait until the client has loaded the function, and asks for its first event."""
        assert self._asked.wait(SECONDS), self.log.read_text()

    def handler(self) -> type[BaseHTTPRequestHandler]:
        """Make what serves one connection."""
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle(self) -> None:
                """Serve; a client that could not load the function, or is killed, hangs up as it likes."""
                with suppress(ConnectionError):
                    super().handle()

            def do_GET(self) -> None:
                """Give the next event, once there is one."""
                assert self.path == f"{PREFIX}invocation/next", self.path
                api._asked.set()
                if (given := api._events.get()) is None:
                    self.close_connection = True
                    return
                request, event = given
                self._answer(200, event, {
                    "Lambda-Runtime-Aws-Request-Id": request,
                    "Lambda-Runtime-Deadline-Ms": str(int(time.time() * 1000) + SECONDS * 1000),
                    "Lambda-Runtime-Invoked-Function-Arn": api.arn,
                    "Lambda-Runtime-Trace-Id": "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=1",
                })  # fmt: skip

            def do_POST(self) -> None:
                """Keep an answer."""
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                what, request = self.path.removeprefix(PREFIX), ""
                if what != "init/error":
                    invocation, request, what = what.split("/")
                    assert invocation == "invocation", self.path
                self._answer(202, b'{"status": "OK"}', {})
                kind = self.headers.get("Lambda-Runtime-Function-Error-Type", "")
                api._told.put(Told(what, request, body, kind, self.headers.get("User-Agent", "")))

            def _answer(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
                self.send_response(status)
                shape = {"Content-Length": str(len(body)), "Content-Type": "application/json"}
                for name, value in {**headers, **shape}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *_: object) -> None:  # noqa: A002 - http.server's own name
                """Keep quiet."""

        return Handler

    def end(self) -> None:
        """Let the connection go that waits for an event."""
        self._events.put(None)


@contextmanager
def _served(api: RuntimeApi) -> Iterator[None]:
    """On a free port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), api.handler())
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    api.address = f"127.0.0.1:{server.server_port}"
    try:
        yield
    finally:
        api.end()
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass(frozen=True)
class Runtime:
    """What AWS's container has: an interpreter, AWS's client (`awslambdaric`, installed in a folder), and the bundle."""

    python: Path
    client: Path
    code: Path


@contextmanager
def runtime_client(
    runtime: Runtime, configuration: Mapping[str, Any], aws: Mapping[str, str], log: Path
) -> Iterator[RuntimeApi]:
    """A function under AWS's own client: with the bundle, its configuration (as Lambda's API gives it), `aws`, and nothing else."""
    api = RuntimeApi(configuration["FunctionArn"], log)
    with _served(api), log.open("w") as output:
        process = subprocess.Popen(  # noqa: S603 - the interpreter that the bundle is built for
            # -S: nothing that is installed here is there.
            [runtime.python, "-S", "-m", "awslambdaric", configuration["Handler"]],
            cwd=runtime.code,
            stdout=output,
            stderr=output,
            env={
                **aws,
                **configuration["Environment"]["Variables"],
                "AWS_LAMBDA_RUNTIME_API": api.address,
                "AWS_LAMBDA_FUNCTION_NAME": configuration["FunctionName"],
                "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
                "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(configuration["MemorySize"]),
                "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
                "AWS_LAMBDA_LOG_FORMAT": "JSON",
                "AWS_EXECUTION_ENV": f"AWS_Lambda_{configuration['Runtime']}",
                "LAMBDA_TASK_ROOT": str(runtime.code),
                "LAMBDA_RUNTIME_DIR": str(runtime.client),
                "_HANDLER": configuration["Handler"],
                "TZ": ":UTC",
                "LANG": "en_US.UTF-8",
                "PYTHONPATH": f"{runtime.code}:{runtime.client}",
                "PYTHONDONTWRITEBYTECODE": "1",  # on Lambda the code cannot be written to
            },
        )
        api.pid = process.pid
        try:
            yield api
        finally:
            process.kill()
            process.wait()
