"""The Command Center's files, as the browser gets them: from `functions/web`, compressed once per container, never from elsewhere.

HTTP APIs do not compress, so the files are kept compressed here and served so to whoever accepts it. There is no build step,
hence no fingerprint in the names: a browser asks again each time with the ETag it has, and is told 304.
"""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Final

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError

from reminders.api_http import new_router

WEB: Final = Path(__file__).parent.parent / "web"

_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}

_HEADERS: Final = {
    "Cache-Control": "no-cache",
    "Vary": "Accept-Encoding",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Strict-Transport-Security": "max-age=31536000",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
}

router = new_router()


@dataclass(frozen=True, slots=True)
class Asset:
    """One file: its content, compressed, and its ETag."""

    content_type: str
    content: bytes
    compressed: bytes
    etag: str


@lru_cache
def assets() -> dict[str, Asset]:
    """Read all files once, by the name they are served under. Only these names are ever served."""
    files = [WEB / "index.html", *sorted((WEB / "assets").iterdir())]
    return {file.name: _asset(file.suffix, file.read_bytes()) for file in files if file.suffix in _TYPES}


def _asset(suffix: str, content: bytes) -> Asset:
    return Asset(
        content_type=_TYPES[suffix],
        content=content,
        compressed=gzip.compress(content, mtime=0),
        etag=f'"{sha256(content).hexdigest()[:32]}"',
    )


@router.get("/", include_in_schema=False, enable_validation=False)
def index() -> Response[bytes | str]:
    """Serve the page."""
    return _serve("index.html")


@router.get("/assets/<name>", include_in_schema=False, enable_validation=False)
def asset(name: str) -> Response[bytes | str]:
    """Serve what the page consists of."""
    return _serve(name)


def _serve(name: str) -> Response[bytes | str]:
    found = assets().get(name)
    if found is None:
        raise NotFoundError
    # A weak ETag, because both encodings of a file share it.
    headers: dict[str, str | list[str]] = {**_HEADERS, "ETag": f"W/{found.etag}"}
    asked = router.current_event.headers
    if found.etag in asked.get("if-none-match", ""):
        return Response(status_code=304, body="", headers=headers)
    if "gzip" not in asked.get("accept-encoding", ""):
        return Response(status_code=200, content_type=found.content_type, body=found.content, headers=headers)
    headers["Content-Encoding"] = "gzip"
    return Response(status_code=200, content_type=found.content_type, body=found.compressed, headers=headers)
