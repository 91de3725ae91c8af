"""The org as one thing: `make_org` builds an empty one, `Org.handle` answers a request, and people act on it by methods."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final

from infra.local.org import bulk1, dml, objects, rest, schema, soap
from infra.local.org.apps import LONGEST_ID_TOKEN, SIGN_IN_ID_TOKEN, App, key_pair
from infra.local.org.calls import CallLog
from infra.local.org.conversion import convert
from infra.local.org.errors import Refused, not_found
from infra.local.org.faults import REQUEST, Fault, Faults
from infra.local.org.ids import normal
from infra.local.org.oauth import OAuth
from infra.local.org.render import columns_of, record
from infra.local.org.setup import Setup
from infra.local.org.state import MODIFY_ALL, VIEW_ALL, Caller, State, User, Work
from infra.local.org.wire import Request, Response, answer, http_date

DAILY_CALLS: Final = 100_000
STATUSES: Final = (
    ("Not Started", False),
    ("In Progress", False),
    ("Completed", True),
    ("Waiting on someone else", False),
    ("Deferred", False),
)
PRIORITIES: Final = (("High", True), ("Normal", False), ("Low", False))
_UNAVAILABLE: Final = (
    b"<html><head><title>Service Unavailable</title></head><body><h1>We are down for maintenance.</h1></body></html>"
)


class Org(Setup):
    """One emulated org. `handle` is the whole wire; the other methods are people at their desks, without HTTP."""

    def __init__(self, state: State, oauth: OAuth, base: str) -> None:
        super().__init__(state)
        self.base = base
        self.oauth = oauth

    # --- the wire

    def handle(self, request: Request) -> Response:
        """Answer one request. Never raises for what a client sends."""
        self.state.settle()
        fault = self.state.faults.hit(REQUEST, f"{request.method} {request.path}")
        response = (_before(fault) if fault else None) or self._answer(request)
        if fault and fault.kind in ("lost", "slow"):
            response.lost = fault.kind == "lost"
            response.delay = fault.seconds
        response.headers["Date"] = http_date(self.state.now().timestamp())
        return response

    def _answer(self, request: Request) -> Response:
        path = "/" + "/".join(part for part in request.path.split("/") if part)
        if path == rest.ROOT or path.startswith(f"{rest.ROOT}/"):
            return rest.handle(self.state, request)
        spoken = rest.OLDEST, rest.NEWEST
        found = self.oauth.handle(request) or soap.handle(self.state, request, *spoken)
        found = found or bulk1.handle(self.state, request, *spoken)
        return found or answer(not_found().body(), 404)

    # --- facts about the org

    @property
    def organization_id(self) -> str:
        """The org's id, 18 characters."""
        return self.state.organization_id

    @property
    def consumer_key(self) -> str:
        """The consumer key of the registered app."""
        return self.oauth.app.consumer_key

    @property
    def consumer_secret(self) -> str:
        """The consumer secret of the registered app."""
        return self.oauth.app.consumer_secret

    @property
    def private_key(self) -> str:
        """A private key (PEM) whose assertions this org accepts: registered when the org is made."""
        return key_pair()[0]

    @property
    def integration_user(self) -> User:
        """The user that the sync signs in as."""
        return self.state.user(self.oauth.app.run_as)

    @property
    def users(self) -> list[User]:
        """All users, in the order of their creation."""
        return list(self.state.users.values())

    @property
    def queues(self) -> dict[str, str]:
        """Queues: id to name."""
        return {key: str(self.state.store.tables["Group"][key]["Name"]) for key in self.state.queues}

    @property
    def calls(self) -> CallLog:
        """The call log and the API budget."""
        return self.state.calls

    @property
    def faults(self) -> Faults:
        """The armed faults."""
        return self.state.faults

    def register_key(self, public_pem: str) -> None:
        """Accept JWT assertions signed with this key's other half."""
        self.oauth.app.register_key(public_pem)

    def let_people_sign_in(self, callback: str) -> None:
        """Be the org of an app that people sign in with, there alone; its id tokens live as short as infra/salesforce has it."""
        self.oauth.app.callbacks.add(callback)
        self.oauth.app.id_token_minutes = SIGN_IN_ID_TOKEN

    # --- people

    def caller(self, user_id: str) -> Caller:
        """Act as this user."""
        return Caller(self.state.user(user_id), base=self.base)

    def access_token(self, user_id: str, *, counted: bool = True) -> str:
        """Sign a user in; gives a bearer token for the REST API. Calls of the page's tokens are not counted."""
        return self.state.sessions.open(user_id, self.state.second(), counted=counted)

    def refresh_token(self, user_id: str) -> str:
        """Give a refresh token of the user, as the code flow would."""
        return self.state.sessions.open_refresh(user_id)

    def id_token(self, user_id: str, *, nonce: str = "") -> str:
        """Give an id token for the user, issued by this org's own address, for as long as Salesforce allows."""
        user = self.state.user(user_id)
        return self.oauth.openid.id_token(user, issuer=self.base, nonce=nonce, minutes=LONGEST_ID_TOKEN)

    def create(self, user_id: str, sobject: str, **fields: object) -> str:
        """Create a record of any object as this user; gives its id. Raises Salesforce's errors (`Refused`)."""
        self.state.settle()
        target = self.state.schema.objects[sobject]
        return dml.transact(self.state, self.caller(user_id), target, "insert -", lambda work: dml.insert(work, fields))

    def create_task(self, user_id: str, **fields: object) -> str:
        """Create a task as this user; gives its id."""
        return self.create(user_id, "Task", **fields)

    def update_task(self, user_id: str, task_id: str, **fields: object) -> None:
        """Change a task as this user."""
        self._write(user_id, task_id, "update", fields)

    def delete_task(self, user_id: str, task_id: str) -> None:
        """Put a task into the recycle bin as this user."""
        self._write(user_id, task_id, "delete", {})

    def undelete_task(self, user_id: str, task_id: str) -> None:
        """Take a task out of the recycle bin as this user, which the page can and REST cannot."""
        self.undelete(user_id, "Task", task_id)

    def undelete(self, user_id: str, sobject: str, record_id: str) -> None:
        """Take a record of any object out of the recycle bin, with what was deleted with it."""
        self.state.settle()
        key, target = normal(record_id) or record_id, self.state.schema.objects[sobject]
        caller = self.caller(user_id)
        dml.transact(self.state, caller, target, f"undelete {key}", lambda work: dml.undelete(work, key))

    def convert_lead(self, user_id: str, lead_id: str) -> str:
        """Convert a lead as this user; gives the contact's id."""
        return convert(self.state, self.caller(user_id), normal(lead_id) or lead_id)

    def _write(self, user_id: str, task_id: str, verb: str, fields: Mapping[str, object]) -> None:
        self.state.settle()
        key, target = normal(task_id) or task_id, self.state.schema.objects["Task"]
        writers: dict[str, Callable[[Work], None]] = {
            "update": lambda work: dml.update(work, key, fields),
            "delete": lambda work: dml.delete(work, key),
        }
        dml.transact(self.state, self.caller(user_id), target, f"{verb} {key}", writers[verb])

    def task(self, task_id: str) -> dict[str, object]:
        """Read all of a task, deleted ones included, as the integration user would by REST; KeyError if there is none."""
        self.state.settle()
        row = self.state.store.tables["Task"][normal(task_id) or task_id]
        caller, target = self.caller(self.integration_user.id), self.state.schema.objects["Task"]
        found = record(caller, target, columns_of(self.state, caller, target, None), row)
        return {name: value for name, value in found.items() if name != "attributes"}

    def tasks(self) -> list[str]:
        """Ids of all living tasks, oldest first."""
        self.state.settle()
        return [key for key, row in self.state.store.tables["Task"].items() if not row["IsDeleted"]]

    def end_sessions(self) -> None:
        """End every session, as an administrator can: the next call of anybody is a 401."""
        self.state.sessions.revoke_all()


def _before(fault: Fault) -> Response | None:
    """What some faults answer instead of doing anything; None for those that come after."""
    match fault.kind:
        case "refused":
            return Response(lost=True)
        case "unavailable":
            return Response(status=503, body=_UNAVAILABLE, headers={"Content-Type": "text/html; charset=UTF-8"})
        case "error":
            return _refusal("UNKNOWN_EXCEPTION", "An unexpected error occurred. ErrorId: 1234567890-12345", 500)
        case "gone":
            return _refusal("UNSUPPORTED_API_VERSION", "This API version is retired.", 410)
        case "limit":
            return _refusal("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", 403)
        case "session":
            return _refusal("INVALID_SESSION_ID", "Session expired or invalid", 401)
        case _:
            return None


def _refusal(code: str, message: str, status: int) -> Response:
    return answer(Refused(code, message, status=status).body(), status)


def machine_clock() -> datetime:
    """Give the machine's own time, aware UTC."""
    return datetime.now(UTC)


def make_org(  # noqa: PLR0913 - the options of an org, each optional
    *,
    now: Callable[[], datetime],
    rng: random.Random,
    base: str = "https://example.my.salesforce.com",
    shared_activities: bool = False,
    daily_calls: int = DAILY_CALLS,
    integration_username: str = "sync@example.com",
    consumer_key: str = "",
    consumer_secret: str = "",
    token_now: Callable[[], datetime] = machine_clock,
) -> Org:
    """Build an org without people: integration user, picklists, one registered app.

    Two orgs from equal clocks and random sources are equal, keys for signing apart. `token_now`: see `OAuth`; the machine's clock, as that is what libraries that
    sign assertions go by.
    """
    state = State(objects.build(shared_activities=shared_activities), now, rng, daily_calls)
    app = App(
        consumer_key=consumer_key or f"3MVG9{state.sessions.secret(80)}",
        consumer_secret=consumer_secret or f"{rng.getrandbits(256):064X}",
        run_as="",
    )
    org = Org(state, OAuth(state, app, token_now), base)
    org.set_statuses(STATUSES)
    org.set_priorities(PRIORITIES)
    org.put(
        "Organization",
        state.organization_id,
        Name="Example Sales",
        InstanceName="EM1",
        OrganizationType="Enterprise Edition",
        TimeZoneSidKey="Europe/Berlin",
        LanguageLocaleKey="en_US",
    )
    org.put("Profile", state.profile_id, Name="Standard User", UserType="Standard")
    integration = org.add_user(
        integration_username,
        "Reminder Sync",
        permissions=frozenset({VIEW_ALL, MODIFY_ALL, schema.SYNC_FIELD}),
        role="integration",
    )
    app.run_as = integration.id
    app.approved.add(integration.id)
    org.register_key(key_pair()[1])
    return org
