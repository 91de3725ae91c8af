"""What a SOQL query is made of, once it is parsed (`soql.py`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Path = tuple[str, ...]
Kind = Literal["string", "datetime", "date", "number", "date_literal", "null", "boolean"]


@dataclass(frozen=True, slots=True)
class Call:
    """A function of a field; its name is in capitals."""

    function: str
    path: Path


Operand: TypeAlias = Path | Call


@dataclass(frozen=True, slots=True)
class Constant:
    """One literal: what it is, and its text: of a string with its escapes undone, except those of wildcards in LIKE."""

    kind: Kind
    text: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """`path operator literal`; the operator is one of `= != < <= > >= like`."""

    path: Operand
    operator: str
    value: Constant


@dataclass(frozen=True, slots=True)
class Member:
    """`path IN (…)`: literals, or what another query finds."""

    path: Operand
    values: tuple[Constant, ...] | Select


@dataclass(frozen=True, slots=True)
class Not:
    """Negation."""

    inner: Condition


@dataclass(frozen=True, slots=True)
class Group:
    """`AND` (all) or `OR` (any) of conditions."""

    all: bool
    parts: tuple[Condition, ...]


Condition: TypeAlias = Comparison | Member | Not | Group


@dataclass(frozen=True, slots=True)
class Sort:
    """One `ORDER BY` item. Nulls come first, descending too, unless the query says otherwise."""

    path: Operand
    descending: bool
    nulls_last: bool


@dataclass(frozen=True, slots=True)
class Item:
    """One thing selected, and the name it is given (empty: none)."""

    what: Operand
    alias: str = ""


@dataclass(frozen=True, slots=True)
class TypeOf:
    """`TYPEOF Who WHEN Lead THEN … ELSE … END`: fields of a polymorphic parent, by its object."""

    relationship: str
    cases: tuple[tuple[str, tuple[Path, ...]], ...]
    other: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Select:
    """A parsed query. `items` are empty for `COUNT()`. `children`: queries in the field list. `also`: the object's other name, by `FROM Task t`."""

    sobject: str
    also: str
    items: tuple[Item, ...]
    children: tuple[Select, ...]
    kinds: tuple[TypeOf, ...]
    scope: str
    where: Condition | None
    within: str
    groups: tuple[Operand, ...]
    having: Condition | None
    order: tuple[Sort, ...]
    limit: int | None
    offset: int | None
