"""SOQL, the text: a grammar. What it parses into is in `syntax.py`, what that means in `query.py`.

Spoken: `SELECT` field list, `FIELDS(ALL)`, `COUNT()`, functions of a field, queries of children in brackets, `FROM` one object (which may
be given an alias), `USING SCOPE`, `WHERE` with `= != <> < <= > >= LIKE IN NOT IN`, a query in brackets after `IN`, `AND` / `OR` / `NOT` and
brackets, `TYPEOF`, `WITH SECURITY_ENFORCED` and its like, `GROUP BY`, `HAVING`, `ORDER BY … ASC|DESC NULLS FIRST|LAST`, `LIMIT`, `OFFSET`, `FOR VIEW` and
its like; dotted parent paths; strings, numbers, booleans, `null`, dates, date-times, date literals. Anything else (GROUP BY
ROLLUP, …) is MALFORMED_QUERY. Mixing AND with OR on one level without brackets is an error in Salesforce, too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, cast

from lark import Lark, Token, Transformer, UnexpectedInput
from lark.exceptions import VisitError

from infra.local.org.errors import malformed_query
from infra.local.org.syntax import (
    Call,
    Comparison,
    Condition,
    Constant,
    Group,
    Item,
    Kind,
    Member,
    Not,
    Operand,
    Path,
    Select,
    Sort,
    TypeOf,
)

GRAMMAR: Final = r"""
start: query
query: "SELECT"i select "FROM"i NAME also _scope _where _within _group _having _order _limit _offset purpose*
also: ["AS"i] [NAME]
_scope: scope?
_where: where?
_within: within?
_group: group?
_having: having?
_order: order?
_limit: limit?
_offset: offset?
select: COUNT "(" ")"                        -> count_rows
      | item ("," item)*                     -> fields
item: operand [NAME]
      | "(" query ")"                        -> children
      | "TYPEOF"i NAME when+ ["ELSE"i paths] "END"i -> typeof
when: "WHEN"i NAME "THEN"i paths
paths: path ("," path)*
?operand: path | call
call: (NAME | COUNT) "(" path ")"
path: NAME ("." NAME)*
scope: "USING"i "SCOPE"i NAME
where: "WHERE"i expression
within: "WITH"i NAME
group: "GROUP"i "BY"i operand ("," operand)*
having: "HAVING"i expression
purpose: "FOR"i NAME
?expression: condition
      | condition ("AND"i condition)+        -> conjunction
      | condition ("OR"i condition)+         -> disjunction
?condition: "(" expression ")"
      | "NOT"i condition                     -> negation
      | operand OPERATOR literal             -> comparison
      | operand "LIKE"i STRING               -> like
      | operand "IN"i list                   -> member
      | operand "NOT"i "IN"i list            -> no_member
?list: STRINGS | literals | "(" query ")"
literals: "(" literal ("," literal)* ")"
literal: STRING | DATETIME | DATE | NUMBER | DATE_LITERAL | NULL | TRUE | FALSE
order: "ORDER"i "BY"i sort ("," sort)*
sort: operand [DIRECTION] ["NULLS"i PLACE]
limit: "LIMIT"i INTEGER
offset: "OFFSET"i INTEGER

COUNT.3: /count(?=\s*\()/i
OPERATOR: "=" | "!=" | "<>" | "<=" | ">=" | "<" | ">"
DIRECTION.3: /(asc|desc)(?!\w)/i
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

    items: tuple[Item, ...] = ()
    children: tuple[Select, ...] = ()
    kinds: tuple[TypeOf, ...] = ()


class _Builder(Transformer[Token, Select]):
    """Turns the parse tree into the values above; each method is named for its rule."""

    def path(self, names: list[Token]) -> Path:
        return tuple(str(name) for name in names)

    def call(self, parts: list[object]) -> Call:
        name, path = cast("tuple[Token, Path]", tuple(parts))
        return Call(name.upper(), path)

    def literal(self, tokens: list[Token]) -> Constant:
        token = tokens[0]
        if token.type == "STRING":
            return Constant("string", _unescape(token))
        return Constant(_KINDS[token.type], str(token))

    def comparison(self, parts: list[object]) -> Comparison:
        path, operator, value = cast("tuple[Operand, Token, Constant]", tuple(parts))
        return Comparison(path, "!=" if operator == "<>" else str(operator), value)

    def like(self, parts: list[object]) -> Comparison:
        path, token = cast("tuple[Operand, Token]", tuple(parts))
        return Comparison(path, "like", Constant("string", _unescape(token, like=True)))

    def literals(self, parts: list[Constant]) -> tuple[Constant, ...]:
        return tuple(parts)

    def member(self, parts: list[object]) -> Member:
        path, values = cast("tuple[Operand, Token | tuple[Constant, ...] | Select]", tuple(parts))
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
        path, direction, place = cast("tuple[Operand, Token | None, Token | None]", tuple(parts))
        return Sort(path, (direction or "").lower() == "desc", (place or "").lower() == "last")

    def order(self, parts: list[Sort]) -> tuple[str, tuple[Sort, ...]]:
        return ("order", tuple(parts))

    def limit(self, parts: list[Token]) -> tuple[str, int]:
        return ("limit", int(parts[0]))

    def offset(self, parts: list[Token]) -> tuple[str, int]:
        return ("offset", int(parts[0]))

    def scope(self, parts: list[Token]) -> tuple[str, str]:
        return ("scope", parts[0].lower())

    def within(self, parts: list[Token]) -> tuple[str, str]:
        return ("within", parts[0].upper())

    def group(self, parts: list[Operand]) -> tuple[str, tuple[Operand, ...]]:
        return ("groups", tuple(parts))

    def having(self, parts: list[Condition]) -> tuple[str, Condition]:
        return ("having", parts[0])

    def purpose(self, parts: list[Token]) -> tuple[str, str]:
        if parts[0].upper() not in FOR:
            raise malformed_query(f"unexpected token: '{parts[0]}'")
        return ("for", "")

    def item(self, parts: list[object]) -> Item:
        what, alias = cast("tuple[Operand, Token | None]", tuple(parts))
        return Item(what, str(alias or ""))

    def children(self, parts: list[Select]) -> Select:
        return parts[0]

    def paths(self, parts: list[Path]) -> tuple[Path, ...]:
        return tuple(parts)

    def when(self, parts: list[object]) -> tuple[str, tuple[Path, ...]]:
        name, paths = cast("tuple[Token, tuple[Path, ...]]", tuple(parts))
        return str(name), paths

    def typeof(self, parts: list[object]) -> TypeOf:
        cases = cast("list[tuple[str, tuple[Path, ...]]]", parts[1:-1])
        return TypeOf(str(parts[0]), tuple(cases), cast("tuple[Path, ...] | None", parts[-1]) or ())

    def fields(self, parts: list[Item | Select | TypeOf]) -> _Head:
        return _Head(
            tuple(part for part in parts if isinstance(part, Item)),
            tuple(part for part in parts if isinstance(part, Select)),
            tuple(part for part in parts if isinstance(part, TypeOf)),
        )

    def count_rows(self, _: list[object]) -> _Head:
        return _Head()

    def start(self, parts: list[Select]) -> Select:
        return parts[0]

    def also(self, parts: list[Token | None]) -> Token | None:
        return parts[0]

    def query(self, parts: list[object]) -> Select:
        head, name, also = cast("tuple[_Head, Token, Token | None]", tuple(parts[:3]))
        rest = dict(cast("list[tuple[str, object]]", parts[3:]))
        return Select(
            sobject=str(name),
            also=str(also or name),
            items=head.items,
            children=head.children,
            kinds=head.kinds,
            scope=cast("str", rest.get("scope", "everything")),
            where=cast("Condition | None", rest.get("where")),
            within=cast("str", rest.get("within", "")),
            groups=cast("tuple[Operand, ...]", rest.get("groups", ())),
            having=cast("Condition | None", rest.get("having")),
            order=cast("tuple[Sort, ...]", rest.get("order", ())),
            limit=cast("int | None", rest.get("limit")),
            offset=cast("int | None", rest.get("offset")),
        )


@lru_cache(maxsize=1)
def _parser() -> Lark:
    return Lark(GRAMMAR, parser="lalr", maybe_placeholders=True)


FOR: Final = ("VIEW", "REFERENCE", "UPDATE")
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
