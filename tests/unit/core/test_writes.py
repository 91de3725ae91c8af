"""O1 to O5, M8, F1, F2, F6: our own writes, before the call and after it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from factories import ANNA, BEN, NO_SYNC, NOW, QUEUE, ROBOT, TASK_ID, a_pair, a_task, edited, terms

from reminders.core.decision import Send
from reminders.core.first_meeting import create
from reminders.core.merge import merge
from reminders.core.problems import Failure, Kind, back_off
from reminders.core.reminder import (
    Event,
    Field,
    Priority,
    Reminder,
    Side,
    Status,
    Tombstone,
    Trouble,
    Write,
    sync_state,
)
from reminders.core.settings import Choice, Settings
from reminders.core.task import Deleted, Task, Unreadable
from reminders.core.writes import (
    DAILY,
    MAX_OPEN,
    STAYS_OPEN,
    agreed,
    delete_done,
    with_intent,
    write_done,
    write_failed,
)

LEASE = timedelta(minutes=2)


def under_way(reminder: Reminder, task: Task | None = None, settings: Settings | None = None) -> Reminder:
    """Give the reminder as stored just before the call."""
    send = merge(reminder, task or a_task(), terms(settings=settings), NOW).send
    assert send
    return replace(with_intent(reminder, send, NOW, lease=LEASE), version=reminder.version + 1)


def test_before_the_call_the_intent_is_stored_under_the_version_that_stores_it() -> None:
    """O2: its number finds it again among several, and the lease hands it to the schedule if nobody answers."""
    reminder = under_way(edited(a_pair(), due=None))
    [intent] = reminder.intents
    assert (intent.number, intent.write, intent.at) == (reminder.version, Write.UPDATE, NOW)
    assert (reminder.next_attempt, reminder.rings, reminder.pending) == (NOW + LEASE, False, True)


def test_open_intents_are_kept_while_they_can_turn_up_and_four_at_most() -> None:
    """M8: nothing grows without bound."""
    reminder = edited(a_pair(), due=None)
    for _ in range(MAX_OPEN + 2):
        reminder = under_way(reminder)
    assert [intent.number for intent in reminder.intents] == [6, 7, 8, 9]
    send = merge(reminder, a_task(), terms(), NOW).send
    assert send
    later = with_intent(reminder, send, NOW + STAYS_OPEN + timedelta(seconds=1), lease=LEASE)
    assert len(later.intents) == 1


def test_creates_stay_open_until_a_task_is_known_one_of_each_content_and_the_first_of_all() -> None:
    """O2: which of them the task came from is asked when it is seen at last, be it after days out of sight (seed 2064)."""
    reminder = replace(a_pair(), task_id=None, agreement=None)
    for day in range(2 * MAX_OPEN):
        values = replace(reminder.values, due=date(2026, 12, 1 + day // 2))
        reminder = replace(reminder, values=values, version=reminder.version + 1)
        reminder = with_intent(reminder, create(reminder, terms()), NOW + timedelta(days=day), lease=LEASE)
    sent = [intent.pairs[Field.DUE][1] for intent in reminder.intents]
    assert sent == ["2026-12-01", "2026-12-03", "2026-12-04", "2026-12-04"]


def test_what_may_have_been_set_back_while_our_answer_was_lost_is_kept_once() -> None:
    """M8: the task was written since our update left and reads as before it; whose write that was, nobody can tell."""
    send = merge(edited(a_pair(), due=None), a_task(), terms(), NOW).send
    assert send
    sent = with_intent(edited(a_pair(), due=None), send, NOW, lease=LEASE, seen=a_task().stamp)
    touched = a_task(last_modified=NOW, system_modstamp=NOW)
    first = merge(sent, touched, terms(), NOW)
    assert first.record
    assert first.send
    assert [(line.field, line.lost) for line in first.record.lines] == [(Field.DUE, "2026-11-24")]
    again = merge(first.record.reminder, touched, terms(), NOW)
    assert again.send
    assert again.record is None


def test_a_task_that_was_not_written_since_our_update_left_leaves_no_doubt() -> None:
    """M8: its stamp proves that the update never arrived."""
    send = merge(edited(a_pair(), due=None), a_task(), terms(), NOW).send
    assert send
    sent = with_intent(edited(a_pair(), due=None), send, NOW, lease=LEASE, seen=a_task().stamp)
    decision = merge(sent, a_task(), terms(), NOW)
    assert decision.send
    assert decision.record is None


@pytest.mark.parametrize(("edit", "arrived", "back", "by", "told"), [
    ({"status": Status.COMPLETE}, {"status": "Completed"}, {"status": Status.OPEN}, ANNA, [(Field.STATUS, "Completed")]),
    ({"status": Status.COMPLETE}, {"status": "Completed"}, {"status": Status.OPEN}, ROBOT, []),
    ({"details": "ours"}, {"description": "ours"}, {"details": "later"}, ANNA, []),
    ({"details": None}, {"description": None}, {"details": "later"}, ANNA, [(Field.DETAILS, None)]),
])  # fmt: skip
def test_what_reads_as_our_unanswered_update_would_have_it_may_be_somebody_elses(
    edit: dict[str, Any], arrived: dict[str, Any], back: dict[str, Any], by: str, told: list[tuple[Field, str]]
) -> None:
    """M8: sent, the answer lost, edited again, and meanwhile the same chosen there: it is replaced, and kept once (seeds 7452, 7524; 170).

    Nobody writes the same text by chance; and if we were the last to write there, it is ours.
    """
    reminder = edited(a_pair(), **edit)
    send = merge(reminder, a_task(), terms(), NOW).send
    assert send
    sent = edited(with_intent(reminder, send, NOW, lease=LEASE, seen=a_task().stamp), **back)
    there = a_task(**arrived, last_modified=NOW, last_modified_by=by, system_modstamp=NOW)
    first = merge(sent, there, terms(), NOW)
    assert first.record
    assert first.send
    assert [(line.field, line.lost) for line in first.record.lines] == told
    again = merge(first.record.reminder, there, terms(), NOW)
    assert again.send
    assert again.record is None


def test_after_success_both_sides_agree() -> None:
    """M7: a second push right after plans nothing."""
    reminder = under_way(edited(a_pair(trouble=Trouble(code="X", message="", since=NOW)), due=None))
    record = write_done(reminder, reminder.version, TASK_ID, terms(), NOW)
    assert record
    after = record.reminder
    assert (after.pending, after.intents, after.trouble, after.next_attempt) == (False, (), None, None)
    assert [line.event for line in record.lines] == [Event.PUSHED]
    assert merge(after, a_task(due=None), terms(), NOW).record is None
    assert record.link is None


def test_an_edit_made_during_the_call_stays_pending() -> None:
    """O5: it goes with the next one."""
    reminder = under_way(edited(a_pair(), due=None))
    busy = edited(reminder, details="meanwhile")
    record = write_done(busy, reminder.version, TASK_ID, terms(), NOW)
    assert record
    assert (record.reminder.pending, record.reminder.next_attempt) == (True, NOW)
    send = merge(record.reminder, a_task(due=None), terms(), NOW).send
    assert send
    assert send.fields == {"Description": "meanwhile"}


def test_a_delete_made_during_the_call_stays_pending() -> None:
    """M4, O5: the task that was just written must still go."""
    reminder = under_way(edited(a_pair(), due=None))
    gone = replace(reminder, tombstone=Tombstone(at=NOW, side=Side.HERE))
    record = write_done(gone, reminder.version, TASK_ID, terms(), NOW)
    assert record
    assert record.reminder.pending


def test_an_answer_that_a_merge_has_overtaken_changes_nothing() -> None:
    """M8: the read saw the write arrive first."""
    reminder = replace(under_way(edited(a_pair(), due=None)), intents=())
    assert write_done(reminder, reminder.version, TASK_ID, terms(), NOW) is None


def test_a_create_links_its_task() -> None:
    """O2: reminder and link are one write."""
    fresh = replace(edited(a_pair(), due=None), task_id=None, agreement=None)
    send = merge(fresh, Unreadable(), terms(), NOW).send
    assert send
    reminder = replace(with_intent(fresh, send, NOW, lease=LEASE), version=4)
    record = write_done(reminder, 4, TASK_ID, terms(), NOW)
    assert record
    assert (record.link, record.reminder.task_id) == (TASK_ID, TASK_ID)
    assert record.lines[-1].text == "Created in Salesforce."


@pytest.mark.parametrize(
    ("task", "edit", "lost"),
    [
        ({"status": "In Progress"}, {"status": Status.COMPLETE}, "In Progress"),
        ({"subject": "Edited there"}, {"name": "Edited here"}, "Edited there"),
        ({"subject": "Edited there"}, {"due": None}, None),
        ({"status": "In Progress"}, {"due": None}, None),
        ({"subject": None}, {"name": "Edited here"}, None),
        ({}, {"name": "Edited here"}, None),
        ({}, {"status": Status.COMPLETE}, None),
    ],
)
def test_what_our_write_replaced_without_anyone_here_having_seen_it_goes_to_history(
    task: dict[str, Any], edit: dict[str, Any], lost: str | None
) -> None:
    """F1, F2: a foreign status and an edited Subject, and only those."""
    reminder = under_way(edited(a_pair(task=a_task(**task)), **edit), a_task(**task))
    record = write_done(reminder, reminder.version, TASK_ID, terms(), NOW)
    assert record
    assert [line.lost for line in record.lines if line.event is Event.REPLACED] == ([lost] if lost else [])


def test_a_priority_that_is_only_read_goes_to_history_when_ours_replaces_it() -> None:
    """F3: the org's other word for normal is somebody's choice there; what we write ourselves is none."""
    choices = {Priority.NORMAL: Choice(written="Normal", also_read=("Medium",)), Priority.HIGH: Choice(written="High")}
    settings = replace(Settings(), priorities=choices)
    task = a_task(priority="Medium")
    pair = a_pair(task=task, settings=settings)
    reminder = under_way(edited(pair, priority=Priority.HIGH), task, settings)
    record = write_done(reminder, reminder.version, TASK_ID, terms(settings=settings), NOW)
    assert record
    assert [line.lost for line in record.lines if line.event is Event.REPLACED] == ["Medium"]


def test_an_open_delete_says_nothing_of_values() -> None:
    """M3: what was never agreed on is not agreed because a delete is under way."""
    waiting = replace(a_pair(), agreement=None)
    reminder = with_intent(waiting, Send(write=Write.DELETE), NOW, lease=LEASE)
    assert agreed(reminder, a_task()) == (None, reminder.intents)


@pytest.mark.parametrize("assignee", [NO_SYNC, QUEUE])
def test_assigned_here_to_somebody_who_does_not_sync_it_is_handed_over_after_the_push(assignee: str) -> None:
    """F6: pushed once, then theirs."""
    reminder = under_way(edited(a_pair(), assignee=assignee))
    record = write_done(reminder, reminder.version, TASK_ID, terms(), NOW)
    assert record
    assert (record.reminder.handed_over, record.reminder.pending) == (True, False)
    assert record.lines[-1].event is Event.HANDED_OVER


def test_assigned_to_somebody_who_syncs_it_stays_in_sync() -> None:
    """F6: only the list changes."""
    reminder = under_way(edited(a_pair(), assignee=BEN))
    record = write_done(reminder, reminder.version, TASK_ID, terms(), NOW)
    assert record
    assert not record.reminder.handed_over


def failure(kind: Kind) -> Failure:
    """Give a failure of this kind."""
    return Failure(kind=kind, code="CODE", message="words")


@pytest.mark.parametrize(
    ("kind", "open_"),
    [
        (Kind.TRANSIENT, False),
        (Kind.STALE, False),
        (Kind.DELETED, False),
        (Kind.PERMANENT, False),
        (Kind.UNKNOWN, True),
        (Kind.DUPLICATE, True),
    ],
)
def test_an_intent_stays_open_exactly_while_its_write_may_have_been_made(kind: Kind, *, open_: bool) -> None:
    """O2, O3: a "no" closes it, silence does not."""
    reminder = under_way(edited(a_pair(), due=None))
    after = write_failed(reminder, reminder.version, failure(kind), NOW).reminder
    assert bool(after.intents) is open_
    assert after.pending
    assert after.next_attempt
    assert after.next_attempt > NOW


def test_a_refusal_for_good_is_a_problem_told_once_and_tried_again_daily() -> None:
    """O3, O4: on this reminder alone."""
    reminder = under_way(edited(a_pair(), due=None))
    first = write_failed(reminder, reminder.version, failure(Kind.PERMANENT), NOW)
    assert first.reminder.trouble == Trouble(code="CODE", message="words", since=NOW)
    assert sync_state(first.reminder) == "problem"
    assert first.reminder.next_attempt == NOW + DAILY
    assert [line.event for line in first.lines] == [Event.PROBLEM]
    again = write_failed(first.reminder, None, failure(Kind.PERMANENT), NOW + DAILY)
    assert again.lines == ()
    assert again.reminder.trouble == first.reminder.trouble


@pytest.mark.parametrize(("kind", "times"), [(Kind.STALE, 10), (Kind.DELETED, 10), (Kind.DUPLICATE, 6)])
def test_what_so_many_attempts_could_not_settle_is_a_problem(kind: Kind, times: int) -> None:
    """O1, O2: somebody or something keeps changing the task, or has made another under our id."""
    reminder = under_way(edited(a_pair(), due=None))
    for attempt in range(times):
        assert reminder.trouble is None, attempt
        reminder = write_failed(reminder, None, failure(kind), NOW).reminder
    assert reminder.trouble


def test_an_id_that_is_taken_is_a_problem_only_when_no_create_can_be_on_its_way() -> None:
    """O2: the waits before that take longer than a create may (M8)."""
    assert sum((back_off(attempt, "") for attempt in range(2, 6)), timedelta()) > STAYS_OPEN


def test_back_off_grows() -> None:
    """O3: with every attempt, up to an hour; in whole seconds, or no ledger could keep it, nor anything else that its call was told."""
    reminder = under_way(edited(a_pair(), due=None))
    waits = []
    for _ in range(12):
        reminder = write_failed(reminder, None, failure(Kind.TRANSIENT), NOW).reminder
        assert reminder.next_attempt
        waits.append(reminder.next_attempt - NOW)
    assert not any(wait.microseconds for wait in waits)
    assert waits[0] < timedelta(minutes=2)
    assert timedelta(minutes=45) <= waits[-1] <= timedelta(minutes=75)
    assert reminder.trouble is None


def deleting(reminder: Reminder) -> Reminder:
    """Give the reminder as stored just before its task is deleted."""
    sent = with_intent(reminder, Send(write=Write.DELETE), NOW, lease=LEASE)
    return replace(sent, version=reminder.version + 1)


def test_a_task_given_away_while_our_delete_is_under_way_is_let_go_of_when_that_can_no_longer_arrive() -> None:
    """F6, M4, O1: a delete has no precondition; "the task stays" was told, and it did not (seed 1234)."""
    sent = deleting(a_pair(tombstone=Tombstone(at=NOW, side=Side.HERE), pending=True))
    given_away = a_task(owner=NO_SYNC)
    waits = merge(sent, given_away, terms(), NOW)
    assert waits.record
    reminder = waits.record.reminder
    assert (reminder.task_id, reminder.next_attempt, waits.record.lines) == (TASK_ID, NOW + STAYS_OPEN, ())
    assert merge(reminder, given_away, terms(), NOW).record is None
    done = delete_done(reminder, sent.version, replace(given_away, is_deleted=True), NOW)
    assert done
    assert [(line.field, line.lost) for line in done.lines] == [(Field.ASSIGNEE, NO_SYNC), (None, None)]
    let_go = merge(reminder, given_away, terms(), NOW + STAYS_OPEN).record
    assert let_go
    assert (let_go.reminder.task_id, let_go.reminder.handed_over) == (None, True)


def test_an_update_that_may_still_arrive_keeps_no_task_that_was_given_away() -> None:
    """F6: only a delete could still take it from its new owner; nothing else of ours is waited for."""
    updating = under_way(edited(a_pair(), due=None))
    deleted = replace(updating, tombstone=Tombstone(at=NOW, side=Side.HERE))
    let_go = merge(deleted, a_task(owner=NO_SYNC), terms(), NOW).record
    assert let_go
    assert (let_go.reminder.task_id, let_go.reminder.handed_over) == (None, True)


def test_after_a_delete_what_had_not_been_seen_goes_to_history() -> None:
    """O1, M4: deletes have no precondition, so the recycle bin is looked at."""
    gone = a_pair(tombstone=Tombstone(at=NOW, side=Side.HERE), pending=True, next_attempt=NOW)
    reminder = deleting(gone)
    record = delete_done(reminder, reminder.version, a_task(is_deleted=True, description="last words"), NOW)
    assert record
    assert record.reminder.tombstone == Tombstone(at=NOW, side=Side.HERE, agreed=NOW)
    assert [(line.event, line.lost) for line in record.lines] == [(Event.CONFLICT, "last words"), (Event.PUSHED, None)]
    without = delete_done(reminder, reminder.version, None, NOW)
    assert without
    assert [line.event for line in without.lines] == [Event.PUSHED]
    assert delete_done(record.reminder, reminder.version, None, NOW) is None


@pytest.mark.parametrize("restored", [None, NOW])
def test_a_delete_that_was_taken_back_while_it_was_made_is_not_made_here(restored: datetime | None) -> None:
    """M5: Undo came between the call and its answer, and waits for the merge, or has had it already; the next one gives it a new task."""
    tombstone = Tombstone(at=NOW, side=Side.HERE, restored=restored) if restored else None
    reminder = deleting(a_pair(tombstone=tombstone))
    record = delete_done(reminder, reminder.version, a_task(is_deleted=True), NOW)
    assert record
    assert (record.reminder.deleted, record.reminder.pending, record.reminder.next_attempt) == (False, True, NOW)
    anew = merge(record.reminder, Deleted(NOW, a_task(is_deleted=True)), terms(), NOW)
    assert anew.record
    assert anew.send
    assert (anew.send.write, anew.record.reminder.generation) == (Write.CREATE, 1)
    assert delete_done(anew.record.reminder, reminder.version, None, NOW) is None
