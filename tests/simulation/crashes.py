"""Crashes tried one after the other: before and after every single I/O of every handler, each in a run of its own.

    make simulate ARGS="--crash-everywhere --seeds 20"

A story without faults is lived once, and what every invocation asked of the outside is written down. Then it is lived again for each of
these I/Os, and the container dies there. An I/O that comes after the same ones of the same function as one tried already is tried no
second time, in this story or another: what has gone before is all that a dying container can know.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from simulation import invariants
from simulation.world.acts import FAULTS
from simulation.world.fibers import Crash
from simulation.world.run import Simulation, Step, live, steps_of
from simulation.world.world import Crashes

LENGTH: Final = 40
"""Acts drawn; without those that are faults about half of them."""

Point = tuple[str, tuple[str, ...], str]
"""A function, what it has asked so far, and whether it dies before or after the last of it."""


def story(seed: int) -> list[Step]:
    """Draw a story in which nothing goes wrong by itself."""
    return [step for step in steps_of(seed, LENGTH) if step.act not in FAULTS]


@dataclass(frozen=True, slots=True)
class Death:
    """One crash to try: in which story, where, and what to plan for it."""

    seed: int
    point: Point
    crash: Crashes

    def __str__(self) -> str:
        function, asked, when = self.point
        return f"seed {self.seed}, {function} dies {when} its call {len(asked)}, {asked[-1]}"


def deaths(seeds: Iterable[int]) -> Iterator[Death]:
    """Live each story once, and give every crash to try."""
    seen: set[Point] = set()
    for seed in seeds:
        for number, fiber in enumerate(live(seed, steps=story(seed)).world.invocations):
            for position in range(1, len(fiber.asked) + 1):
                for when in ("before", "after"):
                    point = fiber.function, tuple(fiber.asked[:position]), when
                    if point not in seen:
                        seen.add(point)
                        yield Death(seed, point, {number: (position, when)})


def die(death: Death) -> Simulation:
    """Live its story again, with that crash. Raises invariants.Violation."""
    simulation = live(death.seed, steps=story(death.seed), crashes=death.crash)
    assert any(isinstance(each.error, Crash) for each in simulation.world.invocations), "it was to die"
    return simulation


def try_them(some: Sequence[Death]) -> dict[str, str]:
    """Try these; tell of each that was wrong what it was, and what was wrong."""
    failed = {}
    for death in some:
        try:
            die(death)
        except invariants.Violation as violation:
            failed[str(death)] = str(violation)
    return failed
