"""Deletes that the valve holds, on the page: an administrator sees whose, says yes or no, and is asked twice."""

from __future__ import annotations

import json

from fakes.on_the_page import open_as
from fakes.people import BO, Api
from playwright.sync_api import Page, Route, expect


def test_held_deletes_are_rejected_after_a_second_question(page: Page, api: Api) -> None:
    """M9, C4: what each answer does is told before it is done, and the whole group is decided, 200 at a time."""
    held = {
        "user": BO,
        "name": "Bo Berg",
        "side": "here",
        "count": 250,
        "since": "2026-11-22T08:00:00Z",
        "reminders": [],
    }
    groups = [held]
    asked: list[object] = []

    def listed(route: Route) -> None:
        route.fulfill(json={"groups": groups, "truncated": False})

    def decided(route: Route) -> None:
        asked.append(json.loads(route.request.post_data or ""))
        if len(asked) > 1:
            groups.clear()
        route.fulfill(json={"results": [{"id": "one", "status": 200}], "left": 50 if len(asked) == 1 else 0})

    page.route("**/api/held-deletes", listed)
    page.route("**/api/held-deletes/reject", decided)
    open_as(page, "Ada Admin")
    page.get_by_role("link", name="Diagnostics").click()
    group = page.get_by_role("region", name="Held deletes")
    expect(group).to_contain_text("250 deletes made here are held")
    group.get_by_role("button", name="Reject deletes").click()
    expect(group.get_by_role("alert")).to_contain_text("The reminders are restored here; the tasks stay.")
    assert asked == []
    group.get_by_role("button", name="Yes, keep").click()
    expect(group).to_have_count(0)
    assert asked == [{"group": {"user": BO, "side": "here"}}] * 2
