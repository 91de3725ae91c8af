"""What is announced when a reminder is completed (C6), read from the stream of the reminders table.

docs/events.md tells the shape of an announcement to those who receive it. No name and no details: what a campaign needs, no more.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

SCHEMA: Final = 1
"""Of the announcement; a field that is added does not raise it."""

_VALUES: Final = (
    "assignee",
    "person",
    "type",
    "campaign_name",
    "campaign_day",
    "campaign_step",
    "call_outcome",
    "call_reason",
)


@dataclass(frozen=True, slots=True)
class Announcement:
    """One completion: its record's place in the stream, and what is told."""

    place: str
    detail: Mapping[str, str | int | None]


@dataclass(frozen=True, slots=True)
class Completions:
    """The completions of one batch of the stream, in its order; `unreadable` are places of records that are none of ours."""

    announcements: tuple[Announcement, ...]
    unreadable: tuple[str, ...]

    def failures(self, places: Collection[str]) -> dict[str, Any]:
        """Answer Lambda: where to begin again. Whatever follows is announced once more, under the same ids."""
        return {"batchItemFailures": [{"itemIdentifier": place} for place in (*places, *self.unreadable)]}


class Bus(Protocol):
    """Where completions are announced."""

    def announce(self, announcements: Sequence[Announcement]) -> list[str]:
        """Send them; return the places of those that are not confirmed sent."""
        ...


def completions(event: Mapping[str, Any]) -> Completions:
    """Read a batch of the stream. What completes nothing is passed over: filters are configuration."""
    found: list[Announcement] = []
    unreadable: list[str] = []
    for record in event["Records"]:
        change = record["dynamodb"]
        image = change.get("NewImage", {})
        if "completion" not in image:
            continue
        try:
            found.append(Announcement(change["SequenceNumber"], _detail(image)))
        except (KeyError, TypeError):
            unreadable.append(change["SequenceNumber"])
    return Completions(announcements=tuple(found), unreadable=tuple(unreadable))


def _detail(image: Mapping[str, Any]) -> dict[str, str | int | None]:
    """Tell of one image. A completion's id is the version of the reminder that it made: the same however often it is sent."""
    reminder_id, version = image["reminder_id"]["S"], image["version"]["N"]
    completion, values = image["completion"]["M"], image["values"]["M"]
    return {
        "schema": SCHEMA,
        "id": f"{reminder_id}/{version}",
        "reminder_id": reminder_id,
        "external_id": f"{reminder_id}-{image['generation']['N']}",
        "task_id": image.get("task_id", {}).get("S"),
        "completed_at": completion["at"]["S"],
        "side": completion["side"]["S"],
        **{name: values.get(name, {}).get("S") for name in _VALUES},
    }
