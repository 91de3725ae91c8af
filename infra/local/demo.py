"""A story of one working day, told over HTTP only, reading both sides after every step: `make demo`.

Everything goes through the front doors: the Command Center's API with the salesperson's id token, the org's REST API with the same
person's access token. A step holds when both sides show what its rule promises, within the time allowed; one that does not hold makes
the program exit with 1.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Final

import httpx
import typer
from rich.console import Console
from rich.table import Table
from simple_salesforce.format import format_soql

VERSION: Final = "v66.0"
PATIENCE: Final = 20.0
"""Seconds until a step that does not hold is given up, though never before the time promised, which the table's last column says."""

Json = dict[str, Any]
Values = Mapping[str, object]


@dataclass
class Salesperson:
    """One person in front of two screens."""

    center: httpx.Client
    org: httpx.Client
    user_id: str
    org_calls: int = 0
    """API calls of the org that this program itself made."""
    usage: int = 0
    """API calls of the whole org, as its newest answer said."""

    def here(self, method: str, path: str, body: Values | None = None, *, seen: str | None = None) -> Any:  # noqa: ANN401 - JSON
        """Ask the Command Center's API; any refusal ends the story. `seen` is the ETag on which a change is made."""
        answer = self.center.request(method, path, json=body, headers={"If-Match": seen} if seen else {})
        answer.raise_for_status()
        return answer.json()

    def there(self, method: str, path: str, body: Values | None = None, **query: str) -> Any:  # noqa: ANN401 - JSON
        """Ask the org's REST API."""
        answer = self.org.request(method, f"/services/data/{VERSION}/{path}", json=body, params=query)
        self.org_calls += 1
        self.usage = int(answer.headers["Sforce-Limit-Info"].partition("=")[2].partition("/")[0])
        if answer.status_code == httpx.codes.NOT_FOUND:
            return None
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def reminder(self, reminder_id: str) -> Json:
        """Read a reminder."""
        found: Json = self.here("GET", f"/api/reminders/{reminder_id}")
        return found

    def edit(self, reminder_id: str, **values: object) -> None:
        """Change a reminder as the page does: on the version just seen, and again if it was changed in that moment (412)."""
        for attempt in range(3):
            seen = f'"{self.reminder(reminder_id)["version"]}"'
            answer = self.center.patch(f"/api/reminders/{reminder_id}", json=values, headers={"If-Match": seen})
            if answer.status_code != httpx.codes.PRECONDITION_FAILED or attempt:
                answer.raise_for_status()
                return

    def task(self, task_id: str) -> Json | None:
        """Read a task; None if it is deleted."""
        found: Json | None = self.there("GET", f"sobjects/Task/{task_id}")
        return found

    def change(self, task_id: str, **fields: object) -> None:
        """Change a task as somebody in Salesforce does."""
        self.there("PATCH", f"sobjects/Task/{task_id}", fields)

    def history(self, reminder_id: str) -> list[Json]:
        """Read what happened to a reminder."""
        lines: list[Json] = self.here("GET", f"/api/reminders/{reminder_id}/history")["lines"]
        return lines


@dataclass(frozen=True)
class Seen:
    """What came of one step."""

    name: str
    rule: str
    seconds: float | None
    calls: int
    promised: str


@dataclass
class Story:
    """Steps, one after the other."""

    person: Salesperson
    patience: float = PATIENCE
    seen: list[Seen] = field(default_factory=list)

    def step(self, name: str, rule: str, holds: Callable[[], bool], *, within: float, settle: float = 0) -> None:
        """Wait until a step holds, and then hold it for `settle` seconds: an echo must not undo it."""
        used, own = self.person.usage, self.person.org_calls
        started = time.monotonic()
        seconds = None
        while seconds is None and time.monotonic() - started < max(self.patience, within):
            if holds():
                seconds = time.monotonic() - started
            else:
                time.sleep(0.1)
        if seconds is not None and settle:
            time.sleep(settle)
            seconds = seconds if holds() else None
        self.person.there("GET", "limits")
        calls = self.person.usage - used - (self.person.org_calls - own)
        self.seen.append(Seen(name, rule, seconds, calls, f"{within:g} s"))

    def table(self) -> Table:
        """Give the story as a table."""
        table = Table("", "step", "rule", "seen after", "API calls", "promised", title="Reminder Sync: a working day")
        for step in self.seen:
            when = "not seen" if step.seconds is None else f"{step.seconds:.1f} s"
            table.add_row("✓" if self.held(step) else "✗", step.name, step.rule, when, str(step.calls), step.promised)
        return table

    @staticmethod
    def held(step: Seen) -> bool:
        """Whether the step was seen in the promised time."""
        return step.seconds is not None and step.seconds <= float(step.promised.removesuffix(" s"))


def tell(story: Story) -> None:
    """Tell the story: every step acts on one side and looks at both."""
    person = story.person
    today = date.fromisoformat(person.here("GET", "/api/me")["today"])
    _sync_on(story)

    made = person.here("POST", "/api/reminders", {
        "name": "Call Ada about the renewal", "due": today.isoformat(), "type": "Call", "details": "Ask for the order number 😀",
    })  # fmt: skip
    rid = made["id"]

    def created() -> bool:
        task_id = person.reminder(rid)["task_id"]
        task = person.task(task_id) if task_id else None
        return bool(task) and _shows(task, Subject="Call Ada about the renewal", Status="Not Started",
                                     ActivityDate=today.isoformat(), Description="Ask for the order number 😀")  # fmt: skip

    story.step("created here, a task there", "O2 F1 F4 F5", created, within=3)
    tid = person.reminder(rid)["task_id"]
    if tid is None:
        return

    tomorrow = (today + timedelta(days=1)).isoformat()
    person.change(tid, ActivityDate=tomorrow, Description="She is away today")
    story.step(
        "edited there, changed here", "M1 F4 F5 I2",
        lambda: _shows(person.reminder(rid), due=tomorrow, details="She is away today"), within=3,
    )  # fmt: skip

    person.edit(rid, priority="High")
    story.step("edited here, changed there", "M1 F3 O1", lambda: _shows(person.task(tid), Priority="High"), within=3)

    _at_once(story, rid, tid, today)
    _foreign_values(story, rid, tid)
    _subject(story, rid, tid)

    person.change(tid, Status="Completed")
    story.step("completed there, done here", "F2", lambda: _shows(person.reminder(rid), status="Complete"), within=3)

    seen = person.reminder(rid)
    person.here("DELETE", f"/api/reminders/{rid}", seen=f'"{seen["version"]}"')
    story.step(
        "deleted here, deleted there", "M4",
        lambda: person.task(tid) is None and person.reminder(rid)["deleted"]["agreed"] is not None, within=3,
    )  # fmt: skip


def _sync_on(story: Story) -> None:
    person = story.person
    query = format_soql(
        "SELECT Id FROM Task WHERE OwnerId = {owner} AND IsClosed = false AND IsRecurrence = false "
        "AND SystemModstamp >= {since} AND TaskSubtype IN ('Task', 'Call', 'LinkedIn')",
        owner=person.user_id,
        since=datetime.now(UTC) - timedelta(hours=24),
    )
    expected = {row["Id"] for row in person.there("GET", "query", q=query)["records"]}
    settings = person.center.get("/api/settings")
    person.here("PUT", "/api/settings", {"sync": "Sync with Salesforce tasks"}, seen=settings.headers["ETag"])

    def imported() -> bool:
        progress = person.here("GET", "/api/settings")["first_sync"]
        items = person.here("GET", "/api/reminders?view=open")["items"]
        return progress["finished"] and expected <= {item["task_id"] for item in items}

    story.step(f"sync turned on, {len(expected)} tasks imported", "S1 S2 S4", imported, within=10)


def _at_once(story: Story, rid: str, tid: str, today: date) -> None:
    person = story.person
    next_week = (today + timedelta(days=7)).isoformat()
    person.change(tid, Description="Changed there")
    person.edit(rid, due=next_week)
    both = {"due": next_week, "details": "Changed there"}
    story.step(
        "both at once, different fields", "M1",
        lambda: _shows(person.reminder(rid), **both)
        and _shows(person.task(tid), ActivityDate=next_week, Description="Changed there"),
        within=4, settle=2,
    )  # fmt: skip

    there, here = (today + timedelta(days=3)).isoformat(), (today + timedelta(days=4)).isoformat()
    person.change(tid, ActivityDate=there)
    person.edit(rid, due=here)

    def one_won_and_the_other_is_kept() -> bool:
        due = person.reminder(rid)["due"]
        loser = {there: here, here: there}.get(due)
        conflicts = [line for line in person.history(rid) if line["event"] == "conflict" and line["field"] == "due"]
        return _shows(person.task(tid), ActivityDate=due) and [line["lost"] for line in conflicts] == [loser]

    story.step(
        "both at once, same field: one wins, the other is kept", "M2", one_won_and_the_other_is_kept, within=4, settle=2
    )


def _foreign_values(story: Story, rid: str, tid: str) -> None:
    person = story.person
    person.change(tid, Status="In Progress", Priority="Low")
    person.edit(rid, details="In Progress and Low stay as they are")

    def survived() -> bool:
        task = person.task(tid)
        return _shows(
            task, Status="In Progress", Priority="Low", Description="In Progress and Low stay as they are"
        ) and (_shows(person.reminder(rid), status="Open", priority="High", sync_state="synced"))

    story.step("In Progress and Low there survive our push", "F2 F3", survived, within=4, settle=2)


def _subject(story: Story, rid: str, tid: str) -> None:
    person = story.person
    person.edit(rid, name="Write to Ada")
    story.step(
        "renamed here, new Subject there", "F1", lambda: _shows(person.task(tid), Subject="Write to Ada"), within=4
    )

    person.change(tid, Subject="Ada, again", ActivityDate=None)
    story.step(
        "Subject changed there: the name stays, the rest arrives", "F1 F7",
        lambda: _shows(person.reminder(rid), name="Write to Ada", due=None) and _shows(person.task(tid), Subject="Ada, again"),
        within=3, settle=2,
    )  # fmt: skip

    person.edit(rid, name="Thank Ada")

    def replaced() -> bool:
        kept = [line["lost"] for line in person.history(rid) if line["event"] == "replaced" and line["field"] == "name"]
        return _shows(person.task(tid), Subject="Thank Ada") and kept == ["Ada, again"]

    story.step("renamed here: the Subject edited there is replaced and kept", "F1", replaced, within=4)


def _shows(record: Json | None, **expected: object) -> bool:
    return record is not None and {name: record[name] for name in expected} == expected


def main(
    stack: Annotated[Path, typer.Option(help="The file that `make run` writes.")] = Path(".local/stack.json"),
    patience: Annotated[
        float, typer.Option(min=0, help="Seconds until a step that does not hold is given up.")
    ] = PATIENCE,
) -> None:
    """Tell the story on a running stack."""
    try:
        running = json.loads(stack.read_text())
    except FileNotFoundError:
        sys.exit(f"{stack} is not there: start the stack with `make run` first.")
    user = next(user for user in running["users"] if not user["admin"])
    with (
        httpx.Client(
            base_url=running["command_center"], headers={"Authorization": f"Bearer {user['id_token']}"}
        ) as center,
        httpx.Client(base_url=running["org"], headers={"Authorization": f"Bearer {user['access_token']}"}) as org,
    ):
        story = Story(Salesperson(center, org, user["user_id"]), patience)
        story.person.there("GET", "limits")
        tell(story)
    Console(width=120).print(story.table())
    failed = [step.name for step in story.seen if not Story.held(step)]
    if failed:
        sys.exit(f"{len(failed)} of {len(story.seen)} steps did not hold: {'; '.join(failed)}")
    print(f"All {len(story.seen)} steps held.")


if __name__ == "__main__":
    typer.run(main)
