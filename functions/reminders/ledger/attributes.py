"""How our value types look in DynamoDB: PynamoDB attributes for words, days, instants and small maps.

Shapes are for people who read the tables: ISO text for time, words for enums, maps by name. Part of `tables`; nothing else
imports it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any, Generic, TypeVar

from pynamodb.attributes import Attribute
from pynamodb.constants import LIST, MAP, STRING

from reminders.core.reminder import Field, Pairs
from reminders.core.settings import Choice

_SIDES = ("ours", "theirs")

Word = TypeVar("Word", bound=StrEnum)
Value = TypeVar("Value")


class WordAttribute(Attribute[Word], Generic[Word]):
    """A value of an enum, as its word (S)."""

    attr_type = STRING

    def __init__(self, words: type[Word], *, null: bool = False) -> None:
        super().__init__(null=null)
        self._words = words

    def deserialize(self, value: str) -> Word:
        """Read. Raises ValueError for an unknown word."""
        return self._words(value)


class MapOf(Attribute[Value], Generic[Value]):
    """A frozen dataclass as a map (M): one attribute per field, by the field's name; a field that is None is left out."""

    attr_type = MAP

    def __init__(self, kind: type[Value], *, null: bool = False, **attributes: Attribute[Any]) -> None:
        super().__init__(null=null)
        self._kind = kind
        self._attributes = attributes

    def serialize(self, value: Value) -> dict[str, Any]:
        """Write."""
        return {
            name: {attribute.attr_type: attribute.serialize(part)}
            for name, attribute in self._attributes.items()
            if (part := getattr(value, name)) is not None
        }

    def deserialize(self, value: dict[str, Any]) -> Value:
        """Read; a field that is not there has its default."""
        return self._kind(
            **{
                name: attribute.deserialize(value[name][attribute.attr_type])
                for name, attribute in self._attributes.items()
                if name in value
            }
        )


class TupleOf(Attribute[tuple[Value, ...]], Generic[Value]):
    """Several of them, in order (L)."""

    attr_type = LIST

    def __init__(self, element: MapOf[Value]) -> None:
        super().__init__()
        self._element = element

    def serialize(self, value: tuple[Value, ...]) -> list[dict[str, Any]]:
        """Write."""
        return [{"M": self._element.serialize(each)} for each in value]

    def deserialize(self, value: list[dict[str, Any]]) -> tuple[Value, ...]:
        """Read."""
        return tuple(self._element.deserialize(each["M"]) for each in value)


class DayAttribute(Attribute[date]):
    """A plain date, `2026-11-22` (S); never shifted by a time zone (F4)."""

    attr_type = STRING

    def serialize(self, value: date) -> str:
        """Write as ISO."""
        return value.isoformat()

    def deserialize(self, value: str) -> date:
        """Read."""
        return date.fromisoformat(value)


class InstantAttribute(Attribute[datetime]):
    """An instant in UTC and whole seconds, `2026-11-22T05:30:00Z` (S): one width, so that text sorts as time does."""

    attr_type = STRING

    def serialize(self, value: datetime) -> str:
        """Write. Raises ValueError for a naive time or a fraction of a second: both would sort wrong, silently."""
        return instant(value)

    def deserialize(self, value: str) -> datetime:
        """Read, aware."""
        return datetime.fromisoformat(value)


class InstantsAttribute(Attribute[Mapping[Field, datetime]]):
    """An instant per mapped field (M)."""

    attr_type = MAP

    def serialize(self, value: Mapping[Field, datetime]) -> dict[str, Any]:
        """Write."""
        return {name.value: {"S": instant(at)} for name, at in value.items()}

    def deserialize(self, value: dict[str, Any]) -> dict[Field, datetime]:
        """Read."""
        return {Field(name): datetime.fromisoformat(at["S"]) for name, at in value.items()}


class PairsAttribute(Attribute[Pairs]):
    """Both representations per mapped field (M): `{"due": {"ours": …, "theirs": …}}`, an absent one left out."""

    attr_type = MAP

    def serialize(self, value: Pairs) -> dict[str, Any]:
        """Write."""
        return {
            name.value: {"M": {side: {"S": text} for side, text in zip(_SIDES, pair, strict=True) if text is not None}}
            for name, pair in value.items()
        }

    def deserialize(self, value: dict[str, Any]) -> dict[Field, tuple[str | None, str | None]]:
        """Read."""
        return {
            Field(name): (pair["M"].get(_SIDES[0], {}).get("S"), pair["M"].get(_SIDES[1], {}).get("S"))
            for name, pair in value.items()
        }


class TextsAttribute(Attribute[Mapping[str, str]]):
    """Texts by name (M)."""

    attr_type = MAP

    def serialize(self, value: Mapping[str, str]) -> dict[str, Any]:
        """Write."""
        return {name: {"S": text} for name, text in value.items()}

    def deserialize(self, value: dict[str, Any]) -> dict[str, str]:
        """Read."""
        return {name: text["S"] for name, text in value.items()}


class ChoicesAttribute(Attribute[Mapping[Word, Choice]], Generic[Word]):
    """How each of our values is represented in the org (M): `{"Open": {"written": …, "also_read": […]}}` (F2, F3)."""

    attr_type = MAP

    def __init__(self, words: type[Word]) -> None:
        super().__init__()
        self._words = words

    def serialize(self, value: Mapping[Word, Choice]) -> dict[str, Any]:
        """Write."""
        return {
            word.value: {
                "M": {"written": {"S": choice.written}, "also_read": {"L": [{"S": text} for text in choice.also_read]}}
            }
            for word, choice in value.items()
        }

    def deserialize(self, value: dict[str, Any]) -> dict[Word, Choice]:
        """Read."""
        return {
            self._words(word): Choice(
                written=choice["M"]["written"]["S"],
                also_read=tuple(text["S"] for text in choice["M"]["also_read"]["L"]),
            )
            for word, choice in value.items()
        }


def instant(value: datetime) -> str:
    """Write an instant as in every item. Raises ValueError for a naive time or a fraction of a second."""
    if value.tzinfo is None or value.microsecond:
        raise ValueError(f"not an aware time in whole seconds: {value.isoformat()}")
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
