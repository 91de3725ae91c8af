"""What every REST resource is given, and what it gives back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

from infra.local.org import ids
from infra.local.org.errors import Refused, not_found, unreadable
from infra.local.org.schema import SObject
from infra.local.org.state import Caller, State
from infra.local.org.wire import http_second_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """An answer before it is written out: JSON of `document`, or `body` as it is if `document` is None."""

    status: int = HTTPStatus.OK
    document: object = None
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One request to a resource below `/services/data/vXX.X`, whether it came alone or inside a composite.

    `parts` are the path's segments, `names` those that stood for a `*` in the route. `again` answers another request of the
    same caller, not counted as a call. `document` is the body's JSON; a body that is none (CSV) is in `body` alone.
    """

    state: State
    caller: Caller
    method: str
    parts: tuple[str, ...]
    names: tuple[str, ...] = ()
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    document: object = None
    body: bytes = b""
    again: Callable[[Ask], Result]
    spend: Callable[[int], None]
    resource: str = ""

    def sobject(self, name: str) -> SObject:
        """Find the object of a path. Raises NOT_FOUND."""
        found = self.state.schema.find(name)
        if found is None:
            raise not_found()
        return found

    def fields(self) -> Mapping[str, object]:
        """The body as a JSON object. Raises JSON_PARSER_ERROR."""
        return json_object(self.document)


def json_object(document: object) -> Mapping[str, object]:
    """Take a JSON object. Raises JSON_PARSER_ERROR for anything else."""
    if not isinstance(document, dict):
        raise unreadable(
            "The HTTP entity body is required, but this request has no entity body, or it is no JSON object."
        )
    return document


def json_list(document: object, name: str) -> list[object]:
    """Take a JSON list out of an object. Raises JSON_PARSER_ERROR if it is missing or none."""
    found = json_object(document).get(name)
    if not isinstance(found, list):
        raise unreadable(f"Missing or wrong value at [line:1, column:1]: '{name}' must be a list")
    return found


def record_id(sobject: SObject, text: str) -> str:
    """Read an id of this object from a path. Raises MALFORMED_ID, or NOT_FOUND for another object's."""
    found = ids.normal(text)
    if found is None:
        raise Refused("MALFORMED_ID", f"{sobject.name} ID: id value of incorrect type: {text}", ("Id",))
    if not found.startswith(sobject.prefix):
        raise not_found("Provided external ID field does not exist or is not accessible: Id")
    return found


def unmodified(ask: Ask, second: int) -> bool:
    """Tell whether the answer is 304: a GET with an `If-Modified-Since` not before this second. What is no HTTP date is ignored."""
    since = ask.headers.get("if-modified-since")
    limit = http_second_of(since) if since is not None and ask.method in ("GET", "HEAD") else None
    return limit is not None and second <= limit


def truth(text: object) -> bool:
    """Read a boolean parameter, `true` in any case or JSON true."""
    return text is True or str(text).lower() == "true"
