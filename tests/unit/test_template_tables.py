"""The tables that are deployed are the tables that the ledger expects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from pynamodb.models import Model

from reminders.ledger.items import bind

TEMPLATE = Path(__file__).parents[2] / "template.yaml"
ITEMS = bind(reminders="reminders", links="links", history="history", state="state")


class Loader(yaml.SafeLoader):
    """Reads CloudFormation's short tags (`!Ref`, `!GetAtt`, …) as what they are written on."""


def _plain(loader: Loader, _: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return loader.construct_scalar(node)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    assert isinstance(node, yaml.MappingNode)
    return loader.construct_mapping(node, deep=True)


Loader.add_multi_constructor("!", _plain)


def declared(model: type[Model]) -> dict[str, Any]:
    """Tell what a model expects, as CloudFormation would write it."""
    schema = model._get_schema()
    ttl = model._ttl_attribute()  # type: ignore[no-untyped-call]  # PynamoDB's
    table: dict[str, Any] = {
        "BillingMode": model.Meta.billing_mode,
        "KeySchema": _keys(schema["key_schema"]),
        "AttributeDefinitions": {
            each["AttributeName"]: each["AttributeType"] for each in schema["attribute_definitions"]
        },
        "GlobalSecondaryIndexes": {
            each["index_name"]: (_keys(each["key_schema"]), each["projection"])
            for each in schema["global_secondary_indexes"]
        },
        "StreamViewType": getattr(model.Meta, "stream_view_type", None),
        "TTL": ttl.attr_name if ttl is not None else None,
    }
    return table


def deployed(properties: dict[str, Any]) -> dict[str, Any]:
    """Tell the same of a table of the template."""
    ttl = properties.get("TimeToLiveSpecification", {})
    return {
        "BillingMode": properties["BillingMode"],
        "KeySchema": _keys(properties["KeySchema"]),
        "AttributeDefinitions": {
            each["AttributeName"]: each["AttributeType"] for each in properties["AttributeDefinitions"]
        },
        "GlobalSecondaryIndexes": {
            each["IndexName"]: (_keys(each["KeySchema"]), each["Projection"])
            for each in properties.get("GlobalSecondaryIndexes", ())
        },
        "StreamViewType": properties.get("StreamSpecification", {}).get("StreamViewType"),
        "TTL": ttl["AttributeName"] if ttl.get("Enabled") else None,
    }


def _keys(schema: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    return {each["KeyType"]: each["AttributeName"] for each in schema}


@pytest.mark.parametrize(
    ("resource", "model"),
    [
        ("RemindersTable", ITEMS.reminder),
        ("LinksTable", ITEMS.link),
        ("HistoryTable", ITEMS.history),
        ("StateTable", ITEMS.settings),
    ],
    ids=["reminders", "links", "history", "state"],
)
def test_a_deployed_table_is_the_one_that_the_model_expects(resource: str, model: type[Model]) -> None:
    """Keys, indexes and their projections, stream and expiry: a difference would show only in production."""
    template = yaml.load(TEMPLATE.read_text(), Loader)  # noqa: S506 - a SafeLoader that knows more tags
    assert deployed(template["Resources"][resource]["Properties"]) == declared(model)


def test_all_kinds_of_state_share_one_table() -> None:
    """They differ in attributes only; keys, stream and expiry are the table's."""
    assert declared(ITEMS.user) == declared(ITEMS.mark) == declared(ITEMS.parked) == declared(ITEMS.settings)
