"""The plan of a push: which writes go into which call, and in which order (O1, O6)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from types import MappingProxyType
from typing import Final, TypeVar

from reminders.decision import Send
from reminders.reminder import Priority, Reminder, Write

Item = TypeVar("Item")

PER_CALL: Final[Mapping[Write, int]] = MappingProxyType({Write.DELETE: 200, Write.CREATE: 200, Write.UPDATE: 25})
"""Records per call: collections take 200, composites 25. The order is the order of the calls: deletes free the most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One write: the reminder as stored with its intent, what to send, and an update's precondition."""

    reminder: Reminder
    send: Send
    unmodified_since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One API call."""

    write: Write
    items: tuple[Planned, ...]


def urgency(reminder: Reminder) -> tuple[date, bool, str]:
    """Order reminders: what is due soonest first, high before normal; no date last (O6)."""
    values = reminder.values
    return values.due or date.max, values.priority is not Priority.HIGH, reminder.id


def calls(planned: Iterable[Planned]) -> Iterator[Call]:
    """Pack the writes into as few calls as the platform allows, most urgent first."""
    ordered = sorted(planned, key=lambda item: urgency(item.reminder))
    for write, size in PER_CALL.items():
        for chunk in chunks([item for item in ordered if item.send.write is write], size):
            yield Call(write=write, items=tuple(chunk))


def halves(call: Call) -> list[Call]:
    """Cut a call of at least two records in two, the more urgent half last."""
    middle = len(call.items) // 2
    return [replace(call, items=part) for part in (call.items[middle:], call.items[:middle])]


def chunks(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    """Cut a sequence into pieces of at most `size`."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
