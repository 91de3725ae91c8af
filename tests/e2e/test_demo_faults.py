"""The demo can fail: each planted fault makes it fail at the step that the fault breaks.

Faults are planted in a copy of what the stack is made from, one at a time; the checkout is never touched. A story mostly waits, so
`make test` runs two at a time.
"""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from e2e.telling import DEMO_SECONDS, demo
from local_stack import ROOT, START_SECONDS, running


@dataclass(frozen=True)
class Fault:
    """A line of the product made wrong, and the step that must be the first to say so."""

    name: str
    file: str
    right: str
    wrong: str
    step: str


FAULTS = [
    Fault(
        "the webhook's address is wrong",
        "infra/local/supervisor.py",
        'arguments += ["--webhook", webhook]',
        'arguments += ["--webhook", webhook + "x"]',
        "edited there, changed here",
    ),
    Fault(
        "the push is skipped",
        "functions/reminders/sync/outbox.py",
        "for chunk in chunks(list(dict.fromkeys(reminder_ids)), READ_BATCH):",
        "for chunk in chunks([], READ_BATCH):",
        "created here, a task there",
    ),
    Fault(
        "one field is mapped wrong",
        "functions/reminders/core/mapping.py",
        "settings.priorities[values.priority].written",
        "settings.priorities[Priority.NORMAL].written",
        "edited here, changed there",
    ),
    Fault(
        "deletes are not listed",
        "functions/reminders/sync/find.py",
        "return [Hint(task_id, deleted=at) for task_id, at in answer.records], answer.covered",
        "return [], answer.covered",
        "deleted there, deleted here",
    ),
    Fault(
        "a hand-over is ignored",
        "functions/reminders/core/merge.py",
        "if base is None or not _was_handed_over(reminder, task, terms):",
        "if True:",
        "given to a queue there: handed over, and not written any more",
    ),
    Fault(
        "one that goes through tells its group nothing",
        "functions/reminders/sync/outbox.py",
        'tally.counts["groups_rung"] = groups.try_again(world, tally.cured)',
        'tally.counts["groups_rung"] = groups.try_again(world, ())',
        "the rule lifted, Retry on one: its group goes with it",
    ),
    Fault(
        "the valve's limit is never reached",
        "functions/reminders/core/valve.py",
        "ALWAYS: Final = 20",
        "ALWAYS: Final = 2000",
        "30 deleted there at once: 20 go here, the others are held",
    ),
]

only_with_faults = pytest.mark.skipif(
    not (os.environ.get("CI") or os.environ.get("FAULTS")),
    reason="takes some minutes, so only in CI and on request: FAULTS=1 make test ARGS=tests/e2e",
)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_every_fault_still_has_its_spot(fault: Fault) -> None:
    """Without it, a fault whose spot was moved would only be noticed where the faults are planted."""
    assert (ROOT / fault.file).read_text(encoding="utf-8").count(fault.right) == 1


def copy_with(fault: Fault, folder: Path) -> Path:
    """Copy what the stack is made from, and plant one fault there."""
    for part in ("functions", "infra"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "template.yaml", folder)
    file = folder / fault.file
    text = file.read_text(encoding="utf-8")
    assert text.count(fault.right) == 1, f"{fault.file} has changed: plant this fault elsewhere"
    file.write_text(text.replace(fault.right, fault.wrong), encoding="utf-8")
    return folder


@only_with_faults
@pytest.mark.timeout(DEMO_SECONDS + 2 * START_SECONDS)
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_planted_fault_fails_the_day_at_its_step(fault: Fault, tmp_path: Path) -> None:
    """A demo that cannot fail proves nothing; the steps before the broken one hold, so it is the fault that is seen."""
    root = copy_with(fault, tmp_path / "copy")
    with running(tmp_path, root=root) as stack:
        told = demo(stack, root, "--stop")

    assert told.returncode == 1, told.stdout + told.stderr
    failed = re.search(r"cut short: “(.*)” was not seen", told.stderr)
    assert failed, told.stderr
    assert failed[1] == fault.step
    assert "✗" in told.stdout
