"""The shapes of the JSON API for people and what they choose: their own sync (S1), the org-wide settings (S6), the status (C3)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Annotated, Final, Literal

from pydantic import BaseModel, Field, StrictFloat, StrictInt, StringConstraints

from reminders.api.schemas import Strict
from reminders.core.reminder import Priority, Status
from reminders.core.set_up_rules import Picklists, PicklistValue
from reminders.core.settings import Choice, Import, Policy, Settings, User
from reminders.services.preferences import SYNC_OFF, SYNC_ON, SyncStatus
from reminders.services.preview import Preview
from reminders.sync.find import BATCH

SHOWN: Final = 20
"""Tasks of a preview that are named."""

Sync = Literal["Do not sync to Salesforce tasks", "Sync with Salesforce tasks"]
Hours = Annotated[StrictInt, Field(ge=1, le=720)]
OrgValue = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=255, pattern=r"^[^\x00-\x1f]+$")
]


class FirstSyncOut(BaseModel):
    """Progress of the first sync: tasks found in Salesforce, and how many of them at least are here by now.

    `listed` is whether Salesforce was asked already; until then `found` is 0 and means nothing.
    """

    started: datetime
    since: datetime
    found: int
    applied: int
    listed: bool
    finished: bool


class MeOut(BaseModel):
    """Who you are; `today` is the date in your own time zone (S5)."""

    id: str
    name: str
    username: str
    admin: bool
    time_zone: str
    language: str
    today: date
    sync: Sync


class OwnSettingsIn(Strict):
    """Your own choice. `import_hours` is how far back the first sync reaches (1 to 720), if the org's default does not suit."""

    sync: Sync
    import_hours: Hours | None = None


class OwnSettingsOut(BaseModel):
    """Your own settings; `import_hours` is the org's default for the next first sync."""

    sync: Sync
    changed: datetime | None
    import_hours: int
    first_sync: FirstSyncOut | None


class ChoiceModel(Strict):
    """How one of our values is represented in the org: what is written, and what further is read (F2)."""

    written: OrgValue
    also_read: list[OrgValue] = Field(default_factory=list, max_length=50)


class StatusesModel(Strict):
    """Our two statuses."""

    Open: ChoiceModel
    Complete: ChoiceModel


class PrioritiesModel(Strict):
    """Our two priorities."""

    Normal: ChoiceModel
    High: ChoiceModel


class OrgSettings(Strict):
    """The org-wide settings, all of them. Poll interval in minutes, window in hours, share as a fraction of the daily calls."""

    subject_template: Annotated[str, StringConstraints(min_length=1, max_length=1000, pattern=r"^[^\x00-\x1f]*$")]
    policy: Policy
    poll_minutes: Annotated[StrictInt, Field(ge=2, le=1440)]
    import_hours: Hours
    api_share: Annotated[StrictFloat, Field(gt=0, le=0.8, allow_inf_nan=False)]
    statuses: StatusesModel
    priorities: PrioritiesModel


class SuccessOut(BaseModel):
    """The last success of one direction, and how many seconds ago it was."""

    at: datetime
    age_seconds: int


class CallsOut(BaseModel):
    """API calls of the whole org as last heard, at `at`, and its daily limit; those by Reminder Sync today (UTC), and their share."""

    used: int
    limit: int
    at: datetime
    ours: int
    our_limit: int


class LagOut(BaseModel):
    """How long the slowest change of a half hour took, in seconds. `at` is when that half hour began."""

    direction: str
    at: datetime
    worst_seconds: int


class SyncAskedOut(BaseModel):
    """A sync was asked for: the poll starts within seconds, and what waits is pushed."""

    asked: datetime


class StatusOut(BaseModel):
    """How the sync is doing (C3). `waiting` counts the reminders of the whole org that wait for a push.

    `lags`: of the last day, how long changes took, by half hour and direction ("pull": from Salesforce), oldest first; where nothing
    was carried over there is none.
    """

    sync: Sync
    successes: dict[str, SuccessOut]
    waiting: int
    first_sync: FirstSyncOut | None
    calls: CallsOut | None
    lags: list[LagOut]


class OrgValueOut(BaseModel):
    """A value of the org. `marked`: of a status, that it is closed; of a priority, that it is high."""

    name: str
    marked: bool
    default: bool


class OrgValuesOut(BaseModel):
    """The org's own picklist values, in its order, as they were at `at`."""

    statuses: list[OrgValueOut]
    priorities: list[OrgValueOut]
    at: datetime


class PreviewTaskOut(BaseModel):
    """A task that would be imported."""

    id: str
    subject: str | None
    due: date | None


class NotImportedOut(BaseModel):
    """How many tasks would not be imported, and why."""

    reason: str
    count: int


class PreviewOut(BaseModel):
    """What the first sync would bring: how many, the first 20, and what not; `more`: there are older ones that were not looked at."""

    since: datetime
    count: int
    tasks: list[PreviewTaskOut]
    not_imported: list[NotImportedOut]
    more: bool


def preview_out(found: Preview) -> PreviewOut:
    """Write a preview."""
    first = found.imported[:SHOWN]
    return PreviewOut(
        since=found.since,
        count=len(found.imported),
        tasks=[PreviewTaskOut(id=each.id, subject=each.subject, due=each.due) for each in first],
        not_imported=[
            NotImportedOut(reason=reason, count=count) for reason, count in sorted(found.not_imported.items())
        ],
        more=found.more,
    )


def org_values(found: Picklists) -> OrgValuesOut:
    """Write the org's values."""
    return OrgValuesOut(statuses=_values(found.statuses), priorities=_values(found.priorities), at=found.at)


def _values(values: Iterable[PicklistValue]) -> list[OrgValueOut]:
    return [OrgValueOut(name=each.name, marked=each.marked, default=each.default) for each in values]


def sync(user: User) -> Sync:
    """Say a user's choice in the words of S1."""
    return SYNC_ON if user.syncs else SYNC_OFF


def me(user: User, today: date) -> MeOut:
    """Write who is asking."""
    return MeOut(
        id=user.id,
        name=user.name,
        username=user.username,
        admin=user.admin,
        time_zone=user.time_zone,
        language=user.language,
        today=today,
        sync=sync(user),
    )


def first_sync(progress: Import | None) -> FirstSyncOut | None:
    """Write the progress of a first sync."""
    if progress is None:
        return None
    return FirstSyncOut(
        started=progress.started,
        since=progress.since,
        found=progress.found,
        applied=max(0, progress.found - BATCH * len(progress.batches)),
        listed=progress.listed,
        finished=progress.finished,
    )


def own_settings(user: User, settings: Settings) -> OwnSettingsOut:
    """Write a user's own settings."""
    return OwnSettingsOut(
        sync=sync(user),
        changed=user.changed,
        import_hours=settings.import_hours,
        first_sync=first_sync(user.first_sync),
    )


def org_settings(settings: Settings) -> OrgSettings:
    """Write the org-wide settings."""
    return OrgSettings(
        subject_template=settings.subject_template,
        policy=settings.policy,
        poll_minutes=settings.poll_minutes,
        import_hours=settings.import_hours,
        api_share=settings.api_share,
        statuses=StatusesModel(**{key.value: _choice(item) for key, item in settings.statuses.items()}),
        priorities=PrioritiesModel(**{key.value: _choice(item) for key, item in settings.priorities.items()}),
    )


def to_settings(wanted: OrgSettings, version: int) -> Settings:
    """Read the org-wide settings, on the version that was seen."""
    return Settings(
        subject_template=wanted.subject_template,
        policy=wanted.policy,
        poll_minutes=wanted.poll_minutes,
        import_hours=wanted.import_hours,
        api_share=wanted.api_share,
        statuses={
            Status.OPEN: _to_choice(wanted.statuses.Open),
            Status.COMPLETE: _to_choice(wanted.statuses.Complete),
        },
        priorities={
            Priority.NORMAL: _to_choice(wanted.priorities.Normal),
            Priority.HIGH: _to_choice(wanted.priorities.High),
        },
        version=version,
    )


def status_out(user: User, found: SyncStatus) -> StatusOut:
    """Write the sync status for one user."""
    return StatusOut(
        sync=sync(user),
        successes=_successes(found.successes, found.now),
        waiting=found.waiting,
        first_sync=first_sync(user.first_sync),
        calls=_calls(found),
        lags=[
            LagOut(direction=each.direction, at=each.at, worst_seconds=int(each.worst.total_seconds()))
            for each in found.lags
        ],
    )


def _calls(found: SyncStatus) -> CallsOut | None:
    if found.calls is None:
        return None
    return CallsOut(
        used=found.calls.used,
        limit=found.calls.limit,
        at=found.calls.at,
        ours=found.calls.ours,
        our_limit=int(found.calls.limit * found.share),
    )


def _successes(successes: Mapping[str, datetime], now: datetime) -> dict[str, SuccessOut]:
    return {
        direction: SuccessOut(at=at, age_seconds=max(0, int((now - at).total_seconds())))
        for direction, at in successes.items()
    }


def _choice(choice: Choice) -> ChoiceModel:
    return ChoiceModel(written=choice.written, also_read=list(choice.also_read))


def _to_choice(model: ChoiceModel) -> Choice:
    return Choice(written=model.written, also_read=tuple(dict.fromkeys(model.also_read)))
