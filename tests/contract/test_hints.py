"""What every implementation of the `Hints` port keeps: the queue on SQS (emulated by moto), and the one in memory (I1)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, EndpointConnectionError
from fakes.memory_dead_letters import MemoryDeadLetters
from fakes.memory_hints import MemoryHints
from fakes.still_clock import StillClock
from moto import mock_aws

from reminders.aws.dead_letter_queue import DeadLetterQueue
from reminders.aws.hint_queue import (
    ATTEMPTS,
    PER_CALL,
    PER_MESSAGE,
    HintQueue,
    HintsNotStored,
    MalformedMessage,
    pack,
    unpack,
)
from reminders.core.task import Hint
from reminders.ports import DeadBatch, DeadLetters, Hints
from reminders.sync.dead_letters import MOST, revive

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

DELETED = datetime(2026, 11, 22, 9, 58, tzinfo=UTC)


@dataclass(frozen=True)
class Subject:
    """One implementation; what is on its queue; and a way to make it fail for good."""

    hints: Hints
    take: Callable[[], list[Hint]]
    break_down: Callable[[], object]


@pytest.fixture
def sqs(monkeypatch: pytest.MonkeyPatch) -> Iterator[SQSClient]:
    """Give moto's SQS, with no way to the real one."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        yield boto3.client("sqs", region_name="eu-central-1", config=Config(retries={"total_max_attempts": 1}))


@pytest.fixture
def queue_url(sqs: SQSClient) -> str:
    """Make a queue."""
    return sqs.create_queue(QueueName="hints")["QueueUrl"]


@pytest.fixture(params=["memory", "sqs"])
def subject(request: pytest.FixtureRequest) -> Subject:
    """Give each implementation in turn."""
    if request.param == "memory":
        memory = MemoryHints()
        return Subject(memory, memory.take, lambda: setattr(memory, "refusals", 1_000))
    client: SQSClient = request.getfixturevalue("sqs")
    url: str = request.getfixturevalue("queue_url")
    return Subject(
        HintQueue(client, url, StillClock()),
        lambda: [hint for body in bodies(client, url) for hint in unpack(body)],
        lambda: client.delete_queue(QueueUrl=url),
    )


def bodies(client: SQSClient, url: str) -> list[str]:
    """Take everything off the queue."""
    taken: list[str] = []
    while messages := client.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        taken += [message["Body"] for message in messages]
    return taken


def some(number: int) -> list[Hint]:
    """Make this many hints."""
    return [Hint(f"00T5g0000{n:06d}EAA") for n in range(number)]


@pytest.mark.parametrize("number", [0, 1, PER_MESSAGE, PER_MESSAGE + 1, PER_MESSAGE * PER_CALL + 1])
def test_every_hint_arrives_once(subject: Subject, number: int) -> None:
    """I1: a hint that got lost between two messages or two calls would be an edit that nobody sees before the sweep."""
    subject.hints.store(some(number))

    assert sorted(hint.task_id for hint in subject.take()) == [hint.task_id for hint in some(number)]


@pytest.mark.parametrize(
    "hint",
    [
        Hint("00T5g00000AbCdEEAV"),
        Hint("00T5g00000AbCdEEAV", deleted=DELETED),
        Hint("00T5g00000AbCdEEAV", batch="0055g000001AbCdAAK:3"),
        Hint("00T5g00000AbCdEEAV", deleted=DELETED, batch="0055g000001AbCdAAK:3"),
        Hint("00T5g00000AbCdEEAV", swept=True),
        Hint("00T5g00000AbCdEEAV", webhook=True),
        Hint("00T5g00000AbCdEEAV", turn=True),
    ],
)
def test_hint_arrives_as_it_was_stored(subject: Subject, hint: Hint) -> None:
    """M6, S1, I5, I2, S4: the date of the deleted list, a first sync's batch, who alone sent it and that its turn has come go with it."""
    subject.hints.store([hint])

    assert subject.take() == [hint]


def test_hints_that_are_not_stored_are_an_error(subject: Subject) -> None:
    """I2, I3: an acknowledgement or a watermark over hints that were not stored would lose them for good."""
    subject.break_down()

    with pytest.raises(HintsNotStored):
        subject.hints.store(some(1))


def test_many_hints_share_a_message(sqs: SQSClient, queue_url: str) -> None:
    """One message per hint would make a mass update in the org a hundred times as many deliveries."""
    HintQueue(sqs, queue_url, StillClock()).store(some(250))

    assert sorted(len(unpack(body)) for body in bodies(sqs, queue_url)) == [50, 100, 100]


def queue_on(client: object, clock: StillClock) -> HintQueue:
    """Make a queue on a stand-in for boto3's client, which has the one method that is called."""
    return HintQueue(cast("SQSClient", client), "url", clock)


@dataclass
class Refusing:
    """An SQS client that refuses the last message of a call, the given number of times."""

    times: int
    sender_fault: bool = False
    calls: int = 0
    sent: int = 0

    def send_message_batch(self, *, QueueUrl: str, Entries: Sequence[dict[str, str]]) -> dict[str, Any]:  # noqa: N803 -- boto3's names
        """Refuse the last message of the call while refusals are left, and take the others."""
        self.calls += 1
        refused = list(Entries[-1:]) if self.calls <= self.times else []
        taken = [entry for entry in Entries if entry not in refused]
        self.sent += sum(len(unpack(entry["MessageBody"])) for entry in taken)
        return {
            "Successful": [{"Id": entry["Id"]} for entry in taken],
            "Failed": [{"Id": entry["Id"], "SenderFault": self.sender_fault, "Code": "X"} for entry in refused],
        }


def test_refused_message_is_sent_again_alone() -> None:
    """SQS takes each message of a call by itself: what it took is not sent twice, what it refused is not lost."""
    client, clock = Refusing(times=ATTEMPTS - 1), StillClock()
    queue_on(client, clock).store(some(300))

    assert client.sent == 300
    assert client.calls == ATTEMPTS
    assert clock.slept == [0.1, 0.2, 0.4]


def test_message_refused_for_good_is_an_error_after_bounded_attempts() -> None:
    """Never an unbounded retry."""
    client = Refusing(times=1_000)

    with pytest.raises(HintsNotStored, match="1 of 3"):
        queue_on(client, StillClock()).store(some(300))
    assert client.calls == ATTEMPTS


def test_message_that_is_our_fault_is_not_sent_again() -> None:
    """The same message cannot become right by repeating it."""
    client = Refusing(times=1_000, sender_fault=True)

    with pytest.raises(HintsNotStored):
        queue_on(client, StillClock()).store(some(1))
    assert client.calls == 1


@pytest.mark.parametrize(
    "error",
    [
        ClientError({"Error": {"Code": "AccessDenied", "Message": "a secret"}}, "SendMessageBatch"),
        EndpointConnectionError(endpoint_url="https://a.secret"),
    ],
)
def test_error_of_the_vendor_becomes_ours(error: Exception) -> None:
    """Vendor errors never pass a port, and their texts do not get into ours."""

    class Failing:
        def send_message_batch(self, **_: object) -> None:
            raise error

    with pytest.raises(HintsNotStored) as caught:
        queue_on(Failing(), StillClock()).store(some(1))
    assert "secret" not in str(caught.value)


def test_message_fits_into_sqs() -> None:
    """Ten messages of a call share 256 KiB."""
    longest = Hint(
        "00T5g00000AbCdEEAV", deleted=DELETED, batch="0055g000001AbCdAAK:1000", swept=True, webhook=True, turn=True
    )

    assert len(pack([longest] * PER_MESSAGE)) * PER_CALL < 256 * 1024


@pytest.mark.parametrize(
    "body",
    [
        "",
        "null",
        "[]",
        "{}",
        '{"hints": null}',
        '{"hints": 1}',
        '{"hints": ["00T5g00000AbCdEEAV"]}',
        '{"hints": [{}]}',
        '{"hints": [{"task_id": null}]}',
        '{"hints": [{"task_id": "0035g00000AbCdEEAV"}]}',
        '{"hints": [{"task_id": "00T5g00000AbCdE"}]}',
        '{"hints": [{"task_id": "00T5g00000AbCdEEAV\\n"}]}',
        '{"hints": [{"task_id": "00T5g00000AbCdEEAV", "batch": 7}]}',
        '{"hints": [{"task_id": "00T5g00000AbCdEEAV", "swept": 1}]}',
        '{"hints": [{"task_id": "00T5g00000AbCdEEAV", "webhook": "yes"}]}',
        '{"hints": [{"task_id": "00T5g00000AbCdEEAV", "turn": null}]}',
        '{"hints": [{"task_id": "00T5g00000AbCdEEAV", "deleted": "yesterday"}]}',
        '{"hints": [{"task_id": "00T5g00000AbCdEEAV", "deleted": "2026-11-22T10:00:00"}]}',
        '{"hints": [{"task_id": "00T5g00000AbCdEEAV", "deleted": true}]}',
        "[" * 200_000,
    ],
)
def test_message_that_is_not_ours_is_told_apart(body: str) -> None:
    """A message that somebody else put on the queue must fail alone, not be read as a hint of something."""
    with pytest.raises(MalformedMessage):
        unpack(body)


# --- dead letters


@dataclass(frozen=True)
class Morgue:
    """One implementation of `DeadLetters`, and ways to put a letter there, and one that is not ours."""

    dead: DeadLetters
    bury: Callable[[Hint], object]
    spoil: Callable[[], object]


@pytest.fixture(params=["memory", "sqs"])
def morgue(request: pytest.FixtureRequest) -> Morgue:
    """Give each implementation in turn."""
    if request.param == "memory":
        memory = MemoryDeadLetters()
        return Morgue(memory, memory.bury, lambda: setattr(memory, "malformed", memory.malformed + 1))
    client: SQSClient = request.getfixturevalue("sqs")
    url = client.create_queue(QueueName="dead", Attributes={"VisibilityTimeout": "960"})["QueueUrl"]
    return Morgue(
        DeadLetterQueue(client, url),
        lambda hint: client.send_message(QueueUrl=url, MessageBody=pack([hint])),
        lambda: client.send_message(QueueUrl=url, MessageBody="not ours"),
    )


def test_every_dead_letter_is_taken_once(morgue: Morgue) -> None:
    """I1: more than one batch holds, with what travels with a hint; then there is no more, though nothing was forgotten yet."""
    hints = [replace(hint, deleted=DELETED, swept=True) for hint in some(12)]
    for hint in hints:
        morgue.bury(hint)
    batches = [morgue.dead.receive() for _ in range(3)]
    taken = [hint for batch in batches for hint in batch.hints]
    assert sorted(taken, key=lambda hint: hint.task_id) == hints
    assert [len(batch.letters) for batch in batches] == [10, 2, 0]


def test_a_letter_that_is_not_ours_is_counted_and_left(morgue: Morgue) -> None:
    """I1: nobody but a person can tell what it is; it must not keep ours from being read."""
    morgue.spoil()
    morgue.bury(*some(1))
    batch = morgue.dead.receive()
    assert (list(batch.hints), len(batch.letters), batch.malformed) == (some(1), 1, 1)


def test_letters_that_were_revived_are_gone_and_the_others_stay(sqs: SQSClient) -> None:
    """I1, Never: what is stored again is forgotten, so that it does not come twice a night; what is not ours stays to be seen."""
    url = sqs.create_queue(QueueName="dead", Attributes={"VisibilityTimeout": "0"})["QueueUrl"]
    for body in (pack(some(3)), "not ours"):
        sqs.send_message(QueueUrl=url, MessageBody=body)
    dead = DeadLetterQueue(sqs, url)
    dead.forget(dead.receive().letters)
    dead.forget(())
    left = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    assert [message["Body"] for message in left] == ["not ours"]


def test_dead_letters_that_never_end_are_read_a_bounded_number_of_times() -> None:
    """Never: an unbounded loop; the next night goes on."""

    class Endless:
        taken = 0

        def receive(self) -> DeadBatch:
            self.taken += 1
            return DeadBatch(hints=(), letters=(), malformed=1)

        def forget(self, letters: Sequence[str]) -> None:
            pass

    endless = Endless()
    assert revive(endless, MemoryHints())["dead_letters_malformed"] == MOST
    assert endless.taken == MOST


@pytest.mark.parametrize("verb", ["receive_message", "delete_message_batch"])
def test_a_queue_of_dead_letters_that_refuses_is_an_error_of_ours(verb: str) -> None:
    """I1: vendor errors never pass a port, and their texts do not get into ours."""

    class Failing:
        def __getattr__(self, name: str) -> Callable[..., object]:
            assert name == verb

            def fail(**_: object) -> None:
                raise ClientError({"Error": {"Code": "AccessDenied", "Message": "a secret"}}, name)

            return fail

    dead = DeadLetterQueue(cast("SQSClient", Failing()), "url")
    with pytest.raises(HintsNotStored, match="AccessDenied") as caught:
        dead.receive() if verb == "receive_message" else dead.forget(["letter"])
    assert "secret" not in str(caught.value)
