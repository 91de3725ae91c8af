"""Signing in and asking, on simple-salesforce, which builds the requests and speaks the sign-in protocols.

Around it, here: one new sign-in on 401, what every kind of answer means, and that nothing is repeated but a read, once; the
push decides about writes (O3).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from threading import Lock
from typing import Any, Final

import requests
from jwt.exceptions import PyJWTError
from requests.adapters import BaseAdapter

from reminders.core.problems import Failure, Kind, sort
from reminders.ports import OrgUnavailable, Usage
from reminders.salesforce.rest_only import Salesforce, SalesforceError, SalesforceExpiredSession, SalesforceLogin
from reminders.salesforce.rows import failure, unexpected
from reminders.salesforce.wire import NO_ANSWER, NOT_REACHED, Credentials, Wire, broken, date_of

_WORTH_REPEATING = frozenset({NOT_REACHED, NO_ANSWER, "SERVER_UNAVAILABLE", "HTTP_503"})
"""A read that failed so is asked once more at once. Not after a time-out: that would double the longest wait."""

MOST_PAGES: Final = 100
"""Of a query; a page has 2,000 rows, fewer if they are wide."""

_USER_ID = re.compile(r"/id/[a-zA-Z0-9]{18}/(005[a-zA-Z0-9]{15})/?$")

Hooks = Mapping[str, Callable[..., object]]
Ask = Callable[[Salesforce, Hooks], object]
"""A call on a simple-salesforce client; it hands the hooks on to requests."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The JSON of one answer, and the response it came in."""

    body: Any
    response: requests.Response

    @property
    def at(self) -> datetime:
        """Salesforce's clock: its `Date`, moved back by the whole seconds that the answer took.

        So what the answer shows is not older than this, however slow it was. Raises OrgUnavailable.
        """
        return date_of(self.response) - timedelta(seconds=int(self.response.elapsed.total_seconds()))


@dataclass(frozen=True, slots=True)
class _SignedIn:
    client: Salesforce
    user_id: str


class Session:
    """One org, signed in when first asked. May be shared by threads."""

    def __init__(self, credentials: Credentials, below: BaseAdapter) -> None:
        self._credentials = credentials
        self._wire = Wire(credentials, below)
        self._requests = self._new_requests()
        self._signed_in: _SignedIn | None = None
        self._lock = Lock()

    @property
    def user_id(self) -> str:
        """Who we are. Signs in if that was not done yet; raises OrgUnavailable."""
        return self._sign_in_once().user_id

    @property
    def usage(self) -> Usage | None:
        """What the newest answer said of the org's API calls (O6)."""
        return self._wire.usage

    def clock(self) -> datetime:
        """Ask for Salesforce's `Date` on the versions root: no sign-in, no limit. Raises OrgUnavailable."""
        return date_of(_twice(self._versions).response)

    def read(self, ask: Ask) -> Answer:
        """Ask for something; once more on a broken connection or a 503. Raises OrgUnavailable."""
        return _twice(partial(self._authenticated, ask, writes=False))

    def write(self, ask: Ask) -> Answer:
        """Ask for a change, once. Raises OrgUnavailable, of kind UNKNOWN if the change may have been made (O2)."""
        return self._authenticated(ask, writes=True)

    def query(self, soql: str, *, deleted_too: bool = False) -> tuple[list[dict[str, Any]], datetime]:
        """Run a query, all its pages; with Salesforce's clock at the first of them. Raises OrgUnavailable."""
        answer = self.read(lambda client, hooks: client.query(soql, include_deleted=deleted_too, hooks=hooks))
        page = documented(answer.body, "records", "done")
        rows: list[dict[str, Any]] = list(page["records"])
        for _ in range(MOST_PAGES - 1):
            if page["done"]:
                break
            page = documented(self.read(_next(page)).body, "records", "done")
            rows += page["records"]
        if not page["done"]:
            message = f"A query has more than {MOST_PAGES} pages; it was given up."
            raise OrgUnavailable(Failure(kind=Kind.PERMANENT, code="TOO_MANY_PAGES", message=message))
        return rows, answer.at

    def _versions(self) -> Answer:
        url = f"{self._credentials.url.rstrip('/')}/services/data/"
        answer = _once(lambda hooks: self._requests.get(url, hooks=hooks), writes=False)
        if not answer.response.ok:
            raise OrgUnavailable(failure(answer.response.status_code, None))
        return answer

    def _authenticated(self, ask: Ask, *, writes: bool) -> Answer:
        """Ask; on a 401 (nothing was done) sign in anew, and ask once more. A second 401 is final (O3)."""
        signed_in = self._sign_in_once()
        try:
            return _once(partial(ask, signed_in.client), writes=writes)
        except SalesforceExpiredSession:
            self._forget(signed_in)
        signed_in = self._sign_in_once()
        try:
            return _once(partial(ask, signed_in.client), writes=writes)
        except SalesforceExpiredSession as error:
            self._forget(signed_in)
            raise OrgUnavailable(failure(error.status, error.content)) from None

    def _sign_in_once(self) -> _SignedIn:
        with self._lock:
            if self._signed_in is None:
                self._signed_in = self._sign_in()
            return self._signed_in

    def _forget(self, signed_in: _SignedIn) -> None:
        """Drop this session, unless another thread has renewed it already."""
        with self._lock:
            if self._signed_in is signed_in:
                self._signed_in = None

    def _sign_in(self) -> _SignedIn:
        """Sign in. simple-salesforce asks `https://{…}.salesforce.com`; the wire knows the loopback case."""
        credentials = self._credentials
        by_secret = credentials.consumer_secret is not None
        users: list[str] = []
        session = self._new_requests()
        session.hooks["response"].append(lambda response, **_: users.append(self._check_token(response)))
        try:
            token, host = SalesforceLogin(
                session=session,
                consumer_key=credentials.consumer_key,
                consumer_secret=credentials.consumer_secret,
                username=credentials.username,
                privatekey=credentials.private_key,
                domain=credentials.domain if by_secret else credentials.audience_domain,
                instance_url=credentials.domain,  # what it names so is the host of a JWT's token endpoint
            )
        except requests.RequestException as error:
            raise OrgUnavailable(broken(error, writes=False)) from None
        except (PyJWTError, ValueError, TypeError):
            message = "The private key cannot be used: it must be an RSA key in PEM form, without a passphrase."
            raise OrgUnavailable(Failure(kind=Kind.AUTHENTICATION, code="INVALID_KEY", message=message)) from None
        # Built with a session id it never signs in by itself, so its endless recursion on 401 cannot happen.
        client = Salesforce(
            instance_url=f"https://{host}",
            session_id=token,
            version=credentials.api_version,
            session=self._requests,
            object_pairs_hook=None,
        )
        return _SignedIn(client, users[0])

    def _check_token(self, response: requests.Response) -> str:
        """Check an answer of the token endpoint before simple-salesforce reads it; return the user's id."""
        try:
            answer = response.json()
        except requests.JSONDecodeError:
            answer = None
        if not response.ok:
            raise OrgUnavailable(_refused_sign_in(response.status_code, answer))
        if not isinstance(answer, Mapping) or not isinstance(answer.get("access_token"), str):
            raise OrgUnavailable(unexpected(writes=False))
        self._wire.check(str(answer.get("instance_url")))
        user = _USER_ID.search(str(answer.get("id")))
        if user is None:
            raise OrgUnavailable(unexpected(writes=False))
        return user.group(1)

    def _new_requests(self) -> requests.Session:
        session = requests.Session()
        session.mount("https://", self._wire)
        session.mount("http://", self._wire)
        session.auth = lambda request: request  # otherwise a netrc file would replace our Authorization header
        return session


def documented(body: object, *keys: str) -> dict[str, Any]:
    """Give the answer's object if it is one that holds these keys. Raises OrgUnavailable."""
    if not isinstance(body, dict) or not body.keys() >= set(keys):
        raise OrgUnavailable(unexpected(writes=False))
    return body


def _next(page: dict[str, Any]) -> Ask:
    """Ask for the page after this one. Raises OrgUnavailable if it does not say where that is."""
    url: str = documented(page, "nextRecordsUrl")["nextRecordsUrl"]
    return lambda client, hooks: client.query_more(url, identifier_is_url=True, hooks=hooks)


def _twice(call: Callable[[], Answer]) -> Answer:
    try:
        return call()
    except OrgUnavailable as error:
        if error.failure.code not in _WORTH_REPEATING:
            raise
    return call()


def _once(ask: Callable[[Hooks], object], *, writes: bool) -> Answer:
    """Ask once. Raises SalesforceExpiredSession on 401, else OrgUnavailable."""
    responses: list[requests.Response] = []
    try:
        body = ask({"response": lambda response, **_: responses.append(response)})
    except SalesforceExpiredSession:
        raise
    except SalesforceError as error:
        raise OrgUnavailable(failure(error.status, error.content, writes=writes)) from None
    except requests.JSONDecodeError:
        raise OrgUnavailable(unexpected(writes=writes)) from None
    except requests.RequestException as error:
        raise OrgUnavailable(broken(error, writes=writes)) from None
    return Answer(body, responses[-1])


def _refused_sign_in(status: int, answer: object) -> Failure:
    """Sort a refused sign-in. OAuth's errors are `{"error", "error_description"}`; any of them is one of authentication."""
    if isinstance(answer, Mapping) and answer.get("error"):
        found = sort(str(answer["error"]), str(answer.get("error_description") or ""), status)
    else:
        found = failure(status, answer)
    return replace(found, kind=Kind.AUTHENTICATION) if found.kind is Kind.PERMANENT else found
