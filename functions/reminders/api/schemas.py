"""The shapes of the JSON API: what comes in is checked here, what goes out is written here. Unknown fields are refused.

Dates are `YYYY-MM-DD` and never shifted by a time zone (F4); times are RFC 3339 in UTC; ids of people are 18-character
Salesforce ids. What depends on the rules of a reminder (lengths, control characters) is refused by `edit.check`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictInt,
    StringConstraints,
    ValidationError,
    WrapValidator,
)
from pydantic.functional_validators import ModelWrapValidatorHandler

from reminders.core.gone import Choice
from reminders.core.lists import View
from reminders.core.remedies import remedy
from reminders.core.reminder import Event, Line, Priority, Reminder, Side, Status, SyncState, Type, sync_state
from reminders.core.reminder import Field as MappedField
from reminders.ports import Person
from reminders.services.history import Story

MAX_BULK = 200
"""Items in one bulk request."""

_EXCERPT = 140


def _plain_date(value: object) -> object:
    """Take dates in one spelling only, so that no time of day can sneak in and shift one (F4)."""
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value, re.ASCII):
        return value
    raise ValueError("A date is written YYYY-MM-DD")


PlainDate = Annotated[date, BeforeValidator(_plain_date)]
Key = Annotated[str, StringConstraints(min_length=1, max_length=255)]


class Strict(BaseModel):
    """A body: unknown fields are refused, so a misspelt one is never silently lost. Numbers are strict: `true` is not 1."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class NewReminder(Strict):
    """A reminder to create. Without an assignee it is yours."""

    name: str
    assignee: str | None = None
    type: Type = Type.CUSTOM
    status: Status = Status.OPEN
    priority: Priority = Priority.NORMAL
    due: PlainDate | None = None
    details: str | None = None
    person: str | None = None
    campaign_name: str | None = None
    campaign_day: str | None = None
    campaign_step: str | None = None
    call_outcome: str | None = None
    call_reason: str | None = None


def _absent(schema: dict[str, Any]) -> None:
    schema.pop("default", None)


class Changes(Strict):
    """Values to change. What is absent stays; `null` clears, where a value can be cleared (F7)."""

    # These five cannot be cleared: their default is never looked at, only whether they were sent.
    name: str = Field(default="", json_schema_extra=_absent)
    assignee: str = Field(default="", json_schema_extra=_absent)
    type: Type = Field(default=Type.CUSTOM, json_schema_extra=_absent)
    status: Status = Field(default=Status.OPEN, json_schema_extra=_absent)
    priority: Priority = Field(default=Priority.NORMAL, json_schema_extra=_absent)
    due: PlainDate | None = Field(default=None, json_schema_extra=_absent)
    details: str | None = Field(default=None, json_schema_extra=_absent)
    person: str | None = Field(default=None, json_schema_extra=_absent)
    campaign_name: str | None = Field(default=None, json_schema_extra=_absent)
    campaign_day: str | None = Field(default=None, json_schema_extra=_absent)
    campaign_step: str | None = Field(default=None, json_schema_extra=_absent)
    call_outcome: str | None = Field(default=None, json_schema_extra=_absent)
    call_reason: str | None = Field(default=None, json_schema_extra=_absent)

    def sent(self) -> dict[str, Any]:
        """Give only the values that were sent, `None` for those to be cleared."""
        return {name: getattr(self, name) for name in self.model_fields_set}


class BulkCreate(Strict):
    """Create one; `key` makes it safe to send again, like the header Idempotency-Key."""

    action: Literal["create"]
    values: NewReminder
    key: Key | None = None


class BulkEdit(Strict):
    """Change one on the version that you have seen."""

    action: Literal["edit"]
    id: str
    version: StrictInt
    changes: Changes


class BulkComplete(Strict):
    """Complete one on the version that you have seen."""

    action: Literal["complete"]
    id: str
    version: StrictInt


class BulkDelete(Strict):
    """Delete one on the version that you have seen."""

    action: Literal["delete"]
    id: str
    version: StrictInt


class BulkRestore(Strict):
    """Take the delete of one back, on the version that you have seen (M5)."""

    action: Literal["restore"]
    id: str
    version: StrictInt


class BulkChoose(Strict):
    """Say what becomes of one whose task is gone or no longer visible, on the version that you have seen (I5)."""

    action: Literal["choose"]
    id: str
    version: StrictInt
    choice: Choice


class GoneIn(Strict):
    """What becomes of a reminder whose task is gone or no longer visible (I5)."""

    choice: Choice


class Invalid(BaseModel):
    """A bulk item that could not be read; it is answered by itself and stops no other."""

    errors: list[dict[str, Any]]


BulkItem = Annotated[
    BulkCreate | BulkEdit | BulkComplete | BulkDelete | BulkRestore | BulkChoose, Field(discriminator="action")
]


def _by_itself(value: Any, handler: ModelWrapValidatorHandler[Any]) -> Any:  # noqa: ANN401 - pydantic's own signature
    try:
        return handler(value)
    except ValidationError as error:
        return Invalid(errors=[dict(item) for item in error.errors(include_url=False, include_context=False)])


class Bulk(Strict):
    """Up to 200 changes. Each answers by itself, in the order of the request."""

    items: Annotated[list[Annotated[BulkItem, WrapValidator(_by_itself)]], Field(min_length=1, max_length=MAX_BULK)]


class ErrorDetail(BaseModel):
    """What went wrong: a code for programs, a message for people, and the field at fault, if one is."""

    code: str
    message: str
    field: str | None = None


class ErrorOut(BaseModel):
    """Every refusal of this API."""

    error: ErrorDetail


class GatewayErrorOut(BaseModel):
    """A refusal of API Gateway: no valid token, too large, too many at once, or no answer in time."""

    message: str


class DeletedOut(BaseModel):
    """When and where it was deleted; `agreed` is when the other side had followed (null: still waiting)."""

    at: datetime
    side: Side
    agreed: datetime | None


class ReminderRow(BaseModel):
    """A reminder in a list. Its details are an excerpt of at most 140 characters, so that a long list stays an answer.

    `problem` is the code of what Salesforce refused, as in Diagnostics.
    """

    id: str
    version: int
    name: str
    assignee: str
    type: Type
    status: Status
    priority: Priority
    due: date | None
    person: str | None
    campaign_name: str | None
    campaign_day: str | None
    campaign_step: str | None
    call_outcome: str | None
    call_reason: str | None
    sync_state: SyncState
    sync_reason: str | None
    problem: str | None
    task_id: str | None
    task_url: str | None
    person_url: str | None
    deleted: DeletedOut | None
    created: datetime
    created_by: str
    edited: datetime | None
    excerpt: str | None


class ReminderOut(ReminderRow):
    """A reminder, whole. Its ETag is its version.

    `meaning` and `remedy` say of a problem what is happening and what to do, as Diagnostics does.
    `offered` are numbers of lines of its history whose lost value can be taken back now that its task is back (F6); told where one
    reminder is read, else empty.
    """

    details: str | None
    meaning: str | None = None
    remedy: str | None = None
    offered: list[int] = []


class StaleOut(ErrorOut):
    """A stale write: the error, and the reminder as it is now (null where it is nothing of yours any more)."""

    current: ReminderOut | None = None


class ListOut(BaseModel):
    """A page of one view of the Command Center; `today` is the date in the user's own time zone (S5).

    `next` is the cursor of the page after it, null at the end; `truncated` is whether there is one.
    """

    view: View
    today: date
    items: list[ReminderRow]
    truncated: bool
    next: str | None


class BulkResult(BaseModel):
    """What came of one item: its own HTTP status, and the reminder or the error (or both, where the version was stale)."""

    status: int
    reminder: ReminderRow | None = None
    error: ErrorDetail | None = None


class BulkOut(BaseModel):
    """One result per item, in the order of the request."""

    results: list[BulkResult]


class LineOut(BaseModel):
    """One line of a reminder's history: what happened, by which rule, and why (C2). Its `number` is its own for good.

    `text` is what happened, in English. For other languages it is told apart, too: `said` is the sentence, whose `{names}` stand for
    `values`.

    `lost` is a value that stands on neither side any more (M2). `before` is what both sides had agreed on, `here` and `there` what
    each held, as excerpts. `calls` are the API calls that it took, the writing one shared by `shared` reminders. `offered`: its lost
    value is waiting to be taken back (F6).
    """

    number: int
    at: datetime
    event: Event
    rule: str
    text: str
    said: str
    values: dict[str, str]
    side: Side | None
    field: MappedField | None
    lost: str | None
    before: str | None
    here: str | None
    there: str | None
    calls: int | None
    shared: int | None
    offered: bool


class TakeBackIn(Strict):
    """Which line of the history: its number."""

    line: StrictInt = Field(ge=1)


class HistoryOut(BaseModel):
    """What happened to a reminder, oldest first."""

    lines: list[LineOut]


class PersonOut(BaseModel):
    """Somebody of the org."""

    id: str
    name: str


class PeopleOut(BaseModel):
    """People to choose from."""

    people: list[PersonOut]


_REASONS: Mapping[SyncState, str | None] = {
    SyncState.SYNCED: None,
    SyncState.WAITING: "On its way to Salesforce.",
    SyncState.NOT_SYNCED: "Stays here only, until “Sync this one” is chosen.",
    SyncState.HANDED_OVER: "Handed over in Salesforce to somebody outside this list; read-only here.",
}


def task_url(task_id: str, salesforce_url: str) -> str:
    """Give where a task is seen in Salesforce."""
    return f"{salesforce_url.rstrip('/')}/lightning/r/Task/{task_id}/view"


def _person_url(person_id: str, salesforce_url: str) -> str:
    kind = "Lead" if person_id.startswith("00Q") else "Contact"
    return f"{salesforce_url.rstrip('/')}/lightning/r/{kind}/{person_id}/view"


def row(reminder: Reminder, salesforce_url: str) -> ReminderRow:
    """Write a reminder for a list."""
    return ReminderRow(**_fields(reminder, salesforce_url))


def whole(reminder: Reminder, salesforce_url: str, offered: Sequence[int] = ()) -> ReminderOut:
    """Write a reminder with all its values."""
    known = remedy(reminder.trouble.code) if reminder.trouble else None
    return ReminderOut(
        **_fields(reminder, salesforce_url),
        details=reminder.values.details,
        meaning=known.meaning if known else None,
        remedy=known.remedy if known else None,
        offered=list(offered),
    )


def _fields(reminder: Reminder, salesforce_url: str) -> dict[str, Any]:
    values = reminder.values
    state = sync_state(reminder)
    trouble, tombstone, task = reminder.trouble, reminder.tombstone, reminder.task_id
    return {
        "id": reminder.id,
        "version": reminder.version,
        **{name: getattr(values, name) for name in NewReminder.model_fields if name != "details"},
        "sync_state": state,
        "sync_reason": f"{trouble.message} ({trouble.code})" if trouble else _REASONS[state],
        "problem": trouble.code if trouble else None,
        "task_id": task,
        "task_url": task_url(task, salesforce_url) if task else None,
        "person_url": _person_url(values.person, salesforce_url) if values.person else None,
        "deleted": DeletedOut(at=tombstone.at, side=tombstone.side, agreed=tombstone.agreed)
        if tombstone and reminder.deleted
        else None,
        "created": reminder.created,
        "created_by": reminder.created_by,
        "edited": max(reminder.edited.values(), default=None),
        "excerpt": values.details[:_EXCERPT] if values.details else None,
    }


def story(told: Story) -> HistoryOut:
    """Write a history."""
    return HistoryOut(
        lines=[_line(number, item, offered=number in told.offered) for number, item in enumerate(told.lines, start=1)]
    )


def _line(number: int, item: Line, *, offered: bool) -> LineOut:
    return LineOut(
        number=number,
        offered=offered,
        at=item.at,
        event=item.event,
        rule=item.rule,
        text=item.words,
        said=item.text,
        values=dict(item.values or {}),
        side=item.side,
        field=item.field,
        lost=item.lost,
        before=item.before,
        here=item.here,
        there=item.there,
        calls=item.calls,
        shared=item.shared,
    )


def person(item: Person) -> PersonOut:
    """Write somebody to choose."""
    return PersonOut(id=item.id, name=item.name)
