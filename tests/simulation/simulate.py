"""`make simulate SEEDS=n`: many runs on all cores, with progress; a failure is made short and told as a diary.

python -m simulation.simulate --seeds 1000 [--first 0] [--workers 2]
python -m simulation.simulate --crash-everywhere --seeds 3
python -m simulation.simulate --seed 417            one run again, made short; --whole tells every call
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from typing import Final

from simulation import crashes, invariants
from simulation.world.engine import DAY, faults_of
from simulation.world.run import live, shorten

CHUNK: Final = 10
STRIDE: Final = 100
"""Parts in which crashes are tried."""
EVENTS: Final = 200
FAULTS: Final = 20
"""What every run must have in it at least."""
MOST_TOLD: Final = 20


@dataclass
class Tally:
    """What some runs came to. `failed` has the words of each violation, by seed."""

    runs: int = 0
    days: float = 0.0
    seconds: float = 0.0
    counts: Counter[str] = field(default_factory=Counter)
    failed: dict[int, str] = field(default_factory=dict)
    events: list[int] = field(default_factory=list)
    faults: list[int] = field(default_factory=list)
    """How many of each run that went to its end."""

    def add(self, other: Tally) -> None:
        """Take another's in."""
        self.runs += other.runs
        self.days += other.days
        self.seconds += other.seconds
        self.counts.update(other.counts)
        self.failed |= other.failed
        self.events += other.events
        self.faults += other.faults

    @property
    def too_quiet(self) -> bool:
        """Whether some run had too little in it to prove anything."""
        return min(self.events, default=EVENTS) < EVENTS or min(self.faults, default=FAULTS) < FAULTS


def say(text: str = "", end: str = "\n") -> None:
    """Write to the terminal at once."""
    sys.stdout.write(f"{text}{end}")
    sys.stdout.flush()


def events_of(counts: Counter[str]) -> int:
    """What people and programs did, and what they made our functions do."""
    return counts["acts"] + counts["invocations"]


def some(first: int, count: int) -> Tally:
    """Live these seeds."""
    tally = Tally()
    for seed in range(first, first + count):
        began = time.process_time()
        try:
            simulation = live(seed)
        except invariants.Violation as violation:
            simulation = violation.simulation
            tally.failed[seed] = str(violation)
        else:
            tally.events.append(events_of(simulation.world.engine.counts))
            tally.faults.append(sum(faults_of(simulation.world.engine.counts).values()))
        tally.runs += 1
        tally.days += simulation.world.engine.ms / DAY
        tally.seconds += time.process_time() - began
        tally.counts.update(simulation.world.engine.counts)
    return tally


def many(first: int, count: int, workers: int) -> Tally:
    """Live many seeds in parallel, telling how far it is."""
    total, began = Tally(), time.monotonic()
    with ProcessPoolExecutor(workers) as pool:
        starts = range(first, first + count, CHUNK)
        waiting = [pool.submit(some, start, min(CHUNK, first + count - start)) for start in starts]
        for done in as_completed(waiting):
            part = done.result()
            total.add(part)
            for seed, words in part.failed.items():
                say(f"\rseed {seed}: {words}")
            span = time.monotonic() - began
            say(
                f"\r{total.runs}/{count} runs, {span:.0f} s, {total.days / span:.1f} simulated days a second, "
                f"{len(total.failed)} failed",
                end="",
            )
    say()
    return total


def report(total: Tally) -> None:
    """Say what happened."""
    counts, runs, faults = total.counts, max(1, total.runs), faults_of(total.counts)
    say(
        f"{runs} runs, {total.seconds / runs:.2f} s of CPU each; {events_of(counts) / runs:.0f} events and "
        f"{sum(faults.values()) / runs:.0f} faults a run, of a run that went to its end at least "
        f"{min(total.events, default=0)} and {min(total.faults, default=0)}"
    )
    for name, count in sorted(faults.items(), key=lambda item: -item[1]):
        say(f"  {count:>9,}  {name}")
    for seed, words in sorted(total.failed.items())[:MOST_TOLD]:
        say(f"seed {seed}: {words}")


def tell(seed: int, *, whole: bool) -> int:
    """Live one seed again; if it fails, make it short and tell it. Gives the exit status."""
    try:
        live(seed)
    except invariants.Violation as violation:
        name = violation.name
        say(str(violation))
    else:
        say(f"seed {seed}: every invariant holds")
        return 0
    steps = shorten(seed, name)
    say(f"\nThe same with {len(steps)} acts: {', '.join(step.act for step in steps)}\n")
    try:
        live(seed, steps=steps)
    except invariants.Violation as violation:
        say(violation.simulation.world.engine.diary(everything=whole))
        say(f"\n{violation}")
    return 1


def crash_everywhere(first: int, count: int, workers: int) -> int:
    """Try a crash before and after every I/O of these stories. Gives the exit status."""
    waiting = list(crashes.deaths(range(first, first + count)))
    for function, number in sorted(Counter(each.point[0] for each in waiting).items()):
        say(f"  {number:>6,}  {function}")
    failed, done = 0, 0
    with ProcessPoolExecutor(workers) as pool:
        for part in as_completed(pool.submit(crashes.try_them, waiting[at::STRIDE]) for at in range(STRIDE)):
            done += 1
            for where, words in part.result().items():
                failed += 1
                say(f"\r{where}: {words}")
            say(f"\r{len(waiting) * done // STRIDE:,}/{len(waiting):,} crashes, {failed} failed", end="")
    say()
    return int(bool(failed))


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description="Deterministic simulation of the whole sync")
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--seed", type=int, help="one run, made short if it fails")
    parser.add_argument("--whole", action="store_true", help="with --seed: every call of the outside, too")
    parser.add_argument(
        "--crash-everywhere", action="store_true", help="a crash before and after every I/O of these stories"
    )
    chosen = parser.parse_args()
    if chosen.seed is not None:
        return tell(chosen.seed, whole=chosen.whole)
    if chosen.crash_everywhere:
        return crash_everywhere(chosen.first, chosen.seeds, chosen.workers)
    total = many(chosen.first, chosen.seeds, chosen.workers)
    report(total)
    if total.failed:
        return tell(min(total.failed), whole=False)
    return int(total.too_quiet)


if __name__ == "__main__":
    sys.exit(main())
