"""The task as read: which of its stamps counts."""

from __future__ import annotations

from datetime import timedelta

import pytest
from factories import NOW, TASK_ID, a_task

from reminders.core.task import is_task_id


@pytest.mark.parametrize(("modified", "modstamp"), [(0, 5), (5, 0), (5, 5)])
def test_the_later_stamp_counts(modified: int, modstamp: int) -> None:
    """O1: an update on the earlier stamp would be refused for ever; which one is later depends on who wrote last."""
    task = a_task(last_modified=NOW + timedelta(seconds=modified), system_modstamp=NOW + timedelta(seconds=modstamp))

    assert task.stamp == NOW + timedelta(seconds=5)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (TASK_ID, True),
        (TASK_ID[:15], False),
        (f"{TASK_ID}\n", False),
        (TASK_ID[:15] + "AAA", False),
        (TASK_ID[:15] + "EAV", False),
        ("003" + TASK_ID[3:], False),
        (None, False),
        (7, False),
    ],
)
def test_only_the_full_id_of_a_task_is_one(text: object, *, expected: bool) -> None:
    """I2: queue, webhook and client ask the same question; what is no id must reach no query."""
    assert is_task_id(text) is expected
