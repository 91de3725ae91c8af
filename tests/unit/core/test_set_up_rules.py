"""I3, F2: what must hold in the org, in words, and what waits while a value is missing there."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from factories import a_pair

from reminders.core.decision import Decision, Send
from reminders.core.reminder import Field, Priority, Record, Status, Write
from reminders.core.set_up_rules import STALE, Access, Picklists, PicklistValue, access_checks, hold, mapping_checks
from reminders.core.settings import Choice, Settings

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
FULL = Access(view_all=True, modify_all=True, field_seen=True, field_written=True, field_unique=True)
SETTINGS = Settings()


def values(*names: str, marked: str = "", default: str = "") -> tuple[PicklistValue, ...]:
    """Give values of a picklist."""
    return tuple(PicklistValue(name=each, marked=each == marked, default=each == default) for each in names)


PRIORITIES = values("High", "Normal", marked="High", default="Normal")
KNOWN = Picklists(
    statuses=values("Not Started", "Completed", marked="Completed", default="Not Started"),
    priorities=PRIORITIES,
    at=NOW,
)
GERMAN = replace(KNOWN, statuses=values("Wartet", "Offen", "Erledigt", marked="Erledigt", default="Offen"))


def decided(write: Write = Write.UPDATE, **fields: str) -> Decision:
    """Give a decision to send these fields, and what was merged before."""
    names = {"Status": Field.STATUS, "Subject": Field.NAME}
    pairs = {names[name]: ("Open", value) for name, value in fields.items()}
    return Decision(rule="M1", reason="Changed here.", send=Send(write=write, fields=fields, pairs=pairs))


@pytest.mark.parametrize(
    ("lacking", "code"),
    [
        ({}, None),
        ({"view_all": False}, "NO_VIEW_ALL_DATA"),
        ({"modify_all": False}, "NO_MODIFY_ALL_DATA"),
        ({"field_seen": False, "field_written": False, "field_unique": False}, "NO_REMINDER_ID_FIELD"),
        ({"field_written": False}, "REMINDER_ID_FIELD_READ_ONLY"),
        ({"field_unique": False}, "REMINDER_ID_FIELD_NOT_UNIQUE"),
    ],
)
def test_each_lack_is_one_check_that_says_so(lacking: dict[str, Any], code: str | None) -> None:
    """I3: one lack is one problem, with a sentence of its own."""
    checks = access_checks(replace(FULL, **lacking))
    assert [each.code for each in checks if not each.ok] == ([code] if code else [])
    assert all(each.words.endswith(".") for each in checks)
    assert all(each.failure.message == each.words for each in checks)


def test_a_missing_value_names_those_that_exist_and_proposes_two() -> None:
    """F2: the default open one, though it is not the first, and the first closed one."""
    status, priority = mapping_checks(SETTINGS, GERMAN)
    assert (status.code, status.ok, priority.ok) == ("STATUS_NOT_IN_ORG", False, True)
    assert "no status “Completed” and no “Not Started”" in status.words
    assert "It has: “Wartet”, “Offen”, “Erledigt”." in status.words
    assert "“Offen” would do for Open. “Erledigt” would do for Complete." in status.words
    assert all(each.ok for each in mapping_checks(SETTINGS, KNOWN))


def test_an_org_without_anything_fitting_is_proposed_nothing() -> None:
    """F2: no default among the open ones: the first; no value at all: none."""
    [_, priority] = mapping_checks(SETTINGS, replace(KNOWN, priorities=values("A", "B")))
    assert "“A” would do for Normal." in priority.words
    assert "for High" not in priority.words
    [status, _] = mapping_checks(SETTINGS, replace(KNOWN, statuses=()))
    assert "It has: none." in status.words


def test_only_the_field_without_a_value_is_left_out() -> None:
    """F2: the Subject of the same reminder still goes, and the status is not agreed."""
    decision = hold(decided(Status="Completed", Subject="New"), a_pair(), SETTINGS, GERMAN, NOW)
    assert decision.send
    assert decision.send.fields == {"Subject": "New"}
    assert decision.send.pairs.keys() == {Field.NAME}


def test_a_create_leaves_it_to_the_orgs_default_which_is_not_agreed_here() -> None:
    """F2, O2: the task is made, and the status is sent when its value exists."""
    decision = hold(decided(Write.CREATE, Status="Completed", Subject="New"), a_pair(), SETTINGS, GERMAN, NOW)
    assert decision.send
    assert decision.send.fields == {"Subject": "New"}
    assert decision.send.pairs[Field.STATUS] == (None, "Offen")


def test_where_nothing_else_is_to_be_sent_it_waits() -> None:
    """F2, Never: it is not tried every minute, and what the merge decided is stored all the same."""
    reminder = a_pair(pending=True, next_attempt=NOW)
    decision = hold(decided(Status="Completed"), reminder, SETTINGS, GERMAN, NOW)
    assert decision.send is None
    assert decision.record
    assert decision.record.reminder == replace(reminder, next_attempt=NOW + timedelta(hours=1))
    merged = replace(decided(Status="Completed"), record=Record(reminder=replace(reminder, rounds=2), link="t"))
    kept = hold(merged, reminder, SETTINGS, GERMAN, NOW).record
    assert kept
    assert (kept.link, kept.reminder.rounds) == ("t", 2)


def test_what_exists_is_sent() -> None:
    """F2: nothing is held for a value of the org, for a delete, or on the word of a picklist that nobody has asked for lately."""
    fits = Settings(
        statuses={Status.OPEN: Choice(written="Offen"), Status.COMPLETE: Choice(written="Erledigt")},
        priorities={Priority.NORMAL: Choice(written="Normal"), Priority.HIGH: Choice(written="High")},
    )
    for decision, settings, at in (
        (decided(Status="Erledigt"), fits, NOW),
        (decided(Subject="New"), SETTINGS, NOW),
        (decided(Status="Completed"), SETTINGS, NOW - STALE - timedelta(seconds=1)),
        (Decision(rule="M1", reason="Both sides agree."), SETTINGS, NOW),
    ):
        assert hold(decision, a_pair(), settings, replace(GERMAN, at=at), NOW) is decision
