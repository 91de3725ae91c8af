"""One reminder's page: every field where it stands, saved by leaving it, and its story."""

from __future__ import annotations

from fakes.on_the_page import edit, expect_stored, make, names, open_as, open_reminder, panel
from fakes.people import ADA, BO, NOW, Api
from playwright.sync_api import Page, expect

from reminders.core.reminder import Event, Line, Record, Side
from reminders.core.sayings import Said


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


def test_what_is_open_stays_live_after_it_has_left_the_list(page: Page, api: Api) -> None:
    """C1: moved to another day, completed: what happens to it then, its sync state and history included, is seen all the same."""
    reminder_id = make(api, "Call Nina")
    open_as(page)
    one = open_reminder(page, "Call Nina")
    one.get_by_label("Due").fill("2026-12-24")
    page.keyboard.press("Enter")
    expect(names(page)).to_have_count(0)
    expect_stored(page, api, [reminder_id], version=2)
    edit(api, reminder_id, version=2, due="2026-12-31", details="Later still")
    expect(one.get_by_label("Due")).to_have_value("2026-12-31")
    expect(one.get_by_label("Details")).to_have_value("Later still")
    expect(one.locator(".line")).to_have_count(3)


def test_what_is_open_and_not_ones_own_any_more_says_so(page: Page, api: Api) -> None:
    """C7: handed on by whoever made it, its values stand there no longer as if they could be edited; given back, they do."""
    reminder_id = str(
        api("POST", "/api/reminders", {"name": "Call Nina", "due": "2026-11-22", "assignee": BO}, by=ADA).json["id"]
    )
    open_as(page)
    open_reminder(page, "Call Nina")
    for version, assignee in ((1, ADA), (2, BO)):
        headers = {"If-Match": f'"{version}"'}
        assert (
            api("PATCH", f"/api/reminders/{reminder_id}", {"assignee": assignee}, by=ADA, headers=headers).status == 200
        )
        if assignee == ADA:
            expect(panel(page).get_by_role("alert")).to_have_text("There is no such reminder, or it is not yours.")
            expect(panel(page).get_by_label("Name")).to_have_count(0)
    expect(panel(page).get_by_label("Name")).to_have_value("Call Nina")


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


def test_what_each_side_held_is_told_field_by_field(page: Page, api: Api) -> None:
    """C2: of what was changed in Salesforce both sides' values, as people read them; of what was sent, what was sent."""
    reminder = api.ledger.reminders([reminder_id := make(api, "Call Nina")])[reminder_id]
    merged = Line(
        at=NOW, event=Event.MERGED, rule="M1", text=Said.CHANGED_THERE, values={"fields": "due, details"}, side=Side.SALESFORCE,
        here="due: 2026-11-22; details: (empty)", there="due: 2026-11-23; details: By phone; or by mail",
    )  # fmt: skip
    sent = Line(at=NOW, event=Event.PUSHED, rule="O1", text=Said.CREATED_THERE, side=Side.HERE, here="name: Call Nina")
    assert api.ledger.save([Record(reminder=reminder, lines=(merged, sent))]) != [None]
    open_as(page)
    one = open_reminder(page, "Call Nina")
    sides = one.locator(".line", has_text="Changed in Salesforce").locator(".sides > div")
    expect(sides.locator("dt")).to_have_text(["Here", "In Salesforce"])
    expect(sides.nth(0).locator("p")).to_have_text(["Due: Sun, Nov 22, 2026", "Details: empty"])
    expect(sides.nth(1).locator("p")).to_have_text(["Due: Mon, Nov 23, 2026", "Details: By phone; or by mail"])
    expect(one.locator(".line", has_text="Created in Salesforce").locator(".sides")).to_have_text("HereName: Call Nina")
