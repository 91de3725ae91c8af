"""Every implementation of a port, under the same tests."""

from __future__ import annotations

import pytest
from fakes.memory_ledger import MemoryLedger

from reminders.ledger.tables import open_ledger
from reminders.ports import Ledger


@pytest.fixture(params=["memory", "dynamodb"])
def ledger(request: pytest.FixtureRequest) -> Ledger:
    """Give an empty ledger: in memory, and on DynamoDB Local."""
    if request.param == "memory":
        return MemoryLedger()
    return open_ledger(**request.getfixturevalue("tables"))
