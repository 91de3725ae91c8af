"""What every suite may ask for: no AWS but a local one, and DynamoDB Local where it can run."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache
from itertools import count

import botocore.session
import pytest
from hypothesis import settings

from infra.local import dynamodb as engine
from reminders import telemetry

settings.register_profile("suite", deadline=None)  # what else runs on the machine says nothing about an example
settings.load_profile("suite")

_numbers = count(1)
_one_session = cache(botocore.session.get_session)
"""PynamoDB opens a session per connection, and each reads botocore's model of DynamoDB anew: 70 ms, twice a test."""


@pytest.fixture(scope="session", autouse=True)
def _log_of_the_session() -> None:
    """Open the functions' log before any test: it keeps the stdout it first sees, and `capsys` closes a test's at its end."""
    telemetry.logger()


@pytest.fixture(scope="session")
def dynamodb() -> Iterator[str]:
    """DynamoDB Local's address: one engine per session (and xdist worker). Without Java it is a loud skip, in CI an error."""
    reason = engine.unavailable_reason()
    if reason and os.environ.get("CI"):
        pytest.fail(reason, pytrace=False)
    if reason:
        pytest.skip(reason)
    with engine.running() as endpoint:
        yield endpoint


@pytest.fixture
def tables(dynamodb: str, monkeypatch: pytest.MonkeyPatch) -> engine.TableNames:
    """Fresh tables on DynamoDB Local, as the arguments of `open_ledger`; the environment points there, with fake credentials."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", dynamodb)
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB_STREAMS", dynamodb)
    monkeypatch.setenv("AWS_ACCOUNT_ID_ENDPOINT_MODE", "disabled")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "local")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "local")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    monkeypatch.setattr("pynamodb.connection.base.get_session", _one_session)
    number = next(_numbers)
    names = engine.TableNames(
        reminders=f"reminders-{number}", links=f"links-{number}", history=f"history-{number}", state=f"state-{number}"
    )
    engine.create_tables(**names)
    return names
