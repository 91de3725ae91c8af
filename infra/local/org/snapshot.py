"""An org as one JSON document, and back: so that it outlives its process, with ids, stamps, recycle bin and waiting messages.

Kept: records and their versions' stamps, both logs, transactions that have not committed, users, queues, permissions, picklists, what
is switched on (`scenes.py`), faults, sessions and refresh tokens, the API budget, the app, the random source, the clock's lead, and
the queue and log of outbound messages. A message that was under way is sent again, as the platform does. Not kept: open query cursors and
bulk jobs, authorization codes, single entries of the call log, and the keys that sign id tokens, which are a process's own.
The document holds secrets of a made-up org, and is written for its owner's eyes only.
"""

from __future__ import annotations

import json
import os
import random
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from infra.local.org import objects
from infra.local.org.apps import App
from infra.local.org.faults import Fault
from infra.local.org.oauth import OAuth
from infra.local.org.outbound import Delivered, Message, Policy, Sender
from infra.local.org.scenes import Automation, Refusal
from infra.local.org.sessions import Session
from infra.local.org.state import State, User
from infra.local.org.world import Org, machine_clock

FORMAT: Final = 1
_PLAIN: Final = (
    "organization_id",
    "profile_id",
    "closed",
    "high",
    "default_status",
    "default_priority",
    "restricted_picklists",
    "password_sign_in",
    "required",
    "storage",
)
"""Facts of a `State` that are JSON as they are."""

Document = dict[str, Any]


def dump(org: Org, sender: Sender, url: str, ahead: float) -> Document:
    """Write an org down. `url`: where its messages go; `ahead`: its clock's lead in seconds. Raises TypeError for rules that are code."""
    state, app = org.state, org.oauth.app
    return {
        "format": FORMAT,
        "ahead": ahead,
        "shared_activities": state.schema.shared_activities,
        **{name: getattr(state, name) for name in _PLAIN},
        "random": state.rng.getstate(),
        "mint": state.mint.export(),
        "store": state.store.export(),
        "users": [{**asdict(user), "permissions": sorted(user.permissions)} for user in state.users.values()],
        "queues": {key: sorted(members) for key, members in state.queues.items()},
        "locked": sorted(state.locked),
        "validations": [_rule(rule, Refusal) for rule in state.validations],
        "automations": [_rule(rule, Automation) for rule in state.automations],
        "faults": state.faults.listing(),
        "sessions": {token: asdict(session) for token, session in state.sessions.living.items()},
        "refresh": state.sessions.refresh,
        "calls": {
            "limit": state.calls.limit,
            "hours": list(state.calls.hours.items()),
            "by_resource": state.calls.by_resource,
        },
        "app": {
            "consumer_key": app.consumer_key,
            "consumer_secret": app.consumer_secret,
            "run_as": app.run_as,
            "approved": sorted(app.approved),
            "keys": [key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode() for key in app.keys],
        },
        "messages": {
            "url": url,
            "action": sender.action,
            "policy": asdict(sender.policy),
            "queue": [asdict(each) for each in sender.queue],
            "log": [asdict(each) for each in sender.log],
        },
    }


def _rule(rule: object, kind: type[Refusal | Automation]) -> dict[str, Any]:
    if not isinstance(rule, kind):
        raise TypeError("a rule written as code cannot be dumped; use the control resource's rules")
    return asdict(rule)


def load(document: Document, *, now: Callable[[], datetime], base: str) -> Org:
    """Build the org that was written down; its clock is the caller's matter. Raises ValueError for another format."""
    if document.get("format") != FORMAT:
        raise ValueError(f"not an org's state of format {FORMAT}")
    rng = random.Random()  # noqa: S311 - the org's own source, put where it stood
    state = State(objects.build(shared_activities=document["shared_activities"]), now, rng, document["calls"]["limit"])
    for name in _PLAIN:
        setattr(state, name, document[name])
    version, words, gauss = document["random"]
    rng.setstate((version, tuple(words), gauss))
    state.mint.restore(document["mint"])
    state.store.restore(document["store"])
    for each in document["users"]:
        state.users[each["id"]] = User(**{**each, "permissions": frozenset(each["permissions"])})
    state.queues = {key: set(members) for key, members in document["queues"].items()}
    state.locked = set(document["locked"])
    state.validations = [Refusal(**each) for each in document["validations"]]
    state.automations = [Automation(**each) for each in document["automations"]]
    state.faults.armed = [Fault(**each) for each in document["faults"]]
    state.sessions.restore(
        document["organization_id"],
        {token: Session(**each) for token, each in document["sessions"].items()},
        document["refresh"],
    )
    state.calls.hours = Counter(dict(document["calls"]["hours"]))
    state.calls.by_resource = Counter(document["calls"]["by_resource"])
    return Org(state, OAuth(state, _app(document["app"]), machine_clock), base)


def _app(document: Mapping[str, Any]) -> App:
    app = App(
        consumer_key=document["consumer_key"],
        consumer_secret=document["consumer_secret"],
        run_as=document["run_as"],
        approved=set(document["approved"]),
    )
    for pem in document["keys"]:
        app.register_key(pem)
    return app


def sender_of(document: Document, org: Org) -> Sender:
    """Build the sender of a loaded org's messages, with what waits and what was attempted."""
    told = document["messages"]
    policy = Policy(**{**told["policy"], "fields": tuple(told["policy"]["fields"])})
    sender = Sender(org.state, policy, org.base, told["action"])
    for each in told["queue"]:
        notifications = [(key, task) for key, task in each["notifications"]]
        sender.queue.append(Message(**{**each, "notifications": notifications, "flying": False}))
    sender.log = deque(
        (Delivered(**{**each, "notifications": tuple(each["notifications"])}) for each in told["log"]),
        maxlen=sender.log.maxlen,
    )
    return sender


def write(document: Document, file: Path) -> None:
    """Write a document into a file, whole or not at all, readable by its owner only."""
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_name(f"{file.name}.new")
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as out:  # noqa: PTH123 - with a mode
        json.dump(document, out)
    fresh.replace(file)


def read(file: Path) -> Document:
    """Read a document. Raises ValueError if it is none."""
    document = json.loads(file.read_text(encoding="utf-8"))
    if not isinstance(document, dict):
        raise TypeError(f"{file} holds no org's state")
    return document
