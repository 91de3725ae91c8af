"""API Gateway's HTTP API (payload format 2.0) as an ASGI application: routes, authorizers, events and answers."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import parse_qsl

from infra.local.authorizer import Unauthorized, Verifier
from infra.local.lambdas import Function, FunctionError, Result
from infra.local.template import ACCOUNT
from infra.local.wiring import Authorizer, Route

log = logging.getLogger("local.http")

BODY_LIMIT: Final = 10 * 1024 * 1024
"""Bytes of a request (API Gateway quota)."""
_THREADS: Final = 32
_TEXT: Final = ("text/", "application/json", "application/xml", "application/javascript")

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request. Header names are lower case; of several with one name the values are joined with commas."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    source_ip: str


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


def message(status: int, words: str) -> Answer:
    """An answer of the gateway itself."""
    return Answer(status, (("content-type", "application/json"),), json.dumps({"message": words}).encode())


class Gateway:
    """The ASGI application. `local`: routes that no template has, by method and path; they are served to this machine only."""

    def __init__(
        self,
        routes: Sequence[Route],
        functions: Mapping[str, Function],
        local: Mapping[tuple[str, str], Callable[[Request], Answer]],
    ) -> None:
        self._routes = sorted(routes, key=_precedence)
        self._functions = functions
        self._local = local
        self._verifiers: dict[Authorizer, Verifier] = {
            r.authorizer: Verifier(r.authorizer) for r in routes if r.authorizer
        }
        self._pool = ThreadPoolExecutor(_THREADS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        request = await _request(scope, receive)
        answer = await asyncio.get_running_loop().run_in_executor(self._pool, self.answer, request)
        headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if request.method == "HEAD" else answer.body})

    def answer(self, request: Request) -> Answer:
        """Route, authorize, invoke, and translate the result; errors as API Gateway answers them."""
        if local := self._local.get((request.method, request.path)):
            return local(request)
        if len(request.body) > BODY_LIMIT:
            return message(413, "Request Entity Too Large")
        for route in self._routes:
            parameters = match(route, request.method, request.path)
            if parameters is not None:
                return self._invoke(route, parameters, request)
        return message(404, "Not Found")

    def _invoke(self, route: Route, parameters: Mapping[str, str], request: Request) -> Answer:
        claims = None
        if route.authorizer:
            try:
                claims = self._verifiers[route.authorizer].claims(request.headers.get("authorization"))
            except Unauthorized as reason:
                log.info("%s %s refused: %s", request.method, route.path, reason)
                refused = message(401, "Unauthorized")
                return Answer(401, (*refused.headers, ("www-authenticate", "Bearer")), refused.body)
        try:
            result = self._functions[route.function].timed(event(route, parameters, request, claims))
            answer = _translated(result.value)
        except FunctionError:
            return message(500, "Internal Server Error")
        except (KeyError, TypeError, ValueError):
            log.exception("%s gave a result that API Gateway does not understand", route.function)
            return message(500, "Internal Server Error")
        return Answer(answer.status, (*answer.headers, ("server-timing", _timing(result))), answer.body)


def _timing(result: Result) -> str:
    """Say where the time went, in milliseconds, as browsers show it; API Gateway adds no such header."""
    parts = {"queue": result.waited, "handler": result.ran, "processor": result.worked}
    return ", ".join(f"{name};dur={1000 * seconds:.1f}" for name, seconds in parts.items())


def _precedence(route: Route) -> tuple[list[int], bool]:
    """Exact segments before variables, variables before the greedy one, a method of its own before ANY."""
    ranks = [2 if part.endswith("+}") else 1 if part.startswith("{") else 0 for part in route.path.split("/")]
    return ranks, route.method == "ANY"


def match(route: Route, method: str, path: str) -> dict[str, str] | None:
    """The path parameters if the route takes the request."""
    if route.method not in {"ANY", method}:
        return None
    wanted, given = route.path.split("/"), path.split("/")
    parameters: dict[str, str] = {}
    for position, part in enumerate(wanted):
        if part.endswith("+}"):
            rest = "/".join(given[position:])
            return {**parameters, part[1:-2]: rest} if rest else None
        if position >= len(given):
            return None
        if part.startswith("{") and given[position]:
            parameters[part[1:-1]] = given[position]
        elif part != given[position]:
            return None
    return parameters if len(wanted) == len(given) else None


def event(
    route: Route, parameters: Mapping[str, str], request: Request, claims: Mapping[str, str] | None
) -> dict[str, Any]:
    """The event of payload format 2.0; keys without a value are left out as API Gateway does."""
    now = time.time()
    key = f"{route.method} {route.path}"
    kind = request.headers.get("content-type", "")
    as_text = kind.startswith(_TEXT) or kind.partition(";")[0].endswith(("+json", "+xml"))
    query: dict[str, str] = {}
    for name, value in parse_qsl(request.query, keep_blank_values=True):
        query[name] = f"{query[name]},{value}" if name in query else value
    made: dict[str, Any] = {
        "version": "2.0",
        "routeKey": key,
        "rawPath": request.path,
        "rawQueryString": request.query,
        "headers": {name: value for name, value in request.headers.items() if name != "cookie"},
        "requestContext": {
            "accountId": ACCOUNT,
            "apiId": "local",
            "domainName": request.headers.get("host", ""),
            "domainPrefix": "local",
            "http": {
                "method": request.method,
                "path": request.path,
                "protocol": "HTTP/1.1",
                "sourceIp": request.source_ip,
                "userAgent": request.headers.get("user-agent", ""),
            },
            "requestId": str(uuid.uuid4()),
            "routeKey": key,
            "stage": "$default",
            "time": datetime.fromtimestamp(now, UTC).strftime("%d/%b/%Y:%H:%M:%S +0000"),
            "timeEpoch": int(now * 1000),
        },
        "isBase64Encoded": bool(request.body) and not as_text,
    }
    if claims is not None:
        made["requestContext"]["authorizer"] = {"jwt": {"claims": dict(claims), "scopes": None}}
    if "cookie" in request.headers:
        made["cookies"] = [one.strip() for one in request.headers["cookie"].split(";")]
    if query:
        made["queryStringParameters"] = query
    if parameters:
        made["pathParameters"] = dict(parameters)
    if request.body:
        made["body"] = request.body.decode(errors="replace") if as_text else base64.b64encode(request.body).decode()
    return made


def _translated(result: Any) -> Answer:  # noqa: ANN401 - a function's result is any JSON
    if not isinstance(result, dict) or "statusCode" not in result:
        return Answer(200, (("content-type", "application/json"),), json.dumps(result).encode())
    body = result.get("body") or ""
    headers = {str(name).lower(): str(value) for name, value in (result.get("headers") or {}).items()}
    return Answer(
        int(result["statusCode"]),
        (
            *({"content-type": "text/plain;charset=UTF-8"} | headers).items(),
            *(("set-cookie", str(cookie)) for cookie in result.get("cookies") or ()),
        ),
        base64.b64decode(body) if result.get("isBase64Encoded") else str(body).encode(),
    )


async def _request(scope: Scope, receive: Receive) -> Request:
    body = b""
    more = True
    while more:
        part = await receive()
        more = part.get("more_body", False)
        if len(body) <= BODY_LIMIT:  # what is longer is refused; its rest is read and forgotten
            body += part.get("body", b"")
    headers: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        separator = "; " if name == "cookie" else ","
        headers[name] = f"{headers[name]}{separator}{value}" if name in headers else value
    return Request(
        method=scope["method"],
        path=scope["path"],
        query=scope["query_string"].decode("latin-1"),
        headers=headers,
        body=body,
        source_ip=scope["client"][0] if scope.get("client") else "",
    )
