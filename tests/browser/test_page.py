"""The Command Center in a real browser, as a person uses it: what is on the screen is what is stored, and refusals are told."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.dev_host import serve
from fakes.people import BO, ORG, SITE, Api, sync_on
from playwright.sync_api import APIResponse, Browser, Page, Route, expect, sync_playwright

from reminders import runtime

CHROMIUM = Path("/usr/bin/chromium")
PATIENCE = 8_000
"""Milliseconds for anything to appear; the page itself looks every two seconds."""


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Start Debian's Chromium once. Without it this is a loud skip, in CI an error."""
    if not CHROMIUM.exists():
        reason = f"{CHROMIUM} is not installed (apt-get install chromium)"
        if os.environ.get("CI"):
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments, timeout=30_000)
        yield chromium
        chromium.close()


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Api:
    """Give the API that the page will talk to, through the real handler."""
    client = Api()
    environment = runtime.Environment(
        reminders_table="reminders",
        links_table="links",
        history_table="history",
        state_table="state",
        hints_queue_url="queue",
        organization_id=ORG,
        salesforce_url=SITE.salesforce_url,
        salesforce_secret="secret",
    )
    monkeypatch.setattr(runtime, "environment", lambda: environment)
    monkeypatch.setattr(runtime, "world", lambda: client.world)
    return client


@pytest.fixture
def page(browser: Browser, api: Api) -> Iterator[Page]:
    """Open the page; any script error, dialog or breach of the content policy fails the test that caused it."""
    faults: list[str] = []
    with serve(api.org) as address:
        context = browser.new_context(base_url=address, locale="en-GB", viewport={"width": 1280, "height": 900})
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        expect.set_options(timeout=PATIENCE)
        page.on("pageerror", lambda error: faults.append(str(error)))
        # A dialog that is listened to blocks the page, so a script that got in shows as an error instead.
        page.add_init_script("window.alert = (text) => { throw new Error(`alert: ${text}`); };")
        page.on("console", lambda message: faults.append(message.text) if "Content Security" in message.text else None)
        yield page
        context.close()
    assert faults == []


def open_as_bo(page: Page) -> None:
    """Sign in locally."""
    page.goto("/")
    page.get_by_role("button", name="Bo Berg").click()
    expect(page.get_by_role("heading", name="Today and tomorrow")).to_be_visible()


def make(api: Api, name: str, due: str | None = "2026-11-22", **values: str) -> str:
    """Create a reminder of Bo's behind the page's back."""
    return str(api("POST", "/api/reminders", {"name": name, "due": due, **values}).json["id"])


def stored(api: Api, reminder_id: str) -> dict[str, object]:
    """Read a reminder as it is stored."""
    return dict(api("GET", f"/api/reminders/{reminder_id}").json)


def test_it_opens_on_overdue_today_and_tomorrow(page: Page, api: Api) -> None:
    """S5: overdue above, then today, then tomorrow; later ones are in other lists."""
    for name, due in (("Late", "2026-11-20"), ("Now", "2026-11-22"), ("Next", "2026-11-23"), ("Far", "2026-12-24")):
        make(api, name, due)
    make(api, "Undated", None)
    open_as_bo(page)
    expect(page.get_by_role("heading", level=2)).to_have_text(["Overdue1", "Today1", "Tomorrow1"])
    expect(page.locator(".row-name")).to_have_text(["Late", "Now", "Next"])
    for tab, name in (("Upcoming", "Far"), ("No date", "Undated"), ("Overdue", "Late")):
        page.get_by_role("navigation").get_by_role("button", name=tab, exact=True).click()
        expect(page.locator(".row-name")).to_have_text([name])


def test_what_people_type_never_becomes_markup(page: Page, api: Api) -> None:
    """Names, details and names of people come from strangers; the `page` fixture fails on any dialog."""
    evil = "<img src=x onerror=alert(1)>"
    reminder_id = make(api, evil, details="<script>alert(2)</script>", call_reason="</li><b>x")
    api("PATCH", f"/api/reminders/{reminder_id}", {"due": "2026-11-23"}, headers={"If-Match": '"1"'})
    open_as_bo(page)
    expect(page.locator(".row-name")).to_have_text([evil])
    page.get_by_role("button", name=evil, exact=True).click()
    expect(page.get_by_label("Name")).to_have_value(evil)
    expect(page.get_by_label("Details")).to_have_value("<script>alert(2)</script>")
    assert page.locator("main img, main script").count() == 0


def test_a_reminder_is_created_with_the_keyboard_alone(page: Page, api: Api) -> None:
    """C1: n, the name, Enter."""
    open_as_bo(page)
    expect(page.get_by_text("Nothing is due today or tomorrow.")).to_be_visible()
    page.keyboard.press("n")
    page.keyboard.type("Call Nina")
    page.keyboard.press("Enter")
    expect(page.locator(".row-name")).to_have_text(["Call Nina"])
    (item,) = api("GET", "/api/reminders").json["items"]
    assert (item["name"], item["due"], item["assignee"]) == ("Call Nina", "2026-11-22", BO)


def test_a_create_whose_answer_is_lost_makes_one_reminder(page: Page, api: Api) -> None:
    """Never two: pressing Create again after a lost answer sends the same key."""
    open_as_bo(page)
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


def test_completed_at_once_and_taken_back_with_undo(page: Page, api: Api) -> None:
    """C1: it leaves the list at once, and comes back by one click."""
    reminder_id = make(api, "Call Nina")
    open_as_bo(page)
    page.get_by_role("button", name="Complete: Call Nina").click()
    expect(page.locator(".row-name")).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".row-name")).to_have_text(["Call Nina"])
    assert stored(api, reminder_id)["status"] == "Open"


def test_edited_in_place_and_cleared(page: Page, api: Api) -> None:
    """C1, F7: only what was changed is sent, and an emptied field is cleared."""
    reminder_id = make(api, "Call Nina", details="old", type="Call")
    open_as_bo(page)
    page.get_by_role("button", name="Call Nina", exact=True).click()
    page.get_by_label("Name").fill("Call Nina Nordin")
    page.get_by_label("Details").fill("")
    page.get_by_label("Priority").select_option("High")
    page.get_by_label("Person").fill("nin")
    page.get_by_role("button", name="Nina Nordin · Contact").click()
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".row-name")).to_have_text(["Call Nina Nordin"])
    now = stored(api, reminder_id)
    assert (now["details"], now["priority"], now["type"], now["version"]) == (None, "High", "Call", 2)
    assert now["person"] == "003000000000001AAA"


def test_a_refusal_is_shown_at_its_field_and_what_was_typed_stays(page: Page, api: Api) -> None:
    """C5: the reason in words; nothing typed is lost."""
    make(api, "Call Nina")
    open_as_bo(page)
    page.get_by_role("button", name="Call Nina", exact=True).click()
    page.get_by_label("Name").fill(" ")
    page.get_by_label("Details").fill("typed")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".editor .problem")).to_have_text("A reminder needs a name.")
    expect(page.get_by_label("Details")).to_have_value("typed")
    expect(page.locator(".row-name")).to_have_text(["Call Nina"])


def test_a_stale_edit_is_taken_back_and_shows_what_changed(page: Page, api: Api) -> None:
    """C5: what somebody else wrote meanwhile is not overwritten unseen, and saving again is a choice."""
    reminder_id = make(api, "Call Nina")
    open_as_bo(page)
    page.get_by_role("button", name="Call Nina", exact=True).click()
    page.get_by_label("Name").fill("Mine")
    api("PATCH", f"/api/reminders/{reminder_id}", {"name": "Theirs", "priority": "High"}, headers={"If-Match": '"1"'})
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".note li")).to_have_text(["Name: Call Nina → Theirs", "Priority: Normal → High"])
    assert stored(api, reminder_id)["name"] == "Theirs"
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".row-name")).to_have_text(["Mine"])
    now = stored(api, reminder_id)
    assert (now["name"], now["priority"], now["version"]) == ("Mine", "High", 3)


def test_deleting_asks_first_and_shows_it_under_recently_deleted(page: Page, api: Api) -> None:
    """M4, M5: the task in Salesforce goes with it, so one slip must not be enough."""
    reminder_id = make(api, "Call Nina")
    open_as_bo(page)
    page.get_by_role("button", name="Call Nina", exact=True).click()
    page.get_by_role("button", name="Delete…").click()
    assert stored(api, reminder_id)["deleted"] is None
    page.get_by_role("button", name="Yes, delete").click()
    expect(page.locator(".row-name")).to_have_count(0)
    page.get_by_role("button", name="Recently deleted").click()
    expect(page.locator(".row-name")).to_have_text(["Call Nina"])


def test_a_change_made_elsewhere_appears_without_reload(page: Page, api: Api) -> None:
    """Live: within one look of two seconds, while an open editor keeps what was typed."""
    reminder_id = make(api, "Call Nina")
    make(api, "Other")
    open_as_bo(page)
    page.get_by_role("button", name="Other", exact=True).click()
    page.get_by_label("Details").fill("half a sen")
    api("PATCH", f"/api/reminders/{reminder_id}", {"name": "Call Kim"}, headers={"If-Match": '"1"'})
    expect(page.get_by_role("button", name="Call Kim", exact=True)).to_be_visible()
    expect(page.get_by_label("Details")).to_have_value("half a sen")


def test_the_sync_switch_has_the_exact_words_and_shows_progress(page: Page, api: Api) -> None:
    """S1: off by default; saving the other choice starts the first sync and shows it."""
    make(api, "Older")
    open_as_bo(page)
    page.get_by_role("button", name="Sync settings").click()
    expect(page.get_by_role("radio", name="Do not sync to Salesforce tasks")).to_be_checked()
    page.get_by_role("radio", name="Sync with Salesforce tasks").check()
    page.get_by_label("First sync: import").select_option("7 days")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("dialog").get_by_text("asking Salesforce for your tasks")).to_be_visible()
    page.get_by_role("button", name="Close").click()
    expect(page.locator("#status")).to_contain_text("Sync is on")
    user = api.ledger.users([BO])[BO]
    assert user.syncs
    assert user.first_sync
    assert (user.first_sync.started - user.first_sync.since).days == 7


def test_an_older_reminder_is_taken_into_the_sync(page: Page, api: Api) -> None:
    """S2: "Sync this one", with the state and its reason before and after."""
    make(api, "Older")
    sync_on(api, BO)
    open_as_bo(page)
    expect(page.locator(".state")).to_contain_text("Not synced")
    page.get_by_role("button", name="Older", exact=True).click()
    page.get_by_role("button", name="Sync this one").click()
    expect(page.locator(".state")).to_contain_text("Waiting")


def test_a_server_that_does_not_answer_is_told_and_forgiven(page: Page, api: Api) -> None:
    """What is shown may be old, and the page says so until the server is back."""
    make(api, "Call Nina")
    open_as_bo(page)
    expect(page.locator(".row-name")).to_have_text(["Call Nina"])
    page.route("**/api/**", lambda route: route.abort())
    expect(page.locator(".banner")).to_contain_text("The server does not answer. What you see may be old.")
    page.get_by_role("button", name="Complete: Call Nina").click()
    expect(page.locator(".note")).to_contain_text("Not saved. The server does not answer.")
    expect(page.locator(".row-name")).to_have_text(["Call Nina"])
    page.unroute("**/api/**")
    page.get_by_role("button", name="Try now").click()
    expect(page.locator(".banner")).to_have_count(0)


def test_an_idle_page_costs_no_lists(page: Page, api: Api) -> None:
    """Watching is answered with 304 while nothing changes."""
    make(api, "Call Nina")
    open_as_bo(page)
    expect(page.locator(".row-name")).to_have_text(["Call Nina"])
    for view in ("overdue", "today"):
        with page.expect_response(lambda response, view=view: f"view={view}" in response.url) as looked:  # type: ignore[misc]  # playwright leaves the lambda untyped
            pass
        assert looked.value.status == 304


def test_without_local_users_it_says_that_sign_in_is_not_set_up(browser: Browser, api: Api) -> None:
    """C7: no page that seems broken where OpenID is still to come."""
    with serve(None) as address:
        page = browser.new_page(base_url=address)
        page.set_default_timeout(PATIENCE)
        page.goto("/")
        expect(page.get_by_role("heading", name="Sign-in is not set up yet")).to_be_visible()
        page.close()


def test_the_choice_of_user_survives_a_reload_and_no_token_is_kept(page: Page, api: Api) -> None:
    """C7: the tab remembers a user name; tokens are in memory only."""
    make(api, "Call Nina")
    open_as_bo(page)
    page.reload()
    expect(page.locator(".row-name")).to_have_text(["Call Nina"])
    kept = page.evaluate("JSON.stringify([{...sessionStorage}, {...localStorage}, document.cookie])")
    assert kept == '[{"reminder-sync.username":"bo@acme.test"},{},""]'
    page.get_by_role("button", name="Switch user").click()
    expect(page.get_by_role("heading", name="Who are you?")).to_be_visible()


@pytest.mark.parametrize("width", [360, 3840])
def test_nothing_is_cut_off_on_a_phone_or_a_wall(page: Page, api: Api, width: int) -> None:
    """Readable from 360 px to 4K: nothing sticks out, an open editor included."""
    make(api, "A-name-without-any-blank-" * 10, details="x" * 500)
    page.set_viewport_size({"width": width, "height": 900})
    open_as_bo(page)
    page.locator(".row-name").click()
    expect(page.get_by_label("Details")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
