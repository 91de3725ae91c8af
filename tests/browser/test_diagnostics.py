"""Sync status and Diagnostics on the page: how it is, what is wrong, and what one can do about it."""

from __future__ import annotations

from pathlib import Path

from fakes.on_the_page import expect_stored, make, names, open_as, open_reminder, refuse
from fakes.people import NOW, Api
from playwright.sync_api import Page, expect

from reminders.core.problems import Failure, Kind, Outage
from reminders.core.reminder import Event, Field, Line, Record, Side


def test_a_problem_is_found_understood_and_tried_again(page: Page, api: Api) -> None:
    """C4: by cause, in Salesforce's words and in ours, with the reminders; Retry says what it did, Ignore hides it."""
    for name in ("Call Nina", "Call Kim"):
        refuse(api, make(api, name))
    open_as(page)
    expect(page.get_by_text("No calls on Sundays").first).to_be_visible()
    page.get_by_role("link", name="Diagnostics").click()
    cause = page.get_by_role("region", name="FIELD_CUSTOM_VALIDATION_EXCEPTION")
    expect(cause).to_contain_text("No calls on Sundays")
    expect(cause).to_contain_text("What to do:")
    cause.get_by_role("button", name="Retry", exact=True).click()
    expect(cause.get_by_role("status")).to_contain_text("tried again")
    cause.get_by_role("button", name="Ignore: Call Kim").click()
    expect(cause.get_by_role("link", name="Call Kim")).to_have_count(0)
    cause.get_by_role("link", name="Call Nina").click()
    expect(page.locator(".panel")).to_contain_text("No calls on Sundays")


def test_problems_are_taken_along_as_a_file(page: Page, api: Api) -> None:
    """C4: one line per reminder, asked for in the name of whoever is signed in."""
    refuse(api, make(api, "Call Nina"))
    open_as(page)
    page.get_by_role("link", name="Diagnostics").click()
    with page.expect_download() as got:
        page.get_by_role("button", name="Download as CSV").click()
    file = Path(str(got.value.path()))
    assert got.value.suggested_filename == "reminder-sync-problems-2026-11-22.csv"
    assert "Call Nina" in file.read_text()


def test_what_stops_everybody_says_so(page: Page, api: Api) -> None:
    """C4, O3: one cause for the whole org, above everything, not one per reminder."""
    failure = Failure(kind=Kind.AUTHENTICATION, code="invalid_grant", message="user hasn't approved this consumer")
    api.ledger.note_outage(Outage(run="push", failure=failure, since=NOW, seen=NOW))
    open_as(page)
    page.get_by_role("link", name="Diagnostics").click()
    expect(page.get_by_role("region", name="invalid_grant")).to_contain_text("This stops the sync of everybody.")


def test_without_problems_it_says_so(page: Page, api: Api) -> None:
    """C4: an empty page is an answer."""
    open_as(page)
    page.get_by_role("link", name="Diagnostics").click()
    expect(page.get_by_role("heading", name="No problems.")).to_be_visible()


def test_the_status_tells_what_waits_and_a_sync_can_be_asked_for(page: Page, api: Api) -> None:
    """C3: ages, what waits, and "Sync now", which says that it was heard, or that it was too soon."""
    make(api, "Call Nina")
    api.ledger.succeeded("poll", NOW)
    open_as(page)
    page.get_by_role("link", name="Sync status").click()
    expect(page.locator(".tile").first).to_contain_text("ago")
    page.get_by_role("button", name="Sync now").click()
    expect(page.get_by_text("Asked for.").first).to_be_visible()
    page.get_by_role("button", name="Sync now").click()
    expect(page.get_by_text("less than a minute ago").first).to_be_visible()


def test_the_loser_of_a_conflict_is_taken_back_by_one_click(page: Page, api: Api) -> None:
    """M2: "use this one" at the line that tells of it sets the value again."""
    reminder_id = make(api, "Call Nina")
    reminder = api.ledger.reminders([reminder_id])[reminder_id]
    lost = Line(
        at=NOW, event=Event.CONFLICT, rule="M2", text="Salesforce was later.", side=Side.HERE, field=Field.DUE,
        lost="2026-12-24", before="2026-11-20", here="2026-12-24", there="2026-11-22",
    )  # fmt: skip
    assert api.ledger.save([Record(reminder=reminder, lines=(lost,))]) != [None]
    open_as(page)
    one = open_reminder(page, "Call Nina")
    expect(one.locator(".sides")).to_contain_text("In Salesforce")
    one.get_by_role("button", name="Use this one").click()
    expect(one.get_by_label("Due")).to_have_value("2026-12-24")
    expect(names(page)).to_have_count(0)
    expect_stored(page, api, [reminder_id], due="2026-12-24")
