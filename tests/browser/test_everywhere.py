"""What reaches beyond the list on the screen: a search of everything, and one request for what is done to many."""

from __future__ import annotations

import pytest
from fakes.on_the_page import edit, expect_stored, make, names, open_as
from fakes.people import Api
from playwright.sync_api import Page, Request, Route, expect

from reminders.services import search


def test_a_search_finds_what_no_list_on_the_screen_has(page: Page, api: Api) -> None:
    """C1: later ones, completed and deleted ones, and words behind what a list shows of the details."""
    make(api, "Call Nina about the renewal")
    make(api, "Renewal of the lease", "2027-02-01")
    make(api, "Plan", "2027-03-01", details=f"{'x' * 200} the renewal at last")
    edit(api, make(api, "Renewal offer sent"), status="Complete")
    gone = make(api, "Renewal, by mistake")
    assert api("DELETE", f"/api/reminders/{gone}", headers={"If-Match": '"1"'}).status == 200
    make(api, "Nothing of that kind", "2027-03-01")
    open_as(page)
    expect(names(page)).to_have_text(["Call Nina about the renewal"])
    page.keyboard.press("/")
    page.keyboard.type("last renewal")
    expect(names(page)).to_have_text(["Plan"])
    page.get_by_label("Search all reminders").fill("RENEWAL")
    expect(names(page)).to_have_count(5)
    sections = page.locator(".section-head")
    expect(sections).to_contain_text(["Today", "Other open reminders", "Completed", "Recently deleted"])
    page.keyboard.press("Escape")
    expect(names(page)).to_have_count(1)


def test_a_search_goes_on_page_by_page(page: Page, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """C1: a page of a rare search may be empty and yet not the last; the one match behind many others is found."""
    monkeypatch.setattr(search, "LOOKED_AT", 10)
    items = [{"action": "create", "values": {"name": f"Number {n}", "due": "2027-01-01"}} for n in range(35)]
    assert api("POST", "/api/reminders/bulk", {"items": items}).status == 200
    make(api, "The needle", "2027-05-05")
    open_as(page)
    page.keyboard.press("/")
    page.keyboard.type("needle")
    expect(names(page)).to_have_text(["The needle"])


def test_what_was_found_elsewhere_is_worked_with_like_any_other(page: Page, api: Api) -> None:
    """C1: completed where it was found, shown at once among the completed ones, and taken back."""
    reminder_id = make(api, "Far away", "2027-02-01")
    open_as(page)
    page.keyboard.press("/")
    page.keyboard.type("far")
    expect(names(page)).to_have_text(["Far away"])
    page.get_by_role("button", name="Complete: Far away").click()
    expect(page.locator(".is-busy")).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(names(page)).to_have_text(["Far away"])
    expect(page.locator(".is-busy")).to_have_count(0)
    expect_stored(page, api, [reminder_id], status="Open")


def test_without_an_answer_the_search_says_that_it_is_this_list_only(page: Page, api: Api) -> None:
    """C1: what could not be searched is told, not passed off as nothing found."""
    make(api, "Call Nina")
    open_as(page)
    expect(names(page)).to_have_count(1)
    page.route("**/api/reminders?**q=**", lambda route: route.abort())
    page.keyboard.press("/")
    page.keyboard.type("nina")
    expect(page.locator(".searching")).to_contain_text("Only this list could be searched.")
    expect(names(page)).to_have_text(["Call Nina"])


def test_what_is_done_to_many_is_one_request_and_so_is_taking_it_back(page: Page, api: Api) -> None:
    """C1: thirty completed with one request, and undone with one; deleted and restored the same way."""
    items = [{"action": "create", "values": {"name": f"Number {n:02}", "due": "2026-11-22"}} for n in range(30)]
    made = api("POST", "/api/reminders/bulk", {"items": items}).json["results"]
    ids = [one["reminder"]["id"] for one in made]
    writes: list[str] = []

    def note(request: Request) -> None:
        if request.method != "GET" and "/api/" in request.url:
            writes.append(request.url.rpartition("/api/")[2])

    page.on("request", note)
    open_as(page)
    expect(page.locator(".row").first).to_be_visible()
    for key in ("c", "Delete"):
        page.keyboard.press("Control+a")
        page.keyboard.press(key)
        expect(names(page)).to_have_count(0)
        page.keyboard.press("u")
        expect(page.locator(".row").first).to_have_attribute("aria-setsize", "30")
        expect(page.locator(".is-busy")).to_have_count(0)
    assert writes == ["reminders/bulk"] * 4
    expect_stored(page, api, ids, status="Open", deleted=None)


def test_of_many_each_refused_one_is_told_and_the_others_are_done(page: Page, api: Api) -> None:
    """C5: one of three was changed by somebody else; it alone is taken back, with what it is now."""
    ids = [make(api, name) for name in ("One", "Two", "Three")]
    open_as(page)
    expect(names(page)).to_have_count(3)
    page.route("**/api/reminders?**", lambda route: route.abort())
    edit(api, ids[1], name="Theirs")
    page.keyboard.press("Control+a")
    page.keyboard.press("c")
    expect(page.locator(".refusal")).to_have_count(1)
    expect(page.locator(".refusal")).to_contain_text("Not saved: Two")
    expect(page.locator(".changes li")).to_have_text(["Name: Two → Theirs"])
    expect(names(page)).to_have_text(["Theirs"])
    with page.expect_response(lambda answer: answer.request.method == "PATCH"):
        page.get_by_role("button", name="Do it anyway").click()
    expect(names(page)).to_have_count(0)
    expect_stored(page, api, ids, status="Complete")


def test_of_many_none_is_said_to_be_saved_without_an_answer(page: Page, api: Api) -> None:
    """C5: eight refused at once come back, five told by name and the rest by number, and all can be tried again."""
    ids = [make(api, f"Number {n}") for n in range(8)]
    open_as(page)
    expect(names(page)).to_have_count(8)

    def fail(route: Route) -> None:
        route.abort()

    page.route("**/api/reminders/bulk", fail)
    page.keyboard.press("Control+a")
    expect(page.locator(".row.is-picked")).to_have_count(8)
    page.keyboard.press("c")
    expect(page.locator(".refusal")).to_have_count(6)
    expect(page.locator(".refusal").last).to_contain_text("3 more were not saved.")
    expect(names(page)).to_have_count(8)
    page.unroute("**/api/reminders/bulk", fail)
    page.get_by_role("button", name="Try all again").click()
    expect(page.locator(".refusal")).to_have_count(0)
    expect(names(page)).to_have_count(0)
    expect_stored(page, api, ids, status="Complete")
