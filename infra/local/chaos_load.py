"""The load of `make chaos`: several people at work on both sides at once, over HTTP only, who write down every edit they make."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import count
from typing import Any, Final

import httpx

from infra.local.books import Books, Edit, Result, Side

VERSION: Final = "v66.0"
FIELDS: Final[Mapping[str, str]] = {
    "assignee": "OwnerId",
    "name": "Subject",
    "status": "Status",
    "priority": "Priority",
    "due": "ActivityDate",
    "details": "Description",
    "person": "WhoId",
}
STATUSES: Final[Mapping[str | None, str]] = {"Not Started": "Open", "Completed": "Complete"}
"""The default mapping of statuses; priorities have the same names on both sides."""

DELETES_PER_USER: Final = 12
"""Per side: well below what the mass-delete valve lets pass (M9), which is another promise's matter."""

BULK: Final = 10
RETRIES: Final = 60
_FAR: Final = date(2031, 1, 1)
_SHARES: Final = {"edit": 12, "create": 4, "delete": 1, "bulk": 2}
_PAUSE: Final = (0.2, 1.2)

Json = dict[str, Any]


@dataclass(frozen=True)
class Person:
    """Somebody in front of both screens."""

    user_id: str
    center: httpx.Client
    org: httpx.Client


@dataclass
class Load:
    """What the people share."""

    people: Mapping[str, Person]
    admin: Person
    contacts: Sequence[str]
    books: Books
    stop: threading.Event
    refusals: Counter[str] = field(default_factory=Counter)
    reminders: list[str] = field(default_factory=list)
    tasks: list[str] = field(default_factory=list)
    numbers: count[int] = field(default_factory=lambda: count(1))
    deletes: Counter[tuple[Side, str]] = field(default_factory=Counter)
    broken: list[BaseException] = field(default_factory=list)

    def work(self, side: Side, rng: random.Random) -> None:
        """Do one thing after the other on one side until told to stop."""
        hands: Here | There = Here(self, rng) if side is Side.HERE else There(self, rng)
        try:
            while not self.stop.wait(rng.uniform(*_PAUSE)):
                [name] = rng.choices(list(_SHARES), list(_SHARES.values()))
                getattr(hands, name)()
        except BaseException as error:
            self.broken.append(error)
            raise

    def values(self, rng: random.Random, now: Mapping[str, str | None], *names: str) -> dict[str, str | None]:
        """Draw new values of these fields, each another one than now, in the reminder's words."""
        fresh: dict[str, Callable[[], str | None]] = {
            "name": lambda: f"Name {next(self.numbers)}",
            "details": lambda: f"Details {next(self.numbers)}: ünïcödé 😀" if rng.random() > 0.1 else None,  # noqa: PLR2004
            "due": lambda: (_FAR + timedelta(days=next(self.numbers))).isoformat() if rng.random() > 0.1 else None,  # noqa: PLR2004
            "status": lambda: "Complete" if now.get("status") == "Open" else "Open",
            "priority": lambda: "High" if now.get("priority") == "Normal" else "Normal",
            "assignee": lambda: rng.choice(sorted(self.people)),
            "person": lambda: rng.choice([*self.contacts, None]),
        }
        drawn = {name: fresh[name]() for name in names}
        return {name: value for name, value in drawn.items() if name not in now or value != now[name]}

    def may_delete(self, side: Side, user_id: str) -> bool:
        """Whether this user has deletes left on this side."""
        self.deletes[side, user_id] += 1
        return self.deletes[side, user_id] <= DELETES_PER_USER

    def note(self, side: Side, key: str, values: Mapping[str, str | None], began: float, result: Result) -> None:
        """Write one request's edits down."""
        ended = time.time()
        self.books.note(
            *(
                Edit(side=side, key=key, field=name, value=value, began=began, ended=ended, result=result)
                for name, value in values.items()
            )
        )


def some_fields(rng: random.Random) -> list[str]:
    """Draw which fields one edit changes: mostly one, sometimes several, rarely the assignee."""
    names = ["name", "status", "priority", "due", "due", "details", "details", "person", "assignee"]
    return sorted(set(rng.sample(names, rng.choice((1, 1, 1, 2, 3)))))


class Here:
    """Hands at the Command Center."""

    def __init__(self, load: Load, rng: random.Random) -> None:
        self.load = load
        self.rng = rng

    def ask(self, person: Person, method: str, path: str, **options: Any) -> httpx.Response | None:  # noqa: ANN401 - httpx's own
        """Make one request; None if its answer was lost."""
        try:
            answer = person.center.request(method, path, **options)
        except httpx.TransportError:
            self.load.refusals["here: answer lost"] += 1
            self.load.stop.wait(0.5)
            return None
        if answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
            self.load.refusals[f"here: {answer.status_code}"] += 1
            return None
        if answer.is_error:
            self.load.refusals[f"here: {answer.status_code} {answer.json()['error']['code']}"] += 1
        return answer

    def pick(self) -> tuple[Person, Json] | None:
        """Choose a living reminder, as it is, and its assignee."""
        if not self.load.reminders:
            return None
        found = self.ask(self.load.admin, "GET", f"/api/reminders/{self.rng.choice(self.load.reminders)}")
        if found is None or found.is_error or found.json()["deleted"]:
            return None
        reminder: Json = found.json()
        return self.load.people[reminder["assignee"]], reminder

    def edit(self) -> None:
        """Change some fields of one reminder."""
        if not (picked := self.pick()):
            return
        person, seen = picked
        if values := self.load.values(self.rng, seen, *some_fields(self.rng)):
            self.send(person, "PATCH", seen, values, json=values)

    def delete(self) -> None:
        """Delete one reminder."""
        if (picked := self.pick()) and self.load.may_delete(Side.HERE, picked[0].user_id):
            self.send(picked[0], "DELETE", picked[1], {"deleted": "yes"})

    def send(self, person: Person, method: str, seen: Json, values: dict[str, str | None], **body: Any) -> None:  # noqa: ANN401 - httpx's own
        """Send one change on the version seen."""
        began = time.time()
        seen_version = {"If-Match": f'"{seen["version"]}"'}
        answer = self.ask(person, method, f"/api/reminders/{seen['id']}", headers=seen_version, **body)
        self.load.note(Side.HERE, seen["id"], values, began, _result(answer.status_code if answer else None))

    def create(self) -> None:
        """Create a reminder; again with the same key as long as the answer is lost, as a good client does."""
        person = self.rng.choice(list(self.load.people.values()))
        names = ("name", "details", "due", "priority", "person")
        values = self.load.values(self.rng, {}, *names)
        began, key = time.time(), {"Idempotency-Key": f"chaos-{next(self.load.numbers)}"}
        for _ in range(RETRIES):
            answer = self.ask(person, "POST", "/api/reminders", json=values, headers=key)
            if answer is not None:
                answer.raise_for_status()
                reminder = answer.json()
                self.load.note(Side.HERE, reminder["id"], values, began, Result.ACCEPTED)
                self.load.reminders.append(reminder["id"])
                return
            time.sleep(0.2)
        raise TimeoutError("a create was not answered")

    def bulk(self) -> None:
        """Change many at once: edits, completions and creates in one request, each of one person."""
        person = self.rng.choice(list(self.load.people.values()))
        listed = self.ask(person, "GET", "/api/reminders?view=open&limit=200")
        if listed is None or listed.is_error:
            return
        rows = self.rng.sample(listed.json()["items"], min(BULK, len(listed.json()["items"])))
        items: list[Json] = []
        values: list[dict[str, str | None]] = []
        for row in rows:
            chosen = self.load.values(self.rng, row, self.rng.choice(("name", "due", "priority")))
            if self.rng.random() < 0.1:  # noqa: PLR2004 - some are completed
                chosen = {"status": "Complete"}
                items.append({"action": "complete", "id": row["id"], "version": row["version"]})
            elif chosen:
                items.append({"action": "edit", "id": row["id"], "version": row["version"], "changes": chosen})
            else:
                continue
            values.append(chosen)
        if not items:
            return
        began = time.time()
        answer = self.ask(person, "POST", "/api/reminders/bulk", json={"items": items})
        results = answer.json()["results"] if answer is not None else [{"status": None}] * len(items)
        for item, chosen, result in zip(items, values, results, strict=True):
            self.load.note(Side.HERE, item["id"], chosen, began, _result(result["status"]))


class There:
    """Hands in Salesforce."""

    def __init__(self, load: Load, rng: random.Random) -> None:
        self.load = load
        self.rng = rng

    def ask(self, person: Person, method: str, path: str, **options: Any) -> httpx.Response:  # noqa: ANN401 - httpx's own
        """Make one request; the org is never killed, so every answer arrives."""
        answer = person.org.request(method, f"/services/data/{VERSION}/{path}", **options)
        if answer.is_error:
            self.load.refusals[f"there: {answer.status_code} {answer.json()[0]['errorCode']}"] += 1
        return answer

    def pick(self) -> tuple[Person, Json] | None:
        """Choose a living task, as it is, and its owner."""
        if not self.load.tasks:
            return None
        found = self.ask(self.load.admin, "GET", f"sobjects/Task/{self.rng.choice(self.load.tasks)}")
        if found.is_error or found.json()["OwnerId"] not in self.load.people:
            return None
        task: Json = found.json()
        return self.load.people[task["OwnerId"]], task

    def edit(self) -> None:
        """Change some fields of one task, sometimes to a status or priority that does not sync."""
        if not (picked := self.pick()):
            return
        person, task = picked
        values = self.changed(task, *some_fields(self.rng))
        if values:
            began = time.time()
            answer = self.ask(person, "PATCH", f"sobjects/Task/{task['Id']}", json=raw(values))
            self.load.note(Side.THERE, task["Id"], values, began, _result(answer.status_code))

    def changed(self, task: Json, *names: str) -> dict[str, str | None]:
        """Draw new values for a task."""
        values = self.load.values(self.rng, as_ours(task), *names)
        if "status" in values and self.rng.random() < 0.2:  # noqa: PLR2004 - foreign values come now and then
            values["status"] = "In Progress"
        if "priority" in values and self.rng.random() < 0.2:  # noqa: PLR2004 - same
            values["priority"] = "Low"
        return values

    def delete(self) -> None:
        """Delete one task."""
        if (picked := self.pick()) and self.load.may_delete(Side.THERE, picked[0].user_id):
            began = time.time()
            answer = self.ask(picked[0], "DELETE", f"sobjects/Task/{picked[1]['Id']}")
            self.load.note(Side.THERE, picked[1]["Id"], {"deleted": "yes"}, began, _result(answer.status_code))

    def create(self) -> None:
        """Create a task."""
        person = self.rng.choice(list(self.load.people.values()))
        values = self.load.values(self.rng, {}, "name", "details", "due", "priority", "person")
        began = time.time()
        answer = self.ask(person, "POST", "sobjects/Task", json=raw(values)).raise_for_status()
        self.load.note(Side.THERE, answer.json()["id"], values, began, Result.ACCEPTED)
        self.load.tasks.append(answer.json()["id"])

    def bulk(self) -> None:
        """Change many tasks in one transaction."""
        rows = [self.pick() for _ in range(BULK)]
        tasks = {row[1]["Id"]: row[1] for row in rows if row}
        values = {key: self.changed(task, self.rng.choice(("details", "due"))) for key, task in tasks.items()}
        values = {key: chosen for key, chosen in values.items() if chosen}
        if not values:
            return
        records = [{"attributes": {"type": "Task"}, "Id": key, **raw(chosen)} for key, chosen in values.items()]
        began = time.time()
        body = {"allOrNone": False, "records": records}
        answer = self.ask(self.load.admin, "PATCH", "composite/sobjects", json=body).raise_for_status()
        for (key, chosen), result in zip(values.items(), answer.json(), strict=True):
            self.load.note(Side.THERE, key, chosen, began, Result.ACCEPTED if result["success"] else Result.REFUSED)


def as_ours(task: Json) -> dict[str, str | None]:
    """Give a task's mapped fields in the reminder's words; empty is None, foreign values are as they are."""
    values = {name: (task.get(column) or "").strip() or None for name, column in FIELDS.items()}
    return values | {"status": STATUSES.get(values["status"], values["status"])}


def raw(values: Mapping[str, str | None]) -> Json:
    """Give values in Salesforce's fields and words."""
    words = {ours: theirs for theirs, ours in STATUSES.items()}
    return {
        FIELDS[name]: words.get(value or "", value) if name == "status" else value for name, value in values.items()
    }


def _result(status: int | None) -> Result:
    if status is None:
        return Result.UNKNOWN
    return Result.ACCEPTED if status < httpx.codes.BAD_REQUEST else Result.REFUSED
