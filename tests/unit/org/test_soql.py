"""SOQL: what it finds, in which order, and what it refuses."""

# ruff: noqa: S608 - SOQL to an emulated org, of the test's own ids

from __future__ import annotations

import pytest
from unit.org.conftest import Ask

from infra.local.org import soql
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
        ("SELECT Status s FROM Task", "MALFORMED_QUERY"),
        ("SELECT Subject, COUNT(Id) FROM Task GROUP BY Status", "MALFORMED_QUERY"),
        ("SELECT Subject, COUNT(Id) FROM Task", "MALFORMED_QUERY"),
        ("SELECT COUNT(Id) n, MAX(Status) n FROM Task", "MALFORMED_QUERY"),
        ("SELECT MAX(Subject) FROM Task LIMIT 1", "MALFORMED_QUERY"),
        ("SELECT SUM(Subject) FROM Task", "MALFORMED_QUERY"),
        ("SELECT MAX(IsClosed) FROM Task", "MALFORMED_QUERY"),
        ("SELECT COUNT(Description) FROM Task", "MALFORMED_QUERY"),
        ("SELECT Status FROM Task GROUP BY Status ORDER BY Subject", "MALFORMED_QUERY"),
        ("SELECT Id FROM Task HAVING COUNT(Id) > 1", "MALFORMED_QUERY"),
        ("SELECT Id FROM Task WHERE COUNT(Id) > 1", "MALFORMED_QUERY"),
        ("SELECT DAY_ONLY(CreatedDate) FROM Task", "MALFORMED_QUERY"),
        ("SELECT Nonsense(Subject) FROM Task", "MALFORMED_QUERY"),
        ("SELECT toLabel(Subject) FROM Task", "MALFORMED_QUERY"),
        ("SELECT Id FROM Task WHERE Subject IN (SELECT Id FROM Lead)", "MALFORMED_QUERY"),
        ("SELECT Id FROM Task WHERE WhoId IN (SELECT LastName FROM Lead)", "MALFORMED_QUERY"),
        ("SELECT Id FROM Task WHERE Id IN (SELECT Id FROM Task)", "MALFORMED_QUERY"),
        ("SELECT Id, (SELECT Id FROM Nonsenses) FROM Lead", "INVALID_TYPE"),
        ("SELECT Id, (SELECT COUNT() FROM Tasks) FROM Lead", "MALFORMED_QUERY"),
        ("SELECT Id FROM Task USING SCOPE nonsense", "MALFORMED_QUERY"),
        ("SELECT Id FROM Task WITH nonsense", "MALFORMED_QUERY"),
        ("SELECT Id FROM Task FOR nonsense", "MALFORMED_QUERY"),
        ("SELECT TYPEOF Owner WHEN Nonsense THEN Id END FROM Task", "INVALID_TYPE"),
        ("SELECT TYPEOF Account WHEN Account THEN Id END FROM Task", "INVALID_FIELD"),
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


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("SELECT MAX(ActivityDate), MIN(Subject) m FROM Task", [{"expr0": "2026-12-01", "m": "Alpha"}]),
        ("SELECT COUNT(Id), MAX(ActivityDate) d FROM Task WHERE Subject = 'none'", [{"expr0": 0, "d": None}]),
        ("SELECT COUNT_DISTINCT(Status), AVG(CallDurationInSeconds) FROM Task", [{"expr0": 2, "expr1": None}]),
        (
            "SELECT Status, COUNT(Id) n FROM Task GROUP BY Status ORDER BY COUNT(Id) DESC",
            [{"Status": "Not Started", "n": 4}, {"Status": "Completed", "n": 1}],
        ),
        (
            "SELECT Owner.Name, COUNT(Id) FROM Task GROUP BY Owner.Name HAVING COUNT(Id) > 1 AND Owner.Name LIKE '%'",
            [{"Name": "Ann Lee", "expr0": 4}],
        ),
        ("SELECT Priority p FROM Task GROUP BY Priority ORDER BY Priority LIMIT 1 OFFSET 1", [{"p": "Normal"}]),
        (
            "SELECT CALENDAR_MONTH(ActivityDate), COUNT(Id) FROM Task GROUP BY CALENDAR_MONTH(ActivityDate) HAVING COUNT(Id) > 1",
            [{"expr0": 11, "expr1": 3}],
        ),
        ("SELECT MAX(CreatedDate) FROM Task", [{"expr0": "2026-11-22T10:04:00.000+0000"}]),
    ],
)
def test_groups(ask: Ask, tasks: dict[str, str], query: str, rows: list[dict[str, object]]) -> None:
    """Groups are counted and aggregated without nulls, named by alias or number, filtered by HAVING and ordered."""
    assert tasks
    answer = ask("GET", "query", params={"q": query}).json()
    assert answer["records"] == [{"attributes": {"type": "AggregateResult"}, **row} for row in rows]
    assert (answer["totalSize"], answer["done"]) == (len(rows), True)


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ("WHERE WhoId IN (SELECT Id FROM Lead WHERE LastName = 'Zhang')", {"alpha"}),
        ("WHERE OwnerId NOT IN (SELECT Id FROM User WHERE FirstName = 'Bob')", {"alpha", "beta", "gamma", "delta"}),
        ("WHERE WhoId NOT IN (SELECT Id FROM Lead)", set()),
        ("WHERE DAY_ONLY(CreatedDate) = 2026-11-22 AND DAY_IN_MONTH(ActivityDate) > 22", {"gamma"}),
        ("WHERE toLabel(Status) = 'Completed'", {"beta"}),
        (
            "USING SCOPE everything WHERE IsClosed = true WITH SECURITY_ENFORCED LIMIT 5 FOR VIEW FOR REFERENCE",
            {"beta"},
        ),
        ("USING SCOPE mine", set()),
    ],
)
def test_joins_functions_and_scopes(ask: Ask, tasks: dict[str, str], where: str, found: set[str]) -> None:
    """A query after IN, functions of a field, and what may stand around a query."""
    assert set(names(ask, tasks, where)) == found


def test_children_and_kinds(ask: Ask, tasks: dict[str, str], org: Org, ann: User) -> None:
    """Children come as a result of their own per parent, null where there are none; TYPEOF gives what fits the parent's kind."""
    org.create(ann.id, "Lead", LastName="Alone", Company="Atlas")
    inner = "(SELECT Subject FROM Tasks ORDER BY Subject LIMIT 1)"
    leads = ask("GET", "query", params={"q": f"SELECT LastName, {inner} FROM Lead ORDER BY LastName"}).json()["records"]
    assert [each["LastName"] for each in leads] == ["Alone", "Zhang"]
    assert leads[0]["Tasks"] is None
    assert (leads[1]["Tasks"]["totalSize"], leads[1]["Tasks"]["records"][0]["Subject"]) == (1, "Alpha")
    kinds = "TYPEOF Who WHEN Contact THEN Email WHEN Lead THEN Company, LastName ELSE Name END"
    soql = f"SELECT {kinds}, TYPEOF Owner WHEN Group THEN DeveloperName ELSE Name END FROM Task WHERE Subject = 'Alpha'"
    (row,) = ask("GET", "query", params={"q": soql}).json()["records"]
    assert (row["Who"]["attributes"]["type"], row["Who"]["Company"], row["Who"]["LastName"]) == (
        "Lead",
        "Atlas",
        "Zhang",
    )
    assert (row["Owner"]["attributes"]["type"], row["Owner"]["Name"]) == ("User", "Ann Lee")
    (nobody,) = ask("GET", "query", params={"q": f"SELECT {kinds} FROM Task WHERE Subject = 'Bob\\'s'"}).json()[
        "records"
    ]
    assert nobody["Who"] is None


def test_columns(ask: Ask, tasks: dict[str, str]) -> None:
    """`columns=true` tells the columns instead of rows, parents' ones inside them: command lines lay tables out by it."""
    soql = "SELECT Id, Owner.Name, Owner.Type FROM Task"
    told = ask("GET", "query", params={"q": soql, "columns": "true"}).json()
    assert tasks
    assert [each["columnName"] for each in told["columnMetadata"]] == ["Id", "Owner"]
    assert [each["columnName"] for each in told["columnMetadata"][1]["joinColumns"]] == ["Name", "Type"]
    soql = "SELECT Status, COUNT(Id), MAX(Id) m FROM Task GROUP BY Status"
    told = ask("GET", "query", params={"q": soql, "columns": "true"}).json()
    shown = [(each["columnName"], each["displayName"], each["aggregate"]) for each in told["columnMetadata"]]
    assert shown == [("Status", "Status", False), ("expr0", "COUNT(Id)", True), ("m", "MAX(Id)", True)]


def test_the_parser_is_small() -> None:
    """Optional clauses in one rule multiply with each other: seconds, in every process, before its first query is answered."""
    assert len(soql._parser().rules) < 300


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
