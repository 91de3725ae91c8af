"""The transformed template in moto's CloudFormation: what is created, with what, and that the functions work on it."""

from __future__ import annotations

import pytest
from cloud import UNSUPPORTED, UNSUPPORTED_HERE, Cloud, Created, environment
from deploy import story
from moto.cloudformation.parsing import get_model_map

from infra.local.demo.team import gather

pytestmark = pytest.mark.timeout(600)


def test_every_resource_is_created_or_known_to_be_unsupported(cloudformation: tuple[Cloud, Created]) -> None:
    """A resource that CloudFormation refuses is found here and not at a customer's; what is not tried is named, with its reason."""
    cloud, created = cloudformation
    kinds = {
        name: resource["Type"]
        for name, resource in created.plain["Resources"].items()
        if "Condition" not in resource or cloud.template.holds(resource["Condition"])
    }
    left_out = {name for name, kind in kinds.items() if kind in UNSUPPORTED} | set(UNSUPPORTED_HERE)
    assert {name: kind for name, (kind, _) in created.resources.items()} == {
        name: kind for name, kind in kinds.items() if name not in left_out
    }
    assert set(UNSUPPORTED) == {kind for kind in kinds.values() if kind not in get_model_map()}
    assert left_out <= set(kinds)


def test_the_transform_adds_no_permission(cloudformation: tuple[Cloud, Created]) -> None:
    """SAM gives a function without a role one of its own, with managed policies for every resource of the account."""
    _, created = cloudformation
    resources = created.plain["Resources"]
    functions = [one for one in resources.values() if one["Type"] == "AWS::Lambda::Function"]
    roles = {one["Properties"]["Role"]["Fn::GetAtt"][0] for one in functions}
    assert roles == {name for name, one in resources.items() if one["Type"] == "AWS::IAM::Role"}
    assert len(roles) == len(functions)
    assert not [name for name in roles if "ManagedPolicyArns" in resources[name]["Properties"]]
    assert not [
        name for name, one in resources.items() if one["Type"] in {"AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"}
    ]


def test_functions_get_the_environment_that_the_local_stack_gives_them(cloudformation: tuple[Cloud, Created]) -> None:
    """Else what is tested locally would not be what is deployed."""
    cloud, created = cloudformation
    for resource in cloud.template.of_type("AWS::Serverless::Function"):
        wanted = cloud.template.properties(resource)["Environment"]["Variables"]
        assert environment(cloud, created, resource.name) == wanted


def test_a_reminder_goes_there_and_back(cloudformation: tuple[Cloud, Created]) -> None:
    """Tables, streams, queue, bus and secrets as CloudFormation made them are what the functions need."""
    cloud, _ = cloudformation
    seen = cloud.listen()
    with gather(cloud.document()) as team:
        story.first_sync(cloud, team)
        reminder = story.there_and_back(cloud, team)
    assert [each["detail"]["reminder_id"] for each in seen()] == [reminder]
