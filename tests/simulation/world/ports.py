"""Our three ports as one container has them: the real Salesforce client, the real queue client, and the ledger in memory.

Every call of the outside goes through `Engine.io`: it takes time, others act meanwhile, and it can fail or be the last one.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, cast

import requests
from botocore.exceptions import EndpointConnectionError
from fakes.memory_ledger import MemoryLedger
from requests.adapters import HTTPAdapter
from simulation.world.aws import Queue
from simulation.world.engine import SECOND, Engine, OurClock
from simulation.world.journal import TASK_ID, Journal

from infra.local.org.adapter import OrgAdapter
from infra.local.org.world import Org
from reminders.aws.dead_letter_queue import DeadLetterQueue
from reminders.aws.event_bus import EventBus
from reminders.aws.hint_queue import HintQueue
from reminders.core.reminder import Record, Reminder
from reminders.core.settings import User
from reminders.ports import Ledger, LedgerUnavailable, Mark, World
from reminders.salesforce.client import Credentials, connect

LEDGER_MS: Final = (1, 15)
QUEUE_MS: Final = (2, 20)
ORG_MS: Final = (20, 250)
PATIENCE: Final = 30 * SECOND
"""So long our client waits for an answer."""


@dataclass
class LedgerFaults:
    """What is wrong with DynamoDB: so many of the next calls are throttled, done without an answer, or run into a transaction."""

    throttled: int = 0
    lost: int = 0
    conflicts: int = 0
    down_until: int = 0


@dataclass
class QueueFaults:
    """What is wrong with SQS: so many of the next calls are not taken, or only in part."""

    refused: int = 0
    partly: int = 0


@dataclass
class BusFaults:
    """What is wrong with EventBridge: so many of the next calls are not taken, only in part, or done without an answer."""

    refused: int = 0
    partly: int = 0
    lost: int = 0


@dataclass
class OrgFaults:
    """What is wrong with the way to Salesforce beyond `org.faults`: until when it is gone, and how."""

    down_until: int = 0


@dataclass
class Faults:
    """Everything that is armed now."""

    ledger: LedgerFaults = field(default_factory=LedgerFaults)
    queue: QueueFaults = field(default_factory=QueueFaults)
    bus: BusFaults = field(default_factory=BusFaults)
    org: OrgFaults = field(default_factory=OrgFaults)


class Store(MemoryLedger):
    """The one ledger of the run. The journal sees every version that is stored."""

    def __init__(self, journal: Journal) -> None:
        super().__init__()
        self.journal = journal
        self.stirred: Callable[[], None] = lambda: None
        """Called after every call, so that the streams can tell what was written."""

    def advance(self, mark: Mark, value: datetime) -> None:
        """Move a watermark."""
        before = self.watermark(mark)
        super().advance(mark, value)
        self.journal.moved(mark, before, value)

    def save_user(self, user: User) -> User | None:
        """Store a user."""
        stored = super().save_user(user)
        if stored:
            self.journal.switched(user.id, on=user.syncs)
        return stored

    def all(self) -> list[Reminder]:
        """Every reminder, deleted ones included."""
        return list(self._reminders.values())

    def _save(self, record: Record) -> Reminder | None:
        parts = [each for each in (record.also, record) if each]
        before = [self._reminders.get(each.reminder.id) for each in parts]
        stored = super()._save(record)
        if stored:
            for part, known in zip(parts, before, strict=True):
                self.journal.stored(known, self._reminders[part.reminder.id], part)
        return stored


class LedgerPort:
    """The ledger as an invocation reaches it. Sets become sorted lists: their order is the machine's, and must not matter."""

    def __init__(self, engine: Engine, store: Store, faults: Faults) -> None:
        self._engine = engine
        self._store = store
        self._faults = faults

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)

        def call(*arguments: Any, **named: Any) -> Any:
            ordered = [sorted(each) if isinstance(each, set | frozenset) else each for each in arguments]
            fiber = self._engine.baton.current
            if fiber and name == "users":
                fiber.saw["users"] = self._store.journal.number
            return self._io(f"ledger.{name}", lambda: method(*ordered, **named))

        return call

    def save(self, records: Sequence[Record]) -> list[Reminder | None]:
        """Write each by itself, as DynamoDB does: one may be refused, and the container may die between two."""
        return [self._save(record) for record in records]

    def _save(self, record: Record) -> Reminder | None:
        def write() -> Reminder | None:
            if self._faults.ledger.conflicts:
                self._faults.ledger.conflicts -= 1
                self._engine.fault("ledger: conflict with another transaction")
                return None
            return self._store.save([record])[0]

        stored: Reminder | None = self._io(f"ledger.save {record.reminder.id} v{record.reminder.version}", write)
        return stored

    def _io(self, what: str, do: Any) -> Any:
        def done() -> Any:
            result = do()
            self._store.stirred()
            return result

        return self._engine.io(what, done, ms=LEDGER_MS, refuse=lambda when: self._refuse(what, when))

    def _refuse(self, what: str, when: str) -> None:
        faults = self._faults.ledger
        if when == "before" and (faults.throttled or self._engine.ms < faults.down_until):
            faults.throttled = max(0, faults.throttled - 1)
            self._engine.fault("ledger: throttled")
            raise LedgerUnavailable(f"could not {what}: ProvisionedThroughputExceededException")
        if when == "after" and faults.lost:
            faults.lost -= 1
            self._engine.fault("ledger: answer lost")
            raise LedgerUnavailable(f"could not {what}: ReadTimeoutError")


class SqsPort:
    """The one call of SQS that our queue client makes, in boto3's words."""

    def __init__(self, engine: Engine, queue: Queue, faults: Faults) -> None:
        self._engine = engine
        self._queue = queue
        self._faults = faults

    def send_message_batch(self, *, QueueUrl: str, Entries: Sequence[Mapping[str, str]]) -> dict[str, Any]:  # noqa: N803 -- boto3's names
        """Take messages; some of them, while a fault says so. Raises what boto3 raises when nobody answers."""
        return self._engine.io(
            f"sqs.send {len(Entries)}", lambda: self._take(Entries), ms=QUEUE_MS, refuse=self._refuse
        )

    def receive_message(self, *, QueueUrl: str, MaxNumberOfMessages: int, WaitTimeSeconds: int) -> dict[str, Any]:  # noqa: N803 -- boto3's names
        """Give dead letters, each once: they are hidden for longer than a sweep lasts."""
        return self._engine.io(
            "sqs.receive",
            lambda: {
                "Messages": [
                    {"Body": body, "ReceiptHandle": key} for key, body in self._queue.letters(MaxNumberOfMessages)
                ]
            },
            ms=QUEUE_MS,
            refuse=self._refuse,
        )

    def delete_message_batch(self, *, QueueUrl: str, Entries: Sequence[Mapping[str, str]]) -> dict[str, Any]:  # noqa: N803 -- boto3's names
        """Forget dead letters."""

        def forget() -> dict[str, Any]:
            for entry in Entries:
                self._queue.dead.pop(entry["ReceiptHandle"], None)
            return {}

        return self._engine.io(f"sqs.delete {len(Entries)}", forget, ms=QUEUE_MS, refuse=self._refuse)

    def _take(self, entries: Sequence[Mapping[str, str]]) -> dict[str, Any]:
        taken = list(entries)
        if self._faults.queue.partly:
            self._faults.queue.partly -= 1
            self._engine.fault("queue: taken in part")
            taken = taken[: len(taken) // 2]
        for entry in taken:
            self._queue.send(entry["MessageBody"])
        ids = {entry["Id"] for entry in taken}
        return {
            "Successful": [{"Id": entry["Id"]} for entry in taken],
            "Failed": [{"Id": entry["Id"], "SenderFault": False} for entry in entries if entry["Id"] not in ids],
        }

    def _refuse(self, when: str) -> None:
        if when == "before" and self._faults.queue.refused:
            self._faults.queue.refused -= 1
            self._engine.fault("queue: refused")
            raise EndpointConnectionError(endpoint_url="https://sqs")


class EventsPort:
    """The one call of EventBridge that the announcer makes, in boto3's words. `told`: every announcement's detail, as it arrived."""

    def __init__(self, engine: Engine, told: list[dict[str, Any]], faults: Faults) -> None:
        self._engine = engine
        self._told = told
        self._faults = faults

    def put_events(self, *, Entries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:  # noqa: N803 -- boto3's names
        """Take events; some of them, while a fault says so. Raises what boto3 raises when nobody answers."""
        return self._engine.io(
            f"events.put {len(Entries)}", lambda: self._take(Entries), ms=QUEUE_MS, refuse=self._refuse
        )

    def _take(self, entries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        taken = len(entries)
        if self._faults.bus.partly:
            self._faults.bus.partly -= 1
            self._engine.fault("bus: taken in part")
            taken //= 2
        self._told += [json.loads(each["Detail"]) for each in entries[:taken]]
        return {
            "Entries": [
                {"EventId": str(number)} if number < taken else {"ErrorCode": "ThrottlingException"}
                for number in range(len(entries))
            ]
        }

    def _refuse(self, when: str) -> None:
        bus = self._faults.bus
        if when == "before" and bus.refused:
            bus.refused -= 1
            self._engine.fault("bus: refused")
            raise EndpointConnectionError(endpoint_url="https://events")
        if when == "after" and bus.lost:
            bus.lost -= 1
            self._engine.fault("bus: answer lost")
            raise EndpointConnectionError(endpoint_url="https://events")


class Line(HTTPAdapter):
    """The line to Salesforce: the emulated org at its end, faults on the way."""

    def __init__(  # noqa: PLR0913, PLR0917 -- what stands on either end of it, and what happens on the way
        self, engine: Engine, org: Org, clock: OurClock, faults: Faults, journal: Journal, tick: Callable[[], None]
    ) -> None:
        super().__init__()
        self._engine = engine
        self._org = org
        self._below = OrgAdapter(org, sleep=clock.sleep)
        self._faults = faults.org
        self._journal = journal
        self._tick = tick

    def send(self, request: requests.PreparedRequest, *arguments: Any, **named: Any) -> requests.Response:
        """Send one request. Raises what requests raises."""
        path = request.path_url.partition("?")[0]
        fiber = self._engine.baton.current
        self._engine.counts[f"calls of {fiber.function if fiber else 'nobody'}"] += 1

        def ask() -> requests.Response:
            if fiber and "/queryAll" in path:
                fiber.saw["tasks"] = self._journal.number
            armed, store = len(self._org.faults.armed), self._org.state.store
            others = list(store.open)
            try:
                response = self._below.send(request, *arguments, **named)
            finally:
                if store.open:
                    self._engine.after(0, self._tick)
                if len(self._org.faults.armed) < armed:
                    self._engine.fault("org: a request or a record of it")
            self._wait_for_the_commit([each.until for each in store.open if each not in others], request)
            return response

        response: requests.Response = self._engine.io(
            f"{request.method} {path}",
            ask,
            ms=ORG_MS,
            refuse=lambda when: self._refuse(when, request),
        )
        if fiber and "/queryAll" in path and response.ok:
            self._journal.read |= dict.fromkeys(TASK_ID.findall(request.path_url), fiber.saw["tasks"])
        return response

    def _wait_for_the_commit(self, until: Sequence[float], request: requests.PreparedRequest) -> None:
        """No answer comes before what it tells of is committed; our client waits for so long only."""
        due = int((max(until, default=0) - self._engine.now().timestamp()) * SECOND) + 2
        if due > 0:
            self._engine.wait(min(due, PATIENCE))
        if due > PATIENCE:
            raise requests.ReadTimeout("no answer in time", request=request)

    def _refuse(self, when: str, request: requests.PreparedRequest) -> None:
        if when == "before" and self._engine.ms < self._faults.down_until:
            self._engine.fault("org: out of reach")
            raise requests.ConnectionError("the org is out of reach", request=request)


class Container:
    """One container of one function, with clients of its own. It lives until an invocation of it dies."""

    def __init__(  # noqa: PLR0913, PLR0917 -- the parts of the one world that every container shares
        self,
        engine: Engine,
        store: Store,
        queue: Queue,
        org: Org,
        clock: OurClock,
        faults: Faults,
        tick: Callable[[], None],
        told: list[dict[str, Any]],
    ) -> None:
        session = requests.Session()
        session.mount("https://", Line(engine, org, clock, faults, store.journal, tick))
        credentials = Credentials(url=org.base, consumer_key=org.consumer_key, consumer_secret=org.consumer_secret)
        client = connect(credentials, session=session)
        sqs = cast("Any", SqsPort(engine, queue, faults))
        self.hints = HintQueue(sqs, "https://sqs/hints", clock)
        self.dead_letters = DeadLetterQueue(sqs, "https://sqs/dead")
        self.bus = EventBus(cast("Any", EventsPort(engine, told, faults)), "bus", clock)
        self.world = World(
            ledger=cast("Ledger", LedgerPort(engine, store, faults)), org=client, hints=self.hints, clock=clock
        )
