"""Sorting Salesforce's errors (O3)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reminders.core.problems import (
    FIRST_RETRY,
    LONGEST_RETRY,
    Category,
    Kind,
    back_off,
    category,
    category_of,
    known_codes,
    may_be_content,
    sort,
)

PERMANENT = [
    "NOT_FOUND",
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
    "INVALID_CROSS_REFERENCE_KEY",
    "INSUFFICIENT_ACCESS_OR_READONLY",
    "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY",
    "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
    "INACTIVE_OWNER_OR_USER",
    "OP_WITH_INVALID_USER_TYPE_EXCEPTION",
    "DELETE_FAILED",
    "STORAGE_LIMIT_EXCEEDED",
    "ENTITY_IS_LOCKED",
    "NUMBER_OUTSIDE_VALID_RANGE",
    "A_CODE_OF_NEXT_YEAR",
]


@pytest.mark.parametrize("code", PERMANENT)
def test_what_only_a_person_can_solve_is_permanent(code: str) -> None:
    """O3: retrying a validation rule, a missing field or a locked record for ever would only burn calls."""
    assert sort(code, "no").kind is Kind.PERMANENT


@pytest.mark.parametrize("status", [400, 500])
def test_a_locked_row_is_transient_in_both_shapes(status: int) -> None:
    """O3: the platform sends UNABLE_TO_LOCK_ROW as 400 and as 500; the code counts, not the status."""
    assert sort("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access", status).kind is Kind.TRANSIENT


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("SERVER_UNAVAILABLE", 503),
        ("INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE", 400),
        ("QUERY_TIMEOUT", 400),
        ("REQUEST_RUNNING_TOO_LONG", 400),
        ("UNKNOWN_EXCEPTION", 500),
        ("INVALID_QUERY_LOCATOR", 400),
        ("ALL_OR_NONE_OPERATION_ROLLED_BACK", 400),
        ("PROCESSING_HALTED", 400),
        ("", 500),
        ("", 502),
        ("", 503),
        ("", 504),
    ],
)
def test_what_passes_by_itself_is_transient(code: str, status: int) -> None:
    """O3: overload, maintenance and time-outs are tried again, not shown as somebody's problem."""
    assert sort(code, "later", status).kind is Kind.TRANSIENT


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("INVALID_SESSION_ID", 401),
        ("INVALID_AUTH_HEADER", 401),
        ("API_DISABLED_FOR_ORG", 403),
        ("INVALID_LOGIN", 400),
        ("invalid_grant", 400),
        ("invalid_client", 400),
        ("invalid_client_id", 400),
        ("inactive_user", 400),
        ("inactive_org", 400),
        ("", 401),
    ],
)
def test_a_refused_sign_in_is_one_of_authentication(code: str, status: int) -> None:
    """O3: a lost session or approval stops all pushes as one problem, not thousands."""
    assert sort(code, "who?", status).kind is Kind.AUTHENTICATION


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("REQUEST_LIMIT_EXCEEDED", 403, Kind.LIMIT),
        ("ENTITY_IS_DELETED", 404, Kind.DELETED),
        ("DUPLICATE_VALUE", 400, Kind.DUPLICATE),
        ("ENTITY_FAILED_IFLASTMODIFIED_ON_UPDATE", 400, Kind.STALE),
        ("ENTITY_FAILED_IFLASTMODIFIED_ON_UPDATE_CHECK", 400, Kind.STALE),
    ],
)
def test_codes_that_ask_for_something_of_their_own(code: str, status: int, kind: Kind) -> None:
    """O1–O3, M6: the budget is waited for, a deleted task is deleted, a duplicate is looked up, a stale one is read again."""
    assert sort(code, "", status).kind is kind


@pytest.mark.parametrize("code", ["", "UNKNOWN_EXCEPTION", "A_CODE_OF_NEXT_YEAR"])
def test_412_is_stale_whatever_the_code(code: str) -> None:
    """O1: the body of a 412 is undocumented, so its status alone must say that the task moved."""
    assert sort(code, "", 412).kind is Kind.STALE


def test_a_gone_api_version_is_permanent_and_named_by_its_status() -> None:
    """C4: Diagnostics needs a code to show where Salesforce sends none."""
    failure = sort("", "retired", 410)
    assert (failure.kind, failure.code, failure.message) == (Kind.PERMANENT, "HTTP_410", "retired")


@pytest.mark.parametrize(
    ("kind", "group"),
    [
        (Kind.AUTHENTICATION, Category.AUTHENTICATION),
        (Kind.PERMANENT, Category.ACCESS),
        (Kind.TRANSIENT, Category.INTERMITTENT),
        (Kind.UNKNOWN, Category.INTERMITTENT),
        (Kind.LIMIT, Category.INTERMITTENT),
        (Kind.STALE, Category.OTHER),
        (Kind.DELETED, Category.OTHER),
        (Kind.DUPLICATE, Category.OTHER),
    ],
)
def test_every_kind_has_its_group_in_diagnostics(kind: Kind, group: Category) -> None:
    """C4: problems are grouped by cause."""
    assert category(kind) is group


def test_back_off_doubles_and_is_bounded() -> None:
    """O3: a failing batch neither hammers the org nor is forgotten for days, however often it failed."""
    waits = [back_off(attempts, "r1") for attempts in (0, 1, 2, 3, 7, 10, 11, 1_000_000)]
    for wait, attempts in zip(waits[:4], range(4), strict=True):
        assert FIRST_RETRY * 2**attempts * 0.75 <= wait <= FIRST_RETRY * 2**attempts * 1.25
    assert all(LONGEST_RETRY * 0.75 <= wait <= LONGEST_RETRY * 1.25 for wait in waits[4:])


def test_what_failed_together_does_not_return_together() -> None:
    """O3, jitter: 200 reminders of one locked account are spread, and each by its own seed, the same every time."""
    waits = {back_off(3, f"r{number}") for number in range(200)}
    assert len(waits) > 150
    assert max(waits) - min(waits) > timedelta(seconds=60)
    assert back_off(3, "r1") == back_off(3, "r1")


@pytest.mark.parametrize(
    ("code", "status", "may_be"),
    [
        ("JSON_PARSER_ERROR", 400, True),
        ("INVALID_FIELD", 400, True),
        ("A_CODE_OF_NEXT_YEAR", 400, True),
        ("NOT_FOUND", 404, False),
        ("", 410, False),
        ("UNSUPPORTED_API_VERSION", 410, False),
        ("FOREIGN_HOST", 400, False),
        ("REQUEST_LIMIT_EXCEEDED", 403, False),
        ("SERVER_UNAVAILABLE", 503, False),
    ],
)
def test_a_call_refused_as_a_whole_is_blamed_on_a_record_only_where_one_can_be_at_fault(
    code: str, status: int, *, may_be: bool
) -> None:
    """O3: else a wrong set-up would be searched for record by record."""
    assert may_be_content(sort(code, "", status)) is may_be


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("KEEPS_CHANGING", Category.OTHER),
        ("FIELD_CUSTOM_VALIDATION_EXCEPTION", Category.ACCESS),
        ("UNABLE_TO_LOCK_ROW", Category.INTERMITTENT),
        ("invalid_grant", Category.AUTHENTICATION),
        ("NEVER_HEARD_OF", Category.ACCESS),
        ("DUPLICATE_VALUE", Category.OTHER),
        ("STORAGE_LIMIT_EXCEEDED", Category.OTHER),
    ],
)
def test_a_problem_of_which_only_the_code_is_kept_is_grouped_like_its_failure(code: str, expected: Category) -> None:
    """C4: the group that a person sees must not depend on how the code was kept."""
    assert category_of(code) is expected


def test_every_code_that_is_sorted_by_name_is_known() -> None:
    """C4: Diagnostics asks for this list to have words for each; one left out would be met without any."""
    assert {"UNABLE_TO_LOCK_ROW", "DUPLICATE_VALUE", "NOT_FOUND", "invalid_grant"} <= known_codes()
