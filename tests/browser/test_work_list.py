"""The work list as a person uses it: what is on the screen is what is stored, every edit shows at once, refusals are told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from fakes.on_the_page import (
    be,
    edit,
    enter_list,
    expect_stored,
    lists,
    make,
    names,
    open_as,
    open_reminder,
    panel,
    push,
    refuse,
    stored,
)
from fakes.people import ADA, BO, Api, sync_on
from playwright.sync_api import APIResponse, Page, Route, expect


def test_it_opens_on_overdue_today_and_tomorrow(page: Page, api: Api) -> None:
    """S5: overdue above, then today, then tomorrow; later ones are in other lists."""
    for name, due in (("Late", "2026-11-20"), ("Now", "2026-11-22"), ("Next", "2026-11-23"), ("Far", "2026-12-24")):
        make(api, name, due)
    make(api, "Undated", None)
    open_as(page)
    expect(page.locator(".section-head")).to_contain_text(["Overdue", "Today", "Tomorrow"])
    expect(names(page)).to_have_text(["Late", "Now", "Next"])
    for tab, name in (("Upcoming", "Far"), ("No date", "Undated"), ("Overdue", "Late")):
        lists(page, tab)
        expect(names(page)).to_have_text([name])


def test_what_people_type_never_becomes_markup(page: Page, api: Api) -> None:
    """Names, details and names of people come from strangers; the `page` fixture fails on any dialog."""
    evil = "<img src=x onerror=alert(1)>"
    reminder_id = make(api, evil, details="<script>alert(2)</script>", call_reason="</li><b>x")
    edit(api, reminder_id, due="2026-11-23")
    open_as(page)
    expect(names(page)).to_have_text([evil])
    open_reminder(page, evil)
    expect(panel(page).get_by_label("Name")).to_have_value(evil)
    expect(panel(page).get_by_label("Details")).to_have_value("<script>alert(2)</script>")
    assert page.locator("main img, main script, .panel img, .panel script").count() == 0


def test_a_reminder_is_created_with_the_keyboard_alone(page: Page, api: Api) -> None:
    """C1: n, the name, Enter."""
    open_as(page)
    expect(page.get_by_text("Nothing is due today or tomorrow.")).to_be_visible()
    page.keyboard.press("n")
    expect(page.get_by_label("Name")).to_be_focused()
    page.keyboard.type("Call Nina")
    page.keyboard.press("Enter")
    expect(names(page)).to_have_text(["Call Nina"])
    (item,) = api("GET", "/api/reminders").json["items"]
    assert (item["name"], item["due"], item["assignee"]) == ("Call Nina", "2026-11-22", BO)


def test_a_create_whose_answer_is_lost_makes_one_reminder(page: Page, api: Api) -> None:
    """Never: pressing Create again after a lost answer sends the same key, so there are not two."""
    open_as(page)
    lost: list[APIResponse] = []

    def lose(route: Route) -> None:
        if route.request.method == "POST" and not lost:
            lost.append(route.fetch())  # the server made it; the answer never arrives
            route.abort()
        else:
            route.fallback()

    page.route("**/api/reminders", lose)
    page.get_by_role("button", name="New reminder").click()
    page.get_by_label("Name").fill("Once")
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_text("The server does not answer.").first).to_be_visible()
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("button", name="Create")).to_have_count(0)
    assert [item["name"] for item in api("GET", "/api/reminders").json["items"]] == ["Once"]


def test_what_was_chosen_for_a_new_one_stays_when_the_form_is_drawn_again(page: Page, api: Api) -> None:
    """C1: the day among it; a refused Create takes nothing of what one entered."""
    open_as(page)
    page.get_by_role("button", name="New reminder").click()
    form = page.get_by_role("form", name="New reminder")
    form.get_by_label("Due").fill("2026-11-23")
    form.get_by_label("Type").select_option("Call")
    form.get_by_role("button", name="Create").click()
    expect(form.get_by_role("alert")).to_be_visible()
    form.get_by_label("Name").fill("Call Nina")
    form.get_by_role("button", name="Create").click()
    expect(form).to_have_count(0)
    (made,) = api("GET", "/api/reminders").json["items"]
    assert (made["name"], made["due"], made["type"]) == ("Call Nina", "2026-11-23", "Call")


def test_a_day_is_worked_through_with_one_key_each(page: Page, api: Api) -> None:
    """C1: c completes the row one is on and steps to the next; u takes the last one back."""
    ids = [make(api, name) for name in ("One", "Two", "Three")]
    open_as(page)
    expect(names(page)).to_have_count(3)
    enter_list(page)
    first = page.locator(".row.is-here .row-name").inner_text()
    page.keyboard.press("c")
    expect(names(page)).to_have_count(2)
    page.keyboard.press("c")
    expect(names(page)).to_have_count(1)
    expect(page.locator(".day")).to_contain_text("2 of 3 done today")
    page.keyboard.press("u")
    expect(names(page)).to_have_count(2)
    expect(names(page).filter(has_text=first)).to_have_count(0)
    completed = next(one for one in ids if stored(api, one)["name"] == first)
    expect_stored(page, api, [completed], status="Complete", version=2)
    expect_stored(page, api, [one for one in ids if one != completed], status="Open")


def test_keys_quicker_than_frames_leave_the_cursor_where_they_ended(page: Page, api: Api) -> None:
    """C1: five steps within one frame, as a held key or a slow machine makes them; the focus must not call the cursor back."""
    for number in range(8):
        make(api, f"Number {number}")
    open_as(page)
    enter_list(page)
    page.evaluate("""() => { for (let n = 0; n < 5; n += 1) document.activeElement.dispatchEvent(
        new KeyboardEvent("keydown", { key: "ArrowDown", bubbles: true })); }""")
    expect(page.locator('.row.is-here[aria-posinset="6"] .row-name')).to_be_focused()
    moved = page.evaluate("""async () => { let moved = 0;
        document.addEventListener("focusin", () => (moved += 1));
        for (let n = 0; n < 30; n += 1) await new Promise(requestAnimationFrame);
        return moved; }""")
    assert moved == 0


def test_completed_by_a_click_and_taken_back_with_undo(page: Page, api: Api) -> None:
    """C1: it leaves the list at once, and comes back by one click."""
    reminder_id = make(api, "Call Nina")
    open_as(page)
    page.get_by_role("button", name="Complete: Call Nina").click()
    expect(names(page)).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(names(page)).to_have_text(["Call Nina"])
    expect_stored(page, api, [reminder_id], status="Open", version=3)


def test_renamed_where_it_stands(page: Page, api: Api) -> None:
    """C1: e, another name, Enter; Escape leaves everything as it was."""
    reminder_id = make(api, "Call Nina")
    open_as(page)
    enter_list(page)
    for key, wanted in (("Escape", "Call Nina"), ("Enter", "Call Kim")):
        page.keyboard.press("e")
        expect(page.get_by_label("Name")).to_be_focused()
        page.get_by_label("Name").fill("Call Kim")
        page.keyboard.press(key)
        expect(names(page)).to_have_text([wanted])
    expect(page.locator(".is-busy")).to_have_count(0)
    expect_stored(page, api, [reminder_id], name="Call Kim")


def test_what_is_typed_over_a_name_stays_when_the_row_is_drawn_again(page: Page, api: Api) -> None:
    """C1, C5: what changes elsewhere in another field shows meanwhile, and takes nothing of what one types."""
    reminder_id = make(api, "Call Nina")
    open_as(page)
    enter_list(page)
    page.keyboard.press("e")
    page.get_by_label("Name").fill("Call Kim")
    edit(api, reminder_id, priority="High")
    expect(page.locator(".row-high")).to_be_visible()
    expect(page.get_by_label("Name")).to_have_value("Call Kim")
    page.keyboard.press("Enter")
    expect(names(page)).to_have_text(["Call Kim"])
    expect_stored(page, api, [reminder_id], name="Call Kim", priority="High")
    expect(page.locator(".refusal")).to_have_count(0)


@pytest.mark.parametrize("moves", ["moveBefore", "insertBefore"])
@pytest.mark.parametrize(
    "elsewhere", [{"priority": "High"}, {"due": "2026-11-23"}], ids=["in its day", "to another day"]
)
def test_one_types_on_when_the_row_moves(page: Page, api: Api, elsewhere: dict[str, Any], moves: str) -> None:
    """C1, C5: what comes into the list meanwhile takes neither what was typed nor the keys that follow, which would do things to the list."""
    ids = {name: make(api, name) for name in ("One", "Two", "Three")}
    if moves == "insertBefore":  # as in browsers that have nothing else: it takes the focus away
        page.add_init_script("delete Element.prototype.moveBefore")
    open_as(page)
    enter_list(page)
    page.keyboard.press("End")
    expect(page.locator('.row.is-here[aria-posinset="3"]')).to_have_count(1)
    moved = ids.pop(page.locator(".row.is-here .row-name").inner_text())
    page.keyboard.press("e")
    page.keyboard.type("Call K")
    edit(api, moved, **elsewhere)
    row = page.locator(f'[data-id="{moved}"]')
    expect(row).to_have_attribute("aria-posinset", "1")
    page.keyboard.type("im")
    page.keyboard.press("Enter")
    expect(row.locator(".row-name")).to_have_text("Call Kim")
    expect_stored(page, api, [moved], name="Call Kim", **elsewhere)
    assert [stored(api, each)["version"] for each in ids.values()] == [1, 1]


def test_what_one_typed_is_kept_when_the_row_leaves_the_list(page: Page, api: Api) -> None:
    """C1, C5: somebody else completed it; the name as far as it was typed is told beside that, and saved if one says so."""
    reminder_id = make(api, "Call Nina")
    open_as(page)
    enter_list(page)
    page.keyboard.press("e")
    page.get_by_label("Name").fill("Call Kim")
    edit(api, reminder_id, status="Complete")
    refusal = page.locator(".refusal")
    expect(refusal).to_contain_text("Status: Open → Complete")
    refusal.get_by_role("button", name="Do it anyway").click()
    expect_stored(page, api, [reminder_id], name="Call Kim", status="Complete")


def test_a_name_that_changed_while_one_typed_another_is_not_overwritten(page: Page, api: Api) -> None:
    """C5: an edit goes out on the name that one saw as one began to type."""
    reminder_id = make(api, "Call Nina")
    open_as(page)
    enter_list(page)
    page.keyboard.press("e")
    page.get_by_label("Name").fill("Mine")
    edit(api, reminder_id, name="Theirs", priority="High")
    expect(page.locator(".row-high")).to_be_visible()
    page.keyboard.press("Enter")
    refusal = page.locator(".refusal")
    expect(refusal).to_contain_text("Name: Call Nina → Theirs")
    assert stored(api, reminder_id)["name"] == "Theirs"
    refusal.get_by_role("button", name="Do it anyway").click()
    expect_stored(page, api, [reminder_id], name="Mine")


def test_another_day_by_key_and_by_drag(page: Page, api: Api) -> None:
    """C1, F4: m makes it tomorrow's, d and a number another day's, and dropped on a section it is that day's."""
    reminder_id = make(api, "Call Nina")
    make(api, "Stays", "2026-11-23")
    open_as(page)
    enter_list(page)
    page.keyboard.press("m")
    expect(page.locator(".section-head")).to_contain_text(["Tomorrow"])
    page.keyboard.press("d")
    page.keyboard.press("1")
    expect(page.locator(".section-head")).to_contain_text(["Today", "Tomorrow"])
    page.locator(f'[data-id="{reminder_id}"]').drag_to(page.locator(".section", has_text="Stays"))
    expect(page.locator(".section-head")).to_contain_text(["Tomorrow"])
    expect(page.locator(".is-busy")).to_have_count(0)
    expect_stored(page, api, [reminder_id], due="2026-11-23")


def test_several_at_once_and_all_taken_back(page: Page, api: Api) -> None:
    """C1: what is selected is done together, told as one, and undone as one."""
    ids = [make(api, name) for name in ("One", "Two", "Three")]
    open_as(page)
    expect(names(page)).to_have_count(3)
    page.keyboard.press("Control+a")
    page.get_by_role("region", name="Selection").get_by_role("button", name="Delete").click()
    expect(names(page)).to_have_count(0)
    expect(page.locator(".toast")).to_contain_text("3 deleted")
    page.get_by_role("button", name="Undo").click()
    expect(names(page)).to_have_count(3)
    expect(page.locator(".is-busy")).to_have_count(0)
    expect_stored(page, api, ids, deleted=None)


def test_deleted_ones_are_restored(page: Page, api: Api) -> None:
    """M4, M5: a delete is one key, found again under "recently deleted", and restored there."""
    reminder_id = make(api, "Call Nina")
    open_as(page)
    enter_list(page)
    page.keyboard.press("Delete")
    expect(names(page)).to_have_count(0)
    lists(page, "Recently deleted")
    page.get_by_role("button", name="Restore: Call Nina").click()
    expect(names(page)).to_have_count(0)
    lists(page, "Today and tomorrow")
    expect(names(page)).to_have_text(["Call Nina"])
    expect_stored(page, api, [reminder_id], deleted=None)


def test_search_and_filter_narrow_the_list(page: Page, api: Api) -> None:
    """C1: words anywhere in it, and by type and priority; nothing found says how to go on."""
    make(api, "Call Nina", type="Call", priority="High")
    make(api, "Write to Kim", type="Email", details="about the renewal")
    open_as(page)
    page.keyboard.press("/")
    page.keyboard.type("renewal")
    expect(names(page)).to_have_text(["Write to Kim"])
    page.get_by_role("button", name="Clear").click()
    page.get_by_role("button", name="Filter").click()
    page.get_by_label("Type").select_option("Call")
    expect(names(page)).to_have_text(["Call Nina"])
    page.get_by_label("Priority").select_option("Normal")
    expect(page.get_by_text("Nothing matches, here or in any other list.")).to_be_visible()


def test_a_stale_edit_is_taken_back_and_doing_it_anyway_is_a_choice(page: Page, api: Api) -> None:
    """C5: what somebody else wrote meanwhile is not overwritten unseen."""
    reminder_id = make(api, "Call Nina")
    open_as(page)
    expect(names(page)).to_have_count(1)
    page.route("**/api/reminders?**", lambda route: route.abort())  # this list learns nothing new
    edit(api, reminder_id, name="Theirs", priority="High")
    page.get_by_role("button", name="Complete: Call Nina").click()
    expect(page.locator(".refusal")).to_contain_text("Not saved: Call Nina")
    expect(page.locator(".changes li")).to_have_text(["Name: Call Nina → Theirs", "Priority: Normal → High"])
    expect(names(page)).to_have_text(["Theirs"])
    assert stored(api, reminder_id)["status"] == "Open"
    with page.expect_response(lambda answer: answer.request.method == "PATCH"):
        page.get_by_role("button", name="Do it anyway").click()
    expect(names(page)).to_have_count(0)
    expect(page.locator(".refusal")).to_have_count(0)
    expect_stored(page, api, [reminder_id], status="Complete")


@pytest.mark.parametrize("keys", ["c", "e", "Delete"])
def test_what_only_the_sync_noted_meanwhile_is_no_reason_to_refuse(page: Page, api: Api, keys: str) -> None:
    """C5: nobody has changed what the person saw, so a second edit soon after the first, which is being sent, goes through."""
    reminder_id = make(api, "Call Nina", details="Ask for the order number")
    open_as(page)
    enter_list(page)
    page.route("**/api/reminders?**", lambda route: route.abort())  # the list has not looked again since
    push(api, reminder_id)
    page.keyboard.press(keys)
    if keys == "e":
        page.get_by_label("Name", exact=True).fill("Call Kim")
        page.keyboard.press("Enter")
    expect_stored(page, api, [reminder_id], version=4)
    expect(page.locator(".refusal")).to_have_count(0)
    changed = stored(api, reminder_id)
    assert (changed["status"] == "Complete", changed["name"] == "Call Kim", bool(changed["deleted"])) == (
        keys == "c",
        keys == "e",
        keys == "Delete",
    )


def test_details_are_not_written_over_unseen(page: Page, api: Api) -> None:
    """C5: of a reminder that was only pushed they are saved; what somebody else wrote into them beyond the list's excerpt is told first."""
    long = "x" * 200
    reminder_id = make(api, "Call Nina", details=long)
    open_as(page)
    one = open_reminder(page, "Call Nina")
    expect(one.get_by_label("Details")).to_have_value(long)
    page.route("**/api/reminders?**", lambda route: route.abort())
    push(api, reminder_id)
    one.get_by_label("Details").fill(f"{long} mine")
    one.get_by_label("Name").focus()
    expect_stored(page, api, [reminder_id], details=f"{long} mine", version=4)
    expect(page.locator(".slds-has-error")).to_have_count(0)
    edit(api, reminder_id, version=4, details=f"{long} theirs")
    one.get_by_label("Details").fill(f"{long} mine again")
    one.get_by_label("Name").focus()
    expect(page.locator(".refusal")).to_contain_text("Not saved: Call Nina")
    expect_stored(page, api, [reminder_id], details=f"{long} theirs")


def test_two_quick_edits_of_one_reminder_both_count(page: Page, api: Api) -> None:
    """C5: the second goes out on the version that the first one gave, not on the one that was on the screen."""
    reminder_id = make(api, "Call Nina")
    open_as(page)
    enter_list(page)
    page.keyboard.press("p")
    page.keyboard.press("m")
    expect(page.locator(".row-due")).to_have_text(["Tomorrow"])
    expect(page.locator(".row.is-busy")).to_have_count(0)
    expect(page.locator(".refusal")).to_have_count(0)
    expect_stored(page, api, [reminder_id], priority="High", due="2026-11-23")


def test_a_change_made_elsewhere_appears_without_reload(page: Page, api: Api) -> None:
    """C1: live within one look of two seconds, while what is being typed stays."""
    reminder_id = make(api, "Call Nina")
    make(api, "Other")
    open_as(page)
    open_reminder(page, "Other")
    panel(page).get_by_label("Details").fill("half a sen")
    edit(api, reminder_id, name="Call Kim")
    expect(page.get_by_role("button", name="Call Kim", exact=True)).to_be_visible()
    expect(panel(page).get_by_label("Details")).to_have_value("half a sen")


def test_a_server_that_does_not_answer_is_told_and_forgiven(page: Page, api: Api) -> None:
    """C5: what is shown may be old, and the page says so until the server is back; nothing refused looks saved."""
    make(api, "Call Nina")
    open_as(page)
    expect(names(page)).to_have_text(["Call Nina"])
    page.route("**/api/**", lambda route: route.abort())
    expect(page.locator(".banner")).to_contain_text("The server does not answer. What you see may be old.")
    page.get_by_role("button", name="Complete: Call Nina").click()
    expect(page.locator(".refusal")).to_contain_text("Not saved: Call Nina")
    expect(names(page)).to_have_text(["Call Nina"])
    page.unroute("**/api/**")
    page.get_by_role("button", name="Try now").click()
    expect(page.locator(".banner")).to_have_count(0)


def test_an_idle_page_costs_no_lists(page: Page, api: Api) -> None:
    """C1: watching is answered with 304 while nothing changes."""
    make(api, "Call Nina")
    open_as(page)
    expect(names(page)).to_have_text(["Call Nina"])
    for name in ("overdue", "today"):
        with page.expect_response(lambda response, name=name: f"view={name}" in response.url) as looked:  # type: ignore[misc]  # playwright leaves the lambda untyped
            pass
        assert looked.value.status == 304


def test_keys_of_one_letter_can_be_turned_off(page: Page, api: Api) -> None:
    """C1: somebody who dictates must not complete a reminder by saying a word."""
    make(api, "Call Nina")
    open_as(page)
    expect(names(page)).to_have_count(1)
    page.keyboard.press("?")
    page.get_by_label("Use keys of one letter").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("c")
    page.keyboard.press("n")
    expect(names(page)).to_have_text(["Call Nina"])
    expect(page.get_by_role("button", name="Create")).to_have_count(0)


def test_an_older_reminder_is_taken_into_the_sync(page: Page, api: Api) -> None:
    """S2: "Sync this one", with the state and its reason before and after."""
    make(api, "Older")
    sync_on(api, BO)
    open_as(page)
    expect(page.locator(".row .state")).to_contain_text("Not synced")
    open_reminder(page, "Older")
    panel(page).get_by_role("button", name="Sync this one").click()
    expect(panel(page).locator(".state")).to_contain_text("Waiting")


TOO_WIDE = """() => ["html", ".tabs", ".page", ".cause-head *"]
    .flatMap((one) => [...document.querySelectorAll(one)])
    .filter((it) => it.scrollWidth > it.clientWidth && it.clientWidth > 0 && getComputedStyle(it).display !== "inline")
    .map((it) => it.className)"""


@pytest.mark.parametrize("width", [360, 3840])
def test_nothing_is_cut_off_on_a_phone_or_a_wall(page: Page, api: Api, width: int) -> None:
    """C1: readable from 360 px to 4K: nothing sticks out, an open reminder included."""
    make(api, "A-name-without-any-blank-" * 10, details="x" * 500)
    page.set_viewport_size({"width": width, "height": 900})
    open_as(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    names(page).click()
    expect(panel(page).get_by_label("Details")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate("[...document.querySelectorAll('.panel')].every((it) => it.scrollWidth <= it.clientWidth)")


@pytest.mark.parametrize("language", ["en_US", "sv", "zh_CN"])
def test_on_a_phone_every_page_has_room_in_every_language(page: Page, api: Api, language: str) -> None:
    """C1, C4: all tabs are seen at once, and a problem's plain words come first; its code sticks out nowhere."""
    api.org.directory[ADA] = replace(api.org.directory[ADA], language=language)
    for number in range(12):
        refuse(api, make(api, f"Call {number}"))
    page.set_viewport_size({"width": 360, "height": 740})
    be(page, "Ada Admin")
    for name in ("diagnostics", "status", "settings", "today"):
        page.goto(f"/#/{name}")
        expect(page.locator(".tab .count")).to_contain_text("12")
        expect(page.locator("main h1, main .head-title").first).to_be_visible()
        assert page.evaluate(TOO_WIDE) == []
        if name == "diagnostics":
            told = page.locator(".cause-head").inner_text()
            assert told.index("FIELD_CUSTOM_VALIDATION_EXCEPTION") > len(told) / 2
