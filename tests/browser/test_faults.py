"""The page's own tests would notice: each fault, planted in a copy of the page, makes the test that is about it fail, and for that reason."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import monotonic

import pytest
from browser import test_everywhere, test_work_list
from fakes.people import Api
from playwright.sync_api import Page, expect

from reminders import website

SOON, TIMES = 4_000, 8
"""Milliseconds that a test waits at least for what the fault keeps from coming; and so many times what opening the page takes here."""


@dataclass(frozen=True)
class Fault:
    """A line of the page made wrong, the test that must fail, and what it must say then."""

    name: str
    file: str
    right: str
    wrong: str
    story: Callable[[Page, Api], None]
    said: str


FAULTS = [
    Fault(
        "what was refused looks saved",
        "store/edits.js",
        "  putAll(ahead, over.map(({ id }) => [id, undefined]));\n",
        "",
        test_work_list.test_a_server_that_does_not_answer_is_told_and_forgiven,
        "Call Nina",
    ),
    Fault(
        "nothing looks again",
        "store/watch.js",
        "timer = setTimeout(look, pause);",
        ";",
        test_work_list.test_a_change_made_elsewhere_appears_without_reload,
        "Call Kim",
    ),
    Fault(
        "every Create has a key of its own",
        "views/composer.js",
        "await create(values, key)",
        "await create(values, crypto.randomUUID())",
        test_work_list.test_a_create_whose_answer_is_lost_makes_one_reminder,
        "'Once', 'Once'",
    ),
    Fault(
        "a search stays in its list",
        "store/search.js",
        "    else timer = setTimeout(look, PAUSE, wanted);\n",
        "",
        test_everywhere.test_what_was_found_elsewhere_is_worked_with_like_any_other,
        "Far away",
    ),
    Fault(
        "many edits are as many requests",
        "store/edits.js",
        "const MOST = 200;",
        "const MOST = 1;",
        test_everywhere.test_what_is_done_to_many_is_one_request_and_so_is_taking_it_back,
        "reminders/bulk",
    ),
    Fault(
        "a row that is drawn again takes back what one types",
        "views/rename.js",
        'maxlength="255" defaultValue=${item.name}',
        'maxlength="255" value=${item.name}',
        test_work_list.test_what_is_typed_over_a_name_stays_when_the_row_is_drawn_again,
        "Call Nina",
    ),
    Fault(
        "a row that moves lets go of what one types",
        "views/rename.js",
        "!elsewhere) input.focus();",
        "!elsewhere) end(true);",
        partial(
            test_work_list.test_one_types_on_when_the_row_moves, elsewhere={"priority": "High"}, moves="insertBefore"
        ),
        "Call Kim",
    ),
    Fault(
        "a row that moves to another day begins anew",
        "views/rename.js",
        "draft.text ?? input.value",
        "input.value",
        partial(
            test_work_list.test_one_types_on_when_the_row_moves, elsewhere={"due": "2026-11-23"}, moves="moveBefore"
        ),
        "Call Kim",
    ),
    Fault(
        "renamed over a name that nobody saw",
        "views/rename.js",
        "{ ...self.props.item, name: before, version }",
        "self.props.item",
        test_work_list.test_a_name_that_changed_while_one_typed_another_is_not_overwritten,
        "Name: Call Nina → Theirs",
    ),
    Fault(
        "a form that is drawn again takes back the day",
        "views/composer.js",
        "defaultValue=${dayHere()}",
        "value=${dayHere()}",
        test_work_list.test_what_was_chosen_for_a_new_one_stays_when_the_form_is_drawn_again,
        "2026-11-22",
    ),
]


@pytest.fixture
def planted(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Fault]:
    """Serve a copy of the page with the fault in it."""
    fault: Fault = request.param
    copy = tmp_path / "web"
    shutil.copytree(website.WEB, copy)
    text = (copy / fault.file).read_text()
    assert text.count(fault.right) == 1, "the line of the product has changed: plant the fault anew"
    (copy / fault.file).write_text(text.replace(fault.right, fault.wrong))
    monkeypatch.setattr(website, "WEB", copy)
    website.files.cache_clear()
    yield fault
    website.files.cache_clear()


@pytest.mark.parametrize("planted", FAULTS, indirect=True, ids=lambda fault: fault.name)
def test_a_planted_fault_is_noticed(planted: Fault, page: Page, api: Api) -> None:
    """C1, C5: a test that stays green with this line broken would promise nothing."""
    began = monotonic()
    page.goto("/")
    expect(page.get_by_role("button", name="Sign in with Salesforce")).to_be_visible()
    expect.set_options(timeout=max(SOON, TIMES * 1_000 * (monotonic() - began)))
    with pytest.raises(AssertionError) as noticed:
        planted.story(page, api)
    assert planted.said in str(noticed.value)
