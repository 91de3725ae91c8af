"""The two cookies of a sign-in, and what they hold.

**Of an attempt** (ten minutes): state, nonce and code verifier, as they are. They are made for this browser and worth nothing in
another: a code needs both its verifier and the browser that got it. Encrypting them would hide them from nobody but their owner, and
signing them would prove only what `/auth/login` gives to everybody; so there is no key to keep, and no table. `__Host-`
keeps any other host of the same site from planting one. It is SameSite=Lax, because it must come along when Salesforce sends the
browser back.

**Of a session** (14 days, as infra/salesforce lets refresh tokens live): the refresh token, for `/auth` alone. It is SameSite=Strict,
so it does not come along on the way back from Salesforce either: the page asks for its token when it is open.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, unquote

ATTEMPT: Final = "__Host-reminder-sync-sign-in"
SESSION: Final = "__Secure-reminder-sync-session"
ATTEMPT_SECONDS: Final = 600
SESSION_SECONDS: Final = 14 * 24 * 60 * 60

_OF_ATTEMPT: Final = "Path=/; Secure; HttpOnly; SameSite=Lax"
_OF_SESSION: Final = "Path=/auth; Secure; HttpOnly; SameSite=Strict"
_LONGEST: Final = 3072
"""Characters of a value; browsers keep 4,096 bytes of a cookie."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What a sign-in began with; each value is unguessable, 43 characters, without a dot."""

    state: str
    nonce: str
    verifier: str


def keep_attempt(attempt: Attempt) -> str:
    """Give the Set-Cookie that keeps an attempt."""
    return f"{ATTEMPT}={attempt.state}.{attempt.nonce}.{attempt.verifier}; Max-Age={ATTEMPT_SECONDS}; {_OF_ATTEMPT}"


def forget_attempt() -> str:
    """Give the Set-Cookie that forgets the attempt: a code comes back once."""
    return f"{ATTEMPT}=; Max-Age=0; {_OF_ATTEMPT}"


def keep_session(refresh_token: str) -> str:
    """Give the Set-Cookie that keeps a session."""
    return f"{SESSION}={quote(refresh_token, safe='')}; Max-Age={SESSION_SECONDS}; {_OF_SESSION}"


def forget_session() -> str:
    """Give the Set-Cookie that forgets the session."""
    return f"{SESSION}=; Max-Age=0; {_OF_SESSION}"


def attempt_of(event: Mapping[str, Any]) -> Attempt | None:
    """Find the attempt that a request belongs to."""
    parts = (_value(event, ATTEMPT) or "").split(".")
    if len(parts) != len(Attempt.__slots__) or not all(parts):
        return None
    state, nonce, verifier = parts
    return Attempt(state=state, nonce=nonce, verifier=verifier)


def refresh_token_of(event: Mapping[str, Any]) -> str | None:
    """Find the refresh token of a request."""
    return unquote(_value(event, SESSION) or "") or None


def _value(event: Mapping[str, Any], name: str) -> str | None:
    """Read a cookie. Of two with one name, one was planted (they differ by path or domain, which we are not told): then none."""
    found = [value for cookie in event.get("cookies") or () for at, _, value in [cookie.partition("=")] if at == name]
    return found[0] if len(found) == 1 and len(found[0]) <= _LONGEST else None
