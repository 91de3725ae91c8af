"""Before one is in, and when one is thrown out: each state says what it is and how to go on."""

from __future__ import annotations

from dataclasses import replace

from fakes.dev_host import serve
from fakes.on_the_page import make, names, open_as
from fakes.people import BO, Api
from playwright.sync_api import Browser, Page, expect


def test_without_local_users_it_says_that_sign_in_is_not_set_up(browser: Browser, api: Api) -> None:
    """C7: no page that seems broken where OpenID is still to come."""
    with serve(None) as address:
        page = browser.new_page(base_url=address)
        page.goto("/")
        expect(page.get_by_role("heading", name="Sign-in is not set up yet")).to_be_visible()
        page.close()


def test_the_choice_of_user_survives_a_reload_and_no_token_is_kept(page: Page, api: Api) -> None:
    """C7: the tab remembers a user name; tokens are in memory only."""
    make(api, "Call Nina")
    open_as(page)
    page.reload()
    expect(names(page)).to_have_text(["Call Nina"])
    kept = page.evaluate("JSON.stringify([{...sessionStorage}, {...localStorage}, document.cookie])")
    assert kept == '[{"reminder-sync.username":"bo@acme.test"},{},""]'
    page.get_by_role("button", name="Switch user").click()
    expect(page.get_by_role("heading", name="Who are you?")).to_be_visible()


def test_an_ended_session_says_so_and_leads_back_in(page: Page, api: Api) -> None:
    """C7: what is on the screen stays, marked as old, until one is in again."""
    make(api, "Call Nina")
    open_as(page)
    expect(names(page)).to_have_count(1)
    page.route("**/api/**", lambda route: route.fulfill(status=401, json={"message": "Unauthorized"}))
    expect(page.locator(".banner")).to_contain_text("Your session has ended.")
    expect(names(page)).to_have_text(["Call Nina"])
    page.unroute("**/api/**")
    page.get_by_role("button", name="Sign in again").click()
    expect(names(page)).to_have_text(["Call Nina"])
    expect(page.locator(".banner")).to_have_count(0)


def test_somebody_without_access_is_told_whom_to_ask(page: Page, api: Api) -> None:
    """C7: a user whom the org does not know as active gets a page that says so, and can be somebody else."""
    bo = api.org.directory[BO]
    api.org.directory[BO] = replace(bo, active=False)
    page.goto("/")
    page.get_by_role("button", name="Bo Berg").click()
    expect(page.get_by_role("heading", name="You have no access")).to_be_visible()
    page.get_by_role("button", name="Switch user").click()
    expect(page.get_by_role("heading", name="Who are you?")).to_be_visible()
