"""Signing in on Salesforce's own page, staying in, getting out, and who is not let in (C7); and in which language one is met (C1)."""

from __future__ import annotations

import httpx
import pytest
from browser.stories.desks import Desks, choose, sign_in
from fakes.on_the_page import names
from playwright.sync_api import Route, expect

from infra.local.demo.day import SYNC_ON
from reminders.signin import cookies


def test_signed_out_in_one_tab_one_is_out_in_all_and_at_salesforce(desks: Desks) -> None:
    """C7: the forgotten tab shows nothing any more, and a cookie that somebody copied opens nothing."""
    mia = desks.seller()
    mia.here("POST", "/api/reminders", {"name": "Call Nina", "due": mia.here("GET", "/api/me")["today"]})
    tab = desks.center(mia)
    other = tab.context.new_page()
    other.goto("/")
    expect(names(other)).to_have_text(["Call Nina"])
    copied = tab.context.cookies()
    tab.get_by_role("button", name="Sign out").click()
    for each in (tab, other):
        expect(each.get_by_role("heading", name="You are signed out")).to_be_visible()
        expect(names(each)).to_have_count(0)
    tab.context.add_cookies(copied)  # type: ignore[arg-type]  # Playwright's two words for one cookie
    other.reload()
    expect(other.get_by_role("heading", name="Your session has ended.")).to_be_visible()


def test_a_session_is_renewed_unseen_until_salesforce_ends_it(desks: Desks) -> None:
    """C7: minutes later the page still learns what is new; ended there, it says so, keeps what it shows, and leads back in."""
    mia = desks.seller()
    page = desks.context(desks.office.document["command_center"]).new_page()
    page.clock.install()
    sign_in(page, mia)
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    with page.expect_response("**/auth/token") as renewed:
        page.clock.fast_forward("09:00")
    assert renewed.value.ok
    mia.here("POST", "/api/reminders", {"name": "Call Nina", "due": mia.here("GET", "/api/me")["today"]})
    expect(names(page)).to_have_text(["Call Nina"])

    [kept] = [each["value"] for each in page.context.cookies(f"{page.url}auth") if each["name"] == cookies.SESSION]
    httpx.post(f"{desks.office.document['org']}/services/oauth2/revoke", data={"token": kept}).raise_for_status()
    page.clock.fast_forward("09:00")
    expect(page.locator(".banner")).to_contain_text("Your session has ended.")
    expect(names(page)).to_have_text(["Call Nina"])
    page.get_by_role("button", name="Sign in again").click()
    choose(page, mia)
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    expect(page.locator(".banner")).to_have_count(0)


def test_somebody_who_was_deactivated_has_no_access(desks: Desks) -> None:
    """C7: an administrator of the org is quicker than the sign-in; what one may do is said, and nothing is kept."""
    mia = desks.seller(syncs=False)
    page = desks.context(desks.office.document["command_center"]).new_page()

    def deactivated(route: Route) -> None:
        sent_back = route.fetch(max_redirects=0)
        desks.office.ask("POST", "deactivate", user_id=mia.user_id)
        route.fulfill(response=sent_back)

    page.route(f"**/services/oauth2/authorize**{mia.user_id}**", deactivated)
    try:
        sign_in(page, mia)
        expect(page.get_by_role("heading", name="You have no access")).to_be_visible()
        expect(page.get_by_role("button", name="Sign in as somebody else")).to_be_visible()
        assert cookies.SESSION not in {each["name"] for each in page.context.cookies()}
    finally:
        desks.office.ask("POST", "reactivate", user_id=mia.user_id)


@pytest.mark.parametrize(
    ("language", "lang", "heading", "create", "state"),
    [("sv", "sv", "I dag och i morgon", "Skapa", "Synkad"), ("zh_CN", "zh-CN", "今天和明天", "创建", "已同步")],
)
def test_the_page_speaks_the_language_of_the_users_salesforce(  # noqa: PLR0913, PLR0917 - what one sees, side by side
    desks: Desks, language: str, lang: str, heading: str, create: str, state: str
) -> None:
    """C1: chosen in Salesforce, never here; and what is made in it is a task like any other."""
    mia = desks.seller(syncs=False)
    scenes = desks.salesforce(desks.admin(), "/scenes")
    form = scenes.locator("form#language")
    form.get_by_label("User").select_option(mia.user_id)
    form.locator("[name=language]").select_option(language)
    form.get_by_role("button", name="Do it").click()
    expect(scenes.get_by_role("status")).to_have_text("Language of a user: done")
    mia.choose(SYNC_ON)
    center = desks.center(mia)
    expect(center.get_by_role("heading", name=heading, level=1)).to_be_visible()
    assert center.evaluate("document.documentElement.lang") == lang
    center.keyboard.press("n")
    center.keyboard.type("Call Nina")
    center.get_by_role("button", name=create, exact=True).click()
    expect(center.locator(".row .state")).to_have_text([state])
