"""SOQL, the text: a grammar, and what it parses into. What it means is in `query.py`.

Spoken: `SELECT` field list, `FIELDS(ALL)`, `COUNT()` or `COUNT(field)`, `FROM` one object (which may be given an alias), `WHERE` with `= != <> < <= > >= LIKE IN NOT IN`,
`AND` / `OR` / `NOT` and brackets, `ORDER BY … ASC|DESC NULLS FIRST|LAST`, `LIMIT`, `OFFSET`; dotted parent paths; strings, numbers,
booleans, `null`, dates, date-times, date literals. Anything else (subqueries, GROUP BY, functions, FOR UPDATE, …) is
MALFORMED_QUERY. Mixing AND with OR on one level without brackets is an error in Salesforce, too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal, TypeAlias, cast

from lark import Lark, Token, Transformer, UnexpectedInput
from lark.exceptions import VisitError

from infra.local.org.errors import malformed_query

GRAMMAR: Final = r"""
start: "SELECT"i select "FROM"i NAME ["AS"i] [NAME] where? order? limit? offset?
select: "COUNT"i "(" ")"                     -> count_rows
      | "COUNT"i "(" path ")" [NAME]         -> count_field
      | item ("," item)*                     -> fields
?item: path
      | "FIELDS"i "(" NAME ")"               -> all_fields
path: NAME ("." NAME)*
where: "WHERE"i expression
?expression: condition
      | condition ("AND"i condition)+        -> conjunction
      | condition ("OR"i condition)+         -> disjunction
?condition: "(" expression ")"
      | "NOT"i condition                     -> negation
      | path OPERATOR literal                -> comparison
      | path "LIKE"i STRING                  -> like
      | path "IN"i list                      -> member
      | path "NOT"i "IN"i list               -> no_member
?list: STRINGS | literals
literals: "(" literal ("," literal)* ")"
literal: STRING | DATETIME | DATE | NUMBER | DATE_LITERAL | NULL | TRUE | FALSE
order: "ORDER"i "BY"i sort ("," sort)*
sort: path [DIRECTION] ["NULLS"i PLACE]
limit: "LIMIT"i INTEGER
offset: "OFFSET"i INTEGER

OPERATOR: "=" | "!=" | "<>" | "<=" | ">=" | "<" | ">"
DIRECTION: "ASC"i | "DESC"i
PLACE: "FIRST"i | "LAST"i
NULL.3: /null(?!\w)/i
TRUE.3: /true(?!\w)/i
FALSE.3: /false(?!\w)/i
DATETIME.3: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)/i
DATE.2: /\d{4}-\d\d-\d\d/
NUMBER: /[+-]?\d+(\.\d+)?/
INTEGER: /\d+/
DATE_LITERAL: /[A-Za-z]\w*(:\d+)?/
NAME: /[A-Za-z]\w*/i
STRINGS.3: /\(\s*'(\\.|[^'\\])*'(\s*,\s*'(\\.|[^'\\])*')*\s*\)/s
STRING: /'(\\.|[^'\\])*'/s
%ignore /\s+/
"""

Path = tuple[str, ...]
Kind = Literal["string", "datetime", "date", "number", "date_literal", "null", "boolean"]


@dataclass(frozen=True, slots=True)
class Constant:
    """One literal: what it is, and its text: of a string with its escapes undone, except those of wildcards in LIKE."""

    kind: Kind
    text: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """`path operator literal`; the operator is one of `= != < <= > >= like`."""

    path: Path
    operator: str
    value: Constant


@dataclass(frozen=True, slots=True)
class Member:
    """`path IN (…)`."""

    path: Path
    values: tuple[Constant, ...]


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

    path: Path
    descending: bool
    nulls_last: bool


@dataclass(frozen=True, slots=True)
class Select:
    """A parsed query. `count`: None for rows; an empty path for `COUNT()`; the path of `COUNT(field)`, whose column is `alias`.

    `also`: another name of the object, by `FROM Task t`. A path of `FIELDS(ALL)` is one name with brackets.
    """

    sobject: str
    also: str
    fields: tuple[Path, ...]
    count: Path | None
    alias: str
    where: Condition | None
    order: tuple[Sort, ...]
    limit: int | None
    offset: int | None


_STRING: Final = re.compile(r"'(?:\\.|[^'\\])*'", re.DOTALL)
_ESCAPES: Final = {"n": "\n", "N": "\n", "r": "\r", "R": "\r", "t": "\t", "T": "\t", "b": "\b", "f": "\f"}


def _unescape(quoted: str, *, like: bool = False) -> str:
    if "\\" not in quoted:
        return quoted[1:-1]
    out, inner, place = [], quoted[1:-1], 0
    while place < len(inner):
        letter = inner[place]
        if letter != "\\":
            out.append(letter)
            place += 1
            continue
        escaped = inner[place + 1]
        if like and escaped in "%_\\":
            out.append("\\" + escaped)
        elif escaped in _ESCAPES:
            out.append(_ESCAPES[escaped])
        elif escaped in "'\"\\%_":
            out.append(escaped)
        else:
            raise malformed_query(
                f"Invalid string literal '{inner}'. Illegal character sequence '\\{escaped}' in string literal."
            )
        place += 2
    return "".join(out)


_KINDS: Final[dict[str, Kind]] = {
    "DATETIME": "datetime",
    "DATE": "date",
    "NUMBER": "number",
    "INTEGER": "number",
    "DATE_LITERAL": "date_literal",
    "NULL": "null",
    "TRUE": "boolean",
    "FALSE": "boolean",
}


@dataclass(frozen=True, slots=True)
class _Head:
    """What stands between SELECT and FROM."""

    fields: tuple[Path, ...]
    count: Path | None = None
    alias: str = ""


class _Builder(Transformer[Token, Select]):
    """Turns the parse tree into the values above; each method is named for its rule."""

    def path(self, names: list[Token]) -> Path:
        return tuple(str(name) for name in names)

    def literal(self, tokens: list[Token]) -> Constant:
        token = tokens[0]
        if token.type == "STRING":
            return Constant("string", _unescape(token))
        return Constant(_KINDS[token.type], str(token))

    def comparison(self, parts: list[object]) -> Comparison:
        path, operator, value = cast("tuple[Path, Token, Constant]", tuple(parts))
        return Comparison(path, "!=" if operator == "<>" else str(operator), value)

    def like(self, parts: list[object]) -> Comparison:
        path, token = cast("tuple[Path, Token]", tuple(parts))
        return Comparison(path, "like", Constant("string", _unescape(token, like=True)))

    def literals(self, parts: list[Constant]) -> tuple[Constant, ...]:
        return tuple(parts)

    def member(self, parts: list[object]) -> Member:
        path, values = cast("tuple[Path, Token | tuple[Constant, ...]]", tuple(parts))
        if isinstance(values, Token):  # a list of strings is one token: hundreds of ids are read at once
            values = tuple(Constant("string", _unescape(match[0])) for match in _STRING.finditer(values))
        return Member(path, values)

    def no_member(self, parts: list[object]) -> Not:
        return Not(self.member(parts))

    def negation(self, parts: list[Condition]) -> Not:
        return Not(parts[0])

    def conjunction(self, parts: list[Condition]) -> Group:
        return Group(all=True, parts=tuple(parts))

    def disjunction(self, parts: list[Condition]) -> Group:
        return Group(all=False, parts=tuple(parts))

    def where(self, parts: list[Condition]) -> tuple[str, Condition]:
        return ("where", parts[0])

    def sort(self, parts: list[object]) -> Sort:
        path, direction, place = cast("tuple[Path, Token | None, Token | None]", tuple(parts))
        return Sort(path, (direction or "").lower() == "desc", (place or "").lower() == "last")

    def order(self, parts: list[Sort]) -> tuple[str, tuple[Sort, ...]]:
        return ("order", tuple(parts))

    def limit(self, parts: list[Token]) -> tuple[str, int]:
        return ("limit", int(parts[0]))

    def offset(self, parts: list[Token]) -> tuple[str, int]:
        return ("offset", int(parts[0]))

    def all_fields(self, parts: list[Token]) -> Path:
        return (f"FIELDS({parts[0].upper()})",)

    def fields(self, parts: list[Path]) -> _Head:
        return _Head(tuple(parts))

    def count_rows(self, _: list[object]) -> _Head:
        return _Head((), ())

    def count_field(self, parts: list[object]) -> _Head:
        path, alias = cast("tuple[Path, Token | None]", tuple(parts))
        return _Head((), path, str(alias or "expr0"))

    def start(self, parts: list[object]) -> Select:
        head, name, also = cast("tuple[_Head, Token, Token | None]", tuple(parts[:3]))
        rest = dict(cast("list[tuple[str, object]]", parts[3:]))
        return Select(
            sobject=str(name),
            also=str(also or name),
            fields=head.fields,
            count=head.count,
            alias=head.alias,
            where=cast("Condition | None", rest.get("where")),
            order=cast("tuple[Sort, ...]", rest.get("order", ())),
            limit=cast("int | None", rest.get("limit")),
            offset=cast("int | None", rest.get("offset")),
        )


@lru_cache(maxsize=1)
def _parser() -> Lark:
    return Lark(GRAMMAR, parser="lalr", maybe_placeholders=True)


MAX_TEXT: Final = 100_000
_NEAR: Final = 20


@lru_cache(maxsize=512)
def parse(text: str) -> Select:
    """Parse a query. Raises MALFORMED_QUERY with the place that could not be read."""
    if len(text) > MAX_TEXT:
        raise malformed_query(f"SOQL statements cannot be longer than {MAX_TEXT} characters.")
    try:
        tree = _parser().parse(text)
    except UnexpectedInput as error:
        at: int | None = getattr(error, "pos_in_stream", None)  # lark declares it None and fills it in
        place = len(text) if at is None or at < 0 else at
        near = text[max(0, place - _NEAR) : place + _NEAR]
        raise malformed_query(
            f"\n{near}\n{'^':>{min(place, _NEAR) + 1}}\nERROR at Row:1:Column:{place + 1}\nunexpected token"
        ) from error
    try:
        return _Builder(visit_tokens=False).transform(tree)
    except VisitError as error:
        raise error.orig_exc from error
