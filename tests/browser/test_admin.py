"""What an administrator does beside Diagnostics: looks how quick the sync is, takes somebody's data out, erases it."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

from fakes.on_the_page import make, open_as, stored
from fakes.people import BO, NOW, Api, sync_on
from playwright.sync_api import Page, Route, expect

NINA = "003000000000001AAA"


def settings(page: Page) -> None:
    """Go to the settings as an administrator."""
    open_as(page, "Ada Admin")
    page.get_by_role("link", name="Settings").click()
    expect(page.get_by_role("heading", name="Somebody's data")).to_be_visible()


def test_how_long_changes_took_is_a_plot_that_can_be_read_aloud(page: Page, api: Api) -> None:
    """C3: a bar for each half hour with a change, by direction; in words the slowest and the last."""
    for hours, seconds in ((20, 4), (3, 700), (0, 2)):
        api.ledger.succeeded("pull", NOW - timedelta(hours=hours), lag=timedelta(seconds=seconds))
    page.clock.set_fixed_time(NOW)
    open_as(page)
    page.get_by_role("link", name="Sync status").click()
    plot = page.get_by_role("img", name="From Salesforce: slowest 12 minutes, last 2 seconds")
    expect(plot).to_be_visible()
    bars = plot.locator("rect")
    expect(bars).to_have_count(3)
    boxes = [box for n in range(3) if (box := bars.nth(n).bounding_box())]
    assert boxes[0]["x"] < boxes[1]["x"] < boxes[2]["x"]
    assert boxes[1]["height"] > boxes[0]["height"] > boxes[2]["height"]
    expect(page.get_by_role("img", name="To Salesforce: nothing in the last day")).to_be_visible()


def test_a_users_data_is_taken_out_as_one_file(page: Page, api: Api) -> None:
    """C8: settings, reminders and their history, however many pages it takes."""
    sync_on(api, BO)
    for name in ("One", "Two"):
        make(api, name)
    settings(page)
    data = page.get_by_role("region", name="Somebody's data")
    expect(data.get_by_role("button", name="Take the data out")).to_be_disabled()
    data.get_by_label("Name").select_option(label="Bo Berg")
    with page.expect_download() as got:
        data.get_by_role("button", name="Take the data out").click()
    whole = json.loads(Path(str(got.value.path())).read_text())
    assert whole["user"]["id"] == BO
    assert sorted(one["reminder"]["values"]["name"] for one in whole["reminders"]) == ["One", "Two"]
    assert all(one["history"] for one in whole["reminders"])
    assert "next" not in whole
    expect(data.get_by_role("status")).to_have_text("Taken out: 2 reminders.")


def test_erasing_is_asked_about_once_more_and_then_done_to_the_end(page: Page, api: Api) -> None:
    """C8: Cancel, which has the focus, and Escape erase nothing; confirmed, everything of that contact is gone, and of nobody else."""
    about_nina, other = make(api, "Ring her", person=NINA, details="Private"), make(api, "Else")
    settings(page)
    data = page.get_by_role("region", name="Somebody's data")
    data.get_by_role("radio", name="Of a lead or contact").check()
    data.get_by_role("combobox", name="Person").press_sequentially("nina")
    data.get_by_role("option", name="Nina Nordin").click()
    dialog = page.get_by_role("dialog", name="Erase everything of Nina Nordin?")
    for key in ("Enter", "Escape"):
        data.get_by_role("button", name="Erase…").click()
        expect(dialog.get_by_role("button", name="Cancel")).to_be_focused()
        page.keyboard.press(key)
        expect(dialog).to_have_count(0)
        expect(data.get_by_role("button", name="Erase…")).to_be_focused()
    assert stored(api, about_nina)["details"] == "Private"
    data.get_by_role("button", name="Erase…").click()
    dialog.get_by_role("button", name="Erase for good").click()
    expect(data.get_by_role("status")).to_have_text("Erased: 1 reminder.")
    assert (stored(api, about_nina)["details"], stored(api, about_nina)["person"]) == (None, None)
    assert stored(api, other)["name"] == "Else"


def test_a_refused_erasure_is_told(page: Page, api: Api) -> None:
    """C8: nobody must believe that something is gone that is not."""
    sync_on(api, BO)
    make(api, "One")
    settings(page)
    data = page.get_by_role("region", name="Somebody's data")
    data.get_by_label("Name").select_option(label="Bo Berg")

    def refuse(route: Route) -> None:
        route.abort()

    page.route("**/erase", refuse)
    data.get_by_role("button", name="Erase…").click()
    page.get_by_role("button", name="Erase for good").click()
    expect(data.get_by_role("alert")).to_have_text("The server does not answer.")
    expect(data.get_by_role("status")).to_have_text("")


def test_nobody_else_is_offered_it(page: Page, api: Api) -> None:
    """C8: for administrators; the API refuses everybody else, too."""
    open_as(page)
    page.get_by_role("link", name="Settings").click()
    expect(page.get_by_role("heading", name="Your sync")).to_be_visible()
    expect(page.get_by_role("heading", name="Somebody's data")).to_have_count(0)
    assert api("POST", f"/api/users/{BO}/erase").status == 403
