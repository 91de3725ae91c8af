"""What the page asks of the org to show beforehand: what a first sync would bring, the org's values, people's names."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from fakes.people import ADA, BO, CY, NOW, Api

from reminders.core.reminder import Record, Reminder, Values
from reminders.core.set_up_rules import Picklists
from reminders.core.task import Task


@pytest.fixture
def api() -> Api:
    """Give a client of an API on an empty ledger."""
    return Api()


def task(  # noqa: PLR0913 - a task has these parts
    number: int,
    *,
    owner: str = BO,
    hours: int = 1,
    closed: bool = False,
    subtype: str | None = "Task",
    master: bool = False,
) -> Task:
    """Make a task of Bo's, changed an hour ago."""
    at = NOW - timedelta(hours=hours)
    return Task(
        id=f"00T{number:015}", owner=owner, created=at, created_by=owner, last_modified=at, last_modified_by=owner, system_modstamp=at,
        subject=f"Task {number}", due=date(2026, 12, number), is_closed=closed, subtype=subtype, is_recurrence=master,
    )  # fmt: skip


def holds(api: Api, *tasks: Task) -> None:
    """Have the org hold these tasks."""
    api.org.tasks = {each.id: each for each in tasks}


def test_a_preview_tells_what_will_come_and_what_not_and_why(api: Api) -> None:
    """S2, S4: open to-dos of the window, soonest due first; of the rest how many, by reason; others' tasks are none of it."""
    holds(
        api,
        task(3),
        task(2),
        task(4, closed=True),
        task(5, closed=True),
        task(6, subtype="Email"),
        task(7, master=True),
        task(8, owner=CY),
        task(9, hours=30),
    )
    found = api("GET", "/api/settings/preview").json
    assert [each["subject"] for each in found["tasks"]] == ["Task 2", "Task 3"]
    assert (found["count"], found["since"], found["more"]) == (2, "2026-11-21T09:00:00Z", False)
    assert {each["reason"]: each["count"] for each in found["not_imported"]} == {
        "it is closed": 2,
        "it is a log of something done, not a to-do": 1,
        "it is the master of a recurring series (M10)": 1,
    }
    assert api("GET", "/api/settings/preview", query={"hours": "48"}).json["count"] == 3


def test_a_task_that_is_here_already_is_not_promised_again(api: Api) -> None:
    """S2, M3: a linked task is no import; and the preview itself stores nothing."""
    holds(api, task(1))
    reminder = Reminder(
        id="r1", values=Values(name="Linked", assignee=BO), created=NOW, created_by=BO, task_id=task(1).id
    )
    assert api.ledger.save([Record(reminder=reminder, link=task(1).id)]) != [None]
    found = api("GET", "/api/settings/preview").json
    assert (found["count"], found["not_imported"]) == (0, [{"reason": "it is here already", "count": 1}])
    assert api.ledger.users([BO])[BO].first_sync is None


def test_a_preview_looks_at_a_bounded_number(api: Api) -> None:
    """Never: thousands of tasks cost what 500 do, and it says that there are more."""
    one = task(1)
    holds(
        api,
        *(
            Task(
                id=f"00T{number:015}",
                owner=BO,
                created=NOW,
                created_by=BO,
                last_modified=NOW,
                last_modified_by=BO,
                system_modstamp=NOW,
            )
            for number in range(501)
        ),
        one,
    )
    found = api("GET", "/api/settings/preview").json
    assert (found["count"], len(found["tasks"]), found["more"]) == (500, 20, True)


def test_a_preview_without_salesforce_is_refused_in_words(api: Api) -> None:
    """C1: the switch itself still works; only the preview needs the org."""
    api("GET", "/api/me")
    api.org.down = True
    answer = api("GET", "/api/settings/preview")
    assert (answer.status, answer.json["error"]["code"]) == (503, "salesforce_unavailable")


def test_administrators_choose_among_the_orgs_values(api: Api) -> None:
    """F2, S6, C7: in the org's order, with what closes and what is high; asked once an hour, and of nobody else's business."""
    assert api("GET", "/api/settings/values").status == 403
    found = api("GET", "/api/settings/values", by=ADA).json
    assert [each["name"] for each in found["statuses"]] == ["Not Started", "Completed", "To do", "Done"]
    assert found["statuses"][3] == {"name": "Done", "marked": True, "default": False}
    assert [each["name"] for each in found["priorities"]] == ["Normal", "High", "Top"]
    api.org.down = True
    assert api("GET", "/api/settings/values", by=ADA).json == found


def test_values_that_are_an_hour_old_are_asked_for_again(api: Api) -> None:
    """F2: an administrator who has just added a value finds it."""
    api.ledger.save_picklists(Picklists(statuses=(), priorities=(), at=NOW - timedelta(hours=1)))
    assert len(api("GET", "/api/settings/values", by=ADA).json["statuses"]) == 4


def test_people_are_named_by_id_and_unknown_ones_left_out(api: Api) -> None:
    """C1: names for what a list shows, many at once, each id asked for once."""
    ids = "003000000000001AAA,00Q000000000009AAA,003000000000001AAA"
    found = api("GET", "/api/people/names", query={"ids": ids}).json
    assert found == {"people": [{"id": "003000000000001AAA", "name": "Nina Nordin"}]}
    assert api.org.asked[-1] == ("003000000000001AAA", "00Q000000000009AAA")
    assert api("GET", "/api/people/names", query={"ids": ""}).status == 422
