"""Queue, streams and schedules, as AWS promises them and no better: at least once, in any order, sooner or later.

Each wakes a function through `Functions.invoke` and is told how it ended.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from zlib import crc32

from fakes.aws_events import load
from simulation.world.engine import MINUTE, SECOND, Engine
from simulation.world.fibers import Fiber

from reminders.core.reminder import Reminder
from reminders.ledger.item_values import reminder_item
from reminders.ledger.items import bind

Invoke = Callable[[str, dict[str, Any], Callable[[Fiber], None]], bool]
"""Starts a function with an event; tells the caller when it ended. False: it runs as often as it may already."""

HIDDEN: Final = 60 * MINUTE
VISIBILITY: Final = 270 * SECOND
RECEIVES: Final = 5
BATCH: Final = 20
PULLS: Final = 2
RETRIES: Final = 5
COMPLETION_RETRIES: Final = 50
"""As in template.yaml: the completions' stream is the only way that they go."""
LONGEST: Final = 300
"""Of a stretch: a poll a day at least."""
_SHARDS: Final = 2
_SOURCES: Final = load("pull_hints")["Records"][0]
_STREAM: Final = load("push_stream")["Records"][0]
_STATE: Final = load("poll_stream")["Records"][0]
_TIMER: Final = load("poll_schedule")
_ITEMS: Final = bind(reminders="reminders", links="links", history="history", state="state")


@dataclass
class Message:
    """One message on the queue."""

    number: int
    body: str
    visible: int
    receives: int = 0


class Queue:
    """The hints queue with its dead letters. `chaos`: whether it may be late, double and out of order."""

    def __init__(self, engine: Engine, invoke: Invoke) -> None:
        self._engine = engine
        self._invoke = invoke
        self._messages: dict[int, Message] = {}
        self._number = 0
        self._flying = 0
        self.dead: dict[str, str] = {}
        """Bodies of dead letters, by receipt."""
        self._hidden: dict[str, int] = {}
        self.chaos = True
        self.sent: Callable[[str], None] = lambda _: None
        """Told of every body that is confirmed stored."""

    def __len__(self) -> int:
        return len(self._messages)

    @property
    def kept(self) -> list[str]:
        """The bodies of all that is not dealt with yet, or dead."""
        return [each.body for each in self._messages.values()] + list(self.dead.values())

    def send(self, body: str) -> None:
        """Store a message; from then on it will be delivered."""
        rng = self._engine.rng
        self._number += 1
        late = rng.choice([0, 0, 0, 0, 30 * SECOND, 10 * MINUTE]) if self.chaos else 0
        if late:
            self._engine.fault("queue: late")
        self._messages[self._number] = Message(self._number, body, self._engine.ms + late + rng.randint(50, 1500))
        self.sent(body)
        self._engine.at(self._messages[self._number].visible, self.deliver)

    def deliver(self) -> None:
        """Give visible messages to a pull, if one more may run."""
        engine = self._engine
        ready = [each for each in self._messages.values() if each.visible <= engine.ms]
        if not ready or self._flying >= PULLS:
            return
        if self.chaos:
            engine.rng.shuffle(ready)
        batch = ready[: BATCH if not self.chaos else engine.rng.choice([1, 3, BATCH])]
        for message in batch:
            message.receives += 1
            message.visible = engine.ms + VISIBILITY
            engine.at(message.visible, self.deliver)
        records = [{**_SOURCES, "messageId": str(each.number), "body": each.body} for each in batch]
        self._flying += 1
        if not self._invoke("pull", {"Records": records}, lambda fiber: self._ended(batch, fiber)):
            self._flying -= 1
        if len(ready) > len(batch):
            engine.after(SECOND, self.deliver)

    def _ended(self, batch: list[Message], fiber: Fiber) -> None:
        self._flying -= 1
        failed = {str(each.number) for each in batch}
        if fiber.error is None and isinstance(fiber.result, dict):
            failed = {item["itemIdentifier"] for item in fiber.result["batchItemFailures"]}
        for message in batch:
            if str(message.number) in failed:
                if message.receives >= RECEIVES and message.number in self._messages:
                    del self._messages[message.number]
                    self.dead[str(message.number)] = message.body
                    self._engine.tell("a message goes to the dead letters")
            elif self.chaos and self._engine.rng.random() < 0.05:
                self._engine.fault("queue: doubled")
                message.visible = self._engine.ms + self._engine.rng.randint(0, 5 * MINUTE)
                self._engine.at(message.visible, self.deliver)
            else:
                self._messages.pop(message.number, None)
        self._engine.after(0, self.deliver)

    def letters(self, most: int) -> list[tuple[str, str]]:
        """Give dead letters that nobody has taken for an hour, with their receipts."""
        seen = [key for key in self.dead if self._hidden.get(key, 0) <= self._engine.ms][:most]
        self._hidden |= dict.fromkeys(seen, self._engine.ms + HIDDEN)
        return [(key, self.dead[key]) for key in seen]


class Stream:
    """A table's stream: shards, each in order and one batch at a time; what fails is halved, tried again, and given up at last.

    A function that answers with `batchItemFailures` is given what begins with the first of them again.
    """

    def __init__(
        self,
        engine: Engine,
        invoke: Invoke,
        function: str,
        records: Callable[[list[str]], list[Any]],
        retries: int = RETRIES,
    ) -> None:
        self._engine = engine
        self._invoke = invoke
        self._function = function
        self._records = records
        self._retries = retries
        self._shards: list[list[tuple[int, list[str]]]] = [[] for _ in range(_SHARDS)]
        self._busy = [False] * _SHARDS
        self.late = 0
        """Milliseconds that the stream is behind."""

    def __len__(self) -> int:
        return sum(len(shard) for shard in self._shards)

    def put(self, key: str) -> None:
        """A write that the stream's filter lets through: `<item>` or `<item>/<version>`. What is of one item is in one shard."""
        number = crc32(key.partition("/")[0].encode()) % _SHARDS
        self._shards[number].append((0, [key]))
        self._engine.after(self.late + self._engine.rng.randint(100, 900), lambda: self._deliver(number))

    def _deliver(self, number: int) -> None:
        shard = self._shards[number]
        if self._busy[number] or not shard:
            return
        tries, keys = shard.pop(0)
        while not tries and shard and not shard[0][0]:
            keys = [*keys, *shard.pop(0)[1]]
        self._busy[number] = True

        def ended(fiber: Fiber | None) -> None:
            self._busy[number] = False
            left = keys if fiber is None or fiber.error else _not_done(keys, fiber.result)
            if left:
                self._again(shard, tries, left, throttled=fiber is None)
            self._engine.after(min(SECOND << tries, MINUTE) if left else 0, lambda: self._deliver(number))

        if not self._invoke(self._function, {"Records": self._records(keys)}, ended):
            ended(None)

    def _again(self, shard: list[tuple[int, list[str]]], tries: int, keys: list[str], *, throttled: bool) -> None:
        if throttled:
            shard.insert(0, (tries, keys))
        elif tries < self._retries:
            half = len(keys) // 2
            shard[:0] = [(tries + 1, part) for part in (keys[:half], keys[half:]) if part]
        else:
            self._engine.tell(f"the stream gives {len(keys)} records up")


def _not_done(keys: list[str], result: object) -> list[str]:
    """What a function says it could not do, and all after it."""
    failures = result.get("batchItemFailures", []) if isinstance(result, dict) else []
    return keys[min(keys.index(each["itemIdentifier"]) for each in failures) :] if failures else []


def reminder_records(keys: list[str]) -> list[Any]:
    """Records of the reminders table's stream that ring."""
    return [
        _record(_STREAM, {"reminder_id": {"S": key}}, {"reminder_id": {"S": key}, "rings": {"BOOL": True}})
        for key in keys
    ]


def completion_records(written: Mapping[str, Reminder]) -> Callable[[list[str]], list[Any]]:
    """Records of writes that complete a reminder, as DynamoDB makes them of our own items; `written`: by key."""

    def records(keys: list[str]) -> list[Any]:
        return [
            {
                "eventName": "MODIFY",
                "dynamodb": {
                    "SequenceNumber": key,
                    "NewImage": reminder_item(_ITEMS.reminder, written[key]).serialize(null_check=False),
                },
            }
            for key in keys
        ]

    return records


def state_records(keys: list[str]) -> list[Any]:
    """Records of the state table's stream: `<user id>` where a first sync is due, `sync` where somebody asked for one."""
    found = []
    for key in keys:
        pk, mark = ("request", "sync_due") if key == "sync" else ("user", "first_sync_due")
        names = {"pk": {"S": pk}, "sk": {"S": key}}
        found.append(_record(_STATE, names, {**names, mark: {"BOOL": True}}))
    return found


def _record(like: dict[str, Any], keys: dict[str, Any], image: dict[str, Any]) -> dict[str, Any]:
    return {**like, "dynamodb": {**like["dynamodb"], "Keys": keys, "NewImage": image}}


class Schedule:
    """A rule of EventBridge. Where nothing happens for long, `stretch` makes it fire seldom, so that idle days cost little."""

    def __init__(
        self, engine: Engine, invoke: Invoke, function: str, every: int, *, needed: Callable[[], bool]
    ) -> None:
        self._engine = engine
        self._invoke = invoke
        self._function = function
        self._needed = needed
        self.every = every
        self.stretch = 1
        self.missed = 0
        self.doubled = 0

    def start(self, offset: int) -> None:
        """Begin."""
        self._engine.after(offset, self._fire)

    def _fire(self) -> None:
        self._engine.after(self.every * min(self.stretch, LONGEST), self._fire)
        if self.missed:
            self.missed -= 1
            self._engine.fault("schedule: missed")
            return
        if not self._needed():
            return
        self.now()
        if self.doubled:
            self.doubled -= 1
            self._engine.fault("schedule: doubled")
            self.now()

    def now(self) -> None:
        """Invoke; if the function runs as often as it may, a minute later."""
        if not self._invoke(self._function, dict(_TIMER), lambda _: None):
            self._engine.after(MINUTE, lambda: self._invoke(self._function, dict(_TIMER), lambda _: None))
