"""The org refuses: one record by a validation rule, everything by its limit of API calls. And relents."""

from __future__ import annotations

from datetime import date, timedelta

from infra.local.demo.story import DAY_SECONDS, POLLED_SECONDS, Story, linked, shows
from infra.local.demo.team import Json, Person

RULE = "FIELD_CUSTOM_VALIDATION_EXCEPTION"
WORDS = "Discounts need the manager's name."
LIMITS = frozenset({"REQUEST_LIMIT_EXCEEDED", "API_BUDGET_SPENT"})
"""The org's word for it, and ours once we ask no more (O6)."""
GROUP_SECONDS = 60
"""From one attempt to the next of a group (O4)."""


def tell(story: Story) -> None:
    """Tell of the rule, then of the limit."""
    _rule(story)
    _limit(story)


def _rule(story: Story) -> None:
    person = story.team.maya
    refused = [story.made(person, name) for name in ("Offer to Kestrel", "Offer to Fjord")]
    fine, task = story.made(person, "Offer to Solano")

    def told() -> bool:
        cause = causes(person).get(RULE)
        both = cause is not None and cause["message"] == WORDS and {rid for rid, _ in refused} <= _reminders(cause)
        return (
            both
            and all(person.reminder(rid)["sync_state"] == "problem" for rid, _ in refused)
            and all(shows(person.task(tid), Description=None) for _, tid in refused)
            and linked(person.reminder(fine)) == task
            and shows(person.task(task), Description="A discount? No.")
        )

    with story.team.validation_rule("Description", "10 % discount", WORDS):
        for rid, _ in refused:
            person.edit(rid, details="10 % discount")
        person.edit(fine, details="A discount? No.")
        story.step("a rule there refuses two: a problem on these alone, in Salesforce's words", "O3 C4", told, within=4)

    story.team.leap(GROUP_SECONDS)
    person.here("POST", f"/api/reminders/{refused[0][0]}/retry")
    story.step(
        "the rule lifted, Retry on one: its group goes with it", "O4",
        lambda: RULE not in causes(person)
        and all(shows(person.task(tid), Description="10 % discount") for _, tid in refused)
        and all(linked(person.reminder(rid)) == tid for rid, tid in refused),
        within=6,
    )  # fmt: skip


def _limit(story: Story) -> None:
    person, admin = story.team.maya, story.team.alex
    here, mine = story.made(person, "Book the train")
    there, theirs = story.made(person, "Book the hotel")
    day = (date.fromisoformat(person.here("GET", "/api/me")["today"]) + timedelta(days=9)).isoformat()

    def waits() -> bool:
        found = causes(admin)
        return (
            len([code for code, cause in found.items() if cause["stops"] and code in LIMITS]) == 1
            and shows(person.reminder(here), due=day, sync_state="waiting")
            and shows(person.task(mine), ActivityDate=None)
            and shows(person.reminder(there), details=None)
        )

    story.team.use_up_calls()
    person.edit(here, due=day)
    person.change(theirs, Description="Two nights")
    story.step(
        "no API calls left there: one problem, edits on both sides wait", "O3 O6 I1 C4", waits, within=10, settle=4
    )

    story.step(
        "a day later calls are there again: both edits arrive, the problem is gone", "O3 O6 I1",
        lambda: not LIMITS & causes(admin).keys()
        and shows(person.task(mine), ActivityDate=day) and linked(person.reminder(here)) == mine
        and shows(person.reminder(there), details="Two nights") and linked(person.reminder(there)) == theirs,
        within=DAY_SECONDS + POLLED_SECONDS, leap=DAY_SECONDS,
    )  # fmt: skip


def causes(person: Person) -> dict[str, Json]:
    """What Diagnostics shows this person, by Salesforce's code."""
    return {cause["code"]: cause for cause in person.here("GET", "/api/problems")["causes"]}


def _reminders(cause: Json) -> set[str]:
    return {item["id"] for item in cause["reminders"]}
