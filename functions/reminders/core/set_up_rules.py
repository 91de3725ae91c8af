"""What must hold in the org so that the sync can work (I3, F2): checks, their words, and what waits while a value is missing. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from reminders.core.decision import Decision
from reminders.core.mapping import TASK_FIELDS
from reminders.core.problems import Failure, Kind
from reminders.core.reminder import Field, Pair, Record, Reminder, Write
from reminders.core.settings import Choice, Settings

KEPT: Final = timedelta(hours=1)
"""So long the org's picklist values are taken as they were; and what waits for a value to exist is looked at again."""

STALE: Final = 2 * KEPT
"""Picklist values as old as this hold nothing back: nobody has asked lately, and the org may have changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PicklistValue:
    """One value of TaskStatus or TaskPriority; `marked` is IsClosed or IsHighPriority."""

    name: str
    marked: bool
    default: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Picklists:
    """The org's values, in their order, as they were at `at`."""

    statuses: tuple[PicklistValue, ...]
    priorities: tuple[PicklistValue, ...]
    at: datetime

    def of(self, field: Field) -> tuple[PicklistValue, ...]:
        """Give the values of Status or Priority."""
        return self.statuses if field is Field.STATUS else self.priorities


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What the integration user may do; of `Reminder_Id__c`, whether it is there to be seen, written, and unique."""

    view_all: bool
    modify_all: bool
    field_seen: bool
    field_written: bool
    field_unique: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check of the set-up: `code` is that of the problem it is if not `ok`; `words` tell what was found."""

    code: str
    ok: bool
    words: str

    @property
    def failure(self) -> Failure:
        """Give the problem of the org as a whole that it is."""
        return Failure(kind=Kind.PERMANENT, code=self.code, message=self.words)


CODES: Final[Mapping[Field, str]] = {Field.STATUS: "STATUS_NOT_IN_ORG", Field.PRIORITY: "PRIORITY_NOT_IN_ORG"}


def access_checks(access: Access) -> tuple[Check, ...]:
    """Check what the integration user may do (I3)."""

    def check(code: str, *, ok: bool, good: str, bad: str) -> Check:
        return Check(code=code, ok=ok, words=good if ok else bad)

    return (
        check(
            "NO_VIEW_ALL_DATA",
            ok=access.view_all,
            good="The integration user has “View All Data”.",
            bad="The integration user lacks “View All Data”: tasks that it cannot see would look as if they were gone.",
        ),
        check(
            "NO_MODIFY_ALL_DATA",
            ok=access.modify_all,
            good="The integration user has “Modify All Data”.",
            bad="The integration user lacks “Modify All Data”: changes of tasks that it does not own would be refused.",
        ),
        check(
            "NO_REMINDER_ID_FIELD",
            ok=access.field_seen,
            good="The field Reminder_Id__c of Task is there.",
            bad="The field Reminder_Id__c of Task does not exist, or the integration user may not see it.",
        ),
        check(
            "REMINDER_ID_FIELD_READ_ONLY",
            ok=access.field_written or not access.field_seen,
            good="The integration user may write Reminder_Id__c.",
            bad="The integration user may not write Reminder_Id__c, so no task can be created.",
        ),
        check(
            "REMINDER_ID_FIELD_NOT_UNIQUE",
            ok=access.field_unique or not access.field_seen,
            good="Reminder_Id__c is a unique external id.",
            bad="Reminder_Id__c is no unique external id, so a repeated create could make a second task.",
        ),
    )


def mapping_checks(settings: Settings, picklists: Picklists) -> tuple[Check, ...]:
    """Check that the org has every status and priority that is written (F2); if not, name those it has and propose two."""
    checks = []
    for field, what in ((Field.STATUS, "status"), (Field.PRIORITY, "priority")):
        values = picklists.of(field)
        absent = [f"“{each}”" for each in sorted(absent_values(field, settings, picklists))]
        words = f"Every {what} that is written exists in the org."
        if absent:
            names = ", ".join(f"“{each.name}”" for each in values) or "none"
            words = f"The org has no {what} {' and no '.join(absent)}. It has: {names}. {_proposal(field, values)}"
        checks.append(Check(code=CODES[field], ok=not absent, words=words))
    return tuple(checks)


def absent_values(field: Field, settings: Settings, picklists: Picklists) -> frozenset[str]:
    """Give the values of this field that are written and do not exist in the org."""
    choices: Collection[Choice] = (settings.statuses if field is Field.STATUS else settings.priorities).values()
    return frozenset(each.written for each in choices) - {each.name for each in picklists.of(field)}


def hold(decision: Decision, reminder: Reminder, settings: Settings, picklists: Picklists, now: datetime) -> Decision:
    """Leave out of a write what the org has no value for; the other fields still go (F2).

    Salesforce would take such a value for a picklist that is not restricted, and the task would have a status that nobody knows. A
    create is left to the org's default, which counts as agreed on its side only, so ours is sent once its value exists.
    """
    send = decision.send
    if send is None or now - picklists.at > STALE:
        return decision
    held = [
        field for field in CODES if send.fields.get(TASK_FIELDS[field]) in absent_values(field, settings, picklists)
    ]
    if not held:
        return decision
    fields = {name: value for name, value in send.fields.items() if name not in {TASK_FIELDS[each] for each in held}}
    pairs: dict[Field, Pair] = {field: pair for field, pair in send.pairs.items() if field not in held}
    if send.write is Write.CREATE:
        pairs |= {field: (None, _default(picklists.of(field))) for field in held}
    if fields:
        return replace(decision, send=replace(send, fields=fields, pairs=pairs))
    record = decision.record or Record(reminder=reminder)
    later = replace(record.reminder, pending=True, next_attempt=now + KEPT, rings=False)
    return Decision(
        rule="F2", reason=f"Waits for a value in the org: {', '.join(held)}.", record=replace(record, reminder=later)
    )


def _default(values: tuple[PicklistValue, ...]) -> str | None:
    return next((each.name for each in values if each.default), None)


def _proposal(field: Field, values: tuple[PicklistValue, ...]) -> str:
    """Propose the default open and the first closed one; of priorities, the default and the first high one."""
    plain = [each.name for each in values if not each.marked]
    first = _default(tuple(each for each in values if not each.marked)) or next(iter(plain), None)
    second = next((each.name for each in values if each.marked), None)
    names = ("Open", "Complete") if field is Field.STATUS else ("Normal", "High")
    return " ".join(
        f"“{value}” would do for {name}." for name, value in zip(names, (first, second), strict=True) if value
    )
