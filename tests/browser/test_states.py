"""Every state that a page can be in is designed: loading, empty, offline, refused, broken; each told, and each with a way on."""

from __future__ import annotations

from fakes.held_requests import hold
from fakes.on_the_page import expect_stored, make, names, open_as, panel
from fakes.people import BO, CY, Api
from playwright.sync_api import Page, expect


def test_while_it_loads_it_says_so_and_keeps_its_place(page: Page, api: Api) -> None:
    """C1: ghosts of rows, told to a screen reader, until the first answer is there."""
    make(api, "Call Nina")
    release = hold(page, "**/api/reminders?**")
    open_as(page)
    expect(page.get_by_role("main").get_by_role("status", name="Loading…")).to_be_visible()
    release()
    expect(names(page)).to_have_text(["Call Nina"])


def test_a_list_that_cannot_be_read_says_so_and_tries_again(page: Page, api: Api) -> None:
    """C5: no empty list where there is no answer; Try now brings it."""
    make(api, "Call Nina")
    page.route("**/api/reminders?**", lambda route: route.abort())
    open_as(page)
    expect(page.get_by_role("heading", name="Your reminders cannot be shown now.")).to_be_visible()
    page.unroute("**/api/reminders?**")
    page.get_by_role("button", name="Try now").click()
    expect(names(page)).to_have_text(["Call Nina"])


def test_offline_is_told_as_that_and_ends_by_itself(page: Page, api: Api) -> None:
    """C5: what is on the screen stays, marked as old; once the line is back it goes on without a click."""
    make(api, "Call Nina")
    open_as(page)
    expect(names(page)).to_have_text(["Call Nina"])
    page.context.set_offline(True)
    expect(page.locator(".banner")).to_contain_text("You are offline. What you see may be old.")
    expect(names(page)).to_have_text(["Call Nina"])
    make(api, "Made meanwhile")
    page.context.set_offline(False)
    expect(names(page)).to_have_count(2)
    expect(page.locator(".banner")).to_have_count(0)


def test_our_own_fault_is_told_in_words(page: Page, api: Api) -> None:
    """C5: a 500 without a body of ours is no blank page and no code alone."""
    make(api, "Call Nina")
    open_as(page)
    expect(names(page)).to_have_text(["Call Nina"])
    page.route("**/api/reminders?**", lambda route: route.fulfill(status=500, body="oops"))
    expect(page.locator(".banner")).to_contain_text("The server answered 500.")
    expect(names(page)).to_have_text(["Call Nina"])


def test_what_is_not_yours_is_not_shown(page: Page, api: Api) -> None:
    """C7: somebody else's reminder by its address is told as not there; settings of the org are not offered to whoever may not set them."""
    theirs = str(api("POST", "/api/reminders", {"name": "Cy's own"}, by=CY).json["id"])
    open_as(page)
    page.goto(f"/#/today/{theirs}")
    expect(panel(page).get_by_role("alert")).to_have_text("There is no such reminder, or it is not yours.")
    page.get_by_role("link", name="Settings").click()
    expect(page.get_by_role("heading", name="Your sync")).to_be_visible()
    expect(page.get_by_role("heading", name="For the whole org")).to_have_count(0)


def test_a_day_without_a_mouse(page: Page, api: Api) -> None:
    """C1: signed in, made, renamed, moved, made urgent, selected, completed, taken back, found: by keys alone, and the focus is never lost."""
    press = page.keyboard.press
    open_as(page)
    expect(page.get_by_text("Nothing is due today or tomorrow.")).to_be_visible()
    for name in ("One", "Two"):
        press("n")
        expect(page.get_by_label("Name")).to_be_focused()
        page.keyboard.type(name)
        press("Enter")
        expect(page.get_by_role("button", name=name, exact=True)).to_be_focused()
    press("e")
    expect(page.get_by_label("Name")).to_be_focused()
    page.keyboard.press("Control+a")
    page.keyboard.type("Second")
    press("Enter")
    expect(page.get_by_role("button", name="Second", exact=True)).to_be_focused()
    press("p")
    press("d")
    press("2")
    expect(page.locator(".section-head")).to_contain_text(["Today", "Tomorrow"])
    press("Shift+ArrowUp")
    expect(page.get_by_role("region", name="Selection")).to_contain_text("2 selected")
    press("c")
    expect(names(page)).to_have_count(0)
    press("u")
    expect(names(page)).to_have_text(["One", "Second"])
    expect(page.locator(".is-busy")).to_have_count(0)
    items = {item["name"]: item for item in api("GET", "/api/reminders", query={"view": "open"}).json["items"]}
    expect_stored(page, api, [items["Second"]["id"]], priority="High", due="2026-11-23")
    expect_stored(page, api, [items["One"]["id"]], status="Open")


def test_whoever_wants_less_motion_gets_none(page: Page, api: Api) -> None:
    """C1: nothing moves by itself where the system asks for less motion."""
    make(api, "Call Nina")
    page.emulate_media(reduced_motion="reduce")
    open_as(page)
    expect(names(page)).to_have_count(1)
    moving = """() => [...document.querySelectorAll("*")].filter((it) => {
        const style = getComputedStyle(it);
        const seconds = [style.transitionDuration, style.animationDuration].flatMap((text) => text.split(",").map(parseFloat));
        return seconds.some((one) => one > 0.01);
    }).length"""
    assert page.evaluate(moving) == 0
    assert api.ledger.users([BO])
