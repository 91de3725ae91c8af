"""The Command Center's files, as the browser gets them: from `functions/web`, compressed once per container, never from elsewhere.

HTTP APIs do not compress, so the files are kept compressed here and served so to whoever accepts it. There is no build step, and
still a file is fetched once per deployment: the page names its files under `/assets/<digest of all of them>/`, where they may be
kept for ever. Modules and styles name each other relatively, so they stay under the digest that the page began with.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Final

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError

from reminders.api.http import new_router

WEB: Final = Path(__file__).parents[2] / "web"

PAGE: Final = "index.html"

_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}

_HEADERS: Final = {
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

_MODULES: Final = (".js", ".mjs")
_ASK_AGAIN: Final = "no-cache"
_DIGEST: Final = re.compile(r"([0-9a-f]{16})/")
_FOR_EVER: Final = "public, max-age=31536000, immutable"

router = new_router()


@dataclass(frozen=True, slots=True)
class Asset:
    """One file: its content, compressed, and its ETag."""

    content_type: str
    content: bytes
    compressed: bytes
    etag: str


@dataclass(frozen=True, slots=True)
class Site:
    """All files by their path below `functions/web`, and the digest of all of them."""

    assets: dict[str, Asset]
    digest: str


@lru_cache
def site() -> Site:
    """Read all files once. Only these names are ever served."""
    files = {
        file.relative_to(WEB).as_posix(): file.read_bytes() for file in sorted(WEB.rglob("*")) if file.suffix in _TYPES
    }
    together = sha256()
    for name, content in files.items():
        together.update(f"{name} {len(content)}\n".encode() + content)
    digest = together.hexdigest()[:16]
    page = (
        files[PAGE]
        .decode()
        .replace("</head>", f"{_preloads(files)}</head>")
        .replace('"/assets/', f'"/assets/{digest}/')
    )
    files[PAGE] = page.encode()
    return Site({name: _asset(name, content) for name, content in files.items()}, digest)


def _preloads(names: Iterable[str]) -> str:
    """Name all modules but the languages, of which one is used at most: a browser then need not read one to find the next."""
    modules = [name for name in names if name.endswith(_MODULES) and not name.startswith("words/")]
    return "".join(f'  <link rel="modulepreload" href="/assets/{name}">\n' for name in modules)


def _asset(name: str, content: bytes) -> Asset:
    return Asset(
        content_type=_TYPES[Path(name).suffix],
        content=content,
        compressed=gzip.compress(content, mtime=0),
        etag=f'"{sha256(content).hexdigest()[:32]}"',
    )


@router.get("/", include_in_schema=False, enable_validation=False)
def index() -> Response[bytes | str]:
    """Serve the page."""
    return _serve(PAGE, _ASK_AGAIN)


@router.get("/assets/.+", include_in_schema=False, enable_validation=False)
def asset() -> Response[bytes | str]:
    """Serve what the page consists of. Under an older digest (a page opened before a deployment) there is today's file."""
    name = router.current_event.path.removeprefix("/assets/")
    digest = _DIGEST.match(name)
    if digest is None:
        return _serve(name, _ASK_AGAIN)
    return _serve(name[digest.end() :], _FOR_EVER if digest[1] == site().digest else _ASK_AGAIN)


def _serve(name: str, cached: str) -> Response[bytes | str]:
    found = site().assets.get(name)
    if found is None:
        raise NotFoundError
    # A weak ETag, because both encodings of a file share it.
    headers: dict[str, str | list[str]] = {**_HEADERS, "Cache-Control": cached, "ETag": f"W/{found.etag}"}
    asked = router.current_event.headers
    if found.etag in asked.get("if-none-match", ""):
        return Response(status_code=304, body="", headers=headers)
    if "gzip" not in asked.get("accept-encoding", ""):
        return Response(status_code=200, content_type=found.content_type, body=found.content, headers=headers)
    headers["Content-Encoding"] = "gzip"
    return Response(status_code=200, content_type=found.content_type, body=found.compressed, headers=headers)
