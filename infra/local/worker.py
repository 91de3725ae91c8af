"""One container of a function, as Lambda runs it: its own process and environment, one event at a time.

Started by `lambdas.py` as a plain file with the handler's name. Speaks lines of JSON on the pipes that it was started with;
what the function prints goes to standard error, into the log. Ends at once when its host is gone. Standard library only: it
is loaded beside the function, which must find nothing here that Lambda does not have.
"""

from __future__ import annotations

import importlib
import json
import os
import queue
import sys
import threading
import time
import traceback
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, TextIO

RESPONSE_LIMIT: Final = 6 * 1024 * 1024
"""Bytes of an answer (Lambda quota, synchronous payload)."""

_NAMING: Final = {"EventBusName", "QueueUrl", "SecretId", "TableName"}
_HOLDING: Final = {"ConditionCheck", "Delete", "Entries", "Get", "Put", "TransactItems", "Update"}


class Ahead:
    """How far the stack's clock is ahead of the machine's, as the newest event said."""

    seconds = 0.0


def follow(runtime: Any) -> None:  # noqa: ANN401 - the product's module, which is not known here
    """Let the product's own clock run ahead with the stack's; it is handed to everything from this one place."""
    machine = runtime.SystemClock.now
    runtime.SystemClock.now = lambda clock: machine(clock) + timedelta(seconds=Ahead.seconds)


def record(file: Path, client: Any, function: str) -> None:  # noqa: ANN401 - botocore, which is the product's
    """Write every call of AWS that differs from those before to a file, a line of JSON each: who asked which service for what.

    `client` is botocore's module of that name: each call of each client comes through there, PynamoDB's too.
    """
    call, seen, lock = client.BaseClient._make_api_call, set[str](), threading.Lock()  # noqa: SLF001 - the one way in

    def recorded(self: Any, operation: str, parameters: dict[str, Any]) -> Any:  # noqa: ANN401 - as botocore has it
        service = self.meta.service_model.service_name
        asked = {"function": function, "service": service, "operation": operation, "on": named(parameters)}
        line = json.dumps(asked, sort_keys=True)
        with lock:
            if line not in seen:
                seen.add(line)
                with file.open("a", encoding="utf-8") as calls:
                    calls.write(line + "\n")
        return call(self, operation, parameters)

    client.BaseClient._make_api_call = recorded  # noqa: SLF001 - see above


def named(parameters: Any) -> list[list[str]]:  # noqa: ANN401 - parameters of a call have any shape
    """The resources that the parameters of a call name, sorted: their path in it, and their name; no value of any item."""
    found: set[tuple[str, ...]] = set()

    def look(value: Any, path: tuple[str, ...]) -> None:  # noqa: ANN401 - see above
        if isinstance(value, list):
            for item in value:
                look(item, path)
            return
        for key, item in value.items() if isinstance(value, dict) else ():
            if key in _NAMING and isinstance(item, str):
                index = value.get("IndexName")
                found.add((".".join(path), item, *([index] if index else [])))
            elif key == "RequestItems":
                found.update(("RequestItems", table) for table in item)
            elif key in _HOLDING:
                look(item, (*path, key))

    look(parameters, ())
    return sorted(map(list, found))


class Context:
    """The context object of the Python runtime."""

    identity = None
    client_context = None
    function_version = "$LATEST"

    def __init__(self, request_id: str, deadline: float) -> None:
        self.aws_request_id = request_id
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.invoked_function_arn = os.environ["LOCAL_FUNCTION_ARN"]
        self.log_group_name = f"/aws/lambda/{self.function_name}"
        self.log_stream_name = str(os.getpid())
        self._deadline = deadline

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the function times out."""
        return max(0, int((self._deadline - time.time()) * 1000))


def _failure(error: BaseException) -> dict[str, Any]:
    traceback.print_exception(error, file=sys.stderr)
    return {"error": {"errorType": type(error).__name__, "errorMessage": str(error)}}


def _listen(events: queue.Queue[str]) -> None:
    for line in sys.stdin:
        events.put(line)
    os._exit(0)  # the host is gone; what runs now dies with it, as a container would


def _answer(handler: Any, line: str) -> str:  # noqa: ANN401 - a handler takes and gives what it likes
    request = json.loads(line)
    Ahead.seconds = request["ahead"]
    os.environ["_X_AMZN_TRACE_ID"] = f"Root=1-{int(time.time()):08x}-{request['id'].replace('-', '')[:24]};Sampled=0"
    began, worked = time.perf_counter(), time.process_time()
    try:
        result = handler(request["event"], Context(request["id"], request["deadline"]))
        took = [time.perf_counter() - began, time.process_time() - worked]
        answer = json.dumps({"result": result, "took": took})
    except Exception as error:  # noqa: BLE001 - whatever a function raises is reported, not ours to judge
        return json.dumps(_failure(error))
    if len(answer) > RESPONSE_LIMIT:
        return json.dumps(
            {"error": {"errorType": "Function.ResponseSizeTooLarge", "errorMessage": f"{len(answer)} bytes"}}
        )
    return answer


def serve(name: str, answers: TextIO) -> None:
    """Load the handler (`module.function`), then answer events until the host closes the pipe."""

    def send(line: str) -> None:
        answers.write(line + "\n")
        answers.flush()

    events: queue.Queue[str] = queue.Queue()
    threading.Thread(target=_listen, args=(events,), daemon=True).start()
    module, _, attribute = name.rpartition(".")
    try:
        handler = getattr(importlib.import_module(module), attribute)
    except Exception as error:  # noqa: BLE001 - a function that cannot be loaded is reported as Lambda does
        send(json.dumps(_failure(error)))
        sys.exit(1)
    if runtime := sys.modules.get("reminders.runtime"):
        follow(runtime)
    if calls := os.environ.get("LOCAL_CALLS"):
        record(Path(calls), importlib.import_module("botocore.client"), os.environ["AWS_LAMBDA_FUNCTION_NAME"])
    send(json.dumps({"ready": True}))
    while True:
        send(_answer(handler, events.get()))


if __name__ == "__main__":
    pipe = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    serve(sys.argv[1], pipe)
