"""O1, O6: which writes go into which call, and in which order."""

from __future__ import annotations

from datetime import date, timedelta

from factories import NOW, a_pair, some_values

from reminders.core.decision import Send
from reminders.core.push_plan import (
    Call,
    Planned,
    Waits,
    affordable,
    calls,
    chunks,
    halves,
    take_turns,
    urgency,
    urgency_key,
)
from reminders.core.reminder import Priority, Write


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


def waits(owner: str, count: int, *, after: int = 0, urgency: str = "~") -> list[Waits]:
    """Give what an owner has waiting, a second apart."""
    return [
        Waits(id=f"{owner}{number:04}", owner=owner, attempt=NOW + timedelta(seconds=after + number), urgency=urgency)
        for number in range(count)
    ]


def test_owners_take_turns_however_much_one_of_them_has_waiting() -> None:
    """C8: what somebody with one edit waits for is one turn, not five thousand edits of somebody else."""
    chosen = take_turns([*waits("noisy", 5000), *waits("quiet", 1, after=9000)], 500, urgent_first=False)
    assert chosen[:3] == ["noisy0000", "quiet0000", "noisy0001"]
    assert len(chosen) == 500


def test_an_owners_own_come_in_the_order_of_their_attempts_or_of_their_urgency() -> None:
    """C8, O6: under pressure the urgent ones of everybody come first; else who waits longest."""
    mine = [
        Waits(id="long ago", owner="a", attempt=NOW, urgency="2026-12-01#0"),
        Waits(id="urgent", owner="a", attempt=NOW + timedelta(hours=1), urgency="2026-11-23#0"),
        Waits(id="other", owner="b", attempt=NOW + timedelta(minutes=1), urgency="2026-11-25#1"),
    ]
    assert take_turns(mine, 3, urgent_first=False) == ["long ago", "other", "urgent"]
    assert take_turns(mine, 3, urgent_first=True) == ["urgent", "other", "long ago"]


def test_urgency_as_text_sorts_like_urgency() -> None:
    """O6: an index sorts text; no date comes last there, too."""
    pairs = [
        a_pair(id=f"{due}{priority}", values=some_values(due=due, priority=priority))
        for due in (date(2026, 11, 23), date(2026, 12, 1), None)
        for priority in Priority
    ]
    assert sorted(pairs, key=urgency_key) == sorted(pairs, key=urgency)


def test_urgency_as_text_is_what_is_stored() -> None:
    """O6: an index holds it, so that another form would sort among those stored before."""
    high = a_pair(values=some_values(due=date(2026, 1, 2), priority=Priority.HIGH))

    assert [urgency_key(each) for each in (high, a_pair())] == ["2026-01-02#0", "2026-11-24#1"]


def test_the_calls_that_are_left_go_to_what_is_most_urgent() -> None:
    """O6: a delete takes two calls, an update shares its call with 24 others, and no bound sends all."""
    sends = {
        f"r{day:02}": (a_pair(id=f"r{day:02}", values=some_values(due=date(2026, 12, day))), Write.UPDATE)
        for day in range(1, 28)
    }
    sends["r03"] = (sends["r03"][0], Write.DELETE)
    assert affordable(sends, None) == sends.keys()
    assert affordable(sends, 4) == sends.keys()
    assert affordable(sends, 3) == sends.keys() - {"r27"}
    assert affordable(sends, 2) == {"r01", "r02"}
    assert affordable(sends, 0) == frozenset()
