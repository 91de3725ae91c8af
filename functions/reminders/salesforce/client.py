"""The `Org` port on simple-salesforce (REST API).

No object and no error of simple-salesforce or requests leaves this module: answers become our values, failures become
`OrgUnavailable`, `InvalidRange`, `TooManyIds` or an `Outcome`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote

import requests

from reminders.core.set_up_rules import Access, PicklistValue
from reminders.core.task import EXTERNAL_ID, Task, is_task_id
from reminders.ports import (
    READ_BATCH,
    Bulk,
    Change,
    DeletedList,
    InvalidRange,
    OrgUnavailable,
    Outcome,
    Person,
    TooManyIds,
    Updated,
    Usage,
)
from reminders.salesforce.rest_only import format_soql
from reminders.salesforce.rows import (
    TASK_FIELDS,
    WHO_COUNT,
    batches,
    by_external_id,
    composite_outcomes,
    http_date,
    outcomes,
    stamp,
    task,
)
from reminders.salesforce.session import Session, documented
from reminders.salesforce.wire import Credentials

__all__ = ["Credentials", "SalesforceOrg", "connect"]

READ_BYTES: Final = 14_000
"""URI bytes for the values of one `IN (…)`: with fields, host and headers the whole stays below Salesforce's 16,384."""
WRITE_BATCH: Final = 200
UPDATE_BATCH: Final = 25
MOST_PEOPLE: Final = 20
LONGEST_NAME: Final = 255
ADMIN_PERMISSION_SET: Final = "Reminder_Sync_Admin"

_USER_ID = re.compile(r"005[a-zA-Z0-9]{15}")
_CONTACT_ID = re.compile(r"003[a-zA-Z0-9]{15}")
_LEAD_ID = re.compile(r"00Q[a-zA-Z0-9]{15}")
_NO_WHO_COUNT = re.compile(rf"No such column '{WHO_COUNT}'")


def connect(credentials: Credentials, *, session: requests.Session | None = None) -> SalesforceOrg:
    """Make an `Org` for one Salesforce org. Nothing is sent yet: it signs in when first asked.

    Of a `session` only the adapter mounted for the org's address is used (for an org in the same process).
    """
    return SalesforceOrg(
        Session(credentials, (session or requests.Session()).get_adapter(credentials.url)), credentials
    )


class SalesforceOrg:
    """One Salesforce org; implements `ports.Org`. Keep one per container: it keeps session and connections."""

    def __init__(self, session: Session, credentials: Credentials) -> None:
        self._session = session
        self._root = f"/services/data/v{credentials.api_version}"
        self._shared_activities = True

    def now(self) -> datetime:
        """Salesforce's clock; an answer that counts against no limit."""
        return self._session.clock()

    def me(self) -> str:
        """The integration user's id; it comes with the sign-in."""
        return self._session.user_id

    def usage(self) -> Usage | None:
        """What the newest answer said of the org's calls."""
        return self._session.usage

    def updated(self, start: datetime, end: datetime) -> Updated:
        """Ids of tasks created or changed in the range. Raises InvalidRange, TooManyIds."""
        body = self._replicated("updated", start, end)
        return Updated(ids=tuple(body["ids"]), covered=stamp(body["latestDateCovered"]))

    def deleted(self, start: datetime, end: datetime) -> DeletedList:
        """Tasks deleted in the range. Raises InvalidRange, TooManyIds."""
        body = self._replicated("deleted", start, end)
        return DeletedList(
            records=tuple((record["id"], stamp(record["deletedDate"])) for record in body["deletedRecords"]),
            covered=stamp(body["latestDateCovered"]),
            earliest=stamp(body["earliestDateAvailable"]),
        )

    def read(self, task_ids: Collection[str]) -> Bulk:
        """Read tasks by id, deleted and archived ones included.

        Text that has not the form of a task's id is not asked for (one such makes Salesforce refuse the whole query, and a
        forged message may hold any), so it is absent like every row that cannot be read (M6).
        """
        tasks, at = self._tasks("Id", filter(is_task_id, task_ids))
        return Bulk(tasks={each.id: each for each in tasks}, at=at)

    def find(self, external_ids: Collection[str]) -> Bulk:
        """Look tasks that we made up by `Reminder_Id__c`, deleted ones included; a living one wins, then the oldest.

        What somebody else made with our id on it is a copy, be the original deleted (M5).
        """
        tasks, at = self._tasks(EXTERNAL_ID, filter(None, external_ids))
        me = self.me()
        return Bulk(tasks=by_external_id(each for each in tasks if each.created_by == me), at=at)

    def open_tasks(self, owner: str, since: datetime) -> tuple[str, ...]:
        """Ids of the owner's open, importable tasks created or changed since then, soonest due first (S2, S4).

        Asked by SystemModstamp alone: it is indexed, never earlier than CreatedDate or LastModifiedDate, and what `updated`
        goes by, so the first sync and the sweep see at least what polling would have seen: archived ones that are open again, too.
        """
        soql = format_soql(
            "SELECT Id FROM Task WHERE OwnerId = {} AND IsClosed = false AND IsDeleted = false AND IsRecurrence = false"
            " AND (TaskSubtype IN ('Task', 'Call', 'LinkedIn') OR TaskSubtype = null) AND SystemModstamp >= {:literal}"
            " ORDER BY ActivityDate ASC NULLS LAST, Id ASC",
            owner,
            since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        )
        return tuple(row["Id"] for row in self._session.query(soql, deleted_too=True)[0])

    def recent_tasks(self, owner: str, since: datetime, limit: int) -> tuple[str, ...]:
        """Ids of the owner's tasks of any kind created or changed since then, the newest change first, at most so many (S2)."""
        soql = format_soql(
            "SELECT Id FROM Task WHERE OwnerId = {} AND SystemModstamp >= {:literal}"
            " ORDER BY SystemModstamp DESC, Id ASC LIMIT {:literal}",
            owner,
            since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            str(limit),
        )
        return tuple(row["Id"] for row in self._session.query(soql)[0])

    def create(self, records: Sequence[Mapping[str, str | None]]) -> list[Outcome]:
        """Insert up to 200 tasks in one call; outcomes in input order."""
        if not _within(records, WRITE_BATCH):
            return []
        tasks = [{"attributes": {"type": "Task"}, **record} for record in records]
        body = self._post("composite/sobjects", {"allOrNone": False, "records": tasks})
        return outcomes(body, len(records))

    def update(self, changes: Sequence[Change]) -> list[Outcome]:
        """Update up to 25 tasks in one call, each under its precondition; outcomes in input order."""
        if not _within(changes, UPDATE_BATCH):
            return []
        parts = [
            {
                "method": "PATCH",
                "url": f"{self._root}/sobjects/Task/{quote(change.task_id, safe='')}",
                "referenceId": f"r{index}",
                "httpHeaders": {"If-Unmodified-Since": http_date(change.unmodified_since)},
                "body": dict(change.fields),
            }
            for index, change in enumerate(changes)
        ]
        body = self._post("composite", {"allOrNone": False, "compositeRequest": parts})
        return composite_outcomes(body, [change.task_id for change in changes])

    def delete(self, task_ids: Sequence[str]) -> list[Outcome]:
        """Delete up to 200 tasks in one call; outcomes in input order."""
        if not _within(task_ids, WRITE_BATCH):
            return []
        params = {"ids": ",".join(task_ids), "allOrNone": "false"}
        answer = self._session.write(
            lambda client, hooks: client.restful("composite/sobjects", params, method="DELETE", hooks=hooks)
        )
        return outcomes(answer.body, len(task_ids))

    def statuses(self) -> tuple[PicklistValue, ...]:
        """The org's TaskStatus values, in their order."""
        return self._picklist("TaskStatus", "IsClosed")

    def priorities(self) -> tuple[PicklistValue, ...]:
        """The org's TaskPriority values, in their order."""
        return self._picklist("TaskPriority", "IsHighPriority")

    def access(self) -> Access:
        """What the integration user may do, by the object that tells the asker's own permissions; the field by Task's describe."""
        rows, _ = self._session.query(
            "SELECT PermissionsViewAllData, PermissionsModifyAllData FROM UserPermissionAccess"
        )
        answer = self._session.read(lambda client, hooks: client.restful("sobjects/Task/describe", hooks=hooks))
        described = documented(answer.body, "fields")["fields"]
        field = next((each for each in described if each["name"] == EXTERNAL_ID), None)
        return Access(
            view_all=any(row["PermissionsViewAllData"] for row in rows),
            modify_all=any(row["PermissionsModifyAllData"] for row in rows),
            field_seen=field is not None,
            field_written=bool(field and field["createable"]),
            field_unique=bool(field and field["unique"] and field["externalId"]),
        )

    def users(self, user_ids: Collection[str]) -> dict[str, Person]:
        """Users by id; administrators are those to whom the permission set is assigned (C7). Two calls a batch."""
        people: dict[str, Person] = {}
        for batch in batches(filter(_USER_ID.fullmatch, user_ids), most=READ_BATCH, most_bytes=READ_BYTES):
            admins = format_soql(
                "SELECT AssigneeId FROM PermissionSetAssignment WHERE PermissionSet.Name = {} AND AssigneeId IN {}",
                ADMIN_PERMISSION_SET,
                batch,
            )
            holders = {row["AssigneeId"] for row in self._session.query(admins)[0]}
            soql = "SELECT Id, Name, Username, IsActive, TimeZoneSidKey, LanguageLocaleKey FROM User WHERE Id IN {}"
            for row in self._session.query(format_soql(soql, batch))[0]:
                people[row["Id"]] = Person(
                    id=row["Id"],
                    name=row["Name"] or "",
                    username=row["Username"],
                    active=row["IsActive"],
                    admin=row["Id"] in holders,
                    time_zone=row["TimeZoneSidKey"],
                    language=row["LanguageLocaleKey"],
                )
        return people

    def people(self, text: str) -> tuple[Person, ...]:
        """Leads and contacts whose name contains the text, at most 20, by name (C1). Two calls; none for no text."""
        if not text.strip() or len(text) > LONGEST_NAME:
            return ()
        found: list[Person] = []
        for source in ("Contact WHERE", "Lead WHERE IsConverted = false AND"):
            soql = f"SELECT Id, Name FROM {source} Name LIKE '%{{:like}}%' ORDER BY Name LIMIT {MOST_PEOPLE}"  # noqa: S608 -- constants
            found += [
                Person(id=row["Id"], name=row["Name"])
                for row in self._session.query(format_soql(soql, text.strip()))[0]
            ]
        return tuple(sorted(found, key=lambda person: (person.name.casefold(), person.id))[:MOST_PEOPLE])

    def named(self, person_ids: Collection[str]) -> tuple[Person, ...]:
        """Leads and contacts by id (C1). What is no such id is not asked for; a call for either kind that there is."""
        found: list[Person] = []
        for source, form in (("Contact", _CONTACT_ID), ("Lead", _LEAD_ID)):
            for batch in batches(filter(form.fullmatch, person_ids), most=READ_BATCH, most_bytes=READ_BYTES):
                soql = format_soql(f"SELECT Id, Name FROM {source} WHERE Id IN {{}}", batch)  # noqa: S608 -- constants
                found += [Person(id=row["Id"], name=row["Name"] or "") for row in self._session.query(soql)[0]]
        return tuple(found)

    def _replicated(self, resource: str, start: datetime, end: datetime) -> dict[str, Any]:
        path = f"sobjects/Task/{resource}/"
        params = {"start": _instant(start), "end": _instant(end)}
        try:
            answer = self._session.read(lambda client, hooks: client.restful(path, params, hooks=hooks))
        except OrgUnavailable as error:
            if error.failure.code == "INVALID_REPLICATION_DATE":
                raise InvalidRange(error.failure.message) from None
            if error.failure.code == "EXCEEDED_ID_LIMIT":
                raise TooManyIds(error.failure.message) from None
            raise
        return documented(answer.body, "latestDateCovered")

    def _tasks(self, field: str, values: Iterable[str]) -> tuple[list[Task], datetime]:
        """Read tasks in batches; with Salesforce's clock at the oldest of the answers, or of now if there is none."""
        tasks: list[Task] = []
        clocks: list[datetime] = []
        for batch in batches(values, most=READ_BATCH, most_bytes=READ_BYTES):
            rows, at = self._task_rows(field, batch)
            tasks += map(task, rows)
            clocks.append(at)
        return tasks, min(clocks) if clocks else self.now()

    def _task_rows(self, field: str, batch: Sequence[str]) -> tuple[list[dict[str, Any]], datetime]:
        """Read one batch. Without Shared Activities the first read is refused for WhoCount, and we remember (F7).

        That costs one call per container in such orgs; a describe would cost one, of some 100 kB, in every org.
        """
        condition = format_soql(f"{field} IN {{}}", batch)
        if self._shared_activities:
            try:
                return self._session.query(_select(*TASK_FIELDS, WHO_COUNT, where=condition), deleted_too=True)
            except OrgUnavailable as error:
                if error.failure.code != "INVALID_FIELD" or not _NO_WHO_COUNT.search(error.failure.message):
                    raise
            self._shared_activities = False
        return self._session.query(_select(*TASK_FIELDS, where=condition), deleted_too=True)

    def _picklist(self, name: str, mark: str) -> tuple[PicklistValue, ...]:
        rows, _ = self._session.query(f"SELECT ApiName, {mark}, IsDefault FROM {name} ORDER BY SortOrder")  # noqa: S608 -- constants
        return tuple(PicklistValue(name=row["ApiName"], marked=row[mark], default=row["IsDefault"]) for row in rows)

    def _post(self, path: str, payload: object) -> object:
        return self._session.write(
            lambda client, hooks: client.restful(path, method="POST", json=payload, hooks=hooks)
        ).body


def _select(*fields: str, where: str) -> str:
    return f"SELECT {','.join(fields)} FROM Task WHERE {where}"  # noqa: S608 -- `where` comes from format_soql


def _instant(at: datetime) -> str:
    """Format a bound of a replication range; the `+` is URL-encoded with all parameters."""
    return at.astimezone(UTC).isoformat(timespec="seconds")


def _within(batch: Sequence[object], most: int) -> bool:
    """Tell whether there is anything to send. Raises ValueError if it is more than one call holds."""
    if len(batch) > most:
        raise ValueError(f"{len(batch)} records; one call holds {most}")
    return bool(batch)
