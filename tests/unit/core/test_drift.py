"""What counts as drift (I5), and what a task is that the sweep asked for in vain."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from factories import ANNA, BEFORE, NOW, a_pair, a_task, edited, terms

from reminders.core.decision import Decision
from reminders.core.drift import GRACE, differences, missed, tell
from reminders.core.edit import Refused
from reminders.core.gone import NOT_VISIBLE, Choice, choose, is_gone, missing, seen_again
from reminders.core.merge import merge
from reminders.core.reminder import Event, Record, Reminder, Side, Status, Tombstone
from reminders.core.task import Deleted, Reading, Task, Unreadable
from reminders.core.writes import with_intent

GONE = missing(a_pair(), terms(), NOW)
DELETED_HERE = replace(edited(a_pair()), tombstone=Tombstone(at=NOW, side=Side.HERE))


@pytest.mark.parametrize(
    ("before", "reading", "what"),
    [
        (a_pair(), a_task(), ()),
        (a_pair(), a_task(priority="High", description="x"), ("priority", "details")),
        (a_pair(), a_task(status="Deferred"), ()),
        (a_pair(), Deleted(BEFORE), ("deleted",)),
        (None, a_task(), ("imported",)),
        (edited(a_pair(), due=None), a_task(), ()),
        (edited(a_pair(), details="ours"), a_task(description="theirs", last_modified=BEFORE), ("details",)),
        (a_pair(tombstone=Tombstone(at=BEFORE, side=Side.HERE, agreed=BEFORE)), a_task(), ("restored",)),
        (DELETED_HERE, Deleted(BEFORE), ()),
        (a_pair(), a_task(owner="005000000000009AAA"), ("handed over",)),
        (a_pair(), Unreadable(), ()),
    ],
)
def test_only_what_salesforce_changed_is_a_difference(
    before: Reminder | None, reading: Reading, what: tuple[str, ...]
) -> None:
    """I5: an edit of ours that waits, an own delete, and a value that does not sync are none; a conflict is one."""
    assert differences(before, merge(before, reading, terms(), NOW)) == what


@pytest.mark.parametrize(
    ("ago", "counts"), [(GRACE - timedelta(seconds=1), False), (GRACE, True), (GRACE + timedelta(days=1), True)]
)
def test_a_change_is_missed_when_the_poll_is_well_beyond_it(ago: timedelta, *, counts: bool) -> None:
    """I5: until then its hint may be on the queue."""
    assert missed(NOW - ago, NOW) is counts


def test_where_nothing_is_known_nothing_was_missed() -> None:
    """I5: a delete without a date, and a poll that never ran."""
    assert not missed(None, NOW)
    assert not missed(BEFORE, None)


def test_the_history_says_that_the_sweep_found_it() -> None:
    """I5, C2: after what was found; where nothing is stored, nothing is told."""
    found = merge(a_pair(), a_task(priority="High"), terms(), NOW)
    told = tell(found, ("priority",), NOW)
    assert told.record
    assert found.record
    assert told.record.lines[:-1] == found.record.lines
    assert (told.record.lines[-1].event, "priority" in told.record.lines[-1].words) == (Event.DRIFT, True)
    nothing = Decision(rule="M1", reason="Both sides agree.")
    assert tell(nothing, ("priority",), NOW) == nothing


def test_a_task_that_cannot_be_read_is_a_problem_and_no_delete() -> None:
    """I5, M6: linked still, not tried by itself, and told once."""
    assert GONE.record
    reminder = GONE.record.reminder
    assert is_gone(reminder)
    assert (reminder.task_id, reminder.deleted, reminder.next_attempt) == (a_task().id, False, None)
    assert missing(reminder, terms(), NOW).record is None
    assert not is_gone(a_pair())


@pytest.mark.parametrize(
    ("reminder", "syncing", "rule"),
    [
        (a_pair(handed_over=True), ANNA, "M6"),
        (a_pair(tombstone=Tombstone(at=BEFORE, side=Side.HERE, agreed=BEFORE)), ANNA, "M6"),
        (a_pair(), "005000000000009AAA", "S3"),
    ],
)
def test_nobody_is_asked_where_nothing_is_at_stake(reminder: Reminder, syncing: str, rule: str) -> None:
    """F6, M5, S3: somebody else's task, one that is deleted on both sides and purged, and sync that is off."""
    decision = missing(reminder, terms(syncing), NOW)
    assert (decision.rule, decision.record) == (rule, None)


@pytest.mark.parametrize("task", [a_task(), a_task(priority="High")])
def test_a_task_that_is_read_again_ends_the_problem(task: Task) -> None:
    """I5: by itself, whatever else the merge finds; another problem stays another problem."""
    assert GONE.record
    decision = merge(GONE.record.reminder, task, terms(), NOW)
    assert decision.record
    assert decision.record.reminder.trouble is None
    assert decision.record.lines[0].text == "The task can be read again."
    assert seen_again(a_pair(), NOW) == (a_pair(), ())


def test_an_edit_that_waited_behind_a_task_out_of_sight_goes_out() -> None:
    """I5, O4: the merge sends it, and it is a problem no longer."""
    assert GONE.record
    waits = edited(GONE.record.reminder, status=Status.COMPLETE)
    decision = merge(waits, a_task(), terms(), NOW)
    assert decision.send
    assert isinstance(decision.record, Record)
    assert decision.record.reminder.trouble is None
    assert NOT_VISIBLE.code == "TASK_NOT_VISIBLE"


def gone(**changes: Any) -> Reminder:
    """Give one whose task is gone."""
    assert GONE.record
    return replace(GONE.record.reminder, **changes)


def test_deleted_here_both_sides_count_as_agreed() -> None:
    """I5, M5: it is under "recently deleted", still linked, and nothing waits to be sent."""
    record = choose(gone(), Choice.DELETE, terms().settings, now=NOW)
    reminder = record.reminder
    assert reminder.tombstone == Tombstone(at=NOW, side=Side.HERE, agreed=NOW)
    assert (reminder.trouble, reminder.pending, reminder.task_id, record.unlink) == (None, False, a_task().id, None)


def test_a_delete_that_could_not_be_carried_over_can_be_settled() -> None:
    """I5: deleted with the ordinary button before; its date stays."""
    before = gone(tombstone=Tombstone(at=BEFORE, side=Side.HERE), pending=True)
    assert choose(before, Choice.DELETE, terms().settings, now=NOW).reminder.tombstone == Tombstone(
        at=BEFORE, side=Side.HERE, agreed=NOW
    )
    for choice in (Choice.CREATE, Choice.KEEP):
        with pytest.raises(Refused, match="restore it first"):
            choose(before, choice, terms().settings, now=NOW)


@pytest.mark.parametrize(("choice", "sponsor", "pending"), [(Choice.CREATE, ANNA, True), (Choice.KEEP, None, False)])
def test_created_again_or_kept_it_is_unlinked(choice: Choice, sponsor: str | None, pending: bool) -> None:  # noqa: FBT001 - a parameter of pytest's
    """I5, M5: n grows, so the old task's id is not its own any more; only "create again" rings."""
    record = choose(gone(), choice, terms().settings, now=NOW)
    reminder = record.reminder
    assert (reminder.sponsor, reminder.pending, reminder.rings) == (sponsor, pending, pending)
    assert (reminder.task_id, reminder.agreement, reminder.trouble) == (None, None, None)
    assert (reminder.external_id, record.unlink) == ("r1-1", a_task().id)
    assert [line.rule for line in record.lines] == ["I5"]


@pytest.mark.parametrize("choice", Choice)
def test_what_our_unanswered_update_may_have_replaced_is_told_with_the_choice(choice: Choice) -> None:
    """F2, I5: whether our status had got there nobody will ever know (seed 7824)."""
    foreign = a_task(status="Deferred")
    reminder = edited(a_pair(task=foreign), status=Status.COMPLETE)
    send = merge(reminder, foreign, terms(), NOW).send
    assert send
    sent = with_intent(reminder, send, NOW, lease=timedelta(minutes=2), seen=foreign.stamp)
    record = choose(
        gone(values=sent.values, agreement=sent.agreement, intents=sent.intents), choice, terms().settings, now=NOW
    )
    assert [(line.event, line.lost) for line in record.lines[:-1]] == [(Event.REPLACED, "Deferred")]


@pytest.mark.parametrize("choice", Choice)
def test_nothing_is_chosen_for_a_task_that_is_there(choice: Choice) -> None:
    """I5, M11: it was read again meanwhile."""
    with pytest.raises(Refused, match="not gone"):
        choose(a_pair(), choice, terms().settings, now=NOW)
