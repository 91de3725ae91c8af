"""The org behind `requests`, without sockets: mount `OrgAdapter(org)` on `https://` and every host is this org.

What faults do to an answer happens here as it would on the network: a lost one is a `ConnectionError`, a slow one waits by the
`sleep` given (in the simulation: moves the clock) or is a `ReadTimeout` if it takes longer than the caller waits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from io import BytesIO
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from requests.utils import get_encoding_from_headers

from infra.local.org.wire import Request, parameters
from infra.local.org.world import Org


class OrgAdapter(HTTPAdapter):
    """A transport adapter whose network is one org."""

    def __init__(self, org: Org, sleep: Callable[[float], None] | None = None) -> None:
        super().__init__()
        self.org = org
        self._sleep = sleep

    def send(  # noqa: PLR0913, PLR0917 - the signature of requests' adapters
        self,
        request: requests.PreparedRequest,
        stream: bool = False,  # noqa: FBT001, FBT002 - same
        timeout: float | tuple[float, float] | tuple[float, None] | None = None,
        verify: bool | str = True,  # noqa: FBT001, FBT002 - same
        cert: bytes | str | tuple[bytes | str, bytes | str] | None = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Hand the request to the org. Raises ConnectionError or ReadTimeout when a fault says so."""
        del stream, verify, cert, proxies
        address = urlsplit(request.url or "")
        headers = {name.lower(): str(value) for name, value in request.headers.items()}
        headers.setdefault("host", address.netloc)
        headers.setdefault("x-forwarded-proto", address.scheme)
        body = request.body or b""
        answered = self.org.handle(
            Request(
                method=request.method or "GET",
                path=address.path,
                query=parameters(address.query),
                headers=headers,
                body=body.encode() if isinstance(body, str) else bytes(body),
            )
        )
        limit = timeout[1] if isinstance(timeout, tuple) else timeout
        if answered.delay and limit is not None and answered.delay > limit:
            self._wait(limit)
            raise requests.ReadTimeout(f"the org took longer than {limit} s", request=request)
        self._wait(answered.delay)
        if answered.lost:
            raise requests.ConnectionError("the connection broke before the answer", request=request)
        response = requests.Response()
        response.status_code, response.headers = answered.status, CaseInsensitiveDict(answered.headers)
        response.encoding = get_encoding_from_headers(response.headers)
        response.raw, response.request, response.url = BytesIO(answered.body), request, request.url or ""
        return response

    def _wait(self, seconds: float) -> None:
        if seconds and self._sleep:
            self._sleep(seconds)
