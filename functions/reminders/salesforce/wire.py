"""The one way out to Salesforce: which hosts, how long, and what silence means."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from typing import Final
from urllib.parse import SplitResult, urlsplit

import requests
from requests.adapters import BaseAdapter
from urllib3.exceptions import NewConnectionError

from reminders.core.problems import Failure, Kind, sort
from reminders.ports import OrgUnavailable, Usage
from reminders.salesforce.rows import unexpected

NOT_REACHED: Final = "NOT_REACHED"
"""Our own code: no connection, so nothing was sent."""
NO_ANSWER: Final = "NO_ANSWER"
"""Our own code: the connection broke after sending."""
TIMEOUT: Final = "TIMEOUT"
"""Our own code: no answer in time."""

_SUFFIX = ".salesforce.com"
_HOSTS = (_SUFFIX, ".force.com")
_USAGE = re.compile(r"(?<![\w-])api-usage=(\d+)/(\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """Where the org is, and who we are there. Time-outs are in seconds.

    `url` is the org's My Domain (`https://acme.my.salesforce.com`), or the loopback address of an emulated org, which alone
    may be plain http. Give either `consumer_secret` (client credentials), or `username` and `private_key` (PEM; JWT bearer),
    then `audience` is `https://login.salesforce.com`, `https://test.salesforce.com` or the My Domain. Raises ValueError.
    """

    url: str
    consumer_key: str = field(repr=False)
    consumer_secret: str | None = field(default=None, repr=False)
    username: str | None = None
    private_key: str | None = field(default=None, repr=False)
    audience: str = "https://login.salesforce.com"
    api_version: str = "66.0"
    connect_timeout: float = 5.0
    read_timeout: float = 30.0

    def __post_init__(self) -> None:
        base = urlsplit(self.url)
        if base.path.strip("/") or base.query or base.fragment or base.username is not None:
            raise ValueError(f"give the bare address of the org's host, not {base.scheme}://…{base.path}")
        if not _is_salesforce(base, (_SUFFIX,)) and not (self.loopback and base.scheme in {"http", "https"}):
            raise ValueError(
                f"{self.url!r} is neither a My Domain (https://….my.salesforce.com) nor a loopback address"
            )
        if self.domain in {"login", "test"}:
            raise ValueError(f"{self.url!r} is everybody's sign-in page; give the org's own My Domain")
        if not _is_salesforce(urlsplit(self.audience), (_SUFFIX,)):
            raise ValueError(f"the audience {self.audience!r} is not https://….salesforce.com")
        secret, user, key = self.consumer_secret is not None, self.username is not None, self.private_key is not None
        if (secret, user, key) not in {(True, False, False), (False, True, True)}:
            raise ValueError("give either the consumer secret, or the username and its private key")
        if not re.fullmatch(r"\d{2,3}\.0", self.api_version):
            raise ValueError(f"{self.api_version!r} is no API version such as 66.0")

    @property
    def loopback(self) -> bool:
        """Whether the org is an emulated one on this machine."""
        return _is_loopback(urlsplit(self.url).hostname)

    @property
    def domain(self) -> str:
        """The part before `.salesforce.com`, as simple-salesforce wants it; for a loopback host any word will do."""
        return "loopback" if self.loopback else _label(self.url)

    @property
    def audience_domain(self) -> str:
        """The same part of the audience."""
        return _label(self.audience)


class Wire(BaseAdapter):
    """A requests adapter around another: only to the org's hosts, never without a time-out, never along a redirect.

    simple-salesforce builds `https://` addresses only. If the org is on loopback, every request goes to its address instead,
    so nothing leaves the machine. `usage` is what the newest answer said (O6).
    """

    def __init__(self, credentials: Credentials, below: BaseAdapter) -> None:
        super().__init__()
        self._base = urlsplit(credentials.url)
        self._loopback = credentials.loopback
        self._timeouts = (credentials.connect_timeout, credentials.read_timeout)
        self._below = below
        self.usage: Usage | None = None

    def send(  # noqa: PLR0913, PLR0917 -- requests' own signature
        self,
        request: requests.PreparedRequest,
        stream: bool = False,  # noqa: FBT001, FBT002 -- requests' own signature
        timeout: float | tuple[float, float] | tuple[float, None] | None = None,  # noqa: ARG002 -- ours count
        verify: bool | str = True,  # noqa: FBT001, FBT002 -- requests' own signature
        cert: bytes | str | tuple[bytes | str, bytes | str] | None = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Send one request. Raises OrgUnavailable, or what requests raises."""
        url = str(request.url)
        self.check(url)
        if self._loopback:
            request.url = urlsplit(url)._replace(scheme=self._base.scheme, netloc=self._base.netloc).geturl()
            proxies = None
        response = self._below.send(
            request, stream=stream, timeout=self._timeouts, verify=verify, cert=cert, proxies=proxies
        )
        if used := _USAGE.search(response.headers.get("Sforce-Limit-Info", "")):
            ours = self.usage.ours + 1 if self.usage else 1
            self.usage = Usage(used=int(used.group(1)), limit=int(used.group(2)), ours=ours)
        if response.is_redirect:
            message = "Salesforce points to another address; check the My Domain in the settings."
            raise OrgUnavailable(sort("", message, response.status_code))
        return response

    def close(self) -> None:
        """Close the connections."""
        self._below.close()

    def check(self, url: str) -> None:
        """Refuse a host that is not the org's: neither requests nor our token may go there. Raises OrgUnavailable."""
        parts = urlsplit(url)
        if not _is_salesforce(parts, _HOSTS) and not (self._loopback and _is_loopback(parts.hostname)):
            message = f"The host {parts.hostname!r} is not one of Salesforce's."
            raise OrgUnavailable(Failure(kind=Kind.PERMANENT, code="FOREIGN_HOST", message=message))


def date_of(response: requests.Response) -> datetime:
    """Read Salesforce's clock from an answer: aware UTC, whole seconds. Raises OrgUnavailable."""
    try:
        return parsedate_to_datetime(response.headers["Date"]).astimezone(UTC)
    except (KeyError, ValueError):
        raise OrgUnavailable(unexpected(writes=False)) from None


def broken(error: requests.RequestException, *, writes: bool) -> Failure:
    """Tell whether a request that got no answer can have arrived; if it cannot, nothing was done (O2).

    The message names neither address nor query: it is shown, and it is logged.
    """
    cause = error.args[0] if error.args else None
    reason = getattr(cause, "reason", None) or cause
    if isinstance(error, requests.ConnectTimeout) or isinstance(reason, NewConnectionError):
        return Failure(kind=Kind.TRANSIENT, code=NOT_REACHED, message="Salesforce cannot be reached.")
    kind = Kind.UNKNOWN if writes else Kind.TRANSIENT
    if isinstance(error, requests.Timeout):
        return Failure(kind=kind, code=TIMEOUT, message="Salesforce did not answer in time.")
    return Failure(kind=kind, code=NO_ANSWER, message=f"The connection to Salesforce broke ({type(error).__name__}).")


def _is_loopback(host: str | None) -> bool:
    try:
        return host == "localhost" or ip_address(host or "").is_loopback
    except ValueError:
        return False


def _is_salesforce(url: SplitResult, suffixes: tuple[str, ...]) -> bool:
    return url.scheme == "https" and url.port in {None, 443} and (url.hostname or "").endswith(suffixes)


def _label(url: str) -> str:
    return (urlsplit(url).hostname or "").removesuffix(_SUFFIX)
