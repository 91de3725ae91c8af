"""How many hostile requests are made, and what came of them: a table of statuses at the end of the run.

`make test` runs a slice, the same one every time; `make fuzz EXAMPLES=10000` runs as many as it is told, others every time.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from fakes.front_door import FrontDoor
from hypothesis import HealthCheck, seed, settings

PARTS = 4
"""Tests that share the examples of one front door, so that they can run side by side."""

SLICE = 200
EXAMPLES = int(os.environ.get("EXAMPLES") or 0)

HOSTILE = settings(
    max_examples=-(-(EXAMPLES or SLICE) // PARTS),
    derandomize=not EXAMPLES,
    database=None,
    deadline=None,  # what else runs on the machine says nothing about an example
    print_blob=True,
    suppress_health_check=[
        HealthCheck.too_slow,  # OpenAPI's schemas are large; no filter of ours throws examples away
        HealthCheck.filter_too_much,  # Schemathesis draws again where a value happened to fit the schema after all
        HealthCheck.data_too_large,  # a bulk request may hold 200 reminders
    ],
)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make the parts."""
    if "part" in metafunc.fixturenames:
        metafunc.parametrize("part", range(PARTS))


@pytest.fixture
def hostile(part: int) -> Callable[[Callable[[], None]], Callable[[], None]]:
    """Give a decorator for a property, as large as this run wants it; without a seed of its own each part would be the same."""

    def decorate(check: Callable[[], None]) -> Callable[[], None]:
        return HOSTILE(check if EXAMPLES else seed(part)(check))

    return decorate


@pytest.fixture
def door() -> FrontDoor:
    """Give the gateway with both functions behind it."""
    return FrontDoor()


@pytest.fixture
def count(request: pytest.FixtureRequest, record_property: Callable[[str, object], None]) -> Callable[[int], None]:
    """Count the statuses of a test's requests, for the table."""
    statuses: dict[str, int] = {}
    record_property("target", request.path.stem.rpartition("_")[2])
    record_property("statuses", statuses)

    def add(status: int) -> None:
        statuses[str(status)] = statuses.get(str(status), 0) + 1

    return add


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print the table."""
    statuses: dict[str, Counter[str]] = {}
    seconds: Counter[str] = Counter()
    for report in (each for kind in ("passed", "failed") for each in terminalreporter.stats.get(kind, ())):
        properties = dict(report.user_properties)
        if "target" in properties:
            statuses.setdefault(properties["target"], Counter()).update(properties["statuses"])
            seconds[properties["target"]] += report.duration
    if statuses:
        terminalreporter.section("hostile requests")
    for target, counts in sorted(statuses.items()):
        told = "  ".join(f"{status}: {number:,}" for status, number in sorted(counts.items()))
        terminalreporter.write_line(f"{target:<8} {counts.total():>7,} in {seconds[target]:.0f} s of work   {told}")
