"""Every alarm watches something that really happens: the code's own metrics are driven across their thresholds, through the handlers."""

from __future__ import annotations

import inspect
import json
import re
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from fakes.aws_events import load as load_event
from stage import Stage

import infra.local
import poll
import pull
import push
import receive
from infra.local.template import Template, load
from reminders import runtime, telemetry
from reminders.aws.hint_queue import PER_MESSAGE, pack
from reminders.aws.secret import Secret
from reminders.salesforce import outbound_message
from reminders.sync import find

TEMPLATE = Path(inspect.getfile(infra.local)).resolve().parents[2] / "template.yaml"
ADDRESS = "guess-what"
CONTEXT = SimpleNamespace(aws_request_id="c6af9ac6-7b61-11e6-9a41-93e8deadbeef")

Series = tuple[str, tuple[tuple[str, str], ...]]
"""A metric's name and its dimensions, sorted."""

AWS_EMITS = {
    "AWS/SQS": {("ApproximateNumberOfMessagesVisible", "QueueName"), ("ApproximateAgeOfOldestMessage", "QueueName")},
    "AWS/Lambda": {("Invocations", "FunctionName"), ("Errors", "FunctionName")},
    "AWS/ApiGateway": {("Count", "ApiId"), ("4xx", "ApiId"), ("5xx", "ApiId")},
}
"""What the services count by themselves: AWS's guides "Available CloudWatch metrics for Amazon SQS", "Types of metrics for Lambda",
"Monitor CloudWatch metrics for HTTP APIs in API Gateway"."""


@pytest.fixture(scope="module")
def template() -> Template:
    """The template, each resource's Ref and attributes a name that tells them apart."""
    values = {"SalesforceUrl": "https://org.example", "OrganizationId": "00D000000000000AAA", "SignInAudience": "key"}
    loaded = load(TEMPLATE, values)
    for name in loaded.resources:
        for attribute in ("Ref", "Arn", "StreamArn", "QueueName"):
            loaded.attributes[name, attribute] = f"{name}.{attribute}"
    return loaded


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    """A world whose handlers are the deployed ones, and Anna syncs."""
    made = Stage()
    monkeypatch.setattr(runtime, "world", lambda: made.world)
    made.sync(made.anna)
    return made


def alarms(template: Template) -> dict[str, dict[str, Any]]:
    """Every alarm's properties, by its name in the template."""
    return {each.name: template.properties(each) for each in template.of_type("AWS::CloudWatch::Alarm")}


def dimensions(alarm: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    """The dimensions of what it watches."""
    return tuple(sorted((each["Name"], each["Value"]) for each in alarm["Dimensions"]))


def emitted(printed: str) -> dict[Series, list[float]]:
    """Collect what was written in CloudWatch's embedded metric format."""
    values: dict[Series, list[float]] = defaultdict(list)
    for line in printed.splitlines():
        told = json.loads(line) if line.startswith("{") else {}
        for directive in told.get("_aws", {}).get("CloudWatchMetrics", ()):
            assert directive["Namespace"] == telemetry.NAMESPACE
            for names in directive["Dimensions"]:
                at = tuple(sorted((name, told[name]) for name in names))
                for metric in directive["Metrics"]:
                    values[metric["Name"], at] += told[metric["Name"]]
    return values


def statistic(alarm: dict[str, Any], values: dict[Series, list[float]]) -> float:
    """Tell what CloudWatch compares with the threshold; nothing counts as 0, since all of these treat it as not breaching."""
    assert alarm["TreatMissingData"] == "notBreaching"
    found = values.get((alarm["MetricName"], dimensions(alarm)), [])
    return {"Sum": sum(found), "Maximum": max(found, default=0)}[alarm["Statistic"]]


def sign_in_refused(stage: Stage) -> None:
    """Every session is refused, the fresh one too."""
    stage.org.faults.add("session", match="/data/v", times=None)
    poll.handler(load_event("poll_schedule"), CONTEXT)


def calls_spent(stage: Stage) -> None:
    """The org refuses every call over its limit."""
    stage.org.faults.add("limit", match="/data/v", times=None)
    poll.handler(load_event("poll_schedule"), CONTEXT)


def writes_refused(stage: Stage) -> None:
    """A validation rule of the org refuses twenty-one reminders."""
    stage.org.state.validations.append(lambda _: "No more tasks")
    for number in range(21):
        stage.create(f"r{number}")
    push.handler(load_event("push_schedule"), CONTEXT)


def deletes_held(stage: Stage) -> None:
    """Of thirty tasks, all are deleted at once in Salesforce."""
    for number in range(30):
        stage.create(f"r{number}")
    stage.settle()
    stage.later(minutes=90)
    for number in range(30):
        stage.org.delete_task(stage.anna, stage.task_of(f"r{number}"))
    stage.later(minutes=6)
    find.poll(stage.world)
    hints = stage.hints.take()
    bodies = [pack(hints[start : start + PER_MESSAGE]) for start in range(0, len(hints), PER_MESSAGE)]
    pull.handler({"Records": [{"messageId": str(at), "body": body} for at, body in enumerate(bodies)]}, CONTEXT)


def deletes_held_here(stage: Stage) -> None:
    """Of thirty synced reminders, all are deleted at once in the Command Center."""
    for number in range(30):
        stage.create(f"r{number}")
    stage.settle()
    stage.later(minutes=90)
    for number in range(30):
        stage.delete(f"r{number}")
    push.handler(load_event("push_schedule"), CONTEXT)


def poll_stopped(stage: Stage) -> None:
    """Polls get through, then for three quarters of an hour the org is down."""
    find.poll(stage.world)
    stage.later(minutes=45)
    stage.org.faults.add("unavailable", match="/data/v", times=None)
    poll.handler(load_event("poll_schedule"), CONTEXT)


def push_stopped(stage: Stage) -> None:
    """A push gets through, and for three quarters of an hour none does."""
    push.handler(load_event("push_schedule"), CONTEXT)
    stage.later(minutes=45)
    poll.handler(load_event("poll_schedule"), CONTEXT)


def address_leaked(_: Stage) -> None:
    """Somebody elsewhere knows the address."""
    event = load_event("receive")
    for _again in range(6):
        receive.handler({**event, "pathParameters": {"secret": ADDRESS}}, CONTEXT)


def address_guessed(_: Stage) -> None:
    """Somebody tries addresses of the webhook."""
    event = load_event("receive")
    for number in range(51):
        receive.handler({**event, "pathParameters": {"secret": f"guess-{number}"}}, CONTEXT)


TROUBLES: dict[str, Callable[[Stage], None]] = {
    "SignInFailedAlarm": sign_in_refused,
    "BudgetSpentAlarm": calls_spent,
    "ProblemsAlarm": writes_refused,
    "DeletesHeldAlarm": deletes_held,
    "DeletesHeldHereAlarm": deletes_held_here,
    "FromSalesforceLateAlarm": poll_stopped,
    "ToSalesforceLateAlarm": push_stopped,
    "ForeignSendersAlarm": address_leaked,
    "StrangersAlarm": address_guessed,
}


@pytest.mark.parametrize("name", TROUBLES)
def test_the_trouble_that_an_alarm_is_for_crosses_its_threshold(
    template: Template, stage: Stage, name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An alarm on a metric that nobody emits, or with other dimensions, is silent for ever."""
    receiver = runtime.Receiver(
        hints=stage.hints,
        addresses=Secret(lambda: ADDRESS, stage.world.clock),
        organization_id="00D5g000004XyzAEAS",
        senders=outbound_message.Senders.of("192.0.2.0/24", ""),
    )
    monkeypatch.setattr(runtime, "receiver", lambda: receiver)
    alarm = alarms(template)[name]
    assert alarm["ComparisonOperator"] == "GreaterThanThreshold"
    capsys.readouterr()
    TROUBLES[name](stage)
    assert statistic(alarm, emitted(capsys.readouterr().out)) > alarm["Threshold"]


def test_a_quiet_day_crosses_no_threshold(template: Template, stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    """An alarm that rings on every day is switched off."""
    stage.create()
    poll.handler(load_event("poll_schedule"), CONTEXT)
    push.handler(load_event("push_schedule"), CONTEXT)
    values = emitted(capsys.readouterr().out)
    assert values
    for name in TROUBLES:
        alarm = alarms(template)[name]
        assert statistic(alarm, values) <= alarm["Threshold"], name


def test_every_alarm_is_on_a_metric_of_ours_or_of_a_service(template: Template) -> None:
    """Each of ours has its trouble above; those of AWS are named as its guides name them, on a resource of the template."""
    known = {f"{name}.{attribute}" for name in template.resources for attribute in ("Ref", "QueueName")}
    for name, alarm in alarms(template).items():
        watched = [each["MetricStat"]["Metric"] for each in alarm.get("Metrics", ()) if "MetricStat" in each] or [alarm]
        for metric in watched:
            if metric["Namespace"] == telemetry.NAMESPACE:
                assert name in TROUBLES
                continue
            [dimension] = metric["Dimensions"]
            assert (metric["MetricName"], dimension["Name"]) in AWS_EMITS[metric["Namespace"]]
            assert dimension["Value"] in known


def test_the_errors_of_every_function_are_watched(template: Template) -> None:
    """A new function that is forgotten here would fail unheard."""
    [watched] = [alarm["Metrics"] for alarm in alarms(template).values() if "Metrics" in alarm]
    functions = {
        each["MetricStat"]["Metric"]["Dimensions"][0]["Value"].removesuffix(".Ref")
        for each in watched
        if "MetricStat" in each
    }
    assert functions == {each.name for each in template.of_type("AWS::Serverless::Function")}
    [expression] = [each["Expression"] for each in watched if "Expression" in each]
    assert set(expression.split(" + ")) == {each["Id"] for each in watched if "MetricStat" in each}


def test_every_alarm_says_what_to_do_and_rings_where_one_wants(template: Template) -> None:
    """Whoever is woken at night reads this sentence first."""
    for name, alarm in alarms(template).items():
        assert "Repair: " in alarm["AlarmDescription"], name
        assert len(alarm["AlarmDescription"]) <= 1024
        assert template.resources[name].properties["AlarmActions"] == {
            "Fn::If": ["HasAlarmTopic", [{"Ref": "AlarmTopic"}], {"Ref": "AWS::NoValue"}]
        }


def test_the_dashboard_shows_every_alarm_and_what_the_code_counts(template: Template) -> None:
    """A dashboard is JSON inside YAML: a comma too many, and CloudFormation refuses it at deploy only."""
    [board] = template.of_type("AWS::CloudWatch::Dashboard")
    widgets = json.loads(template.properties(board)["DashboardBody"])["widgets"]
    [shown] = [each["properties"]["alarms"] for each in widgets if each["type"] == "alarm"]
    assert set(shown) == {f"{name}.Arn" for name in alarms(template)}
    runs = {
        metric[5]
        for each in widgets
        for metric in each["properties"].get("metrics", ())
        if metric[0] == telemetry.NAMESPACE
    }
    assert runs == {"receive", "poll", "pull", "push", "sweep", "relay"}
    of_aws = {
        (metric[0], metric[1], metric[2])
        for each in widgets
        for metric in each["properties"].get("metrics", ())
        if isinstance(metric[0], str) and metric[0] != telemetry.NAMESPACE
    }
    assert of_aws <= {(space, *known) for space, metrics in AWS_EMITS.items() for known in metrics}


def test_the_guide_tells_of_every_alarm_and_of_no_other(template: Template) -> None:
    """Whoever is woken looks there for more."""
    guide = (TEMPLATE.parent / "docs" / "operations.md").read_text(encoding="utf-8")
    assert set(re.findall(r"`(\w+Alarm)`", guide)) == set(alarms(template))
