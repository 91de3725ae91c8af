"""One run: a story drawn from a seed, lived through, brought to rest, and judged.

A run is a list of steps, each with a seed of its own, so that leaving some out leaves the others as they are: that is how a failure is
made short.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from simulation import invariants
from simulation.world.acts import WEIGHTS, Acts
from simulation.world.engine import DAY, HOUR, MINUTE, SECOND
from simulation.world.world import Crashes, World

from reminders.core import valve
from reminders.core.holds import undecided, whose

STEPS: Final = 120
"""Acts per run; with the invocations that they cause well over 200 events."""


FEW: Final = 3
"""Deletes an hour that pass the valve, where it is tight."""


@dataclass(frozen=True, slots=True)
class Step:
    """One act by name, and the seed of every choice that is made until the next."""

    act: str
    seed: str


def steps_of(seed: int, length: int = STEPS) -> list[Step]:
    """Draw a story."""
    rng = random.Random(f"story {seed}")
    names, weights = list(WEIGHTS), list(WEIGHTS.values())
    acts = rng.choices(names, weights, k=length)
    if rng.random() < 0.02:
        acts[rng.randrange(length)] = "long_outage"
    if rng.random() < 0.03:
        acts[rng.randrange(length)] = "mass_delete"
    if rng.random() < 0.05:
        acts[rng.randrange(length)] = "same_at_once"
    return [Step(act, f"{seed}/{number}") for number, act in enumerate(acts)]


class Simulation:
    """A world, its story so far, and the invariants that watch it."""

    def __init__(self, seed: int = 0) -> None:
        # In every second run the mass-delete valve holds what is past a few: twenty an hour are too many for a story.
        self.world = World(shared_activities=seed % 4 == 3, valve_always=FEW if seed % 2 else valve.ALWAYS)
        self.acts = Acts(self.world)
        self.watch = invariants.Watch(self.world)

    def begin(self) -> None:
        """Set the scene: a few tasks are there, Anna and Ben turn sync on."""
        world = self.world
        for owner in (world.anna, world.ben, world.carl):
            world.org.create_task(world.ada, OwnerId=owner, Subject="Was there before", ActivityDate="2026-11-01")
        world.tick()
        self._turn_on()
        world.engine.run(world.engine.ms + 5 * SECOND)

    def _turn_on(self) -> None:
        """Have Anna and Ben turn sync on, and Dora if she ever had, each after looking at what it is now."""
        world = self.world
        dora = [world.dora] if any(on for _, on in world.journal.switches.get(world.dora, ())) else []
        for user_id in (world.anna, world.ben, *dora):
            world.ask(user_id, "GET", "/api/settings")
        world.engine.run(world.engine.ms + 5 * SECOND)
        for user_id in (world.anna, world.ben, *dora):
            user = world.user(user_id)
            if not user.syncs:
                world.ask(user_id, "PUT", "/api/settings", {"sync": "Sync with Salesforce tasks"}, version=user.version)

    def step(self, step: Step, gap: int | None = None) -> None:
        """Do one act, then let time pass: so many milliseconds, or as many as the step's seed says."""
        engine = self.world.engine
        engine.rng.seed(step.seed)
        self.acts.do(step.act)
        self._pass(self._gap(step.act) if gap is None else gap)

    def _gap(self, act: str) -> int:
        rng = self.world.engine.rng
        if act == "long_outage":
            return 17 * DAY
        kind = rng.random()
        if kind < 0.40:
            return rng.randint(0, 3 * SECOND)
        if kind < 0.70:
            return rng.randint(3 * SECOND, MINUTE)
        if kind < 0.90:
            return rng.randint(MINUTE, 10 * MINUTE)
        if kind < 0.98:
            return rng.randint(10 * MINUTE, 3 * HOUR)
        return rng.randint(3 * HOUR, 30 * HOUR)

    def _pass(self, span: int) -> None:
        """Let time pass. In a long gap the schedules fire seldom: what is idle stays idle, and what is refused is refused again."""
        poll, push = self.world.schedules["poll"], self.world.schedules["push"]
        poll.stretch, push.stretch = max(1, span // (15 * MINUTE)), max(1, span // (10 * MINUTE))
        self.world.engine.run(self.world.engine.ms + span)
        poll.stretch = push.stretch = 1

    def rest(self) -> None:
        """Nothing goes wrong any more, everybody who synced does again, and two nights pass."""
        world, engine = self.world, self.world.engine
        engine.rng.seed("rest")
        engine.tell("— calm —")
        world.calm()
        self._pass(20 * MINUTE)
        self._turn_on()
        self._pass(MINUTE)
        self._pass(30 * MINUTE)
        self._decide()
        self._pass(30 * MINUTE)
        self.watch.drift_before, self.watch.dead_letters_before = world.clock.now(), len(world.queue.dead)
        for night in range(2):
            self._pass(30 * MINUTE)
            self._decide()
            for reminder in world.store.all():
                if reminder.trouble and reminder.trouble.code == "KEEPS_CHANGING":  # M8: stopped until somebody asks
                    world.ask(world.ada, "POST", f"/api/reminders/{reminder.id}/retry")
            self._pass(DAY - 30 * MINUTE + night)
        self._pass(30 * MINUTE)
        while (
            len(world.queue) and engine.ms % DAY < 17 * HOUR + 25 * MINUTE
        ):  # the sweep is at work in this very moment
            self._pass(MINUTE)

    def _decide(self) -> None:
        """Have Ada confirm or reject what the valve holds, each group as a whole (M9)."""
        groups = sorted({(whose(each), held.side) for each in self.world.store.all() if (held := undecided(each))})
        for user, side in groups:
            verdict = self.world.engine.rng.choice(["confirm", "reject"])
            self.world.ask(
                self.world.ada, "POST", f"/api/held-deletes/{verdict}", {"group": {"user": user, "side": side}}
            )
            self.world.engine.tell(f"Ada {verdict}s what is held of {user}'s, {side}")

    def judge(self) -> None:
        """Hold every invariant of a world at rest against it."""
        self.watch.at_rest()


def live(
    seed: int, *, length: int = STEPS, steps: Sequence[Step] | None = None, crashes: Crashes | None = None
) -> Simulation:
    """Live one run to its end; `crashes` are those that are planned beside the story's own. Raises invariants.Violation, with the simulation as its `simulation`."""
    simulation = Simulation(seed)
    simulation.world.planned = crashes or {}
    with simulation.world.live():
        try:
            simulation.begin()
            for step in steps_of(seed, length) if steps is None else steps:
                simulation.step(step)
            simulation.rest()
            simulation.judge()
        except invariants.Violation as violation:
            violation.of = simulation
            raise
    return simulation


def fails(seed: int, steps: Sequence[Step], like: str) -> bool:
    """Whether this story, too, breaks the invariant of that name."""
    try:
        live(seed, steps=steps)
    except invariants.Violation as violation:
        return violation.name == like
    return False


def shorten(seed: int, name: str, *, length: int = STEPS, most: int = 150) -> list[Step]:
    """Leave out whatever the failure does not need, in ever smaller pieces, with at most so many runs."""
    steps, size, runs = steps_of(seed, length), length // 2, 0
    while size:
        start = 0
        while start < len(steps) and runs < most:
            fewer = steps[:start] + steps[start + size :]
            runs += 1
            if fails(seed, fewer, name):
                steps = fewer
            else:
                start += size
        size = size // 2 if runs < most else 0
    return steps
