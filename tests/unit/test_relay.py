"""Event Relay: what a change event of Salesforce makes the relay store, and what it refuses."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from fakes.aws_events import load
from fakes.memory_hints import MemoryHints

import relay
from reminders import runtime
from reminders.core.task import Hint
from reminders.telemetry import RunFailed

CONTEXT = SimpleNamespace(aws_request_id="c6af9ac6-7b61-11e6-9a41-93e8deadbeef")
ONE, OTHER = "00T5g00000AbCdEEAV", "00T5g00000AbCdFEAV"
AT = datetime(2026, 11, 22, 10, tzinfo=UTC)


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch) -> MemoryHints:
    """Give the relay a queue in memory."""
    hints = MemoryHints()
    monkeypatch.setattr(runtime, "relay_queue", lambda: hints)
    return hints


def event(**header: Any) -> dict[str, Any]:
    """A change event with another header."""
    made = load("relay_delete")
    made["detail"]["payload"]["ChangeEventHeader"].update(header)
    return made


@pytest.mark.parametrize("change", ["DELETE", "GAP_DELETE"])
def test_a_delete_is_hinted_with_its_date(queue: MemoryHints, change: str) -> None:
    """I1, M6: a delete sends no outbound message; its date counts only if the task cannot be read."""
    relay.handler(event(changeType=change), CONTEXT)
    assert queue.queued == [Hint(ONE, deleted=AT), Hint(OTHER, deleted=AT)]


@pytest.mark.parametrize("change", ["CREATE", "UPDATE", "UNDELETE", "GAP_CREATE", "GAP_UPDATE", "GAP_UNDELETE"])
def test_any_other_change_is_hinted_without_values(queue: MemoryHints, change: str) -> None:
    """I1, M7: what changed is read from Salesforce, also where a gap event could not tell it; one task twice is one hint."""
    changed = event(changeType=change, recordIds=[ONE, ONE])
    changed["detail"]["payload"]["Subject"] = "not read"
    assert relay.handler(changed, CONTEXT)["hints"] == 1
    assert queue.queued == [Hint(ONE)]


def test_an_overflow_is_left_to_the_poll(queue: MemoryHints, capsys: pytest.CaptureFixture[str]) -> None:
    """I3: it names no record, and the lists of the poll hold them all; it is counted, and no error that would be sent again."""
    assert relay.handler(event(changeType="GAP_OVERFLOW", recordIds=["000000000000000AAA"]), CONTEXT) == {
        "overflows": 1
    }
    assert queue.queued == []
    assert '"overflows":[1.0]' in capsys.readouterr().out.replace(" ", "")


def test_an_id_that_is_no_tasks_is_counted_and_dropped(queue: MemoryHints) -> None:
    """I1: one id of another form would make Salesforce refuse the whole bulk that it is read with."""
    told = relay.handler(event(recordIds=[ONE, "00U5g00000AbCdEEAV", "00T5g00000AbCdEEAW"]), CONTEXT)
    assert (told["hints"], told["without_id"]) == (1, 2)
    assert [hint.task_id for hint in queue.queued] == [ONE]


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"detail-type": "TaskChangeEvent", "detail": None},
        load("relay_delete") | {"detail-type": "EventChangeEvent"},
        event(changeType="PURGE"),
        event(changeType=None),
        event(recordIds="00T5g00000AbCdEEAV"),
        event(recordIds=[1]),
        event(recordIds=[ONE] * 2001),
        event(commitTimestamp="yesterday"),
        event(commitTimestamp=1e20),
    ],
)
def test_anything_else_is_refused_and_stores_nothing(queue: MemoryHints, wrong: dict[str, Any]) -> None:
    """Never: a rule that lets other events through is configuration gone wrong, and must be seen."""
    with pytest.raises(RunFailed, match="UnknownEvent"):
        relay.handler(wrong, CONTEXT)
    assert queue.queued == []
