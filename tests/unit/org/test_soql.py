"""SOQL: what it finds, in which order, and what it refuses."""

# ruff: noqa: S608 - SOQL to an emulated org, of the test's own ids

from __future__ import annotations

import pytest
from unit.org.conftest import Ask

from infra.local.org.clock import MovableClock
from infra.local.org.schema import EXTERNAL_ID
from infra.local.org.state import User
from infra.local.org.world import Org


@pytest.fixture
def tasks(org: Org, ann: User, bob: User, clock: MovableClock) -> dict[str, str]:
    """Five tasks, a minute apart: name to id."""
    lead = org.create(ann.id, "Lead", FirstName="Mei", LastName="Zhang", Company="Atlas")
    facts: dict[str, dict[str, object]] = {
        "alpha": {"Subject": "Alpha", "ActivityDate": "2026-11-21", "Priority": "High", "WhoId": lead},
        "beta": {"Subject": "beta 100%", "ActivityDate": "2026-11-22", "Status": "Completed"},
        "gamma": {"Subject": "Gamma's \\ call", "ActivityDate": "2026-11-23", "TaskSubtype": "Call"},
        "delta": {"Subject": None, "Description": "no subject"},
        "bobs": {"Subject": "Bob's", "OwnerId": bob.id, "ActivityDate": "2026-12-01"},
    }
    made = {}
    for name, fields in facts.items():
        made[name] = org.create_task(ann.id, **fields)
        clock.advance(60)
    return made


def names(ask: Ask, tasks: dict[str, str], where: str, resource: str = "query", user: User | None = None) -> list[str]:
    """Names of the tasks that a condition finds."""
    answer = ask("GET", resource, user=user, params={"q": f"SELECT Id FROM Task {where}"})
    assert answer.status_code == 200, answer.text
    back = {key: name for name, key in tasks.items()}
    return [back[each["Id"]] for each in answer.json()["records"]]


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ("WHERE Subject = 'ALPHA'", {"alpha"}),
        ("WHERE subject = 'gamma\\'s \\\\ call'", {"gamma"}),
        ("WHERE Task.Subject = 'Alpha'", {"alpha"}),
        ("WHERE Subject LIKE '%\\%'", {"beta"}),
        ("WHERE Subject LIKE 'b_ta%'", {"beta"}),
        ("WHERE (NOT Subject LIKE 'b%')", {"alpha", "gamma"}),
        ("WHERE Subject = null", {"delta"}),
        ("WHERE Subject != null AND IsClosed = false", {"alpha", "gamma", "bobs"}),
        ("WHERE Subject != 'Alpha'", {"beta", "gamma", "bobs"}),
        ("WHERE Subject NOT IN ('Alpha', 'Bob\\'s')", {"beta", "gamma"}),
        ("WHERE NOT (Subject = 'Alpha' OR IsClosed = true)", {"gamma", "bobs"}),
        ("WHERE IsClosed = null AND IsHighPriority != null", {"alpha"}),
        ("WHERE ActivityDate < 2026-11-22", {"alpha"}),
        ("WHERE ActivityDate >= 2026-11-23", {"gamma", "bobs"}),
        ("WHERE ActivityDate IN (2026-11-21, 2026-11-22)", {"alpha", "beta"}),
        ("WHERE ActivityDate = TODAY", {"beta"}),
        ("WHERE ActivityDate = LAST_N_DAYS:1", {"alpha", "beta"}),
        ("WHERE ActivityDate = NEXT_N_DAYS:3", {"gamma"}),
        ("WHERE ActivityDate > THIS_WEEK", {"bobs"}),
        ("WHERE ActivityDate = NEXT_MONTH", {"bobs"}),
        ("WHERE ActivityDate = N_DAYS_AGO:1", {"alpha"}),
        ("WHERE CreatedDate = TODAY AND Priority <> 'Normal'", {"alpha"}),
        ("WHERE SystemModstamp >= 2026-11-22T10:03:00Z", {"delta", "bobs"}),
        ("WHERE SystemModstamp > 2026-11-22T11:03:00+01:00", {"bobs"}),
        ("WHERE CreatedDate <= 2026-11-22T10:00:00.999Z", {"alpha"}),
        ("WHERE Owner.Name = 'bob stone'", {"bobs"}),
        ("WHERE Owner.Type = 'User' AND Who.Type = 'Lead'", {"alpha"}),
        ("WHERE Who.Name = null AND ActivityDate = 2026-11-22", {"beta"}),
        ("WHERE TaskSubtype IN ('Call', null)", {"gamma"}),
        ("WHERE (TaskSubtype = 'Call' OR Priority = 'High') AND IsClosed = false", {"alpha", "gamma"}),
    ],
)
def test_conditions(ask: Ask, tasks: dict[str, str], where: str, found: set[str]) -> None:
    """Each operator and literal finds what Salesforce would; a null is unknown to all but `= null`."""
    assert set(names(ask, tasks, where)) == found


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("SELECT Nonsense FROM Task", "INVALID_FIELD"),
        ("SELECT Id FROM Nonsense", "INVALID_TYPE"),
        ("SELECT Id FROM Task WHERE Nonsense = 1", "INVALID_FIELD"),
        ("SELECT Parent.Name FROM Task", "INVALID_FIELD"),
        ("SELECT Owner.Nonsense FROM Task", "INVALID_FIELD"),
        ("SELECT Id FROM Task ORDER BY Description", "INVALID_FIELD"),
        ("SELECT Id FROM Task WHERE Description LIKE 'a%'", "INVALID_FIELD"),
        ("SELECT Id FROM Task WHERE Subject = 5", "INVALID_FIELD"),
        ("SELECT Id FROM Task WHERE ActivityDate = '2026-11-22'", "INVALID_FIELD"),
        ("SELECT Id FROM Task WHERE ActivityDate = 2026-11-22T00:00:00Z", "INVALID_FIELD"),
        ("SELECT Id FROM Task WHERE CreatedDate > 2026-11-22", "INVALID_FIELD"),
        ("SELECT Id FROM Task WHERE Id = 'xyz'", "INVALID_QUERY_FILTER_OPERATOR"),
        ("SELECT Id FROM Task WHERE IsClosed > true", "INVALID_QUERY_FILTER_OPERATOR"),
        ("SELECT Id FROM Task WHERE Id LIKE '00T%'", "INVALID_QUERY_FILTER_OPERATOR"),
        ("SELECT WhoCount FROM Task", "INVALID_FIELD"),
        ("SELECT Id, id FROM Task", "MALFORMED_QUERY"),
        ("SELECT FROM Task", "MALFORMED_QUERY"),
        ("SELECT Id FROM Task WHERE", "MALFORMED_QUERY"),
        ("SELECT * FROM Task", "MALFORMED_QUERY"),
        ("SELECT Id FROM Task WHERE ActivityDate = SOMEDAY", "MALFORMED_QUERY"),
        ("SELECT Id FROM Task WHERE ActivityDate = 2026-02-31", "MALFORMED_QUERY"),
        ("SELECT Id FROM Task WHERE IsClosed = false AND Subject = 'a' OR Subject = 'b'", "MALFORMED_QUERY"),
        ("SELECT Status, COUNT(Id) FROM Task GROUP BY Status", "MALFORMED_QUERY"),
        ("SELECT Id FROM Task WHERE WhoId IN (SELECT Id FROM Lead)", "MALFORMED_QUERY"),
        ("SELECT Id FROM Task WHERE Subject = 'open", "MALFORMED_QUERY"),
        ("SELECT Id FROM Task WHERE Subject = 'bad \\q'", "MALFORMED_QUERY"),
        ("SELECT Id FROM Task OFFSET 2001", "NUMBER_OUTSIDE_VALID_RANGE"),
    ],
)
def test_refusals(ask: Ask, query: str, code: str) -> None:
    """What the org does not know or the emulator does not speak is an error, never an empty answer."""
    answer = ask("GET", "query", params={"q": query})
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, code)


def test_order_limit_offset(ask: Ask, tasks: dict[str, str]) -> None:
    """Nulls come first unless told otherwise, also descending; text is ordered without case."""
    assert names(ask, tasks, "ORDER BY ActivityDate") == ["delta", "alpha", "beta", "gamma", "bobs"]
    assert names(ask, tasks, "ORDER BY ActivityDate DESC NULLS LAST") == ["bobs", "gamma", "beta", "alpha", "delta"]
    assert names(ask, tasks, "ORDER BY Subject ASC NULLS LAST LIMIT 2 OFFSET 1") == ["beta", "bobs"]
    assert names(ask, tasks, "ORDER BY Priority, Id DESC LIMIT 2") == ["alpha", "bobs"]


def test_counting(ask: Ask, tasks: dict[str, str]) -> None:
    """COUNT() has no rows, COUNT(field) is an aggregate that ignores nulls."""
    whole = ask("GET", "query", params={"q": "SELECT COUNT() FROM Task"}).json()
    assert whole == {"totalSize": 5, "done": True, "records": []}
    some = ask("GET", "query", params={"q": "SELECT COUNT(Subject) FROM Task"}).json()["records"]
    assert some == [{"attributes": {"type": "AggregateResult"}, "expr0": 4}]


def test_parents_are_objects(ask: Ask, tasks: dict[str, str]) -> None:
    """A polymorphic parent is of type Name with its real address; a missing one is null; stamps have REST's form."""
    query = (
        f"SELECT Subject, Who.Name, Owner.Name, CreatedBy.Email, SystemModstamp FROM Task WHERE Id = '{tasks['alpha']}'"
    )
    row = ask("GET", "query", params={"q": query}).json()["records"][0]
    assert list(row) == ["attributes", "Subject", "Who", "Owner", "CreatedBy", "SystemModstamp"]
    assert row["Who"]["Name"] == "Mei Zhang"
    assert row["Who"]["attributes"]["type"] == "Name"
    assert "/sobjects/Lead/00Q" in row["Who"]["attributes"]["url"]
    assert row["CreatedBy"]["attributes"]["type"] == "User"
    assert row["SystemModstamp"] == "2026-11-22T10:00:00.000+0000"
    query = f"SELECT Who.Name, Who.Type FROM Task WHERE Id = '{tasks['beta']}'"
    assert ask("GET", "query", params={"q": query}).json()["records"][0]["Who"] is None


def test_query_hides_deleted_and_archived(
    ask: Ask, org: Org, tasks: dict[str, str], ann: User, clock: MovableClock
) -> None:
    """`queryAll` shows what `query` silently leaves out."""
    org.delete_task(ann.id, tasks["alpha"])
    assert "alpha" not in names(ask, tasks, "")
    assert names(ask, tasks, "WHERE IsDeleted = true", "queryAll") == ["alpha"]
    assert names(ask, tasks, "WHERE IsDeleted = true") == []
    clock.advance(1)
    assert len(names(ask, tasks, "", "queryAll")) == 5


def test_deleted_ones_are_found_by_external_id(ask: Ask, org: Org) -> None:
    """An index must not hide the deleted from `queryAll`."""
    key = ask("POST", "sobjects/Task", json={EXTERNAL_ID: "r-0"}).json()["id"]
    ask("DELETE", f"sobjects/Task/{key}")
    query = {"q": f"SELECT Id, IsDeleted FROM Task WHERE {EXTERNAL_ID} IN ('r-0')"}
    assert ask("GET", "query", params=query).json()["totalSize"] == 0
    assert ask("GET", "queryAll", params=query).json()["records"][0]["IsDeleted"] is True
    upper = {"q": f"SELECT Id FROM Task WHERE {EXTERNAL_ID} = 'R-0'"}
    assert ask("GET", "queryAll", params=upper).json()["totalSize"] == 0


def test_sharing_applies(ask: Ask, tasks: dict[str, str], ann: User, bob: User) -> None:
    """Everybody finds their own tasks only."""
    assert names(ask, tasks, "", user=bob) == ["bobs"]
    assert len(names(ask, tasks, "", user=ann)) == 4


def test_relative_dates_follow_the_users_zone(ask: Ask, org: Org, ann: User, clock: MovableClock) -> None:
    """At 23:30 UTC it is tomorrow in Berlin, for dates as for moments."""
    clock.advance(12.5 * 3600)
    org.create_task(ann.id, Subject="late", ActivityDate="2026-11-23")
    clock.advance(3600)
    for condition, berlin, utc in (("ActivityDate = TODAY", 1, 0), ("CreatedDate = TODAY", 0, 1)):
        query = {"q": f"SELECT COUNT() FROM Task WHERE {condition}"}
        fresh = {"Authorization": f"Bearer {org.access_token(org.integration_user.id)}"}
        assert ask("GET", "query", user=ann, params=query).json()["totalSize"] == berlin
        assert ask("GET", "query", headers=fresh, params=query).json()["totalSize"] == utc


def test_pages(ask: Ask, org: Org, ann: User, bob: User, clock: MovableClock) -> None:
    """A cursor gives every row once, as it was when asked; it is its owner's, and lives for two days."""
    for number in range(450):
        org.create_task(ann.id, Subject=f"{number:03}")
    options = {"Sforce-Query-Options": "batchSize=200"}
    page = ask("GET", "query", params={"q": "SELECT Subject FROM Task ORDER BY Subject"}, headers=options).json()
    assert (page["totalSize"], page["done"], len(page["records"])) == (450, False, 200)
    org.update_task(ann.id, org.tasks()[449], Subject="changed meanwhile")
    url = f"https://example.my.salesforce.com{page['nextRecordsUrl']}"
    assert url.endswith("-200")
    assert ask("GET", url, user=ann).json()[0]["errorCode"] == "INVALID_QUERY_LOCATOR"
    subjects = [each["Subject"] for each in page["records"]]
    while not page["done"]:
        page = ask("GET", f"https://example.my.salesforce.com{page['nextRecordsUrl']}").json()
        subjects += [each["Subject"] for each in page["records"]]
    assert subjects == [f"{number:03}" for number in range(450)]
    clock.advance(2 * 86400 + 1)
    fresh = {"Authorization": f"Bearer {org.access_token(org.integration_user.id)}"}
    assert ask("GET", url, headers=fresh).json()[0]["errorCode"] == "INVALID_QUERY_LOCATOR"


def test_administrators_of_the_sync(ask: Ask, org: Org, ann: User) -> None:
    """The query by which the sync knows its administrators, and the picklists with their meaning."""
    boss = org.add_user("boss@example.com", "Boss", role="admin")
    query = "SELECT AssigneeId FROM PermissionSetAssignment WHERE PermissionSet.Name = 'Reminder_Sync_Admin'"
    rows = ask("GET", "query", params={"q": query}).json()["records"]
    assert [each["AssigneeId"] for each in rows] == [boss.id]
    query = "SELECT ApiName, IsClosed, IsDefault FROM TaskStatus ORDER BY SortOrder"
    rows = ask("GET", "query", params={"q": query}).json()["records"]
    assert [(each["ApiName"], each["IsClosed"], each["IsDefault"]) for each in rows][:3] == [
        ("Not Started", False, True),
        ("In Progress", False, False),
        ("Completed", True, False),
    ]
    query = f"SELECT Name, Username, TimeZoneSidKey, LanguageLocaleKey, IsActive FROM User WHERE Id = '{ann.id}'"
    assert ask("GET", "query", params={"q": query}).json()["records"][0]["TimeZoneSidKey"] == "Europe/Berlin"
