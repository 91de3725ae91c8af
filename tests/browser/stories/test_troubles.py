"""What goes wrong, what the page says of it, and what one does about it: problems, held deletes, the status (C3, C4, M9)."""

from __future__ import annotations

import re

from browser.stories.desks import Desks, becomes, line, tasks
from fakes.on_the_page import lists, names, open_reminder
from playwright.sync_api import Page, expect

from infra.local.demo.team import Person

RULE = "FIELD_CUSTOM_VALIDATION_EXCEPTION"
WORDS = "Discounts need the manager's name."
PASSING = 20
"""Deletes that pass within an hour of somebody who has little (M9)."""


def sync_now(page: Page) -> None:
    """Ask for a sync."""
    page.get_by_role("link", name="Sync status").click()
    page.get_by_role("button", name="Sync now").click()
    expect(page.get_by_text("Asked for.").first).to_be_visible()


def test_a_rule_there_refuses_and_once_it_is_lifted_retry_writes_it(desks: Desks) -> None:
    """O3, O4, C4: in Salesforce's words and in ours, what to do; after Retry the problem is gone and the task is as the reminder."""
    mia = desks.seller()
    mia.there("POST", "sobjects/Task", {"Subject": "Offer", "ActivityDate": mia.here("GET", "/api/me")["today"]})
    center, scenes = desks.center(mia), desks.salesforce(desks.admin(), "/scenes")
    rule = scenes.locator("form#validation")
    rule.get_by_label("Where").select_option("Description")
    rule.get_by_label("contains").fill("10 % discount")
    rule.get_by_label("say").fill(WORDS)
    rule.get_by_role("button", name="Do it").click()
    expect(scenes.get_by_role("status")).to_have_text("Validation rule: done")
    try:
        open_reminder(center, "Offer").get_by_label("Details").fill("10 % discount")
        center.get_by_label("Name", exact=True).focus()
        expect(center.locator(".row .state")).to_have_text(["Problem"])
        center.get_by_role("link", name="Diagnostics").click()
        cause = center.get_by_role("region", name=RULE)
        expect(cause).to_contain_text(WORDS)
        expect(cause).to_contain_text("A validation rule of your org refuses the task")
        expect(cause).to_contain_text("What to do:")
        assert tasks(mia, "Description")() == [(None,)]
    finally:
        rule.get_by_role("button", name="Lift all").click()
    expect(scenes.locator("#now")).not_to_contain_text(WORDS)
    cause.get_by_role("button", name="Retry", exact=True).click()
    expect(center.get_by_role("heading", name="No problems.")).to_be_visible()
    becomes(center, tasks(mia, "Description"), [("10 % discount",)])


def test_sync_now_finds_what_no_message_told_of(desks: Desks) -> None:
    """C3, I3, M4: messages off, an edit and a delete in Salesforce are here once one asks; calls, and when it worked, are told."""
    mia = desks.seller()
    day = mia.here("GET", "/api/me")["today"]
    for subject in ("Call Nina", "Write to Kim"):
        mia.there("POST", "sobjects/Task", {"Subject": subject, "ActivityDate": day})
    center, org = desks.center(mia), desks.salesforce(mia)
    expect(names(center)).to_have_count(2)
    with desks.office.untold():
        org.get_by_role("button", name="Write to Kim").click()
        org.get_by_role("button", name="Delete").click()
        line(org, "Call Nina").get_by_role("button", name="Complete").click()
        expect(org.locator("#rows tr")).to_have_count(0)
        desks.office.leap(minutes=3)  # the platform drops the seconds of what a poll asks for
        expect(names(center)).to_have_count(2)
        sync_now(center)
        expect(center.get_by_label("By Reminder Sync")).to_have_attribute(
            "aria-valuetext", re.compile(r"^[1-9][\d,]* of 25,000, our share")
        )
        expect(center.locator(".tile").first).to_contain_text("ago")
        center.get_by_role("link", name="Reminders").click()
        expect(names(center)).to_have_count(0)
    lists(center, "Recently deleted")
    expect(names(center)).to_have_text(["Write to Kim"])
    lists(center, "Completed")
    expect(names(center)).to_have_text(["Call Nina"])


def fill(person: Person, count: int) -> list[str]:
    """Make so many tasks in Salesforce at once; gives their ids."""
    records = [{"attributes": {"type": "Task"}, "Subject": f"Call {number}"} for number in range(count)]
    return [str(one["id"]) for one in person.there("POST", "composite/sobjects", {"records": records})]


def test_many_deletes_there_are_held_until_the_administrator_decides(desks: Desks) -> None:
    """M9: of two people's deletes 20 go through, the others are held; one's are confirmed, the other's rejected."""
    mia, ben, admin = desks.seller(), desks.seller(), desks.admin()
    mias, bens = fill(mia, PASSING + 2), fill(ben, PASSING + 3)
    hers, his = desks.center(mia, "/#/no-date"), desks.center(ben, "/#/no-date")
    expect(hers.locator(".row").first).to_have_attribute("aria-setsize", str(len(mias)))
    expect(his.locator(".row").first).to_have_attribute("aria-setsize", str(len(bens)))
    for person, ids in ((mia, mias), (ben, bens)):
        person.there("DELETE", "composite/sobjects", ids=",".join(ids))
    desks.office.leap(minutes=3)
    office = desks.center(admin)
    sync_now(office)
    expect(names(hers)).to_have_count(2)
    expect(names(his)).to_have_count(3)
    office.get_by_role("link", name="Diagnostics").click()
    for count, verdict, sure in ((2, "Confirm deletes", "Yes, delete"), (3, "Reject deletes", "Yes, keep")):
        group = office.get_by_role("region", name="Held deletes").filter(
            has_text=f"{count} deletes made in Salesforce are held"
        )
        group.get_by_role("button", name=verdict).click()
        group.get_by_role("button", name=sure).click()
        expect(group).to_have_count(0)
    expect(names(hers)).to_have_count(0)
    expect(his.locator(".row .state")).to_have_text(["Not synced"] * 3)
