"""What a person can switch on in this org: rules that an administrator adds, and what happens to people, records and the network.

These are the control resources that change how the org behaves (`control.py` serves them, the page `/scenes` has a form for each):

    GET    scenes      everything that is switched on now
    POST   validation  {"field", "contains", "message"}: refuse such tasks; DELETE lifts all rules
    POST   automation  {"field", "contains", "set", "to"}: before such a task is saved, set that field; DELETE lifts all
    POST   required    {"field"}: a field that every task needs; DELETE lifts all
    POST   picklists   {"restricted": true}: Status and Priority take known values only
    POST   permission  {"user_id", "field", "readable"?, "editable"?}: a user's right to a field
    POST   lock        {"id"}: as an approval does; POST unlock {"id"}
    POST   storage     {"tasks": 100}: how many the edition holds; null: any number
    POST   limit       {"limit": 5000}: API calls a day
    GET    faults      what is armed; POST arms {"kind", "match"?, "times"?, "seconds"?, "status"?, "chance"?}; DELETE disarms
    POST   undelete    {"user_id", "id"}; POST purge {"id"}; POST archive {}; POST convert {"user_id", "id"} of a lead
    POST   deactivate  {"user_id"}; POST reactivate {"user_id"}; POST sessions {}: end them all
    POST   language    {"user_id", "language"}: as that user chooses it in their own settings, `sv` or `zh_CN`
    POST   signin      {"passwords": true}: whether SOAP login() and the username-password flow work
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, MutableSequence
from dataclasses import asdict, dataclass
from typing import Final, TypeVar

from infra.local.org import objects
from infra.local.org.ids import normal
from infra.local.org.render import scalar
from infra.local.org.schema import FIXED, HIDDEN, Row, Value
from infra.local.org.task_rules import archive
from infra.local.org.values import coerce
from infra.local.org.world import Org

T = TypeVar("T")
Handler = Callable[[dict[str, object]], object]
_TASK: Final = objects.build().objects["Task"].fields


@dataclass(frozen=True, slots=True)
class Refusal:
    """A validation rule: tasks whose field contains a text, as the API writes it, are refused with a message."""

    field: str
    contains: str
    message: str

    def __call__(self, row: Row) -> str | None:
        """Give the message if the row is refused."""
        return self.message if self.contains in _text(row, self.field) else None


@dataclass(frozen=True, slots=True)
class Automation:
    """A before-save flow: where a field contains a text, as the API writes it, another one gets a value of its own type."""

    field: str
    contains: str
    set: str
    to: Value

    def __call__(self, row: Row) -> None:
        """Change the row that is about to be saved."""
        if self.contains in _text(row, self.field):
            row[self.set] = self.to


def _text(row: Row, name: str) -> str:
    """Write a stored field of Task as the API does; nothing is the empty text."""
    value = scalar(_TASK[name], row.get(name))
    return "" if value is None else json.dumps(value) if isinstance(value, bool) else str(value)


class Scenes:
    """The switches of one org."""

    def __init__(self, org: Org) -> None:
        self.org = org

    def routes(self) -> Mapping[tuple[str, str], Handler]:
        """Give what answers, by method and name."""
        state = self.org.state
        return {
            ("GET", "scenes"): self._all,
            ("POST", "validation"): self._refuse,
            ("DELETE", "validation"): lambda _: _lifted(state.validations),
            ("POST", "automation"): self._automate,
            ("DELETE", "automation"): lambda _: _lifted(state.automations),
            ("POST", "required"): self._require,
            ("DELETE", "required"): lambda _: _lifted(state.required),
            ("POST", "picklists"): self._picklists,
            ("POST", "permission"): self._permit,
            ("POST", "lock"): self._lock,
            ("POST", "unlock"): self._unlock,
            ("POST", "storage"): self._storage,
            ("POST", "limit"): self._limit,
            ("GET", "faults"): lambda _: self.org.faults.listing(),
            ("POST", "faults"): self._arm,
            ("DELETE", "faults"): lambda _: _lifted(self.org.faults.armed),
            ("POST", "undelete"): self._undelete,
            ("POST", "purge"): self._purge,
            ("POST", "archive"): lambda _: {"archived": archive(state)},
            ("POST", "convert"): self._convert,
            ("POST", "deactivate"): self._deactivate,
            ("POST", "reactivate"): self._reactivate,
            ("POST", "language"): self._speak,
            ("POST", "sessions"): self._end_sessions,
            ("POST", "signin"): self._sign_in,
        }

    def _all(self, _: dict[str, object]) -> object:
        state = self.org.state
        return {
            "validation": [_told(rule) for rule in state.validations],
            "automation": [_told(rule) for rule in state.automations],
            "required": list(state.required),
            "picklists": {"restricted": state.restricted_picklists},
            "permission": [
                {"user": user.name, "field": held.partition(":")[2], "right": held.partition(":")[0]}
                for user in self.org.users
                for held in sorted(user.permissions)
                if held.startswith((HIDDEN, FIXED))
            ],
            "lock": sorted(state.locked),
            "storage": {"tasks": state.storage},
            "limit": {"limit": state.calls.limit, "used": state.calls.used(state.second())},
            "faults": self.org.faults.listing(),
            "inactive": [user.name for user in self.org.users if not user.active],
            "signin": {"passwords": state.password_sign_in},
        }

    def _refuse(self, body: dict[str, object]) -> object:
        rule = Refusal(self._field(body["field"]), str(body["contains"]), str(body["message"]))
        self.org.state.validations.append(rule)
        return {"rules": len(self.org.state.validations)}

    def _automate(self, body: dict[str, object]) -> object:
        target = self._field(body["set"])
        to = coerce(_TASK[target], body["to"])
        if to is None:
            raise ValueError("an automation sets a value; it cannot empty a field")
        rule = Automation(self._field(body["field"]), str(body["contains"]), target, to)
        self.org.state.automations.append(rule)
        return {"rules": len(self.org.state.automations)}

    def _require(self, body: dict[str, object]) -> object:
        self.org.state.required.append(self._field(body["field"]))
        return {"required": self.org.state.required}

    def _field(self, name: object) -> str:
        """Take the name of a field of Task that is stored. Raises ValueError."""
        described = _TASK.get(str(name))
        if described is None or described.derived:
            raise ValueError(f"no field of Task that could be set: {name}")
        return described.name

    def _picklists(self, body: dict[str, object]) -> object:
        self.org.state.restricted_picklists = bool(body["restricted"])
        return {"restricted": self.org.state.restricted_picklists}

    def _permit(self, body: dict[str, object]) -> object:
        readable, editable = bool(body.get("readable", True)), bool(body.get("editable", False))
        self.org.restrict(str(body["user_id"]), self._field(body["field"]), readable=readable, editable=editable)
        return {}

    def _lock(self, body: dict[str, object]) -> object:
        self.org.state.locked.add(self._task(body))
        return {"locked": sorted(self.org.state.locked)}

    def _unlock(self, body: dict[str, object]) -> object:
        self.org.state.locked.discard(self._task(body))
        return {"locked": sorted(self.org.state.locked)}

    def _task(self, body: dict[str, object]) -> str:
        key = normal(str(body["id"])) or ""
        if key not in self.org.state.store.tables["Task"]:
            raise ValueError(f"no such task: {body['id']}")
        return key

    def _storage(self, body: dict[str, object]) -> object:
        self.org.state.storage = None if body["tasks"] is None else whole(body["tasks"])
        return {"tasks": self.org.state.storage}

    def _limit(self, body: dict[str, object]) -> object:
        self.org.calls.limit = whole(body["limit"])
        return {"limit": self.org.calls.limit}

    def _arm(self, body: dict[str, object]) -> object:
        times = body.get("times", 1)
        self.org.faults.add(
            str(body["kind"]),
            match=str(body.get("match", "")),
            times=None if times is None else whole(times),
            seconds=number(body.get("seconds", 0)),
            status=whole(body.get("status", 400)),
            chance=number(body.get("chance", 1)),
        )
        return self.org.faults.listing()

    def _undelete(self, body: dict[str, object]) -> object:
        self.org.undelete_task(str(body["user_id"]), str(body["id"]))
        return {}

    def _purge(self, body: dict[str, object]) -> object:
        self.org.state.store.purge("Task", str(body["id"]))
        return {}

    def _convert(self, body: dict[str, object]) -> object:
        return {"contact": self.org.convert_lead(str(body["user_id"]), str(body["id"]))}

    def _deactivate(self, body: dict[str, object]) -> object:
        self.org.deactivate(str(body["user_id"]))
        return {}

    def _reactivate(self, body: dict[str, object]) -> object:
        self.org.reactivate(str(body["user_id"]))
        return {}

    def _speak(self, body: dict[str, object]) -> object:
        self.org.speak(str(body["user_id"]), str(body["language"]))
        return {}

    def _end_sessions(self, _: dict[str, object]) -> object:
        self.org.end_sessions()
        return {}

    def _sign_in(self, body: dict[str, object]) -> object:
        self.org.state.password_sign_in = bool(body["passwords"])
        return {"passwords": self.org.state.password_sign_in}


def _lifted(switched_on: MutableSequence[T]) -> object:
    switched_on.clear()
    return list(switched_on)


_CODE: Final = "a rule written as code"


def _told(rule: object) -> object:
    return asdict(rule) if isinstance(rule, Refusal | Automation) else _CODE


def number(value: object) -> float:
    """Take a JSON number. Raises TypeError."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"not a number: {value!r}")
    return float(value)


def whole(value: object) -> int:
    """Take a JSON number that is whole. Raises TypeError, ValueError."""
    found = number(value)
    if found != int(found):
        raise ValueError(f"not a whole number: {value!r}")
    return int(found)
