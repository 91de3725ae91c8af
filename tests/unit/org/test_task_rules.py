"""The rules of Task: defaults, derived fields, relations, archiving, cascades, and what an org adds."""

# ruff: noqa: S608 - SOQL to an emulated org, of the test's own ids

from __future__ import annotations

import random

import pytest
from unit.org.conftest import HOST, Ask

from infra.local.org import dml, sample
from infra.local.org.clock import MovableClock
from infra.local.org.errors import Refused
from infra.local.org.state import User
from infra.local.org.task_rules import archive
from infra.local.org.world import Org, make_org

DAY = 86400


def test_nothing_has_to_be_sent(org: Org, ann: User) -> None:
    """Status, Priority, owner and subtype have defaults; Subject may be empty, and empty text is null."""
    task = org.task(org.create_task(ann.id, Subject=""))
    assert (task["Status"], task["Priority"], task["OwnerId"]) == ("Not Started", "Normal", ann.id)
    assert (task["Subject"], task["TaskSubtype"], task["IsClosed"], task["IsHighPriority"]) == (
        None,
        "Task",
        False,
        False,
    )
    assert task["CreatedById"] == task["LastModifiedById"] == ann.id


def test_closed_and_high_follow_the_picklists(org: Org, ann: User) -> None:
    """IsClosed follows from Status alone, whatever the org calls its values."""
    org.set_statuses((("To do", False), ("Done", True), ("Dropped", True)))
    key = org.create_task(ann.id, Priority="High")
    assert (org.task(key)["Status"], org.task(key)["IsHighPriority"]) == ("To do", True)
    org.update_task(ann.id, key, Status="Dropped")
    assert org.task(key)["IsClosed"] is True


def test_completed_date_time(org: Org, ann: User, clock: MovableClock) -> None:
    """Set on closing, kept on the same status, set anew on a different closed one, null on reopening."""
    org.set_statuses((("Open", False), ("Done", True), ("Dropped", True)))
    key = org.create_task(ann.id)
    seen = []
    for status in ("Done", "Done", "Dropped", "Open"):
        clock.advance(60)
        org.update_task(ann.id, key, Status=status)
        seen.append(org.task(key)["CompletedDateTime"])
    assert seen == [f"2026-11-22T10:0{minute}:00.000+0000" for minute in (1, 1, 3)] + [None]


def test_an_unknown_status_is_stored_unless_restricted(org: Org, ann: User) -> None:
    """Status is no restricted picklist by default; an org may make it one."""
    key = org.create_task(ann.id, Status="On the moon")
    assert (org.task(key)["Status"], org.task(key)["IsClosed"]) == ("On the moon", False)
    org.state.restricted_picklists = True
    with pytest.raises(Refused, match="INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"):
        org.create_task(ann.id, Status="On Mars")


def test_a_save_without_a_change_is_a_save(org: Org, ann: User, clock: MovableClock) -> None:
    """It moves the stamps, so stamps prove no edit."""
    key = org.create_task(ann.id, Subject="a")
    clock.advance(9)
    org.update_task(org.integration_user.id, key, Subject="a")
    task = org.task(key)
    assert (task["LastModifiedDate"], task["LastModifiedById"]) == (
        "2026-11-22T10:00:09.000+0000",
        org.integration_user.id,
    )
    assert task["CreatedDate"] == "2026-11-22T10:00:00.000+0000"


def test_the_account_is_the_contacts(org: Org, ann: User) -> None:
    """AccountId follows from WhatId, else from the contact; a lead goes with nothing else."""
    account = org.create(ann.id, "Account", Name="Atlas")
    contact = org.create(ann.id, "Contact", LastName="Zhang", AccountId=account)
    lead = org.create(ann.id, "Lead", LastName="Moretti", Company="Solano")
    assert org.task(org.create_task(ann.id, WhoId=contact))["AccountId"] == account
    assert org.task(org.create_task(ann.id, WhatId=account))["AccountId"] == account
    assert org.task(org.create_task(ann.id, WhoId=lead))["AccountId"] is None
    with pytest.raises(Refused, match="FIELD_INTEGRITY_EXCEPTION"):
        org.create_task(ann.id, WhoId=lead, WhatId=account)


def test_tasks_go_and_come_with_their_person(org: Org, ann: User, ask: Ask, clock: MovableClock) -> None:
    """Deleting a contact deletes its tasks; those deleted before stay deleted when it comes back."""
    contact = org.create(ann.id, "Contact", LastName="Zhang")
    before, with_it = org.create_task(ann.id, WhoId=contact), org.create_task(ann.id, WhoId=contact)
    org.delete_task(ann.id, before)
    clock.advance(5)
    assert ask("DELETE", f"sobjects/Contact/{contact}").status_code == 204
    assert org.tasks() == []
    assert org.task(with_it)["SystemModstamp"] == "2026-11-22T10:00:05.000+0000"
    org.undelete(org.integration_user.id, "Contact", contact)
    assert org.tasks() == [with_it]


def test_tasks_go_and_come_with_their_account(org: Org, ann: User, clock: MovableClock) -> None:
    """An account's tasks hang on it by WhatId; another account's, and one deleted before, are left alone."""
    mine, other = (org.create(ann.id, "Account", Name=name) for name in ("Atlas", "Borealis"))
    gone, kept, before = (org.create_task(ann.id, WhatId=account) for account in (mine, other, mine))
    org.delete_task(ann.id, before)
    clock.advance(60)
    account = org.state.schema.objects["Account"]
    dml.transact(org.state, org.caller(ann.id), account, f"delete {mine}", lambda work: dml.delete(work, mine))
    assert [org.task(key)["IsDeleted"] for key in (gone, kept, before)] == [True, False, True]
    clock.advance(60)
    org.undelete(ann.id, "Account", mine)
    assert [org.task(key)["IsDeleted"] for key in (gone, kept, before)] == [False, False, True]


def test_archiving(org: Org, ann: User, ask: Ask, clock: MovableClock) -> None:
    """Closed and due a year ago: hidden from `query`, not from `queryAll`; only SystemModstamp moves; still writable."""
    old = org.create_task(ann.id, Status="Completed", ActivityDate="2025-11-22")
    org.create_task(ann.id, Status="Completed", ActivityDate="2025-11-23")
    org.create_task(ann.id, ActivityDate="2020-01-01")
    clock.advance(60)
    assert archive(org.state) == 1
    query = {"q": f"SELECT IsArchived FROM Task WHERE Id = '{old}'"}
    assert ask("GET", "query", params=query).json()["totalSize"] == 0
    assert ask("GET", "queryAll", params=query).json()["records"][0]["IsArchived"] is True
    assert org.task(old)["LastModifiedDate"] == "2026-11-22T10:00:00.000+0000"
    assert org.task(old)["SystemModstamp"] == "2026-11-22T10:01:00.000+0000"
    assert ask("PATCH", f"sobjects/Task/{old}", json={"Subject": "still writable"}).status_code == 204


def test_what_an_org_adds(org: Org, ann: User, ask: Ask) -> None:
    """Validation rules, required fields and automations apply to every writer."""
    org.state.validations.append(lambda row: "No parties." if "party" in str(row.get("Subject")) else None)
    org.state.required.append("ActivityDate")
    org.state.automations.append(lambda row: row.update(Priority="High"))
    body = {"Subject": "party", "ActivityDate": "2026-11-22"}
    refused = ask("POST", "sobjects/Task", json=body).json()[0]
    assert refused == {"message": "No parties.", "errorCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION"}
    assert ask("POST", "sobjects/Task", json={"Subject": "a"}).json()[0]["fields"] == ["ActivityDate"]
    assert org.task(org.create_task(ann.id, ActivityDate="2026-11-22"))["Priority"] == "High"


def test_what_follows_from_a_field_follows_from_an_automations_too(org: Org, ann: User) -> None:
    """A before-save flow that closes a task gives it the moment, too; else a closed task says it was never completed."""
    org.state.automations.append(lambda row: row.update(Status="Completed"))
    assert org.task(org.create_task(ann.id))["CompletedDateTime"] == "2026-11-22T10:00:00.000+0000"


def test_a_converted_lead_is_neither_changed_nor_referred_to(org: Org, ann: User, ask: Ask) -> None:
    """A sync that kept the lead's id hears that it is gone, rather than relate a task to nobody; and can ask who it became."""
    lead = org.create(ann.id, "Lead", LastName="Moretti", Company="Solano")
    task = org.create_task(ann.id, Subject="Call")
    contact = org.convert_lead(ann.id, lead)
    query = {"q": f"SELECT ConvertedContactId, ConvertedDate FROM Lead WHERE Id = '{lead}'"}
    found = ask("GET", "query", params=query).json()["records"][0]
    assert (found["ConvertedContactId"], found["ConvertedDate"]) == (contact, "2026-11-22")
    asked = [
        ask("POST", "sobjects/Task", json={"WhoId": lead}),
        ask("PATCH", f"sobjects/Task/{task}", json={"WhoId": lead}),
        ask("PATCH", f"sobjects/Lead/{lead}", json={"LastName": "Other"}),
    ]
    assert {(each.status_code, each.json()[0]["errorCode"]) for each in asked} == {
        (400, "CANNOT_UPDATE_CONVERTED_LEAD")
    }


def test_shared_activities_bring_the_counts(clock: MovableClock) -> None:
    """WhoCount exists only in an org that has them switched on."""
    shared = make_org(now=clock.now, rng=random.Random(3), shared_activities=True)
    ann = shared.add_user("ann@example.com", "Ann Lee")
    lead = shared.create(ann.id, "Lead", LastName="Moretti", Company="Solano")
    assert shared.task(shared.create_task(ann.id, WhoId=lead))["WhoCount"] == 1
    assert shared.task(shared.create_task(ann.id))["WhoCount"] == 0


def test_equal_seeds_make_equal_orgs(clock: MovableClock) -> None:
    """A simulation must be repeatable, ids and sample data included."""
    orgs = [make_org(now=clock.now, rng=random.Random(5)) for _ in range(2)]
    for each in orgs:
        sample.fill(each, users=5, tasks=40)
    assert orgs[0].state.store.tables == orgs[1].state.store.tables
    assert len(orgs[0].tasks()) == 40 + 6  # and a weekly series: master and five occurrences


def test_a_converted_lead_takes_its_tasks_along(org: Org, ann: User, ask: Ask, clock: MovableClock) -> None:
    """WhoId becomes the contact, WhatId the account, open and closed tasks alike, and the stamps move; a second time is refused."""
    lead = org.create(ann.id, "Lead", LastName="Zhang", Company="Atlas")
    tasks = [org.create_task(ann.id, WhoId=lead, Status=status) for status in ("Not Started", "Completed")]
    clock.advance(60)
    contact = org.convert_lead(ann.id, lead)
    for key in tasks:
        task = ask("GET", f"sobjects/Task/{key}").json()
        assert (task["WhoId"], task["WhatId"]) == (contact, task["AccountId"])
        assert task["SystemModstamp"] == task["LastModifiedDate"] > task["CreatedDate"]
    assert ask("GET", f"sobjects/Contact/{contact}").json()["LastName"] == "Zhang"
    with pytest.raises(Refused, match="CANNOT_UPDATE_CONVERTED_LEAD"):
        org.convert_lead(ann.id, lead)


def test_field_permissions(org: Org, ann: User, ask: Ask) -> None:
    """A hidden field does not exist for the user, anywhere; a read-only one is told in describe and refused."""
    key = org.create_task(ann.id, Subject="Call", Description="Long story")
    org.restrict(ann.id, "Description", readable=False)
    org.restrict(ann.id, "Priority")
    fields = {each["name"]: each for each in ask("GET", "sobjects/Task/describe", user=ann).json()["fields"]}
    assert "Description" not in fields
    assert (fields["Priority"]["updateable"], fields["Subject"]["updateable"]) == (False, True)
    assert "Description" not in ask("GET", f"sobjects/Task/{key}", user=ann).json()
    query = ask("GET", "query", user=ann, params={"q": "SELECT Description FROM Task"})
    assert query.json()[0]["errorCode"] == "INVALID_FIELD"
    for name, code in (("Description", "INVALID_FIELD"), ("Priority", "INVALID_FIELD_FOR_INSERT_UPDATE")):
        refused = ask("PATCH", f"sobjects/Task/{key}", user=ann, json={name: "High"})
        assert refused.json()[0]["errorCode"] == code
    assert ask("GET", f"sobjects/Task/{key}").json()["Description"] == "Long story"


def test_locked_records_and_full_storage(org: Org, ann: User, ask: Ask) -> None:
    """What an approval process locks only administrators change; a full edition takes no new task until one is deleted."""
    key = org.create_task(ann.id)
    org.state.locked.add(key)
    assert ask("PATCH", f"sobjects/Task/{key}", json={"Subject": "x"}).json()[0]["errorCode"] == "ENTITY_IS_LOCKED"
    admin = org.add_user("admin@example.com", "Alex Admin", role="admin")
    assert ask("PATCH", f"sobjects/Task/{key}", user=admin, json={"Subject": "x"}).status_code == 204
    org.state.storage = 1
    assert ask("POST", "sobjects/Task", json={}).json()[0]["errorCode"] == "STORAGE_LIMIT_EXCEEDED"
    org.state.locked.clear()
    org.delete_task(ann.id, key)
    assert ask("POST", "sobjects/Task", json={}).status_code == 201


def test_queues_own_tasks_since_version_48(org: Org, ann: User, ask: Ask) -> None:
    """An older client cannot assign to a queue; a newer one can."""
    queue = org.add_queue("Inside Sales", {ann.id})
    old = ask("POST", f"{HOST}/services/data/v47.0/sobjects/Task", json={"OwnerId": queue})
    assert old.json()[0]["errorCode"] == "MALFORMED_ID"
    assert ask("POST", f"{HOST}/services/data/v48.0/sobjects/Task", json={"OwnerId": queue}).status_code == 201


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-22T10:00:00Z",
        "2026-11-22T10:00:00.000Z",
        "2026-11-22T10:00:00.000+0000",
        "2026-11-22T11:00:00+01:00",
        "2026-11-22T05:00:00.123456-05",
        "2026-11-22t10:00z",
    ],
)
def test_every_way_of_writing_a_date_time(ask: Ask, text: str) -> None:
    """Clients differ; the org answers in one way."""
    key = ask("POST", "sobjects/Task", json={"ReminderDateTime": text, "IsReminderSet": "TRUE"}).json()["id"]
    task = ask("GET", f"sobjects/Task/{key}").json()
    assert (task["ReminderDateTime"], task["IsReminderSet"]) == ("2026-11-22T10:00:00.000+0000", True)
