"""The org behind its budget: before every counted call it asks whether the budget still bears it (O6).

What has been spent is read once per run, before its first call, so a run that asks nothing of the org reads nothing; from then on the
org's own answers tell. Runs side by side know each other's calls only when they end, so limits may be passed by what they make.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from typing import Final

from reminders.core import budget
from reminders.core.budget import Limit, Pressure, Spending
from reminders.core.set_up_rules import Access, PicklistValue
from reminders.ports import (
    Bulk,
    Change,
    DeletedList,
    Ledger,
    Org,
    OrgUnavailable,
    Outcome,
    Person,
    Updated,
    Usage,
)

NO_SHARE: Final = 1.0
"""Of what people wait for: only the org's limit, which comes first, refuses it."""


class Rationed:
    """An `Org` that raises OrgUnavailable (API_BUDGET_SPENT) instead of a call that the budget does not bear; nothing was done then.

    `shared`: our share holds, too, not only the org's limit. `probes`: so many calls may be made though the org's limit is reached,
    because only an answer brings a new number.
    """

    def __init__(self, org: Org, ledger: Ledger, now: datetime, *, shared: bool, probes: int = 0) -> None:
        self._org = org
        self._ledger = ledger
        self._now = now
        self._shared = shared
        self._probes = probes
        self._before = calls_made(org)

    @cached_property
    def _known(self) -> Spending | None:
        return self._ledger.spending(self._now)

    @cached_property
    def _share(self) -> float:
        return self._ledger.settings().api_share if self._shared else NO_SHARE

    def spending(self) -> Spending | None:
        """What has been spent by now: as the ledger knew it at first, with what this run's answers said since."""
        usage = self._org.usage()
        if usage is None or usage.ours == self._before:
            return self._known
        made = usage.ours - self._before
        if self._known is None:
            return Spending(used=usage.used, limit=usage.limit, at=self._now, ours=made)
        return replace(self._known, used=usage.used, limit=usage.limit, ours=self._known.ours + made)

    def pressure(self) -> Pressure:
        """How near the limits are."""
        return budget.pressure(self.spending(), self._share)

    def left(self) -> int | None:
        """How many calls may still be made; None where nothing was heard today."""
        spending = self.spending()
        return None if spending is None else budget.left(spending, self._share)

    def check(self) -> None:
        """Raise OrgUnavailable if a limit is reached."""
        if (spending := self.spending()) and (limit := budget.reached(spending, self._share)):
            raise OrgUnavailable(budget.spent(limit, spending, self._share))

    def _bears(self) -> None:
        """Raise OrgUnavailable if the budget does not bear another call."""
        spending = self.spending()
        if self._probes and spending and budget.reached(spending, self._share) is Limit.ORG:
            self._probes -= 1
        else:
            self.check()

    # --- what counts as a call

    def updated(self, start: datetime, end: datetime) -> Updated:
        """See Org."""
        self._bears()
        return self._org.updated(start, end)

    def deleted(self, start: datetime, end: datetime) -> DeletedList:
        """See Org."""
        self._bears()
        return self._org.deleted(start, end)

    def read(self, task_ids: Collection[str]) -> Bulk:
        """See Org."""
        self._bears()
        return self._org.read(task_ids)

    def find(self, external_ids: Collection[str]) -> Bulk:
        """See Org."""
        self._bears()
        return self._org.find(external_ids)

    def open_tasks(self, owner: str, since: datetime) -> tuple[str, ...]:
        """See Org."""
        self._bears()
        return self._org.open_tasks(owner, since)

    def recent_tasks(self, owner: str, since: datetime, limit: int) -> tuple[str, ...]:
        """See Org."""
        self._bears()
        return self._org.recent_tasks(owner, since, limit)

    def create(self, records: Sequence[Mapping[str, str | None]]) -> list[Outcome]:
        """See Org."""
        self._bears()
        return self._org.create(records)

    def update(self, changes: Sequence[Change]) -> list[Outcome]:
        """See Org."""
        self._bears()
        return self._org.update(changes)

    def delete(self, task_ids: Sequence[str]) -> list[Outcome]:
        """See Org."""
        self._bears()
        return self._org.delete(task_ids)

    def statuses(self) -> tuple[PicklistValue, ...]:
        """See Org."""
        self._bears()
        return self._org.statuses()

    def priorities(self) -> tuple[PicklistValue, ...]:
        """See Org."""
        self._bears()
        return self._org.priorities()

    def access(self) -> Access:
        """See Org."""
        self._bears()
        return self._org.access()

    def users(self, user_ids: Collection[str]) -> dict[str, Person]:
        """See Org."""
        self._bears()
        return self._org.users(user_ids)

    def people(self, text: str) -> tuple[Person, ...]:
        """See Org."""
        self._bears()
        return self._org.people(text)

    def named(self, person_ids: Collection[str]) -> tuple[Person, ...]:
        """See Org."""
        self._bears()
        return self._org.named(person_ids)

    # --- what costs nothing

    def now(self) -> datetime:
        """See Org."""
        return self._org.now()

    def me(self) -> str:
        """See Org."""
        return self._org.me()

    def usage(self) -> Usage | None:
        """See Org."""
        return self._org.usage()


def calls_made(org: Org) -> int:
    """Tell how many API calls this client has made since it exists."""
    usage = org.usage()
    return usage.ours if usage else 0
