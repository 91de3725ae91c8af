"""People of the emulated org, each with a browser on the Command Center and another on the org's own page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from time import monotonic
from typing import Any, Self

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from infra.local.demo.day import SYNC_ON
from infra.local.demo.team import TIMEOUT_SECONDS, Json, Person
from infra.local.sign_in import SignedIn

PATIENCE = 30.0
"""Seconds for anything to come to the other side: a look of the page, a message or a push, on a busy machine."""
READ = r"GET .*/query"
"""Matches how the sync reads in the org, for faults."""


@dataclass
class Office:
    """The running stack: what its stack.json says, and the org's control resource."""

    document: Json
    control: httpx.Client
    met: int = 0
    """So many salespeople are in stories already."""

    def ask(self, method: str, name: str, **body: object) -> Any:
        """Ask the org's control resource."""
        return self.control.request(method, f"/__control/{name}", json=body).raise_for_status().json()

    def leap(self, minutes: int) -> None:
        """Let time pass, for the org and the functions together."""
        httpx.post(self.document["clock"], json={"seconds": 60 * minutes}, timeout=120).raise_for_status()

    def next_salesperson(self) -> Json:
        """Give somebody who was in no story yet."""
        sellers = [one for one in self.document["users"] if not one["admin"] and "nosync" not in one["username"]]
        self.met += 1
        found: Json = sellers[self.met - 1]
        return found

    def administrator(self) -> Json:
        """Give who administers both sides."""
        return next(one for one in self.document["users"] if one["admin"])

    @contextmanager
    def untold(self) -> Iterator[None]:
        """Have the org send no messages for as long as this lasts."""
        self.ask("POST", "webhook", enabled=False)
        try:
            yield
        finally:
            self.ask("POST", "webhook", enabled=True)


class Desks:
    """Who is in a story, and the browsers before them: each has cookies of its own, as on a machine of its own."""

    def __init__(self, office: Office, browser: Browser) -> None:
        self.office = office
        self.faults: list[str] = []
        self._browser = browser
        self._exit = ExitStack()

    def __enter__(self) -> Self:
        """Have them until the story is over."""
        expect.set_options(timeout=1000 * PATIENCE)
        return self

    def __exit__(self, *_: object) -> None:
        """Close all that was opened."""
        self._exit.close()

    def seller(self, *, syncs: bool = True) -> Person:
        """Meet a salesperson who was in no story yet."""
        person = self._meet(self.office.next_salesperson())
        if syncs:
            person.choose(SYNC_ON)
        return person

    def admin(self) -> Person:
        """Meet the administrator."""
        return self._meet(self.office.administrator())

    def _meet(self, user: Json) -> Person:
        auth = SignedIn(self.office.document["command_center"], user["user_id"])
        center = httpx.Client(base_url=self.office.document["command_center"], timeout=TIMEOUT_SECONDS, auth=auth)
        bearer = {"Authorization": f"Bearer {user['access_token']}"}
        org = httpx.Client(base_url=self.office.document["org"], timeout=TIMEOUT_SECONDS, headers=bearer)
        for client in (center, org):
            self._exit.enter_context(client)
        return Person(user["name"], user["user_id"], center, org)

    def context(self, base: str) -> BrowserContext:
        """Open a browser at this address."""
        context = self._browser.new_context(
            base_url=base, locale="en-GB", viewport={"width": 1440, "height": 900}, reduced_motion="reduce"
        )
        self._exit.callback(context.close)
        context.set_default_timeout(1000 * PATIENCE)
        context.on("weberror", lambda error: self.faults.append(str(error.error)))
        context.on("console", lambda line: self.faults.append(line.text) if "Content Security" in line.text else None)
        return context

    def center(self, person: Person, path: str = "/") -> Page:
        """Sign in to the Command Center in a browser, as everybody does, and open a page there."""
        page = self.context(self.office.document["command_center"]).new_page()
        sign_in(page, person, path)
        expect(page.locator(".account-name")).to_contain_text(person.name)
        return page

    def salesforce(self, person: Person, path: str = "/") -> Page:
        """Open a page of the org as this person, in another browser."""
        page = self.context(self.office.document["org"]).new_page()
        page.goto(f"{path}?user={person.user_id}")
        return page


def sign_in(page: Page, person: Person, path: str = "/") -> None:
    """Go there, and on to Salesforce's page to say who one is."""
    page.goto(path)
    page.get_by_role("button", name="Sign in with Salesforce").click()
    choose(page, person)


def choose(page: Page, person: Person) -> None:
    """Say on Salesforce's page who one is."""
    page.locator(f'a[href*="{person.user_id}"]').click()


def becomes(page: Page, look: Callable[[], object], wanted: object) -> None:
    """Wait until what is looked at, outside the page, is as wanted. The page goes on meanwhile."""
    until = monotonic() + PATIENCE
    while (found := look()) != wanted and monotonic() < until:
        page.wait_for_timeout(50)
    if found != wanted:
        pytest.fail(f"it became {found!r}, not {wanted!r}")


def tasks(person: Person, *fields: str) -> Callable[[], list[tuple[object, ...]]]:
    """Give a look at what this person's tasks are in Salesforce, by subject: `becomes` waits for it."""
    query = f"SELECT {', '.join(fields)} FROM Task WHERE OwnerId = '{person.user_id}' ORDER BY Subject"  # noqa: S608 - names and an id
    return lambda: [tuple(row[name] for name in fields) for row in person.found(query)]


def line(org: Page, subject: str) -> Locator:
    """Find a task in the org's list."""
    return org.locator("#rows tr").filter(has=org.get_by_role("button", name=subject, exact=True))
