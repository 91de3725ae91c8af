"""How the JSON API says no: `{"error": {"code", "message", "field"?}}` with the right status.

400 malformed · 401 not signed in · 403 not allowed · 404 not there, or not yours · 405 no such method ·
409 two changes at the same moment · 412 stale version (with the current reminder beside the error) · 413 too large · 415 not
JSON · 422 refused, `field` says which value · 428 no If-Match · 503 Salesforce cannot be reached now.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reminders.core.edit import Refused
from reminders.core.problems import API_BUDGET_SPENT
from reminders.core.reminder import Reminder
from reminders.ports import OrgUnavailable

_PLAIN_WORDS = {
    "extra_forbidden": "There is no such field.",
    "missing": "This field is required.",
    "date_from_datetime_parsing": "There is no such date.",
}
_WHERE = {"body", "query", "header", "path"}
_LONGEST_FIELD = 100


class ApiError(Exception):
    """A refusal with its HTTP status.

    `current` is the reminder as it is now, where the caller's copy is stale; `allow` are the methods that a 405 must name.
    """

    def __init__(  # noqa: PLR0913 - an answer has these parts
        self,
        status: int,
        code: str,
        message: str,
        *,
        field: str | None = None,
        current: Reminder | None = None,
        allow: Sequence[str] = (),
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.field = field
        self.current = current
        self.allow = allow

    def body(self) -> dict[str, str]:
        """Give what goes under `error`."""
        body = {"code": self.code, "message": self.message}
        return {**body, "field": self.field} if self.field else body


def not_found() -> ApiError:
    """Answer the same for what is not there and for what is not yours, so that nobody can probe for ids (C7)."""
    return ApiError(404, "not_found", "There is no such reminder, or it is not yours.")


def stale(current: Reminder | None = None) -> ApiError:
    """Refuse a write on an older version (C5)."""
    return ApiError(412, "stale", "This was changed in the meantime. Here is how it is now.", current=current)


def refused(error: Refused) -> ApiError:
    """Turn a refused edit into its answer."""
    return ApiError(422, "refused", str(error), field=error.field)


def unavailable(error: OrgUnavailable) -> ApiError:
    """Say that Salesforce is needed for this, and cannot be used now. Nothing was changed here."""
    if error.failure.code == API_BUDGET_SPENT:
        return ApiError(503, "api_budget_spent", error.failure.message)
    return ApiError(
        503, "salesforce_unavailable", f"Salesforce cannot be reached now ({error.failure.code}). Try again."
    )


def invalid(errors: Sequence[Mapping[str, Any]]) -> ApiError:
    """Tell the first thing wrong with a request, in words (errors: pydantic's, `loc` from the request's root)."""
    first = errors[0]
    path = [str(part) for part in first["loc"] if part not in _WHERE]
    said = str(first.get("msg", "This value is not valid")).removeprefix("Value error, ")
    message = _PLAIN_WORDS.get(first["type"], f"{said}.")
    return ApiError(422, "invalid", message, field=".".join(path)[:_LONGEST_FIELD] or None)
