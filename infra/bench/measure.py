"""Samples, promises, and what is printed of them: one JSON document with everything raw, one Markdown table for people.

Contenders are run by turns, so that what disturbs the machine disturbs all of them; what is told is the median, and the span from the
least to the most beside it. Ratios are of medians of one run.
"""

from __future__ import annotations

import json
import platform
import statistics
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

OURS: Final = "Reminder Sync"
PACKAGES: Final = ("boto3", "botocore", "pynamodb", "requests", "simple-salesforce")


@dataclass
class Figure:
    """What was measured of one contender: `samples` in `unit`, for `size` (tasks, edits, senders, …)."""

    line: str
    contender: str
    size: int
    unit: str
    samples: list[float] = field(default_factory=list)
    note: str = ""

    @property
    def median(self) -> float:
        """The middle sample."""
        return statistics.median(self.samples)


@dataclass(frozen=True)
class Promise:
    """A promise and what was found. `counted`: it is about counts, so it fails the run; what is about time is only told."""

    line: str
    words: str
    found: float
    kept: bool
    counted: bool


@dataclass
class Report:
    """Everything of one run. `absent`: contenders that could not be had, and why. `remarks`: what bounds a promise."""

    figures: list[Figure] = field(default_factory=list)
    promises: list[Promise] = field(default_factory=list)
    absent: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)

    def figure(self, line: str, contender: str, size: int, unit: str, *samples: float, note: str = "") -> Figure:
        """Add samples to a contender's figure, which is made when there is none."""
        for known in self.figures:
            if (known.line, known.contender, known.size, known.unit) == (line, contender, size, unit):
                known.samples += samples
                return known
        self.figures.append(Figure(line, contender, size, unit, list(samples), note))
        return self.figures[-1]

    def median(self, line: str, contender: str, size: int, unit: str) -> float | None:
        """A contender's median; None if it was not there."""
        for known in self.figures:
            if (known.line, known.contender, known.size, known.unit) == (line, contender, size, unit):
                return known.median if known.samples else None
        return None

    def most(self, line: str, words: str, found: float, limit: float, *, counted: bool = True) -> None:
        """Promise that it is at most that."""
        self.promises.append(Promise(line, f"{words}: at most {limit:g}", found, found <= limit, counted))

    def least(self, line: str, words: str, found: float, limit: float, *, counted: bool = False) -> None:
        """Promise that it is at least that."""
        self.promises.append(Promise(line, f"{words}: at least {limit:g}", found, found >= limit, counted))

    @property
    def broken(self) -> list[Promise]:
        """Promises about counts that are not kept."""
        return [each for each in self.promises if each.counted and not each.kept]

    def document(self) -> dict[str, Any]:
        """Everything, for a program."""
        return {
            "commit": commit(),
            "python": platform.python_version(),
            "processors": _processors(),
            "versions": {name: version(name) for name in PACKAGES},
            "figures": [asdict(each) | {"median": each.median} for each in self.figures if each.samples],
            "promises": [asdict(each) for each in self.promises],
            "remarks": self.remarks,
            "absent": self.absent,
            "seconds": self.seconds,
        }

    def markdown(self) -> str:
        """Tables for people: figures by line, then promises, then who was absent."""
        parts = [f"Measured at {commit()}, Python {platform.python_version()}, {_processors()} processors."]
        for line in dict.fromkeys(each.line for each in self.figures):
            figures = [each for each in self.figures if each.line == line and each.samples]
            rows = [_row(each, self.median(line, OURS, each.size, each.unit)) for each in figures]
            head = "| size | who | median | least to most | unit | ours, times that | samples |\n|--:|---|--:|--:|---|--:|--:|"
            parts.append("\n".join([f"### {line}\n", head, *rows]))
        promised = [
            f"| {each.line} | {each.words} | {each.found:.4g} | {'kept' if each.kept else '**not reached**'} |"
            for each in self.promises
        ]
        parts.append("\n".join(["### Promises\n", "| line | promise | found | |\n|---|---|--:|---|", *promised]))
        parts += self.remarks
        parts += [f"Not there: {name}, because {why}" for name, why in self.absent.items()]
        return "\n\n".join(parts) + "\n"

    def write(self, folder: Path) -> None:
        """Write `bench.json` and `bench.md`."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "bench.json").write_text(json.dumps(self.document(), indent=1) + "\n", encoding="utf-8")
        (folder / "bench.md").write_text(self.markdown(), encoding="utf-8")


def by_turns(
    rounds: int,
    contenders: Mapping[str, Callable[[], float]],
    *,
    round_: Callable[[], object] = bool,
    turn: Callable[[], object] = bool,
) -> dict[str, list[float]]:
    """Run every contender once a round, another one first each time, from there backwards every other time; gives each one's samples.

    So nobody always comes right after the same one, whose garbage it would clear away. `round_` prepares a round, `turn` each turn;
    neither is measured.
    """
    samples: dict[str, list[float]] = {name: [] for name in contenders}
    names = list(contenders)
    for number in range(rounds):
        round_()
        at = number % len(names)
        first, *others = names[at:] + names[:at]
        for name in [first, *(reversed(others) if number % 2 else others)]:
            turn()
            samples[name].append(contenders[name]())
    return samples


def commit() -> str:
    """Which commit this is, and whether files differ from it."""
    command = ["git", "describe", "--always", "--dirty"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


def percentile(samples: Sequence[float], part: float) -> float:
    """Give the sample below which this part of all lies (nearest rank)."""
    ordered = sorted(samples)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


def _row(figure: Figure, ours: float | None) -> str:
    ratio = f"{ours / figure.median:.2f}" if ours is not None and figure.contender != OURS and figure.median else ""
    spread = f"{min(figure.samples):.4g} to {max(figure.samples):.4g}"
    name = f"{figure.contender} ({figure.note})" if figure.note else figure.contender
    return (
        f"| {figure.size} | {name} | {figure.median:.4g} | {spread} | {figure.unit} | {ratio} | {len(figure.samples)} |"
    )


def _processors() -> int:
    import os  # noqa: PLC0415 - asked here alone

    return os.cpu_count() or 1
