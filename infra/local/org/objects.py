"""The objects and fields of the org: types, lengths, what may be created, updated, filtered. One schema per org.

Source: the object reference pages of Task, User, Contact, Lead, Account, Group, Organization, TaskStatus, TaskPriority and
PermissionSetAssignment. A field that is not here does not exist in this org, and asking for it is INVALID_FIELD.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from infra.local.org.schema import EXTERNAL_ID, SYNC_FIELD, Field, Schema, SObject


def _text(name: str, length: int = 255, *, write: bool = True, kind: str = "string") -> Field:
    return Field(name=name, type=kind, length=length, create=write, update=write)


def _reference(name: str, *targets: str, relationship: str | None, write: bool = False, nillable: bool = True) -> Field:
    return Field(
        name=name,
        type="reference",
        length=18,
        create=write,
        update=write,
        targets=targets,
        relationship=relationship,
        nillable=nillable,
    )


def _flag(name: str, *, create: bool = False, update: bool = False, derived: bool = False) -> Field:
    return Field(name=name, type="boolean", create=create, update=update, nillable=False, derived=derived)


def _pick(name: str, *values: str, length: int = 255, update: bool = True, nillable: bool = True) -> Field:
    return Field(
        name=name, type="picklist", length=length, create=True, update=update, restricted=values, nillable=nillable
    )


def _plain(name: str, kind: str, *, write: bool = True) -> Field:
    return Field(name=name, type=kind, create=write, update=write)


def _id() -> Field:
    return Field(name="Id", type="id", length=18, nillable=False)


def _system() -> list[Field]:
    return [
        _flag("IsDeleted"),
        Field(name="CreatedDate", type="datetime", nillable=False),
        _reference("CreatedById", "User", relationship="CreatedBy", nillable=False),
        Field(name="LastModifiedDate", type="datetime", nillable=False),
        _reference("LastModifiedById", "User", relationship="LastModifiedBy", nillable=False),
        Field(name="SystemModstamp", type="datetime", nillable=False),
    ]


RECURRENCE_TYPES: Final = (
    "RecursDaily",
    "RecursEveryWeekday",
    "RecursMonthly",
    "RecursMonthlyNth",
    "RecursWeekly",
    "RecursYearly",
    "RecursYearlyNth",
)
INSTANCES: Final = ("First", "Second", "Third", "Fourth", "Last")
MONTHS: Final = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
SUBTYPES: Final = ("Task", "Email", "LinkedIn", "ListEmail", "Cadence", "Call")


def _task(*, shared_activities: bool) -> list[Field]:
    fields = [
        _id(),
        _reference("WhoId", "Contact", "Lead", relationship="Who", write=True),
        _reference("WhatId", "Account", relationship="What", write=True),
        _text("Subject", kind="combobox"),
        _plain("ActivityDate", "date"),
        _pick("Status", nillable=False),
        _pick("Priority", nillable=False),
        _flag("IsHighPriority", derived=True),
        _reference("OwnerId", "Group", "User", relationship="Owner", write=True, nillable=False),
        Field(
            name="Description",
            type="textarea",
            length=32000,
            create=True,
            update=True,
            filterable=False,
            sortable=False,
        ),
        Field(
            name="AccountId", type="reference", length=18, targets=("Account",), relationship="Account", derived=True
        ),
        _flag("IsClosed", derived=True),
        _pick("Type"),
        _flag("IsArchived"),
        _flag("IsVisibleInSelfService", create=True, update=True),
        _plain("CallDurationInSeconds", "int"),
        _pick("CallType", "Inbound", "Internal", "Outbound"),
        _text("CallDisposition"),
        _text("CallObject"),
        _plain("ReminderDateTime", "datetime"),
        _flag("IsReminderSet", create=True, update=True),
        _reference("RecurrenceActivityId", "Task", relationship="RecurrenceActivity"),
        _flag("IsRecurrence", create=True),
        _plain("RecurrenceStartDateOnly", "date"),
        _plain("RecurrenceEndDateOnly", "date"),
        _text("RecurrenceTimeZoneSidKey", 40),
        _pick("RecurrenceType", *RECURRENCE_TYPES),
        _plain("RecurrenceInterval", "int"),
        _plain("RecurrenceDayOfWeekMask", "int"),
        _plain("RecurrenceDayOfMonth", "int"),
        _pick("RecurrenceInstance", *INSTANCES),
        _pick("RecurrenceMonthOfYear", *MONTHS),
        _pick(
            "RecurrenceRegeneratedType",
            "RecurrenceRegenerateAfterDueDate",
            "RecurrenceRegenerateAfterToday",
            "RecurrenceRegenerated",
        ),
        _pick("TaskSubtype", *SUBTYPES, update=False),
        Field(name="CompletedDateTime", type="datetime"),
        Field(
            name=EXTERNAL_ID,
            type="string",
            length=64,
            create=True,
            update=True,
            unique=True,
            external_id=True,
            permission=SYNC_FIELD,
            label="Reminder Id",
        ),
        *_system(),
    ]
    if shared_activities:
        fields += [
            Field(name="WhoCount", type="int", derived=True),
            Field(name="WhatCount", type="int", derived=True),
        ]
    return fields


def _person(*extra: Field) -> list[Field]:
    return [
        _id(),
        Field(name="Name", type="string", length=121, nillable=False, derived=True),
        _text("FirstName", 40),
        Field(name="LastName", type="string", length=80, create=True, update=True, nillable=False),
        _text("Title", 128),
        _text("Email", 80, kind="email"),
        _text("Phone", 40, kind="phone"),
        _reference("OwnerId", "User", relationship="Owner", write=True, nillable=False),
        *extra,
        *_system(),
    ]


def _user() -> list[Field]:
    return [
        _id(),
        _text("Username", 80, write=False),
        Field(name="Name", type="string", length=121, nillable=False, derived=True),
        _text("FirstName", 40, write=False),
        _text("LastName", 80, write=False),
        _text("Alias", 8, write=False),
        _text("CommunityNickname", 40, write=False),
        _text("Email", 128, write=False, kind="email"),
        _text("Title", 80, write=False),
        _flag("IsActive"),
        _text("TimeZoneSidKey", 40, write=False, kind="picklist"),
        _text("LanguageLocaleKey", 40, write=False, kind="picklist"),
        _text("LocaleSidKey", 40, write=False, kind="picklist"),
        _text("UserType", 40, write=False, kind="picklist"),
        _reference("ProfileId", "Profile", relationship="Profile", nillable=False),
        *(described for described in _system() if described.name != "IsDeleted"),
    ]


def _picklist_object(flag: str) -> list[Field]:
    return [
        _id(),
        _text("MasterLabel", write=False),
        _text("ApiName", write=False),
        _plain("SortOrder", "int", write=False),
        _flag("IsDefault"),
        _flag(flag),
    ]


def _sobject(name: str, prefix: str, fields: Iterable[Field], *, writable: bool = False) -> SObject:
    by_name = {described.name: described for described in fields}
    return SObject(
        name=name,
        prefix=prefix,
        fields=by_name,
        by_lower={described.name.lower(): described for described in by_name.values()},
        relationships={d.relationship.lower(): d for d in by_name.values() if d.relationship},
        writable=writable,
    )


def build(*, shared_activities: bool = False) -> Schema:
    """Build an org's schema. WhoCount and WhatCount exist only with Shared Activities."""
    account = [
        _id(),
        Field(name="Name", type="string", length=255, create=True, update=True, nillable=False),
        _text("Website", kind="url"),
        _text("Industry", kind="picklist"),
        _reference("OwnerId", "User", relationship="Owner", write=True, nillable=False),
        *_system(),
    ]
    lead = _person(
        _text("Company"),
        _pick("Status", length=255),
        _flag("IsConverted"),
        _plain("ConvertedDate", "date", write=False),
        _reference("ConvertedContactId", "Contact", relationship="ConvertedContact"),
        _reference("ConvertedAccountId", "Account", relationship="ConvertedAccount"),
    )
    contact = _person(_reference("AccountId", "Account", relationship="Account", write=True))
    objects = [
        _sobject("Task", "00T", _task(shared_activities=shared_activities), writable=True),
        _sobject("User", "005", _user()),
        _sobject("Contact", "003", contact, writable=True),
        _sobject("Lead", "00Q", lead, writable=True),
        _sobject("Account", "001", account, writable=True),
        _sobject("Group", "00G", [_id(), _text("Name", 40), _text("DeveloperName", 80), _text("Type", 40)]),
        _sobject(
            "Organization",
            "00D",
            [
                _id(),
                _text("Name", 80),
                _text("InstanceName", 5),
                _flag("IsSandbox"),
                _text("OrganizationType", 40),
                _text("TimeZoneSidKey", 40),
                _text("LanguageLocaleKey", 40),
            ],
        ),
        _sobject("TaskStatus", "01J", _picklist_object("IsClosed")),
        _sobject("TaskPriority", "01K", _picklist_object("IsHighPriority")),
        _sobject(  # one row, the asker's own
            "UserPermissionAccess",
            "0Pp",
            [
                _id(),
                _flag("PermissionsViewAllData", derived=True),
                _flag("PermissionsModifyAllData", derived=True),
            ],
        ),
        _sobject("Profile", "00e", [_id(), _text("Name", write=False), _text("UserType", 40, write=False)]),
        _sobject("PermissionSet", "0PS", [_id(), _text("Name", 80), _text("Label", 80)]),
        _sobject(
            "PermissionSetAssignment",
            "0Pa",
            [
                _id(),
                _reference("AssigneeId", "User", relationship="Assignee"),
                _reference("PermissionSetId", "PermissionSet", relationship="PermissionSet"),
            ],
        ),
    ]
    return Schema(
        {each.name: each for each in objects},
        shared_activities,
        {each.name.lower(): each for each in objects},
        {each.prefix: each for each in objects},
    )
