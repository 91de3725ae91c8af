"""C2: what a merge and an answer tell, line by line and whole: when, by which rule, of which side, in which words, with which values.

What is told of a write without an answer is told wherever the read shows it: alive, handed over, deleted, restored.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

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
    TASK_ID,
    TROUBLE,
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
from reminders.core.fields import Sides, agree_on_all, merge_fields
from reminders.core.gone import NOT_VISIBLE
from reminders.core.merge import merge
from reminders.core.problems import Failure, Kind
from reminders.core.reminder import (
    Event,
    Field,
    Held,
    Line,
    Priority,
    Record,
    Reminder,
    Side,
    Status,
    Tombstone,
    Trouble,
    Write,
)
from reminders.core.sayings import Said
from reminders.core.settings import Choice, Settings
from reminders.core.task import Deleted, Task, Unreadable
from reminders.core.writes import (
    ROUNDS,
    STAYS_OPEN,
    agreed,
    delete_done,
    with_intent,
    write_done,
    write_failed,
)

FOREIGN = a_task(status="Deferred")
"""Its status does not sync (F2)."""

LATER = {"last_modified": NOW, "system_modstamp": NOW}
"""Stamps of a task that was written after our update was decided on."""

NEW = a_pair(task_id=None, agreement=None)
"""It never had a task."""

TAKEN_BACK = Tombstone(at=BEFORE, side=Side.HERE, restored=NOW)

REPLACED = a_line(
    Event.REPLACED,
    "F2",
    Said.REPLACED,
    values={"field": "status", "old": "Deferred"},
    side=Side.SALESFORCE,
    field=Field.STATUS,
    lost="Deferred",
    here="Completed",
    there="Deferred",
)
"""What our completion replaced on a task with a foreign status."""

HANDED_OVER = a_line(Event.HANDED_OVER, "F6", Said.HANDED_OVER, values={"owner": NO_SYNC}, side=Side.SALESFORCE)
NEW_TASK = a_line(Event.RESTORED, "M5", Said.NEW_TASK, side=Side.HERE)
DELETED_THERE = a_line(Event.PUSHED, "M4", Said.TASK_DELETED, side=Side.HERE)


def there(event: Event, rule: str, text: Said, **values: str) -> Line:
    """Give a line of now that tells of something in Salesforce."""
    return a_line(event, rule, text, values=values or None, side=Side.SALESFORCE)


def unanswered(**changes: Any) -> Reminder:
    """Give one that was completed here, whose task had a foreign status, and the answer to our update was lost."""
    return replace(sent(edited(a_pair(task=FOREIGN), status=Status.COMPLETE), FOREIGN), **changes)


def binned(**changes: Any) -> Deleted:
    """Give a task that lies in the recycle bin."""
    return Deleted(BEFORE, a_task(is_deleted=True, **changes))


# --- what a write without an answer did --------------------------------------------------------------------------------


def test_what_an_update_replaced_is_told_when_a_read_shows_it() -> None:
    """F2, M8: its answer was lost; that it arrived is seen on the task."""
    record = stored(unanswered(), a_task(status="Completed"))

    assert list(record.lines) == [REPLACED]
    assert record.reminder.intents == ()


@pytest.mark.parametrize("task", [FOREIGN, a_task(status="In Progress")])
def test_a_task_that_was_not_written_since_we_looked_shows_no_write_of_ours(task: Task) -> None:
    """F2, M8: nothing was replaced, whatever stands there."""
    record = merge(unanswered(), task, terms(), NOW).record

    assert not record or Event.REPLACED not in [line.event for line in record.lines]


def test_what_an_update_may_have_replaced_is_told_when_somebody_has_written_over_it() -> None:
    """F2, M8: the status reads as neither had it, so whether ours was there in between nobody knows."""
    record = stored(unanswered(), a_task(status="In Progress", **LATER))

    assert REPLACED in record.lines


def test_a_field_that_reads_as_before_our_update_is_told_as_in_doubt() -> None:
    """M8: it never arrived, or somebody has set it back: ours is sent, and the value is kept."""
    record = stored(sent(edited(a_pair(), due=None)), a_task(**LATER))

    assert list(record.lines) == [
        a_line(Event.CONFLICT, "M8", Said.IN_DOUBT, side=Side.SALESFORCE, field=Field.DUE, lost="2026-11-24")
    ]


def test_one_field_of_an_update_that_is_there_is_agreed_and_proves_no_more() -> None:
    """M8: somebody else may have thought of the same date."""
    base, still_open = agreed(sent(edited(a_pair(), due=None, person=CONTACT)), a_task(due=None))

    assert base
    assert (base.pairs[Field.DUE], base.pairs[Field.PERSON]) == ((None, None), (LEAD, LEAD))
    assert [set(each.pairs) for each in still_open] == [{Field.PERSON}]


def test_what_was_handed_over_tells_what_our_arrived_update_replaced_and_not_that_it_was_not_sent() -> None:
    """F6, F2, M8: the read that shows the new owner shows our write, too."""
    record = stored(unanswered(), a_task(status="Completed", owner=NO_SYNC))

    assert list(record.lines) == [REPLACED, HANDED_OVER]
    assert record.reminder.intents == ()


def test_what_was_handed_over_before_our_update_arrived_was_not_sent() -> None:
    """F6: and nothing was replaced."""
    record = stored(unanswered(), a_task(status="Deferred", owner=NO_SYNC))

    assert list(record.lines) == [
        a_line(Event.CONFLICT, "F6", Said.NOT_SENT, side=Side.HERE, field=Field.STATUS, lost="Complete"),
        HANDED_OVER,
    ]


def test_what_was_restored_tells_what_lies_in_the_recycle_bin() -> None:
    """M4, M5, M8: what our update replaced, and what nobody here has seen."""
    reading = binned(status="Completed", due=date(2026, 12, 2))
    record = stored(unanswered(tombstone=TAKEN_BACK), reading)

    unseen = a_line(
        Event.CONFLICT, "M4", Said.DELETE_HERE_WINS, side=Side.SALESFORCE, field=Field.DUE, lost="2026-12-02"
    )
    assert list(record.lines) == [REPLACED, unseen, NEW_TASK]


def test_what_was_restored_tells_of_no_write_that_the_recycle_bin_does_not_show() -> None:
    """M5, M8: the row is as we saw it."""
    assert list(stored(unanswered(tombstone=TAKEN_BACK), binned(status="Deferred")).lines) == [NEW_TASK]


def test_what_both_agreed_was_deleted_tells_nothing_of_the_recycle_bin_again() -> None:
    """M5: it was told when they agreed."""
    gone = a_pair(tombstone=replace(TAKEN_BACK, agreed=BEFORE))

    assert list(stored(gone, binned(due=date(2026, 12, 2))).lines) == [NEW_TASK]


def test_one_that_never_had_a_task_is_restored_as_a_new_one() -> None:
    """M5: nothing of it can be read, and nothing is told of a recycle bin."""
    decision = merge(replace(NEW, tombstone=TAKEN_BACK), Unreadable(), terms(), NOW)

    assert decision.record
    assert list(decision.record.lines) == [NEW_TASK]
    assert decision.send
    assert decision.send.write is Write.CREATE


def test_a_delete_without_a_date_may_be_our_own_that_was_taken_back() -> None:
    """M5, M8: then it counts as made now, and the reminder gets a new task."""
    back = replace(sent(a_pair(tombstone=Tombstone(at=NOW, side=Side.HERE))), tombstone=None)
    decision = merge(back, Deleted(None), terms(), NOW)

    assert decision.record
    assert (decision.rule, list(decision.record.lines)) == ("M5", [NEW_TASK])


# --- meetings ---------------------------------------------------------------------------------------------------------


def test_an_import_is_told_now() -> None:
    """S4, C2: with where it came from."""
    record = merge(None, a_task(), terms(), NOW).record

    assert record
    assert list(record.lines) == [there(Event.IMPORTED, "S4", Said.IMPORTED)]


def test_a_task_that_our_create_made_is_linked() -> None:
    """O2: found by our id, though the answer was lost."""
    assert list(stored(sent(NEW, Unreadable()), a_task()).lines) == [there(Event.LINKED, "O2", Said.LINKED)]


def test_a_task_that_no_create_of_ours_explains_is_linked_again() -> None:
    """O2: it carries our id."""
    assert list(stored(NEW, a_task()).lines) == [there(Event.LINKED, "O2", Said.LINKED_AGAIN)]


def test_a_task_that_our_create_made_and_that_was_given_away_is_linked_and_handed_over() -> None:
    """O2, F6: so that it is known again when it comes back."""
    record = stored(sent(NEW, Unreadable()), a_task(owner=NO_SYNC))

    assert (record.reminder.task_id, record.link, record.reminder.handed_over) == (TASK_ID, TASK_ID, True)


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        (
            {"tombstone": Tombstone(at=BEFORE, side=Side.SALESFORCE, agreed=BEFORE)},
            there(Event.RESTORED, "M5", Said.UNDELETED),
        ),
        (
            {"held": Held(side=Side.SALESFORCE, since=BEFORE)},
            there(Event.RESTORED, "M9", Said.UNDELETED_HELD),
        ),
        (
            {"trouble": Trouble(code=NOT_VISIBLE.code, message=NOT_VISIBLE.message, since=BEFORE)},
            there(Event.LINKED, "I5", Said.READABLE_AGAIN),
        ),
    ],
    ids=["undeleted", "its delete was held", "it was gone"],
)
def test_a_task_that_can_be_read_again_is_told(changes: dict[str, Any], line: Line) -> None:
    """M5, M9, I5: one line, and the pair is as it was."""
    assert list(stored(a_pair(**changes), a_task()).lines) == [line]


def test_a_task_that_came_back_is_told_and_agreed_as_it_is() -> None:
    """F6: its owner is taken without a conflict; every other field is merged as ever."""
    gone = stored(a_pair(), a_task(owner=NO_SYNC)).reminder
    task = a_task(owner=BEN)
    record = stored(gone, task)

    assert list(record.lines) == [
        there(Event.CAME_BACK, "F6", Said.CAME_BACK, owner=BEN),
        replace(
            there(Event.MERGED, "M1", Said.CHANGED_THERE, fields="assignee"),
            here=f"assignee: {ANNA}",
            there=f"assignee: {BEN}",
        ),
    ]
    assert record.reminder.agreement == agree_on_all(some_values(assignee=BEN), task, Settings())


def test_handing_over_and_on_is_by_its_rule() -> None:
    """F6: and again for one who does not sync either, where nothing is to be noted."""
    decision = merge(a_pair(), a_task(owner=NO_SYNC), terms(), NOW)

    assert decision.record
    again = merge(decision.record.reminder, a_task(owner=NO_SYNC), terms(), NOW)
    assert (decision.rule, again.rule, again.record) == ("F6", "F6", None)


# --- a living pair ----------------------------------------------------------------------------------------------------


def test_what_was_changed_there_is_told_with_what_stood_here() -> None:
    """M1, C2: field by field, in one line."""
    decision = merge(a_pair(), a_task(due=date(2026, 12, 2), description="theirs"), terms(), NOW)

    assert decision.record
    assert list(decision.record.lines) == [
        replace(
            there(Event.MERGED, "M1", Said.CHANGED_THERE, fields="due, details"),
            here="due: 2026-11-24; details: Ask about the renewal",
            there="due: 2026-12-02; details: theirs",
        )
    ]
    assert (decision.rule, decision.reason) == ("M1", "Merged; nothing to send.")


def test_a_conflict_about_a_status_tells_our_own_word_for_what_was_agreed() -> None:
    """M2: it was agreed as a foreign one, which stood here as open."""
    record = stored(edited(a_pair(task=FOREIGN), status=Status.COMPLETE), a_task(status="Not Started"))

    [line] = [each for each in record.lines if each.event is Event.CONFLICT]
    assert (line.before, line.here, line.there) == ("Open", "Complete", "Not Started")


def test_what_is_about_to_be_sent_is_agreed_only_when_it_is_written() -> None:
    """M1, F1, O1: until then our side is the old one, in our own words, and so are the template's inputs."""
    pair = a_pair()
    reminder = edited(pair, name="Write to her", status=Status.COMPLETE)
    merged = merge_fields(Sides(reminder=reminder, task=a_task(), agreed=pair.agreement, settings=Settings(), now=NOW))

    assert pair.agreement
    assert set(merged.send) == {Field.NAME, Field.STATUS}
    assert merged.agreement == pair.agreement
    assert merged.agreement.pairs[Field.STATUS] == ("Open", "Not Started")


def test_what_waits_keeps_its_bookkeeping_when_something_else_is_merged() -> None:
    """O3, M1: a change there is no new attempt, and no bell."""
    record = stored(worn(edited(a_pair(), due=None)), a_task(description="theirs"))

    assert bookkeeping(record.reminder) == (True, 4, BEFORE, False, TROUBLE, "OTHER")


def test_what_has_nothing_to_send_is_at_rest() -> None:
    """M1: no trace of what was tried is left."""
    assert bookkeeping(stored(worn(), a_task(description="theirs")).reminder) == AT_REST


def test_what_waited_for_sync_to_be_turned_on_rings_now() -> None:
    """O1, S3: its edit had no next attempt."""
    reminder = replace(edited(a_pair(), due=None, details="new"), next_attempt=None)
    decision = merge(reminder, a_task(), terms(), NOW)

    assert decision.record
    assert (decision.rule, decision.reason) == ("M1", "Changed here: due, details.")
    assert bookkeeping(decision.record.reminder) == (True, 0, NOW, True, None, None)


def test_the_latest_is_told_by_salesforce_s_clock() -> None:
    """M2: ours is two minutes behind."""
    reminder = edited(a_pair(), at=BEFORE - timedelta(minutes=1), due=date(2026, 12, 1))
    task = a_task(due=date(2026, 12, 2))

    assert merge(reminder, task, terms(skew=timedelta(minutes=2)), NOW).send
    assert not merge(reminder, task, terms(), NOW).send


def test_what_was_handed_over_shows_the_agreed_priority_in_our_own_words() -> None:
    """F6, F3: whatever the org calls it."""
    settings = Settings(priorities={Priority.NORMAL: Choice(written="P3"), Priority.HIGH: Choice(written="P1")})
    values, task = some_values(priority=Priority.HIGH), a_task(priority="P1")
    pair = a_pair(values=values, agreement=agree_on_all(values, task, settings))
    record = stored(edited(pair, priority=Priority.NORMAL), a_task(owner=NO_SYNC, priority="P2"), settings=settings)

    assert record.reminder.values.priority is Priority.HIGH


def test_the_fuse_leaves_waiting_what_no_edit_had_made_wait() -> None:
    """M8: so that a retry finds something to send."""
    reminder = replace(edited(a_pair(rounds=ROUNDS), due=None), pending=False, next_attempt=None)

    assert stored(reminder, a_task()).reminder.pending


# --- our own writes ---------------------------------------------------------------------------------------------------


def test_an_intent_waits_for_its_answer_and_does_not_ring() -> None:
    """O1: whatever made it."""
    reminder = replace(a_pair(), rings=True)
    after = with_intent(reminder, Send(write=Write.DELETE), NOW, lease=timedelta(minutes=2))

    assert bookkeeping(after)[:4] == (True, 0, NOW + timedelta(minutes=2), False)


def test_an_intent_is_kept_to_the_last_second_in_which_its_write_can_turn_up() -> None:
    """M8: a transaction lasts as long as that, and not longer."""
    late = sent(edited(a_pair(), due=None))
    kept = [len(with_intent(late, Send(write=Write.UPDATE), NOW + age, lease=age).intents)
            for age in (STAYS_OPEN, STAYS_OPEN + timedelta(seconds=1))]  # fmt: skip

    assert kept == [2, 1]


def test_what_a_write_replaced_is_told_with_its_answer() -> None:
    """F2, O1: nobody here had taken it over."""
    reminder = unanswered()
    record = write_done(reminder, reminder.version, TASK_ID, terms(), NOW)

    assert record
    assert record.lines[0] == REPLACED
    assert [line.event for line in record.lines] == [Event.REPLACED, Event.PUSHED]


def test_a_subject_that_a_write_replaced_is_told_with_its_answer() -> None:
    """F1: one that somebody had given the task there."""
    task = a_task(subject="Ring her")
    reminder = sent(edited(a_pair(task=task), name="Write to her"), task)
    record = write_done(reminder, reminder.version, TASK_ID, terms(), NOW)

    assert record
    assert record.lines[0] == a_line(
        Event.REPLACED,
        "F1",
        Said.REPLACED,
        values={"field": "name", "old": "Ring her"},
        side=Side.SALESFORCE,
        field=Field.NAME,
        lost="Ring her",
        here="Write to her",
        there="Ring her",
    )


def test_a_priority_that_we_write_ourselves_is_nothing_to_tell_of() -> None:
    """F3: it stood here as well."""
    reminder = sent(edited(a_pair(), priority=Priority.HIGH))
    record = write_done(reminder, reminder.version, TASK_ID, terms(), NOW)

    assert record
    assert [line.event for line in record.lines] == [Event.PUSHED]


def test_a_delete_made_during_the_call_is_due_at_once() -> None:
    """M4, O5: the schedule would find it, too."""
    reminder = replace(sent(edited(a_pair(), due=None)), tombstone=Tombstone(at=NOW, side=Side.HERE))
    record = write_done(reminder, reminder.version, TASK_ID, terms(), NOW)

    assert record
    assert (record.reminder.pending, record.reminder.next_attempt) == (True, NOW)


def test_what_was_assigned_to_somebody_who_does_not_sync_is_told_as_handed_over_here() -> None:
    """F6: once it is written."""
    reminder = sent(edited(a_pair(), assignee=NO_SYNC))
    record = write_done(reminder, reminder.version, TASK_ID, terms(), NOW)

    assert record
    assert record.lines[-1] == a_line(
        Event.HANDED_OVER, "F6", Said.HANDED_OVER, values={"owner": NO_SYNC}, side=Side.HERE
    )


def test_an_id_that_is_taken_closes_its_create_only_where_another_explains_it() -> None:
    """O2: the external id lets one in; the only one may have been made, and the look-up must go on."""
    taken = Failure(kind=Kind.DUPLICATE, code="DUPLICATE_VALUE", message="Taken.")
    one = sent(NEW, Unreadable())
    two = sent(edited(one, due=None), Unreadable())

    assert write_failed(one, one.version, taken, NOW).reminder.intents == one.intents
    assert [each.number for each in two.intents] == [one.version, two.version]
    assert write_failed(two, two.version, taken, NOW).reminder.intents == one.intents


def test_a_delete_that_was_taken_back_is_told_and_looked_at_again_at_once() -> None:
    """M5: by the merge that finds its task deleted."""
    gone = sent(a_pair(tombstone=Tombstone(at=NOW, side=Side.HERE)))
    back = replace(gone, tombstone=None, pending=False, next_attempt=None, rings=True)
    after = replace(back, pending=True, next_attempt=NOW, rings=False)

    assert delete_done(back, back.version, None, NOW) == Record(reminder=after, lines=(DELETED_THERE,))
