"""Every planted bug still fits the code; `make mutants` is where they are hunted."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from simulation import mutants


@pytest.mark.parametrize("patch", mutants.patches(()), ids=lambda patch: patch.stem)
def test_a_planted_bug_still_fits_the_code(patch: Path, tmp_path: Path) -> None:
    """M7, O1: a patch that no longer applies would leave its rule unproved, and nobody would notice before the next long run."""
    mutants.plant(patch, tmp_path)

    text = patch.read_text()
    assert re.match(r"(?:[A-Z]\d+|Never)(?:, (?:[A-Z]\d+|Never))*: ", text), "it begins with its rules"
    for name in re.findall(r"^\+\+\+ b/(\S+)", text, flags=re.MULTILINE):
        planted = (tmp_path / name).read_text()
        assert ast.dump(ast.parse(planted)) != ast.dump(ast.parse((mutants.ROOT / name).read_text()))


@pytest.mark.parametrize("name", ["deleted-list-is-not-followed", "last-write-wins-whole", "no-intent"])
def test_the_simulation_still_kills_planted_bugs(name: str) -> None:
    """M7, O1: an act or an invariant that went blind would leave every run green; `make mutants` hunts them all."""
    [patch] = mutants.patches([name])

    found = mutants.find_out(patch, seeds=8)

    assert found.fate is mutants.Fate.KILLED, found.words


def test_a_patch_that_no_longer_fits_is_told_of_by_name(tmp_path: Path) -> None:
    """M7: one stale patch must not keep the others from being hunted."""
    patch = tmp_path / "from-another-time.patch"
    patch.write_text(
        "O1: gone.\n\n--- a/functions/push.py\n+++ b/functions/push.py\n@@ -1,1 +1,1 @@\n-nobody wrote this\n+nor this\n"
    )

    found = mutants.find_out(patch, seeds=1)

    assert (found.name, found.fate) == ("from-another-time", mutants.Fate.STALE)
    assert "functions/push.py" in found.words
