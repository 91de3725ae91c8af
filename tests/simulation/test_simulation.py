"""A slice of the simulation for every test run; `make simulate` runs as many seeds as anyone cares for.

A failure names its seed and tells the run as a diary; `python -m simulation.simulate --seed N` makes it short.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests
from simulation import crashes, invariants
from simulation.simulate import EVENTS, FAULTS, events_of
from simulation.world import short_way
from simulation.world.engine import faults_of
from simulation.world.run import live

SEEDS = int(os.environ.get("SEEDS", "16"))
ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("seed", range(SEEDS))
def test_whatever_happens_every_invariant_holds(seed: int) -> None:
    """M7, O1, O2, I3, Never: days of people, other programs and faults on both sides, and nothing is doubled, lost or left unequal."""
    try:
        simulation = live(seed)
    except invariants.Violation as violation:
        print(violation.simulation.world.engine.diary())  # noqa: T201 -- shown with the failure only
        raise
    counts = simulation.world.engine.counts
    assert events_of(counts) >= EVENTS
    assert sum(faults_of(counts).values()) >= FAULTS


def test_a_crash_anywhere_leaves_nothing_wrong() -> None:
    """O1, O2, I1, I3: of the crashes before and after each I/O of a story some of every function; `make simulate` tries all."""
    every = list(crashes.deaths([0]))
    by_function: dict[str, list[crashes.Death]] = {}
    for each in every:
        by_function.setdefault(each.point[0], []).append(each)
    assert by_function.keys() == {"announce", "api", "poll", "pull", "push", "receive", "sweep"}
    chosen = [each for some in by_function.values() for each in some[:: max(1, len(some) // 4)]]

    assert crashes.try_them(chosen) == {}


def test_one_seed_is_one_run_byte_for_byte() -> None:
    """M7: a failure that cannot be repeated cannot be understood; neither hashing nor the machine's pace may be in it."""
    told = {_digest_of_a_run(hash_seed) for hash_seed in ("1", "2")}
    assert len(told) == 1


def _digest_of_a_run(hash_seed: str) -> str:
    script = "from simulation.test_simulation import digest; print(digest(7))"
    path = os.pathsep.join(str(ROOT / part) for part in ("functions", "", "tests"))
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": path}
    run = subprocess.run(  # noqa: S603 -- this very interpreter
        [sys.executable, "-c", script],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=100,
        check=True,
    )
    return run.stdout


def digest(seed: int) -> str:
    """A run's whole trace as one number."""
    try:
        simulation = live(seed)
    except invariants.Violation as violation:
        simulation = violation.simulation
    return hashlib.sha256("\n".join(simulation.world.engine.trace).encode()).hexdigest()


def test_the_short_way_sends_what_requests_would(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is left out of `requests` to save time changes no request that simple-salesforce or our client makes."""
    sent: list[str] = []
    short = short_way.prepare

    def prepare(session: requests.Session, method: str, url: str, **parts: Any) -> requests.PreparedRequest:
        long = session.prepare_request(requests.Request(method, url, **parts))
        ours = short(session, method, url, **parts)
        assert (ours.method, ours.url, ours.body) == (long.method, long.url, long.body)
        assert ours.headers == long.headers
        sent.append(method)
        return ours

    monkeypatch.setattr(short_way, "prepare", prepare)
    live(3, length=40)
    assert {"GET", "POST"} <= set(sent)
