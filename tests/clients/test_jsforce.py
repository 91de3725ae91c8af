"""jsforce 3, as it comes from npm: sign-in, query, paging, records, collections, describe."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from clients.conftest import PASSWORD, TOKEN, World, node


@pytest.mark.timeout(300)
def test_jsforce(world: World, node_modules: Path) -> None:
    """A program in another language, with two environment variables and no code of ours, gets on with the org."""
    facts = {
        "username": world.facts["username"],
        "password": PASSWORD + TOKEN,
        "key": world.facts["consumer_key"],
        "secret": world.facts["consumer_secret"],
        "refresh": world.facts["refresh_token"],
    }
    seen = node("jsforce.js", node_modules, world.environment, json.dumps(facts))
    assert seen["instance"] == "https://example.my.salesforce.com"
    assert seen["identity"] == world.facts["username"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z", str(seen["serverTime"]))
    assert seen["paged"] == seen["total"]
    assert seen["owner"]
    assert seen["read"] == ["changed", True]
    assert seen["many"] == [True, True, False]
    assert seen["updated"] == [True, True]
    assert seen["together"] == ["ALL_OR_NONE_OPERATION_ROLLED_BACK", "STRING_TOO_LONG"]
    assert seen["found"] == [["both", None], ["both", None]]
    assert seen["upserted"] == [True, True]
    assert seen["deleted"] == [True, True]
    assert seen["bin"] == 1
    assert seen["described"] == ["00T", 5, ["Contact", "Lead"], 255]
    assert {"Task", "User", "TaskStatus"} <= set(seen["objects"])  # type: ignore[call-overload]  # JSON
    assert seen["limits"] == 100_000
    assert (seen["loaded"], seen["bulk2"], seen["bulk1"]) == ([1, "STRING_TOO_LONG", 0], 1, [True])
    assert seen["refused"] == "INVALID_FIELD"
    assert (seen["refreshed"], seen["byPassword"], seen["byCredentials"]) == (True, True, 1)
    assert seen["loggedOut"] == "INVALID_SESSION_ID"
