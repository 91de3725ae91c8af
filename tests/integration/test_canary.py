"""The canary as it flies on AWS: the API's function is invoked with an event, the webhook is posted to, and time passes while it waits."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest
from stage import Stage

import api
import receive
from infra.deploy import center
from infra.deploy.canary import Canary, Died
from infra.local import gateway
from infra.local.gateway import Request
from infra.local.wiring import Route
from reminders import runtime
from reminders.aws.secret import Secret
from reminders.core.settings import User
from reminders.salesforce.client import SalesforceOrg
from reminders.salesforce.outbound_message import Senders

CONTEXT = SimpleNamespace(aws_request_id="c6af9ac6-7b61-11e6-9a41-93e8deadbeef")
SECRET = "pT7xWq2Zr9LmK4vN8sHdYc3Fb6GjQe5UaRo1Xi0EwSzBtMuC"
WEBHOOK = f"https://hooks.example/hooks/{SECRET}"


class Lambda:
    """Lambda's client: invokes the real handler on the stage's world."""

    def __init__(self) -> None:
        self.failing = False

    def invoke(self, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803 - boto3's names
        """Run the function."""
        assert FunctionName == "stack-ApiFunction-1A2B"
        if self.failing:
            return {"FunctionError": "Unhandled", "Payload": io.BytesIO(b'{"errorType": "RunFailed"}')}
        result = api.handler(json.loads(Payload), cast("Any", CONTEXT))
        return {"Payload": io.BytesIO(json.dumps(result).encode())}


class Air:
    """Everything around the canary, and what goes on while it waits."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.stage = Stage()
        self.function = Lambda()
        self.senders = Senders()
        self.quick: Callable[[], object] = self._seconds
        user = self.stage.org.integration_user
        self.stage.ledger.save_user(User(id=user.id, name=user.name, read_at=self.stage.clock.now()))
        site = SimpleNamespace(organization_id=self.stage.org.organization_id, salesforce_url=self.stage.org.base)
        monkeypatch.setattr(runtime, "world", lambda: self.stage.world)
        monkeypatch.setattr(runtime, "environment", lambda: site)
        monkeypatch.setattr(runtime, "receiver", self._receiver)
        monkeypatch.setattr("infra.deploy.canary.time.sleep", lambda _: self.quick())
        monkeypatch.setattr("infra.deploy.canary.httpx.post", self._post)
        asked = center.by_invoking(self.function, "stack-ApiFunction-1A2B", site.organization_id, user.id)
        org = cast("SalesforceOrg", self.stage.world.org)
        self.canary = Canary(asked, org, site.organization_id, WEBHOOK, patience=2, pause=0)

    def living(self) -> list[str]:
        """What is left of canaries."""
        tasks = [str(each.subject) for each in self.stage.tasks()]
        user = self.stage.org.integration_user.id
        here = [each for each in self.stage.ledger.all() if each.values.assignee == user and not each.tombstone]
        return tasks + [each.values.name for each in here]

    def syncs(self) -> bool:
        """Whether the canary's user syncs."""
        user = self.stage.org.integration_user.id
        return self.stage.ledger.users([user])[user].syncs

    def _seconds(self) -> None:
        self.stage.later(seconds=5)
        self.stage.push()
        self.stage.pull()

    def _receiver(self) -> runtime.Receiver:
        return runtime.Receiver(
            hints=self.stage.hints,
            addresses=Secret(lambda: SECRET, self.stage.clock),
            organization_id=self.stage.org.organization_id,
            senders=self.senders,
        )

    @staticmethod
    def _post(url: str, *, content: str, headers: dict[str, str], timeout: float) -> httpx.Response:
        assert timeout
        asked = Request(
            "POST", "/hooks/", "", {k.lower(): v for k, v in headers.items()}, content.encode(), "198.51.100.7"
        )
        parameters = {"secret": url.rpartition("/")[2]}
        event = gateway.event(Route("receive", "POST", "/hooks/{secret}", None), parameters, asked, None)
        return httpx.Response(receive.handler(event, CONTEXT)["statusCode"])


@pytest.fixture
def air(monkeypatch: pytest.MonkeyPatch) -> Air:
    """A world in which it flies well."""
    return Air(monkeypatch)


def test_it_goes_there_and_back_and_leaves_nothing(air: Air) -> None:
    """Created here, completed there, deleted here: each direction once, and the user's own switch as it was."""
    assert [step.name.partition(" task")[0] for step in air.canary.fly()] == [
        "a reminder made here has its",
        "completed there, it is complete here, by the webhook",
        "deleted here, it is deleted there",
    ]
    assert air.living() == []
    assert not air.syncs()


def test_a_user_who_syncs_goes_on_syncing(air: Air) -> None:
    """The canary must not turn off what somebody has turned on."""
    air.stage.sync(air.stage.org.integration_user.id)
    list(air.canary.fly())
    assert air.syncs()


@pytest.mark.parametrize("how", ["no address", "not from here"])
def test_where_the_webhook_is_closed_to_it_the_poll_brings_it_back(air: Air, how: str) -> None:
    """I2: with a client certificate or address ranges only Salesforce can post; the canary then waits for the poll."""
    if how == "no address":
        air.canary.webhook = ""
    else:
        air.senders = Senders.of("192.0.2.0/24", "")
    air.quick = air.stage.settle
    assert "by the poll" in [step.name for step in air.canary.fly()][1]
    assert air.living() == []


def _refused(air: Air) -> None:
    air.stage.org.state.validations.append(lambda _: "No birds here")


def _rewritten(air: Air) -> None:
    air.stage.org.state.automations.append(lambda row: row.update(Subject="Rewritten"))


def _nobody_pushes(air: Air) -> None:
    air.quick = lambda: None


def _nobody_pulls(air: Air) -> None:
    def pushed_only() -> None:
        air.stage.later(seconds=5)
        air.stage.push()

    air.quick = pushed_only


def _function_fails(air: Air) -> None:
    air.function.failing = True


def _other_address(air: Air) -> None:
    air.canary.webhook += "-old"


TROUBLES = [
    (_refused, "No birds here"),
    (_rewritten, "has another subject"),
    (_nobody_pushes, "not seen within 2 s: the reminder has its task. .*push function"),
    (_nobody_pulls, "completes the reminder. Read the logs of the receive and pull"),
    (_function_fails, "the api function failed: RunFailed"),
    (_other_address, "the webhook answers 404"),
]


@pytest.mark.parametrize(("break_it", "words"), TROUBLES)
def test_what_kills_it_is_named_and_what_it_made_is_cleaned_up(
    air: Air, break_it: Callable[[Air], None], words: str
) -> None:
    """A canary that dies says of what, never the secret address; and leaves nothing for a person to clean up."""
    break_it(air)
    with pytest.raises(Died, match=words) as caught:
        list(air.canary.fly())
    assert SECRET not in str(caught.value)
    air.function.failing = False
    air.stage.settle()
    assert air.living() == []
    assert not air.syncs()
