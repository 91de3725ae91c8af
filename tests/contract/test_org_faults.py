"""What goes wrong between us and an org, on the emulated one: faults cannot be ordered from a real org."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Any

import pytest
import requests
from fakes.still_clock import StillClock

from infra.local.org.adapter import OrgAdapter
from infra.local.org.schema import SYNC_FIELD
from infra.local.org.task_rules import archive
from infra.local.org.world import Org as EmulatedOrg
from infra.local.org.world import make_org
from reminders.core.problems import Kind
from reminders.core.task import EXTERNAL_ID
from reminders.ports import Change, OrgUnavailable, Outcome
from reminders.salesforce.client import Credentials, SalesforceOrg, connect

TOKEN = "POST /services/oauth2/token"
CREATE = "POST .*/composite/sobjects"
UPDATE = "POST .*/composite$"
DELETE = "DELETE .*/composite/sobjects"
QUERY = "GET .*/queryAll"


@dataclass(slots=True)
class Bench:
    """Our client on an emulated org, and the org itself."""

    org: SalesforceOrg
    theirs: EmulatedOrg
    clock: StillClock

    def task(self, **fields: object) -> str:
        """Create a task as the integration user, without our client."""
        return self.theirs.create_task(self.theirs.integration_user.id, **{"Subject": "x", **fields})

    def change(self, task_id: str, **fields: str | None) -> Change:
        """A change of a task as it is now."""
        return Change(task_id=task_id, fields=fields, unmodified_since=self.org.read([task_id]).tasks[task_id].stamp)

    def asked(self, resource: str) -> int:
        """How many calls of this kind the org has answered."""
        return self.theirs.calls.by_resource[resource]


def _bench(**options: Any) -> Bench:
    clock = StillClock()
    theirs = make_org(now=clock.now, rng=Random(7), **options)
    session = requests.Session()
    session.mount("https://", OrgAdapter(theirs))
    credentials = Credentials(
        url=theirs.base, consumer_key=theirs.consumer_key, consumer_secret=theirs.consumer_secret, read_timeout=30
    )
    return Bench(org=connect(credentials, session=session), theirs=theirs, clock=clock)


@pytest.fixture
def bench() -> Bench:
    """An empty org, without Shared Activities."""
    return _bench()


def _failure(outcome: Outcome) -> tuple[Kind, str]:
    assert outcome.failure
    return outcome.failure.kind, outcome.failure.code


def _stopped(do: Callable[[], object]) -> tuple[Kind, str]:
    with pytest.raises(OrgUnavailable) as caught:
        do()
    return caught.value.failure.kind, caught.value.failure.code


def test_a_jwt_signed_with_the_registered_key_signs_in(bench: Bench) -> None:
    """The recommended sign-in, against a server that verifies signature, audience, expiry and approval."""
    session = requests.Session()
    session.mount("https://", OrgAdapter(bench.theirs))
    org = connect(
        Credentials(
            url=bench.theirs.base,
            consumer_key=bench.theirs.consumer_key,
            username=bench.theirs.integration_user.username,
            private_key=bench.theirs.private_key,
        ),
        session=session,
    )
    assert org.me() == bench.theirs.integration_user.id
    assert org.statuses()


def test_a_wrong_secret_is_one_of_authentication(bench: Bench) -> None:
    """O3: it stops all pushes as one problem."""
    session = requests.Session()
    session.mount("https://", OrgAdapter(bench.theirs))
    org = connect(Credentials(url=bench.theirs.base, consumer_key="other", consumer_secret="wrong"), session=session)
    assert _stopped(org.statuses)[0] is Kind.AUTHENTICATION


def test_a_user_made_inactive_in_mid_run_is_one_of_authentication(bench: Bench) -> None:
    """O3: session refused, new sign-in refused; two requests, no loop."""
    bench.org.statuses()
    bench.theirs.deactivate(bench.theirs.integration_user.id)
    assert _stopped(bench.org.statuses)[0] is Kind.AUTHENTICATION


@pytest.mark.parametrize("write", [False, True])
def test_an_org_that_refuses_every_session_is_given_up(bench: Bench, write: bool) -> None:  # noqa: FBT001 -- a case
    """The vendor's library would sign in and recurse for ever; here two tries end it."""
    fault = bench.theirs.faults.add("session", match="/services/data/v", times=1000)
    do = (lambda: bench.org.create([{"Subject": "x"}])) if write else bench.org.statuses
    assert _stopped(do) == (Kind.AUTHENTICATION, "INVALID_SESSION_ID")
    assert fault.times == 998
    assert bench.theirs.tasks() == []


def test_a_session_that_ends_in_mid_run_is_not_noticed(bench: Bench) -> None:
    """O3: after two idle hours, or when an administrator ends all sessions, the next call renews it by itself."""
    task_id = bench.task()
    assert set(bench.org.read([task_id]).tasks) == {task_id}
    bench.clock.forward(timedelta(hours=3))
    assert set(bench.org.read([task_id]).tasks) == {task_id}
    bench.theirs.end_sessions()
    assert [outcome.failure for outcome in bench.org.delete([task_id])] == [None]


def test_a_session_that_ends_between_two_pages_loses_no_row(bench: Bench) -> None:
    """O3: the first sync of a large list goes on where it was."""
    since = bench.org.now()
    ids = {bench.task(ActivityDate="2026-12-01") for _ in range(2100)}
    bench.theirs.faults.add("session", match="GET .*/query/01g")
    found = bench.org.open_tasks(bench.org.me(), since)
    assert len(found) == 2100
    assert set(found) == ids
    assert bench.asked("GET /queryall") == 1
    assert bench.asked("GET /query/*") == 1


def test_a_create_whose_answer_is_lost_is_unknown_and_found_by_our_id(bench: Bench) -> None:
    """O2: the task is there once; the client neither says "failed" nor sends it again."""
    bench.theirs.faults.add("lost", match=CREATE)
    assert _stopped(lambda: bench.org.create([{"Subject": "x", EXTERNAL_ID: "r1-0"}]))[0] is Kind.UNKNOWN
    (task_id,) = bench.theirs.tasks()
    assert bench.org.find(["r1-0"]).tasks["r1-0"].id == task_id
    assert bench.asked("POST /composite/sobjects") == 1


def test_an_update_and_a_delete_whose_answer_is_lost_are_unknown(bench: Bench) -> None:
    """O2: both happened, once."""
    task_id = bench.task()
    change = bench.change(task_id, Subject="ours")
    bench.theirs.faults.add("lost", match=UPDATE)
    assert _stopped(lambda: bench.org.update([change]))[0] is Kind.UNKNOWN
    assert bench.org.read([task_id]).tasks[task_id].subject == "ours"
    bench.theirs.faults.add("lost", match=DELETE)
    assert _stopped(lambda: bench.org.delete([task_id]))[0] is Kind.UNKNOWN
    assert bench.org.read([task_id]).tasks[task_id].is_deleted
    assert (bench.asked("POST /composite"), bench.asked("DELETE /composite/sobjects")) == (1, 1)


def test_a_write_that_takes_too_long_is_unknown(bench: Bench) -> None:
    """O2: our time-out says nothing about theirs; the task was created."""
    bench.theirs.faults.add("slow", match=CREATE, seconds=31)
    assert _stopped(lambda: bench.org.create([{"Subject": "x"}])) == (Kind.UNKNOWN, "TIMEOUT")
    assert len(bench.theirs.tasks()) == 1


@pytest.mark.parametrize("kind", ["lost", "refused", "unavailable"])
def test_one_hiccup_of_a_read_is_not_noticed_and_two_are(bench: Bench, kind: str) -> None:
    """Never an unbounded retry: a read is asked twice, then the caller knows."""
    task_id = bench.task()
    bench.theirs.faults.add(kind, match=QUERY)
    assert set(bench.org.read([task_id]).tasks) == {task_id}
    fault = bench.theirs.faults.add(kind, match=QUERY, times=10)
    assert _stopped(lambda: bench.org.read([task_id]))[0] is Kind.TRANSIENT
    assert fault.times == 8


def test_a_maintenance_page_is_no_answer_to_a_write(bench: Bench) -> None:
    """O2: an HTML 503 comes from in front of the platform and proves nothing; it is asked once."""
    fault = bench.theirs.faults.add("unavailable", match=CREATE, times=10)
    assert _stopped(lambda: bench.org.create([{"Subject": "x"}])) == (Kind.UNKNOWN, "HTTP_503")
    assert fault.times == 9


def test_an_error_of_the_platform_itself_is_transient(bench: Bench) -> None:
    """O3: UNKNOWN_EXCEPTION is the platform's word that it rolled back."""
    bench.theirs.faults.add("error", match=CREATE)
    assert _stopped(lambda: bench.org.create([{"Subject": "x"}])) == (Kind.TRANSIENT, "UNKNOWN_EXCEPTION")


def test_a_maintenance_page_at_the_sign_in_made_no_write(bench: Bench) -> None:
    """O2: nothing was sent yet, so nothing is unknown."""
    bench.theirs.faults.add("unavailable", match=TOKEN)
    assert _stopped(lambda: bench.org.create([{"Subject": "x"}])) == (Kind.TRANSIENT, "HTTP_503")


def test_a_spent_budget_is_a_limit_and_the_clock_still_goes(bench: Bench) -> None:
    """O6: waits for the budget; asking for the time costs none of it."""
    bench = _bench(daily_calls=2)
    bench.org.statuses()
    bench.org.statuses()
    usage = bench.org.usage()
    assert usage
    assert (usage.used, usage.limit) == (2, 2)
    assert _stopped(bench.org.statuses) == (Kind.LIMIT, "REQUEST_LIMIT_EXCEEDED")
    assert _stopped(lambda: bench.org.create([{"Subject": "x"}]))[0] is Kind.LIMIT
    assert bench.org.now() == bench.clock.now()


@pytest.mark.parametrize("status", [400, 500])
def test_a_locked_row_is_transient_in_every_shape_and_alone(bench: Bench, status: int) -> None:
    """O3: in a collection, in a composite, as 400 and as 500; its neighbours go through."""
    first, second = bench.task(), bench.task()
    changes = [bench.change(task_id, Subject="y") for task_id in (first, second)]
    bench.theirs.faults.add("lock", match=f"update Task {first}", status=status)
    locked, through = bench.org.update(changes)
    assert (_failure(locked), through.id) == ((Kind.TRANSIENT, "UNABLE_TO_LOCK_ROW"), second)
    bench.theirs.faults.add("lock", match=f"delete Task {second}", status=status)
    through, locked = bench.org.delete([first, second])
    assert (through.id, _failure(locked)) == (first, (Kind.TRANSIENT, "UNABLE_TO_LOCK_ROW"))
    bench.theirs.faults.add("lock", match="insert Task", status=status)
    locked, through = bench.org.create([{"Subject": "a"}, {"Subject": "b"}])
    assert (_failure(locked), through.failure) == ((Kind.TRANSIENT, "UNABLE_TO_LOCK_ROW"), None)


def test_a_validation_rule_is_a_problem_of_one_record(bench: Bench) -> None:
    """O3: with the administrator's own words, so that a person knows what to do."""
    bench.theirs.state.validations.append(lambda row: "Due date needed." if "ActivityDate" not in row else None)
    refused, through = bench.org.create([{"Subject": "a"}, {"Subject": "b", "ActivityDate": "2026-12-01"}])
    assert _failure(refused) == (Kind.PERMANENT, "FIELD_CUSTOM_VALIDATION_EXCEPTION")
    assert refused.failure
    assert refused.failure.message == "Due date needed."
    assert through.id


def test_500_ids_are_one_call(bench: Bench) -> None:
    """I1, O6: the org's own log counts them; the first read of all also finds out about Shared Activities."""
    ids = [bench.task() for _ in range(501)]
    bench.org.read(ids[:1])
    before = bench.asked("GET /queryall")
    assert len(bench.org.read(ids[:500]).tasks) == 500
    assert bench.asked("GET /queryall") - before == 1
    assert len(bench.org.read(ids).tasks) == 501
    assert bench.asked("GET /queryall") - before == 3


def test_an_idle_poll_costs_two_calls(bench: Bench) -> None:
    """I3, O6: whatever the number of tasks, users and reminders; the clock is free and so is the sign-in."""
    end = bench.org.now()
    bench.org.updated(end - timedelta(minutes=5), end)
    bench.org.deleted(end - timedelta(minutes=5), end)
    usage = bench.org.usage()
    assert usage
    assert usage.used == 2


def test_with_shared_activities_the_people_are_counted() -> None:
    """F7: the person may be cleared only when it is the only one."""
    bench = _bench(shared_activities=True)
    contact = bench.theirs.create(bench.theirs.integration_user.id, "Contact", LastName="Lovelace")
    alone, related = bench.task(), bench.task(WhoId=contact)
    tasks = bench.org.read([alone, related]).tasks
    assert (tasks[alone].who_count, tasks[related].who_count, tasks[related].who) == (0, 1, contact)
    assert bench.asked("GET /queryall") == 1


def test_without_shared_activities_nobody_is_counted_and_it_is_found_out_once(bench: Bench) -> None:
    """F7: the field does not exist; one refused query per container, not per read."""
    task_id = bench.task()
    assert bench.org.read([task_id]).tasks[task_id].who_count is None
    bench.org.read([task_id])
    bench.org.find(["r1-0"])
    assert bench.asked("GET /queryall") == 4


def test_a_field_hidden_from_us_stops_the_read_with_its_name() -> None:
    """I6, C4: without the permission set our id's field does not exist for us; nothing may be guessed then."""
    bench = _bench()
    user = bench.theirs.integration_user
    user.permissions -= {SYNC_FIELD}
    task_id = bench.task()
    with pytest.raises(OrgUnavailable, match=EXTERNAL_ID) as caught:
        bench.org.read([task_id])
    assert caught.value.failure.kind is Kind.PERMANENT


def test_archived_and_undeleted_tasks_read_as_what_they_are(bench: Bench) -> None:
    """M6: an archived task is not gone, an undeleted one is not deleted; both by the same id as before."""
    me = bench.theirs.integration_user.id
    old, undeleted = bench.task(Status="Completed", ActivityDate="2024-01-01"), bench.task()
    archive(bench.theirs.state)
    bench.org.delete([undeleted])
    bench.theirs.undelete_task(me, undeleted)
    tasks = bench.org.read([old, undeleted]).tasks
    assert (tasks[old].is_archived, tasks[old].is_deleted) == (True, False)
    assert (tasks[undeleted].is_archived, tasks[undeleted].is_deleted) == (False, False)


def test_a_commit_under_way_holds_the_lists_back(bench: Bench) -> None:
    """I3: `latestDateCovered` goes no further than the oldest open transaction, so nothing committed late is skipped."""
    begun = bench.org.now()
    bench.theirs.faults.add("late", match="insert Task", seconds=600)
    task_id = bench.task()
    bench.clock.forward(timedelta(minutes=5))
    end = bench.org.now()
    found = bench.org.updated(end - timedelta(minutes=10), end)
    assert (found.ids, found.covered <= begun) == ((), True)
    bench.clock.forward(timedelta(minutes=10))
    assert bench.org.updated(found.covered - timedelta(minutes=1), bench.org.now()).ids == (task_id,)


def test_people_are_found_by_a_part_of_their_name(bench: Bench) -> None:
    """C1: contacts and leads, by any part, without minding case; what looks like a pattern is text."""
    me = bench.theirs.integration_user.id
    ada = bench.theirs.create(me, "Contact", FirstName="Ada", LastName="O'Lovelace")
    love = bench.theirs.create(me, "Lead", LastName="Glove 100%", Company="Acme")
    bench.theirs.create(me, "Contact", LastName="Turing")
    assert [person.id for person in bench.org.people("LOVE")] == [ada, love]
    assert [person.id for person in bench.org.people("o'love")] == [ada]
    assert [person.id for person in bench.org.people("100%")] == [love]
    assert bench.org.people("100_") == ()


def test_users_say_who_administers_and_who_is_active(bench: Bench) -> None:
    """C7, F6: by the permission set alone, and an inactive owner is told apart."""
    admin = bench.theirs.add_user("ada@example.com", "Ada Lovelace", role="admin", zone="Europe/Paris").id
    left = bench.theirs.add_user("left@example.com", "Left Already").id
    bench.theirs.deactivate(left)
    found = bench.org.users([admin, left])
    assert (found[admin].admin, found[admin].active, found[admin].time_zone) == (True, True, "Europe/Paris")
    assert (found[left].admin, found[left].active, found[left].name) == (False, False, "Left Already")
