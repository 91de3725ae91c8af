"""The rules of the house for `template.yaml`, as cfn-lint sees it: SAM's resources, with the Globals merged in.

cfn-lint loads every rule class of this folder (`.cfnlintrc`); `tests/unit/infra/test_lint.py` plants the fault of each.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from cfnlint.rules import CloudFormationLintRule, RuleMatch
from cfnlint.template import Template

FUNCTION: Final = "AWS::Serverless::Function"
HTTP_API: Final = "AWS::Serverless::HttpApi"

Path = list[str | int]
Fault = tuple[Path, str]
"""Where in the template, and what is wrong."""
Found = Iterator[Fault]

LONGEST_DESCRIPTION: Final = 1024
"""Characters of an alarm's description that CloudWatch keeps."""

_WHOLE = re.compile(r"[*?]")
_PARTS_OF_A_TABLE = ("/stream/*",)
_WITHOUT_RESOURCE = {"xray:PutTraceSegments", "xray:PutTelemetryRecords"}
"""Actions for which AWS knows no resource to name."""


class HouseRule(CloudFormationLintRule):  # type: ignore[misc]  # it is untyped
    """What all of them share; a rule gives `faults`. Abstract: it has no id, so cfn-lint does not load it."""

    tags = ("house",)

    def match(self, cfn: Template) -> list[RuleMatch]:
        """Give what is wrong."""
        return [RuleMatch(path, message) for path, message in self.faults(cfn)]

    def faults(self, cfn: Template) -> Found:
        """Find what is wrong."""
        raise NotImplementedError


class NamedResources(HouseRule):
    """A policy names its actions and its resources."""

    id = "E9001"
    shortdesc = "A policy names actions and resources"
    description = "A function has a role of its own; no wildcard in an action, and none in a resource but all streams of one table"

    def faults(self, cfn: Template) -> Found:
        """See HouseRule."""
        roles = _of(cfn, "AWS::IAM::Role")
        for name, function in _of(cfn, FUNCTION).items():
            role = function.get("Role")
            if not (isinstance(role, Mapping) and "Fn::GetAtt" in role and role["Fn::GetAtt"][0] in roles):
                yield ["Resources", name], "it has no role of this template: SAM's would have AWS's managed policies"
        for name, role in roles.items():
            if "ManagedPolicyArns" in role:
                yield ["Resources", name], "what it allows is not spelled out here"
            for number, policy in enumerate(role.get("Policies", ())):
                where: Path = ["Resources", name, "Properties", "Policies", number]
                for statement in _list(policy["PolicyDocument"]["Statement"]):
                    for words in self._wild(statement):
                        yield where, words

    @staticmethod
    def _wild(statement: Mapping[str, Any]) -> Iterator[str]:
        actions = [str(each) for each in _list(statement.get("Action", ()))]
        if wild := [each for each in actions if _WHOLE.search(each)] or "NotAction" in statement:
            yield f"these actions are not named: {wild}"
        if set(actions) <= _WITHOUT_RESOURCE:
            return
        for resource in _list(statement.get("Resource", "*")):
            text = resource if isinstance(resource, str) else str(resource.get("Fn::Sub", ""))
            if _WHOLE.search(_without_parts(text)):
                yield f"{text!r} is not the resource itself"


class KeptLogs(HouseRule):
    """A function logs to a group of the template, and that keeps its logs for a time only."""

    id = "E9002"
    shortdesc = "A function has a log group with retention"
    description = "Without one Lambda makes a group that keeps everything for ever, and that nobody deletes"

    def faults(self, cfn: Template) -> Found:
        """See HouseRule."""
        groups = _of(cfn, "AWS::Logs::LogGroup")
        for name, function in _of(cfn, FUNCTION).items():
            if _target(function.get("LoggingConfig", {}).get("LogGroup")) not in groups:
                yield (
                    ["Resources", name, "Properties"],
                    "its log group (LoggingConfig.LogGroup) is none of the template",
                )
        for name, group in groups.items():
            if "RetentionInDays" not in group:
                yield ["Resources", name, "Properties"], "RetentionInDays is missing: it would keep logs for ever"


class DeadLetters(HouseRule):
    """Whatever is delivered has a place for what cannot be, and nothing is tried without bound."""

    id = "E9003"
    shortdesc = "Queues and streams have dead-letter queues"
    description = (
        "A queue has a dead-letter queue or is one; a stream's mapping has a queue for failures and bounded retries"
    )

    def faults(self, cfn: Template) -> Found:
        """See HouseRule."""
        queues = _of(cfn, "AWS::SQS::Queue")
        used = set(_dead_letter_queues(cfn.template["Resources"]))
        for name, queue in queues.items():
            if "RedrivePolicy" not in queue and name not in used:
                yield ["Resources", name], "it has no dead-letter queue (RedrivePolicy), and is none"
        for name, mapping in _of(cfn, "AWS::Lambda::EventSourceMapping").items():
            if _target(mapping.get("EventSourceArn")) in queues:
                continue
            where: Path = ["Resources", name, "Properties"]
            if "OnFailure" not in mapping.get("DestinationConfig", {}):
                yield where, "DestinationConfig.OnFailure is missing: what is given up would be lost"
            if mapping.get("MaximumRetryAttempts", -1) == -1:
                yield where, "MaximumRetryAttempts is missing: one bad record would hold its shard for a day"
            if not mapping.get("BisectBatchOnFunctionError"):
                yield where, "BisectBatchOnFunctionError is missing: a bad record would take its batch along"


class KeptData(HouseRule):
    """Tables outlive the stack, mistakes, and whoever reads disks."""

    id = "E9004"
    shortdesc = "A table is kept, encrypted, and can be put back"
    description = "Retention on deletion and replacement, deletion protection, encryption, and point-in-time recovery"

    def faults(self, cfn: Template) -> Found:
        """See HouseRule."""
        for name, table in _of(cfn, "AWS::DynamoDB::Table").items():
            resource = cfn.template["Resources"][name]
            held = {
                "DeletionPolicy": resource.get("DeletionPolicy") == "Retain",
                "UpdateReplacePolicy": resource.get("UpdateReplacePolicy") == "Retain",
                "DeletionProtectionEnabled": table.get("DeletionProtectionEnabled") is True,
                "SSESpecification": table.get("SSESpecification") == {"SSEEnabled": True},
                "PointInTimeRecoverySpecification": table.get("PointInTimeRecoverySpecification")
                == {"PointInTimeRecoveryEnabled": True},
            }
            for key in (key for key, ok in held.items() if not ok):
                yield ["Resources", name], f"{key} does not keep its data"


class RepairableAlarms(HouseRule):
    """Whoever is woken is told what to do, and silence is a decision."""

    id = "E9005"
    shortdesc = "An alarm says what to do"
    description = "AlarmDescription says what is wrong and `Repair: …`; TreatMissingData and AlarmActions are set"

    def faults(self, cfn: Template) -> Found:
        """See HouseRule."""
        for name, alarm in _of(cfn, "AWS::CloudWatch::Alarm").items():
            where: Path = ["Resources", name, "Properties"]
            words = str(alarm.get("AlarmDescription", ""))
            if not re.search(r"\S Repair: \S", words):
                yield where, "AlarmDescription does not say what is wrong and then `Repair: …`"
            if len(words) > LONGEST_DESCRIPTION:
                yield where, f"AlarmDescription has more than {LONGEST_DESCRIPTION} characters"
            missing = [key for key in ("TreatMissingData", "AlarmActions") if key not in alarm]
            yield from ((where, f"{key} is missing") for key in missing)


class GuidedParameters(HouseRule):
    """A parameter can be filled in by somebody who does this for the first time."""

    id = "E9006"
    shortdesc = "A parameter is described, checked, and in a group"
    description = "Description; AllowedPattern or AllowedValues; and a place in the interface's groups"

    def faults(self, cfn: Template) -> Found:
        """See HouseRule."""
        interface = cfn.template.get("Metadata", {}).get("AWS::CloudFormation::Interface", {})
        grouped = {name for group in interface.get("ParameterGroups", ()) for name in group["Parameters"]}
        for name, parameter in cfn.template.get("Parameters", {}).items():
            where: Path = ["Parameters", name]
            if "Description" not in parameter:
                yield where, "Description is missing"
            if not parameter.keys() & {"AllowedPattern", "AllowedValues"}:
                yield where, "AllowedPattern or AllowedValues is missing"
            if name not in grouped:
                yield where, "it is in no parameter group"


class SilentAccessLogs(HouseRule):
    """An API is logged and throttled, and its log does not tell the webhook's address."""

    id = "E9007"
    shortdesc = "An API is throttled and logged, without paths"
    description = "The webhook's path is a secret: $context.path and its kin must not be logged, $context.routeKey may"

    def faults(self, cfn: Template) -> Found:
        """See HouseRule."""
        for name, api in _of(cfn, HTTP_API).items():
            where: Path = ["Resources", name, "Properties"]
            if not {"ThrottlingBurstLimit", "ThrottlingRateLimit"} <= api.get("DefaultRouteSettings", {}).keys():
                yield where, "DefaultRouteSettings does not throttle"
            logged = api.get("AccessLogSettings", {})
            if "DestinationArn" not in logged:
                yield where, "AccessLogSettings is missing"
            if re.search(r"\$context\.(path|http\.path)\b", json.dumps(logged.get("Format", ""))):
                yield where, "AccessLogSettings.Format logs paths; one of them is a secret"


def _of(cfn: Template, kind: str) -> Mapping[str, Mapping[str, Any]]:
    """The properties of every resource of a type, by logical name."""
    return {name: resource.get("Properties", {}) for name, resource in cfn.get_resources([kind]).items()}


def _list(value: Any) -> list[Any]:  # noqa: ANN401 - a template's value has any shape
    return list(value) if isinstance(value, list | tuple) else [value]


def _target(value: Any) -> str | None:  # noqa: ANN401 - see _list
    """The logical name that a reference leads to."""
    if not isinstance(value, Mapping):
        return None
    if "Ref" in value:
        return str(value["Ref"])
    found = value.get("Fn::GetAtt", "")
    return str(found[0] if isinstance(found, list | tuple) else found.partition(".")[0]) or None


def _without_parts(resource: str) -> str:
    """A resource's text without its star that stands for all streams of one table."""
    for part in _PARTS_OF_A_TABLE:
        resource = resource.removesuffix(part)
    return resource


_DEAD_LETTER_KEYS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "deadLetterTargetArn": lambda value: value,
    "DeadLetterConfig": lambda value: value.get("Arn"),
    "DeadLetterQueue": lambda value: value.get("TargetArn"),
    "OnFailure": lambda value: value.get("Destination"),
}


def _dead_letter_queues(value: Any) -> Iterator[str]:  # noqa: ANN401 - see _list
    """The logical names of all that is anywhere named as a place for what failed."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if key in _DEAD_LETTER_KEYS and (name := _target(_DEAD_LETTER_KEYS[key](inner))):
                yield name
            yield from _dead_letter_queues(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _dead_letter_queues(inner)
