"""The rules: which test holds which, what is not built, and that nobody promises it. The checks are shown planted faults."""

from __future__ import annotations

import subprocess
import sys

import pytest

from infra.rules import ROOT, TABLE, Built, Rule, all_tests, cited, citing, faults, promised, rules

NAMES = [
    *(f"{letter}{number}" for letter, last in zip("SFMIOC", (6, 7, 11, 6, 6, 8), strict=True) for number in range(1, last + 1)),
    "Never",
]  # fmt: skip
HEAD = "| rule | in one line | built |\n|---|---|---|\n"
MISSING = "\n| rule | missing | words of a promise |\n|---|---|---|\n"


@pytest.fixture(scope="module")
def known() -> dict[str, Rule]:
    """The project's rules."""
    return rules(TABLE.read_text(encoding="utf-8"))


def test_every_rule_is_in_the_table(known: dict[str, Rule]) -> None:
    """A rule without a row would be nobody's."""
    assert list(known) == NAMES


def test_every_built_rule_is_held_and_no_test_cites_an_unknown_one(known: dict[str, Rule]) -> None:
    """What nothing holds is a claim only, and a misspelt number holds nothing."""
    assert list(faults(known, all_tests())) == []


def test_the_readme_promises_nothing_that_is_not_built(known: dict[str, Rule]) -> None:
    """People believe a README."""
    assert list(promised(known, (ROOT / "README.md").read_text(encoding="utf-8"))) == []


def test_every_missing_part_has_words_that_would_promise_it(known: dict[str, Rule]) -> None:
    """With none, the test above could not fail for that rule."""
    assert all(all(rule.promises) for rule in known.values() if rule.built is not Built.YES)


def test_the_command_prints_every_rule_with_its_tests() -> None:
    """The only way in which people ask."""
    told = subprocess.run(
        [sys.executable, "-m", "infra.rules"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )

    assert (told.returncode, told.stderr) == (0, "")
    assert [line.split()[0] for line in told.stdout.splitlines() if line and line[0] != " "][:-2] == NAMES
    assert (
        "test_the_webhook_may_only_send_hints_and_read_its_own_secret" not in told.stdout
    )  # cites I2 after its sentence
    assert told.stdout.count("test_every_item_says_its_schema") == 1


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("M2, M7", {"M2", "M7"}),
        ("O1–O3, M6", {"O1", "O2", "O3", "M6"}),
        ("F1 to F3 and I3", {"F1", "F2", "F3", "I3"}),
        ("Never two", {"Never"}),
        ("a nevertheless of SHA256 in XS1", set()),
    ],
)
def test_citations_are_read(text: str, names: set[str]) -> None:
    """Each way in which docstrings name rules, and what only looks like it."""
    assert cited(text) == names


@pytest.mark.parametrize(
    ("docstring", "holds"),
    [
        ("M2, M7: a tie goes to them.", {"M2", "M7"}),
        ("A tie goes to them (M2).", set()),
        ("A tie: M2.", set()),
        ("A tie.\n\nM2: more of it.", set()),
    ],
)
def test_only_what_stands_before_the_first_colon_holds(docstring: str, holds: set[str]) -> None:
    """A rule mentioned in passing is not what the test is for."""
    (test,) = citing(f'def test_tie():\n    """{docstring}"""\n', "test_x.py")

    assert test.holds == holds


def test_rule_without_tests_is_seen() -> None:
    """The check itself: built wholly or partly, it needs a test; not built, it needs none."""
    known = rules(
        f"{HEAD}| M1 | a | yes |\n| M2 | b | partly |\n| M3 | c | no |\n{MISSING}| M2 | d | e |\n| M3 | f | g |\n"
    )
    source = 'def test_all():\n    """M1: three values."""\n'

    assert list(faults(known, citing(source, "test_x.py"))) == ["M2 is said to be built (partly), and no test holds it"]
    assert len(list(faults(known, []))) == 2


def test_unknown_rule_is_seen() -> None:
    """The check itself: wherever in the docstring it stands, in a class too."""
    source = 'class TestIt:\n    def test_it(self):\n        """Reads twice (M12)."""\n'

    assert list(faults({}, citing(source, "test_x.py"))) == ["test_x.py: test_it cites M12, which is no rule"]


def test_promise_of_what_is_missing_is_seen() -> None:
    """The check itself: whole words, in any case of letters."""
    known = {"M9": Rule("M9", "", Built.NO, "the valve", ("valve", "mass delete"))}

    assert list(promised(known, "A Valve holds them.")) == ["“valve” promises what is missing of M9: the valve"]
    assert list(promised(known, "Valves and bulk.")) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"{HEAD}| M1 | a | yes |\n| M1 | b | yes |\n", "M1 has two rows"),
        (f"{HEAD}| M1 | a | no |\n", "unfinished: .'M1'."),
        (f"{HEAD}| M1 | a | yes |\n{MISSING}| M1 | b | c |\n", "unfinished: .'M1'."),
        (f"{HEAD}| M1 | a | soon |\n", "soon"),
    ],
)
def test_tables_that_contradict_each_other_are_refused(text: str, message: str) -> None:
    """Else the list of what is not built could go stale."""
    with pytest.raises(ValueError, match=message):
        rules(text)
