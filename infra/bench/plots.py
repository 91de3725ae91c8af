"""`make plots`: draw what `make bench` found into docs/measured, as SVG that is small and the same for the same figures."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import matplotlib as mpl
import typer
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.ticker import ScalarFormatter

from infra.bench import built, idle, inbound, outbound
from infra.bench.measure import OURS

OURS_COLOUR, OTHERS_COLOUR, LIMIT_COLOUR = "#0b6e4f", "#9aa5b1", "#d9c7a3"
WIDTH: Final = 7.5
"""Inches."""
THOUSAND: Final = 1000

Figure = Mapping[str, Any]
"""One of a result's figures: `measure.Figure` with its median."""


def main(
    results: Annotated[list[Path], typer.Argument(help="Results of runs; of the same figure the last one counts.")],
    folder: Annotated[Path, typer.Option(help="Where the pictures go.")] = Path("docs/measured"),
) -> None:
    """Draw every picture for which there are figures."""
    mpl.rcParams.update(
        {"svg.fonttype": "none", "svg.hashsalt": "reminder-sync", "font.size": 9, "font.family": "sans-serif"}
    )
    found: dict[tuple[object, ...], Figure] = {}
    for result in results:
        for each in json.loads(result.read_text(encoding="utf-8"))["figures"]:
            found[each["line"], each["contender"], each["size"], each["unit"]] = each
    figures = list(found.values())
    folder.mkdir(parents=True, exist_ok=True)
    for name, draw in PICTURES.items():
        picture, axes = plt.subplots(figsize=(WIDTH, 1), layout="constrained")
        if rows := draw(figures, axes):
            picture.set_figheight(0.9 + 0.27 * rows)
            for side in ("top", "right"):
                axes.spines[side].set_visible(False)
            picture.savefig(folder / f"{name}.svg", metadata={"Date": None, "Creator": None})
            print(folder / f"{name}.svg")
        plt.close(picture)


def _of(figures: Sequence[Figure], line: str, unit: str) -> list[Figure]:
    """Give the figures of a line in a unit, of the largest size that has several contenders."""
    found = [each for each in figures if each["line"] == line and each["unit"] == unit]
    sizes = [each["size"] for each in found]
    several = [size for size in sizes if sizes.count(size) > 1]
    return [each for each in found if several and each["size"] == max(several)]


def _bars(axes: Axes, figures: Sequence[Figure], title: str, *, log: bool = True) -> int:
    """Draw a bar for each, its least and most beside it; gives how many."""
    ordered = sorted(figures, key=lambda each: float(each["median"]))
    for row, each in enumerate(ordered):
        name, median = str(each["contender"]), float(each["median"])
        colour = OURS_COLOUR if name.startswith(OURS) else LIMIT_COLOUR if name.startswith("limit") else OTHERS_COLOUR
        least, most = min(each["samples"]), max(each["samples"])
        span = [[median - least], [most - median]] if most > least else None
        axes.barh(row, median, color=colour, xerr=span, error_kw={"lw": 0.8})
        shown = f"{median:,.0f}" if median >= THOUSAND else f"{median:.3g}"
        axes.annotate(f" {shown}", (most, row), va="center", fontsize=8)
    axes.set_yticks(range(len(ordered)), [str(each["contender"]) for each in ordered])
    if log and ordered:
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(ScalarFormatter())
    axes.margins(x=0.15)
    axes.set_xlim(left=1 if log else 0)
    axes.set_title(title, loc="left", fontsize=9)
    return len(ordered)


def _inbound(figures: Sequence[Figure], axes: Axes) -> int:
    found = _of(figures, inbound.LINE, inbound.UNIT)
    return _bars(axes, found, f"{found[0]['size']:,} tasks changed in Salesforce: tasks a second" if found else "")


def _outbound(figures: Sequence[Figure], axes: Axes) -> int:
    found = _of(figures, outbound.LINE, "API calls")
    return _bars(axes, found, f"{found[0]['size']:,} reminders edited here: API calls" if found else "")


def _cold(figures: Sequence[Figure], axes: Axes) -> int:
    title = "Cold start of the built functions: processor seconds until the first answer"
    return _bars(axes, _of(figures, built.LINE, built.WHOLE), title, log=False)


def _growth(figures: Sequence[Figure], axes: Axes) -> int:
    """Draw units against what is stored."""
    kinds = (idle.IDLE, idle.INBOUND, idle.OUTBOUND, idle.CREATE)
    for kind in kinds:
        for unit, style in (("read units", "--"), ("write units", "-")):
            points = sorted(
                (each["size"], each["median"])
                for each in figures
                if each["line"] == idle.LINE and each["contender"] == f"{OURS}, {kind}" and each["unit"] == unit
            )
            if not points:
                return 0
            axes.plot(*zip(*points, strict=True), style, marker="o", markersize=3, label=f"{kind}: {unit}")
    axes.set_xscale("log")
    axes.set_ylim(bottom=0)
    axes.set_xlabel("reminders stored")
    axes.set_title("What a poll and a change cost in DynamoDB units", loc="left", fontsize=9)
    axes.legend(fontsize=7, loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    return 2 * len(kinds)


PICTURES: Final[Mapping[str, Callable[[Sequence[Figure], Axes], int]]] = {
    "inbound": _inbound,
    "outbound": _outbound,
    "growth": _growth,
    "cold": _cold,
}
"""By name of the file. Each draws on axes, and gives how many rows that took; 0: nothing is known of it."""


if __name__ == "__main__":
    typer.run(main)
