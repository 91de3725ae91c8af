"""A slice of the state machine for every test run: derandomised, so that a red run is red again."""

from __future__ import annotations

from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test
from simulation.machine import Story


def test_no_short_story_breaks_an_invariant() -> None:
    """M7, O1, O2, Never: in whatever order Hypothesis tells it; what it finds comes as the shortest story."""
    run_state_machine_as_test(Story, settings=settings.get_profile("ci"))
