"""`make mutation`: mutmut changes the pure core in every small way it knows, and the core's own tests must notice.

mutmut knows a package by its path below `src`, and ours lies below `functions`: so a copy is made in `.cache/mutation`, anew each time,
because mutmut keeps what it has found of a mutant even when the tests have changed since. What survives is listed with its change;
`tests/unit/core/survivors.md` says why it may.
Changes of the wording of a sentence are counted apart: tests hold what is told, not how.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
BUILD: Final = ROOT / ".cache" / "mutation"
MODULES: Final = ("fields", "mapping", "merge", "push_plan", "watermark", "writes")
"""Of `reminders.core`: the merge, the mapping, the watermark, and the plan of a push."""

SURVIVED: Final = 0
NOT_TRIED: Final = None
"""mutmut's own exit codes of a mutant."""

SETTINGS: Final = """\
[tool.pytest.ini_options]
pythonpath = [".", "tests"]
addopts = ["--import-mode=importlib", "-p", "no:cacheprovider"]

[tool.mutmut]
source_paths = ["src"]
only_mutate = [{modules}]
also_copy = ["infra"]
pytest_add_cli_args_test_selection = ["tests/unit/core"]
"""

TEXT: Final = re.compile(r'f?"[^"]*"')
REPLACEMENT: Final = re.compile(r"\{[^}]*\}")
"""What stands for a value in a text; it is no wording."""
WORDS: Final = re.compile(r"\b(text|reason|words)( ?= ?)(None|…|words|text)")


@dataclass(frozen=True, slots=True)
class Survivor:
    """A mutant that no test noticed, and what it changes: the lines before and after."""

    name: str
    before: tuple[str, ...]
    after: tuple[str, ...]

    @property
    def is_unreachable(self) -> bool:
        """Whether only the branch is changed that mypy proves no value gets to."""
        return any("unknown" in line for line in self.before)

    @property
    def is_wording(self) -> bool:
        """Whether only a sentence for people is changed, or left out."""
        return self._wordless(self.before) == self._wordless(self.after)

    @staticmethod
    def _wordless(lines: tuple[str, ...]) -> str:
        text = TEXT.sub(
            lambda found: "…" + "".join(REPLACEMENT.findall(found[0])) if " " in found[0] else found[0],
            " ".join(line.strip() for line in lines),
        )
        text = WORDS.sub("…", text)
        return re.sub(r"[\s,()…]|\bNone\b", "", text)


def prepare() -> None:
    """Make the copy."""
    shutil.rmtree(BUILD, ignore_errors=True)
    for source, target in (
        ("functions/reminders", "src/reminders"),
        ("tests/unit/core", "tests/unit/core"),
        ("infra", "infra"),
    ):
        shutil.copytree(ROOT / source, BUILD / target, ignore=shutil.ignore_patterns("__pycache__", "*.md"))
    for name in ("conftest.py", "factories.py"):
        shutil.copy2(ROOT / "tests" / name, BUILD / "tests" / name)
    modules = ", ".join(f'"src/reminders/core/{each}.py"' for each in MODULES)
    (BUILD / "pyproject.toml").write_text(SETTINGS.format(modules=modules))


def results() -> dict[str, int | None]:
    """Give what became of every mutant: mutmut's exit codes, by name."""
    found: dict[str, int | None] = {}
    for each in sorted((BUILD / "mutants/src/reminders/core").glob("*.py.meta")):
        found |= json.loads(each.read_text())["exit_code_by_key"]
    return found


def survivors(found: dict[str, int | None]) -> Iterator[Survivor]:
    """Give those that survived, with what mutmut shows of each."""
    from mutmut.mutation.diff_apply import get_diff_for_mutant  # noqa: PLC0415 -- reads its settings from the folder it is in

    for name, code in found.items():
        if code == SURVIVED:
            path = Path("src", *name.split(".")[:-1]).with_suffix(".py")
            lines = get_diff_for_mutant(name, path=path).splitlines()[2:]
            before, after = (tuple(line[1:] for line in lines if line[:1] == sign) for sign in "-+")
            yield Survivor(name, before, after)


def main() -> int:
    """Run, and tell what survived."""
    prepare()
    run = subprocess.run([Path(sys.executable).with_name("mutmut"), "run", *sys.argv[1:]], cwd=BUILD, check=False)
    os.chdir(BUILD)
    found = results()
    left = list(survivors(found))
    real = [each for each in left if not (each.is_wording or each.is_unreachable)]
    for each in real:
        print(
            each.name,
            *(f"  - {line.strip()}" for line in each.before),
            *(f"  + {line.strip()}" for line in each.after),
            sep="\n",
        )
    told = Counter("wording" if each.is_wording else "unreachable" for each in left if each not in real)
    tried = sum(code is not NOT_TRIED for code in found.values())
    print(
        f"{len(found)} mutants, {tried} tried, {tried - len(left)} killed; {len(left)} survived: {told['wording']} of the wording, "
        f"{told['unreachable']} where nothing gets to, {len(real)} others"
    )
    return run.returncode


if __name__ == "__main__":
    sys.exit(main())
