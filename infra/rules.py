"""`make rules`: every rule of the specification, and the tests that hold it.

The rules are the table of docs/rules.md. A test holds a rule when the first line of its docstring cites it before the first colon. A
rule that is built, wholly or partly, without a test is an error, and so is a number that names no rule.
"""

from __future__ import annotations

import ast
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
TABLE: Final = ROOT / "docs" / "rules.md"

_NUMBER: Final = r"[SFMIOC]\d+"
_RANGE: Final = re.compile(rf"\b({_NUMBER})(?:–|-| to )({_NUMBER})\b")
_RULE: Final = re.compile(rf"\b(?:{_NUMBER}|Never)\b")


class Built(StrEnum):
    """How far a rule is built."""

    YES = "yes"
    PARTLY = "partly"
    NO = "no"


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the table; of a rule that is not wholly built also what is missing, and the words that would promise it."""

    name: str
    words: str
    built: Built
    missing: str = ""
    promises: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CitingTest:
    """A test and the rules that it cites: those it holds, and every one that it mentions."""

    file: str
    name: str
    holds: frozenset[str]
    mentions: frozenset[str]


def rules(text: str) -> dict[str, Rule]:
    """Read both tables of docs/rules.md, by rule. Raises ValueError on a row that contradicts another."""
    found: dict[str, Rule] = {}
    missing: dict[str, tuple[str, tuple[str, ...]]] = {}
    for head, name, second, third in _rows(text):
        table: Mapping[str, object] = found if head == "built" else missing
        if name in table:
            raise ValueError(f"{name} has two rows")
        if head == "built":
            found[name] = Rule(name, second, Built(third))
        else:
            missing[name] = second, tuple(word.strip() for word in third.split(","))
    unfinished = {name for name, rule in found.items() if rule.built is not Built.YES}
    if unfinished != set(missing):
        raise ValueError(f"only one of the two tables calls these unfinished: {sorted(unfinished ^ set(missing))}")
    return {
        name: Rule(name, rule.words, rule.built, *missing[name]) if name in missing else rule
        for name, rule in found.items()
    }


def _rows(text: str) -> Iterator[tuple[str, str, str, str]]:
    """The rows of all tables of three columns, each after the title of its table's last column."""
    head = ""
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not line.startswith("|"):
            head = ""
        elif not head:
            head = cells[-1]
        elif set(line) - set("|-"):
            name, second, third = cells
            yield head, name, second, third


def cited(text: str) -> frozenset[str]:
    """The rules named in a text; `F1 to F3` and `F1–F3` name all three."""
    spans = [
        {f"{first[0]}{number}" for number in range(int(first[1:]), int(last[1:]) + 1)}
        for first, last in _RANGE.findall(text)
    ]
    return frozenset(_RULE.findall(text)).union(*spans)


def citing(source: str, file: str) -> Iterator[CitingTest]:
    """The tests of one file, by their docstrings."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test"):
            told = ast.get_docstring(node) or ""
            head, colon, _ = told.partition("\n")[0].partition(":")
            mentions = cited(told) - {"Never"}  # elsewhere it is a word like any other
            yield CitingTest(file, node.name, cited(head) if colon else frozenset(), mentions)


def all_tests(root: Path = ROOT) -> list[CitingTest]:
    """Every test of the project, in the order of files and lines."""
    return [
        test
        for file in sorted((root / "tests").rglob("test_*.py"))
        for test in citing(file.read_text(encoding="utf-8"), str(file.relative_to(root)))
    ]


def faults(known: Mapping[str, Rule], tests: Iterable[CitingTest]) -> Iterator[str]:
    """Tell what is wrong: a rule that nothing holds, a number that names no rule."""
    held: set[str] = set()
    for test in tests:
        held |= test.holds
        for name in sorted(test.mentions - set(known)):
            yield f"{test.file}: {test.name} cites {name}, which is no rule"
    for rule in known.values():
        if rule.built is not Built.NO and rule.name not in held:
            yield f"{rule.name} is said to be built ({rule.built}), and no test holds it"


def promised(known: Mapping[str, Rule], text: str) -> Iterator[str]:
    """Tell which words of a text promise what is not built yet."""
    for rule in known.values():
        for words in rule.promises:
            if re.search(rf"\b{re.escape(words)}\b", text, re.IGNORECASE):
                yield f"“{words}” promises what is missing of {rule.name}: {rule.missing}"


def main() -> None:
    """Print every rule with its tests; exit with 1 if something is wrong."""
    known = rules(TABLE.read_text(encoding="utf-8"))
    tests = all_tests()
    for rule in known.values():
        holding: dict[str, list[str]] = defaultdict(list)
        for test in tests:
            if rule.name in test.holds:
                holding[test.file].append(test.name)
        print(f"\n{rule.name:5} {rule.words}")
        if rule.missing:
            print(f"      not built yet: {rule.missing}")
        for file, names in holding.items():
            print(f"      {file}")
            for name in names:
                print(f"        {name}")
    count = {built: sum(rule.built is built for rule in known.values()) for built in Built}
    holding_any = sum(bool(test.holds) for test in tests)
    print(f"\n{len(known)} rules; built: " + ", ".join(f"{built} {number}" for built, number in count.items()) + ".")
    print(f"{holding_any} of {len(tests)} tests hold one.")
    if wrong := list(faults(known, tests)):
        sys.exit("\n".join(["", *wrong]))


if __name__ == "__main__":
    main()
