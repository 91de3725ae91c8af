"""Check the Salesforce metadata of this folder against a sourced list of the elements of each type.

The Salesforce CLI's converter passes elements that do not exist; an org refuses them, at deploy. Here they are refused without an org.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final
from xml.etree.ElementTree import Element

import yaml
from defusedxml.ElementTree import parse

FOLDER: Final = Path(__file__).resolve().parent
NAMESPACE: Final = "{http://soap.sforce.com/2006/04/metadata}"
SUFFIX: Final = "-meta.xml"

_SIMPLE: Final[Mapping[str, re.Pattern[str]]] = {
    "boolean": re.compile("true|false"),
    "double": re.compile(r"\d+\.\d+"),
    "int": re.compile(r"-?\d+"),
    "string": re.compile(r"(?s).*\S.*"),
}


@dataclass(frozen=True, slots=True)
class Member:
    """What an element may hold: the name of its type, and whether it must be there and may repeat."""

    type: str
    required: bool
    repeats: bool


@cache
def known() -> Mapping[str, Any]:
    """The list: `files`, `types`, `enums`."""
    listed: dict[str, Any] = yaml.safe_load((FOLDER / "metadata_types.yaml").read_text(encoding="utf-8"))
    return listed


def members(type_name: str) -> Mapping[str, Member]:
    """The elements of a type that we may use."""
    return {
        name: Member(said.rstrip("![]"), "!" in said, said.endswith("[]"))
        for name, said in known()["types"][type_name].items()
    }


def components(folder: Path = FOLDER) -> list[Path]:
    """Every metadata file."""
    return sorted(folder.rglob(f"*{SUFFIX}"))


def root(path: Path) -> Element:
    """Parse a file. Raises ParseError; ValueError where it holds no element."""
    element = parse(path).getroot()
    if element is None:
        raise ValueError(f"{path.name} holds no element")
    return element


def faults(path: Path) -> Iterator[str]:
    """Tell what is wrong with a file: its place and name, its root, and every element below. Raises as `root` does."""
    top = root(path)
    type_name = top.tag.removeprefix(NAMESPACE)
    if not top.tag.startswith(NAMESPACE) or type_name not in known()["files"]:
        yield f"{path.name}: {top.tag} is no metadata type that is known here"
        return
    place = known()["files"][type_name]
    if path.parent.name != place["folder"] or not path.name.endswith(f".{place['suffix']}{SUFFIX}"):
        yield f"{path.name}: a {type_name} is a file {place['folder']}/*.{place['suffix']}{SUFFIX}"
    yield from (f"{path.name}: {fault}" for fault in _faults(top, type_name, type_name))


def _faults(element: Element, type_name: str, where: str) -> Iterator[str]:
    allowed = members(type_name)
    found = Counter(child.tag.removeprefix(NAMESPACE) for child in element)
    for name, member in allowed.items():
        if member.required and not found[name]:
            yield f"{where}.{name} is missing"
        if found[name] > 1 and not member.repeats:
            yield f"{where}.{name} is there {found[name]} times"
    for child in element:
        name = child.tag.removeprefix(NAMESPACE)
        if name in allowed:
            yield from _wrong_value(child, allowed[name].type, f"{where}.{name}")
        else:
            yield f"{where}.{name} is no element that is known here"


def _wrong_value(element: Element, type_name: str, where: str) -> Iterator[str]:
    text = element.text or ""
    if type_name in known()["types"]:
        yield from _faults(element, type_name, where)
    elif len(element):
        yield f"{where} holds elements, and is a {type_name}"
    elif type_name in known()["enums"]:
        if text not in known()["enums"][type_name]:
            yield f"{where} is {text!r}, none of {', '.join(known()['enums'][type_name])}"
    elif not _SIMPLE[type_name].fullmatch(text):
        yield f"{where} is {text!r}, no {type_name}"
