"""The numbers and the order of the pace (S4, I2)."""

from __future__ import annotations

from datetime import date

import pytest

from reminders.core.pace import Deferred, by_owner, granted
from reminders.core.task import Hint


@pytest.mark.parametrize(
    ("total", "asked", "passes"),
    [(10, 10, 10), (100, 10, 10), (101, 10, 9), (109, 10, 1), (110, 10, 0), (500, 10, 0), (250, 250, 100), (0, 0, 0)],
)
def test_so_many_pass_as_the_minute_has_left(total: int, asked: int, passes: int) -> None:
    """S4, I2: of a hundred; what was counted beyond them gives nobody more."""
    assert granted(total, asked, 100) == passes


def test_every_owner_has_a_queue_of_their_own_in_order_of_due_dates() -> None:
    """S4: the soonest due, then the high ones, those without a date at the end."""
    waiting = [
        Deferred(hint=Hint("a"), owner="anna"),
        Deferred(hint=Hint("b"), owner="anna", due=date(2026, 12, 1)),
        Deferred(hint=Hint("c"), owner="anna", due=date(2026, 12, 1), high=True),
        Deferred(hint=Hint("d"), owner="ben", due=date(2030, 1, 1)),
        Deferred(hint=Hint("e"), owner="anna", due=date(2026, 11, 1)),
    ]
    queues = {owner: [each.hint.task_id for each in queue] for owner, queue in by_owner(waiting).items()}
    assert queues == {"anna": ["e", "c", "b", "a"], "ben": ["d"]}
