"""What a schema is made of: objects, fields, rows, and who may see a field. The objects of this org are in `objects.py`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

EXTERNAL_ID: Final = "Reminder_Id__c"
SYNC_FIELD: Final = "SyncField"
"""The permission that shows `Reminder_Id__c`: the integration user's permission set grants it, nobody else has it."""

HIDDEN: Final = "hidden:"
FIXED: Final = "fixed:"
"""What a user's permissions say of a field that a field permission takes away: `hidden:Description`, `fixed:Description`."""

Value = str | int | float | bool
"""One stored value: text, id and date as str, date-time as the second since 1970, number, boolean. Null is not stored."""

Row = dict[str, Value]
"""One version of a record: field name to value. A version is never changed; a write makes a new one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field. `type` is describe's word. `targets`: objects a reference may name. `permission`: who may see it at all."""

    name: str
    type: str
    length: int = 0
    create: bool = False
    update: bool = False
    nillable: bool = True
    filterable: bool = True
    sortable: bool = True
    targets: tuple[str, ...] = ()
    relationship: str | None = None
    restricted: tuple[str, ...] = ()
    unique: bool = False
    external_id: bool = False
    permission: str | None = None
    label: str = ""
    derived: bool = False

    @property
    def polymorphic(self) -> bool:
        """Whether it may name records of several objects: `What` does in Salesforce, though this org knows one such object."""
        return len(self.targets) > 1 or self.name == "WhatId"


@dataclass(frozen=True, slots=True, kw_only=True)
class SObject:
    """One object: its fields by name, and by lower-case name, because names come in any case."""

    name: str
    prefix: str
    fields: Mapping[str, Field]
    by_lower: Mapping[str, Field]
    relationships: Mapping[str, Field]
    writable: bool = False

    def find(self, name: str, permissions: frozenset[str]) -> Field | None:
        """Find a field by a name in any case; None if it does not exist or is hidden from this user."""
        found = self.by_lower.get(name.lower())
        return found if found and visible(found, permissions) else None

    def relation(self, name: str, permissions: frozenset[str]) -> Field | None:
        """Find the reference field behind a relationship name (`Owner` of `OwnerId`)."""
        found = self.relationships.get(name.lower())
        return found if found and visible(found, permissions) else None


def visible(described: Field, permissions: frozenset[str]) -> bool:
    """Tell whether field permissions show it: it needs none, or the user holds it, and nothing hides it from the user."""
    if f"{HIDDEN}{described.name}" in permissions:
        return False
    return described.permission is None or described.permission in permissions


@dataclass(frozen=True, slots=True)
class Schema:
    """All objects of one org."""

    objects: Mapping[str, SObject]
    shared_activities: bool = False
    by_lower: Mapping[str, SObject] = field(default_factory=dict)
    by_prefix: Mapping[str, SObject] = field(default_factory=dict)

    def find(self, name: str) -> SObject | None:
        """Find an object by a name in any case."""
        return self.by_lower.get(name.lower())

    def children(self, parent: SObject) -> list[tuple[str, SObject, Field]]:
        """Give the child relationships of an object that have a name: name, child, and the child's reference field."""
        return [
            (name, self.objects[child], self.objects[child].fields[by])
            for (child, by), name in CHILDREN.items()
            if parent.name in self.objects[child].fields[by].targets
        ]


CHILDREN: Final = {("Task", "WhoId"): "Tasks", ("Task", "WhatId"): "Tasks", ("Contact", "AccountId"): "Contacts"}
"""What the other end of a reference calls it: child object and field to the relationship's name."""

NAME_FIELDS: Final = ("Id", "Name", "Type", "FirstName", "LastName", "Title", "Email", "Phone", "Username", "IsActive")
"""What can be asked of a polymorphic parent (`Owner`, `Who`, `What`): the fields of the Name object."""
