"""The items of the four tables, as PynamoDB models, and their binding to the tables of one deployment.

Keys and access patterns are told in `tables`. `item_values` is the way between these models and our values.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, TypeVar, cast

from botocore.parsers import JSONParser, ResponseParserFactory
from botocore.session import Session
from pynamodb.attributes import (
    BooleanAttribute,
    NumberAttribute,
    TTLAttribute,
    UnicodeAttribute,
    UnicodeSetAttribute,
    VersionAttribute,
)
from pynamodb.connection import Connection
from pynamodb.indexes import GlobalSecondaryIndex, IncludeProjection, KeysOnlyProjection
from pynamodb.models import Model

from reminders.core.problems import Kind
from reminders.core.reminder import (
    Agreement,
    Completion,
    Event,
    Field,
    Held,
    Intent,
    Line,
    Priority,
    Side,
    Status,
    Tombstone,
    Trouble,
    Type,
    Values,
    Write,
)
from reminders.core.set_up_rules import PicklistValue
from reminders.core.settings import Import, Policy
from reminders.ledger.attributes import (
    ChoicesAttribute,
    DayAttribute,
    InstantAttribute,
    InstantsAttribute,
    MapOf,
    PairsAttribute,
    TextsAttribute,
    TupleOf,
    WordAttribute,
)

SCHEMA: Final = 1
"""The version of the shape of every item (C8). A change that older code would misread raises it, and readers keep the older ones."""

CONNECT_SECONDS: Final = 2
READ_SECONDS: Final = 5
RETRIES: Final = 3
"""With botocore's back-off (standard mode), the most that one call can hold up an invocation is half a minute."""

CONNECTIONS: Final = 16
"""The connection pool: more than `workers`, so that no thread waits for a socket."""


class _AsItCame(JSONParser):
    """Hands the values of items on as they are in the JSON of the answer.

    botocore builds each of them anew, trying the ten members of AttributeValue: a quarter of a pull's processor time. Only binary
    values would differ from what it makes of them, and our items have none.
    """

    def _handle_structure(self, shape: Any, value: Any) -> Any:  # noqa: ANN401 - botocore's own signature
        return value if shape.name == "AttributeValue" else super()._handle_structure(shape, value)  # type: ignore[misc]  # its stubs leave it out


class _Parsers(ResponseParserFactory):
    """Gives that parser for DynamoDB's protocol."""

    def create_parser(self, protocol_name: str) -> Any:  # noqa: ANN401 - same
        """Create it, or botocore's for any other protocol."""
        return _AsItCame() if protocol_name == "json" else super().create_parser(protocol_name)


class _Connection(Connection):
    """A connection whose answers are parsed so."""

    @property
    def session(self) -> Session:
        """The session of this thread."""
        session = super().session
        session.register_component("response_parser_factory", _Parsers())
        return session


class Item(Model):
    """What every item has."""

    schema = NumberAttribute(default=SCHEMA)


class ByAssignee(GlobalSecondaryIndex["ReminderItem"]):  # type: ignore[no-untyped-call]  # PynamoDB's __init_subclass__
    """An assignee's shelves, each in its order."""

    class Meta:
        """Its name and projection."""

        index_name = "by_assignee"
        projection = KeysOnlyProjection()

    list_key = UnicodeAttribute(hash_key=True)
    list_order = UnicodeAttribute(range_key=True)


class Changed(GlobalSecondaryIndex["ReminderItem"]):  # type: ignore[no-untyped-call]  # same
    """An assignee's shelves, each by when something last happened."""

    class Meta:
        """Its name and projection."""

        index_name = "changed"
        projection = KeysOnlyProjection()

    list_key = UnicodeAttribute(hash_key=True)
    changed_order = UnicodeAttribute(range_key=True)


class ByCreator(GlobalSecondaryIndex["ReminderItem"]):  # type: ignore[no-untyped-call]  # same
    """What somebody assigned to others, each shelf in its order."""

    class Meta:
        """Its name and projection."""

        index_name = "by_creator"
        projection = KeysOnlyProjection()

    creator_key = UnicodeAttribute(hash_key=True)
    list_order = UnicodeAttribute(range_key=True)


class ByPerson(GlobalSecondaryIndex["ReminderItem"]):  # type: ignore[no-untyped-call]  # same
    """What is about a lead or contact."""

    class Meta:
        """Its name and projection."""

        index_name = "by_person"
        projection = KeysOnlyProjection()

    person_key = UnicodeAttribute(hash_key=True)
    reminder_id = UnicodeAttribute(range_key=True)


class Waiting(GlobalSecondaryIndex["ReminderItem"]):  # type: ignore[no-untyped-call]  # same
    """What has a next attempt, soonest first."""

    class Meta:
        """Its name and projection."""

        index_name = "waiting"
        projection = IncludeProjection(["list_key", "urgency"])

    waiting_shard = UnicodeAttribute(hash_key=True)
    next_attempt = InstantAttribute(range_key=True)


class Troubled(GlobalSecondaryIndex["ReminderItem"]):  # type: ignore[no-untyped-call]  # same
    """What has a problem, by its code, longest first."""

    class Meta:
        """Its name and projection."""

        index_name = "troubled"
        projection = KeysOnlyProjection()

    trouble_shard = UnicodeAttribute(hash_key=True)
    trouble_order = UnicodeAttribute(range_key=True)


class ReminderItem(Item):
    """See `reminder.Reminder`."""

    reminder_id = UnicodeAttribute(hash_key=True)
    version = VersionAttribute()
    values = MapOf(
        Values,
        name=UnicodeAttribute(),
        assignee=UnicodeAttribute(),
        type=WordAttribute(Type),
        status=WordAttribute(Status),
        priority=WordAttribute(Priority),
        due=DayAttribute(),
        details=UnicodeAttribute(),
        person=UnicodeAttribute(),
        campaign_name=UnicodeAttribute(),
        campaign_day=UnicodeAttribute(),
        campaign_step=UnicodeAttribute(),
        call_outcome=UnicodeAttribute(),
        call_reason=UnicodeAttribute(),
    )
    created = InstantAttribute()
    created_by = UnicodeAttribute()
    sponsor = UnicodeAttribute(null=True)
    edited = InstantsAttribute()
    generation = NumberAttribute()
    task_id = UnicodeAttribute(null=True)
    agreement = MapOf(Agreement, null=True, pairs=PairsAttribute(), inputs=TextsAttribute())
    intents = TupleOf(
        MapOf(
            Intent,
            number=NumberAttribute(),
            write=WordAttribute(Write),
            at=InstantAttribute(),
            pairs=PairsAttribute(),
            inputs=TextsAttribute(),
            seen=InstantAttribute(),
        )
    )
    tombstone = MapOf(
        Tombstone,
        null=True,
        at=InstantAttribute(),
        side=WordAttribute(Side),
        agreed=InstantAttribute(),
        restored=InstantAttribute(),
        passed=InstantAttribute(),
    )
    held = MapOf(
        Held,
        null=True,
        side=WordAttribute(Side),
        since=InstantAttribute(),
        deleted=InstantAttribute(),
        confirmed=InstantAttribute(),
    )
    handed_over = BooleanAttribute()
    trouble = MapOf(
        Trouble,
        null=True,
        code=UnicodeAttribute(),
        message=UnicodeAttribute(),
        since=InstantAttribute(),
        ignored=InstantAttribute(),
    )
    retrying = UnicodeAttribute(null=True)
    pending = BooleanAttribute()
    rounds = NumberAttribute(default=0)
    attempts = NumberAttribute()
    rings = BooleanAttribute(null=True)
    completion = MapOf(Completion, null=True, side=WordAttribute(Side), at=InstantAttribute())
    expires = TTLAttribute(null=True)
    list_key = UnicodeAttribute()
    list_order = UnicodeAttribute()
    creator_key = UnicodeAttribute(null=True)
    person_key = UnicodeAttribute(null=True)
    changed = InstantAttribute(null=True)
    changed_order = UnicodeAttribute(null=True)
    waiting_shard = UnicodeAttribute(null=True)
    next_attempt = InstantAttribute(null=True)
    urgency = UnicodeAttribute(null=True)
    trouble_shard = UnicodeAttribute(null=True)
    trouble_order = UnicodeAttribute(null=True)

    by_assignee = ByAssignee()
    by_change = Changed()
    by_creator = ByCreator()
    by_person = ByPerson()
    waiting = Waiting()
    troubled = Troubled()


class LinkItem(Item):
    """Which reminder a task belongs to."""

    task_id = UnicodeAttribute(hash_key=True)
    reminder_id = UnicodeAttribute()
    expires = TTLAttribute(null=True)


class HistoryItem(Item):
    """The lines of one write."""

    reminder_id = UnicodeAttribute(hash_key=True)
    version = NumberAttribute(range_key=True)
    lines = TupleOf(
        MapOf(
            Line,
            at=InstantAttribute(),
            event=WordAttribute(Event),
            rule=UnicodeAttribute(),
            text=UnicodeAttribute(),
            side=WordAttribute(Side),
            field=WordAttribute(Field),
            lost=UnicodeAttribute(),
            before=UnicodeAttribute(),
            here=UnicodeAttribute(),
            there=UnicodeAttribute(),
            calls=NumberAttribute(),
            shared=NumberAttribute(),
            values=TextsAttribute(),
        )
    )


class StateItem(Item):
    """Anything small; `pk` is its kind."""

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    expires = TTLAttribute(null=True)


class SettingsItem(StateItem):
    """See `settings.Settings`."""

    version = VersionAttribute()
    subject_template = UnicodeAttribute()
    policy = WordAttribute(Policy)
    poll_minutes = NumberAttribute()
    import_hours = NumberAttribute()
    api_share = NumberAttribute()
    statuses = ChoicesAttribute(Status)
    priorities = ChoicesAttribute(Priority)


class UserItem(StateItem):
    """See `settings.User`. What is left of a first sync is `batches` without `struck` (see `tables`).

    The version is no VersionAttribute, because PynamoDB raises that on every update, and striking off must not.
    """

    version = NumberAttribute()
    name = UnicodeAttribute()
    username = UnicodeAttribute()
    admin = BooleanAttribute()
    time_zone = UnicodeAttribute()
    language = UnicodeAttribute()
    active = BooleanAttribute(default=True)
    read_at = InstantAttribute(null=True)
    syncs = BooleanAttribute()
    changed = InstantAttribute(null=True)
    first_sync = MapOf(
        Import,
        null=True,
        started=InstantAttribute(),
        since=InstantAttribute(),
        found=NumberAttribute(),
        listed=BooleanAttribute(),
    )
    first_sync_due = BooleanAttribute(null=True)
    batches = UnicodeSetAttribute(null=True)
    struck = UnicodeSetAttribute(null=True)


class MarkItem(StateItem):
    """An instant that only moves forward: a watermark."""

    at = InstantAttribute()


class RunItem(StateItem):
    """Of one direction: `at`, its last success, which only moves forward; and its calls on the day `day` (UTC).

    `used` and `limit` are what the org said of its own calls at `told`.
    """

    at = InstantAttribute(null=True)
    day = DayAttribute(null=True)
    ours = NumberAttribute(null=True)
    used = NumberAttribute(null=True)
    limit = NumberAttribute(null=True)
    told = InstantAttribute(null=True)


class PicklistsItem(StateItem):
    """See `set_up_rules.Picklists`."""

    at = InstantAttribute()
    statuses = TupleOf(
        MapOf(PicklistValue, name=UnicodeAttribute(), marked=BooleanAttribute(), default=BooleanAttribute())
    )
    priorities = TupleOf(
        MapOf(PicklistValue, name=UnicodeAttribute(), marked=BooleanAttribute(), default=BooleanAttribute())
    )


class RequestItem(StateItem):
    """A sync that somebody asked for at `at`; `sync_due` wakes the poll."""

    at = InstantAttribute()
    sync_due = BooleanAttribute()


class DeleteItem(StateItem):
    """A delete that the mass-delete valve has counted at `at` (M9); `pk` names user and direction, `sk` what it counts as."""

    at = InstantAttribute()


class ParkedItem(StateItem):
    """A parked hint; `sk` is its task's id, `times` how often it was parked."""

    times = NumberAttribute()
    deleted = InstantAttribute(null=True)
    batches = UnicodeSetAttribute(null=True)
    swept = BooleanAttribute(null=True)


class DeferredItem(ParkedItem):
    """See `pace.Deferred`; `sk` is its place, `times` how often it was deferred there."""

    task_id = UnicodeAttribute()
    owner = UnicodeAttribute()
    due = DayAttribute(null=True)
    high = BooleanAttribute()


class LagItem(StateItem):
    """The slowest change of a half hour, in seconds; `sk` is `<direction>#<slot of the day>`. See `lag.Lag`."""

    at = InstantAttribute()
    worst = NumberAttribute()


class TallyItem(StateItem):
    """What was counted within a minute; `sk` is `<what>#<minute>`."""

    number = NumberAttribute()


class ComparisonItem(StateItem):
    """See `drift.Comparison`; `sk` is its kind."""

    at = InstantAttribute()
    why = UnicodeAttribute()
    hinted = NumberAttribute()
    dead_letters = NumberAttribute()
    malformed = NumberAttribute()


class DriftItem(StateItem):
    """See `drift.Drift`; `sk` is `<at>#<reminder id>`."""

    at = InstantAttribute()
    reminder_id = UnicodeAttribute()
    task_id = UnicodeAttribute()
    what = UnicodeAttribute()


class OutageItem(StateItem):
    """See `problems.Outage`; `sk` is `<run>#<code>`. One that nobody sees any more expires."""

    kind = WordAttribute(Kind)
    message = UnicodeAttribute()
    since = InstantAttribute()
    seen = InstantAttribute()


@dataclass(frozen=True, slots=True, kw_only=True)
class Items:
    """The models, bound to the tables of one deployment, over one connection."""

    reminder: type[ReminderItem]
    link: type[LinkItem]
    history: type[HistoryItem]
    settings: type[SettingsItem]
    user: type[UserItem]
    mark: type[MarkItem]
    parked: type[ParkedItem]
    deferred: type[DeferredItem]
    tally: type[TallyItem]
    lag: type[LagItem]
    outage: type[OutageItem]
    comparison: type[ComparisonItem]
    drift: type[DriftItem]
    run: type[RunItem]
    request: type[RequestItem]
    delete: type[DeleteItem]
    picklists: type[PicklistsItem]
    connection: Connection


def bind(*, reminders: str, links: str, history: str, state: str) -> Items:
    """Bind the models to tables by name. Where DynamoDB is, and who asks, is botocore's own configuration. No call."""
    connection = _Connection(
        connect_timeout_seconds=CONNECT_SECONDS,
        read_timeout_seconds=READ_SECONDS,
        max_retry_attempts=RETRIES,
        max_pool_connections=CONNECTIONS,
    )
    return Items(
        reminder=_bound(ReminderItem, reminders, connection, stream="NEW_AND_OLD_IMAGES"),
        link=_bound(LinkItem, links, connection),
        history=_bound(HistoryItem, history, connection),
        settings=_bound(SettingsItem, state, connection, stream="NEW_IMAGE"),
        user=_bound(UserItem, state, connection, stream="NEW_IMAGE"),
        mark=_bound(MarkItem, state, connection, stream="NEW_IMAGE"),
        parked=_bound(ParkedItem, state, connection, stream="NEW_IMAGE"),
        deferred=_bound(DeferredItem, state, connection, stream="NEW_IMAGE"),
        tally=_bound(TallyItem, state, connection, stream="NEW_IMAGE"),
        lag=_bound(LagItem, state, connection, stream="NEW_IMAGE"),
        outage=_bound(OutageItem, state, connection, stream="NEW_IMAGE"),
        comparison=_bound(ComparisonItem, state, connection, stream="NEW_IMAGE"),
        drift=_bound(DriftItem, state, connection, stream="NEW_IMAGE"),
        run=_bound(RunItem, state, connection, stream="NEW_IMAGE"),
        request=_bound(RequestItem, state, connection, stream="NEW_IMAGE"),
        delete=_bound(DeleteItem, state, connection, stream="NEW_IMAGE"),
        picklists=_bound(PicklistsItem, state, connection, stream="NEW_IMAGE"),
        connection=connection,
    )


_Kind = TypeVar("_Kind", bound=Item)


def _bound(model: type[_Kind], table: str, connection: Connection, *, stream: str | None = None) -> type[_Kind]:
    """Make the model of one table. All share one client, because each client costs a cold start some 50 ms."""
    meta = {"table_name": table, "billing_mode": "PAY_PER_REQUEST", "max_retry_attempts": RETRIES}
    if stream:
        meta["stream_view_type"] = stream
    metaclass: Any = type(model)
    bound = cast("type[_Kind]", metaclass(model.__name__, (model,), {"Meta": type("Meta", (), meta)}))
    own = bound._get_connection()  # noqa: SLF001 - the only place where PynamoDB keeps it
    if table not in connection._tables:  # noqa: SLF001 - same
        connection.add_meta_table(own.get_meta_table())
    own.connection = connection
    return bound
