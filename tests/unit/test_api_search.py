"""The API's lists: pages, search and filter (C1, C5)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from fakes.people import ADA, BO, CY, NOW, Api

from reminders.core.reminder import Priority, Record, Reminder, Trouble, Type, Values
from reminders.services import search

NINA = "003000000000001AAA"


@pytest.fixture
def api() -> Api:
    """Give a client of an API on an empty ledger."""
    return Api()


def store(api: Api, *reminders: Reminder) -> None:
    """Store them as they are."""
    assert all(api.ledger.save([Record(reminder=each) for each in reminders]))


def a_reminder(reminder_id: str, **changes: Any) -> Reminder:
    """Give one of Bo's that is due today."""
    values = Values(name=f"Call {reminder_id}", assignee=BO, due=date(2026, 11, 22))
    reminder = Reminder(id=reminder_id, values=values, created=NOW, created_by=changes.pop("created_by", BO))
    trouble = changes.pop("trouble", None)
    return replace(reminder, values=replace(values, **changes), trouble=trouble)


def ids(api: Api, **query: str) -> list[str]:
    """Give the ids of Bo's open ones that are like this."""
    answer = api("GET", "/api/reminders", query={"view": "open", **query})
    assert answer.status == 200, answer.body
    return [each["id"] for each in answer.json["items"]]


def test_five_thousand_are_read_page_by_page(api: Api) -> None:
    """C5: everything once, in order, a bounded number at a time."""
    everything = [f"r{number:04}" for number in range(5000)]
    store(api, *(a_reminder(each) for each in everything))
    seen: list[str] = []
    query = {"view": "open"}
    for _ in range(6):
        answer = api("GET", "/api/reminders", query=query).json
        seen += [each["id"] for each in answer["items"]]
        assert len(answer["items"]) <= search.MAX_PAGE
        assert answer["truncated"] is (answer["next"] is not None)
        if answer["next"] is None:
            break
        query["cursor"] = answer["next"]
    assert seen == everything


def test_a_rare_find_is_found_on_a_later_page(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """C1, C5: one answer reads so many and no more; empty, it still says where to go on."""
    monkeypatch.setattr(search, "LOOKED_AT", 4)
    store(api, *(a_reminder(f"r{number}") for number in range(7)), a_reminder("z", details="About the RENEWAL"))
    first = api("GET", "/api/reminders", query={"view": "open", "q": "renewal"}).json
    assert (first["items"], first["truncated"]) == ([], True)
    second = api("GET", "/api/reminders", query={"view": "open", "q": "renewal", "cursor": first["next"]}).json
    assert ([each["id"] for each in second["items"]], second["next"]) == (["z"], None)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"q": "STRASSE der"}, ["b"]),
        ({"q": "der winter"}, []),
        ({"q": "WINTER"}, ["c"]),
        ({"q": "straße"}, ["b"]),
        ({"type": "Call"}, ["a"]),
        ({"priority": "High"}, ["b"]),
        ({"person": NINA}, ["a"]),
        ({"person": "none"}, ["b", "c"]),
        ({"created_by": CY}, ["c"]),
        ({"sync_state": "problem"}, ["c"]),
        ({"sync_state": "not synced"}, ["a", "b"]),
        ({"type": "Call", "priority": "High"}, []),
    ],
)
def test_a_list_can_be_searched_and_filtered(api: Api, query: dict[str, str], found: list[str]) -> None:
    """C1: by words in name, details and campaign, type, priority, person, who made it, and sync state; several at once mean all of them."""
    store(
        api,
        a_reminder("a", type=Type.CALL, person=NINA),
        a_reminder("b", priority=Priority.HIGH, details="In der Hauptstrasse"),
        a_reminder(
            "c", created_by=CY, campaign_name="Winter pilot", trouble=Trouble(code="X", message="no", since=NOW)
        ),
    )
    assert ids(api, **query) == found


@pytest.mark.parametrize(
    "query", [{"cursor": "ä"}, {"cursor": "x"}, {"type": "Fax"}, {"sync_state": "?"}, {"limit": "0"}, {"q": "x" * 201}]
)
def test_a_question_that_makes_no_sense_is_refused(api: Api, query: dict[str, str]) -> None:
    """C5: in words, and never a 500."""
    assert api("GET", "/api/reminders", query=query).status == 422


def test_only_administrators_search_somebody_elses(api: Api) -> None:
    """C7: a filter opens no list."""
    store(api, a_reminder("a"))
    asked = {"view": "open", "assignee": BO, "q": "call"}
    assert api("GET", "/api/reminders", query=asked, by=CY).status == 403
    assert len(api("GET", "/api/reminders", query=asked, by=ADA).json["items"]) == 1
