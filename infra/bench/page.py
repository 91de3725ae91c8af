"""`make bench-page`: what a cold load of the Command Center takes, and how fast it answers a key with 5,000 reminders, in Chromium.

A stack of its own is started, so everything comes through the local front door. The cold load is that of a usual day's list, the
browser's cache off: bytes as they travel, and the time until the first rows stand there and take keys. A key counts until the frame
after it is painted, by the page's own clock. Each figure is the median of several; the worst is told beside it.
"""

from __future__ import annotations

import os
import statistics
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

import httpx
import typer
from playwright.sync_api import Browser, Page, sync_playwright
from rich.console import Console
from rich.table import Table

from infra.bench.stack import started

MOST_KILOBYTES: Final = 300
MOST_LOAD_MS: Final = 1_000
MOST_KEY_MS: Final = 100
DAY: Final = 25
BULK: Final = 200
PATIENCE: Final = 120_000
"""Milliseconds for anything to appear."""

LOADED: Final = """
new MutationObserver((_, observer) => {
  if (!document.querySelector(".row .row-name")) return;
  observer.disconnect();
  const channel = new MessageChannel();
  channel.port1.onmessage = () => (window.interactiveAt = performance.now());
  requestAnimationFrame(() => channel.port2.postMessage(0));
}).observe(document, { childList: true, subtree: true });
"""
"""Notes when the first row was painted: from then on keys count."""

KEYS: Final = """
() => {
  window.keyTimes = [];
  addEventListener("keydown", ({ timeStamp }) => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => window.keyTimes.push(performance.now() - timeStamp);
    requestAnimationFrame(() => channel.port2.postMessage(0));
  }, true);
}
"""
"""Notes for each key how long it took until the frame after it was painted."""

INTERACTIVE: Final = """
() => new Promise((done) => {
  const look = () => (window.interactiveAt ? done(window.interactiveAt) : setTimeout(look, 5));
  look();
})
"""
PAINTED: Final = """
(count) => new Promise((done) => {
  const look = () => (window.keyTimes.length >= count ? done() : setTimeout(look, 5));
  look();
})
"""
"""Wait in the page. Playwright's own waiting evaluates text, which the page's content policy forbids."""


@dataclass(frozen=True)
class Figure:
    """What was measured, several times, and what it may be at most."""

    name: str
    unit: str
    values: Sequence[float]
    most: float

    @property
    def kept(self) -> bool:
        """Whether the median keeps the promise."""
        return statistics.median(self.values) <= self.most


def main(
    reminders: Annotated[int, typer.Option(help="Reminders in the long list.")] = 5_000,
    rounds: Annotated[int, typer.Option(help="Measurements of each kind.")] = 7,
) -> None:
    """Measure, print, and exit with 1 if a promise is not kept."""
    chromium = os.environ.get("CHROMIUM", "/usr/bin/chromium")
    with started() as document, sync_playwright() as playwright:
        user = next(one for one in document["users"] if not one["admin"] and "nosync" not in one["username"])
        bearer = {"Authorization": f"Bearer {user['id_token']}"}
        with httpx.Client(base_url=document["command_center"], headers=bearer, timeout=60) as client:
            day = client.get("/api/me").raise_for_status().json()["today"]
            fill(client, [{"name": f"Call number {number}", "due": day} for number in range(DAY)])
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
            figures = cold_loads(browser, document["command_center"], user["name"], rounds)
            later = (datetime.fromisoformat(day).replace(tzinfo=UTC) + timedelta(days=30)).date().isoformat()
            fill(client, [{"name": f"Write to number {number}", "due": later} for number in range(reminders - DAY)])
            figures += keys(browser, document["command_center"], user["name"], reminders, rounds)
            browser.close()
    Console(width=110).print(table(figures))
    raise SystemExit(0 if all(figure.kept for figure in figures) else 1)


def fill(client: httpx.Client, wanted: Sequence[dict[str, str]]) -> None:
    """Create these reminders, many at once."""
    for start in range(0, len(wanted), BULK):
        items = [{"action": "create", "values": values} for values in wanted[start : start + BULK]]
        results = client.post("/api/reminders/bulk", json={"items": items}).raise_for_status().json()["results"]
        if refused := [result["error"] for result in results if result["error"]]:
            raise RuntimeError(f"not created: {refused[0]}")


@contextmanager
def signed_in(browser: Browser, address: str, name: str) -> Iterator[Page]:
    """Open the page as this user."""
    page = browser.new_page(base_url=address, viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    page.set_default_timeout(PATIENCE)
    page.add_init_script(LOADED)
    page.goto("/")
    page.get_by_role("button", name="Sign in with Salesforce").click()
    page.get_by_role("link", name=name, exact=True).click()
    page.locator(".row").first.wait_for()
    yield page
    page.close()


def cold_loads(browser: Browser, address: str, name: str, rounds: int) -> list[Figure]:
    """Load the page again and again with nothing cached."""
    kilobytes, milliseconds = [], []
    with signed_in(browser, address, name) as page:
        network = page.context.new_cdp_session(page)
        network.send("Network.enable")
        network.send("Network.setCacheDisabled", {"cacheDisabled": True})
        sizes: list[float] = []
        network.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
        for _ in range(rounds):
            sizes.clear()
            page.reload()
            milliseconds.append(page.evaluate(INTERACTIVE))
            kilobytes.append(sum(sizes) / 1024)
    return [
        Figure("cold load", "KB", kilobytes, MOST_KILOBYTES),
        Figure("until it takes keys", "ms", milliseconds, MOST_LOAD_MS),
    ]


def keys(browser: Browser, address: str, name: str, reminders: int, rounds: int) -> list[Figure]:
    """Press keys in a list of thousands; each kind does what it says, or this fails."""
    with signed_in(browser, address, name) as page:
        page.goto("/#/open")
        page.locator(f'.row[aria-setsize="{reminders}"]').first.wait_for()
        page.keyboard.press("ArrowDown")
        page.evaluate(KEYS)
        figures = [
            Figure("to the next row", "ms", pressed(page, ["ArrowDown"] * rounds, lambda: _here(page)), MOST_KEY_MS),
            Figure("complete one", "ms", pressed(page, ["c"] * rounds, lambda: _size(page)), MOST_KEY_MS),
            Figure("to the other end", "ms", pressed(page, ["End", "Home"] * rounds, lambda: _here(page)), MOST_KEY_MS),
            Figure("select, and not", "ms", pressed(page, ["x"] * rounds, lambda: _picked(page)), MOST_KEY_MS),
        ]
        page.keyboard.press("/")
        page.evaluate("window.keyTimes.length = 0")
        typed = pressed(page, list("number 4"), lambda: page.locator(".search input").input_value())
        return [*figures, Figure("search, by letter", "ms", typed, MOST_KEY_MS)]


def pressed(page: Page, sequence: Sequence[str], state: Callable[[], object]) -> list[float]:
    """Press each key, see that it did something, and tell how long each took."""
    page.evaluate("window.keyTimes.length = 0")
    for number, key in enumerate(sequence, start=1):
        before = state()
        page.keyboard.press(key)
        page.evaluate(PAINTED, number)
        if state() == before:
            raise RuntimeError(f"{key!r} changed nothing in the frame after it")
    times: list[float] = page.evaluate("window.keyTimes")
    return times


def _here(page: Page) -> object:
    return page.evaluate("document.querySelector('.row.is-here')?.getAttribute('aria-posinset')")


def _size(page: Page) -> object:
    return page.evaluate("document.querySelector('.row')?.getAttribute('aria-setsize')")


def _picked(page: Page) -> object:
    return page.evaluate("document.querySelectorAll('.row.is-picked').length")


def table(figures: Sequence[Figure]) -> Table:
    """Tell them."""
    shown = Table("", "median", "worst", "at most", "kept")
    for one in figures:
        middle, worst = statistics.median(one.values), max(one.values)
        shown.add_row(
            one.name,
            f"{middle:,.0f} {one.unit}",
            f"{worst:,.0f} {one.unit}",
            f"{one.most:,.0f} {one.unit}",
            "yes" if one.kept else "NO",
        )
    return shown


if __name__ == "__main__":
    typer.run(main)
