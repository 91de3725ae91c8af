"""`make chaos`: the functions die at random moments while people work on both sides, and in the end nothing is lost or doubled.

A stack of its own is started, sync is turned on for everybody, and several people create, edit and delete on both sides over HTTP, drawn
from a seed. Meanwhile the functions' process is killed (`kill -9`) again and again, and started again by the supervisor. Then the load
stops, and within a bounded time, without the nightly sweep, both sides must be equal and every edit accounted for: see `books`.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final

import httpx
import typer
from rich.console import Console
from rich.table import Table

from infra.local.books import Books, Here, Result, Side, There, complaints
from infra.local.chaos_load import FIELDS, VERSION, Load, Person, as_ours
from infra.local.supervisor import Options, Stack

REST_SECONDS: Final = 600
"""Until both sides must be equal: a hint in flight at the last kill comes back after 270 s, a push after its lease of 150 s; then a poll
and its two minutes."""
STABLE_SECONDS: Final = 20
"""For so long they must stay equal: an echo must not undo it."""
ANSWER_SECONDS: Final = 90
IDLE_SECONDS: Final = 2.0
"""So long an idle connection is used again. Servers close theirs after five seconds, and a request sent just then is a broken one."""
_POLL_SECONDS: Final = 15.0
_LIFE: Final = (0.2, 5.0)
"""How long the functions live between two kills, in seconds."""
_IMPORTABLE: Final = {None, "Task", "Call", "LinkedIn"}
_SHOWN: Final = 40


@dataclass
class Running:
    """The stack, and what is read of it."""

    document: dict[str, Any]
    file: Path
    admin: Person

    def killed(self) -> None:
        """Kill the functions, and wait until they run under a new number and answer."""
        pid = self.document["functions_pid"]
        os.kill(pid, signal.SIGKILL)
        until = time.monotonic() + ANSWER_SECONDS
        while time.monotonic() < until:
            self.document = json.loads(self.file.read_text())
            if self.document["functions_pid"] != pid and self._answers():
                return
            time.sleep(0.1)
        raise TimeoutError(f"the functions did not answer within {ANSWER_SECONDS} s of a kill")

    def _answers(self) -> bool:
        try:
            return self.admin.center.get("/api/me").is_success
        except httpx.TransportError:
            return False

    def reminders(self) -> list[Here]:
        """Read every reminder, as an administrator: lists for the ids, each one by itself, with its history."""
        found = []
        for reminder_id in sorted(self.reminder_ids()):
            row = self._ask(f"/api/reminders/{reminder_id}")
            lost: dict[str, set[str | None]] = {}
            for line in self._ask(f"/api/reminders/{reminder_id}/history")["lines"]:
                if line["field"] and (line["lost"] is not None or line["event"] == "conflict"):
                    value = as_ours({"Status": line["lost"]})["status"]
                    lost.setdefault(line["field"], set()).update({line["lost"], value})
            found.append(
                Here(
                    id=row["id"],
                    task_id=row["task_id"],
                    state=row["sync_state"],
                    values={name: row[name] for name in FIELDS},
                    deleted=row["deleted"] is not None,
                    agreed=row["deleted"] is None or row["deleted"]["agreed"] is not None,
                    imported=datetime.fromisoformat(row["created"]).timestamp() if row["id"].startswith("sf") else None,
                    lost=lost,
                )
            )
        return found

    def reminder_ids(self) -> dict[str, str | None]:
        """List everybody's reminders: their ids, and their tasks'."""
        ids: dict[str, str | None] = {}
        for user in self.document["users"]:
            for view in ("open", "completed", "deleted"):
                listed = self._ask(f"/api/reminders?view={view}&assignee={user['user_id']}")
                if listed["truncated"]:
                    raise RuntimeError("more reminders than one list shows; make fewer")
                ids |= {item["id"]: item["task_id"] for item in listed["items"]}
        return ids

    def tasks(self, syncing: Mapping[str, Person]) -> list[There]:
        """Read every task, deleted ones included, as somebody with View All; external ids, which only we may read, from the control."""
        stored = self.admin.org.get("/__control/state").raise_for_status().json()["tasks"]
        names = {row["Id"]: row.get("Reminder_Id__c") for row in stored}
        columns = ",".join(("Id", *FIELDS.values(), "IsDeleted", "IsClosed", "IsRecurrence", "TaskSubtype"))
        path, query = f"/services/data/{VERSION}/queryAll", {"q": f"SELECT {columns} FROM Task"}  # noqa: S608 - constants
        rows: list[dict[str, Any]] = []
        while path:
            page = self.admin.org.get(path, params=query).raise_for_status().json()
            rows += page["records"]
            path, query = page.get("nextRecordsUrl", ""), {}
        return [
            There(
                id=row["Id"],
                values=as_ours(row),
                deleted=row["IsDeleted"],
                importable=not (row["IsDeleted"] or row["IsClosed"] or row["IsRecurrence"])
                and row["OwnerId"] in syncing
                and row["TaskSubtype"] in _IMPORTABLE,
                external_id=names[row["Id"]],
            )
            for row in rows
        ]

    def _ask(self, path: str) -> Any:  # noqa: ANN401 - any JSON
        answer = self.admin.center.get(path)
        return answer.raise_for_status().json()


@dataclass
class Chaos:
    """One run: numbers for the table, and what is wrong."""

    kills: int
    seconds_load: float = 0
    seconds_rest: float = 0
    wrong: tuple[str, ...] = ()


def sync_on(people: Mapping[str, Person]) -> None:
    """Turn everybody's sync on, and wait until the first syncs are finished (S1)."""
    for person in people.values():
        seen = person.center.get("/api/settings").raise_for_status()
        choice = {"sync": "Sync with Salesforce tasks"}
        person.center.put("/api/settings", json=choice, headers={"If-Match": seen.headers["ETag"]}).raise_for_status()
    until = time.monotonic() + ANSWER_SECONDS
    for person in people.values():
        while not person.center.get("/api/settings").raise_for_status().json()["first_sync"]["finished"]:
            if time.monotonic() > until:
                raise TimeoutError("a first sync did not finish")
            time.sleep(0.2)


def storm(running: Running, load: Load, rng: random.Random, *, kills: int, until: float) -> Chaos:
    """Let people work, and kill the functions at random moments."""
    sides = (Side.HERE, Side.HERE, Side.HERE, Side.THERE)  # an answer here takes longer
    hands = [threading.Thread(target=load.work, args=(side, random.Random(rng.random()))) for side in sides]  # noqa: S311 - drawn from the seed
    chaos, began = Chaos(0), time.monotonic()
    for hand in hands:
        hand.start()
    try:
        while chaos.kills < kills and time.monotonic() < until and not load.broken:
            time.sleep(rng.uniform(*_LIFE))
            running.killed()
            chaos.kills += 1
            ids = running.reminder_ids()
            load.reminders = sorted(load.reminders + list(ids.keys() - set(load.reminders)))
            load.tasks = sorted({*load.tasks, *filter(None, ids.values())})
            print(f"{chaos.kills} kills, {len(load.books.edits)} edits", flush=True)
    finally:
        load.stop.set()
        for hand in hands:
            hand.join()
    chaos.seconds_load = time.monotonic() - began
    return chaos


def rest(running: Running, load: Load, chaos: Chaos) -> None:
    """Wait until nothing is wrong any more, and stays so."""
    began, right_since = time.monotonic(), 0.0
    while time.monotonic() - began < REST_SECONDS:
        wrong = complaints(load.books, running.reminders(), running.tasks(load.people))
        if len(wrong) != len(chaos.wrong):
            print(
                f"{time.monotonic() - began:.0f} s after the load {len(wrong)} things are not right yet",
                *wrong[:3],
                sep="\n  ",
                flush=True,
            )
        chaos.wrong = tuple(wrong)
        if wrong:
            right_since = 0.0
        elif not right_since:
            right_since = time.monotonic()
            chaos.seconds_rest = right_since - began
        elif time.monotonic() - right_since > STABLE_SECONDS:
            return
        time.sleep(5)
    if not chaos.wrong:
        return
    chaos.seconds_rest = time.monotonic() - began


def swept(folder: Path) -> bool:
    """Whether the nightly sweep ran: then it may have repaired what should not have been broken."""
    return '"message":"sweep"' in (folder / "functions.log").read_text(errors="replace")


def table(chaos: Chaos, load: Load) -> Table:
    """Tell what happened."""
    shown = Table("what", "", title="Reminder Sync: sudden death under load")
    shown.add_row("kills", str(chaos.kills))
    for side in Side:
        for result in Result:
            shown.add_row(f"edits {side}, {result}", str(load.books.count()[side.value, result.value]))
    for name, times in sorted(load.refusals.items()):
        shown.add_row(f"  {name}", str(times))
    shown.add_row("load", f"{chaos.seconds_load:.0f} s")
    shown.add_row("at rest after", "never" if chaos.wrong else f"{chaos.seconds_rest:.0f} s")
    shown.add_row("wrong", str(len(chaos.wrong)))
    return shown


@contextlib.contextmanager
def started(folder: Path) -> Iterator[Running]:
    """Have a stack of its own for as long as this lasts, and look after it."""
    stop = threading.Event()
    options = Options(
        port=0, org_port=0, aws_port=0, users=4, tasks=25, poll_interval=_POLL_SECONDS, folder=folder
    )  # fmt: skip
    with Stack(options, lambda _: None, stop) as stack, contextlib.ExitStack() as clients:

        def watch() -> None:
            while not stop.wait(0.1):
                stack.watch()

        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            file = folder / "stack.json"
            document = json.loads(file.read_text())
            admin = next(user for user in document["users"] if user["admin"])
            yield Running(document, file, _person(document, admin, clients))
        finally:
            stop.set()
            watcher.join()


def _person(document: Mapping[str, Any], user: Mapping[str, Any], clients: contextlib.ExitStack) -> Person:
    def client(where: str, token: str) -> httpx.Client:
        bearer = {"Authorization": f"Bearer {user[token]}"}
        fresh = httpx.Limits(keepalive_expiry=IDLE_SECONDS)
        return clients.enter_context(httpx.Client(base_url=document[where], headers=bearer, timeout=40, limits=fresh))

    return Person(user["user_id"], client("command_center", "id_token"), client("org", "access_token"))


def main(
    kills: Annotated[int, typer.Option(min=0, help="How often the functions are killed.")] = 50,
    seed: Annotated[int | None, typer.Option(help="Of everything random.  [default: drawn, and printed]")] = None,
    minutes_at_most: Annotated[
        float, typer.Option(min=1, help="When the load ends, however many kills are left.")
    ] = 20,
    folder: Annotated[Path | None, typer.Option(help="Folder for logs.  [default: a temporary one]")] = None,
) -> None:
    """Kill the functions again and again under load on both sides, and see that nothing is lost or doubled."""
    seed = random.SystemRandom().randrange(10**6) if seed is None else seed
    print(f"seed {seed}", flush=True)
    rng = random.Random(seed)  # noqa: S311 - a load, not a secret
    where = folder or Path(tempfile.mkdtemp(prefix="reminder-sync-chaos-"))
    with started(where.resolve()) as running, contextlib.ExitStack() as clients:
        document = running.document
        sellers = [u for u in document["users"] if not u["admin"] and "nosync" not in u["username"]]
        people = {user["user_id"]: _person(document, user, clients) for user in sellers}
        sync_on(people)
        ids = running.reminder_ids()
        tasks = running.tasks(people)
        load = Load(
            people=people,
            admin=running.admin,
            contacts=sorted({task.values["person"] for task in tasks if task.values["person"]}),
            books=Books(),
            stop=threading.Event(),
            reminders=sorted(ids),
            tasks=sorted(filter(None, ids.values())),
        )
        chaos = storm(running, load, rng, kills=kills, until=time.monotonic() + 60 * minutes_at_most)
        (where / "edits.json").write_text(json.dumps([asdict(edit) for edit in load.books.edits], indent=1))
        rest(running, load, chaos)
    Console(width=120).print(table(chaos, load))
    problems = [*chaos.wrong, *(f"a hand broke: {error!r}" for error in load.broken)]
    if chaos.kills < kills:
        problems.append(f"only {chaos.kills} of {kills} kills in {minutes_at_most:g} minutes")
    if swept(where):
        problems.append("the nightly sweep ran meanwhile; run again")
    for problem in problems[:_SHOWN]:
        print(problem)
    if problems:
        sys.exit(f"{len(problems)} things are wrong; seed {seed}, logs in {where}")
    print(f"Both sides are equal, nothing is doubled, all edits are accounted for. Logs in {where}")


if __name__ == "__main__":
    typer.run(main)
