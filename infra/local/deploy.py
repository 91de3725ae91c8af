"""Create what the template declares - tables, queues, secrets - in the emulated AWS, and learn its names and ARNs.

Every resource type and property is either created or on a list of what has no meaning here; anything else is an error.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import boto3
from botocore.config import Config

from infra.local.template import ACCOUNT, REGION, Resource, Template, TemplateError

WITHOUT_MEANING: Final = {
    "AWS::CloudWatch::Alarm": "no metrics are kept here",
    "AWS::CloudWatch::Dashboard": "no metrics are kept here",
    "AWS::IAM::Role": "nothing is forbidden here; tests compare each role with the calls that its function makes",
    "AWS::Logs::LogGroup": "logs go to a file",
}
WIRED_BY_THE_HOST: Final = {"AWS::Serverless::Function", "AWS::Serverless::HttpApi", "AWS::Lambda::EventSourceMapping"}

SEEN: Final = "Seen"
"""An event bus's name with this behind it is the queue that shows what was sent on it."""

_TABLE_CREATED: Final = {
    "AttributeDefinitions",
    "BillingMode",
    "GlobalSecondaryIndexes",
    "KeySchema",
    "StreamSpecification",
}
_TABLE_WITHOUT_MEANING: Final = {"DeletionProtectionEnabled", "PointInTimeRecoverySpecification", "SSESpecification"}
_QUEUE_ATTRIBUTES: Final = {"MessageRetentionPeriod", "RedrivePolicy", "SqsManagedSseEnabled", "VisibilityTimeout"}
_SECRET_KNOWN: Final = {"Description", "GenerateSecretString"}


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where the emulated AWS listens; tables may live in another program than the rest."""

    aws: str
    dynamodb: str

    def environment(self) -> dict[str, str]:
        """What makes every AWS client of a process talk to the emulation, and to nothing else."""
        return {
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_DEFAULT_REGION": REGION,
            "AWS_REGION": REGION,
            "AWS_ENDPOINT_URL": self.aws,
            "AWS_ENDPOINT_URL_DYNAMODB": self.dynamodb,
            "AWS_ENDPOINT_URL_DYNAMODB_STREAMS": self.dynamodb,
            "AWS_ACCOUNT_ID_ENDPOINT_MODE": "disabled",  # else streams are looked for at <account>.…
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def session(self) -> boto3.session.Session:
        """A session with this process's own throw-away credentials."""
        return boto3.session.Session(aws_access_key_id="local", aws_secret_access_key="local", region_name=REGION)  # noqa: S106 - opens nothing

    def client(self, service: str) -> Any:  # noqa: ANN401 - one factory for clients of several types
        """A client of the emulation."""
        tables = service in ("dynamodb", "dynamodbstreams")
        return self.session().client(  # type: ignore[call-overload]  # the service is no literal here
            service,
            endpoint_url=self.dynamodb if tables else self.aws,
            config=Config(account_id_endpoint_mode="disabled", retries={"mode": "standard", "total_max_attempts": 3}),
        )


def deploy(template: Template, endpoints: Endpoints, secrets: Mapping[str, str]) -> None:
    """Create every resource that does not exist yet and fill `template.attributes`. Raises TemplateError.

    `secrets` are the values of the secrets by logical name.
    """
    for resource in template.resources.values():
        if resource.type in WITHOUT_MEANING:
            template.attributes[resource.name, "Ref"] = template.attributes[resource.name, "Arn"] = resource.name
        elif resource.type in WIRED_BY_THE_HOST:
            template.attributes[resource.name, "Ref"] = resource.name
            template.attributes[resource.name, "Arn"] = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{resource.name}"
    services = ("dynamodb", "sqs", "events", "secretsmanager")
    tables, queues, buses, vault = (endpoints.client(service) for service in services)
    waiting = [r for r in template.resources.values() if r.type not in {*WITHOUT_MEANING, *WIRED_BY_THE_HOST}]
    # A queue names its dead-letter queue, which may be declared after it.
    for resource in sorted(waiting, key=lambda resource: "RedrivePolicy" in resource.properties):
        match resource.type:
            case "AWS::DynamoDB::Table":
                _table(template, resource, tables)
            case "AWS::SQS::Queue":
                _queue(template, resource, queues)
            case "AWS::Events::EventBus":
                _bus(template, resource, buses, queues)
            case "AWS::SecretsManager::Secret":
                _secret(template, resource, vault, secrets)
            case _:
                raise TemplateError(f"{resource.name}: {resource.type} is not known here")


def _known(resource: Resource, properties: Mapping[str, Any], known: set[str]) -> None:
    if unknown := set(properties) - known:
        raise TemplateError(f"{resource.name}: {', '.join(sorted(unknown))} not known here")


def _table(template: Template, resource: Resource, client: Any) -> None:  # noqa: ANN401 - see Endpoints.client
    properties = template.properties(resource)
    _known(resource, properties, _TABLE_CREATED | _TABLE_WITHOUT_MEANING | {"TimeToLiveSpecification"})
    wanted = {key: value for key, value in properties.items() if key in _TABLE_CREATED}
    if "StreamSpecification" in wanted:
        wanted["StreamSpecification"] = {"StreamEnabled": True, **wanted["StreamSpecification"]}
    try:
        client.create_table(TableName=resource.name, **wanted)
    except client.exceptions.ResourceInUseException:
        _unchanged(resource, wanted, client.describe_table(TableName=resource.name)["Table"])
    else:
        client.get_waiter("table_exists").wait(TableName=resource.name, WaiterConfig={"Delay": 1})
        if expiry := properties.get("TimeToLiveSpecification"):
            client.update_time_to_live(TableName=resource.name, TimeToLiveSpecification=expiry)
    table = client.describe_table(TableName=resource.name)["Table"]
    template.attributes[resource.name, "Ref"] = resource.name
    template.attributes[resource.name, "Arn"] = table["TableArn"]
    if "StreamSpecification" in wanted:
        template.attributes[resource.name, "StreamArn"] = table["LatestStreamArn"]


def _unchanged(resource: Resource, wanted: Mapping[str, Any], table: Mapping[str, Any]) -> None:
    """A table kept in the data folder from an earlier run must be the one that the template declares today."""
    indexes = [{_index(index) for index in one.get("GlobalSecondaryIndexes", ())} for one in (wanted, table)]
    if wanted["KeySchema"] != table["KeySchema"] or indexes[0] != indexes[1]:
        raise TemplateError(
            f"{resource.name}: the data folder holds it with other keys or indexes; start with another one"
        )


def _index(index: Mapping[str, Any]) -> tuple[str, str, tuple[str, ...]]:
    projection = index["Projection"]
    return index["IndexName"], projection["ProjectionType"], tuple(sorted(projection.get("NonKeyAttributes", ())))


def _queue(template: Template, resource: Resource, client: Any) -> None:  # noqa: ANN401 - see Endpoints.client
    properties = template.properties(resource)
    _known(resource, properties, _QUEUE_ATTRIBUTES)
    attributes = {key: _attribute(value) for key, value in properties.items()}
    url = client.create_queue(QueueName=resource.name, Attributes=attributes)["QueueUrl"]
    template.attributes[resource.name, "Ref"] = url
    template.attributes[resource.name, "QueueName"] = resource.name
    template.attributes[resource.name, "Arn"] = client.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])[
        "Attributes"
    ]["QueueArn"]


def _bus(template: Template, resource: Resource, client: Any, queues: Any) -> None:  # noqa: ANN401 - see Endpoints.client
    """An event bus; and, because a bus keeps nothing, a rule and a queue of our own that show what was sent on it."""
    properties = template.properties(resource)
    _known(resource, properties, {"Description", "Name"})
    name, seen = properties["Name"], f"{resource.name}{SEEN}"
    with contextlib.suppress(client.exceptions.ResourceAlreadyExistsException):
        client.create_event_bus(Name=name)
    url = queues.create_queue(QueueName=seen)["QueueUrl"]
    arn = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    client.put_rule(Name=seen, EventBusName=name, EventPattern=json.dumps({"account": [ACCOUNT]}))
    client.put_targets(Rule=seen, EventBusName=name, Targets=[{"Id": seen, "Arn": arn}])
    template.attributes[resource.name, "Ref"] = name
    template.attributes[resource.name, "Arn"] = client.describe_event_bus(Name=name)["Arn"]
    template.attributes[seen, "Ref"] = url


def _attribute(value: Any) -> str:  # noqa: ANN401 - a template's value has any shape
    """SQS takes every attribute as text."""
    if isinstance(value, bool):
        return str(value).lower()
    return json.dumps(value) if isinstance(value, dict) else str(value)


def _secret(template: Template, resource: Resource, client: Any, secrets: Mapping[str, str]) -> None:  # noqa: ANN401 - see Endpoints.client
    _known(resource, template.properties(resource), _SECRET_KNOWN)
    if resource.name not in secrets:
        raise TemplateError(f"{resource.name}: no value given")
    try:
        client.create_secret(Name=resource.name, SecretString=secrets[resource.name])
    except client.exceptions.ResourceExistsException:
        client.put_secret_value(SecretId=resource.name, SecretString=secrets[resource.name])
    template.attributes[resource.name, "Ref"] = client.describe_secret(SecretId=resource.name)["ARN"]
