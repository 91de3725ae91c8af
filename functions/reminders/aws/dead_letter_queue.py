"""The queue of hints that failed alone, again and again (I1): SQS."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from botocore.exceptions import BotoCoreError, ClientError

from reminders.aws.hint_queue import PER_CALL, HintsNotStored, MalformedMessage, cause, unpack
from reminders.core.task import Hint
from reminders.ports import DeadBatch

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import DeleteMessageBatchRequestEntryTypeDef

WAIT_SECONDS: Final = 1
"""Of a receive of dead letters: a long poll asks every server of SQS, so an empty answer means an empty queue."""


class DeadLetterQueue:
    """The `DeadLetters` port on SQS. Its visibility timeout must be longer than a sweep lasts: each letter comes once in one."""

    def __init__(self, sqs: SQSClient, url: str) -> None:
        self._sqs = sqs
        self._url = url

    def receive(self) -> DeadBatch:
        """Take a batch. Raises HintsNotStored."""
        try:
            answer = self._sqs.receive_message(
                QueueUrl=self._url, MaxNumberOfMessages=PER_CALL, WaitTimeSeconds=WAIT_SECONDS
            )
        except (BotoCoreError, ClientError) as error:
            raise HintsNotStored(f"the dead letters cannot be read: {cause(error)}") from error
        hints: list[Hint] = []
        letters: list[str] = []
        messages = answer.get("Messages", [])
        for message in messages:
            try:
                hints += unpack(message["Body"])
            except MalformedMessage:
                continue  # counted, and left on the queue: nobody but a person can tell what it is
            letters.append(message["ReceiptHandle"])
        return DeadBatch(hints=tuple(hints), letters=tuple(letters), malformed=len(messages) - len(letters))

    def forget(self, letters: Sequence[str]) -> None:
        """Delete them. One that is not deleted comes again, which is harmless. Raises HintsNotStored."""
        entries: list[DeleteMessageBatchRequestEntryTypeDef] = [
            {"Id": str(number), "ReceiptHandle": letter} for number, letter in enumerate(letters)
        ]
        if not entries:
            return
        try:
            self._sqs.delete_message_batch(QueueUrl=self._url, Entries=entries)
        except (BotoCoreError, ClientError) as error:
            raise HintsNotStored(f"the dead letters cannot be deleted: {cause(error)}") from error
