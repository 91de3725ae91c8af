"""The API of settings, people and status: off by default, one write to turn on, administrators alone for the org."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from fakes.memory_ledger import MemoryLedger
from fakes.people import ADA, BO, CY, NOW, Answer, Api, sync_on

from reminders.core.reminder import Priority
from reminders.core.set_up_rules import Picklists
from reminders.core.settings import Choice, Import
from reminders.ports import Usage

ON = "Sync with Salesforce tasks"
GONE = {Priority.NORMAL: Choice(written="Gone"), Priority.HIGH: Choice(written="High")}
OFF = "Do not sync to Salesforce tasks"


@pytest.fixture
def api() -> Api:
    """Give a client of an API on an empty ledger."""
    return Api()


def put(api: Api, body: object, *, by: str = BO, path: str = "/api/settings") -> Answer:
    """Save settings on the version that is there now."""
    etag = api("GET", path, by=by).headers["etag"]
    return api("PUT", path, body, by=by, headers={"If-Match": etag})


def test_sync_is_off_by_default(api: Api) -> None:
    """S1: nobody syncs who did not choose to."""
    assert api("GET", "/api/settings").json == {"sync": OFF, "changed": None, "import_hours": 24, "first_sync": None}


def test_turning_sync_on_asks_for_the_first_sync_in_the_same_write(api: Api) -> None:
    """S1, S2: the switch and the wish cannot part, and the window is the last 24 hours."""
    answer = put(api, {"sync": ON})
    assert answer.status == 200
    user = api.ledger.users([BO])[BO]
    assert (user.syncs, user.changed, user.version) == (True, NOW, 2)
    assert user.first_sync == Import(started=NOW, since=NOW - timedelta(hours=24))
    assert isinstance(api.ledger, MemoryLedger)
    assert api.ledger.first_sync_due == [BO]


@pytest.mark.parametrize(("hours", "status"), [(1, 200), (720, 200), (0, 422), (721, 422), (1.5, 422), ("a day", 422)])
def test_the_import_window_can_be_chosen_up_to_thirty_days(api: Api, hours: object, status: int) -> None:
    """S2: the window is bounded."""
    answer = put(api, {"sync": ON, "import_hours": hours})
    assert answer.status == status
    if status == 200:
        first_sync = api.ledger.users([BO])[BO].first_sync
        assert isinstance(hours, int)
        assert first_sync
        assert first_sync.since == NOW - timedelta(hours=hours)


def test_turned_on_again_the_window_reaches_back_to_when_it_was_turned_off(api: Api) -> None:
    """S3: what happened in Salesforce in between, or was on its way before, is not forgotten, but never more than 30 days of it."""
    put(api, {"sync": ON})
    put(api, {"sync": OFF})
    for days, reaches in ((10, 11), (60, 30)):  # the first window began a day before
        api.clock.forward(timedelta(days=days))
        put(api, {"sync": ON})
        first_sync = api.ledger.users([BO])[BO].first_sync
        assert first_sync
        assert api.clock.now() - first_sync.since == timedelta(days=reaches)
        put(api, {"sync": OFF})


def test_choosing_what_is_chosen_already_starts_nothing(api: Api) -> None:
    """S1: a double click must not import twice."""
    put(api, {"sync": ON})
    before = api.ledger.users([BO])[BO]
    api.clock.forward(timedelta(hours=1))
    assert put(api, {"sync": ON}).status == 200
    assert api.ledger.users([BO])[BO] == before


def test_turning_sync_off_loses_nothing(api: Api) -> None:
    """S3: it only stops; the reminders stay as they are."""
    put(api, {"sync": ON})
    made = api("POST", "/api/reminders", {"name": "Waits"}).json
    answer = put(api, {"sync": OFF})
    assert answer.json["sync"] == OFF
    assert api("GET", f"/api/reminders/{made['id']}").json == made


@pytest.mark.parametrize("words", ["on", True, "sync with salesforce tasks", None, ""])
def test_only_the_exact_words_switch(api: Api, words: object) -> None:
    """S1: the two choices have these words."""
    answer = put(api, {"sync": words})
    assert (answer.status, answer.json["error"]["field"]) == (422, "sync")


@pytest.mark.parametrize("path", ["/api/settings", "/api/settings/org"])
def test_settings_need_the_version_that_was_seen(api: Api, path: str) -> None:
    """C5: two administrators, or two tabs, must not overwrite each other unseen."""
    body = {"sync": ON} if path == "/api/settings" else api("GET", path, by=ADA).json
    version = api("GET", path, by=ADA).headers["etag"]
    assert api("PUT", path, body, by=ADA).status == 428
    assert api("PUT", path, body, by=ADA, headers={"If-Match": version}).status == 200
    stale = api("PUT", path, body, by=ADA, headers={"If-Match": version})
    assert (stale.status, stale.json["error"]["code"]) == (412, "stale")


def test_a_switch_that_loses_the_race_is_stale(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """S3: the write itself checks the version."""
    etag = api("GET", "/api/settings").headers["etag"]
    monkeypatch.setattr(api.ledger, "save_user", lambda _: None)
    assert api("PUT", "/api/settings", {"sync": ON}, headers={"If-Match": etag}).status == 412


def test_the_org_settings_are_for_administrators(api: Api) -> None:
    """C7, S6: others neither read nor change them."""
    wanted = api("GET", "/api/settings/org", by=ADA).json
    assert api("GET", "/api/settings/org").status == 403
    assert api("PUT", "/api/settings/org", wanted, headers={"If-Match": '"0"'}).status == 403
    assert api.ledger.settings().version == 0


def test_the_org_settings_are_saved_whole(api: Api) -> None:
    """S6: what was saved is what is read, by the sync too."""
    wanted = {
        "subject_template": "{{Activity_Type}}: {{activity_subject}}",
        "policy": "salesforce",
        "poll_minutes": 2,
        "import_hours": 720,
        "api_share": 0.5,
        "statuses": {
            "Open": {"written": "To do", "also_read": ["Not Started"]},
            "Complete": {"written": "Done", "also_read": ["Completed"]},
        },
        "priorities": {
            "Normal": {"written": "Normal", "also_read": ["Low"]},
            "High": {"written": "Top", "also_read": []},
        },
    }
    saved = put(api, wanted, by=ADA, path="/api/settings/org")
    assert (saved.status, saved.json, saved.headers["etag"]) == (200, wanted, '"1"')
    assert api("GET", "/api/settings/org", by=ADA).json == wanted
    assert {key.value: choice.written for key, choice in api.ledger.settings().statuses.items()} == {
        "Open": "To do",
        "Complete": "Done",
    }


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"subject_template": "{{nope}}"}, "subject_template"),
        ({"subject_template": ""}, "subject_template"),
        ({"subject_template": "a\nb"}, "subject_template"),
        ({"policy": "oldest"}, "policy"),
        ({"poll_minutes": 1}, "poll_minutes"),
        ({"import_hours": 721}, "import_hours"),
        ({"api_share": 0}, "api_share"),
        ({"api_share": 0.81}, "api_share"),
        ({"statuses": {"Open": {"written": "A"}, "Complete": {"written": "A"}}}, "statuses"),
        ({"statuses": {"Open": {"written": "A", "also_read": ["B"]}, "Complete": {"written": "B"}}}, "statuses"),
        ({"priorities": {"Normal": {"written": "A"}, "High": {"written": "B", "also_read": ["A"]}}}, "priorities"),
        ({"statuses": {"Open": {"written": "A"}}}, "statuses.Complete"),
        ({"statuses": {"Open": {"written": " "}, "Complete": {"written": "B"}}}, "statuses.Open.written"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_settings_by_which_values_could_not_find_their_way_are_refused(
    api: Api, change: dict[str, Any], field: str
) -> None:
    """F1 to F3, I3, O6: an unknown dynamic field, one org value for two of ours, an interval below the shortest."""
    wanted = {**api("GET", "/api/settings/org", by=ADA).json, **change}
    answer = put(api, wanted, by=ADA, path="/api/settings/org")
    assert (answer.status, answer.json["error"]["field"]) == (422, field)
    assert api.ledger.settings().version == 0


def test_a_mapping_onto_a_value_that_the_org_does_not_have_is_refused(api: Api) -> None:
    """F2: with the values that it has; a value that was chosen before and is gone since does not stop other changes."""
    wanted = api("GET", "/api/settings/org", by=ADA).json
    wrong = {**wanted, "statuses": {**wanted["statuses"], "Complete": {"written": "Finished", "also_read": []}}}
    answer = put(api, wrong, by=ADA, path="/api/settings/org")
    assert (answer.status, answer.json["error"]["field"]) == (422, "statuses")
    assert "no “Finished”" in answer.json["error"]["message"]
    assert "“Done”" in answer.json["error"]["message"]
    assert api.ledger.save_settings(replace(api.ledger.settings(), priorities=GONE)) is not None
    stands = {**api("GET", "/api/settings/org", by=ADA).json, "poll_minutes": 9}
    assert put(api, stands, by=ADA, path="/api/settings/org").status == 200


def test_what_the_ledger_knows_of_the_picklists_is_not_asked_again(api: Api) -> None:
    """F2: an org that is away does not keep anybody from choosing a value that it is known to have."""
    known = Picklists(statuses=api.org.statuses(), priorities=api.org.priorities(), at=NOW)
    api.ledger.save_picklists(known)
    wanted = api("GET", "/api/settings/org", by=ADA).json
    api.org.down = True
    for value, status in (("Done", 200), ("Finished", 503)):
        chosen = {**wanted, "statuses": {**wanted["statuses"], "Complete": {"written": value, "also_read": []}}}
        assert put(api, chosen, by=ADA, path="/api/settings/org").status == status


def test_an_administrator_checks_the_set_up(api: Api) -> None:
    """I3: each check in plain words; what is missing is a problem in Diagnostics until the next check finds it."""
    assert api("POST", "/api/setup").status == 403
    api.org.modify_all = False
    found = api("POST", "/api/setup", by=ADA).json
    assert found["ok"] is False
    [bad] = [each for each in found["checks"] if not each["ok"]]
    assert (bad["code"], "Modify All Data" in bad["message"]) == ("NO_MODIFY_ALL_DATA", True)
    [cause] = api("GET", "/api/problems", by=ADA).json["causes"]
    assert (cause["code"], cause["stops"]) == ("NO_MODIFY_ALL_DATA", ["set-up"])
    api.org.modify_all = True
    assert api("POST", "/api/setup", by=ADA).json["ok"] is True
    assert api("GET", "/api/problems", by=ADA).json["causes"] == []
    api.org.down = True
    assert api("POST", "/api/setup", by=ADA).status == 503


def test_the_status_tells_ages_waiting_progress_and_calls(api: Api) -> None:
    """C3: what a person asks when something seems late."""
    put(api, {"sync": ON})
    api("POST", "/api/reminders", {"name": "Waits"})
    api.ledger.succeeded("push", NOW, Usage(used=1200, limit=100_000, ours=30))
    user = api.ledger.users([BO])[BO]
    progress = Import(started=NOW, since=NOW, found=250, batches=frozenset({"b1", "b2"}), listed=True)
    assert api.ledger.save_user(replace(user, first_sync=progress))
    api.clock.forward(timedelta(seconds=42))
    status = api("GET", "/api/status").json
    assert status["sync"] == ON
    assert status["successes"]["push"]["age_seconds"] == 42
    assert status["waiting"] == 1
    assert (status["first_sync"]["found"], status["first_sync"]["applied"]) == (250, 50)
    assert status["first_sync"]["finished"] is False
    assert status["calls"] == {
        "used": 1200,
        "limit": 100_000,
        "at": "2026-11-22T09:00:00Z",
        "ours": 30,
        "our_limit": 25_000,
    }


def test_before_any_call_of_the_day_the_status_tells_no_calls(api: Api) -> None:
    """C3: yesterday's figures are not shown as today's."""
    api.ledger.succeeded("poll", NOW - timedelta(days=1), Usage(used=1200, limit=100_000, ours=30))
    assert api("GET", "/api/status").json["calls"] is None


def test_a_sync_can_be_asked_for_but_not_all_the_time(api: Api) -> None:
    """C3: one write that wakes the poll; a second click within a minute is told that it is under way."""
    assert isinstance(api.ledger, MemoryLedger)
    answer = api("POST", "/api/sync")
    assert (answer.status, answer.json) == (202, {"asked": "2026-11-22T09:00:00Z"})
    again = api("POST", "/api/sync", by=ADA)
    assert (again.status, again.json["error"]["code"]) == (429, "too_soon")
    api.clock.forward(timedelta(minutes=1))
    assert api("POST", "/api/sync", by=ADA).status == 202
    assert len(api.ledger.syncs_asked) == 2


def test_people_and_assignees_can_be_found(api: Api) -> None:
    """C1: a person from the org's leads and contacts; an assignee from those who sync, and oneself."""
    sync_on(api, CY)
    assert [item["name"] for item in api("GET", "/api/people", query={"q": "nor"}).json["people"]] == ["Nina Nordin"]
    assert api("GET", "/api/people", query={"q": "n"}).status == 422
    assert [item["name"] for item in api("GET", "/api/assignees").json["people"]] == ["Bo Berg", "Cy Chen"]


def test_an_unknown_time_zone_is_utc(api: Api) -> None:
    """S5: a zone that Python does not know must not close the Command Center."""
    for zone in ("Mars/Olympus", "../etc/passwd", ""):
        api.org.directory[CY] = replace(api.org.directory[CY], time_zone=zone)
        fresh = Api(org=api.org)
        assert fresh("GET", "/api/me", by=CY).json["today"] == "2026-11-22"
