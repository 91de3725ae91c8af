"""Salesforce's errors: a status, a code, a message, and the fields concerned. Texts as seen on the wire where known."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus


class Refused(Exception):
    """A request, or one record of it, that Salesforce answers with an error."""

    def __init__(
        self, code: str, message: str, fields: Iterable[str] = (), status: int = HTTPStatus.BAD_REQUEST
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.fields = tuple(fields)
        self.status = int(status)

    def body(self) -> list[dict[str, object]]:
        """Give the REST answer: a list, with `errorCode`; `fields` only where there are some."""
        error: dict[str, object] = {"message": self.message, "errorCode": self.code}
        return [{**error, "fields": list(self.fields)} if self.fields else error]

    def result(self) -> dict[str, object]:
        """Give the error inside a collection's result: `statusCode` instead of `errorCode`."""
        return {"statusCode": self.code, "message": self.message, "fields": list(self.fields)}


class OAuthRefused(Exception):
    """An error of the OAuth endpoints: an object, not a list."""

    def __init__(self, error: str, description: str, status: int = HTTPStatus.BAD_REQUEST) -> None:
        super().__init__(f"{error}: {description}")
        self.error = error
        self.description = description
        self.status = int(status)


def not_found(message: str = "The requested resource does not exist") -> Refused:
    """404 NOT_FOUND: a wrong object, or an id that is missing or not shared."""
    return Refused("NOT_FOUND", message, status=HTTPStatus.NOT_FOUND)


def deleted() -> Refused:
    """404 ENTITY_IS_DELETED: the record lies in the recycle bin."""
    return Refused("ENTITY_IS_DELETED", "entity is deleted", status=HTTPStatus.NOT_FOUND)


def converted() -> Refused:
    """400 CANNOT_UPDATE_CONVERTED_LEAD: a lead that became a contact is neither changed nor referred to again."""
    return Refused("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead")


def invalid_session() -> Refused:
    """401 INVALID_SESSION_ID: sign in again."""
    return Refused("INVALID_SESSION_ID", "Session expired or invalid", status=HTTPStatus.UNAUTHORIZED)


def no_column(name: str, sobject: str) -> Refused:
    """400 INVALID_FIELD: unknown, or hidden from this user, which looks the same."""
    return Refused("INVALID_FIELD", f"No such column '{name}' on sobject of type {sobject}")


def no_type(name: str) -> Refused:
    """400 INVALID_TYPE: no such object in a query."""
    return Refused("INVALID_TYPE", f"sObject type '{name}' is not supported.")


def read_only(fields: Iterable[str]) -> Refused:
    """400 INVALID_FIELD_FOR_INSERT_UPDATE: derived, system, or create-only fields."""
    names = tuple(fields)
    return Refused(
        "INVALID_FIELD_FOR_INSERT_UPDATE",
        f"Unable to create/update fields: {', '.join(names)}. Please check the security settings of this field and "
        "verify that it is read/write for your profile or permission set.",
        names,
    )


def malformed_query(message: str) -> Refused:
    """400 MALFORMED_QUERY: SOQL that does not parse, or that the emulator does not speak."""
    return Refused("MALFORMED_QUERY", message)


def unreadable(message: str) -> Refused:
    """400 JSON_PARSER_ERROR: a body that is no JSON, or a value of the wrong type."""
    return Refused("JSON_PARSER_ERROR", message)


def locked(record_id: str, status: int = HTTPStatus.BAD_REQUEST) -> Refused:
    """Give UNABLE_TO_LOCK_ROW, whose HTTP status Salesforce does not document: 400 and 500 are both seen."""
    return Refused(
        "UNABLE_TO_LOCK_ROW",
        f"unable to obtain exclusive access to this record or 1 records: {record_id}",
        status=status,
    )
