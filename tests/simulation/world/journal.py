"""What really happened, written down from outside: every version of every reminder and every task, in one order.

It is fed by the store and by the org, never by the code under test, so that no mistake there can change what it says. The invariants
read it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from infra.local.org.records import Write
from infra.local.org.schema import Row, Value
from infra.local.org.world import Org
from reminders.core.reminder import Line, Record, Reminder
from reminders.ports import Mark

TASK_ID: Final = re.compile(r"00T\w{15}")
"""A task's id in a query or a message."""


class By(StrEnum):
    """Who made a version: a person (or somebody else's program), our sync, or an automation of the org."""

    PERSON = "person"
    SYNC = "sync"
    AUTOMATION = "automation"


@dataclass(frozen=True, slots=True)
class Here:
    """One stored version of a reminder. `before` is the one that it replaced."""

    number: int
    ms: int
    by: By
    before: Reminder | None
    after: Reminder
    lines: tuple[Line, ...]
    invocation: object


@dataclass(frozen=True, slots=True)
class There:
    """One committed version of a task. `late`: its transaction had begun earlier. `invocation`: ours that was writing, if any."""

    number: int
    ms: int
    by: By
    before: Row | None
    after: Row
    late: bool
    invocation: object
    rewritten: frozenset[str] = frozenset()
    """Fields that an automation of the org changed in this save."""


@dataclass
class Journal:
    """Versions by record, oldest first; `number` counts them all."""

    now: Callable[[], int]
    who: Callable[[], tuple[By, object]]
    number: int = 0
    reminders: dict[str, list[Here]] = field(default_factory=dict)
    tasks: dict[str, list[There]] = field(default_factory=dict)
    owners: dict[str, list[str]] = field(default_factory=dict)
    """By task, the ids of the reminders that it was ever linked to, the newest last."""
    switches: dict[str, list[tuple[int, bool]]] = field(default_factory=dict)
    """Of each user: since which number sync was on or off."""
    hinted: dict[str, int] = field(default_factory=dict)
    """By task: the number at which a hint of it was last confirmed stored."""
    read: dict[str, int] = field(default_factory=dict)
    """By task: the number as of which it was last asked for, by a read that was answered."""
    rewritten: dict[int, tuple[Row, frozenset[str]]] = field(default_factory=dict)
    """Rows that are saved, by identity, with the fields that an automation of the org has changed in them: until they are committed."""
    watchers: list[Callable[[Here | There], None]] = field(default_factory=list)
    mark_watchers: list[Callable[[Mark, datetime | None, datetime], None]] = field(default_factory=list)

    def stored(self, before: Reminder | None, after: Reminder, record: Record) -> None:
        """The ledger stored a version."""
        self.number += 1
        by, invocation = self.who()
        entry = Here(self.number, self.now(), by, before, after, record.lines, invocation)
        self.reminders.setdefault(after.id, []).append(entry)
        if after.task_id and after.id not in self.owners.setdefault(after.task_id, []):
            self.owners[after.task_id].append(after.id)
        self._tell(entry)

    def watch(self, org: Org) -> None:
        """Follow an org's tasks from now on."""
        ours = org.integration_user.id

        def committed(write: Write) -> None:
            if write.sobject != "Task":
                return
            self.number += 1
            by = By.SYNC if write.new["LastModifiedById"] == ours else By.PERSON
            rewritten = self.rewritten.pop(id(write.new), (write.new, frozenset()))[1]
            late = int(write.new["SystemModstamp"]) < org.state.second()
            entry = There(self.number, self.now(), by, write.old, write.new, late, self.who()[1], rewritten)
            self.tasks.setdefault(write.record_id, []).append(entry)
            self._tell(entry)

        org.state.store.committed.append(committed)

    def hint(self, task_id: str) -> None:
        """A hint is safely stored."""
        self.hinted[task_id] = self.number

    def switched(self, user_id: str, *, on: bool) -> None:
        """A user's switch was stored."""
        self.number += 1
        self.switches.setdefault(user_id, []).append((self.number, on))

    def moved(self, mark: Mark, before: datetime | None, after: datetime) -> None:
        """A watermark was written."""
        for watcher in self.mark_watchers:
            watcher(mark, before, after)

    # --- asking

    def synced_since(self, user_id: str, number: int) -> bool:
        """Whether this user's sync was on at some moment from then on."""
        on = False
        for at, state in self.switches.get(user_id, ()):
            if at > number and on:
                return True
            on = state
            if at > number and on:
                return True
        return on

    def task_at(self, task_id: str, number: int) -> Row | None:
        """The committed version of a task that a read saw then."""
        found = None
        for entry in self.tasks.get(task_id, ()):
            if entry.number > number:
                break
            found = entry.after
        return found

    def changes_here(self) -> Iterator[Here]:
        """Every version of every reminder."""
        for entries in self.reminders.values():
            yield from entries

    def values_there(self, task_id: str, name: str, first: int, last: int) -> Iterator[Value | None]:
        """Every value that a task's field had between two numbers."""
        entries = self.tasks.get(task_id, ())
        for position, entry in enumerate(entries):
            ends = entries[position + 1].number if position + 1 < len(entries) else last + 1
            if entry.number <= last and ends > first:
                yield entry.after.get(name)

    def versions_here(self, reminder_id: str, first: int, last: int) -> Iterator[Here]:
        """Every version that a reminder had between two numbers."""
        entries = self.reminders.get(reminder_id, ())
        for position, entry in enumerate(entries):
            ends = entries[position + 1].number if position + 1 < len(entries) else last + 1
            if entry.number <= last and ends > first:
                yield entry

    def _tell(self, entry: Here | There) -> None:
        for watcher in self.watchers:
            watcher(entry)
