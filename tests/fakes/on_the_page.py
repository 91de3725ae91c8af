"""What a person does on the page, and what is stored meanwhile: shared by the browser's tests."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from time import monotonic
from urllib.parse import quote

from fakes.dev_host import VISITOR
from fakes.people import BO, NOW, Api
from playwright.sync_api import Locator, Page, expect

from reminders.core.reminder import Record, Trouble

STORED_WITHIN = 20.0
"""Seconds."""


def be(page: Page, name: str) -> None:
    """Have the browser keep the session of this user of the directory (`dev_host`)."""
    page.context.add_cookies([{"name": VISITOR, "value": quote(name), "domain": "127.0.0.1", "path": "/auth"}])


def open_as(page: Page, name: str = "Bo Berg") -> None:
    """Open the page as somebody who is signed in."""
    be(page, name)
    page.goto("/")
    expect(page.get_by_role("heading", name="Today and tomorrow")).to_be_visible()


def make(api: Api, name: str, due: str | None = "2026-11-22", **values: str) -> str:
    """Create a reminder of Bo's behind the page's back."""
    return str(api("POST", "/api/reminders", {"name": name, "due": due, **values}).json["id"])


def stored(api: Api, reminder_id: str) -> dict[str, object]:
    """Read a reminder as it is stored."""
    return dict(api("GET", f"/api/reminders/{reminder_id}").json)


def expect_stored(page: Page, api: Api, ids: Iterable[str], **wanted: object) -> None:
    """Wait until each of these is stored with these values: the page shows what was done before it is stored."""
    ids, deadline = list(ids), monotonic() + STORED_WITHIN
    while True:
        found = [{name: stored(api, each)[name] for name in wanted} for each in ids]
        if found == [wanted] * len(ids) or monotonic() > deadline:
            break
        page.wait_for_timeout(20)  # milliseconds; the browser's requests go on meanwhile
    assert found == [wanted] * len(ids)


def edit(api: Api, reminder_id: str, version: int = 1, **values: object) -> None:
    """Change a reminder behind the page's back."""
    answer = api("PATCH", f"/api/reminders/{reminder_id}", values, headers={"If-Match": f'"{version}"'})
    assert answer.status == 200, answer.body


def names(page: Page) -> Locator:
    """Find the names in the list, in the order in which they stand."""
    return page.locator(".row-name")


def enter_list(page: Page) -> None:
    """Step onto the first row, once there is one."""
    expect(names(page).first).to_be_visible()
    page.keyboard.press("ArrowDown")
    expect(page.locator(".row.is-here")).to_have_count(1)


def panel(page: Page) -> Locator:
    """Find the reminder that is open."""
    return page.locator(".panel")


def open_reminder(page: Page, name: str) -> Locator:
    """Open a reminder of the list, and wait until all of it is there."""
    page.get_by_role("button", name=name, exact=True).click()
    expect(panel(page).get_by_label("Name")).to_be_visible()
    return panel(page)


def lists(page: Page, name: str) -> None:
    """Go to another list."""
    page.get_by_role("navigation", name="Lists").get_by_role("link", name=name).click()


def push(api: Api, reminder_id: str) -> None:
    """Have the sync note twice that it sent a reminder, as a push does: before its call and after it. No value changes."""
    for _ in range(2):
        reminder = api.ledger.reminders([reminder_id])[reminder_id]
        assert api.ledger.save([Record(reminder=replace(reminder, attempts=reminder.attempts + 1))]) != [None]


def refuse(api: Api, reminder_id: str, message: str = "No calls on Sundays") -> None:
    """Have Salesforce refuse this reminder."""
    reminder = api.ledger.reminders([reminder_id])[reminder_id]
    trouble = Trouble(code="FIELD_CUSTOM_VALIDATION_EXCEPTION", message=message, since=NOW - timedelta(hours=1))
    assert api.ledger.save([Record(reminder=replace(reminder, trouble=trouble, sponsor=BO, pending=True))]) != [None]
