"""Start the emulated org alone: `make org`, or `python -m infra.local.org --port 8100 --webhook http://127.0.0.1:8000/webhook/…`."""

from __future__ import annotations

import asyncio
import random
import socket
import ssl
from pathlib import Path
from typing import Annotated, Final

import typer
import uvicorn

from infra.local.org import sample, snapshot
from infra.local.org.clock import MovableClock
from infra.local.org.control import Control
from infra.local.org.front import Proxy, authority
from infra.local.org.outbound import Policy, Sender
from infra.local.org.server import Application, Protocol
from infra.local.org.world import DAILY_CALLS, machine_clock, make_org

HOST: Final = "127.0.0.1"
NO_PROXY: Final = -1
KEEP_ALIVE: Final = 120
"""Seconds that an idle connection stays open: longer than clients wait between two looks at a job, or they race its end."""


def main(  # noqa: PLR0913, PLR0917 - one parameter per option of the command
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1; 0 takes a free one.")] = 8100,
    proxy_port: Annotated[
        int, typer.Option(help="Port of the HTTPS proxy that answers for Salesforce's hosts; 0: a free one; -1: none.")
    ] = NO_PROXY,
    ca_file: Annotated[
        Path, typer.Option(help="Where the proxy's throw-away certificate authority is written.")
    ] = Path(".cache/org/ca.pem"),
    my_domain: Annotated[
        str, typer.Option(help="My Domain: the org's own host is <this>.my.salesforce.com.")
    ] = "example",
    users: Annotated[int, typer.Option(help="Sample salespeople.")] = sample.DEFAULT_USERS,
    tasks: Annotated[int, typer.Option(help="Sample tasks.")] = sample.DEFAULT_TASKS,
    username: Annotated[str, typer.Option(help="User name of the integration user.")] = "sync@example.com",
    password: Annotated[str, typer.Option(help="Everybody's password; empty: nobody can sign in by password.")] = "",
    security_token: Annotated[str, typer.Option(help="Security token, appended to the password.")] = "",
    passwords: Annotated[  # noqa: FBT002 - a flag
        bool, typer.Option(help="Whether SOAP login() and the username-password flow still work.")
    ] = True,
    webhook: Annotated[str, typer.Option(help="Address that outbound messages are posted to.")] = "",
    webhooks: Annotated[bool, typer.Option(help="Whether changes queue outbound messages.")] = True,  # noqa: FBT002 - a flag
    first_retry: Annotated[float, typer.Option(help="Seconds before a message is first sent again.")] = 15.0,
    limit: Annotated[int, typer.Option(help="API calls per 24 hours.")] = DAILY_CALLS,
    consumer_key: Annotated[str, typer.Option(help="Consumer key of the app; made up if empty.")] = "",
    consumer_secret: Annotated[str, typer.Option(help="Consumer secret of the app; made up if empty.")] = "",
    callback: Annotated[
        str, typer.Option(help="Address that people come back to when they have signed in; others are refused then.")
    ] = "",
    public_key: Annotated[Path | None, typer.Option(help="PEM file whose JWT assertions are accepted.")] = None,
    seed: Annotated[int, typer.Option(help="Of the random source: equal seeds make equal sample data.")] = 1,
    state: Annotated[
        Path | None,
        typer.Option(
            help="File that keeps the org over a restart; if it is there, options about its contents are ignored."
        ),
    ] = None,
    shared_activities: Annotated[bool, typer.Option(help="Switch Shared Activities on.")] = False,  # noqa: FBT002 - a flag
) -> None:
    """Serve one emulated org on this machine until Ctrl-C."""
    listening = socket.create_server((HOST, port))
    address = f"http://{HOST}:{listening.getsockname()[1]}"
    own = f"https://{my_domain}.my.salesforce.com"
    clock = MovableClock(machine_clock)
    org = make_org(
        now=clock.now,
        rng=random.Random(seed),  # noqa: S311 - sample data, not secrets
        base=address,
        shared_activities=shared_activities,
        daily_calls=limit,
        integration_username=username,
        consumer_key=consumer_key,
        consumer_secret=consumer_secret,
    )
    if public_key:
        org.register_key(public_key.read_text(encoding="utf-8"))
    sample.fill(org, users=users, tasks=tasks)
    org.state.password_sign_in = passwords
    for user in org.users:
        user.password, user.security_token = password, security_token
    sender = Sender(org.state, Policy(window=0.1, first_retry=first_retry, enabled=webhooks and bool(webhook)), address)
    ways = {"address": address, "my_domain": own}
    control = Control(org, clock, sender, webhook, ways)
    if state and state.exists():
        control.load(snapshot.read(state))
        control.url = webhook or control.url
        control.sender.policy.enabled = webhooks and bool(control.url)
        org = control.org
    if callback:
        org.let_people_sign_in(callback)
    application = Application(control, own, state)
    print(f"emulated org {org.organization_id} on {address} with {len(org.tasks())} tasks; Ctrl-C stops it", flush=True)
    if proxy_port == NO_PROXY:
        uvicorn.Server(config(application)).run(sockets=[listening])
        return
    proxy = socket.create_server((HOST, proxy_port))
    context = authority(ca_file)
    ways |= {"proxy": f"http://{HOST}:{proxy.getsockname()[1]}", "ca_file": str(ca_file.resolve())}
    print(
        f"login.salesforce.com, test.salesforce.com, *.my.salesforce.com by HTTPS_PROXY={ways['proxy']}, "
        f"certificate authority in {ways['ca_file']}; how to point a client here: {address}/connect",
        flush=True,
    )
    asyncio.run(behind_proxy(application, listening, proxy, context))


async def behind_proxy(
    application: Application, listening: socket.socket, proxy: socket.socket, context: ssl.SSLContext
) -> None:
    """Serve HTTP, the same application by TLS, and the proxy that leads to it."""
    tls = socket.create_server((HOST, 0))
    async with await asyncio.start_server(Proxy(tls.getsockname()[1]).serve, sock=proxy):
        secure = uvicorn.Server(config(application, context))
        serving = asyncio.create_task(secure._serve([tls]))  # noqa: SLF001 - the one way without a second signal handler
        await uvicorn.Server(config(application)).serve(sockets=[listening])
        secure.should_exit = True
        await serving


def config(application: Application, context: ssl.SSLContext | None = None) -> uvicorn.Config:
    """How the application is served; with a context by TLS, beside the plain one, which alone starts and stops it."""
    return uvicorn.Config(
        application.asgi,
        http=Protocol,
        interface="asgi3",
        lifespan="off" if context else "on",
        log_level="warning",
        access_log=False,
        server_header=False,
        date_header=False,
        timeout_keep_alive=KEEP_ALIVE,
        ssl_context_factory=(lambda *_: context) if context else None,
    )


if __name__ == "__main__":
    typer.run(main)
