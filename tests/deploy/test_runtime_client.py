"""The built bundle under AWS's own runtime client, on the functions' Python: every function, from its real event, errors included."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from importlib.metadata import version
from typing import Any

import pytest
from cloud import Cloud, Created
from deploy import story
from deploy.events import Event, Make, completion_event, message_event, request_event, stored
from deploy.runtime_api import Runtime, RuntimeApi, runtime_client
from fakes.aws_events import load as load_event

from infra.local.demo.team import gather

pytestmark = pytest.mark.timeout(900)  # whoever asks first waits for the build and for the stack

Start = Callable[..., AbstractContextManager[RuntimeApi]]


@pytest.fixture(scope="module")
def start(cloudformation: tuple[Cloud, Created], runtime: Runtime, tmp_path_factory: pytest.TempPathFactory) -> Start:
    """Start a function as CloudFormation configured it; `without` a variable, or with some `other` configuration."""
    cloud, created = cloudformation
    logs = tmp_path_factory.mktemp("logs")
    aws = cloud.endpoints.environment()

    @contextmanager
    def started(name: str, *, without: str = "", **other: str) -> Iterator[RuntimeApi]:
        shown = cloud.client("lambda").get_function_configuration(FunctionName=created.resources[name][1])
        variables = {key: value for key, value in shown["Environment"]["Variables"].items() if key != without}
        configuration = {**shown, "Environment": {"Variables": variables}, **other}
        with runtime_client(runtime, configuration, aws, logs / f"{name}.log") as api:
            yield api

    return started


def answer(start: Start, function: str, event: Event) -> tuple[Any, list[dict[str, Any]]]:
    """What the function answers to this event, by AWS's own client, and the lines of its log."""
    with start(function) as api:
        told = api.call(event)
        log = api.log.read_text(encoding="utf-8")
    assert (told.what, told.error_type) == ("response", ""), f"{told}\n{log}"
    assert told.request.endswith("000000000001")
    assert re.fullmatch(rf"aws-lambda-python/3\.13\.\d+-{re.escape(version('awslambdaric'))}", told.client)
    return told.body, [json.loads(line) for line in log.splitlines()]


@pytest.mark.parametrize(
    ("function", "make", "reports"),
    [
        ("PollFunction", stored("poll_schedule"), ("poll", {})),
        ("PollFunction", stored("poll_stream"), ("bell", {})),
        ("PullFunction", stored("pull_hints"), ("pull", {"hints": 4})),
        ("PushFunction", stored("push_schedule"), ("push", {})),
        ("PushFunction", stored("push_stream"), ("push", {})),
        ("SweepFunction", stored("sweep_schedule"), ("sweep", {})),
        ("RelayFunction", stored("relay_delete"), ("relay", {"events": 1, "hints": 2})),
        ("AnnounceFunction", completion_event, ("announce", {"announced": 1, "not_announced": 0})),
        ("ReceiveFunction", message_event, ("receive", {"messages": 1, "hints": 1})),
        ("SignInFunction", lambda cloud: request_event(cloud, "/auth/login"), ("sign_in", {"sent_to_salesforce": 1})),
    ],
)
def test_every_function_answers_its_event(
    start: Start,
    cloudformation: tuple[Cloud, Created],
    function: str,
    make: Make,
    reports: tuple[str, Mapping[str, int]],
) -> None:
    """What is uploaded runs under what AWS runs it with: every import is in the bundle, and every answer can be sent."""
    run, counts = reports
    body, log = answer(start, function, make(cloudformation[0]))
    assert isinstance(body, dict)
    [reported] = [line for line in log if line.get("message") == run]
    assert counts.items() <= reported["counts"].items()
    assert reported["request_id"].endswith("000000000001")


def test_no_function_is_left_out(cloudformation: tuple[Cloud, Created]) -> None:
    """A function that joins the template joins the tests above; the Command Center's is the one below."""
    [cases] = [mark for mark in test_every_function_answers_its_event.pytestmark if mark.name == "parametrize"]  # type: ignore[attr-defined]  # pytest puts it there
    functions = {one.name for one in cloudformation[0].template.of_type("AWS::Serverless::Function")}
    assert {case[0] for case in cases.args[1]} | {"ApiFunction"} == functions


def test_a_reminder_goes_there_and_is_shown(start: Start, cloudformation: tuple[Cloud, Created]) -> None:
    """The whole way out: the built push signs in to the org and writes the task, the built API shows it to its owner and nobody else."""
    cloud, _ = cloudformation
    with gather(cloud.document()) as team:
        story.first_sync(cloud, team)
        made = team.maya.here("POST", "/api/reminders", {"name": "Call Ada"})
        answer(start, "PushFunction", load_event("push_schedule"))
        path, task = f"/api/reminders/{made['id']}", team.maya.reminder(made["id"])["task_id"]
        assert team.maya.task(task)
        for user, status in ((team.maya.user_id, 200), (team.tomas.user_id, 404), ("", 401)):
            shown, _ = answer(start, "ApiFunction", request_event(cloud, path, user))
            assert shown["statusCode"] == status
            assert (task in shown["body"]) == (status == 200)
    cloud.settle()


def test_an_error_is_reported_by_its_type_and_the_next_event_is_answered(start: Start) -> None:
    """O1, Never: Lambda tries again, and its report quotes nothing; the client lives on."""
    with start("PollFunction") as api:
        refused = api.call({"source": "aws.s3", "detail": {"secret": "divorce"}})
        garbled = api.call("{no JSON")
        answered = api.call(load_event("poll_schedule"))
        log = api.log.read_text(encoding="utf-8")
    assert (refused.what, refused.body["errorType"], refused.body["errorMessage"]) == (
        "error",
        "RunFailed",
        "UnknownEvent",
    )
    assert refused.request.endswith("000000000001")
    assert "divorce" not in json.dumps(refused.body) + log
    assert (garbled.what, garbled.body["errorType"]) == ("error", "Runtime.UnmarshalError")
    assert (answered.what, answered.request[-1]) == ("response", "3")


def test_a_missing_variable_is_named(start: Start) -> None:
    """Whoever deployed it wrongly reads what to do, in the first report."""
    with start("PushFunction", without="STATE_TABLE") as api:
        told = api.call(load_event("push_schedule"))
    assert (told.what, told.body["errorType"]) == ("error", "RunFailed")
    assert told.body["errorMessage"] == "NotConfigured: missing in the environment: STATE_TABLE"


@pytest.mark.parametrize(
    ("handler", "kind"), [("poll.nothing", "Runtime.HandlerNotFound"), ("nowhere.handler", "Runtime.ImportModuleError")]
)
def test_a_function_that_cannot_be_loaded_says_so_before_any_event(start: Start, handler: str, kind: str) -> None:
    """An init error is what one sees when the bundle and the template disagree."""
    with start("PollFunction", Handler=handler) as api:
        told = api.told()
    assert (told.what, told.error_type, told.body["errorType"]) == ("init/error", kind, kind)
