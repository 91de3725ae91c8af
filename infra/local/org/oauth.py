"""Signing in by OAuth: the token endpoint's grants, the code flow with a page to choose the user, introspection and revocation.

Errors are objects, `{"error", "error_description"}`; token requests are not counted. Addresses in answers are those that the caller
used (`X-Forwarded-Proto`, `Host`). The username-password flow is off in a new org and switched on together with SOAP login
(`passwords.py`).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import html
import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Final
from urllib.parse import urlencode

import jwt
from jwt.types import Options

from infra.local.org import markup, passwords
from infra.local.org.apps import LOGIN, SCOPES, App
from infra.local.org.errors import OAuthRefused, Refused
from infra.local.org.openid import OpenId
from infra.local.org.sessions import INACTIVITY
from infra.local.org.state import State, User
from infra.local.org.wire import LOGIN_HOSTS, Request, Response, answer, parameters

JWT_GRANT: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_ASSERTION_LIFE: Final = 300
_MILLISECONDS_FROM: Final = 1e11
"""A number above it is no second of the next three thousand years."""

_LEEWAY: Final = 60
_CODE_LIFE: Final = 15 * 60
_ANYWHERE: Final = ("http://localhost:", "http://127.0.0.1:", "https://")


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """An authorization code on its way to the token endpoint."""

    user_id: str
    redirect_uri: str
    challenge: str
    nonce: str
    issued: int


_SIGNATURE_ONLY: Final[Options] = {
    "verify_exp": False,
    "verify_aud": False,
    "verify_iat": False,
    "verify_nbf": False,
    "verify_sub": False,
}
"""The claims are checked here, in Salesforce's way."""


class OAuth:
    """The sign-in half of one org.

    `now` is the clock of signed tokens (`exp` of assertions and id tokens). It is not the org's: libraries that sign and check
    them read the machine's clock, also while a test moves the org's.
    """

    def __init__(self, state: State, app: App, now: Callable[[], datetime]) -> None:
        self.state = state
        self.app = app
        self._now = now
        self.openid = OpenId(state, app, now)
        self._codes: dict[str, Code] = {}

    def handle(self, request: Request) -> Response | None:
        """Answer a sign-in request; None if the address is none of these."""
        path = "/" + "/".join(part for part in request.path.split("/") if part)
        routes = {
            "/services/oauth2/token": self._token,
            "/services/oauth2/authorize": self._authorize,
            "/services/oauth2/userinfo": self.openid.userinfo,
            "/services/oauth2/revoke": self._revoke,
            "/services/oauth2/introspect": self._introspect,
            "/services/auth/idp/oidc/logout": self._sign_out,
            "/.well-known/openid-configuration": self.openid.discovery,
            "/id/keys": self.openid.keys,
        }
        handler = routes.get(path)
        if handler is None and path.startswith(f"/id/{self.state.organization_id}/"):
            handler = self.openid.identity
        if handler is None:
            return None
        try:
            return handler(request)
        except OAuthRefused as refused:
            return answer({"error": refused.error, "error_description": refused.description}, refused.status)

    # --- tokens

    def _token(self, request: Request) -> Response:
        if request.method != "POST":
            raise OAuthRefused("invalid_request", "must use HTTP POST")
        form = _form(request)
        grants = {
            JWT_GRANT: self._by_assertion,
            "client_credentials": self._by_credentials,
            "authorization_code": self._by_code,
            "refresh_token": self._by_refresh,
        }
        if self.state.password_sign_in:
            grants["password"] = self._by_password
        grant = grants.get(form.get("grant_type", ""))
        if grant is None:
            raise OAuthRefused("unsupported_grant_type", "grant type not supported")
        granted = grant(request, form)
        if form.get("format") == "xml" or ("format" not in form and markup.wanted(request.headers.get("accept", ""))):
            return Response(
                body=markup.written(granted, "OAuth"), headers={"Content-Type": "application/xml; charset=UTF-8"}
            )
        return answer(granted)

    def _by_assertion(self, request: Request, form: dict[str, str]) -> dict[str, object]:
        claims = self._verified(form.get("assertion", ""))
        if claims.get("iss") != self.app.consumer_key:
            raise OAuthRefused("invalid_client_id", "client identifier invalid")
        audience = claims.get("aud")
        audiences = audience if isinstance(audience, list) else [audience]
        if not any(str(each).rstrip("/") in (*LOGIN_HOSTS, request.base) for each in audiences):
            raise OAuthRefused("invalid_grant", "audience is invalid")
        now, expires = int(self._now().timestamp()), _second(claims.get("exp"))
        if expires is None or expires <= now:
            raise OAuthRefused("invalid_grant", "assertion is expired or has no exp")
        if expires > now + _ASSERTION_LIFE:
            raise OAuthRefused("invalid_grant", "assertion expires too far in the future")
        name = str(claims.get("sub") or claims.get("prn") or "").lower()
        user = next((each for each in self.state.users.values() if each.username.lower() == name), None)
        if user is None or user.id not in self.app.approved:
            raise OAuthRefused("invalid_grant", "user hasn't approved this consumer")
        return self._granted(request, user, ("access_token", "scope", "instance_url", "id", "token_type"))

    def _verified(self, assertion: str) -> dict[str, object]:
        for key in self.app.keys:
            try:
                return dict(jwt.decode(assertion, key, algorithms=["RS256"], options=_SIGNATURE_ONLY))
            except jwt.InvalidSignatureError:
                continue
            except jwt.InvalidTokenError as error:
                raise OAuthRefused("invalid_grant", "invalid assertion") from error
        raise OAuthRefused("invalid_grant", "invalid assertion")

    def _by_credentials(self, request: Request, form: dict[str, str]) -> dict[str, object]:
        if request.base in LOGIN_HOSTS:
            raise OAuthRefused("invalid_grant", "request not supported on this domain")
        self._client(request, form, secret=True)
        return self._granted(request, self.state.user(self.app.run_as))

    def _by_code(self, request: Request, form: dict[str, str]) -> dict[str, object]:
        code = self._codes.pop(form.get("code", ""), None)
        self._client(request, form, secret=code is not None and not code.challenge)
        if code is None:
            raise OAuthRefused("invalid_grant", "invalid authorization code")
        if self.state.second() - code.issued > _CODE_LIFE:
            raise OAuthRefused("invalid_grant", "expired authorization code")
        if form.get("redirect_uri") != code.redirect_uri:
            raise OAuthRefused("redirect_uri_mismatch", "redirect_uri must match configuration")
        if code.challenge:
            verifier = form.get("code_verifier")
            if not verifier:
                raise OAuthRefused("invalid_grant", "missing code verifier")
            if _digest(verifier) != code.challenge:
                raise OAuthRefused("invalid_request", "invalid code verifier")
        user = self.state.user(code.user_id)
        refresh = self.state.sessions.open_refresh(user.id)
        granted = self._granted(request, user)
        token = self.openid.id_token(
            user, issuer=request.base, nonce=code.nonce, access_token=str(granted["access_token"])
        )
        return {**granted, "refresh_token": refresh, "id_token": token}

    def _by_refresh(self, request: Request, form: dict[str, str]) -> dict[str, object]:
        self._client(request, form, secret=False)
        sessions, given = self.state.sessions, form.get("refresh_token", "")
        user_id = sessions.refresh.get(given)
        if user_id is None or not self.state.user(user_id).active:
            sessions.reused(given)
            raise OAuthRefused("invalid_grant", "expired access/refresh token")
        user = self.state.user(user_id)
        granted = self._granted(request, user)
        token = self.openid.id_token(user, issuer=request.base, access_token=str(granted["access_token"]))
        rotated = {"refresh_token": sessions.rotate(given)} if self.app.callbacks else {}
        return {**granted, **rotated, "id_token": token}

    def _by_password(self, request: Request, form: dict[str, str]) -> dict[str, object]:
        """Sign in with `username` and `password`, the security token at the password's end."""
        self._client(request, form, secret=True)
        try:
            user = passwords.check(self.state, form.get("username", ""), form.get("password", ""))
        except Refused as refused:
            raise OAuthRefused("invalid_grant", "authentication failure") from refused
        return self._granted(request, user)

    def _client(self, request: Request, form: dict[str, str], *, secret: bool) -> None:
        """Check the client's credentials, from the form or a Basic header; a wrong secret is refused even if none is needed."""
        key, given = form.get("client_id", ""), form.get("client_secret")
        scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "basic":
            try:
                key, _, given = base64.b64decode(encoded, validate=True).decode().partition(":")
            except ValueError as error:
                raise OAuthRefused("invalid_client", "invalid client credentials") from error
        if key != self.app.consumer_key:
            raise OAuthRefused("invalid_client_id", "client identifier invalid")
        wrong = given is not None and not hmac.compare_digest(given.encode(), self.app.consumer_secret.encode())
        if wrong or (secret and given is None):
            raise OAuthRefused("invalid_client", "invalid client credentials")

    def _granted(self, request: Request, user: User, only: tuple[str, ...] = ()) -> dict[str, object]:
        if not user.active:
            raise OAuthRefused("inactive_user", "user is inactive")
        identity = f"{request.base}/id/{self.state.organization_id}/{user.id}"
        issued = str(int(self.state.now().timestamp() * 1000))
        signature = hmac.new(self.app.consumer_secret.encode(), (identity + issued).encode(), hashlib.sha256)
        whole: dict[str, object] = {
            "access_token": self.state.sessions.open(user.id, self.state.second()),
            "signature": base64.b64encode(signature.digest()).decode(),
            "scope": SCOPES,
            "instance_url": request.instance,
            "id": identity,
            "token_type": "Bearer",
            "issued_at": issued,
            "api_instance_url": request.instance,
        }
        return {name: value for name, value in whole.items() if not only or name in only}

    # --- the code flow, and the life of tokens

    def _authorize(self, request: Request) -> Response:
        asked = _form(request)
        if asked.get("client_id") != self.app.consumer_key:
            raise OAuthRefused("invalid_client_id", "client identifier invalid")
        if asked.get("response_type") != "code":
            raise OAuthRefused("unsupported_response_type", "response type not supported")
        redirect_uri = asked.get("redirect_uri", "")
        strange = (
            redirect_uri not in self.app.callbacks if self.app.callbacks else not redirect_uri.startswith(_ANYWHERE)
        )
        if strange:
            raise OAuthRefused("redirect_uri_mismatch", "redirect_uri must match configuration")
        if asked.get("code_challenge") and asked.get("code_challenge_method") != "S256":
            raise OAuthRefused("invalid_request", "code_challenge_method must be S256")
        if self.app.callbacks and not asked.get("code_challenge"):
            return _back(
                redirect_uri, asked, error="invalid_request", error_description="missing required code challenge"
            )
        if "deny" in asked:
            return _back(redirect_uri, asked, error="access_denied", error_description="end-user denied authorization")
        user = self.state.users.get(asked.get("user_id", ""))
        if user is None or not user.active:
            return self._choose(asked)
        code = self.state.sessions.secret(64)
        self._codes[code] = Code(
            user_id=user.id,
            redirect_uri=redirect_uri,
            challenge=asked.get("code_challenge", ""),
            nonce=asked.get("nonce", ""),
            issued=self.state.second(),
        )
        return _back(redirect_uri, asked, code=code)

    def _choose(self, asked: dict[str, str]) -> Response:
        """Give the page on which a person says who they are: this org knows no passwords."""
        links = "".join(
            f'<li><a href="?{html.escape(urlencode({**asked, "user_id": user.id}))}">{html.escape(user.name)}</a> '
            f"{html.escape(user.username)}</li>"
            for user in self.state.users.values()
            if user.active and user.id != self.app.run_as
        )
        deny = f'<p><a href="?{html.escape(urlencode({**asked, "deny": "1"}))}">Deny</a> that the app learns who you are</p>'
        return _page("Sign in to the emulated org", f"<ul>{links}</ul>{deny}")

    def _sign_out(self, _: Request) -> Response:
        """Answer `end_session_endpoint`: there is no browser session here that would have to end."""
        return _page("Signed out of the emulated org", "")

    def _revoke(self, request: Request) -> Response:
        form = _form(request)
        if not self.state.sessions.revoke(form.get("token", "")):
            raise OAuthRefused("invalid_token", "invalid token")
        return Response(status=HTTPStatus.OK)

    def _introspect(self, request: Request) -> Response:
        form = _form(request)
        self._client(request, form, secret=True)
        now, token = self.state.second(), form.get("token", "")
        refreshing = token in self.state.sessions.refresh
        user_id = self.state.sessions.refresh.get(token) or self.state.sessions.user_of(token, now)
        if user_id is None:
            return answer({"active": False})
        user = self.state.user(user_id)
        return answer(
            {
                "active": True,
                "scope": SCOPES,
                "client_id": self.app.consumer_key,
                "username": user.username,
                "sub": f"{LOGIN}/id/{self.state.organization_id}/{user.id}",
                "token_type": "refresh_token" if refreshing else "access_token",
                "iat": now,
                "nbf": now,
                **({} if refreshing else {"exp": now + INACTIVITY}),
            }
        )


def _back(redirect_uri: str, asked: dict[str, str], **told: str) -> Response:
    """Send the browser back to the app, with its `state`."""
    query = urlencode({**told, **({"state": asked["state"]} if "state" in asked else {})})
    joint = "&" if "?" in redirect_uri else "?"
    return Response(status=HTTPStatus.FOUND, headers={"Location": f"{redirect_uri}{joint}{query}"})


def _page(title: str, content: str) -> Response:
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><link rel="stylesheet" href="/page/style.css"><title>{title}</title>'
    body = f'<main class="words"><h1>{title}</h1>{content}</main>'
    page = f'<!doctype html><html lang="en"><head>{head}</head><body>{body}</body></html>'
    return Response(body=page.encode(), headers={"Content-Type": "text/html; charset=utf-8"})


def _form(request: Request) -> dict[str, str]:
    """Read the parameters of a sign-in request: Salesforce takes them from the address as well as from the form."""
    return {**request.query, **parameters(request.body.decode("utf-8", "replace"))}


def _second(value: object) -> int | None:
    """Read `exp` in any form that clients send: a number, or a number as text.

    Salesforce's own CLI sends milliseconds, 300 of them ahead, and is let in: those are given a minute's leeway.
    """
    try:
        number = float(value) if isinstance(value, int | float | str) else math.nan
        return int(number / 1000 + _LEEWAY if number > _MILLISECONDS_FROM else number)
    except (ValueError, OverflowError):
        return None


def _digest(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
