"""Shards: children after their parents, pages, a lost position; the rest is in test_host.py."""

from __future__ import annotations

import threading
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

    def __init__(self) -> None:
        self.numbers: list[str] = []

    def invoke(self, event: Any) -> None:
        """Remember which records came."""
        self.numbers += [record["dynamodb"]["SequenceNumber"] for record in event["Records"]]


def source(stream: Stream, folder: Path) -> tuple[StreamSource, Seen]:
    """The stream's source before a function."""
    seen = Seen()
    return StreamSource(MAPPING, cast("Function", seen), stream, None, folder / "positions.json"), seen


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
