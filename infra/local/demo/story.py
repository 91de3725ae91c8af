"""How a story is told: steps, what came of each, and the table of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from rich.table import Table

from infra.local.demo.team import Json, Person, Team

PATIENCE: Final = 20.0
"""Seconds until a step that does not hold is given up, though not before the seconds promised, which the table's last column says."""
POLL_SECONDS: Final = 5 * 60
"""The poll's interval."""
POLLED_SECONDS: Final = POLL_SECONDS + 2 * 60
"""What sends no message, as a delete, is here within one interval plus two minutes (I3)."""
DAY_SECONDS: Final = 24 * 60 * 60
_MINUTE: Final = 60


@dataclass(frozen=True)
class Seen:
    """What came of one step. Times are in seconds; `after` counts minutes that the clocks were moved by, too. None: not seen."""

    name: str
    rule: str
    after: float | None
    calls: int
    promised: float

    @property
    def held(self) -> bool:
        """Whether the step was seen in the promised time."""
        return self.after is not None and self.after <= self.promised


@dataclass
class Story:
    """Steps, one after the other."""

    team: Team
    patience: float = PATIENCE
    stops: bool = False
    """Whether it ends at the first step that is not seen; one that is only late never ends it."""
    seen: list[Seen] = field(default_factory=list)

    def step(  # noqa: PLR0913 - a step's properties, each by its name
        self, name: str, rule: str, holds: Callable[[], bool], *, within: float, settle: float = 0, leap: int = 0
    ) -> None:
        """Wait until a step holds, and then hold it for `settle` seconds: an echo must not undo it.

        `leap`: first the clocks are moved by so many seconds, which count as waited.
        """
        used = self._usage() if leap < DAY_SECONDS else 0  # the org counts the last 24 hours
        if leap:
            self.team.leap(leap)
        started = time.monotonic()
        seconds = None
        while seconds is None and time.monotonic() - started < max(self.patience, min(within - leap, PATIENCE)):
            if holds():
                seconds = time.monotonic() - started
            else:
                time.sleep(0.1)
        if seconds is not None and settle:
            time.sleep(settle)
            seconds = seconds if holds() else None
        self.seen.append(
            Seen(name, rule, None if seconds is None else seconds + leap, self._usage() - used, float(within))
        )
        if seconds is None and self.stops:
            raise CutShort(f"“{name}” was not seen")

    def made(self, person: Person, name: str, **values: object) -> tuple[str, str]:
        """Have a reminder that has its task, for a chapter to go on with; gives the ids of both."""
        rid = str(person.here("POST", "/api/reminders", {"name": name, **values})["id"])
        return rid, self._tasks(person, [rid])[rid]

    def made_many(self, person: Person, names: Sequence[str]) -> dict[str, str]:
        """Have many such reminders; gives their ids and their tasks'."""
        items = [{"action": "create", "values": {"name": name}} for name in names]
        results = person.here("POST", "/api/reminders/bulk", {"items": items})["results"]
        return self._tasks(person, [result["reminder"]["id"] for result in results])

    def _tasks(self, person: Person, made: Sequence[str]) -> dict[str, str]:
        until = time.monotonic() + max(self.patience, PATIENCE)
        while True:
            items = person.listed()
            found = {rid: tid for rid in made if rid in items and (tid := linked(items[rid]))}
            if len(found) == len(made):
                return found
            if time.monotonic() > until:
                raise CutShort(f"{len(made) - len(found)} reminders to go on with have got no task")
            time.sleep(0.1)

    def table(self) -> Table:
        """Give the story as a table."""
        table = Table("", "step", "rule", "seen after", "API calls", "promised", title="Reminder Sync: working days")
        for step in self.seen:
            when = "not seen" if step.after is None else _time(step.after)
            table.add_row("✓" if step.held else "✗", step.name, step.rule, when, str(step.calls), _time(step.promised))
        return table

    def _usage(self) -> int:
        """API calls that the whole org has counted; the story's own are not among them."""
        self.team.maya.there("GET", "limits")
        return self.team.maya.usage


class CutShort(Exception):
    """A chapter has nothing to go on with; the message says why."""


def linked(reminder: Json) -> str | None:
    """The id of its task, once nothing waits any more."""
    return str(reminder["task_id"]) if reminder["sync_state"] == "synced" else None


def shows(record: Json | None, **expected: object) -> bool:
    """Tell whether a record shows these values."""
    return record is not None and {name: record[name] for name in expected} == expected


def _time(seconds: float) -> str:
    minutes, rest = divmod(round(seconds, 1), _MINUTE)
    hours, minutes = divmod(minutes, _MINUTE)
    words = [f"{value:g} {unit}" for value, unit in ((hours, "h"), (minutes, "min"), (round(rest, 1), "s")) if value]
    return " ".join(words) or "0 s"
