"""A world for tests of the API: the ledger in memory, an org that answers about people, a clock that stands still."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, cast
from urllib.parse import urlencode

from fakes.memory_ledger import MemoryLedger
from fakes.still_clock import StillClock

from reminders.api.app import answer
from reminders.core.problems import Failure, Kind
from reminders.core.set_up_rules import Access, PicklistValue
from reminders.core.task import Task
from reminders.ports import Bulk, Hints, Ledger, Org, OrgUnavailable, Person, Usage, World
from reminders.services.access import Site

ORG = "00DWU00000RemSyc2A"
ADA = "005000000000001AAA"
BO = "005000000000002AAA"
CY = "005000000000003AAA"
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
SITE = Site(organization_id=ORG, salesforce_url="https://acme.my.salesforce.test")


@dataclass
class PeopleOrg:
    """Answers only what the API may ask; any other verb is an AttributeError, hence a failed test."""

    directory: dict[str, Person] = field(
        default_factory=lambda: {
            ADA: Person(id=ADA, name="Ada Admin", username="ada@acme.test", admin=True, time_zone="Europe/Stockholm"),
            BO: Person(id=BO, name="Bo Berg", username="bo@acme.test", time_zone="America/Los_Angeles"),
            CY: Person(id=CY, name="Cy Chen", username="cy@acme.test", time_zone="Asia/Shanghai"),
        }
    )
    asked: list[tuple[str, ...]] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=lambda: {"003000000000001AAA": "Nina Nordin"})
    tasks: dict[str, Task] = field(default_factory=dict)
    down: bool = False
    modify_all: bool = True

    def users(self, user_ids: Collection[str]) -> dict[str, Person]:
        """Find users, or be down."""
        self._answer()
        self.asked.append(tuple(user_ids))
        return {item: self.directory[item] for item in user_ids if item in self.directory}

    def people(self, text: str) -> tuple[Person, ...]:
        """Find leads and contacts, or be down."""
        self._answer()
        return tuple(
            Person(id=key, name=name) for key, name in self.names.items() if text.casefold() in name.casefold()
        )

    def named(self, person_ids: Collection[str]) -> tuple[Person, ...]:
        """Name leads and contacts, or be down."""
        self._answer()
        self.asked.append(tuple(person_ids))
        return tuple(Person(id=item, name=self.names[item]) for item in person_ids if item in self.names)

    def recent_tasks(self, owner: str, since: datetime, limit: int) -> tuple[str, ...]:
        """Find tasks of any kind, or be down."""
        self._answer()
        found = [each for each in self.tasks.values() if each.owner == owner and each.stamp >= since]
        return tuple(each.id for each in sorted(found, key=lambda each: each.stamp, reverse=True))[:limit]

    def read(self, task_ids: Collection[str]) -> Bulk:
        """Read tasks, or be down."""
        self._answer()
        return Bulk(tasks={item: self.tasks[item] for item in task_ids if item in self.tasks}, at=NOW)

    def statuses(self) -> tuple[PicklistValue, ...]:
        """Give the org's statuses, or be down."""
        self._answer()
        names = ("Not Started", "Completed", "To do", "Done")
        return tuple(PicklistValue(name=each, marked=each == "Done", default=each == "To do") for each in names)

    def priorities(self) -> tuple[PicklistValue, ...]:
        """Give the org's priorities, or be down."""
        self._answer()
        names = ("Normal", "High", "Top")
        return tuple(PicklistValue(name=each, marked=each == "Top", default=each == "Normal") for each in names)

    def access(self) -> Access:
        """Give what the integration user may do, or be down."""
        self._answer()
        return Access(view_all=True, modify_all=self.modify_all, field_seen=True, field_written=True, field_unique=True)

    def usage(self) -> Usage | None:
        """Tell the calls of the newest answer."""
        return Usage(used=1200, limit=100_000)

    def _answer(self) -> None:
        if self.down:
            raise OrgUnavailable(Failure(kind=Kind.TRANSIENT, code="SERVER_UNAVAILABLE", message="maintenance"))


@dataclass(frozen=True)
class Answer:
    """What a client sees of a response."""

    status: int
    headers: Mapping[str, str]
    body: str
    base64: bool

    @property
    def content(self) -> bytes:
        """The body as bytes."""
        return b64decode(self.body) if self.base64 else self.body.encode()

    @property
    def json(self) -> Any:
        """The parsed body."""
        return json.loads(self.body)


@dataclass
class Api:
    """A client of the API: sends events as API Gateway does (HTTP API, format 2.0) and reads its answers."""

    ledger: Ledger = field(default_factory=MemoryLedger)
    org: PeopleOrg = field(default_factory=PeopleOrg)
    clock: StillClock = field(default_factory=lambda: StillClock(NOW))

    @property
    def world(self) -> World:
        """The world that the API sees. The API never touches the queue of hints."""
        return World(ledger=self.ledger, org=cast("Org", self.org), hints=cast("Hints", None), clock=self.clock)

    def __call__(  # noqa: PLR0913 - an HTTP request has these parts
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        by: str | None = BO,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        raw: str | None = None,
        organization: str = ORG,
    ) -> Answer:
        """Send one request as this user (None: nobody is signed in)."""
        event = gateway_event(method, path, raw if raw is not None else json.dumps(body) if body is not None else None)
        event["headers"].update({name.lower(): value for name, value in (headers or {}).items()})
        event["queryStringParameters"] = dict(query or {})
        event["rawQueryString"] = urlencode(query or {})
        if by:
            claims = {"sub": f"https://login.salesforce.com/id/{organization}/{by}"}
            event["requestContext"]["authorizer"] = {"jwt": {"claims": claims, "scopes": None}}
        return as_answer(answer(event, cast("Any", None), lambda: self.world, SITE))


def gateway_event(method: str, path: str, body: str | None = None) -> dict[str, Any]:
    """Make an event as API Gateway does."""
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {"content-type": "application/json"} if body is not None else {},
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "api",
            "domainName": "localhost",
            "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "t"},
            "requestId": "1",
            "routeKey": "$default",
            "stage": "$default",
            "timeEpoch": 0,
        },
        "body": body,
        "isBase64Encoded": False,
    }


def as_answer(response: Mapping[str, Any]) -> Answer:
    """Read a response as API Gateway would."""
    headers = {name.lower(): value for name, value in response["headers"].items()}
    return Answer(response["statusCode"], headers, response["body"], response["isBase64Encoded"])


def sync_on(api: Api, user_id: str) -> None:
    """Have a user syncing already, however they came to it."""
    api("GET", "/api/me", by=user_id)
    user = api.ledger.users([user_id])[user_id]
    assert api.ledger.save_user(replace(user, syncs=True, changed=NOW))
