"""Start the emulated org alone: `python -m infra.local.org --port 8100 --webhook http://127.0.0.1:8000/webhook/…`."""

from __future__ import annotations

import random
import socket
from pathlib import Path
from typing import Annotated

import typer
import uvicorn

from infra.local.org import sample
from infra.local.org.clock import MovableClock
from infra.local.org.control import Control
from infra.local.org.outbound import Policy, Sender
from infra.local.org.server import Application, Protocol
from infra.local.org.world import DAILY_CALLS, machine_clock, make_org

HOST = "127.0.0.1"


def main(  # noqa: PLR0913, PLR0917 - one parameter per option of the command
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1; 0 takes a free one.")] = 8100,
    users: Annotated[int, typer.Option(help="Sample salespeople.")] = sample.DEFAULT_USERS,
    tasks: Annotated[int, typer.Option(help="Sample tasks.")] = sample.DEFAULT_TASKS,
    webhook: Annotated[str, typer.Option(help="Address that outbound messages are posted to.")] = "",
    webhooks: Annotated[bool, typer.Option(help="Whether changes queue outbound messages.")] = True,  # noqa: FBT002 - a flag
    first_retry: Annotated[float, typer.Option(help="Seconds before a message is first sent again.")] = 15.0,
    limit: Annotated[int, typer.Option(help="API calls per 24 hours.")] = DAILY_CALLS,
    consumer_key: Annotated[str, typer.Option(help="Consumer key of the app; made up if empty.")] = "",
    consumer_secret: Annotated[str, typer.Option(help="Consumer secret of the app; made up if empty.")] = "",
    public_key: Annotated[Path | None, typer.Option(help="PEM file whose JWT assertions are accepted.")] = None,
    seed: Annotated[int, typer.Option(help="Of the random source: equal seeds make equal sample data.")] = 1,
    shared_activities: Annotated[bool, typer.Option(help="Switch Shared Activities on.")] = False,  # noqa: FBT002 - a flag
) -> None:
    """Serve one emulated org on this machine until Ctrl-C."""
    listening = socket.create_server((HOST, port))
    address = f"http://{HOST}:{listening.getsockname()[1]}"
    clock = MovableClock(machine_clock)
    org = make_org(
        now=clock.now,
        rng=random.Random(seed),  # noqa: S311 - sample data, not secrets
        base=address,
        shared_activities=shared_activities,
        daily_calls=limit,
        consumer_key=consumer_key,
        consumer_secret=consumer_secret,
    )
    if public_key:
        org.register_key(public_key.read_text(encoding="utf-8"))
    sample.fill(org, users=users, tasks=tasks)
    sender = Sender(org.state, Policy(window=0.1, first_retry=first_retry, enabled=webhooks and bool(webhook)), address)
    application = Application(org, Control(org, clock, sender, webhook))
    print(f"emulated org {org.organization_id} on {address} with {len(org.tasks())} tasks; Ctrl-C stops it", flush=True)
    config = uvicorn.Config(
        application.asgi,
        http=Protocol,
        interface="asgi3",
        log_level="warning",
        access_log=False,
        server_header=False,
        date_header=False,
    )
    uvicorn.Server(config).run(sockets=[listening])


if __name__ == "__main__":
    typer.run(main)
