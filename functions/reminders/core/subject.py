"""The subject template (F1): what a task's `Subject` is rendered from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from reminders.core.reminder import NO_SUBJECT, Values

MAX_SUBJECT: Final = 255
"""Salesforce's length of `Subject`, counted in UTF-16 units: the stricter of the two readings of "characters"."""

DYNAMIC_FIELDS: Final = (
    "activity_type",
    "activity_subject",
    "sales_campaign_name",
    "sales_campaign_day",
    "sales_campaign_step",
    "call_outcome",
    "call_reason",
)

_PLACEHOLDER = re.compile(r"\{\{\s*(\w+)\s*\}\}")
_MEANT_AS_ONE = re.compile(r"\{\{.*?(?:\}\}|$)", re.DOTALL)
_LINE_BREAKS = re.compile(r"[\r\n\v\f\x85\u2028\u2029]+")


class UnknownField(ValueError):
    """The template names a dynamic field that does not exist; the message lists those that do."""


def inputs(values: Values) -> dict[str, str]:
    """Take from a reminder what a template can show; a name that stands for "no subject" is never sent."""
    return {
        "activity_type": values.type.value,
        "activity_subject": "" if values.name == NO_SUBJECT else values.name,
        "sales_campaign_name": values.campaign_name or "",
        "sales_campaign_day": values.campaign_day or "",
        "sales_campaign_step": values.campaign_step or "",
        "call_outcome": values.call_outcome or "",
        "call_reason": values.call_reason or "",
    }


def check(template: str) -> None:
    """Refuse a template with a dynamic field that does not exist, or is not closed. Raises UnknownField."""
    meant = {text: _PLACEHOLDER.fullmatch(text) for text in _MEANT_AS_ONE.findall(template)}
    unknown = {text.strip("{} ") for text, name in meant.items() if not (name and name[1].lower() in DYNAMIC_FIELDS)}
    if unknown:
        known = ", ".join(DYNAMIC_FIELDS)
        raise UnknownField(f"unknown dynamic field {', '.join(sorted(unknown))}; the template can use: {known}")


def render(template: str, dynamic: Mapping[str, str]) -> str:
    """Render the Subject: fields without a value are nothing, line breaks go, the result is cut at 255 (F1)."""
    filled = _PLACEHOLDER.sub(lambda match: dynamic.get(match[1].lower(), ""), template)
    return cut(_LINE_BREAKS.sub("", filled).strip(), MAX_SUBJECT)


def length(text: str) -> int:
    """Count UTF-16 units: the stricter reading of Salesforce's "characters" (its exact unit is unverified)."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def cut(text: str, limit: int) -> str:
    """Cut at `limit` UTF-16 units without splitting a character."""
    if text.isascii() and len(text) <= limit:
        return text.rstrip()
    return text.encode("utf-16-le")[: 2 * limit].decode("utf-16-le", "ignore").rstrip()
