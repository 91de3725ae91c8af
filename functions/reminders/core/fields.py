"""The three-way merge of the fields of one pair, both alive (M1, M2, F1 to F7).

For one field, with "changed" meaning "differs from its own side of the agreement":

    reminder    task                   outcome
    ---------   --------------------   ------------------------------------------------------------------
    unchanged   unchanged              AGREED
    unchanged   changed                TAKE the task's value
    unchanged   changed to a foreign   AGREED; the raw value becomes the agreed one (F2)
    changed     unchanged              SEND ours
    changed     changed to the same    AGREED
    changed     changed to another     CONFLICT: settled by the policy, the losing value goes to history (M2)
    changed     changed to a foreign   SEND ours; what it replaces goes to history (F2)

The Subject differs: it is never taken, and ours is sent whenever our own rendered Subject changed (F1).

After every merge the agreement's task side is the value just read. So a settled conflict is "only ours changed" from then on:
it is settled once, by the stamp of the first read that showed the value (M2), however often the push must be tried.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple, assert_never

from reminders.core import mapping
from reminders.core.reminder import (
    Agreement,
    Completion,
    Event,
    Field,
    Line,
    Pair,
    Pairs,
    Priority,
    Reminder,
    Side,
    Status,
    Values,
    excerpt,
    several,
)
from reminders.core.sayings import Said
from reminders.core.settings import Policy, Settings
from reminders.core.subject import inputs, render
from reminders.core.task import Task


class Outcome(StrEnum):
    """What becomes of one field."""

    AGREED = "agreed"
    TAKE = "take"
    SEND = "send"
    CONFLICT = "conflict"


def outcome(*, here_changed: bool, there_changed: bool, same: bool, foreign: bool) -> Outcome:
    """Look one field up in the table above. `same`: both sides now hold the same value."""
    match here_changed, there_changed and not foreign:
        case False, False:
            return Outcome.AGREED
        case False, True:
            return Outcome.TAKE
        case True, _ if same and not foreign:
            return Outcome.AGREED
        case True, True:
            return Outcome.CONFLICT
        case _:
            return Outcome.SEND


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """The three sides: the reminder, the task, and what they last agreed on (None: they never did)."""

    reminder: Reminder
    task: Task
    agreed: Agreement | None
    settings: Settings
    now: datetime
    skew: timedelta = timedelta()


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """The fields together: the reminder's new values, the new agreement, the raw values to send, and what to tell."""

    values: Values
    agreement: Agreement
    send: Mapping[Field, str | None]
    lines: tuple[Line, ...]


class _Part(NamedTuple):
    """One field's share of the result. A tuple, since seven are made for every task that is read."""

    pair: Pair
    take: bool = False
    send: bool = False
    line: Line | None = None


def merge_fields(sides: Sides) -> Merged:
    """Merge every field."""
    reminder, task, settings = sides.reminder, sides.task, sides.settings
    here, there = mapping.ours(reminder.values, settings), mapping.theirs(task)
    parts = {item: _part(item, here[item], there[item], sides) for item in Field}
    values = reminder.values
    taken = [item for item, part in parts.items() if part.take]
    for item in taken:
        values = mapping.take(values, item, task, settings)
    lines = [part.line for part in parts.values() if part.line]
    if taken:
        lines.append(
            Line(
                at=sides.now,
                event=Event.MERGED,
                rule="M1",
                text=Said.CHANGED_THERE,
                values={"fields": ", ".join(taken)},
                side=Side.SALESFORCE,
                here=several({item: mapping.plain(item, reminder.values) for item in taken}),
                there=several({item: mapping.raw(item, task) for item in taken}),
            )
        )
    subject_waits = parts[Field.NAME].send and sides.agreed
    return Merged(
        values=values,
        agreement=Agreement(
            pairs={item: part.pair for item, part in parts.items()},
            inputs=sides.agreed.inputs if subject_waits and sides.agreed else inputs(reminder.values),
        ),
        send={item: mapping.put(item, reminder.values, settings) for item, part in parts.items() if part.send},
        lines=tuple(lines),
    )


def _part(item: Field, here: str | None, there: str | None, sides: Sides) -> _Part:
    base = sides.agreed.pairs[item] if sides.agreed else None
    if item is Field.NAME:
        return _subject(here, there, sides)
    if item is Field.ASSIGNEE and sides.reminder.handed_over:
        return _Part(pair=(there, there), take=here != there)
    if base == (here, there):
        return _Part(pair=base)  # neither has changed, as is usual
    settings = sides.settings
    read, foreign = mapping.read(item, there, settings), mapping.foreign(item, there, settings)
    # Another word for what stood before is no change (S6): for what stands here, or for what we are about to replace.
    before = base and (here if here == base[0] else mapping.read(item, base[1], settings))
    match outcome(
        here_changed=here != base[0] if base else not foreign,
        there_changed=base is None or (there != base[1] and read != before),
        same=read == here,
        foreign=foreign,
    ):
        case Outcome.AGREED:
            return _Part(pair=(here, there))
        case Outcome.TAKE:
            return _Part(pair=(read, there), take=True)
        case Outcome.SEND:
            # Ours stays "changed": its side of the pair is the old one, and the task's side is what was just read.
            return _sent(item, _Part(pair=(base[0] if base else None, there), send=True), sides)
        case Outcome.CONFLICT:
            return _conflict(item, (read, there), sides)
        case unknown:
            assert_never(unknown)


def _conflict(item: Field, seen: Pair, sides: Sides) -> _Part:
    """Settle by the policy. The task's value counts as seen by both from now on; the losing one goes to history (M2)."""
    if _here_wins(item, sides):
        line = _lost(item, sides, Side.SALESFORCE, Said.OURS_KEPT)
        return _sent(item, _Part(pair=seen, send=True, line=line), sides)
    return _Part(pair=seen, take=True, line=_lost(item, sides, Side.HERE, Said.THEIRS_KEPT))


def _here_wins(item: Field, sides: Sides) -> bool:
    match sides.settings.policy:
        case Policy.REMINDER:
            return True
        case Policy.SALESFORCE:
            return False
        case Policy.LATEST:
            edited = sides.reminder.edited.get(item, sides.reminder.created) + sides.skew
            return edited.replace(microsecond=0) > sides.task.last_modified.replace(microsecond=0)
        case unknown:
            assert_never(unknown)


def _lost(item: Field, sides: Sides, loser: Side, text: Said) -> Line:
    lost = mapping.raw(item, sides.task) if loser is Side.SALESFORCE else mapping.plain(item, sides.reminder.values)
    before = sides.agreed.pairs[item][0] if sides.agreed and item is not Field.DETAILS else None  # of details, a digest
    return Line(
        at=sides.now,
        event=Event.CONFLICT,
        rule="M2",
        text=text,
        values={"field": item, "policy": sides.settings.policy},
        side=loser,
        field=item,
        lost=lost,
        before=excerpt(before),
        here=excerpt(mapping.plain(item, sides.reminder.values)),
        there=excerpt(mapping.raw(item, sides.task)),
    )


def _subject(here: str | None, there: str | None, sides: Sides) -> _Part:
    """F1: ours is sent exactly when our own rendered Subject changed; one edited there is left alone until then.

    Our side of the pair stays empty: what we last agreed on are the template's inputs.
    """
    agreed = sides.agreed
    if agreed is None or agreed.inputs == inputs(sides.reminder.values):
        return _Part(pair=(None, there))
    then = render(sides.settings.subject_template, agreed.inputs) or None
    return _Part(pair=(None, there), send=here not in {then, there})


def _sent(item: Field, part: _Part, sides: Sides) -> _Part:
    """F7: with Shared Activities, clearing one of several people would promote another at random; refuse that edit."""
    people = sides.task.who_count or 0
    if item is not Field.PERSON or sides.reminder.values.person or people <= 1:
        return part
    told = {"people": str(people)}
    line = Line(
        at=sides.now, event=Event.REFUSED, rule="F7", text=Said.PERSON_STAYS, values=told, side=Side.HERE, field=item
    )
    return _Part(pair=(sides.task.who, sides.task.who), take=True, line=line)


def completion(
    reminder: Reminder, values: Values, task: Task, base: Agreement | None, settings: Settings
) -> Completion | None:
    """Tell whether somebody has just completed it in Salesforce (C6), by `values`, which a merge takes from the task.

    Not so where a first meeting or a delete taken back brings "Complete" along, nor where only a mapping was changed: today's
    mapping reads the task's value as complete, and would have read the agreed one so, too.
    """
    if base is None or reminder.tombstone or reminder.values.status is not Status.OPEN or values.status is Status.OPEN:
        return None
    if mapping.read(Field.STATUS, base.pairs[Field.STATUS][1], settings) == values.status:
        return None
    return Completion(side=Side.SALESFORCE, at=task.last_modified)


def unsent(reminder: Reminder, settings: Settings) -> list[Field]:
    """Fields whose value here is not agreed yet; none where nothing was ever agreed."""
    agreement = reminder.agreement
    if agreement is None:
        return []
    here = mapping.ours(reminder.values, settings)
    then: dict[Field, str | None] = {item: pair[0] for item, pair in agreement.pairs.items()}
    then[Field.NAME] = render(settings.subject_template, agreement.inputs) or None
    return [item for item in Field if here[item] != then[item]]


def unsent_lines(reminder: Reminder, settings: Settings, now: datetime, rule: str, text: Said) -> tuple[Line, ...]:
    """Lines for edits made here that will not be sent."""
    return tuple(
        Line(
            at=now,
            event=Event.CONFLICT,
            rule=rule,
            text=text,
            side=Side.HERE,
            field=item,
            lost=mapping.plain(item, reminder.values),
        )
        for item in unsent(reminder, settings)
    )


def agree_on_all(values: Values, task: Task, settings: Settings) -> Agreement:
    """Count both sides as seen, as they are."""
    here, there = mapping.ours(values, settings), mapping.theirs(task)
    pairs = {item: (None if item is Field.NAME else here[item], there[item]) for item in Field}
    return Agreement(pairs=pairs, inputs=inputs(values))


def about_to_send(values: Values, raw: Mapping[Field, str | None], settings: Settings) -> Pairs:
    """Give the pairs on which both sides will agree once these raw values are written."""
    here = mapping.ours(values, settings)
    return {
        item: (None if item is Field.NAME else here[item], mapping.comparable(item, value))
        for item, value in raw.items()
    }


def mirrored(reminder: Reminder, task: Task, base: Agreement, settings: Settings) -> Values:
    """Give the reminder's values with the task's in their place: nothing here will be sent (F6).

    The name is never taken (F1). Where the task's value does not sync, ours is the one last agreed on (F2).
    """
    values = replace(
        reminder.values,
        status=Status(base.pairs[Field.STATUS][0] or reminder.values.status),
        priority=Priority(base.pairs[Field.PRIORITY][0] or reminder.values.priority),
    )
    for item in Field:
        values = values if item is Field.ASSIGNEE else mapping.take(values, item, task, settings)
    return values
