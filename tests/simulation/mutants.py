"""`make mutants`: one planted bug at a time, each a patch in `mutants/`; every one must be killed by an invariant.

A patch begins with a line that names its rule and says what is wrong. It is applied to a copy of `functions/`, and the seeds 0 to
499 are lived through on that copy until an invariant complains. An exception is no kill: what crashes is found without a simulation.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from simulation import invariants
from simulation.simulate import say
from simulation.world.run import live

ROOT: Final = Path(__file__).resolve().parents[2]
PATCHES: Final = Path(__file__).parent / "mutants"
SEEDS: Final = 500
EXCEPTION: Final = invariants.no_unforeseen_error.__name__
_KILLED: Final = "killed by"


class Stale(Exception):
    """A patch no longer fits the code: it must be written anew."""


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a mutant: the words of the invariant that killed it, or why it lives."""

    name: str
    killed: bool
    words: str


def hunt(seeds: int) -> str:
    """Live seeds until an invariant complains; for the copy, in a process of its own. Gives what is to be printed."""
    crashed = ""
    for seed in range(seeds):
        try:
            live(seed)
        except invariants.Violation as violation:
            if violation.name != EXCEPTION:
                return f"{_KILLED} seed {seed}: {violation}"
            crashed = f" (it crashed, with seed {seed}: {violation})"
    return f"alive after {seeds} seeds{crashed}"


def fate(patch: Path, seeds: int) -> Fate:
    """Plant one bug and look for it. Raises Stale."""
    with tempfile.TemporaryDirectory(prefix="mutant-") as folder:
        shutil.copytree(
            ROOT / "functions", Path(folder) / "functions", ignore=shutil.ignore_patterns("__pycache__", "web")
        )
        (Path(folder) / "functions" / "web").symlink_to(ROOT / "functions" / "web")
        applied = subprocess.run(  # noqa: S603 -- a patch of ours
            ["git", "apply", "--unsafe-paths", f"--directory={folder}", "--recount", "-C1", str(patch)],  # noqa: S607 -- git from the path
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "GIT_CEILING_DIRECTORIES": str(Path(folder).parent)},
        )
        if applied.returncode:
            raise Stale(f"{patch.name}: {applied.stderr.strip()}")
        path = os.pathsep.join([str(Path(folder) / "functions"), str(ROOT), str(ROOT / "tests")])
        run = subprocess.run(  # noqa: S603 -- this very interpreter
            [sys.executable, "-m", "simulation.mutants", "--hunt", "--seeds", str(seeds)],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PYTHONPATH": path},
        )
    words = run.stdout.strip() or run.stderr.strip()[-400:]
    return Fate(patch.stem, run.returncode == 0 and words.startswith(_KILLED), words)


def patches(names: Sequence[str]) -> list[Path]:
    """The patches of these names, or all."""
    return [each for each in sorted(PATCHES.glob("*.patch")) if not names or each.stem in names]


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description="One planted bug at a time")
    parser.add_argument("names", nargs="*", help="of patches; all without any")
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--hunt", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.hunt:
        say(hunt(chosen.seeds))
        return 0
    alive = 0
    with ThreadPoolExecutor(chosen.workers) as pool:
        for found in pool.map(lambda patch: fate(patch, chosen.seeds), patches(chosen.names)):
            alive += not found.killed
            say(f"{'killed' if found.killed else 'LIVES ':<7} {found.name:<42} {found.words[:200]}")
    say(f"{alive} live")
    return 1 if alive else 0


if __name__ == "__main__":
    sys.exit(main())
