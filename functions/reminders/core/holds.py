"""A delete that the mass-delete valve holds (M9): it stays as it is on both sides until an administrator decides. Pure.

    deleted     held                              confirmed                         rejected
    ---------   -------------------------------   -------------------------------   ----------------------------------------
    in          the reminder stays in its list;   read again: alive, it is merged   the reminder stays, not synced; its task
    Salesforce  an edit is kept, and not sent     as if nothing had been; else      is let go, so that one undeleted later is
                                                  the delete wins (M4)              imported as a reminder of its own (M5)
    here        the task stays; restored here,    read again: deleted there too,    it is restored, and linked with its task
                nothing is held any more          both agree; else it is deleted

What is held has no next attempt and a problem of its own. Neither schedule, sweep, Retry, an edit nor sync turned off and on lets it
through: whatever reads it again finds it held.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final

from reminders.core.decision import Decision
from reminders.core.reminder import Event, Held, Line, Record, Reminder, Side, Trouble, waiting
from reminders.core.sayings import Said

MASS_DELETE_HELD: Final = "MASS_DELETE_HELD"
"""The code of its problem (C4)."""

_WORDS: Final = {
    Side.SALESFORCE: Said.HELD_THERE,
    Side.HERE: Said.HELD_HERE,
}


def undecided(reminder: Reminder) -> Held | None:
    """Tell how it is held, if it waits for an administrator's decision."""
    return reminder.held if reminder.held and not reminder.held.confirmed else None


def is_held(reminder: Reminder) -> bool:
    """Tell whether it waits for an administrator's decision."""
    return undecided(reminder) is not None


def group(side: Side, owner: str) -> str:
    """Name what an administrator decides together: one user's deletes of one direction."""
    return f"{MASS_DELETE_HELD}#{side}#{owner}"


def group_of(reminder: Reminder) -> str | None:
    """Name the group of a held one; None if it is not held."""
    held = undecided(reminder)
    return group(held.side, whose(reminder)) if held else None


def whose(reminder: Reminder) -> str:
    """Tell whose delete it counts as."""
    return reminder.owner_before or reminder.values.assignee


def hold(
    reminder: Reminder, side: Side, deleted: datetime | None, now: datetime, *, link: str | None = None
) -> Decision:
    """Hold the delete of a reminder; `deleted` is when its task was, as far as known."""
    held = quiet(replace(reminder, held=Held(side=side, since=now, deleted=deleted)))
    line = Line(at=now, event=Event.HELD, rule="M9", text=_WORDS[side], side=side)
    record = Record(reminder=held, link=link, lines=(line,))
    return Decision(rule="M9", reason="Held: too many deletes within an hour.", record=record)


def still_held(reminder: Reminder) -> Decision:
    """Leave a held one as it is; what woke it is put to rest."""
    resting = quiet(reminder)
    record = Record(reminder=resting) if resting != reminder else None
    return Decision(rule="M9", reason="Held until an administrator decides.", record=record)


def quiet(reminder: Reminder) -> Reminder:
    """Keep a held one from being tried, and its problem to be seen, whatever else happened to it. Any other is left alone."""
    held, trouble = undecided(reminder), reminder.trouble
    if held is None:
        return reminder
    if trouble is None or trouble.code != MASS_DELETE_HELD:
        trouble = Trouble(code=MASS_DELETE_HELD, message=_WORDS[held.side], since=held.since)
    return replace(reminder, trouble=trouble, retrying=None, attempts=0, next_attempt=None, rings=False)


def released(reminder: Reminder) -> Reminder:
    """Forget that it was held, and the problem that said so."""
    trouble = reminder.trouble
    if trouble and trouble.code == MASS_DELETE_HELD:
        trouble = None
    if reminder.held is None and trouble is reminder.trouble:
        return reminder
    return replace(reminder, held=None, trouble=trouble)


def confirm(reminder: Reminder, *, by: str, now: datetime) -> Record:
    """Let a held delete through. The push is woken, and reads it again first; one that is not held is left as it is."""
    held = undecided(reminder)
    if held is None:
        return Record(reminder=replace(reminder, rings=False))
    through = released(reminder)
    if reminder.tombstone:
        through = replace(through, tombstone=replace(reminder.tombstone, passed=now))
    else:
        through = replace(through, held=replace(held, confirmed=now))
    return Record(reminder=waiting(through, now), lines=(_decided(Event.CONFIRMED, Said.CONFIRMED, by, now),))


def reject(reminder: Reminder, *, by: str, now: datetime) -> Record:
    """Take a held delete back. One that is not held, or was confirmed already, is left as it is."""
    if not is_held(reminder):
        return Record(reminder=replace(reminder, rings=False))
    kept = released(reminder)
    if reminder.tombstone:
        kept = waiting(replace(kept, tombstone=replace(reminder.tombstone, restored=now)), now)
        return Record(reminder=kept, lines=(_decided(Event.REJECTED, Said.REJECTED_RESTORED, by, now),))
    kept = replace(
        kept,
        sponsor=None,
        task_id=None,
        agreement=None,
        intents=(),
        generation=reminder.generation + 1,
        pending=False,
        rings=False,
    )
    line = _decided(Event.REJECTED, Said.REJECTED_KEPT, by, now)
    return Record(reminder=kept, unlink=reminder.task_id, lines=(line,))


def _decided(event: Event, text: Said, by: str, now: datetime) -> Line:
    return Line(at=now, event=event, rule="M9", text=text, values={"by": by}, side=Side.HERE)
