"""One suite for every `Org`: on the emulated org in process, and on a real one where the environment names it.

A real org: `CONTRACT_ORG_URL` (its My Domain; use a scratch org or a sandbox), `CONTRACT_ORG_KEY`, `CONTRACT_ORG_SECRET`
(client credentials). The suite writes tasks of the integration user there and deletes them again.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Final, Protocol
from uuid import uuid4

import pytest
import requests
from fakes.still_clock import StillClock

from infra.local.org.adapter import OrgAdapter
from infra.local.org.world import make_org
from reminders.core.problems import Kind
from reminders.core.set_up_rules import Access
from reminders.core.task import EXTERNAL_ID, Task
from reminders.ports import Change, InvalidRange, Org, Outcome
from reminders.salesforce.client import Credentials, connect

TEXT = 'Ring \U0001f4de\U0001f468\u200d\U0001f469\u200d\U0001f467 \u202bשלום, "O\'Hara"\u202c \\ 50% _x_ <b>&amp;</b>'
GONE = "00T000000000000EAA"


class Place(Protocol):
    """An org under test, and what the suite needs besides the port."""

    org: Org

    def wait(self, seconds: float) -> None:
        """Let the org's clock go on."""
        ...


@dataclass(slots=True)
class Emulated:
    """The emulated org; its clock moves when told to."""

    org: Org
    clock: StillClock

    def wait(self, seconds: float) -> None:
        """Move the clock."""
        self.clock.forward(timedelta(seconds=seconds))


@dataclass(slots=True)
class Real:
    """A real org."""

    org: Org

    def wait(self, seconds: float) -> None:
        """Really wait."""
        time.sleep(seconds)


@dataclass(slots=True)
class Recorder:
    """Everything this test created, to be deleted again."""

    place: Place
    created: list[str] = field(default_factory=list)

    @property
    def org(self) -> Org:
        """The org under test."""
        return self.place.org

    def wait(self, seconds: float = 1.1) -> None:
        """Let the org's clock go on."""
        self.place.wait(seconds)

    def create(self, *records: Mapping[str, str | None]) -> list[Outcome]:
        """Create tasks through the port."""
        outcomes = self.org.create(records)
        self.created += [outcome.id for outcome in outcomes if outcome.id]
        return outcomes

    def task(self, **fields: str | None) -> Task:
        """Create one task and read it."""
        (outcome,) = self.create({"Subject": "contract", **fields})
        assert outcome.id, outcome.failure
        return self.read(outcome.id)

    def read(self, task_id: str) -> Task:
        """Read one task."""
        return self.org.read([task_id]).tasks[task_id]

    def change(self, task: Task, **fields: str | None) -> Outcome:
        """Change one task as it was read."""
        (outcome,) = self.org.update([Change(task_id=task.id, fields=fields, unmodified_since=task.stamp)])
        return outcome


def _emulated() -> Emulated:
    clock = StillClock()
    org = make_org(now=clock.now, rng=Random(7))
    session = requests.Session()
    session.mount("https://", OrgAdapter(org))
    credentials = Credentials(url=org.base, consumer_key=org.consumer_key, consumer_secret=org.consumer_secret)
    return Emulated(org=connect(credentials, session=session), clock=clock)


REAL: Final = ("CONTRACT_ORG_URL", "CONTRACT_ORG_KEY", "CONTRACT_ORG_SECRET")


def _real() -> Real:
    url, key, secret = (os.environ[name] for name in REAL)
    return Real(org=connect(Credentials(url=url, consumer_key=key, consumer_secret=secret)))


PLACES: Final = {"emulated": _emulated} | ({"real": _real} if all(map(os.environ.get, REAL)) else {})


@pytest.fixture(params=list(PLACES))
def at(request: pytest.FixtureRequest) -> Iterator[Recorder]:
    """The org under test, left as it was found."""
    recorder = Recorder(PLACES[request.param]())
    yield recorder
    for start in range(0, len(recorder.created), 200):
        recorder.org.delete(recorder.created[start : start + 200])


def test_this_suite_runs_on_a_real_org_too() -> None:
    """The emulated org is only as good as what was read about the platform; a green run without a real one says so."""
    if "real" not in PLACES:
        pytest.skip(f"no real Salesforce org: set {', '.join(REAL)} to run this suite on one")


def _key() -> str:
    return f"contract{uuid4().hex}-0"


def _kinds(outcomes: list[Outcome]) -> list[Kind | None]:
    return [outcome.failure.kind if outcome.failure else None for outcome in outcomes]


def test_the_clock_is_utc_and_goes_on(at: Recorder) -> None:
    """I3: bounds of polls come from this clock."""
    before = at.org.now()
    at.wait(2)
    assert before.tzinfo is UTC
    assert timedelta(seconds=1) <= at.org.now() - before < timedelta(seconds=60)


def test_we_are_an_active_user(at: Recorder) -> None:
    """I6: only what this user created is recognised by our id."""
    me = at.org.me()
    person = at.org.users([me])[me]
    assert (len(me), person.id, person.active) == (18, me, True)
    assert person.username
    assert person.time_zone
    assert person.language


def test_users_that_do_not_exist_are_absent(at: Recorder) -> None:
    """F6: somebody unknown is handed over to, not invented."""
    assert at.org.users(["005000000000000AAA", "00G000000000000AAA"]) == {}


def test_a_create_is_read_back_as_it_was_sent(at: Recorder) -> None:
    """M1 compares raw values: emoji, right-to-left text, quotes and line breaks must survive the round trip."""
    key = _key()
    found = at.task(
        Subject=TEXT,
        Description=f"{TEXT}\r\nsecond line",
        ActivityDate="2026-11-30",
        Priority="High",
        Status="In Progress",
        **{EXTERNAL_ID: key},
    )
    assert found.subject == TEXT
    assert found.description
    assert found.description.replace("\r\n", "\n") == f"{TEXT}\nsecond line"
    assert (found.due, found.priority, found.status) == (date(2026, 11, 30), "High", "In Progress")
    assert (found.external_id, found.owner, found.created_by) == (key, at.org.me(), at.org.me())
    assert (found.is_closed, found.is_deleted, found.is_archived, found.is_recurrence) == (False,) * 4
    assert found.created <= found.stamp <= at.org.now()


def test_empty_values_come_back_as_none(at: Recorder) -> None:
    """F7: empty and absent are the same value."""
    found = at.task(Subject=None, Description=None, ActivityDate=None, WhoId=None)
    assert (found.subject, found.description, found.due, found.who) == (None, None, None, None)


def test_clearing_a_field_clears_it(at: Recorder) -> None:
    """F7: null goes over the wire as null, not as "leave it"."""
    found = at.task(Description="x", ActivityDate="2026-11-30")
    at.wait()
    assert at.change(found, Description=None, ActivityDate=None).failure is None
    again = at.read(found.id)
    assert (again.description, again.due, again.subject) == (None, None, "contract")


def test_a_closed_status_closes(at: Recorder) -> None:
    """F2: the org derives IsClosed."""
    found = at.task()
    at.wait()
    at.change(found, Status="Completed")
    assert at.read(found.id).is_closed


def test_rows_that_cannot_be_read_are_absent(at: Recorder) -> None:
    """M6: absence is no error and no delete, for an id unknown as for text that is no id."""
    found = at.task()
    bulk = at.org.read([GONE, found.id, "no id at all", "x') OR (Id != '"])
    assert set(bulk.tasks) == {found.id}
    assert bulk.at <= at.org.now()


def test_creates_fail_by_themselves_and_in_input_order(at: Recorder) -> None:
    """O3: one record that Salesforce refuses must not cost the others of its batch."""
    key = _key()
    at.task(**{EXTERNAL_ID: key})
    outcomes = at.create(
        {"Subject": "first"},
        {"Subject": "again", EXTERNAL_ID: key},
        {"Subject": "x" * 256},
        {"Subject": "last", "OwnerId": "005000000000000AAA"},
        {"Subject": "fifth"},
    )
    assert _kinds(outcomes) == [None, Kind.DUPLICATE, Kind.PERMANENT, Kind.PERMANENT, None]
    codes = [outcome.failure.code for outcome in outcomes if outcome.failure]
    assert codes[:2] == ["DUPLICATE_VALUE", "STRING_TOO_LONG"]
    assert [at.read(outcome.id).subject for outcome in outcomes if outcome.id] == ["first", "fifth"]


def test_a_task_is_found_by_our_id(at: Recorder) -> None:
    """O2: after a lost answer this look-up says whether the task was created."""
    key, other, unknown = _key(), _key(), _key()
    found = at.task(**{EXTERNAL_ID: key})
    binned = at.task(**{EXTERNAL_ID: other})
    at.org.delete([binned.id])
    bulk = at.org.find([key, other, unknown, "it's \\ nobody"])
    assert set(bulk.tasks) == {key, other}
    assert (bulk.tasks[key].id, bulk.tasks[key].is_deleted) == (found.id, False)
    assert (bulk.tasks[other].id, bulk.tasks[other].is_deleted) == (binned.id, True)


def test_a_living_task_is_found_before_a_deleted_one(at: Recorder) -> None:
    """O2, M5: adopting the deleted one would leave the living one without a reminder."""
    key = _key()
    binned = at.task(**{EXTERNAL_ID: key})
    at.org.delete([binned.id])
    living = at.task(**{EXTERNAL_ID: key})
    assert at.org.find([key]).tasks[key].id == living.id


def test_an_update_as_read_goes_through_and_an_older_one_does_not(at: Recorder) -> None:
    """O1: a change that was not seen is never overwritten."""
    first = at.task()
    at.wait()
    assert at.change(first, Subject="theirs") == Outcome(id=first.id)
    second = at.read(first.id)
    at.wait()
    (stale,) = at.org.update([Change(task_id=first.id, fields={"Subject": "ours"}, unmodified_since=first.stamp)])
    assert stale.failure
    assert stale.failure.kind is Kind.STALE
    assert at.read(first.id) == second


def test_one_stale_update_among_25_is_that_ones_alone(at: Recorder) -> None:
    """O3: 24 innocent updates go through, in one call, told apart from the 25th."""
    ids = [outcome.id or "" for outcome in at.create(*[{"Subject": f"task {number}"} for number in range(25)])]
    tasks = at.org.read(ids).tasks
    at.wait()
    at.change(tasks[ids[7]], Subject="theirs")
    at.wait()
    outcomes = at.org.update(
        [Change(task_id=each, fields={"Subject": f"ours {each}"}, unmodified_since=tasks[each].stamp) for each in ids]
    )
    assert _kinds(outcomes) == [Kind.STALE if number == 7 else None for number in range(25)]
    after = at.org.read(ids).tasks
    assert [after[each].subject for each in ids] == [
        "theirs" if number == 7 else f"ours {each}" for number, each in enumerate(ids)
    ]


def test_updates_fail_by_themselves_and_in_input_order(at: Recorder) -> None:
    """O3, M6: deleted, refused and unknown are three things, and none of them stops the fourth."""
    tasks = [at.task() for _ in range(3)]
    at.org.delete([tasks[0].id])
    at.wait()
    now = at.org.now()
    outcomes = at.org.update(
        [
            Change(task_id=tasks[0].id, fields={"Subject": "x"}, unmodified_since=now),
            Change(task_id=tasks[1].id, fields={"Subject": "x" * 256}, unmodified_since=now),
            Change(task_id=GONE, fields={"Subject": "x"}, unmodified_since=now),
            Change(task_id=tasks[2].id, fields={"Subject": "x"}, unmodified_since=now),
        ]
    )
    assert _kinds(outcomes) == [Kind.DELETED, Kind.PERMANENT, Kind.PERMANENT, None]


def test_a_delete_goes_to_the_bin_and_a_second_one_says_so(at: Recorder) -> None:
    """M4, M6: a deleted task can still be read as deleted; deleting it again is no problem of anybody."""
    found, other = at.task(), at.task()
    assert _kinds(at.org.delete([found.id])) == [None]
    assert at.read(found.id).is_deleted
    assert _kinds(at.org.delete([found.id, GONE, other.id])) == [Kind.DELETED, Kind.PERMANENT, None]


def test_what_changed_and_what_was_deleted_is_listed(at: Recorder) -> None:
    """I3: both lists, up to where they cover; the platform drops the seconds of the bounds."""
    found, binned = at.task(), at.task()
    at.org.delete([binned.id])
    at.wait(61)
    end = at.org.now()
    updated = at.org.updated(end - timedelta(minutes=5), end)
    deleted = at.org.deleted(end - timedelta(minutes=5), end)
    assert found.id in updated.ids
    assert updated.covered <= end
    assert binned.id in dict(deleted.records)
    assert found.id not in dict(deleted.records)
    assert deleted.covered <= end
    assert deleted.earliest < end - timedelta(days=1)


def test_a_range_out_of_reach_is_refused(at: Recorder) -> None:
    """I4: this answer alone starts a full comparison."""
    end = at.org.now()
    with pytest.raises(InvalidRange):
        at.org.updated(end - timedelta(days=40), end)
    with pytest.raises(InvalidRange):
        at.org.deleted(end - timedelta(days=20), end)
    with pytest.raises(InvalidRange):
        at.org.deleted(end - timedelta(seconds=30), end)


def test_open_tasks_are_the_importable_ones_soonest_due_first(at: Recorder) -> None:
    """S2, S4: closed ones, masters and logs stay away; what has no due date comes last."""
    before = at.org.now()
    at.task(Subject="older")
    at.wait(2)
    since = at.org.now()
    later, never, soon = (at.task(ActivityDate=due) for due in ("2027-02-01", None, "2027-01-01"))
    call, mail = at.task(TaskSubtype="Call", ActivityDate="2027-03-01"), at.task(TaskSubtype="Email")
    closed, binned = at.task(Status="Completed"), at.task()
    at.org.delete([binned.id])
    found = at.org.open_tasks(at.org.me(), since)
    ours = {later.id, never.id, soon.id, call.id, mail.id, closed.id, binned.id}
    assert [task_id for task_id in found if task_id in ours] == [soon.id, later.id, call.id, never.id]
    assert len(at.org.open_tasks(at.org.me(), before)) > len(found)
    assert at.org.open_tasks("005000000000000AAA", before) == ()


def test_recent_tasks_are_of_any_kind_and_bounded(at: Recorder) -> None:
    """S2: a preview tells of closed ones and logs, too; what is in the bin and what is older stays away, the newest comes first."""
    at.task(Subject="older")
    at.wait(2)
    since = at.org.now()
    closed = at.task(Status="Completed")
    at.wait(2)
    mail, binned = at.task(TaskSubtype="Email"), at.task()
    at.org.delete([binned.id])
    found = at.org.recent_tasks(at.org.me(), since, 2)
    assert list(found) == [mail.id, closed.id]
    assert len(at.org.recent_tasks(at.org.me(), since, 1)) == 1


def test_nobody_has_such_an_id(at: Recorder) -> None:
    """C1: who is not there is left out, and what is no id of a person is not asked for."""
    assert at.org.named(["003000000000000AAA", "00Q000000000000AAA", "' OR Name != '"]) == ()


def test_the_picklists_hold_what_we_write_by_default(at: Recorder) -> None:
    """F2, F3: Completed is closed, High is high, and each list has one default."""
    statuses, priorities = at.org.statuses(), at.org.priorities()
    assert {"Completed": True, "Not Started": False}.items() <= {value.name: value.marked for value in statuses}.items()
    assert {"High": True, "Normal": False}.items() <= {value.name: value.marked for value in priorities}.items()
    assert sum(value.default for value in statuses) == 1


def test_the_integration_user_may_do_what_it_must(at: Recorder) -> None:
    """I3: an org that is set up as told passes its own check."""
    access = at.org.access()
    assert access == Access(view_all=True, modify_all=True, field_seen=True, field_written=True, field_unique=True)


def test_nobody_has_such_a_name(at: Recorder) -> None:
    """C1: a search is for text, not for a pattern: % and _ and quotes match themselves."""
    assert at.org.people("%_%'x\\") == ()


def test_the_orgs_usage_counts_our_calls(at: Recorder) -> None:
    """O6: every answer says how much of the day's budget is gone."""
    assert at.org.usage() is None
    at.org.statuses()
    first = at.org.usage()
    at.org.statuses()
    second = at.org.usage()
    assert first
    assert second
    assert 0 < first.used < second.used <= second.limit


@pytest.mark.parametrize(
    "too_much",
    [
        lambda org: org.create([{"Subject": "x"}] * 201),
        lambda org: org.update(
            [Change(task_id=GONE, fields={}, unmodified_since=datetime(2026, 1, 1, tzinfo=UTC))] * 26
        ),
        lambda org: org.delete([GONE] * 201),
    ],
)
def test_more_than_one_call_holds_is_an_error(at: Recorder, too_much: Callable[[Org], object]) -> None:
    """O1: the push decides what one call holds."""
    with pytest.raises(ValueError, match="one call"):
        too_much(at.org)
