"""Between Salesforce's JSON and our values: rows, stamps, failures and outcomes. No network here.

Shapes are those of the REST API: an error is a list of `{"errorCode", "message"}`, in a collection `{"statusCode", "message"}`,
a dateTime is `2026-11-22T10:00:00.000+0000`, a date `2026-11-30`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from email.utils import format_datetime
from typing import Any, Final
from urllib.parse import quote_plus

from reminders.core.problems import Failure, Kind, sort
from reminders.core.task import EXTERNAL_ID, Task
from reminders.ports import OrgUnavailable, Outcome
from reminders.salesforce.rest_only import quote_soql_value

WHO_COUNT: Final = "WhoCount"
"""Exists only in orgs with Shared Activities (F7)."""

TASK_FIELDS: Final = (
    "Id",
    "OwnerId",
    "CreatedDate",
    "CreatedById",
    "LastModifiedDate",
    "LastModifiedById",
    "SystemModstamp",
    "Subject",
    "Status",
    "Priority",
    "ActivityDate",
    "Description",
    "WhoId",
    "TaskSubtype",
    EXTERNAL_ID,
    "IsClosed",
    "IsDeleted",
    "IsArchived",
    "IsRecurrence",
    "RecurrenceActivityId",
)
"""What `Task` holds, WhoCount apart."""

_AROUND: Final = len(quote_plus("'',"))

UNEXPECTED: Final = "UNEXPECTED_ANSWER"
"""Our own code for an answer that is not of the documented shape."""


def stamp(text: str) -> datetime:
    """Parse a dateTime of an answer, in whole seconds (Salesforce keeps no finer ones)."""
    return datetime.fromisoformat(text).astimezone(UTC).replace(microsecond=0)


def http_date(at: datetime) -> str:
    """Format a precondition: GMT, whole seconds, a fraction cut off, so that it can only become stricter (O1)."""
    return format_datetime(at.astimezone(UTC), usegmt=True)


def task(row: Mapping[str, Any]) -> Task:
    """Make a Task of one row that holds `TASK_FIELDS`, and WhoCount where the org has it."""
    due = row["ActivityDate"]
    return Task(
        id=row["Id"],
        owner=row["OwnerId"],
        created=stamp(row["CreatedDate"]),
        created_by=row["CreatedById"],
        last_modified=stamp(row["LastModifiedDate"]),
        last_modified_by=row["LastModifiedById"],
        system_modstamp=stamp(row["SystemModstamp"]),
        subject=row["Subject"],
        status=row["Status"],
        priority=row["Priority"],
        due=date.fromisoformat(due) if due else None,
        description=row["Description"],
        who=row["WhoId"],
        who_count=row.get(WHO_COUNT),
        subtype=row["TaskSubtype"],
        external_id=row[EXTERNAL_ID],
        is_closed=row["IsClosed"],
        is_deleted=row["IsDeleted"],
        is_archived=row["IsArchived"],
        is_recurrence=row["IsRecurrence"],
        series=row["RecurrenceActivityId"],
    )


def by_external_id(tasks: Iterable[Task]) -> dict[str, Task]:
    """Key tasks by their external id; a living one wins over a deleted one, then the oldest (I6)."""
    best: dict[str, Task] = {}
    for each in sorted(tasks, key=lambda found: (found.is_deleted, found.created, found.id)):
        if each.external_id:
            best.setdefault(each.external_id, each)
    return best


def batches(values: Iterable[str], *, most: int, most_bytes: int) -> Iterator[list[str]]:
    """Split values for `IN (…)`, each once, in order: at most `most` of them and `most_bytes` of URI a batch.

    A value costs its length as quoted, escaped and URL-encoded, and a comma. An id is not encoded to learn that.
    """
    batch: list[str] = []
    size = 0
    for value in dict.fromkeys(values):
        plain = value.isascii() and value.isalnum()
        cost = len(value) + _AROUND if plain else len(quote_plus(quote_soql_value(value) + ","))
        if batch and (len(batch) == most or size + cost > most_bytes):
            yield batch
            batch, size = [], 0
        batch.append(value)
        size += cost
    if batch:
        yield batch


def failure(status: int, body: object, *, writes: bool = False) -> Failure:
    """Sort an error answer.

    A 5xx without an error code did not come from the platform's own error handling (a proxy, a maintenance page, a broken
    connection behind the load balancer), so it proves nothing about a write: that one may have happened (O2).
    """
    error = body[0] if isinstance(body, list) and body else body
    if isinstance(error, Mapping) and (code := error.get("errorCode") or error.get("statusCode")):
        return sort(str(code), str(error.get("message") or ""), status)
    found = sort("", f"Salesforce answered with HTTP {status} and no error code.", status)
    return replace(found, kind=Kind.UNKNOWN) if writes and found.kind is Kind.TRANSIENT else found


def outcomes(body: object, count: int) -> list[Outcome]:
    """Read the answer of a collections call, in input order.

    Raises OrgUnavailable (UNKNOWN) if it does not hold one result per record: the write may have been made.
    """
    if not isinstance(body, list) or len(body) != count or not all(isinstance(item, Mapping) for item in body):
        raise OrgUnavailable(unexpected(writes=True))
    return [
        Outcome(id=item.get("id")) if item.get("success") else Outcome(failure=failure(400, item.get("errors")))
        for item in body
    ]


def composite_outcomes(body: object, task_ids: Sequence[str]) -> list[Outcome]:
    """Read the answer of a composite of updates whose references are `r0`, `r1`, …; in input order.

    A subrequest without an answer is unknown by itself. Raises OrgUnavailable (UNKNOWN) if the whole has no known shape.
    """
    answers = body.get("compositeResponse") if isinstance(body, Mapping) else None
    if not isinstance(answers, list) or not all(isinstance(item, Mapping) for item in answers):
        raise OrgUnavailable(unexpected(writes=True))
    by_reference = {item.get("referenceId"): item for item in answers}
    result = []
    for index, task_id in enumerate(task_ids):
        answer = by_reference.get(f"r{index}")
        if answer is None or not isinstance(answer.get("httpStatusCode"), int):
            result.append(Outcome(failure=unexpected(writes=True)))
        elif answer["httpStatusCode"] < 300:  # noqa: PLR2004 -- every 2xx is a success
            result.append(Outcome(id=task_id))
        else:
            result.append(Outcome(failure=failure(answer["httpStatusCode"], answer.get("body"), writes=True)))
    return result


def unexpected(*, writes: bool) -> Failure:
    """Say that an answer is not of the documented shape; after a write it may have been made."""
    kind = Kind.UNKNOWN if writes else Kind.TRANSIENT
    return Failure(kind=kind, code=UNEXPECTED, message="Salesforce's answer is not of the documented form.")
