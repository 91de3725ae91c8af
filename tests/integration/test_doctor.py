"""`make doctor`: whatever is wrong, the check that is about it fails, and says what to do."""

from __future__ import annotations

import random
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import cast

import boto3
import pytest
import uvicorn
from fakes import deployed

from infra.deploy import keys
from infra.deploy.answers import Answers
from infra.deploy.cloud import Cloud
from infra.deploy.doctor import Check, Doctor
from infra.local.org.__main__ import config
from infra.local.org.clock import MovableClock
from infra.local.org.control import Control
from infra.local.org.outbound import Policy, Sender
from infra.local.org.schema import Field
from infra.local.org.server import Application
from infra.local.org.state import API_ENABLED, MODIFY_ALL, VIEW_ALL
from infra.local.org.world import Org, machine_clock, make_org

EXTERNAL_ID = "Reminder_Id__c"
KEY = keys.new_key()  # making one takes a moment


class _Web(BaseHTTPRequestHandler):
    """The Command Center's page, and the webhook, as far as the doctor looks."""

    statuses: dict[str, int]

    def do_GET(self) -> None:
        """Answer the page."""
        self.send_response(self.statuses["page"])
        self.end_headers()

    def do_POST(self) -> None:
        """Answer the webhook."""
        self.send_response(self.statuses["webhook"])
        self.end_headers()

    def log_message(self, format: str, *_: object) -> None:  # noqa: A002 - same
        """Keep quiet."""


@dataclass
class Deployed:
    """A service that is well, for tests to break."""

    org: Org
    answers: Answers
    cloud: Cloud
    statuses: dict[str, int]
    ahead: timedelta = timedelta(0)
    env: pytest.MonkeyPatch = field(default_factory=pytest.MonkeyPatch)

    def answer(self, **changes: object) -> None:
        """Have answered something else."""
        self.answers = replace(self.answers, **changes)  # type: ignore[arg-type]  # the tests' own words

    def secret(self, **changes: str) -> None:
        """Have something else in the secret."""
        self.cloud.store_sign_in(self.cloud.sign_in() | changes)

    def permit(self, *, without: str) -> None:
        """Take a permission from the integration user."""
        self.org.integration_user.permissions -= {without}

    def checks(self) -> list[Check]:
        """What the doctor says."""
        return list(Doctor(self.answers, self.cloud, lambda: datetime.now(UTC) + self.ahead).all())


@pytest.fixture
def served() -> Iterator[Org]:
    """An org of one's own over HTTP."""
    listening = socket.create_server(("127.0.0.1", 0))
    address = f"http://127.0.0.1:{listening.getsockname()[1]}"
    org = make_org(now=machine_clock, rng=random.Random(1), base=address)
    org.add_user("admin@example.com", "Alex Morgan", role="admin")
    control = Control(org, MovableClock(machine_clock), Sender(org.state, Policy(enabled=False), address))
    server = uvicorn.Server(config(Application(control)))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    yield org
    server.should_exit = True
    thread.join()


@pytest.fixture
def web() -> Iterator[tuple[str, dict[str, int]]]:
    """Page and webhook over HTTP: the address, and what they answer."""
    statuses = {"page": 200, "webhook": 404}
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Web", (_Web,), {"statuses": statuses}))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/", statuses
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def service(served: Org, web: tuple[str, dict[str, int]], monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployed]:
    """Everything deployed, and well."""
    with deployed.aws(monkeypatch):
        monkeypatch.setenv(deployed.CENTER, web[0])
        monkeypatch.setenv(deployed.WEBHOOK, f"{web[0]}hooks/")
        user = served.integration_user.username
        answers = Answers(
            stack=deployed.STACK,
            region=deployed.REGION,
            salesforce_url=served.base,
            organization_id=served.organization_id,
            username=user,
            certificate=keys.certificate(KEY, "test", datetime.now(UTC)),
        )
        deployed.deploy(answers.parameters())
        cloud = Cloud(deployed.STACK, deployed.REGION)
        cloud.store_sign_in({"consumer_key": served.consumer_key, "username": user, "private_key": KEY})
        served.register_key(answers.certificate)
        yield Deployed(served, answers, cloud, web[1], env=monkeypatch)


def test_nothing_is_said_of_what_is_well(service: Deployed) -> None:
    """A doctor who always finds something is not asked again."""
    checks = service.checks()
    assert [check for check in checks if not check.ok or check.advice] == []
    assert {check.name for check in checks} >= {name for _, name, _ in TROUBLES}


def _unique_no_more(service: Deployed) -> None:
    fields = cast("dict[str, Field]", service.org.state.schema.objects["Task"].fields)
    fields[EXTERNAL_ID] = replace(fields[EXTERNAL_ID], unique=False)


def _key_damaged(service: Deployed) -> None:
    service.answer(certificate="")
    service.secret(private_key="no key")


def _somebody_inactive(service: Deployed) -> None:
    left = service.org.add_user("left@example.com", "Left Long-Ago")
    service.org.assign(left.id, "Reminder_Sync_User")
    service.org.deactivate(left.id)


def _not_json(service: Deployed) -> None:
    vault = boto3.client("secretsmanager", region_name=deployed.REGION)
    vault.put_secret_value(SecretId="salesforce", SecretString="3MVG9...")


def _alarm(service: Deployed) -> None:
    client = boto3.client("cloudwatch", region_name=deployed.REGION)
    for name, state in (
        (f"{deployed.STACK}-ProblemsAlarm-1A2B", "ALARM"),
        ("of-another-stack", "ALARM"),
        (f"{deployed.STACK}-Calm", "OK"),
    ):
        client.put_metric_alarm(
            AlarmName=name,
            AlarmDescription="Writes are refused. Repair: press Retry.",
            Namespace="ReminderSync",
            MetricName="failed_permanent",
            Statistic="Sum",
            Period=300,
            EvaluationPeriods=1,
            Threshold=1,
            ComparisonOperator="GreaterThanThreshold",
        )
        client.set_alarm_state(AlarmName=name, StateValue=state, StateReason="test")


def _signed_out(service: Deployed) -> None:
    service.env.delenv("AWS_ACCESS_KEY_ID")
    service.env.delenv("AWS_SECRET_ACCESS_KEY")
    service.cloud = Cloud(deployed.STACK, deployed.REGION)


def _rolled_back(service: Deployed) -> None:
    service.env.setattr(Cloud, "status", lambda _: "UPDATE_ROLLBACK_COMPLETE")


Break = Callable[[Deployed], object]
TROUBLES: list[tuple[Break, str, str]] = [
    (_signed_out, "AWS identity and region", "aws sso login"),
    (lambda it: setattr(it, "cloud", Cloud(deployed.STACK, "")), "AWS identity and region", "--region"),
    (lambda it: setattr(it, "cloud", Cloud("another", deployed.REGION)), "Stack", "make deploy"),
    (_rolled_back, "Stack", "describe-stack-events"),
    (lambda it: it.secret(consumer_key=""), "Credentials in Secrets Manager", "make deploy"),
    (_not_json, "Credentials in Secrets Manager", "make deploy"),
    (
        lambda it: it.answer(certificate=keys.certificate(keys.new_key(), "test", datetime.now(UTC))),
        "Certificate",
        "Rotate",
    ),
    (
        lambda it: it.answer(certificate=keys.certificate(KEY, "test", datetime.now(UTC) - timedelta(days=710))),
        "Certificate",
        "Rotate",
    ),
    (lambda it: it.answer(salesforce_url="http://127.0.0.1:9"), "Salesforce org reachable", "My Domain"),
    (lambda it: it.answer(more={"SalesforceApiVersion": "99.0"}), "REST API version", "--set SalesforceApiVersion"),
    (lambda it: setattr(it, "ahead", timedelta(seconds=90)), "Clock", "NTP"),
    (lambda it: it.answer(more={"SignInIssuer": "https://other.example"}), "Sign-in issuer", "--set SignInIssuer=http"),
    (lambda it: it.org.oauth.app.approved.clear(), "Sign-in as the integration user", "salesforce.sh"),
    (lambda it: it.secret(consumer_key="3MVG9other"), "Sign-in as the integration user", "--ask-again"),
    (lambda it: it.org.oauth.app.keys.clear(), "Sign-in as the integration user", "another certificate"),
    (lambda it: it.secret(private_key="no key"), "Certificate", "Rotate"),
    (_key_damaged, "Sign-in as the integration user", "rotate the key"),
    (lambda it: it.permit(without=API_ENABLED), "API access", "API Enabled"),
    (lambda it: it.permit(without=VIEW_ALL), "NO_VIEW_ALL_DATA", "Reminder_Sync_Integration"),
    (lambda it: it.permit(without=MODIFY_ALL), "NO_MODIFY_ALL_DATA", "Reminder_Sync_Integration"),
    (
        lambda it: it.org.restrict(it.org.integration_user.id, EXTERNAL_ID, readable=False),
        "NO_REMINDER_ID_FIELD",
        "infra/salesforce/org",
    ),
    (
        lambda it: it.org.restrict(it.org.integration_user.id, EXTERNAL_ID),
        "REMINDER_ID_FIELD_READ_ONLY",
        "Reminder_Sync_Integration",
    ),
    (_unique_no_more, "REMINDER_ID_FIELD_NOT_UNIQUE", "infra/salesforce/org"),
    (lambda it: it.answer(organization_id="00D000000000000AAA"), "Organization id", "this one is 00D"),
    (lambda it: it.org.set_statuses((("Offen", False), ("Fertig", True))), "STATUS_NOT_IN_ORG", "Map it"),
    (lambda it: it.org.set_priorities((("Hoch", True), ("Mittel", False)), "Mittel"), "PRIORITY_NOT_IN_ORG", "Map it"),
    (
        lambda it: it.org.withdraw(next(each.id for each in it.org.users if each.admin), "Reminder_Sync_Admin"),
        "Administrator",
        "sf org assign permset",
    ),
    (_somebody_inactive, "Users", "take the permission set"),
    (lambda it: it.statuses.update(page=500), "Command Center", "api function"),
    (lambda it: it.statuses.update(webhook=500), "Webhook", "receive function"),
    (_alarm, "Alarms", "Do what it says"),
]


@pytest.mark.parametrize(("break_it", "name", "advice"), TROUBLES)
def test_what_is_wrong_is_found_and_said_what_to_do(service: Deployed, break_it: Break, name: str, advice: str) -> None:
    """The first check that fails is the one that is about it, and its advice is the one that helps."""
    break_it(service)
    failed = [check for check in service.checks() if check.ok is False]
    assert failed
    assert failed[0].name == name
    assert advice in failed[0].advice
    assert KEY not in repr(failed)


def test_a_stopped_org_ends_the_look_with_its_words(service: Deployed) -> None:
    """O3: a limit or a maintenance says so in Salesforce's words; what comes after is not guessed."""
    service.org.faults.add("limit", match="/data/v", times=None)
    [failed] = [check for check in service.checks() if check.ok is False]
    assert "REQUEST_LIMIT_EXCEEDED" in failed.found
