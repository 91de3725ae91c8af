"""`make bench`: what a sync costs in calls, units, money and time, beside what people use today and what the platform allows."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.markdown import Markdown

from infra.bench import built, cold, idle, inbound, money, outbound, webhook
from infra.bench.measure import Report
from infra.bench.rivals import Peers
from infra.bench.stage import running_org, use_dynamodb
from infra.local import dynamodb

LINES: Final = ("inbound", "outbound", "webhook", "idle", "cold", "built")


@dataclass(frozen=True)
class Run:
    """One run of the command.

    `place` is a folder for its files, `folder` where results are kept; `engine` is DynamoDB Local's address, empty without one.
    """

    report: Report
    peers: Peers
    quick: bool
    rounds: int
    sizes: Sequence[int]
    place: Path
    folder: Path
    engine: str

    def keep(self) -> None:
        """Write what is known by now: the whole takes hours, and its end may never come."""
        self.report.absent |= self.peers.absent
        self.report.write(self.folder)

    def line(self, name: str) -> None:
        """Measure one line."""
        report, rounds = self.report, self.rounds
        match name:
            case "inbound":
                with running_org() as org:
                    org.create(min(max(self.sizes), 10_000))
                    inbound.counts(report, org, tuple(each for each in self.sizes if each <= len(org.tasks)))
                for size in self.sizes[-1:] if self.quick else self.sizes:
                    inbound.race(report, size, rounds, self.place, self.peers, dynamodb=bool(self.engine))
                    self.keep()
            case "outbound":
                with running_org() as org:
                    org.create(500)
                    outbound.counts(report, org, 500, 400)
                outbound.race(report, 100 if self.quick else 500, rounds, self.place, self.peers)
            case "idle" if self.engine:
                money.tell(report, idle.counts(report, (100, 1_000) if self.quick else (1_000, 10_000, 100_000)))
            case "webhook":
                webhook.race(report, 100 if self.quick else 500, rounds)
            case "cold":
                cold.counts(report)
                cold.race(report, rounds)
            case "built" if self.engine:
                built.race(report, rounds, self.place, self.engine)


def main(  # noqa: PLR0913, PLR0917 - one parameter per option of the command
    quick: Annotated[bool, typer.Option(help="Small numbers; only counts can fail it.")] = False,  # noqa: FBT002 - a flag
    lines: Annotated[str, typer.Option(help="Which, with commas.")] = ",".join(LINES),
    rounds: Annotated[int, typer.Option(help="Samples of each contender; 0: 5, or 3 of small numbers.")] = 0,
    sizes: Annotated[str, typer.Option(help="Tasks changed at once.")] = "",
    peers: Annotated[bool, typer.Option(help="Whether other programs are run, too.")] = True,  # noqa: FBT002 - a flag
    engine: Annotated[bool, typer.Option(help="Whether DynamoDB Local is used.")] = True,  # noqa: FBT002 - a flag
    folder: Annotated[Path, typer.Option(help="Where results are written.")] = Path(".cache/bench"),
) -> None:
    """Measure, print, write `bench.json` and `bench.md`; exit with 1 if a promise about counts is broken."""
    report, rivals = Report(), Peers(wanted=peers)
    chosen = [int(each) for each in (sizes or ("100,500" if quick else "100,1000,10000,50000")).split(",")]
    with ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="reminder-sync-bench-")))
        address = ""
        if reason := dynamodb.unavailable_reason() if engine else "not asked for":
            report.absent["DynamoDB Local"] = reason
        else:
            address = stack.enter_context(dynamodb.running())
            use_dynamodb(address)
        run = Run(report, rivals, quick, rounds or (3 if quick else 5), chosen, place, folder, address)
        for line in lines.split(","):
            began = time.monotonic()
            run.line(line)
            report.seconds[line] = time.monotonic() - began
            run.keep()
            print(f"{line}: {report.seconds[line]:.0f} s", file=sys.stderr)
    Console().print(Markdown(report.markdown()))
    for each in report.broken:
        print(f"broken: {each.line}: {each.words}, found {each.found:g}", file=sys.stderr)
    raise SystemExit(1 if report.broken else 0)


if __name__ == "__main__":
    os.environ.pop("AWS_PROFILE", None)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # so that what was started ends, too
    typer.run(main)
