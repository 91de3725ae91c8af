"""Salesforce's JSON and our values."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from urllib.parse import quote_plus

import pytest
from fakes.salesforce_answers import ROW

from reminders.core.problems import Kind
from reminders.core.task import Task
from reminders.ports import OrgUnavailable
from reminders.salesforce.rows import (
    batches,
    by_external_id,
    composite_outcomes,
    failure,
    http_date,
    outcomes,
    stamp,
    task,
)


def test_a_row_full_of_nothing_is_a_task_without_values() -> None:
    """F7: every nullable field of Task comes as null, none of them may break the read."""
    found = task(ROW)
    assert (found.subject, found.description, found.due, found.who, found.who_count) == (None,) * 5
    assert found.stamp == datetime(2026, 11, 21, 8, 0, 1, tzinfo=UTC)


def test_a_full_row_keeps_every_value_as_it_is() -> None:
    """M1 compares raw values, so emoji, right-to-left marks and CRLF must come through untouched."""
    text = "Ring \U0001f4de \u202bשלום\u202c\r\n– «tomorrow»"
    found = task(
        ROW
        | {
            "Subject": text,
            "Description": text,
            "ActivityDate": "2026-11-30",
            "WhoId": "003000000000001AAA",
            "WhoCount": 2,
            "Status": "In Progress",
            "Priority": "Low",
            "TaskSubtype": "Call",
            "Reminder_Id__c": "abc-0",
            "IsClosed": True,
            "IsDeleted": True,
            "IsArchived": True,
            "IsRecurrence": True,
            "RecurrenceActivityId": "00T000000000009EAA",
        }
    )
    assert found == Task(
        id="00T000000000001EAA",
        owner="005000000000001AAA",
        created=datetime(2026, 11, 20, 8, tzinfo=UTC),
        created_by="005000000000009AAA",
        last_modified=datetime(2026, 11, 21, 8, tzinfo=UTC),
        last_modified_by="005000000000009AAA",
        system_modstamp=datetime(2026, 11, 21, 8, 0, 1, tzinfo=UTC),
        subject=text,
        description=text,
        due=date(2026, 11, 30),
        who="003000000000001AAA",
        who_count=2,
        status="In Progress",
        priority="Low",
        subtype="Call",
        external_id="abc-0",
        is_closed=True,
        is_deleted=True,
        is_archived=True,
        is_recurrence=True,
        series="00T000000000009EAA",
    )


@pytest.mark.parametrize(
    "text", ["2026-11-22T10:00:00.000+0000", "2026-11-22T10:00:00.999Z", "2026-11-22T12:00:00+0200"]
)
def test_stamps_are_utc_in_whole_seconds(text: str) -> None:
    """M2 compares whole seconds; a stamp in another zone or with a fraction would win or lose by its spelling."""
    assert stamp(text) == datetime(2026, 11, 22, 10, tzinfo=UTC)
    assert stamp(text).tzinfo is UTC


def test_a_precondition_is_gmt_and_never_later_than_the_stamp() -> None:
    """O1: rounding up would let a write pass over a change made in the second after."""
    at = datetime(2026, 3, 1, 1, 2, 3, 999_999, tzinfo=timezone(timedelta(hours=2)))
    assert http_date(at) == "Sat, 28 Feb 2026 23:02:03 GMT"


def test_a_living_task_wins_over_a_deleted_one_and_then_the_oldest() -> None:
    """O2, I6: adopting the deleted copy would make a second task for one reminder."""
    binned = task(ROW | {"Id": "1", "Reminder_Id__c": "a-0", "IsDeleted": True, "CreatedDate": "2026-11-01T00:00:00Z"})
    young = task(ROW | {"Id": "2", "Reminder_Id__c": "a-0", "CreatedDate": "2026-11-19T00:00:00Z"})
    oldest = task(ROW | {"Id": "3", "Reminder_Id__c": "a-0", "CreatedDate": "2026-11-18T00:00:00Z"})
    other = task(ROW | {"Id": "4", "Reminder_Id__c": "b-0", "IsDeleted": True})
    assert by_external_id([binned, young, oldest, other, task(ROW)]) == {"a-0": oldest, "b-0": other}


def test_batches_are_bounded_by_number_and_by_bytes_and_ask_once() -> None:
    """A URI past 16,384 bytes is refused whole; a doubled id would only cost room."""
    values = ["plain", "plain", "it's \u05e9\u05dc\u05d5\u05dd"] * 2 + [f"id{number}" for number in range(30)]
    split = list(batches(values, most=10, most_bytes=120))
    assert [value for batch in split for value in batch] == list(dict.fromkeys(values))
    assert all(len(batch) <= 10 for batch in split)
    assert all(len(quote_plus("'" + "','".join(batch).replace("it's", "it\\'s") + "',")) <= 120 for batch in split)
    assert max(map(len, split)) > 5


def test_a_value_too_long_for_any_batch_goes_alone() -> None:
    """Nothing is dropped silently: Salesforce may say no, we do not."""
    assert list(batches(["a", "x" * 500, "b"], most=10, most_bytes=100)) == [["a"], ["x" * 500], ["b"]]


@pytest.mark.parametrize("body", ["<html>Down for maintenance</html>", None, [], {"oops": 1}])
@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_server_error_without_a_code_proves_nothing_about_a_write(status: int, body: object) -> None:
    """O2: a gateway's 503 may come after the commit; calling it refused would create the task twice."""
    assert failure(status, body, writes=True).kind is Kind.UNKNOWN
    assert failure(status, body).kind is Kind.TRANSIENT


def test_a_server_error_with_a_code_is_the_platforms_own_word() -> None:
    """O3: SERVER_UNAVAILABLE and a lock were refused before anything was written; no look-up is needed."""
    assert failure(503, [{"errorCode": "SERVER_UNAVAILABLE", "message": "busy"}], writes=True).kind is Kind.TRANSIENT
    assert failure(500, [{"errorCode": "UNABLE_TO_LOCK_ROW", "message": "x"}], writes=True).kind is Kind.TRANSIENT


@pytest.mark.parametrize("body", [None, "", [], "<html/>", [{"errorCode": "SOMETHING_ELSE", "message": "moved"}]])
def test_a_412_in_a_composite_is_stale_whatever_its_body(body: object) -> None:
    """O1: the body of a 412 is not documented."""
    answer = {"compositeResponse": [{"referenceId": "r0", "httpStatusCode": 412, "body": body}]}
    (found,) = composite_outcomes(answer, ["t0"])
    assert found.failure
    assert found.failure.kind is Kind.STALE


def test_one_stale_update_among_25_is_that_ones_alone() -> None:
    """O3: 24 updates that succeeded must not be sent again because of the 25th; answers are told apart by reference."""
    answers: list[dict[str, object]] = [
        {"referenceId": f"r{number}", "httpStatusCode": 204, "body": None} for number in range(25)
    ]
    answers[7] |= {"httpStatusCode": 412, "body": [{"errorCode": "X", "message": "moved"}]}
    ids = [f"t{number}" for number in range(25)]
    found = composite_outcomes({"compositeResponse": answers[::-1]}, ids)
    assert [outcome.id for outcome in found] == [None if number == 7 else f"t{number}" for number in range(25)]
    assert found[7].failure
    assert found[7].failure.kind is Kind.STALE


@pytest.mark.parametrize("status", [400, 500])
def test_a_lock_in_a_composite_is_transient_in_both_shapes(status: int) -> None:
    """O3: one production client sees 400, another 500."""
    part = {
        "referenceId": "r0",
        "httpStatusCode": status,
        "body": [{"errorCode": "UNABLE_TO_LOCK_ROW", "message": "x"}],
    }
    (found,) = composite_outcomes({"compositeResponse": [part]}, ["t0"])
    assert found.failure
    assert found.failure.kind is Kind.TRANSIENT


def test_an_update_without_an_answer_of_its_own_is_unknown() -> None:
    """O2: silence about one record is not its success."""
    answers = {"compositeResponse": [{"referenceId": "r1", "httpStatusCode": 204}, {"referenceId": "r2"}]}
    found = composite_outcomes(answers, ["t0", "t1", "t2"])
    assert [outcome.failure.kind if outcome.failure else outcome.id for outcome in found] == [
        Kind.UNKNOWN,
        "t1",
        Kind.UNKNOWN,
    ]


@pytest.mark.parametrize("body", [None, [], {}, {"compositeResponse": None}, {"compositeResponse": [1]}, "<html/>"])
def test_a_composite_answer_of_no_known_form_may_have_been_made(body: object) -> None:
    """O2: HTTP 200 with a body that we cannot read leaves all 25 writes open."""
    with pytest.raises(OrgUnavailable) as caught:
        composite_outcomes(body, ["t0"])
    assert caught.value.failure.kind is Kind.UNKNOWN


def test_a_collection_is_read_in_input_order_with_its_own_spelling_of_errors() -> None:
    """Collections say `statusCode` where everything else says `errorCode`."""
    found = outcomes(
        [
            {"id": "t0", "success": True, "errors": []},
            {"success": False, "errors": [{"statusCode": "DUPLICATE_VALUE", "message": "dup", "fields": []}]},
            {"success": False, "errors": []},
        ],
        3,
    )
    assert found[0].id == "t0"
    assert [item.failure.kind for item in found if item.failure] == [Kind.DUPLICATE, Kind.PERMANENT]


@pytest.mark.parametrize("body", [None, {}, [{"id": "t0", "success": True}], ["t0", "t1"], "<html/>"])
def test_a_collection_answer_of_no_known_form_may_have_been_made(body: object) -> None:
    """O2: fewer results than records, or none, leaves the whole batch open."""
    with pytest.raises(OrgUnavailable) as caught:
        outcomes(body, 2)
    assert caught.value.failure.kind is Kind.UNKNOWN
