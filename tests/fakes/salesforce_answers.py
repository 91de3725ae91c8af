"""A requests adapter that plays Salesforce from a script, for tests of what our client sends and makes of single answers."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests
from requests.adapters import BaseAdapter

from reminders.salesforce.rows import TASK_FIELDS

URL = "https://acme.my.salesforce.com"
DATE = "Sun, 22 Nov 2026 10:00:00 GMT"
ME = "005000000000001AAA"
TOKEN = {
    "access_token": "00D-secret-token",
    "instance_url": URL,
    "id": f"https://login.salesforce.com/id/00D000000000001AAA/{ME}",
    "token_type": "Bearer",
}

ROW: dict[str, Any] = {
    "attributes": {"type": "Task"},
    **dict.fromkeys(TASK_FIELDS),
    "Id": "00T000000000001EAA",
    "OwnerId": "005000000000001AAA",
    "CreatedDate": "2026-11-20T08:00:00.000+0000",
    "CreatedById": "005000000000009AAA",
    "LastModifiedById": "005000000000009AAA",
    "LastModifiedDate": "2026-11-21T08:00:00.000+0000",
    "SystemModstamp": "2026-11-21T08:00:01.000+0000",
    **dict.fromkeys(("IsClosed", "IsDeleted", "IsArchived", "IsRecurrence"), False),
}
"""One task without any value, as the bulk read gives it."""


def answer(body: object, status: int = 200, *, headers: Mapping[str, str] | None = None) -> requests.Response:
    """Make an answer: text as it is, anything else as JSON."""
    response = requests.Response()
    response.status_code = status
    response._content = (body if isinstance(body, str) else json.dumps(body)).encode()
    response.headers.update({"Date": DATE, **(headers or {})})
    return response


def error(code: str, message: str = "", status: int = 400) -> requests.Response:
    """Make an error answer as REST gives it."""
    return answer([{"errorCode": code, "message": message}], status)


def page(*records: Mapping[str, object], following: str | None = None) -> requests.Response:
    """Make one page of a query's answer."""
    body: dict[str, object] = {"totalSize": len(records), "done": following is None, "records": list(records)}
    return answer(body | ({"nextRecordsUrl": following} if following else {}))


class Sent:
    """One request as it would have gone out."""

    def __init__(self, request: requests.PreparedRequest, timeout: object) -> None:
        parts = urlsplit(str(request.url))
        self.method, self.url, self.timeout = request.method, str(request.url), timeout
        self.host, self.path = f"{parts.scheme}://{parts.netloc}", parts.path
        self.params = dict(parse_qsl(parts.query, strict_parsing=bool(parts.query)))
        self.headers = dict(request.headers)
        body = request.body or b""
        self.text = body.decode() if isinstance(body, bytes) else str(body)

    @property
    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.text)

    @property
    def soql(self) -> str:
        """The query asked."""
        return self.params["q"]


class Script(BaseAdapter):
    """Plays its steps in order, one per request but for the sign-ins, which have their own; an exception is raised."""

    def __init__(
        self,
        *steps: requests.Response | Exception,
        tokens: tuple[requests.Response | Exception, ...] = (),
        sign_in_seconds: float = 0.0,
    ) -> None:
        super().__init__()
        self._sign_in_seconds = sign_in_seconds
        self._steps, self._tokens = list(steps), list(tokens)
        self.sent: list[Sent] = []
        self.sign_ins: list[Sent] = []

    def send(self, request: requests.PreparedRequest, *_: object, **how: object) -> requests.Response:
        """Play the next step."""
        sent = Sent(request, how.get("timeout"))
        if sent.path == "/services/oauth2/token":
            self.sign_ins.append(sent)
            time.sleep(self._sign_in_seconds)
            step = self._tokens.pop(0) if self._tokens else answer(TOKEN)
        else:
            self.sent.append(sent)
            step = self._steps.pop(0)
        if isinstance(step, Exception):
            raise step
        step.request, step.url = request, str(request.url)
        return step

    def close(self) -> None:
        """Nothing to close."""

    @property
    def session(self) -> requests.Session:
        """A session whose every request ends here."""
        session = requests.Session()
        session.mount("https://", self)
        session.mount("http://", self)
        return session
