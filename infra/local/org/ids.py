"""Record ids: 15 case-sensitive characters, or 18 with a checksum that restores their case."""

from __future__ import annotations

import random
import re
import string
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

SHORT: Final = 15
LONG: Final = 18
_SUFFIX: Final = string.ascii_uppercase + "012345"
_BASE62: Final = string.digits + string.ascii_uppercase + string.ascii_lowercase
_SHAPE: Final = re.compile(r"[a-zA-Z0-9]{15}(?:[a-zA-Z0-5]{3})?\Z")
_CHUNK: Final = 5
_COUNTER_DIGITS: Final = 9


def checksum(short: str) -> str:
    """Three characters; each tells which of five id characters are capitals."""
    suffix = ""
    for start in range(0, SHORT, _CHUNK):
        chunk = short[start : start + _CHUNK]
        suffix += _SUFFIX[sum(1 << place for place, letter in enumerate(chunk) if letter.isupper())]
    return suffix


def long_id(short: str) -> str:
    """Give the 18-character form of a 15-character id."""
    return short + checksum(short)


@lru_cache(maxsize=100_000)
def normal(text: str) -> str | None:
    """Give the 18-character form of any accepted spelling; None if it is no id (wrong length, letters or checksum).

    15 characters are taken as they are: their case matters. Of 18 the case does not matter: the checksum restores it.
    """
    if not _SHAPE.match(text):
        return None
    if len(text) == SHORT:
        return long_id(text)
    suffix = text[SHORT:].upper()
    letters = []
    for place, letter in enumerate(text[:SHORT].lower()):
        capital = _SUFFIX.index(suffix[place // _CHUNK]) >> (place % _CHUNK) & 1
        letters.append(letter.upper() if capital else letter)
    short = "".join(letters)
    return long_id(short) if checksum(short) == suffix else None


class Mint:
    """Makes ids that look like one org's: key prefix, a pod of two characters, a zero, and a counter."""

    def __init__(self, rng: random.Random) -> None:
        self._pod = "".join(rng.choices(_BASE62[10:], k=2))
        self._next: dict[str, int] = {}

    def new(self, prefix: str) -> str:
        """Make the next 18-character id of a key prefix."""
        number = self._next.get(prefix, 1000)
        self._next[prefix] = number + 1
        digits = ""
        for _ in range(_COUNTER_DIGITS):
            number, digit = divmod(number, len(_BASE62))
            digits = _BASE62[digit] + digits
        return long_id(f"{prefix}{self._pod}0{digits}")

    def export(self) -> dict[str, object]:
        """Give what the next ids depend on, as JSON."""
        return {"pod": self._pod, "next": self._next}

    def restore(self, kept: Mapping[str, Any]) -> None:
        """Go on where `export` was."""
        self._pod = kept["pod"]
        self._next = dict(kept["next"])
