"""Bulk API 1.0 (`/services/async`): jobs of batches, as CSV or JSON, spoken about in XML or JSON.

Older than Bulk API 2.0 and still what many programs use. As there (`bulk2.py`) a batch is worked on when it comes: the answer says
`Queued`, the next look `Completed` or `Failed`. About a job is spoken in the language of the request, about batches and results in
that of the job: JSON for JSON, XML for CSV. Batches of XML are refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from infra.local.org import bulk1_words as words
from infra.local.org import ids, loads, many
from infra.local.org.bulk1_words import Batch, Job
from infra.local.org.bulk2 import error_text
from infra.local.org.calls import Call
from infra.local.org.errors import Refused
from infra.local.org.loads import Load, Outcome
from infra.local.org.query import Found
from infra.local.org.render import query_record
from infra.local.org.schema import Row
from infra.local.org.state import Caller, State, User
from infra.local.org.wire import Request, Response

MOST_RECORDS: Final = 10_000
_PATH: Final = re.compile(
    r"/services/async/(\d+\.0)/job(?:/(\w+)(?:/(batch)(?:/(\w+)(?:/(request|result)(?:/(\w+))?)?)?)?)?\Z"
)


@dataclass(frozen=True, slots=True)
class _Ask:
    state: State
    caller: Caller
    request: Request
    path: re.Match[str]

    def job(self) -> Job:
        """Find the caller's job. Raises InvalidJob."""
        job = self.state.old_jobs.get(ids.normal(self.path[2]) or "")
        if job is None or job.user_id != self.caller.user.id:
            raise Refused("InvalidJob", f"Unable to find object: {self.path[2]}")
        return job

    def batch(self) -> Batch:
        """Find the batch of the address. Raises InvalidBatch."""
        batch = self.job().batches.get(ids.normal(self.path[4]) or "")
        if batch is None:
            raise Refused("InvalidBatch", f"Unable to find batch for id: {self.path[4]}")
        return batch


def handle(state: State, request: Request, oldest: int, newest: int) -> Response | None:
    """Answer a request of the Bulk API 1.0; None if the address is none. `oldest`, `newest`: API versions that are spoken."""
    path = _PATH.match("/" + "/".join(part for part in request.path.split("/") if part))
    if path is None:
        return None
    user: User | None = None
    try:
        if not oldest <= float(path[1]) <= newest:
            raise Refused("InvalidVersion", f"Api version {path[1]} is not supported")  # noqa: TRY301 - one place writes errors
        user = _signed_in(state, request)
        response = _route(path, request)(_Ask(state, Caller(user, path[1], request.base), request, path))
    except Refused as refused:
        response = words.refusal(request, refused)
    shape = re.sub(r"/\w{15,18}(?=/|\Z)", "/*", request.path.partition("/job")[2])
    counted = int(user is not None)
    state.calls.note(
        Call(
            at=state.second(),
            resource=f"{request.method} /async/job{shape}",
            path=request.path,
            status=response.status,
            user_id=user.id if user else None,
            counted=counted,
        )
    )
    return response


def _signed_in(state: State, request: Request) -> User:
    session = state.sessions.find(request.headers.get("x-sfdc-session", ""), state.second())
    user = state.users.get(session.user_id) if session else None
    if user is None or not user.active:
        raise Refused("InvalidSessionId", "Invalid session id")
    if state.calls.used(state.second()) >= state.calls.limit:
        raise Refused("ExceededQuota", "TotalRequests Limit exceeded.")
    state.calls.spend(state.second())
    return user


def _route(path: re.Match[str], request: Request) -> Callable[[_Ask], Response]:
    """Find what answers: by the method, and by how deep the address is."""
    depth = sum(part is not None for part in path.groups()[1:])
    sent = path[5] == "request"
    routes: dict[tuple[str, int, bool], Callable[[_Ask], Response]] = {
        ("POST", 0, False): _create,
        ("GET", 1, False): _job_status,
        ("POST", 1, False): _close,
        ("GET", 2, False): _batches,
        ("POST", 2, False): _add,
        ("GET", 3, False): _batch_status,
        ("GET", 4, True): _sent,
        ("GET", 4, False): _results,
        ("GET", 5, False): _result,
    }
    found = routes.get((request.method, depth, sent))
    if found is None:
        raise Refused("InvalidUrl", f"HTTP Method {request.method} not allowed for {request.path}")
    return found


# --- jobs


def _create(ask: _Ask) -> Response:
    body = words.told(ask.request)
    operation, content = body.get("operation", ""), body.get("contentType", "XML").upper()
    external_id = body.get("externalIdFieldName", "")
    sobject = ask.state.schema.find(body.get("object", ""))
    if sobject is None:
        raise Refused("InvalidJob", f"InvalidJob : Entity '{body.get('object')}' is not supported by the Bulk API.")
    if content not in ("CSV", "JSON"):
        raise Refused("InvalidJob", f"contentType {content} is not spoken by this org: use CSV or JSON")
    load = None
    if operation not in ("query", "queryAll"):
        load = loads.load_of(ask.state, ask.caller, sobject.name, operation, external_id)
    job = Job(
        id=ask.state.mint.new("750"),
        user_id=ask.caller.user.id,
        created=ask.state.second(),
        version=ask.caller.version,
        operation=operation,
        sobject=sobject.name,
        content=content,
        external_id=external_id,
        load=load,
    )
    ask.state.old_jobs[job.id] = job
    return words.about(words.language(ask.request), "jobInfo", words.job_facts(job), HTTPStatus.CREATED)


def _close(ask: _Ask) -> Response:
    job, wanted = ask.job(), words.told(ask.request).get("state", "")
    if wanted not in ("Closed", "Aborted") or job.state != "Open":
        raise Refused("InvalidJobState", f"Job {job.id} is {job.state} and cannot become {wanted}")
    job.state = wanted
    return words.about(words.language(ask.request), "jobInfo", words.job_facts(job))


def _job_status(ask: _Ask) -> Response:
    return words.about(words.language(ask.request), "jobInfo", words.job_facts(ask.job()))


# --- batches


def _add(ask: _Ask) -> Response:
    job = ask.job()
    if job.state != "Open":
        raise Refused("InvalidJobState", f"Job {job.id} is {job.state}: no batch can be added")
    batch = Batch(id=ask.state.mint.new("751"), sent=ask.request.body)
    try:
        if job.load:
            batch.outcomes = loads.write(ask.state, ask.caller, job.load, _rows(ask, job, job.load))
        else:
            text = ask.request.body.decode("utf-8", "replace")
            batch.found = loads.query(ask.state, ask.caller, text, everything=job.operation == "queryAll")
            batch.result = ask.state.mint.new("752")
    except Refused as refused:
        batch.state, batch.message = "Failed", _batch_message(refused)
    job.batches[batch.id] = batch
    facts = words.batch_facts(job, batch) | {"state": "Queued", "numberRecordsProcessed": 0, "numberRecordsFailed": 0}
    facts.pop("stateMessage", None)
    return words.about(words.language_of(job), "batchInfo", facts, HTTPStatus.CREATED)


def _batch_message(refused: Refused) -> str:
    return refused.message if refused.message.startswith("InvalidBatch") else f"InvalidBatch : {refused.message}"


def _rows(ask: _Ask, job: Job, load: Load) -> list[Mapping[str, object]]:
    if job.content == "JSON":
        try:
            records = json.loads(ask.request.body)
        except ValueError as error:
            raise Refused("InvalidBatch", f"InvalidBatch : Failed to parse JSON: {error}") from error
        if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
            raise Refused("InvalidBatch", "InvalidBatch : The batch must be a list of records")
        found: list[Mapping[str, object]] = records
    else:
        header, lines = loads.read_csv(ask.request.body)
        unknown = loads.unknown_column(load, ask.caller, header)
        if unknown is not None:
            raise Refused("InvalidBatch", f"InvalidBatch : Field name not found : {unknown}")
        found = [loads.values_of(load.sobject, dict(zip(header, line, strict=True))) for line in lines]
    if len(found) > MOST_RECORDS:
        raise Refused("ExceededQuota", f"InvalidBatch : more than {MOST_RECORDS} records in one batch")
    return found


def _batches(ask: _Ask) -> Response:
    job = ask.job()
    facts = [words.batch_facts(job, batch) for batch in job.batches.values()]
    if words.language_of(job) == words.JSON:
        return words.as_json({"batchInfo": facts})
    inner = "".join(f"<batchInfo>{words.elements(each)}</batchInfo>" for each in facts)
    return words.as_xml(f'<batchInfoList xmlns="{words.NAMESPACE}">{inner}</batchInfoList>')


def _batch_status(ask: _Ask) -> Response:
    job = ask.job()
    return words.about(words.language_of(job), "batchInfo", words.batch_facts(job, ask.batch()))


def _sent(ask: _Ask) -> Response:
    kind = words.JSON if ask.job().content == "JSON" else "text/csv"
    return Response(body=ask.batch().sent, headers={"Content-Type": kind})


def _results(ask: _Ask) -> Response:
    """Answer with the ids of a query's results, or with what came of each row."""
    job, batch = ask.job(), ask.batch()
    if batch.state == "Failed":
        raise Refused("InvalidBatch", batch.message)
    if job.load is None:
        if words.language_of(job) == words.JSON:
            return words.as_json([batch.result])
        return words.as_xml(f'<result-list xmlns="{words.NAMESPACE}"><result>{batch.result}</result></result-list>')
    if words.language_of(job) == words.JSON:
        return words.as_json([_outcome(outcome) for outcome in batch.outcomes])
    lines = (
        [
            each.key,
            "false" if each.refused else "true",
            "true" if each.created else "false",
            error_text(each.refused) if each.refused else "",
        ]
        for each in batch.outcomes
    )
    return words.as_csv(loads.write_csv(["Id", "Success", "Created", "Error"], lines))


def _outcome(outcome: Outcome) -> dict[str, object]:
    errors = [many.as_record(outcome.refused).result()] if outcome.refused else []
    return {
        "success": outcome.refused is None,
        "created": outcome.created,
        "id": outcome.key or None,
        "errors": [{**each, "extendedErrorDetails": None} for each in errors],
    }


def _result(ask: _Ask) -> Response:
    """Answer with the rows of a query."""
    job, batch = ask.job(), ask.batch()
    if batch.found is None or ids.normal(ask.path[6]) != batch.result:
        raise Refused("InvalidBatch", f"Unable to find result {ask.path[6]}")
    found = batch.found
    if words.language_of(job) == words.JSON:
        return words.as_json([_record(ask, found, row) for row in found.rows])
    if not found.rows:
        return words.as_csv(b"Records not found for this query")
    return words.as_csv(loads.write_csv(loads.header_of(found), loads.texts_of(found, 0, len(found.rows))))


def _record(ask: _Ask, found: Found, row: Row) -> dict[str, object]:
    """Write a record as this API's JSON does: its own date-times are milliseconds since 1970."""
    record = query_record(ask.state, ask.caller, found.sobject, found.columns, row)
    for column in found.columns:
        value = column.get(row)
        if len(column.path) == 1 and column.described.type == "datetime" and value is not None:
            record[column.path[0]] = int(value) * 1000
    return record
