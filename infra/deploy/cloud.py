"""The stack as it is in AWS: its outputs and resources, its secrets, its alarms, and taking it away."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

AWS: Final = Config(connect_timeout=5, read_timeout=60, retries={"mode": "standard", "total_max_attempts": 3})
GONE: Final = (
    "ResourceNotFoundException",
    "ValidationError",
    "QueueDoesNotExist",
    "AWS.SimpleQueueService.NonExistentQueue",
)
KEPT: Final = ("AWS::DynamoDB::Table", "AWS::SQS::Queue", "AWS::SecretsManager::Secret")
"""Types of what the template retains when the stack is deleted, or may."""

AwsFailed = (BotoCoreError, ClientError)


class Cloud:
    """One stack in one region."""

    def __init__(self, stack: str, region: str) -> None:
        self.stack = stack
        self.region = region
        self._session = boto3.session.Session(region_name=region or None)

    def client(self, service: str) -> Any:  # noqa: ANN401 - one factory for clients of several types
        """A client of this region."""
        return self._session.client(service, config=AWS)  # type: ignore[call-overload]  # the service is no literal here

    def account(self) -> str:
        """Whose account this is, as an ARN. Raises what boto3 raises."""
        arn: str = self.client("sts").get_caller_identity()["Arn"]
        return arn

    def status(self) -> str | None:
        """The stack's status; None if there is none."""
        try:
            found = self.client("cloudformation").describe_stacks(StackName=self.stack)["Stacks"]
        except ClientError as error:
            if error.response["Error"]["Code"] in GONE:
                return None
            raise
        return str(found[0]["StackStatus"]) if found else None

    def outputs(self) -> Mapping[str, str]:
        """The stack's outputs. Raises ClientError where there is no stack."""
        [found] = self.client("cloudformation").describe_stacks(StackName=self.stack)["Stacks"]
        return {each["OutputKey"]: each["OutputValue"] for each in found.get("Outputs", ())}

    def resources(self, *types: str) -> dict[str, str]:
        """Physical ids by logical name."""
        pages = self.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=self.stack)
        return {
            each["LogicalResourceId"]: each["PhysicalResourceId"]
            for page in pages
            for each in page["StackResourceSummaries"]
            if each["ResourceType"] in types and "PhysicalResourceId" in each
        }

    def secret(self, secret_id: str) -> str | None:
        """A secret's value; None if it has none."""
        try:
            return str(self.client("secretsmanager").get_secret_value(SecretId=secret_id)["SecretString"])
        except ClientError as error:
            if error.response["Error"]["Code"] in GONE:
                return None
            raise

    def sign_in(self) -> dict[str, str]:
        """What is in the secret for signing in to Salesforce; empty if nothing is. Raises ValueError if it is no JSON object."""
        value = self.secret(self.outputs()["SalesforceSecretId"])
        entries = json.loads(value) if value else {}
        if not isinstance(entries, dict):
            raise ValueError("it is no JSON object")  # noqa: TRY004 - the text is wrong, not its type
        return entries

    def store_sign_in(self, entries: Mapping[str, str]) -> None:
        """Put that secret's value."""
        secret_id = self.outputs()["SalesforceSecretId"]
        self.client("secretsmanager").put_secret_value(SecretId=secret_id, SecretString=json.dumps(entries))

    def ringing(self) -> list[str]:
        """Descriptions of the stack's alarms that ring now."""
        asked = {
            "AlarmNamePrefix": f"{self.stack}-",
            "StateValue": "ALARM",
        }  # CloudFormation names them <stack>-<logical name>-…
        pages = self.client("cloudwatch").get_paginator("describe_alarms").paginate(**asked)
        alarms = [each for page in pages for each in page["MetricAlarms"]]
        return [f"{each['AlarmName']}: {each.get('AlarmDescription', '')}" for each in alarms]

    def delete_stack(self) -> None:
        """Delete the stack, and wait until it is gone. Raises WaiterError with AWS's reason."""
        client = self.client("cloudformation")
        client.delete_stack(StackName=self.stack)
        client.get_waiter("stack_delete_complete").wait(StackName=self.stack)

    def delete_kept(self, kept: Mapping[str, str]) -> Iterator[str]:
        """Delete what the stack left, by physical id; tells each. What is gone already is no failure."""
        for name, physical_id in kept.items():
            try:
                self._delete(physical_id)
            except ClientError as error:
                if error.response["Error"]["Code"] not in GONE:
                    raise
            yield name

    def _delete(self, physical_id: str) -> None:
        if physical_id.startswith(("https://", "http://")):
            self.client("sqs").delete_queue(QueueUrl=physical_id)
        elif physical_id.startswith("arn:"):
            self.client("secretsmanager").delete_secret(SecretId=physical_id, RecoveryWindowInDays=7)
        else:
            tables = self.client("dynamodb")
            tables.update_table(TableName=physical_id, DeletionProtectionEnabled=False)
            tables.delete_table(TableName=physical_id)
