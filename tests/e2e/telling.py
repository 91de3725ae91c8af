"""How the tests tell the demo's story to a running stack."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from local_stack import Running

DEMO_SECONDS = 300
"""On a quiet machine it takes about one minute."""


def demo(stack: Running, root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Tell the story on this stack, as `make demo` does."""
    return subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "infra.local.demo", "--stack", str(stack.folder / "stack.json"), *arguments],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=DEMO_SECONDS,
        check=False,
    )
