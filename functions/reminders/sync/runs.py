"""How a run begins and ends: within the API budget (O6); its success noted, or what stopped it kept as one problem (O3, C3, C4)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from reminders.core.problems import Failure, Kind, Outage
from reminders.ports import Usage, World
from reminders.sync.ration import Rationed, calls_made

PROVED_BY_ANY: Final = frozenset({Kind.AUTHENTICATION, Kind.LIMIT})
"""What any answer of the org proves to be over; the rest may concern reading or writing alone, as read-only maintenance does."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the poll, the pull or the push; `calls_before`: the calls that our client had made when it began.

    `world` is the one to work with: its org is `budget`, which refuses calls that the API budget does not bear.
    """

    world: World
    name: str
    calls_before: int
    budget: Rationed

    def succeeded(self, lag: timedelta | None = None) -> None:
        """Note the success, and how long the slowest change that it carried over took. If the org was asked at all, the outages that its answers prove to be over end."""
        spent = self._spent()
        self.world.ledger.succeeded(self.name, self.world.clock.now(), spent, lag)
        if spent:
            self._end_outages()

    def got_through(self) -> None:
        """Note the success of something that is no direction of the sync, and end the outages like a success."""
        self.noted()
        if self._spent():
            self._end_outages()

    def noted(self) -> None:
        """Note the calls of something that is no direction of the sync."""
        if spent := self._spent():
            self.world.ledger.spent(self.name, self.world.clock.now(), spent)

    def stopped(self, failure: Failure) -> None:
        """Keep what stopped it, until a run of its name gets through.

        A limit stops everything alike: whether the org refused a call or we made none, it is one problem, in the newest words.
        """
        self.noted()
        ledger, now = self.world.ledger, self.world.clock.now()
        ledger.note_outage(Outage(run=self.name, failure=failure, since=now, seen=now))
        for outage in ledger.outages() if failure.kind is Kind.LIMIT else ():
            if outage.failure.kind is Kind.LIMIT and outage.failure.code != failure.code:
                ledger.end_outage(outage.run, outage.failure.code)

    def _end_outages(self) -> None:
        for outage in self.world.ledger.outages():
            if outage.run == self.name or outage.failure.kind in PROVED_BY_ANY:
                self.world.ledger.end_outage(outage.run, outage.failure.code)

    def _spent(self) -> Usage | None:
        """Tell what this run has spent so far; None if nothing."""
        usage = self.world.org.usage()
        made = usage.ours - self.calls_before if usage else 0
        return replace(usage, ours=made) if usage and made else None


def begin(world: World, name: str, *, probes: int = 0) -> Run:
    """Begin a run of our own within our share (O6). `probes`: calls that it may make to ask whether the org's limit still holds."""
    return _begin(world, name, Rationed(world.org, world.ledger, world.clock.now(), shared=True, probes=probes))


def begin_for_a_person(world: World, name: str) -> Run:
    """Begin what a person waits for: it counts as ours, yet only the org's limit refuses it (O6).

    Finding a person by name must not fail because a mass load has used up our share; there are few such calls.
    """
    return _begin(world, name, Rationed(world.org, world.ledger, world.clock.now(), shared=False))


def _begin(world: World, name: str, rationed: Rationed) -> Run:
    return Run(replace(world, org=rationed), name, calls_made(world.org), rationed)
