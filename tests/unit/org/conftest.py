"""An org at ten o'clock, with Ann and Bob in sales, and a way to ask it over (in-process) HTTP."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
import requests

from infra.local.org.adapter import OrgAdapter
from infra.local.org.clock import MovableClock
from infra.local.org.state import User
from infra.local.org.world import Org, make_org

TEN = datetime(2026, 11, 22, 10, 0, 0, tzinfo=UTC)
HOST = "https://example.my.salesforce.com"

Ask = Callable[..., requests.Response]


@pytest.fixture
def clock() -> MovableClock:
    """Sunday, 22 November 2026, 10:00:00 UTC, until moved."""
    return MovableClock(lambda: TEN)


@pytest.fixture
def org(clock: MovableClock) -> Org:
    """An org without tasks."""
    return make_org(now=clock.now, rng=random.Random(7))


@pytest.fixture
def ann(org: Org) -> User:
    """A salesperson in Berlin."""
    return org.add_user("ann@example.com", "Ann Lee", zone="Europe/Berlin")


@pytest.fixture
def bob(org: Org) -> User:
    """Another salesperson."""
    return org.add_user("bob@example.com", "Bob Stone")


@pytest.fixture
def session(org: Org, clock: MovableClock) -> requests.Session:
    """A session whose network is the org; waiting moves the org's clock."""
    made = requests.Session()
    made.mount("https://", OrgAdapter(org, clock.advance))
    return made


@pytest.fixture
def ask(org: Org, session: requests.Session) -> Ask:
    """Ask as a user (default: the integration user): `ask("GET", "limits", user=ann, json=…, headers=…, params=…)`."""
    tokens: dict[str, str] = {}

    def call(method: str, path: str, *, user: User | None = None, **more: object) -> requests.Response:
        user_id = (user or org.integration_user).id
        token = tokens.setdefault(user_id, org.access_token(user_id))
        given = more.pop("headers", {})
        assert isinstance(given, dict)
        headers = {"Authorization": f"Bearer {token}", **given}
        url = path if path.startswith("https://") else f"{HOST}/services/data/v66.0/{path}"
        return session.request(method, url, headers=headers, timeout=30, **more)  # type: ignore[arg-type]  # requests' own words

    return call
