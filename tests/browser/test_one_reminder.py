"""One reminder's page: every field where it stands, saved by leaving it, and its story."""

from __future__ import annotations

from fakes.on_the_page import edit, expect_stored, make, names, open_as, open_reminder, panel
from fakes.people import Api
from playwright.sync_api import Page, expect


def test_fields_are_saved_one_by_one_and_cleared(page: Page, api: Api) -> None:
    """C1, F7: leaving a field saves just that field, and an emptied one is cleared."""
    reminder_id = make(api, "Call Nina", details="old", type="Call")
    open_as(page)
    one = open_reminder(page, "Call Nina")
    one.get_by_label("Name").fill("Call Nina Nordin")
    page.keyboard.press("Enter")
    expect(names(page)).to_have_text(["Call Nina Nordin"])
    one.get_by_label("Details").fill("")
    one.get_by_label("Priority").select_option("High")
    one.get_by_label("Person").fill("nin")
    page.get_by_role("option", name="Nina Nordin").click()
    expect(one.get_by_text("Nina Nordin", exact=True)).to_be_visible()
    saved = {"details": None, "priority": "High", "type": "Call", "person": "003000000000001AAA", "version": 5}
    expect_stored(page, api, [reminder_id], **saved)


def test_a_refusal_is_shown_at_its_field_and_what_was_typed_stays(page: Page, api: Api) -> None:
    """C5, F5: the reason in words; nothing typed is lost, and the list shows what is stored."""
    make(api, "Call Nina")
    open_as(page)
    one = open_reminder(page, "Call Nina")
    one.get_by_label("Details").fill("y" * 32_001)
    one.get_by_label("Name").focus()
    expect(one.locator(".slds-has-error")).to_contain_text("Not saved.")
    expect(one.get_by_label("Details")).to_have_value("y" * 32_001)
    one.get_by_label("Name").fill(" ")
    page.keyboard.press("Enter")
    expect(one.locator(".slds-has-error").first).to_contain_text("A reminder needs a name.")
    expect(names(page)).to_have_text(["Call Nina"])


def test_the_address_leads_back_to_the_open_reminder(page: Page, api: Api) -> None:
    """C1: a reload, a link and "back" open what was open."""
    make(api, "Call Nina")
    open_as(page)
    open_reminder(page, "Call Nina")
    page.reload()
    expect(panel(page).get_by_label("Name")).to_have_value("Call Nina")
    page.go_back()
    expect(panel(page)).to_have_count(0)


def test_it_tells_what_happened_and_why(page: Page, api: Api) -> None:
    """C2: every line with its rule, and the values concerned."""
    reminder_id = make(api, "Call Nina")
    edit(api, reminder_id, due="2026-11-23")
    open_as(page)
    one = open_reminder(page, "Call Nina")
    expect(one.locator(".line")).to_have_count(2)
    expect(one.locator(".line").last).to_contain_text("Rule")
