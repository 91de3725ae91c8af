"""Our own writes: the intent before the call, the agreement after it, and how a write whose answer was lost is known again (M8, O2)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from reminders.core import mapping
from reminders.core.decision import Send, Terms
from reminders.core.fields import unsent
from reminders.core.holds import is_held, quiet
from reminders.core.problems import Failure, Kind, back_off
from reminders.core.reminder import (
    Agreement,
    Event,
    Field,
    Intent,
    Line,
    Pairs,
    Record,
    Reminder,
    Side,
    Tombstone,
    Trouble,
    Write,
    excerpt,
    several,
)
from reminders.core.sayings import Said
from reminders.core.settings import Settings
from reminders.core.subject import render
from reminders.core.task import Deleted, Task

STAYS_OPEN: Final = timedelta(minutes=15)
"""How long a write whose answer was lost can still turn up: a transaction lasts ten minutes at most."""

MAX_OPEN: Final = 4
"""Open intents kept on one reminder."""

DAILY: Final = timedelta(days=1)
"""When a refused push is tried again without anyone asking (O4)."""

ROUNDS: Final = 5
"""So many updates without anyone editing here, and the pair is stopped (M8)."""

KEEPS_CHANGING: Final = Failure(
    kind=Kind.PERMANENT,
    code="KEEPS_CHANGING",
    message="The task keeps changing without anyone editing the reminder; an automation in the org may be rewriting it.",
)

TOO_OFTEN: Final[Mapping[Kind, int]] = {Kind.STALE: 10, Kind.DELETED: 10, Kind.DUPLICATE: 6}
"""So many attempts that could not settle it are a problem (O1, O2). Six have taken half an hour: no create is still on its way then."""


def with_intent(
    reminder: Reminder, send: Send, now: datetime, *, lease: timedelta, seen: datetime | None = None
) -> Reminder:
    """Store what is about to be written. `lease`: after so long without a recorded answer the schedule looks again.

    `seen`: the task's stamp as read. Older open intents stay while their write can still turn up: a retry must not forget what an earlier attempt sent.
    A create stays for as long as no task is known: it may have been made and be out of our sight for days.
    """
    intent = Intent(
        number=reminder.version + 1, write=send.write, at=now, pairs=send.pairs, inputs=send.inputs, seen=seen
    )
    return replace(
        reminder, intents=(*_still_open(reminder, now), intent), pending=True, next_attempt=now + lease, rings=False
    )


def agreed(reminder: Reminder, task: Task) -> tuple[Agreement | None, tuple[Intent, ...]]:
    """Find what both sides last agreed on, our own arrived writes included, and the intents that are still open.

    An update is atomic: a text of ours that is there proves that all of the update was written, and so do all of its values (M8). Of
    another one that is there somebody else may have thought as well (a date, a person, nothing at all): it is agreed, and no more.
    Of several open creates only one can have succeeded, because the external id is unique; the task shows which (M3, O2).
    """
    if not reminder.intents:
        return reminder.agreement, ()
    there = mapping.theirs(task)
    if reminder.agreement is None:
        creates = [intent for intent in reminder.intents if intent.write is Write.CREATE]
        if not creates:
            return None, reminder.intents
        # Of several that are as like, the oldest: where they differ somebody has set the field since, so it is a conflict with what stands here now (M2).
        best = max(creates, key=lambda intent: (_matches(intent.pairs, there), -intent.number))
        return Agreement(pairs=best.pairs, inputs=best.inputs), ()
    agreement, still_open = reminder.agreement, list[Intent]()
    for intent in reminder.intents:
        shown = {item: pair for item, pair in intent.pairs.items() if there[item] == pair[1]}
        new = {item: pair for item, pair in shown.items() if pair[1] != agreement.pairs[item][1]}
        if new and (len(shown) == len(intent.pairs) or any(_ours_alone(item, there) for item in new)):
            agreement, still_open = _after(agreement, intent), []
        else:
            agreement = replace(agreement, pairs={**agreement.pairs, **new})
            rest = {item: pair for item, pair in intent.pairs.items() if item not in new}
            still_open.append(replace(intent, pairs=rest))
    return agreement, tuple(still_open)


def _ours_alone(item: Field, there: Mapping[Field, str | None]) -> bool:
    """Whether nobody else can have written the same by chance: so it is with a text, and not with none."""
    return item in {Field.DETAILS, Field.NAME} and bool(there[item])


def can_arrive(intents: tuple[Intent, ...], task: Task) -> tuple[Intent, ...]:
    """Leave out the updates that cannot turn up any more: the task was modified since they were decided on, so they are refused (O1).

    Whatever shows from now on is somebody's, be it the same value (M8).
    """
    return tuple(
        each for each in intents if each.write is not Write.UPDATE or not each.seen or task.last_modified <= each.seen
    )


def in_doubt(
    before: Agreement | None,
    known: tuple[Agreement | None, tuple[Intent, ...]],
    task: Task,
    sending: Collection[Field],
    me: str,
) -> list[Field]:
    """Name the fields that we are about to write over although somebody may have set them (M8). `known` is what `agreed` gives.

    The answer to an update was lost, and the task was written since. Either a field reads as before the update: it never arrived, and
    what was written is something else, or it did, and somebody has set that field back. Or it reads as the update would have it, by us
    or by somebody who thought the same. The platform does not say which; only if we (`me`) were the last to write there, the latter is ours.
    """
    base, still_open = known
    if before is None or base is None:
        return []
    there = mapping.theirs(task)
    return [
        item
        for item in sending
        if there[item] == base.pairs[item][1]
        and (
            not _ours_alone(item, there) and task.last_modified_by != me
            if base.pairs[item] != before.pairs[item]
            else _set_back(item, still_open, task)
        )
    ]


def _set_back(item: Field, intents: tuple[Intent, ...], task: Task) -> bool:
    """Whether a field that reads as agreed was to be changed by an update that may have arrived before the task's last change."""
    newest = max((each for each in intents if item in each.pairs), key=lambda each: each.number, default=None)
    return newest is not None and newest.seen is not None and newest.seen < task.stamp


def write_done(reminder: Reminder, number: int, task_id: str, terms: Terms, now: datetime) -> Record | None:
    """After our create or update succeeded, make its intent the agreement. None if a merge saw it arrive already.

    `reminder` is as stored now: edits made while the push was under way stay pending and go with the next one (O5).
    """
    intent = next((item for item in reminder.intents if item.number == number), None)
    if intent is None:
        return None
    after = replace(
        reminder,
        agreement=_after(reminder.agreement, intent),
        intents=tuple(item for item in reminder.intents if item.number > number),
        task_id=task_id,
        trouble=None,
        retrying=None,
        rounds=reminder.rounds + 1,
        attempts=0,
        rings=False,
        pending=False,
        next_attempt=None,
    )
    words: tuple[Said, dict[str, str]] = (
        (Said.CREATED_THERE, {}) if intent.write is Write.CREATE else (Said.SENT, {"fields": ", ".join(intent.pairs)})
    )
    lines = [
        *replaced(reminder.agreement, intent.pairs, terms.settings, now),
        _line(Event.PUSHED, "O1", words[0], now, here=_sent(intent.pairs), **words[1]),
    ]
    owner = intent.pairs[Field.ASSIGNEE][1] if Field.ASSIGNEE in intent.pairs else None
    if after.deleted:
        after = replace(after, pending=True, next_attempt=now)
    elif owner and owner not in terms.syncing and owner != reminder.sponsor:
        # F6: assigned here to somebody who does not sync: pushed once, owner included, and then handed over.
        lines.append(_line(Event.HANDED_OVER, "F6", Said.HANDED_OVER, now, owner=owner))
        after = replace(after, handed_over=True)
    elif unsent(after, terms.settings):
        after = replace(after, pending=True, next_attempt=now)
    return Record(reminder=quiet(after), link=task_id if reminder.task_id is None else None, lines=tuple(lines))


def write_failed(reminder: Reminder, number: int | None, failure: Failure, now: datetime) -> Record:
    """After a write failed on this record alone (O3). `number` is its intent's; None where nothing was about to be written.

    A failure that says "not done" closes the intent; UNKNOWN leaves it open, because the write may have been made. So does DUPLICATE where
    no other create is open: the look-up by our id must go on. Where one is, that one was made, and this one was not.
    """
    creates = [each for each in reminder.intents if each.write is Write.CREATE and each.number != number]
    may_be_done = failure.kind is Kind.UNKNOWN or (failure.kind is Kind.DUPLICATE and not creates)
    intents = reminder.intents if may_be_done else tuple(i for i in reminder.intents if i.number != number)
    attempts = reminder.attempts + 1
    after = replace(reminder, intents=intents, attempts=attempts, rings=False)
    if is_held(reminder):
        return Record(reminder=quiet(after))
    too_often = failure.kind in TOO_OFTEN and attempts >= TOO_OFTEN[failure.kind]
    if failure.kind is Kind.PERMANENT or too_often:
        trouble = Trouble(code=failure.code, message=failure.message, since=now)
        known = reminder.trouble and (reminder.trouble.code, reminder.trouble.message) == (
            trouble.code,
            trouble.message,
        )
        after = replace(after, trouble=reminder.trouble if known else trouble, retrying=None, next_attempt=now + DAILY)
        line = _line(Event.PROBLEM, "O3", Said.REFUSED, now, code=failure.code, message=failure.message)
        return Record(reminder=after, lines=() if known else (line,))
    again = (now + back_off(attempts, reminder.id)).replace(microsecond=0)  # a ledger holds whole seconds
    return Record(reminder=replace(after, next_attempt=again))


def delete_done(reminder: Reminder, number: int, task: Task | None, now: datetime) -> Record | None:
    """After our delete succeeded, both sides agree. None if a merge has dealt with it.

    `number` is its intent's, `task` the row as it lies in the recycle bin (O1): what somebody changed there
    between our last look and our delete goes to history (M4). Was the delete taken back meanwhile, it is not made again here: the
    merge that finds the task deleted, with our delete still open, gives the reminder a new one (M5).
    """
    if all(each.number != number for each in reminder.intents):
        return None
    done = _line(Event.PUSHED, "M4", Said.TASK_DELETED, now)
    if not reminder.deleted:
        return Record(reminder=replace(reminder, pending=True, next_attempt=now, rings=False), lines=(done,))
    lines = unseen(reminder, task, now) if task else ()
    return Record(reminder=bury(reminder, now), lines=(*lines, done))


def deleted_by_us(reminder: Reminder, reading: Deleted, now: datetime) -> bool:
    """Tell whether a delete that is read of a living reminder can be our own, whose answer was lost and which was taken back since (M5, M8)."""
    at = reading.at or now
    return any(each.write is Write.DELETE and at - each.at <= STAYS_OPEN for each in reminder.intents)


def may_arrive_until(reminder: Reminder, now: datetime, kinds: Collection[Write] = tuple(Write)) -> datetime | None:
    """Tell until when a write of ours, of any of these kinds, can still turn up, because nobody has recorded its answer; None if none can."""
    until = max((each.at + STAYS_OPEN for each in reminder.intents if each.write in kinds), default=now)
    return until if until > now else None


def unseen(reminder: Reminder, task: Task, now: datetime) -> tuple[Line, ...]:
    """Lines for edits made in Salesforce that a delete made here wins over (M4)."""
    base, _ = agreed(reminder, task)
    there = mapping.theirs(task)
    return tuple(
        Line(
            at=now,
            event=Event.CONFLICT,
            rule="M4",
            text=Said.DELETE_HERE_WINS,
            side=Side.SALESFORCE,
            field=item,
            lost=mapping.raw(item, task),
        )
        for item in Field
        if base and there[item] != base.pairs[item][1]
    )


def replaced(before: Agreement | None, pairs: Pairs, settings: Settings, now: datetime) -> list[Line]:
    """Lines for values that a write of ours replaced and nobody here ever took over: F1's Subject, F2's foreign status, or one that is only read."""
    if before is None:
        return []
    lines = []
    for item in pairs:
        old = before.pairs[item][1]
        own = (
            render(settings.subject_template, before.inputs)
            if item is Field.NAME
            else mapping.as_written(item, old, settings)
        )
        if old is not None and old != own:
            line = Line(
                at=now,
                event=Event.REPLACED,
                rule="F1" if item is Field.NAME else "F2",
                text=Said.REPLACED,
                values={"field": item, "old": old},
                side=Side.SALESFORCE,
                field=item,
                lost=old,
                here=excerpt(pairs[item][1]),
                there=excerpt(old),
            )
            lines.append(line)
    return lines


def arrived(
    reminder: Reminder, base: Agreement | None, task: Task | None, settings: Settings, now: datetime
) -> list[Line]:
    """Tell what a write of ours replaced when it is the read, not the answer, that shows that it was made: `base` counts it.

    What somebody has written over since shows nothing, nor does a task that cannot be read any more (None): so a write without an
    answer may have been made, too.
    """
    before = reminder.agreement
    if before is None or base is None or not reminder.intents:
        return []
    changed = {item: pair for item, pair in base.pairs.items() if pair != before.pairs[item]}
    for intent in reminder.intents:
        changed |= intent.pairs if task is None else _written_over(intent, before, task)
    return replaced(before, changed, settings, now)


def _written_over(intent: Intent, before: Agreement, task: Task) -> Pairs:
    """Give what an update may have written before somebody wrote over it."""
    if intent.seen is None or intent.seen >= task.stamp:
        return {}
    there = mapping.theirs(task)
    return {item: pair for item, pair in intent.pairs.items() if there[item] not in {before.pairs[item][1], pair[1]}}


def bury(reminder: Reminder, now: datetime) -> Reminder:
    """Let both sides agree on the delete from now on (M5)."""
    tombstone = reminder.tombstone or Tombstone(at=now, side=Side.SALESFORCE)
    return replace(
        reminder,
        tombstone=replace(tombstone, agreed=now),
        held=None,
        intents=(),
        trouble=None,
        retrying=None,
        pending=False,
        attempts=0,
        next_attempt=None,
        rings=False,
    )


def _still_open(reminder: Reminder, now: datetime) -> tuple[Intent, ...]:
    """Tell which intents a new one must not push out.

    Of creates with the same content one tells all, and the first is the likeliest to have been made: the external id lets no second one in.
    """
    if reminder.agreement is not None:
        return tuple(each for each in reminder.intents if now - each.at <= STAYS_OPEN)[1 - MAX_OPEN :]
    pairs = [each.pairs for each in reminder.intents]
    creates = [each for number, each in enumerate(reminder.intents) if each.pairs not in pairs[:number]]
    return tuple(creates if len(creates) < MAX_OPEN else (creates[0], *creates[2 - MAX_OPEN :]))


def _after(before: Agreement | None, intent: Intent) -> Agreement:
    return Agreement(pairs={**(before.pairs if before else {}), **intent.pairs}, inputs=intent.inputs)


def _matches(pairs: Pairs, there: dict[Field, str | None]) -> int:
    return sum(there[item] == pair[1] for item, pair in pairs.items())


def _sent(pairs: Pairs) -> str:
    """Tell what was written; of details, which are kept as a digest, only that they were."""
    return several({item: "(text)" if item is Field.DETAILS and pair[1] else pair[1] for item, pair in pairs.items()})


def _line(event: Event, rule: str, text: Said, now: datetime, *, here: str | None = None, **values: str) -> Line:
    return Line(at=now, event=event, rule=rule, text=text, values=values or None, side=Side.HERE, here=here)
