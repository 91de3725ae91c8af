"""The queue on which every finder stores its hints (I1): SQS, and the shape of its messages.

One message is JSON, `{"hints": [{"task_id": "00T…", "deleted"?: "<ISO 8601, aware>", "batch"?: "<name>", "swept"?: true,
"webhook"?: true, "turn"?: true}, …]}`, with at most 100 hints. A queue may deliver a message twice or late; hints allow for that (M7).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from reminders.core.task import Hint, is_task_id

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef

    from reminders.ports import Clock

PER_MESSAGE: Final = 100
"""Hints in one message: as many as one outbound message carries, and few enough to be redelivered together."""

PER_CALL: Final = 10
"""Messages in one call: the most that SQS takes."""

ATTEMPTS: Final = 4
"""How often a message that SQS refused is sent in all, with 0.1, 0.2 and 0.4 s between."""

FIRST_PAUSE: Final = 0.1

FLAGS: Final = ("swept", "webhook", "turn")
"""What is true of a hint is written; what is not is left out."""

_Item = TypeVar("_Item")


class HintsNotStored(Exception):
    """Some hints are not confirmed stored; others of the same call may be. Whoever found them must find them again."""


class MalformedMessage(ValueError):
    """A message on the queue is not one of ours."""


def pack(hints: Sequence[Hint]) -> str:
    """Write hints as the body of one message."""
    return json.dumps({"hints": [_to_json(hint) for hint in hints]}, separators=(",", ":"))


def unpack(body: str) -> tuple[Hint, ...]:
    """Read the body of one message. Raises MalformedMessage, which quotes nothing of it."""
    try:
        return tuple(_from_json(item) for item in json.loads(body)["hints"])
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise MalformedMessage(f"no message of ours: {type(error).__name__}") from None


class HintQueue:
    """The `Hints` port on SQS."""

    def __init__(self, sqs: SQSClient, url: str, clock: Clock) -> None:
        self._sqs = sqs
        self._url = url
        self._clock = clock

    def store(self, hints: Sequence[Hint]) -> None:
        """Return only when every hint is confirmed stored. Raises HintsNotStored."""
        bodies = [pack(some) for some in _parts(hints, PER_MESSAGE)]
        for some in _parts(bodies, PER_CALL):
            self._send(some)

    def _send(self, bodies: Sequence[str]) -> None:
        """Send messages in one call; those that are not confirmed, again, a bounded number of times."""
        waiting: dict[str, SendMessageBatchRequestEntryTypeDef] = {
            str(number): {"Id": str(number), "MessageBody": body} for number, body in enumerate(bodies)
        }
        for attempt in range(ATTEMPTS):
            if attempt:
                self._clock.sleep(FIRST_PAUSE * 2 ** (attempt - 1))
            try:
                answer = self._sqs.send_message_batch(QueueUrl=self._url, Entries=list(waiting.values()))
            except (BotoCoreError, ClientError) as error:  # botocore has repeated what is worth repeating
                raise HintsNotStored(f"the queue cannot be reached: {cause(error)}") from error
            for sent in answer.get("Successful", []):
                del waiting[sent["Id"]]
            if not waiting:
                return
            if any(failed["SenderFault"] for failed in answer.get("Failed", [])):
                break
        raise HintsNotStored(f"the queue did not take {len(waiting)} of {len(bodies)} messages")


def _parts(items: Sequence[_Item], size: int) -> Iterator[Sequence[_Item]]:
    return (items[start : start + size] for start in range(0, len(items), size))


def cause(error: BotoCoreError | ClientError) -> str:
    """Name what failed by its code, which quotes nothing of what was sent."""
    return error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__


def _to_json(hint: Hint) -> dict[str, str | bool]:
    item: dict[str, str | bool] = {"task_id": hint.task_id}
    if hint.deleted is not None:
        item["deleted"] = hint.deleted.isoformat()
    if hint.batch is not None:
        item["batch"] = hint.batch
    return item | {flag: True for flag in FLAGS if getattr(hint, flag)}


def _from_json(item: Mapping[str, object]) -> Hint:
    task_id, deleted, batch = item["task_id"], item.get("deleted"), item.get("batch")
    flags = {flag: item.get(flag, False) for flag in FLAGS}
    if not is_task_id(task_id) or not isinstance(batch, str | None):
        raise ValueError
    if any(not isinstance(value, bool) for value in flags.values()):
        raise ValueError
    at = None if deleted is None else datetime.fromisoformat(str(deleted))
    if at and at.tzinfo is None:
        raise ValueError
    return Hint(task_id, deleted=at, batch=batch, **{flag: value is True for flag, value in flags.items()})
