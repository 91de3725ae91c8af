"""What `template.yaml` must say so that the rules hold on AWS; that it is valid at all is cfn-lint's business."""

from __future__ import annotations

import ast
import inspect
import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from fakes.aws_events import load as load_event
from permissions import allowed, on_behalf, whole_template

import infra.local
from infra.local.patterns import Pattern
from infra.local.template import Template, load
from reminders.aws.change_events import KNOWN
from reminders.core.reminder import Side
from reminders.ledger import items
from reminders.runtime import (
    AnnouncerEnvironment,
    Environment,
    ReceiverEnvironment,
    RelayEnvironment,
    SignInEnvironment,
    SweepEnvironment,
)

ROOT = Path(inspect.getfile(infra.local)).resolve().parents[2]
VERBS = ("receive", "poll", "pull", "push", "announce", "sweep", "api", "sign_in")
WHOLE_TABLE = {"dynamodb:Scan", "dynamodb:*", "dynamodb:DeleteTable", "dynamodb:CreateTable"}


def loaded_with(**more: str) -> Template:
    """The template with made-up parameters, and each resource's Ref and attributes a name that tells them apart."""
    values = {"SalesforceUrl": "https://org.example", "OrganizationId": "00D000000000000AAA", "SignInAudience": "key"}
    loaded = load(ROOT / "template.yaml", values | more)
    for name in loaded.resources:
        for attribute in ("Ref", "Arn", "StreamArn", "QueueName"):
            loaded.attributes[name, attribute] = f"{name}.{attribute}"
    return loaded


@pytest.fixture(scope="module")
def template() -> Template:
    """The template without anything optional."""
    return loaded_with()


def function(template: Template, verb: str) -> dict[str, Any]:
    """The resolved properties of a function."""
    return template.properties(template.resources[f"{verb.title().replace('_', '')}Function"])


def mapping(template: Template, verb: str) -> dict[str, Any]:
    """The resolved properties of the one event source mapping of a function."""
    [found] = [
        properties
        for resource in template.of_type("AWS::Lambda::EventSourceMapping")
        if (properties := template.properties(resource))["FunctionName"] == f"{verb.capitalize()}Function.Ref"
    ]
    return found


def may(verb: str) -> set[tuple[str, str]]:
    """What a function may do on what, beyond what services do in its name."""
    template, name = whole_template(), f"{verb.title().replace('_', '')}Function"
    return {(each.action, each.resource) for each in allowed(template)[name] - on_behalf(template)[name]}


def schedules(template: Template, verb: str) -> list[str]:
    """The schedules of a function."""
    events = function(template, verb).get("Events", {}).values()
    return [event["Properties"]["Schedule"] for event in events if event["Type"] == "Schedule"]


def test_every_function_is_declared_and_no_other(template: Template) -> None:
    """A handler that nobody deploys, or a declaration without handler, is an error at the first event only."""
    declared = {template.properties(one)["Handler"] for one in template.of_type("AWS::Serverless::Function")}
    assert declared == {f"{verb}.handler" for verb in VERBS}
    assert {file.stem for file in (ROOT / "functions").glob("*.py")} == {*VERBS, "relay"}


@pytest.mark.parametrize("verb", VERBS)
def test_a_function_is_described_by_its_docstring(template: Template, verb: str) -> None:
    """One sentence, in one place."""
    source = (ROOT / "functions" / f"{verb}.py").read_text()
    assert function(template, verb)["Description"] == (ast.get_docstring(ast.parse(source)) or "").splitlines()[0]


@pytest.mark.parametrize("verb", VERBS)
def test_a_function_is_given_every_variable_that_it_reads(template: Template, verb: str) -> None:
    """A variable that the template lacks would stop the function at its first event."""
    own = {"receive": ReceiverEnvironment, "announce": AnnouncerEnvironment, "sign_in": SignInEnvironment}
    read = [*fields(own.get(verb, Environment))]
    read += fields(SweepEnvironment) if verb == "sweep" else ()
    assert {field.name.upper() for field in read} <= set(function(template, verb)["Environment"]["Variables"])


@pytest.mark.parametrize("verb", [*VERBS, "relay"])
def test_a_function_reads_no_table_as_a_whole_and_makes_none(verb: str) -> None:
    """Least privilege; that it holds for every permission is shown in tests/deploy/test_permissions.py."""
    assert not {action for action, _ in may(verb)} & WHOLE_TABLE


def test_the_sweep_sees_each_dead_letter_once_in_a_run(template: Template) -> None:
    """I1: a letter that it leaves must not come again while it runs; it may take and delete them, and no other function may."""
    queue = template.properties(template.resources["HintsDeadLetters"])
    assert queue["VisibilityTimeout"] > function(template, "sweep")["Timeout"]
    found = {verb: {action for action, on in may(verb) if on == "HintsDeadLetters"} for verb in VERBS}
    assert {verb: actions for verb, actions in found.items() if actions} == {
        "sweep": {"sqs:ReceiveMessage", "sqs:DeleteMessage"}
    }


def test_the_webhook_may_only_send_hints_and_read_its_own_secret() -> None:
    """The one function that strangers reach holds no key to Salesforce and no table (I2)."""
    assert may("receive") == {
        ("sqs:SendMessage", "HintsQueue"),
        ("secretsmanager:GetSecretValue", "WebhookSecret"),
    }


def test_the_sign_in_may_do_nothing_in_the_account(template: Template) -> None:
    """C7: strangers reach it, so it holds no key and reads no table; every route of it has a limit of its own."""
    assert may("sign_in") == set()
    limits = template.properties(template.resources["HttpApi"])["RouteSettings"]
    routes = [event["Properties"] for event in function(template, "sign_in")["Events"].values()]
    assert set(limits) == {f"{route['Method']} {route['Path']}" for route in routes}


def test_only_page_webhook_sign_in_and_api_description_are_open(template: Template) -> None:
    """Everything else needs a token of the org's sign-in (C7)."""
    routes = {
        (event["Properties"]["Method"], event["Properties"]["Path"]): event["Properties"].get("Auth")
        for verb in VERBS
        for event in function(template, verb).get("Events", {}).values()
        if event["Type"] == "HttpApi"
    }
    opened = {route for route, auth in routes.items() if auth == {"Authorizer": "NONE"}}
    signing_in = {("GET", "/auth/login"), ("GET", "/auth/callback"), ("POST", "/auth/token"), ("POST", "/auth/logout")}
    assert opened == {("GET", "/"), ("GET", "/assets/{proxy+}"), ("GET", "/openapi.json"), *signing_in}
    assert set(routes) - opened == {("ANY", "/api/{proxy+}"), ("POST", "/hooks/{secret}")}
    [webhook] = function(template, "receive")["Events"].values()
    assert webhook["Properties"]["ApiId"] == "WebhookApi.Ref"
    assert "Auth" not in template.properties(template.resources["WebhookApi"])
    auth = template.properties(template.resources["HttpApi"])["Auth"]
    assert auth["DefaultAuthorizer"] == "SignIn"
    assert auth["Authorizers"]["SignIn"]["JwtConfiguration"] == {"issuer": "https://org.example", "audience": ["key"]}


def test_one_poll_runs_at_a_time_and_bells_wake_it_for_first_syncs(template: Template) -> None:
    """Two polls could store a watermark that is not covered (I3); a first sync starts at once (S1)."""
    assert function(template, "poll")["ReservedConcurrentExecutions"] == 1
    assert schedules(template, "poll") == ["rate(1 minute)"]  # asks whether one is due (S6)
    bell = mapping(template, "poll")
    assert bell["EventSourceArn"] == "StateTable.StreamArn"
    assert _filters(bell) == [
        {"dynamodb": {"NewImage": {attribute: {"BOOL": [True]}}}} for attribute in ("first_sync_due", "sync_due")
    ]


def test_an_edit_rings_the_push_and_a_schedule_repeats_it(template: Template) -> None:
    """Pushed at once, and again until agreed (O1); without the filter push would wake itself for ever."""
    bell = mapping(template, "push")
    assert bell["EventSourceArn"] == "RemindersTable.StreamArn"
    assert _filters(bell) == [{"dynamodb": {"NewImage": {"rings": {"BOOL": [True]}}}}]
    assert bell.get("MaximumBatchingWindowInSeconds", 0) == 0
    assert schedules(template, "push") == ["rate(1 minute)"]
    assert bell["MaximumRetryAttempts"] <= 10
    assert bell["DestinationConfig"]["OnFailure"]["Destination"] == "BellDeadLetters.Arn"


def test_a_completion_is_announced_by_a_function_that_can_do_nothing_else(template: Template) -> None:
    """C6: it wakes for nothing but a completion, begins again where it failed, and holds no table and no key to Salesforce."""
    source = mapping(template, "announce")
    assert source["EventSourceArn"] == "RemindersTable.StreamArn"
    assert _filters(source) == [{"dynamodb": {"NewImage": {"completion": {"M": {"side": {"S": list(Side)}}}}}}]
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert 10 <= source["MaximumRetryAttempts"] <= 100
    assert source["DestinationConfig"]["OnFailure"]["Destination"] == "AnnounceDeadLetters.Arn"
    assert may("announce") == {("events:PutEvents", "EventBus")}
    assert len(list(template.of_type("AWS::Events::EventBus"))) == 1


def test_event_relay_is_optional_and_can_store_hints_only() -> None:
    """I1, M4: where an org relays its change events, deletes and gaps become hints; what fails is a bell, and the poll finds it."""
    source = "aws.partner/salesforce.com/00D5g000004XyzAEAS/0YL5g0000008OIAGA2"
    relayed = loaded_with(EventRelaySource=source)
    relay = function(relayed, "relay")
    assert relay["Handler"] == "relay.handler"
    assert relay["Description"] == (ast.get_docstring(ast.parse((ROOT / "functions/relay.py").read_text())) or "").splitlines()[0]  # fmt: skip
    assert may("relay") == {("sqs:SendMessage", "HintsQueue")}
    assert relay["DeadLetterQueue"]["TargetArn"] == "BellDeadLetters.Arn"
    assert {field.name.upper() for field in fields(RelayEnvironment)} <= set(relay["Environment"]["Variables"])
    rule = relayed.properties(relayed.resources["RelayRule"])
    bus = relayed.properties(relayed.resources["RelayBus"])
    assert bus == {"Name": source, "EventSourceName": source}
    assert Pattern(rule["EventPattern"]).matches(load_event("relay_delete") | {"source": source})
    changes = rule["EventPattern"]["detail"]["payload"]["ChangeEventHeader"]["changeType"]
    assert changes == list(KNOWN)
    assert rule["Targets"][0]["DeadLetterConfig"] == {"Arn": "BellDeadLetters.Arn"}
    assert "RelayFunction" not in loaded_with().resources


def test_a_domain_of_ones_own_asks_for_a_client_certificate_and_nobody_can_go_round_it() -> None:
    """I2: with the API's own address left open, mutual TLS would be a door beside a wall that is not there."""
    domain = loaded_with(WebhookDomain="hooks.example.com", WebhookTruststore="s3://trust/ca.pem")
    domain.attributes["WebhookApi.Stage", "Ref"] = "WebhookApi.Stage"
    name = domain.properties(domain.resources["WebhookDomainName"])
    assert name["DomainName"] == "hooks.example.com"
    assert name["MutualTlsAuthentication"] == {"TruststoreUri": "s3://trust/ca.pem"}
    mapping = domain.properties(domain.resources["WebhookDomainMapping"])
    assert mapping["ApiId"] == "WebhookApi.Ref"
    assert domain.properties(domain.resources["WebhookApi"])["DisableExecuteApiEndpoint"] is True
    plain = loaded_with()
    assert plain.properties(plain.resources["WebhookApi"])["DisableExecuteApiEndpoint"] is False
    assert "WebhookDomainName" not in plain.resources
    assert domain.properties(domain.resources["HttpApi"]).get("DisableExecuteApiEndpoint") is None  # browsers have none


def test_what_may_start_from_a_snapshot_is_called_by_its_alias(template: Template) -> None:
    """A snapshot is of a published version; called without the alias, or with a version older than the settings, it would be of no use."""
    api = function(template, "api")
    assert api["SnapStart"] == {"ApplyOn": "None"}
    assert function(loaded_with(SnapStart="PublishedVersions"), "api")["SnapStart"] == {"ApplyOn": "PublishedVersions"}
    assert (api["AutoPublishAlias"], api["AutoPublishAliasAllProperties"]) == ("live", True)
    for each in template.of_type("AWS::Serverless::Function"):
        # Else a changed parameter would not reach the version behind the alias: SAM's hash sees its name only.
        assert ("AutoPublishAlias" in each.properties) == (
            each.properties.get("AutoPublishCodeSha256") == {"Ref": "Release"}
        )


def test_hints_are_delivered_in_batches_and_fail_alone(template: Template) -> None:
    """A hint that fails does not take its batch along, and is kept when it has failed five times (I1)."""
    source = mapping(template, "pull")
    assert source["EventSourceArn"] == "HintsQueue.Arn"
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert (source["BatchSize"], source["MaximumBatchingWindowInSeconds"]) == (20, 1)
    queue = template.properties(template.resources["HintsQueue"])
    assert queue["RedrivePolicy"] == {"deadLetterTargetArn": "HintsDeadLetters.Arn", "maxReceiveCount": 5}
    assert queue["VisibilityTimeout"] >= 6 * function(template, "pull")["Timeout"]
    assert template.properties(template.resources["HintsDeadLetters"])["MessageRetentionPeriod"] == 14 * 24 * 3600


@pytest.mark.parametrize(
    ("table", "model"),
    [
        ("RemindersTable", items.ReminderItem),
        ("LinksTable", items.LinkItem),
        ("HistoryTable", items.HistoryItem),
        ("StateTable", items.StateItem),
    ],
)
def test_tables_have_the_keys_and_indexes_that_the_ledger_uses(template: Template, table: str, model: Any) -> None:
    """A key or index that differs would fail on AWS only: tests make their tables from the models."""
    declared = template.properties(template.resources[table])
    wanted = model._get_schema()
    assert _keys(declared["KeySchema"]) == _keys(wanted["key_schema"])
    indexes = {one["IndexName"]: _keys(one["KeySchema"]) for one in declared.get("GlobalSecondaryIndexes", ())}
    assert indexes == {one["index_name"]: _keys(one["key_schema"]) for one in wanted["global_secondary_indexes"]}


def test_tables_survive_the_stack_and_mistakes(template: Template) -> None:
    """Reminders outlive a deleted stack, and can be put back to any second of the last 35 days."""
    for table in template.of_type("AWS::DynamoDB::Table"):
        properties = template.properties(table)
        assert properties["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
        assert properties["SSESpecification"] == {"SSEEnabled": True}
        assert properties["DeletionProtectionEnabled"] is True


def _keys(schema: list[dict[str, str]]) -> set[tuple[str, str]]:
    return {(one["AttributeName"], one["KeyType"]) for one in schema}


def _filters(source: dict[str, Any]) -> list[Any]:
    return [json.loads(pattern["Pattern"]) for pattern in source["FilterCriteria"]["Filters"]]
