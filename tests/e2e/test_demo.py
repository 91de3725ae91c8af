"""The demo on the real stack: it holds, twice."""

from __future__ import annotations

from pathlib import Path

import pytest
from e2e.telling import DEMO_SECONDS, demo
from local_stack import ROOT, START_SECONDS, running

STEPS = 34
"""Of the story; fewer would be a story cut short."""


@pytest.mark.timeout(2 * DEMO_SECONDS + 2 * START_SECONDS)
def test_the_working_days_hold_step_by_step_and_again(tmp_path: Path) -> None:
    """Without it, everything could work by itself and nothing together: the whole product, over HTTP, on both sides, twice."""
    with running(tmp_path) as stack:
        tales = [demo(stack, ROOT), demo(stack, ROOT)]

    assert stack.seconds < START_SECONDS
    for told in tales:
        assert told.returncode == 0, told.stdout + told.stderr
        assert f"All {STEPS} steps held." in told.stdout
        assert (told.stdout.count("✓"), told.stdout.count("✗")) == (STEPS, 0)
