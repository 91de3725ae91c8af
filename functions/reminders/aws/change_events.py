"""Salesforce's Change Data Capture events of tasks, as Event Relay sends them to EventBridge, read into hints (I1).

Shape: `{"detail-type": "TaskChangeEvent", "detail": {"payload": {"ChangeEventHeader": {"changeType", "recordIds": ["00T…"],
"commitTimestamp": <ms since 1970>, …}, …}}}`. Values in an event are not read: an update holds changed fields only, long text as a
difference, and a gap event none. Events come at least once and in no order, as hints may (M7).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from reminders.aws.events import Event, UnknownEvent
from reminders.core.summary import Summary
from reminders.core.task import Hint, is_task_id

CHANGES: Final = ("CREATE", "UPDATE", "DELETE", "UNDELETE")
GAP: Final = "GAP_"
"""Before a change's name: Salesforce could not tell the change itself, only which records changed."""

OVERFLOW: Final = "GAP_OVERFLOW"
"""So many changes in one transaction that their records are not even named."""

KNOWN: Final = (*CHANGES, *(GAP + each for each in CHANGES), OVERFLOW)
"""Every change type; the template's rule lets these through."""

MOST_IDS: Final = 2000
"""In one event. Salesforce names those of one transaction that changed alike within a second; an event holds 1 MB at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What an event says: hints, counts for the log, and what to warn of."""

    hints: tuple[Hint, ...]
    summary: Summary
    warning: str | None = None


def read(event: Event) -> Changes:
    """Read one event. Raises UnknownEvent where it is none of a task."""
    header = _header(event)
    change = header["changeType"]
    if change == OVERFLOW:
        # Its tasks are in the `updated` and `deleted` lists like all others: the poll's watermarks do not know this bell.
        return Changes(hints=(), summary=Summary(counts={"overflows": 1}), warning="overflow: left to the poll")
    deleted = _at(header) if change.removeprefix(GAP) == "DELETE" else None
    named = dict.fromkeys(header["recordIds"])
    hints = tuple(Hint(task_id, deleted=deleted) for task_id in named if is_task_id(task_id))
    counts = {
        "events": 1,
        "gaps": int(change.startswith(GAP)),
        "hints": len(hints),
        "without_id": len(named) - len(hints),
    }
    return Changes(hints=hints, summary=Summary(counts=counts))


def _header(event: Event) -> Mapping[str, Any]:
    """The header, checked. The rule keeps other events away; it is checked here once more, because a rule is configuration."""
    payload = _mapping(_mapping(event.get("detail")).get("payload"))
    header = _mapping(payload.get("ChangeEventHeader"))
    change, ids = header.get("changeType"), header.get("recordIds")
    if event.get("detail-type") != "TaskChangeEvent" or change not in KNOWN:
        raise UnknownEvent("no change event of a task")
    if not isinstance(ids, list) or len(ids) > MOST_IDS or not all(isinstance(each, str) for each in ids):
        raise UnknownEvent("a change event without a list of record ids")
    return header


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _at(header: Mapping[str, Any]) -> datetime:
    """When the change was committed, in whole seconds like every stamp of Salesforce. Raises UnknownEvent."""
    milliseconds = header.get("commitTimestamp")
    if not isinstance(milliseconds, int | float):
        raise UnknownEvent("a delete without a time")
    try:
        return datetime.fromtimestamp(milliseconds // 1000, UTC)
    except (OverflowError, OSError, ValueError):
        raise UnknownEvent("a delete at no time") from None
