"""What people do to reminders here: every edit is checked, kept in history, and marked as waiting exactly if it takes part in sync."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from factories import ANNA, a_pair

from reminders.core import edit
from reminders.core.edit import Refused
from reminders.core.reminder import (
    Completion,
    Event,
    Field,
    Priority,
    Record,
    Reminder,
    Side,
    Status,
    Tombstone,
    Trouble,
    Type,
    Values,
)

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
BO = "005000000000002AAA"
CY = "005000000000003AAA"


def values(**changes: Any) -> Values:
    """Give values that are accepted as they are."""
    return replace(Values(name="Call Nina", assignee=BO), **changes)


def created(*, syncs: bool, **changes: Any) -> Record:
    """Create one now."""
    return edit.create(values(**changes), reminder_id="r1", by=BO, assignee_syncs=syncs, now=NOW)


def stored(*, syncs: bool, **changes: Any) -> Reminder:
    """Give one as it lies in the ledger, agreed and quiet."""
    reminder = created(syncs=syncs).reminder
    return replace(
        reminder, **{"version": 1, "pending": False, "next_attempt": None, "rings": False, "task_id": "00T1", **changes}
    )


@pytest.mark.parametrize(
    ("field", "wrong", "words"),
    [
        ("name", "", "needs a name"),
        ("name", "  \t ", "needs a name"),
        ("name", "two\nlines", "single line"),
        ("name", "two\rlines", "single line"),
        ("name", "a\x00b", "control characters"),
        ("name", "half a pair \ud83d", "control characters"),
        ("name", "x" * 256, "256 characters long; the most is 255"),
        ("name", "😀" * 128, "256 characters long; the most is 255"),
        ("campaign_name", "x" * 256, "256 characters long"),
        ("campaign_day", "1\n2", "single line"),
        ("campaign_step", "\x07x", "control characters"),
        ("call_outcome", "x" * 256, "256 characters long"),
        ("call_reason", "a\x7fb", "control characters"),
        ("details", "x" * 32_001, "32,001 characters long; the most is 32,000"),
        ("details", "\n".join(["x"] * 10_668), "the most is 32,000"),
        ("details", "a\x0bb", "control character"),
        ("assignee", "", "18-character id"),
        ("assignee", "005000000000002", "18-character id"),
        ("assignee", "00G000000000002AAA", "18-character id of a Salesforce user"),
        ("assignee", "005' OR Id != ''xx", "18-character id"),
        ("person", "001000000000001AAA", "contact or lead"),
        ("person", "00Q1", "contact or lead"),
        ("due", date(1699, 12, 31), "from 1700-01-01 to 4000-12-31"),
        ("due", date(4001, 1, 1), "from 1700-01-01 to 4000-12-31"),
    ],
)
def test_a_value_that_salesforce_would_not_take_is_refused_with_its_field(
    field: str, wrong: object, words: str
) -> None:
    """F5, C1: otherwise it would be stored here and fail, or be cut, on its way to Salesforce."""
    with pytest.raises(Refused, match=words) as refusal:
        edit.check(values(**{field: wrong}))
    assert refusal.value.field == field


@pytest.mark.parametrize(
    ("field", "given", "kept"),
    [
        ("name", "  Call Nina ", "Call Nina"),
        ("name", "😀" * 127 + "x", "😀" * 127 + "x"),
        ("name", "שלום, Nina", "שלום, Nina"),
        ("details", " \r\n", None),
        ("details", "a\r\nb\rc ", "a\nb\nc"),
        ("details", "tab\tstays", "tab\tstays"),
        ("details", "x" * 32_000, "x" * 32_000),
        ("details", "\n".join(["x"] * 10_667), "\n".join(["x"] * 10_667)),
        ("person", "", None),
        ("person", "00Q000000000001AAA", "00Q000000000001AAA"),
        ("person", "003000000000001AAA", "003000000000001AAA"),
        ("call_reason", "   ", None),
        ("campaign_name", "", None),
        ("due", date(1700, 1, 1), date(1700, 1, 1)),
    ],
)
def test_what_is_accepted_is_kept_in_one_spelling(field: str, given: object, kept: object) -> None:
    """F5, F7: empty is absent, line breaks are one kind, ends are bare, so that no echo looks like an edit."""
    assert getattr(edit.check(values(**{field: given})), field) == kept


def test_a_line_break_counts_two_however_it_is_typed() -> None:
    """F5: Salesforce stores two characters for each, so counting one would let text through that it then refuses."""
    assert edit.details_length("a\nb") == edit.details_length("a\r\nb") == edit.details_length("a\rb") == 4


def test_created_while_its_assignee_syncs_it_waits_and_rings() -> None:
    """S2, O1: the wish to push is in the same write as the reminder."""
    record = created(syncs=True)
    reminder = record.reminder
    assert (reminder.sponsor, reminder.pending, reminder.next_attempt, reminder.rings) == (BO, True, NOW, True)
    assert (reminder.version, reminder.created, reminder.created_by) == (0, NOW, BO)
    assert set(reminder.edited) == set(Field)
    assert [(line.event, line.rule, line.side) for line in record.lines] == [(Event.CREATED, "S2", Side.HERE)]


def test_created_while_its_assignee_does_not_sync_it_stays_here() -> None:
    """S2: what counts is the assignee's sync at the moment of creation."""
    reminder = created(syncs=False).reminder
    assert (reminder.sponsor, reminder.pending, reminder.next_attempt, reminder.rings) == (None, False, None, False)


def test_an_edit_waits_names_its_fields_and_forgives_the_problem() -> None:
    """O1, O4, M2: an edit is tried at once, and the time of each edited field is what a conflict is settled by."""
    before = stored(syncs=True, trouble=Trouble(code="X", message="no", since=NOW), attempts=5)
    record = edit.edit(before, replace(before.values, due=date(2026, 11, 23), priority=Priority.HIGH), now=LATER)
    after = record.reminder
    assert (after.pending, after.next_attempt, after.rings, after.trouble, after.attempts) == (
        True,
        LATER,
        True,
        None,
        0,
    )
    assert {field for field, at in after.edited.items() if at == LATER} == {Field.DUE, Field.PRIORITY}
    assert after.version == before.version
    assert [line.words for line in record.lines] == ["Edited here: priority, due."]


def test_a_dynamic_field_of_the_subject_counts_as_an_edit_of_the_name() -> None:
    """F1: the rendered subject may change with it, and its conflict is settled by the time of this edit."""
    before = stored(syncs=True)
    changed = replace(before.values, type=Type.CALL, call_outcome="Left a message")
    after = edit.edit(before, changed, now=LATER).reminder
    assert {field for field, at in after.edited.items() if at == LATER} == {Field.NAME}


def test_an_edit_of_a_reminder_that_is_not_synced_stays_here() -> None:
    """S2: an older reminder stays local, however often it is edited."""
    before = stored(syncs=False)
    after = edit.edit(before, replace(before.values, status=Status.COMPLETE), now=LATER).reminder
    assert after.values.status is Status.COMPLETE
    assert (after.pending, after.rings) == (False, False)


@pytest.mark.parametrize("same", ["Call Nina", " Call Nina  "])
def test_an_edit_that_changes_nothing_leaves_no_trace(same: str) -> None:
    """M7, O1: saving a form unchanged must wake nobody and write no history."""
    before = stored(syncs=True)
    record = edit.edit(before, replace(before.values, name=same), now=LATER)
    assert record == Record(reminder=before)


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({"tombstone": Tombstone(at=NOW, side=Side.HERE)}, "deleted; restore it first"),
        ({"handed_over": True}, "read-only here"),
    ],
)
def test_what_is_deleted_or_handed_over_cannot_be_edited(state: dict[str, Any], words: str) -> None:
    """F6, M4: an edit would be lost, because nothing carries it anywhere."""
    before = stored(syncs=True, **state)
    with pytest.raises(Refused, match=words):
        edit.edit(before, replace(before.values, name="Other"), now=LATER)


def test_an_edit_is_checked_like_a_new_reminder() -> None:
    """C1: else a refused value could come in by the back door."""
    before = stored(syncs=True)
    with pytest.raises(Refused, match="needs a name"):
        edit.edit(before, replace(before.values, name=" "), now=LATER)


def test_a_synced_reminder_that_is_deleted_waits_until_its_task_is_deleted() -> None:
    """M4, M5: the 15 days only start when both sides agree."""
    record = edit.delete(stored(syncs=True, trouble=Trouble(code="X", message="no", since=NOW)), now=LATER)
    after = record.reminder
    assert after.tombstone == Tombstone(at=LATER, side=Side.HERE, agreed=None)
    assert (after.pending, after.rings, after.trouble, after.expires) == (True, True, None, None)
    assert [(line.event, line.rule) for line in record.lines] == [(Event.DELETED, "M4")]


def test_a_local_reminder_that_is_deleted_is_agreed_at_once() -> None:
    """M5: there is no other side to wait for."""
    after = edit.delete(stored(syncs=False), now=LATER).reminder
    assert after.tombstone == Tombstone(at=LATER, side=Side.HERE, agreed=LATER)
    assert (after.pending, after.rings) == (False, False)


def test_deleting_a_handed_over_reminder_only_unlinks_it() -> None:
    """F6: its task belongs to somebody else now and must not be deleted with it."""
    record = edit.delete(stored(syncs=True, handed_over=True, pending=True, next_attempt=NOW), now=LATER)
    after = record.reminder
    assert after.tombstone == Tombstone(at=LATER, side=Side.HERE, agreed=LATER)
    assert (after.pending, after.next_attempt, after.rings) == (False, None, False)
    assert (record.lines[0].rule, record.lines[0].text) == ("F6", "Deleted here; the task in Salesforce stays.")


def test_deleting_twice_is_once() -> None:
    """M7: the second delete must not move the date nor ring again."""
    once = replace(edit.delete(stored(syncs=True), now=NOW).reminder, rings=False)
    assert edit.delete(once, now=LATER) == Record(reminder=once)


def test_sync_this_one_takes_an_older_reminder_into_the_sync() -> None:
    """S2: from then on it is pushed like any other."""
    record = edit.sync_this_one(stored(syncs=False), now=LATER)
    assert (record.reminder.sponsor, record.reminder.pending, record.reminder.rings) == (BO, True, True)
    assert record.lines[0].rule == "S2"


@pytest.mark.parametrize(
    "before", [stored(syncs=True), stored(syncs=False, tombstone=Tombstone(at=NOW, side=Side.HERE, agreed=NOW))]
)
def test_sync_this_one_changes_nothing_where_there_is_nothing_to_take_in(before: Reminder) -> None:
    """S2: pressed twice it is once, and it brings no deleted reminder back."""
    assert edit.sync_this_one(before, now=LATER) == Record(reminder=before)


@pytest.mark.parametrize(
    ("changes", "sponsor", "pending"),
    [({}, ANNA, True), ({"sponsor": None}, None, False), ({"handed_over": True, "task_id": None}, None, False)],
    ids=["synced", "local", "unlinked"],
)
def test_a_restored_reminder_is_back_at_once_and_what_was_synced_waits_for_the_merge(
    changes: dict[str, Any], sponsor: str | None, *, pending: bool
) -> None:
    """M5, F6: taking a delete back twice is once; one whose task was handed over stays local."""
    gone = a_pair(tombstone=Tombstone(at=NOW, side=Side.HERE, agreed=NOW), **changes)
    record = edit.restore(gone, now=NOW)
    back = record.reminder
    assert (back.deleted, back.sponsor, back.pending, back.rings) == (False, sponsor, pending, pending)
    assert [line.event for line in record.lines] == [Event.RESTORED]
    assert edit.restore(back, now=NOW).lines == ()


def test_retry_tries_at_once_and_keeps_the_problem_until_it_is_solved() -> None:
    """O4, M8: it waits and rings, the fuse of a pair that was stopped is new, and history says who asked."""
    trouble = Trouble(code="X", message="no", since=NOW, ignored=NOW)
    before = stored(syncs=True, trouble=trouble, attempts=5, rounds=5)
    record = edit.retry(before, now=LATER)
    after = record.reminder
    assert (after.pending, after.next_attempt, after.rings, after.rounds, after.trouble) == (
        True,
        LATER,
        True,
        0,
        trouble,
    )
    assert [line.event for line in record.lines] == [Event.RETRIED]


def test_ignore_hides_the_problem_and_changes_no_plan() -> None:
    """C4: what is ignored is still tried when it would have been; ignoring twice is once."""
    before = stored(syncs=True, trouble=Trouble(code="X", message="no", since=NOW), pending=True, next_attempt=LATER)
    record = edit.ignore(before, now=LATER)
    assert record.reminder == replace(before, trouble=Trouble(code="X", message="no", since=NOW, ignored=LATER))
    assert [line.event for line in record.lines] == [Event.IGNORED]
    assert edit.ignore(record.reminder, now=LATER).lines == ()


def test_without_a_problem_there_is_nothing_to_retry_or_ignore() -> None:
    """O4, C4: a button pressed on what has been solved meanwhile wakes nobody."""
    before = stored(syncs=True)
    for done in (edit.retry(before, now=LATER), edit.ignore(before, now=LATER)):
        assert done == Record(reminder=replace(before, rings=False))


def test_an_edit_remembers_which_problem_it_may_solve() -> None:
    """O4: if it goes out, the others that were refused for the same reason are tried too; a second edit does not forget."""
    before = stored(syncs=True, trouble=Trouble(code="X", message="no", since=NOW))
    once = edit.edit(before, replace(before.values, name="Shorter"), now=LATER).reminder
    twice = edit.edit(once, replace(once.values, name="Even shorter"), now=LATER).reminder
    assert (once.retrying, twice.retrying) == ("X", "X")


def test_completing_says_so_on_its_own_write_only() -> None:
    """C6: the stream announces the write by which somebody completes; reopening and other edits are none."""
    before = stored(syncs=True)
    completed = edit.edit(before, replace(before.values, status=Status.COMPLETE), now=LATER).reminder
    assert completed.completion == Completion(side=Side.HERE, at=LATER)
    later = replace(completed, completion=None)
    for values_after in (replace(later.values, name="Else"), replace(later.values, status=Status.OPEN)):
        assert edit.edit(later, values_after, now=LATER).reminder.completion is None
    assert created(syncs=True, status=Status.COMPLETE).reminder.completion is None
