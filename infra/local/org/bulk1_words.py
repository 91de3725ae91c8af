"""The two languages of Bulk API 1.0, JSON and XML: what is said about jobs and batches, and how."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final
from xml.etree.ElementTree import ParseError
from xml.sax.saxutils import escape

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from infra.local.org.errors import Refused
from infra.local.org.loads import Load, Outcome
from infra.local.org.query import Found
from infra.local.org.wire import Request, Response, soap_stamp

NAMESPACE: Final = "http://www.force.com/2009/06/asyncapi/dataload"
JSON: Final = "application/json"
XML: Final = "application/xml"


@dataclass(slots=True, kw_only=True)
class Batch:
    """One batch: what was sent, and what came of it."""

    id: str
    sent: bytes
    state: str = "Completed"
    message: str = ""
    result: str = ""
    found: Found | None = None
    outcomes: list[Outcome] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Job:
    """One job. `load` is None for a query."""

    id: str
    user_id: str
    created: int
    version: str
    operation: str
    sobject: str
    content: str
    external_id: str = ""
    state: str = "Open"
    load: Load | None = None
    batches: dict[str, Batch] = field(default_factory=dict)


def language(request: Request) -> str:
    """Tell the language of a request: JSON if it says so, else XML."""
    return JSON if request.headers.get("content-type", "").startswith(JSON) else XML


def language_of(job: Job) -> str:
    """Tell the language of what is said about batches of a job."""
    return JSON if job.content == "JSON" else XML


def told(request: Request) -> dict[str, str]:
    """Read what is said of a job, in either language. Raises InvalidJob."""
    try:
        if language(request) == JSON:
            document = json.loads(request.body)
            return {str(name): str(value) for name, value in document.items() if value is not None}
        return {each.tag.rpartition("}")[2]: each.text or "" for each in fromstring(request.body)}
    except (ValueError, AttributeError, ParseError, DefusedXmlException) as error:
        raise Refused("InvalidJob", f"the request cannot be read: {error}") from error


def job_facts(job: Job) -> dict[str, object]:
    """Give what Salesforce says of a job."""
    batches = job.batches.values()
    facts: dict[str, object] = {
        "id": job.id,
        "operation": job.operation,
        "object": job.sobject,
        "createdById": job.user_id,
        "createdDate": soap_stamp(job.created),
        "systemModstamp": soap_stamp(job.created),
        "state": job.state,
        "externalIdFieldName": job.external_id or None,
        "concurrencyMode": "Parallel",
        "contentType": job.content,
        "numberBatchesQueued": 0,
        "numberBatchesInProgress": 0,
        "numberBatchesCompleted": sum(batch.state == "Completed" for batch in batches),
        "numberBatchesFailed": sum(batch.state == "Failed" for batch in batches),
        "numberBatchesTotal": len(job.batches),
        "numberRecordsProcessed": sum(_processed(batch) for batch in batches),
        "numberRetries": 0,
        "apiVersion": float(job.version),
        "numberRecordsFailed": sum(_failed(batch) for batch in batches),
        "totalProcessingTime": 0,
        "apiActiveProcessingTime": 0,
        "apexProcessingTime": 0,
    }
    return {name: value for name, value in facts.items() if value is not None}


def _processed(batch: Batch) -> int:
    return len(batch.found.rows) if batch.found else len(batch.outcomes)


def _failed(batch: Batch) -> int:
    return sum(outcome.refused is not None for outcome in batch.outcomes)


def batch_facts(job: Job, batch: Batch) -> dict[str, object]:
    """Give what Salesforce says of a batch."""
    facts: dict[str, object] = {
        "id": batch.id,
        "jobId": job.id,
        "state": batch.state,
        "stateMessage": batch.message or None,
        "createdDate": soap_stamp(job.created),
        "systemModstamp": soap_stamp(job.created),
        "numberRecordsProcessed": _processed(batch),
        "numberRecordsFailed": _failed(batch),
        "totalProcessingTime": 0,
        "apiActiveProcessingTime": 0,
        "apexProcessingTime": 0,
    }
    return {name: value for name, value in facts.items() if value is not None}


def about(language: str, name: str, facts: Mapping[str, object], status: int = HTTPStatus.OK) -> Response:
    """Write facts in a language, under a name that XML needs."""
    if language == JSON:
        return as_json(facts, status)
    return as_xml(f'<{name} xmlns="{NAMESPACE}">{elements(facts)}</{name}>', status)


def elements(facts: Mapping[str, object]) -> str:
    """Write facts as XML elements."""
    return "".join(f"<{name}>{escape(str(value))}</{name}>" for name, value in facts.items())


def refusal(request: Request, refused: Refused) -> Response:
    """Write an error in the request's language: always 400."""
    facts = {"exceptionCode": refused.code, "exceptionMessage": refused.message}
    return about(language(request), "error", facts, HTTPStatus.BAD_REQUEST)


def as_json(document: object, status: int = HTTPStatus.OK) -> Response:
    """Answer with JSON; the header has no charset, as some clients compare it as it is."""
    return Response(status=status, body=json.dumps(document).encode(), headers={"Content-Type": JSON})


def as_xml(text: str, status: int = HTTPStatus.OK) -> Response:
    """Answer with XML."""
    body = f'<?xml version="1.0" encoding="UTF-8"?>{text}'.encode()
    return Response(status=status, body=body, headers={"Content-Type": XML})


def as_csv(body: bytes) -> Response:
    """Answer with a table."""
    return Response(body=body, headers={"Content-Type": "text/csv"})
