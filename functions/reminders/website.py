"""The Command Center's files, as the browser gets them: from `functions/web`, compressed once per container, never from elsewhere.

HTTP APIs do not compress, so the files are kept compressed here and served so to whoever accepts it. There is no build step, and
still a file is fetched once per deployment: the page names its files under `/assets/<digest of all of them>/`, where they may be
kept for ever. Modules and styles name each other relatively, so they stay under the digest that the page began with.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Final

WEB: Final = Path(__file__).parents[1] / "web"

PAGE: Final = "index.html"

HEADERS: Final = {
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
"""Of the page and all its files."""

_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_MODULES: Final = (".js", ".mjs")
_PLACE: Final = '<div id="app">'


@dataclass(frozen=True, slots=True)
class Asset:
    """One file: its content, compressed, and its ETag."""

    content_type: str
    content: bytes
    compressed: bytes
    etag: str


@dataclass(frozen=True, slots=True)
class Files:
    """All files by their path below `functions/web`, and the digest of all of them."""

    assets: dict[str, Asset]
    digest: str


@lru_cache
def files() -> Files:
    """Read all files once. Only these names are ever served."""
    contents = {
        file.relative_to(WEB).as_posix(): file.read_bytes() for file in sorted(WEB.rglob("*")) if file.suffix in _TYPES
    }
    together = sha256()
    for name, content in contents.items():
        together.update(f"{name} {len(content)}\n".encode() + content)
    digest = together.hexdigest()[:16]
    page = (
        contents[PAGE]
        .decode()
        .replace("</head>", f"{_preloads(contents)}</head>")
        .replace('"/assets/', f'"/assets/{digest}/')
    )
    contents[PAGE] = page.encode()
    return Files({name: _asset(name, content) for name, content in contents.items()}, digest)


def page_that_says(problem: str) -> str:
    """Give the page with what went wrong with a sign-in, a code of ours, where its script finds it."""
    page = files().assets[PAGE].content.decode()
    return page.replace(_PLACE, f'<div id="app" data-sign-in="{problem}">')


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
