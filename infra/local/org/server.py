"""The org over HTTP: a small ASGI application around the synchronous core, and the loop that sends outbound messages.

Everything that touches the org runs on the event loop's one thread; only the posting of messages waits in threads of its own.
"""

from __future__ import annotations

import asyncio
import socket
import time
import zlib
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any, Final

import requests
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from infra.local.org import snapshot
from infra.local.org.control import PREFIX, Control
from infra.local.org.errors import Refused
from infra.local.org.outbound import HEADERS, TIMEOUT, Message, Sender
from infra.local.org.wire import Request, Response, answer, parameters

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

LOOPBACK: Final = ("127.0.0.1", "::1", "localhost", "[::1]")
WSDL: Final = "/services/wsdl/outbound"
LARGEST_BODY: Final = 50 * 1024 * 1024
_CODINGS: Final = {"identity": 0, "": 0, "gzip": 31, "x-gzip": 31, "deflate": 15}
"""What a body may be packed in, with zlib's word for it."""

_TICK: Final = 0.05
_PAGE: Final = Path(__file__).parent / "page"
_FILES: Final = {
    "/": "index.html",
    "/connect": "connect.html",
    "/messages": "messages.html",
    "/scenes": "scenes.html",
    "/calls": "calls.html",
    "/page/scenes.js": "scenes.js",
    "/page/calls.js": "calls.js",
    "/page/app.js": "app.js",
    "/page/connect.js": "connect.js",
    "/page/messages.js": "messages.js",
    "/page/style.css": "style.css",
}
_RECORDS: Final = "/lightning/r/"
"""Where Lightning has its records; the page opens the one in the address."""
_TYPES: Final = {".html": "text/html", ".js": "text/javascript", ".css": "text/css"}


connections: dict[tuple[str, int], asyncio.Transport] = {}
"""Open connections by the caller's address, so that a fault can break one without an answer."""


class Spelled(bytes):
    """A header's name that goes out as Salesforce spells it: there are clients that look for it by the letter.

    Uvicorn sends what `lower` gives, and goes by it for the length of a body.
    """

    __slots__ = ()

    def lower(self) -> bytes:
        """Give the name itself."""
        return super().lower() if super().lower() == b"content-length" else self


class Protocol(HttpToolsProtocol):
    """Uvicorn's own protocol, remembering its connections."""

    _caller: tuple[str, int] = ("", 0)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn narrows it so
        """Remember; and send at once: head and body are two writes, and Nagle would hold the second one back for 40 ms."""
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._caller = transport.get_extra_info("peername")[:2]  # a closed TLS connection no longer knows it
        connections[self._caller] = transport
        super().connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget."""
        connections.pop(self._caller, None)
        super().connection_lost(exc)


class Application:
    """The ASGI application of one org. `asgi` is what a server runs; `my_domain`: the org's own address behind the TLS front."""

    def __init__(self, control: Control, my_domain: str = "", keep: Path | None = None) -> None:
        self.control = control
        self._keep = keep
        self._kept = -1
        self._next_copy = 0.0
        self.my_domain = my_domain
        self._posts: set[asyncio.Task[None]] = set()
        self._loop: asyncio.Task[None] | None = None

    async def asgi(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Speak ASGI: lifespan and HTTP."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            event = await receive()
            if event["type"] == "lifespan.startup":
                self._loop = asyncio.create_task(self._messages())
                await send({"type": "lifespan.startup.complete"})
            else:
                for task in (self._loop, *self._posts):
                    if task:
                        task.cancel()
                self.keep()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = b""
        while True:
            event = await receive()
            if event["type"] == "http.disconnect":
                return
            body += event.get("body", b"")
            if len(body) > LARGEST_BODY:
                await _respond(send, Response(status=413))
                return
            if not event.get("more_body"):
                break
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        try:
            body = _unpacked(body, headers.get("content-encoding", "identity"))
        except ValueError as error:
            await _respond(send, answer(Refused("UNSUPPORTED_MEDIA_TYPE", str(error)).body(), 415))
            return
        client = scope.get("client") or ("",)
        request = Request(
            method=scope["method"],
            path=scope["raw_path"].decode("latin-1"),  # as it was sent: an external id may hold an escaped slash
            query=parameters(scope["query_string"].decode("latin-1")),
            headers=headers,
            body=body,
            loopback=client[0] in LOOPBACK,
            scheme=scope["scheme"],
            my_domain=self.my_domain if scope["scheme"] == "https" and "x-forwarded-proto" not in headers else "",
        )
        response = self.answer(request)
        if response.delay:
            await asyncio.sleep(response.delay)
        if response.lost:
            connections.pop(tuple(scope["client"])).abort()
            await receive()  # until the server has noticed
            return
        await _respond(send, response)

    def answer(self, request: Request) -> Response:
        """Answer a request: control and page for this machine, everything else is the org."""
        if request.path.startswith(PREFIX):
            host = request.headers.get("host", "").rpartition(":")[0] or request.headers.get("host", "")
            if not request.loopback or host not in LOOPBACK:
                return answer({"error": "the control resource is for this machine only"}, 403)
            return self.control.handle(request)
        if request.method == "GET" and request.path in _FILES:
            return _file(_FILES[request.path])
        if request.method == "GET" and request.path.startswith(_RECORDS):
            return _file("index.html")
        if request.method == "GET" and request.path == WSDL:
            return Response(body=self.control.wsdl(), headers={"Content-Type": "text/xml; charset=utf-8"})
        if request.path == "/favicon.ico":
            return Response(status=204)  # browsers ask for one unasked
        return self.control.org.handle(request)

    def keep(self) -> None:
        """Write the org into its file, if it has one."""
        if self._keep:
            self._kept = self.control.org.state.store.writes
            snapshot.write(self.control.dump(), self._keep)

    def _keep_soon(self) -> None:
        """Write a changed org, at most once a second and for at most a twentieth of the time."""
        began = time.monotonic()
        if began < self._next_copy or self._kept == self.control.org.state.store.writes:
            return
        self.keep()
        self._next_copy = time.monotonic() + max(1.0, 20 * (time.monotonic() - began))

    async def _messages(self) -> None:
        while True:
            await asyncio.sleep(_TICK)
            self._keep_soon()
            self.control.org.state.settle()
            if not self.control.url:
                continue
            for message in self.control.sender.due():
                task = asyncio.create_task(self._deliver(self.control.sender, message))
                self._posts.add(task)
                task.add_done_callback(self._posts.discard)

    async def _deliver(self, sender: Sender, message: Message) -> None:
        answered = None
        for _ in range(message.copies):
            answered = await asyncio.to_thread(post, self.control.url, sender.body(message))
        sender.settle(message, answered)


def _unpacked(body: bytes, coding: str) -> bytes:
    """Unpack a body that came compressed. Raises ValueError for another coding, a broken one, and one that grows too large."""
    wbits = _CODINGS.get(coding.strip().lower())
    if wbits is None:
        raise ValueError(f"Content-Encoding '{coding}' is not supported")
    if not wbits or not body:
        return body
    try:
        unpacker = zlib.decompressobj(wbits)
        unpacked = unpacker.decompress(body, LARGEST_BODY)
    except zlib.error as error:
        raise ValueError(f"the body is not {coding}: {error}") from error
    if not unpacker.eof:
        raise ValueError(f"the body is no whole {coding}, or larger than {LARGEST_BODY} bytes")
    return unpacked


def post(url: str, body: bytes) -> tuple[int, bytes] | None:
    """Deliver one message by HTTP; None if there was no answer within 60 seconds."""
    try:
        response = requests.post(url, data=body, headers=HEADERS, timeout=TIMEOUT, allow_redirects=False)
    except requests.RequestException:
        return None
    return response.status_code, response.content


def _file(name: str) -> Response:
    path = _PAGE / name
    policy = "default-src 'self'"
    headers = {
        "Content-Type": f"{_TYPES[path.suffix]}; charset=utf-8",
        "Content-Security-Policy": policy,
        "Cache-Control": "no-store",
    }
    return Response(body=path.read_bytes(), headers=headers)


async def _respond(send: Send, response: Response) -> None:
    response.headers.setdefault("Content-Length", str(len(response.body)))
    headers = [(Spelled(name.encode("latin-1")), value.encode("latin-1")) for name, value in response.headers.items()]
    await send({"type": "http.response.start", "status": int(response.status), "headers": headers})
    await send({"type": "http.response.body", "body": response.body})
