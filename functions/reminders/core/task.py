"""A Salesforce Task as we read it, and what can be known about one we cannot read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeGuard

_TASK_ID = re.compile(r"00T[0-9A-Za-z]{15}")
_SUFFIX = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_CAPITALS = {letter: "1" if chr(letter).isupper() else "0" for letter in range(128)}

EXTERNAL_ID = "Reminder_Id__c"
"""The unique external id field on Activity that carries `<reminder id>-<n>` (O2)."""


def is_task_id(text: object) -> TypeGuard[str]:
    """Tell whether this is the 18-character id of a Task, its checksum included.

    One id of another form makes Salesforce refuse the whole query that holds it, and a forged message may hold any (I2).
    """
    return isinstance(text, str) and _TASK_ID.fullmatch(text) is not None and text[15:] == _checksum(text)


def _checksum(text: str) -> str:
    """Give the last three characters of an id: each tells which of five are capitals ("ID Field Type" of the Object Reference)."""
    capitals = text[14::-1].translate(_CAPITALS)
    return "".join(_SUFFIX[int(capitals[start : start + 5], 2)] for start in (10, 5, 0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One row of the bulk read, raw: no value is mapped yet. Stamps are aware UTC datetimes in whole seconds.

    `who_count` is None where the org has no Shared Activities (F7). `series` is the master of which it is an occurrence (M10).
    """

    id: str
    owner: str
    created: datetime
    created_by: str
    last_modified: datetime
    last_modified_by: str
    system_modstamp: datetime
    subject: str | None = None
    status: str | None = None
    priority: str | None = None
    due: date | None = None
    description: str | None = None
    who: str | None = None
    who_count: int | None = None
    subtype: str | None = None
    external_id: str | None = None
    is_closed: bool = False
    is_deleted: bool = False
    is_archived: bool = False
    is_recurrence: bool = False
    series: str | None = None

    @property
    def stamp(self) -> datetime:
        """The later of its two stamps: the precondition of an update (O1)."""
        return max(self.last_modified, self.system_modstamp)


@dataclass(frozen=True, slots=True)
class Deleted:
    """The task is deleted: the deleted list, `IsDeleted` or `ENTITY_IS_DELETED` say so (M6). `at`: when, as far as known.

    `binned` is the row as it lies in the recycle bin, if it could be read.
    """

    at: datetime | None = None
    binned: Task | None = None


@dataclass(frozen=True, slots=True)
class Unreadable:
    """The read did not return the task. It may be purged or no longer visible: never a delete (M6)."""


Reading = Task | Deleted | Unreadable
"""What a read says about one task id."""


@dataclass(frozen=True, slots=True)
class Hint:
    """Says "task X may have changed" (I1), and carries no field values.

    `deleted` is the date in the deleted list, which counts only if the task cannot be read. `batch` names the batch of a
    first sync to which it belongs, for the progress bar (S1). `swept`: only the nightly sweep says so (I5). `webhook`: only an
    outbound message says so, which anybody who learned the address could forge (I2). `turn`: its import was deferred, and its
    turn has come (S4).
    """

    task_id: str
    deleted: datetime | None = None
    batch: str | None = None
    swept: bool = False
    webhook: bool = False
    turn: bool = False


def reading(task: Task | None, hint: Hint) -> Reading:
    """Tell what is known: a task that can be read is as it reads; else the deleted list counts; else nothing is known."""
    if task is not None:
        return Deleted(task.system_modstamp, task) if task.is_deleted else task
    return Deleted(hint.deleted) if hint.deleted else Unreadable()
