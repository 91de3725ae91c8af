"""How the real world is built: the environment, secrets and their rotation, one of everything per container."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

import boto3
import pytest
from fakes.memory_hints import MemoryHints
from fakes.still_clock import StillClock
from moto import mock_aws

from reminders import runtime
from reminders.aws.hint_queue import HintQueue, unpack
from reminders.aws.secret import LONGEST, SHORTEST, Secret
from reminders.core.task import Hint
from reminders.runtime import Environment, NotConfigured, Receiver, ReceiverEnvironment, read
from reminders.salesforce.outbound_message import Senders

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

VARIABLES = {
    "REMINDERS_TABLE": "reminders",
    "LINKS_TABLE": "links",
    "HISTORY_TABLE": "history",
    "STATE_TABLE": "state",
    "HINTS_QUEUE_URL": "https://sqs.example.org/hints",
    "ORGANIZATION_ID": "00D5g000004XyzAEAS",
    "SALESFORCE_URL": "https://acme.my.salesforce.com",
    "SALESFORCE_SECRET": "salesforce",
    "WEBHOOK_SECRET": "webhook",
}
CREDENTIALS = {"consumer_key": "key", "consumer_secret": "hush-hush"}


class Vault:
    """A secret that can be changed, and how often it was asked for."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.asked = 0

    def fetch(self) -> str:
        """Give the newest text."""
        self.asked += 1
        return self.text


@pytest.fixture
def container(monkeypatch: pytest.MonkeyPatch) -> Iterator[StillClock]:
    """Start a new container in an emulated AWS, with the environment that the template sets; its clock stands still."""
    clock = StillClock()
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    built = [
        item for item in vars(runtime).values() if hasattr(item, "cache_clear") and item.__module__ == runtime.__name__
    ]
    for item in built:
        item.cache_clear()
    monkeypatch.setattr(runtime, "clock", lambda: clock)
    with mock_aws():
        yield clock
    for item in built:
        item.cache_clear()


@pytest.fixture
def vault(container: StillClock) -> SecretsManagerClient:
    """Fill both secrets."""
    client = boto3.client("secretsmanager")
    client.create_secret(Name="salesforce", SecretString=json.dumps(CREDENTIALS))
    client.create_secret(Name="webhook", SecretString="first-address")
    return client


def test_every_missing_variable_is_named_at_once() -> None:
    """Whoever deploys by hand should learn of all that is missing in one go, an empty value included."""
    with pytest.raises(NotConfigured) as caught:
        read(Environment, VARIABLES | {"STATE_TABLE": "", "LINKS_TABLE": ""})

    assert str(caught.value) == "missing in the environment: LINKS_TABLE, STATE_TABLE"


def test_webhook_needs_only_its_own_variables() -> None:
    """The webhook can be deployed, and answers, without a table or a credential for Salesforce in reach."""
    own = ReceiverEnvironment(hints_queue_url="q", organization_id="o", webhook_secret="w")

    assert read(ReceiverEnvironment, {"HINTS_QUEUE_URL": "q", "ORGANIZATION_ID": "o", "WEBHOOK_SECRET": "w"}) == own


def test_api_version_has_a_default_and_can_be_set() -> None:
    """Salesforce retires versions; the one in use is a setting."""
    assert read(Environment, VARIABLES).salesforce_api_version == "66.0"
    assert read(Environment, VARIABLES | {"SALESFORCE_API_VERSION": "68.0"}).salesforce_api_version == "68.0"


def test_world_is_built_once_per_container(vault: SecretsManagerClient) -> None:
    """Connections and sessions are kept from one invocation to the next."""
    first, second = runtime.world(), runtime.world()

    assert first.ledger is second.ledger
    assert first.org is second.org
    assert first.hints is second.hints


def test_new_credentials_are_picked_up_without_a_new_container(
    vault: SecretsManagerClient, container: StillClock
) -> None:
    """A rotated consumer secret would otherwise stop a warm container until AWS happens to replace it."""
    before = runtime.world()
    vault.put_secret_value(SecretId="salesforce", SecretString=json.dumps(CREDENTIALS | {"consumer_secret": "new"}))
    soon = runtime.world()
    container.forward(LONGEST + timedelta(seconds=1))
    after = runtime.world()

    assert soon.org is before.org
    assert after.org is not before.org
    assert after.ledger is before.ledger


@pytest.mark.parametrize(
    "text",
    [" ", "hush-hush", '"hush-hush"', "[]", '{"consumer_secret": "hush-hush"}', '{"consumer_key": "hush-hush"}'],
)
def test_unusable_secret_is_a_clear_error_without_its_value(vault: SecretsManagerClient, text: str) -> None:
    """A wrong entry in the secret is the most likely mistake of a set-up; the log must explain it, and not quote it."""
    vault.put_secret_value(SecretId="salesforce", SecretString=text)

    with pytest.raises(NotConfigured) as caught:
        runtime.world()
    assert "Salesforce secret" in str(caught.value)
    assert "hush-hush" not in str(caught.value)


def test_secret_without_a_value_is_a_clear_error(container: StillClock) -> None:
    """The template creates the secret empty; until it is filled, the log says so."""
    with pytest.raises(NotConfigured, match="the secret salesforce has no value"):
        runtime.world()


def test_receiver_stores_on_the_queue_of_the_environment(
    vault: SecretsManagerClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The webhook's hints must arrive where the pull reads."""
    sqs = boto3.client("sqs")
    url = sqs.create_queue(QueueName="hints")["QueueUrl"]
    monkeypatch.setenv("HINTS_QUEUE_URL", url)

    receiver = runtime.receiver()
    receiver.hints.store([Hint("00T5g00000AbCdEEAV")])

    assert isinstance(receiver.hints, HintQueue)
    assert receiver.organization_id == VARIABLES["ORGANIZATION_ID"]
    assert receiver.knows("first-address")
    body = sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"]
    assert unpack(body) == (Hint("00T5g00000AbCdEEAV"),)


def test_senders_are_those_of_the_environment(container: StillClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """I2: the parameters WebhookSenders and WebhookClientName; ranges that cannot be read must not mean anybody."""
    monkeypatch.setenv("WEBHOOK_SENDERS", "192.0.2.0/24")
    monkeypatch.setenv("WEBHOOK_CLIENT_NAME", "proxy.salesforce.com")
    assert runtime.receiver().senders == Senders.of("192.0.2.0/24", "proxy.salesforce.com")
    runtime.receiver.cache_clear()
    monkeypatch.setenv("WEBHOOK_SENDERS", "192.0.2.1/24")
    with pytest.raises(NotConfigured, match="WEBHOOK_SENDERS cannot be used"):
        runtime.receiver()


def receiver(vault: Vault, clock: StillClock) -> Receiver:
    """Make a receiver with this secret."""
    return Receiver(hints=MemoryHints(), addresses=Secret(vault.fetch, clock), organization_id="o")


def test_new_address_is_known_soon_after_a_rotation() -> None:
    """Otherwise every message to the new address would be refused until the container is replaced."""
    vault, clock = Vault("first"), StillClock()
    webhook = receiver(vault, clock)
    assert webhook.knows("first")

    vault.text = "second"
    clock.forward(SHORTEST + timedelta(seconds=1))

    assert webhook.knows("second")
    assert not webhook.knows("first")


def test_old_address_is_forgotten_even_if_nobody_uses_the_new_one() -> None:
    """A leaked address must stop working when it was replaced."""
    vault, clock = Vault("first"), StillClock()
    webhook = receiver(vault, clock)
    assert webhook.knows("first")

    vault.text = "second"
    clock.forward(LONGEST + timedelta(seconds=1))

    assert not webhook.knows("first")


def test_strangers_cannot_make_us_ask_the_vault_for_every_guess() -> None:
    """Each look-up costs money and counts against a quota that other functions share."""
    vault, clock = Vault("first"), StillClock()
    webhook = receiver(vault, clock)

    assert not any(webhook.knows(f"guess {number}") for number in range(1_000))
    assert vault.asked == 1


def test_known_address_asks_the_vault_once_in_a_while_only() -> None:
    """The webhook answers within milliseconds because it does not ask with every message."""
    vault, clock = Vault("first"), StillClock()
    webhook = receiver(vault, clock)

    for _ in range(60):
        assert webhook.knows("first")
        clock.forward(timedelta(seconds=10))
    assert vault.asked == 2
