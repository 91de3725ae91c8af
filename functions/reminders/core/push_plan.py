"""The plan of a push: which writes go into which call, and in which order (O1, O6)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from math import ceil
from types import MappingProxyType
from typing import Final, TypeVar

from reminders.core.decision import Send
from reminders.core.reminder import Priority, Reminder, Write

Item = TypeVar("Item")

PER_CALL: Final[Mapping[Write, int]] = MappingProxyType({Write.DELETE: 200, Write.CREATE: 200, Write.UPDATE: 25})
"""Records per call: collections take 200, composites 25. The order is the order of the calls: deletes free the most."""


COST: Final[Mapping[Write, int]] = MappingProxyType({Write.DELETE: 2, Write.CREATE: 1, Write.UPDATE: 1})
"""API calls that one call of writes takes."""


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


def urgency_key(reminder: Reminder) -> str:
    """Tell the same as text that sorts like it, for an index; without the id."""
    due, normal, _ = urgency(reminder)
    return f"{due.isoformat()}#{'1' if normal else '0'}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """A reminder that waits for a push, as an index tells it: whose it is, its next attempt, its urgency as text."""

    id: str
    owner: str
    attempt: datetime
    urgency: str


def take_turns(waits: Iterable[Waits], limit: int, *, urgent_first: bool) -> list[str]:
    """Choose what is tried now: every owner's first, then every owner's second, and so on (C8).

    Each owner's own are in the order of their attempts, or with `urgent_first` in that of their urgency (O6). So of what one
    owner has waiting, however much, only a turn's worth comes before somebody else's.
    """
    queues: dict[str, list[tuple[str, datetime, str]]] = {}
    for each in waits:
        queues.setdefault(each.owner, []).append((each.urgency if urgent_first else "", each.attempt, each.id))
    turns = [(turn, *place) for queue in queues.values() for turn, place in enumerate(sorted(queue)[:limit])]
    return [reminder_id for *_, reminder_id in sorted(turns)[:limit]]


def affordable(sends: Mapping[str, tuple[Reminder, Write]], left: int | None) -> frozenset[str]:
    """Choose the writes that `left` API calls suffice for, most urgent first; None is no bound (O6).

    A delete's call is followed by a look into the recycle bin, so it counts twice.
    """
    if left is None:
        return frozenset(sends)
    chosen: list[str] = []
    counts: Counter[Write] = Counter()
    for key in sorted(sends, key=lambda key: urgency(sends[key][0])):
        counts[sends[key][1]] += 1
        if sum(ceil(count / PER_CALL[write]) * COST[write] for write, count in counts.items()) > left:
            break
        chosen.append(key)
    return frozenset(chosen)


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
