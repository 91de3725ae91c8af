"""REST in XML, for clients that ask for it: the same answers and bodies as in JSON, written the other way.

Shapes as the REST guide shows them: `<QueryResult>` with `<records type= url=>`, `<Task type= url=>`, `<Result>`, `<Errors><Error>`.
A list is its element repeated; null is `xsi:nil`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from xml.etree.ElementTree import Element, ParseError, SubElement, tostring

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from infra.local.org.errors import Refused

MEDIA: Final = ("application/xml", "text/xml")
_NIL: Final = "{http://www.w3.org/2001/XMLSchema-instance}nil"
_ITEMS: Final = {"Errors": "Error", "Versions": "Version"}


def wanted(accept: str) -> bool:
    """Tell whether XML is the first of the media types in an `Accept` header that this org can write."""
    ranges = [each.partition(";")[0].strip().lower() for each in accept.split(",")]
    return next((each in MEDIA for each in ranges if each in (*MEDIA, "application/json", "*/*")), False)


def written(document: object, name: str = "") -> bytes:
    """Write an answer; without a name its root is named by what it holds."""
    name = name or _name(document)
    root = Element(name)
    if isinstance(document, list):
        for each in document:
            _put(root, _ITEMS.get(name, "item"), each)
    elif isinstance(document, dict):
        _fill(root, document)
    written_out: bytes = tostring(root, encoding="UTF-8", xml_declaration=True)
    return written_out


def read(body: bytes) -> dict[str, object]:
    """Read the body of a record, `<Task><Subject>…</Subject></Task>`. Raises XML_PARSER_ERROR."""
    try:
        root: Element = fromstring(body)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise Refused("XML_PARSER_ERROR", f"The request is no XML: {error}") from error
    if any(len(each) for each in root):
        raise Refused("XML_PARSER_ERROR", "A record's fields have no elements of their own.")
    return {each.tag.rpartition("}")[2]: None if each.get(_NIL) == "true" else (each.text or "") for each in root}


def _name(document: object) -> str:
    """Name the root by what it holds."""
    if isinstance(document, list):
        first = document[0] if document and isinstance(document[0], dict) else {}
        return "Errors" if "errorCode" in first else "Versions" if "version" in first else "Results"
    facts = document if isinstance(document, dict) else {}
    if "attributes" in facts:
        return str(facts["attributes"]["type"])
    known = {"records": "QueryResult", "sobjects": "DescribeGlobal", "fields": "DescribeSObject", "success": "Result"}
    return next((name for key, name in known.items() if key in facts), "Result")


def _fill(element: Element, facts: Mapping[str, object]) -> None:
    for name, value in facts.items():
        if name == "attributes" and isinstance(value, dict):
            element.attrib.update({key: str(each) for key, each in value.items()})
            continue
        for each in value if isinstance(value, list) else [value]:
            _put(element, name, each)


def _put(parent: Element, name: str, value: object) -> None:
    element = SubElement(parent, name)
    if value is None:
        element.set(_NIL, "true")
    elif isinstance(value, dict):
        _fill(element, value)
    else:
        element.text = str(value).lower() if isinstance(value, bool) else str(value)
