"""A deployed service without AWS: CloudFormation, secrets and alarms in moto's server, made of the few resources that the guide looks at.

SAM's part is played by `sam_in_moto.py`, a program that takes the arguments of `sam deploy` and creates or updates this stack.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import boto3
import pytest
from botocore.exceptions import ClientError
from moto.backends import get_backend
from moto.server import ThreadedMotoServer

REGION: Final = "eu-central-1"
STACK: Final = "reminders-test"
CENTER, WEBHOOK, ADDRESS = "TEST_COMMAND_CENTER", "TEST_WEBHOOK", "TEST_WEBHOOK_SECRET"
"""Variables that say where the stack's outputs lead, and the webhook's secret: this moto serves no HTTP API."""
SERVICES: Final = ("cloudformation", "secretsmanager", "dynamodb", "sqs", "events", "cloudwatch")

TEMPLATE: Final[dict[str, Any]] = {
    "Parameters": {name: {"Type": "String"} for name in ("SalesforceUrl", "OrganizationId", "SignInAudience", "Center", "Hooks", "HooksSecret", "KeySecret")},
    "Resources": {
        "RemindersTable": {
            "Type": "AWS::DynamoDB::Table",
            "DeletionPolicy": "Retain",
            "Properties": {
                "BillingMode": "PAY_PER_REQUEST",
                "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
                "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
                "DeletionProtectionEnabled": True,
            },
        },
        "HintsDeadLetters": {"Type": "AWS::SQS::Queue", "DeletionPolicy": "Retain"},
        "EventBus": {"Type": "AWS::Events::EventBus", "Properties": {"Name": "events"}},
    },
    "Outputs": {
        "CommandCenter": {"Value": {"Ref": "Center"}},
        "Webhook": {"Value": {"Ref": "Hooks"}},
        "WebhookSecretId": {"Value": {"Ref": "HooksSecret"}},
        "SalesforceSecretId": {"Value": {"Ref": "KeySecret"}},
        "EventBusArn": {"Value": {"Fn::GetAtt": ["EventBus", "Arn"]}},
        "Audience": {"Value": {"Ref": "SignInAudience"}},
    },
}  # fmt: skip


@contextmanager
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Have an AWS of one's own for as long as this lasts; every client of this process, and of programs it starts, asks it."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    address = f"http://{host}:{port}"
    for name in list(os.environ):
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ENDPOINT_URL", address)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    try:
        yield address
    finally:
        for service in SERVICES:
            get_backend(service).reset()
        server.stop()


def deploy(parameters: dict[str, str], stack: str = STACK, region: str = REGION) -> None:
    """Create the stack, or update its parameters."""
    client = boto3.client("cloudformation", region_name=region)
    secrets = _secrets(region)
    given = parameters | {"Center": os.environ[CENTER], "Hooks": os.environ[WEBHOOK], **secrets}
    listed = [{"ParameterKey": key, "ParameterValue": given[key]} for key in TEMPLATE["Parameters"]]
    body = json.dumps(TEMPLATE)
    try:
        client.describe_stacks(StackName=stack)
    except ClientError:
        client.create_stack(StackName=stack, TemplateBody=body, Parameters=listed)
    else:
        try:
            client.update_stack(StackName=stack, TemplateBody=body, Parameters=listed)
        except ClientError as error:
            if "No updates" not in str(error):  # SAM is told not to fail where nothing changes
                raise


def _secrets(region: str) -> dict[str, str]:
    """The stack's secrets, by the outputs that name them; moto's CloudFormation knows none, so they are made beside it."""
    vault = boto3.client("secretsmanager", region_name=region)
    with contextlib.suppress(vault.exceptions.ResourceExistsException):
        vault.create_secret(Name="webhook", SecretString=os.environ.get(ADDRESS, "unguessable"))
        vault.create_secret(Name="salesforce")
    arns = {name: vault.describe_secret(SecretId=name)["ARN"] for name in ("webhook", "salesforce")}
    return {"HooksSecret": arns["webhook"], "KeySecret": arns["salesforce"]}


def as_sam(arguments: list[str]) -> None:
    """Do what `sam deploy` does with these arguments. Raises ValueError for others."""
    if (
        arguments[0] != "deploy"
        or "--no-confirm-changeset" not in arguments
        or "--no-fail-on-empty-changeset" not in arguments
    ):
        raise ValueError(f"not as the guide calls SAM: {arguments}")

    def option(name: str) -> str:
        return arguments[arguments.index(name) + 1]

    if not Path(option("--config-file")).exists():
        raise ValueError("the configuration is not there")
    overrides = arguments[arguments.index("--parameter-overrides") + 1 :]
    deploy(
        {name: value for name, value in (each.split("=", 1) for each in overrides) if name != "Release"},
        option("--stack-name"),
        option("--region"),
    )


if __name__ == "__main__":
    as_sam(sys.argv[1:])
