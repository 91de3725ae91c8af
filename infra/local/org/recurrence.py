"""Recurring tasks: a series is a master row and one row per occurrence, and a changed series churns its occurrences.

Source: the object reference page of Task. Saving a master creates its occurrences. A changed start or pattern deletes all open
occurrences and creates new ones, with new ids; an earlier end deletes the open ones after it, a later end adds. Closed occurrences
stay. Deleting the master by API deletes every occurrence, open and closed (`task_rules.after_delete`).

A task that repeats ("Repeat This Task", `RecurrenceRegeneratedType`) is no series: closing it creates the next one, due so many days
after its due date or after today, and leaves the closed one as "(Task Closed)".

Not documented, decided here: a month without the day is skipped; a date that still has a closed occurrence gets no second one;
other fields changed on the master do not reach occurrences that exist; the next of a task that repeats has no reminder, and one
without a due date counts from today.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from typing import Final

from infra.local.org.errors import Refused, read_only
from infra.local.org.objects import INSTANCES, MONTHS
from infra.local.org.schema import EXTERNAL_ID, Row, Value
from infra.local.org.state import Work

COMMON: Final = ("RecurrenceStartDateOnly", "RecurrenceEndDateOnly", "RecurrenceType", "RecurrenceTimeZoneSidKey")
NEEDED: Final[Mapping[str, tuple[str, ...]]] = {
    "RecursDaily": ("RecurrenceInterval",),
    "RecursEveryWeekday": ("RecurrenceDayOfWeekMask",),
    "RecursWeekly": ("RecurrenceInterval", "RecurrenceDayOfWeekMask"),
    "RecursMonthly": ("RecurrenceInterval", "RecurrenceDayOfMonth"),
    "RecursMonthlyNth": ("RecurrenceInterval", "RecurrenceInstance", "RecurrenceDayOfWeekMask"),
    "RecursYearly": ("RecurrenceDayOfMonth", "RecurrenceMonthOfYear"),
    "RecursYearlyNth": ("RecurrenceDayOfWeekMask", "RecurrenceInstance", "RecurrenceMonthOfYear"),
}
MOST: Final[Mapping[str, int]] = {
    "RecursDaily": 100,
    "RecursEveryWeekday": 100,
    "RecursWeekly": 53,
    "RecursMonthly": 60,
    "RecursMonthlyNth": 60,
    "RecursYearly": 10,
    "RecursYearlyNth": 10,
}
AFTER_DUE: Final = "RecurrenceRegenerateAfterDueDate"
AFTER_TODAY: Final = "RecurrenceRegenerateAfterToday"
REGENERATED: Final = "RecurrenceRegenerated"
_DAY: Final = timedelta(days=1)
_MONTHS: Final = 12
_WEEK_DAYS: Final = 7


def check(old: Row | None, row: Row, values: Mapping[str, Value | None]) -> None:
    """Refuse an incomplete pattern, one with too many occurrences, and what a master cannot have."""
    if not row.get("IsRecurrence"):
        return
    if values.get("ActivityDate") is not None:
        raise read_only(["ActivityDate"])
    if old is not None and "Status" in values:
        raise read_only(["Status"])
    kind = str(row.get("RecurrenceType", ""))
    missing = [name for name in (*COMMON, *NEEDED.get(kind, ())) if name not in row]
    if missing:
        raise Refused("REQUIRED_FIELD_MISSING", f"Required fields are missing: [{', '.join(missing)}]", missing)
    if str(row["RecurrenceEndDateOnly"]) < str(row["RecurrenceStartDateOnly"]):
        raise Refused(
            "FIELD_INTEGRITY_EXCEPTION", "The recurrence must end after it starts", ("RecurrenceEndDateOnly",)
        )
    if not dates(row):
        raise Refused("FIELD_INTEGRITY_EXCEPTION", "The recurrence has no occurrence", ("RecurrenceEndDateOnly",))


def carry_over(work: Work, old: Row | None, row: Row, values: Mapping[str, Value | None]) -> None:
    """Make the occurrences follow a saved master."""
    if not row.get("IsRecurrence"):
        return
    changed = {name for name in values if name.startswith("Recurrence") and (old or {}).get(name) != row.get(name)}
    if not changed:
        return
    wanted = dates(row)
    standing: dict[str, Row] = {}
    for key in work.state.store.with_value("Task", "RecurrenceActivityId", row["Id"]):
        occurrence = work.state.store.tables["Task"][key]
        if not occurrence["IsDeleted"]:
            standing[str(occurrence.get("ActivityDate", key))] = occurrence  # one without a date stands for itself
    only_end = changed == {"RecurrenceEndDateOnly"}
    for day, occurrence in list(standing.items()):
        closed = work.state.closed.get(str(occurrence["Status"]), False)
        if not closed and not (only_end and day in wanted):
            _delete(work, occurrence)
            del standing[day]
    for day in wanted:
        if day not in standing:
            _create(work, row, day)


def regenerate(work: Work, old: Row | None, row: Row) -> None:
    """Create the next of a task that repeats and is being closed. Changes `row`."""
    state, kind = work.state, row.get("RecurrenceRegeneratedType")
    closes = old is not None and not state.closed.get(str(old["Status"])) and state.closed.get(str(row["Status"]))
    if not closes or kind not in (AFTER_DUE, AFTER_TODAY):
        return
    row["RecurrenceRegeneratedType"] = REGENERATED
    today = state.now().date()
    start = date.fromisoformat(str(row["ActivityDate"])) if kind == AFTER_DUE and "ActivityDate" in row else today
    interval = _number(row, "RecurrenceInterval")
    own: Row = {
        "Status": state.default_status,
        "ActivityDate": (start + _DAY * interval).isoformat(),
        "RecurrenceRegeneratedType": str(kind),
        "RecurrenceInterval": interval,
        "IsReminderSet": False,
    }
    _copy(work, row, own, ("ReminderDateTime",))


def _create(work: Work, master: Row, day: str) -> None:
    _copy(work, master, {"RecurrenceActivityId": master["Id"], "ActivityDate": day}, ("IsRecurrence",))


def _copy(work: Work, task: Row, own: Row, left_out: tuple[str, ...]) -> None:
    """Create a task like another one that is being saved: without its pattern, external id and completion, with its `own` values."""
    copied = {
        name: value
        for name, value in task.items()
        if name not in (EXTERNAL_ID, "CompletedDateTime", *left_out) and not name.startswith("Recurrence")
    }
    born: Row = {
        "Id": work.state.mint.new("00T"),
        "CreatedDate": task["SystemModstamp"],
        "CreatedById": work.caller.user.id,
    }
    work.state.store.put(work.transaction, "Task", copied | own | born)


def _delete(work: Work, occurrence: Row) -> None:
    second = work.state.second()
    stamps: Row = {"LastModifiedDate": second, "SystemModstamp": second, "LastModifiedById": work.caller.user.id}
    work.state.store.put(work.transaction, "Task", occurrence | stamps | {"IsDeleted": True})


def dates(master: Row) -> list[str]:
    """Give the dates (ISO) of a complete pattern. Raises FIELD_INTEGRITY_EXCEPTION past Salesforce's limit per type."""
    kind = str(master["RecurrenceType"])
    last = date.fromisoformat(str(master["RecurrenceEndDateOnly"]))
    found: list[str] = []
    for day in _PATTERNS[kind](master, date.fromisoformat(str(master["RecurrenceStartDateOnly"])), last):
        if len(found) == MOST[kind]:
            raise Refused(
                "FIELD_INTEGRITY_EXCEPTION", f"A recurrence of this type has at most {MOST[kind]} occurrences"
            )
        found.append(day.isoformat())
    return found


def _number(master: Row, name: str) -> int:
    return max(1, int(master.get(name, 1)))


def _in_mask(day: date, mask: int) -> bool:
    """Sunday is bit 1, Monday 2, … Saturday 64."""
    return bool(mask >> ((day.weekday() + 1) % _WEEK_DAYS) & 1)


def _daily(master: Row, first: date, last: date) -> Iterator[date]:
    day = first
    while day <= last:
        yield day
        day += _DAY * _number(master, "RecurrenceInterval")


def _weekly(master: Row, first: date, last: date) -> Iterator[date]:
    """Days of the mask in every n-th week, weeks beginning on Sunday; weekdays are days of the mask in every week."""
    mask = int(master["RecurrenceDayOfWeekMask"])
    every = _number(master, "RecurrenceInterval") if master["RecurrenceType"] == "RecursWeekly" else 1
    sunday = first - _DAY * ((first.weekday() + 1) % _WEEK_DAYS)
    day = first
    while day <= last:
        if _in_mask(day, mask) and (day - sunday).days // _WEEK_DAYS % every == 0:
            yield day
        day += _DAY


def _monthly(master: Row, first: date, last: date) -> Iterator[date]:
    """One day in every n-th month, or in one month of every year."""
    yearly = str(master["RecurrenceType"]).startswith("RecursYearly")
    month = first.replace(day=1)
    if yearly:
        month = month.replace(month=MONTHS.index(str(master["RecurrenceMonthOfYear"])) + 1)
    every = _MONTHS if yearly else _number(master, "RecurrenceInterval")
    while month <= last:
        day = _day_in(master, month)
        if day is not None and first <= day <= last:
            yield day
        index = month.year * _MONTHS + month.month - 1 + every
        month = date(index // _MONTHS, index % _MONTHS + 1, 1)


def _day_in(master: Row, month: date) -> date | None:
    length = monthrange(month.year, month.month)[1]
    if not str(master["RecurrenceType"]).endswith("Nth"):
        number = int(master["RecurrenceDayOfMonth"])
        return month.replace(day=number) if 1 <= number <= length else None
    mask = int(master["RecurrenceDayOfWeekMask"])
    fitting = [day for day in (month.replace(day=number) for number in range(1, length + 1)) if _in_mask(day, mask)]
    place = INSTANCES.index(str(master["RecurrenceInstance"]))
    if place == len(INSTANCES) - 1:
        return fitting[-1] if fitting else None
    return fitting[place] if place < len(fitting) else None


_PATTERNS: Final[Mapping[str, Callable[[Row, date, date], Iterator[date]]]] = {
    "RecursDaily": _daily,
    "RecursEveryWeekday": _weekly,
    "RecursWeekly": _weekly,
    "RecursMonthly": _monthly,
    "RecursMonthlyNth": _monthly,
    "RecursYearly": _monthly,
    "RecursYearlyNth": _monthly,
}
