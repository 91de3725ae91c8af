"""A table's stream that feeds a function, as Lambda's event source mapping does it: shards, filters, retries, bisection.

Shards are read in order of descent: a child is read when its parent is finished. Where each shard stands is kept in a file,
as Lambda keeps it, so that a host that was killed neither skips records nor starts from the beginning.
"""

from __future__ import annotations

import base64
import json
import logging
import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from infra.local.lambdas import Function, FunctionError
from infra.local.template import REGION
from infra.local.wiring import StreamMapping

log = logging.getLogger("local.stream")

POLL_SECONDS: Final = 0.2
SHARDS_SECONDS: Final = 10.0
"""How often the stream is asked for new shards, besides when one ends. DynamoDB rolls shards over every few hours."""
_FINISHED: Final = "finished"


class StreamSource:
    """One mapping. `client` is a DynamoDB Streams client, `queues` an SQS client; `positions` is the file to remember in."""

    def __init__(self, mapping: StreamMapping, function: Function, client: Any, queues: Any, positions: Path) -> None:  # noqa: ANN401 - see Endpoints.client
        self._mapping = mapping
        self._function = function
        self._client = client
        self._queues = queues
        self._file = positions
        kept: Mapping[str, Mapping[str, str]] = json.loads(positions.read_text()) if positions.exists() else {}
        self._positions: dict[str, str] = dict(kept.get(mapping.arn, {}))
        self._iterators: dict[str, str] = {}
        self._parents: dict[str, str | None] = {}
        self._asked = 0.0

    def run(self, stop: threading.Event) -> None:
        """Deliver until told to stop."""
        while not stop.is_set():
            if not self.step(stop):
                stop.wait(POLL_SECONDS)

    def step(self, stop: threading.Event) -> bool:
        """Read each open shard once and deliver what it holds; whether there was anything."""
        if not self._iterators or time.monotonic() - self._asked > SHARDS_SECONDS:
            self._open_shards()
        found = False
        for shard in list(self._iterators):
            found = self._read(shard, stop) or found
        return found

    def _open_shards(self) -> None:
        self._asked = time.monotonic()
        self._parents = {}
        start: dict[str, str] = {}
        while True:
            page = self._client.describe_stream(StreamArn=self._mapping.arn, **start)["StreamDescription"]
            self._parents |= {shard["ShardId"]: shard.get("ParentShardId") for shard in page["Shards"]}
            if "LastEvaluatedShardId" not in page:
                break
            start = {"ExclusiveStartShardId": page["LastEvaluatedShardId"]}
        self._positions = {shard: at for shard, at in self._positions.items() if shard in self._parents}
        for shard, parent in self._parents.items():
            waits = parent in self._parents and self._positions.get(str(parent)) != _FINISHED
            if shard not in self._iterators and self._positions.get(shard) != _FINISHED and not waits:
                self._iterators[shard] = self._iterator(shard)

    def _iterator(self, shard: str) -> str:
        where = {"StreamArn": self._mapping.arn, "ShardId": shard}
        if position := self._positions.get(shard):
            try:
                found = self._client.get_shard_iterator(
                    **where, ShardIteratorType="AFTER_SEQUENCE_NUMBER", SequenceNumber=position
                )
                return str(found["ShardIterator"])
            except (
                self._client.exceptions.TrimmedDataAccessException,
                self._client.exceptions.ResourceNotFoundException,
            ):
                log.warning("records of %s after %s are gone; reading from the oldest", shard, position)
        return str(self._client.get_shard_iterator(**where, ShardIteratorType=self._mapping.position)["ShardIterator"])

    def _read(self, shard: str, stop: threading.Event) -> bool:
        try:
            answer = self._client.get_records(ShardIterator=self._iterators[shard], Limit=1000)
        except self._client.exceptions.ExpiredIteratorException:
            self._reopen(shard)
            return False
        except self._client.exceptions.TrimmedDataAccessException:
            # DynamoDB Local says so of an iterator made before the stream's first record, too: begin with the oldest there is.
            self._positions.pop(shard, None)
            self._reopen(shard)
            return False
        records: list[Mapping[str, Any]] = [_event_record(record, self._mapping.arn) for record in answer["Records"]]
        wanted = [record for record in records if self._wanted(record)]
        for first in range(0, len(wanted), self._mapping.batch_size):
            self._deliver(shard, wanted[first : first + self._mapping.batch_size], self._mapping.retries, stop)
            if stop.is_set():
                return False  # what was not delivered is read again
        if records:
            self._remember(shard, records[-1]["dynamodb"]["SequenceNumber"])
        if "NextShardIterator" in answer:
            self._iterators[shard] = answer["NextShardIterator"]
        else:
            del self._iterators[shard]
            self._remember(shard, _FINISHED)
            self._asked = 0.0  # its children are waiting
        return bool(records)

    def _reopen(self, shard: str) -> None:
        """Have the shard opened anew at its remembered position with the next step."""
        del self._iterators[shard]
        self._asked = float("-inf")

    def _wanted(self, record: Mapping[str, Any]) -> bool:
        return not self._mapping.patterns or any(pattern.matches(record) for pattern in self._mapping.patterns)

    def _deliver(self, shard: str, batch: Sequence[Mapping[str, Any]], retries: int, stop: threading.Event) -> None:
        """Invoke with a batch; on failure halve it or try again, at last send a note of it to the failure queue.

        A function that names records which failed gets the batch again from the first of them on.
        """
        try:
            answer = self._function.invoke({"Records": batch})
            failed = self._first_failed(batch, answer) if self._mapping.partial else None
            if failed is None:
                return
            batch, halve = batch[failed:], False
        except FunctionError:
            halve = self._mapping.bisect
        if not retries:
            self._give_up(shard, batch)
            return
        tried = self._mapping.retries - retries
        if stop.wait(min(10.0, 0.2 * 2**tried)):
            return
        half = len(batch) // 2 if halve else 0
        for part in (batch[:half], batch[half:]):
            if part and not stop.is_set():
                self._deliver(shard, part, retries - 1, stop)

    def _first_failed(self, batch: Sequence[Mapping[str, Any]], answer: Any) -> int | None:  # noqa: ANN401 - a result is any JSON
        """The first record that the answer names; a name that is none of the batch fails all of it, as on AWS."""
        named = {one["itemIdentifier"] for one in (answer or {}).get("batchItemFailures", ())}
        places = {record["dynamodb"]["SequenceNumber"]: position for position, record in enumerate(batch)}
        return min((places.get(name, 0) for name in named), default=None)

    def _give_up(self, shard: str, batch: Sequence[Mapping[str, Any]]) -> None:
        numbers = [record["dynamodb"]["SequenceNumber"] for record in batch]
        note = {
            "requestContext": {
                "requestId": str(uuid.uuid4()),
                "functionArn": self._function.configuration.arn,
                "condition": "RetryAttemptsExhausted",
                "approximateInvokeCount": self._mapping.retries + 1,
            },
            "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
            "version": "1.0",
            "timestamp": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
            "DDBStreamBatchInfo": {
                "shardId": shard,
                "startSequenceNumber": numbers[0],
                "endSequenceNumber": numbers[-1],
                "batchSize": len(batch),
                "streamArn": self._mapping.arn,
            },
        }
        self._queues.send_message(QueueUrl=self._mapping.failures, MessageBody=json.dumps(note))
        log.error("%s: %d records of its stream are given up", self._mapping.function, len(batch))

    def _remember(self, shard: str, position: str) -> None:
        self._positions[shard] = position
        fresh = self._file.with_suffix(".new")
        fresh.write_text(json.dumps({self._mapping.arn: self._positions}))
        fresh.replace(self._file)


def _event_record(record: Mapping[str, Any], arn: str) -> dict[str, Any]:
    """A record of the streams API as Lambda's event shows it."""
    change = dict(record["dynamodb"])
    change["ApproximateCreationDateTime"] = change["ApproximateCreationDateTime"].timestamp()
    for image in ("Keys", "NewImage", "OldImage"):
        if image in change:
            change[image] = _jsonable(change[image])
    names = ("eventID", "eventName", "eventVersion", "eventSource", "awsRegion")
    return {"awsRegion": REGION, **{name: record[name] for name in names if name in record}} | {
        "dynamodb": change,
        "eventSourceARN": arn,
    }


def _jsonable(value: Any) -> Any:  # noqa: ANN401 - an attribute value has any shape
    """Binary values are base64 text in an event."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, dict):
        return {key: _jsonable(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set):
        return [_jsonable(item) for item in value]
    return value
