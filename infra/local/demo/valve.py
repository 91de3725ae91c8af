"""Too many deletes at once: the valve lets some pass, holds the others, and an administrator decides."""

from __future__ import annotations

from infra.local.demo.refusals import causes
from infra.local.demo.story import POLL_SECONDS, POLLED_SECONDS, CutShort, Story, linked, shows
from infra.local.demo.team import Json, Person

AT_ONCE, PASSING = 30, 20
"""Deletes, and how many pass within an hour of somebody who has little (M9)."""
HOUR_SECONDS = 60 * 60
HELD = "MASS_DELETE_HELD"


def tell(story: Story) -> None:
    """Tell it of one who has less than the valve's 20, an hour after any other delete."""
    person, admin = story.team.tomas, story.team.alex
    story.team.leap(HOUR_SECONDS)
    tasks = story.made_many(person, [f"Call list {number + 1}" for number in range(AT_ONCE)])
    person.there("DELETE", "composite/sobjects", ids=",".join(tasks.values()))

    def held() -> bool:
        kept, gone = tasks.keys() & person.listed().keys(), tasks.keys() & person.listed("deleted").keys()
        return (
            kept | gone == tasks.keys()
            and len(gone) <= PASSING
            and kept == _held(admin)
            and HELD in causes(admin)
            and not person.found(f"SELECT Id FROM Task WHERE Id IN ({', '.join(map(repr, tasks.values()))})")  # noqa: S608 - ids
        )

    story.step(
        f"{AT_ONCE} deleted there at once: {PASSING} go here, the others are held", "M9 C4", held,
        within=POLLED_SECONDS, leap=POLL_SECONDS, settle=1,
    )  # fmt: skip

    waiting = sorted(_held(admin))
    if len(waiting) < AT_ONCE - PASSING:
        raise CutShort("the valve holds nothing")
    alive, kept, *gone = waiting
    story.team.ask("POST", "undelete", {"user_id": person.user_id, "id": tasks[alive]})
    admin.here("POST", "/api/held-deletes/reject", {"ids": [kept]})
    story.step(
        "one of them rejected: it stays here, not synced", "M9",
        lambda: kept in person.listed() and shows(person.reminder(kept), sync_state="not synced", task_id=None)
        and person.task(tasks[kept]) is None,
        within=3,
    )  # fmt: skip

    for group in _groups(admin):
        admin.here("POST", "/api/held-deletes/confirm", {"group": {"user": group["user"], "side": group["side"]}})

    def decided() -> bool:
        return (
            not tasks.keys() & _held(admin)
            and set(gone) <= person.listed("deleted").keys()
            and linked(person.reminder(alive)) == tasks[alive]
            and person.task(tasks[alive]) is not None
            and kept in person.listed()
        )

    story.step(
        "the others confirmed: deleted here too, but for one that was taken out of the bin", "M9 M5", decided, within=10
    )


def _groups(admin: Person) -> list[Json]:
    groups: list[Json] = admin.here("GET", "/api/held-deletes")["groups"]
    return groups


def _held(admin: Person) -> set[str]:
    return {item["id"] for group in _groups(admin) for item in group["reminders"]}
