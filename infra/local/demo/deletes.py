"""Done, deleted, taken out of the bin, restored: on both sides, and nothing is gone."""

from __future__ import annotations

from infra.local.demo.story import POLL_SECONDS, POLLED_SECONDS, Story, linked, shows


def tell(story: Story) -> None:
    """Tell it on one reminder after the other."""
    person = story.team.maya
    rid, tid = story.made(person, "Send Ada the offer")
    person.edit(rid, status="Complete")
    story.step("completed here, done there", "F2 O1", lambda: shows(person.task(tid), Status="Completed"), within=3)

    rid, tid = story.made(person, "Ask Ada for a date")
    person.there("DELETE", f"sobjects/Task/{tid}")
    story.step(
        "deleted there, deleted here", "M4 I3",
        lambda: rid in person.listed("deleted") and rid not in person.listed() and person.task(tid) is None,
        within=POLLED_SECONDS, leap=POLL_SECONDS,
    )  # fmt: skip

    story.team.ask("POST", "undelete", {"user_id": person.user_id, "id": tid})
    story.step(
        "taken out of the bin there, the same reminder is back", "M5 I3",
        lambda: rid in person.listed() and linked(person.reminder(rid)) == tid and person.task(tid) is not None,
        within=POLLED_SECONDS, leap=POLL_SECONDS,
    )  # fmt: skip

    person.act("DELETE", rid)
    story.step(
        "deleted here again, deleted there", "M4",
        lambda: person.task(tid) is None and rid in person.listed("deleted") and _agreed(person.reminder(rid)),
        within=3,
    )  # fmt: skip

    person.act("POST", rid, "/restore")

    def restored() -> bool:
        new = linked(person.reminder(rid))
        return (
            new not in {None, tid}
            and rid in person.listed()
            and shows(person.task(str(new)), Subject="Ask Ada for a date")
        )

    story.step("restored here, a new task there", "M5 O2", restored, within=4, settle=2)


def _agreed(reminder: dict[str, dict[str, str]]) -> bool:
    return bool(reminder["deleted"]["agreed"])
