"""What every part of the org works on: records, users, queues, picklists, clock and random source."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final

from infra.local.org.calls import CallLog
from infra.local.org.errors import Refused
from infra.local.org.faults import Faults
from infra.local.org.ids import Mint
from infra.local.org.records import Store, Transaction
from infra.local.org.schema import Row, Schema, SObject, Value
from infra.local.org.sessions import Sessions

if TYPE_CHECKING:
    from infra.local.org import bulk1_words, bulk2
    from infra.local.org.query import Cursor

VIEW_ALL: Final = "ViewAllData"
MODIFY_ALL: Final = "ModifyAllData"
SEND_MESSAGES: Final = "SendOutboundMessages"
API_ENABLED: Final = "ApiEnabled"


@dataclass(slots=True, kw_only=True)
class User:
    """A user as the platform's rules see one; the same facts as the row of object User, plus permissions."""

    id: str
    username: str
    name: str
    permissions: frozenset[str]
    time_zone: str = "UTC"
    active: bool = True
    admin: bool = False
    role: str = "user"
    password: str = ""
    security_token: str = ""


class State:
    """One org's state. Everything else is functions on it. `second()` is the org's clock: whole seconds."""

    def __init__(self, schema: Schema, now: Callable[[], datetime], rng: random.Random, limit: int) -> None:
        self.schema = schema
        self.store = Store(schema)
        self.rng = rng
        self.mint = Mint(rng)
        self.faults = Faults(rng)
        self.now = now
        self.organization_id = self.mint.new("00D")
        self.profile_id = self.mint.new("00e")
        self.users: dict[str, User] = {}
        self.queues: dict[str, set[str]] = {}
        self.cursors: dict[str, Cursor] = {}
        self.jobs: dict[str, bulk2.Job] = {}
        self.old_jobs: dict[str, bulk1_words.Job] = {}
        self.calls = CallLog(limit)
        self.sessions = Sessions(self.organization_id, rng)
        self.closed: dict[str, bool] = {}
        self.high: dict[str, bool] = {}
        self.default_status = ""
        self.default_priority = ""
        self.restricted_picklists = False
        self.password_sign_in = False
        """Whether SOAP login() and the username-password flow work: not in new orgs, and nowhere from summer 2027."""
        self.described = self.second()
        """When what describe tells last changed."""
        self.validations: list[Callable[[Row], str | None]] = []
        """Validation rules of Task: given the row about to be saved, the message of a refusal, or None."""
        self.automations: list[Callable[[Row], None]] = []
        """Before-save automations of Task: they may change the row about to be saved."""
        self.required: list[str] = []
        """Names of Task fields that this org requires."""
        self.locked: set[str] = set()
        """Ids of records that an approval process has locked: only administrators may change them."""
        self.withheld: set[str] = set()
        """Ids of tasks that nobody but their owner sees, whatever else they may."""
        self.storage: int | None = None
        """How many tasks the edition's data storage holds; None: any number."""

    def second(self) -> int:
        """Now, as every stamp has it."""
        return int(self.now().timestamp())

    def settle(self) -> None:
        """Commit what is due, and empty the recycle bin of what is older than 15 days."""
        now = self.now().timestamp()
        if self.store.open:
            self.store.settle(now)
        self.store.empty_old("Task", int(now))

    def user(self, user_id: str) -> User:
        """Find a user by id; KeyError if there is none: callers within the emulator know their users."""
        return self.users[user_id]

    def sees(self, user: User, sobject: str, row: Row) -> bool:
        """Sharing: tasks are private to their owner, or to the members of a queue; View All Data sees all that is not withheld."""
        if sobject == "UserPermissionAccess":
            return row["UserId"] == user.id
        if sobject != "Task" or (VIEW_ALL in user.permissions and row["Id"] not in self.withheld):
            return True
        owner = str(row["OwnerId"])
        return owner == user.id or user.id in self.queues.get(owner, ())

    def edits(self, user: User, sobject: str, row: Row) -> bool:
        """Tell whether the user may change or delete the record."""
        if MODIFY_ALL in user.permissions or row.get("OwnerId") == user.id:
            return True
        return sobject == "Task" and self.sees(user, sobject, row)

    def referenced(self, record_id: str) -> tuple[SObject, Row] | None:
        """Find the record behind an 18-character id, whatever its object; None if there is none."""
        sobject = self.schema.by_prefix.get(record_id[:3])
        row = self.store.get(sobject.name, record_id) if sobject else None
        return (sobject, row) if sobject and row is not None else None

    def value(self, sobject: str, name: str, row: Row) -> Value | None:
        """Compute a derived field, which is never stored."""
        derive = DERIVED.get((sobject, name)) or DERIVED.get(("", name))
        if derive is None:
            raise Refused("UNKNOWN_EXCEPTION", f"{sobject}.{name} has no derivation", status=500)
        return derive(self, row)


def _full_name(_: State, row: Row) -> str:
    return " ".join(str(row[part]) for part in ("FirstName", "LastName") if part in row)


def _account(state: State, row: Row) -> Value | None:
    if "WhatId" in row:
        return row["WhatId"]
    who = state.store.get("Contact", str(row["WhoId"])) if str(row.get("WhoId", "")).startswith("003") else None
    return who.get("AccountId") if who else None


def _held_by(state: State, row: Row) -> frozenset[str]:
    return state.user(str(row["UserId"])).permissions


Derive = Callable[[State, Row], Value | None]
DERIVED: Final[dict[tuple[str, str], Derive]] = {
    ("", "Name"): _full_name,
    ("UserPermissionAccess", "PermissionsViewAllData"): lambda state, row: VIEW_ALL in _held_by(state, row),
    ("UserPermissionAccess", "PermissionsModifyAllData"): lambda state, row: MODIFY_ALL in _held_by(state, row),
    ("Task", "IsClosed"): lambda state, row: state.closed.get(str(row["Status"]), False),
    ("Task", "IsHighPriority"): lambda state, row: state.high.get(str(row["Priority"]), False),
    ("Task", "AccountId"): _account,
    ("Task", "WhoCount"): lambda _, row: int("WhoId" in row),
    ("Task", "WhatCount"): lambda _, row: int("WhatId" in row),
}
"""How derived fields come about. IsClosed and IsHighPriority follow the picklists as they are today."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, in which API version (`66.0`), with which request headers (lower-case) and under which address."""

    user: User
    version: str = "66.0"
    base: str = ""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Work:
    """One caller's write to one object, inside one transaction."""

    state: State
    caller: Caller
    sobject: SObject
    transaction: Transaction
