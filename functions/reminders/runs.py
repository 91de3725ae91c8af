"""How a run ends: its success noted, or what stopped it kept as one problem of the org as a whole (O3, C3, C4)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from reminders.ports import Usage, World
from reminders.problems import Failure, Kind, Outage

PROVED_BY_ANY: Final = frozenset({Kind.AUTHENTICATION, Kind.LIMIT})
"""What any answer of the org proves to be over; the rest may concern reading or writing alone, as read-only maintenance does."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the poll, the pull or the push; `calls_before`: the calls that our client had made when it began."""

    world: World
    name: str
    calls_before: int

    def succeeded(self) -> None:
        """Note the success. If the org was asked at all, the outages that its answers prove to be over end."""
        ledger, spent = self.world.ledger, self._spent()
        ledger.succeeded(self.name, self.world.clock.now(), spent)
        if spent is None:
            return
        for outage in ledger.outages():
            if outage.run == self.name or outage.failure.kind in PROVED_BY_ANY:
                ledger.end_outage(outage.run, outage.failure.code)

    def noted(self) -> None:
        """Note the calls of something that is no direction of the sync."""
        if spent := self._spent():
            self.world.ledger.spent(self.name, self.world.clock.now(), spent)

    def stopped(self, failure: Failure) -> None:
        """Keep what stopped it, until a run of its name gets through."""
        self.noted()
        now = self.world.clock.now()
        self.world.ledger.note_outage(Outage(run=self.name, failure=failure, since=now, seen=now))

    def _spent(self) -> Usage | None:
        """Tell what this run has spent so far; None if nothing."""
        usage = self.world.org.usage()
        made = usage.ours - self.calls_before if usage else 0
        return replace(usage, ours=made) if usage and made else None


def begin(world: World, name: str) -> Run:
    """Begin a run."""
    return Run(world, name, calls_made(world))


def calls_made(world: World) -> int:
    """Tell how many API calls our client has made since it exists."""
    usage = world.org.usage()
    return usage.ours if usage else 0
