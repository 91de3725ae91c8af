"""The routes of reminders (C1, C5): lists, one by one, and up to 200 at once. Documentation of the API is made from here."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import uuid4

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Header, Path, Query

from reminders.api.http import call_of, new_router, reply, reply_if_changed, require_version, responses, unchanged
from reminders.api.schemas import (
    Bulk,
    BulkChoose,
    BulkComplete,
    BulkCreate,
    BulkDelete,
    BulkEdit,
    BulkOut,
    BulkRestore,
    BulkResult,
    Changes,
    ErrorDetail,
    GoneIn,
    HistoryOut,
    Invalid,
    ListOut,
    NewReminder,
    ReminderOut,
    TakeBackIn,
    row,
    story,
    whole,
)
from reminders.core.lists import View
from reminders.core.reminder import Priority, Status, SyncState, Type
from reminders.services import commands, history, search
from reminders.services.commands import (
    Change,
    Choose,
    Command,
    Create,
    Delete,
    Done,
    Ignore,
    Restore,
    Retry,
    SyncThisOne,
)
from reminders.services.errors import ApiError, invalid

router = new_router()

# The patterns are documentation only: an id of another form is a 404 like any unknown one, another If-Match a 400.
Id = Annotated[str, Path(description="The reminder's id.", json_schema_extra={"pattern": "^[A-Za-z0-9-]{1,64}$"})]
IfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match",
        description="The ETag that you have seen. Required.",
        json_schema_extra={"pattern": '^"[0-9]{1,15}"$'},
    ),
]
IfNoneMatch = Annotated[str | None, Header(alias="If-None-Match", description="The ETag of what you have.")]
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        description="Sent again with the same key, a create answers 200 with the reminder that the first one made.",
    ),
]


@router.get("/api/reminders", summary="List one view", tags=["Reminders"], responses=responses(ListOut))
def list_reminders(  # noqa: PLR0913, PLR0917 - a query has these parameters
    view: Annotated[View, Query(description="Which list (S5); `today` is today and tomorrow.")] = View.TODAY,
    assignee: Annotated[
        str | None,
        Query(description="Somebody else's list, for administrators; with `assigned_by`, only what this user has."),
    ] = None,
    assigned_by: Annotated[
        str | None,
        Query(
            description="Of what this user assigned to others: you, by your own id; anybody else for administrators."
        ),
    ] = None,
    limit: Annotated[int, Query(ge=1, le=search.MAX_PAGE)] = search.MAX_PAGE,
    q: Annotated[
        str | None, Query(max_length=200, description="Words that name, details or campaign hold, in any case.")
    ] = None,
    type: Annotated[Type | None, Query(description="Only of this type.")] = None,  # noqa: A002 - the field's own name
    priority: Annotated[Priority | None, Query(description="Only of this priority.")] = None,
    person: Annotated[
        str | None, Query(max_length=18, description="Only of this lead or contact, by id; `none`: of nobody.")
    ] = None,
    created_by: Annotated[
        str | None, Query(max_length=18, description="Only those that this user made, by id.")
    ] = None,
    sync_state: Annotated[SyncState | None, Query(description="Only in this state of the sync.")] = None,
    cursor: Annotated[str | None, Query(max_length=400, description="`next` of the page before.")] = None,
    if_none_match: IfNoneMatch = None,
) -> Response[str]:
    """List a page of one view of your reminders. It may be short, or empty, and yet not the last: ask until `next` is null."""
    call = call_of(router)
    like = search.Filter(
        text=q,
        type=type,
        priority=priority,
        person=person,
        assignee=assignee if assigned_by else None,
        created_by=created_by,
        sync_state=sync_state,
    )
    whose = assigned_by or assignee or call.asker.id
    wanted = search.Wanted(
        view=view, whose=whose, given=assigned_by is not None, filter=like, after=cursor, limit=limit
    )
    found = search.listing(call.world, call.asker, wanted, now=call.now)
    items = [row(item, call.site.salesforce_url) for item in found.reminders]
    listed = ListOut(view=found.view, today=found.today, items=items, truncated=found.next is not None, next=found.next)
    return reply_if_changed(listed, if_none_match)


@router.post(
    "/api/reminders",
    summary="Create",
    tags=["Reminders"],
    responses={
        **responses(ReminderOut, 400, 404, 413, 415, status=201, description="Created."),
        200: responses(ReminderOut, description="There already, by the same key.")[200],
    },
)
def create_reminder(values: NewReminder, idempotency_key: IdempotencyKey = None) -> Response[str]:
    """Create a reminder. It is synced if its assignee syncs at this moment (S2)."""
    return _do(Create(_new_id(idempotency_key), values.model_dump()))


@router.get(
    "/api/reminders/<reminder_id>", summary="Read one", tags=["Reminders"], responses=responses(ReminderOut, 404)
)
def read_reminder(reminder_id: Id, if_none_match: IfNoneMatch = None) -> Response[str]:
    """Read one reminder, recently deleted ones included, with the lost values that are offered (F6). Unchanged it costs one read."""
    call = call_of(router)
    reminder = commands.find(call.world, call.asker, reminder_id)
    if same := unchanged(f'"{reminder.version}"', if_none_match):
        return same
    offered = history.told_of(call.world, reminder).offered
    return reply(whole(reminder, call.site.salesforce_url, offered), version=reminder.version)


@router.patch(
    "/api/reminders/<reminder_id>",
    summary="Change",
    tags=["Reminders"],
    responses=responses(ReminderOut, 400, 404, 412, 413, 415, 428),
)
def change_reminder(reminder_id: Id, changes: Changes, if_match: IfMatch = None) -> Response[str]:
    """Change values. What is absent stays, `null` clears (F7)."""
    return _do(Change(reminder_id, require_version(if_match), changes.sent()))


@router.delete(
    "/api/reminders/<reminder_id>",
    summary="Delete",
    tags=["Reminders"],
    responses=responses(ReminderOut, 400, 404, 412, 428),
)
def delete_reminder(reminder_id: Id, if_match: IfMatch = None) -> Response[str]:
    """Delete here, and the task in Salesforce with it (M4). It stays under "recently deleted" for 15 days."""
    return _do(Delete(reminder_id, require_version(if_match)))


@router.post(
    "/api/reminders/<reminder_id>/restore",
    summary="Restore",
    tags=["Reminders"],
    responses=responses(ReminderOut, 400, 404, 412, 428),
)
def restore_reminder(reminder_id: Id, if_match: IfMatch = None) -> Response[str]:
    """Take a delete back (M5): its task is linked again if it lives, and created anew if not. Of one that is not deleted, nothing."""
    return _do(Restore(reminder_id, require_version(if_match)))


@router.post(
    "/api/reminders/<reminder_id>/sync",
    summary="Sync this one",
    tags=["Reminders"],
    responses=responses(ReminderOut, 404, 409),
)
def sync_this_one(reminder_id: Id) -> Response[str]:
    """Take a reminder into the sync that was created before its assignee's sync was turned on (S2)."""
    return _do(SyncThisOne(reminder_id))


@router.post(
    "/api/reminders/<reminder_id>/retry", summary="Retry", tags=["Problems"], responses=responses(ReminderOut, 404, 409)
)
def retry(reminder_id: Id) -> Response[str]:
    """Try a reminder that Salesforce refused again at once (O4). Its problem stays until it is solved; without one, nothing."""
    return _do(Retry(reminder_id))


@router.post(
    "/api/reminders/<reminder_id>/ignore",
    summary="Ignore",
    tags=["Problems"],
    responses=responses(ReminderOut, 404, 409),
)
def ignore(reminder_id: Id) -> Response[str]:
    """Hide a problem from Diagnostics until its cause changes or the reminder is edited (C4). It is still tried once a day."""
    return _do(Ignore(reminder_id))


@router.post(
    "/api/reminders/<reminder_id>/gone",
    summary="Choose what becomes of one whose task is gone",
    tags=["Problems"],
    responses=responses(ReminderOut, 400, 404, 412, 413, 415, 428),
)
def choose(reminder_id: Id, wanted: GoneIn, if_match: IfMatch = None) -> Response[str]:
    """Where the sweep found the task gone or no longer visible (I5): delete the reminder here, give it a new task, or keep it here only."""
    return _do(Choose(reminder_id, require_version(if_match), wanted.choice))


@router.get(
    "/api/reminders/<reminder_id>/history", summary="History", tags=["Reminders"], responses=responses(HistoryOut, 404)
)
def read_history(reminder_id: Id) -> Response[str]:
    """Read what happened to a reminder and why, oldest first."""
    call = call_of(router)
    return reply(story(history.story(call.world, call.asker, reminder_id)))


@router.post(
    "/api/reminders/<reminder_id>/take-back",
    summary="Take a lost value back",
    tags=["Reminders"],
    responses=responses(ReminderOut, 400, 404, 412, 413, 415, 428),
)
def take_back(reminder_id: Id, wanted: TakeBackIn, if_match: IfMatch = None) -> Response[str]:
    """Set a field to a value that a line of the history lost (M2): an edit like any other, so it goes to Salesforce, too."""
    call = call_of(router)
    asked = history.TakeBack(reminder_id, require_version(if_match), wanted.line)
    stored = history.take_back(call.world, call.asker, asked, now=call.now)
    return reply(whole(stored, call.site.salesforce_url), version=stored.version)


@router.post(
    "/api/reminders/bulk",
    summary="Change many",
    tags=["Reminders"],
    responses=responses(BulkOut, 400, 413, 415, description="One result per item; look at each status."),
)
def change_many(bulk: Bulk) -> Response[str]:
    """Create, edit, complete, delete, restore, and choose for up to 200 reminders. Each item succeeds or fails by itself."""
    call = call_of(router)
    wanted = {index: _command(item) for index, item in enumerate(bulk.items) if not isinstance(item, Invalid)}
    answers: dict[int, Done | ApiError] = {
        index: invalid(item.errors) for index, item in enumerate(bulk.items) if isinstance(item, Invalid)
    }
    done = commands.apply(call.world, call.asker, list(wanted.values()), now=call.now)
    answers.update(zip(wanted, done, strict=True))
    results = [_result(answers[index], call.site.salesforce_url) for index in sorted(answers)]
    return reply(BulkOut(results=results))


def _do(command: Command) -> Response[str]:
    call = call_of(router)
    done = commands.do(call.world, call.asker, command, now=call.now)
    body = whole(done.reminder, call.site.salesforce_url)
    return reply(body, status=201 if done.created else 200, version=done.reminder.version)


def _new_id(key: str | None) -> str:
    return commands.id_for(call_of(router).asker, key) if key else str(uuid4())


def _command(item: BulkCreate | BulkEdit | BulkComplete | BulkDelete | BulkRestore | BulkChoose) -> Command:
    match item:
        case BulkCreate():
            return Create(_new_id(item.key), item.values.model_dump())
        case BulkEdit():
            return Change(item.id, item.version, item.changes.sent())
        case BulkComplete():
            return Change(item.id, item.version, {"status": Status.COMPLETE})
        case BulkDelete():
            return Delete(item.id, item.version)
        case BulkRestore():
            return Restore(item.id, item.version)
        case BulkChoose():
            return Choose(item.id, item.version, item.choice)


def _result(answer: Done | ApiError, salesforce_url: str) -> BulkResult:
    if isinstance(answer, ApiError):
        current = row(answer.current, salesforce_url) if answer.current else None
        return BulkResult(status=answer.status, error=_detail(answer.body()), reminder=current)
    return BulkResult(status=201 if answer.created else 200, reminder=row(answer.reminder, salesforce_url))


def _detail(body: dict[str, Any]) -> ErrorDetail:
    return ErrorDetail(**body)
