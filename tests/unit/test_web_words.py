"""The page's languages: every word in each, none too many, none written where no language reaches it."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from inspect import getsource
from pathlib import Path

import pytest

from reminders.api.schemas import _REASONS
from reminders.core.first_meeting import importable
from reminders.core.remedies import REMEDIES
from reminders.core.sayings import Said
from reminders.services.preview import HERE_ALREADY

FUNCTIONS = Path(__file__).parents[2] / "functions"
WEB = FUNCTIONS / "web"
LANGUAGES = ("sv", "zh-CN")
PLACE = re.compile(r"\{\w+\}")
UNSAID = {"person_data.py", "people_data.py", "search.py"}
"""What these refuse, the page never asks."""

TECHNICAL = {
    *("GET", "POST", "PUT", "PATCH", "DELETE", "UTC", "{when}"),
    *("Authorization", "Content-Type", "X-Reminder-Sync", "ETag", "If-Match", "If-None-Match", "Idempotency-Key"),
    *("Enter", "Escape", "Esc", "ArrowUp", "ArrowDown", "Shift+ArrowUp", "Shift+ArrowDown", "Ctrl+a", "Ctrl+z"),
    *("N", "C", "E", "D", "T", "M", "P", "X", "U", "Ctrl A", "Shift ↑ ↓"),
    *("Custom", "TASK_NOT_VISIBLE"),
}
"""Words of programs: methods, headers, keys, values of the API."""

TEXT = re.compile(r'"((?:[^"\\\n]|\\.)*)"')
SAID = re.compile(r'\bt\(\s*"([^"]*)"')
CODE = re.compile(
    r'//[^\n]*|/\*.*?\*/|"(?:[^"\\\n]|\\.)*"|(?<=[(,= ])/[^/*\s](?:[^/\\\n\[]|\\.|\[[^\]\n]*\])*/|`|[{}]', re.DOTALL
)
INSIDE = re.compile(r"\\.|`|\$\{", re.DOTALL)
"""What a scanner must know of JavaScript here: comments, texts, expressions, templates, braces; and inside a template."""


def words(language: str) -> dict[str, str]:
    """Read a language's file, which is JSON in the form of a module."""
    text = (WEB / f"words/{language}.js").read_text()
    found: dict[str, str] = json.loads(text.partition("export default ")[2].replace(",\n};", "\n}"))
    return found


def modules() -> Iterator[tuple[str, str]]:
    """Give name and text of every module of ours."""
    for file in sorted(WEB.rglob("*.js")):
        if file.parent.name not in {"vendor", "words"}:
            yield file.relative_to(WEB).as_posix(), file.read_text()


def templates(code: str) -> Iterator[str]:
    """Give the text of every html`…`, each value in it as one NUL."""
    opened: list[
        tuple[bool, list[str]] | None
    ] = []  # for each ` whether it is html and its pieces, for each { of code None
    at = 0
    while True:
        here = opened[-1] if opened else None
        part = (CODE if here is None else INSIDE).search(code, at)
        if part is None:
            break
        piece, token, at = code[at : part.start()], part[0], part.end()
        if here is not None:
            here[1].append(piece)
            if token == "${":
                here[1].append("\0")
                opened.append(None)
            elif token == "`":
                opened.pop()
                if here[0]:
                    yield "".join(here[1])
        elif token == "`":
            opened.append((piece.endswith("html"), []))
        elif token == "{":
            opened.append(None)
        elif token == "}":
            opened.pop()
    assert opened == []


def said_by_the_page() -> set[str]:
    """Collect what the page may say: what `t` and `many` are given, and every text that begins like a sentence."""
    found: set[str] = set()
    for _, code in modules():
        found |= set(SAID.findall(code))
        plain = re.sub(r"^\s*(?://|/?\*).*$|\s// .*$", "", code, flags=re.MULTILINE)
        found |= {match[1] for match in TEXT.finditer(plain) if re.match(r"[A-Z{]", match[1])}
    return found - TECHNICAL


def said_by_the_server() -> set[str]:
    """Collect what the API says in fixed words: meanings, remedies, reasons, refusals, sentences of the history."""
    found = set(map(str, Said))
    found |= {text for each in REMEDIES.values() for text in (each.meaning, each.remedy)}
    found |= {reason for reason in _REASONS.values() if reason}
    found |= {HERE_ALREADY, *re.findall(r'return "([^"]+)"', getsource(importable))}
    for file in [*(FUNCTIONS / "reminders/services").glob("*.py"), *(FUNCTIONS / "reminders/core").glob("*.py")]:
        if file.name in UNSAID:
            continue
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in {"ApiError", "Refused"}:
                found |= {each.value for each in node.args if isinstance(each, ast.Constant) and " " in str(each.value)}  # type: ignore[misc]  # a constant with a blank is a text
    app = (FUNCTIONS / "reminders/api/app.py").read_text()
    return found | {text for text in words("sv") if f'"{text}"' in app}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_every_word_and_none_too_many(language: str) -> None:
    """C1: a missing word stands in English in the middle of a Swedish page; one too many is dead."""
    wanted = said_by_the_page() | said_by_the_server()
    there = set(words(language))
    assert sorted(wanted - there) == []
    assert sorted(there - wanted) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_translation_loses_a_value(language: str) -> None:
    """C1: "{name}" left out, or misspelt, would drop the name that the sentence is about."""
    for text, said in words(language).items():
        assert sorted(PLACE.findall(said)) == sorted(PLACE.findall(text)), text
        assert said.strip(), text


def test_no_view_holds_a_word_that_no_language_reaches() -> None:
    """C1: what stands in a template as it is, or in a label, is English for everybody."""
    literal = []
    count = 0
    for name, code in modules():
        for template in templates(code):
            count += 1
            bare = re.sub(r"<kbd>[^<]*</kbd>", "", template)
            shown = re.sub(r"<[^>]*>", "", bare)
            labels = re.findall(r'(?:aria-label|aria-valuetext|title|placeholder|alt|label)="([^"]*)"', bare)
            literal += [(name, text.strip()) for text in (shown, *labels) if re.search(r"[A-Za-z]", text)]
    assert count > 100
    assert literal == []


def test_every_language_that_is_offered_has_its_words() -> None:
    """C1: a language without its file would keep its users from signing in at all."""
    [offered] = re.findall(r"^const FILES = \{(.*)\};$", (WEB / "lib/words.js").read_text(), re.MULTILINE)
    assert set(re.findall(r': "([^"]+)"', offered)) == set(LANGUAGES)
    for name in LANGUAGES:
        assert (WEB / f"words/{name}.js").is_file()


def test_every_name_in_a_sentence_of_the_history_is_one_that_the_page_knows() -> None:
    """C2: a name that is neither shown as it is nor translated would put our own field names and ids in front of people."""
    shown = set(re.findall(r"^  (\w+): \(", (WEB / "views/history.js").read_text(), re.MULTILINE))
    as_it_is = {"code", "message", "old", "by", "people", "reminder", "task"}
    assert {name[1:-1] for text in Said for name in PLACE.findall(text)} == shown | as_it_is
