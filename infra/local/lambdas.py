"""Functions as Lambda runs them: containers are started as needed, kept warm, and each handles one event at a time."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import select
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from infra.local.org.clock import MovableClock

log = logging.getLogger("local.lambda")

CONTAINERS: Final = 4
"""How many events a function handles at a time here, if the template reserves no concurrency for it."""
START_SECONDS: Final = 30
_WORKER: Final = Path(__file__).with_name("worker.py")
_INHERITED: Final = ("PATH", "HOME", "LANG", "TMPDIR", "VIRTUAL_ENV", "LOCAL_CALLS")


class FunctionError(Exception):
    """The function raised, timed out, ended, or could not be loaded. The log has the traceback."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(f"{kind}: {message}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """A function as the template declares it. `concurrency` is None where none is reserved; `timeout` is in seconds."""

    name: str
    arn: str
    handler: str
    code: Path
    timeout: int
    memory: int
    concurrency: int | None
    async_retries: int
    environment: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Result:
    """What a function gave back, and seconds: it waited for a free container, ran in it, and used its processor meanwhile."""

    value: Any
    waited: float
    ran: float
    worked: float


class _Container:
    """One worker process."""

    def __init__(self, configuration: Configuration, aws: Mapping[str, str]) -> None:
        self._configuration = configuration
        environment = {name: os.environ[name] for name in _INHERITED if name in os.environ} | {
            **aws,
            **configuration.environment,
            "PYTHONPATH": str(configuration.code),
            "PYTHONUNBUFFERED": "1",
            "TZ": ":UTC",
            "_HANDLER": configuration.handler,
            "LAMBDA_TASK_ROOT": str(configuration.code),
            "AWS_LAMBDA_FUNCTION_NAME": configuration.name,
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(configuration.memory),
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "LOCAL_FUNCTION_ARN": configuration.arn,
        }
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(_WORKER), configuration.handler],
            cwd=configuration.code,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )
        try:
            self._read(START_SECONDS)
        except FunctionError:
            self.stop()
            raise

    def call(self, event: Any, ahead: float) -> dict[str, Any]:  # noqa: ANN401 - an event is any JSON
        """Hand one event over and wait for the answer; the function's clock is `ahead` seconds ahead. Raises FunctionError."""
        request = {
            "id": str(uuid.uuid4()),
            "deadline": time.time() + self._configuration.timeout,
            "ahead": ahead,
            "event": event,
        }
        pipe = self._process.stdin
        assert pipe is not None  # noqa: S101 - for the type checker: it was started with a pipe
        try:
            pipe.write(json.dumps(request) + "\n")
            pipe.flush()
        except BrokenPipeError:
            raise FunctionError("Runtime.ExitError", "the container had ended") from None
        return self._read(self._configuration.timeout)

    def usable(self) -> bool:
        """Whether it can take another event."""
        return self._process.poll() is None

    def stop(self) -> None:
        """End it, whatever it does."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):  # what it never read is lost with it
                    pipe.close()

    def _read(self, seconds: float) -> dict[str, Any]:
        pipe = self._process.stdout
        assert pipe is not None  # noqa: S101 - for the type checker: it was started with a pipe
        answered = select.poll()
        answered.register(pipe, select.POLLIN)
        if not answered.poll(1000 * seconds):
            self._process.kill()
            self._process.wait()  # else it would still look usable
            raise FunctionError("Sandbox.Timedout", f"Task timed out after {seconds:.2f} seconds")
        line = pipe.readline()  # one answer per event, written in one go
        if not line:
            raise FunctionError("Runtime.ExitError", f"the container ended with {self._process.wait()}")
        answer: dict[str, Any] = json.loads(line)
        if error := answer.get("error"):
            raise FunctionError(error["errorType"], error["errorMessage"])
        return answer


class Function:
    """A function with its containers, all of which go by `clock`."""

    def __init__(self, configuration: Configuration, aws: Mapping[str, str], clock: MovableClock) -> None:
        self.configuration = configuration
        self._aws = aws
        self._clock = clock
        self._places = configuration.concurrency or CONTAINERS
        self._free = threading.BoundedSemaphore(self._places)
        self._lock = threading.Lock()
        self._idle: list[_Container] = []
        self._all: list[_Container] = []
        self._stopped = False

    def invoke(self, event: Any) -> Any:  # noqa: ANN401 - an event and a result are any JSON
        """Run the function and return its result; waits while its concurrency is used up. Raises FunctionError."""
        return self.timed(event).value

    def timed(self, event: Any) -> Result:  # noqa: ANN401 - an event is any JSON
        """Do the same, and tell how long it took."""
        asked = time.monotonic()
        with self._free:
            began = time.monotonic()
            try:
                container = self._take()
                try:
                    waited = time.monotonic() - asked
                    answer = container.call(event, self._clock.ahead)
                    return Result(answer["result"], waited, *answer["took"])
                finally:
                    self._give_back(container)
            except FunctionError as error:
                log.error("%s failed after %.2f s: %s", self.configuration.name, time.monotonic() - began, error)  # noqa: TRY400 - the worker has printed the traceback
                raise

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """Wait until nothing runs, and let nothing start for as long as this lasts."""
        with contextlib.ExitStack() as taken:
            for _ in range(self._places):
                taken.enter_context(self._free)
            yield

    def warm(self) -> None:
        """Start a container ahead of the first event. Raises FunctionError."""
        with self._free:
            self._give_back(self._take())

    def drain(self, seconds: float) -> None:
        """Wait until nothing runs, at most so long."""
        until = time.monotonic() + seconds
        while time.monotonic() < until and self._busy():
            time.sleep(0.02)

    def stop(self) -> None:
        """End all containers, whatever they do."""
        with self._lock:
            self._stopped = True
            for container in self._all:
                container.stop()
            self._all.clear()
            self._idle.clear()

    def _busy(self) -> bool:
        with self._lock:
            return len(self._idle) < len(self._all)

    def _take(self) -> _Container:
        with self._lock:
            while self._idle:
                container = self._idle.pop()
                if container.usable():
                    return container
                self._drop(container)  # it has died as it stood idle, which Lambda would have noticed
        container = _Container(self.configuration, self._aws)
        with self._lock:
            if self._stopped:
                container.stop()
                raise FunctionError("Sandbox.Stopped", "the host is stopping")
            self._all.append(container)
        return container

    def _give_back(self, container: _Container) -> None:
        with self._lock:
            if container.usable():
                self._idle.append(container)
            elif container in self._all:
                self._drop(container)

    def _drop(self, container: _Container) -> None:
        self._all.remove(container)
        container.stop()
