"""The whole system in one process: the real handlers, woken by events as AWS makes them, between an emulated org and people.

`World(seed)` builds it, with its people and nothing else; `run(until)` lives through time; `rest` lets everything come to an end.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import replace
from functools import cached_property
from http import HTTPStatus
from types import SimpleNamespace
from typing import Any, Final
from unittest.mock import patch

import requests.sessions
from fakes.people import gateway_event
from simulation.world import short_way
from simulation.world.aws import (
    COMPLETION_RETRIES,
    Queue,
    Schedule,
    Stream,
    completion_records,
    reminder_records,
    state_records,
)
from simulation.world.engine import DAY, HOUR, MINUTE, SECOND, Engine, OurClock
from simulation.world.fibers import Crash, Fiber
from simulation.world.journal import By, Journal
from simulation.world.ports import Container, Faults, Store

import announce
import api
import poll
import pull
import push
import receive
import sweep
from infra.local.org.errors import Refused
from infra.local.org.outbound import Message, Sender
from infra.local.org.outbound import Policy as SendingPolicy
from infra.local.org.schema import SYNC_FIELD, Row
from infra.local.org.state import MODIFY_ALL, VIEW_ALL
from infra.local.org.world import make_org
from reminders import runtime, telemetry
from reminders.aws.hint_queue import unpack
from reminders.aws.secret import Secret
from reminders.core import valve
from reminders.core.reminder import Reminder
from reminders.core.settings import User
from reminders.runtime import Receiver
from reminders.sync.ration import Rationed

HANDLERS: Final[Mapping[str, Callable[..., Any]]] = {
    "announce": announce.handler,
    "api": api.handler,
    "poll": poll.handler,
    "pull": pull.handler,
    "push": push.handler,
    "receive": receive.handler,
    "sweep": sweep.handler,
}
TIMEOUTS: Final = {"announce": 60, "api": 29, "poll": 240, "pull": 45, "push": 120, "receive": 10, "sweep": 900}
"""Seconds, as in template.yaml."""
ALONE: Final = {"poll": 1, "sweep": 1, "api": 1}
"""Reserved concurrency; the API's application is one object per process, and a container answers one request at a time."""
ADDRESS: Final = "pT7xWq2Zr9LmK4vN8sHdYc3Fb6GjQe5UaRo1Xi0EwSzBtMuC"
REGULAR: Final = 5 * MINUTE


Crashes = Mapping[int, tuple[int, str]]
"""Of invocations, by their number: at which of its I/Os each dies, and whether before or after it."""


class World:
    """One org, one Command Center, and everything between them."""

    def __init__(self, *, shared_activities: bool = False, valve_always: int = valve.ALWAYS) -> None:
        self.valve_always = valve_always
        self.engine = Engine()
        self.engine.rng.seed("world")
        self.clock = OurClock(self.engine)
        self.journal = Journal(lambda: self.engine.ms, self._who)
        self.faults = Faults()
        self.org = make_org(now=self.engine.now, rng=self.engine.rng, shared_activities=shared_activities)
        self.journal.watch(self.org)
        self.store = Store(self.journal)
        self.store.stirred = self._drain
        self.queue = Queue(self.engine, self.invoke)
        self.queue.sent = self._sent
        self._containers: dict[int, Container] = {}
        self.bell = Stream(self.engine, self.invoke, "push", reminder_records)
        self.state_bell = Stream(self.engine, self.invoke, "poll", state_records)
        self.announced: list[dict[str, Any]] = []
        """The detail of every announcement that reached the bus, in the order in which they did."""
        self._completed: dict[str, Reminder] = {}
        self.completions = Stream(
            self.engine, self.invoke, "announce", completion_records(self._completed), COMPLETION_RETRIES
        )
        self.sender = Sender(self.org.state, SendingPolicy(), self.org.base)
        self.crashes: dict[str, tuple[int, str]] = {}
        self.planned: Crashes = {}
        self.invocations: list[Fiber] = []
        self.automation: Callable[[Row], None] | None = None
        self.acknowledged: Callable[[Collection[str], int], None] = lambda _ids, _number: None
        """Told of every message that the webhook has acknowledged: its task ids, and the journal's number when it was sent."""
        self.about_to_sweep: Callable[[], None] = lambda: None
        """Told of every sweep before it begins."""
        self.failed: Callable[[Fiber, str], None] = lambda _fiber, _words: None
        """Told of every invocation that raised something."""
        self._idle: dict[str, list[Container]] = {}
        self._running: dict[str, int] = dict.fromkeys(HANDLERS, 0)
        self._asked = 0
        self._sender_due = False
        self.schedules = {
            "poll": Schedule(
                self.engine, self.invoke, "poll", REGULAR, needed=lambda: True
            ),  # asked each minute, it would say "not due"
            "push": Schedule(self.engine, self.invoke, "push", MINUTE, needed=self._something_is_due),
            "sweep": Schedule(self.engine, self.invoke, "sweep", DAY, needed=lambda: True),
        }
        self.schedules["poll"].start(2 * MINUTE)
        self.schedules["push"].start(30 * SECOND)
        self.schedules["sweep"].start(17 * HOUR + 15 * MINUTE)
        self._people()

    def _people(self) -> None:
        """Anna and Ben sync; Carl never does; Dora will; Ada administers; a robot of the org's writes, too."""
        for name in ("Anna Berg", "Ben Oduya", "Carl Nosync", "Dora Late"):
            user = self.org.add_user(f"{name.split()[0].lower()}@example.com", name, role="sales")
            self.store.save_user(User(id=user.id, name=name))
            setattr(self, name.split()[0].lower(), user.id)
        ada = self.org.add_user("ada@example.com", "Ada Admin", role="admin")
        self.store.save_user(User(id=ada.id, name="Ada Admin", admin=True))
        robot = self.org.add_user(
            "robot@example.com", "Other Program", permissions=frozenset({VIEW_ALL, MODIFY_ALL, SYNC_FIELD})
        )
        self.ada, self.robot = ada.id, robot.id
        self.sales: list[str] = [self.anna, self.ben, self.carl, self.dora]
        self.inbound = self.org.add_queue("Inbound", {self.anna, self.ben})
        self.persons = [
            self.org.create(ada.id, "Lead", LastName="Lovelace", Company="Engines"),
            self.org.create(ada.id, "Lead", LastName="Hopper", Company="Navy"),
            self.org.create(ada.id, "Contact", LastName="Curie"),
        ]
        self.org.state.automations.append(self._automate)

    anna: str
    ben: str
    carl: str
    dora: str

    # --- invoking

    def invoke(self, function: str, event: dict[str, Any], done: Callable[[Fiber], None]) -> bool:
        """Start an invocation; False if the function runs as often as it may."""
        if self._running[function] >= ALONE.get(function, 10):
            return False
        if function == "sweep":
            self.about_to_sweep()
        self._running[function] += 1
        container = self._container(function)
        context = SimpleNamespace(aws_request_id="simulated")

        def ended(fiber: Fiber) -> None:
            self._running[function] -= 1
            if isinstance(fiber.error, Crash):
                pass  # its container is gone
            else:
                self._idle.setdefault(function, []).append(container)
            if fiber.error and not isinstance(fiber.error, Crash):
                self.engine.tell(f"{function} fails: {type(fiber.error).__name__}: {str(fiber.error)[:80]}")
                self.engine.counts[f"failed: {type(fiber.error).__name__}"] += 1
                self.failed(fiber, repr(fiber.error))
            elif fiber.error is None and isinstance(fiber.result, dict) and function not in {"api", "receive"}:
                self.engine.tell(f"{function} {self._told(fiber.result)}")
            done(fiber)

        fiber = Fiber(function, lambda: HANDLERS[function](event, context), ended)
        fiber.crash_at = self.crashes.pop(function, None) or self.planned.get(len(self.invocations))
        self.invocations.append(fiber)
        fiber.deadline = self.engine.ms + TIMEOUTS[function] * SECOND
        self._containers[id(fiber)] = container
        self.engine.counts["invocations"] += 1
        self.engine.counts[f"invoked {function}"] += 1
        self.engine.baton.start(fiber)
        return True

    @staticmethod
    def _told(result: Mapping[str, Any]) -> str:
        if "batchItemFailures" in result:
            return f"ends, {len(result['batchItemFailures'])} messages to come again"
        return f"ends: {', '.join(f'{name} {count}' for name, count in result.items() if count) or 'nothing to do'}"

    def _container(self, function: str) -> Container:
        idle = self._idle.setdefault(function, [])
        if idle:
            return idle.pop()
        return Container(
            self.engine, self.store, self.queue, self.org, self.clock, self.faults, self.tick, self.announced
        )

    def _here(self) -> Container:
        return self._containers[id(self.engine.baton.current)]

    def _receiver(self) -> Receiver:
        return Receiver(
            hints=self._here().hints,
            addresses=Secret(lambda: ADDRESS, self.clock),
            organization_id=self.org.organization_id,
        )

    @contextmanager
    def live(self) -> Iterator[None]:
        """Stand in for the container's runtime, for as long as this world runs."""
        site = SimpleNamespace(organization_id=self.org.organization_id, salesforce_url=self.org.base)
        with ExitStack() as stack:
            stack.enter_context(patch.object(runtime, "world", lambda: self._here().world))
            stack.enter_context(patch.object(runtime, "receiver", self._receiver))
            stack.enter_context(patch.object(runtime, "dead_letters", lambda: self._here().dead_letters))
            stack.enter_context(patch.object(runtime, "bus", lambda: self._here().bus))
            stack.enter_context(patch.object(runtime, "environment", lambda: site))
            stack.enter_context(patch.object(telemetry, "_emit", lambda *_: None))
            stack.enter_context(patch.object(requests.sessions.Session, "request", short_way.request))
            # `requests` times each answer by the machine; the client moves Salesforce's clock back by that.
            stack.enter_context(patch.object(requests.sessions, "preferred_clock", lambda: self.engine.ms / SECOND))
            for name, each in vars(Rationed).items():
                if isinstance(each, cached_property) and hasattr(each, "lock"):
                    # Python 3.11 locks a cached property for all instances; two containers are two processes.
                    stack.enter_context(patch.object(Rationed.__dict__[name], "lock", nullcontext()))
            stack.enter_context(patch.object(valve, "ALWAYS", self.valve_always))
            before = logging.root.manager.disable
            logging.disable(logging.CRITICAL)
            try:
                yield
            finally:
                self.engine.baton.kill_all()
                logging.disable(before)

    # --- what wakes functions

    def _who(self) -> tuple[By, object]:
        fiber = self.engine.baton.current
        return (By.PERSON if fiber is None or fiber.function == "api" else By.SYNC), fiber

    def _sent(self, body: str) -> None:
        for hint in unpack(body):
            self.journal.hint(hint.task_id)

    def _something_is_due(self) -> bool:
        return bool(self.store.waiting(self.clock.now(), 1))

    def _drain(self) -> None:
        """Hand on what the tables' streams would: writes that ring or complete, first syncs, wishes for a sync."""
        rung, self.store.rung = self.store.rung, []
        for reminder_id in rung:
            self.bell.put(reminder_id)
        completed, self.store.completed = self.store.completed, []
        for reminder in completed:
            self._completed[key := f"{reminder.id}/{reminder.version}"] = reminder
            self.completions.put(key)
        due, self.store.first_sync_due = self.store.first_sync_due, []
        for user_id in due:
            self.state_bell.put(user_id)
        for _ in self.store.syncs_asked[self._asked :]:
            self.state_bell.put("sync")
        self._asked = len(self.store.syncs_asked)

    def tick(self) -> None:
        """Look what is due on the org's side: late commits, and outbound messages."""
        self.org.state.settle()
        if self.org.state.store.open:
            due = min(each.until for each in self.org.state.store.open)
            self.engine.at(int((due - self._zero()) * SECOND) + 1, self.tick)
        self._send_messages()

    def _zero(self) -> float:
        return self.engine.now().timestamp() - self.engine.ms / SECOND

    def _send_messages(self) -> None:
        for message in self.sender.due():
            self._post(message, message.copies)
        due = self.sender.next_due()
        if due is not None and not self._sender_due:
            self._sender_due = True
            self.engine.at(int((due - self._zero()) * SECOND) + 1, self._sender_again)

    def _sender_again(self) -> None:
        self._sender_due = False
        self._send_messages()

    def _post(self, message: Message, copies: int) -> None:
        event = gateway_event("POST", f"/hooks/{ADDRESS}", self.sender.body(message).decode())
        event |= {"pathParameters": {"secret": ADDRESS}}
        event["headers"] = {"content-type": "text/xml; charset=utf-8"}

        number, task_ids = self.journal.number, [task_id for _, task_id in message.notifications]

        def answered(fiber: Fiber) -> None:
            if isinstance(fiber.result, dict) and fiber.result["statusCode"] == HTTPStatus.OK:
                self.acknowledged(task_ids, number)
            if copies > 1:
                self._post(message, copies - 1)
                return
            answer = fiber.result if fiber.error is None and isinstance(fiber.result, dict) else None
            self.sender.settle(message, (answer["statusCode"], answer["body"].encode()) if answer else None)
            self._send_messages()

        self.invoke("receive", event, answered)

    def _automate(self, row: Row) -> None:
        before = dict(row)
        if self.automation:
            self.automation(row)
        self.journal.rewritten[id(row)] = row, frozenset(name for name in row if row[name] != before.get(name))

    # --- people here

    def ask(  # noqa: PLR0913 -- an HTTP request has these parts
        self, by: str, method: str, path: str, body: object = None, *, version: int | None = None, key: str = ""
    ) -> None:
        """Send a request to the API as this user; the answer is told in the diary. If the API is busy, a moment later."""
        event = gateway_event(method, path, None if body is None else json.dumps(body))
        if version is not None:
            event["headers"]["if-match"] = f'"{version}"'
        if key:
            event["headers"]["idempotency-key"] = key
        subject = f"https://login.salesforce.com/id/{self.org.organization_id}/{by}"
        event["requestContext"]["authorizer"] = {"jwt": {"claims": {"sub": subject}, "scopes": None}}

        def answered(fiber: Fiber) -> None:
            status = fiber.result["statusCode"] if isinstance(fiber.result, dict) else "no answer"
            self.engine.counts[f"api {status}"] += 1
            if status == 500:
                self.failed(fiber, str(fiber.result))
            if isinstance(status, int) and status < 300:
                return
            why = json.loads(fiber.result["body"])["error"]["code"] if isinstance(fiber.result, dict) else fiber.error
            self.engine.tell(f"   … {method} {path}: {status} {why!r}")

        if not self.invoke("api", event, answered):
            self.engine.after(200, lambda: self.ask(by, method, path, body, version=version, key=key))

    # --- people there

    def there(self, do: Callable[[], object]) -> bool:
        """Have somebody do something in the org; False if Salesforce refuses it."""
        try:
            do()
        except Refused as no:
            self.engine.tell(f"   … refused: {no.code}")
            return False
        finally:
            self.tick()
        return True

    def show(self, task: str) -> None:
        """Let a task that was out of sight be seen again: whoever gives the right back saves it."""
        if task in self.org.state.withheld:
            self.org.state.withheld.remove(task)
            self.engine.tell(f"task {task[11:15]} is in sight again")
            self._save_again(task)

    def _save_again(self, task: str) -> None:
        """Save a task as it is; where that is refused, a minute later."""
        row = self.org.state.store.tables["Task"].get(task)
        if row is None or row["IsDeleted"]:
            return
        if not self.there(lambda: self.org.update_task(self.ada, task, OwnerId=row["OwnerId"])):
            self.engine.after(MINUTE, lambda: self._save_again(task))

    # --- the end

    def calm(self) -> None:
        """End everything that goes wrong."""
        self.org.faults.clear()
        self.faults.ledger.throttled = self.faults.ledger.lost = self.faults.ledger.conflicts = 0
        self.faults.ledger.down_until = self.faults.org.down_until = 0
        self.faults.queue.refused = self.faults.queue.partly = 0
        self.faults.bus.refused = self.faults.bus.partly = self.faults.bus.lost = 0
        self.crashes.clear()
        self.engine.deadly.clear()
        self.engine.hooks.clear()
        self.queue.chaos = False
        self.bell.late = self.state_bell.late = self.completions.late = 0
        self.clock.skew = 0
        self.automation = None
        self.org.state.validations.clear()
        self.org.state.required.clear()
        for task in sorted(self.org.state.withheld):
            self.show(task)
        for schedule in self.schedules.values():
            schedule.stretch, schedule.missed, schedule.doubled = 1, 0, 0

    def user(self, user_id: str) -> User:
        """A user as stored."""
        return self.store.users([user_id])[user_id]

    def turn_on(self, user_id: str) -> None:
        """Turn a user's sync on without the API, for setting the scene."""
        user = self.user(user_id)
        if not user.syncs:
            assert self.store.save_user(replace(user, syncs=True, changed=self.clock.now()))
