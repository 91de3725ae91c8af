"""The shapes of Diagnostics (C4): causes as JSON, and one line per reminder as CSV."""

from __future__ import annotations

import csv
from datetime import datetime
from io import StringIO
from typing import Final

from pydantic import BaseModel

from reminders.api.schemas import ReminderRow, row
from reminders.core.problems import Category
from reminders.core.reminder import Reminder
from reminders.services import diagnostics
from reminders.services.diagnostics import Cause, Diagnosis

COLUMNS: Final = (
    "code",
    "category",
    "since",
    "message",
    "meaning",
    "remedy",
    "reminder",
    "name",
    "assignee",
    "due",
    "task",
    "address",
)

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


class CauseOut(BaseModel):
    """One cause: Salesforce's code and words, what is happening and what to do, since when, and the reminders concerned.

    `stops` names the directions ("poll", "pull", "push") that it stops as a whole, last seen at `seen`; it is empty where
    single reminders were refused.
    """

    code: str
    category: Category
    message: str
    meaning: str
    remedy: str
    since: datetime
    seen: datetime | None
    stops: list[str]
    count: int
    reminders: list[ReminderRow]


class ProblemsOut(BaseModel):
    """Diagnostics: what stops everything first, then the causes with the most reminders."""

    causes: list[CauseOut]
    truncated: bool


class RetriedOut(BaseModel):
    """How many reminders are tried again by this Retry; each that goes through takes its group along."""

    retried: int


def problems(found: Diagnosis, salesforce_url: str) -> ProblemsOut:
    """Write Diagnostics."""
    return ProblemsOut(causes=[_cause(item, salesforce_url) for item in found.causes], truncated=found.truncated)


def _cause(item: Cause, salesforce_url: str) -> CauseOut:
    return CauseOut(
        code=item.code,
        category=item.category,
        message=item.message,
        meaning=item.words.meaning,
        remedy=item.words.remedy,
        since=item.since,
        seen=item.seen,
        stops=list(item.stopped),
        count=len(item.reminders),
        reminders=[row(each, salesforce_url) for each in item.reminders],
    )


def table(found: Diagnosis, salesforce_url: str) -> str:
    """Write Diagnostics as CSV (RFC 4180): one line per reminder, and one for each cause that stops everything."""
    text = StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for cause in found.causes:
        concerned: list[Reminder | None] = [*([None] if cause.stopped else []), *cause.reminders]
        writer.writerows(_line(cause, each, salesforce_url) for each in concerned)
    if found.truncated:
        writer.writerow(
            [
                "",
                "",
                "",
                f"There are more: only the first {diagnostics.LOOKED_AT:,} reminders with a problem are listed.",
            ]
        )
    return text.getvalue()


def _line(cause: Cause, reminder: Reminder | None, salesforce_url: str) -> list[str]:
    trouble = reminder.trouble if reminder else None
    cells: list[object] = [
        cause.code,
        cause.category,
        (trouble.since if trouble else cause.since).isoformat(),
        trouble.message if trouble else cause.message,
        cause.words.meaning,
        cause.words.remedy,
    ]
    if reminder:
        shown = row(reminder, salesforce_url)
        cells += [shown.id, shown.name, shown.assignee, shown.due, shown.task_id, shown.task_url]
    return [_cell(cell) for cell in cells] + [""] * (len(COLUMNS) - len(cells))


def _cell(value: object) -> str:
    """Write one cell. What a spreadsheet would take for a formula is made text by an apostrophe."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
