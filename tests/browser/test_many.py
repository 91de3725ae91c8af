"""A long list: as much in the document as one sees, and every key works as in a short one."""

from __future__ import annotations

from datetime import timedelta

from fakes.on_the_page import enter_list, lists, names, open_as
from fakes.people import BO, NOW, Api
from playwright.sync_api import Page, expect

from reminders.core.reminder import Record, Reminder, Values

MANY = 600
DRAWN = 60
"""Rows in the document at most: some 15 in sight, and a dozen above and below."""


def test_hundreds_are_drawn_as_dozens_and_answer_to_every_key(page: Page, api: Api) -> None:
    """C1: what is out of sight is not in the document, and yet found, reached, counted and selected."""
    due = NOW.date() + timedelta(days=3)
    records = [
        Record(
            reminder=Reminder(
                id=f"r{number:05}",
                values=Values(name=f"Number {number:05}", assignee=BO, due=due),
                created=NOW + timedelta(seconds=number),
                created_by=BO,
            )
        )
        for number in range(MANY)
    ]
    assert None not in api.ledger.save(records)
    open_as(page)
    lists(page, "All open")
    expect(page.locator(".head-title")).to_contain_text("600 reminders")
    enter_list(page)
    expect(page.get_by_role("button", name="Number 00000", exact=True)).to_be_focused()
    assert names(page).count() <= DRAWN
    page.keyboard.press("End")
    expect(page.locator(".row.is-here")).to_have_attribute("aria-posinset", "600")
    expect(page.get_by_role("button", name="Number 00599", exact=True)).to_be_focused()
    assert names(page).count() <= DRAWN
    page.keyboard.press("c")
    expect(page.locator(".head-title")).to_contain_text("599 reminders")
    expect(page.locator(".row.is-here .row-name")).to_have_text("Number 00598")
    page.keyboard.press("Control+a")
    expect(page.get_by_role("region", name="Selection")).to_contain_text("599 selected")
    assert names(page).count() <= DRAWN
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    page.keyboard.type("00432")
    expect(names(page)).to_have_text(["Number 00432"])
