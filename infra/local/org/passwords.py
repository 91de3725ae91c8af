"""Signing in with a password: the rules that SOAP `login()` and OAuth's username-password flow share.

A login from outside the company's trusted networks needs the security token appended to the password. Everybody is outside here,
except a login that names the organization (`LoginScopeHeader`), as clients do when the administrator has trusted their network.
"""

from __future__ import annotations

import hmac

from infra.local.org.errors import Refused
from infra.local.org.state import State, User

_WRONG = "Invalid username, password, security token; or user locked out."


def check(state: State, username: str, password: str, *, trusted: bool = False) -> User:
    """Find the user who signs in. Raises INVALID_LOGIN or LOGIN_MUST_USE_SECURITY_TOKEN."""
    user = next((each for each in state.users.values() if each.username.lower() == username.strip().lower()), None)
    if user is None or not user.active or not user.password:
        raise Refused("INVALID_LOGIN", _WRONG)
    if _same(password, user.password + user.security_token):
        return user
    if not _same(password, user.password):
        raise Refused("INVALID_LOGIN", _WRONG)
    if trusted:
        return user
    raise Refused(
        "LOGIN_MUST_USE_SECURITY_TOKEN",
        f"{_WRONG} Are you at a new location? When accessing Salesforce--either via a desktop client or the API--from "
        "outside of your company's trusted networks, you must add a security token to your password to log in.",
    )


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode(), wanted.encode())
