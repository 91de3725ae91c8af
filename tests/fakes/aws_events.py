"""Events as AWS sends them, one file per trigger in `tests/events/`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent.parent / "events"


def load(name: str) -> dict[str, Any]:
    """Read an event afresh, so that a test may change it."""
    event: dict[str, Any] = json.loads((_FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return event
