"""The REST API: versions, sign-in check, budget, routes. Errors are lists of `{"message", "errorCode"}`."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache
from http import HTTPStatus
from typing import Final
from urllib.parse import unquote

from infra.local.org import bulk2, composite, describe, many, markup, queries, replication, rows, tree
from infra.local.org.calls import Call
from infra.local.org.errors import Refused, invalid_session, not_found, unreadable
from infra.local.org.query import run
from infra.local.org.render import record
from infra.local.org.resource import Ask, Result
from infra.local.org.state import API_ENABLED, Caller, State, User
from infra.local.org.wire import Request, Response, answer

OLDEST: Final = 41
NEWEST: Final = 68
ROOT: Final = "/services/data"
_SEASONS: Final = ("Spring", "Summer", "Winter")
_VERSION: Final = re.compile(r"v(\d+)\.0\Z")
_PARTS_OF_SPRING_26: Final = 66

_JSON: Final = "application/json"
_EXTERNAL_ID_AT: Final = 5
"""Parts of `v66.0/sobjects/Task/Reminder_Id__c/<value>`."""

_BATCHES_SINCE: Final = 49
"""Version whose limits count batches by that name; before it they are `DailyBulkApiRequests`."""

_RECENT: Final = 200
_UNTOUCHED: Final = {
    "ConcurrentAsyncGetReportInstances": 200,
    "DailyAsyncApexExecutions": 250_000,
    "DailyBulkApiBatches": 15_000,
    "DailyBulkV2QueryFileStorageMB": 976_562,
    "DailyBulkV2QueryJobs": 10_000,
    "DailyStreamingApiEvents": 10_000,
    "DataStorageMB": 1024,
    "FileStorageMB": 1024,
    "HourlyODataCallout": 1000,
    "SingleEmail": 5000,
}

Handler = Callable[[Ask], Result]


def _resources(ask: Ask) -> Result:
    base = f"{ROOT}/v{ask.caller.version}"
    names = ("composite", "jobs", "limits", "query", "queryAll", "recent", "sobjects")
    return Result(document={name: f"{base}/{name}" for name in names} | {"identity": _identity(ask)})


def _identity(ask: Ask) -> str:
    return f"{ask.caller.base}/id/{ask.state.organization_id}/{ask.caller.user.id}"


def _limits(ask: Ask) -> Result:
    """Tell the limits that this org keeps, and the usual ones that it never reaches."""
    log, state = ask.state.calls, ask.state
    remaining = max(0, log.limit - log.used(state.second()))
    found = {name: {"Max": most, "Remaining": most} for name, most in _UNTOUCHED.items()}
    if float(ask.caller.version) < _BATCHES_SINCE:
        found["DailyBulkApiRequests"] = found.pop("DailyBulkApiBatches")
    return Result(document={"DailyApiRequests": {"Max": log.limit, "Remaining": remaining}, **found})


def _recent(ask: Ask) -> Result:
    """Give the records last changed by the caller: an org without pages has nothing else that was "viewed"."""
    limit = ask.query.get("limit", str(_RECENT))
    if not limit.isdecimal() or not 1 <= int(limit) <= _RECENT:
        raise Refused("INVALID_QUERY_LIMIT", f"limit must be a number from 1 to {_RECENT}")
    mine = f"LastModifiedById = '{ask.caller.user.id}'"
    text = f"SELECT Id, Subject FROM Task WHERE {mine} ORDER BY LastModifiedDate DESC LIMIT {limit}"  # noqa: S608 - SOQL
    found = run(ask.state, ask.caller, text, everything=False)
    return Result(document=[record(ask.caller, found.sobject, found.columns, row) for row in found.rows])


def _search(ask: Ask) -> Result:
    """Refuse SOSL with the error of an org whose edition has none."""
    del ask
    raise Refused("FUNCTIONALITY_NOT_ENABLED", "SOSL search is not enabled in this org: use a query.")


ROUTES: Final[tuple[tuple[tuple[str, ...], Mapping[str, Handler]], ...]] = (
    ((), {"GET": _resources}),
    (("limits",), {"GET": _limits}),
    (("recent",), {"GET": _recent}),
    (("search",), {"GET": _search}),
    (("parameterizedsearch",), {"GET": _search, "POST": _search}),
    (("query",), {"GET": queries.query}),
    (("queryall",), {"GET": queries.query_all}),
    (("query", "*"), {"GET": queries.more}),
    (("queryall", "*"), {"GET": queries.more}),
    (("composite",), {"POST": composite.composite}),
    (("composite", "batch"), {"POST": composite.batch}),
    (("composite", "graph"), {"POST": composite.graph}),
    (("composite", "tree", "*"), {"POST": tree.create}),
    (("composite", "sobjects"), {"POST": many.insert, "PATCH": many.update, "DELETE": many.delete}),
    (("composite", "sobjects", "*"), {"GET": many.read, "POST": many.read}),
    (("composite", "sobjects", "*", "*"), {"PATCH": many.upsert}),
    (("sobjects",), {"GET": describe.everything}),
    (("sobjects", "*"), {"GET": describe.basic, "POST": rows.create}),
    (("sobjects", "*", "describe"), {"GET": describe.one}),
    (("sobjects", "*", "describe", "*"), {"GET": describe.pages}),
    (("sobjects", "*", "listviews"), {"GET": describe.list_views}),
    (("sobjects", "*", "quickactions"), {"GET": describe.quick_actions}),
    (("sobjects", "*", "id"), {"POST": rows.create}),
    (("sobjects", "*", "updated"), {"GET": replication.updated}),
    (("sobjects", "*", "deleted"), {"GET": replication.deleted}),
    (("sobjects", "*", "*"), {"GET": rows.read, "PATCH": rows.change, "DELETE": rows.remove}),
    (("sobjects", "*", "*", "*"), {"GET": rows.read_by, "PATCH": rows.upsert_by, "DELETE": rows.remove_by}),
    *bulk2.routes(),
)


def handle(state: State, request: Request) -> Response:
    """Answer a request below `/services/data`."""
    request, parts = _suffixed(
        request, tuple(unquote(part) for part in request.path.split("/") if part)[len(ROOT.split("/")) - 1 :]
    )
    if not parts:
        return _note(state, answer(_versions()), Call(state.second(), "GET /", request.path, HTTPStatus.OK, None, 0))
    user: User | None = None
    counted = True
    resource, before = f"{request.method} ?", state.calls.used(state.second())
    try:
        version = _version(parts[0])
        user, counted = _signed_in(state, request)
        if counted:
            _budget(state)
            state.calls.spend(state.second())
        ask = _ask(state, request, user, version, parts[1:])
        resource = ask.resource
        result = ask.again(ask)
    except Refused as refused:
        result = Result(status=refused.status, document=refused.body())
    used = state.calls.used(state.second())
    if result.document is None:
        response = Response(status=result.status, body=result.body)
    elif markup.wanted(request.headers.get("accept", "")):
        xml = {"Content-Type": "application/xml; charset=UTF-8"}
        response = Response(status=result.status, body=markup.written(result.document), headers=xml)
    else:
        response = answer(result.document, result.status)
    response.headers.update(result.headers)
    if user is not None:
        response.headers["Sforce-Limit-Info"] = f"api-usage={used}/{state.calls.limit}"
    if not counted:
        return response
    call = Call(
        at=state.second(),
        resource=resource,
        path=request.path,
        status=response.status,
        user_id=user.id if user else None,
        counted=max(0, used - before),
    )
    return _note(state, response, call)


def _suffixed(request: Request, parts: tuple[str, ...]) -> tuple[Request, tuple[str, ...]]:
    """Take `.json` or `.xml` off the end of an address, which stands for `Accept`; not off an external id, which may end so."""
    stem, dot, kind = parts[-1].rpartition(".") if 1 < len(parts) < _EXTERNAL_ID_AT else ("", "", "")
    if not dot or kind not in ("json", "xml"):
        return request, parts
    return replace(request, headers={**request.headers, "accept": f"application/{kind}"}), (*parts[:-1], stem)


def _note(state: State, response: Response, call: Call) -> Response:
    state.calls.note(call)
    return response


def _versions() -> list[dict[str, str]]:
    found = []
    for number in range(OLDEST, NEWEST + 1):
        year, season = divmod(number - _PARTS_OF_SPRING_26, len(_SEASONS))
        # Winter '27 is released in autumn 2026, two versions after Spring '26
        label = f"{_SEASONS[season]} '{26 + year + (season == len(_SEASONS) - 1):02d}"
        found.append({"label": label, "url": f"{ROOT}/v{number}.0", "version": f"{number}.0"})
    return found


def _version(text: str) -> str:
    match = _VERSION.match(text)
    number = int(match[1]) if match else NEWEST + 1
    if number > NEWEST:
        raise not_found()
    if number < OLDEST:
        raise Refused("UNSUPPORTED_API_VERSION", f"API version {number}.0 is retired.", status=HTTPStatus.GONE)
    return f"{number}.0"


def _signed_in(state: State, request: Request) -> tuple[User, bool]:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    session = state.sessions.find(token, state.second()) if scheme.lower() in ("bearer", "oauth") else None
    user = state.users.get(session.user_id) if session else None
    if session is None or user is None or not user.active:
        raise invalid_session()
    if API_ENABLED not in user.permissions:
        raise Refused(
            "API_DISABLED_FOR_ORG", "API is not enabled for this Organization or Partner", status=HTTPStatus.FORBIDDEN
        )
    return user, session.counted


def _budget(state: State) -> None:
    if state.calls.used(state.second()) >= state.calls.limit:
        raise Refused("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", status=HTTPStatus.FORBIDDEN)


def _ask(state: State, request: Request, user: User, version: str, parts: tuple[str, ...]) -> Ask:
    method = request.method
    if method == "POST" and "_HttpMethod" in request.query:
        method = request.query["_HttpMethod"].upper()
    ask = Ask(
        state=state,
        caller=Caller(user, version, request.base, dict(request.headers)),
        method=method,
        parts=parts,
        query=request.query,
        headers=request.headers,
        document=_document(request),
        body=request.body,
        again=dispatch,
        spend=lambda calls: state.calls.spend(state.second(), calls),
    )
    return replace(ask, resource=_resource(ask))


def _document(request: Request) -> object:
    media = request.headers.get("content-type", _JSON).partition(";")[0].strip().lower()
    if not request.body or media == "text/csv" or request.method in ("GET", "DELETE"):
        return None
    if media in markup.MEDIA:
        return markup.read(request.body)
    if media != _JSON:
        raise Refused(
            "UNSUPPORTED_MEDIA_TYPE",
            f"MediaType of '{media}' is not supported by this resource",
            status=HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        )
    try:
        return json.loads(request.body)
    except ValueError as error:
        raise unreadable(f"Unexpected content at [line:1, column:1]: {error}") from error


def _resource(ask: Ask) -> str:
    found = _route(ask.parts)
    return f"{ask.method} /{'/'.join(found[0])}" if found else f"{ask.method} ?"


@lru_cache(maxsize=4096)
def _route(parts: tuple[str, ...]) -> tuple[tuple[str, ...], Mapping[str, Handler]] | None:
    for pattern, methods in ROUTES:
        if len(pattern) == len(parts) and all(
            want in ("*", part.lower()) for want, part in zip(pattern, parts, strict=True)
        ):
            return pattern, methods
    return None


def _found(parts: tuple[str, ...]) -> tuple[tuple[str, ...], Mapping[str, Handler]]:
    found = _route(parts)
    if found is None:
        raise not_found()
    return found


def _allowed(methods: Mapping[str, Handler], method: str) -> Handler:
    handler = methods.get("GET" if method == "HEAD" else method)
    if handler is None:
        raise Refused(
            "METHOD_NOT_ALLOWED",
            f"HTTP Method '{method}' not allowed. Allowed are {','.join(('HEAD', *methods))}",
            status=HTTPStatus.METHOD_NOT_ALLOWED,
        )
    return handler


def dispatch(ask: Ask) -> Result:
    """Answer one request of a signed-in caller; a refusal becomes its result."""
    try:
        pattern, methods = _found(ask.parts)
        handler = _allowed(methods, ask.method)
        names = tuple(part for want, part in zip(pattern, ask.parts, strict=True) if want == "*")
        return handler(replace(ask, names=names))
    except Refused as refused:
        return Result(status=refused.status, document=refused.body())
