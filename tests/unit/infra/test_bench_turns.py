"""What the order of contenders in a measurement promises: nobody is always first, nor always right after the same one."""

from __future__ import annotations

from functools import partial
from itertools import pairwise

from infra.bench.measure import by_turns


def test_everybody_is_first_once_and_follows_each_neighbour_now_and_then() -> None:
    """Without the way back, whoever follows a contender that leaves work behind would do that work in every round."""
    ran: list[str] = []
    names = ["a", "b", "c", "d"]
    samples = by_turns(4, {name: partial(_run, ran, name) for name in names})

    rounds = [ran[start : start + 4] for start in range(0, 16, 4)]
    assert samples == {name: [1.0] * 4 for name in names}
    assert all(sorted(each) == names for each in rounds)
    assert [each[0] for each in rounds] == names
    follows = [sum((one, other) in pairwise(each) for each in rounds) for one, other in pairwise(names)]
    assert max(follows) <= len(rounds) / 2


def _run(ran: list[str], name: str) -> float:
    ran.append(name)
    return 1.0
