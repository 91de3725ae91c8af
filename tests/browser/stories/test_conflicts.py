"""Both sides edit one field in the same moment (M2), and what is told of it (C2)."""

from __future__ import annotations

from datetime import date, timedelta

from browser.stories.desks import READ, Desks, becomes, tasks
from fakes.on_the_page import open_reminder, panel
from playwright.sync_api import expect


def test_the_loser_of_a_conflict_is_kept_and_taken_back_by_one_click(desks: Desks) -> None:
    """M2, O1: changed there after our push has read the task, Salesforce is later and wins; ours is one click away, and goes there."""
    mia = desks.seller()
    day = date.fromisoformat(mia.here("GET", "/api/me")["today"])
    ours, theirs = ((day + timedelta(days=days)).isoformat() for days in (10, 20))
    task = str(mia.there("POST", "sobjects/Task", {"Subject": "Call Nina", "ActivityDate": day.isoformat()})["id"])
    center = desks.center(mia)
    one = open_reminder(center, "Call Nina")
    one.get_by_label("Priority").select_option("High")  # a first push, which learns what the org has
    becomes(center, tasks(mia, "Priority"), [("High",)])
    expect(one.locator(".sync-box .state")).to_have_text("Synced")
    desks.office.leap(
        minutes=1
    )  # else the task's stamp is too fresh to serve as a precondition, and the task is read once more
    with desks.office.untold():  # so that our push finds out by itself
        desks.office.ask("POST", "faults", kind="slow", match=READ, seconds=3)
        one.get_by_label("Due").fill(ours)
        center.keyboard.press("Enter")
        becomes(center, lambda: desks.office.ask("GET", "faults"), [])  # the task is being read, as it was
        mia.change(task, ActivityDate=theirs)
        expect(one.get_by_label("Due")).to_have_value(theirs)
    told = one.locator(".line", has_text="Changed on both sides")
    expect(told).to_contain_text("Salesforce's value was kept")
    expect(told).to_contain_text("Rule M2")
    becomes(center, tasks(mia, "ActivityDate"), [(theirs,)])

    told.get_by_role("button", name="Use this one").click()
    expect(panel(center).get_by_label("Due")).to_have_value(ours)
    becomes(center, tasks(mia, "ActivityDate"), [(ours,)])
    expect(panel(center).locator(".sync-box .state")).to_have_text("Synced")


def test_explain_tells_what_happened_on_both_sides_and_what_it_cost(desks: Desks) -> None:
    """C2: newest first, each line with its rule; values of the sides, and the API calls of what was sent."""
    mia = desks.seller()
    center = desks.center(mia)
    center.keyboard.press("n")
    expect(center.get_by_label("Name")).to_be_focused()
    center.keyboard.type("Call Nina")
    center.keyboard.press("Enter")
    one = open_reminder(center, "Call Nina")
    expect(one.locator(".line")).to_contain_text(["Created in Salesforce", "Created here"])
    [(task,)] = tasks(mia, "Id")()
    mia.change(str(task), Priority="High")
    expect(one.get_by_label("Priority")).to_have_value("High")
    newest = one.locator(".line").first
    expect(newest).to_contain_text("Priority")
    expect(newest.locator(".sides dd")).to_have_text(["Priority: Normal", "Priority: High"])
    expect(newest).to_contain_text("Rule M1")
    expect(one.locator(".line", has_text="Created in Salesforce")).to_contain_text("API call")
