"""What a JSON value in a record's body must be, by the type of its field, and which fields a caller may write."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Final

from infra.local.org import ids
from infra.local.org.errors import Refused, no_column, read_only, unreadable
from infra.local.org.schema import FIXED, Field, SObject, Value
from infra.local.org.state import Caller
from infra.local.org.wire import date_of, second_of

_BOOLEANS: Final = {"true": True, "false": False}


def values_of(
    caller: Caller, sobject: SObject, body: Mapping[str, object], *, creating: bool
) -> dict[str, Value | None]:
    """Read a JSON body into values by field name (None: cleared). Raises the error of the first thing wrong with it."""
    found: dict[str, Value | None] = {}
    forbidden = []
    for name, raw in body.items():
        if name == "attributes":
            continue
        described = sobject.find(name, caller.user.permissions)
        if described is None:
            raise no_column(name, sobject.name)
        fixed = f"{FIXED}{described.name}" in caller.user.permissions
        if fixed or not (described.create if creating else described.update):
            forbidden.append(described.name)
            continue
        found[described.name] = coerce(described, raw)
    if forbidden:
        raise read_only(forbidden)
    return found


def coerce(described: Field, raw: object) -> Value | None:
    """Read one JSON value as the field's type. Empty text is null. Raises JSON_PARSER_ERROR, MALFORMED_ID and others."""
    if raw is None:
        return None
    value = _READERS.get(described.type, _text)(described, raw)
    if value is None:
        raise unreadable(
            f"Cannot deserialize instance of {described.type} from {_token(raw)} value {_shown(raw)} or request may be "
            f"missing a required field at [line:1, column:1]"
        )
    return value if value != "" else None


def _text(described: Field, raw: object) -> Value | None:
    if not isinstance(raw, str | int | float) or isinstance(raw, bool):
        return None
    text = str(raw)
    counted = text.replace("\r\n", "\n").replace("\n", "\r\n") if described.type == "textarea" else text
    if len(counted.encode("utf-16-le", "surrogatepass")) // 2 > described.length:
        raise Refused(
            "STRING_TOO_LONG",
            f"{described.label or described.name}: data value too large: {text} (max length={described.length})",
            (described.name,),
        )
    if described.restricted and text and text not in described.restricted:
        raise Refused(
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            f"{described.name}: bad value for restricted picklist field: {text}",
            (described.name,),
        )
    return text


def _reference(described: Field, raw: object) -> Value | None:
    if not isinstance(raw, str):
        return None
    found = ids.normal(raw) if raw else ""
    if found is None:
        raise Refused(
            "MALFORMED_ID",
            f"{described.name}: id value of incorrect type: {raw}",
            (described.name,),
        )
    return found


def _boolean(_: Field, raw: object) -> Value | None:
    if isinstance(raw, bool):
        return raw
    return _BOOLEANS.get(raw.lower()) if isinstance(raw, str) else None


def _integer(_: Field, raw: object) -> Value | None:
    if isinstance(raw, bool):
        return None
    if isinstance(raw, str):
        return int(raw) if raw.lstrip("-").isdecimal() else None
    return int(raw) if isinstance(raw, int | float) and raw == int(raw) else None


def _date(_: Field, raw: object) -> Value | None:
    if not isinstance(raw, str):
        return None
    if raw == "":
        return raw
    return date_of(raw) or (date_of(raw[:10]) if second_of(raw) is not None else None)


def _moment(_: Field, raw: object) -> Value | None:
    if not isinstance(raw, str):
        return None
    return second_of(raw) if raw else raw


_READERS: Final[dict[str, Callable[[Field, object], Value | None]]] = {
    "reference": _reference,
    "boolean": _boolean,
    "int": _integer,
    "date": _date,
    "datetime": _moment,
}


def _token(raw: object) -> str:
    if isinstance(raw, bool):
        return f"VALUE_{str(raw).upper()}"
    kinds = {str: "VALUE_STRING", int: "VALUE_NUMBER_INT", float: "VALUE_NUMBER_FLOAT", list: "START_ARRAY"}
    return kinds.get(type(raw), "START_OBJECT")


def _shown(raw: object) -> str:
    """Show a value as the parser met it: its first letter if it has parts."""
    return raw if isinstance(raw, str) else json.dumps(raw)[: 1 if isinstance(raw, list | dict) else None]
