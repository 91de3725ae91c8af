"""Faults on demand: what goes wrong on the way, when, and how often. All of them happen in real life.

`Faults.add(kind, …)` arms one; it is spent after `times` hits. Kinds of a request, matched by `match`, a regular expression on
`"METHOD /path"`:

- `lost`: done, but the answer never arrives. `refused`: the connection breaks before anything is done.
- `slow`: done, then the answer takes `seconds`.
- `unavailable`: 503 with an HTML body. `error`: 500 UNKNOWN_EXCEPTION. `gone`: 410.
- `limit`: 403 REQUEST_LIMIT_EXCEEDED. `session`: 401 INVALID_SESSION_ID.

Of a subrequest of `/composite`, matched as a request is: `mute`: done, and its answer is a 500 that says nothing (where all or none
is asked for, that undoes it with the others).

Kinds of one record's write, matched on `"insert|update|delete Task <id or ->"`:

- `lock`: UNABLE_TO_LOCK_ROW, with HTTP status `status` (400, the default, or 500).
- `late`: the write commits `seconds` later: stamped now, visible then, and its rows are locked until then.

Kinds of an outbound message (`match` is not used): `double`, `drop` (counts as sent, never arrives), `delay` (by `seconds`), `shuffle`
(its place in the queue is drawn anew), `unheard` (it arrives, but the acknowledgement is lost).
"""

from __future__ import annotations

import random
import re
from dataclasses import asdict, dataclass
from typing import Final

REQUEST: Final = ("lost", "refused", "slow", "unavailable", "error", "gone", "limit", "session")
SUBREQUEST: Final = ("mute",)
RECORD: Final = ("lock", "late")
MESSAGE: Final = ("double", "drop", "delay", "shuffle", "unheard")


@dataclass(slots=True, kw_only=True)
class Fault:
    """One armed fault. `times`: how often it still hits (None: until cleared). `chance`: of each match to hit."""

    kind: str
    match: str = ""
    times: int | None = 1
    seconds: float = 0.0
    status: int = 400
    chance: float = 1.0


class Faults:
    """The armed faults of one org."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self.armed: list[Fault] = []

    def add(  # noqa: PLR0913 - one word per property of a fault reads best at the call
        self,
        kind: str,
        *,
        match: str = "",
        times: int | None = 1,
        seconds: float = 0.0,
        status: int = 400,
        chance: float = 1.0,
    ) -> Fault:
        """Arm a fault. Raises ValueError for a kind that does not exist or a match that is no regular expression."""
        known = REQUEST + SUBREQUEST + RECORD + MESSAGE
        if kind not in known:
            raise ValueError(f"unknown fault {kind!r}; known: {', '.join(known)}")
        try:
            re.compile(match)
        except re.error as error:
            raise ValueError(f"match is no regular expression: {error}") from error
        fault = Fault(kind=kind, match=match, times=times, seconds=seconds, status=status, chance=chance)
        self.armed.append(fault)
        return fault

    def clear(self) -> None:
        """Disarm all."""
        self.armed.clear()

    def hit(self, kinds: tuple[str, ...], what: str = "") -> Fault | None:
        """Take the first armed fault of these kinds that matches, and spend one of its times."""
        for fault in self.armed:
            if fault.kind not in kinds or not re.search(fault.match, what):
                continue
            if fault.chance < 1.0 and self._rng.random() >= fault.chance:
                continue
            if fault.times is not None:
                fault.times -= 1
                if fault.times <= 0:
                    self.armed.remove(fault)
            return fault
        return None

    def listing(self) -> list[dict[str, object]]:
        """Give what is armed, for the control resource."""
        return [asdict(fault) for fault in self.armed]
