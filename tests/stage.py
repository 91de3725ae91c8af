"""A whole world in one process: the real core and the real Salesforce client over the emulated org, with a virtual clock.

Nothing runs by itself. People act on either side; `settle()` delivers what is on its way until nothing moves any more. The tests read
like a diary.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import requests
from fakes.memory_hints import MemoryHints
from fakes.memory_ledger import MemoryLedger
from fakes.still_clock import StillClock

from infra.local.org.adapter import OrgAdapter
from infra.local.org.world import make_org
from reminders.core import edit
from reminders.core.reminder import Event, Line, Record, Reminder, Values
from reminders.core.settings import Import, User
from reminders.core.summary import Summary
from reminders.core.task import Hint, Task
from reminders.ports import World
from reminders.salesforce.client import Credentials, connect
from reminders.sync import deferral, find, inbox, outbox

BUSY = 50
"""Rounds after which a world that has not come to rest never will."""


class CountingLedger(MemoryLedger):
    """The ledger in memory, which counts its writes and shows all it holds."""

    def __init__(self) -> None:
        super().__init__()
        self.writes = 0

    def save(self, records: Sequence[Record]) -> list[Reminder | None]:
        """Write, and count."""
        stored = super().save(records)
        self.writes += sum(reminder is not None for reminder in stored)
        return stored

    def all(self) -> list[Reminder]:
        """Give every reminder, deleted ones included."""
        return list(self._reminders.values())


class Stage:
    """One org, one Command Center."""

    def __init__(self, seed: int = 1) -> None:
        self.clock = StillClock(datetime.fromisoformat("2026-11-23T09:00:00+00:00"))
        self.org = make_org(now=self.clock.now, rng=random.Random(seed))
        session = requests.Session()
        session.mount("https://", OrgAdapter(self.org, sleep=self.clock.sleep))
        credentials = Credentials(
            url=self.org.base,
            consumer_key=self.org.consumer_key,
            username=self.org.integration_user.username,
            private_key=self.org.private_key,
        )
        self.ledger, self.hints = CountingLedger(), MemoryHints()
        self.world = World(
            ledger=self.ledger, org=connect(credentials, session=session), hints=self.hints, clock=self.clock
        )
        self.anna, self.ben, self.stranger = (self._hire(name) for name in ("Anna Berg", "Ben Oduya", "Carl Nosync"))

    def _hire(self, name: str) -> str:
        user = self.org.add_user(f"{name.split(maxsplit=1)[0].lower()}@example.com", name, role="sales")
        self.ledger.save_user(User(id=user.id, name=name, read_at=self.clock.now()))
        return user.id

    # --- time and delivery

    def later(self, **span: float) -> None:
        """Let time pass; nothing is delivered."""
        self.clock.forward(timedelta(**span))

    def settle(self, *, poll: bool = True) -> Counter[str]:
        """Deliver everything that is on its way, with a poll in between, until both sides are quiet."""
        self.later(minutes=6)
        counts: Counter[str] = Counter()
        if poll:
            counts.update(find.poll(self.world).counts)
        for _ in range(BUSY):
            if not self.ledger.rung and not self.hints.queued:
                if not self.ledger.deferred(1):
                    return counts
                counts.update(self.tick())
            counts.update(self.push().counts)
            counts.update(self.pull().counts)
        raise AssertionError(f"still moving after {BUSY} rounds: {self.ledger.rung} {self.hints.queued}")

    def tick(self) -> Counter[str]:
        """Let a minute pass, after which deferred imports have their turn."""
        self.later(minutes=1)
        return deferral.drain(self.world)

    def push(self) -> Summary:
        """Let the bell wake one push."""
        rung, self.ledger.rung = self.ledger.rung, []
        return outbox.push(self.world, rung)

    def pull(self) -> Summary:
        """Take all hints off the queue and apply them."""
        return inbox.pull(self.world, self.hints.take())

    def hint(self, *task_ids: str) -> Summary:
        """Apply hints as an outbound message brings them: at once."""
        return inbox.pull(self.world, [Hint(task_id, webhook=True) for task_id in task_ids])

    # --- people, here

    def sync(self, user_id: str, *, on: bool = True, hours: int = 24) -> None:
        """Turn a user's sync on or off, and let the first sync run."""
        user = self.ledger.users([user_id])[user_id]
        now = self.clock.now()
        progress = Import(started=now, since=now - timedelta(hours=hours)) if on else user.first_sync
        assert self.ledger.save_user(replace(user, syncs=on, changed=now, first_sync=progress))
        if on:
            find.first_sync(self.world, user_id)
            self.pull()

    def settings(self, **changes: Any) -> None:
        """Change the org-wide settings."""
        assert self.ledger.save_settings(replace(self.ledger.settings(), **changes))

    def create(self, reminder_id: str = "r1", **values: Any) -> Reminder:
        """Create a reminder here."""
        assignee = values.setdefault("assignee", self.anna)
        record = edit.create(
            Values(**{"name": "Call Ada", "due": date(2026, 11, 24), **values}),
            reminder_id=reminder_id,
            by=self.anna,
            assignee_syncs=self.ledger.users([assignee])[assignee].takes_part,
            now=self.clock.now(),
        )
        return self._saved(record)

    def edit(self, reminder_id: str = "r1", **values: Any) -> Reminder:
        """Edit a reminder here."""
        reminder = self.reminder(reminder_id)
        return self._saved(edit.edit(reminder, replace(reminder.values, **values), now=self.clock.now()))

    def delete(self, reminder_id: str = "r1") -> Reminder:
        """Delete a reminder here."""
        return self._saved(edit.delete(self.reminder(reminder_id), now=self.clock.now()))

    def restore(self, reminder_id: str = "r1") -> Reminder:
        """Take a delete back here."""
        return self._saved(edit.restore(self.reminder(reminder_id), now=self.clock.now()))

    def _saved(self, record: Record) -> Reminder:
        [stored] = self.ledger.save([record])
        assert stored
        return stored

    # --- people, there

    def task_of(self, reminder_id: str = "r1") -> str:
        """Give the id of a reminder's task."""
        task_id = self.reminder(reminder_id).task_id
        assert task_id
        return task_id

    # --- what is seen

    def reminder(self, reminder_id: str = "r1") -> Reminder:
        """Read a reminder."""
        return self.ledger.reminders([reminder_id])[reminder_id]

    def reminders(self, ids: Collection[str] | None = None) -> list[Reminder]:
        """Read all reminders that have a task, or these."""
        if ids is None:
            ids = set(self.ledger.links([task.id for task in self.tasks()]).values())
        return list(self.ledger.reminders(ids).values())

    def task(self, task_id: str) -> Task | None:
        """Read a task with our own client."""
        return self.world.org.read([task_id]).tasks.get(task_id)

    def tasks(self) -> list[Task]:
        """Read all living tasks of the org."""
        ids = self.org.tasks()
        return list(self.world.org.read(ids).tasks.values()) if ids else []

    def history(self, reminder_id: str = "r1", *events: Event) -> list[Line]:
        """Read a reminder's history, or only the lines of these events."""
        return [line for line in self.ledger.history(reminder_id) if not events or line.event in events]

    def calls(self) -> int:
        """Count the API calls that the org has counted so far."""
        return self.org.calls.used(int(self.clock.now().timestamp()))
