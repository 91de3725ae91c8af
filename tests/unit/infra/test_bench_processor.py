"""Whose processor time it was: of processes that are ours, by what they are part of."""

from __future__ import annotations

import subprocess
import sys

from infra.bench import processor

BURN = "import sys, time\nwhile time.process_time() < 0.3: pass\nprint('burnt', flush=True)\nsys.stdin.read()"


def test_what_a_part_ran_is_told_of_it_alone() -> None:
    """A mean that took in strangers, or left a grandchild out, would blame the wrong part."""
    before = processor.spent()
    command = ["sh", "-c", '"$0" -c "$1" "$2"; :', sys.executable, BURN, "receive.handler"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as shell:  # noqa: S603 - ours
        assert shell.stdin
        assert shell.stdout
        shell.stdout.readline()
        after = processor.spent()
        shell.stdin.close()

    ran = {part: seconds - before.get(part, 0) for part, seconds in after.items()}
    assert ran["receive"] >= 0.28
    assert all(seconds < 0.1 for part, seconds in ran.items() if part != "receive")
