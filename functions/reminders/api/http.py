"""What every route of the API needs: who asks, answers with ETags, and errors in one shape."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import BaseRouter, Router
from pydantic import BaseModel

from reminders.api.schemas import ErrorDetail, ErrorOut, GatewayErrorOut, StaleOut, whole
from reminders.core.settings import User
from reminders.ports import World
from reminders.services.access import Site
from reminders.services.errors import ApiError

LOG = logging.getLogger(__name__)

JSON: Final = "application/json"
SAFE_HEADERS: Final = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}

_WORTH_COMPRESSING = 1400
"""Bytes; what fits in one packet gains nothing."""

_MAX_VERSION_DIGITS = 15


@dataclass(frozen=True, slots=True)
class Call:
    """One call of the API: the world, this site, who asks, and when."""

    world: World
    site: Site
    asker: User
    now: datetime


def new_router() -> Router:
    """Make an empty set of routes."""
    return Router()  # type: ignore[no-untyped-call]  # Powertools leaves its constructor untyped


def remember(app: BaseRouter, **context: Call | Site) -> None:
    """Put something beside the request that is being answered."""
    app.append_context(**context)  # type: ignore[no-untyped-call]  # Powertools leaves it untyped


def call_of(router: BaseRouter) -> Call:
    """Find the call that is being answered (`app.answer` put it there)."""
    call = router.context["call"]
    assert isinstance(call, Call)  # noqa: S101 - narrows the untyped context; nothing else is ever put there
    return call


def reply(model: BaseModel, *, status: int = 200, version: int | None = None) -> Response[str]:
    """Answer with a model as JSON; `version` becomes the ETag of a thing that has one."""
    headers = {"ETag": f'"{version}"'} if version is not None else {}
    return raw(model.model_dump_json(), status=status, headers=headers)


def raw(body: str, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response[str]:
    """Answer with text that is JSON already. Nobody may cache it but the asker, who must ask again."""
    return Response(
        status_code=status,
        content_type=JSON,
        body=body,
        headers={**SAFE_HEADERS, "Cache-Control": "private, no-cache", "Vary": "Accept-Encoding", **(headers or {})},
        compress=len(body) > _WORTH_COMPRESSING,
    )


def reply_if_changed(model: BaseModel, if_none_match: str | None) -> Response[str]:
    """Answer a list with an ETag of its content, or 304 if the asker has just this already: watching costs little."""
    body = model.model_dump_json()
    etag = f'"{sha256(body.encode()).hexdigest()[:32]}"'
    return unchanged(etag, if_none_match) or raw(body, headers={"ETag": etag})


def unchanged(etag: str, if_none_match: str | None) -> Response[str] | None:
    """Answer 304 if the asker has just this already; proxies may have weakened the ETag."""
    if if_none_match and etag in {item.strip().removeprefix("W/") for item in if_none_match.split(",")}:
        headers: dict[str, str | list[str]] = {**SAFE_HEADERS, "ETag": etag, "Cache-Control": "private, no-cache"}
        return Response(status_code=304, body="", headers=headers, compress=False)
    return None


def require_version(if_match: str | None) -> int:
    """Read the version from If-Match. Raises ApiError: 428 without one, 400 for anything but one ETag of ours."""
    if if_match is None:
        raise ApiError(428, "version_required", "Send If-Match with the ETag of what you have seen.")
    digits = if_match.strip().removeprefix('"').removesuffix('"')
    if (
        if_match.strip() != f'"{digits}"'
        or not (digits.isascii() and digits.isdigit())
        or len(digits) > _MAX_VERSION_DIGITS
    ):
        raise ApiError(400, "bad_version", 'If-Match must be one ETag as we sent it, such as "3".', field="If-Match")
    return int(digits)


def error(failure: ApiError, site: Site) -> Response[str]:
    """Answer with an error; with a stale write's current reminder and its ETag beside it."""
    detail = ErrorDetail(**failure.body())
    if failure.status != 412:  # noqa: PLR2004 - a status is its own name
        body = ErrorOut(error=detail).model_dump_json(exclude_none=True)
        return raw(body, status=failure.status, headers={"Allow": ", ".join(failure.allow)} if failure.allow else {})
    current = whole(failure.current, site.salesforce_url) if failure.current else None
    headers = {"ETag": f'"{current.version}"'} if current else {}
    return raw(StaleOut(error=detail, current=current).model_dump_json(), status=412, headers=headers)


def responses(model: type[BaseModel], *codes: int, status: int = 200, description: str = "Done.") -> Any:  # noqa: ANN401 - powertools' own nested TypedDict
    """Document a route's answers: its model, and the errors that it may give besides those that any call may."""
    documented: dict[int, dict[str, Any]] = {status: {"description": description, "content": {JSON: {"model": model}}}}
    for code in sorted({401, 403, 422, 429, 503, *codes}):
        shape: Any = ErrorOut | GatewayErrorOut if code in _GATEWAY_TOO else ErrorOut
        shape = StaleOut if code == 412 else shape  # noqa: PLR2004 - as above
        documented[code] = {"description": _MEANING[code], "content": {JSON: {"model": shape}}}
    return documented


_GATEWAY_TOO: Final = {401, 413, 429, 503}
"""What API Gateway may answer before this API is asked, in its own shape."""

_MEANING: Final[Mapping[int, str]] = {
    400: "The request is malformed.",
    401: "Not signed in.",
    403: "Not allowed, or another organisation.",
    404: "Not there, or not yours.",
    409: "Two changes at the same moment; try again.",
    412: "Stale: it was changed in the meantime.",
    413: "The body is too large.",
    415: "The body is not JSON.",
    422: "Refused; `field` says which value.",
    428: "If-Match is required.",
    429: "Too many requests at once.",
    503: "Salesforce, or our own store, cannot be reached now.",
}
