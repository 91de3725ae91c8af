"""Filter patterns of event source mappings, as far as the template uses them: maps of fields, and lists of exact values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from infra.local.template import TemplateError


class Pattern:
    """One filter. Fields must all match, one value of each list must be equal."""

    def __init__(self, pattern: Mapping[str, Any]) -> None:
        _check(pattern)
        self._pattern = pattern

    def matches(self, record: Mapping[str, Any]) -> bool:
        """Whether Lambda would hand this record to the function."""
        return _matches(self._pattern, record)


def _check(pattern: Mapping[str, Any]) -> None:
    for field, wanted in pattern.items():
        if isinstance(wanted, dict):
            _check(wanted)
        elif not isinstance(wanted, list) or any(isinstance(value, dict | list) for value in wanted):
            raise TemplateError(f"filter on {field!r}: {wanted!r} is not known here")


def _matches(pattern: Mapping[str, Any], record: object) -> bool:
    if not isinstance(record, Mapping):
        return False
    for field, wanted in pattern.items():
        found = record.get(field)
        if isinstance(wanted, dict):
            if not _matches(wanted, found):
                return False
        # `True == 1` in Python, not in a pattern
        elif field not in record or not any(type(found) is type(value) and found == value for value in wanted):
            return False
    return True
