"""The short way from simple-salesforce to the adapter: what `requests` does for the open internet is left out.

Preparing a request (cookies, proxies, redirects, quoting what is quoted) takes more time than Salesforce's answer and our handling of
it together. What reaches the adapter is the same, header by header and byte by byte; `test_simulation` holds that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from json import dumps
from typing import Any
from urllib.parse import urlencode

import requests
from requests import sessions
from requests.structures import CaseInsensitiveDict

Hook = Callable[..., Any]


def request(  # noqa: PLR0913 -- the parts of a request that our clients use
    session: requests.Session,
    method: str,
    url: str,
    *,
    params: Mapping[str, str] | None = None,
    data: Mapping[str, str] | str | None = None,
    json: object = None,
    headers: Mapping[str, str] | None = None,
    hooks: Mapping[str, Hook] | None = None,
    proxies: Mapping[str, str] | None = None,
    allow_redirects: bool = True,
) -> requests.Response:
    """Stand in for `requests.Session.request`."""
    assert not proxies
    del allow_redirects  # a redirect is an error to our wire
    prepared = prepare(session, method, url, params=params, data=data, json=json, headers=headers)
    began = sessions.preferred_clock()
    response = session.get_adapter(url).send(prepared)
    response.elapsed = timedelta(seconds=sessions.preferred_clock() - began)
    for hook in [hooks["response"]] if hooks else session.hooks["response"]:
        response = hook(response) or response
    return response


def prepare(  # noqa: PLR0913 -- as above
    session: requests.Session,
    method: str,
    url: str,
    *,
    params: Mapping[str, str] | None,
    data: Mapping[str, str] | str | None,
    json: object,
    headers: Mapping[str, str] | None,
) -> requests.PreparedRequest:
    """Give the request as it goes on the wire."""
    prepared = requests.PreparedRequest()
    prepared.method = method
    prepared.url = f"{url}?{urlencode(params)}" if params else url
    sent: CaseInsensitiveDict[str] = CaseInsensitiveDict(session.headers)  # type: ignore[arg-type]
    sent.update(headers or {})
    if json is not None:
        prepared.body = dumps(json, allow_nan=False).encode()
        sent.setdefault("Content-Type", "application/json")
    elif isinstance(data, Mapping):
        prepared.body = urlencode(data)
        sent.setdefault("Content-Type", "application/x-www-form-urlencoded")
    else:
        prepared.body = data
    if prepared.body is not None or method not in {"GET", "HEAD"}:
        body = prepared.body or b""
        sent["Content-Length"] = str(len(body.encode() if isinstance(body, str) else body))
    prepared.headers = sent
    return prepared
