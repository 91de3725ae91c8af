"""The web application: gate, routes, errors. `answer` turns one event of API Gateway (HTTP API, format 2.0) into its response.

The gate comes before everything: who asks (C7), then whether the body is small, JSON, an object, and text that can be stored.
Powertools' resolver does the rest: routing, validation by pydantic, OpenAPI.
"""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from threading import Lock
from typing import Any, NoReturn

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.event_handler.openapi.exceptions import (
    RequestUnsupportedContentType,
    RequestValidationError,
)
from aws_lambda_powertools.event_handler.openapi.models import HTTPBearer
from aws_lambda_powertools.utilities.typing import LambdaContext

from reminders.api import held, pages, people_data, problems, reminders, settings, setup
from reminders.api.http import JSON, LOG, Call, error, raw, remember
from reminders.core.edit import Refused
from reminders.ports import LedgerUnavailable, OrgUnavailable, World
from reminders.services.access import Site, sign_in, user_id
from reminders.services.errors import ApiError, invalid, refused, unavailable
from reminders.sync import runs
from reminders.sync.runs import Run
from reminders.telemetry import where

MAX_BODY = 2 * 1024 * 1024
"""Bytes of a body. 200 reminders of a usual size fit many times; Lambda itself refuses 6 MB."""

app = APIGatewayHttpResolver(enable_validation=True, response_validation_error_http_code=500)
app.include_router(pages.router)
app.include_router(reminders.router)
app.include_router(people_data.router)
app.include_router(problems.router)
app.include_router(held.router)
app.include_router(settings.router)
app.include_router(setup.router)

_one_at_a_time = Lock()
"""Lambda gives a container one event at a time, and Powertools counts on it (its current event is a class attribute). A host
with threads, such as a local server, must not mix two people's requests."""


def answer(event: Mapping[str, Any], context: LambdaContext, world: Callable[[], World], site: Site) -> dict[str, Any]:
    """Answer one request. Whatever a client sends is answered in the shape of `errors`; only the unforeseen is a 500.

    `world` is asked for only where it is needed: the page itself opens without secret, ledger or org.
    """
    with _one_at_a_time:
        remember(app, site=site)
        run = None
        try:
            if event["rawPath"].startswith("/api/"):
                asker_id = user_id(_claims(event), site.organization_id)
                _check_body(event)
                here = world()
                run = runs.begin_for_a_person(here, "api")
                here = run.world
                remember(app, call=Call(here, site, sign_in(here, asker_id), here.clock.now()))
        except Exception as failure:  # noqa: BLE001 - `_fail` answers every kind, and logs what was not foreseen
            return _gateway(_fail(failure))
        response = app.resolve(event, context)
        if run:
            _note_calls(run)
        return response


def _note_calls(run: Run) -> None:
    """Count what was asked of the org (C3). What was done for the person is done, whether this can be stored or not."""
    try:
        run.noted()
    except LedgerUnavailable as failure:
        LOG.warning("the calls of a request were not counted", extra={"where": where(failure)})


@app.exception_handler([Exception, NotFoundError])  # type: ignore[untyped-decorator]  # Powertools leaves it untyped
def _fail(failure: Exception) -> Response[str]:
    """Map what was raised to its answer; what nobody foresaw is logged by its place, not its words, and told without its insides."""
    match failure:
        case ApiError():
            known = failure
        case Refused():
            known = refused(failure)
        case OrgUnavailable():
            known = unavailable(failure)
        case LedgerUnavailable():
            LOG.warning("the ledger does not answer", extra={"where": where(failure)})
            known = ApiError(
                503, "store_unavailable", "Our own store does not answer now. Look again before you repeat it."
            )
        case RequestValidationError():
            known = invalid(failure.errors())
        case NotFoundError():
            known = _nothing_here(app.current_event.http_method, app.current_event.path)
        case RequestUnsupportedContentType():
            known = ApiError(415, "not_json", "Send the body as application/json.")
        case _:
            LOG.error("a request failed in a way that was not foreseen", extra={"where": where(failure)})
            known = ApiError(500, "internal", "Something went wrong on our side. It has been logged.")
    LOG.info("a request was refused", extra={"status": known.status, "code": known.code})  # nothing of what was sent
    return error(known, app.context["site"])


def _nothing_here(given: str, path: str) -> ApiError:
    """Make a 404, or a 405 with the methods that there are if only the method is unknown (RFC 9110)."""
    parts = path.split("/")
    methods = {
        method.upper()
        for known, operations in json.loads(_openapi())["paths"].items()
        if len(names := known.split("/")) == len(parts)
        if all(name == part or name.startswith("{") for name, part in zip(names, parts, strict=True))
        for method in operations
    }
    if methods and given not in methods:
        return ApiError(405, "no_such_method", "This address has other methods.", allow=sorted(methods))
    return ApiError(404, "no_such_route", "There is nothing at this address.")


@app.get("/openapi.json", include_in_schema=False, compress=True)
def describe() -> Response[str]:
    """Serve this API's own documentation."""
    return raw(_openapi())


@lru_cache
def _openapi() -> str:
    document = app.get_openapi_json_schema(
        title="Reminder Sync",
        version="1",
        description="Reminders here, tasks in Salesforce, kept in step. Times are UTC; dates are plain dates.",
        security_schemes={
            "salesforce": HTTPBearer(bearerFormat="JWT", description="An id token of your Salesforce org.")
        },
        security=[{"salesforce": []}],
    )
    return json.dumps(_corrected(json.loads(document)))


def _corrected(document: dict[str, Any]) -> dict[str, Any]:
    """Correct what Powertools says of us: the shape of a 500, which `_fail` decides, and parameters that could be null or left out."""
    del document["components"]["schemas"]["ResponseValidationError"]
    shape = {"anyOf": [{"$ref": f"#/components/schemas/{name}"} for name in ("ErrorOut", "GatewayErrorOut")]}
    for path, operation in ((path, each) for path, known in document["paths"].items() for each in known.values()):
        if "{" in path:  # whatever is no id at all does not even reach the route
            missing = {"description": "Not there.", "content": {JSON: {"schema": shape["anyOf"][0]}}}
            operation["responses"].setdefault("404", missing)
        operation["responses"]["500"] = {
            "description": "Our mistake; it is logged.",
            "content": {JSON: {"schema": shape}},
        }
        for parameter in operation.get("parameters", ()):
            kinds = [kind for kind in parameter["schema"].pop("anyOf", ()) if kind != {"type": "null"}]
            parameter["schema"] |= kinds[0] if kinds else {}
            # A route takes it as optional to answer 428 in its own words where it is missing.
            parameter["required"] = parameter.get("required", False) or parameter["name"].lower() == "if-match"
    return document


def _claims(event: Mapping[str, Any]) -> Mapping[str, object]:
    """Find the claims that the authorizer of the HTTP API verified; none, if a route were left open by mistake."""
    authorizer = event["requestContext"].get("authorizer") or {}
    claims: Mapping[str, object] = (authorizer.get("jwt") or {}).get("claims") or {}
    return claims


def _check_body(event: Mapping[str, Any]) -> None:
    """Refuse a body that is too large, no JSON object, or text that no store can hold. Raises ApiError."""
    body = event.get("body") or ""
    if len(body) > MAX_BODY * (4 / 3 if event.get("isBase64Encoded") else 1):
        raise ApiError(413, "too_large", f"The body is larger than {MAX_BODY:,} bytes. Send fewer at once.")
    if not body:
        return
    media_type = str(event.get("headers", {}).get("content-type", JSON)).partition(";")[0].strip().lower()
    if media_type != JSON:
        raise ApiError(415, "not_json", "Send the body as application/json.")
    try:
        text = b64decode(body, validate=True).decode() if event.get("isBase64Encoded") else body
        parsed = json.loads(text, parse_constant=_no_constant, object_pairs_hook=_each_key_once)
        json.dumps(parsed, ensure_ascii=False).encode()  # half a surrogate pair is no text
    except (ValueError, RecursionError) as fault:
        raise ApiError(400, "malformed", "The body is not valid JSON.") from fault
    if not isinstance(parsed, dict):
        raise ApiError(400, "malformed", "The body must be a JSON object.")


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _each_key_once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """Of two values under one key, nobody can say which was meant; readers on the way may have taken the other one."""
    parsed = dict(pairs)
    if len(parsed) < len(pairs):
        raise ValueError("a key stands twice in one object")
    return parsed


def _gateway(response: Response[str]) -> dict[str, Any]:
    """Write a response that did not come through the resolver, in API Gateway's format 2.0."""
    headers = {**response.headers, "Content-Type": JSON}
    return {"statusCode": response.status_code, "headers": headers, "body": response.body, "isBase64Encoded": False}
