"""Settings: a salesperson turns sync on, off and on again; the administrator decides for the org (S1–S3, S6)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from browser.stories.desks import READ, Desks, becomes, tasks
from fakes.on_the_page import names, open_reminder, panel
from playwright.sync_api import Page, expect

from infra.local.demo.team import Json, Person

ON, OFF = "Sync with Salesforce tasks", "Do not sync to Salesforce tasks"


def make_task(person: Person, subject: str, **values: str) -> str:
    """Make a task in Salesforce, due today."""
    today = person.here("GET", "/api/me")["today"]
    return str(person.there("POST", "sobjects/Task", {"Subject": subject, "ActivityDate": today, **values})["id"])


def turn(page: Page, choice: str) -> None:
    """Choose it on the page, and save."""
    page.get_by_role("link", name="Settings").click()
    page.get_by_role("radio", name=choice).check()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("button", name="Save", exact=True)).to_be_disabled()


def test_the_first_sync_says_what_it_will_bring_and_brings_it(desks: Desks) -> None:
    """S1, S2, S4: off by default; shown before it is begun, by name and by reason; then the open tasks stand in the list."""
    mia = desks.seller(syncs=False)
    make_task(mia, "Call Nina")
    make_task(mia, "Write to Kim", Description="By Friday")
    make_task(mia, "Done already", Status="Completed")
    center = desks.center(mia, "/#/settings")
    expect(center.get_by_role("radio", name=OFF)).to_be_checked()
    center.get_by_role("radio", name=ON).check()
    expected = center.locator(".expected")
    expect(expected).to_contain_text("2 open tasks")
    expect(expected).to_contain_text("Write to Kim")
    expect(expected).to_contain_text("1 task: it is closed")
    desks.office.ask("POST", "faults", kind="slow", match=READ, seconds=3)
    center.get_by_role("button", name="Save", exact=True).click()
    expect(center.get_by_text("First sync: asking Salesforce for your tasks…")).to_be_visible()
    expect(center.get_by_text("First sync finished: 2 tasks looked at.")).to_be_visible()
    center.get_by_role("link", name="Reminders").click()
    expect(names(center)).to_have_text(["Call Nina", "Write to Kim"])
    expect(center.locator(".row .state")).to_have_text(["Synced", "Synced"])


def test_off_nothing_moves_and_on_again_both_sides_merge(desks: Desks) -> None:
    """S3: what was edited meanwhile, there and here, is on both sides after turning it on again, and nowhere before."""
    mia, ben = desks.seller(), desks.seller()
    task, his = make_task(mia, "Plan the roadshow"), make_task(ben, "Book the hotel")
    center = desks.center(mia)
    expect(center.locator(".row .state")).to_have_text(["Synced"])
    turn(center, OFF)
    expect(center.locator(".chip")).to_have_text("Sync is off")
    mia.change(task, Description="Four towns")
    center.get_by_role("link", name="Reminders").click()
    one = open_reminder(center, "Plan the roadshow")
    one.get_by_label("Priority").select_option("High")
    expect(one.locator(".line").first).to_contain_text("Edited here: Priority")
    ben.change(his, Description="Two nights")
    becomes(center, lambda: [item["excerpt"] for item in ben.listed().values()], ["Two nights"])
    ben.edit(*ben.listed(), priority="High")
    becomes(center, tasks(ben, "Priority"), [("High",)])  # what was done later, by one who syncs, has arrived
    assert tasks(mia, "Priority")() == [("Normal",)]
    expect(one.get_by_label("Details")).to_have_value("")
    turn(center, ON)
    becomes(center, tasks(mia, "Priority", "Description"), [("High", "Four towns")])
    center.get_by_role("link", name="Reminders").click()
    expect(open_reminder(center, "Plan the roadshow").get_by_label("Details")).to_have_value("Four towns")


def test_an_older_reminder_stays_here_until_it_is_chosen(desks: Desks) -> None:
    """S2: made before sync was turned on, it is not sent; "Sync this one" makes its task."""
    mia = desks.seller(syncs=False)
    center = desks.center(mia)
    center.keyboard.press("n")
    expect(center.get_by_label("Name")).to_be_focused()
    center.keyboard.type("Older")
    center.keyboard.press("Enter")
    expect(names(center)).to_have_text(["Older"])
    turn(center, ON)
    expect(center.get_by_text("First sync finished")).to_be_visible()
    center.get_by_role("link", name="Reminders").click()
    expect(names(center)).to_have_text(["Older"])  # a key pressed before the list is there is nobody's
    center.keyboard.press("n")
    expect(center.get_by_label("Name")).to_be_focused()
    center.keyboard.type("Newer")
    center.keyboard.press("Enter")
    becomes(center, tasks(mia, "Subject"), [("Newer",)])
    open_reminder(center, "Older")
    expect(panel(center).locator(".sync-box .state")).to_have_text("Not synced")
    panel(center).get_by_role("button", name="Sync this one").click()
    becomes(center, tasks(mia, "Subject"), [("Newer",), ("Older",)])
    expect(panel(center).locator(".sync-box .state")).to_have_text("Synced")


@pytest.fixture
def org_settings(desks: Desks) -> Iterator[Json]:
    """Give the org's settings as they are, and put them back, whatever the story does to them."""
    admin = desks.admin()
    before = admin.center.get("/api/settings/org").raise_for_status().json()
    yield before
    seen = admin.center.get("/api/settings/org").headers["ETag"]
    admin.here("PUT", "/api/settings/org", before, seen=seen)


def test_the_administrator_sets_the_template_and_what_open_means(desks: Desks, org_settings: Json) -> None:
    """S6, F1, F2: with a preview on real reminders and a warning where it is cut; then a salesperson's next task is as it says."""
    admin, mia = desks.admin(), desks.seller()
    admin.here("POST", "/api/reminders", {"name": "Call Nina", "campaign_name": "Spring"})
    settings, center = desks.center(admin, "/#/settings"), desks.center(mia)
    template = settings.get_by_label("Subject of a task")
    template.fill("{{sales_campaign_name}}" + "x" * 250)
    expect(settings.get_by_text("would be cut at 255 characters")).to_be_visible()
    template.fill("[{{activity_type}}] ")
    template.press("End")
    settings.get_by_role("button", name="Insert activity_subject").click()
    expect(settings.get_by_text("would be cut at 255 characters")).to_have_count(0)
    expect(settings.locator(".explain .preview").first).to_contain_text("[Custom] Call Nina")
    row = settings.locator(".map-row", has=settings.locator("#map-Open-written"))
    row.get_by_label("Written to Salesforce").select_option("In Progress")
    settings.get_by_role("button", name="Save for the org").click()
    expect(settings.get_by_text("Saved.").first).to_be_visible()

    center.keyboard.press("n")
    expect(center.get_by_label("Name")).to_be_focused()
    center.keyboard.type("Write to Kim")
    center.keyboard.press("Enter")
    becomes(center, tasks(mia, "Subject", "Status"), [("[Custom] Write to Kim", "In Progress")])
    expect(names(center)).to_have_text(["Write to Kim"])
