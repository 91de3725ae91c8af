"""O1, O6: which writes go into which call, and in which order."""

from __future__ import annotations

from datetime import date

from factories import a_pair, some_values

from reminders.decision import Send
from reminders.push_plan import Call, Planned, calls, chunks, halves, urgency
from reminders.reminder import Priority, Write


def test_as_few_calls_as_the_platform_allows() -> None:
    """O1: 200 creates or deletes, 25 updates a call."""
    planned = [
        Planned(reminder=a_pair(id=f"{write}{number:03}"), send=Send(write=write))
        for write, count in ((Write.UPDATE, 60), (Write.CREATE, 201), (Write.DELETE, 200))
        for number in range(count)
    ]
    made = list(calls(planned))
    assert [(call.write, len(call.items)) for call in made] == [
        (Write.DELETE, 200), (Write.CREATE, 200), (Write.CREATE, 1), (Write.UPDATE, 25), (Write.UPDATE, 25), (Write.UPDATE, 10),
    ]  # fmt: skip
    assert {item.reminder.id for call in made for item in call.items} == {item.reminder.id for item in planned}


def test_what_is_due_soonest_and_high_goes_first() -> None:
    """O6: under pressure the day's work comes before the rest."""
    names = {
        "later": some_values(due=date(2026, 12, 1), priority=Priority.HIGH),
        "none": some_values(due=None, priority=Priority.HIGH),
        "soon": some_values(due=date(2026, 11, 23)),
        "soon and high": some_values(due=date(2026, 11, 23), priority=Priority.HIGH),
    }
    ordered = sorted((a_pair(id=name, values=values) for name, values in names.items()), key=urgency)
    assert [reminder.id for reminder in ordered] == ["soon and high", "soon", "later", "none"]


def test_nothing_makes_no_call() -> None:
    """M7: a quiet sync costs nothing."""
    assert list(calls([])) == []
    assert [list(chunk) for chunk in chunks([1, 2, 3], 2)] == [[1, 2], [3]]


def test_a_call_is_halved_without_losing_a_record() -> None:
    """O3: one at fault is found among three; the more urgent half is sent first, from a stack."""
    items = tuple(Planned(reminder=a_pair(id=name), send=Send(write=Write.UPDATE)) for name in "abc")
    second, first = halves(Call(write=Write.UPDATE, items=items))
    assert (first.items, second.items) == (items[:1], items[1:])
    assert first.write is second.write is Write.UPDATE
