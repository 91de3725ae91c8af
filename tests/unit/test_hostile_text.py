"""Text in every script: refused nowhere, changed nowhere, from the API to Salesforce and back."""

from __future__ import annotations

import pytest
from fakes.people import Api
from stage import Stage

from reminders.core.subject import MAX_SUBJECT, length

TEXTS = {
    "emoji": "Call 👩‍👩‍👧‍👦 about 🏳️‍🌈, 👍🏽",
    "right to left": "להתקשר אל נינה על החידוש",
    "both directions": "Ring \u2067نينا\u2069 (Nina) 24/7",
    "overridden direction": "invoice\u202egpj.exe\u202c",
    "combining": "Zalgo: e\u0301\u0323\u0308 A\u030a n\u0303",
    "composed and decomposed": "Å \u212b A\u030a ﬁ ① Ⅷ",
    "beyond the first plane": "𝒜𝓁𝒾𝒸𝑒 𠜎𠜱 \U0010fffd",
    "zero width": "a\u200bb\u200dc\u2060d\ufeffe",
    "markup": "<script>alert('1')</script> &amp; <b>\"x\"</b> %3Cb%3E",
    "SOQL": "x' OR Name LIKE '%' -- \\' \\",
    "template": "{{activity_subject}} ${x} #{x} %s {0}",
    "formula": '=HYPERLINK("http://x")',
    "no-break spaces": "10\u00a0000\u202fkr",
    "Turkish": "İstanbul ıI iİ ẞß",
}


@pytest.mark.parametrize("name", TEXTS)
def test_text_survives_the_way_there_and_back(name: str) -> None:
    """F1, F5: what was typed is what everybody reads, on both sides, and no merge takes it for a change."""
    text = TEXTS[name]
    stage = Stage()
    stage.sync(stage.anna)
    api = Api(ledger=stage.ledger, clock=stage.clock)
    values = {"name": text, "details": f"{text}\n\n{text}", "campaign_name": text}
    made = api("POST", "/api/reminders", values, by=stage.anna)
    assert made.status == 201, made.body
    stage.settle()

    [task] = stage.tasks()
    assert (task.subject, task.description) == (text, f"{text}\n\n{text}")
    writes = stage.ledger.writes
    stage.settle()
    assert stage.ledger.writes == writes

    stage.org.update_task(stage.anna, task.id, Description=f"there: {text}")
    stage.settle()
    read = api("GET", f"/api/reminders/{made.json['id']}", by=stage.anna).json
    assert (read["name"], read["details"], read["campaign_name"]) == (text, f"there: {text}", text)
    assert (read["sync_state"], read["excerpt"]) == ("synced", f"there: {text}")


@pytest.mark.parametrize("character", ["👍", "ש", "e\u0301", "𠜎"])
def test_the_longest_name_is_not_cut_in_the_middle_of_a_character(character: str) -> None:
    """F1: at the limit everything arrives; one more is refused here, and never cut by Salesforce."""
    stage = Stage()
    stage.sync(stage.anna)
    api = Api(ledger=stage.ledger, clock=stage.clock)
    longest = character * (MAX_SUBJECT // length(character))
    assert api("POST", "/api/reminders", {"name": longest}, by=stage.anna).status == 201
    assert api("POST", "/api/reminders", {"name": longest + character}, by=stage.anna).status == 422
    stage.settle()
    assert [task.subject for task in stage.tasks()] == [longest]
