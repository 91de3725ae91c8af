"""The reckoning of `make chaos`: it is silent about what may be, and each kind of loss makes it speak."""

from __future__ import annotations

from dataclasses import replace
from itertools import count

import pytest

from infra.local.books import Books, Edit, Here, Result, Side, There, complaints

VALUES = {
    "assignee": "anna",
    "name": "Call",
    "status": "Open",
    "priority": "Normal",
    "due": "2031-01-01",
    "details": "old",
    "person": None,
}
HERE = Here(id="r1", task_id="t1", state="synced", values=VALUES, deleted=False, agreed=True)
THERE = There(id="t1", values=VALUES, deleted=False, importable=True, external_id="r1-0")
GONE = (replace(HERE, deleted=True), replace(THERE, deleted=True, importable=False))


def books(*edits: tuple[Side, str, str | None] | tuple[Side, str, str | None, Result]) -> Books:
    """Write down these edits of the one pair, one second after the other."""
    seconds = count(1000)
    noted = Books()
    for side, name, value, *result in edits:
        began = next(seconds)
        noted.note(
            Edit(
                side=side,
                key="r1" if side is Side.HERE else "t1",
                field=name,
                value=value,
                began=began,
                ended=began + 0.5,
                result=result[0] if result else Result.ACCEPTED,
            )
        )
    return noted


def test_a_quiet_equal_pair_is_right() -> None:
    """Without it, the reckoning could complain about everything."""
    assert complaints(books(), [HERE], [THERE]) == []


@pytest.mark.parametrize(
    "edits",
    [
        [(Side.HERE, "details", "old")],
        [(Side.HERE, "details", "mine"), (Side.THERE, "details", "old")],
        [(Side.HERE, "details", "mine", Result.UNKNOWN)],
        [(Side.HERE, "details", "mine", Result.REFUSED)],
        [(Side.HERE, "details", "mine"), (Side.THERE, "details", "old", Result.UNKNOWN)],
        [(Side.THERE, "priority", "High"), (Side.HERE, "priority", "Normal")],
        [(Side.HERE, "priority", "Normal"), (Side.THERE, "priority", "High")],
    ],
)
def test_edits_that_stand_or_were_replaced_are_accounted_for(edits: list[tuple[Side, str, str | None]]) -> None:
    """What stands, what a later edit replaced, and what may never have happened, is no loss."""
    assert complaints(books(*edits), [HERE], [THERE]) == []


LOW = replace(THERE, values={**VALUES, "priority": "Low"})


@pytest.mark.parametrize("deleted", [False, True])
def test_changed_and_changed_back_at_once_leaves_a_foreign_value_alone(deleted: bool) -> None:  # noqa: FBT001 - a row of the table
    """F3: no change of ours went out, so Low stays; the same without the way there and back is an edit that never arrived."""
    here, there = replace(HERE, deleted=deleted), replace(LOW, deleted=deleted)
    gone = [(Side.THERE, "deleted", "yes")] if deleted else []
    back = books((Side.HERE, "priority", "High"), (Side.HERE, "priority", "Normal"), *gone)
    assert complaints(back, [here], [there]) == []
    [told] = complaints(books((Side.HERE, "priority", "Normal"), *gone), [here], [there])
    assert "priority to 'Normal' is nowhere" in told


@pytest.mark.parametrize("side", list(Side))
def test_an_edit_that_is_nowhere_is_told(side: Side) -> None:
    """The promise: never an edit lost without a line in history."""
    lost = books((side, "details", "mine"))
    [told] = complaints(lost, [HERE], [THERE])
    assert "'mine' is nowhere" in told
    assert complaints(lost, [replace(HERE, lost={"details": {"mine"}})], [THERE]) == []


def test_an_unknown_edit_excuses_no_other_unless_it_stands() -> None:
    """An answer lost is no licence to lose what was accepted before."""
    [told] = complaints(
        books((Side.HERE, "details", "mine"), (Side.HERE, "details", "too", Result.UNKNOWN)), [HERE], [THERE]
    )
    assert "'mine' is nowhere" in told


@pytest.mark.parametrize("name", ["assignee", "name", "status", "priority", "due", "details", "person"])
def test_sides_that_differ_are_told(name: str) -> None:
    """Equal at the end means every mapped field."""
    other = {"status": "Complete", "priority": "High"}.get(name, "other")
    [told] = complaints(books(), [HERE], [replace(THERE, values=VALUES | {name: other})])
    assert told.startswith(f"r1 / t1: {name} is")


def test_foreign_values_and_a_subject_edited_there_may_differ() -> None:
    """F1, F2, F3: these do not sync."""
    task = replace(THERE, values=VALUES | {"status": "In Progress", "priority": "Low", "name": "Theirs"})
    edits = books((Side.HERE, "name", "Call"), (Side.THERE, "name", "Theirs"), (Side.THERE, "status", "In Progress"))
    assert complaints(edits, [HERE], [task]) == []


def test_a_foreign_value_of_a_task_that_was_deleted_stands_in_the_recycle_bin() -> None:
    """F2, M4: it never arrives here, so a delete made here loses nothing that the bin does not hold."""
    task = replace(THERE, values=VALUES | {"status": "In Progress"}, deleted=True)
    reminder = replace(HERE, deleted=True, agreed=True)
    edits = books((Side.THERE, "status", "In Progress"), (Side.HERE, "deleted", None))
    assert complaints(edits, [reminder], [task]) == []
    [told] = complaints(edits, [reminder], [replace(task, values=VALUES)])
    assert "'In Progress' is nowhere" in told


def test_a_subject_that_should_have_been_overwritten_is_told() -> None:
    """F1: ours is sent when the name changes, so it stands afterwards."""
    task = replace(THERE, values=VALUES | {"name": "Theirs"})
    told = complaints(books((Side.THERE, "name", "Theirs"), (Side.HERE, "name", "Call")), [HERE], [task])
    assert told == ["r1 / t1: name is 'Call' here and 'Theirs' in Salesforce"]


def test_a_subject_that_the_import_took_may_be_renamed_here() -> None:
    """F1: the import takes the Subject; one edited there after it is never taken, so it must be in history."""
    edits = books((Side.THERE, "name", "Theirs"), (Side.HERE, "name", "Call"))
    assert complaints(edits, [replace(HERE, imported=1000.0)], [THERE]) == []
    assert "'Theirs' is nowhere" in complaints(edits, [replace(HERE, imported=998.0)], [THERE])[0]


def test_doubles_are_told() -> None:
    """Never two tasks for one reminder, nor two reminders for one task."""
    twice = [THERE, replace(THERE, id="t2", external_id="r1-1", importable=False)]
    assert any("2 living tasks" in told for told in complaints(books(), [HERE], twice))
    assert any("one external id" in told for told in complaints(books(), [HERE], [THERE, replace(THERE, id="t2")]))
    assert any("2 reminders" in told for told in complaints(books(), [HERE, replace(HERE, id="r2")], [THERE]))


def test_deletes_reach_the_other_side_and_come_from_somebody() -> None:
    """M4: a delete is carried over, and none is invented."""
    delete = books((Side.THERE, "deleted", "yes"))
    assert complaints(delete, [GONE[0]], [GONE[1]]) == []
    assert "nobody deleted it" in complaints(books(), [GONE[0]], [GONE[1]])[0]
    assert "it lives" in complaints(delete, [HERE], [THERE])[0]
    assert "deleted here: False" in complaints(delete, [HERE], [GONE[1]])[0]


def test_an_edit_that_a_delete_of_the_other_side_won_over_must_be_in_history() -> None:
    """M4: the delete wins, the edit is kept; one that had arrived is kept by the other side."""
    edits = books((Side.HERE, "details", "mine"), (Side.THERE, "deleted", "yes"))
    here = replace(GONE[0], values=VALUES | {"details": "mine"})
    assert "'mine' is nowhere" in complaints(edits, [here], [GONE[1]])[0]
    assert complaints(edits, [replace(here, lost={"details": ["mine"]})], [GONE[1]]) == []
    assert complaints(edits, [here], [replace(GONE[1], values=here.values)]) == []


def test_what_is_not_there_at_all_is_told() -> None:
    """A create that was accepted exists; an open task of a syncing user has a reminder (S4)."""
    assert "nowhere" in complaints(books((Side.HERE, "name", "Call")), [], [])[0]
    assert "not imported" in complaints(books((Side.THERE, "name", "Call")), [], [replace(THERE, external_id=None)])[0]


def test_a_pair_that_still_waits_is_told() -> None:
    """At rest means that nothing waits any more."""
    assert complaints(books(), [replace(HERE, state="waiting")], [THERE]) == ["r1 / t1: not at rest: waiting"]
