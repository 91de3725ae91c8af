"""Signing in with Salesforce, staying in, and getting out (C7): the product's own routes, and the emulated org on another site."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from socket import create_server
from threading import Thread

import pytest
import uvicorn
from fakes.dev_host import Salesforce, serve
from fakes.on_the_page import be, make, names
from fakes.people import ORG, Api
from playwright.sync_api import Browser, BrowserContext, Page, expect

from infra.local.authorizer import Verifier
from infra.local.org.__main__ import config
from infra.local.org.apps import LONGEST_ID_TOKEN
from infra.local.org.clock import MovableClock
from infra.local.org.control import Control
from infra.local.org.outbound import Policy, Sender
from infra.local.org.server import Application
from infra.local.org.state import User
from infra.local.org.world import Org, machine_clock, make_org
from infra.local.wiring import Authorizer
from reminders import runtime
from reminders.ports import Person
from reminders.signin import cookies
from reminders.signin.provider import Client, Provider

PATIENCE = 20_000


@dataclass
class Place:
    """Where the tests are: the Command Center, the org, and two people of it."""

    center: str
    org: Org
    api: Api
    ann: User
    bob: User
    context: BrowserContext

    def page(self) -> Page:
        """Open another tab of the same browser."""
        tab = self.context.new_page()
        tab.set_default_timeout(PATIENCE)
        return tab

    def kept(self) -> dict[str, str]:
        """The cookies that the browser keeps for the Command Center, by name."""
        return {each["name"]: each["value"] for each in self.context.cookies(f"{self.center}/auth")}


@pytest.fixture
def place(browser: Browser, api: Api, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """Serve both. They are two sites, 127.0.0.1 and localhost, so that SameSite means here what it means on AWS."""
    listening = create_server(("127.0.0.1", 0))
    issuer = f"http://localhost:{listening.getsockname()[1]}"
    clock = MovableClock(machine_clock)
    org = make_org(now=clock.now, rng=random.Random(3), base=issuer)
    ann, bob = org.add_user("ann@example.com", "Ann Lee"), org.add_user("bob@example.com", "Bob Stone")
    api.org.directory = {
        each.id: Person(id=each.id, name=each.name, username=each.username, time_zone="Europe/Stockholm")
        for each in (ann, bob)
    }
    environment = replace(runtime.environment(), organization_id=org.organization_id)
    monkeypatch.setattr(runtime, "environment", lambda: environment)
    control = Control(org, clock, Sender(org.state, Policy(enabled=False), issuer), "", {})
    server = uvicorn.Server(config(Application(control)))
    thread = Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()

    def salesforce(center: str) -> Salesforce:
        org.let_people_sign_in(f"{center}/auth/callback")
        client = Client(issuer=issuer, client_id=org.consumer_key, organization_id=org.organization_id)
        return Salesforce(Provider(client), Verifier(Authorizer(issuer, (org.consumer_key,))))

    faults: list[str] = []
    with serve(api.org, salesforce) as center:
        context = browser.new_context(base_url=center, locale="en-GB", viewport={"width": 1280, "height": 800})
        expect.set_options(timeout=PATIENCE)
        context.on("weberror", lambda error: faults.append(str(error.error)))
        context.on("console", lambda line: faults.append(line.text) if "Content Security" in line.text else None)
        yield Place(center, org, api, ann, bob, context)
        context.close()
    server.should_exit = True
    thread.join(timeout=5)
    assert faults == []


def sign_in(tab: Page, name: str = "Ann Lee", at: str = "/") -> None:
    """Sign in as a person does."""
    tab.goto(at)
    tab.get_by_role("button", name="Sign in with Salesforce").click()
    tab.get_by_role("link", name=name).click()
    inside(tab)


def inside(tab: Page) -> None:
    """Wait until one is in."""
    expect(tab.get_by_role("button", name="Sign out")).to_be_visible()


def gate(tab: Page, title: str) -> None:
    """Wait until this stands before the door."""
    expect(tab.get_by_role("heading", name=title, level=1)).to_be_visible()


def reminder(place: Place, name: str) -> None:
    """Make a reminder of Ann's, due today."""
    place.api("POST", "/api/reminders", {"name": name, "due": "2026-11-22"}, by=place.ann.id, organization=ORG)


def test_in_over_a_reload_and_nothing_is_kept_that_a_script_could_read(place: Place) -> None:
    """C7: the id token is in memory only; the refresh token is in a cookie that no script sees."""
    reminder(place, "Call Nina")
    tab = place.page()
    sign_in(tab)
    expect(names(tab)).to_have_text(["Call Nina"])
    assert tab.url == f"{place.center}/"
    assert set(place.kept()) == {cookies.SESSION}
    tab.reload()
    expect(names(tab)).to_have_text(["Call Nina"])
    seen = tab.evaluate("JSON.stringify([document.cookie, {...localStorage}, {...sessionStorage}])")
    assert seen == '["",{},{}]'


def test_one_comes_back_to_what_one_looked_at(place: Place) -> None:
    """C7: a link that was sent around leads there also where one has to sign in first."""
    tab = place.page()
    sign_in(tab, at="/#/settings")
    expect(tab.get_by_role("heading", name="Settings", level=1)).to_be_visible()


def test_the_token_is_renewed_before_its_end_without_a_word(place: Place) -> None:
    """C7: nobody notices, no request is refused meanwhile, and the refresh token is another one each time."""
    place.org.oauth.app.id_token_minutes = 0.1  # six seconds
    tab = place.page()
    refused: list[str] = []
    tab.on(
        "response",
        lambda answer: refused.append(answer.url) if answer.status == 401 and "/api/" in answer.url else None,
    )
    sign_in(tab)
    before = place.kept()[cookies.SESSION]
    with tab.expect_response("**/auth/token"):
        pass
    with tab.expect_response("**/auth/token"):
        pass
    reminder(place, "Call Kim")
    expect(names(tab)).to_have_text(["Call Kim"])
    assert (refused, place.kept()[cookies.SESSION] != before) == ([], True)


def test_a_token_that_is_not_taken_is_renewed_once(place: Place) -> None:
    """C7: after a key rotation, or with a clock that is wrong, the page asks for a new one, and repeats what it sent."""
    tab = place.page()
    sign_in(tab)
    refusals = iter([True])
    tab.route(
        "**/api/reminders**",
        lambda route: route.fulfill(status=401, json={"message": "no"}) if next(refusals, False) else route.fallback(),
    )
    with tab.expect_response("**/auth/token"):
        reminder(place, "Call Kim")
    expect(names(tab)).to_have_text(["Call Kim"])
    expect(tab.locator(".banner")).to_have_count(0)


def test_an_ended_session_says_so_and_leads_back_in(place: Place) -> None:
    """C7: what is on the screen stays, marked as old, until one is in again."""
    place.org.oauth.app.id_token_minutes = 0.1
    reminder(place, "Call Nina")
    tab = place.page()
    sign_in(tab)
    expect(names(tab)).to_have_text(["Call Nina"])
    place.org.state.sessions.refresh.clear()  # as when an administrator revokes it
    expect(tab.locator(".banner")).to_contain_text("Your session has ended.")
    expect(names(tab)).to_have_text(["Call Nina"])
    assert place.kept() == {}
    place.org.oauth.app.id_token_minutes = LONGEST_ID_TOKEN
    tab.get_by_role("button", name="Sign in again").click()
    tab.get_by_role("link", name="Ann Lee").click()
    expect(names(tab)).to_have_text(["Call Nina"])
    expect(tab.locator(".banner")).to_have_count(0)


def test_signing_out_in_one_tab_signs_out_of_all(place: Place) -> None:
    """C7: a tab that was forgotten shows nothing any more; the session has ended at Salesforce, too."""
    reminder(place, "Call Nina")
    tab, other = place.page(), place.page()
    sign_in(tab)
    other.goto("/")
    expect(names(other)).to_have_text(["Call Nina"])
    copied = place.context.cookies()
    tab.get_by_role("button", name="Sign out").click()
    for each in (tab, other):
        gate(each, "You are signed out")
        expect(names(each)).to_have_count(0)
    expect(tab.get_by_role("link", name="Sign out of Salesforce, too")).to_be_visible()
    assert (place.kept(), place.org.state.sessions.refresh) == ({}, {})
    place.context.add_cookies(copied)  # type: ignore[arg-type]  # Playwright's two words for one cookie
    other.reload()
    gate(other, "Your session has ended.")
    sign_in_again = tab.get_by_role("button", name="Sign in as somebody else")
    sign_in_again.click()
    tab.get_by_role("link", name="Bob Stone").click()
    inside(tab)
    expect(tab.locator(".account-name")).to_contain_text("Bob Stone")
    inside(other)  # a tab that waits at the door comes along


def test_who_cannot_be_signed_out_is_told_so(place: Place) -> None:
    """C7: whoever leaves a browser to others must not believe to be out while the cookie is there."""
    tab = place.page()
    sign_in(tab)
    tab.route("**/auth/logout", lambda route: route.abort())
    tab.get_by_role("button", name="Sign out").click()
    gate(tab, "You are still signed in")
    tab.unroute("**/auth/logout")
    tab.get_by_role("button", name="Sign out").click()
    gate(tab, "You are signed out")


def test_somebody_else_in_another_tab_is_somebody_else_in_all(place: Place) -> None:
    """C7: a tab must not show Ann's list and write in it as Bob."""
    reminder(place, "Ann's secret")
    tab, other = place.page(), place.page()
    sign_in(tab)
    expect(names(tab)).to_have_text(["Ann's secret"])
    other.goto("/auth/login?prompt=login")
    other.get_by_role("link", name="Bob Stone").click()
    inside(other)
    expect(tab.locator(".account-name")).to_contain_text("Bob Stone")
    expect(names(tab)).to_have_count(0)


def test_a_session_that_became_somebody_elses_is_noticed_at_the_renewal(place: Place) -> None:
    """C7: where no word came from another tab (it was asleep), the token itself tells whose it is, before anything is sent with it."""
    place.org.oauth.app.id_token_minutes = 0.1  # six seconds
    reminder(place, "Ann's secret")
    tab = place.page()
    sign_in(tab)
    expect(names(tab)).to_have_text(["Ann's secret"])
    [kept] = [each for each in place.context.cookies(f"{place.center}/auth") if each["name"] == cookies.SESSION]
    place.context.add_cookies([kept | {"value": place.org.refresh_token(place.bob.id)}])  # type: ignore[list-item]  # as above
    expect(tab.locator(".account-name")).to_contain_text("Bob Stone")
    expect(names(tab)).to_have_count(0)


def test_two_reloads_at_once_do_not_end_the_session(place: Place) -> None:
    """C7: a refresh token works once, so the second page must not send the one that the first has just used up."""
    tab = place.page()
    sign_in(tab)
    place.org.faults.add("slow", match="/services/oauth2/token", seconds=1.0)
    for _ in range(2):
        with tab.expect_request("**/auth/token"):
            tab.reload(wait_until="commit")
    inside(tab)
    expect(tab.get_by_role("button", name="Sign in with Salesforce")).to_have_count(0)


def test_tabs_renew_one_after_the_other(place: Place) -> None:
    """C7: at once they would use one refresh token twice, which ends the session."""
    tabs = [place.page() for _ in range(3)]
    sign_in(tabs[0])
    place.org.faults.add("slow", match="/services/oauth2/token", seconds=0.5, times=None)
    for _ in range(2):
        for each in tabs:
            each.goto("about:blank")
        for each in tabs:
            each.evaluate("address => void setTimeout(() => location.assign(address), 200)", f"{place.center}/")
        for each in tabs:
            inside(each)


def problem(place: Place, title: str, status: int) -> Page:
    """Go through Salesforce's page as Ann, and end before the door with this title and status."""
    tab = place.page()
    tab.goto("/")
    tab.get_by_role("button", name="Sign in with Salesforce").click()
    with tab.expect_response("**/auth/callback**") as back:
        tab.get_by_role("link", name="Ann Lee").click()
    assert back.value.status == status
    gate(tab, title)
    return tab


def test_who_does_not_allow_it_is_told_what_it_is_for(place: Place) -> None:
    """C7: denied; the address is clean again, and a reload starts afresh."""
    tab = place.page()
    tab.goto("/auth/login")
    with tab.expect_response("**/auth/callback**") as back:
        tab.get_by_role("link", name="Deny").click()
    assert back.value.status == 403
    gate(tab, "You did not allow it")
    assert tab.url == f"{place.center}/"
    tab.reload()
    expect(tab.get_by_role("button", name="Sign in with Salesforce")).to_be_visible()


def test_a_user_of_another_org_is_told_so(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """C7: wrong org: nothing is kept, and one is asked who one is."""
    monkeypatch.setattr(place.org.state, "organization_id", "00D000000000001AAA")
    tab = problem(place, "This is another organisation", 403)
    assert place.kept() == {}
    tab.get_by_role("button", name="Sign in as somebody else").click()
    expect(tab).to_have_url(re.compile("prompt=login"))


def test_salesforce_down(place: Place) -> None:
    """C7: said as it is, with a way on."""
    place.org.faults.add("unavailable", match="/services/oauth2/token")
    tab = problem(place, "Salesforce does not answer", 503)
    tab.get_by_role("button", name="Sign in again").click()
    tab.get_by_role("link", name="Ann Lee").click()
    inside(tab)


def test_a_browser_that_keeps_no_cookies_is_told_so(place: Place) -> None:
    """C7: or whoever took longer than ten minutes."""
    tab = place.page()
    tab.goto("/auth/login")
    place.context.clear_cookies()
    tab.get_by_role("link", name="Ann Lee").click()
    gate(tab, "The sign-in took too long")


def test_salesforce_down_while_one_is_in_costs_nothing(place: Place) -> None:
    """C7: the token that holds is used on; only when it has ended, too, one is told."""
    place.org.oauth.app.id_token_minutes = 0.5  # its last fifth is long enough to see a list renewed
    tab = place.page()
    sign_in(tab)
    place.org.faults.add("unavailable", match="/services/oauth2/token", times=None)
    with tab.expect_response(
        lambda answer: answer.url.endswith("/auth/token") and answer.status == 503, timeout=2 * PATIENCE
    ):
        pass
    reminder(place, "Call Kim")
    expect(names(tab)).to_have_text(["Call Kim"])
    expect(tab.locator(".banner")).to_contain_text("Salesforce does not answer.")
    place.org.faults.clear()
    expect(tab.locator(".banner")).to_have_count(0)


def test_somebody_without_access_is_told_whom_to_ask(page: Page, api: Api) -> None:
    """C7: a user whom the org does not know as active gets a page that says so, and can be somebody else."""
    make(api, "Call Nina")
    for key, user in list(api.org.directory.items()):
        api.org.directory[key] = replace(user, active=False)
    api.ledger = type(api.ledger)()
    be(page, "Bo Berg")
    page.goto("/")
    gate(page, "You have no access")
    expect(page.get_by_role("button", name="Sign in as somebody else")).to_be_visible()
