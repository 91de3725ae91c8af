"""The set-up of the org, checked (I3, F2): by an administrator's call, and by the poll once a day, the picklists once an hour.

Each check that fails is one problem of the org as a whole, until a later check finds it solved.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

from reminders.core.problems import Outage
from reminders.core.set_up_rules import KEPT, Check, Picklists, access_checks, mapping_checks
from reminders.core.summary import Summary
from reminders.ports import OrgUnavailable, World
from reminders.sync import groups, runs

RUN: Final = "set-up"
ACCESS: Final = "set-up access"

DAILY: Final = timedelta(days=1)


def check(world: World) -> tuple[Check, ...]:
    """Check everything now. Four API calls. Raises OrgUnavailable.

    It leaves to the poll's own check what is checked when: an administrator's look must not put that off.
    """
    checks = (*access_checks(world.org.access()), *mapping_checks(world.ledger.settings(), _kept_picklists(world)))
    _keep(world, checks)
    return checks


def check_when_due(world: World) -> Summary:
    """Check what has not been checked lately: access for a day, picklists for an hour; every problem that stands, each hour."""
    run = runs.begin(world, RUN)
    now = world.clock.now()
    wrong = any(outage.run == RUN for outage in world.ledger.outages())
    last, known = world.ledger.last_begun(ACCESS), world.ledger.picklists()
    checks: list[Check] = []
    try:
        if last is None or now - last >= (KEPT if wrong else DAILY):
            checks += access_checks(run.world.org.access())
            world.ledger.begun(ACCESS, now)
        if known is None or now - known.at >= KEPT:
            known = _kept_picklists(run.world)
    except OrgUnavailable as stop:
        run.noted()
        return Summary(counts={}, unavailable=stop.failure)
    run.noted()
    if checks or wrong or known.at == now:
        checks += mapping_checks(world.ledger.settings(), known)
        _keep(world, checks)
    return Summary(counts={"checked": len(checks)})


def check_again(world: World) -> None:
    """Check everything now because somebody asked whether a problem is solved; where the org cannot be asked, it stands."""
    run = runs.begin(world, RUN)
    with suppress(OrgUnavailable):  # the poll that follows meets the same and keeps it as its problem
        check(run.world)
    run.noted()


def ask_picklists(world: World) -> Picklists:
    """Ask for the org's values. Two API calls. Raises OrgUnavailable."""
    return Picklists(statuses=world.org.statuses(), priorities=world.org.priorities(), at=world.clock.now())


def picklists(world: World, now: datetime) -> Picklists:
    """Give the org's values as known within the hour, else ask. Raises OrgUnavailable."""
    known = world.ledger.picklists()
    return known if known and now - known.at < KEPT else _kept_picklists(world)


def _kept_picklists(world: World) -> Picklists:
    asked = ask_picklists(world)
    world.ledger.save_picklists(asked)
    return asked


def note(world: World, failed: Iterable[Check]) -> None:
    """Keep each failed check as a problem of the org as a whole."""
    now = world.clock.now()
    for each in failed:
        world.ledger.note_outage(Outage(run=RUN, failure=each.failure, since=now, seen=now))


def _keep(world: World, checks: Iterable[Check]) -> None:
    """Keep what failed, end what is solved, and ring for what waited for it."""
    checks = tuple(checks)
    note(world, [each for each in checks if not each.ok])
    standing = {outage.failure.code for outage in world.ledger.outages() if outage.run == RUN}
    solved = [each.code for each in checks if each.ok and each.code in standing]
    for code in solved:
        world.ledger.end_outage(RUN, code)
    if solved:
        groups.ring_waiting(world, groups.LEASE)
