"""moto's AWS as a process of its own: `python -m fakes.moto_process` prints its address, and serves until it is ended.

moto would run functions in Docker containers whenever something is written to a stream or a queue that feeds them; here the tests play
Lambda themselves, so it only remembers that they are connected.
"""

from __future__ import annotations

from typing import Any

from moto.awslambda.models import LambdaBackend
from moto.dynamodb.models import dynamodb_backends
from moto.moto_server.werkzeug_app import MotoRequestHandler
from moto.sqs.models import sqs_backends
from werkzeug.serving import make_server

from infra.local.aws import HOST, application

_create = LambdaBackend.create_event_source_mapping


def _only_remembered(backend: LambdaBackend, spec: dict[str, Any]) -> Any:
    made = _create(backend, spec)
    place = backend.account_id, backend.region_name
    for table in dynamodb_backends[place[0]][place[1]].tables.values():
        table.lambda_event_source_mappings.clear()
    for queue in sqs_backends[place[0]][place[1]].queues.values():
        queue.lambda_event_source_mappings.clear()
    return made


def main() -> None:
    """Serve on a free port."""
    LambdaBackend.create_event_source_mapping = _only_remembered  # type: ignore[method-assign,assignment]  # the one place where moto connects them
    server = make_server(HOST, 0, application(), threaded=True, request_handler=MotoRequestHandler)
    print(f"http://{HOST}:{server.server_port}", flush=True)  # noqa: T201 - whoever started it reads it
    server.serve_forever()


if __name__ == "__main__":
    main()
