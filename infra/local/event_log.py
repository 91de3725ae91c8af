"""What was sent on the event buses. A bus keeps nothing: a rule puts a copy on a queue, and from there it comes into a file."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any


class EventLog:
    """`client` is an SQS client, `queues` are the addresses of the queues with the copies, `file` is where they are kept."""

    def __init__(self, client: Any, queues: Sequence[str], file: Path) -> None:  # noqa: ANN401 - see Endpoints.client
        self._client = client
        self._queues = queues
        self._file = file
        self._lock = threading.Lock()

    def read(self) -> list[dict[str, Any]]:
        """Every event so far, oldest first, as a target of a rule gets it."""
        with self._lock:
            for queue in self._queues:
                self._drain(queue)
            return [json.loads(line) for line in self._file.read_text().splitlines()] if self._file.exists() else []

    def _drain(self, queue: str) -> None:
        while messages := self._client.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
            with self._file.open("a") as file:
                file.writelines(f"{json.dumps(json.loads(message['Body']))}\n" for message in messages)
            for message in messages:
                self._client.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
