"""Access tokens: who holds one, and until when. A session ends after two hours without use, by the org's clock."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Final

from infra.local.org.ids import SHORT

INACTIVITY: Final = 2 * 60 * 60
_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._"
_LENGTH: Final = 96


@dataclass(slots=True)
class Session:
    """One signed-in user. Calls of a page session do not count against the API budget, as in Lightning."""

    user_id: str
    used: int
    counted: bool = True


class Sessions:
    """All living access and refresh tokens of one org."""

    def __init__(self, organization_id: str, rng: random.Random) -> None:
        self._prefix = organization_id[:SHORT]
        self._rng = rng
        self.living: dict[str, Session] = {}
        self.refresh: dict[str, str] = {}
        self._rotated: dict[str, str] = {}

    def secret(self, length: int = _LENGTH) -> str:
        """Make an unguessable-looking text. It is drawn from the org's random source: this org guards nothing real."""
        return "".join(self._rng.choices(_LETTERS, k=length))

    def open(self, user_id: str, now: int, *, counted: bool = True) -> str:
        """Sign a user in; gives the access token."""
        token = f"{self._prefix}!{self.secret()}"
        self.living[token] = Session(user_id, now, counted)
        return token

    def open_refresh(self, user_id: str) -> str:
        """Make a refresh token of a user."""
        token = self.secret()
        self.refresh[token] = user_id
        return token

    def rotate(self, token: str) -> str:
        """Replace a refresh token by a new one; gives that."""
        fresh = self.open_refresh(self.refresh.pop(token))
        self._rotated[token] = fresh
        return fresh

    def reused(self, token: str) -> None:
        """End what came of a refresh token that was rotated out and is used once more: one of both users has stolen it."""
        while token in self._rotated:
            token = self._rotated.pop(token)
            self.refresh.pop(token, None)

    def user_of(self, token: str, now: int) -> str | None:
        """Tell whose token it is, and keep the session alive; None if unknown, revoked or expired."""
        session = self.find(token, now)
        return session.user_id if session else None

    def find(self, token: str, now: int) -> Session | None:
        """Find the session of a token, and keep it alive; None if unknown, revoked or expired."""
        session = self.living.get(token)
        if session is None:
            return None
        if now - session.used > INACTIVITY:
            del self.living[token]
            return None
        session.used = now
        return session

    def revoke(self, token: str) -> bool:
        """End a session or forget a refresh token; tells whether there was one."""
        return self.living.pop(token, None) is not None or self.refresh.pop(token, None) is not None

    def revoke_all(self) -> None:
        """End every session, as when an administrator does; refresh tokens stay."""
        self.living.clear()

    def restore(self, organization_id: str, living: dict[str, Session], refresh: dict[str, str]) -> None:
        """Take over the sessions and refresh tokens of an org that was written down."""
        self._prefix = organization_id[:SHORT]
        self.living, self.refresh = living, dict(refresh)
