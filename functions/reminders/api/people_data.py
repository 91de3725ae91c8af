"""The routes of one person's data (C8), for administrators."""

from __future__ import annotations

from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Path, Query

from reminders.api.http import call_of, new_router, reply, responses
from reminders.api.schemas_people_data import ErasureOut, ExportOut, PersonExportOut, erasure, exported, exported_person
from reminders.services import people_data, person_data

router = new_router()

UserId = Annotated[str, Path(description="The user's id.", pattern="^005[A-Za-z0-9]{15}$")]

PersonId = Annotated[
    str, Path(description="The lead's or contact's id.", json_schema_extra={"pattern": "^(003|00Q)[A-Za-z0-9]{15}$"})
]


@router.get(
    "/api/users/<user_id>/export",
    summary="Take a user's data out",
    tags=["People"],
    responses=responses(ExportOut, 404),
)
def export_user(
    user_id: UserId,
    cursor: Annotated[str | None, Query(max_length=400, description="`next` of the page before.")] = None,
) -> Response[str]:
    """Give everything that is stored about a user: settings, reminders assigned to them, and their history. Ask until `next` is null."""
    call = call_of(router)
    return reply(exported(people_data.export(call.world, call.asker, user_id, cursor)))


@router.post(
    "/api/users/<user_id>/erase",
    summary="Erase a user's data",
    tags=["People"],
    responses=responses(ErasureOut, 412),
)
def erase_user(user_id: UserId) -> Response[str]:
    """Erase what is stored about a user, up to 100 reminders a call: ask again until `done`, after `again_in` seconds.

    Their sync is turned off. The tasks stay in Salesforce, and nothing brings them back unless the user turns sync on again.
    What a backup holds is gone 35 days later.
    """
    call = call_of(router)
    done = people_data.erase(call.world, call.asker, user_id, now=call.now)
    return reply(erasure(done))


@router.get(
    "/api/people/<person_id>/export",
    summary="Take a lead's or contact's data out",
    tags=["People"],
    responses=responses(PersonExportOut, 404),
)
def export_person(
    person_id: PersonId,
    cursor: Annotated[str | None, Query(max_length=400, description="`next` of the page before.")] = None,
) -> Response[str]:
    """Give everything that is stored about a lead or contact: the reminders about them, and their history. Ask until `next` is null."""
    call = call_of(router)
    return reply(exported_person(person_data.export(call.world, call.asker, person_id, cursor)))


@router.post(
    "/api/people/<person_id>/erase",
    summary="Erase a lead's or contact's data",
    tags=["People"],
    responses=responses(ErasureOut, 404),
)
def erase_person(person_id: PersonId) -> Response[str]:
    """Erase what is stored about a lead or contact, up to 100 reminders a call: ask again until `done`, after `again_in` seconds.

    The reminders stay with their users, emptied and not synced; the tasks stay in Salesforce, and are not imported again. What a
    backup holds is gone 35 days later.
    """
    call = call_of(router)
    return reply(erasure(person_data.erase(call.world, call.asker, person_id, now=call.now)))
