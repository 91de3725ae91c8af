"""The functions' process: everything that invokes a function on AWS, wired from `template.yaml`.

`python -m infra.local.host FILE FOLDER PORT`: FILE is what the supervisor learned when it created the resources; in FOLDER the
host remembers where streams stand.
It may be killed at any moment: what it was doing is done again, as after a crash on AWS.
"""

from __future__ import annotations

import contextlib
import json
import logging
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import httpx
import typer
import uvicorn

from infra.local import schedules, wiring
from infra.local.deploy import SEEN, Endpoints
from infra.local.event_log import EventLog
from infra.local.gateway import Gateway
from infra.local.lambdas import Function, FunctionError
from infra.local.local_routes import local_routes
from infra.local.org.clock import MovableClock
from infra.local.org.world import machine_clock
from infra.local.queue_source import QueueSource
from infra.local.stream_source import StreamSource
from infra.local.template import Template, load

log = logging.getLogger("local.host")

POLL_FUNCTION: Final = "PollFunction"
_PAUSE_SECONDS: Final = 1.0
_STOP_SECONDS: Final = 5.0
_ORG_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class Deployed:
    """A template whose resources exist, as it is handed from the supervisor to the host. It holds no secrets."""

    template: Path
    parameters: Mapping[str, str]
    attributes: Mapping[tuple[str, str], str]
    endpoints: Endpoints
    org: str

    def write(self, file: Path) -> None:
        """Write it."""
        document = {
            "template": str(self.template),
            "parameters": dict(self.parameters),
            "attributes": [[*key, value] for key, value in self.attributes.items()],
            "endpoints": {"aws": self.endpoints.aws, "dynamodb": self.endpoints.dynamodb},
            "org": self.org,
        }
        file.write_text(json.dumps(document, indent=1))

    @classmethod
    def read(cls, file: Path) -> Deployed:
        """Read what `write` wrote."""
        document = json.loads(file.read_text())
        attributes = {(name, attribute): value for name, attribute, value in document["attributes"]}
        endpoints = Endpoints(**document["endpoints"])
        return cls(Path(document["template"]), document["parameters"], attributes, endpoints, document["org"])

    def loaded(self) -> Template:
        """The template, every attribute known. Raises TemplateError."""
        template = load(self.template, self.parameters)
        template.attributes.update(self.attributes)
        return template


class Host:
    """Functions and their sources, started and stopped together. `state` is a folder of its own."""

    def __init__(
        self, deployed: Deployed, state: Path, clock: MovableClock, poll_every: timedelta | None = None
    ) -> None:
        self._clock = clock
        self._org = deployed.org
        self._moving = threading.Lock()
        template = deployed.loaded()
        wired = wiring.read(template, deployed.template.parent)
        aws = deployed.endpoints.environment()
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._functions = {one.name: Function(one, aws, clock) for one in wired.functions}
        self.gateway = Gateway(wired.routes, self._functions, local_routes(self))
        queues, streams = deployed.endpoints.client("sqs"), deployed.endpoints.client("dynamodbstreams")
        seen = [template.attributes[f"{bus.name}{SEEN}", "Ref"] for bus in template.of_type("AWS::Events::EventBus")]
        self._events = EventLog(queues, seen, state / "events.jsonl")
        self._loops: dict[str, Callable[[threading.Event], None]] = {}
        for queue in wired.queues:
            self._loops[queue.arn] = QueueSource(queue, self._functions[queue.function], queues).run
        for stream in wired.streams:
            file = state / f"{stream.function}.json"
            self._loops[f"{stream.function} on {stream.arn}"] = StreamSource(
                stream, self._functions[stream.function], streams, queues, file
            ).run
        for timetable in wired.timetables:
            every = poll_every if timetable.function == POLL_FUNCTION else None
            self._loops[timetable.name] = self._schedule(timetable, every)

    def start(self) -> None:
        """Start all sources; containers are warmed meanwhile, so that the first edit does not wait for six cold starts."""
        for name, loop in {"warm": self._warm, **self._loops}.items():
            thread = threading.Thread(target=self._guarded, args=(loop,), name=name)
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        """Stop all sources, give what runs a moment, then end the containers."""
        self._stop.set()
        for function in self._functions.values():
            function.drain(_STOP_SECONDS)
        for function in self._functions.values():
            function.stop()
        for thread in self._threads:
            thread.join()

    def events(self) -> list[dict[str, Any]]:
        """What was sent on the event buses, oldest first."""
        return self._events.read()

    def move_clock(self, seconds: int) -> float:
        """Move the org's clock and the functions' by so many seconds, between two events; schedules leapt over fire once.

        Gives how many seconds both are ahead of the machine's clock now. The org keeps that number: a host that is killed
        finds it there again.
        """
        with self._moving, contextlib.ExitStack() as paused:
            for function in self._functions.values():
                paused.enter_context(function.paused())
            moved = httpx.post(f"{self._org}/__control/clock", json={"advance": seconds}, timeout=_ORG_SECONDS)
            ahead: float = moved.raise_for_status().json()["ahead"]
            self._clock.advance(ahead - self._clock.ahead)
        return ahead

    def _schedule(self, timetable: wiring.Timetable, every: timedelta | None) -> Callable[[threading.Event], None]:
        function = self._functions[timetable.function]
        schedules.following(timetable.expression)  # what it does not understand stops the start, not a thread
        return lambda stop: schedules.run(timetable, function, every, self._clock, stop)

    def _warm(self, stop: threading.Event) -> None:
        def warm(function: Function) -> None:
            if not stop.is_set():
                try:
                    function.warm()
                except FunctionError:
                    log.error("%s cannot be loaded", function.configuration.name)  # noqa: TRY400 - the worker has printed the traceback

        with ThreadPoolExecutor(2) as pool:
            list(pool.map(warm, self._functions.values()))

    def _guarded(self, loop: Callable[[threading.Event], None]) -> None:
        """A source that fails (AWS away for a moment) is started again, as AWS would."""
        while not self._stop.is_set():
            try:
                loop(self._stop)
            except Exception:
                log.exception("a source failed")
                self._stop.wait(_PAUSE_SECONDS)
            else:
                return


def org_clock(org: str) -> MovableClock:
    """A clock as far ahead as the org's."""
    said = httpx.get(f"{org}/__control/clock", timeout=_ORG_SECONDS).raise_for_status().json()
    return MovableClock(machine_clock, said["ahead"])


def main(deployed: Path, state: Path, port: int, poll_interval: float | None = None) -> None:
    """Run until SIGTERM or SIGINT. `poll-interval` (seconds) replaces that of the settings."""
    logging.basicConfig(format="%(asctime)s %(name)s %(levelname)s %(message)s", level="INFO", stream=sys.stderr)
    logging.getLogger("httpx").setLevel("WARNING")
    state.mkdir(parents=True, exist_ok=True)
    every = timedelta(seconds=poll_interval) if poll_interval else None
    described = Deployed.read(deployed)
    host = Host(described, state, org_clock(described.org), every)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)  # uvicorn takes them, ends, and raises them once more for us
    host.start()
    try:
        uvicorn.run(host.gateway, host="127.0.0.1", port=port, lifespan="off", log_level="warning", access_log=False)
    finally:
        host.stop()


if __name__ == "__main__":
    typer.run(main)
