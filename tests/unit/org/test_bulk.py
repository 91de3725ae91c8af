"""The Bulk APIs: jobs of many rows, in both their versions, and trees."""

from __future__ import annotations

import csv
import io

import pytest
import requests
from unit.org.conftest import HOST, Ask

from infra.local.org.clock import MovableClock
from infra.local.org.state import User
from infra.local.org.world import Org

CSV = {"Content-Type": "text/csv; charset=UTF-8"}


def table(text: str) -> list[dict[str, str]]:
    """Read a result's CSV."""
    return list(csv.DictReader(io.StringIO(text)))


def ingest(ask: Ask, operation: str, body: str, **more: str) -> str:
    """Run an ingest job on Task; gives its id."""
    job = ask("POST", "jobs/ingest", json={"object": "task", "operation": operation, **more}).json()
    assert (job["state"], job["contentUrl"]) == ("Open", f"services/data/v66.0/jobs/ingest/{job['id']}/batches")
    assert ask("PUT", f"jobs/ingest/{job['id']}/batches", data=body.encode(), headers=CSV).status_code == 201
    closed = ask("PATCH", f"jobs/ingest/{job['id']}", json={"state": "UploadComplete"})
    assert closed.json()["state"] == "UploadComplete"
    return str(job["id"])


def test_a_query_job_pages_by_locator(ask: Ask, org: Org, ann: User) -> None:
    """A client that reads the pages by `Sforce-Locator` gets every row once, written as the Bulk API writes values."""
    made = [org.create_task(ann.id, Subject=f'number "{n}", a\nline') for n in range(5)]
    soql = "SELECT Id, Subject, IsClosed, ActivityDate, CreatedDate, Owner.Name FROM Task ORDER BY Id"
    job = ask("POST", "jobs/query", json={"operation": "query", "query": soql}).json()
    assert (job["state"], job["object"], job["apiVersion"]) == ("UploadComplete", "Task", 66.0)
    done = ask("GET", f"jobs/query/{job['id']}").json()
    assert (done["state"], done["numberRecordsProcessed"], done["jobType"]) == ("JobComplete", 5, "V2Query")
    rows, locator = [], ""
    for size in (2, 2, 1):
        page = ask("GET", f"jobs/query/{job['id']}/results", params={"maxRecords": 2, "locator": locator})
        assert page.headers["Sforce-NumberOfRecords"] == str(size)
        rows += table(page.text)
        locator = page.headers["Sforce-Locator"]
    assert locator == "null"
    assert [row["Id"] for row in rows] == made
    assert rows[0] == {
        "Id": made[0],
        "Subject": 'number "0", a\nline',
        "IsClosed": "false",
        "ActivityDate": "",
        "CreatedDate": "2026-11-22T10:00:00.000Z",
        "Owner.Name": "Ann Lee",
    }


def test_query_all_sees_the_bin_and_a_count_is_refused(ask: Ask, org: Org, ann: User) -> None:
    """`queryAll` is an operation of its own; a malformed query is refused at once, not by a job that fails later."""
    org.delete_task(ann.id, org.create_task(ann.id, Subject="gone"))
    counts = []
    for operation in ("query", "queryAll"):
        job = ask("POST", "jobs/query", json={"operation": operation, "query": "SELECT Id FROM Task"}).json()["id"]
        counts.append(len(table(ask("GET", f"jobs/query/{job}/results").text)))
    assert counts == [0, 1]
    for soql, code in (("SELECT COUNT() FROM Task", "FEATURENOTENABLED"), ("SELECT FROM Task", "MALFORMED_QUERY")):
        refused = ask("POST", "jobs/query", json={"operation": "query", "query": soql})
        assert (refused.status_code, refused.json()[0]["errorCode"]) == (400, code)


def test_each_row_succeeds_or_fails_by_itself(ask: Ask, org: Org) -> None:
    """The refused row is told with Salesforce's error and its own values; the others stand."""
    job = ingest(ask, "insert", f"Subject,IsReminderSet,Description\nfirst,1,\n{'x' * 256},0,#N/A\n")
    facts = ask("GET", f"jobs/ingest/{job}").json()
    assert (facts["state"], facts["numberRecordsProcessed"], facts["numberRecordsFailed"]) == ("JobComplete", 2, 1)
    (good,) = table(ask("GET", f"jobs/ingest/{job}/successfulResults/").text)
    (bad,) = table(ask("GET", f"jobs/ingest/{job}/failedResults").text)
    assert (good["sf__Created"], good["Subject"]) == ("true", "first")
    assert org.task(good["sf__Id"])["IsReminderSet"] is True
    assert bad["sf__Error"].startswith("STRING_TOO_LONG:Subject: data value too large")
    assert bad["sf__Error"].endswith(":Subject --")
    assert (bad["sf__Id"], bad["Subject"]) == ("", "x" * 256)
    assert table(ask("GET", f"jobs/ingest/{job}/unprocessedrecords").text) == []


def test_update_upsert_and_delete(ask: Ask, org: Org) -> None:
    """An empty value is left alone, `#N/A` clears; an upsert finds by the external id; a delete goes to the bin."""
    job = ingest(ask, "upsert", "Reminder_Id__c,Subject\nk1,one\nk2,two\n", externalIdFieldName="Reminder_Id__c")
    first, second = (row["sf__Id"] for row in table(ask("GET", f"jobs/ingest/{job}/successfulResults").text))
    again = ingest(ask, "upsert", "Reminder_Id__c,Subject\nk1,uno\n", externalIdFieldName="Reminder_Id__c")
    (row,) = table(ask("GET", f"jobs/ingest/{again}/successfulResults").text)
    assert (row["sf__Id"], row["sf__Created"]) == (first, "false")
    ingest(ask, "update", f"Id,Subject,Description\n{first},,text\n{second},#N/A,\n")
    assert (org.task(first)["Subject"], org.task(first)["Description"]) == ("uno", "text")
    assert org.task(second)["Subject"] is None
    ingest(ask, "delete", f"Id\n{first}\n")
    assert org.task(first)["IsDeleted"] is True
    assert org.tasks() == [second]


@pytest.mark.parametrize(
    ("body", "message"),
    [("Nope\n1\n", "Field name not found : Nope"), ("", "no header"), ("Subject,Priority\none\n", "Row 1")],
)
def test_a_table_that_cannot_be_read_fails_the_job(ask: Ask, org: Org, body: str, message: str) -> None:
    """Nothing is written by halves, and the job says why."""
    job = ingest(ask, "insert", body)
    facts = ask("GET", f"jobs/ingest/{job}").json()
    assert facts["state"] == "Failed"
    assert message in facts["errorMessage"]
    assert org.tasks() == []


def test_jobs_that_cannot_be(ask: Ask, org: Org, ann: User) -> None:
    """Wrong objects, operations and states are Salesforce's errors; a job is its owner's alone."""
    for body, code in (
        ({"object": "Nope", "operation": "insert"}, "INVALIDENTITY"),
        ({"object": "Task", "operation": "hardDelete"}, "FEATURENOTENABLED"),
        ({"object": "Task", "operation": "merge"}, "INVALIDOPERATION"),
        ({"object": "Task", "operation": "upsert", "externalIdFieldName": "Subject"}, "INVALIDJOB"),
        ({"object": "Task", "operation": "insert", "contentType": "JSON"}, "INVALIDJOB"),
    ):
        refused = ask("POST", "jobs/ingest", json=body)
        assert (refused.status_code, refused.json()[0]["errorCode"]) == (400, code)
    job = ask("POST", "jobs/ingest", json={"object": "Task", "operation": "insert"}).json()["id"]
    assert ask("GET", f"jobs/ingest/{job}", user=ann).status_code == 404
    assert ask("GET", f"jobs/query/{job}").status_code == 404
    assert ask("DELETE", f"jobs/ingest/{job}").json()[0]["errorCode"] == "INVALIDJOBSTATE"
    assert ask("PUT", f"jobs/ingest/{job}/batches", data=b"Subject\na\n", headers=CSV).status_code == 201
    assert ask("PUT", f"jobs/ingest/{job}/batches", data=b"Subject\nb\n", headers=CSV).status_code == 400
    assert ask("PATCH", f"jobs/ingest/{job}", json={"state": "Aborted"}).json()["state"] == "Aborted"
    assert [each["id"] for each in ask("GET", "jobs/ingest").json()["records"]] == [job]
    assert ask("DELETE", f"jobs/ingest/{job}").status_code == 204
    assert org.tasks() == []


def old(org: Org, session: requests.Session, method: str, path: str, **more: object) -> requests.Response:
    """Ask the Bulk API 1.0 as the integration user, about a JSON job unless told otherwise."""
    token = org.access_token(org.integration_user.id)
    headers = {"X-SFDC-Session": token, "Content-Type": str(more.pop("content", "application/json"))}
    return session.request(method, f"{HOST}/services/async/66.0/{path}", headers=headers, timeout=30, **more)  # type: ignore[arg-type]  # requests' words


def test_the_old_bulk_api_in_json(org: Org, session: requests.Session) -> None:
    """Job, batch, result: what Python programs of ten years do."""
    job = old(org, session, "POST", "job", json={"operation": "insert", "object": "Task", "contentType": "JSON"}).json()
    batch = old(
        org, session, "POST", f"job/{job['id']}/batch", json=[{"Subject": "one"}, {"Subject": "x" * 256}]
    ).json()
    assert batch["state"] == "Queued"
    seen = old(org, session, "GET", f"job/{job['id']}/batch/{batch['id']}").json()
    assert (seen["state"], seen["numberRecordsProcessed"], seen["numberRecordsFailed"]) == ("Completed", 2, 1)
    good, bad = old(org, session, "GET", f"job/{job['id']}/batch/{batch['id']}/result").json()
    assert (good["success"], good["created"], org.task(good["id"])["Subject"]) == (True, True, "one")
    assert (bad["success"], bad["id"], bad["errors"][0]["statusCode"]) == (False, None, "STRING_TOO_LONG")
    closed = old(org, session, "POST", f"job/{job['id']}", json={"state": "Closed"}).json()
    assert (closed["state"], closed["numberBatchesTotal"]) == ("Closed", 1)
    late = old(org, session, "POST", f"job/{job['id']}/batch", json=[{"Subject": "late"}])
    assert (late.status_code, late.json()["exceptionCode"]) == (400, "InvalidJobState")


def test_the_old_bulk_api_in_xml_and_csv(org: Org, session: requests.Session, clock: MovableClock) -> None:
    """A query: the result's id, then the table; a session that ended is told in this API's own words."""
    made = org.create_task(org.integration_user.id, Subject="one")
    xml = (
        '<jobInfo xmlns="http://www.force.com/2009/06/asyncapi/dataload"><operation>query</operation>'
        "<object>Task</object><contentType>CSV</contentType></jobInfo>"
    )
    answered = old(org, session, "POST", "job", data=xml, content="application/xml; charset=UTF-8")
    job = answered.text.partition("<id>")[2][:18]
    answered = old(org, session, "POST", f"job/{job}/batch", data="SELECT Id, Subject FROM Task", content="text/csv")
    batch = answered.text.partition("<id>")[2][:18]
    listed = old(org, session, "GET", f"job/{job}/batch/{batch}/result", content="application/xml").text
    result = listed.partition("<result>")[2][:18]
    rows = old(org, session, "GET", f"job/{job}/batch/{batch}/result/{result}").text
    assert table(rows) == [{"Id": made, "Subject": "one"}]
    ended = session.get(f"{HOST}/services/async/66.0/job/{job}", headers={"X-SFDC-Session": "none"}, timeout=30)
    assert ended.status_code == 400
    assert "<exceptionCode>InvalidSessionId</exceptionCode>" in ended.text
    assert "POST /async/job/*/batch" in org.calls.by_resource


def test_a_tree_is_all_or_nothing(ask: Ask, org: Org) -> None:
    """Every record is known by the caller's reference; one refusal undoes the others."""

    def records(*subjects: str) -> dict[str, object]:
        attributes = [{"type": "Task", "referenceId": f"r{n}"} for n in range(len(subjects))]
        return {"records": [{"attributes": a, "Subject": s} for a, s in zip(attributes, subjects, strict=True)]}

    refused = ask("POST", "composite/tree/Task", json=records("fine", "x" * 256))
    assert refused.status_code == 400
    assert [each["referenceId"] for each in refused.json()["results"]] == ["r1"]
    assert org.tasks() == []
    made = ask("POST", "composite/tree/Task", json=records("one", "two"))
    assert (made.status_code, made.json()["hasErrors"]) == (201, False)
    assert [each["id"] for each in made.json()["results"]] == org.tasks()


def test_what_is_not_spoken_is_refused_in_salesforces_words(ask: Ask) -> None:
    """A search, which this org does not know, has an error code and not a broken answer; what was changed last is `recent`."""
    for path in ("search?q=FIND+%7Bx%7D", "parameterizedSearch?q=x"):
        refused = ask("GET", path)
        assert (refused.status_code, refused.json()[0]["errorCode"]) == (400, "FUNCTIONALITY_NOT_ENABLED")
    made = ask("POST", "sobjects/Task", json={"Subject": "new"}).json()["id"]
    assert [each["Id"] for each in ask("GET", "recent").json()] == [made]
    assert ask("GET", "recent?limit=x").json()[0]["errorCode"] == "INVALID_QUERY_LIMIT"
    plan = ask("GET", "query", params={"explain": "SELECT Id FROM Task"}).json()["plans"][0]
    assert (plan["sobjectType"], plan["cardinality"]) == ("Task", 1)
