"""Who a token of Salesforce speaks of (C7)."""

from __future__ import annotations

import re
from dataclasses import dataclass

_SUBJECT = re.compile(r"https://[^/\s]+/id/([a-zA-Z0-9]{18})/(005[a-zA-Z0-9]{15})")


@dataclass(frozen=True, slots=True)
class Identity:
    """A user of an org, both by their 18-character ids."""

    organization_id: str
    user_id: str


def identity(subject: object) -> Identity | None:
    """Read the claim `sub` (`https://…/id/<org>/<user>`); None if it is none of Salesforce's."""
    match = _SUBJECT.fullmatch(str(subject))
    return Identity(match[1], match[2]) if match else None
