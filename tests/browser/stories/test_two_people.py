"""Two salespeople in two browsers, and the org between them (C1, F6)."""

from __future__ import annotations

from browser.stories.desks import Desks, becomes, line, tasks
from fakes.on_the_page import lists, names, open_reminder, panel
from playwright.sync_api import expect


def test_one_gives_a_reminder_to_the_other_and_gets_it_back_by_way_of_salesforce(desks: Desks) -> None:
    """C1, F6: made here for Ben it is Ben's on both sides; given to Mia in Salesforce it leaves Ben's list for hers."""
    mia, ben = desks.seller(), desks.seller()
    mias, bens = desks.center(mia), desks.center(ben)
    mias.get_by_role("button", name="New reminder").click()
    mias.get_by_label("Name").fill("Call Nina")
    mias.get_by_label("Assignee").select_option(ben.user_id)
    mias.get_by_role("button", name="Create").click()
    expect(names(bens)).to_have_text(["Call Nina"])
    expect(names(mias)).to_have_count(0)
    becomes(mias, tasks(ben, "Subject"), [("Call Nina",)])
    lists(mias, "Assigned by me")
    expect(mias.locator(".row")).to_contain_text(f"For {ben.name}")

    org = desks.salesforce(ben)
    line(org, "Call Nina").get_by_role("button", name="Call Nina").click()
    org.get_by_label("Assigned to").select_option(mia.user_id)
    org.get_by_role("button", name="Save").click()
    expect(names(bens)).to_have_count(0)
    expect(names(mias)).to_have_count(0)
    lists(mias, "Today and tomorrow")
    expect(names(mias)).to_have_text(["Call Nina"])


def test_one_hands_an_open_reminder_on_and_the_others_task_follows(desks: Desks) -> None:
    """F6, C2: chosen in the open reminder, it is Ben's at once, there, too; what he reads of it names who handed it on."""
    mia, ben = desks.seller(), desks.seller()
    task = mia.there(
        "POST", "sobjects/Task", {"Subject": "Visit the fair", "ActivityDate": mia.here("GET", "/api/me")["today"]}
    )
    mias, bens = desks.center(mia), desks.center(ben)
    open_reminder(mias, "Visit the fair").get_by_label("Assignee").select_option(ben.user_id)
    expect(names(mias)).to_have_count(0)
    becomes(mias, tasks(ben, "Id"), [(task["id"],)])
    open_reminder(bens, "Visit the fair")
    expect(panel(bens).locator(".state")).to_have_text("Synced")
    expect(panel(bens).locator(".line")).to_contain_text(["Sent to Salesforce", "Assignee"])
