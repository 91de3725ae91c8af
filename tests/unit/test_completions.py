"""C6: what is announced of a completion, and what becomes of one that the bus does not take."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import boto3
import pytest
from botocore.exceptions import ClientError
from factories import ANNA, LEAD, TASK_ID, a_pair, some_values
from fakes.still_clock import StillClock
from moto import mock_aws

import announce
from reminders import runtime
from reminders.aws.completions import Announcement, completions
from reminders.aws.event_bus import EventBus
from reminders.core.reminder import Completion, Reminder, Side, Status, Type
from reminders.ledger.item_values import reminder_item
from reminders.ledger.items import bind

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_sqs import SQSClient

AT = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
VALUES = some_values(
    status=Status.COMPLETE,
    type=Type.CALL,
    details="She is ill",
    campaign_name="Spring",
    campaign_day="3",
    campaign_step="Call",
    call_outcome="Connected",
    call_reason="Renewal",
)
ITEMS = bind(reminders="reminders", links="links", history="history", state="state")


def completed(number: int = 1, **changes: Any) -> dict[str, Any]:
    """Give a record of the stream as DynamoDB makes it of our own item, the `number`th of its shard."""
    completion = Completion(side=Side.SALESFORCE, at=AT)
    return record(a_pair(**{"values": VALUES, "completion": completion, **changes}), number)


def record(reminder: Reminder, number: int) -> dict[str, Any]:
    """Give a record of the stream for this reminder as it is written."""
    image = reminder_item(ITEMS.reminder, reminder).serialize(null_check=False)
    return {"eventName": "MODIFY", "dynamodb": {"SequenceNumber": str(number), "NewImage": image}}


def batch(*records: dict[str, Any]) -> dict[str, Any]:
    """Give an event of the stream."""
    return {"Records": list(records)}


def test_an_announcement_has_what_a_campaign_needs_and_no_text_of_anybody() -> None:
    """C6: ids, times, activity data; neither the name nor the details of a reminder leave by the bus."""
    [told] = completions(batch(completed())).announcements
    assert told.place == "1"
    assert told.detail == {
        "schema": 1,
        "id": "r1/3",
        "reminder_id": "r1",
        "external_id": "r1-0",
        "task_id": TASK_ID,
        "completed_at": "2026-11-22T09:00:00Z",
        "side": "salesforce",
        "assignee": ANNA,
        "person": LEAD,
        "type": "Call",
        "campaign_name": "Spring",
        "campaign_day": "3",
        "campaign_step": "Call",
        "call_outcome": "Connected",
        "call_reason": "Renewal",
    }


def test_what_is_absent_is_null() -> None:
    """C6: every field is always there, so a rule can ask for null."""
    bare = replace(VALUES, person=None, campaign_name=None, call_outcome=None)
    [told] = completions(batch(completed(values=bare, task_id=None))).announcements
    assert [told.detail[name] for name in ("person", "campaign_name", "call_outcome", "task_id")] == [None] * 4


def test_a_record_that_completes_nothing_is_passed_over() -> None:
    """C6: were the template's filter lost, every edit would be announced; a removed item has no new image."""
    removed = {"dynamodb": {"SequenceNumber": "2"}}
    assert completions(batch(completed(completion=None), removed)).announcements == ()


def test_a_record_that_cannot_be_read_fails_alone() -> None:
    """C6: it is tried again and given up with a note; what came with it is announced."""
    broken = completed(1)
    del broken["dynamodb"]["NewImage"]["values"]
    found = completions(batch(broken, completed(2)))
    assert [each.place for each in found.announcements] == ["2"]
    assert found.failures(["3"]) == {"batchItemFailures": [{"itemIdentifier": "3"}, {"itemIdentifier": "1"}]}


class Reluctant:
    """An EventBridge that takes an entry only the so-many-th time, by its id; or nothing at all while it is down."""

    def __init__(self, refusals: dict[str, int], *, down: int = 0) -> None:
        self.refusals = refusals
        self.down = down
        self.calls: list[list[str]] = []

    def put_events(self, *, Entries: Sequence[dict[str, str]]) -> dict[str, Any]:  # noqa: N803 - boto3's name
        """Answer entry by entry."""
        ids = [json.loads(entry["Detail"])["id"] for entry in Entries]
        self.calls.append(ids)
        if self.down:
            self.down -= 1
            raise ClientError({"Error": {"Code": "ThrottlingException", "Message": f"{ids}"}}, "PutEvents")
        return {"FailedEntryCount": 0, "Entries": [self._entry(each) for each in ids]}

    def _entry(self, each: str) -> dict[str, str]:
        self.refusals[each] = self.refusals.get(each, 0) - 1
        return {"EventId": "e"} if self.refusals[each] < 0 else {"ErrorCode": "ThrottlingException"}


def announcements(count: int) -> list[Announcement]:
    """Give that many, with ids and places 0 and on."""
    return [Announcement(str(number), {"id": str(number)}) for number in range(count)]


def send(bridge: Reluctant, count: int) -> list[str]:
    """Send that many, and give what is not confirmed."""
    bus = EventBus(cast("EventBridgeClient", bridge), "bus", StillClock(AT))
    return bus.announce(announcements(count))


def test_ten_go_with_one_call_and_only_what_was_refused_is_sent_again() -> None:
    """C6: EventBridge takes ten, and each of them by itself."""
    bridge = Reluctant({"3": 1, "11": 2})
    assert send(bridge, 12) == []
    assert bridge.calls == [[str(number) for number in range(10)], ["3"], ["10", "11"], ["11"], ["11"]]


def test_what_is_refused_every_time_is_given_back_after_three_attempts() -> None:
    """C6: bounded; the stream brings it again later, and the rest was sent."""
    bridge = Reluctant({"1": 99})
    assert send(bridge, 3) == ["1"]
    assert len(bridge.calls) == 3


def test_a_bus_that_cannot_be_reached_keeps_nothing_back(caplog: pytest.LogCaptureFixture) -> None:
    """C6, Never: everything comes again, and the log holds the code but nothing of what was to be sent."""
    assert send(Reluctant({}, down=99), 2) == ["0", "1"]
    assert "ThrottlingException" in caplog.text
    assert "['0', '1']" not in caplog.text
    assert send(Reluctant({}, down=1), 2) == []


def test_the_function_answers_where_to_begin_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """C6: a completion leaves the stream only when the bus has confirmed it."""
    bus = SimpleNamespace(announce=lambda told: [told[-1].place])
    monkeypatch.setattr(runtime, "bus", lambda: bus)
    answer = announce.handler(batch(completed(7), completed(8)), SimpleNamespace(aws_request_id="r"))
    assert answer == {"batchItemFailures": [{"itemIdentifier": "8"}]}


@pytest.fixture
def target(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[SQSClient, str]]:
    """A container of the announcer in an emulated AWS, with a campaign's rule on the bus: Spring's calls, to a queue."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.setenv("EVENT_BUS", "told")
    runtime.bus.cache_clear()
    pattern = {
        "source": ["reminder-sync"],
        "detail-type": ["ReminderCompleted"],
        "detail": {"campaign_name": ["Spring"], "call_outcome": [{"exists": True}], "person": [LEAD]},
    }
    with mock_aws():
        queues, bridge = boto3.client("sqs"), boto3.client("events")
        url = queues.create_queue(QueueName="campaign")["QueueUrl"]
        arn = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        bridge.create_event_bus(Name="told")
        bridge.put_rule(Name="spring", EventBusName="told", EventPattern=json.dumps(pattern))
        bridge.put_targets(Rule="spring", EventBusName="told", Targets=[{"Id": "q", "Arn": arn}])
        yield queues, url
    runtime.bus.cache_clear()


def test_a_rule_of_a_campaign_gets_its_own_completions_only(target: tuple[SQSClient, str]) -> None:
    """C6: source, type and detail are what rules are written on; they are an interface."""
    others = completed(2, values=replace(VALUES, campaign_name="Autumn"), id="r2")
    answer = announce.handler(batch(completed(1), others), SimpleNamespace(aws_request_id="r"))
    assert answer == {"batchItemFailures": []}
    queues, url = target
    messages = queues.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    [event] = [json.loads(message["Body"]) for message in messages]
    assert (event["source"], event["detail-type"]) == ("reminder-sync", "ReminderCompleted")
    assert event["detail"]["id"] == "r1/3"
