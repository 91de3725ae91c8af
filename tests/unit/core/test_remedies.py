"""What Diagnostics says about each code (C4)."""

from __future__ import annotations

import pytest

from reminders.core.gone import NOT_VISIBLE
from reminders.core.holds import MASS_DELETE_HELD
from reminders.core.problems import known_codes
from reminders.core.remedies import REMEDIES, remedy
from reminders.core.writes import KEEPS_CHANGING
from reminders.salesforce.rows import UNEXPECTED
from reminders.salesforce.wire import NO_ANSWER, NOT_REACHED, TIMEOUT

DOCUMENTED = [
    "INVALID_SESSION_ID",
    "REQUEST_LIMIT_EXCEEDED",
    "API_DISABLED_FOR_ORG",
    "NOT_FOUND",
    "ENTITY_IS_DELETED",
    "ENTITY_IS_ARCHIVED",
    "UNSUPPORTED_API_VERSION",
    "MALFORMED_ID",
    "MALFORMED_QUERY",
    "INVALID_FIELD",
    "INVALID_TYPE",
    "JSON_PARSER_ERROR",
    "INVALID_FIELD_FOR_INSERT_UPDATE",
    "REQUIRED_FIELD_MISSING",
    "STRING_TOO_LONG",
    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
    "FIELD_CUSTOM_VALIDATION_EXCEPTION",
    "DUPLICATE_VALUE",
    "INVALID_CROSS_REFERENCE_KEY",
    "INSUFFICIENT_ACCESS_OR_READONLY",
    "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY",
    "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
    "INACTIVE_OWNER_OR_USER",
    "OP_WITH_INVALID_USER_TYPE_EXCEPTION",
    "DELETE_FAILED",
    "STORAGE_LIMIT_EXCEEDED",
    "ENTITY_IS_LOCKED",
    "UNABLE_TO_LOCK_ROW",
    "INVALID_REPLICATION_DATE",
    "EXCEEDED_ID_LIMIT",
    "INVALID_QUERY_LOCATOR",
    "NUMBER_OUTSIDE_VALID_RANGE",
    "UNKNOWN_EXCEPTION",
    "SERVER_UNAVAILABLE",
    "INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE",
    "HTTP_410",
    "HTTP_412",
]
"""Errors of the REST API that concern tasks, as Salesforce documents them or is known to send them."""

OAUTH = [
    "invalid_grant",
    "invalid_client",
    "invalid_client_id",
    "invalid_client_credentials",
    "invalid_request",
    "invalid_scope",
    "unauthorized_client",
    "unsupported_grant_type",
    "access_denied",
    "inactive_user",
    "inactive_org",
    "rate_limit_exceeded",
    "server_error",
    "temporarily_unavailable",
]
"""Errors of the token endpoint: those of RFC 6749, and Salesforce's own."""

OURS = [
    NOT_REACHED,
    NO_ANSWER,
    TIMEOUT,
    UNEXPECTED,
    NOT_VISIBLE.code,
    KEEPS_CHANGING.code,
    MASS_DELETE_HELD,
    "INVALID_KEY",
]


@pytest.mark.parametrize("code", sorted({*DOCUMENTED, *OAUTH, *OURS, *known_codes()}))
def test_every_code_says_what_is_happening_and_what_to_do(code: str) -> None:
    """C4: nobody should have to look an error code up."""
    assert code in REMEDIES
    words = remedy(code)
    assert words.meaning.endswith(".")
    assert words.remedy.endswith(".")
    assert code not in words.meaning + words.remedy


def test_an_unknown_code_is_said_to_be_unknown() -> None:
    """C4: no invented explanation; Salesforce's own words stand beside it."""
    words = remedy("A_CODE_OF_NEXT_YEAR")
    assert "does not know (A_CODE_OF_NEXT_YEAR)" in words.meaning
    assert "Salesforce's message" in words.remedy
