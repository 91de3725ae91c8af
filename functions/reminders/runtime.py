"""Builds the real world from the environment: the only place that does, once per container.

What only some functions need is imported where it is built: `receive` loads neither ports, ledger nor Salesforce client.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, Final, TypeVar

import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError

from reminders import telemetry
from reminders.aws.hint_queue import HintQueue
from reminders.aws.secret import Secret
from reminders.salesforce.outbound_message import ANYBODY, Senders, matches

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

    from reminders.aws.completions import Bus
    from reminders.ports import Clock, DeadLetters, Hints, Ledger, Org, World
    from reminders.signin.provider import Provider

AWS: Final = Config(connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 3})
"""Of every AWS client that we build: seconds per attempt, and attempts in all."""

_Variables = TypeVar(
    "_Variables",
    "Environment",
    "ReceiverEnvironment",
    "RelayEnvironment",
    "AnnouncerEnvironment",
    "SweepEnvironment",
    "SignInEnvironment",
)


class NotConfigured(telemetry.Speakable):
    """The environment or the secret does not hold what the functions need. The text names every missing entry, no value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiverEnvironment:
    """What the webhook reads from the environment; each field's variable is its name in capitals."""

    hints_queue_url: str
    organization_id: str
    webhook_secret: str
    webhook_senders: str = ""
    webhook_client_name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayEnvironment:
    """What the relay reads from the environment; each field's variable is its name in capitals."""

    hints_queue_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnouncerEnvironment:
    """What the announcer reads from the environment; each field's variable is its name in capitals."""

    event_bus: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """What all other functions read from the environment; each field's variable is its name in capitals.

    `salesforce_secret` is the id of a secret in Secrets Manager: JSON with `consumer_key` and either `consumer_secret`, or
    `username` and `private_key`; `audience` if it is not https://login.salesforce.com.
    """

    reminders_table: str
    links_table: str
    history_table: str
    state_table: str
    hints_queue_url: str
    organization_id: str
    salesforce_url: str
    salesforce_secret: str
    salesforce_api_version: str = "66.0"


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepEnvironment:
    """What only the sweep reads from the environment besides."""

    hints_dead_letters_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInEnvironment:
    """What the sign-in reads from the environment: the org's issuer and id, and the consumer key of the app that people sign in with."""

    sign_in_issuer: str
    sign_in_audience: str
    organization_id: str


class SystemClock:
    """The real clock."""

    def now(self) -> datetime:
        """Now: aware UTC, whole seconds."""
        return datetime.now(UTC).replace(microsecond=0)

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """Everything the webhook needs."""

    hints: Hints
    addresses: Secret
    organization_id: str
    senders: Senders = ANYBODY

    def knows(self, address: str) -> bool:
        """Tell whether this is our secret address; one that does not fit may be the newest, after a rotation."""
        return matches(address, self.addresses.value()) or matches(address, self.addresses.latest())


def read(variables: type[_Variables], environ: Mapping[str, str]) -> _Variables:
    """Read the variables from the environment. Raises NotConfigured, naming each that is missing or empty."""
    values = {field.name: environ.get(field.name.upper(), "") for field in fields(variables)}
    given = {name: value for name, value in values.items() if value}
    missing = [
        field.name.upper() for field in fields(variables) if field.default is MISSING and field.name not in given
    ]
    if missing:
        raise NotConfigured(f"missing in the environment: {', '.join(missing)}")
    return variables(**given)


@cache
def environment() -> Environment:
    """The environment of this container. Raises NotConfigured."""
    return read(Environment, os.environ)


@cache
def clock() -> Clock:
    """The clock of this container."""
    return SystemClock()


@cache
def receiver() -> Receiver:
    """Everything the webhook needs, and nothing else. Raises NotConfigured."""
    telemetry.logger()
    variables = read(ReceiverEnvironment, os.environ)
    try:
        senders = Senders.of(variables.webhook_senders, variables.webhook_client_name)
    except ValueError as error:
        raise NotConfigured(f"WEBHOOK_SENDERS cannot be used: {error}") from None
    return Receiver(
        hints=_hints(variables.hints_queue_url),
        addresses=_secret(variables.webhook_secret),
        organization_id=variables.organization_id,
        senders=senders,
    )


@cache
def relay_queue() -> Hints:
    """Everything the relay needs, and nothing else. Raises NotConfigured."""
    telemetry.logger()
    return _hints(read(RelayEnvironment, os.environ).hints_queue_url)


@cache
def bus() -> Bus:
    """Everything the announcer needs, and nothing else. Raises NotConfigured."""
    from reminders.aws import event_bus  # noqa: PLC0415 -- receive must not load it

    telemetry.logger()
    variables = read(AnnouncerEnvironment, os.environ)
    return event_bus.EventBus(_client("events"), variables.event_bus, clock())


@cache
def provider() -> Provider:
    """Everything the sign-in needs, and nothing else. Raises NotConfigured."""
    from reminders.signin import provider as openid  # noqa: PLC0415 -- receive must not load it

    telemetry.logger()
    variables = read(SignInEnvironment, os.environ)
    return openid.Provider(
        openid.Client(
            issuer=variables.sign_in_issuer,
            client_id=variables.sign_in_audience,
            organization_id=variables.organization_id,
        )
    )


def world() -> World:
    """Everything the other functions need.

    Its parts are built once per container; the org's client anew when the secret holds other credentials, which is asked at
    most every five minutes. Raises NotConfigured.
    """
    from reminders.ports import World  # noqa: PLC0415 -- receive must not load it

    telemetry.logger()
    variables = environment()
    credentials = _secret(variables.salesforce_secret).value()
    return World(
        ledger=_ledger(),
        org=_org(variables.salesforce_url, variables.salesforce_api_version, credentials),
        hints=_hints(variables.hints_queue_url),
        clock=clock(),
    )


@cache
def dead_letters() -> DeadLetters:
    """Where hints end up that failed alone. Raises NotConfigured."""
    from reminders.aws import dead_letter_queue  # noqa: PLC0415 -- receive must not load it

    url = read(SweepEnvironment, os.environ).hints_dead_letters_url
    return dead_letter_queue.DeadLetterQueue(_client("sqs"), url)


@cache
def _session() -> botocore.session.Session:
    return botocore.session.get_session()


def _client(service: str) -> Any:  # noqa: ANN401 - each service's own client; whoever asks says which
    """Make a client by botocore itself: boto3 adds resources and transfers that we do not use, and a third of a cold start."""
    return _session().create_client(service, config=AWS)


@cache
def _hints(url: str) -> Hints:
    return HintQueue(_client("sqs"), url, clock())


@cache
def _vault() -> SecretsManagerClient:
    vault: SecretsManagerClient = _client("secretsmanager")
    return vault


@cache
def _secret(secret_id: str) -> Secret:
    return Secret(lambda: _fetch(secret_id), clock())


def _fetch(secret_id: str) -> str:
    """Ask the vault. Raises NotConfigured where no repetition helps, else what botocore raises."""
    try:
        return _vault().get_secret_value(SecretId=secret_id)["SecretString"]
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in {"ResourceNotFoundException", "AccessDeniedException"}:
            raise NotConfigured(f"the secret {secret_id} has no value, or may not be read: {code}") from None
        raise


@lru_cache(maxsize=1)
def _org(url: str, api_version: str, secret: str) -> Org:
    """Make the client; it signs in when first asked. Raises NotConfigured if the secret is not what it should be."""
    from reminders.salesforce import client  # noqa: PLC0415 -- receive must not load it

    try:
        entries = json.loads(secret)
        return client.connect(
            client.Credentials(
                url=url,
                api_version=api_version,
                consumer_key=entries["consumer_key"],
                **{
                    name: entries[name]
                    for name in ("consumer_secret", "username", "private_key", "audience")
                    if name in entries
                },
            )
        )
    except (KeyError, TypeError, ValueError) as error:
        raise NotConfigured(f"the Salesforce secret or address cannot be used: {error}") from None


@cache
def _ledger() -> Ledger:
    from reminders.ledger import tables  # noqa: PLC0415 -- receive must not load it

    variables = environment()
    return tables.open_ledger(
        reminders=variables.reminders_table,
        links=variables.links_table,
        history=variables.history_table,
        state=variables.state_table,
    )
