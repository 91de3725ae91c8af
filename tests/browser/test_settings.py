"""Settings on the page: the switch in the product's own words, and what it will do before it does it."""

from __future__ import annotations

from fakes.on_the_page import make, open_as
from fakes.people import BO, Api
from playwright.sync_api import Page, Route, expect


def test_the_sync_switch_has_the_exact_words_and_shows_progress(page: Page, api: Api) -> None:
    """S1, S2: off by default; it says what will come and what not; saving starts the first sync and shows it."""
    make(api, "Older")
    open_as(page)
    page.get_by_role("link", name="Settings").click()
    expect(page.get_by_role("radio", name="Do not sync to Salesforce tasks")).to_be_checked()
    page.get_by_role("radio", name="Sync with Salesforce tasks").check()
    expect(page.get_by_text("Stays here only:")).to_be_visible()
    page.get_by_label("First sync: import").select_option("7 days")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("asking Salesforce for your tasks")).to_be_visible()
    user = api.ledger.users([BO])[BO]
    assert user.syncs
    assert user.first_sync
    assert (user.first_sync.started - user.first_sync.since).days == 7


def test_what_is_chosen_before_the_settings_are_read_again_stays_chosen(page: Page, api: Api) -> None:
    """S1: whoever comes back to Settings sees them at once; an answer that arrives after the choice must not take it back."""
    open_as(page)
    page.get_by_role("link", name="Settings").click()
    chosen = page.get_by_role("radio", name="Sync with Salesforce tasks")
    expect(chosen).not_to_be_checked()
    page.get_by_role("link", name="Reminders").click()
    held: list[Route] = []
    page.route("**/api/settings", lambda route: held.append(route))  # noqa: PLW0108 - Playwright takes no builtin
    with page.expect_request("**/api/settings"):
        page.get_by_role("link", name="Settings").click()
    chosen.check()
    with page.expect_response("**/api/settings"):
        held[0].continue_()
    expect(page.get_by_role("button", name="Save", exact=True)).to_be_enabled()
    expect(chosen).to_be_checked()


def test_a_switch_saved_elsewhere_meanwhile_is_shown_before_it_is_changed(page: Page, api: Api) -> None:
    """C5, S1: a stale choice is refused, told, and what holds now is on the screen."""
    open_as(page)
    page.get_by_role("link", name="Settings").click()
    page.get_by_role("radio", name="Sync with Salesforce tasks").check()
    etag = api("GET", "/api/settings").headers["etag"]
    wanted = {"sync": "Sync with Salesforce tasks"}
    assert api("PUT", "/api/settings", wanted, headers={"If-Match": etag}).status == 200
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("This was changed in the meantime.")
    expect(page.get_by_role("radio", name="Sync with Salesforce tasks")).to_be_checked()
    expect(page.get_by_role("button", name="Save")).to_be_disabled()
