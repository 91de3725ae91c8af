"""Time, chance and order: a list of what happens when, one clock, one random source, and a trace of everything.

Nothing here waits: time jumps to what comes next. An invocation that waits for the network lets others run in between, exactly when
something else is due before its answer comes.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from itertools import count
from typing import Final, TypeVar

from simulation.world.fibers import Baton, Crash, Fiber

T = TypeVar("T")

START: Final = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
SECOND: Final = 1000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR


class Engine:
    """The simulation's clock (milliseconds since START), its heap of events, its random source and its trace."""

    def __init__(self) -> None:
        self.ms = 0
        self.rng = random.Random()
        self.baton = Baton()
        self.trace: list[str] = []
        self.counts: Counter[str] = Counter()
        self.wrong: list[Exception] = []
        """What an invariant has found; raised as soon as the event in which it was found is over."""
        self.hooks: list[tuple[str, int, Callable[[], object]]] = []
        """(function, at which of its calls from now on, what happens in that very moment)."""
        self.deadly: dict[tuple[str, str], str] = {}
        """Calls at which the next container that makes them dies: (function, the call or its first word), and whether before or after it."""
        self._heap: list[tuple[int, int, Callable[[], object]]] = []
        self._order = count()
        self._limit = 0

    # --- time

    def now(self) -> datetime:
        """The true time, which is also Salesforce's."""
        return START + timedelta(milliseconds=self.ms)

    def at(self, ms: int, do: Callable[[], object]) -> None:
        """Have something happen then."""
        heappush(self._heap, (max(ms, self.ms), next(self._order), do))

    def after(self, ms: int, do: Callable[[], object]) -> None:
        """Have something happen so many milliseconds from now."""
        self.at(self.ms + ms, do)

    def run(self, until: int) -> None:
        """Let everything happen that is due until then."""
        self._limit = until
        while self._heap and self._heap[0][0] <= until:
            self.ms, _, do = heappop(self._heap)
            do()
            if self.wrong:
                raise self.wrong[0]
        self.ms = max(self.ms, until)

    def wait(self, ms: int) -> None:
        """Let time pass for the running fiber; whatever is due before that happens first."""
        wake = self.ms + ms
        fiber = self.baton.current
        if fiber is None:
            raise RuntimeError("only an invocation waits")
        if wake <= self._limit and not (self._heap and self._heap[0][0] <= wake):
            self.ms = wake
            return
        self.at(wake, lambda: self.baton.resume(fiber))
        self.baton.pause()

    # --- what is asked of the outside

    def io(self, what: str, do: Callable[[], T], *, ms: tuple[int, int], refuse: Callable[[str], None]) -> T:
        """Do one thing of the outside: it takes time, and the container may die before or after it.

        `refuse` is asked before and after, and raises what the outside raises when it fails.
        """
        fiber = self.baton.current
        if fiber is None:
            return do()
        fiber.ios += 1
        fiber.asked.append(" ".join(what.split()[: 2 if "/" in what else 1]))
        self._spring(fiber)
        self._die_if_due(fiber, "before", what)
        self.wait(self._between(*ms))
        refuse("before")
        self.trace.append(f"{self.ms} {fiber.function} {what}")
        result = do()
        self.wait(self._between(*ms))
        self._die_if_due(fiber, "after", what)
        refuse("after")
        return result

    def _between(self, least: int, most: int) -> int:
        return least + int(self.rng.random() * (most - least + 1))  # a third of what randint takes, at every call

    def _spring(self, fiber: Fiber) -> None:
        for position, (function, calls, do) in enumerate(self.hooks):
            if function == fiber.function:
                if calls > 1:
                    self.hooks[position] = (function, calls - 1, do)
                else:
                    del self.hooks[position]
                    self.after(0, do)
                return

    def _die_if_due(self, fiber: Fiber, when: str, what: str) -> None:
        for call in (what.partition(" ")[0], fiber.asked[-1]) if self.deadly else ():
            if self.deadly.get((fiber.function, call)) == when:
                del self.deadly[fiber.function, call]
                fiber.crash_at = fiber.ios, when
        if fiber.crash_at == (fiber.ios, when):
            self.fault(f"crash {when} an I/O")
            self.tell(f"{fiber.function} dies {when} {what}")
            raise Crash
        if self.ms > fiber.deadline:
            self.fault("invocation timed out")
            self.tell(f"{fiber.function} runs out of time {when} {what}")
            raise Crash

    # --- the trace

    def tell(self, text: str) -> None:
        """Write a line of the diary."""
        self.trace.append(f"{self.ms} * {text}")

    def fault(self, kind: str) -> None:
        """Count a fault that happened."""
        self.counts[f"fault: {kind}"] += 1

    def diary(self, *, everything: bool = False) -> str:
        """Tell what happened, in words; `everything`: each call of the outside, too."""
        lines = (line.split(" ", 2) for line in self.trace)
        return "\n".join(
            f"{START + timedelta(milliseconds=int(ms)):%a %d %H:%M:%S} {'' if mark == '*' else f'    {mark} '}{text}"
            for ms, mark, text in lines
            if everything or mark == "*"
        )


def faults_of(counts: Mapping[str, int]) -> dict[str, int]:
    """What went wrong, by kind."""
    return {name.removeprefix("fault: "): count for name, count in counts.items() if name.startswith("fault: ")}


class OurClock:
    """The `Clock` port of our side: the true time, ahead or behind by `skew` seconds."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.skew = 0

    def now(self) -> datetime:
        """What our clock shows: aware UTC, whole seconds."""
        return (self._engine.now() + timedelta(seconds=self.skew)).replace(microsecond=0)

    def sleep(self, seconds: float) -> None:
        """Wait."""
        self._engine.wait(int(seconds * SECOND))
