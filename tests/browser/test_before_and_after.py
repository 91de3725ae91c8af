"""What the API knows and the page shows: people's names, what one assigned, what is gone, what drifted, what will come, what the org has."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from fakes.on_the_page import expect_stored, lists, make, names, open_as, open_reminder, panel, stored
from fakes.people import ADA, BO, CY, NOW, Api, sync_on
from playwright.sync_api import Page, expect

from reminders.core.drift import NIGHTLY, Comparison, Drift
from reminders.core.gone import NOT_VISIBLE
from reminders.core.reminder import Record, Trouble
from reminders.core.task import Task

NINA = "003000000000001AAA"


def lose(api: Api, reminder_id: str) -> None:
    """Have the sweep find the task of this reminder gone."""
    reminder = api.ledger.reminders([reminder_id])[reminder_id]
    trouble = Trouble(code=NOT_VISIBLE.code, message=NOT_VISIBLE.message, since=NOW)
    gone = replace(reminder, trouble=trouble, sponsor=BO, task_id=f"00T{reminder_id[:15]}")
    assert api.ledger.save([Record(reminder=gone)]) != [None]


def test_people_are_shown_and_found_by_name(page: Page, api: Api) -> None:
    """C1: a reminder that came with an id shows the lead or contact, and the list is filtered by them."""
    make(api, "Call her", person=NINA)
    make(api, "Write to them", person="00Q000000000009AAA")
    open_as(page)
    expect(page.locator(".row", has_text="Call her")).to_contain_text("Nina Nordin")
    page.get_by_role("button", name="Filter").click()
    page.get_by_role("combobox", name="Person").press_sequentially("nina")
    page.get_by_role("option", name="Nina Nordin").click()
    expect(names(page)).to_have_text(["Call her"])
    page.keyboard.press("Escape")
    open_reminder(page, "Call her")
    link = panel(page).get_by_role("link", name="Person in Salesforce")
    expect(link).to_have_attribute("href", f"https://acme.my.salesforce.test/lightning/r/Contact/{NINA}/view")


def test_what_i_gave_to_others_is_a_list_of_its_own(page: Page, api: Api) -> None:
    """C1: made for somebody else, it is theirs, and still found by whoever made it, live."""
    api("GET", "/api/me", by=CY)
    sync_on(api, CY)
    make(api, "Mine")
    make(api, "For Cy", assignee=CY)
    open_as(page)
    expect(names(page)).to_have_text(["Mine"])
    lists(page, "Assigned by me")
    expect(names(page)).to_have_text(["For Cy"])
    expect(page.locator(".row")).to_contain_text("For Cy Chen")
    make(api, "For Cy, too", assignee=CY)
    expect(names(page)).to_have_count(2)
    page.get_by_role("button", name="Complete: For Cy", exact=True).click()
    expect(names(page)).to_have_text(["For Cy, too"])


def test_a_task_that_is_gone_offers_its_choices(page: Page, api: Api) -> None:
    """I5: at the reminder and in Diagnostics, each choice does what it says, and the problem goes."""
    again, keep, delete = (make(api, name) for name in ("Again", "Keep", "Delete"))
    for reminder_id in (again, keep, delete):
        lose(api, reminder_id)
    open_as(page)
    open_reminder(page, "Again")
    panel(page).get_by_role("button", name="Create again").click()
    expect(panel(page).locator(".sync-box .state")).to_have_text("Waiting")
    page.get_by_role("link", name="Diagnostics").click()
    cause = page.get_by_role("region", name="TASK_NOT_VISIBLE")
    cause.get_by_role("button", name="Keep, not synced: Keep").click()
    cause.get_by_role("button", name="Delete here: Delete").click()
    expect(page.get_by_role("heading", name="No problems.")).to_be_visible()
    expect_stored(page, api, [again], sync_state="waiting")
    expect_stored(page, api, [keep], sync_state="not synced")
    assert stored(api, delete)["deleted"]


def test_administrators_see_what_the_sweep_found(page: Page, api: Api) -> None:
    """I5: when, how much, and which fields of which reminder had been missed."""
    reminder_id = make(api, "Call Nina")
    api.ledger.note_comparison(Comparison(kind=NIGHTLY, at=NOW, why="every night", hinted=7))
    api.ledger.note_drift(
        [Drift(at=NOW, reminder_id=reminder_id, task_id="00T000000000001AAA", what=("due", "deleted"))]
    )
    open_as(page, "Ada Admin")
    page.get_by_role("link", name="Diagnostics").click()
    found = page.get_by_role("region", name="What the nightly comparison found")
    expect(found).to_contain_text("7 tasks looked at")
    expect(found).to_contain_text("1 difference, repaired")
    expect(found).to_contain_text("Due, Deleted")
    found.get_by_role("link", name="Call Nina").click()
    expect(panel(page).get_by_label("Name")).to_have_value("Call Nina")


def test_the_first_sync_is_shown_before_it_is_begun(page: Page, api: Api) -> None:
    """S2, S4: what comes by name, what not by reason; another window is looked at anew."""
    for number, hours, closed in ((1, 1, False), (2, 1, True), (3, 30, False)):
        at = NOW - timedelta(hours=hours)
        one = Task(
            id=f"00T{number:015}", owner=BO, created=at, created_by=BO, last_modified=at, last_modified_by=BO, system_modstamp=at,
            subject=f"Task {number}", due=date(2026, 11, 23), is_closed=closed, subtype="Task",
        )  # fmt: skip
        api.org.tasks[one.id] = one
    open_as(page)
    page.get_by_role("link", name="Settings").click()
    page.get_by_role("radio", name="Sync with Salesforce tasks").check()
    expected = page.locator(".expected")
    expect(expected).to_contain_text("1 open task")
    expect(expected).to_contain_text("Task 1")
    expect(expected).to_contain_text("1 task: it is closed")
    page.get_by_label("First sync: import").select_option("3 days")
    expect(expected).to_contain_text("Task 3")
    api.org.down = True
    page.get_by_label("First sync: import").select_option("7 days")
    expect(expected).to_contain_text("What it will bring cannot be shown now.")
    expect(page.get_by_role("button", name="Save")).to_be_enabled()


def test_mappings_are_chosen_from_the_orgs_own_values(page: Page, api: Api) -> None:
    """F2, S6: the values that exist, by name; what is written is not read twice."""
    open_as(page, "Ada Admin")
    page.get_by_role("link", name="Settings").click()
    row = page.locator(".map-row", has=page.locator("#map-Complete-written"))
    row.get_by_label("Written to Salesforce").select_option("Done")
    row.get_by_role("checkbox", name="Completed").check()
    page.get_by_role("button", name="Save for the org").click()
    expect(page.get_by_text("Saved.").first).to_be_visible()
    saved = api("GET", "/api/settings/org", by=ADA).json["statuses"]["Complete"]
    assert saved == {"written": "Done", "also_read": ["Completed"]}
