"""One reminder's page: every field where it stands, saved by leaving it, and its story."""

from __future__ import annotations

from fakes.on_the_page import edit, expect_stored, make, names, open_as, open_reminder, panel, stored
from fakes.people import ADA, BO, NOW, Api
from playwright.sync_api import Page, Route, expect

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


def test_what_somebody_else_wrote_while_one_typed_is_not_overwritten(page: Page, api: Api) -> None:
    """C5: an edit goes out on what one saw as one began to type; refused, it goes out again when one says so, and not by leaving the field."""
    reminder_id = make(api, "Call Nina", details="Old")
    open_as(page)
    one = open_reminder(page, "Call Nina")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.method) if request.method == "PATCH" else None)
    one.get_by_label("Details").fill("Mine")
    edit(api, reminder_id, details="Theirs", priority="High")
    expect(one.get_by_label("Priority")).to_have_value("High")
    page.keyboard.press("Control+Enter")
    refusal = page.locator(".refusal")
    expect(refusal).to_contain_text("Details: Old → Theirs")
    refusal.get_by_role("button", name="Leave it").click()
    expect(refusal).to_have_count(0)
    assert sent == ["PATCH"]
    assert stored(api, reminder_id)["details"] == "Theirs"
    one.get_by_label("Details").press("Control+Enter")  # now one has been told of theirs
    expect_stored(page, api, [reminder_id], details="Mine")
    expect(refusal).to_have_count(0)


def test_of_details_only_what_one_saw_is_edited(page: Page, api: Api) -> None:
    """C5: the list shows the beginning of newer details before all of them are here; what is typed over the older ones is refused."""
    reminder_id = make(api, "Call Nina", details="Old")
    open_as(page)
    one = open_reminder(page, "Call Nina")
    held: list[Route] = []
    page.route(
        f"**/api/reminders/{reminder_id}",
        lambda route: held.append(route) if route.request.method == "GET" else route.continue_(),
    )
    edit(api, reminder_id, details="Theirs")
    expect(page.locator(".row-facts")).to_contain_text("Theirs")
    expect(one.get_by_label("Details")).to_have_value("Old")
    one.get_by_label("Details").fill("Mine")
    one.get_by_label("Name").focus()
    refusal = page.locator(".refusal")
    expect(refusal).to_contain_text("Details: Old → Theirs")
    assert stored(api, reminder_id)["details"] == "Theirs"
    refusal.get_by_role("button", name="Do it anyway").click()
    expect_stored(page, api, [reminder_id], details="Mine")
    for route in held:
        route.continue_()


def test_what_changes_elsewhere_in_another_field_does_not_keep_one_from_saving(page: Page, api: Api) -> None:
    """C5: seen on the page while one types, it is no conflict; and what one types on while it is being saved is saved, too."""
    reminder_id = make(api, "Call Nina", details="Old")
    open_as(page)
    one = open_reminder(page, "Call Nina")
    details = one.get_by_label("Details")
    details.fill("Mine")
    edit(api, reminder_id, priority="High")
    expect(one.get_by_label("Priority")).to_have_value("High")
    page.keyboard.press("Control+Enter")
    details.fill("Mine, and more")
    one.get_by_label("Name").focus()
    expect_stored(page, api, [reminder_id], details="Mine, and more", priority="High")
    details.fill("Mine, and more still")
    one.get_by_label("Name").focus()
    expect_stored(page, api, [reminder_id], details="Mine, and more still")
    expect(page.locator(".refusal")).to_have_count(0)


def test_what_is_open_and_in_no_list_costs_little_and_can_be_worked_with(page: Page, api: Api) -> None:
    """C1: each look at it is a 304 while nothing changes; long after it was read what one does to it is still done."""
    reminder_id = make(api, "Call Nina", "2026-12-24")
    page.clock.install()
    open_as(page)
    page.goto(f"/#/today/{reminder_id}")
    expect(panel(page).get_by_label("Name")).to_have_value("Call Nina")
    with page.expect_response(lambda answer: answer.url.endswith(reminder_id) and answer.status == 304):
        pass
    page.clock.fast_forward("00:20")  # longer than the page counts on an answer of its own
    for _ in range(2):
        with page.expect_response(lambda answer: answer.url.endswith(reminder_id)) as looked:
            pass
        assert looked.value.status == 304
    panel(page).get_by_role("button", name="Mark complete").click()
    expect_stored(page, api, [reminder_id], status="Complete")


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
