"""Sorting Salesforce's errors (O3): what each one means for us, and what a person is told.

Codes and texts: the platform's status codes (REST "Status Codes and Error Responses", SOAP "Core Data Types: StatusCode").
We branch on the error code, and on the HTTP status only where the platform documents no code.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from zlib import crc32


class Kind(StrEnum):
    """What a failure asks of us (O3)."""

    TRANSIENT = "transient"
    """Retry with back-off and jitter."""
    UNKNOWN = "unknown"
    """Like transient, but the write may have happened: its intent stays open (O2)."""
    AUTHENTICATION = "authentication"
    """Refresh the session once, then stop everything: one problem, not thousands."""
    LIMIT = "limit"
    """Wait for the API budget."""
    STALE = "stale"
    """412: the task moved since it was read. Read and merge again."""
    DELETED = "deleted"
    """The task is deleted (M6)."""
    DUPLICATE = "duplicate"
    """DUPLICATE_VALUE: the task exists already; look it up by its external id (O2)."""
    PERMANENT = "permanent"
    """A problem on this reminder alone."""


class Category(StrEnum):
    """How Diagnostics groups problems (C4)."""

    AUTHENTICATION = "authentication"
    ACCESS = "access/validation"
    INTERMITTENT = "intermittent"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """One sorted failure: Salesforce's own code and message, and what it asks of us."""

    kind: Kind
    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """A problem of the org as a whole: which run it stopped ("poll", "pull", "push"), why, since when, and when last (O3)."""

    run: str
    failure: Failure
    since: datetime
    seen: datetime


API_BUDGET_SPENT = "API_BUDGET_SPENT"
"""A code of our own: the share of the org's API calls that we may use is used up, or the org's calls nearly are (O6)."""

_KINDS: dict[str, Kind] = {
    "INVALID_SESSION_ID": Kind.AUTHENTICATION,
    "INVALID_AUTH_HEADER": Kind.AUTHENTICATION,
    "INVALID_LOGIN": Kind.AUTHENTICATION,
    "API_DISABLED_FOR_ORG": Kind.AUTHENTICATION,
    "invalid_grant": Kind.AUTHENTICATION,
    "invalid_client": Kind.AUTHENTICATION,
    "invalid_client_id": Kind.AUTHENTICATION,
    "inactive_user": Kind.AUTHENTICATION,
    "inactive_org": Kind.AUTHENTICATION,
    "REQUEST_LIMIT_EXCEEDED": Kind.LIMIT,
    API_BUDGET_SPENT: Kind.LIMIT,
    "UNABLE_TO_LOCK_ROW": Kind.TRANSIENT,
    "SERVER_UNAVAILABLE": Kind.TRANSIENT,
    "INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE": Kind.TRANSIENT,
    "QUERY_TIMEOUT": Kind.TRANSIENT,
    "REQUEST_RUNNING_TOO_LONG": Kind.TRANSIENT,
    "INVALID_QUERY_LOCATOR": Kind.TRANSIENT,  # a page of a query that expired: asking anew helps
    "UNKNOWN_EXCEPTION": Kind.TRANSIENT,
    "ALL_OR_NONE_OPERATION_ROLLED_BACK": Kind.TRANSIENT,
    "PROCESSING_HALTED": Kind.TRANSIENT,
    "ENTITY_IS_DELETED": Kind.DELETED,
    "DUPLICATE_VALUE": Kind.DUPLICATE,
    "ENTITY_FAILED_IFLASTMODIFIED_ON_UPDATE": Kind.STALE,
    "ENTITY_FAILED_IFLASTMODIFIED_ON_UPDATE_CHECK": Kind.STALE,
}

PRECONDITION_FAILED = 412

_STATUSES: dict[int, Kind] = {
    401: Kind.AUTHENTICATION,
    500: Kind.TRANSIENT,
    502: Kind.TRANSIENT,
    503: Kind.TRANSIENT,
    504: Kind.TRANSIENT,
}

_CATEGORIES: dict[Kind, Category] = {
    Kind.AUTHENTICATION: Category.AUTHENTICATION,
    Kind.PERMANENT: Category.ACCESS,
    Kind.TRANSIENT: Category.INTERMITTENT,
    Kind.UNKNOWN: Category.INTERMITTENT,
    Kind.LIMIT: Category.INTERMITTENT,
}

_SET_UP = frozenset({"NOT_FOUND", "UNSUPPORTED_API_VERSION", "FOREIGN_HOST", "TOO_MANY_PAGES"})
"""Permanent, and no record's fault: an address that is not there, and codes of our own."""

_BY_CODE = {
    "KEEPS_CHANGING": Category.OTHER,
    "MASS_DELETE_HELD": Category.OTHER,
    "STORAGE_LIMIT_EXCEEDED": Category.OTHER,
    "FOREIGN_HOST": Category.OTHER,
    "TOO_MANY_PAGES": Category.OTHER,
    "HTTP_404": Category.OTHER,
    "HTTP_410": Category.OTHER,
    "UNSUPPORTED_API_VERSION": Category.OTHER,
}
"""Permanent, but neither somebody's access nor a rule of the org."""

FIRST_RETRY = timedelta(seconds=30)
LONGEST_RETRY = timedelta(hours=1)


def sort(code: str, message: str, status: int = 400) -> Failure:
    """Sort one failure by its code; a code that we do not know, by its HTTP status; else it is permanent.

    412 is always a precondition that failed: the platform does not document the code that comes with it.
    """
    kind = Kind.STALE if status == PRECONDITION_FAILED else _KINDS.get(code) or _STATUSES.get(status, Kind.PERMANENT)
    return Failure(kind=kind, code=code or f"HTTP_{status}", message=message)


def may_be_content(failure: Failure) -> bool:
    """Tell whether a call refused as a whole may be at fault for what it held, rather than the org or our set-up."""
    return failure.kind is Kind.PERMANENT and not failure.code.startswith("HTTP_") and failure.code not in _SET_UP


def category(kind: Kind) -> Category:
    """Group a problem for Diagnostics (C4)."""
    return _CATEGORIES.get(kind, Category.OTHER)


def category_of(code: str) -> Category:
    """Group a problem of which only the code is kept (C4)."""
    return _BY_CODE.get(code) or category(sort(code, "").kind)


def known_codes() -> frozenset[str]:
    """Tell the codes that are sorted by name; Diagnostics has words for each."""
    return frozenset(_KINDS) | _SET_UP


def back_off(attempts: int, seed: str) -> timedelta:
    """Wait this long before attempt number `attempts` + 1: doubling from 30 s to an hour, spread over ±25 %.

    The spread is derived from `seed` (the reminder's id), so the pure half needs no random source and a batch that failed
    together does not return together.
    """
    longest: timedelta = min(FIRST_RETRY * (1 << min(attempts, 10)), LONGEST_RETRY)
    share = crc32(f"{seed}:{attempts}".encode()) / 2**32
    return longest * (0.75 + share / 2)
