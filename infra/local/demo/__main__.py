"""`python -m infra.local.demo`: tell the story on a running stack."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Final

import httpx
import typer
from rich.console import Console

from infra.local.demo import day, deletes, owners, refusals, series, switch, valve
from infra.local.demo.story import PATIENCE, CutShort, Story
from infra.local.demo.team import gather

CHAPTERS: Final = (day, deletes, owners, series, switch, refusals, valve)
"""In the order of the story: the first turns on the sync that the others need."""


def main(
    stack: Annotated[Path, typer.Option(help="The file that `make run` writes.")] = Path(".local/stack.json"),
    patience: Annotated[
        float, typer.Option(min=0, help="Seconds until a step that does not hold is given up.")
    ] = PATIENCE,
    stop: Annotated[bool, typer.Option(help="End at the first step that is not seen.")] = False,  # noqa: FBT002 - a flag
) -> None:
    """Tell the story on a running stack. It moves the stack's clocks, so that no minute must be waited."""
    try:
        running = json.loads(stack.read_text())
    except FileNotFoundError:
        sys.exit(f"{stack} is not there: start the stack with `make run` first.")
    cut = ""
    with gather(running) as team:
        story = Story(team, patience, stop)
        try:
            for chapter in CHAPTERS:
                chapter.tell(story)
        except (CutShort, httpx.HTTPError) as reason:
            cut = f"; the story is cut short: {reason}"
    Console(width=120).print(story.table())
    failed = [step.name for step in story.seen if not step.held]
    if failed or cut:
        sys.exit(f"{len(failed)} of {len(story.seen)} steps did not hold: {'; '.join(failed)}{cut}")
    print(f"All {len(story.seen)} steps held.")


if __name__ == "__main__":
    typer.run(main)
