"""The API of Diagnostics: problems by cause, for whom they concern; Retry, Ignore, and the file (C4, O4)."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from fakes.memory_ledger import MemoryLedger
from fakes.people import ADA, BO, CY, NOW, SITE, Api

from reminders.core.drift import FULL, NIGHTLY, Comparison, Drift
from reminders.core.gone import NOT_VISIBLE
from reminders.core.problems import Failure, Kind, Outage
from reminders.core.reminder import Record, Reminder, Trouble, Values
from reminders.services import diagnostics

VALIDATION = "FIELD_CUSTOM_VALIDATION_EXCEPTION"
TOMORROW = NOW + timedelta(days=1)


@pytest.fixture
def api() -> Api:
    """Give a client of an API on an empty ledger."""
    return Api()


def refused(api: Api, reminder_id: str, code: str = VALIDATION, **changes: Any) -> Reminder:
    """Store a reminder of Bo's that Salesforce refused an hour ago, and that is tried again tomorrow."""
    reminder = Reminder(
        id=reminder_id,
        values=Values(name=changes.pop("name", "Call Nina"), assignee=changes.pop("assignee", BO)),
        created=NOW,
        created_by=changes.pop("created_by", BO),
        sponsor=BO,
        pending=True,
        next_attempt=TOMORROW,
        trouble=Trouble(code=code, message=changes.pop("message", "No calls"), since=NOW - timedelta(hours=1)),
    )
    [stored] = api.ledger.save([Record(reminder=replace(reminder, **changes))])
    assert stored
    return stored


def outage(api: Api, code: str = "invalid_grant", *, ago: timedelta = timedelta(), run: str = "push") -> None:
    """Store that the org refused a whole run."""
    failure = Failure(kind=Kind.AUTHENTICATION, code=code, message="user hasn't approved this consumer")
    api.ledger.note_outage(Outage(run=run, failure=failure, since=NOW - ago, seen=NOW - ago))


def listed(api: Api, by: str = BO) -> dict[str, list[str]]:
    """Give the ids of the reminders of each cause."""
    causes = api("GET", "/api/problems", by=by).json["causes"]
    return {cause["code"]: [each["id"] for each in cause["reminders"]] for cause in causes}


def test_problems_are_grouped_by_cause_with_what_to_do(api: Api) -> None:
    """C4: the code, its category, Salesforce's words and ours, since when, and the reminders concerned."""
    refused(api, "r1")
    refused(api, "r2")
    refused(api, "r3", "ENTITY_IS_LOCKED")
    answer = api("GET", "/api/problems")
    first, second = answer.json["causes"]
    assert (first["code"], first["category"], first["message"]) == (VALIDATION, "access/validation", "No calls")
    assert "validation rule" in first["meaning"]
    assert "Retry" in first["remedy"]
    assert first["since"] == "2026-11-22T08:00:00Z"
    assert (first["count"], [each["id"] for each in first["reminders"]]) == (2, ["r1", "r2"])
    assert (second["code"], second["count"], second["stops"], answer.json["truncated"]) == (
        "ENTITY_IS_LOCKED",
        1,
        [],
        False,
    )
    again = api("GET", "/api/problems", headers={"If-None-Match": answer.headers["etag"]})
    assert again.status == 304


def test_what_stops_everything_is_one_cause_and_comes_first(api: Api) -> None:
    """C4, O3: one problem, not thousands, even if it stops three directions; one not seen for a day is told no more."""
    refused(api, "r1")
    for run, minutes in (("poll", 5), ("pull", 30), ("push", 1)):
        outage(api, ago=timedelta(minutes=minutes), run=run)
    outage(api, "REQUEST_LIMIT_EXCEEDED", ago=timedelta(days=1))
    causes = api("GET", "/api/problems").json["causes"]
    assert [cause["code"] for cause in causes] == ["invalid_grant", VALIDATION]
    assert causes[0]["stops"] == ["poll", "pull", "push"]
    assert (causes[0]["category"], causes[0]["count"]) == ("authentication", 0)
    assert (causes[0]["since"], causes[0]["seen"]) == ("2026-11-22T08:30:00Z", "2026-11-22T08:59:00Z")


def test_one_sees_ones_own_and_administrators_all(api: Api) -> None:
    """C4, C7: somebody else's reminders are nobody's business, not even as a number."""
    refused(api, "bo's")
    refused(api, "cy's", assignee=CY, created_by=CY)
    refused(api, "cy's by bo", assignee=CY)
    assert listed(api, BO) == {VALIDATION: ["bo's", "cy's by bo"]}
    assert listed(api, CY) == {VALIDATION: ["cy's", "cy's by bo"]}
    assert listed(api, ADA) == {VALIDATION: ["bo's", "cy's", "cy's by bo"]}


def test_an_ignored_problem_is_not_listed_and_still_planned(api: Api) -> None:
    """C4: hidden, not forgotten; the reminder itself still shows its problem."""
    refused(api, "r1")
    answer = api("POST", "/api/reminders/r1/ignore")
    assert (answer.status, answer.json["sync_state"]) == (200, "problem")
    assert listed(api) == {}
    assert api.ledger.reminders(["r1"])["r1"].next_attempt == TOMORROW
    etag = answer.headers["etag"]
    assert api("PATCH", "/api/reminders/r1", {"name": "Other"}, headers={"If-Match": etag}).status == 200
    assert api.ledger.reminders(["r1"])["r1"].trouble is None


def test_retry_of_one_rings(api: Api) -> None:
    """O4: at once; without a problem it changes nothing and wakes nobody."""
    refused(api, "r1")
    assert isinstance(api.ledger, MemoryLedger)
    assert api("POST", "/api/reminders/r1/retry").status == 200
    assert api.ledger.rung == ["r1"]
    refused(api, "fine", trouble=None)
    assert api("POST", "/api/reminders/fine/retry").status == 200
    assert api.ledger.rung == ["r1"]


@pytest.mark.parametrize("verb", ["retry", "ignore"])
def test_nobody_touches_a_problem_of_somebody_else(api: Api, verb: str) -> None:
    """C7: as if it were not there."""
    refused(api, "r1")
    assert api("POST", f"/api/reminders/r1/{verb}", by=CY).status == 404
    assert api("POST", f"/api/reminders/none/{verb}", by=CY).status == 404
    assert api("POST", f"/api/reminders/r1/{verb}", by=ADA).status == 200


def test_one_chooses_what_becomes_of_a_task_that_is_gone(api: Api) -> None:
    """I5, C5, C7: on the version that was seen, by whoever may use it, one by one or many at once; then there is nothing to choose."""
    for name in ("r1", "r2", "r3"):
        refused(api, name, NOT_VISIBLE.code, task_id=f"00T00000000000{name}AAA")
    path, body = "/api/reminders/r1/gone", {"choice": "keep, not synced"}
    assert api("POST", path, body).status == 428
    assert api("POST", path, body, headers={"if-match": '"9"'}).status == 412
    assert api("POST", path, body, by=CY, headers={"if-match": '"1"'}).status == 404
    assert api("POST", path, {"choice": "guess"}, headers={"if-match": '"1"'}).status == 422
    answer = api("POST", path, body, headers={"if-match": '"1"'})
    assert (answer.status, answer.json["sync_state"], answer.json["task_id"]) == (200, "not synced", None)
    assert api("POST", path, body, headers={"if-match": '"2"'}).status == 422
    items = [
        {"action": "choose", "id": "r2", "version": 1, "choice": "delete here"},
        {"action": "choose", "id": "r3", "version": 1, "choice": "create again"},
    ]
    results = api("POST", "/api/reminders/bulk", {"items": items}).json["results"]
    assert [each["status"] for each in results] == [200, 200]
    assert (results[0]["reminder"]["deleted"]["agreed"] is not None, results[1]["reminder"]["sync_state"]) == (
        True,
        "waiting",
    )


def test_administrators_see_what_the_sweep_found(api: Api) -> None:
    """I5, I4, C7: the last night, how much it found, the newest finds; the last full comparison, and why."""
    empty: dict[str, Any] = {"sweep": None, "drifted": 0, "drifts": [], "full_comparison": None}
    assert api("GET", "/api/sweep").status == 403
    assert api("GET", "/api/sweep", by=ADA).json == empty
    api.ledger.note_comparison(
        Comparison(kind=NIGHTLY, at=NOW, why="every night", hinted=7, dead_letters=2, malformed=1)
    )
    api.ledger.note_comparison(Comparison(kind=FULL, at=NOW, why="deleted: too old", hinted=5))
    for at in (NOW - timedelta(days=1), NOW):
        api.ledger.note_drift([Drift(at=at, reminder_id="r1", task_id="t1", what=("due", "priority"))])
    report = api("GET", "/api/sweep", by=ADA).json
    assert report["sweep"] == {
        "at": "2026-11-22T09:00:00Z",
        "why": "every night",
        "looked_at": 7,
        "dead_letters": 2,
        "malformed": 1,
    }
    assert (report["drifted"], len(report["drifts"]), report["drifts"][0]["what"]) == (1, 2, ["due", "priority"])
    assert report["drifts"][0]["name"] is None
    assert report["drifts"][0]["task_url"] == f"{SITE.salesforce_url}/lightning/r/Task/t1/view"
    assert report["full_comparison"]["why"] == "deleted: too old"


def test_retry_of_a_cause_tries_its_reminders_and_no_others(api: Api) -> None:
    """O4, C7: those of this code that one may use; what is due already is not rung twice."""
    refused(api, "r1")
    refused(api, "r2")
    refused(api, "other", "ENTITY_IS_LOCKED")
    refused(api, "due", next_attempt=NOW)
    refused(api, "cy's", assignee=CY, created_by=CY)
    answer = api("POST", f"/api/problems/{VALIDATION}/retry")
    assert (answer.status, answer.json) == (200, {"retried": 2})
    assert isinstance(api.ledger, MemoryLedger)
    assert api.ledger.rung == ["r1", "r2"]
    assert api("POST", f"/api/problems/{VALIDATION}/retry").json == {"retried": 0}
    assert api("POST", f"/api/problems/{VALIDATION}/retry", by=ADA).json == {"retried": 1}
    assert api.ledger.syncs_asked == []


def test_retry_of_a_cause_is_bounded(api: Api) -> None:
    """O4, Never: 200 at a time; those that go through take the others along."""
    for number in range(230):
        refused(api, f"r{number:03}")
    assert api("POST", f"/api/problems/{VALIDATION}/retry").json == {"retried": 200}
    assert api("POST", f"/api/problems/{VALIDATION}/retry").json == {"retried": 30}


def test_retry_of_what_stops_everything_asks_for_a_sync(api: Api) -> None:
    """O4, C3: there is no reminder to try; the next poll and push find out."""
    outage(api)
    assert api("POST", "/api/problems/invalid_grant/retry").json == {"retried": 0}
    assert isinstance(api.ledger, MemoryLedger)
    assert api.ledger.syncs_asked == [NOW]


def test_a_code_that_nothing_has_is_no_error(api: Api) -> None:
    """O4: the cause was solved while somebody looked at it; whatever stands in the address, nothing breaks."""
    for code in ("GONE", "%20", "a%2Fb", "'", "X" * 200):
        assert api("POST", f"/api/problems/{code}/retry").status in {200, 404}, code
    assert api("POST", f"/api/problems/{'X' * 201}/retry").status == 422


def test_the_file_has_a_line_for_each_reminder_and_runs_nothing(api: Api) -> None:
    """C4: a name or message that begins like a formula stays text in a spreadsheet; quotes and line breaks survive."""
    for number, name in enumerate(["=HYPERLINK(1)", "+1", "-1", "@SUM(A1)", 'say "hi", Nina']):
        refused(api, f"r{number}", name=name, message="=cmd|' /C calc'!A0\nsecond line")
    outage(api)
    answer = api("GET", "/api/problems.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="reminder-sync-problems-2026-11-22.csv"'
    lines = list(csv.DictReader(StringIO(answer.content.decode(), newline="")))
    assert [line["code"] for line in lines] == ["invalid_grant", *[VALIDATION] * 5]
    assert [line["name"] for line in lines[1:]] == ["'=HYPERLINK(1)", "'+1", "'-1", "'@SUM(A1)", 'say "hi", Nina']
    assert {line["message"] for line in lines[1:]} == {"'=cmd|' /C calc'!A0\nsecond line"}
    assert {len(line) for line in lines} == {12}
    assert lines[0]["reminder"] == ""


def test_a_quiet_org_has_no_problems(api: Api) -> None:
    """C4: nothing wrong is an empty answer, and a file with its heading."""
    assert api("GET", "/api/problems").json == {"causes": [], "truncated": False}
    assert api("GET", "/api/problems.csv").content.decode().splitlines() == [
        "code,category,since,message,meaning,remedy,reminder,name,assignee,due,task,address"
    ]


def test_a_file_that_is_cut_says_so(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """C4: whoever works through a list must know that it is not all of it."""
    monkeypatch.setattr(diagnostics, "LOOKED_AT", 2)
    for number in range(3):
        refused(api, f"r{number}")
    rows = list(csv.reader(StringIO(api("GET", "/api/problems.csv").content.decode(), newline="")))
    assert len(rows) == 4
    assert "There are more" in rows[3][3]
    assert api("GET", "/api/problems").json["truncated"] is True


def test_the_documentation_tells_every_refusal_of_the_file(api: Api) -> None:
    """C5: it is asked like any other address."""
    paths = api("GET", "/openapi.json", by=None).json["paths"]
    assert set(paths["/api/problems"]["get"]["responses"]) == set(paths["/api/problems.csv"]["get"]["responses"])
    required = {
        parameter["required"]
        for operations in paths.values()
        for operation in operations.values()
        for parameter in operation.get("parameters", ())
        if parameter["name"].lower() == "if-match"
    }
    assert required == {True}
