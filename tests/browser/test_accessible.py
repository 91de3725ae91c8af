"""Nothing that axe calls serious, on any page, in either theme; and the page is light enough for a slow line."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Literal

import pytest
from fakes.on_the_page import make, names, open_as, open_reminder, refuse
from fakes.people import BO, NOW, Api, sync_on
from playwright.sync_api import Page, expect

AXE = Path(__file__).parent / "vendor" / "axe.min.js"
SERIOUS = {"serious", "critical"}
LIGHT = 300 * 1024
"""Bytes of a cold load, as they travel."""


def check(page: Page, where: str) -> None:
    """Fail on what axe finds serious here. It is run through the debugger, so the content policy needs no hole for it."""
    found = page.evaluate("async () => (await axe.run({ resultTypes: ['violations'] })).violations")
    bad = [
        (item["id"], node["target"], node["failureSummary"])
        for item in found
        if item["impact"] in SERIOUS
        for node in item["nodes"]
    ]
    assert bad == [], where


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(page: Page, api: Api, scheme: Literal["light", "dark"]) -> None:
    """C1: contrast, names, roles and order, in every page's usual states, light and dark."""
    make(api, "Older", "2026-11-19", priority="High", type="Email", details="About the renewal")
    sync_on(api, BO)
    refuse(api, make(api, "Refused"))
    make(api, "Waits", "2026-11-23", campaign_name="Winter", campaign_day="3")
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.goto("/")
    page.evaluate(AXE.read_text())
    expect(page.get_by_role("button", name="Sign in with Salesforce")).to_be_visible()
    check(page, "gate")
    open_as(page, "Ada Admin")
    page.evaluate(AXE.read_text())
    for tab in ("Sync status", "Diagnostics", "Settings"):
        page.get_by_role("link", name=tab).click()
        expect(page.get_by_role("heading", name=tab, level=1)).to_be_visible()
        expect(page.get_by_text("Loading…")).to_have_count(0)
        check(page, tab)
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="You are signed out")).to_be_visible()
    check(page, "signed out")
    open_as(page)
    page.evaluate(AXE.read_text())
    page.get_by_role("link", name="Reminders").click()
    expect(names(page)).to_have_count(3)
    check(page, "list")
    page.keyboard.press("Control+a")
    check(page, "selection")
    page.keyboard.press("Escape")
    page.keyboard.press("n")
    check(page, "composer")
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    check(page, "help")
    page.keyboard.press("Escape")
    open_reminder(page, "Refused")
    check(page, "panel")
    page.get_by_role("button", name="Filter").click()
    page.get_by_role("combobox", name="Person").last.press_sequentially("nina")
    expect(page.get_by_role("option", name="Nina Nordin")).to_be_visible()
    check(page, "filter and people found")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_in_what_opens_or_goes_wrong(
    page: Page, api: Api, scheme: Literal["light", "dark"]
) -> None:
    """C1: the plot, both dialogs, the menu of days, a search of everything, what is deleted, what was refused, no answer, no access."""
    make(api, "Call Nina")
    gone = make(api, "Nina, by mistake")
    assert api("DELETE", f"/api/reminders/{gone}", headers={"If-Match": '"1"'}).status == 200
    api.ledger.succeeded("pull", NOW - timedelta(hours=2), lag=timedelta(seconds=70))
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.clock.set_fixed_time(NOW)
    open_as(page, "Ada Admin")
    page.evaluate(AXE.read_text())
    page.get_by_role("link", name="Sync status").click()
    expect(page.locator(".lag rect")).to_have_count(1)
    check(page, "plot")
    page.get_by_role("link", name="Settings", exact=True).click()
    data = page.get_by_role("region", name="Somebody's data")
    data.get_by_label("Name").select_option(label="Ada Admin")
    check(page, "somebody's data")
    data.get_by_role("button", name="Erase…").click()
    check(page, "erase dialog")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="You are signed out")).to_be_visible()
    open_as(page)
    page.evaluate(AXE.read_text())
    page.get_by_role("link", name="Reminders").click()
    expect(names(page)).to_have_count(1)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("d")
    expect(page.get_by_role("dialog", name="Due")).to_be_visible()
    check(page, "days")
    page.keyboard.press("Escape")
    page.get_by_label("Search all reminders").fill("nina")
    expect(names(page)).to_have_count(2)
    check(page, "search")
    open_reminder(page, "Nina, by mistake")
    check(page, "deleted")
    page.route("**/api/**", lambda route: route.abort())
    page.get_by_role("button", name="Complete: Call Nina").click()
    expect(page.locator(".refusal")).to_have_count(1)
    expect(page.locator(".banner")).to_be_visible()
    check(page, "no answer, refused, undo")


def test_a_cold_load_is_light(page: Page, api: Api) -> None:
    """C1: everything that the first page needs, compressed, within 300 KB, and from nowhere else."""
    make(api, "Call Nina")
    network = page.context.new_cdp_session(page)
    network.send("Network.enable")
    network.send("Network.setCacheDisabled", {"cacheDisabled": True})
    sizes: list[float] = []
    network.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    addresses: list[str] = []
    page.on("request", lambda request: addresses.append(request.url))
    open_as(page)
    expect(names(page)).to_have_count(1)
    assert sum(sizes) < LIGHT, sum(sizes)
    home = page.url.partition("/#")[0]
    assert [address for address in addresses if not address.startswith(home)] == []
