"""`python -m infra.local`: run the whole product on this machine, against an emulated Salesforce org."""

from __future__ import annotations

import os
import signal
import sys
import threading
import webbrowser
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from infra.local.org import sample
from infra.local.supervisor import ROOT, Options, Stack, StackError, Stopped
from infra.local.template import TemplateError

WATCH_SECONDS = 0.2


def main(  # noqa: PLR0913 - every argument is an option of the command line
    *,
    port: Annotated[int, typer.Option(help="Port of the Command Center; 0 is a free one.")] = 8700,
    org_port: Annotated[int, typer.Option(help="Port of the emulated org.")] = 8701,
    aws_port: Annotated[int, typer.Option(help="Port of the emulated AWS.")] = 8702,
    users: Annotated[int, typer.Option(min=1, help="Sample salespeople in the org.")] = sample.DEFAULT_USERS,
    tasks: Annotated[int, typer.Option(min=0, help="Sample tasks in the org.")] = sample.DEFAULT_TASKS,
    poll_interval: Annotated[
        float | None, typer.Option(min=1, help="Seconds between polls.  [default: the interval of the settings]")
    ] = None,
    webhooks: Annotated[bool, typer.Option(help="Whether the org sends outbound messages.")] = True,
    data: Annotated[Path | None, typer.Option(help="Folder that keeps all data.  [default: none is kept]")] = None,
    folder: Annotated[Path, typer.Option(help="Folder for stack.json and logs.")] = ROOT / ".local",
    browser: Annotated[bool, typer.Option(help="Open both pages.")] = True,
    restart: Annotated[bool, typer.Option(help="Start the functions again when they end.")] = True,
) -> None:
    """Run Reminder Sync here, against an emulated Salesforce org. Ctrl-C stops everything."""
    console = Console(soft_wrap=True)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())
    try:
        options = Options(
            port=port,
            org_port=org_port,
            aws_port=aws_port,
            users=users,
            tasks=tasks,
            poll_interval=poll_interval,
            webhooks=webhooks,
            data=data.resolve() if data else None,
            folder=folder.resolve(),
            restart=restart,
        )
        with Stack(options, console.print, stop) as stack:
            console.print(f"Command Center  {stack.command_center}/")
            console.print(f"Salesforce org  {stack.org}/")
            console.print(f"Tables          {stack.tables}")
            if options.data:
                console.print(f"Data            {options.data}: tables, queues and the emulated org")
            console.print(f"Logs            {options.folder}/*.log")
            if browser and _has_screen():
                webbrowser.open(f"{stack.org}/")
                webbrowser.open(f"{stack.command_center}/")
            console.print("Ctrl-C stops everything.")
            while not stop.wait(WATCH_SECONDS):
                stack.watch()
            console.print("Stopping …")
    except Stopped:
        console.print("Stopped.")
    except (StackError, TemplateError) as error:
        console.print(str(error), style="red", markup=False)
        sys.exit(1)


def _has_screen() -> bool:
    """Whether a browser would open in a window rather than in this terminal."""
    return sys.platform == "darwin" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


if __name__ == "__main__":
    typer.run(main)
