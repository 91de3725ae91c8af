"""The page's languages."""

from __future__ import annotations

import re
from pathlib import Path

WEB = Path(__file__).parents[2] / "functions/web"


def test_every_language_that_is_offered_has_its_words() -> None:
    """C1: a language without its file would keep its users from signing in at all."""
    [offered] = re.findall(r"^const FILES = \{(.*)\};$", (WEB / "lib/words.js").read_text(), re.MULTILINE)
    for name in re.findall(r': "([^"]+)"', offered):
        assert (WEB / f"words/{name}.js").is_file()
