"""A real Chromium before the page, the real handler behind it, and faults that no test may cause unseen."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.dev_host import serve
from fakes.people import ORG, SITE, Api
from playwright.sync_api import Browser, Page, expect, sync_playwright
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling, Scheduling

from reminders import runtime

CHROMIUM = Path("/usr/bin/chromium")
PATIENCE = 20_000
"""Milliseconds for anything to appear; the page itself looks every two seconds."""
STORIES = "tests/browser/stories/"


class OneStack(LoadScopeScheduling):  # type: ignore[misc]  # it carries no types
    """Has one worker tell all stories, which share a stack; any other test goes wherever there is room."""

    def _split_scope(self, nodeid: str) -> str:
        return STORIES if nodeid.startswith(STORIES) else nodeid


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduling | None:
    """Stand in for `--dist loadgroup`: pytest 9.2 has taken away what pytest-xdist 3.8 marks its groups with."""
    return OneStack(config, log) if config.getoption("dist") == "loadgroup" else None


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Start Debian's Chromium once. Without it this is a loud skip, in CI an error."""
    if not CHROMIUM.exists():
        reason = f"{CHROMIUM} is not installed (apt-get install chromium)"
        if os.environ.get("CI"):
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments, timeout=30_000)
        yield chromium
        chromium.close()


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Api:
    """Give the API that the page will talk to, through the real handler."""
    client = Api()
    environment = runtime.Environment(
        reminders_table="reminders",
        links_table="links",
        history_table="history",
        state_table="state",
        hints_queue_url="queue",
        organization_id=ORG,
        salesforce_url=SITE.salesforce_url,
        salesforce_secret="secret",
    )
    monkeypatch.setattr(runtime, "environment", lambda: environment)
    monkeypatch.setattr(runtime, "world", lambda: client.world)
    return client


@pytest.fixture
def page(browser: Browser, api: Api) -> Iterator[Page]:
    """Open the page; any script error, dialog or breach of the content policy fails the test that caused it."""
    faults: list[str] = []
    with serve(api.org) as address:
        context = browser.new_context(base_url=address, locale="en-GB", viewport={"width": 1440, "height": 900})
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        expect.set_options(timeout=PATIENCE)
        page.on("pageerror", lambda error: faults.append(str(error)))
        # A dialog that is listened to blocks the page, so a script that got in shows as an error instead.
        page.add_init_script("window.alert = (text) => { throw new Error(`alert: ${text}`); };")
        page.on("console", lambda message: faults.append(message.text) if "Content Security" in message.text else None)
        yield page
        context.close()
    assert faults == []
