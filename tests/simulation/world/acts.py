"""What people and programs do on both sides, and what goes wrong: one method each, drawn from the world's random source.

Every value that can be is written once only (a name, a text, a due date never twice), so that each edit can be followed to its end.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from typing import Any, Final

from simulation.world.engine import DAY, HOUR, MINUTE, SECOND
from simulation.world.world import World

from infra.local.org import task_rules
from infra.local.org.schema import EXTERNAL_ID, Row
from reminders.core.gone import Choice, is_gone
from reminders.core.holds import is_held
from reminders.core.lost_values import LOSING
from reminders.core.reminder import Reminder

FIRST_DUE: Final = date(2026, 11, 20)
TEMPLATES: Final = (
    "{{activity_subject}}",
    "{{activity_subject}}",
    "[{{sales_campaign_name}}] {{activity_subject}}",
    "{{activity_type}}",
)
STATUSES: Final = {"Open": {"written": "Not Started"}, "Complete": {"written": "Completed"}}
WIDER: Final = {"Open": {"written": "Not Started", "also_read": ["In Progress"]}, "Complete": {"written": "Completed"}}
PRIORITIES: Final = {"Normal": {"written": "Normal"}, "High": {"written": "High"}}

WEIGHTS: Final[dict[str, int]] = {
    "create_here": 7, "edit_here": 22, "complete_here": 4, "delete_here": 4, "restore_here": 4, "assign_here": 3,
    "sync_this_one": 2, "retry": 1, "ignore": 1, "choose": 2, "switch": 2, "settings": 2, "sync_now": 2,
    "create_there": 5, "edit_there": 22, "complete_there": 4, "delete_there": 4, "undelete_there": 3, "reassign_there": 4,
    "clone_there": 1, "clone_with_our_id": 2, "take_our_id": 1, "purge_there": 1, "convert_lead": 1, "series_there": 1, "archive_there": 1, "mass_there": 1, "hide_there": 2,
    "mass_delete_here": 1, "mass_delete_there": 1, "decide_held": 2, "take_back": 3,
    "both_at_once": 5, "meanwhile": 8,
    "org_fault": 9, "late_commit": 3, "ledger_fault": 4, "queue_fault": 2, "bus_fault": 2, "crash": 10, "rare_crash": 3, "outage": 1, "long_outage": 0, "mass_delete": 0, "same_at_once": 0,
    "schedule_fault": 2, "message_fault": 4, "clock_jump": 1, "stream_late": 1, "automation": 1, "validation": 2,
}  # fmt: skip
"""How often each happens, relative to the others; what has 0 is put into a few stories (`run.py`)."""

RARE: Final = (
    ("poll", "ledger.unpark"), ("poll", "ledger.save_user"), ("poll", "ledger.note_comparison"), ("poll", "ledger.save"),
    ("pull", "ledger.park"), ("pull", "ledger.batch_applied"), ("pull", "ledger.count_deletes"), ("pull", "ledger.end_outage"),
    ("push", "DELETE"), ("push", "ledger.count_deletes"), ("push", "ledger.end_outage"),
    ("sweep", "sqs.send"), ("sweep", "ledger.links"), ("sweep", "ledger.note_comparison"),
)  # fmt: skip
"""Calls that a function makes so seldom that a crash after so many calls hardly ever meets them."""

FAULTS: Final = frozenset(
    {"org_fault", "late_commit", "ledger_fault", "queue_fault", "bus_fault", "crash", "rare_crash", "outage", "long_outage", "schedule_fault",
     "message_fault", "clock_jump", "stream_late", "automation", "validation", "meanwhile", "mass_delete", "same_at_once"}
)  # fmt: skip
"""Those that make something go wrong, or happen in the middle of something; and the one that takes too long."""


class Acts:
    """Everything that can happen, by name. Each returns a line for the diary, or None if there was nothing to do it to."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.number = 0

    def do(self, name: str) -> None:
        """Do one of them."""
        self.number += 1
        act: Callable[[], str | None] = getattr(self, name)
        position = len(self.world.engine.trace)
        told = act()
        if told:
            engine = self.world.engine
            engine.trace.insert(position, f"{engine.ms} * {told}")
            engine.counts["acts"] += 1

    # --- here

    def create_here(self) -> str:
        """Somebody makes a reminder."""
        by = self._pick(self.world.sales)
        values = {
            "name": self._name(),
            "due": self._due(),
            "details": self._details(),
            "priority": self._pick(["Normal", "High"]),
        }
        if self._chance(0.4):
            values["assignee"] = self._pick(self.world.sales)
        if self._chance(0.3):
            values["person"] = self._pick(self.world.persons)
        self.world.ask(by, "POST", "/api/reminders", values, key=f"k{self.number}")
        return f"{self._who(by)} creates a reminder: {self._words(values)}"

    def edit_here(self) -> str | None:
        """Somebody edits one or two fields; at times they think again, perhaps while the answer to the push is still out."""
        choices: dict[str, Callable[[], object]] = {
            "name": self._name, "due": self._due, "details": self._details, "person": lambda: self._pick([None, *self.world.persons]),
            "priority": lambda: self._pick(["Normal", "High"]), "status": lambda: self._pick(["Open", "Complete"]),
            "campaign_name": lambda: f"campaign {self.number}",
        }  # fmt: skip
        names = self.world.engine.rng.sample(sorted(choices), self._pick([1, 1, 2]))
        found = self._reminder()
        told = self._edit(found, {name: choices[name]() for name in names})
        if found and told and self._chance(0.25):
            second = {name: choices[name]() for name in names}
            engine = self.world.engine
            engine.after(
                self._pick([2 * SECOND, 20 * SECOND, 200 * SECOND]), lambda: self._think_again(found.id, second)
            )
        return told

    def _think_again(self, reminder_id: str, values: dict[str, Any]) -> None:
        found = self.world.store.reminders([reminder_id])[reminder_id]
        if not found.deleted:
            self.world.engine.tell(str(self._edit(found, values)))

    def complete_here(self) -> str | None:
        """Somebody completes one."""
        return self._edit(self._reminder(lambda each: each.values.status == "Open"), {"status": "Complete"})

    def assign_here(self) -> str | None:
        """Somebody gives one away."""
        return self._edit(self._reminder(), {"assignee": self._pick(self.world.sales)})

    def delete_here(self) -> str | None:
        """Somebody deletes one; at times they press Undo soon after, and at times the task is completed in between."""
        found = self._reminder()
        told = self._on(found, "DELETE", "", "deletes")
        if found and told and self._chance(0.25):
            engine = self.world.engine
            engine.after(self._pick([2 * SECOND, 5 * SECOND, 40 * SECOND]), lambda: self._undo(found.id))
            if self._chance(0.5):
                engine.after(self._pick([200, SECOND]), lambda: self._complete_in_between(found.task_id))
        return told

    def _undo(self, reminder_id: str) -> None:
        found = self.world.store.reminders([reminder_id])[reminder_id]
        if found.deleted:
            self.world.engine.tell(str(self._on(found, "POST", "/restore", "takes back the delete of")))

    def _complete_in_between(self, task: str | None) -> None:
        row = self.world.org.state.store.tables["Task"].get(task or "")
        if task and row and not row["IsDeleted"] and task not in self.world.org.state.withheld:
            self.world.engine.tell(str(self._edit_there(task, {"Status": "Completed"})))

    def restore_here(self) -> str | None:
        """Somebody takes a delete back."""
        return self._on(self._reminder(lambda each: each.deleted), "POST", "/restore", "restores")

    def sync_this_one(self) -> str | None:
        """Somebody takes an older reminder into the sync."""
        found = self._reminder(lambda each: each.sponsor is None and not each.deleted)
        return self._on(found, "POST", "/sync", "has synced")

    def retry(self) -> str | None:
        """Somebody presses Retry."""
        return self._on(self._reminder(lambda each: each.trouble is not None), "POST", "/retry", "retries")

    def ignore(self) -> str | None:
        """Somebody presses Ignore."""
        return self._on(self._reminder(lambda each: each.trouble is not None), "POST", "/ignore", "ignores")

    def choose(self) -> str | None:
        """Somebody chooses what becomes of a reminder whose task is gone or out of sight."""
        choice = self._pick([choice.value for choice in Choice])
        found = self._reminder(is_gone)
        return self._on(found, "POST", "/gone", f"chooses to {choice}", {"choice": choice})

    def take_back(self) -> str | None:
        """Somebody takes back a value that lost."""
        lines = {each.id: self.world.store.history(each.id) for each in self.world.store.all()}
        lost = {
            key: [number for number, line in enumerate(told, 1) if line.event in LOSING] for key, told in lines.items()
        }
        found = self._reminder(lambda each: bool(lost[each.id]) and not each.deleted)
        if found is None:
            return None
        line = self._pick(lost[found.id])
        return self._on(found, "POST", "/take-back", f"takes back what line {line} lost of", {"line": line})

    def decide_held(self) -> str | None:
        """The administrator confirms or rejects a delete that is held."""
        found = self._reminder(is_held)
        if found is None:
            return None
        verdict = self._pick(["confirm", "reject"])
        self.world.ask(self.world.ada, "POST", f"/api/held-deletes/{verdict}", {"ids": [found.id]})
        return f"Ada {verdict}s the held delete of {found.id[:8]}"

    def mass_delete_here(self) -> str:
        """Somebody deletes half a dozen of their own at once."""
        owner = self._pick([self.world.anna, self.world.ben])
        mine = [each for each in self.world.store.all() if each.values.assignee == owner and not each.deleted]
        chosen = sorted(mine, key=lambda each: each.id)[:6]
        items = [{"action": "delete", "id": each.id, "version": each.version} for each in chosen]
        if items:
            self.world.ask(owner, "POST", "/api/reminders/bulk", {"items": items})
        return f"{self._who(owner)} deletes {len(items)} at once"

    def switch(self) -> str:
        """Somebody turns sync on or off."""
        by = self._pick([self.world.anna, self.world.ben, self.world.dora])
        user = self.world.user(by)
        wanted = "Do not sync to Salesforce tasks" if user.syncs else "Sync with Salesforce tasks"
        self.world.ask(by, "PUT", "/api/settings", {"sync": wanted}, version=user.version)
        return f"{self._who(by)} turns sync {'off' if user.syncs else 'on'}"

    def settings(self) -> str:
        """The administrator changes the org-wide settings."""
        body = {
            "subject_template": self._pick(TEMPLATES), "policy": self._pick(["latest", "latest", "salesforce", "reminder"]),
            "poll_minutes": 5, "import_hours": 24, "api_share": 0.25, "statuses": self._pick([STATUSES, WIDER]),
            "priorities": PRIORITIES,
        }  # fmt: skip
        self.world.ask(self.world.ada, "PUT", "/api/settings/org", body, version=self.world.store.settings().version)
        return f"Ada sets template {body['subject_template']}, policy {body['policy']}"

    def sync_now(self) -> str:
        """Somebody presses "Sync now"."""
        self.world.ask(self.world.anna, "POST", "/api/sync")
        return "Anna presses “Sync now”"

    # --- there

    def create_there(self) -> str | None:
        """Somebody makes a task."""
        owner = self._pick([*self.world.sales, self.world.anna, self.world.ben])
        due = self._due()
        fields: dict[str, object] = {
            "OwnerId": owner, "Subject": self._name(), "Description": self._details(), **({"ActivityDate": due} if due else {}),
            "TaskSubtype": self._pick(["Task", "Task", "Call", "Email"]),
        }  # fmt: skip
        org, made = self.world.org, []
        if not self.world.there(lambda: made.append(org.create_task(self.world.ada, **fields))):
            return "a task is not made"
        return f"a task {self._short(made[0])} of {self._who(owner)}'s is made: {self._words(fields)}"

    def edit_there(self) -> str | None:
        """Somebody, or another program, edits one or two fields, foreign values included; at times both do, within one second."""
        task = self._task()
        told = self._edit_there(task, self._fields_there())
        if told and self._pick([True] + [False] * 7):
            told = f"{told}; and in the same second {self._edit_there(task, self._fields_there())}"
        return told

    def _fields_there(self) -> dict[str, object]:
        choices: dict[str, Callable[[], object]] = {
            "ActivityDate": self._due, "Description": self._details, "Subject": lambda: self._pick([self._name(), self._name(), None]),
            "Status": lambda: self._pick(["Not Started", "In Progress", "Completed", "Deferred"]),
            "Priority": lambda: self._pick(["High", "Normal", "Low"]), "WhoId": lambda: self._pick([None, *self.world.persons]),
        }  # fmt: skip
        names = self.world.engine.rng.sample(sorted(choices), self._pick([1, 1, 2]))
        return {name: choices[name]() for name in names}

    def complete_there(self) -> str | None:
        """Somebody completes a task."""
        return self._edit_there(self._task(), {"Status": "Completed"})

    def reassign_there(self) -> str | None:
        """Somebody gives a task to a colleague or to a queue."""
        owner = self._pick([*self.world.sales, self.world.inbound])
        return self._edit_there(self._task(), {"OwnerId": owner})

    def delete_there(self) -> str | None:
        """Somebody deletes a task; at times they take it back before the sync has seen that, or soon after."""
        task = self._task()
        if task is None:
            return None
        self.world.there(lambda: self.world.org.delete_task(self.world.ada, task))
        if self._chance(0.25):
            engine = self.world.engine
            soon = self._pick([2 * SECOND, 60 * SECOND, 1200 * SECOND])
            engine.after(soon, lambda: engine.tell(self._undelete(task)))
        return f"task {self._short(task)} is deleted there"

    def _undelete(self, task: str) -> str:
        row = self.world.org.state.store.tables["Task"].get(task)
        if not row or not row["IsDeleted"]:
            return f"task {self._short(task)} is in the recycle bin no more"
        self.world.there(lambda: self.world.org.undelete_task(self.world.ada, task))
        return f"task {self._short(task)} is undeleted there"

    def undelete_there(self) -> str | None:
        """Somebody takes a task out of the recycle bin."""
        task = self._task(deleted=True)
        if task is None:
            return None
        return self._undelete(task)

    def purge_there(self) -> str | None:
        """Somebody empties a task out of the recycle bin."""
        task = self._task(deleted=True)
        if task is None:
            return None
        self.world.there(lambda: self.world.org.state.store.purge("Task", task))
        return f"task {self._short(task)} is purged there"

    def clone_there(self) -> str | None:
        """Somebody clones a task; the page copies what they see, which our id is not."""
        task = self._task()
        if task is None:
            return None
        row = self.world.org.state.store.tables["Task"][task]
        copied = {
            name: row[name]
            for name in ("Subject", "Status", "Priority", "OwnerId", "ActivityDate", "Description", "WhoId")
            if name in row
        }
        self.world.there(lambda: self.world.org.create_task(self.world.ada, **copied))
        return f"task {self._short(task)} is cloned"

    def clone_with_our_id(self) -> str | None:
        """Another program, which may write every field, copies a deleted task with our id on it."""
        task = self._task(deleted=True)
        rows = self.world.org.state.store.tables["Task"]
        if task is None or EXTERNAL_ID not in rows[task]:
            return None
        copied = {
            name: rows[task][name] for name in (EXTERNAL_ID, "Subject", "OwnerId", "Description") if name in rows[task]
        }
        self.world.there(lambda: self.world.org.create_task(self.world.robot, **copied))
        return f"task {self._short(task)} is copied by a program, our id included"

    def take_our_id(self) -> str:
        """Somebody makes a reminder, and another program makes a task under the very id that our create is about to use."""
        told = self.create_here()
        owner, subject = self._pick([*self.world.sales, self.world.anna, self.world.ben]), f"{self._name()} there"

        def strike() -> None:
            waits = sorted(
                (each for each in self.world.store.all() if each.pending and not each.task_id and not each.deleted),
                key=lambda each: (bool(each.intents), each.id),
            )
            if waits:
                fields = {EXTERNAL_ID: waits[0].external_id, "OwnerId": owner, "Subject": subject}
                self.world.there(lambda: self.world.org.create_task(self.world.robot, **fields))
                self.world.engine.tell(
                    f"a program makes a task under the id of {waits[0].id[:8]}, of {self._who(owner)}'s"
                )

        self.world.engine.hooks.append(("push", self.world.engine.rng.randint(1, 6), strike))
        return f"{told}; a program will use its id"

    def convert_lead(self) -> str:
        """A lead is converted: its tasks go to the contact."""
        lead, contact = self.world.persons[0], self.world.persons[2]
        for task in self.world.org.tasks():
            if self.world.org.state.store.tables["Task"][task].get("WhoId") == lead:
                self.world.there(partial(self.world.org.update_task, self.world.ada, task, WhoId=contact))
        return "a lead is converted"

    def series_there(self) -> str | None:
        """A recurring series is made, changed or deleted."""
        rows = self.world.org.state.store.tables["Task"]
        masters = [str(key) for key, row in rows.items() if row.get("IsRecurrence") and not row["IsDeleted"]]
        start = FIRST_DUE + timedelta(days=1000 + self.number)
        if not masters:
            pattern = {
                "Subject": self._name(), "OwnerId": self.world.anna, "IsRecurrence": True, "RecurrenceType": "RecursDaily",
                "RecurrenceInterval": 1, "RecurrenceStartDateOnly": str(start), "RecurrenceEndDateOnly": str(start + timedelta(days=2)),
                "RecurrenceTimeZoneSidKey": "UTC",
            }  # fmt: skip
            self.world.there(lambda: self.world.org.create_task(self.world.anna, **pattern))
            return "a series of three is made"
        if self._chance(0.3):
            self.world.there(lambda: self.world.org.delete_task(self.world.anna, masters[0]))
            return "the series is deleted"
        change = {"RecurrenceStartDateOnly": str(start), "RecurrenceEndDateOnly": str(start + timedelta(days=2))}
        self.world.there(lambda: self.world.org.update_task(self.world.anna, masters[0], **change))
        return "the series is moved"

    def archive_there(self) -> str:
        """The archiving job runs on tasks that look old enough."""
        closed = [
            task
            for task in self.world.org.tasks()
            if self.world.org.state.store.tables["Task"][task]["Status"] == "Completed"
        ]
        for task in closed[:2]:
            self.world.there(partial(self.world.org.update_task, self.world.ada, task, ActivityDate="2024-01-01"))
        self.world.there(lambda: task_rules.archive(self.world.org.state))
        return "the archiving job runs"

    def mass_there(self) -> str:
        """A program loads or changes many tasks at once."""
        if self._chance(0.5):
            for each in range(8):
                fields = {"OwnerId": self.world.ben, "Subject": f"{self._name()} {each}"}
                self.world.there(partial(self.world.org.create_task, self.world.robot, **fields))
            return "a program makes eight tasks"
        for each, task in enumerate(self.world.org.tasks()[:8]):
            self._edit_there(task, {"Description": f"load {self.number} {each}"})
        return "a program changes up to eight tasks"

    def hide_there(self) -> str | None:
        """A task goes out of our sight, and nobody deletes it until it is back: it is as if it were gone, and nobody has deleted it.

        So no occurrence of a series, which goes with it.
        """
        task = self._task()
        if task is None or "RecurrenceActivityId" in self.world.org.state.store.tables["Task"][task]:
            return None
        self.world.org.state.withheld.add(task)
        span = self._pick([2 * MINUTE, 30 * MINUTE, 5 * HOUR, 30 * HOUR])
        self.world.engine.after(span, lambda: self.world.show(task))
        self.world.engine.fault("org: a task out of sight")
        return f"task {self._short(task)} is out of sight for {span // MINUTE} minutes"

    def mass_delete_there(self) -> str:
        """A program deletes half a dozen tasks of one owner."""
        owner, state = self._pick([self.world.anna, self.world.ben]), self.world.org.state
        rows = state.store.tables["Task"]
        owned = [task for task in self.world.org.tasks() if rows[task]["OwnerId"] == owner]
        chosen = [task for task in owned if not rows[task].get("IsRecurrence") and task not in state.withheld][:6]
        for task in chosen:
            self.world.there(partial(self.world.org.delete_task, self.world.robot, task))
        return f"a program deletes {len(chosen)} tasks of {self._who(owner)}'s"

    def mass_delete(self) -> str:
        """A program loads 30 tasks of Ben's; half an hour later most of them are deleted, within minutes, there or here."""
        tasks: list[str] = []
        for each in range(30):
            fields = {"OwnerId": self.world.ben, "Subject": f"{self._name()} {each}"}
            self.world.there(partial(self._load, tasks, fields))
        delete = self._pick([self._delete_there, self._delete_here])
        for position, task in enumerate(tasks[:28]):
            self.world.engine.after((30 + position // 7 * 3) * MINUTE, partial(delete, task))
        self.world.engine.fault("people: a mass delete")
        return f"a program makes 30 tasks, of which 28 will be deleted ({delete.__name__})"

    def _load(self, tasks: list[str], fields: dict[str, str]) -> None:
        tasks.append(self.world.org.create_task(self.world.robot, **fields))

    def _delete_there(self, task: str) -> None:
        if task not in self.world.org.state.withheld:
            self.world.there(lambda: self.world.org.delete_task(self.world.ada, task))

    def _delete_here(self, task: str) -> None:
        found = next((each for each in self.world.store.all() if each.task_id == task and not each.deleted), None)
        self._on(found, "DELETE", "", "deletes")

    # --- both, in one moment

    def both_at_once(self) -> str | None:
        """The same pair is edited on both sides within seconds, often the same field."""
        found = self._reminder(lambda each: each.task_id is not None and not each.deleted)
        if found is None or found.task_id is None:
            return None
        name, field = self._pick(
            [("due", "ActivityDate"), ("details", "Description"), ("priority", "Priority"), ("status", "Status")]
        )
        ours = {"due": self._due(), "details": f"ours {self.number}", "priority": "High", "status": "Complete"}[name]
        theirs = {
            "due": self._date(500),
            "details": f"theirs {self.number}",
            "priority": "Low",
            "status": "In Progress",
        }[name]
        task = found.task_id
        told = self._edit(found, {name: ours})
        self.world.engine.after(self._pick([0, 300, 900, 2500]), lambda: self._edit_there(task, {field: theirs}))
        return f"{told}, and at once there {field}={theirs}"

    def same_at_once(self) -> str | None:
        """Somebody edits two fields here, the container dies before it sends them, and somebody there chooses the same for one of them."""
        found = self._reminder(lambda each: each.task_id is not None and not each.deleted)
        if found is None:
            return None
        engine, task, due = self.world.engine, found.task_id, self._date(700)
        told = self._edit(found, {"due": due, "details": f"ours alone {self.number}"})
        engine.deadly["push", "POST /services/data/v66.0/composite"] = "before"
        engine.after(self._pick([2500, 20 * SECOND]), lambda: self._edit_there(task, {"ActivityDate": due}))
        return f"{told}, which will not be sent at once, and there the same date is chosen"

    def meanwhile(self) -> str:
        """The next push or pull is in the middle of its work when somebody edits, deletes, undeletes or hands over what it works on."""
        function = self._pick(["push", "push", "push", "pull", "pull"])
        call = self.world.engine.rng.randint(1, 12)
        side = self._pick(["there", "there", "delete", "reassign", "here"])
        fields, owner = self._fields_there(), self._pick([self.world.carl, self.world.ben])
        details = f"meanwhile {self.number}"

        def strike() -> None:
            # What is being worked on, if anything is: a reminder with an open intent, then one that waits.
            worked_on = sorted(
                (each for each in self.world.store.all() if each.task_id),
                key=lambda each: (not each.intents, not each.pending, each.id),
            )
            if not worked_on:
                return
            found = worked_on[0]
            binned = self._deleted_unseen() if function == "pull" else None
            told: str | None
            if binned:
                told = self._undelete(binned)
            elif side == "here":
                told = self._edit(found, {"details": details})
            elif side == "delete":
                told = f"task {self._short(found.task_id)} is deleted there"
                self._delete_there(found.task_id or "")
            else:
                told = self._edit_there(found.task_id, fields if side == "there" else {"OwnerId": owner})
            self.world.engine.tell(f"in that very moment: {told}")

        self.world.engine.hooks.append((function, call, strike))
        return f"something will happen during the next {function}, at call {call}"

    def _deleted_unseen(self) -> str | None:
        """A task that is deleted there, of a reminder that is not deleted here yet."""
        rows = self.world.org.state.store.tables["Task"]
        waits = sorted(each.task_id for each in self.world.store.all() if each.task_id and not each.deleted)
        return next((each for each in waits if each in rows and rows[each]["IsDeleted"]), None)

    # --- what goes wrong

    def org_fault(self) -> str:
        """One of the next requests, or records, fails."""
        kind = self._pick(
            [
                "lost",
                "lost",
                "lost",
                "refused",
                "unavailable",
                "error",
                "gone",
                "limit",
                "session",
                "slow",
                "mute",
                "mute",
                "lock",
                "late",
            ]
        )
        matches = {"lock": ["Task", "update Task", "insert Task"], "mute": ["Task"]}
        match = self._pick(matches.get("lock" if kind == "late" else kind, ["composite", "composite", "query", ""]))
        seconds = self.world.engine.rng.choice([1, 20, 40, 300, 700]) if kind in {"late", "slow"} else 0
        self.world.org.faults.add(
            kind, match=match, times=self._pick([1, 1, 2, 4]), seconds=seconds, status=self._pick([400, 500])
        )
        return f"fault: {kind} {match} {seconds or ''}"

    def late_commit(self) -> str | None:
        """Somebody's change takes up to twelve minutes to commit."""
        self.world.org.faults.add("late", match="Task", seconds=self.world.engine.rng.randint(1, 720))
        told = self.edit_there() if self._chance(0.7) else self.create_there()
        self.world.engine.fault("org: a transaction commits late")
        return f"late: {told}"

    def ledger_fault(self) -> str:
        """DynamoDB throttles, loses answers, or sees conflicts."""
        faults, kind, times = (
            self.world.faults.ledger,
            self._pick(["throttled", "lost", "conflicts"]),
            self._pick([1, 1, 2, 5]),
        )
        setattr(faults, kind, times)
        return f"ledger: {kind} × {times}"

    def queue_fault(self) -> str:
        """SQS takes nothing, or not all."""
        kind = self._pick(["refused", "partly"])
        setattr(self.world.faults.queue, kind, 1)
        return f"queue: {kind}"

    def bus_fault(self) -> str:
        """EventBridge takes nothing, not all, or takes it and says nothing."""
        kind, times = self._pick(["refused", "partly", "lost"]), self._pick([1, 2, 5, 12])
        setattr(self.world.faults.bus, kind, times)
        return f"event bus: {kind} × {times}"

    def crash(self) -> str:
        """The next invocation of a function dies before or after one of its calls."""
        function = self._pick(["push", "push", "push", "pull", "pull", "poll", "api", "receive", "sweep", "announce"])
        at = (
            self.world.engine.rng.randint(
                1, {"push": 14, "pull": 10, "poll": 9, "api": 4, "receive": 1, "sweep": 12, "announce": 2}[function]
            ),
            self._pick(["before", "after"]),
        )
        self.world.crashes[function] = at
        return f"the next {function} will die {at[1]} its call {at[0]}"

    def rare_crash(self) -> str:
        """A function dies the next time that it makes one of the calls that it seldom makes."""
        place, when = self._pick(RARE), self._pick(["before", "after"])
        self.world.engine.deadly[place] = when
        return f"the next {place[0]} that makes the call {place[1]} will die {when} it"

    def outage(self) -> str:
        """Salesforce cannot be reached or used, for an hour or so; seldom for a day."""
        return self._outage(self._pick([20 * MINUTE, HOUR, HOUR, DAY]))

    def long_outage(self) -> str:
        """Sixteen days: longer than the deleted list reaches back."""
        return self._outage(16 * DAY)

    def _outage(self, span: int) -> str:
        world, engine = self.world, self.world.engine
        kind = self._pick(["reach", "unavailable", "limit", "session"])
        engine.fault("org: an outage")
        if kind == "reach":
            world.faults.org.down_until = engine.ms + span
        else:
            fault = world.org.faults.add(kind, times=None)
            engine.after(
                span, lambda: world.org.faults.armed.remove(fault) if fault in world.org.faults.armed else None
            )
        return f"outage ({kind}) for {span // MINUTE} minutes"

    def schedule_fault(self) -> str:
        """A schedule does not fire, or twice."""
        name, kind = self._pick(["poll", "push", "sweep"]), self._pick(["missed", "doubled"])
        setattr(self.world.schedules[name], kind, self._pick([1, 3]))
        return f"the schedule of {name} will be {kind}"

    def message_fault(self) -> str:
        """Outbound messages go astray."""
        kind = self._pick(["double", "drop", "delay", "shuffle", "unheard"])
        self.world.org.faults.add(kind, times=self._pick([1, 2, 4]), seconds=self._pick([5, 600, 90_000]))
        self.world.engine.fault(f"message: {kind}")
        return f"outbound messages: {kind}"

    def clock_jump(self) -> str:
        """Our clock is wrong, by up to minutes."""
        self.world.clock.skew = self._pick([-240, -90, -3, -1, 0, 0, 1, 3, 90, 240])
        self.world.engine.fault("clock: skewed")
        return f"our clock is {self.world.clock.skew} s ahead"

    def stream_late(self) -> str:
        """The stream is behind."""
        self.world.bell.late = self._pick([0, 5 * SECOND, 2 * MINUTE])
        self.world.engine.fault("stream: late")
        return f"the stream is {self.world.bell.late // SECOND} s behind"

    def automation(self) -> str:
        """An automation of the org starts, or ends: it rewrites a field with every save."""
        if self.world.automation:
            self.world.automation = None
            return "the org's automation ends"
        kind = self._pick(["Priority", "Description"])

        def rewrite(row: Row) -> None:
            if kind == "Priority":
                row["Priority"] = "High"
            elif "Description" in row:
                row["Description"] = str(row["Description"]).upper()

        self.world.automation = rewrite
        self.world.engine.fault("org: an automation")
        return f"an automation of the org rewrites {kind} with every save"

    def validation(self) -> str:
        """A validation rule of the org starts, or ends."""
        rules = self.world.org.state.validations
        if rules:
            rules.clear()
            return "the validation rule ends"
        rules.append(
            lambda row: "High needs a date" if row.get("Priority") == "High" and "ActivityDate" not in row else None
        )
        self.world.engine.fault("org: a validation rule")
        return "a validation rule: what is High needs a date"

    # --- who and what

    def _pick(self, among: Any) -> Any:
        return self.world.engine.rng.choice(among)

    def _chance(self, share: float) -> bool:
        return self.world.engine.rng.random() < share

    def _name(self) -> str:
        return f"{self._pick(['Call Ada', 'Write', 'Meet', 'Send offer 😀'])} {self.number}"

    def _details(self) -> str | None:
        found: str | None = self._pick(
            [None, f"note {self.number}", f"first\nsecond {self.number}", f"one\r\ntwo {self.number}  "]
        )
        return found

    def _date(self, offset: int = 0) -> str:
        return str(FIRST_DUE + timedelta(days=self.number + offset))

    def _due(self) -> str | None:
        return self._date() if self._chance(0.75) else None

    def _reminder(self, wanted: Callable[[Reminder], bool] = lambda each: not each.deleted) -> Reminder | None:
        found = sorted((each for each in self.world.store.all() if wanted(each)), key=lambda each: each.id)
        return self.world.engine.rng.choice(found) if found else None

    def _task(self, *, deleted: bool = False) -> str | None:
        rows = self.world.org.state.store.tables["Task"]
        found = [
            str(key)
            for key, row in rows.items()
            if bool(row["IsDeleted"]) is deleted
            and not row.get("IsRecurrence")
            and key not in self.world.org.state.withheld
        ]
        return self.world.engine.rng.choice(found) if found else None

    def _asker(self, reminder: Reminder) -> str:
        assignee = reminder.values.assignee
        return (
            self.world.engine.rng.choice([assignee, self.world.ada]) if assignee in self.world.sales else self.world.ada
        )

    def _edit(self, reminder: Reminder | None, values: dict[str, Any]) -> str | None:
        if reminder is None:
            return None
        stale = reminder.version > 1 and self._chance(0.05)
        by = self._asker(reminder)
        self.world.ask(by, "PATCH", f"/api/reminders/{reminder.id}", values, version=reminder.version - stale)
        return f"{self._who(by)} edits {reminder.id[:8]}: {self._words(values)}"

    def _on(self, reminder: Reminder | None, method: str, route: str, verb: str, body: object = None) -> str | None:
        if reminder is None:
            return None
        by = self._asker(reminder)
        self.world.ask(by, method, f"/api/reminders/{reminder.id}{route}", body, version=reminder.version)
        return f"{self._who(by)} {verb} {reminder.id[:8]}"

    def _edit_there(self, task: str | None, fields: dict[str, Any]) -> str | None:
        if task is None:
            return None
        by = self._pick([self.world.ada, self.world.robot])
        self.world.there(lambda: self.world.org.update_task(by, task, **fields))
        return f"task {self._short(task)} is edited there: {self._words(fields)}"

    def _who(self, user_id: str) -> str:
        row = self.world.org.state.store.tables["User"].get(user_id)
        return str(row["FirstName"]) if row else "a queue"

    def _words(self, values: dict[str, Any]) -> str:
        return ", ".join(
            f"{name}={self._who(value) if name in {'assignee', 'OwnerId'} else repr(value)}"
            for name, value in values.items()
        )

    @staticmethod
    def _short(task: str | None) -> str:
        return (task or "")[11:15]
