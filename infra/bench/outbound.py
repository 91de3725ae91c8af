"""Outbound: N reminders edited here, until the org has them.

Ours reads the tasks, stores each intent, sends 25 updates a call under the precondition that nobody changed the task meanwhile, and
stores each answer. The others write and do not look; the limit is the platform's own: 200 records a call, nothing asked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from itertools import count
from math import ceil
from pathlib import Path
from typing import Any, Final

import requests
from fakes.memory_ledger import MemoryLedger

from infra.bench import inbound
from infra.bench.measure import OURS, Report, by_turns
from infra.bench.rivals import Peers, Send
from infra.bench.stage import DATA, PER_CALL, Org, running_org, timed, world
from reminders.core import edit
from reminders.core.reminder import Values, imported_id
from reminders.ports import World
from reminders.sync import outbox

LINE: Final = "outbound"
UNIT: Final = "edits/s"
ONE_BY_ONE: Final = "one call per record"
FEWEST: Final = "limit: collections of 200, nothing asked"
UPDATES: Final = 25
CREATES: Final = 200
READS: Final = 500

_rounds = count(1)


def counts(report: Report, org: Org, edits: int, creates: int) -> None:
    """Count API calls of so many edits of linked reminders, and of so many new ones. Raises RuntimeError if anything did not arrive."""
    ledger = MemoryLedger()
    ours = world(org, ledger)
    inbound.import_all(ours, org)
    made = _calls(org, lambda: push(ours, change(ours, org.tasks[:edits], "counted")))
    arrived(org, org.tasks[edits - 1], "counted")
    report.figure(LINE, OURS, edits, "API calls", made)
    report.most(LINE, f"API calls for {edits} edits", made, ceil(edits / UPDATES) + ceil(edits / READS))
    fresh = create(ours, org, creates)
    made = _calls(org, lambda: push(ours, fresh))
    if unlinked := [key for key, each in ledger.reminders(fresh).items() if each.task_id is None]:
        raise RuntimeError(f"{len(unlinked)} reminders have no task")
    report.figure(LINE, f"{OURS}, creates", creates, "API calls", made)
    report.most(LINE, f"API calls for {creates} creates", made, ceil(creates / CREATES))


def _calls(org: Org, do: Callable[[], object]) -> int:
    before = org.calls()
    do()
    return org.calls() - before


def change(ours: World, task_ids: list[str], words: str) -> list[str]:
    """Edit the reminders of these tasks here; gives their ids. What the tasks were written last is some time ago."""
    found = ours.ledger.reminders({imported_id(each) for each in task_ids})
    now = ours.clock.now()
    records = [
        edit.edit(each, replace(each.values, details=f"{words} {each.task_id}"), now=now) for each in found.values()
    ]
    if None in ours.ledger.save(records):
        raise RuntimeError("an edit was refused")
    return list(found)


def create(ours: World, org: Org, number: int) -> list[str]:
    """Create reminders here; gives their ids."""
    owner, now = org.sellers[0]["user_id"], ours.clock.now()
    round_ = next(_rounds)
    keys = [f"made{round_:04d}-{position:04d}" for position in range(number)]
    ours.ledger.save(
        [
            edit.create(
                Values(name=f"Call {key}", assignee=owner), reminder_id=key, by=owner, assignee_syncs=True, now=now
            )
            for key in keys
        ]
    )
    return keys


def push(ours: World, keys: list[str]) -> None:
    """Send them. Raises RuntimeError if one waits."""
    summary = outbox.push(ours, keys)
    if summary.unavailable or any(each.pending for each in ours.ledger.reminders(keys).values()):
        raise RuntimeError(f"not all were sent: {summary}")


def arrived(org: Org, task_id: str, words: str) -> None:
    """See that the org has it. Raises RuntimeError."""
    address = f"{org.address}{DATA}/sobjects/Task/{task_id}"
    row = requests.get(address, headers={"Authorization": f"Bearer {org.token()}"}, timeout=60).json()
    if row["Description"] != f"{words} {task_id}":
        raise RuntimeError(f"{task_id} has not arrived: {row['Description']}")


def race(report: Report, size: int, rounds: int, folder: Path, peers: Peers) -> None:
    """Run ours, the peers and the limit by turns on one org with so many tasks. Raises RuntimeError if a peer leaves one out."""
    with running_org() as org:
        org.create(size)
        ours = world(org, MemoryLedger())
        inbound.import_all(ours, org)
        session = requests.Session()
        session.headers["Authorization"] = f"Bearer {org.token()}"
        todo: dict[str, Any] = {}

        def edited() -> None:
            # Whoever writes a task first is followed by the others, and ours must not meet a stamp of this very second.
            todo["words"] = f"round {next(_rounds)}"
            org.later()
            inbound.arrive(ours)
            todo["keys"] = change(ours, org.tasks, todo["words"])
            org.later(5)

        contenders = {
            OURS: timed(size, lambda: push(ours, todo["keys"])),
            ONE_BY_ONE: timed(size, lambda: _one_by_one(session, org, todo["words"])),
            FEWEST: timed(size, lambda: _fewest(session, org, todo["words"])),
        }
        sends = peers.outbound(org, folder)
        contenders |= {name: timed(size, partial(_sent, send, org, todo)) for name, send in sends.items()}
        for contender, run in list(contenders.items()):
            edited()
            before = org.calls()
            if contender not in sends:
                run()
            elif not peers.runs(contender, run):
                del contenders[contender]
                continue
            report.figure(LINE, contender, size, "API calls", org.calls() - before)
            arrived(org, org.tasks[-1], todo["words"])
        # Each turn has edits of its own: what another has written would be a change on the other side.
        for name, found in by_turns(rounds, contenders, turn=edited).items():
            report.figure(LINE, name, size, UNIT, *found)
        session.close()


def _sent(send: Send, org: Org, todo: Mapping[str, Any]) -> None:
    records = [{"Id": each, "Description": f"{todo['words']} {each}"} for each in org.tasks]
    if (number := send(records)) != len(records):
        raise RuntimeError(f"{number} of {len(records)} were updated")


def _one_by_one(session: requests.Session, org: Org, words: str) -> None:
    """Do what an automation with one action per record does."""
    for each in org.tasks:
        body = {"Description": f"{words} {each}"}
        session.patch(f"{org.address}{DATA}/sobjects/Task/{each}", json=body, timeout=60).raise_for_status()


def _fewest(session: requests.Session, org: Org, words: str) -> None:
    for start in range(0, len(org.tasks), PER_CALL):
        records = [
            {"attributes": {"type": "Task"}, "Id": each, "Description": f"{words} {each}"}
            for each in org.tasks[start : start + PER_CALL]
        ]
        answer = session.patch(f"{org.address}{DATA}/composite/sobjects", json={"records": records}, timeout=60)
        if not all(each["success"] for each in answer.json()):
            raise RuntimeError(f"not written: {answer.text[:300]}")
