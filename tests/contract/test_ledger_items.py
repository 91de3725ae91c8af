"""What others than the ledger live on: the attributes that streams, filters, indexes and DynamoDB's own expiry read."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest

from infra.local.dynamodb import TableNames
from reminders.aws.completions import completions
from reminders.core.drift import NIGHTLY, Comparison, Drift
from reminders.core.lists import View
from reminders.core.problems import Failure, Kind, Outage
from reminders.core.reminder import Completion, Event, Line, Record, Reminder, Side, Status, Tombstone, Trouble, Values
from reminders.core.settings import Import, Settings, User
from reminders.core.task import Hint
from reminders.ledger.item_values import UnknownSchema
from reminders.ledger.items import SCHEMA
from reminders.ledger.tables import open_ledger
from reminders.ports import Ledger, LedgerUnavailable, Mark, Usage

NOW = datetime(2126, 11, 22, 9, 30, tzinfo=UTC)
"""Ahead of every real clock: the engine forgets what expires."""
EXPIRES = {"N": str(int((NOW + timedelta(days=45)).timestamp()))}
ANNA = "005000000000001AAA"
TASK = "00T000000000001EAA"


class Raw:
    """The tables as others see them."""

    def __init__(self, tables: TableNames) -> None:
        self.tables = tables
        self.client = boto3.client("dynamodb")

    def reminder(self) -> dict[str, Any]:
        """Give the one reminder's item."""
        return self.client.get_item(TableName=self.tables["reminders"], Key={"reminder_id": {"S": "r1"}})["Item"]

    def link(self, task_id: str = TASK) -> dict[str, Any]:
        """Give the item of a link."""
        return self.client.get_item(TableName=self.tables["links"], Key={"task_id": {"S": task_id}})["Item"]

    def user(self) -> dict[str, Any]:
        """Give Anna's item."""
        key = {"pk": {"S": "user"}, "sk": {"S": ANNA}}
        return self.client.get_item(TableName=self.tables["state"], Key=key)["Item"]

    def everything(self) -> list[dict[str, Any]]:
        """Give every item of every table."""
        names = (self.tables["reminders"], self.tables["links"], self.tables["history"], self.tables["state"])
        return [item for name in names for item in self.client.scan(TableName=name)["Items"]]

    def stream(self, table: str) -> list[dict[str, Any]]:
        """Give the records of a table's stream, oldest first."""
        streams = boto3.client("dynamodbstreams")
        arn = self.client.describe_table(TableName=table)["Table"]["LatestStreamArn"]
        records: list[dict[str, Any]] = []
        for shard in streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]:
            start = streams.get_shard_iterator(
                StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
            )["ShardIterator"]
            records += [record["dynamodb"] for record in streams.get_records(ShardIterator=start)["Records"]]  # type: ignore[misc]  # a plain dict is enough
        return records


@pytest.fixture
def raw(tables: TableNames) -> Raw:
    """Give the tables as others see them."""
    return Raw(tables)


@pytest.fixture
def ledger(tables: TableNames) -> Ledger:
    """Give the ledger on them."""
    return open_ledger(**tables)


def a_reminder(status: Status = Status.OPEN) -> Reminder:
    """Give one with a task."""
    return Reminder(
        id="r1",
        values=Values(name="Call", assignee=ANNA, status=status),
        created=NOW,
        created_by=ANNA,
        task_id=TASK,
    )


def saved(ledger: Ledger, reminder: Reminder, *, link: str | None = None, lines: tuple[Line, ...] = ()) -> Reminder:
    """Save what must be accepted."""
    [stored] = ledger.save([Record(reminder=reminder, link=link, lines=lines)])
    assert stored is not None
    return stored


def test_only_a_write_that_rings_carries_the_bell(ledger: Ledger, raw: Raw) -> None:
    """The stream's filter sees the attribute on that very write, and not on the bookkeeping that follows (O1)."""
    stored = saved(ledger, replace(a_reminder(), rings=True))
    assert raw.reminder()["rings"] == {"BOOL": True}
    saved(ledger, replace(stored, attempts=1))
    assert "rings" not in raw.reminder()
    images = [record["NewImage"] for record in raw.stream(raw.tables["reminders"])]
    assert [image.get("rings") for image in images] == [{"BOOL": True}, None]


def test_the_stream_shows_a_completion_from_both_sides(ledger: Ledger, raw: Raw) -> None:
    """Open -> Complete is told from old and new image (C6)."""
    stored = saved(ledger, a_reminder())
    saved(ledger, replace(stored, values=a_reminder(Status.COMPLETE).values))
    record = raw.stream(raw.tables["reminders"])[-1]
    assert record["OldImage"]["values"]["M"]["status"] == {"S": "Open"}
    assert record["NewImage"]["values"]["M"]["status"] == {"S": "Complete"}


@pytest.mark.parametrize(
    "lines", [(), (Line(at=NOW, event=Event.DELETED, rule="M4", text="Deleted."),)], ids=["", "lines"]
)
def test_reminder_and_link_expire_together_and_are_kept_together(
    ledger: Ledger, raw: Raw, lines: tuple[Line, ...]
) -> None:
    """A link that expired under a restored reminder would let its task be imported as a second one (M5)."""
    stored = saved(ledger, a_reminder(), link=TASK)
    assert "expires" not in raw.reminder() | raw.link()
    waiting = saved(ledger, replace(stored, tombstone=Tombstone(at=NOW, side=Side.HERE)), lines=lines)
    assert "expires" not in raw.reminder() | raw.link()
    agreed = saved(ledger, replace(waiting, tombstone=Tombstone(at=NOW, side=Side.HERE, agreed=NOW)), lines=lines)
    assert (raw.reminder()["expires"], raw.link()["expires"]) == (EXPIRES, EXPIRES)
    restored = saved(ledger, replace(agreed, tombstone=None), lines=lines)
    assert "expires" not in raw.reminder() | raw.link()
    assert restored.version == 4


def test_a_restore_with_a_new_task_lets_the_old_link_expire(ledger: Ledger, raw: Raw) -> None:
    """The old task's link serves late hints for a while; the new one's stays (M5)."""
    stored = saved(ledger, a_reminder(), link=TASK)
    gone = saved(ledger, replace(stored, tombstone=Tombstone(at=NOW, side=Side.HERE, agreed=NOW)))
    saved(ledger, replace(gone, tombstone=None, task_id="another", generation=1), link="another")
    assert raw.link()["expires"] == EXPIRES
    assert "expires" not in raw.link("another")


def test_a_restore_that_is_stale_is_still_refused(ledger: Ledger, raw: Raw) -> None:
    """Trying it again together with the link must not become a way around the version (M11)."""
    stored = saved(ledger, a_reminder(), link=TASK)
    gone = saved(ledger, replace(stored, tombstone=Tombstone(at=NOW, side=Side.HERE, agreed=NOW)))
    saved(ledger, replace(gone, attempts=1))
    assert ledger.save([Record(reminder=replace(gone, tombstone=None))]) == [None]
    assert raw.link()["expires"] == EXPIRES


def test_a_transaction_that_failed_for_another_reason_is_not_called_stale(ledger: Ledger) -> None:
    """An item of more than 400 kB is refused by DynamoDB for good: "read again" would go round for ever, in silence."""
    line = Line(at=NOW, event=Event.CONFLICT, rule="M2", text="Lost.", lost="漢" * 32_000)
    with pytest.raises(LedgerUnavailable, match="Item size"):
        ledger.save([Record(reminder=a_reminder(), lines=(line,) * 5)])
    assert ledger.reminders(["r1"]) == {}
    assert ledger.history("r1") == []


def test_only_what_waits_is_in_the_index_of_what_waits(ledger: Ledger, raw: Raw) -> None:
    """A sparse index is one whose key attributes are absent, both of them."""
    stored = saved(ledger, replace(a_reminder(), next_attempt=NOW))
    assert raw.reminder()["next_attempt"] == {"S": "2126-11-22T09:30:00Z"}
    assert "waiting_shard" in raw.reminder()
    stored = saved(ledger, replace(stored, next_attempt=None))
    assert not {"next_attempt", "waiting_shard"} & set(raw.reminder())
    stuck = saved(ledger, replace(stored, pending=True, sponsor=ANNA))
    assert raw.reminder()["waiting_shard"] == {"S": f"stuck#{ANNA}"}
    assert stuck == ledger.reminders(["r1"])["r1"]


def test_a_requested_first_sync_wakes_the_poll_until_it_is_listed(ledger: Ledger, raw: Raw) -> None:
    """The stream's filter sees what was asked for and not yet begun (S1)."""
    asked = User(id=ANNA, syncs=True, first_sync=Import(started=NOW, since=NOW))
    stored = ledger.save_user(asked)
    assert stored is not None
    assert stored.first_sync is not None
    assert raw.user()["first_sync_due"] == {"BOOL": True}
    ledger.save_user(replace(stored, first_sync=replace(stored.first_sync, listed=True)))
    assert "first_sync_due" not in raw.user()
    images = [record["NewImage"] for record in raw.stream(raw.tables["state"])]
    assert [image.get("first_sync_due") for image in images] == [{"BOOL": True}, None]


def test_every_item_says_its_schema(ledger: Ledger, raw: Raw) -> None:
    """C8: an upgrade must be able to tell the older ones, however they were written."""
    saved(ledger, a_reminder(), link=TASK, lines=(Line(at=NOW, event=Event.CREATED, rule="C1", text="Created."),))
    ledger.save_settings(Settings())
    ledger.save_user(User(id=ANNA))
    ledger.advance(Mark.UPDATED, NOW)
    ledger.succeeded("pull", NOW)
    ledger.park([Hint("t1"), Hint("t2", deleted=NOW)])
    ledger.note_outage(
        Outage(run="push", failure=Failure(kind=Kind.LIMIT, code="X", message="no"), since=NOW, seen=NOW)
    )
    ledger.spent("api", NOW, Usage(used=1, limit=2, ours=1))
    ledger.ask_for_sync(NOW)
    ledger.note_comparison(Comparison(kind=NIGHTLY, at=NOW, why="every night"))
    ledger.note_drift([Drift(at=NOW, reminder_id="r1", task_id=TASK, what=("due",))])
    items = raw.everything()
    assert len(items) == 14
    assert [item.get("schema") for item in items] == [{"N": str(SCHEMA)}] * 14


def test_what_the_sweep_found_expires(ledger: Ledger, raw: Raw) -> None:
    """I5, Never: a report that only grows would be unbounded."""
    ledger.note_drift([Drift(at=NOW, reminder_id="r1", task_id=TASK, what=("due",))])
    [item] = raw.everything()
    assert item["expires"] == {"N": str(int((NOW + timedelta(days=30)).timestamp()))}


def test_a_user_that_an_older_version_stored_is_active_and_unread(ledger: Ledger, raw: Raw) -> None:
    """C7, C8: it is asked of the org with the next poll; until then nobody is locked out."""
    ledger.save_user(User(id=ANNA, syncs=True))
    names = raw.tables["state"]
    key = {"pk": {"S": "user"}, "sk": {"S": ANNA}}
    raw.client.update_item(TableName=names, Key=key, UpdateExpression="REMOVE active, read_at")
    [user] = ledger.everybody()
    assert (user.active, user.read_at, user.takes_part) == (True, None, True)


def test_a_hint_that_an_older_version_parked_is_still_read(ledger: Ledger, raw: Raw) -> None:
    """C8, I1: it says nothing of the sweep, and is nobody's find."""
    item = {"pk": {"S": "parked"}, "sk": {"S": "t1"}, "schema": {"N": "1"}, "times": {"N": "1"}}
    raw.client.put_item(TableName=raw.tables["state"], Item=item)
    assert ledger.parked(10).hints == (Hint("t1"),)


def test_what_was_counted_in_a_minute_expires(ledger: Ledger, raw: Raw) -> None:
    """Never: one item for every minute and user would stay for ever."""
    ledger.tally("turn#anna", NOW, 3)
    [item] = raw.everything()
    assert item["expires"] == {"N": str(int((NOW + timedelta(hours=1)).timestamp()))}
    assert item["schema"] == {"N": str(SCHEMA)}


def test_a_sync_that_is_asked_for_wakes_the_poll_each_time(ledger: Ledger, raw: Raw) -> None:
    """C3: the stream's filter sees every request that is granted, and no other."""
    for minutes in (0, 0, 2):
        ledger.ask_for_sync(NOW + timedelta(minutes=minutes))
    images = [record["NewImage"] for record in raw.stream(raw.tables["state"])]
    assert [image.get("sync_due") for image in images] == [{"BOOL": True}] * 2


def test_a_success_with_its_calls_is_one_write(ledger: Ledger, raw: Raw) -> None:
    """C3: what the status shows costs an idle poll nothing, but for the first of a day."""
    for minutes in (0, 5, 10):
        ledger.succeeded("poll", NOW + timedelta(minutes=minutes), Usage(used=1, limit=9, ours=2))
    assert len(raw.stream(raw.tables["state"])) == 3 + 1


def test_an_outage_that_nobody_sees_any_more_expires(ledger: Ledger, raw: Raw) -> None:
    """C4: a run that never comes again cannot end it."""
    failure = Failure(kind=Kind.LIMIT, code="X", message="no")
    ledger.note_outage(Outage(run="push", failure=failure, since=NOW, seen=NOW))
    [item] = raw.everything()
    assert item["expires"] == {"N": str(int((NOW + timedelta(days=2)).timestamp()))}


def test_the_index_of_problems_is_sparse(ledger: Ledger, raw: Raw) -> None:
    """C4: only what has a problem costs an entry; solved, both keys are gone."""
    stored = saved(ledger, replace(a_reminder(), trouble=Trouble(code="X", message="no", since=NOW)))
    assert raw.reminder()["trouble_order"] == {"S": "X#2126-11-22T09:30:00+00:00#r1"}
    saved(ledger, replace(stored, trouble=None))
    assert not {"trouble_order", "trouble_shard"} & set(raw.reminder())


def test_what_a_newer_version_wrote_is_refused_not_misread(ledger: Ledger, raw: Raw) -> None:
    """After a roll-back, half-understood items would be written back without what only the newer version knew."""
    saved(ledger, a_reminder())
    newer = raw.reminder() | {"schema": {"N": str(SCHEMA + 1)}}
    raw.client.put_item(TableName=raw.tables["reminders"], Item=newer)
    with pytest.raises(UnknownSchema, match="ReminderItem has schema 2"):
        ledger.reminders(["r1"])


@pytest.mark.parametrize(
    "time", [NOW.replace(microsecond=500_000), NOW.replace(tzinfo=None)], ids=["fraction", "naive"]
)
def test_a_time_that_would_sort_wrong_is_refused(ledger: Ledger, time: datetime) -> None:
    """Times are aware and in whole seconds; any other text would be compared with them wrongly, in silence."""
    with pytest.raises(ValueError, match="not an aware time in whole seconds"):
        ledger.advance(Mark.UPDATED, time)


def test_an_index_that_lags_cannot_make_a_list_wrong(ledger: Ledger, raw: Raw) -> None:
    """The items are asked again: an entry of a reminder that is no longer there, or elsewhere, is left out (S5)."""
    stored = saved(ledger, a_reminder())
    raw.client.update_item(
        TableName=raw.tables["reminders"],
        Key={"reminder_id": {"S": "r1"}},
        UpdateExpression="SET #v.assignee = :ben",
        ExpressionAttributeNames={"#v": "values"},
        ExpressionAttributeValues={":ben": {"S": "005000000000002AAA"}},
    )
    assert stored.values.assignee == ANNA
    assert ledger.listing(ANNA, View.OPEN, "2026-11-22") == []


def test_a_completion_is_marked_on_the_one_write_that_makes_it(ledger: Ledger, raw: Raw) -> None:
    """C6: the announcer's filter sees that write and no later one, and nobody reads the mark back."""
    [made] = ledger.save([Record(reminder=a_reminder())])
    assert made
    completion = Completion(side=Side.SALESFORCE, at=NOW)
    done = replace(made, values=replace(made.values, status=Status.COMPLETE), completion=completion)
    [stored] = ledger.save([Record(reminder=done)])
    assert stored
    assert stored.completion is None
    assert raw.reminder()["completion"] == {"M": {"side": {"S": "salesforce"}, "at": {"S": "2126-11-22T09:30:00Z"}}}
    assert ledger.reminders(["r1"])["r1"] == stored
    assert ledger.save([Record(reminder=ledger.reminders(["r1"])["r1"])])[0]
    assert "completion" not in raw.reminder()
    records = [{"dynamodb": {**record, "SequenceNumber": "1"}} for record in raw.stream(raw.tables["reminders"])]
    assert [each.detail["id"] for each in completions({"Records": records}).announcements] == ["r1/2"]
