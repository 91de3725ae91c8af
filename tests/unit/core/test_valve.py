"""M9: how many deletes an hour may carry over, and what becomes of a held one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from factories import ANNA, BEFORE, BEN, NO_SYNC, NOW, TASK_ID, a_pair, a_task, edited, terms

from reminders.core import edit
from reminders.core.holds import MASS_DELETE_HELD, confirm, group_of, is_held, quiet, reject, released
from reminders.core.merge import merge
from reminders.core.problems import Failure, Kind
from reminders.core.reminder import Event, Reminder, Side, Tombstone, Trouble, Write
from reminders.core.task import Deleted, Reading, Unreadable
from reminders.core.valve import HOUR, allowed, had, passing
from reminders.core.writes import bury, with_intent, write_done, write_failed

LATER = NOW + timedelta(minutes=1)


def counted(*names: str, at: datetime = NOW) -> dict[str, datetime]:
    """Give a window in which these were counted."""
    return dict.fromkeys(names, at)


# --- how many pass


@pytest.mark.parametrize(("synced", "most"), [(0, 20), (66, 20), (67, 20), (69, 20), (70, 21), (199, 59), (200, 60)])
def test_past_twenty_and_thirty_percent(synced: int, most: int) -> None:
    """M9: both must be passed, so the larger one counts; a part of a reminder is none."""
    assert allowed(synced) == most


def test_what_others_leave_is_taken_in_the_order_of_counting() -> None:
    """M9: what was counted before keeps its place, then it goes by key, so that a repeated run decides the same."""
    window = counted("x", "y") | counted("c", at=BEFORE) | counted("a", "b", at=NOW)
    assert passing(window, {"a", "b", "c"}, 4, anew={"a", "b"}) == {"c", "a"}
    assert passing(window, {"a", "b", "c"}, 5, anew={"a", "b"}) == {"c", "a", "b"}
    assert passing(window, {"a", "b", "c"}, 2, anew={"a", "b"}) == set()
    assert passing(window, {"a", "b", "c"}, 1, anew={"a", "b"}) == set()


def test_what_another_run_has_counted_comes_first_whatever_the_clocks_say() -> None:
    """M9: it may have passed there in this very second; before it, the one that is counted now would be one too many (seed 199)."""
    window = counted("a", "b", at=BEFORE) | counted("g", "d")
    assert passing(window, {"a", "b", "d", "g"}, 3, anew={"d"}) == {"a", "b", "g"}


def test_two_runs_at_once_never_let_too_many_through_together() -> None:
    """M9: whichever asks first, and whatever it sees of the other; together they may hold too many."""
    runs = {"one": {"a", "b", "c"}, "two": {"d", "e", "f"}, "three": {"0", "z"}}
    for order in permutations(runs):
        for early in range(3):
            seen: set[str] = set()
            for each in order[: early + 1]:
                seen |= runs[each]
            through: set[str] = set()
            for name in order:
                seen |= runs[name]
                through |= passing(counted(*seen), runs[name], 4, anew=runs[name])
            assert len(through) <= 4


def test_what_was_synced_at_the_start_of_the_hour() -> None:
    """M9: what lives and is synced, and what was deleted since; without what has come since, and what had gone before."""
    since = NOW - HOUR
    old = since - HOUR
    living = [
        a_pair(id="open", created=old),
        a_pair(id="new", created=NOW),
        a_pair(id="local", created=old, sponsor=None),
        a_pair(id="no task", created=old, task_id=None),
        a_pair(id="handed", created=old, handed_over=True),
    ]
    deleted = [
        a_pair(id="waits", created=old, tombstone=Tombstone(at=old, side=Side.HERE)),
        a_pair(id="since", created=old, tombstone=Tombstone(at=old, side=Side.HERE, agreed=NOW)),
        a_pair(id="before", created=old, tombstone=Tombstone(at=old, side=Side.HERE, agreed=since)),
        a_pair(id="new and gone", created=NOW, tombstone=Tombstone(at=NOW, side=Side.HERE)),
        a_pair(id="local and gone", created=old, sponsor=None, tombstone=Tombstone(at=NOW, side=Side.HERE, agreed=NOW)),
    ]
    assert had(living, [], since) == 1
    assert had(living, deleted, since) == 3


# --- what a merge says of a delete


def deleted_here(**changes: Any) -> Reminder:
    """Give a reminder deleted here, not there yet."""
    waits = {"tombstone": Tombstone(at=BEFORE, side=Side.HERE), "pending": True, "next_attempt": BEFORE}
    return a_pair(**{**waits, **changes})


def held_by(reminder: Reminder, reading: Reading) -> Reminder:
    """Give it as the valve holds it."""
    delete = merge(reminder, reading, terms(), NOW).delete
    assert delete
    assert delete.held.record
    assert delete.held.send is None
    return replace(delete.held.record.reminder, version=4)


def held_there() -> Reminder:
    """Give a held one that was deleted there."""
    return held_by(a_pair(), Deleted(BEFORE))


def held_here() -> Reminder:
    """Give a held one that was deleted here."""
    return held_by(deleted_here(), a_task())


BOTH = pytest.mark.parametrize("held", [held_there, held_here])


@pytest.mark.parametrize(
    ("reminder", "reading", "side", "key"),
    [
        (a_pair(), Deleted(BEFORE), Side.SALESFORCE, "r1"),
        (a_pair(), Deleted(BEFORE, a_task(is_deleted=True)), Side.SALESFORCE, "r1"),
        (a_pair(), Deleted(BEFORE, a_task(is_deleted=True, series="00Tm")), Side.SALESFORCE, "00Tm"),
        (deleted_here(), a_task(), Side.HERE, "r1"),
        (deleted_here(), a_task(series="00Tm"), Side.HERE, "00Tm"),
        (deleted_here(), a_task(owner=BEN), Side.HERE, "r1"),
    ],
)
def test_a_delete_that_is_carried_over_says_so(reminder: Reminder, reading: Reading, side: Side, key: str) -> None:
    """M9, M10: where it was made, whose it is, and what it counts as."""
    delete = merge(reminder, reading, terms(), NOW).delete
    assert delete
    assert (delete.side, delete.owner, delete.key) == (side, ANNA, key)


@pytest.mark.parametrize(
    ("reminder", "reading"),
    [
        (deleted_here(), Deleted(NOW)),
        (a_pair(), a_task()),
        (a_pair(), Unreadable()),
        (a_pair(handed_over=True), Deleted(NOW)),
        (deleted_here(tombstone=Tombstone(at=BEFORE, side=Side.HERE, passed=BEFORE)), a_task()),
        (deleted_here(), a_task(owner=NO_SYNC)),
        (bury(deleted_here(), BEFORE), Deleted(NOW)),
    ],
)
def test_what_carries_no_delete_over_is_not_counted(reminder: Reminder, reading: Reading) -> None:
    """M9: deleted on both sides, in nobody's list, let through before, or no delete at all."""
    assert merge(reminder, reading, terms(), NOW).delete is None


@BOTH
def test_a_held_one_has_a_problem_a_line_and_no_next_attempt(held: Callable[[], Reminder]) -> None:
    """M9, C4: seen in Diagnostics by user and direction, and left alone by the schedule."""
    reminder = held()
    assert reminder.held
    assert reminder.trouble
    assert (reminder.trouble.code, reminder.trouble.since) == (MASS_DELETE_HELD, NOW)
    assert (reminder.next_attempt, reminder.rings) == (None, False)
    assert group_of(reminder) == f"MASS_DELETE_HELD#{reminder.held.side}#{ANNA}"
    assert group_of(a_pair()) is None


def test_what_is_held_is_as_it_was() -> None:
    """M9: deleted there it stays in its list, with an edit that waits; deleted here it stays deleted, and unread values are not taken."""
    reminder = held_by(edited(a_pair(), details="mine"), Deleted(BEFORE))
    assert (reminder.deleted, reminder.values.details, reminder.pending) == (False, "mine", True)
    reminder = held_by(deleted_here(), a_task(description="theirs"))
    assert (reminder.deleted, reminder.pending) == (True, True)
    assert reminder.values == a_pair().values
    assert reminder.agreement == a_pair().agreement


def test_a_create_of_ours_that_turns_up_is_linked_when_its_delete_is_held() -> None:
    """M9, O2: its answer was lost and the reminder deleted; without the link nobody would find the task again."""
    creating = replace(deleted_here(), task_id=None, agreement=None, tombstone=None)
    send = merge(creating, Unreadable(), terms(), NOW).send
    assert send
    creating = with_intent(creating, send, NOW, lease=HOUR)
    delete = merge(edit.delete(creating, now=NOW).reminder, a_task(), terms(), NOW).delete
    assert delete
    assert delete.held.record
    assert delete.held.record.link == TASK_ID
    assert delete.held.record.reminder.task_id == TASK_ID


@BOTH
@pytest.mark.parametrize("reading", [Unreadable(), "its own"])
def test_read_again_it_stays_held_and_costs_no_write(held: Callable[[], Reminder], reading: Reading | str) -> None:
    """M9, M6: whatever woke it; and what was woken by mistake is put to rest."""
    reminder = held()
    own = a_task() if reminder.deleted else Deleted(NOW)
    seen = own if isinstance(reading, str) else reading
    decision = merge(reminder, seen, terms(), LATER)
    assert (decision.rule, decision.record, decision.send, decision.delete) == ("M9", None, None, None)
    woken = merge(replace(reminder, next_attempt=NOW, rings=True), seen, terms(), LATER)
    assert woken.record
    assert woken.record.reminder == reminder


@BOTH
def test_with_sync_off_nothing_happens_to_a_held_one(held: Callable[[], Reminder]) -> None:
    """M9, S3: nothing moves, nothing is forgotten."""
    reminder = held()
    assert merge(reminder, a_task() if reminder.deleted else Deleted(NOW), terms(BEN), NOW).record is None


def test_one_that_lives_again_is_held_no_more() -> None:
    """M9: undeleted there, it is merged like any other, and history says so."""
    decision = merge(held_there(), a_task(priority="High"), terms(), LATER)
    assert decision.record
    after = decision.record.reminder
    assert (after.held, after.trouble, after.values.priority) == (None, None, "High")
    assert "held no more" in decision.record.lines[0].text


def test_one_that_lives_again_and_belongs_to_somebody_else_is_handed_over() -> None:
    """M9, F6: it left the list; nothing is held."""
    decision = merge(held_there(), a_task(owner=NO_SYNC), terms(), LATER)
    assert decision.record
    assert (decision.record.reminder.handed_over, decision.record.reminder.held) == (True, None)


# --- what people do


def test_confirmed_there_it_is_read_again_and_deleted() -> None:
    """M9, M4: the push is woken; the delete is counted no more, and wins over an edit."""
    record = confirm(
        edit.edit(held_there(), replace(a_pair().values, details="x"), now=NOW).reminder, by="Ada", now=LATER
    )
    reminder = record.reminder
    assert (reminder.rings, reminder.pending, reminder.next_attempt, reminder.trouble) == (True, True, LATER, None)
    assert not is_held(reminder)
    assert [line.event for line in record.lines] == [Event.CONFIRMED]
    for reading in (Deleted(NOW), Unreadable()):
        decision = merge(reminder, reading, terms(), LATER)
        assert decision.record
        assert decision.delete is None
        assert decision.record.reminder.tombstone == Tombstone(
            at=NOW if isinstance(reading, Deleted) else BEFORE, side=Side.SALESFORCE, agreed=LATER
        )
        assert [line.event for line in decision.record.lines] == [Event.CONFLICT, Event.DELETED]
    alive = merge(reminder, a_task(), terms(), LATER)
    assert alive.record
    assert alive.send
    assert (alive.record.reminder.held, alive.send.write) == (None, Write.UPDATE)


def test_confirmed_here_it_is_sent() -> None:
    """M9: and no more counted."""
    reminder = confirm(held_here(), by="Ada", now=LATER).reminder
    assert (reminder.rings, reminder.held, reminder.trouble) == (True, None, None)
    decision = merge(reminder, a_task(), terms(), LATER)
    assert decision.send
    assert (decision.send.write, decision.delete) == (Write.DELETE, None)


def test_rejected_there_it_stays_and_lets_its_task_go() -> None:
    """M9, M5: not synced; the old task is linked to nothing, and its n is not the current one any more."""
    record = reject(held_there(), by="Ada", now=LATER)
    reminder = record.reminder
    assert (record.unlink, reminder.task_id, reminder.sponsor, reminder.generation) == (TASK_ID, None, None, 1)
    assert (reminder.held, reminder.trouble, reminder.pending, reminder.rings) == (None, None, False, False)
    assert reminder.values == a_pair().values
    again = edit.sync_this_one(reminder, now=LATER).reminder
    send = merge(again, Unreadable(), terms(), LATER).send
    assert send
    assert (send.write, again.external_id) == (Write.CREATE, "r1-1")


def test_rejected_here_it_is_restored() -> None:
    """M9: the task stays, and is linked again."""
    record = reject(held_here(), by="Ada", now=LATER)
    assert (record.unlink, record.reminder.deleted, record.reminder.rings) == (None, False, True)
    decision = merge(record.reminder, a_task(), terms(), LATER)
    assert decision.record
    after = decision.record.reminder
    assert (after.tombstone, after.task_id, after.held, after.pending) == (None, TASK_ID, None, False)


@pytest.mark.parametrize("decide", [confirm, reject])
def test_what_is_not_held_is_not_decided(decide: Any) -> None:
    """M9: twice is once, and a confirmed one cannot be rejected any more."""
    for reminder in (a_pair(), confirm(held_there(), by="Ada", now=NOW).reminder):
        record = decide(reminder, by="Ada", now=LATER)
        assert (record.reminder, record.lines) == (replace(reminder, rings=False), ())


@BOTH
def test_retry_does_nothing_for_a_held_one(held: Callable[[], Reminder]) -> None:
    """M9, O4: only an administrator's decision lets it through."""
    reminder = held()
    assert edit.retry(reminder, now=LATER).reminder == reminder
    assert edit.retry(reminder, now=LATER).lines == ()


def test_ignored_it_is_hidden_and_still_held() -> None:
    """M9, C4: its problem stays the same one."""
    ignored = edit.ignore(held_there(), now=LATER).reminder
    assert ignored.trouble
    assert (is_held(ignored), ignored.trouble.ignored) == (True, LATER)
    assert merge(ignored, Deleted(NOW), terms(), LATER).record is None


def test_restored_by_its_owner_or_deleted_on_both_sides_nothing_is_held() -> None:
    """M9, M5: there is nothing to decide any more, and its code takes no group along (O4)."""
    for reminder in (edit.restore(held_here(), now=LATER).reminder, edit.delete(held_there(), now=LATER).reminder):
        assert (reminder.held, reminder.trouble, reminder.retrying, reminder.rings) == (None, None, None, True)


def test_an_answer_that_comes_late_leaves_it_held() -> None:
    """M9, O5: whether the update that was under way succeeded or not."""
    changed = edited(a_pair(), details="x")
    send = merge(changed, a_task(), terms(), NOW).send
    assert send
    sent = with_intent(changed, send, NOW, lease=HOUR)
    reminder = held_by(sent, Deleted(NOW))
    number = sent.intents[-1].number
    done = write_done(reminder, number, TASK_ID, terms(), LATER)
    assert done
    failed = write_failed(reminder, number, Failure(kind=Kind.PERMANENT, code="X", message="x"), LATER)
    for record in (done, failed):
        assert record.reminder.trouble == reminder.trouble
        assert (record.reminder.next_attempt, record.reminder.intents) == (None, ())


def test_another_problem_does_not_hide_that_it_is_held() -> None:
    """M9: and what is not held, or has another problem, is left alone."""
    other = Trouble(code="ENTITY_IS_LOCKED", message="locked", since=BEFORE)
    again = quiet(replace(held_there(), trouble=other)).trouble
    assert again
    assert again.code == MASS_DELETE_HELD
    assert quiet(a_pair(trouble=other)) == a_pair(trouble=other)
    assert released(a_pair(trouble=other)) == a_pair(trouble=other)
