"""An independent evaluation of SOQL: the same condition, written out for SQLite over a table of the tasks.

A query is drawn as a pair of texts, SOQL and SQL, by two grammars of their own: nothing of the engine is used. What SQL has to be
told, because SOQL differs from it:

- **Null.** Comparisons with a null field are unknown in both, and so is their negation. `= null` is IS NULL. `IN` with null in the
  list is true for null; SQL's would be unknown. A boolean is never null: `= null` means false.
- **Text** compares without case, and so does LIKE; the column is folded by Python's casefold in both directions.
- **Dates.** A date literal, relative or not, is a span: `=` is "within", `<` is "before its first instant", `>` is "after its last".
  Relative ones are reckoned with SQLite's date functions from the user's today; weeks begin on Sunday. A date-time field's spans
  begin and end at the user's midnight (zones without summer time only, so that an offset is enough).
- **Order.** Nulls first unless said otherwise, ties by id. Deleted and archived rows only by `queryAll`; a user without View All Data
  sees what they own and what their queue owns.
"""

# ruff: noqa: S608 - the SQL is drawn here, on a database in memory

from __future__ import annotations

import random
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

TEXTS: Final = (
    "Subject",
    "Status",
    "Priority",
    "CallDisposition",
    "Owner.Name",
    "Who.Name",
    "Who.Type",
    "Account.Name",
)
DATES: Final = ("ActivityDate", "RecurrenceStartDateOnly")
MOMENTS: Final = ("ReminderDateTime", "SystemModstamp", "CompletedDateTime", "CreatedDate")
NUMBERS: Final = ("CallDurationInSeconds",)
FLAGS: Final = ("IsClosed", "IsReminderSet", "IsHighPriority", "IsDeleted")
IDS: Final = ("WhoId", "OwnerId", "Id")
COLUMNS: Final = (*TEXTS, *DATES, *MOMENTS, *NUMBERS, *FLAGS, "WhoId", "OwnerId", "IsArchived")
COMPARISONS: Final = ("=", "!=", "<", "<=", ">", ">=")
WORDS: Final = (
    "call",
    "Call",
    "CALL 1",
    "émile",
    "Émile",
    "o'hara",
    "50%",
    "a_b",
    "back\\slash",
    "completed",
    "High",
    "Lead",
    "ann lee",
)
PATTERNS: Final = ("%", "c%", "%L%", "_all", "%1", "%é%", "o'h%", "50\\%", "a\\_b", "%\\\\%", "C_ll%", "%ed")
UNITS: Final = {"DAY": "days", "WEEK": "days", "MONTH": "months", "QUARTER": "months", "YEAR": "years"}


@dataclass(frozen=True)
class Asker:
    """Who asks: id, offset from UTC in seconds, and whose tasks are seen (None: everybody's)."""

    user_id: str
    offset: int
    owners: tuple[str, ...] | None


@dataclass(frozen=True)
class Drawn:
    """One query, twice: as SOQL, and as the SQL that must find the same ids in the same order (or the same number)."""

    soql: str
    sql: str
    everything: bool
    ordered: bool
    count: bool


class Oracle:
    """The tasks in SQLite. `now`: the org's time in seconds since 1970."""

    def __init__(self, rows: Sequence[Mapping[str, object]], now: int) -> None:
        self.now = now
        self._db = sqlite3.connect(":memory:")
        self._db.create_function("fold", 1, lambda text: None if text is None else text.casefold(), deterministic=True)
        names = ("Id", *COLUMNS)
        quoted_names = ", ".join(f'"{name}"' for name in names)
        self._db.execute(f"CREATE TABLE task ({quoted_names})")
        places = ", ".join("?" for _ in names)
        self._db.executemany(f"INSERT INTO task VALUES ({places})", [[row[name] for name in names] for row in rows])

    def ids(self, drawn: Drawn) -> list[str]:
        """What the query must find."""
        return [str(row[0]) for row in self._db.execute(drawn.sql)]

    def close(self) -> None:
        """Let go of the database."""
        self._db.close()


def quoted(text: str) -> str:
    """Write a SOQL string."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def sql_text(text: str) -> str:
    """Write an SQL string."""
    return "'" + text.replace("'", "''") + "'"


class Drawing:
    """Draws queries from a random source, for one asker. `ids`: task, person and owner ids that conditions may name."""

    def __init__(self, rng: random.Random, asker: Asker, now: int, ids: Mapping[str, Sequence[str]]) -> None:
        self.rng = rng
        self.asker = asker
        self.now = now
        self.ids = ids

    def query(self) -> Drawn:
        """Draw one query."""
        rng = self.rng
        everything, count = rng.random() < 0.3, rng.random() < 0.1
        soql, sql = "", self._visible() + ("" if everything else ' AND NOT "IsDeleted" AND NOT "IsArchived"')
        if rng.random() < 0.95:
            theirs, ours = self._condition(rng.randrange(4))
            soql, sql = f" WHERE {theirs}", f"{sql} AND ({ours})"
        if count:
            return Drawn(
                f"SELECT COUNT() FROM Task{soql}",
                f"SELECT COUNT(*) FROM task WHERE {sql}",
                everything,
                ordered=False,
                count=True,
            )
        ordered = rng.random() < 0.6
        order, sql_order = self._order() if ordered else ("", "")
        cut, sql_cut = self._cut() if ordered else ("", "")
        name = rng.choice(("Task", "task", "TASK"))
        return Drawn(
            f"SELECT Id FROM {name}{soql}{order}{cut}",
            f'SELECT "Id" FROM task WHERE {sql}{sql_order}{sql_cut}',
            everything,
            ordered=ordered,
            count=False,
        )

    def _visible(self) -> str:
        owners = self.asker.owners
        listed = ", ".join(map(sql_text, owners or ()))
        return "1" if owners is None else f'"OwnerId" IN ({listed})'

    def _order(self) -> tuple[str, str]:
        items, sql_items = [], []
        for name in self.rng.sample((*TEXTS, *DATES, *MOMENTS, *NUMBERS, *FLAGS), self.rng.randint(1, 3)):
            direction, nulls = (
                self.rng.choice(("", " ASC", " desc")),
                self.rng.choice(("", " NULLS FIRST", " NULLS LAST")),
            )
            items.append(f"{name}{direction}{nulls}")
            column = f'fold("{name}")' if name in TEXTS else f'"{name}"'
            sql_items.append(f"{column}{direction}{nulls or ' NULLS FIRST'}")
        return f" ORDER BY {', '.join(items)}", f' ORDER BY {", ".join(sql_items)}, "Id"'

    def _cut(self) -> tuple[str, str]:
        limit = self.rng.randint(0, 30)
        offset = self.rng.choice((None, self.rng.randint(0, 20)))
        words = f" LIMIT {limit}" + ("" if offset is None else f" OFFSET {offset}")
        return words, words

    def _condition(self, depth: int) -> tuple[str, str]:
        if depth == 0 or self.rng.random() < 0.2:
            return self._leaf()
        kind = self.rng.choice(("AND", "OR", "and", "NOT"))
        if kind == "NOT":
            theirs, ours = self._condition(depth - 1)
            return f"(NOT ({theirs}))", f"(NOT ({ours}))"
        parts = [self._condition(depth - 1) for _ in range(self.rng.randint(2, 3))]
        joint = f" {kind} "
        return joint.join(f"({a})" for a, _ in parts), joint.join(f"({b})" for _, b in parts)

    def _leaf(self) -> tuple[str, str]:
        draw = self.rng.choice(
            (
                self._text,
                self._text,
                self._like,
                self._member,
                self._date,
                self._moment,
                self._number,
                self._flag,
                self._id,
                self._null,
            )
        )
        return draw()

    def _named(self, names: Sequence[str]) -> tuple[str, str]:
        name = self.rng.choice(names)
        shown = self.rng.choice((name, name.lower(), f"Task.{name}"))
        return shown, f'"{name}"'

    def _text(self) -> tuple[str, str]:
        (name, column), operator, word = self._named(TEXTS), self.rng.choice(COMPARISONS), self.rng.choice(WORDS)
        return f"{name} {operator} {quoted(word)}", f"fold({column}) {operator} fold({sql_text(word)})"

    def _like(self) -> tuple[str, str]:
        (name, column), pattern = self._named(TEXTS), self.rng.choice(PATTERNS)
        written = "'" + pattern.replace("'", "\\'") + "'"
        return f"{name} LIKE {written}", f"fold({column}) LIKE fold({sql_text(pattern)}) ESCAPE '\\'"

    def _member(self) -> tuple[str, str]:
        (name, column), words = self._named(TEXTS), self.rng.sample(WORDS, self.rng.randint(1, 4))
        null, negated = self.rng.random() < 0.2, self.rng.random() < 0.4
        listed = ", ".join([*map(quoted, words), *(["null"] if null else [])])
        inside = f"fold({column}) IN ({', '.join(f'fold({sql_text(word)})' for word in words)})"
        ours = f"({column} IS NULL OR {inside})" if null else inside
        return f"{name} {'NOT IN' if negated else 'IN'} ({listed})", f"(NOT {ours})" if negated else ours

    def _number(self) -> tuple[str, str]:
        (name, column), operator, value = self._named(NUMBERS), self.rng.choice(COMPARISONS), self.rng.randint(-2, 12)
        return f"{name} {operator} {value}", f"{column} {operator} {value}"

    def _flag(self) -> tuple[str, str]:
        (name, column), operator = self._named(FLAGS), self.rng.choice(("=", "!="))
        value = self.rng.choice(("true", "FALSE", "null"))
        return f"{name} {operator} {value}", f"{column} {operator} {int(value == 'true')}"

    def _id(self) -> tuple[str, str]:
        name = self.rng.choice(IDS)
        key = self.rng.choice(self.ids[name])
        shown = self.rng.choice((key, key[:15], key.lower()))
        if self.rng.random() < 0.4:
            other = self.rng.choice(self.ids[name])
            return f"{name} IN ('{shown}', '{other}')", f"\"{name}\" IN ('{key}', '{other}')"
        operator = self.rng.choice(("=", "!="))
        return f"{name} {operator} '{shown}'", f"\"{name}\" {operator} '{key}'"

    def _null(self) -> tuple[str, str]:
        name, column = self._named((*TEXTS, *DATES, *MOMENTS, *NUMBERS, "WhoId"))
        negated = self.rng.random() < 0.5
        return f"{name} {'!=' if negated else '='} null", f"{column} IS {'NOT ' if negated else ''}NULL"

    def _date(self) -> tuple[str, str]:
        (name, column), operator = self._named(DATES), self.rng.choice(COMPARISONS)
        if self.rng.random() < 0.4:
            day = f"2026-{self.rng.randint(9, 12):02d}-{self.rng.randint(1, 28):02d}"
            return f"{name} {operator} {day}", f"{column} {operator} '{day}'"
        literal, first, after = self._relative()
        return f"{name} {operator} {literal}", _within(column, operator, first, after)

    def _moment(self) -> tuple[str, str]:
        (name, column), operator = self._named(MOMENTS), self.rng.choice(COMPARISONS)
        if self.rng.random() < 0.4:
            second = self.now - self.rng.randint(-5, 40) * 3600
            zone, shift = self.rng.choice((("Z", 0), ("%2B05:30".replace("%2B", "+"), 19800), ("-0800", -28800)))
            (text,) = (
                sqlite3.connect(":memory:")
                .execute("SELECT strftime('%Y-%m-%dT%H:%M:%S', ?, 'unixepoch')", (second + shift,))
                .fetchone()
            )
            return f"{name} {operator} {text}{zone}", f"{column} {operator} {second}"
        literal, first, after = self._relative()
        offset = self.asker.offset
        seconds = [f"(CAST(strftime('%s', {day}) AS INTEGER) - {offset})" for day in (first, after)]
        return f"{name} {operator} {literal}", _within(column, operator, *seconds)

    def _relative(self) -> tuple[str, str, str]:
        """Draw a relative literal: its text, its first day and the day after its last, as SQL."""
        today = f"date({self.now + self.asker.offset}, 'unixepoch')"
        kind, number = self.rng.choice(("fixed", "which", "count", "ago", "ninety")), self.rng.randint(0, 5)
        if kind == "fixed":
            name, shift = self.rng.choice((("TODAY", 0), ("Yesterday", -1), ("TOMORROW", 1)))
            return name, f"date({today}, '{shift:+d} days')", f"date({today}, '{shift + 1:+d} days')"
        if kind == "ninety":
            if self.rng.random() < 0.5:
                return "LAST_90_DAYS", f"date({today}, '-90 days')", f"date({today}, '+1 days')"
            return "NEXT_90_DAYS", f"date({today}, '+1 days')", f"date({today}, '+91 days')"
        unit = self.rng.choice(tuple(UNITS))
        if kind == "which":
            unit = "WEEK" if unit == "DAY" else unit
            which, shift = self.rng.choice((("LAST", -1), ("THIS", 0), ("NEXT", 1)))
            return f"{which}_{unit}", _start(today, unit, shift), _start(today, unit, shift + 1)
        if kind == "ago":
            return f"N_{unit}S_AGO:{number}", _start(today, unit, -number), _start(today, unit, 1 - number)
        if self.rng.random() < 0.5:
            return f"NEXT_N_{unit}S:{number}", _start(today, unit, 1), _start(today, unit, number + 1)
        through = 1 if unit == "DAY" else 0  # the last n days include today; the last n weeks do not include this one
        return f"LAST_N_{unit}S:{number}", _start(today, unit, -number), _start(today, unit, through)


def _start(today: str, unit: str, shift: int) -> str:
    """Give the SQL of the first day of the unit that many units away."""
    if unit == "DAY":
        return f"date({today}, '{shift:+d} days')"
    if unit == "WEEK":
        return f"date({today}, '-6 days', 'weekday 0', '{7 * shift:+d} days')"
    if unit == "QUARTER":
        back = f"'-' || ((CAST(strftime('%m', {today}) AS INTEGER) - 1) % 3) || ' months'"
        return f"date({today}, 'start of month', {back}, '{3 * shift:+d} months')"
    return f"date({today}, 'start of {unit.lower()}', '{shift:+d} {unit.lower()}s')"


def _within(column: str, operator: str, first: str, after: str) -> str:
    """Compare with a span."""
    inside = f"({column} >= {first} AND {column} < {after})"
    return {
        "=": inside,
        "!=": f"(NOT {inside})",
        "<": f"({column} < {first})",
        "<=": f"({column} < {after})",
        ">": f"({column} >= {after})",
        ">=": f"({column} >= {first})",
    }[operator]
