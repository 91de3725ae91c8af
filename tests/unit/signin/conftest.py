"""An org whose app people sign in with, and somebody in it."""

from __future__ import annotations

import random
from datetime import UTC, datetime

import pytest
from fakes.visitor import CALLBACK, ISSUER

from infra.local.org.state import User
from infra.local.org.world import Org, make_org


@pytest.fixture
def org() -> Org:
    """An org that sends people back to our callback, and nowhere else."""
    made = make_org(now=lambda: datetime.now(UTC), rng=random.Random(7), base=ISSUER)
    made.let_people_sign_in(CALLBACK)
    return made


@pytest.fixture
def ann(org: Org) -> User:
    """A salesperson."""
    return org.add_user("ann@example.com", "Ann Lee")
