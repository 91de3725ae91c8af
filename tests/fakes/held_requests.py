"""Requests of the page that wait until the test lets them go: what one sees while an answer is on its way."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, Route


def hold(page: Page, pattern: str) -> Callable[[], None]:
    """Hold the page's requests to these addresses; the function given lets them go, and every later one pass."""
    held: list[Route] = []
    released: list[bool] = []

    def meet(route: Route) -> None:
        if released:
            route.continue_()
        else:
            held.append(route)

    def release() -> None:
        released.append(True)
        for route in held:
            route.continue_()

    page.route(pattern, meet)
    return release
