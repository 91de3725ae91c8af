"""Containers: what a function sees, and how each way to fail is told apart."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest
from fakes.sample_stack import SAMPLE

from infra.local.lambdas import Configuration, Function, FunctionError


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
        functions.append(Function(one, {"AWS_REGION": "eu-central-1"}))
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
