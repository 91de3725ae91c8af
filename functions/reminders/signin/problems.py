"""What can go wrong with a sign-in: each a code that the page has words for, and a status."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Problem(StrEnum):
    """Why somebody is not in."""

    DENIED = "denied"
    """They said no at Salesforce."""

    NOT_APPROVED = "not_approved"
    """Their administrator has not let them use the app."""

    STATE_MISMATCH = "state_mismatch"
    """It was begun in another tab, or by somebody else."""

    COOKIE_GONE = "cookie_gone"
    """It took longer than ten minutes, or the browser keeps no cookies."""

    CODE_EXPIRED = "code_expired"
    """Salesforce does not take its own code any more: the address was opened twice, or late."""

    INACTIVE_USER = "inactive_user"
    OTHER_ORGANIZATION = "other_organization"

    NOT_VERIFIED = "not_verified"
    """What came is not what Salesforce would have signed for us."""

    REFUSED = "salesforce_refused"
    """Salesforce does not take us: the app is not set up as it should be."""

    DOWN = "salesforce_down"

    SIGNED_OUT = "signed_out"
    """There is no cookie of ours."""

    SESSION_ENDED = "session_ended"
    """Salesforce does not take the refresh token any more."""

    FOREIGN = "foreign_request"
    """Another site sent it."""

    @property
    def status(self) -> int:
        """The HTTP status."""
        return _STATUS[self]


_STATUS = {
    Problem.DENIED: 403,
    Problem.NOT_APPROVED: 403,
    Problem.STATE_MISMATCH: 400,
    Problem.COOKIE_GONE: 400,
    Problem.CODE_EXPIRED: 400,
    Problem.INACTIVE_USER: 403,
    Problem.OTHER_ORGANIZATION: 403,
    Problem.NOT_VERIFIED: 502,
    Problem.REFUSED: 502,
    Problem.DOWN: 503,
    Problem.SIGNED_OUT: 401,
    Problem.SESSION_ENDED: 401,
    Problem.FOREIGN: 403,
}


@dataclass(slots=True)
class SignInFailed(Exception):
    """A sign-in, or its renewal, failed. `why` is for the log: words of ours or an error code, nothing that was sent."""

    problem: Problem
    why: str = ""
