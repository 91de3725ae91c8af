"""What `sam build` made, as the tests share it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from infra.bundle import Bundle

ONE: Final = "ApiFunction"
"""Whose copy of the artifact is looked at; the others' are the same."""


@dataclass(frozen=True)
class Built:
    """The bundle, and what SAM said while it built it."""

    bundle: Bundle
    said: str
