"""Bulk API 2.0: query and ingest jobs, as tables (CSV).

A job's work is done when the client hands it over (a query: when it is created), in the same call; the answer says `UploadComplete`,
the next look says `JobComplete`. So nothing runs in the background, and a test needs no patience. A malformed query is refused at
once; a table that cannot be read, or with a column that is no field, makes the job `Failed`.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final

from infra.local.org import ids, loads
from infra.local.org.errors import Refused, not_found
from infra.local.org.loads import Load, Outcome
from infra.local.org.query import Found
from infra.local.org.records import DAY
from infra.local.org.resource import Ask, Result
from infra.local.org.wire import stamp

DELIMITERS: Final = {"COMMA": ",", "TAB": "\t", "PIPE": "|", "SEMICOLON": ";", "CARET": "^", "BACKQUOTE": "`"}
ENDINGS: Final = {"LF": "\n", "CRLF": "\r\n"}
JOB_LIFE: Final = 7 * DAY
PAGE: Final = 50_000
PREFIX: Final = "750"


@dataclass(slots=True, kw_only=True)
class Job:
    """One job: what was asked, how far it is, and what came of it. `load` is None for a query, `found` for an ingest."""

    id: str
    user_id: str
    created: int
    version: str
    operation: str
    sobject: str
    delimiter: str
    ending: str
    state: str
    load: Load | None = None
    found: Found | None = None
    body: bytes | None = None
    message: str = ""
    header: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)

    @property
    def kind(self) -> str:
        """`query` or `ingest`, as in its address."""
        return "ingest" if self.load else "query"


def create_query(ask: Ask) -> Result:
    """`POST /jobs/query` `{"operation": "query"|"queryAll", "query": SOQL}`."""
    body = ask.fields()
    operation = str(body.get("operation", ""))
    if operation not in ("query", "queryAll"):
        raise Refused("INVALIDOPERATION", f"unknown operation of a query job: {operation}")
    found = loads.query(ask.state, ask.caller, str(body.get("query", "")), everything=operation == "queryAll")
    job = _new(ask, body, operation, found.sobject.name)
    job.found, job.state = found, "JobComplete"
    return Result(document=_facts(job, "UploadComplete"))


def create_ingest(ask: Ask) -> Result:
    """`POST /jobs/ingest` `{"object", "operation", "externalIdFieldName"?}`: an open job that waits for its table."""
    body = ask.fields()
    operation, external_id = str(body.get("operation", "")), str(body.get("externalIdFieldName") or "")
    load = loads.load_of(ask.state, ask.caller, str(body.get("object", "")), operation, external_id)
    if body.get("contentType", "CSV") != "CSV":
        raise Refused("INVALIDJOB", "InvalidJob : contentType must be CSV")
    job = _new(ask, body, operation, load.sobject.name)
    job.load = load
    return Result(document=_facts(job))


def _new(ask: Ask, body: Mapping[str, object], operation: str, sobject: str) -> Job:
    delimiter, ending = str(body.get("columnDelimiter") or "COMMA"), str(body.get("lineEnding") or "LF")
    if delimiter not in DELIMITERS or ending not in ENDINGS:
        raise Refused("INVALIDJOB", f"InvalidJob : unknown columnDelimiter or lineEnding: {delimiter}, {ending}")
    now, jobs = ask.state.second(), ask.state.jobs
    for old in [key for key, each in jobs.items() if now - each.created > JOB_LIFE]:
        del jobs[old]
    job = Job(
        id=ask.state.mint.new(PREFIX),
        user_id=ask.caller.user.id,
        created=now,
        version=ask.caller.version,
        operation=operation,
        sobject=sobject,
        delimiter=delimiter,
        ending=ending,
        state="Open",
    )
    jobs[job.id] = job
    return job


def upload(ask: Ask) -> Result:
    """`PUT /jobs/ingest/<id>/batches`: the table, once. 201."""
    job = _job(ask)
    if job.state != "Open":
        raise _wrong_state(job)
    if job.body is not None:
        raise Refused(
            "INVALIDJOBSTATE",
            f"Found multiple contents for job: <{job.id}>, please 'Close' / 'Abort' / 'Delete' the current Job then create a new "
            "Job and make sure you only do 'PUT' once on a given Job.",
        )
    job.body = ask.body
    return Result(status=HTTPStatus.CREATED)


def advance(ask: Ask) -> Result:
    """`PATCH /jobs/…/<id>` `{"state": "UploadComplete"}` does the work; `"Aborted"` gives it up."""
    job, wanted = _job(ask), ask.fields().get("state")
    if wanted == "Aborted" and job.state == "Open":
        job.state = "Aborted"
        return Result(document=_facts(job))
    if wanted != "UploadComplete" or job.state != "Open" or job.load is None:
        raise _wrong_state(job)
    _work(ask, job, job.load)
    return Result(document=_facts(job, "UploadComplete"))


def _wrong_state(job: Job) -> Refused:
    return Refused("INVALIDJOBSTATE", f"Invalid job state transition, or the job is {job.state}: <{job.id}>")


def _work(ask: Ask, job: Job, load: Load) -> None:
    try:
        job.header, job.rows = loads.read_csv(job.body or b"", DELIMITERS[job.delimiter])
        unknown = loads.unknown_column(load, ask.caller, job.header)
        if unknown is not None:
            raise Refused("InvalidBatch", f"InvalidBatch : Field name not found : {unknown}")  # noqa: TRY301 - one way to fail
    except Refused as refused:
        job.state, job.message = "Failed", refused.message
        return
    bodies = (loads.values_of(load.sobject, dict(zip(job.header, row, strict=True))) for row in job.rows)
    job.outcomes = loads.write(ask.state, ask.caller, load, bodies)
    job.state = "JobComplete"


# --- looking


def status(ask: Ask) -> Result:
    """`GET /jobs/…/<id>`."""
    return Result(document=_facts(_job(ask)))


def listing(ask: Ask) -> Result:
    """`GET /jobs/query`, `GET /jobs/ingest`: the caller's jobs."""
    kind = ask.parts[1].lower()
    mine = [job for job in ask.state.jobs.values() if job.kind == kind and job.user_id == ask.caller.user.id]
    return Result(document={"done": True, "records": [_facts(job) for job in mine], "nextRecordsUrl": None})


def remove(ask: Ask) -> Result:
    """`DELETE /jobs/…/<id>`: 204, once it is over."""
    job = _job(ask)
    if job.state == "Open":
        raise _wrong_state(job)
    del ask.state.jobs[job.id]
    return Result(status=HTTPStatus.NO_CONTENT)


def results(ask: Ask) -> Result:
    """`GET /jobs/query/<id>/results?locator=&maxRecords=`: a page of the table; the header `Sforce-Locator` names the next."""
    job = _job(ask)
    if job.found is None:
        raise not_found()
    first, size = _place(ask.query.get("locator", "")), ask.query.get("maxRecords", str(PAGE))
    if not size.isdecimal() or int(size) < 1:
        raise Refused("INVALIDINPUT", f"maxRecords must be a positive number: {size}")
    after = min(first + int(size), len(job.found.rows))
    table = _table(job, loads.header_of(job.found), loads.texts_of(job.found, first, after))
    more = base64.b64encode(str(after).encode()).decode().rstrip("=") if after < len(job.found.rows) else "null"
    return Result(
        body=table.body, headers={**table.headers, "Sforce-Locator": more, "Sforce-NumberOfRecords": str(after - first)}
    )


def _place(locator: str) -> int:
    try:
        return int(base64.b64decode(locator + "=" * (-len(locator) % 4), validate=True)) if locator else 0
    except ValueError as error:
        raise Refused("INVALID_QUERY_LOCATOR", "invalid query locator") from error


def successful(ask: Ask) -> Result:
    """`GET /jobs/ingest/<id>/successfulResults`: ids, whether they are new, and the rows as they were sent."""
    job = _job(ask)
    lines = (
        [outcome.key, str(outcome.created).lower(), *row]
        for outcome, row in zip(job.outcomes, job.rows, strict=False)
        if outcome.refused is None
    )
    return _table(job, ["sf__Id", "sf__Created", *job.header], lines)


def failed(ask: Ask) -> Result:
    """`GET /jobs/ingest/<id>/failedResults`: what was refused, and why."""
    job = _job(ask)
    lines = (
        [outcome.key, error_text(outcome.refused), *row]
        for outcome, row in zip(job.outcomes, job.rows, strict=False)
        if outcome.refused is not None
    )
    return _table(job, ["sf__Id", "sf__Error", *job.header], lines)


def unprocessed(ask: Ask) -> Result:
    """`GET /jobs/ingest/<id>/unprocessedrecords`: the rows of a table that could not be worked on."""
    job = _job(ask)
    return _table(job, job.header, job.rows[len(job.outcomes) :])


def error_text(refused: Refused) -> str:
    """Write an error as both Bulk APIs do: `CODE:message:fields --`."""
    return f"{refused.code}:{refused.message}:{', '.join(refused.fields)} --"


def _table(job: Job, header: Iterable[str], rows: Iterable[Iterable[str]]) -> Result:
    body = loads.write_csv(header, rows, DELIMITERS[job.delimiter], ENDINGS[job.ending])
    return Result(body=body, headers={"Content-Type": "text/csv"})


def _job(ask: Ask) -> Job:
    """Find the job of an address: of its kind, and the caller's own."""
    job = ask.state.jobs.get(ids.normal(ask.names[0]) or "")
    if job is None or job.kind != ask.parts[1].lower() or job.user_id != ask.caller.user.id:
        raise not_found("The requested resource does not exist")
    return job


def _facts(job: Job, shown: str = "") -> dict[str, object]:
    """Write what Salesforce says of a job; `shown`: the state to tell instead of its own."""
    facts: dict[str, object] = {
        "id": job.id,
        "operation": job.operation,
        "object": job.sobject,
        "createdById": job.user_id,
        "createdDate": stamp(job.created),
        "systemModstamp": stamp(job.created),
        "state": shown or job.state,
        "concurrencyMode": "Parallel",
        "contentType": "CSV",
        "apiVersion": float(job.version),
        "lineEnding": job.ending,
        "columnDelimiter": job.delimiter,
    }
    if job.load:
        facts["contentUrl"] = f"services/data/v{job.version}/jobs/ingest/{job.id}/batches"
        if job.load.external_id:
            facts["externalIdFieldName"] = job.load.external_id
    if shown or job.state == "Open":
        return facts
    refused = sum(outcome.refused is not None for outcome in job.outcomes)
    facts |= {
        "jobType": "V2Ingest" if job.load else "V2Query",
        "numberRecordsProcessed": len(job.found.rows) if job.found else len(job.outcomes),
        "retries": 0,
        "totalProcessingTime": 1,
    }
    if job.load:
        facts |= {"numberRecordsFailed": refused, "apiActiveProcessingTime": 1, "apexProcessingTime": 0}
    return facts | ({"errorMessage": job.message} if job.message else {})


def routes() -> tuple[tuple[tuple[str, ...], Mapping[str, Callable[[Ask], Result]]], ...]:
    """Give the addresses below `/services/data/vXX.X` that are answered here."""
    one = {"GET": status, "PATCH": advance, "DELETE": remove}
    return (
        (("jobs", "query"), {"GET": listing, "POST": create_query}),
        (("jobs", "query", "*"), one),
        (("jobs", "query", "*", "results"), {"GET": results}),
        (("jobs", "ingest"), {"GET": listing, "POST": create_ingest}),
        (("jobs", "ingest", "*"), one),
        (("jobs", "ingest", "*", "batches"), {"PUT": upload}),
        (("jobs", "ingest", "*", "successfulresults"), {"GET": successful}),
        (("jobs", "ingest", "*", "failedresults"), {"GET": failed}),
        (("jobs", "ingest", "*", "unprocessedrecords"), {"GET": unprocessed}),
    )
