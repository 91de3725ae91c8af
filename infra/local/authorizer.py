"""The JWT authorizer of an HTTP API: a token of the issuer, for the audience, signed and in time."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any, Final

import httpx
import jwt

from infra.local.wiring import Authorizer

ALGORITHMS: Final = ["RS256", "RS384", "RS512"]
TIMEOUT_SECONDS: Final = 5.0


class Unauthorized(Exception):
    """The request carries no token that counts; the message says why, for the log only."""


class Verifier:
    """Verifies tokens for one authorizer. The issuer's keys are found by its discovery document, once."""

    def __init__(self, authorizer: Authorizer) -> None:
        self._authorizer = authorizer
        self._lock = threading.Lock()
        self._keys: jwt.PyJWKClient | None = None

    def claims(self, header: str | None) -> dict[str, str]:
        """The claims of the token in an Authorization header, each as text. Raises Unauthorized."""
        token = (header or "").removeprefix("Bearer ").strip()
        if not token:
            raise Unauthorized("no token")
        try:
            key = self._client().get_signing_key_from_jwt(token)
            claims = jwt.decode(
                token,
                key,
                algorithms=ALGORITHMS,
                audience=self._authorizer.audiences,
                issuer=self._authorizer.issuer,
                options={"require": ["exp"]},
            )
        except (jwt.PyJWTError, httpx.HTTPError) as refused:
            raise Unauthorized(f"{type(refused).__name__}: {refused}") from refused
        return {name: text(value) for name, value in claims.items()}

    def _client(self) -> jwt.PyJWKClient:
        with self._lock:
            if self._keys is None:
                address = f"{self._authorizer.issuer}/.well-known/openid-configuration"
                answer = httpx.get(address, timeout=TIMEOUT_SECONDS)
                answer.raise_for_status()
                self._keys = jwt.PyJWKClient(answer.json()["jwks_uri"], timeout=TIMEOUT_SECONDS)
            return self._keys


def text(value: Any) -> str:  # noqa: ANN401 - a claim has any shape
    """A claim as API Gateway hands it over: always text."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return f"map[{' '.join(f'{name}:{text(item)}' for name, item in value.items())}]"
    if isinstance(value, list):
        return f"[{' '.join(map(text, value))}]"
    return str(value)
