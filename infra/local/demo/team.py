"""The people of the story, each in front of two screens, and what is done behind the scenes: clocks, rules, limits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import httpx

from infra.local.sign_in import SignedIn

VERSION: Final = "v66.0"
TIMEOUT_SECONDS: Final = 30.0
IDLE_SECONDS: Final = 2.0
"""So long an idle connection is used again. Servers close theirs after five seconds, and a request sent just then is a broken one."""
_CONFLICTS: Final = 5

Json = dict[str, Any]
Values = Mapping[str, object]


@dataclass
class Person:
    """One person in front of two screens. Their calls to the org are not counted, as those of its pages are not."""

    name: str
    user_id: str
    center: httpx.Client
    org: httpx.Client
    usage: int = 0
    """API calls of the whole org, as its newest answer said."""

    def here(self, method: str, path: str, body: Values | None = None, *, seen: str | None = None) -> Any:  # noqa: ANN401 - JSON
        """Ask the Command Center's API; any refusal ends the story. `seen` is the ETag on which a change is made."""
        answer = self.center.request(method, path, json=body, headers={"If-Match": seen} if seen else {})
        answer.raise_for_status()
        return answer.json()

    def there(self, method: str, path: str, body: Values | None = None, **query: str) -> Any:  # noqa: ANN401 - JSON
        """Ask the org's REST API; None for what is not there (any more)."""
        answer = self.org.request(method, f"/services/data/{VERSION}/{path}", json=body, params=query)
        self.usage = int(answer.headers["Sforce-Limit-Info"].partition("=")[2].partition("/")[0])
        if answer.status_code == httpx.codes.NOT_FOUND:
            return None
        answer.raise_for_status()
        return answer.json() if answer.content else None

    # --- here

    def reminder(self, reminder_id: str) -> Json:
        """Read a reminder."""
        found: Json = self.here("GET", f"/api/reminders/{reminder_id}")
        return found

    def listed(self, view: str = "open") -> dict[str, Json]:
        """Read one view of one's own reminders, by id."""
        return {item["id"]: item for item in self.here("GET", f"/api/reminders?view={view}")["items"]}

    def history(self, reminder_id: str) -> list[Json]:
        """Read what happened to a reminder."""
        lines: list[Json] = self.here("GET", f"/api/reminders/{reminder_id}/history")["lines"]
        return lines

    def edit(self, reminder_id: str, **values: object) -> None:
        """Change a reminder."""
        self.act("PATCH", reminder_id, "", values)

    def act(self, method: str, reminder_id: str, what: str = "", body: Values | None = None) -> None:
        """Do something to a reminder as the page does: on the version just seen, and again if it was changed in that moment (412)."""
        for attempt in range(_CONFLICTS):
            seen = f'"{self.reminder(reminder_id)["version"]}"'
            path = f"/api/reminders/{reminder_id}{what}"
            answer = self.center.request(method, path, json=body, headers={"If-Match": seen})
            if answer.status_code != httpx.codes.PRECONDITION_FAILED or attempt == _CONFLICTS - 1:
                answer.raise_for_status()
                return

    def choose(self, sync: str) -> None:
        """Choose whether to sync."""
        settings = self.center.get("/api/settings")
        self.here("PUT", "/api/settings", {"sync": sync}, seen=settings.headers["ETag"])

    # --- there

    def task(self, task_id: str) -> Json | None:
        """Read a task; None if it is deleted."""
        found: Json | None = self.there("GET", f"sobjects/Task/{task_id}")
        return found

    def change(self, task_id: str, **fields: object) -> None:
        """Change a task as somebody in Salesforce does."""
        self.there("PATCH", f"sobjects/Task/{task_id}", fields)

    def found(self, query: str) -> list[Json]:
        """Run a query."""
        rows: list[Json] = self.there("GET", "query", q=query)["records"]
        return rows


@dataclass
class Team:
    """Everybody, and what is behind the scenes."""

    stack: Json
    control: httpx.Client
    maya: Person
    tomas: Person
    alex: Person
    robin: Person
    """Two salespeople, the administrator, and somebody who never syncs."""
    queue: str
    everybody: list[Person] = field(default_factory=list)

    def leap(self, seconds: int) -> None:
        """Move the clocks of the org and of the functions; sessions that ended meanwhile are opened again."""
        httpx.post(self.stack["clock"], json={"seconds": seconds}, timeout=4 * TIMEOUT_SECONDS).raise_for_status()
        self.sign_in()

    def now(self) -> datetime:
        """The time of the story."""
        return datetime.fromisoformat(self.ask("GET", "clock")["now"])

    def sign_in(self) -> None:
        """Open everybody's page of the org with a fresh token. The Command Center they sign in to as everybody does (C7)."""
        users = {user["user_id"]: user for user in self.ask("GET", "page")["users"]}
        for person in self.everybody:
            person.org.headers["Authorization"] = f"Bearer {users[person.user_id]['access_token']}"

    def ask(self, method: str, name: str, body: Values | None = None) -> Any:  # noqa: ANN401 - JSON
        """Ask the org's control resource."""
        return self.control.request(method, f"/__control/{name}", json=body).raise_for_status().json()

    @contextmanager
    def validation_rule(self, name: str, contains: str, message: str) -> Iterator[None]:
        """Have the org refuse such tasks for as long as this lasts."""
        self.ask("POST", "validation", {"field": name, "contains": contains, "message": message})
        try:
            yield
        finally:
            self.ask("DELETE", "validation")

    def use_up_calls(self) -> None:
        """Have other programs use up the org's API calls; 24 hours later they are there again."""
        calls = self.ask("GET", "calls")
        self.ask("POST", "calls", {"spend": max(0, calls["limit"] - calls["used"])})


@contextmanager
def gather(stack: Json) -> Iterator[Team]:
    """Meet the people of a running stack."""
    with ExitStack() as clients:

        def client(base: str) -> httpx.Client:
            fresh = httpx.Limits(keepalive_expiry=IDLE_SECONDS)
            return clients.enter_context(httpx.Client(base_url=base, timeout=TIMEOUT_SECONDS, limits=fresh))

        def person(user: Json) -> Person:
            center = client(stack["command_center"])
            center.auth = SignedIn(stack["command_center"], user["user_id"])
            return Person(user["name"], user["user_id"], center, client(stack["org"]))

        control = client(stack["org"])
        known = control.get("/__control/page").raise_for_status().json()
        by_role: dict[str, list[Json]] = {}
        for user in known["users"]:
            by_role.setdefault(user["role"], []).append(user)
        maya, tomas, *_ = map(person, by_role["sales"])
        alex, robin = person(by_role["admin"][0]), person(by_role["no sync"][0])
        team = Team(stack, control, maya, tomas, alex, robin, known["queues"][0]["id"], [maya, tomas, alex, robin])
        team.sign_in()
        for each in team.everybody:
            each.here(
                "GET", "/api/me"
            )  # whom the product does not know yet it asks the org about, and later that may be down
        yield team
