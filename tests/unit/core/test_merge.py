"""M3 to M6, M8, M10, S2 to S4, F6, O2: what a reminder and a task are to each other."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from factories import ANNA, BEFORE, BEN, NO_SYNC, NOW, QUEUE, ROBOT, TASK_ID, a_pair, a_task, edited, some_values, terms

from reminders.core.decision import Decision
from reminders.core.first_meeting import importable
from reminders.core.merge import merge
from reminders.core.reminder import Event, Field, Intent, Reminder, Side, Status, Tombstone, Type, Write, imported_id
from reminders.core.settings import Settings
from reminders.core.task import EXTERNAL_ID, Deleted, Hint, Reading, Unreadable, reading
from reminders.core.writes import ROUNDS, STAYS_OPEN, with_intent

LEASE = timedelta(minutes=2)


def stored(decision: Decision) -> Reminder:
    """Give the reminder that the decision stores."""
    assert decision.record, decision.reason
    return decision.record.reminder


def events(decision: Decision) -> list[Event]:
    """Give what the decision tells, in order."""
    return [line.event for line in decision.record.lines] if decision.record else []


def new(**changes: Any) -> Reminder:
    """Give a reminder that has no task yet, and waits for one."""
    reminder = Reminder(id="r1", version=1, values=some_values(), created=BEFORE, created_by=ANNA, sponsor=ANNA)
    return replace(reminder, **{"pending": True, "next_attempt": BEFORE, **changes})


def creating(reminder: Reminder | None = None) -> Reminder:
    """Give a reminder whose create is under way."""
    reminder = reminder or new()
    send = merge(reminder, Unreadable(), terms(), NOW).send
    assert send
    return replace(with_intent(reminder, send, NOW, lease=LEASE), version=reminder.version + 1)


# --- first meetings ---------------------------------------------------------------------------------------------------


def test_an_open_task_of_a_syncing_user_is_imported_with_a_link_and_an_agreement() -> None:
    """S4, M3: linked at once, nothing to send, and importing twice makes the same reminder."""
    decision = merge(None, a_task(subtype="Call"), terms(), NOW)
    reminder = stored(decision)
    assert (reminder.id, reminder.version, reminder.task_id) == (imported_id(TASK_ID), 0, TASK_ID)
    assert decision.record
    assert decision.record.link == TASK_ID
    assert reminder.values == some_values(type=Type.CALL)
    assert (reminder.pending, decision.send, events(decision)) == (False, None, [Event.IMPORTED])
    assert merge(replace(reminder, version=1), a_task(subtype="Call"), terms(), NOW).record is None


@pytest.mark.parametrize(
    ("task", "why"),
    [
        ({"is_recurrence": True}, "recurring"),
        ({"is_closed": True, "status": "Completed"}, "closed"),
        ({"owner": NO_SYNC}, "owner does not sync"),
        ({"owner": QUEUE}, "owner does not sync"),
        ({"subtype": "Email"}, "a log of something done"),
        ({"subtype": "ListEmail"}, "a log of something done"),
        ({"subtype": "Cadence"}, "a log of something done"),
    ],
)
def test_what_cannot_be_reminded_of_is_not_imported_and_the_reason_is_said(task: dict[str, Any], why: str) -> None:
    """S4, M10: only open to-dos of syncing users."""
    decision = merge(None, a_task(**task), terms(), NOW)
    assert (decision.record, decision.send) == (None, None)
    assert why in decision.reason


@pytest.mark.parametrize("subtype", ["Task", "Call", "LinkedIn", None])
def test_to_dos_are_imported(subtype: str | None) -> None:
    """S4: the four subtypes that are to-dos."""
    assert importable(a_task(subtype=subtype), terms().syncing) is None


@pytest.mark.parametrize("what", [Deleted(NOW), Unreadable()])
def test_an_unknown_task_that_cannot_be_read_is_nothing_to_us(what: Reading) -> None:
    """M3: a first meeting is never a delete."""
    assert merge(None, what, terms(), NOW) == Decision(rule="M3", reason="The task is unknown here and cannot be read.")


@pytest.mark.parametrize("what", [a_task(), Deleted(NOW), Unreadable()])
def test_a_reminder_that_is_not_synced_stays_out_of_it(what: Reading) -> None:
    """S2: an older reminder stays local however often it is edited."""
    decision = merge(new(sponsor=None), what, terms(), NOW)
    assert (decision.rule, decision.record, decision.send) == ("S2", None, None)


# --- creates ----------------------------------------------------------------------------------------------------------


def test_a_new_reminder_is_created_with_its_external_id_and_without_empty_fields() -> None:
    """O2: an insert carrying the unique id; Type and TaskSubtype are never written (S4)."""
    decision = merge(new(values=some_values(due=None), generation=2), Unreadable(), terms(), NOW)
    assert decision.send
    assert decision.send.write is Write.CREATE
    assert decision.send.fields == {
        EXTERNAL_ID: "r1-2", "Subject": "Call Ms Lindqvist", "Status": "Not Started", "Priority": "Normal",
        "Description": "Ask about the renewal", "OwnerId": ANNA, "WhoId": some_values().person,
    }  # fmt: skip
    assert decision.send.pairs.keys() == set(Field)


def test_a_new_reminder_waits_while_its_owner_does_not_sync() -> None:
    """S3: nothing moves, and the schedule stops asking."""
    decision = merge(new(), Unreadable(), terms(BEN), NOW)
    assert decision.send is None
    assert (stored(decision).pending, stored(decision).next_attempt) == (True, None)
    assert merge(stored(decision), Unreadable(), terms(BEN), NOW).record is None


def test_a_create_whose_answer_was_lost_is_adopted_and_later_edits_on_both_sides_count() -> None:
    """O2, M3: the open intent is the agreement."""
    reminder = edited(creating(), due=None)
    decision = merge(reminder, a_task(external_id="r1-0", created_by=ROBOT, status="Completed"), terms(), NOW)
    after = stored(decision)
    assert decision.record
    assert decision.record.link == TASK_ID
    assert (after.task_id, after.intents, after.values.status) == (TASK_ID, (), Status.COMPLETE)
    assert decision.send
    assert decision.send.fields == {"ActivityDate": None}
    assert events(decision) == [Event.LINKED, Event.MERGED]


def test_of_two_open_creates_the_task_shows_which_one_was_made() -> None:
    """O2: a retry with newer values must not take the first attempt's values for an edit made in Salesforce."""
    first = creating()
    second = creating(edited(first, due=None, details="newer"))
    assert [intent.number for intent in second.intents] == [2, 3]
    decision = merge(second, a_task(external_id="r1-0"), terms(), NOW)
    assert decision.send
    assert decision.send.fields == {"ActivityDate": None, "Description": "newer"}
    assert stored(decision).values == second.values


def test_what_was_set_there_before_either_of_two_creates_was_known_is_a_conflict() -> None:
    """M2, O2: the task is as like the one as the other; whichever it was, the value that stands here is not lost without a word (seed 6880)."""
    first = creating()
    second = creating(replace(first, values=replace(first.values, due=date(2026, 12, 24))))
    task = a_task(due=date(2027, 1, 1), last_modified=NOW, external_id=second.external_id)
    decision = merge(second, task, terms(), NOW)
    assert stored(decision).values.due == date(2027, 1, 1)
    assert decision.record
    assert [line.lost for line in decision.record.lines if line.field is Field.DUE] == ["2026-12-24"]


def test_a_reminder_with_another_task_leaves_this_one_alone() -> None:
    """Never two tasks for one reminder."""
    assert merge(a_pair(), a_task(id="00T000000000002EAA"), terms(), NOW).rule == "M5"


def test_a_found_task_without_an_intent_is_linked_again_and_never_overwritten_silently() -> None:
    """M3: link, and what differs is a conflict with a line."""
    decision = merge(new(edited=dict.fromkeys(Field, NOW)), a_task(due=None), terms(), NOW)
    assert events(decision) == [Event.LINKED, Event.CONFLICT]


# --- both alive -------------------------------------------------------------------------------------------------------


def test_our_own_write_coming_back_costs_no_write() -> None:
    """M8: recognised by content."""
    decision = merge(a_pair(rings=True), a_task(last_modified=NOW, system_modstamp=NOW), terms(), NOW)
    assert decision == Decision(rule="M1", reason="Both sides agree.")


def test_a_merge_that_leaves_something_new_to_send_rings_once() -> None:
    """O1: what is waiting already has rung."""
    quiet = replace(edited(a_pair(), due=None), pending=False, next_attempt=None)
    assert stored(merge(quiet, a_task(), terms(), NOW)).rings
    waits = replace(edited(a_pair(), due=None), rings=True)
    assert merge(waits, a_task(), terms(), NOW).record is None
    assert not stored(merge(waits, a_task(priority="High"), terms(), NOW)).rings


def test_what_waited_for_a_sync_that_was_off_rings_when_the_task_comes_to_somebody_who_syncs() -> None:
    """S3, F6: without a next attempt nobody would ever look at it again."""
    stuck = replace(edited(a_pair(), due=None), next_attempt=None)
    assert stored(merge(stuck, a_task(owner=BEN), terms(BEN), NOW)).rings
    assert stored(merge(deleted_here(next_attempt=None), a_task(owner=BEN), terms(BEN), NOW)).rings


def test_a_push_that_finds_nothing_to_send_stops_waiting() -> None:
    """M7: edited back, or edited to the same there."""
    after = stored(merge(edited(a_pair(), due=some_values().due), a_task(), terms(), NOW))
    assert (after.pending, after.next_attempt, after.rings) == (False, None, False)


def test_a_write_whose_answer_was_lost_is_recognised_by_its_text() -> None:
    """M8: an update is atomic, so the field that somebody changed meanwhile is their edit, not a conflict."""
    reminder = edited(a_pair(), due=None, details="new")
    send = merge(reminder, a_task(), terms(), NOW).send
    assert send
    sent = with_intent(reminder, send, NOW, lease=LEASE)
    theirs = date(2026, 12, 24)
    decision = merge(sent, a_task(due=theirs, description="new"), terms(), NOW)
    assert stored(decision).values.due == theirs
    assert (decision.send, stored(decision).intents, events(decision)) == (None, (), [Event.MERGED])


def test_a_value_that_anybody_could_have_set_proves_no_write_of_ours() -> None:
    """M8, Never: it is agreed; the other values of that write are still ours to send, and what they replace is kept."""
    reminder = edited(a_pair(), due=None, details="new")
    send = merge(reminder, a_task(), terms(), NOW).send
    assert send
    sent = with_intent(reminder, send, NOW, lease=LEASE)
    decision = merge(sent, a_task(due=None, description="theirs"), terms(), NOW)
    assert decision.send
    assert decision.send.fields == {"Description": "new"}
    assert [(line.field, line.lost) for line in (decision.record.lines if decision.record else ())] == [
        (Field.DETAILS, "theirs")
    ]
    assert [set(intent.pairs) for intent in stored(decision).intents] == [{Field.DETAILS}]


def test_a_write_that_has_not_arrived_is_sent_again_and_stays_open() -> None:
    """M8: it can still turn up, and must then be known."""
    reminder = edited(a_pair(), due=None)
    send = merge(reminder, a_task(), terms(), NOW).send
    assert send
    sent = with_intent(reminder, send, NOW, lease=LEASE)
    again = merge(sent, a_task(), terms(), NOW)
    assert again.send == send
    assert again.record is None


def test_an_edit_made_during_a_lost_push_is_not_a_conflict_with_it() -> None:
    """M8, O5: the arrived value is ours, so only the newer edit goes out."""
    reminder = edited(a_pair(), due=None)
    send = merge(reminder, a_task(), terms(), NOW).send
    assert send
    sent = edited(with_intent(reminder, send, NOW, lease=LEASE), due=some_values().due)
    decision = merge(sent, a_task(due=None, last_modified_by=ROBOT), terms(), NOW)
    assert decision.send
    assert decision.send.fields == {"ActivityDate": "2026-11-24"}
    assert events(decision) == []


def test_what_an_arrived_write_replaced_is_told_even_without_its_answer() -> None:
    """F2: a foreign status that our status replaced goes to history."""
    reminder = edited(a_pair(task=a_task(status="In Progress")), status=Status.COMPLETE)
    send = merge(reminder, a_task(status="In Progress"), terms(), NOW).send
    assert send
    sent = with_intent(reminder, send, NOW, lease=LEASE)
    decision = merge(sent, a_task(status="Completed"), terms(), NOW)
    assert decision.record
    assert [(line.event, line.lost) for line in decision.record.lines] == [(Event.REPLACED, "In Progress")]


@pytest.mark.parametrize("taken_back", [False, True])
def test_what_an_unanswered_write_may_have_replaced_is_told_when_its_task_is_gone_for_good(*, taken_back: bool) -> None:
    """F2, M4, M5: deleted and purged there, no read will ever show whether our status got there first (seed 6061)."""
    reminder = edited(a_pair(task=a_task(status="In Progress")), status=Status.COMPLETE)
    send = merge(reminder, a_task(status="In Progress"), terms(), NOW).send
    assert send
    sent = with_intent(reminder, send, NOW, lease=LEASE, seen=a_task().stamp)
    if taken_back:
        sent = replace(sent, tombstone=Tombstone(at=BEFORE, side=Side.HERE, restored=NOW))
    decision = merge(sent, Deleted(NOW), terms(), NOW)
    assert decision.record
    told = [line for line in decision.record.lines if line.event is Event.REPLACED]
    assert [(line.field, line.lost) for line in told] == [(Field.STATUS, "In Progress")]


def test_the_master_of_a_series_is_never_touched() -> None:
    """M10: masters are never written."""
    assert merge(edited(a_pair(), due=None), a_task(is_recurrence=True), terms(), NOW).rule == "M10"


def test_an_archived_task_is_a_living_task() -> None:
    """M6: archived is not deleted."""
    assert merge(a_pair(), a_task(is_archived=True), terms(), NOW).record is None


# --- deletes ----------------------------------------------------------------------------------------------------------


def test_absence_is_never_a_delete() -> None:
    """M6: not returned by a read is nothing more than that."""
    decision = merge(a_pair(), Unreadable(), terms(), NOW)
    assert (decision.rule, decision.record, decision.send) == ("M6", None, None)


def test_what_cannot_be_read_while_its_owner_does_not_sync_rests() -> None:
    """S3, M6: nothing moves, and nothing is said of a task that nobody may look for."""
    decision = merge(a_pair(), Unreadable(), terms(BEN), NOW)
    assert (decision.rule, decision.record, decision.send) == ("S3", None, None)


def test_deleted_there_is_deleted_here() -> None:
    """M4: on one side deletes on the other, and both agree from now on (M5)."""
    reminder = stored(merge(a_pair(), Deleted(BEFORE), terms(), NOW))
    assert reminder.tombstone == Tombstone(at=BEFORE, side=Side.SALESFORCE, agreed=NOW)
    assert merge(reminder, Deleted(BEFORE), terms(), NOW).record is None


def test_a_delete_there_wins_over_an_edit_here_and_the_edit_is_kept() -> None:
    """M4: kept in history, whole."""
    decision = merge(edited(a_pair(), details="my words"), Deleted(), terms(), NOW)
    assert decision.record
    assert stored(decision).tombstone == Tombstone(at=NOW, side=Side.SALESFORCE, agreed=NOW)
    assert [(line.event, line.lost) for line in decision.record.lines] == [
        (Event.CONFLICT, "my words"),
        (Event.DELETED, None),
    ]


def deleted_here(**changes: Any) -> Reminder:
    """Give a reminder deleted here, not there yet."""
    waits = {"tombstone": Tombstone(at=BEFORE, side=Side.HERE), "pending": True, "next_attempt": BEFORE}
    return a_pair(**{**waits, **changes})


def test_an_update_that_arrives_after_we_decided_to_delete_is_our_own() -> None:
    """M4, M8, F1: the delete was refused meanwhile; what the late update replaced is told, and not the update itself (seed 106)."""
    reminder = edited(a_pair(task=a_task(subject="Edited there")), name="Edited here")
    send = merge(reminder, a_task(subject="Edited there"), terms(), NOW).send
    assert send
    sent = with_intent(reminder, send, NOW, lease=LEASE, seen=a_task().stamp)
    deleted = replace(sent, tombstone=Tombstone(at=NOW, side=Side.HERE))
    first = merge(deleted, a_task(subject="Edited there"), terms(), NOW)
    assert first.record
    late = a_task(subject=send.fields["Subject"], last_modified=NOW, system_modstamp=NOW)
    second = merge(first.record.reminder, late, terms(), NOW)
    assert second.record
    assert [line.lost for line in second.record.lines if line.field is Field.NAME] == ["Edited there"]


def test_deleted_here_deletes_there() -> None:
    """M4, M9: once the valve let it pass it is counted no more, and nothing else needs storing: the tombstone waits already."""
    decision = merge(deleted_here(), a_task(), terms(), NOW)
    assert decision.send
    assert decision.delete
    assert decision.send.write is Write.DELETE
    assert stored(decision).tombstone == Tombstone(at=BEFORE, side=Side.HERE, passed=NOW)
    again = merge(stored(decision), a_task(), terms(), NOW + timedelta(minutes=1))
    assert again.send
    assert (again.send.write, again.record, again.delete) == (Write.DELETE, None, None)


def test_a_delete_here_wins_over_an_edit_there_and_the_edit_is_kept() -> None:
    """M4: what is about to be deleted was seen, so it goes to history once."""
    decision = merge(deleted_here(), a_task(description="their words"), terms(), NOW)
    assert decision.record
    assert decision.send
    assert [(line.side, line.lost) for line in decision.record.lines] == [(Side.SALESFORCE, "their words")]
    assert merge(stored(decision), a_task(description="their words"), terms(), NOW).record is None


def test_deleted_on_both_sides_is_agreed() -> None:
    """M4: no call is needed any more."""
    decision = merge(deleted_here(), Deleted(NOW), terms(), NOW)
    assert stored(decision).tombstone == Tombstone(at=BEFORE, side=Side.HERE, agreed=NOW)
    assert (stored(decision).pending, decision.send) == (False, None)


def test_a_task_undeleted_there_brings_its_reminder_back() -> None:
    """M5: same id, same history, same link."""
    gone = a_pair(tombstone=Tombstone(at=BEFORE, side=Side.HERE, agreed=BEFORE))
    decision = merge(gone, a_task(), terms(), NOW)
    assert (stored(decision).id, stored(decision).tombstone) == (gone.id, None)
    assert events(decision) == [Event.RESTORED]


def test_deleted_before_it_had_a_task_needs_no_call() -> None:
    """M4: nothing of it is in Salesforce."""
    decision = merge(new(tombstone=Tombstone(at=NOW, side=Side.HERE)), Unreadable(), terms(), NOW)
    assert stored(decision).tombstone == Tombstone(at=NOW, side=Side.HERE, agreed=NOW)
    assert merge(stored(decision), Unreadable(), terms(), NOW).record is None


def test_deleted_while_its_create_is_open_waits_until_the_task_can_no_longer_turn_up() -> None:
    """O2: forgetting it would leave an orphan in Salesforce."""
    reminder = replace(creating(), tombstone=Tombstone(at=NOW, side=Side.HERE))
    waits = merge(reminder, Unreadable(), terms(), NOW)
    assert stored(waits).next_attempt == NOW + STAYS_OPEN
    assert stored(waits).tombstone == Tombstone(at=NOW, side=Side.HERE)
    late = merge(reminder, Unreadable(), terms(), NOW + STAYS_OPEN)
    assert stored(late).tombstone == Tombstone(at=NOW, side=Side.HERE, agreed=NOW + STAYS_OPEN)


@pytest.mark.parametrize("agreed", [None, BEFORE])
def test_a_create_that_turns_up_after_the_delete_is_deleted(agreed: Any) -> None:
    """O2, M4: found by our id, so it is ours to delete, even after we gave up waiting."""
    reminder = replace(creating(), tombstone=Tombstone(at=BEFORE, side=Side.HERE, agreed=agreed), pending=not agreed)
    decision = merge(reminder, a_task(external_id="r1-0"), terms(), NOW)
    assert decision.send
    assert decision.send.write is Write.DELETE
    assert (stored(decision).task_id, stored(decision).pending) == (TASK_ID, True)
    assert stored(decision).tombstone == Tombstone(at=BEFORE, side=Side.HERE, passed=NOW)
    assert stored(decision).rings is bool(agreed)


# --- restores ---------------------------------------------------------------------------------------------------------


def restored(*, agreed: bool = True, **changes: Any) -> Reminder:
    """Give a reminder that was deleted, by agreement of both sides or not yet, and taken back here."""
    tombstone = Tombstone(at=BEFORE, side=Side.HERE, agreed=BEFORE if agreed else None, restored=NOW)
    return a_pair(**{"tombstone": tombstone, "pending": True, "next_attempt": NOW, **changes})


@pytest.mark.parametrize("agreed", [True, False])
def test_restored_while_its_task_lives_it_is_linked_again(*, agreed: bool) -> None:
    """M5: the task is read first; nothing is created."""
    decision = merge(restored(agreed=agreed), a_task(due=None), terms(), NOW)
    after = stored(decision)
    assert (after.tombstone, after.task_id, after.generation, after.values.due) == (None, TASK_ID, 0, None)
    assert decision.send is None


@pytest.mark.parametrize("what", [Deleted(BEFORE), Unreadable()])
def test_restored_after_its_task_is_gone_it_gets_a_new_one(what: Reading) -> None:
    """M5: n grows by one, and the old link goes with the same write, so the old task can never be taken for the new."""
    decision = merge(restored(), what, terms(), NOW)
    after = stored(decision)
    assert decision.record
    assert decision.send
    assert (after.tombstone, after.task_id, after.agreement, after.generation) == (None, None, None, 1)
    assert (decision.record.unlink, decision.send.write) == (TASK_ID, Write.CREATE)
    assert decision.send.fields[EXTERNAL_ID] == "r1-1"


@pytest.mark.parametrize(("minutes", "ours"), [(0, True), (15, True), (16, False)])
def test_a_delete_of_ours_that_arrives_after_undo_is_no_delete(minutes: int, *, ours: bool) -> None:
    """M5, M8: within the time in which a lost write can turn up it is our own, and the reminder gets a new task (seeds 356, 515)."""
    intent = Intent(number=4, write=Write.DELETE, at=NOW)
    alive = a_pair(intents=(intent,))
    decision = merge(alive, Deleted(NOW + timedelta(minutes=minutes), a_task(status="Completed")), terms(), NOW)
    assert decision.record
    after = decision.record.reminder
    assert (after.deleted, after.generation) == ((False, 1) if ours else (True, 0))
    assert [line.lost for line in decision.record.lines if line.field is Field.STATUS] == (
        ["Completed"] if ours else []
    )


def test_restored_before_the_delete_was_agreed_absence_is_still_no_delete() -> None:
    """M5, M6: the task may live on unseen, and a second one must not be made."""
    decision = merge(restored(agreed=False), Unreadable(), terms(), NOW)
    assert (decision.rule, decision.record, decision.send) == ("M6", None, None)


def test_restored_before_it_ever_had_a_task_it_gets_its_first_one() -> None:
    """M5: n stays, because no task of it was ever deleted."""
    decision = merge(restored(task_id=None, agreement=None), Unreadable(), terms(), NOW)
    assert (stored(decision).generation, stored(decision).tombstone) == (0, None)


def test_restored_after_the_task_of_an_unanswered_create_was_deleted_n_grows() -> None:
    """M5, O2: its look-up by our id found it in the recycle bin; under the same n the hint of that delete took the new one's reminder (seed 5405)."""
    decision = merge(
        restored(task_id=None, agreement=None, agreed=False), Deleted(NOW, a_task(is_deleted=True)), terms(), NOW
    )
    assert decision.send
    assert decision.send.fields[EXTERNAL_ID] == "r1-1"


def test_restored_while_sync_is_off_it_waits() -> None:
    """S3: nothing moves."""
    assert merge(restored(), Deleted(BEFORE), terms(BEN), NOW).rule == "S3"


def test_a_former_task_that_comes_back_is_a_reminder_of_its_own_and_both_histories_say_so() -> None:
    """M5: its reminder has another task by now."""
    for former in (a_pair(generation=1), a_pair(id=imported_id(TASK_ID), generation=1)):
        decision = merge(None, a_task(), terms(), NOW, former=former)
        assert decision.record
        assert decision.record.also
        assert stored(decision).id not in {former.id, "r1"}
        assert former.id in decision.record.lines[0].words
        assert decision.record.also.reminder.id == former.id
        assert stored(decision).id in decision.record.also.lines[0].words


# --- the fuse ---------------------------------------------------------------------------------------------------------


def test_a_pair_that_goes_on_without_anyone_editing_is_stopped_once() -> None:
    """M8: what was merged is kept, nothing is sent, and a person is told; an edit starts afresh."""
    looping = edited(a_pair(rounds=ROUNDS), due=None)
    decision = merge(looping, a_task(priority="High"), terms(), NOW)
    after = stored(decision)
    assert decision.send is None
    assert after.trouble
    assert (after.trouble.code, after.values.priority, after.pending) == ("KEEPS_CHANGING", "High", True)
    assert merge(after, a_task(priority="High"), terms(), NOW).record is None
    assert merge(replace(looping, rounds=ROUNDS - 1), a_task(), terms(), NOW).send


# --- owners -----------------------------------------------------------------------------------------------------------


def test_handed_to_another_syncing_user_it_moves_to_their_list() -> None:
    """F6: the owner is a field like any other between people who sync."""
    assert stored(merge(a_pair(), a_task(owner=BEN), terms(), NOW)).values.assignee == BEN


@pytest.mark.parametrize("owner", [QUEUE, NO_SYNC])
def test_handed_to_a_queue_or_to_somebody_who_does_not_sync_it_leaves_the_list(owner: str) -> None:
    """F6: Salesforce's owner wins under every policy, nothing is written, waiting edits are kept in history."""
    decision = merge(edited(a_pair(), assignee=BEN, details="mine"), a_task(owner=owner, due=None), terms(), NOW)
    after = stored(decision)
    assert decision.record
    assert (after.handed_over, after.pending, decision.send) == (True, False, None)
    assert [(line.field, line.lost) for line in decision.record.lines if line.event is Event.CONFLICT] == [
        (Field.ASSIGNEE, BEN),
        (Field.DETAILS, "mine"),
    ]
    assert merge(after, a_task(owner=owner, due=None), terms(), NOW).record is None


def test_handed_on_from_there_its_new_owner_is_remembered() -> None:
    """F6, S3: when that owner turns sync on it is looked for by who owns it; told once, and nothing else changes."""
    away = stored(merge(a_pair(), a_task(owner=QUEUE), terms(), NOW))
    decision = merge(away, a_task(owner=NO_SYNC), terms(), NOW)
    after = stored(decision)
    assert (after.handed_over, after.owner_before, after.values.assignee) == (True, NO_SYNC, ANNA)
    assert (decision.send, events(decision)) == (None, [Event.HANDED_OVER])
    assert merge(after, a_task(owner=NO_SYNC), terms(), NOW).record is None


def test_a_task_that_comes_back_is_merged_from_where_it_left() -> None:
    """F6: with what changed meanwhile, on the list of whoever owns it now."""
    away = stored(merge(a_pair(), a_task(owner=QUEUE), terms(), NOW))
    decision = merge(away, a_task(owner=BEN, due=None), terms(), NOW)
    after = stored(decision)
    assert (after.handed_over, after.values.assignee, after.values.due) == (False, BEN, None)
    assert (decision.send, events(decision)) == (None, [Event.CAME_BACK, Event.MERGED])


def test_a_handed_over_task_that_is_deleted_there_is_deleted_here() -> None:
    """M4: it is still a pair."""
    away = stored(merge(a_pair(), a_task(owner=QUEUE), terms(), NOW))
    assert stored(merge(away, Deleted(), terms(), NOW)).tombstone


def test_deleted_here_while_handed_over_it_is_only_unlinked() -> None:
    """F6: the task is somebody else's."""
    gone = a_pair(handed_over=True, task_id=None, tombstone=Tombstone(at=BEFORE, side=Side.HERE, agreed=BEFORE))
    for owner in (QUEUE, ANNA):
        decision = merge(gone, a_task(owner=owner), terms(), NOW)
        assert (decision.rule, decision.record, decision.send) == ("F6", None, None)


def test_handed_over_before_our_delete_arrived_the_task_stays() -> None:
    """F6, Never: no write to a task that no syncing user owns."""
    decision = merge(deleted_here(), a_task(owner=QUEUE), terms(), NOW)
    after = stored(decision)
    assert decision.send is None
    assert (after.task_id, after.handed_over, after.tombstone) == (
        None,
        True,
        Tombstone(at=BEFORE, side=Side.HERE, agreed=NOW),
    )


@pytest.mark.parametrize(
    ("reminder", "what"),
    [
        (edited(a_pair(), due=None), a_task()),
        (a_pair(), a_task(due=None)),
        (a_pair(), Deleted(NOW)),
        (deleted_here(), a_task()),
        (deleted_here(), a_task(owner=NO_SYNC)),
        (edited(a_pair(), due=None), a_task(owner=NO_SYNC)),
        (deleted_here(), Deleted(NOW)),
    ],
)
def test_while_sync_is_off_nothing_moves_and_nothing_is_handed_over(reminder: Reminder, what: Reading) -> None:
    """S3: neither edits nor deletes, in either direction; waiting edits are not forgotten."""
    decision = merge(reminder, what, terms(BEN), NOW)
    assert decision.rule == "S3"
    assert decision.send is None
    if decision.record:
        assert decision.record.reminder == replace(reminder, next_attempt=None, rings=False)


def test_assigned_here_to_somebody_who_does_not_sync_is_sent_once() -> None:
    """F6: pushed once, owner included."""
    decision = merge(edited(a_pair(), assignee=NO_SYNC), a_task(), terms(), NOW)
    assert decision.send
    assert decision.send.fields == {"OwnerId": NO_SYNC}


def test_assigned_away_with_the_answer_lost_it_is_handed_over_when_seen() -> None:
    """F6, M8: our own assignment arrived; that is no switched-off sync."""
    reminder = edited(a_pair(), assignee=NO_SYNC)
    send = merge(reminder, a_task(), terms(), NOW).send
    assert send
    sent = with_intent(reminder, send, NOW, lease=LEASE)
    after = stored(merge(sent, a_task(owner=NO_SYNC), terms(), NOW))
    assert (after.handed_over, after.values.assignee, after.pending) == (True, NO_SYNC, False)


def test_created_for_somebody_else_with_the_answer_lost_it_is_linked_and_handed_over() -> None:
    """F6, O2: a new task handed to somebody at its creation."""
    decision = merge(creating(edited(new(), assignee=NO_SYNC)), a_task(owner=NO_SYNC, external_id="r1-0"), terms(), NOW)
    assert decision.record
    assert (decision.record.link, stored(decision).handed_over) == (TASK_ID, True)


# --- readings ---------------------------------------------------------------------------------------------------------


def test_a_task_that_can_be_read_is_as_it_reads() -> None:
    """M6, Words: the deleted list counts only when the task cannot be read."""
    hint = Hint(TASK_ID, deleted=BEFORE)
    assert reading(a_task(), hint) == a_task()
    assert reading(a_task(is_deleted=True), hint) == Deleted(BEFORE, a_task(is_deleted=True))
    assert reading(None, hint) == Deleted(BEFORE)
    assert reading(None, Hint(TASK_ID)) == Unreadable()


def test_settings_reach_the_import() -> None:
    """S6: the import reads through the mappings of the day."""
    assert merge(None, a_task(), terms(settings=Settings(subject_template="x")), NOW).record
