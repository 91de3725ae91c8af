"""A queue that feeds a function, as Lambda's event source mapping does it: batches, a batching window, partial failures.

A message whose function fails is simply not deleted: it comes again after the queue's visibility timeout, and goes to the
dead-letter queue after the queue's maximum of receives. Both are the queue's own doing.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from infra.local.lambdas import Function, FunctionError
from infra.local.template import REGION
from infra.local.wiring import QueueMapping

log = logging.getLogger("local.queue")

IDLE_SECONDS: Final = 0.15
"""Pause after an empty receive. The emulated queue answers at once; long polls would hold its lock."""
_PER_CALL: Final = 10


class QueueSource:
    """One mapping. `client` is an SQS client."""

    def __init__(self, mapping: QueueMapping, function: Function, client: Any) -> None:  # noqa: ANN401 - see Endpoints.client
        self._mapping = mapping
        self._function = function
        self._client = client

    def run(self, stop: threading.Event) -> None:
        """Deliver until told to stop; batches under way are finished."""
        free = threading.Semaphore(self._mapping.concurrency)

        def deliver(batch: Sequence[Mapping[str, Any]]) -> None:
            try:
                self.deliver(batch)
            except Exception:  # the messages stay on the queue, and come again
                log.exception("a batch for %s was not delivered", self._mapping.function)
            finally:
                free.release()

        with ThreadPoolExecutor(self._mapping.concurrency) as pool:
            while not stop.is_set():
                if not free.acquire(timeout=IDLE_SECONDS):
                    continue
                try:
                    batch = self.collect(stop)
                except BaseException:
                    free.release()
                    raise
                if batch:
                    pool.submit(deliver, batch)
                else:
                    free.release()

    def collect(self, stop: threading.Event) -> list[Mapping[str, Any]]:
        """Wait a moment for a first message, then for more until the batch is full or its window over."""
        batch: list[Mapping[str, Any]] = []
        deadline = 0.0
        while len(batch) < self._mapping.batch_size:
            found = self._client.receive_message(
                QueueUrl=self._mapping.url,
                MaxNumberOfMessages=min(_PER_CALL, self._mapping.batch_size - len(batch)),
                AttributeNames=["All"],
            ).get("Messages", [])
            if found and not batch:
                deadline = time.monotonic() + self._mapping.window
            batch += found
            left = deadline - time.monotonic() if batch else IDLE_SECONDS
            if not found and (left <= 0 or stop.wait(min(left, IDLE_SECONDS)) or not batch):
                break
        return batch

    def deliver(self, batch: Sequence[Mapping[str, Any]]) -> None:
        """Hand a batch to the function, and delete what it did not report as failed."""
        handles = {message["MessageId"]: message["ReceiptHandle"] for message in batch}
        try:
            answer = self._function.invoke({"Records": [self._record(message) for message in batch]})
        except FunctionError:
            return
        failed = self._failed(answer, set(handles))
        done = [handle for message, handle in handles.items() if message not in failed]
        for first in range(0, len(done), _PER_CALL):
            entries = [{"Id": str(n), "ReceiptHandle": h} for n, h in enumerate(done[first : first + _PER_CALL])]
            self._client.delete_message_batch(QueueUrl=self._mapping.url, Entries=entries)

    def _failed(self, answer: object, known: set[str]) -> set[str]:
        """The failed messages of a partial answer; all of them if the answer makes no sense, as Lambda does."""
        if not self._mapping.partial or not answer:
            return set()
        try:
            failed = {one["itemIdentifier"] for one in answer["batchItemFailures"] or ()}  # type: ignore[index]  # any JSON
        except (KeyError, TypeError):
            failed = {""}
        if failed <= known:
            return failed
        log.error("%s answered with batch item failures that SQS does not understand", self._mapping.function)
        return known

    def _record(self, message: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "messageId": message["MessageId"],
            "receiptHandle": message["ReceiptHandle"],
            "body": message["Body"],
            "attributes": message["Attributes"],
            "messageAttributes": {},
            "md5OfBody": message["MD5OfBody"],
            "eventSource": "aws:sqs",
            "eventSourceARN": self._mapping.arn,
            "awsRegion": REGION,
        }
