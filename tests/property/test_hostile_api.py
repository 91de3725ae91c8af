"""Generated requests to the API, from its own OpenAPI document: those that fit it, and those that do not."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any, cast

import pytest
import schemathesis
from fakes.front_door import DELETED, HANDED_OVER, LINKED, LOCAL, OF_CY, FrontDoor
from fakes.people import ADA, BO
from hypothesis import given
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode, Response
from schemathesis.specs.openapi.checks import negative_data_rejection

BULK = "/api/reminders/bulk"

CONFIG = schemathesis.Config.from_dict(
    {
        # Who asks is drawn beside the request; a token of another form is a 401 before anything is read (test_hostile_api).
        "generation": {"with-security-parameters": False},
        "checks": {
            # Beside the usual: stale (412), a rule that no schema tells (422), no If-Match (428, where RFC 6585 wants no 400).
            "positive_data_acceptance": {"expected-statuses": ["2xx", "304", "403", "404", "412", "422", "428"]},
            "negative_data_rejection": {"expected-statuses": ["400", "403", "404", "415", "422", "428"]},
        },
    }
)

Aim = tuple[str, int]
"""A reminder that is there, and a version that may be its."""

_there = st.tuples(st.sampled_from([LINKED, LOCAL, DELETED, HANDED_OVER, OF_CY, OF_CY]), st.sampled_from([1, 1, 1, 2]))
AIMS = _there | _there | _there | st.none()


@pytest.mark.timeout(1800)
def test_no_request_breaks_the_api_and_no_refused_one_changes_anything(
    door: FrontDoor, count: Callable[[int], None], hostile: Callable[[Callable[[], None]], Callable[[], None]]
) -> None:
    """C5, C7: whatever is sent is answered as documented, never a 5xx; only what succeeds changes something, and only one's own."""
    schema = schemathesis.openapi.from_wsgi("/openapi.json", door, config=CONFIG)
    cases = st.one_of(*(schema.as_strategy(generation_mode=mode) for mode in GenerationMode))

    @hostile
    @given(case=cases, user=st.sampled_from([ADA, BO]), aim=AIMS)
    def holds(case: Case[Any], user: str, aim: Aim | None) -> None:
        door.reset()
        before = door.state()
        if aim and case.meta and case.meta.generation.mode.is_positive:
            take_aim(case, *aim)
        signed = {"Authorization": f"Bearer {user}"}
        response = case.call(headers=signed)
        count(response.status_code)
        assert response.status_code < 500
        after = door.state()
        if response.status_code >= 400 or case.method == "GET":
            assert without_asked(after) == without_asked(before)
        elif case.path == BULK:
            assert changed(before, after) <= sum(each["status"] < 300 for each in results(response))
        else:
            assert changed(before, after) <= 1
        if user == BO:
            assert stored(after)[OF_CY] == stored(before)[OF_CY]
            assert f"Call about {OF_CY}".encode() not in response.content
        # A bulk request is answered item by item: what does not fit is refused in its result, hence the check of our own.
        excluded: list[Any] = [negative_data_rejection] if case.path == BULK else []
        case.validate_response(response, headers=signed, excluded_checks=excluded)
        if case.path == BULK and response.status_code == 200 and body_is_wrong(case):
            assert any(each["status"] == 422 for each in results(response))

    holds()


def take_aim(case: Case[Any], reminder_id: str, version: int) -> None:
    """Have a request that fits the schema concern something that is there; else nearly all would end in a 404."""
    if "reminder_id" in case.path_parameters:
        case.path_parameters["reminder_id"] = reminder_id
    if any(parameter.name == "if-match" for parameter in case.operation.headers):
        case.headers["if-match"] = f'"{version}"'
    if case.path == BULK:
        body = cast("dict[str, Any]", deepcopy(case.body))
        for item in (each for each in body["items"] if "id" in each):
            item |= {"id": reminder_id, "version": version}
        case.body = body


def body_is_wrong(case: Case[Any]) -> bool:
    """Tell whether it is the body that does not fit (a parameter that nobody knows is ignored)."""
    assert case.meta
    body = next((part for place, part in case.meta.components.items() if place.name == "BODY"), None)
    return body is not None and body.mode.is_negative


def results(response: Response) -> list[dict[str, Any]]:
    """Give the results of a bulk request."""
    return cast("list[dict[str, Any]]", response.json()["results"])


def without_asked(state: dict[str, object]) -> dict[str, object]:
    """Leave out the picklists: a copy of the org's, asked for anew before a setting is refused for not being among them, and to list them (F2)."""
    return {part: value for part, value in state.items() if part != "_picklists"}


def stored(state: dict[str, object]) -> dict[str, object]:
    """Give the reminders of a state."""
    return cast("dict[str, object]", state["_reminders"])


def changed(before: dict[str, object], after: dict[str, object]) -> int:
    """Count what differs: reminders, users, settings."""
    reminders = sum(stored(before).get(key) != value for key, value in stored(after).items())
    return reminders + sum(before[part] != after[part] for part in ("_users", "_settings"))
