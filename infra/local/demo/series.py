"""A cloned task, and a series whose pattern changes: every task is one reminder, and no master is."""

from __future__ import annotations

from datetime import date, timedelta

from simple_salesforce.format import format_soql

from infra.local.demo.story import POLL_SECONDS, POLLED_SECONDS, Story, linked
from infra.local.demo.team import Json, Person

CLONED = ("Subject", "Status", "Priority", "ActivityDate", "Description", "OwnerId", "TaskSubtype", "WhoId")
"""What the page copies: every field that this person sees and may write. Our id on the task is not among them (I6)."""

DAYS, FEWER_DAYS = 4, 2
"""Occurrences, day by day and every third day."""


def tell(story: Story) -> None:
    """Tell of the clone, then of the series."""
    person = story.team.maya
    rid, tid = story.made(person, "Thank the speakers")
    original = person.task(tid) or {}
    clone = person.there(
        "POST", "sobjects/Task", {name: original[name] for name in CLONED if original[name] is not None}
    )["id"]

    def two() -> bool:
        mine = {item["task_id"]: key for key, item in person.listed().items() if item["task_id"] in {tid, clone}}
        return mine.keys() == {tid, clone} and mine[tid] == rid and linked(person.reminder(rid)) == tid

    story.step("cloned there, a reminder of its own here", "I6 O2", two, within=3, settle=2)
    _series(story, person)


def _series(story: Story, person: Person) -> None:
    today = date.fromisoformat(person.here("GET", "/api/me")["today"])
    master = person.there("POST", "sobjects/Task", {
        "Subject": "Call the night shift", "IsRecurrence": True, "RecurrenceType": "RecursDaily", "RecurrenceInterval": 1,
        "RecurrenceStartDateOnly": (today + timedelta(days=1)).isoformat(),
        "RecurrenceEndDateOnly": (today + timedelta(days=DAYS)).isoformat(), "RecurrenceTimeZoneSidKey": "Europe/Berlin",
    })["id"]  # fmt: skip
    first = _occurrences(person, master)
    stands = person.task(master)

    def one_each() -> bool:
        return (
            len(first) == DAYS
            and _reminded(person, first)
            and _reminded(person, [master], 0)
            and person.task(master) == stands
        )

    story.step(f"a series of {DAYS} days there, {DAYS} reminders here", "M10 S4", one_each, within=3, settle=1)

    person.change(master, RecurrenceInterval=3)
    second = _occurrences(person, master)
    stands = person.task(master)
    story.step(
        "its pattern changed there: the old days go, the new ones come", "M10 M4 I3",
        lambda: len(second) == FEWER_DAYS and not set(first) & set(second) and _reminded(person, second)
        and _reminded(person, [*first, master], 0) and person.task(master) == stands,
        within=POLLED_SECONDS, leap=POLL_SECONDS, settle=1,
    )  # fmt: skip


def _occurrences(person: Person, master: str) -> list[str]:
    query = format_soql("SELECT Id FROM Task WHERE RecurrenceActivityId = {} AND IsRecurrence = false", master)
    return [row["Id"] for row in person.found(query)]


def _reminded(person: Person, tasks: list[str], each: int = 1) -> bool:
    """Whether each of these tasks has so many open reminders."""
    items: list[Json] = list(person.listed().values())
    return all(sum(item["task_id"] == task for item in items) == each for task in tasks)
