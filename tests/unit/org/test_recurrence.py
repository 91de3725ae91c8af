"""Recurring series: the dates of each pattern, and how occurrences churn when a series changes."""

from __future__ import annotations

import pytest

from infra.local.org.errors import Refused
from infra.local.org.recurrence import dates
from infra.local.org.state import User
from infra.local.org.world import Org

DAILY: dict[str, object] = {
    "IsRecurrence": True,
    "RecurrenceType": "RecursDaily",
    "RecurrenceInterval": 1,
    "RecurrenceStartDateOnly": "2026-11-23",
    "RecurrenceEndDateOnly": "2026-11-25",
    "RecurrenceTimeZoneSidKey": "Europe/Berlin",
}


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ({"Type": "RecursDaily", "Interval": 3}, ["2026-01-01", "2026-01-04", "2026-01-07"]),
        ({"Type": "RecursEveryWeekday", "DayOfWeekMask": 62}, ["2026-01-01", "2026-01-02", "2026-01-05"]),
        ({"Type": "RecursWeekly", "Interval": 2, "DayOfWeekMask": 1 + 16}, ["2026-01-01", "2026-01-11", "2026-01-15"]),
        ({"Type": "RecursMonthly", "Interval": 1, "DayOfMonth": 31}, ["2026-01-31", "2026-03-31", "2026-05-31"]),
        (
            {"Type": "RecursMonthlyNth", "Interval": 1, "Instance": "Last", "DayOfWeekMask": 32},
            ["2026-01-30", "2026-02-27", "2026-03-27"],
        ),
        (
            {"Type": "RecursMonthlyNth", "Interval": 1, "Instance": "First", "DayOfWeekMask": 62},
            ["2026-01-01", "2026-02-02", "2026-03-02"],
        ),
        (
            {"Type": "RecursYearly", "DayOfMonth": 29, "MonthOfYear": "February"},
            ["2028-02-29", "2032-02-29", "2036-02-29"],
        ),
        (
            {"Type": "RecursYearlyNth", "Instance": "Second", "DayOfWeekMask": 4, "MonthOfYear": "March"},
            ["2026-03-10", "2027-03-09", "2028-03-14"],
        ),
    ],
)
def test_patterns(pattern: dict[str, str | int], expected: list[str]) -> None:
    """The first three dates of each type from New Year's Day 2026, a Thursday."""
    last = expected[-1]
    row: dict[str, str | int | float | bool] = {f"Recurrence{name}": value for name, value in pattern.items()}
    row |= {"RecurrenceStartDateOnly": "2026-01-01", "RecurrenceEndDateOnly": last}
    assert dates(row) == expected


def occurrences(org: Org, master: str) -> dict[str, str]:
    """Living occurrences: date to id."""
    tasks = (org.task(key) for key in org.tasks())
    return {str(each["ActivityDate"]): str(each["Id"]) for each in tasks if each["RecurrenceActivityId"] == master}


def test_a_series_is_a_master_and_its_occurrences(org: Org, ann: User) -> None:
    """The master has no due date; occurrences carry its fields, but are tasks like any other."""
    master = org.create_task(ann.id, Subject="Report", Priority="High", **DAILY)
    assert sorted(occurrences(org, master)) == ["2026-11-23", "2026-11-24", "2026-11-25"]
    first = org.task(occurrences(org, master)["2026-11-23"])
    assert (first["Subject"], first["Priority"], first["IsRecurrence"], first["RecurrenceType"]) == (
        "Report",
        "High",
        False,
        None,
    )
    assert org.task(master)["ActivityDate"] is None


def test_a_changed_pattern_churns_what_is_open(org: Org, ann: User) -> None:
    """All open occurrences are deleted, new ones have new ids; a closed one stays."""
    master = org.create_task(ann.id, **DAILY)
    before = occurrences(org, master)
    org.update_task(ann.id, before["2026-11-23"], Status="Completed")
    org.update_task(ann.id, master, RecurrenceInterval=2)
    after = occurrences(org, master)
    assert sorted(after) == ["2026-11-23", "2026-11-25"]
    assert after["2026-11-23"] == before["2026-11-23"]
    assert after["2026-11-25"] != before["2026-11-25"]
    assert org.task(before["2026-11-25"])["IsDeleted"] is True


def test_a_moved_end_keeps_the_others(org: Org, ann: User) -> None:
    """Earlier: the open ones after it go. Later: more are added. The rest keep their ids."""
    master = org.create_task(ann.id, **DAILY)
    before = occurrences(org, master)
    org.update_task(ann.id, master, RecurrenceEndDateOnly="2026-11-24")
    assert occurrences(org, master) == {day: before[day] for day in ("2026-11-23", "2026-11-24")}
    org.update_task(ann.id, master, RecurrenceEndDateOnly="2026-11-26")
    after = occurrences(org, master)
    assert sorted(after) == ["2026-11-23", "2026-11-24", "2026-11-25", "2026-11-26"]
    assert after["2026-11-23"] == before["2026-11-23"]
    org.update_task(ann.id, master, Subject="Other")
    assert occurrences(org, master) == after


def test_deleting_a_series_deletes_all_of_it(org: Org, ann: User) -> None:
    """By API, closed occurrences go, too."""
    master = org.create_task(ann.id, **DAILY)
    org.update_task(ann.id, occurrences(org, master)["2026-11-23"], Status="Completed")
    org.delete_task(ann.id, master)
    assert org.tasks() == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"RecurrenceInterval": None}, "REQUIRED_FIELD_MISSING"),
        ({"RecurrenceTimeZoneSidKey": None}, "REQUIRED_FIELD_MISSING"),
        ({"RecurrenceEndDateOnly": "2026-11-22"}, "FIELD_INTEGRITY_EXCEPTION"),
        ({"RecurrenceEndDateOnly": "2027-11-22"}, "FIELD_INTEGRITY_EXCEPTION"),
        ({"ActivityDate": "2026-11-23"}, "INVALID_FIELD_FOR_INSERT_UPDATE"),
    ],
)
def test_series_that_are_refused(org: Org, ann: User, changes: dict[str, object], code: str) -> None:
    """An incomplete pattern, no range, too many occurrences, a due date on the master: nothing is created."""
    with pytest.raises(Refused, match=code):
        org.create_task(ann.id, **(DAILY | changes))
    assert org.tasks() == []


def test_the_masters_status_cannot_be_changed(org: Org, ann: User) -> None:
    """Status is not updatable when IsRecurrence."""
    master = org.create_task(ann.id, **DAILY)
    with pytest.raises(Refused, match="INVALID_FIELD_FOR_INSERT_UPDATE"):
        org.update_task(ann.id, master, Status="Completed")


@pytest.mark.parametrize(
    ("kind", "due", "expected"),
    [
        ("RecurrenceRegenerateAfterDueDate", "2026-11-10", "2026-11-17"),
        ("RecurrenceRegenerateAfterToday", "2026-11-10", "2026-11-29"),
        ("RecurrenceRegenerateAfterDueDate", None, "2026-11-29"),
    ],
)
def test_closing_a_task_that_repeats_creates_the_next(org: Org, kind: str, due: str | None, expected: str) -> None:
    """A sync that completes such a task must expect another one, open, with an id of its own, and once only."""
    me = org.integration_user.id
    task = org.create_task(
        me,
        Subject="Call",
        ActivityDate=due,
        RecurrenceRegeneratedType=kind,
        RecurrenceInterval=7,
        Reminder_Id__c="R1",
    )
    org.update_task(me, task, Status="Completed")
    org.update_task(me, task, Status="Not Started")
    org.update_task(me, task, Status="Completed")
    assert org.task(task)["RecurrenceRegeneratedType"] == "RecurrenceRegenerated"
    following = [org.task(key) for key in org.tasks() if key != task]
    assert [(each["Subject"], each["Status"], each["ActivityDate"]) for each in following] == [
        ("Call", "Not Started", expected)
    ]
    kept = ("RecurrenceRegeneratedType", "CompletedDateTime", "Reminder_Id__c", "RecurrenceActivityId")
    assert [following[0][name] for name in kept] == [kind, None, None, None]
