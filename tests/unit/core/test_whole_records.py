"""C2, M2, O1: what is stored, whole: every line of history with its time, rule, sides and values, and no bookkeeping left behind.

The mutation tool showed that tests which look at one value of a record leave its others free to be wrong.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from factories import (
    ANNA,
    AT_REST,
    BEFORE,
    BEN,
    CONTACT,
    LEAD,
    NO_SYNC,
    NOW,
    QUEUE,
    TASK_ID,
    a_line,
    a_pair,
    a_task,
    bookkeeping,
    edited,
    sent,
    some_values,
    stored,
    terms,
    worn,
)

from reminders.core.decision import Send
from reminders.core.fields import agree_on_all
from reminders.core.merge import merge
from reminders.core.problems import Failure, Kind, back_off
from reminders.core.push_plan import Call, Planned, affordable, halves
from reminders.core.reminder import Event, Field, Held, Priority, Side, Tombstone, Trouble, Write
from reminders.core.sayings import Said
from reminders.core.settings import Policy, Settings
from reminders.core.task import Deleted
from reminders.core.watermark import whole_minute
from reminders.core.writes import (
    DAILY,
    KEEPS_CHANGING,
    ROUNDS,
    bury,
    delete_done,
    with_intent,
    write_done,
    write_failed,
)

REFUSED = Failure(kind=Kind.PERMANENT, code="FIELD_CUSTOM_VALIDATION_EXCEPTION", message="No.")


@pytest.mark.parametrize(("policy", "loser"), [(Policy.SALESFORCE, Side.HERE), (Policy.REMINDER, Side.SALESFORCE)])
def test_a_conflict_is_told_with_both_values_and_what_was_agreed_before(policy: Policy, loser: Side) -> None:
    """M2, C2: the loser's value can be taken back, and the line says why it lost."""
    settings = Settings(policy=policy)
    record = stored(edited(a_pair(), due=date(2026, 12, 1)), a_task(due=date(2026, 12, 2)), settings=settings)

    assert record.lines[0] == a_line(
        Event.CONFLICT,
        "M2",
        Said.THEIRS_KEPT if loser is Side.HERE else Said.OURS_KEPT,
        values={"field": "due", "policy": policy},
        side=loser,
        field=Field.DUE,
        lost="2026-12-01" if loser is Side.HERE else "2026-12-02",
        before="2026-11-24",
        here="2026-12-01",
        there="2026-12-02",
    )
    assert record.reminder.agreement
    pair = record.reminder.agreement.pairs[Field.DUE]
    assert pair == ("2026-12-02", "2026-12-02"), "the task's value counts as seen by both"


def test_of_details_the_line_of_a_conflict_holds_texts_and_never_a_digest() -> None:
    """M2, F5: what both sides had agreed on is kept as a digest only, which tells a reader nothing."""
    record = stored(edited(a_pair(), details="ours"), a_task(description="theirs"))

    [line] = [each for each in record.lines if each.event is Event.CONFLICT]
    assert (line.before, line.here, line.there, line.lost) == (None, "ours", "theirs", "theirs")


def test_the_line_of_a_refused_clearing_names_its_field_and_the_task_s_person_stays() -> None:
    """F7: with Shared Activities."""
    record = stored(edited(a_pair(), person=None), a_task(who_count=2))

    assert [each for each in record.lines if each.event is Event.REFUSED] == [
        a_line(Event.REFUSED, "F7", Said.PERSON_STAYS, values={"people": "2"}, side=Side.HERE, field=Field.PERSON)
    ]
    assert record.reminder.values.person == LEAD
    assert record.reminder.agreement
    assert record.reminder.agreement.pairs[Field.PERSON] == (LEAD, LEAD)


def test_a_clearing_that_won_its_conflict_is_refused_all_the_same() -> None:
    """F7, M2: whoever wins, another person would be promoted."""
    task = a_task(who=CONTACT, who_count=2)
    decision = merge(edited(a_pair(), person=None), task, terms(settings=Settings(policy=Policy.REMINDER)), NOW)

    assert decision.send is None
    assert decision.record
    assert [each.event for each in decision.record.lines if each.field is Field.PERSON] == [Event.REFUSED]
    assert decision.record.reminder.values.person == CONTACT


def test_a_restored_one_whose_task_lives_tells_of_it_now() -> None:
    """M5, C2."""
    gone = a_pair(tombstone=Tombstone(at=BEFORE, side=Side.HERE, restored=NOW))

    assert {each.at for each in stored(gone, a_task(due=date(2026, 12, 2))).lines} == {NOW}


def test_the_only_person_may_be_cleared() -> None:
    """F7: without Shared Activities, or with one person, nobody else could be promoted."""
    for count in (None, 1):
        send = merge(edited(a_pair(), person=None), a_task(who_count=count), terms(), NOW).send
        assert send
        assert send.fields == {"WhoId": None}


def test_what_was_handed_over_is_at_rest_and_tells_what_was_not_sent() -> None:
    """F6: nothing of it is tried again, and what waited is in the history."""
    record = stored(worn(edited(a_pair(), due=date(2026, 12, 1))), a_task(owner=NO_SYNC))

    assert list(record.lines) == [
        a_line(Event.CONFLICT, "F6", Said.NOT_SENT, side=Side.HERE, field=Field.DUE, lost="2026-12-01"),
        a_line(Event.HANDED_OVER, "F6", Said.HANDED_OVER, values={"owner": NO_SYNC}, side=Side.SALESFORCE),
    ]
    assert bookkeeping(record.reminder) == AT_REST
    assert record.reminder.handed_over
    assert (record.reminder.intents, record.link) == ((), None)


def test_what_is_handed_over_shows_the_agreed_priority_where_the_task_s_does_not_sync() -> None:
    """F6, F3: an edit made here that was not sent is no value of the task's."""
    task = a_task(priority="High")
    pair = a_pair(task=task, values=some_values(priority=Priority.HIGH))
    agreed = replace(pair, agreement=agree_on_all(pair.values, task, Settings()))
    record = stored(edited(agreed, priority=Priority.NORMAL), a_task(owner=NO_SYNC, priority="Low"))

    assert record.reminder.values.priority is Priority.HIGH


def test_a_restored_one_whose_task_is_deleted_starts_anew() -> None:
    """M5: no trace of the old task is left on it, and its owner's sync covers it."""
    gone = replace(
        sent(edited(a_pair(), due=None)),
        tombstone=Tombstone(at=BEFORE, side=Side.HERE, agreed=BEFORE, restored=NOW),
        handed_over=True,
        sponsor=BEN,
        pending=False,
    )
    decision = merge(gone, Deleted(BEFORE), terms(), NOW)
    record = decision.record
    assert record

    assert list(record.lines) == [a_line(Event.RESTORED, "M5", Said.NEW_TASK, side=Side.HERE)]
    after = record.reminder
    assert (after.task_id, after.agreement, after.intents, after.handed_over) == (None, None, (), False)
    assert (after.sponsor, after.generation, record.unlink) == (ANNA, gone.generation + 1, TASK_ID)
    assert (decision.rule, after.pending, after.next_attempt) == ("M5", True, NOW)


def test_what_goes_from_one_stranger_to_the_next_is_told_and_the_owner_noted() -> None:
    """F6, S3: so that it is found when that one turns sync on; what is agreed on our side stays."""
    gone = stored(a_pair(), a_task(owner=NO_SYNC)).reminder
    decision = merge(gone, a_task(owner=QUEUE), terms(), NOW)

    assert decision.record
    assert list(decision.record.lines) == [
        a_line(Event.HANDED_OVER, "F6", Said.HANDED_ON, values={"owner": QUEUE}, side=Side.SALESFORCE)
    ]
    agreement = decision.record.reminder.agreement
    assert agreement
    assert gone.agreement
    assert agreement.pairs[Field.ASSIGNEE] == (gone.agreement.pairs[Field.ASSIGNEE][0], QUEUE)
    assert decision.rule == "F6"


def test_the_fuse_keeps_what_the_merge_has_learned() -> None:
    """M8: it stops the sending; the loser of a conflict is in the history nevertheless, and the edit waits."""
    reminder = edited(a_pair(rounds=ROUNDS), due=date(2026, 12, 1))
    decision = merge(reminder, a_task(due=date(2026, 12, 2)), terms(), NOW)

    assert decision.record
    assert [each.event for each in decision.record.lines] == [Event.CONFLICT, Event.PROBLEM]
    assert (decision.rule, decision.send, decision.record.reminder.pending) == ("M8", None, True)
    assert decision.reason == KEEPS_CHANGING.message


def test_a_failure_that_passes_is_tried_again_at_the_reminder_s_own_moment() -> None:
    """O3: the jitter is drawn from its id, so that many do not come back together."""
    reminder = sent(edited(a_pair(), due=None))
    busy = Failure(kind=Kind.TRANSIENT, code="UNABLE_TO_LOCK_ROW", message="Busy.")
    record = write_failed(reminder, reminder.version, busy, NOW)

    assert record.reminder.next_attempt == (NOW + back_off(1, reminder.id)).replace(microsecond=0)


def test_a_buried_one_is_at_rest() -> None:
    """M5: both sides agree on the delete; nothing of it waits."""
    held = Held(side=Side.SALESFORCE, since=BEFORE, confirmed=BEFORE)
    after = bury(replace(worn(sent(edited(a_pair(), due=None))), held=held), NOW)

    assert bookkeeping(after) == AT_REST
    assert (after.intents, after.held) == ((), None)
    assert after.tombstone == Tombstone(at=NOW, side=Side.SALESFORCE, agreed=NOW)


def test_a_write_that_succeeded_is_told_with_what_was_sent_and_leaves_nothing_waiting() -> None:
    """O1, C2: a text is kept as a digest, and told of as a text; the round counts for the fuse (M8)."""
    reminder = worn(sent(edited(a_pair(), due=None, details="new", person=CONTACT)))
    record = write_done(reminder, reminder.version, TASK_ID, terms(), NOW)

    assert record
    assert list(record.lines) == [
        a_line(
            Event.PUSHED,
            "O1",
            Said.SENT,
            values={"fields": "due, details, person"},
            side=Side.HERE,
            here=f"due: (empty); details: (text); person: {CONTACT}",
        )
    ]
    assert bookkeeping(record.reminder) == AT_REST
    assert record.reminder.rounds == 3


def test_an_edit_made_during_the_call_is_due_at_once() -> None:
    """O5: it goes with the next push, and the schedule would find it, too."""
    under_way = sent(edited(a_pair(), due=None))
    record = write_done(edited(under_way, details="later"), under_way.version, TASK_ID, terms(), NOW)

    assert record
    assert (record.reminder.pending, record.reminder.next_attempt) == (True, NOW)


def test_a_refused_write_is_a_problem_for_a_day_and_does_not_ring() -> None:
    """O3, O4: push's own bookkeeping is no bell."""
    reminder = worn(sent(edited(a_pair(), due=None)))
    record = write_failed(reminder, reminder.version, REFUSED, NOW)

    assert list(record.lines) == [
        a_line(
            Event.PROBLEM,
            "O3",
            Said.REFUSED,
            values={"code": REFUSED.code, "message": REFUSED.message},
            side=Side.HERE,
        )
    ]
    trouble = Trouble(code=REFUSED.code, message=REFUSED.message, since=NOW)
    assert bookkeeping(record.reminder) == (True, 5, NOW + DAILY, False, trouble, None)


def test_a_delete_of_ours_tells_what_nobody_here_had_seen() -> None:
    """M4, O1: by the row in the recycle bin."""
    before = a_pair(tombstone=Tombstone(at=NOW, side=Side.HERE))
    gone = replace(with_intent(before, Send(write=Write.DELETE), NOW, lease=DAILY), version=before.version + 1)
    record = delete_done(gone, gone.version, a_task(is_deleted=True, due=date(2026, 12, 2)), NOW)

    assert record
    assert list(record.lines) == [
        a_line(
            Event.CONFLICT,
            "M4",
            Said.DELETE_HERE_WINS,
            side=Side.SALESFORCE,
            field=Field.DUE,
            lost="2026-12-02",
        ),
        a_line(Event.PUSHED, "M4", Said.TASK_DELETED, side=Side.HERE),
    ]


def test_a_delete_there_tells_what_had_not_been_sent() -> None:
    """M4: the edit is kept."""
    record = stored(edited(a_pair(), due=date(2026, 12, 1)), Deleted(BEFORE))

    assert list(record.lines) == [
        a_line(Event.CONFLICT, "M4", Said.DELETE_THERE_WINS, side=Side.HERE, field=Field.DUE, lost="2026-12-01"),
        a_line(Event.DELETED, "M4", Said.DELETED_THERE, side=Side.SALESFORCE),
    ]


def test_with_few_calls_left_the_most_urgent_go() -> None:
    """O6: by what is due soonest, not by their ids."""
    late, soon = (a_pair(id=name, values=some_values(due=due)) for name, due in (("a", None), ("z", date(2026, 1, 1))))
    sends = {"a": (late, Write.DELETE), "z": (soon, Write.UPDATE)}

    assert affordable(sends, 1) == {"z"}


def test_a_call_is_halved_in_the_middle() -> None:
    """O3: so that one record at fault among 200 is found in eight steps."""
    item = Planned(reminder=a_pair(), send=Send(write=Write.DELETE))

    assert [len(each.items) for each in halves(Call(write=Write.DELETE, items=(item,) * 7))] == [4, 3]


def test_a_whole_minute_has_no_fraction_of_a_second() -> None:
    """I3: as the platform drops both."""
    assert whole_minute(NOW.replace(second=3, microsecond=7)) == NOW
