"""Routes of the Command Center's page and its files (`website`)."""

from __future__ import annotations

import re
from typing import Final

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError

from reminders.api.http import new_router
from reminders.website import HEADERS, PAGE, files

_ASK_AGAIN: Final = "no-cache"
_DIGEST: Final = re.compile(r"([0-9a-f]{16})/")
_FOR_EVER: Final = "public, max-age=31536000, immutable"

router = new_router()


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
    return _serve(name[digest.end() :], _FOR_EVER if digest[1] == files().digest else _ASK_AGAIN)


def _serve(name: str, cached: str) -> Response[bytes | str]:
    found = files().assets.get(name)
    if found is None:
        raise NotFoundError
    # A weak ETag, because both encodings of a file share it.
    headers: dict[str, str | list[str]] = {
        **HEADERS,
        "Vary": "Accept-Encoding",
        "Cache-Control": cached,
        "ETag": f"W/{found.etag}",
    }
    asked = router.current_event.headers
    if found.etag in asked.get("if-none-match", ""):
        return Response(status_code=304, body="", headers=headers)
    if "gzip" not in asked.get("accept-encoding", ""):
        return Response(status_code=200, content_type=found.content_type, body=found.content, headers=headers)
    headers["Content-Encoding"] = "gzip"
    return Response(status_code=200, content_type=found.content_type, body=found.compressed, headers=headers)
