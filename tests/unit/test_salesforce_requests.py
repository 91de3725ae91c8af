"""What exactly is asked of Salesforce, and that its limits are kept."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
import requests
from fakes.salesforce_answers import ME, ROW, URL, Script, Sent, answer, error, page

from infra.local.org.ids import long_id
from reminders.core.set_up_rules import PicklistValue
from reminders.ports import Change, InvalidRange, OrgUnavailable, Person, TooManyIds
from reminders.salesforce.client import Credentials, SalesforceOrg, connect

NOW = datetime(2026, 11, 22, 10, 0, 30, tzinfo=UTC)
DATA = "/services/data/v66.0"
NO_WHO_COUNT = "\nIsArchived,IsRecurrence,WhoCount FROM Task\n^\nERROR at Row:1:Column:9\nNo such column 'WhoCount' on entity 'Task'."
HIDDEN = (
    "\nReminder_Id__c,WhoCount FROM Task\n^\nERROR at Row:1:Column:9\nNo such column 'Reminder_Id__c' on entity 'Task'."
)


def _org(script: Script, url: str = URL, version: str = "66.0") -> SalesforceOrg:
    credentials = Credentials(url=url, consumer_key="key", consumer_secret="secret", api_version=version)
    return connect(credentials, session=script.session)


def _ids(number: int, prefix: str = "00T") -> list[str]:
    return [long_id(f"{prefix}{index:012d}") for index in range(number)]


def _size(sent: Sent) -> int:
    """Bytes of the request line's URI and the headers, as they would go out."""
    headers = {"Host": sent.host, **sent.headers}
    return len(sent.url.encode()) + sum(len(f"{name}: {value!s}\r\n".encode()) for name, value in headers.items())


def test_500_tasks_are_one_call_within_the_limit_of_a_uri() -> None:
    """I1: past 16,384 bytes of URI and headers the whole read would be refused (414, 431)."""
    script = Script(page(*(ROW | {"Id": task_id} for task_id in _ids(500))))
    found = _org(script, url=f"https://{'a' * 60}--{'b' * 30}.sandbox.my.salesforce.com").read(_ids(500))
    (sent,) = script.sent
    assert set(found.tasks) == set(_ids(500))
    assert sent.path == f"{DATA}/queryAll/"
    assert sent.soql.endswith("WHERE Id IN ('" + "','".join(_ids(500)) + "')")
    assert _size(sent) + 500 < 16_384


def test_a_longer_read_is_split_and_as_old_as_its_first_answer() -> None:
    """O1: taking the last answer's clock for all rows would hide that the first ones were read long before."""
    early, late = (f"Sun, 22 Nov 2026 10:00:{second} GMT" for second in ("05", "40"))
    body = {"done": True, "records": []}
    script = Script(answer(body, headers={"Date": late}), answer(body, headers={"Date": early}))
    assert _org(script).read(_ids(501)).at == datetime(2026, 11, 22, 10, 0, 5, tzinfo=UTC)
    assert [sent.soql.count("00T") for sent in script.sent] == [500, 1]


def test_external_ids_of_any_length_stay_within_the_limit() -> None:
    """O2: a look-up of 200 external ids that is refused for its length would leave 200 creates open for ever."""
    keys = [f"{index:03d}-{'ü' * 40}-0" for index in range(200)]
    script = Script(*[page() for _ in range(200)])
    assert _org(script).find(keys).tasks == {}
    assert all(_size(sent) < 16_384 for sent in script.sent)
    assert 1 < len(script.sent) < 10
    assert sum(sent.soql.count("-0'") for sent in script.sent) == 200


def test_a_quote_in_a_value_stays_a_value() -> None:
    """SOQL injection: text of strangers must never end its own string."""
    script = Script(page(), page(), page())
    org = _org(script)
    org.find(["x') OR (Name != '"])
    org.people(" O'Hara_100% ")
    assert script.sent[0].soql.endswith(r"Reminder_Id__c IN ('x\') OR (Name != \'')")
    assert r"Name LIKE '%O\'Hara\_100\%%'" in script.sent[1].soql


def test_what_is_no_tasks_id_is_not_asked_for() -> None:
    """I2: one malformed id makes Salesforce refuse the whole query, so a forged hint could stop everybody's sync."""
    script = Script(page(ROW))
    found = _org(script).read(
        ["00T000000000001EAA", "x", "", "00Q000000000001AAA", "00T') OR (Id != '", "00T000000000001EAA\n"]
    )
    assert set(found.tasks) == {"00T000000000001EAA"}
    assert script.sent[0].soql.endswith("WHERE Id IN ('00T000000000001EAA')")


def test_nothing_to_read_asks_for_the_time_alone() -> None:
    """I3: a read of nothing costs no counted call, and still says when."""
    script = Script(answer([]))
    found = _org(script).read([])
    assert (dict(found.tasks), found.at) == ({}, NOW.replace(second=0))
    assert [sent.path for sent in script.sent] == ["/services/data/"]


def test_without_shared_activities_it_is_found_out_once() -> None:
    """F7: WhoCount does not exist in every org; asking for it each time would cost two calls for every read."""
    script = Script(error("INVALID_FIELD", NO_WHO_COUNT), page(ROW), page(ROW))
    org = _org(script)
    assert org.read(["00T000000000001EAA"]).tasks["00T000000000001EAA"].who_count is None
    org.read(["00T000000000001EAA"])
    assert ["WhoCount" in sent.soql for sent in script.sent] == [True, False, False]


def test_another_missing_field_is_not_taken_for_shared_activities() -> None:
    """C4: the message quotes the query, WhoCount included; the person must read which field is really hidden."""
    script = Script(error("INVALID_FIELD", HIDDEN))
    with pytest.raises(OrgUnavailable, match="Reminder_Id__c"):
        _org(script).read(["00T000000000001EAA"])
    assert len(script.sent) == 1


@pytest.mark.parametrize("resource", ["updated", "deleted"])
def test_the_bounds_of_a_range_arrive_as_they_were_meant(resource: str) -> None:
    """I3: an unencoded `+` arrives as a space, and the range is refused or, worse, another."""
    covered = {
        "latestDateCovered": "2026-11-22T09:59:00.000+0000",
        "earliestDateAvailable": "2026-11-07T00:00:00.000+0000",
    }
    deleted = {"id": "00T000000000001EAA", "deletedDate": "2026-11-22T09:58:07.000+0000"}
    script = Script(answer({"ids": ["00T000000000001EAA"], "deletedRecords": [deleted], **covered}))
    org = _org(script)
    if resource == "updated":
        assert org.updated(NOW - timedelta(minutes=5), NOW).covered == datetime(2026, 11, 22, 9, 59, tzinfo=UTC)
    else:
        found = org.deleted(NOW - timedelta(minutes=5), NOW)
        assert found.covered == datetime(2026, 11, 22, 9, 59, tzinfo=UTC)
        assert found.earliest == datetime(2026, 11, 7, tzinfo=UTC)
        assert found.records == (("00T000000000001EAA", datetime(2026, 11, 22, 9, 58, 7, tzinfo=UTC)),)
    assert script.sent[0].path == f"{DATA}/sobjects/Task/{resource}/"
    assert script.sent[0].params == {"start": "2026-11-22T09:55:30+00:00", "end": "2026-11-22T10:00:30+00:00"}
    assert "%2B00%3A00" in script.sent[0].url


@pytest.mark.parametrize(
    ("code", "raised"), [("INVALID_REPLICATION_DATE", InvalidRange), ("EXCEEDED_ID_LIMIT", TooManyIds)]
)
def test_a_range_that_cannot_be_served_says_which_way(code: str, raised: type[Exception]) -> None:
    """I4: one asks for a full comparison, the other for half the range."""
    for ask in (SalesforceOrg.updated, SalesforceOrg.deleted):
        with pytest.raises(raised, match="why"):
            ask(_org(Script(error(code, "why"))), NOW, NOW)


def test_another_refusal_of_a_range_is_the_orgs() -> None:
    """O6: an exhausted budget must not look like a lost watermark, which would start a full comparison."""
    script = Script(error("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", 403))
    with pytest.raises(OrgUnavailable, match="REQUEST_LIMIT_EXCEEDED"):
        _org(script).updated(NOW, NOW)


def test_open_tasks_are_those_of_the_rule() -> None:
    """S4: open, no recurrence master, a to-do or without a kind; S2: changed since then; soonest due first; archived ones, too."""
    script = Script(page({"Id": "00T2"}, following=f"{DATA}/query/01g-2000"), page({"Id": "00T1"}))
    assert _org(script).open_tasks(ME, NOW) == ("00T2", "00T1")
    assert script.sent[0].path == f"{DATA}/queryAll/"
    assert script.sent[0].soql == (
        "SELECT Id FROM Task WHERE OwnerId = '005000000000001AAA' AND IsClosed = false AND IsDeleted = false AND IsRecurrence = false"
        " AND (TaskSubtype IN ('Task', 'Call', 'LinkedIn') OR TaskSubtype = null)"
        " AND SystemModstamp >= 2026-11-22T10:00:30Z ORDER BY ActivityDate ASC NULLS LAST, Id ASC"
    )
    assert script.sent[1].url == f"{URL}{DATA}/query/01g-2000"


def test_creates_are_one_insert_that_fails_by_record() -> None:
    """O2, O3: never an upsert, never all or nothing, and an empty value goes as null."""
    script = Script(answer([{"id": "00T1", "success": True, "errors": []}]))
    _org(script).create([{"Subject": "Ring \U0001f4de \u202bשלום\u202c", "Description": "a\r\nb", "WhoId": None}])
    (sent,) = script.sent
    assert (sent.method, sent.path) == ("POST", f"{DATA}/composite/sobjects")
    record = {"Subject": "Ring \U0001f4de \u202bשלום\u202c", "Description": "a\r\nb", "WhoId": None}
    assert sent.json == {"allOrNone": False, "records": [{"attributes": {"type": "Task"}, **record}]}


def test_updates_are_one_composite_each_under_its_own_precondition() -> None:
    """O1: without `If-Unmodified-Since` on each subrequest an edit made in Salesforce would be overwritten unseen."""
    answers = [{"referenceId": f"r{index}", "httpStatusCode": 204, "body": None} for index in range(2)]
    script = Script(answer({"compositeResponse": answers}))
    changes = [
        Change(task_id=task_id, fields={"Status": "Completed", "ActivityDate": None}, unmodified_since=at)
        for task_id, at in zip(_ids(2), (NOW, NOW - timedelta(days=1)), strict=True)
    ]
    assert [outcome.id for outcome in _org(script, version="67.0").update(changes)] == _ids(2)
    (sent,) = script.sent
    assert (sent.method, sent.path) == ("POST", "/services/data/v67.0/composite")
    assert sent.json["allOrNone"] is False
    first, second = sent.json["compositeRequest"]
    assert first == {
        "method": "PATCH",
        "url": f"/services/data/v67.0/sobjects/Task/{_ids(1)[0]}",
        "referenceId": "r0",
        "httpHeaders": {"If-Unmodified-Since": "Sun, 22 Nov 2026 10:00:30 GMT"},
        "body": {"Status": "Completed", "ActivityDate": None},
    }
    assert second["httpHeaders"] == {"If-Unmodified-Since": "Sat, 21 Nov 2026 10:00:30 GMT"}


def test_deletes_are_one_call_that_fails_by_record() -> None:
    """O1, O3: 200 ids fit into one call's URI."""
    script = Script(answer([{"id": task_id, "success": True, "errors": []} for task_id in _ids(200)]))
    assert [outcome.id for outcome in _org(script).delete(_ids(200))] == _ids(200)
    (sent,) = script.sent
    assert (sent.method, sent.path) == ("DELETE", f"{DATA}/composite/sobjects")
    assert sent.params == {"ids": ",".join(_ids(200)), "allOrNone": "false"}
    assert _size(sent) < 16_384


CHANGE = Change(task_id="00T000000000001EAA", fields={}, unmodified_since=NOW)


@pytest.mark.parametrize(
    "too_much",
    [
        lambda org: org.create([{"Subject": "x"}] * 201),
        lambda org: org.update([CHANGE] * 26),
        lambda org: org.delete(_ids(201)),
    ],
)
def test_more_than_one_call_holds_is_refused_before_anything_is_sent(
    too_much: Callable[[SalesforceOrg], object],
) -> None:
    """O1: the push decides what one call holds; splitting a write here would half-do it on an error."""
    script = Script()
    with pytest.raises(ValueError, match="one call holds"):
        too_much(_org(script))
    assert script.sign_ins == []


def test_writing_nothing_sends_nothing() -> None:
    """O6: an empty batch costs no call."""
    script = Script()
    org = _org(script)
    assert (org.create([]), org.update([]), org.delete([])) == ([], [], [])
    assert script.sign_ins == []


def test_picklists_come_in_the_orgs_order() -> None:
    """F2: the proposal for a missing value is the default open and the first closed one."""
    script = Script(
        page(
            {"ApiName": "To do", "IsClosed": False, "IsDefault": True},
            {"ApiName": "Done", "IsClosed": True, "IsDefault": False},
        ),
        page({"ApiName": "Urgent", "IsHighPriority": True, "IsDefault": False}),
    )
    org = _org(script)
    assert org.statuses() == (
        PicklistValue(name="To do", marked=False, default=True),
        PicklistValue(name="Done", marked=True, default=False),
    )
    assert org.priorities() == (PicklistValue(name="Urgent", marked=True, default=False),)
    assert [sent.soql for sent in script.sent] == [
        "SELECT ApiName, IsClosed, IsDefault FROM TaskStatus ORDER BY SortOrder",
        "SELECT ApiName, IsHighPriority, IsDefault FROM TaskPriority ORDER BY SortOrder",
    ]


def test_users_and_who_of_them_administers() -> None:
    """C7: administrators are told by the permission set; a queue's id is no user's and is not asked for."""
    row = {
        "Id": ME,
        "Name": "Ada",
        "Username": "ada@acme.example",
        "IsActive": False,
        "TimeZoneSidKey": "Europe/Paris",
        "LanguageLocaleKey": "fr",
    }
    script = Script(page({"AssigneeId": ME}), page(row))
    assert _org(script).users([ME, "00G000000000001AAA"]) == {
        ME: Person(
            id=ME,
            name="Ada",
            username="ada@acme.example",
            active=False,
            admin=True,
            time_zone="Europe/Paris",
            language="fr",
        )
    }
    assert script.sent[0].soql.endswith(f"WHERE PermissionSet.Name = 'Reminder_Sync_Admin' AND AssigneeId IN ('{ME}')")
    assert "00G" not in script.sent[0].soql + script.sent[1].soql


def test_people_are_at_most_20_by_name() -> None:
    """C1: a search box shows a page, not the address book."""
    number = count()

    def twenty(prefix: str) -> requests.Response:
        return page(*({"Id": person, "Name": f"n{next(number) % 20:02d}"} for person in _ids(20, prefix)))

    script = Script(twenty("003"), twenty("00Q"))
    found = _org(script).people("n")
    assert [person.name for person in found] == [f"n{index // 2:02d}" for index in range(20)]
    assert {person.id[:3] for person in found} == {"003", "00Q"}
    assert all("LIMIT 20" in sent.soql for sent in script.sent)
    assert "IsConverted = false" in script.sent[1].soql


@pytest.mark.parametrize("text", ["", "  ", "x" * 256])
def test_a_search_for_nothing_or_too_much_finds_nobody(text: str) -> None:
    """O6: no call for what cannot match a name; an empty LIKE would list everybody."""
    script = Script()
    assert _org(script).people(text) == ()
    assert script.sign_ins == []
