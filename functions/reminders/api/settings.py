"""The routes of people, settings and status (S1, S6, C3)."""

from __future__ import annotations

from typing import Annotated, Final

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query

from reminders.api.http import call_of, new_router, reply, require_version, responses
from reminders.api.reminders import IfMatch
from reminders.api.schemas import PeopleOut, PersonOut, person
from reminders.api.schemas_settings import (
    MeOut,
    OrgSettings,
    OrgValuesOut,
    OwnSettingsIn,
    OwnSettingsOut,
    PreviewOut,
    StatusOut,
    SyncAskedOut,
    me,
    org_settings,
    org_values,
    own_settings,
    preview_out,
    status_out,
    to_settings,
)
from reminders.services import preferences
from reminders.services.access import require_admin, today
from reminders.services.preferences import SYNC_ON, Switch
from reminders.services.preview import preview
from reminders.sync import set_up

MOST_NAMED: Final = 200
"""People that one request names."""

router = new_router()


@router.get("/api/me", summary="Who you are", tags=["People"], responses=responses(MeOut))
def read_me() -> Response[str]:
    """Tell who you are, and which day it is where you are."""
    call = call_of(router)
    return reply(me(call.asker, today(call.asker, call.now)))


@router.get("/api/people", summary="Find leads and contacts", tags=["People"], responses=responses(PeopleOut))
def find_people(q: Annotated[str, Query(min_length=2, max_length=80, description="Part of a name.")]) -> Response[str]:
    """Find the org's leads and contacts whose name contains the text, at most 20 (C1)."""
    return reply(PeopleOut(people=[person(item) for item in call_of(router).world.org.people(q)]))


@router.get("/api/people/names", summary="Names by id", tags=["People"], responses=responses(PeopleOut))
def name_people(
    ids: Annotated[str, Query(min_length=18, max_length=3800, description="Ids, with commas between; up to 200.")],
) -> Response[str]:
    """Name leads, contacts and users by id (C1). Who is not there, or not shared, is left out."""
    found = preferences.named(call_of(router).world, list(dict.fromkeys(ids.split(",")))[:MOST_NAMED])
    return reply(PeopleOut(people=[PersonOut(id=item.id, name=item.name) for item in found]))


@router.get("/api/assignees", summary="Whom to assign to", tags=["People"], responses=responses(PeopleOut))
def list_assignees() -> Response[str]:
    """List the users to offer as assignees: those who sync, and you. Any other active user can be given by id."""
    call = call_of(router)
    users = preferences.assignees(call.world, call.asker)
    return reply(PeopleOut(people=[PersonOut(id=user.id, name=user.name) for user in users]))


@router.get("/api/settings", summary="Your settings", tags=["Settings"], responses=responses(OwnSettingsOut))
def read_settings() -> Response[str]:
    """Read your own settings."""
    call = call_of(router)
    return reply(own_settings(call.asker, call.world.ledger.settings()), version=call.asker.version)


@router.put(
    "/api/settings",
    summary="Choose whether to sync",
    tags=["Settings"],
    responses=responses(OwnSettingsOut, 400, 412, 413, 415, 428),
)
def save_settings(wanted: OwnSettingsIn, if_match: IfMatch = None) -> Response[str]:
    """Turn your sync on or off. Turning it on starts the first sync at once, in the background (S1, S2)."""
    call = call_of(router)
    user = preferences.switch(
        call.world,
        call.asker,
        Switch(syncs=wanted.sync == SYNC_ON, hours=wanted.import_hours, version=require_version(if_match)),
        now=call.now,
    )
    return reply(own_settings(user, call.world.ledger.settings()), version=user.version)


@router.get(
    "/api/settings/preview",
    summary="What the first sync would bring",
    tags=["Settings"],
    responses=responses(PreviewOut),
)
def preview_first_sync(
    hours: Annotated[
        int | None, Query(ge=1, le=720, description="How far back; the org's default if left out.")
    ] = None,
) -> Response[str]:
    """Look at your own tasks in Salesforce as the first sync would: what it imports, and what not and why (S2). Nothing is stored."""
    call = call_of(router)
    return reply(preview_out(preview(call.world, call.asker, hours, call.now)))


@router.get("/api/settings/values", summary="The org's values", tags=["Settings"], responses=responses(OrgValuesOut))
def read_org_values() -> Response[str]:
    """Read the org's own picklist values, to choose from (administrators); as known within the hour, else asked for (F2)."""
    call = call_of(router)
    require_admin(call.asker)
    return reply(org_values(set_up.picklists(call.world, call.now)))


@router.get("/api/settings/org", summary="The org's settings", tags=["Settings"], responses=responses(OrgSettings))
def read_org_settings() -> Response[str]:
    """Read the org-wide settings (administrators)."""
    call = call_of(router)
    require_admin(call.asker)
    settings = call.world.ledger.settings()
    return reply(org_settings(settings), version=settings.version)


@router.put(
    "/api/settings/org",
    summary="Change the org's settings",
    tags=["Settings"],
    responses=responses(OrgSettings, 400, 412, 413, 415, 428),
)
def save_org_settings(wanted: OrgSettings, if_match: IfMatch = None) -> Response[str]:
    """Change the org-wide settings (administrators). A task is touched only when its field next changes (S6)."""
    call = call_of(router)
    require_admin(call.asker)
    stored = preferences.change_settings(call.world, to_settings(wanted, require_version(if_match)))
    return reply(org_settings(stored), version=stored.version)


@router.get("/api/status", summary="How the sync is doing", tags=["Settings"], responses=responses(StatusOut))
def read_status() -> Response[str]:
    """Tell how the sync is doing: last successes, what waits, the first sync's progress, calls used (C3)."""
    call = call_of(router)
    return reply(status_out(call.asker, preferences.status(call.world, call.now)))


@router.post("/api/sync", summary="Sync now", tags=["Settings"], responses=responses(SyncAskedOut, 429, status=202))
def sync_now() -> Response[str]:
    """Ask for a poll and a push at once (C3), at most once a minute."""
    call = call_of(router)
    preferences.ask_for_sync(call.world, call.now)
    return reply(SyncAskedOut(asked=call.now), status=202)
