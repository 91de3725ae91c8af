"""Sync off: nothing moves. On again: both sides merge from where they last agreed."""

from __future__ import annotations

from infra.local.demo.day import SYNC_OFF, SYNC_ON
from infra.local.demo.story import POLL_SECONDS, POLLED_SECONDS, Story, linked, shows


def tell(story: Story) -> None:
    """Tell it on one reminder, edited on both sides meanwhile."""
    person = story.team.maya
    rid, tid = story.made(person, "Plan the roadshow", details="Three towns")
    person.choose(SYNC_OFF)
    person.edit(rid, priority="High")
    person.change(tid, Description="Four towns")
    story.step(
        "sync off: edits on both sides stay where they are", "S3",
        lambda: shows(person.task(tid), Priority="Normal", Description="Four towns")
        and shows(person.reminder(rid), priority="High", details="Three towns"),
        within=POLLED_SECONDS, leap=POLL_SECONDS, settle=4,
    )  # fmt: skip

    person.choose(SYNC_ON)
    story.step(
        "sync on again: both edits are on both sides", "S3 M1",
        lambda: shows(person.task(tid), Priority="High", Description="Four towns")
        and shows(person.reminder(rid), priority="High", details="Four towns") and linked(person.reminder(rid)) == tid,
        within=10, settle=2,
    )  # fmt: skip
