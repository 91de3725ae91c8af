"""C1, M5, S1: what a reminder says about itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from factories import BEFORE, NOW, a_pair

from reminders.core.reminder import (
    Event,
    Line,
    Record,
    Reminder,
    Side,
    SyncState,
    Tombstone,
    Trouble,
    dated,
    imported_id,
    parse_external_id,
    sync_state,
    waiting,
)
from reminders.core.settings import Import

TROUBLE = Trouble(code="X", message="", since=NOW)


@pytest.mark.parametrize(
    ("reminder", "state"),
    [
        (a_pair(), SyncState.SYNCED),
        (a_pair(pending=True), SyncState.WAITING),
        (a_pair(sponsor=None), SyncState.NOT_SYNCED),
        (a_pair(handed_over=True), SyncState.HANDED_OVER),
        (a_pair(pending=True, trouble=TROUBLE), SyncState.PROBLEM),
    ],
)
def test_every_reminder_shows_one_sync_state(reminder: Reminder, state: SyncState) -> None:
    """C1: the one that a person has to know."""
    assert sync_state(reminder) is state


@pytest.mark.parametrize("reminder_id", ["r1", "8a2f-77", imported_id("00T000000000001EAA")])
def test_an_external_id_leads_back_to_its_reminder(reminder_id: str) -> None:
    """M5: `<reminder id>-<n>`, whatever dashes the id holds."""
    reminder = a_pair(id=reminder_id, generation=12)
    assert parse_external_id(reminder.external_id) == (reminder_id, 12)


@pytest.mark.parametrize("text", ["", "abc", "-1", "a-", "a-b", "a-1x"])
def test_what_is_no_external_id_of_ours_leads_nowhere(text: str) -> None:
    """I6: somebody else's value in the field must not be taken for ours."""
    assert parse_external_id(text) is None


def test_a_deleted_reminder_expires_only_after_both_sides_agreed() -> None:
    """M5: a delete still waiting never expires; the link stays 30 days longer than the 15."""
    waits = a_pair(tombstone=Tombstone(at=NOW, side=Side.HERE))
    assert waits.deleted
    assert waits.expires is None
    agreed = replace(waits, tombstone=Tombstone(at=NOW, side=Side.HERE, agreed=NOW))
    assert agreed.expires == NOW + timedelta(days=45)
    assert a_pair().expires is None


def test_waiting_rings_the_bell_and_starts_afresh() -> None:
    """O1: the edit and its need to be pushed are one write."""
    reminder = waiting(a_pair(attempts=7), NOW)
    assert (reminder.pending, reminder.rings, reminder.next_attempt, reminder.attempts) == (True, True, NOW, 0)


def test_a_first_sync_is_finished_when_everything_listed_was_applied() -> None:
    """S1: neither before the list is complete nor while a batch is on its way."""
    progress = Import(started=NOW, since=NOW, batches=frozenset({"b"}))
    assert not progress.finished
    assert not replace(progress, listed=True).finished
    assert not replace(progress, batches=frozenset()).finished
    assert replace(progress, batches=frozenset(), listed=True).finished


def test_what_its_history_tells_is_its_last_change() -> None:
    """I5: the sweep looks at what has changed lately; a write without a line leaves the date as it was."""
    lines = tuple(Line(at=at, event=Event.EDITED, rule="C1", text="Edited.") for at in (NOW, BEFORE))
    told = dated(Record(reminder=a_pair(), lines=lines))
    assert told == replace(a_pair(), changed=NOW)
    assert dated(Record(reminder=told)) == told
