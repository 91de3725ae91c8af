"""The Lambda entry files: what each event of AWS makes them ask of the core, and what they answer AWS."""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from io import StringIO
from logging import StreamHandler
from types import SimpleNamespace
from typing import Any, cast

import pytest
from fakes.aws_events import load
from fakes.memory_hints import MemoryHints
from fakes.still_clock import StillClock

import announce
import api
import poll
import pull
import push
import receive
import sweep
from reminders import runtime, telemetry
from reminders.aws.events import Event
from reminders.aws.secret import Secret
from reminders.core.problems import Failure, Kind
from reminders.core.summary import Summary
from reminders.core.task import Hint
from reminders.runtime import Receiver
from reminders.sync import comparison, find, inbox, outbox, timetable
from reminders.telemetry import RunFailed

CONTEXT = SimpleNamespace(aws_request_id="c6af9ac6-7b61-11e6-9a41-93e8deadbeef")
SECRET = load("receive")["pathParameters"]["secret"]

Core = list[tuple[Any, ...]]
"""What was asked of the core: name of the function, and its arguments after the world."""


@pytest.fixture
def core(monkeypatch: pytest.MonkeyPatch) -> Core:
    """Replace the core, which other tests cover, by one that notes what it is asked."""
    asked: Core = []
    world = object()
    monkeypatch.setattr(runtime, "world", lambda: world)
    monkeypatch.setattr(runtime, "dead_letters", lambda: "dead letters")

    def noting(name: str) -> Callable[..., Summary]:
        def call(given: object, *arguments: object, **options: object) -> Summary:
            assert given is world
            asked.append((name, *arguments, *(option for option, chosen in options.items() if chosen)))
            return Summary(counts={"done": 1})

        return call

    for module, name in [
        (timetable, "poll"),
        (find, "first_syncs"),
        (timetable, "sync_now"),
        (comparison, "sweep"),
        (inbox, "pull"),
        (outbox, "push"),
        (outbox, "push_due"),
    ]:
        monkeypatch.setattr(module, name, noting(name))
    return asked


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch) -> MemoryHints:
    """Give the webhook a queue in memory."""
    hints = MemoryHints()
    addresses = Secret(lambda: SECRET, StillClock())
    receiver = Receiver(hints=hints, addresses=addresses, organization_id="00D5g000004XyzAEAS")
    monkeypatch.setattr(runtime, "receiver", lambda: receiver)
    return hints


@pytest.fixture
def log() -> Iterator[StringIO]:
    """Collect what the functions log."""
    handler = telemetry.logger().logger_handler
    assert isinstance(handler, StreamHandler)
    stream = StringIO()
    before = handler.setStream(stream)
    yield stream
    handler.setStream(before)


def test_poll_runs_on_its_schedule(core: Core) -> None:
    """I3: the schedule finds what the webhook missed."""
    assert poll.handler(load("poll_schedule"), CONTEXT) == {"done": 1}
    assert core == [("poll",)]


def test_a_schedule_of_somebodys_own_can_ask_for_a_poll_at_once(core: Core) -> None:
    """S6: the local stack polls as often as its option says, whatever the settings; an event of AWS's own never says so."""
    event = load("poll_schedule")
    poll.handler({**event, "detail": {"at_once": True}}, CONTEXT)
    poll.handler({**event, "detail": {"at_once": "yes"}}, CONTEXT)
    assert core == [("poll", "at_once"), ("poll",)]


def test_turning_sync_on_starts_the_first_sync_of_each_user(core: Core) -> None:
    """S1: saving the switch starts the first sync at once; it is no reason to poll."""
    assert poll.handler(load("poll_stream"), CONTEXT) == {"done": 1}
    assert core == [("first_syncs", ("0055g000001AbCdAAK", "0055g000001AbCeAAK"))]


def test_a_sync_that_was_asked_for_runs_once(core: Core) -> None:
    """C3: however often it was asked for in one batch; it is no first sync of anybody."""
    record = {
        "dynamodb": {"Keys": {"pk": {"S": "request"}, "sk": {"S": "sync"}}, "NewImage": {"sync_due": {"BOOL": True}}}
    }
    assert poll.handler({"Records": [record, record]}, CONTEXT) == {"done": 2}
    assert core == [("sync_now",), ("first_syncs", ())]


def test_push_runs_on_its_schedule(core: Core) -> None:
    """O1: what the bell did not get through is pushed by the schedule."""
    assert push.handler(load("push_schedule"), CONTEXT) == {"done": 1}
    assert core == [("push_due",)]


def test_bell_pushes_each_reminder_once(core: Core) -> None:
    """O1: two edits of one reminder are one reason to push it."""
    push.handler(load("push_stream"), CONTEXT)

    assert core == [("push", ("7d0f3c1e5b8a4f6c9e2d1a0b3c4d5e01", "7d0f3c1e5b8a4f6c9e2d1a0b3c4d5e02"))]


@pytest.mark.parametrize(
    ("event", "handler", "attribute", "asked"),
    [
        ("push_stream", push.handler, "rings", [("push", ())]),
        ("poll_stream", poll.handler, "first_sync_due", [("first_syncs", ())]),
    ],
)
def test_record_that_does_not_ring_starts_nothing(
    core: Core, event: str, handler: Callable[..., object], attribute: str, asked: Core
) -> None:
    """O1: push's own bookkeeping must not wake the push again; were the template's filter lost, it would never be quiet."""
    stream = load(event)
    for record in stream["Records"]:
        del record["dynamodb"]["NewImage"][attribute]
    del stream["Records"][0]["dynamodb"]["NewImage"]  # an item that the table expired has no new image

    handler(stream, CONTEXT)

    assert core == asked


def test_sweep_runs_on_its_schedule(core: Core) -> None:
    """I5, I1: the nightly comparison, which takes the dead letters along."""
    assert sweep.handler(load("sweep_schedule"), CONTEXT) == {"done": 1}
    assert core == [("sweep", "dead letters")]


@pytest.mark.parametrize("handler", [poll.handler, push.handler, sweep.handler])
@pytest.mark.parametrize("event", [{}, {"source": "aws.s3"}])
def test_event_of_another_kind_is_an_error(core: Core, handler: Callable[..., object], event: Event) -> None:
    """A function that is wired to the wrong trigger must say so, and not take anything for its schedule."""
    with pytest.raises(RunFailed, match="UnknownEvent"):
        handler(event, CONTEXT)
    assert core == []


def test_schedule_of_either_service_counts(core: Core) -> None:
    """EventBridge has two kinds of schedules, which differ in their source only."""
    push.handler(load("push_schedule") | {"source": "aws.scheduler"}, CONTEXT)

    assert core == [("push_due",)]


def test_pull_reads_all_hints_of_the_batch_at_once(core: Core) -> None:
    """I1: tasks are read in bulk, however many messages named them; the deleted list's date and the batch arrive, too."""
    assert pull.handler(load("pull_hints"), CONTEXT) == {"batchItemFailures": []}
    assert core == [
        (
            "pull",
            (
                Hint("00T5g00000AbCdEEAV"),
                Hint("00T5g00000AbCdFEAV"),
                Hint("00T5g00000AbCdGEAV", deleted=datetime(2026, 11, 22, 9, 58, tzinfo=UTC)),
                Hint("00T5g00000AbCdHEAV", batch="0055g000001AbCdAAK:0"),
            ),
        )
    ]


def test_messages_with_a_failed_task_are_delivered_again(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    """I1: a hint that failed alone must come back, and must not bring the whole batch with it."""

    def failing(_: object, hints: Sequence[Hint]) -> Summary:
        return Summary(counts={"hints": len(hints)}, failed=frozenset({"00T5g00000AbCdGEAV"}))

    monkeypatch.setattr(inbox, "pull", failing)

    assert pull.handler(load("pull_hints"), CONTEXT) == {
        "batchItemFailures": [{"itemIdentifier": "059f36b4-87a3-44ab-83d2-661970000002"}]
    }


def test_task_named_by_two_messages_fails_both(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    """Either of the two may carry the deleted list's date; neither is done before the task is."""
    event = load("pull_hints")
    event["Records"][1]["body"] = event["Records"][0]["body"]
    monkeypatch.setattr(inbox, "pull", lambda *_: Summary(counts={}, failed=frozenset({"00T5g00000AbCdEEAV"})))

    assert len(pull.handler(event, CONTEXT)["batchItemFailures"]) == 2


def test_message_that_is_not_ours_fails_alone(core: Core) -> None:
    """It ends in the dead-letter queue; the hints beside it are applied."""
    event = load("pull_hints")
    event["Records"][0]["body"] = "not ours"

    assert pull.handler(event, CONTEXT) == {
        "batchItemFailures": [{"itemIdentifier": "059f36b4-87a3-44ab-83d2-661970000001"}]
    }
    assert [hint.task_id for hint in core[0][1]] == ["00T5g00000AbCdGEAV", "00T5g00000AbCdHEAV"]


def test_webhook_acknowledges_what_it_stored(queue: MemoryHints) -> None:
    """I2: the acknowledgement says that every hint is safe."""
    response = receive.handler(load("receive"), CONTEXT)

    assert response["statusCode"] == HTTPStatus.OK
    assert "<Ack>true</Ack>" in response["body"]
    assert queue.queued == [Hint("00T5g00000AbCdEEAV", webhook=True), Hint("00T5g00000AbCdFEAV", webhook=True)]


def test_webhook_does_not_acknowledge_what_it_could_not_store(queue: MemoryHints) -> None:
    """I2: the error becomes API Gateway's 500, and Salesforce sends again; an acknowledgement would lose the hints."""
    queue.refusals = 1

    with pytest.raises(RunFailed, match="HintsNotStored"):
        receive.handler(load("receive"), CONTEXT)


def test_webhook_stores_nothing_for_strangers(queue: MemoryHints) -> None:
    """I2: without the secret address no task is read."""
    response = receive.handler(load("receive") | {"pathParameters": {"secret": "guess"}}, CONTEXT)

    assert response["statusCode"] == HTTPStatus.NOT_FOUND
    assert queue.queued == []


@pytest.mark.parametrize("secret", [SECRET, "guess"])
def test_webhook_logs_no_address_and_no_value(
    queue: MemoryHints, log: StringIO, capsys: pytest.CaptureFixture[str], secret: str
) -> None:
    """Never a secret in a log: the path of the request is one."""
    receive.handler(load("receive") | {"pathParameters": {"secret": secret}}, CONTEXT)

    output = "".join([log.getvalue(), *capsys.readouterr()])
    assert CONTEXT.aws_request_id in output
    for private in (secret, SECRET, "00D5g000004XyzA", "85.222.130.8", "2026-11-22T10:00:00.000Z"):
        assert private not in output


def metrics(output: str) -> dict[str, Any]:
    """Find the line in CloudWatch's embedded metric format."""
    lines = [json.loads(line) for line in output.splitlines()]
    [line] = [line for line in lines if "_aws" in line]
    assert isinstance(line, dict)
    return line


def test_run_is_counted_and_logged(core: Core, capsys: pytest.CaptureFixture[str]) -> None:
    """C3, C4: alarms and dashboards see what a run did, by its counters."""
    push.handler(load("push_schedule"), CONTEXT)

    line = metrics(capsys.readouterr().out)
    definition = line["_aws"]["CloudWatchMetrics"][0]
    assert definition["Namespace"] == "ReminderSync"
    assert definition["Dimensions"] == [["run", "service"]]
    assert (line["run"], line["done"]) == ("push", [1.0])


def test_run_that_the_org_stopped_is_counted_by_its_kind(
    core: Core, monkeypatch: pytest.MonkeyPatch, log: StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    """O3: a lost sign-in needs a person, a spent budget only time; and Salesforce's message stays out of the log."""
    failure = Failure(kind=Kind.AUTHENTICATION, code="invalid_grant", message="user jane@acme.example hasn't approved")
    monkeypatch.setattr(outbox, "push_due", lambda _: Summary(counts={"sent": 0}, unavailable=failure))

    push.handler(load("push_schedule"), CONTEXT)

    [line] = [json.loads(line) for line in log.getvalue().splitlines()]
    assert (line["level"], line["message"], line["warning"]) == ("WARNING", "push", "invalid_grant")
    assert "jane" not in f"{line}"
    assert metrics(capsys.readouterr().out)["unavailable_authentication"] == [1.0]


def test_logs_of_the_core_have_the_same_structure(log: StringIO) -> None:
    """What a module of ours logs with the standard library must be found by the same queries."""
    logging.getLogger("reminders.sync.find").warning("something odd")

    assert json.loads(log.getvalue())["message"] == "something odd"


PLANTED = "She is getting divorced"


@pytest.mark.parametrize(
    ("handler", "event"),
    [
        (announce.handler, None),
        (api.handler, None),
        (poll.handler, "poll_schedule"),
        (poll.handler, "poll_stream"),
        (pull.handler, "pull_hints"),
        (push.handler, "push_schedule"),
        (push.handler, "push_stream"),
        (receive.handler, "receive"),
        (sweep.handler, "sweep_schedule"),
    ],
)
def test_what_nobody_foresaw_quotes_nothing_and_is_delivered_again(
    monkeypatch: pytest.MonkeyPatch, log: StringIO, handler: Callable[..., object], event: str | None
) -> None:
    """Never, C8: Lambda logs what leaves a handler, with its causes; an error of a library quotes what it choked on."""

    def broken(*_: object) -> object:
        inner = ExceptionGroup(PLANTED, [KeyError(PLANTED)])
        raise ValueError(f"not a date: {PLANTED}") from inner

    for name in ("world", "receiver", "bus", "environment"):
        monkeypatch.setattr(runtime, name, broken)

    with pytest.raises(RunFailed) as caught:
        handler(load(event) if event else {"Records": []}, CONTEXT)

    printed = "".join(traceback.format_exception(caught.value))
    assert (PLANTED in printed, "ValueError" in printed) == (False, True)
    [line] = [json.loads(each) for each in log.getvalue().splitlines()]
    assert PLANTED not in f"{line}"
    places = [each for each in line["where"] if each.endswith(" broken")]
    assert (line["level"], len(places), line["where"][-1]) == ("ERROR", 1, "ValueError")
    assert "KeyError" in line["where"]


def test_a_set_up_that_is_wrong_says_what_is_missing(monkeypatch: pytest.MonkeyPatch, log: StringIO) -> None:
    """I3: names of what is missing are no values; without them, whoever deploys would be left to guess."""
    runtime.environment.cache_clear()
    monkeypatch.delenv("REMINDERS_TABLE", raising=False)
    with pytest.raises(RunFailed, match="NotConfigured: missing in the environment: REMINDERS_TABLE"):
        api.handler({}, cast("Any", CONTEXT))
    assert "NotConfigured" in log.getvalue()
