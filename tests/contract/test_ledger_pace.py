"""What every ledger promises for the pace: counts by the minute, and imports that wait for their turn (S4, I2)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from reminders.core.pace import Deferred
from reminders.core.task import Hint
from reminders.ports import Ledger

NOW = datetime(2126, 11, 22, 9, 30, tzinfo=UTC)
"""Ahead of every real clock: the engine forgets what expires."""
MINUTE = timedelta(minutes=1)
SOON, LATER = date(2026, 11, 24), date(2027, 1, 2)


def deferred(task_id: str, due: date | None = SOON, *, high: bool = False) -> Deferred:
    """Make one of Anna's."""
    return Deferred(hint=Hint(task_id), owner="anna", due=due, high=high)


def order(ledger: Ledger, limit: int = 10) -> list[str]:
    """Give the ids of the tasks that wait, in their order."""
    return [each.hint.task_id for each in ledger.deferred(limit)]


def test_counts_add_up_by_name_and_minute(ledger: Ledger) -> None:
    """S4: nobody's count is another's, nor another minute's."""
    assert [ledger.tally("turn#anna", NOW, number) for number in (3, 4)] == [3, 7]
    assert ledger.tally("turn#ben", NOW, 1) == 1
    assert ledger.tally("turn#anna", NOW + MINUTE, 2) == 2


def test_no_two_counts_see_the_same_sum(ledger: Ledger) -> None:
    """I2: of two pulls at a time each would take what is left for itself."""
    ledger.tally("unknown", NOW, 0)
    with ThreadPoolExecutor(4) as pool:
        sums = list(pool.map(lambda _: ledger.tally("unknown", NOW, 5), range(20)))
    assert sorted(sums) == list(range(5, 105, 5))


def test_the_soonest_due_comes_first(ledger: Ledger) -> None:
    """S4: then high priority, then the id; what has no date comes last; and no more than is asked for."""
    ledger.defer(
        [
            deferred("undated", None, high=True),
            deferred("later", LATER, high=True),
            deferred("b"),
            deferred("a"),
            deferred("urgent", high=True),
        ]
    )
    assert order(ledger) == ["urgent", "a", "b", "later", "undated"]
    assert order(ledger, 2) == ["urgent", "a"]


def test_what_is_deferred_is_read_as_it_was(ledger: Ledger) -> None:
    """S4, S1, I5, M6: a task of two batches strikes both off; the latest deletion and that only the sweep said so are kept."""
    hint = Hint("t1", deleted=NOW, batch="b1", swept=True)
    ledger.defer([replace(deferred("t1", high=True), hint=hint)])
    ledger.defer([replace(deferred("t1", high=True), hint=replace(hint, deleted=NOW - MINUTE, batch="b2"))])
    assert ledger.deferred(10) == [
        Deferred(hint=replace(hint, batch=batch), owner="anna", due=SOON, high=True, times=2) for batch in ("b1", "b2")
    ]
    ledger.defer([replace(deferred("t1", high=True), hint=Hint("t1"))])
    assert {each.hint.swept for each in ledger.deferred(10)} == {False}


def test_deferred_imports_stay_until_they_are_forgotten(ledger: Ledger) -> None:
    """S4: they are forgotten when their hints are safely on the queue, each by itself; forgetting twice is once."""
    ledger.defer([deferred("a"), deferred("b"), deferred("c", None)])
    first = ledger.deferred(1)
    for _ in range(2):
        ledger.undefer(first)
    assert order(ledger) == ["b", "c"]
    ledger.undefer([])
    ledger.defer([])


def test_one_that_was_deferred_again_meanwhile_is_not_forgotten(ledger: Ledger) -> None:
    """S4: its hint came again, and the drain's receipt is older than that."""
    ledger.defer([deferred("a")])
    drained = ledger.deferred(10)
    ledger.defer([deferred("a")])
    ledger.undefer(drained)
    assert order(ledger) == ["a"]


def test_nothing_deferred_is_an_answer(ledger: Ledger) -> None:
    """Nearly every minute asks, and nothing waits."""
    assert ledger.deferred(10) == []
