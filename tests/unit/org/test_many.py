"""Collections, composite and batch: many records in one call."""

from __future__ import annotations

import pytest
from unit.org.conftest import Ask

from infra.local.org.clock import MovableClock
from infra.local.org.schema import EXTERNAL_ID
from infra.local.org.state import User
from infra.local.org.world import Org

TEN = "Sun, 22 Nov 2026 10:00:00 GMT"


def task(**fields: object) -> dict[str, object]:
    """One record of a collection."""
    return {"attributes": {"type": "Task"}, **fields}


def codes(results: list[dict[str, object]]) -> list[object]:
    """Per record: True, or the statusCode of its refusal."""
    return [each["success"] or each["errors"][0]["statusCode"] for each in results]  # type: ignore[index]  # JSON


def test_records_succeed_or_fail_by_themselves(ask: Ask, org: Org) -> None:
    """HTTP 200 with failures inside, in input order, `statusCode` instead of `errorCode`, one call."""
    records = [task(Subject="a", **{EXTERNAL_ID: "1"}), task(Nonsense=1), task(**{EXTERNAL_ID: "1"}), task(Subject="d")]
    answer = ask("POST", "composite/sobjects", json={"records": records})
    assert answer.status_code == 200
    assert codes(answer.json()) == [True, "INVALID_FIELD", "DUPLICATE_VALUE", True]
    assert set(answer.json()[1]) == {"success", "errors"}
    assert len(org.tasks()) == 2
    assert org.calls.used(org.state.second()) == 1


def test_all_or_none(ask: Ask, org: Org) -> None:
    """One failure takes the innocent back, and nobody hears of them."""
    told: list[str] = []
    org.state.store.committed.append(lambda write: told.append(write.record_id))
    body = {"allOrNone": True, "records": [task(Subject="a"), task(Subject="x" * 256), task(Subject="c")]}
    results = ask("POST", "composite/sobjects", json=body).json()
    assert codes(results) == [
        "ALL_OR_NONE_OPERATION_ROLLED_BACK",
        "STRING_TOO_LONG",
        "ALL_OR_NONE_OPERATION_ROLLED_BACK",
    ]
    assert (org.tasks(), told) == ([], [])
    body["records"] = [task(Subject="a"), task(Subject="b")]
    assert codes(ask("POST", "composite/sobjects", json=body).json()) == [True, True]
    assert told == org.tasks()


def test_two_hundred_and_no_more(ask: Ask, org: Org) -> None:
    """201 records are refused whole."""
    assert len(ask("POST", "composite/sobjects", json={"records": [task()] * 200}).json()) == 200
    assert ask("POST", "composite/sobjects", json={"records": [task()] * 201}).status_code == 400
    assert len(org.tasks()) == 200


def test_update_and_delete(ask: Ask, org: Org, ann: User) -> None:
    """Missing and binned records have codes of their own."""
    one, two = org.create_task(ann.id, Subject="1"), org.create_task(ann.id, Subject="2")
    org.delete_task(ann.id, two)
    records = [
        task(id=one, Subject="new"),
        task(id=two),
        task(id="00T000000000009"),
        task(Subject="no id"),
        task(id="zz"),
    ]
    results = ask("PATCH", "composite/sobjects", json={"records": records}).json()
    assert codes(results) == [
        True,
        "ENTITY_IS_DELETED",
        "INVALID_CROSS_REFERENCE_KEY",
        "MISSING_ARGUMENT",
        "MALFORMED_ID",
    ]
    assert org.task(one)["Subject"] == "new"
    ids = ",".join([one[:15], two, "00T000000000009", "zz"])
    results = ask("DELETE", f"composite/sobjects?ids={ids}&allOrNone=false").json()
    assert codes(results) == [True, "ENTITY_IS_DELETED", "INVALID_CROSS_REFERENCE_KEY", "MALFORMED_ID"]
    assert results[0]["id"] == one
    assert org.tasks() == []


def test_upsert(ask: Ask, org: Org) -> None:
    """By external id, telling which were created."""
    path = f"composite/sobjects/Task/{EXTERNAL_ID}"
    first = ask("PATCH", path, json={"records": [task(Subject="a", **{EXTERNAL_ID: "1"})]}).json()
    again = [task(Subject="b", **{EXTERNAL_ID: "1"}), task(**{EXTERNAL_ID: "2"}), task(**{EXTERNAL_ID: "2"}), task()]
    results = ask("PATCH", path, json={"records": again}).json()
    assert first[0]["created"] is True
    assert [each.get("created") for each in results] == [False, True, None, None]
    assert codes(results)[2:] == ["DUPLICATE_VALUE", "MISSING_ARGUMENT"]
    assert org.task(first[0]["id"])["Subject"] == "b"


def test_reading_many(ask: Ask, org: Org, ann: User, bob: User) -> None:
    """Null for what is deleted, missing or somebody else's."""
    one, two, three = (org.create_task(ann.id, Subject=str(number)) for number in range(3))
    org.delete_task(ann.id, two)
    org.update_task(ann.id, three, OwnerId=bob.id)
    body = {"ids": [one, two, three, "00T000000000009"], "fields": ["Subject"]}
    rows = ask("POST", "composite/sobjects/Task", user=ann, json=body).json()
    assert [row and row["Subject"] for row in rows] == ["0", None, None, None]
    assert ask("GET", f"composite/sobjects/Task?ids={one}&fields=Id,Subject").json()[0]["Subject"] == "0"


class TestComposite:
    """Up to 25 requests, each with its own headers."""

    def test_each_has_its_own_precondition(self, ask: Ask, org: Org, ann: User, clock: MovableClock) -> None:
        """The one that moved is 412, the other is written: one API call, both answers in order."""
        moved, still = org.create_task(ann.id, Subject="1"), org.create_task(ann.id, Subject="2")
        clock.advance(2)
        org.update_task(ann.id, moved, Subject="edited")
        requests = [
            {
                "method": "PATCH",
                "url": f"/services/data/v66.0/sobjects/Task/{key}",
                "referenceId": f"r{number}",
                "httpHeaders": {"If-Unmodified-Since": TEN},
                "body": {"Subject": "ours"},
            }
            for number, key in enumerate((moved, still))
        ]
        answers = ask("POST", "composite", json={"compositeRequest": requests}).json()["compositeResponse"]
        assert [(each["referenceId"], each["httpStatusCode"]) for each in answers] == [("r0", 412), ("r1", 204)]
        assert answers[0]["body"][0]["errorCode"]
        assert answers[1]["body"] is None
        assert (org.task(moved)["Subject"], org.task(still)["Subject"]) == ("edited", "ours")
        assert org.calls.used(org.state.second()) == 1

    def test_later_ones_refer_to_earlier_answers(self, ask: Ask, org: Org) -> None:
        """`@{ref.id}` in addresses and bodies; a reference to nothing is an error."""
        requests = [
            {
                "method": "POST",
                "url": "/services/data/v66.0/sobjects/Task",
                "referenceId": "a",
                "body": {"Subject": "x"},
            },
            {
                "method": "PATCH",
                "url": "/services/data/v66.0/sobjects/Task/@{a.id}",
                "referenceId": "b",
                "body": {"Subject": "was @{a.id}"},
            },
            {"method": "GET", "url": "/services/data/v66.0/sobjects/Task/@{a.nothing}", "referenceId": "c"},
        ]
        answers = ask("POST", "composite", json={"compositeRequest": requests}).json()["compositeResponse"]
        assert [each["httpStatusCode"] for each in answers] == [201, 204, 400]
        assert org.task(org.tasks()[0])["Subject"] == f"was {org.tasks()[0]}"

    def test_all_or_none(self, ask: Ask, org: Org) -> None:
        """One failure undoes all and halts the rest."""
        good = {"method": "POST", "url": "/services/data/v66.0/sobjects/Task", "body": {"Subject": "x"}}
        bad = {**good, "body": {"Nonsense": 1}}
        requests = [{**each, "referenceId": f"r{number}"} for number, each in enumerate((good, bad, good))]
        body = {"allOrNone": True, "compositeRequest": requests}
        answers = ask("POST", "composite", json=body).json()["compositeResponse"]
        assert [each["body"][0]["errorCode"] for each in answers] == [
            "PROCESSING_HALTED",
            "INVALID_FIELD",
            "PROCESSING_HALTED",
        ]
        assert org.tasks() == []

    @pytest.mark.parametrize("count", [0, 26])
    def test_twenty_five_at_most(self, ask: Ask, count: int) -> None:
        """More, or none, is refused whole."""
        requests = [
            {"method": "GET", "url": "/services/data/v66.0/limits", "referenceId": f"r{number}"}
            for number in range(count)
        ]
        assert ask("POST", "composite", json={"compositeRequest": requests}).status_code == 400

    def test_batch_counts_each(self, ask: Ask, org: Org) -> None:
        """`composite/batch` spends a call for each subrequest."""
        requests = [
            {"method": "GET", "url": "v66.0/limits"},
            {"method": "GET", "url": "v66.0/sobjects/Nonsense/describe"},
        ]
        answer = ask("POST", "composite/batch", json={"batchRequests": requests}).json()
        assert answer["hasErrors"] is True
        assert [each["statusCode"] for each in answer["results"]] == [200, 404]
        assert org.calls.used(org.state.second()) == 2
