"""Which of DynamoDB's refusals mean "stale, read again", and which must be heard."""

from __future__ import annotations

import pytest
from pynamodb.exceptions import CancellationReason, TransactWriteError, VerboseClientError

from reminders.ledger.tables import _refused


@pytest.mark.parametrize(
    ("codes", "stale"),
    [
        (["ConditionalCheckFailed"], True),
        (["TransactionConflict"], True),
        (["ThrottlingError"], False),
        (["ConditionalCheckFailed", "ProvisionedThroughputExceeded"], False),
        ([], False),
    ],
    ids=str,
)
def test_a_cancelled_transaction_is_stale_only_for_a_condition_or_a_conflict(codes: list[str], *, stale: bool) -> None:
    """Throttling taken for staleness would make callers read and try again at once, just when they should not."""
    reasons = [None, *(CancellationReason(code) for code in codes)]
    cause = VerboseClientError(
        {"Error": {"Code": "TransactionCanceledException"}}, "TransactWriteItems", cancellation_reasons=reasons
    )
    assert _refused(TransactWriteError("cancelled", cause)) is stale
