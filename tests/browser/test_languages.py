"""The page in the language of the user's Salesforce, with that language's dates."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fakes.on_the_page import be, make, names, refuse
from fakes.people import ADA, BO, NOW, Api
from playwright.sync_api import Page, expect

from reminders.core.reminder import Event, Field, Line, Record
from reminders.core.sayings import Said


@pytest.mark.parametrize(
    ("language", "lang", "heading", "day", "late", "done"),
    [
        ("sv", "sv", "I dag och i morgon", "söndag 22 november", "3 dagar sen", "Slutförd: Call Nina"),
        ("zh_CN", "zh-CN", "今天和明天", "11月22日星期日", "逾期 3 天", "已完成：Call Nina"),
        ("zh_TW", "en", "Today and tomorrow", "Sunday", "3 days late", "Completed: Call Nina"),
    ],
)
def test_it_speaks_as_the_users_salesforce_does(  # noqa: PLR0913, PLR0917 - what one sees, side by side
    page: Page, api: Api, language: str, lang: str, heading: str, day: str, late: str, done: str
) -> None:
    """C1, S5: words, dates and weekdays are the user's; a language that we lack is English rather than half of another."""
    api.org.directory[BO] = replace(api.org.directory[BO], language=language)
    make(api, "Call Nina")
    make(api, "Older", "2026-11-19")
    be(page, "Bo Berg")
    page.goto("/")
    expect(page.get_by_role("heading", name=heading, level=1)).to_be_visible()
    expect(page.locator(".head-title")).to_contain_text(day)
    expect(page.locator(".row-due").first).to_have_text(late)
    assert page.evaluate("document.documentElement.lang") == lang
    page.locator(".row", has_text="Call Nina").locator(".tick").click()
    expect(page.locator(".toast")).to_contain_text(done)
    expect(names(page)).to_have_text(["Older"])


def test_problems_and_settings_are_told_in_swedish(page: Page, api: Api) -> None:
    """C4, S1: what the server says of a problem, and the choice of the sync, are words of the language, too; values are not."""
    api.org.directory[BO] = replace(api.org.directory[BO], language="sv")
    refuse(api, make(api, "Call Nina"))
    be(page, "Bo Berg")
    page.goto("/#/diagnostics")
    cause = page.get_by_role("region", name="FIELD_CUSTOM_VALIDATION_EXCEPTION")
    expect(cause).to_contain_text("En valideringsregel i er organisation avvisar uppgiften")
    expect(cause).to_contain_text("Tryck sedan på Försök igen.")
    expect(cause).to_contain_text("No calls on Sundays")
    page.get_by_role("link", name="Inställningar").click()
    expect(page.get_by_role("radio", name="Synkronisera inte med Salesforce-uppgifter")).to_be_checked()
    page.get_by_role("radio", name="Synkronisera med Salesforce-uppgifter").check()
    page.get_by_role("button", name="Spara").click()
    expect(page.get_by_text("hämtar dina uppgifter från Salesforce")).to_be_visible()
    assert api.ledger.users([BO])[BO].syncs


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("sv", ["Ändrat på båda sidor: Prioritet; värdet i Salesforce behölls (Den senaste ändringen vinner).", "Lämnad vidare till Ada Admin", "Skapad här"]),
        ("zh_CN", ["双方都修改了：优先级；保留了 Salesforce 的值（以较晚的编辑为准）。", "已转交给 Ada Admin", "在此处创建"]),
        ("en_US", ["Changed on both sides: Priority; Salesforce's value was kept (The later edit wins).", "Handed on to Ada Admin", "Created here"]),
    ],
)  # fmt: skip
def test_what_happened_is_told_in_the_readers_language(page: Page, api: Api, language: str, told: list[str]) -> None:
    """C2: sentence, fields, policy and owners by name; a line that was stored before sentences were kept apart stays as it is."""
    api.org.directory[BO] = replace(api.org.directory[BO], language=language)
    reminder_id = make(api, "Call Nina")
    reminder = api.ledger.reminders([reminder_id])[reminder_id]
    conflict = {"field": "priority", "policy": "latest"}
    lines = (
        Line(at=NOW, event=Event.EDITED, rule="C1", text="Edited here: {due}, of old."),
        Line(at=NOW, event=Event.HANDED_OVER, rule="F6", text=Said.HANDED_ON, values={"owner": ADA}),
        Line(at=NOW, event=Event.CONFLICT, rule="M2", text=Said.THEIRS_KEPT, values=conflict, field=Field.PRIORITY),
    )
    assert api.ledger.save([Record(reminder=reminder, lines=lines)]) != [None]
    be(page, "Bo Berg")
    page.goto(f"/#/today/{reminder_id}")
    line = page.locator(".line > p:first-child")
    expect(line).to_have_count(4)
    for shown, wanted in zip(("0", "1", "3"), told, strict=True):
        expect(line.nth(int(shown))).to_contain_text(wanted)
    expect(line.nth(2)).to_have_text("Edited here: {due}, of old.")


def test_a_refusal_is_explained_on_the_reminder_in_the_readers_language(page: Page, api: Api) -> None:
    """C4: what it means and what to do, in Swedish; beside it, as a quotation, what Salesforce said."""
    api.org.directory[BO] = replace(api.org.directory[BO], language="sv")
    reminder_id = make(api, "Call Nina")
    refuse(api, reminder_id)
    be(page, "Bo Berg")
    page.goto(f"/#/today/{reminder_id}")
    box = page.locator(".sync-box")
    expect(box).to_contain_text("En valideringsregel i er organisation avvisar uppgiften")
    expect(box).to_contain_text("Vad du kan göra:")
    expect(box).to_contain_text("Salesforce svarade: No calls on Sundays")
