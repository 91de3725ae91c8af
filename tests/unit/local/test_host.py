"""The host as a whole, on the sample template: HTTP to queue to table to stream, the clock, and what goes wrong."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fakes.sample_stack import SampleStack, soon

from infra.local.host import Host


@pytest.fixture(scope="module")
def host(stack: SampleStack) -> Iterator[Host]:
    """A running host."""
    running = stack.start()
    yield running
    running.stop()


def test_a_word_travels_from_the_route_over_queue_and_stream(stack: SampleStack, host: Host) -> None:
    """Without any one of the template's connections the last function would not hear of the word."""
    assert stack.post(host, "apple").status == 200
    soon(lambda: {"apple", "noticed apple"} <= stack.things())


def test_a_record_that_the_filter_does_not_name_wakes_nobody(stack: SampleStack, host: Host) -> None:
    """The stream is filtered before the function is invoked, else push would wake itself for ever (O1)."""
    stack.post(host, "quiet")
    stack.post(host, "loud")
    soon(lambda: {"quiet", "noticed loud"} <= stack.things())
    assert "noticed quiet" not in stack.things()


def test_a_failed_message_comes_again_alone_and_ends_as_a_dead_letter(stack: SampleStack, host: Host) -> None:
    """A partial failure neither deletes its message nor repeats its neighbours for ever (I1)."""
    stack.post(host, "bad")
    stack.post(host, "good")
    soon(lambda: "good" in stack.things())
    soon(lambda: "bad" in stack.dead())
    assert "good" not in stack.dead()


def test_a_batch_that_no_retry_helps_is_bisected_and_noted(stack: SampleStack, host: Host) -> None:
    """One poisoned record of a stream must neither hold up the others nor vanish unseen."""
    stack.post(host, "poison")
    stack.post(host, "honey")
    soon(lambda: "noticed honey" in stack.things())
    soon(lambda: any("RetryAttemptsExhausted" in body for body in stack.dead()))


def test_an_interval_fires_at_the_start(stack: SampleStack, host: Host) -> None:
    """What waited while the host was away is not left for another interval."""
    soon(lambda: any(name.startswith("noticed 20") for name in stack.things()))


def test_a_function_that_raises_is_an_internal_error(stack: SampleStack, host: Host) -> None:
    """A traceback must never reach a client."""
    answer = stack.post(host, "raise")
    assert (answer.status, answer.body) == (500, b'{"message": "Internal Server Error"}')
