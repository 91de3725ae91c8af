"""simple-salesforce, as it comes: every sign-in it knows, records, queries, collections. Its world is two environment variables."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from clients.conftest import PASSWORD, TOKEN, World
from simple_salesforce.api import Salesforce, SFType
from simple_salesforce.exceptions import (
    SalesforceAuthenticationFailed,
    SalesforceMalformedRequest,
    SalesforceResourceNotFound,
)

SIGN_INS: dict[str, Callable[[World], Salesforce]] = {
    "password and token": lambda world: Salesforce(
        username=world.facts["username"], password=PASSWORD, security_token=TOKEN
    ),
    "password and token at a sandbox": lambda world: Salesforce(
        username=world.facts["username"], password=PASSWORD, security_token=TOKEN, domain="test"
    ),
    "password from a trusted network": lambda world: Salesforce(
        username=world.facts["username"], password=PASSWORD, organizationId=world.facts["organization_id"]
    ),
    "username-password flow": lambda world: Salesforce(
        username=world.facts["username"],
        password=PASSWORD + TOKEN,
        consumer_key=world.facts["consumer_key"],
        consumer_secret=world.facts["consumer_secret"],
    ),
    "assertion": lambda world: Salesforce(
        username=world.facts["username"],
        consumer_key=world.facts["consumer_key"],
        privatekey=world.facts["private_key"],
    ),
    "client credentials": lambda world: Salesforce(
        consumer_key=world.facts["consumer_key"], consumer_secret=world.facts["consumer_secret"], domain="example.my"
    ),
}


@pytest.fixture(autouse=True)
def two_variables(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """All that this process is told about the org."""
    monkeypatch.setenv("HTTPS_PROXY", world.proxy)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", world.ca_file)


@pytest.fixture
def client(world: World) -> Salesforce:
    """Signed in by password and token at login.salesforce.com."""
    return SIGN_INS["password and token"](world)


@pytest.mark.parametrize("way", SIGN_INS)
def test_every_sign_in(world: World, way: str) -> None:
    """Whatever the way, the client goes on at the org's own host and reads a task there."""
    client = SIGN_INS[way](world)
    assert client.sf_instance == "example.my.salesforce.com"
    assert client.query("SELECT Id FROM Task LIMIT 1")["totalSize"] == 1


def test_sign_ins_that_are_refused(world: World) -> None:
    """Wrong password, missing token, a version without login(), and a login() that is retired: each says so."""
    name = world.facts["username"]
    expected: list[tuple[dict[str, str], str]] = [
        ({"password": "wrong", "security_token": TOKEN}, "INVALID_LOGIN"),
        ({"password": PASSWORD, "security_token": ""}, "LOGIN_MUST_USE_SECURITY_TOKEN"),
        ({"password": PASSWORD, "security_token": TOKEN, "version": "65.0"}, "INVALID_OPERATION"),
        ({"password": PASSWORD, "security_token": TOKEN, "version": "40.0"}, "UNSUPPORTED_API_VERSION"),
        ({"password": PASSWORD, "organizationId": "00D000000000000AAA"}, "INVALID_LOGIN"),
    ]
    for words, code in expected:
        with pytest.raises(SalesforceAuthenticationFailed, match=code):
            Salesforce(username=name, **words)  # type: ignore[arg-type]  # its stubs list every parameter by type
    world.control("POST", "signin", {"passwords": False})
    try:
        for way, reason in (
            ("password and token", "INVALID_OPERATION.*disabled"),
            ("username-password flow", "unsupported_grant_type"),
        ):
            with pytest.raises(SalesforceAuthenticationFailed, match=reason):
                SIGN_INS[way](world)
    finally:
        world.control("POST", "signin", {"passwords": True})


def test_a_record_from_birth_to_death(client: Salesforce) -> None:
    """Create, read, update, upsert by external id (with a slash in it), delete; then it is gone."""
    task = SFType("Task", client.session_id, client.sf_instance)
    made = task.create({"Subject": "Réunion ☕", "ActivityDate": "2026-12-01", "IsReminderSet": "true"})
    assert made["success"] is True
    key = made["id"]
    assert task.update(key, {"Subject": "later"}) == 204
    read = task.get(key[:15])
    assert (read["Id"], read["Subject"], read["IsReminderSet"]) == (key, "later", True)
    assert task.upsert("Reminder_Id__c/a%2Fb", {"Subject": "x"}) == 201
    assert task.upsert("Reminder_Id__c/a%2Fb", {"Subject": "y"}) == 200
    assert task.get_by_custom_id("Reminder_Id__c", "a/b")["Subject"] == "y"
    assert task.delete(key) == 204
    with pytest.raises(SalesforceResourceNotFound, match="ENTITY_IS_DELETED"):
        task.get(key)
    with pytest.raises(SalesforceMalformedRequest, match="INVALID_FIELD"):
        task.create({"Nonsense": 1})


def test_queries_and_pages(client: Salesforce) -> None:
    """All tasks over many pages, deleted ones by queryAll, parents as objects, counts."""
    whole = client.query("SELECT COUNT() FROM Task")["totalSize"]
    first = client.query("SELECT Id FROM Task", headers={"Sforce-Query-Options": "batchSize=200"})
    assert (len(first["records"]), first["done"]) == (200, False)
    second = client.query_more(first["nextRecordsUrl"], identifier_is_url=True)
    third = client.query_more(second["nextRecordsUrl"].rpartition("/")[2])
    pages = [*first["records"], *second["records"], *third["records"]]
    assert len({each["Id"] for each in pages}) == whole
    assert len(list(client.query_all_iter("SELECT Id FROM Task"))) == whole
    gone = client.query_all("SELECT Id FROM Task WHERE IsDeleted = true", include_deleted=True)["totalSize"]
    everything = client.query_all("SELECT Id FROM Task", include_deleted=True)["totalSize"]
    assert everything == whole + gone
    row = client.query("SELECT Subject, Owner.Name, Who.Type, CreatedBy.Email FROM Task WHERE WhoId != null LIMIT 1")
    assert row["records"][0]["Who"]["Type"] in {"Lead", "Contact"}
    assert client.query("SELECT COUNT(Id) total FROM Task")["records"][0]["total"] == whole


def test_collections_and_replication(client: Salesforce) -> None:
    """Two hundred records in a call, one of them refused; what was changed and deleted since."""

    def rest(method: str, **more: Any) -> list[dict[str, Any]]:
        found = client.restful("composite/sobjects", method=method, **more)
        assert isinstance(found, list)
        return found

    records = [{"attributes": {"type": "Task"}, "Subject": f"many {number}"} for number in range(199)]
    records.append({"attributes": {"type": "Task"}, "Subject": "x" * 256})
    results = rest("POST", data=json.dumps({"allOrNone": False, "records": records}))
    assert [each["success"] for each in results] == [True] * 199 + [False]
    assert results[199]["errors"][0]["statusCode"] == "STRING_TOO_LONG"
    keys = [each["id"] for each in results[:5]]
    assert all(each["success"] for each in rest("DELETE", params={"ids": ",".join(keys)}))
    now, task = datetime.now(UTC), SFType("Task", client.session_id, client.sf_instance)
    changed = task.updated(now - timedelta(hours=1), now + timedelta(minutes=2))["ids"]
    deleted = task.deleted(now - timedelta(hours=1), now + timedelta(minutes=2))["deletedRecords"]
    assert {each["id"] for each in results[5:199]} <= set(changed)
    assert set(keys) <= {each["id"] for each in deleted}


def test_the_world_outside_is_refused(world: World) -> None:
    """Through the proxy nothing but the org can be reached, and nothing without TLS."""
    for host in ("example.com", "my.salesforce.com.evil.example", "login.salesforce.com:8443"):
        with pytest.raises(requests.exceptions.ProxyError, match="403"):
            requests.get(f"https://{host}/", timeout=5)
    plain = requests.get("http://login.salesforce.com/", proxies={"http": world.proxy}, timeout=5)
    assert plain.status_code == 405


def test_the_page_that_says_how(world: World) -> None:
    """It is served without inline code, and what it shows is what signs in: the facts carry proxy, authority and credentials."""
    page = requests.get(f"{world.address}/connect", timeout=10)
    assert page.headers["Content-Security-Policy"] == "default-src 'self'"
    for name in re.findall(r'(?:src|href)="(/page/[^"]+)"', page.text):
        assert requests.get(f"{world.address}{name}", timeout=10).ok
    assert (world.facts["proxy"], world.facts["ca_file"]) == (world.proxy, world.ca_file)
    assert (world.facts["password"], world.facts["security_token"]) == (PASSWORD, TOKEN)
    foreign = requests.get("https://login.salesforce.com/__control/connection", timeout=10)
    assert foreign.status_code == 403


def test_both_bulk_apis(client: Salesforce) -> None:
    """Rows go in and come out by the library's own loops, by Bulk API 1.0 (`bulk`) and 2.0 (`bulk2`)."""
    one: Any = client.bulk.Task  # type: ignore[union-attr]  # the library's own types cannot tell its handlers apart
    two: Any = client.bulk2.Task  # type: ignore[union-attr]  # same
    good, bad = one.insert([{"Subject": "bulk 1"}, {"Subject": "x" * 256}])
    assert (good["success"], bad["errors"][0]["statusCode"]) == (True, "STRING_TOO_LONG")
    found = one.query("SELECT Id, Subject FROM Task WHERE Subject = 'bulk 1'", lazy_operation=False)
    assert [row["Id"] for row in found] == [good["id"]]
    loaded = two.upsert(records=[{"Reminder_Id__c": "bulk-2", "Subject": "bulk 2"}], external_id_field="Reminder_Id__c")
    assert (loaded[0]["numberRecordsProcessed"], loaded[0]["numberRecordsFailed"]) == (1, 0)
    pages = list(two.query("SELECT Id, Subject, Owner.Name FROM Task", max_records=200))
    total = client.query("SELECT COUNT() FROM Task")["totalSize"]
    assert sum(page.count("\n") - 1 for page in pages) == total
    assert '"bulk 2"' in "".join(pages)
