"""Containers: what a function sees, and how each way to fail is told apart."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest
from fakes.sample_stack import SAMPLE, soon

from infra.local.lambdas import Configuration, Function, FunctionError
from infra.local.org.clock import MovableClock
from infra.local.org.world import machine_clock

FUNCTIONS = Path(__file__).parents[3] / "functions"


def configuration(handler: str = "sample.environment", **changes: int) -> Configuration:
    """A function of the sample's code."""
    return Configuration(
        name="Shown",
        arn="arn:aws:lambda:eu-central-1:123456789012:function:Shown",
        handler=handler,
        code=SAMPLE / "code",
        timeout=changes.get("timeout", 5),
        memory=256,
        concurrency=changes.get("concurrency"),
        async_retries=0,
        environment={"OWN": "mine"},
    )


@pytest.fixture
def started() -> Iterator[Callable[[Configuration], Function]]:
    """Make functions; their containers end with the test."""
    functions: list[Function] = []

    def make(one: Configuration) -> Function:
        functions.append(Function(one, {"AWS_REGION": "eu-central-1"}, MovableClock(machine_clock)))
        return functions[-1]

    yield make
    for function in functions:
        function.stop()


Start = Callable[[Configuration], Function]


def test_a_function_sees_the_templates_environment_and_nothing_of_ours(
    started: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A variable that the template forgot must be missing here too, not only on AWS."""
    monkeypatch.setenv("FORGOTTEN", "present here, absent there")
    seen = started(configuration()).invoke({})
    environment = seen["environment"]
    assert (environment["OWN"], environment["AWS_REGION"]) == ("mine", "eu-central-1")
    assert environment["AWS_LAMBDA_FUNCTION_NAME"] == "Shown"
    assert "FORGOTTEN" not in environment
    assert 0 < seen["left"] <= 5000


def test_a_warm_container_is_used_again(started: Start) -> None:
    """Each event paying a cold start would not keep the three seconds."""
    function = started(configuration())
    assert function.invoke({})["pid"] == function.invoke({})["pid"]


def test_a_container_that_died_as_it_stood_idle_costs_no_event(started: Start) -> None:
    """Each of the dead ones failed a request of its own: four of the page's, after four were killed."""
    function = started(configuration())
    killed = psutil.Process(function.invoke({})["pid"])
    killed.kill()
    psutil.wait_procs([killed], timeout=5)
    assert function.invoke({})["pid"] != killed.pid


def test_waiting_is_told_from_running_and_running_from_work(started: Start) -> None:
    """Of a handler that sleeps, nearly nothing is the processor's; a container's start is waiting."""
    function = started(configuration())
    cold, warm = function.timed({"sleep": 0.1}), function.timed({"sleep": 0.1})
    assert cold.waited > warm.waited
    assert warm.ran > 0.1 > warm.worked >= 0


@pytest.mark.parametrize(
    ("event", "told"),
    [
        ({"raise": "no such thing"}, "ValueError: no such thing"),
        ({"exit": 3}, "Runtime.ExitError: the container ended with 3"),
        ({"odd": True}, "TypeError: Object of type object is not JSON serializable"),
        ({"large": 7 * 1024 * 1024}, "Function.ResponseSizeTooLarge"),
    ],
)
def test_a_failure_is_told_and_the_next_event_is_served(started: Start, event: dict[str, object], told: str) -> None:
    """A function that failed once serves the next event, in a fresh container if need be."""
    function = started(configuration())
    with pytest.raises(FunctionError, match=told):
        function.invoke(event)
    assert function.invoke({})["pid"]


def test_a_function_that_takes_too_long_is_ended(started: Start) -> None:
    """A hanging call must give its place back after the function's time-out."""
    function = started(configuration(timeout=1))
    with pytest.raises(FunctionError, match=r"timed out after 1\.00 seconds"):
        function.invoke({"sleep": 30})
    assert function.invoke({})["pid"]


def test_a_handler_that_does_not_exist_is_told(started: Start) -> None:
    """A wrong name in the template fails the invocation, it does not hang it."""
    with pytest.raises(FunctionError, match="ModuleNotFoundError"):
        started(configuration("nowhere.handler")).invoke({})


def test_reserved_concurrency_lets_one_event_in_at_a_time(started: Start) -> None:
    """Two polls at once could store a watermark that is not covered (I3)."""
    function = started(configuration(concurrency=1))
    pids: set[int] = set()
    threads = [threading.Thread(target=lambda: pids.add(function.invoke({"sleep": 0})["pid"])) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(pids) == 1


def test_a_function_goes_by_the_stacks_clock(tmp_path: Path) -> None:
    """Without it, leases and back-offs would have to be waited out: the product's own clock leaps, in containers old and new."""
    (tmp_path / "reminders").symlink_to(FUNCTIONS / "reminders")
    (tmp_path / "told.py").write_text(
        "from reminders import runtime\ndef handler(event, context): return runtime.clock().now().isoformat()"
    )
    clock = MovableClock(machine_clock)
    one = replace(configuration("told.handler", timeout=20), code=tmp_path)
    function, fresh = (Function(one, {"AWS_REGION": "eu-central-1"}, clock) for _ in range(2))
    try:
        assert abs(ahead(function)) < timedelta(seconds=5)
        clock.advance(3600)
        for each in (function, fresh):
            assert abs(ahead(each) - timedelta(hours=1)) < timedelta(seconds=5)
    finally:
        function.stop()
        fresh.stop()


def ahead(function: Function) -> timedelta:
    """How far the function's clock is ahead."""
    return datetime.fromisoformat(function.invoke({})) - datetime.now(UTC)


def test_a_paused_function_finishes_and_starts_nothing(started: Start) -> None:
    """A clock that leaps in the middle of an event would make edits look younger than they are (M2)."""
    function = started(configuration())
    first = threading.Thread(target=function.invoke, args=({"sleep": 0.5},))
    first.start()
    soon(function._busy)
    with function.paused():
        assert not function._busy()
        second = threading.Thread(target=function.invoke, args=({},))
        second.start()
        second.join(0.3)
        assert second.is_alive()
    second.join()
    first.join()
