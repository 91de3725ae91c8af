"""The way in for clients that know nothing of this org: a proxy and TLS under Salesforce's own host names.

A client with `HTTPS_PROXY=http://127.0.0.1:8101` asks the proxy for `CONNECT login.salesforce.com:443`; the proxy joins it to the org's
own TLS port, whose certificate a certificate authority made at start has signed for these names. So two environment variables are
enough: the proxy, and the authority's file (`REQUESTS_CA_BUNDLE`, `SSL_CERT_FILE`, `NODE_EXTRA_CA_CERTS`, by the client's language).
The authority's key never leaves this process's memory. Every other host is refused: the proxy reaches nothing but the org.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import ssl
from http import HTTPStatus
from pathlib import Path
from typing import Final

import trustme

NAMES: Final = (
    "login.salesforce.com",
    "test.salesforce.com",
    "*.my.salesforce.com",
    "*.sandbox.my.salesforce.com",
    "*.develop.my.salesforce.com",
    "*.scratch.my.salesforce.com",
    "localhost",
    "127.0.0.1",
)
"""What the certificate answers for: the sign-in hosts, every My Domain, and this machine."""

_HOST: Final = re.compile(
    r"(?:login|test|[a-z0-9-]+(?:\.(?:sandbox|develop|scratch))?\.my)\.salesforce\.com:443\Z", re.IGNORECASE
)
_LONGEST_HEAD: Final = 16 * 1024
_PATIENCE: Final = 30.0
_CHUNK: Final = 64 * 1024


def authority(file: Path) -> ssl.SSLContext:
    """Make a certificate authority and write its certificate into `file`; gives the context that serves `NAMES`."""
    made = trustme.CA(organization_name="Emulated Salesforce org, throw-away")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.issue_cert(*NAMES).configure_cert(context)
    file.parent.mkdir(parents=True, exist_ok=True)
    made.cert_pem.write_to_path(str(file))
    return context


class Proxy:
    """An HTTP proxy that knows CONNECT and one destination. `tls_port`: where the org answers on this machine."""

    def __init__(self, tls_port: int) -> None:
        self._tls_port = tls_port

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        try:
            if await self._asked(reader, writer):
                theirs = await asyncio.open_connection("127.0.0.1", self._tls_port)
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                await asyncio.gather(_pump(reader, theirs[1]), _pump(theirs[0], writer))
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError):
            pass  # the client went away, or never said what it wanted: nobody is left to be told
        finally:
            writer.close()

    async def _asked(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Read the request; tells whether it is for the org, and refuses it if not."""
        async with asyncio.timeout(_PATIENCE):
            head = await reader.readuntil(b"\r\n\r\n")
        method, _, rest = head.decode("latin-1").partition(" ")
        target = rest.partition(" ")[0]
        if len(head) > _LONGEST_HEAD:
            await _refuse(writer, HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "the head is too long")
        elif method != "CONNECT":
            await _refuse(writer, HTTPStatus.METHOD_NOT_ALLOWED, "this proxy knows CONNECT only: use https://")
        elif not _HOST.match(target):
            await _refuse(
                writer, HTTPStatus.FORBIDDEN, f"{target} is not Salesforce: this proxy reaches the emulated org only"
            )
        else:
            return True
        return False


async def _refuse(writer: asyncio.StreamWriter, status: HTTPStatus, reason: str) -> None:
    body = f"{reason}\n".encode()
    head = f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    writer.write(head.encode() + body)
    await writer.drain()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass bytes on until one side ends, then tell the other."""
    try:
        while chunk := await reader.read(_CHUNK):
            writer.write(chunk)
            await writer.drain()
    finally:
        with contextlib.suppress(OSError, RuntimeError):  # already closed by the other side
            writer.write_eof()
