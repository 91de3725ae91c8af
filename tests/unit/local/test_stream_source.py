"""Shards: children after their parents, pages, a lost position; the rest is in test_host.py."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from infra.local.lambdas import Function
from infra.local.patterns import Pattern
from infra.local.stream_source import StreamSource
from infra.local.wiring import StreamMapping

MAPPING = StreamMapping(
    function="F",
    arn="arn:stream",
    batch_size=2,
    window=0,
    position="TRIM_HORIZON",
    patterns=(Pattern({"dynamodb": {"Keys": {"id": {"B": ["eA=="]}}}}),),
    retries=0,
    bisect=False,
    partial=False,
    failures="",
)


class Trimmed(Exception):
    """Stands for TrimmedDataAccessException."""


class Gone(Exception):
    """Stands for the exceptions that never come here."""


class Stream:
    """A stream of two generations, listed one shard a page, children first; a shard ends with its records."""

    exceptions = SimpleNamespace(
        TrimmedDataAccessException=Trimmed, ResourceNotFoundException=Gone, ExpiredIteratorException=Gone
    )

    def __init__(self) -> None:
        self.shards = {"child": ("parent", ["3"]), "parent": (None, ["1", "2"])}
        self.trimmed = False

    def describe_stream(self, *, StreamArn: str, ExclusiveStartShardId: str | None = None) -> Any:  # noqa: N803 - boto3's names
        """One page of shards."""
        names = list(self.shards)
        at = names.index(ExclusiveStartShardId) + 1 if ExclusiveStartShardId else 0
        parent = self.shards[names[at]][0]
        shard = {"ShardId": names[at]} | ({"ParentShardId": parent} if parent else {})
        more = {"LastEvaluatedShardId": names[at]} if at + 1 < len(names) else {}
        return {"StreamDescription": {"Shards": [shard], **more}}

    def get_shard_iterator(self, *, ShardId: str, ShardIteratorType: str, SequenceNumber: str = "0", **_: str) -> Any:  # noqa: N803 - same
        """Where to read."""
        if self.trimmed and ShardIteratorType == "AFTER_SEQUENCE_NUMBER":
            raise Trimmed
        return {"ShardIterator": f"{ShardId}/{SequenceNumber}"}

    def get_records(self, *, ShardIterator: str, Limit: int) -> Any:  # noqa: N803 - same
        """All that is left of a shard, which then ends."""
        shard, _, after = ShardIterator.partition("/")
        records = [
            {
                "dynamodb": {
                    "SequenceNumber": number,
                    "Keys": {"id": {"B": b"x"}},
                    "ApproximateCreationDateTime": datetime(2026, 1, 1, tzinfo=UTC),
                }
            }
            for number in self.shards[shard][1]
            if number > after
        ]
        return {"Records": records}


class Seen:
    """Stands in for the function."""

    configuration = SimpleNamespace(arn="arn:function")

    def __init__(self, *failing: str) -> None:
        self.numbers: list[str] = []
        self.failing = list(failing)

    def invoke(self, event: Any) -> Any:
        """Remember which records came; name the next one that is to fail, if it is among them."""
        came = [record["dynamodb"]["SequenceNumber"] for record in event["Records"]]
        self.numbers += came
        failed = [self.failing.pop(0)] if self.failing and self.failing[0] in came else []
        return {"batchItemFailures": [{"itemIdentifier": number} for number in failed]}


def source(
    stream: Stream, folder: Path, mapping: StreamMapping = MAPPING, seen: Seen | None = None, queues: Any = None
) -> tuple[StreamSource, Seen]:
    """The stream's source before a function."""
    seen = seen or Seen()
    return StreamSource(mapping, cast("Function", seen), stream, queues, folder / "positions.json"), seen


def test_a_child_is_read_when_its_parent_is_finished(tmp_path: Path) -> None:
    """Out of order, an older image would come after a newer one when a shard is split."""
    reading, seen = source(Stream(), tmp_path)
    reading.step(threading.Event())
    assert seen.numbers == ["1", "2"]
    reading.step(threading.Event())
    assert seen.numbers == ["1", "2", "3"]


def test_finished_shards_stay_finished_after_a_restart(tmp_path: Path) -> None:
    """A restart must not replay what was delivered."""
    stream = Stream()
    first, _ = source(stream, tmp_path)
    for _ in range(2):
        first.step(threading.Event())
    second, seen = source(stream, tmp_path)
    assert not second.step(threading.Event())
    assert seen.numbers == []


def test_a_position_that_is_trimmed_starts_at_the_oldest_record(tmp_path: Path) -> None:
    """After a day without the host its position is gone; it must not stand still."""
    stream = Stream()
    (tmp_path / "positions.json").write_text('{"arn:stream": {"parent": "0"}}')
    stream.trimmed = True
    reading, seen = source(stream, tmp_path)
    reading.step(threading.Event())
    assert seen.numbers == ["1", "2"]


def test_a_function_that_names_what_failed_gets_it_and_what_follows_again(tmp_path: Path) -> None:
    """As Lambda does with ReportBatchItemFailures: what went before is done, the rest comes again, in order."""
    stream, seen = Stream(), Seen("2", "2")
    partial = replace(MAPPING, partial=True, retries=2)
    source(stream, tmp_path, partial, seen)[0].step(threading.Event())
    assert seen.numbers == ["1", "2", "2", "2"]


def test_a_function_whose_failures_are_not_asked_for_is_done(tmp_path: Path) -> None:
    """Without FunctionResponseTypes, Lambda ignores what the function returns."""
    stream, seen = Stream(), Seen("2", "2")
    source(stream, tmp_path, replace(MAPPING, retries=2), seen)[0].step(threading.Event())
    assert seen.numbers == ["1", "2"]


def test_what_keeps_failing_is_given_up_with_a_note(tmp_path: Path) -> None:
    """Bounded: the stream goes on, and the note says where to look."""
    stream, seen, notes = Stream(), Seen("1", "1"), []
    queues = SimpleNamespace(send_message=lambda **message: notes.append(message["MessageBody"]))
    partial = replace(MAPPING, partial=True, retries=1)
    source(stream, tmp_path, partial, seen, queues)[0].step(threading.Event())
    assert seen.numbers == ["1", "2", "1", "2"]
    assert '"startSequenceNumber": "1"' in notes[0]
