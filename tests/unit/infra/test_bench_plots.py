"""`make plots`: from a result of `make bench` the pictures that docs/measured shows, the same for the same figures."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest
from defusedxml import ElementTree

from infra.bench import built, idle, inbound, outbound
from infra.bench.measure import OURS, Report

DOCS = Path(__file__).parents[3] / "docs" / "measured"
NAMED = re.findall(r"\(([a-z]+\.svg)\)", (DOCS / "README.md").read_text(encoding="utf-8"))
RIVAL = "somebody & sons"
SIZES = (1_000, 10_000)

Draw = Callable[..., dict[str, str]]


@pytest.fixture
def draw(tmp_path: Path) -> Draw:
    """Draw reports; gives what each picture's file holds. Without matplotlib it is a loud skip, in CI an error."""
    if find_spec("matplotlib") is None:
        missing = "matplotlib is in a group of its own: uv run --group plots pytest …"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(missing)
    from infra.bench import plots  # noqa: PLC0415 - it may be missing

    def drawn(*reports: Report) -> dict[str, str]:
        results = [tmp_path / str(number) for number, _ in enumerate(reports)]
        for folder, report in zip(results, reports, strict=True):
            report.write(folder)
        plots.main([folder / "bench.json" for folder in results], tmp_path / "drawn")
        return {file.name: file.read_text(encoding="utf-8") for file in (tmp_path / "drawn").iterdir()}

    return drawn


def one() -> Report:
    """A report with something for one picture."""
    report = Report()
    for contender, number in ((OURS, 21), (RIVAL, 500)):
        report.figure(outbound.LINE, contender, 500, "API calls", number)
    return report


def whole() -> Report:
    """A report with something for every picture."""
    report = one()
    for size in SIZES:
        report.figure(inbound.LINE, OURS, size, inbound.UNIT, 4 * size, 5 * size, 6 * size)
        report.figure(inbound.LINE, RIVAL, size, inbound.UNIT, size)
        for kind in (idle.IDLE, idle.INBOUND, idle.OUTBOUND, idle.CREATE):
            for unit in ("read units", "write units"):
                report.figure(idle.LINE, f"{OURS}, {kind}", size, unit, 7)
    for contender, number in ((OURS, 21), (RIVAL, 500)):
        report.figure(built.LINE, contender, 1, built.WHOLE, number / 100)
    return report


def words(picture: str) -> set[str]:
    """What is written in a picture. Raises ParseError for what is no XML."""
    texts = ElementTree.fromstring(picture).iter("{http://www.w3.org/2000/svg}text")
    return {"".join(each.itertext()).strip() for each in texts}


def test_every_picture_of_the_docs_is_drawn_and_committed(draw: Draw) -> None:
    """A picture that the page names and the command does not draw would show old figures for ever."""
    pictures = draw(whole())

    assert sorted(pictures) == sorted(NAMED) == sorted(file.name for file in DOCS.glob("*.svg"))
    for name in ("inbound.svg", "outbound.svg", "cold.svg"):
        assert {OURS, RIVAL} <= words(pictures[name]), name
    assert "10,000 tasks changed in Salesforce: tasks a second" in words(pictures["inbound.svg"])
    assert "50,000" in words(pictures["inbound.svg"])  # the median, of the largest size
    assert f"{idle.CREATE}: write units" in words(pictures["growth.svg"])


def test_the_same_figures_give_the_same_bytes(draw: Draw) -> None:
    """Else every run would be a change to look at."""
    assert draw(one()) == draw(one())


def test_of_several_results_the_last_counts(draw: Draw) -> None:
    """A line that was measured again later replaces what was found before."""
    later = Report()
    later.figure(outbound.LINE, OURS, 500, "API calls", 19)

    seen = words(draw(one(), later)["outbound.svg"])

    assert {"19", "500"} <= seen
    assert "21" not in seen


def test_what_was_not_measured_is_not_drawn(draw: Draw) -> None:
    """An empty picture would pass for a figure of nothing; one bar is no comparison."""
    report = one()
    report.figure(inbound.LINE, OURS, 500, inbound.UNIT, 1)

    assert list(draw(report)) == ["outbound.svg"]


def test_a_result_is_read_as_it_is_written(tmp_path: Path) -> None:
    """The pictures are drawn of medians that the result carries."""
    whole().write(tmp_path)

    [ours] = [
        each
        for each in json.loads((tmp_path / "bench.json").read_text(encoding="utf-8"))["figures"]
        if (each["line"], each["contender"], each["size"]) == (inbound.LINE, OURS, 1_000)
    ]
    assert ours["median"] == 5_000
    assert ours["samples"] == [4_000, 5_000, 6_000]
