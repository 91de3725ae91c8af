"""Invocations that take turns: each has a stack of its own, and only the one that holds the baton runs.

So two invocations of a function can be in the middle of their work at the same moment, as on AWS, and yet every run is the same: who
goes on next is decided by the simulation alone, never by the machine.
"""

from __future__ import annotations

from collections.abc import Callable

from greenlet import greenlet


class Crash(BaseException):
    """The container dies here. No handler can catch it: it is no `Exception`."""


class Fiber:
    """One invocation. `ios` counts what it asked of the outside; `crash_at` is the one at which it dies, if any."""

    def __init__(self, function: str, work: Callable[[], object], done: Callable[[Fiber], None]) -> None:
        self.function = function
        self.done = done
        self.result: object = None
        self.error: BaseException | None = None
        self.finished = False
        self.ios = 0
        self.asked: list[str] = []
        """What it asked of the outside, without the names of records."""
        self.crash_at: tuple[int, str] | None = None
        self.deadline = 0
        self.killed = False
        self.saw: dict[str, int] = {}
        """Journal numbers at which it last read: `tasks`, `users`."""
        self._work = work
        self._stack = greenlet(self._run)

    def _run(self) -> None:
        try:
            self.result = self._work()
        except BaseException as error:  # noqa: BLE001 -- whatever ends it is its result, and the trigger's business
            self.error = error
        self.finished = True

    def turn(self) -> None:
        """Let it run until it pauses or ends."""
        self._stack.switch()

    def pause(self) -> None:
        """Give the turn back. Raises Crash if it is killed meanwhile."""
        assert self._stack.parent, "only a fiber can pause"
        self._stack.parent.switch()
        if self.killed:
            raise Crash


class Baton:
    """Hands the turn to one fiber at a time. `current` is the fiber that runs; None: the simulation itself."""

    def __init__(self) -> None:
        self.current: Fiber | None = None
        self.living: list[Fiber] = []

    def start(self, fiber: Fiber) -> None:
        """Let a new one run until it pauses or ends."""
        self.living.append(fiber)
        self.resume(fiber)

    def resume(self, fiber: Fiber) -> None:
        """Let it go on until it pauses or ends; then it is told by its `done`."""
        self.current = fiber
        fiber.turn()
        self.current = None
        if fiber.finished:
            self.living.remove(fiber)
            fiber.done(fiber)

    def pause(self) -> None:
        """Give the turn back; called by the running fiber. Raises Crash if it is killed meanwhile."""
        assert self.current, "only a fiber can pause"
        self.current.pause()

    def kill_all(self) -> None:
        """End every fiber where it stands, and tell nobody."""
        for fiber in list(self.living):
            fiber.killed, fiber.done = True, lambda _: None
            self.resume(fiber)
