"""The first day: sync turned on, and edits in every direction."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from simple_salesforce.format import format_soql

from infra.local.demo.story import CutShort, Story, shows
from infra.local.demo.team import Person

SYNC_OFF: Final = "Do not sync to Salesforce tasks"
SYNC_ON: Final = "Sync with Salesforce tasks"


def tell(story: Story) -> None:
    """Tell the story: every step acts on one side and looks at both."""
    person = story.team.maya
    today = date.fromisoformat(person.here("GET", "/api/me")["today"])
    sync_on(story, person, "sync turned on")

    made = person.here("POST", "/api/reminders", {
        "name": "Call Ada about the renewal", "due": today.isoformat(), "type": "Call", "details": "Ask for the order number 😀",
    })  # fmt: skip
    rid = made["id"]

    def created() -> bool:
        task_id = person.reminder(rid)["task_id"]
        task = person.task(task_id) if task_id else None
        return bool(task) and shows(task, Subject="Call Ada about the renewal", Status="Not Started",
                                     ActivityDate=today.isoformat(), Description="Ask for the order number 😀")  # fmt: skip

    story.step("created here, a task there", "O2 F1 F4 F5", created, within=3)
    tid = person.reminder(rid)["task_id"]
    if tid is None:
        raise CutShort("the first reminder has got no task")

    tomorrow = (today + timedelta(days=1)).isoformat()
    person.change(tid, ActivityDate=tomorrow, Description="She is away today")
    story.step(
        "edited there, changed here", "M1 F4 F5 I2",
        lambda: shows(person.reminder(rid), due=tomorrow, details="She is away today"), within=3,
    )  # fmt: skip

    person.edit(rid, priority="High")
    story.step("edited here, changed there", "M1 F3 O1", lambda: shows(person.task(tid), Priority="High"), within=3)

    _at_once(story, rid, tid, today)
    _foreign_values(story, rid, tid)
    _subject(story, rid, tid)

    person.change(tid, Status="Completed")
    story.step("completed there, done here", "F2", lambda: shows(person.reminder(rid), status="Complete"), within=3)

    seen = person.reminder(rid)
    person.here("DELETE", f"/api/reminders/{rid}", seen=f'"{seen["version"]}"')
    story.step(
        "deleted here, deleted there", "M4",
        lambda: person.task(tid) is None and person.reminder(rid)["deleted"]["agreed"] is not None, within=3,
    )  # fmt: skip


def sync_on(story: Story, person: Person, name: str) -> None:
    """Turn somebody's sync on; whoever synced already has turned it off first."""
    query = format_soql(
        "SELECT Id FROM Task WHERE OwnerId = {owner} AND IsClosed = false AND IsRecurrence = false "
        "AND SystemModstamp >= {since} AND TaskSubtype IN ('Task', 'Call', 'LinkedIn')",
        owner=person.user_id,
        since=story.team.now() - timedelta(hours=24),
    )
    expected = {row["Id"] for row in person.found(query)}
    person.choose(SYNC_OFF)
    person.choose(SYNC_ON)

    def imported() -> bool:
        progress = person.here("GET", "/api/settings")["first_sync"]
        tasks = {item["task_id"] for item in person.listed().values()}
        return progress["finished"] and expected <= tasks

    story.step(f"{name}, {len(expected)} tasks imported", "S1 S2 S4", imported, within=10)


def _at_once(story: Story, rid: str, tid: str, today: date) -> None:
    person = story.team.maya
    next_week = (today + timedelta(days=7)).isoformat()
    person.change(tid, Description="Changed there")
    person.edit(rid, due=next_week)
    both = {"due": next_week, "details": "Changed there"}
    story.step(
        "both at once, different fields", "M1",
        lambda: shows(person.reminder(rid), **both)
        and shows(person.task(tid), ActivityDate=next_week, Description="Changed there"),
        within=4, settle=2,
    )  # fmt: skip

    there, here = (today + timedelta(days=3)).isoformat(), (today + timedelta(days=4)).isoformat()
    person.change(tid, ActivityDate=there)
    person.edit(rid, due=here)

    def one_won_and_the_other_is_kept() -> bool:
        due = person.reminder(rid)["due"]
        loser = {there: here, here: there}.get(due)
        conflicts = [line for line in person.history(rid) if line["event"] == "conflict" and line["field"] == "due"]
        return shows(person.task(tid), ActivityDate=due) and [line["lost"] for line in conflicts] == [loser]

    story.step(
        "both at once, same field: one wins, the other is kept", "M2", one_won_and_the_other_is_kept, within=4, settle=2
    )


def _foreign_values(story: Story, rid: str, tid: str) -> None:
    person = story.team.maya
    person.change(tid, Status="In Progress", Priority="Low")
    person.edit(rid, details="In Progress and Low stay as they are")

    def survived() -> bool:
        task = person.task(tid)
        return shows(
            task, Status="In Progress", Priority="Low", Description="In Progress and Low stay as they are"
        ) and (shows(person.reminder(rid), status="Open", priority="High", sync_state="synced"))

    story.step("In Progress and Low there survive our push", "F2 F3", survived, within=4, settle=2)


def _subject(story: Story, rid: str, tid: str) -> None:
    person = story.team.maya
    person.edit(rid, name="Write to Ada")
    story.step(
        "renamed here, new Subject there", "F1", lambda: shows(person.task(tid), Subject="Write to Ada"), within=4
    )

    person.change(tid, Subject="Ada, again", ActivityDate=None)
    story.step(
        "Subject changed there: the name stays, the rest arrives", "F1 F7",
        lambda: shows(person.reminder(rid), name="Write to Ada", due=None) and shows(person.task(tid), Subject="Ada, again"),
        within=3, settle=2,
    )  # fmt: skip

    person.edit(rid, name="Thank Ada")

    def replaced() -> bool:
        kept = [line["lost"] for line in person.history(rid) if line["event"] == "replaced" and line["field"] == "name"]
        return shows(person.task(tid), Subject="Thank Ada") and kept == ["Ada, again"]

    story.step("renamed here: the Subject edited there is replaced and kept", "F1", replaced, within=4)
