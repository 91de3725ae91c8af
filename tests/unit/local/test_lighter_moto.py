"""What we change of moto: its answers stay, and what it counts does not grow with what waits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from moto.backends import get_backend
from moto.sqs import models

from infra.local.deploy import Endpoints

WAITING = 200


@pytest.fixture
def queue(aws: Endpoints) -> Iterator[tuple[Any, str]]:
    """A client, and a queue that keeps what it has for an hour."""
    client = aws.client("sqs")
    made = client.create_queue(QueueName="Lightened", Attributes={"MessageRetentionPeriod": "3600"})["QueueUrl"]
    yield client, made
    client.delete_queue(QueueUrl=made)


def _kept(url: str) -> models.Queue:
    found = [
        backend.queues.get(url.rpartition("/")[2]) for each in get_backend("sqs").values() for backend in each.values()
    ]
    return next(each for each in found if each)


def _send(client: Any, url: str, number: int) -> None:
    for start in range(0, number, 10):
        entries = [{"Id": str(each), "MessageBody": f"{start + each}"} for each in range(min(10, number - start))]
        client.send_message_batch(QueueUrl=url, Entries=entries)


def test_a_receive_looks_at_what_waits_a_few_times_only(
    queue: tuple[Any, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It looked six times at each for every message received, and held all other calls up meanwhile."""
    client, url = queue
    _send(client, url, WAITING)
    looks = 0
    visible = models.Message.visible

    def looked(message: models.Message) -> bool:
        nonlocal looks
        looks += 1
        return bool(visible.__get__(message))

    monkeypatch.setattr(models.Message, "visible", property(looked))
    received = client.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]

    assert [each["Body"] for each in received] == [str(each) for each in range(10)]
    assert looks <= 3 * WAITING


def test_what_is_older_than_its_queue_keeps_is_not_received(queue: tuple[Any, str]) -> None:
    """As moto's own: the rule is not lost with its cost."""
    client, url = queue
    _send(client, url, 2)
    first = _kept(url)._messages[0]
    assert first.sent_timestamp is not None
    first.sent_timestamp -= 3_601_000

    assert "Messages" not in client.receive_message(QueueUrl=url, MaxNumberOfMessages=10)


def test_a_message_is_hidden_while_it_is_worked_on(queue: tuple[Any, str]) -> None:
    """The clock that it goes by is another one now."""
    client, url = queue
    _send(client, url, 1)
    first = client.receive_message(QueueUrl=url, VisibilityTimeout=1)["Messages"]

    assert first
    assert "Messages" not in client.receive_message(QueueUrl=url)
    _kept(url)._messages[0].visible_at -= 1_001
    assert client.receive_message(QueueUrl=url)["Messages"][0]["MessageId"] == first[0]["MessageId"]
