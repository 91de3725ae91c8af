"""M1, M2, F1 to F7: the three-way merge of one field. The table of `fields`' docstring is the parametrisation."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from factories import BEFORE, BEN, CONTACT, LEAD, NOW, a_pair, a_task, edited, some_values

from reminders.core import mapping
from reminders.core.fields import Merged, Outcome, Sides, about_to_send, merge_fields, mirrored, outcome, unsent
from reminders.core.reminder import Event, Field, Priority, Reminder, Side, Status, Values
from reminders.core.settings import Choice, Policy, Settings
from reminders.core.task import Task


@pytest.mark.parametrize(
    ("here_changed", "there_changed", "same", "foreign", "expected"),
    [
        (False, False, True, False, Outcome.AGREED),
        (False, True, False, False, Outcome.TAKE),
        (False, True, False, True, Outcome.AGREED),
        (True, False, False, False, Outcome.SEND),
        (True, True, True, False, Outcome.AGREED),
        (True, True, False, False, Outcome.CONFLICT),
        (True, True, False, True, Outcome.SEND),
        (False, False, False, True, Outcome.AGREED),
        (True, False, True, False, Outcome.AGREED),
        (True, False, False, True, Outcome.SEND),
    ],
)
def test_the_table(*, here_changed: bool, there_changed: bool, same: bool, foreign: bool, expected: Outcome) -> None:
    """M1, F2: every row of the table, and the rows that follow from it."""
    assert outcome(here_changed=here_changed, there_changed=there_changed, same=same, foreign=foreign) is expected


ONE: dict[Field, tuple[dict[str, Any], dict[str, Any]]] = {
    Field.STATUS: ({"status": Status.COMPLETE}, {"status": "Completed"}),
    Field.PRIORITY: ({"priority": Priority.HIGH}, {"priority": "High"}),
    Field.DUE: ({"due": date(2026, 12, 1)}, {"due": date(2026, 12, 1)}),
    Field.DETAILS: ({"details": "new"}, {"description": "new"}),
    Field.ASSIGNEE: ({"assignee": BEN}, {"owner": BEN}),
    Field.PERSON: ({"person": CONTACT}, {"who": CONTACT}),
}
OTHER: dict[Field, dict[str, Any]] = {
    Field.DUE: {"due": None},
    Field.DETAILS: {"description": None},
    Field.PERSON: {"who": None},
}


def merged(reminder: Reminder, task: Task, settings: Settings | None = None, **more: Any) -> Merged:
    """Merge a pair."""
    return merge_fields(
        Sides(reminder=reminder, task=task, agreed=reminder.agreement, settings=settings or Settings(), now=NOW, **more)
    )


@pytest.mark.parametrize("field", ONE)
def test_changed_here_only_is_sent_and_alone(field: Field) -> None:
    """M1, O1: only the changed field goes out, in Salesforce's representation."""
    ours, theirs = ONE[field]
    result = merged(edited(a_pair(), **ours), a_task())
    assert result.send == {field: mapping.raw(field, a_task(**theirs))}
    assert result.values == some_values(**ours)
    assert result.lines == ()


@pytest.mark.parametrize("field", ONE)
def test_changed_there_only_is_taken(field: Field) -> None:
    """M1: the task's value arrives, nothing is written back."""
    ours, theirs = ONE[field]
    result = merged(a_pair(), a_task(**theirs))
    assert result.values == some_values(**ours)
    assert result.send == {}
    assert [line.event for line in result.lines] == [Event.MERGED]


@pytest.mark.parametrize("field", ONE)
def test_changed_to_the_same_on_both_sides_is_agreed(field: Field) -> None:
    """M1: equal edits are no conflict and need no write."""
    ours, theirs = ONE[field]
    result = merged(edited(a_pair(), **ours), a_task(**theirs))
    assert (result.values, result.send, result.lines) == (some_values(**ours), {}, ())
    assert unsent(replace(a_pair(), values=result.values, agreement=result.agreement), Settings()) == []


def test_different_fields_on_both_sides_both_survive() -> None:
    """M1: field by field, never the whole record."""
    result = merged(edited(a_pair(), due=date(2026, 12, 1)), a_task(priority="High"))
    assert result.values == some_values(due=date(2026, 12, 1), priority=Priority.HIGH)
    assert result.send == {Field.DUE: "2026-12-01"}


@pytest.mark.parametrize("field", OTHER)
@pytest.mark.parametrize(
    ("policy", "edit_after", "here_wins"),
    [
        (Policy.LATEST, timedelta(seconds=1), True),
        (Policy.LATEST, timedelta(milliseconds=900), False),
        (Policy.LATEST, timedelta(), False),
        (Policy.LATEST, -timedelta(seconds=1), False),
        (Policy.SALESFORCE, timedelta(seconds=1), False),
        (Policy.REMINDER, -timedelta(seconds=1), True),
    ],
    ids=["later wins", "same second ties", "a tie is Salesforce's", "earlier loses", "salesforce", "reminder"],
)
def test_a_conflict_is_settled_by_the_policy_and_the_loser_is_kept(
    field: Field, policy: Policy, edit_after: timedelta, *, here_wins: bool
) -> None:
    """M2: latest (whole seconds, a tie goes to Salesforce), salesforce, reminder; nothing is lost without a line."""
    ours, _ = ONE[field]
    task = a_task(**OTHER[field], last_modified=NOW)
    reminder = edited(a_pair(), at=NOW + edit_after, **ours)
    result = merged(reminder, task, Settings(policy=policy))
    [line] = [line for line in result.lines if line.event is Event.CONFLICT]
    assert (line.rule, line.field) == ("M2", field)
    if here_wins:
        assert result.send == {field: mapping.put(field, reminder.values, Settings())}
        assert (line.side, line.lost) == (Side.SALESFORCE, None)
    else:
        assert result.send == {}
        assert getattr(result.values, field.value) is None
        assert (line.side, line.lost) == (Side.HERE, mapping.plain(field, reminder.values))


def test_the_edit_time_is_corrected_by_the_difference_of_the_clocks() -> None:
    """M2: a clock of ours that is ten minutes fast must not win every conflict."""
    reminder = edited(a_pair(), at=NOW + timedelta(minutes=9), due=date(2026, 12, 1))
    task = a_task(due=None, last_modified=NOW)
    assert merged(reminder, task).send
    assert not merged(reminder, task, skew=-timedelta(minutes=10)).send


def test_a_settled_conflict_is_settled_once() -> None:
    """M2: the stamp of the first read that showed the value decides; a later touch of the task must not turn it round."""
    reminder = edited(a_pair(), at=NOW + timedelta(seconds=5), due=date(2026, 12, 1))
    first = merged(reminder, a_task(due=None, last_modified=NOW))
    stored = replace(reminder, values=first.values, agreement=first.agreement)
    second = merged(stored, a_task(due=None, priority="High", last_modified=NOW + timedelta(minutes=5)))
    assert second.send == {Field.DUE: "2026-12-01"}
    assert [line.event for line in second.lines] == [Event.MERGED]


def test_an_edit_taken_back_after_a_won_conflict_is_still_sent() -> None:
    """M1: the task holds the loser, so going back to the old value is a change as well."""
    reminder = edited(a_pair(), at=NOW + timedelta(seconds=5), due=date(2026, 12, 1))
    first = merged(reminder, a_task(due=None, last_modified=NOW))
    back = edited(replace(reminder, agreement=first.agreement), due=some_values().due)
    assert merged(back, a_task(due=None)).send == {Field.DUE: "2026-11-24"}


@pytest.mark.parametrize(("field", "raw"), [("status", "In Progress"), ("status", "Deferred"), ("priority", "Low")])
def test_a_foreign_value_counts_as_unchanged_and_survives_other_pushes(field: str, raw: str) -> None:
    """F2, F3: it becomes the agreed raw value at once, and a push of another field does not touch it."""
    result = merged(edited(a_pair(), due=None), a_task(**{field: raw}))
    assert result.send == {Field.DUE: None}
    assert result.values == some_values(due=None)
    assert result.agreement.pairs[Field(field)][1] == raw


def test_our_change_replaces_a_foreign_value() -> None:
    """F2: it survives every push that is not itself a change of our status."""
    assert merged(edited(a_pair(), status=Status.COMPLETE), a_task(status="In Progress")).send == {
        Field.STATUS: "Completed"
    }


def test_back_from_a_foreign_value_is_a_change_there() -> None:
    """F2: Not Started after In Progress is somebody's decision, so it can win over a waiting edit here."""
    was = a_task(status="In Progress")
    reminder = edited(a_pair(task=was), at=BEFORE, status=Status.COMPLETE)
    result = merged(reminder, a_task(status="Not Started", last_modified=NOW))
    assert result.values.status is Status.OPEN
    assert result.send == {}


def test_one_synonym_for_another_is_no_change() -> None:
    """F2: further values that are read as ours are the same value; the raw one becomes the agreed one."""
    settings = Settings(statuses={Status.OPEN: Choice(written="Not Started", also_read=("Deferred",)),
                                  Status.COMPLETE: Choice(written="Completed", also_read=("Won",))})  # fmt: skip
    deferred = merged(edited(a_pair(), status=Status.COMPLETE), a_task(status="Deferred"), settings)
    assert deferred.send == {Field.STATUS: "Completed"}
    assert [line.event for line in deferred.lines] == []
    won = merged(edited(a_pair(), status=Status.COMPLETE), a_task(status="Won"), settings)
    assert won.send == {}


def test_a_changed_mapping_touches_nothing_by_itself() -> None:
    """S6: it takes effect when that field next changes."""
    settings = Settings(statuses={Status.OPEN: Choice(written="New"), Status.COMPLETE: Choice(written="Done")})
    result = merged(a_pair(), a_task(), settings)
    assert (result.send, result.values, result.lines) == ({}, some_values(), ())


def test_a_changed_mapping_takes_effect_when_the_field_next_changes() -> None:
    """S6: foreign when it came, and read as open today: the next open status there is a change of what stands here (seed 1881)."""
    pair = edited(a_pair(), status=Status.COMPLETE)
    foreign = merged(pair, a_task(status="Completed"))
    stood = replace(pair, values=foreign.values, agreement=foreign.agreement)
    kept = merged(stood, a_task(status="Deferred"))
    assert (kept.send, kept.values.status) == ({}, Status.COMPLETE)
    wider = Settings(statuses={Status.OPEN: Choice(written="Not Started", also_read=("Deferred",)),
                               Status.COMPLETE: Choice(written="Completed")})  # fmt: skip
    result = merged(replace(stood, agreement=kept.agreement), a_task(status="Not Started"), wider)
    assert (result.send, result.values.status) == ({}, Status.OPEN)


@pytest.mark.parametrize("template", ["{{activity_subject}}", "{{activity_type}}: {{ACTIVITY_SUBJECT}}"])
def test_a_changed_name_is_sent_when_the_template_holds_it(template: str) -> None:
    """F1: through the template."""
    result = merged(edited(a_pair(), name="Write to Ada"), a_task(), Settings(subject_template=template))
    assert result.send.keys() == {Field.NAME}
    assert str(result.send[Field.NAME]).endswith("Write to Ada")


def test_a_changed_name_stays_here_when_the_template_does_not_hold_it() -> None:
    """F1: exactly when; and the name counts as agreed, so a later template change does not send it by itself (S6)."""
    quiet = Settings(subject_template="{{activity_type}}")
    reminder = edited(a_pair(settings=quiet), name="Write to Ada")
    result = merged(reminder, a_task(), quiet)
    assert result.send == {}
    assert merged(replace(reminder, agreement=result.agreement), a_task(), Settings()).send == {}


def test_a_subject_changed_there_never_changes_the_name_and_is_left_alone() -> None:
    """F1: from Salesforce on import only, and not overwritten by a push of another field."""
    result = merged(edited(a_pair(), due=None), a_task(subject="Changed there"))
    assert result.values.name == "Call Ms Lindqvist"
    assert result.send == {Field.DUE: None}


def test_a_subject_changed_there_is_overwritten_when_our_own_changes() -> None:
    """F1: today's template on today's values against today's template on the agreed ones."""
    assert merged(edited(a_pair(), name="New name"), a_task(subject="Changed there")).send == {Field.NAME: "New name"}


def test_a_subject_that_already_reads_like_ours_needs_no_write() -> None:
    """M1: changed on both sides to the same value."""
    assert merged(edited(a_pair(), name="Same"), a_task(subject="Same")).send == {}


def test_a_changed_template_touches_nothing_by_itself() -> None:
    """S6: no mass rewrite of Subjects."""
    assert merged(a_pair(), a_task(), Settings(subject_template="{{activity_type}}: {{activity_subject}}")).send == {}


@pytest.mark.parametrize(("people", "sent"), [(None, True), (0, True), (1, True), (2, False)])
def test_one_of_several_people_is_not_cleared(people: int | None, *, sent: bool) -> None:
    """F7: Salesforce would promote another person at random; the edit is refused with the reason."""
    result = merged(edited(a_pair(), person=None), a_task(who_count=people))
    if sent:
        assert result.send == {Field.PERSON: None}
    else:
        assert result.send == {}
        assert result.values.person == LEAD
        [line] = [line for line in result.lines if line.event is Event.REFUSED]
        assert "2 people" in line.words


def test_one_of_several_people_can_be_replaced() -> None:
    """F7: only clearing is ambiguous."""
    assert merged(edited(a_pair(), person=CONTACT), a_task(who_count=2)).send == {Field.PERSON: CONTACT}


def test_without_an_agreement_equal_fields_agree_and_others_are_conflicts() -> None:
    """M3: a first meeting links; it never overwrites without a line in history."""
    reminder = a_pair(agreement=None, edited=dict.fromkeys(Field, NOW))
    result = merged(reminder, a_task(due=None, status="In Progress", subject="Other"))
    assert result.send == {Field.DUE: "2026-11-24"}
    assert [(line.event, line.field) for line in result.lines] == [(Event.CONFLICT, Field.DUE)]
    assert result.agreement.pairs[Field.STATUS] == ("Open", "In Progress")


def test_what_is_about_to_be_sent_is_what_will_be_agreed() -> None:
    """M8: the intent's pairs are in comparables, so that the echo equals them."""
    values = some_values(details="a\r\nb ")
    assert about_to_send(values, {Field.DETAILS: "a\r\nb ", Field.NAME: "N"}, Settings()) == {
        Field.DETAILS: (mapping.digest("a\nb"), mapping.digest("a\nb")),
        Field.NAME: (None, "N"),
    }


def test_a_reminder_that_is_handed_over_mirrors_its_task() -> None:
    """F6: it shows what the task holds; its name, and what the task's value does not say, stay as last agreed."""
    reminder = edited(a_pair(), due=None, assignee=BEN, name="Mine", status=Status.COMPLETE)
    assert reminder.agreement
    task = a_task(status="In Progress", description="theirs")
    values: Values = mirrored(reminder, task, reminder.agreement, Settings())
    assert values == some_values(assignee=BEN, name="Mine", details="theirs")
    assert unsent(replace(reminder, agreement=None), Settings()) == []
