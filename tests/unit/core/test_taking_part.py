"""Who takes part in the sync, and where a first sync begins (S1, S3)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from reminders.core.settings import Import, User, import_from

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(("syncs", "active"), [(True, True), (True, False), (False, True), (False, False)])
def test_only_who_chose_it_and_is_active_takes_part(*, syncs: bool, active: bool) -> None:
    """S3, C7: Salesforce refuses writes for an inactive owner, so nothing of theirs moves."""
    assert User(id="005", syncs=syncs, active=active).takes_part is (syncs and active)


@pytest.mark.parametrize(
    ("off_for", "window"), [(None, 24), (timedelta(hours=3), 24), (timedelta(days=3), 72), (timedelta(days=90), 720)]
)
def test_a_first_sync_reaches_back_to_when_it_was_turned_off(off_for: timedelta | None, window: int) -> None:
    """S3, S2: never less than the window, never more than 30 days."""
    user = User(id="005", changed=NOW - off_for if off_for else None)
    assert import_from(user, 24, NOW) == Import(started=NOW, since=NOW - timedelta(hours=window))
