"""Signs people in for programs: through the product's own sign-in and the emulated org's page, over HTTP, as a browser would."""

from __future__ import annotations

from collections.abc import Generator
from typing import Final
from urllib.parse import urljoin

import httpx

TIMEOUT_SECONDS: Final = 30.0
_PAGES_HEADER: Final = {"X-Reminder-Sync": "1"}


class SignedIn(httpx.Auth):
    """Whoever sends with this is signed in as this user: at the first request, and once more where the token is not taken any more."""

    def __init__(self, command_center: str, user_id: str) -> None:
        self._center = command_center
        self._user_id = user_id
        self._token = ""

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Send with a token; after a 401 with a new one, once."""
        fresh = not self._token
        self._token = self._token or id_token(self._center, self._user_id)
        request.headers["Authorization"] = f"Bearer {self._token}"
        answer = yield request
        if answer.status_code == httpx.codes.UNAUTHORIZED and not fresh:
            self._token = id_token(self._center, self._user_id)
            request.headers["Authorization"] = f"Bearer {self._token}"
            yield request


def id_token(command_center: str, user_id: str) -> str:
    """Sign in as this user of the org; gives the id token. Raises httpx.HTTPError, and RuntimeError where the way leads elsewhere."""
    with httpx.Client(base_url=command_center, timeout=TIMEOUT_SECONDS) as client:
        begun = client.get("/auth/login")
        at_salesforce = _sent_on(begun)
        back = _sent_on(client.get(at_salesforce, params=httpx.URL(at_salesforce).params.set("user_id", user_id)))
        done = client.get(back, headers=_kept(begun))
        if _sent_on(done) != urljoin(command_center, "/"):
            raise RuntimeError(f"the sign-in ended at {_sent_on(done)}")
        headers = _PAGES_HEADER | {"Origin": command_center} | _kept(done)
        token: str = client.post("/auth/token", headers=headers).raise_for_status().json()["id_token"]
        return token


def _kept(answer: httpx.Response) -> dict[str, str]:
    """The cookies of an answer, as a browser sends them: to this machine also by plain HTTP, which a jar of httpx does not do."""
    return {"Cookie": "; ".join(f"{name}={value}" for name, value in answer.cookies.items())}


def _sent_on(answer: httpx.Response) -> str:
    if not answer.is_redirect:
        raise RuntimeError(f"{answer.request.url.copy_with(query=None)} answered {answer.status_code}")
    return urljoin(str(answer.request.url), answer.headers["Location"])
