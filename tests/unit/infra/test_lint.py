"""The rules of the house for the template: each finds its fault where it is planted, and the template has none."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cfnlint.api import lint_file
from cfnlint.config import ManualArgs
from cfnlint.template import Template

from infra.lint import house_rules
from infra.lint.house_rules import (
    DeadLetters,
    GuidedParameters,
    HouseRule,
    KeptData,
    KeptLogs,
    NamedResources,
    RepairableAlarms,
    SilentAccessLogs,
)

ROOT = Path(inspect.getfile(house_rules)).resolve().parents[2]

Json = dict[str, Any]

GOOD: Json = {
    "Metadata": {"AWS::CloudFormation::Interface": {"ParameterGroups": [{"Parameters": ["Days"]}]}},
    "Parameters": {"Days": {"Type": "Number", "Description": "Days", "AllowedValues": [1]}},
    "Resources": {
        "Function": {
            "Type": "AWS::Serverless::Function",
            "Properties": {
                "LoggingConfig": {"LogGroup": {"Ref": "Logs"}},
                "DeadLetterQueue": {"Type": "SQS", "TargetArn": {"Fn::GetAtt": ["Late", "Arn"]}},
                "Role": {"Fn::GetAtt": ["Role", "Arn"]},
            },
        },
        "Role": {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "Policies": [
                    {
                        "PolicyDocument": {
                            "Statement": [
                                {"Action": ["dynamodb:ListStreams"], "Resource": {"Fn::Sub": "${Table.Arn}/stream/*"}},
                                {"Action": "sqs:SendMessage", "Resource": {"Fn::GetAtt": ["Queue", "Arn"]}},
                                {"Action": "xray:PutTraceSegments", "Resource": "*"},
                            ]
                        }
                    }
                ],
            },
        },
        "Late": {"Type": "AWS::SQS::Queue"},
        "Logs": {"Type": "AWS::Logs::LogGroup", "Properties": {"RetentionInDays": 30}},
        "Queue": {
            "Type": "AWS::SQS::Queue",
            "Properties": {"RedrivePolicy": {"deadLetterTargetArn": {"Fn::GetAtt": ["Dead", "Arn"]}}},
        },
        "Dead": {"Type": "AWS::SQS::Queue"},
        "Failed": {"Type": "AWS::SQS::Queue"},
        "Work": {
            "Type": "AWS::Lambda::EventSourceMapping",
            "Properties": {"EventSourceArn": {"Fn::GetAtt": ["Queue", "Arn"]}},
        },
        "Bell": {
            "Type": "AWS::Lambda::EventSourceMapping",
            "Properties": {
                "EventSourceArn": {"Fn::GetAtt": ["Table", "StreamArn"]},
                "MaximumRetryAttempts": 5,
                "BisectBatchOnFunctionError": True,
                "DestinationConfig": {"OnFailure": {"Destination": {"Fn::GetAtt": ["Failed", "Arn"]}}},
            },
        },
        "Table": {
            "Type": "AWS::DynamoDB::Table",
            "DeletionPolicy": "Retain",
            "UpdateReplacePolicy": "Retain",
            "Properties": {
                "DeletionProtectionEnabled": True,
                "SSESpecification": {"SSEEnabled": True},
                "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
            },
        },
        "Alarm": {
            "Type": "AWS::CloudWatch::Alarm",
            "Properties": {
                "AlarmDescription": "It is late. Repair: `aws logs tail`",
                "TreatMissingData": "breaching",
                "AlarmActions": [],
            },
        },
        "Api": {
            "Type": "AWS::Serverless::HttpApi",
            "Properties": {
                "DefaultRouteSettings": {"ThrottlingBurstLimit": 1, "ThrottlingRateLimit": 1},
                "AccessLogSettings": {"DestinationArn": "arn", "Format": "$context.routeKey $context.status"},
            },
        },
    },
}
"""Every kind of resource that a rule looks at, without a fault."""


def properties(template: Json, name: str) -> Json:
    """The properties of a resource."""
    found: Json = template["Resources"][name]["Properties"]
    return found


def statement(template: Json) -> Json:
    """The first statement of the one policy."""
    found: Json = properties(template, "Role")["Policies"][0]["PolicyDocument"]["Statement"][0]
    return found


FAULTS: list[tuple[type[HouseRule], Callable[[Json], object], str]] = [
    (NamedResources, lambda it: statement(it).update(Resource="*"), "'*' is not the resource itself"),
    (
        NamedResources,
        lambda it: statement(it).update(Resource={"Fn::Sub": "arn:aws:dynamodb:*:*:table/x"}),
        "is not the resource itself",
    ),
    (NamedResources, lambda it: statement(it).pop("Resource"), "'*' is not the resource itself"),
    (NamedResources, lambda it: statement(it).update(Action="dynamodb:*"), "these actions are not named"),
    (NamedResources, lambda it: statement(it).update(NotAction="dynamodb:Scan"), "these actions are not named"),
    (
        NamedResources,
        lambda it: statement(it).update(Resource={"Fn::Sub": "${Table.Arn}/index/*"}),
        "is not the resource itself",
    ),
    (NamedResources, lambda it: properties(it, "Function").pop("Role"), "it has no role of this template"),
    (NamedResources, lambda it: properties(it, "Role").update(ManagedPolicyArns=["arn"]), "is not spelled out here"),
    (KeptLogs, lambda it: properties(it, "Function").pop("LoggingConfig"), "none of the template"),
    (
        KeptLogs,
        lambda it: properties(it, "Function")["LoggingConfig"].update(LogGroup="/aws/lambda/x"),
        "none of the template",
    ),
    (KeptLogs, lambda it: properties(it, "Logs").pop("RetentionInDays"), "keep logs for ever"),
    (DeadLetters, lambda it: properties(it, "Queue").pop("RedrivePolicy"), "it has no dead-letter queue"),
    (DeadLetters, lambda it: properties(it, "Bell").pop("DestinationConfig"), "what is given up would be lost"),
    (DeadLetters, lambda it: properties(it, "Bell").pop("MaximumRetryAttempts"), "hold its shard"),
    (DeadLetters, lambda it: properties(it, "Bell").update(MaximumRetryAttempts=-1), "hold its shard"),
    (DeadLetters, lambda it: properties(it, "Bell").update(BisectBatchOnFunctionError=False), "take its batch along"),
    (KeptData, lambda it: it["Resources"]["Table"].update(DeletionPolicy="Delete"), "DeletionPolicy does not"),
    (KeptData, lambda it: it["Resources"]["Table"].pop("UpdateReplacePolicy"), "UpdateReplacePolicy does not"),
    (KeptData, lambda it: properties(it, "Table").pop("DeletionProtectionEnabled"), "DeletionProtectionEnabled"),
    (KeptData, lambda it: properties(it, "Table").pop("SSESpecification"), "SSESpecification does not"),
    (KeptData, lambda it: properties(it, "Table").pop("PointInTimeRecoverySpecification"), "PointInTime"),
    (RepairableAlarms, lambda it: properties(it, "Alarm").update(AlarmDescription="It is late."), "Repair: "),
    (
        RepairableAlarms,
        lambda it: properties(it, "Alarm").update(AlarmDescription="Late. Repair: " + "x" * 1024),
        "more than",
    ),
    (RepairableAlarms, lambda it: properties(it, "Alarm").pop("TreatMissingData"), "TreatMissingData is missing"),
    (RepairableAlarms, lambda it: properties(it, "Alarm").pop("AlarmActions"), "AlarmActions is missing"),
    (GuidedParameters, lambda it: it["Parameters"]["Days"].pop("Description"), "Description is missing"),
    (GuidedParameters, lambda it: it["Parameters"]["Days"].pop("AllowedValues"), "AllowedPattern or"),
    (GuidedParameters, lambda it: it.pop("Metadata"), "in no parameter group"),
    (SilentAccessLogs, lambda it: properties(it, "Api").pop("DefaultRouteSettings"), "does not throttle"),
    (SilentAccessLogs, lambda it: properties(it, "Api").pop("AccessLogSettings"), "AccessLogSettings is missing"),
    (
        SilentAccessLogs,
        lambda it: properties(it, "Api")["AccessLogSettings"].update(Format='{"path": "$context.path"}'),
        "one of them is a secret",
    ),
]


def faults(rule: type[HouseRule], template: Json) -> list[str]:
    """What a rule says of a template."""
    return [match.message for match in rule().match(Template("", template))]


@pytest.mark.parametrize("rule", dict.fromkeys(rule for rule, *_ in FAULTS), ids=lambda rule: rule.__name__)
def test_what_is_as_it_should_be_passes(rule: type[HouseRule]) -> None:
    """A rule that always complains is switched off soon."""
    assert faults(rule, copy.deepcopy(GOOD)) == []


@pytest.mark.parametrize(("rule", "plant", "words"), FAULTS)
def test_a_planted_fault_is_found(rule: type[HouseRule], plant: Callable[[Json], object], words: str) -> None:
    """A rule that cannot fail holds nothing."""
    template = copy.deepcopy(GOOD)
    plant(template)
    assert [fault for fault in faults(rule, template) if words in fault]


def test_the_rules_are_loaded_and_see_what_the_template_says(tmp_path: Path) -> None:
    """A rule that is not loaded, or that looks where the template says nothing, would pass everything."""
    text = (ROOT / "template.yaml").read_text(encoding="utf-8")
    for good, bad in {
        "Action: events:PutEvents, Resource: !GetAtt EventBus.Arn": 'Action: events:PutEvents, Resource: "*"',
        "      LoggingConfig: {LogGroup: !Ref PushLogs}\n": "",
        "      MaximumRetryAttempts: 50\n": "",
        "      PointInTimeRecoverySpecification: {PointInTimeRecoveryEnabled: true}\n": "",
        "Repair: ": "See ",
        "    Description: Days that logs are kept\n": "",
        "$context.routeKey": "$context.path",
    }.items():
        assert good in text
        text = text.replace(good, bad, 1)
    planted = tmp_path / "template.yaml"
    planted.write_text(text, encoding="utf-8")
    found = {match.rule.id for match in lint_file(planted, ManualArgs(append_rules=[str(ROOT / "infra" / "lint")]))}
    rules = {rule.id for rule, *_ in FAULTS}
    assert found >= rules
    assert rules == {each.id for each in vars(house_rules).values() if inspect.isclass(each) and issubclass(each, HouseRule) and each.id}  # fmt: skip
