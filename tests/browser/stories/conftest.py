"""The running stack, as `make run` has it, and browsers before both of its sides. One stack for all stories.

Everybody in a story is a salesperson of their own, who has no tasks; what a story changes for the whole org it puts back.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from browser.stories.desks import Desks, Office
from local_stack import running
from playwright.sync_api import Browser

from infra.local import dynamodb as engine

HERE = Path(__file__).parent
USERS = 30
"""More than all stories need."""
SELDOM = 3600
"""Seconds between polls: in a story only what it tells of brings what no message tells."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give the story that starts the stack the time for it: the first start of all fetches DynamoDB Local."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.timeout(300))


@pytest.fixture(scope="session")
def office(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """Start the stack; at its end no process is left, and every role sufficed. Without Java a loud skip, in CI an error."""
    if reason := engine.unavailable_reason():
        if os.environ.get("CI"):
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    arguments = ("--users", str(USERS), "--tasks", "0", "--poll-interval", str(SELDOM))
    with running(tmp_path_factory.mktemp("stories"), *arguments) as stack:
        document = stack.document()
        with httpx.Client(base_url=document["org"], timeout=30) as control:
            yield Office(document, control)


@pytest.fixture
def desks(office: Office, browser: Browser) -> Iterator[Desks]:
    """Give people and their browsers; a script error or a breach of the content policy in any of them fails the story."""
    with Desks(office, browser) as these:
        yield these
    assert these.faults == []
