"""Each function's role against the calls that the function really makes: nothing is missing, nothing is for nothing.

`story` makes every function ask for all that it may ever ask for. Every stack that the other tests start records its calls, too, and
fails at its end if a role did not allow one of them (`local_stack.Running.stop`).
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import replace

import pytest
from cloud import Cloud, Created
from deploy import story
from fakes.aws_events import load as load_event
from permissions import (
    EVERYTHING,
    ON_BEHALF,
    REFERENCE,
    Permission,
    allowed,
    missing,
    not_allowed_to_services,
    on_behalf,
    recorded,
    unused,
    whole_template,
)

from infra.local.demo.team import gather
from infra.local.template import Template

pytestmark = pytest.mark.timeout(600)  # the first test waits for both stacks

Asked = Mapping[str, frozenset[Permission]]


@pytest.fixture(scope="module")
def asked(local: Cloud, cloudformation: tuple[Cloud, Created]) -> Asked:
    """What each function asked of AWS while the story was told; the relay, which is optional, where it is deployed."""
    with gather(local.document()) as team:
        story.tell(local, team)
    relayed = cloudformation[0]
    relayed.invoke("RelayFunction", load_event("relay_delete"))
    relay = recorded(relayed.calls, relayed.logical)["RelayFunction"]
    return {**recorded(local.calls, local.logical), "RelayFunction": relay}


def test_a_role_allows_exactly_what_its_function_asks_for(asked: Asked) -> None:
    """Never: what is missing stops a function at its first event on AWS; what is for nothing is a stranger's if it is taken over."""
    template = whole_template()
    assert set(allowed(template)) - set(asked) == {"SignInFunction"}  # it asks Salesforce only
    assert missing(asked, template) == []
    assert unused(asked, template) == []


def test_a_role_allows_what_services_do_in_its_functions_name() -> None:
    """Without it no stream is read, no dead letter kept, no line logged; each has its reason, and none stands on the list unused."""
    template = whole_template()
    assert not_allowed_to_services(template) == []
    assert {each.action for one in on_behalf(template).values() for each in one} == set(ON_BEHALF)


def test_no_resource_is_left_open_that_is_known() -> None:
    """Only where AWS's reference knows no resource for an action may a role say "*"; streams are listed per table."""
    for name, may in allowed(whole_template()).items():
        for each in may:
            service, _, action = each.action.partition(":")
            kinds = REFERENCE.actions.get_action_details(service, action)["resourceTypes"]
            if each.resource == EVERYTHING:
                assert not kinds, f"{name}: {each}"
            elif each.action == "dynamodb:ListStreams":
                assert each.resource.endswith("Table/stream/*")
            else:
                assert kinds, f"{name}: {each} names a resource, and AWS knows none for it"
                assert "*" not in each.resource, f"{name}: {each}"


def test_removing_any_permission_is_seen(asked: Asked) -> None:
    """A comparison that could not fail would prove nothing: each permission of each role is taken away once."""
    template = whole_template()
    taken = 0
    for name, without, permission in _each_taken_away(template):
        told = [*missing(asked, without), *not_allowed_to_services(without)]
        assert f"{name}: {permission}" in told
        taken += 1
    assert taken == sum(map(len, allowed(template).values()))


def test_adding_a_permission_is_seen(asked: Asked) -> None:
    """The same for the other direction."""
    template = whole_template()
    role = template.resources["PollRole"]
    properties = copy.deepcopy(dict(role.properties))
    more = {"Effect": "Allow", "Action": "dynamodb:Scan", "Resource": "RemindersTable"}
    properties["Policies"][0]["PolicyDocument"]["Statement"].append(more)
    added = replace(template, resources={**template.resources, role.name: replace(role, properties=properties)})
    assert unused(asked, added) == ["PollFunction: dynamodb:Scan on RemindersTable"]


def _each_taken_away(template: Template) -> Iterator[tuple[str, Template, Permission]]:
    """The template once without each permission of each role."""
    for name, may in allowed(template).items():
        role = template.resources[name.replace("Function", "Role")]
        for permission in sorted(may):
            left = [{"Action": each.action, "Resource": each.resource} for each in may if each != permission]
            properties = {"Policies": [{"PolicyDocument": {"Statement": left}}]}
            changed = replace(role, properties=properties)
            yield name, replace(template, resources={**template.resources, role.name: changed}), permission
