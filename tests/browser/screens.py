"""Take the pictures of the docs: `make screens`. Each page with the same day's work, light and dark, a phone and a laptop."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

from fakes.dev_host import serve
from fakes.on_the_page import edit, make, open_as, open_reminder, refuse
from fakes.people import BO, NOW, ORG, SITE, Api, sync_on
from playwright.sync_api import Browser, Page, expect, sync_playwright

from reminders import runtime

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "screens"
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
LAPTOP, PHONE = (1280, 800), (360, 740)

DAY: tuple[tuple[str, str | None, dict[str, str]], ...] = (
    ("Send the renewal offer to Globex", "2026-11-19", {"type": "Email", "priority": "High", "details": "5 % for three years."}),
    ("Call back Kim Larsson", "2026-11-21", {"type": "Call"}),
    ("Call Nina Nordin about the pilot", "2026-11-22", {"type": "Call", "priority": "High", "campaign_name": "Winter pilot", "campaign_day": "3"}),
    ("Prepare the demo for Umbrella", "2026-11-22", {}),
    ("Connect with Ola Berg", "2026-11-22", {"type": "InMail"}),
    ("Quarterly review with Initech", "2026-11-23", {}),
    ("Plan December", "2026-12-01", {}),
    ("Read the new price list", None, {}),
)  # fmt: skip


def fill(api: Api) -> None:
    """Make a day's work: some older than the sync, some waiting, one refused, one done."""
    api("GET", "/api/me")
    made = [make(api, name, due, **values) for name, due, values in DAY[:2]]
    sync_on(api, BO)
    made += [make(api, name, due, **values) for name, due, values in DAY[2:]]
    refuse(api, make(api, "Ring Hooli on Sunday", type="Call"))
    edit(api, make(api, "Send the minutes"), status="Complete")
    for direction in ("poll", "pull", "push"):
        api.ledger.succeeded(direction, NOW)
    for n in range(0, 46, 2):
        at, lag = NOW - timedelta(minutes=30 * n), 2 + n * n % 7 + (400 if n == 16 else 0)
        api.ledger.succeeded("pull", at, lag=timedelta(seconds=lag))
        api.ledger.succeeded("push", at - timedelta(minutes=30), lag=timedelta(seconds=1 + n % 3))


@contextmanager
def opened(browser: Browser, address: str, size: tuple[int, int], *, dark: bool = False) -> Iterator[Page]:
    """Open the page in a window of this size."""
    width, height = size
    page = browser.new_page(
        base_url=address,
        viewport={"width": width, "height": height},
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce",
    )
    page.clock.set_fixed_time(NOW)
    expect.set_options(timeout=30_000)
    yield page
    page.close()


def take(page: Page, name: str) -> None:
    """Take one picture, once nothing is on its way."""
    page.wait_for_load_state("networkidle")
    expect(page.get_by_text("Loading…")).to_have_count(0)
    page.screenshot(path=FOLDER / f"{name}.png")


def main() -> None:
    """Take all of them."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    api = Api()
    environment = runtime.Environment(
        reminders_table="", links_table="", history_table="", state_table="", hints_queue_url="",
        organization_id=ORG, salesforce_url=SITE.salesforce_url, salesforce_secret="",
    )  # fmt: skip
    with (
        patch.object(runtime, "environment", lambda: environment),
        patch.object(runtime, "world", lambda: api.world),
        serve(api.org) as address,
        sync_playwright() as playwright,
    ):
        fill(api)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        with opened(browser, address, LAPTOP) as page:
            page.goto("/")
            page.get_by_role("button", name="Sign in with Salesforce").wait_for()
            take(page, "sign-in")
        with opened(browser, address, LAPTOP) as page:
            open_as(page)
            take(page, "work-list")
            open_reminder(page, "Ring Hooli on Sunday")
            take(page, "reminder")
        with opened(browser, address, LAPTOP, dark=True) as page:
            open_as(page)
            take(page, "work-list-dark")
        with opened(browser, address, PHONE) as page:
            open_as(page)
            take(page, "phone")
        with opened(browser, address, LAPTOP) as page:
            open_as(page, "Ada Admin")
            for name in ("Sync status", "Diagnostics", "Settings"):
                page.get_by_role("link", name=name).click()
                expect(page.get_by_role("heading", name=name, level=1)).to_be_visible()
                take(page, name.lower().replace(" ", "-"))
        browser.close()


if __name__ == "__main__":
    main()
