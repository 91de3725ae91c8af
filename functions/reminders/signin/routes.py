"""The routes `/auth/*`: what comes from a browser, and what it gets.

    GET  /auth/login     to Salesforce; `?prompt=login` asks who it is even where somebody is signed in there
    GET  /auth/callback  back from Salesforce: keeps the refresh token in a cookie and opens the page, or the page that says why not
    POST /auth/token     {"id_token", "expires_in", "user_id"}: a new id token for the page's memory
    POST /auth/logout    {"revoked", "salesforce"}: ends the session at Salesforce, and tells where the browser's own one there ends

A navigation that fails gets the page itself, with the status and the code (`problems.Problem`); a request of the page gets JSON.
Nothing that a browser sends decides where it is sent: to Salesforce's address, or to `/`.

The two POSTs act by cookie, so they are the page's alone: Origin must be ours, which no other site can forge, and so must a header that
none can send without being asked about first (and nobody answers).
"""

from __future__ import annotations

import json
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from hmac import compare_digest
from typing import Any, Final

from reminders.core.summary import Summary
from reminders.signin import cookies
from reminders.signin.cookies import Attempt
from reminders.signin.problems import Problem, SignInFailed
from reminders.signin.provider import Provider
from reminders.website import HEADERS, page_that_says

PAGES_HEADER: Final = "x-reminder-sync"

_NEVER_KEPT: Final = {**HEADERS, "Cache-Control": "no-store"}
_REFUSALS: Final = {
    "access_denied": Problem.DENIED,
    "OAUTH_APP_ACCESS_DENIED": Problem.NOT_APPROVED,
    "OAUTH_APP_BLOCKED": Problem.NOT_APPROVED,
}
_LOOPBACK: Final = {"127.0.0.1", "localhost"}


@dataclass(frozen=True, slots=True)
class Outcome:
    """One request's answer (payload format 2.0), what it counts, and what to warn of."""

    response: dict[str, Any]
    summary: Summary
    why_not: str | None = None


def answer(event: Mapping[str, Any], provider: Provider) -> Outcome:
    """Answer one request of a route of ours."""
    name = event["rawPath"].removeprefix("/auth/")
    done, act = _ROUTES[name]
    try:
        return Outcome(act(event, provider), Summary(counts={done: 1}))
    except SignInFailed as failure:
        problem = failure.problem
        refused = (_page if name in _NAVIGATIONS else _json_refusal)(problem)
        why = f"{problem}: {failure.why}" if failure.why else str(problem)
        expected = problem is Problem.SIGNED_OUT  # everybody who opens the page for the first time
        return Outcome(refused, Summary(counts={f"refused_{problem}": 1}), None if expected else why)


def _login(event: Mapping[str, Any], provider: Provider) -> dict[str, Any]:
    attempt = Attempt(
        state=secrets.token_urlsafe(32), nonce=secrets.token_urlsafe(32), verifier=secrets.token_urlsafe(32)
    )
    digest = sha256(attempt.verifier.encode()).digest()
    address = provider.sign_in_address(
        redirect_uri=_callback_address(event),
        state=attempt.state,
        nonce=attempt.nonce,
        challenge=urlsafe_b64encode(digest).rstrip(b"=").decode(),
        choose=_query(event).get("prompt") == "login",
    )
    return _response(303, location=address, keep=[cookies.keep_attempt(attempt)])


def _callback(event: Mapping[str, Any], provider: Provider) -> dict[str, Any]:
    query, attempt = _query(event), cookies.attempt_of(event)
    if attempt is None:
        raise SignInFailed(Problem.COOKIE_GONE)
    if not compare_digest(query.get("state", "").encode(), attempt.state.encode()):
        raise SignInFailed(Problem.STATE_MISMATCH)
    if "error" in query:
        known = _REFUSALS.get(query["error"])
        raise SignInFailed(known or Problem.REFUSED, "" if known else "authorization: unknown error")
    if not query.get("code"):
        raise SignInFailed(Problem.REFUSED, "authorization: neither code nor error")
    grant = provider.exchange(
        code=query["code"],
        verifier=attempt.verifier,
        nonce=attempt.nonce,
        redirect_uri=_callback_address(event),
    )
    return _response(303, location="/", keep=[cookies.forget_attempt(), cookies.keep_session(grant.refresh_token)])


def _token(event: Mapping[str, Any], provider: Provider) -> dict[str, Any]:
    _require_our_page(event)
    refresh_token = cookies.refresh_token_of(event)
    if refresh_token is None:
        raise SignInFailed(Problem.SIGNED_OUT)
    grant = provider.renew(refresh_token)
    told = {"id_token": grant.id_token, "expires_in": grant.expires_in, "user_id": grant.user_id}
    return _response(200, body=told, keep=[cookies.keep_session(grant.refresh_token)])


def _logout(event: Mapping[str, Any], provider: Provider) -> dict[str, Any]:
    """End the session. Where Salesforce does not answer, this browser forgets it nevertheless, and the page says what is left."""
    _require_our_page(event)
    refresh_token = cookies.refresh_token_of(event)
    revoked, salesforce = True, None
    try:
        if refresh_token:
            provider.revoke(refresh_token)
        salesforce = provider.sign_out_address()
    except SignInFailed:
        revoked = False
    return _response(200, body={"revoked": revoked, "salesforce": salesforce}, keep=[cookies.forget_session()])


_Route = Callable[[Mapping[str, Any], Provider], dict[str, Any]]

_ROUTES: Final[Mapping[str, tuple[str, _Route]]] = {
    "login": ("sent_to_salesforce", _login),
    "callback": ("signed_in", _callback),
    "token": ("renewed", _token),
    "logout": ("signed_out", _logout),
}
_NAVIGATIONS: Final = {"login", "callback"}


def _require_our_page(event: Mapping[str, Any]) -> None:
    headers = event.get("headers") or {}
    if headers.get("origin") != _origin(event) or PAGES_HEADER not in headers:
        raise SignInFailed(Problem.FOREIGN)


def _origin(event: Mapping[str, Any]) -> str:
    """Give our own address, by the name under which API Gateway was asked: others than ours do not reach it."""
    domain = str(event["requestContext"]["domainName"])
    return f"{'http' if domain.partition(':')[0] in _LOOPBACK else 'https'}://{domain}"


def _callback_address(event: Mapping[str, Any]) -> str:
    """Give the address that is registered with the app; Salesforce refuses any other."""
    return f"{_origin(event)}/auth/callback"


def _query(event: Mapping[str, Any]) -> Mapping[str, str]:
    return event.get("queryStringParameters") or {}


def _page(problem: Problem) -> dict[str, Any]:
    """Give the page that says it. The attempt is over then, but where this was none of its answers: it may still get one."""
    made = _response(problem.status, keep=[] if problem is Problem.STATE_MISMATCH else [cookies.forget_attempt()])
    made["headers"]["Content-Type"] = "text/html; charset=utf-8"
    return {**made, "body": page_that_says(problem)}


def _json_refusal(problem: Problem) -> dict[str, Any]:
    keep = [cookies.forget_session()] if problem in _OVER else []
    return _response(problem.status, body={"error": {"code": problem}}, keep=keep)


_OVER: Final = {Problem.SESSION_ENDED, Problem.INACTIVE_USER, Problem.OTHER_ORGANIZATION}
"""After these the refresh token is of no use any more."""


def _response(
    status: int, *, location: str | None = None, body: object = None, keep: list[str] | None = None
) -> dict[str, Any]:
    headers: dict[str, str] = {**_NEVER_KEPT}
    if location is not None:
        headers["Location"] = location
    if body is not None:
        headers["Content-Type"] = "application/json"
    text = "" if body is None else json.dumps(body)
    return {"statusCode": status, "headers": headers, "cookies": keep or [], "body": text, "isBase64Encoded": False}
