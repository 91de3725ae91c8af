"""`make mutants`: one planted bug at a time, each a patch in `mutants/`; every one must be killed by an invariant.

A patch begins with a line that names its rule and says what is wrong. It is applied to a copy of `functions/`, and the seeds 0 to
499 are lived through on that copy until an invariant complains. An exception is no kill: what crashes is found without a simulation.
Nor is a seed that fails without the bug, too: it is lived through once more on the code as it is, and the hunt goes on after it.
A patch that no longer fits the code is told of by name with the others, and the run fails.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from simulation import invariants
from simulation.simulate import say
from simulation.world.run import live

ROOT: Final = Path(__file__).resolve().parents[2]
PATCHES: Final = Path(__file__).parent / "mutants"
SEEDS: Final = 500
EXCEPTION: Final = invariants.no_unforeseen_error.__name__


class Fate(StrEnum):
    """What became of a mutant. STALE: its patch no longer fits the code and must be written anew. BROKEN: it cannot be run."""

    KILLED = "killed"
    LIVES = "LIVES"
    STALE = "STALE"
    BROKEN = "BROKEN"


@dataclass(frozen=True, slots=True)
class Found:
    """What was found out about one mutant, after so many seconds, in words: the seed and the invariant that killed it."""

    name: str
    fate: Fate
    words: str
    seconds: float


class Stale(Exception):
    """A patch no longer fits the code."""


def hunt(first: int, last: int) -> str:
    """Live seeds until an invariant complains; for the copy, in a process of its own. Gives what is to be printed."""
    crashed = ""
    for seed in range(first, last):
        try:
            live(seed)
        except invariants.Violation as violation:
            if violation.name != EXCEPTION:
                return f"{Fate.KILLED} seed {seed:>3} {violation}"
            crashed = crashed or f" (it crashed, first with seed {seed}: {violation})"
    return f"{Fate.LIVES} after {last} seeds{crashed}"


def plant(patch: Path, folder: Path) -> None:
    """Copy the product into this folder and plant the bug in it. Raises Stale."""
    source = ROOT / "functions"
    shutil.copytree(source, folder / "functions", ignore=shutil.ignore_patterns("__pycache__", "web"))
    (folder / "functions" / "web").symlink_to(source / "web")
    applied = subprocess.run(  # noqa: S603 -- a patch of ours
        ["git", "apply", "--recount", "-C1", str(patch)],  # noqa: S607 -- git from the path
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "GIT_CEILING_DIRECTORIES": str(folder.parent)},
    )
    if applied.returncode:
        raise Stale(applied.stderr.strip())


def find_out(patch: Path, seeds: int) -> Found:
    """Plant one bug and look for it."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mutant-") as name:
        folder = Path(name)
        try:
            plant(patch, folder)
        except Stale as stale:
            return Found(patch.stem, Fate.STALE, str(stale), 0.0)
        first, fate, words = 0, Fate.LIVES, ""
        while first < seeds:
            fate, words = _hunt(folder, first, seeds)
            if fate is not Fate.KILLED:
                break
            first = int(words.split()[1]) + 1
            if _hunt(ROOT, first - 1, first)[0] is Fate.LIVES:
                break
            fate = Fate.LIVES
    return Found(patch.stem, fate, words, time.monotonic() - began)


def _hunt(folder: Path, first: int, last: int) -> tuple[Fate, str]:
    """Live these seeds with the product that is in this folder."""
    run = _run(folder, "simulation.mutants", "--hunt", str(first), str(last))
    if run.returncode:
        return Fate.BROKEN, run.stderr.strip()[-400:]
    fate, _, words = run.stdout.strip().partition(" ")
    return Fate(fate), words


def _run(folder: Path, module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(folder / "functions"), str(ROOT), str(ROOT / "tests")])
    return subprocess.run(  # noqa: S603 -- this very interpreter
        [sys.executable, "-m", module, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": path},
    )


def tell(patch: Path) -> int:
    """Have the state machine find one bug and make it short. Gives the exit status: 0 if it found it."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mutant-") as name:
        plant(patch, Path(name))
        run = _run(Path(name), "simulation.machine")
    say(
        f"{run.stdout}{run.stderr}\n{patch.stem}: {'found' if run.returncode else 'not found'}, {time.monotonic() - began:.0f} s"
    )
    return 0 if run.returncode else 1


def patches(names: Sequence[str]) -> list[Path]:
    """The patches of these names, or all. Raises ValueError for a name that no patch has."""
    known = {each.stem: each for each in sorted(PATCHES.glob("*.patch"))}
    if unknown := [name for name in names if name not in known]:
        raise ValueError(f"no such mutants: {', '.join(unknown)}")
    return [known[name] for name in names] if names else list(known.values())


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description="One planted bug at a time")
    parser.add_argument("names", nargs="*", help="of patches; all without any")
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--machine", action="store_true", help="have the state machine find it, and make it short")
    parser.add_argument("--hunt", type=int, nargs=2, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.hunt:
        say(hunt(*chosen.hunt))
        return 0
    if chosen.machine:
        return max(tell(patch) for patch in patches(chosen.names))
    fates: Counter[Fate] = Counter()
    with ThreadPoolExecutor(chosen.workers) as pool:
        waiting = [pool.submit(find_out, patch, chosen.seeds) for patch in patches(chosen.names)]
        for found in (done.result() for done in as_completed(waiting)):
            fates[found.fate] += 1
            say(f"{found.fate:<7} {found.name:<42} {found.seconds:>4.0f} s  {found.words[:200]}")
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    told = ", ".join(f"{count} {fate}" for fate, count in fates.items())
    say(f"{told}; {(spent.ru_utime + spent.ru_stime) / 60:.0f} minutes of CPU")
    return 0 if set(fates) <= {Fate.KILLED} else 1


if __name__ == "__main__":
    sys.exit(main())
