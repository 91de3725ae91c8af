"""The simulation as a Hypothesis state machine: the acts are its rules, and whatever an invariant complains of is made short by Hypothesis.

    python -m simulation.machine [--profile dev]

An invariant of versions is raised by the step in which it broke, those of a world at rest when the example ends. Each is an exception
of its own, so that shrinking does not slip from one bug to another. The last thing told is the shortest story, as a diary.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from typing import Final

from hypothesis import HealthCheck, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test
from simulation import invariants
from simulation.world.acts import WEIGHTS, Acts
from simulation.world.engine import HOUR, MINUTE, SECOND
from simulation.world.run import Simulation, Step

_ANY: Final = settings(
    deadline=None, stateful_step_count=40, print_blob=False, suppress_health_check=list(HealthCheck), max_examples=100
)
settings.register_profile("dev", _ANY)
settings.register_profile("ci", _ANY, max_examples=12, derandomize=True, database=None)
settings.register_profile("deterministic", _ANY, max_examples=500, derandomize=True, database=None)

TOO_LONG: Final = frozenset({"long_outage", "mass_delete"})
"""Rare in a story, and too slow for a rule that is drawn as often as any other: the long runs have them."""

GAPS: Final = st.sampled_from([0, 2 * SECOND, 20 * SECOND, 2 * MINUTE, 20 * MINUTE, 5 * HOUR])
CHOICES: Final = st.integers(0, 999)
"""Seeds of every choice that an act makes."""


@cache
def _kind(name: str) -> type[AssertionError]:
    return type(name, (AssertionError,), {})


class Story(RuleBasedStateMachine):
    """One world from its beginning until it is at rest. Its rules are added below, one per act."""

    def __init__(self) -> None:
        super().__init__()
        self.simulation = Simulation()
        self._stack = ExitStack()
        self._stack.enter_context(self.simulation.world.live())
        self._broken = False
        with self._told():
            self.simulation.begin()

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except invariants.Violation as violation:
            self._broken = True
            note(self.simulation.world.engine.diary().partition("— calm —")[0])
            raise _kind(violation.name)(str(violation)) from None

    def act(self, name: str, choices: int, gap: int) -> None:
        """Do one act, and let so much time pass."""
        with self._told():
            self.simulation.step(Step(name, f"machine/{choices}"), gap)

    def teardown(self) -> None:
        """Bring the world to rest and judge it, unless it has failed already."""
        with self._stack:
            if not self._broken:
                with self._told():
                    self.simulation.rest()
                    self.simulation.judge()


def _rule(name: str) -> Callable[..., None]:
    def do(story: Story, choices: int, gap: int) -> None:
        story.act(name, choices, gap)

    do.__name__, do.__doc__ = name, getattr(Acts, name).__doc__
    added: Callable[..., None] = rule(choices=CHOICES, gap=GAPS)(do)
    return added


for _act in sorted(WEIGHTS.keys() - TOO_LONG):
    setattr(Story, _act, _rule(_act))


def main() -> None:
    """Run from the command line. Raises what it finds, as short as it can be."""
    parser = argparse.ArgumentParser(description="The simulation as a state machine that shrinks what it finds")
    parser.add_argument("--profile", choices=("dev", "ci", "deterministic"), default="deterministic")
    run_state_machine_as_test(Story, settings=settings.get_profile(parser.parse_args().profile))


if __name__ == "__main__":
    main()
