"""Faults: each does what it says, where it says, as often as it says."""

from __future__ import annotations

import pytest
import requests
from unit.org.conftest import TEN, Ask

from infra.local.org.clock import MovableClock
from infra.local.org.state import User
from infra.local.org.world import Org


def test_a_lost_answer_was_a_write(ask: Ask, org: Org) -> None:
    """The connection breaks after the commit: the worst case of every client."""
    org.faults.add("lost", match="POST .*/composite/sobjects")
    record = {"attributes": {"type": "Task"}, "Subject": "a"}
    with pytest.raises(requests.ConnectionError):
        ask("POST", "composite/sobjects", json={"records": [record]})
    assert len(org.tasks()) == 1
    assert ask("POST", "composite/sobjects", json={"records": [record]}).status_code == 200


def test_a_refused_connection_was_none(ask: Ask, org: Org) -> None:
    """The other case, which looks the same to the client."""
    org.faults.add("refused")
    with pytest.raises(requests.ConnectionError):
        ask("POST", "sobjects/Task", json={})
    assert org.tasks() == []


def test_a_slow_answer(ask: Ask, org: Org, clock: MovableClock) -> None:
    """Within the client's patience it only takes time; beyond, it is a ReadTimeout of something that was done."""
    org.faults.add("slow", seconds=10)
    assert ask("POST", "sobjects/Task", json={}).status_code == 201
    assert (clock.now() - TEN).total_seconds() == 10
    org.faults.add("slow", seconds=60)
    with pytest.raises(requests.ReadTimeout):
        ask("POST", "sobjects/Task", json={})
    assert (clock.now() - TEN).total_seconds() == 40
    assert len(org.tasks()) == 2


def test_a_subrequest_can_be_done_and_say_nothing(ask: Ask, org: Org, ann: User) -> None:
    """One record's answer is an empty 500, its write is there; the others of the call are told of as ever."""
    keys = [org.create_task(ann.id, Subject="a") for _ in range(2)]
    org.faults.add("mute", match=f"PATCH .*{keys[0]}")
    url = "/services/data/v66.0/sobjects/Task/"
    asked = [
        {"method": "PATCH", "url": url + key, "referenceId": f"r{number}", "body": {"Subject": "b"}}
        for number, key in enumerate(keys)
    ]
    answers = ask("POST", "composite", json={"compositeRequest": asked}).json()["compositeResponse"]
    assert [(each["httpStatusCode"], each["body"]) for each in answers] == [(500, None), (204, None)]
    assert [org.task(key)["Subject"] for key in keys] == ["b", "b"]


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("error", 500, "UNKNOWN_EXCEPTION"),
        ("gone", 410, "UNSUPPORTED_API_VERSION"),
        ("limit", 403, "REQUEST_LIMIT_EXCEEDED"),
        ("session", 401, "INVALID_SESSION_ID"),
    ],
)
def test_refusals_of_a_whole_request(ask: Ask, org: Org, kind: str, status: int, code: str) -> None:
    """Nothing is done, once; the next call is well."""
    org.faults.add(kind)
    answer = ask("POST", "sobjects/Task", json={})
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (status, code)
    assert org.tasks() == []
    assert ask("POST", "sobjects/Task", json={}).status_code == 201


def test_maintenance_is_no_json(ask: Ask, org: Org) -> None:
    """503 comes with a web page."""
    org.faults.add("unavailable", times=2)
    answers = [ask("GET", "limits") for _ in range(3)]
    assert [each.status_code for each in answers] == [503, 503, 200]
    assert answers[0].text.startswith("<html>")


@pytest.mark.parametrize("status", [400, 500])
def test_locks_in_both_shapes(ask: Ask, org: Org, ann: User, status: int) -> None:
    """UNABLE_TO_LOCK_ROW as 400 and as 500 alone, and inside a collection for its one record."""
    key, other = org.create_task(ann.id, Subject="a"), org.create_task(ann.id, Subject="b")
    org.faults.add("lock", match=key, status=status, times=2)
    answer = ask("PATCH", f"sobjects/Task/{key}", json={"Subject": "c"})
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (status, "UNABLE_TO_LOCK_ROW")
    records = [{"attributes": {"type": "Task"}, "id": each, "Subject": "c"} for each in (key, other)]
    results = ask("PATCH", "composite/sobjects", json={"records": records}).json()
    assert [each["success"] for each in results] == [False, True]
    assert org.task(key)["Subject"] == "a"


def test_chance_is_drawn_from_the_orgs_random_source(org: Org) -> None:
    """About half of many, and the same half for the same seed."""
    org.faults.add("error", chance=0.5, times=None)
    hits = sum(org.faults.hit(("error",), "GET /") is not None for _ in range(1000))
    assert 400 < hits < 600


def test_unknown_faults_are_refused(org: Org) -> None:
    """A misspelt fault that never hits would make a test that cannot fail."""
    with pytest.raises(ValueError, match="unknown fault"):
        org.faults.add("lots")
    with pytest.raises(ValueError, match="regular expression"):
        org.faults.add("lost", match="(")
