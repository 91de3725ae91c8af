"""The shapes on the wire: requests, responses, JSON, and the ways Salesforce writes times."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import parse_qsl

LOGIN_HOSTS: Final = ("https://login.salesforce.com", "https://test.salesforce.com")
_DATE_TIME: Final = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d(?::?\d\d)?)\Z", re.IGNORECASE
)
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One HTTP request. Header names are lower-case; `loopback` is true only if it came from this machine.

    `my_domain` is set by the TLS front, through which the org's own host can be reached: what signs in at a login host is sent there.
    """

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    loopback: bool = False
    scheme: str = "http"
    my_domain: str = ""

    @property
    def base(self) -> str:
        """Scheme and host under which the caller knows this org; a proxy in front says so itself."""
        scheme = self.headers.get("x-forwarded-proto", self.scheme).partition(",")[0].strip()
        return f"{scheme}://{self.headers.get('host', 'localhost')}"

    @property
    def instance(self) -> str:
        """Where the caller is to go on after signing in (`instance_url`)."""
        return self.my_domain if self.my_domain and self.base in LOGIN_HOSTS else self.base


@dataclass(slots=True, kw_only=True)
class Response:
    """One HTTP answer. `delay` (seconds) and `lost` (the connection breaks instead) are what a fault made of it."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    lost: bool = False


def parameters(query: str) -> dict[str, str]:
    """Read a query string or a form; of a repeated name the last counts."""
    return dict(parse_qsl(query, keep_blank_values=True))


def answer(document: object, status: int = 200) -> Response:
    """Make a JSON answer."""
    body = json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass")
    return Response(status=status, body=body, headers={"Content-Type": "application/json;charset=UTF-8"})


def stamp(second: int) -> str:
    """Write a date-time as REST does: `2026-11-22T10:00:00.000+0000`."""
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def soap_stamp(second: int) -> str:
    """Write a date-time as SOAP does: `2026-11-22T10:00:00.000Z`."""
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def http_date(second: float) -> str:
    """Write a date as HTTP headers do."""
    return datetime.fromtimestamp(second, UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")


def second_of(text: str) -> int | None:
    """Read a date-time with an explicit zone, in whole seconds; None if it is none.

    Clients write `…T10:00:00Z`, `….000+0000`, `….123456+01:00`, `…T10:00Z` and `…T10:00:00+00`; all mean the same.
    """
    if not _DATE_TIME.match(text):
        return None
    try:
        return int(datetime.fromisoformat(text.upper()).timestamp())
    except ValueError:
        return None


def date_of(text: str) -> str | None:
    """Read a date `YYYY-MM-DD` that exists; None if it is none."""
    if not _DATE.match(text):
        return None
    try:
        return datetime.fromisoformat(text).date().isoformat()
    except ValueError:
        return None


def http_second_of(text: str) -> int | None:
    """Read an HTTP date, in whole seconds; None if it is none."""
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
