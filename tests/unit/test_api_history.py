"""The API of a reminder's history: numbered lines, and taking a lost value back (M2, F6)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from fakes.people import ADA, BO, CY, NOW, Answer, Api

from reminders.core.reminder import Event, Field, Line, Record, Side

LOST = Line(at=NOW, event=Event.CONFLICT, rule="F6", text="…", side=Side.HERE, field=Field.DUE, lost="2026-12-24")
OF_CY = replace(LOST, field=Field.ASSIGNEE, lost=CY)
OF_NOBODY = replace(LOST, field=Field.ASSIGNEE, lost="005000000000077AAA")
BACK = Line(at=NOW, event=Event.CAME_BACK, rule="F6", text="…")


@pytest.fixture
def api() -> Api:
    """Give a client whose ledger holds one reminder of Bo's with a history: created, three lost values, came back."""
    api = Api()
    made = api("POST", "/api/reminders", {"name": "Call Nina"}, headers={"Idempotency-Key": "k"}).json
    [reminder] = api.ledger.reminders([made["id"]]).values()
    assert api.ledger.save([Record(reminder=reminder, lines=(LOST, OF_CY, OF_NOBODY, BACK))])[0]
    return api


def path(api: Api) -> str:
    """Give the reminder's address."""
    made = api("POST", "/api/reminders", {"name": "Call Nina"}, headers={"Idempotency-Key": "k"}).json
    return f"/api/reminders/{made['id']}"


def take_back(api: Api, line: Any, *, by: str = BO, etag: str | None = '"2"') -> Answer:
    """Ask for it."""
    headers = {"If-Match": etag} if etag else {}
    return api("POST", f"{path(api)}/take-back", {"line": line}, by=by, headers=headers)


def test_lines_are_numbered_and_offers_are_told_in_both_places(api: Api) -> None:
    """F6, M2: the page can show an offer without reading the history, and a number names its line for good."""
    lines = api("GET", f"{path(api)}/history").json["lines"]
    assert [(each["number"], each["event"], each["offered"]) for each in lines] == [
        (1, "created", False),
        (2, "conflict", True),
        (3, "conflict", True),
        (4, "conflict", True),
        (5, "came back", False),
    ]
    assert api("GET", path(api)).json["offered"] == [2, 3, 4]


def test_a_lost_value_is_taken_back_by_its_number(api: Api) -> None:
    """M2: one click, one edit, and the offer is taken; again, it changes nothing."""
    api.clock.forward(NOW.replace(minute=1) - NOW)
    answer = take_back(api, 2)
    assert (answer.status, answer.json["due"], answer.headers["etag"]) == (200, "2026-12-24", '"3"')
    told = api("GET", f"{path(api)}/history").json["lines"]
    assert (told[5]["rule"], told[5]["field"], told[1]["offered"]) == ("M2", "due", False)
    assert api("GET", path(api)).json["offered"] == [3, 4]
    assert take_back(api, 2, etag='"3"').json["version"] == 3


@pytest.mark.parametrize(
    ("line", "by", "etag", "status"),
    [
        (2, BO, None, 428),
        (2, BO, '"1"', 412),
        (2, CY, '"2"', 404),
        (2, ADA, '"2"', 200),
        (1, BO, '"2"', 422),
        (6, BO, '"2"', 422),
        (0, BO, '"2"', 422),
        ("2", BO, '"2"', 422),
        (3, BO, '"2"', 200),
        (4, BO, '"2"', 422),
    ],
)
def test_taking_back_is_refused_as_any_edit_would_be(
    api: Api, line: Any, by: str, etag: str | None, status: int
) -> None:
    """M2, C5, C7: without a version, on a stale one, by a stranger, of a line that lost nothing, to a user who is not there."""
    answer = take_back(api, line, by=by, etag=etag)
    assert answer.status == status
    if status != 200:
        assert api.ledger.reminders([path(api).rpartition("/")[2]]).popitem()[1].version == 2


def test_taking_back_that_loses_a_race_shows_what_is_there(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """C5, M11: the conditional write decides."""
    monkeypatch.setattr(api.ledger, "save", lambda records: [None] * len(records))
    answer = take_back(api, 2)
    assert (answer.status, answer.json["current"]["name"]) == (412, "Call Nina")
