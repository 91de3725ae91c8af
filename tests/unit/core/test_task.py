"""The task as read: which of its stamps counts."""

from __future__ import annotations

from datetime import timedelta

import pytest
from factories import NOW, a_task


@pytest.mark.parametrize(("modified", "modstamp"), [(0, 5), (5, 0), (5, 5)])
def test_the_later_stamp_counts(modified: int, modstamp: int) -> None:
    """O1: an update on the earlier stamp would be refused for ever; which one is later depends on who wrote last."""
    task = a_task(last_modified=NOW + timedelta(seconds=modified), system_modstamp=NOW + timedelta(seconds=modstamp))

    assert task.stamp == NOW + timedelta(seconds=5)
