"""What AWS hands to a function, read into values: what woke it, and what the event names.

Filters of the template keep other records away; they are checked here once more, because a filter is configuration.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from reminders.aws.hint_queue import MalformedMessage, unpack
from reminders.core.task import Hint

Event = Mapping[str, Any]
"""An event as Lambda decodes it from JSON."""


class UnknownEvent(ValueError):
    """The function was woken by something that it does not know."""


@dataclass(frozen=True, slots=True)
class Scheduled:
    """It is time: a rule or a schedule of EventBridge. `at_once`: the event's own detail says not to ask whether it is due."""

    at_once: bool = False


@dataclass(frozen=True, slots=True)
class Woken:
    """These users turned sync on, and their tasks are not listed yet (S1); `requests` for a sync: any number is one (C3)."""

    user_ids: tuple[str, ...]
    requests: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rung:
    """These reminders were edited, or merged so that something new is to be sent (O1)."""

    reminder_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hints:
    """A batch from the queue: all its hints, and the task ids of each message. `malformed` are messages that are not ours."""

    hints: tuple[Hint, ...]
    task_ids: Mapping[str, frozenset[str]]
    malformed: tuple[str, ...]

    def failures(self, task_ids: Collection[str]) -> dict[str, Any]:
        """Answer SQS: the messages to deliver again are those that name a failed task, and those that are not ours.

        The latter end in the dead-letter queue, without taking the batch with them.
        """
        again = [message for message, named in self.task_ids.items() if not named.isdisjoint(task_ids)]
        return {"batchItemFailures": [{"itemIdentifier": message} for message in (*again, *self.malformed)]}


def scheduled(event: Event) -> Scheduled:
    """Read an event of EventBridge (rules and Scheduler send the same envelope). Raises UnknownEvent."""
    if event.get("source") not in {"aws.events", "aws.scheduler"}:
        raise UnknownEvent("neither a schedule nor a stream")
    return Scheduled(at_once=event.get("detail", {}).get("at_once") is True)


def poll(event: Event) -> Scheduled | Woken:
    """Read what woke the poll: its schedule, or the state table's stream. Raises UnknownEvent."""
    if "Records" not in event:
        return scheduled(event)
    return Woken(
        user_ids=_distinct(keys["sk"]["S"] for keys in _marked(event, "first_sync_due")),
        requests=_distinct(keys["sk"]["S"] for keys in _marked(event, "sync_due")),
    )


def push(event: Event) -> Scheduled | Rung:
    """Read what woke the push: its schedule, or the reminders table's stream. Raises UnknownEvent."""
    if "Records" not in event:
        return scheduled(event)
    return Rung(_distinct(keys["reminder_id"]["S"] for keys in _marked(event, "rings")))


def hints(event: Event) -> Hints:
    """Read a batch of the hints queue. A message that is not ours fails alone."""
    found: dict[str, tuple[Hint, ...]] = {}
    malformed: list[str] = []
    for record in event["Records"]:
        try:
            found[record["messageId"]] = unpack(record["body"])
        except MalformedMessage:
            malformed.append(record["messageId"])
    return Hints(
        hints=tuple(hint for some in found.values() for hint in some),
        task_ids={message: frozenset(hint.task_id for hint in some) for message, some in found.items()},
        malformed=tuple(malformed),
    )


def _marked(event: Event, attribute: str) -> Iterator[Mapping[str, Any]]:
    """Keys of the stream's records whose new image carries this attribute as true."""
    for record in event["Records"]:
        change = record["dynamodb"]
        if change.get("NewImage", {}).get(attribute, {}).get("BOOL") is True:
            yield change["Keys"]


def _distinct(ids: Iterator[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(ids))
