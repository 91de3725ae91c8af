"""The shapes of held deletes (M9): groups as JSON, and what an administrator decides on."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self

from pydantic import BaseModel, Field, model_validator

from reminders.api.schemas import ErrorDetail, ReminderRow, Strict, row
from reminders.core.reminder import Reminder, Side
from reminders.services.errors import ApiError
from reminders.services.held_deletes import AT_ONCE, Decided, Group, HeldGroup, HeldListing


class HeldGroupOut(BaseModel):
    """One user's held deletes of one direction: `side` is where the delete was made."""

    user: str
    name: str
    side: Side
    count: int
    since: datetime
    reminders: list[ReminderRow]


class HeldOut(BaseModel):
    """All that is held; `truncated` if there is more."""

    groups: list[HeldGroupOut]
    truncated: bool


class HeldGroupIn(Strict):
    """A group, as listed."""

    user: Annotated[str, Field(max_length=18)]
    side: Side


class HeldChoice(Strict):
    """What to decide on: a whole group, or single reminders (up to 200). One of the two."""

    group: HeldGroupIn | None = None
    ids: Annotated[list[Annotated[str, Field(max_length=64)]], Field(min_length=1, max_length=AT_ONCE)] | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.group is None) == (self.ids is None):
            raise ValueError("Name a group, or ids")
        return self

    def wanted(self) -> Group | None:
        """Give the group, if it is one."""
        return Group(self.group.user, self.group.side) if self.group else None


class HeldResult(BaseModel):
    """What came of one: its own HTTP status, and the reminder or the error (or both, where nothing is held any more)."""

    id: str
    status: int
    reminder: ReminderRow | None = None
    error: ErrorDetail | None = None


class HeldDecidedOut(BaseModel):
    """One result per reminder; `left` are those of the group that this request did not get to (1,000 at most)."""

    results: list[HeldResult]
    left: int


def held_out(found: HeldListing, salesforce_url: str) -> HeldOut:
    """Write what is held."""
    return HeldOut(groups=[_group(each, salesforce_url) for each in found.groups], truncated=found.truncated)


def decided_out(decided: Decided, salesforce_url: str) -> HeldDecidedOut:
    """Write what came of a decision."""
    results = [_result(name, result, salesforce_url) for name, result in decided.results]
    return HeldDecidedOut(results=results, left=decided.left)


def _group(item: HeldGroup, salesforce_url: str) -> HeldGroupOut:
    return HeldGroupOut(
        user=item.group.owner,
        name=item.name,
        side=item.group.side,
        count=len(item.reminders),
        since=item.since,
        reminders=[row(each, salesforce_url) for each in item.reminders],
    )


def _result(name: str, result: Reminder | ApiError, salesforce_url: str) -> HeldResult:
    if isinstance(result, Reminder):
        return HeldResult(id=name, status=200, reminder=row(result, salesforce_url))
    current = row(result.current, salesforce_url) if result.current else None
    return HeldResult(id=name, status=result.status, error=ErrorDetail(**result.body()), reminder=current)
