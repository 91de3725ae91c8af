"""Salesforce as OpenID provider: its discovery document, its keys, and what our app may ask of it.

Our app is a public client: it has no secret, PKCE proves that code and request belong together, and refresh tokens rotate. PyJWT, which
the bundle carries anyway, verifies; what an OpenID library would add to it is three HTTP requests and this file's checks.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

import jwt
import requests
from jwt.types import Options

from reminders.core.identity import identity
from reminders.signin.problems import Problem, SignInFailed

SCOPES: Final = "openid refresh_token"
"""Who somebody is, for as long as they stay signed in, and no access to the org's data."""

_TIMEOUT: Final = (2.0, 5.0)
"""Seconds to connect, and between two bytes of an answer. A sign-in takes four requests at most, three of them once an hour."""

_KEEP_SECONDS: Final = 3600
"""The discovery document and the keys are read again after so long, keys also where a token names one that is not known."""

_LEEWAY_SECONDS: Final = 30
_LARGEST: Final = 256 * 1024
_REQUIRED: Final = ["iss", "sub", "aud", "exp", "iat"]
_ENDPOINTS: Final = ("authorization_endpoint", "token_endpoint", "revocation_endpoint", "jwks_uri")
_CODE: Final = re.compile(r"[A-Za-z_]{1,40}")
_SERVER_ERROR: Final = 500
_TOO_MANY: Final = 429


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """Our app at Salesforce. `issuer` as in the org's discovery document; `client_id` is the consumer key."""

    issuer: str
    client_id: str
    organization_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What Salesforce gave: a verified id token, seconds until it expires, whose it is, and the next refresh token."""

    id_token: str
    expires_in: int
    user_id: str
    refresh_token: str


class Provider:
    """One org's sign-in. Every method raises SignInFailed."""

    def __init__(
        self, client: Client, session: requests.Session | None = None, now: Callable[[], float] = time.time
    ) -> None:
        self._client = client
        self._http = session or requests.Session()
        self._now = now
        self._document: tuple[float, Mapping[str, Any]] | None = None
        self._keys: tuple[float, jwt.PyJWKSet] | None = None

    def sign_in_address(self, *, redirect_uri: str, state: str, nonce: str, challenge: str, choose: bool) -> str:
        """Give the address at Salesforce where somebody signs in; `choose`: even who is signed in there is asked."""
        asked = {
            "response_type": "code",
            "client_id": self._client.client_id,
            "redirect_uri": redirect_uri,
            "scope": SCOPES,
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            **({"prompt": "login"} if choose else {}),
        }
        return f"{self._endpoint('authorization_endpoint')}?{urlencode(asked)}"

    def exchange(self, *, code: str, verifier: str, nonce: str, redirect_uri: str) -> Grant:
        """Exchange a code for tokens, and check that they answer this very sign-in."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "code_verifier": verifier,
            "redirect_uri": redirect_uri,
        }
        answer = self._ask(form, ended=Problem.CODE_EXPIRED)
        refresh_token = _text(answer, "refresh_token")
        try:
            return self._grant(answer, refresh_token, nonce=nonce)
        except SignInFailed:
            self._let_go(refresh_token)
            raise

    def renew(self, refresh_token: str) -> Grant:
        """Ask for a new id token. Where refresh tokens rotate, the old one is worth nothing from here on."""
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        self._key_set(fresh=False)  # what could fail, fails before the old one is used up
        answer = self._ask(form, ended=Problem.SESSION_ENDED)
        return self._grant(answer, _text(answer, "refresh_token", refresh_token))

    def revoke(self, refresh_token: str) -> None:
        """End a session at Salesforce: the refresh token, and what was given for it. One that is not known is no failure."""
        answer = self._request("POST", self._endpoint("revocation_endpoint"), data={"token": refresh_token})
        if not answer.ok and _error(answer) not in {"invalid_token", "unsupported_token_type"}:
            raise SignInFailed(Problem.REFUSED, f"revocation: {_error(answer)}")

    def sign_out_address(self) -> str | None:
        """Give the address where the browser's own session at Salesforce ends; None if Salesforce names none."""
        found = self._discovered().get("end_session_endpoint")
        return found if isinstance(found, str) and self._is_safe(found) else None

    # --- the token endpoint

    def _ask(self, form: Mapping[str, str], *, ended: Problem) -> Mapping[str, Any]:
        given = {**form, "client_id": self._client.client_id}
        answer = self._request("POST", self._endpoint("token_endpoint"), data=given)
        if not answer.ok:
            error = _error(answer)
            problems = {"invalid_grant": ended, "inactive_user": Problem.INACTIVE_USER, "inactive_org": Problem.REFUSED}
            raise SignInFailed(problems.get(error, Problem.REFUSED), f"token: {error}")
        return _object(answer)

    def _grant(self, answer: Mapping[str, Any], refresh_token: str, nonce: str | None = None) -> Grant:
        id_token = _text(answer, "id_token")
        claims = self._verified(id_token)
        if nonce is not None and claims.get("nonce") != nonce:
            raise SignInFailed(Problem.NOT_VERIFIED, "id token: nonce")
        who = identity(claims["sub"])
        if who is None:
            raise SignInFailed(Problem.NOT_VERIFIED, "id token: sub")
        if who.organization_id != self._client.organization_id:
            raise SignInFailed(Problem.OTHER_ORGANIZATION)
        expires_in = int(claims["exp"] - self._now())
        return Grant(id_token=id_token, expires_in=expires_in, user_id=who.user_id, refresh_token=refresh_token)

    def _verified(self, id_token: str) -> Mapping[str, Any]:
        """Verify signature, issuer, audience and time; a key that is not known is looked for once more."""
        options: Options = {"require": _REQUIRED}
        try:
            claims: Mapping[str, Any] = jwt.decode(
                id_token,
                self._key(jwt.get_unverified_header(id_token).get("kid")),
                algorithms=["RS256"],
                audience=self._client.client_id,
                issuer=self._client.issuer,
                leeway=_LEEWAY_SECONDS,
                options=options,
            )
        except jwt.PyJWTError as failure:  # its words may quote the token
            raise SignInFailed(Problem.NOT_VERIFIED, f"id token: {type(failure).__name__}") from None
        return claims

    def _key(self, kid: object) -> jwt.PyJWK:
        for fresh in (False, True):
            found = next((key for key in self._key_set(fresh=fresh).keys if key.key_id == kid), None)
            if found is not None:
                return found
        raise SignInFailed(Problem.NOT_VERIFIED, "id token: unknown key")

    def _key_set(self, *, fresh: bool) -> jwt.PyJWKSet:
        if fresh or self._keys is None or self._keys[0] < self._now():
            answer = self._request("GET", self._endpoint("jwks_uri"))
            try:
                self._keys = self._now() + _KEEP_SECONDS, jwt.PyJWKSet.from_dict(dict(_object(answer)))
            except jwt.PyJWTError as failure:
                raise SignInFailed(Problem.NOT_VERIFIED, f"keys: {type(failure).__name__}") from None
        return self._keys[1]

    def _let_go(self, refresh_token: str) -> None:
        """Give back what is not for us. That this fails, too, does not change what is told."""
        try:
            self.revoke(refresh_token)
        except SignInFailed:
            return

    # --- the discovery document

    def _endpoint(self, name: str) -> str:
        return str(self._discovered()[name])

    def _discovered(self) -> Mapping[str, Any]:
        if self._document is None or self._document[0] < self._now():
            document = _object(self._request("GET", f"{self._client.issuer}/.well-known/openid-configuration"))
            if document.get("issuer") != self._client.issuer:
                raise SignInFailed(Problem.REFUSED, "discovery: another issuer")
            if missing := [name for name in _ENDPOINTS if not self._is_safe(document.get(name))]:
                raise SignInFailed(Problem.REFUSED, f"discovery: {', '.join(missing)}")
            self._document = self._now() + _KEEP_SECONDS, document
        return self._document[1]

    def _is_safe(self, address: object) -> bool:
        """Only where the issuer itself is `http` (an emulated org on this machine) may an endpoint be."""
        return str(address).startswith("https://") or (
            self._client.issuer.startswith("http://") and str(address).startswith("http://")
        )

    def _request(self, method: str, address: str, data: Mapping[str, str] | None = None) -> requests.Response:
        """Ask Salesforce once. What is used up by asking (codes, refresh tokens) must not be asked twice."""
        try:
            answer = self._http.request(method, address, data=data, timeout=_TIMEOUT, allow_redirects=False)
        except requests.RequestException as failure:
            raise SignInFailed(Problem.DOWN, type(failure).__name__) from None
        if answer.status_code >= _SERVER_ERROR or answer.status_code == _TOO_MANY:
            raise SignInFailed(Problem.DOWN, f"HTTP {answer.status_code}")
        return answer


def _object(answer: requests.Response) -> Mapping[str, Any]:
    """Read a JSON object. Anything else is what a maintenance page, or a proxy, says."""
    try:
        document = answer.json() if answer.ok and len(answer.content) <= _LARGEST else None
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise SignInFailed(Problem.DOWN, f"HTTP {answer.status_code}, no JSON object")
    return document


def _text(answer: Mapping[str, Any], name: str, otherwise: str = "") -> str:
    found = answer.get(name, otherwise)
    if not isinstance(found, str) or not found:
        raise SignInFailed(Problem.REFUSED, f"token: no {name}")
    return found


def _error(answer: requests.Response) -> str:
    """Read the error code of an OAuth answer."""
    try:
        code = str(answer.json()["error"])
    except (ValueError, KeyError, TypeError):
        return f"HTTP {answer.status_code}"
    return code if _CODE.fullmatch(code) else "unknown error"
