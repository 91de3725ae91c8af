"""Diagnostics: what needs a person, grouped by cause (C4), and trying a whole cause again (O4)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from reminders.core import edit
from reminders.core.holds import group_of, is_held
from reminders.core.problems import Category, Outage, category, category_of
from reminders.core.remedies import Remedy, remedy
from reminders.core.reminder import Reminder
from reminders.core.settings import User
from reminders.ports import World
from reminders.services.access import may_use

LOOKED_AT: Final = 1_000
"""Reminders with a problem that are looked at for one answer."""

RETRIED: Final = 200
"""Reminders that one Retry of a cause tries; each that goes through takes more of its group along."""

FRESH: Final = timedelta(days=1)
"""So long after it was last seen, an outage is still told: whatever it stopped is tried every few minutes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One cause: Salesforce's code, in its own words and in ours, since when, and what it concerns.

    `stopped`: the directions that it stops as a whole ("poll", "pull", "push"), last seen at `seen`; none if it is about
    single reminders.
    """

    code: str
    category: Category
    words: Remedy
    message: str
    since: datetime
    seen: datetime | None
    stopped: tuple[str, ...]
    reminders: tuple[Reminder, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """All causes, what stops everything first; `truncated` if more reminders have problems than were looked at."""

    causes: tuple[Cause, ...]
    truncated: bool


def diagnose(world: World, asker: User, now: datetime) -> Diagnosis:
    """Group what needs a person: the asker's own reminders, for administrators all. Ignored ones are left out."""
    ids = world.ledger.troubled(LOOKED_AT + 1)
    found = world.ledger.reminders(ids[:LOOKED_AT])
    shown = [found[each] for each in ids[:LOOKED_AT] if each in found and _shown(found[each], asker)]
    outages = [outage for outage in world.ledger.outages() if now - outage.seen < FRESH]
    groups: dict[str, list[Reminder]] = {outage.failure.code: [] for outage in outages}
    for each in shown:
        groups.setdefault(_group(each), []).append(each)
    causes = [
        _cause([outage for outage in outages if outage.failure.code == name], group) for name, group in groups.items()
    ]
    causes.sort(key=lambda cause: (not cause.stopped, -len(cause.reminders), cause.code))
    return Diagnosis(causes=tuple(causes), truncated=len(ids) > LOOKED_AT)


def retry(world: World, asker: User, code: str, now: datetime) -> int:
    """Try the reminders of a cause again that the asker may use, and tell how many; ask for a sync if it stops everything."""
    ids = world.ledger.troubled(LOOKED_AT, code)
    troubled = world.ledger.reminders(ids)
    wanted = [troubled[each] for each in ids if each in troubled and _can_retry(troubled[each], asker, code, now)]
    stored = world.ledger.save([edit.retry(each, now=now) for each in wanted[:RETRIED]])
    if any(outage.failure.code == code for outage in world.ledger.outages()):
        world.ledger.ask_for_sync(now)
    return sum(each is not None for each in stored)


def _group(reminder: Reminder) -> str:
    """Name what is told as one: a code; what is held, by user and direction besides (M9)."""
    return group_of(reminder) or (reminder.trouble.code if reminder.trouble else "")


def _cause(outages: Iterable[Outage], reminders: Iterable[Reminder]) -> Cause:
    """Make one cause of what has the same code."""
    outages, reminders = tuple(outages), tuple(reminders)
    troubles = [each.trouble for each in reminders if each.trouble]
    codes = [outage.failure.code for outage in outages] + [trouble.code for trouble in troubles]
    messages = [outage.failure.message for outage in outages] + [trouble.message for trouble in troubles]
    return Cause(
        code=codes[0],
        category=category(outages[0].failure.kind) if outages else category_of(codes[0]),
        words=remedy(codes[0]),
        message=messages[0],
        since=min([outage.since for outage in outages] + [trouble.since for trouble in troubles]),
        seen=max((outage.seen for outage in outages), default=None),
        stopped=tuple(outage.run for outage in outages),
        reminders=reminders,
    )


def _shown(reminder: Reminder, asker: User) -> bool:
    return reminder.trouble is not None and reminder.trouble.ignored is None and may_use(asker, reminder)


def _can_retry(reminder: Reminder, asker: User, code: str, now: datetime) -> bool:
    """Whether a Retry would do anything: what is due is being tried already, and what is held waits for another decision."""
    due = reminder.next_attempt is not None and reminder.next_attempt <= now
    if reminder.trouble is None or reminder.trouble.code != code or is_held(reminder):
        return False
    return may_use(asker, reminder) and not due
