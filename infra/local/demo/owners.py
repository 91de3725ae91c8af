"""A task goes from hand to hand: to a colleague, back, to a queue, back."""

from __future__ import annotations

from infra.local.demo.day import sync_on
from infra.local.demo.story import Story, linked, shows


def tell(story: Story) -> None:
    """Tell it on one reminder."""
    maya, tomas = story.team.maya, story.team.tomas
    sync_on(story, tomas, f"{tomas.name} turns sync on")
    rid, tid = story.made(maya, "Visit the fair")
    maya.change(tid, OwnerId=tomas.user_id)
    story.step(
        "given to a colleague there, in that colleague's list here", "F6",
        lambda: rid in tomas.listed() and rid not in maya.listed() and shows(tomas.task(tid), OwnerId=tomas.user_id),
        within=3,
    )  # fmt: skip

    tomas.edit(rid, assignee=maya.user_id)
    story.step(
        "given back here, in the first one's name there", "F6 O1",
        lambda: rid in maya.listed() and rid not in tomas.listed() and shows(maya.task(tid), OwnerId=maya.user_id),
        within=4, settle=2,
    )  # fmt: skip

    maya.change(tid, OwnerId=story.team.queue)
    handed = maya.task(tid)
    story.step(
        "given to a queue there: handed over, and not written any more", "F6",
        lambda: rid not in maya.listed() and maya.reminder(rid)["sync_state"] == "handed over" and maya.task(tid) == handed,
        within=3, settle=2,
    )  # fmt: skip

    maya.change(tid, OwnerId=maya.user_id)
    story.step(
        "taken from the queue there, back in the list here", "F6",
        lambda: rid in maya.listed() and linked(maya.reminder(rid)) == tid and shows(maya.task(tid), OwnerId=maya.user_id),
        within=3,
    )  # fmt: skip
