"""The emulated AWS, one process: DynamoDB Local where it can run, moto for everything else (and for tables where it cannot).

`python -m infra.local.aws PORT FILE [--data FOLDER]`: FILE gets the address of the tables and what serves them.
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
import signal
import sys
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from types import FrameType
from typing import Any, Final

import typer
from moto.backends import get_backend
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

from infra.local import dynamodb, lighter_moto

HOST: Final = "127.0.0.1"

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class OneAtATime:
    """A WSGI application whose calls are atomic.

    moto checks a condition and writes in two steps, so that of two writers at the same time both can win.
    """

    def __init__(self, application: Application) -> None:
        self._application = application
        self._lock = threading.Lock()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one call; its whole answer is made under the lock."""
        environ["wsgi.input"] = _read(environ)  # a slow client must not hold the lock
        with self._lock:
            return list(self._application(environ, start_response))


def _read(environ: dict[str, Any]) -> Any:  # noqa: ANN401 - WSGI's input has no type of its own
    return io.BytesIO(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)))


def application() -> OneAtATime:
    """The AWS services that moto emulates."""
    lighter_moto.apply()
    dispatcher: Application = DomainDispatcherApplication(create_backend_app)
    return OneAtATime(dispatcher)


def undelivered() -> dict[str, list[str]]:
    """Bodies of all messages on all queues of this process, those under way included, by the queue's name."""
    queues: dict[str, list[str]] = {}
    for regions in get_backend("sqs").values():
        for backend in regions.values():
            for queue in backend.queues.values():
                queues[queue.name] = [message.body for message in queue._messages]  # noqa: SLF001 - `messages` omits those under way
    return queues


def main(port: int, ready: Path, data: Path | None = None) -> None:
    """Serve until SIGTERM or SIGINT. With a data folder, tables are kept in it, and at the end what is on the queues."""
    logging.basicConfig(format="%(asctime)s %(name)s %(message)s", stream=sys.stderr)
    logging.getLogger("werkzeug").setLevel("WARNING")  # else a line for every call, many a second
    server = make_server(HOST, port, application(), threaded=True, request_handler=MotoRequestHandler)

    def end(_signal: int, _frame: FrameType | None) -> None:
        threading.Thread(target=server.shutdown).start()  # it waits for serve_forever, which runs in this thread

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    missing = dynamodb.unavailable_reason()
    with contextlib.ExitStack() as stack:
        if missing is None:
            tables = stack.enter_context(dynamodb.running(data_folder=data / "tables" if data else None))
            served_by = "DynamoDB Local"
        else:
            tables = f"http://{HOST}:{port}"
            served_by = f"moto, in memory ({missing})"
        fresh = ready.with_suffix(".new")
        fresh.write_text(json.dumps({"dynamodb": tables, "served_by": served_by}))
        fresh.replace(ready)
        server.serve_forever()
    if data:
        (data / "queues.json").write_text(json.dumps(undelivered()))


if __name__ == "__main__":
    typer.run(main)
