"""A salesperson's day in two windows: what is done in one is seen in the other, without a reload (C1, S5)."""

from __future__ import annotations

from datetime import date, timedelta

from browser.stories.desks import Desks, becomes, line, tasks
from fakes.on_the_page import enter_list, lists, names, open_reminder, panel
from playwright.sync_api import Page, expect

from infra.local.demo.team import Person


def today(person: Person) -> date:
    """Tell the date where this person is (S5)."""
    return date.fromisoformat(person.here("GET", "/api/me")["today"])


def make_task(person: Person, subject: str, **values: str) -> str:
    """Make a task in Salesforce, due today."""
    made = person.there(
        "POST", "sobjects/Task", {"Subject": subject, "ActivityDate": today(person).isoformat(), **values}
    )
    return str(made["id"])


def go_to(page: Page, name: str) -> None:
    """Step with the keys alone onto the row of this name."""
    here = page.locator(".row.is-here .row-name")
    page.keyboard.press("Home")
    expect(page.locator('.row.is-here[aria-posinset="1"]')).to_have_count(1)
    while here.inner_text() != name:
        before = here.inner_text()
        page.keyboard.press("ArrowDown")
        expect(here).not_to_have_text(before)


def test_a_task_made_in_salesforce_appears_and_a_reminder_made_here_becomes_a_task(desks: Desks) -> None:
    """C1, I2, O2: each side sees what the other made; the reminder's link opens its task."""
    mia = desks.seller()
    center, org = desks.center(mia), desks.salesforce(mia)
    org.get_by_role("button", name="New task").click()
    org.get_by_label("Subject", exact=True).fill("Call Nina")
    org.get_by_label("Due date").fill(today(mia).isoformat())
    org.get_by_role("button", name="Save").click()
    expect(names(center)).to_have_text(["Call Nina"])

    center.keyboard.press("n")
    expect(center.get_by_label("Name")).to_be_focused()
    center.keyboard.type("Write to Kim")
    center.keyboard.press("Enter")
    expect(line(org, "Write to Kim")).to_contain_text("Not Started")
    open_reminder(center, "Write to Kim")
    with center.context.expect_page() as opened:
        panel(center).get_by_role("link", name="Task in Salesforce").click()
    record = opened.value
    expect(record.get_by_role("heading", name="Edit task")).to_be_visible()
    expect(record.get_by_label("Subject", exact=True)).to_have_value("Write to Kim")


def test_a_day_is_worked_through_by_key_and_salesforce_follows(desks: Desks) -> None:
    """C1, F1, F2, F4: completed, renamed, moved by key and by drag; each is there in the task, and nothing else is."""
    mia = desks.seller()
    day = today(mia)
    for subject in ("Complete", "Drag", "Move", "Rename"):
        make_task(mia, subject)
    make_task(mia, "Stays", ActivityDate=(day + timedelta(days=1)).isoformat())
    center = desks.center(mia)
    expect(names(center)).to_have_count(5)
    enter_list(center)
    go_to(center, "Complete")
    center.keyboard.press("c")
    go_to(center, "Move")
    center.keyboard.press("m")
    go_to(center, "Rename")
    center.keyboard.press("e")
    center.get_by_label("Name", exact=True).fill("Zebra")
    center.keyboard.press("Enter")
    center.locator(".row", has_text="Drag").drag_to(center.locator(".section", has_text="Stays"))
    tomorrow = (day + timedelta(days=1)).isoformat()
    becomes(
        center,
        tasks(mia, "Subject", "Status", "ActivityDate"),
        [
            ("Complete", "Completed", day.isoformat()),
            ("Drag", "Not Started", tomorrow),
            ("Move", "Not Started", tomorrow),
            ("Stays", "Not Started", tomorrow),
            ("Zebra", "Not Started", day.isoformat()),
        ],
    )
    expect(center.locator(".row .state.is-synced")).to_have_count(4)
    expect(center.locator(".day")).to_contain_text("1 of 2 done today")


def test_what_is_changed_in_salesforce_changes_here_under_ones_eyes(desks: Desks) -> None:
    """C1, I2, F1: another day, comments and done there show here; another Subject leaves the name as it is."""
    mia = desks.seller()
    make_task(mia, "Call Nina")
    make_task(mia, "Write to Kim")
    center, org = desks.center(mia), desks.salesforce(mia)
    open_reminder(center, "Call Nina")
    org.get_by_role("button", name="Call Nina").click()
    org.get_by_label("Subject", exact=True).fill("Ring Nina")
    org.get_by_label("Comments").fill("She is away today")
    org.get_by_label("Due date").fill((today(mia) + timedelta(days=1)).isoformat())
    org.get_by_role("button", name="Save").click()
    expect(panel(center).get_by_label("Details")).to_have_value("She is away today")
    expect(center.locator(".section", has_text="Tomorrow")).to_contain_text("Call Nina")
    line(org, "Write to Kim").get_by_role("button", name="Complete").click()
    expect(names(center)).to_have_text(["Call Nina"])
    expect(center.locator(".row .state")).to_have_text(["Synced"])


def test_several_completed_at_once_and_taken_back(desks: Desks) -> None:
    """C1: one gesture completes the selection there, too, and one takes it back."""
    mia = desks.seller()
    for number in range(3):
        make_task(mia, f"Call number {number}")
    center = desks.center(mia)
    expect(names(center)).to_have_count(3)
    center.keyboard.press("Control+a")
    center.get_by_role("region", name="Selection").get_by_role("button", name="Mark complete").click()
    becomes(center, tasks(mia, "Status"), [("Completed",)] * 3)
    center.keyboard.press("u")
    expect(names(center)).to_have_count(3)
    becomes(center, tasks(mia, "Status"), [("Not Started",)] * 3)


def test_deleted_here_is_in_the_bin_there_and_restored_here_is_a_task_again(desks: Desks) -> None:
    """M4, M5: the task goes with its reminder; taken back, there is one living task, a new one, and still one reminder."""
    mia = desks.seller()
    deleted = make_task(mia, "Call Nina")
    center, org = desks.center(mia), desks.salesforce(mia)
    enter_list(center)
    center.keyboard.press("Delete")
    org.get_by_role("button", name="Recycle bin").click()
    expect(org.locator("#rows tr")).to_have_count(1)
    expect(org.locator("#rows")).to_contain_text("Call Nina")
    lists(center, "Recently deleted")
    center.get_by_role("button", name="Restore: Call Nina").click()
    becomes(center, tasks(mia, "Subject"), [("Call Nina",)])
    assert tasks(mia, "Id")() != [(deleted,)]
    lists(center, "Today and tomorrow")
    expect(names(center)).to_have_text(["Call Nina"])
    expect(center.locator(".row .state")).to_have_text(["Synced"])


def test_a_person_is_picked_from_the_orgs_leads_and_contacts(desks: Desks) -> None:
    """C1: found by name, set on the task, and the link leads to that person in Salesforce."""
    mia = desks.seller()
    make_task(mia, "Call somebody")
    contact = mia.found("SELECT Id, Name FROM Contact ORDER BY Id LIMIT 1")[0]
    center = desks.center(mia)
    one = open_reminder(center, "Call somebody")
    one.get_by_label("Person").press_sequentially(contact["Name"])
    one.get_by_role("option", name=contact["Name"]).first.click()
    becomes(center, tasks(mia, "WhoId"), [(contact["Id"],)])
    expect(center.locator(".row-facts")).to_contain_text(contact["Name"])
    with center.context.expect_page() as opened:
        one.get_by_role("link", name="Person in Salesforce").click()
    expect(opened.value.get_by_role("status")).to_have_text(f"Tasks with {contact['Name']}")
    expect(line(opened.value, "Call somebody")).to_be_visible()
