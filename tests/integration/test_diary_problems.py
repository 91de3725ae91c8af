"""Days on which Salesforce refuses: one record, a whole call, everything; and what is tried again when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import pytest
from stage import Stage

from infra.local.org.schema import SYNC_FIELD
from infra.local.org.state import MODIFY_ALL, VIEW_ALL
from reminders.core import edit
from reminders.core.problems import Failure, Kind
from reminders.core.reminder import Event, Field, Priority, Reminder, Status, SyncState, sync_state
from reminders.core.task import EXTERNAL_ID, Hint
from reminders.ports import Change, OrgUnavailable, Outcome
from reminders.sync import find, groups, inbox, outbox

VALIDATION = "FIELD_CUSTOM_VALIDATION_EXCEPTION"
NO_CALLS = "No calls today"


@pytest.fixture
def stage() -> Stage:
    """A team of which Anna and Ben sync."""
    stage = Stage()
    stage.sync(stage.anna)
    stage.sync(stage.ben)
    stage.settle()
    return stage


def refuse_calls(stage: Stage) -> None:
    """Have the org refuse every task whose Subject begins with "Call"."""
    stage.org.state.validations.append(lambda row: NO_CALLS if str(row["Subject"]).startswith("Call") else None)


def lift(stage: Stage) -> None:
    """Take the org's validation rules away."""
    stage.org.state.validations.clear()


def retry(stage: Stage, reminder_id: str) -> None:
    """Press Retry."""
    [stored] = stage.ledger.save([edit.retry(stage.reminder(reminder_id), now=stage.clock.now())])
    assert stored


def states(stage: Stage) -> set[SyncState]:
    """Give the sync states that there are."""
    return {sync_state(each) for each in stage.ledger.all()}


def test_when_one_goes_through_its_whole_group_is_tried_at_once(stage: Stage) -> None:
    """O4: the rule was lifted, one reminder is edited, and nobody needs to touch the other nine."""
    refuse_calls(stage)
    for number in range(10):
        stage.create(f"r{number}")
    stage.settle()
    assert states(stage) == {SyncState.PROBLEM}
    lift(stage)
    stage.later(minutes=5)
    stage.edit("r3", details="Try again")
    stage.settle(poll=False)
    assert states(stage) == {SyncState.SYNCED}
    assert len(stage.tasks()) == 10


def test_retry_sends_it_and_its_group(stage: Stage) -> None:
    """O4: pressed on one; until it went through, the problem stays to be seen."""
    refuse_calls(stage)
    stage.create("one")
    stage.create("other")
    stage.settle()
    retry(stage, "one")
    stage.push()
    assert sync_state(stage.reminder("one")) is SyncState.PROBLEM
    assert [line.event for line in stage.history("one")] == [Event.CREATED, Event.PROBLEM, Event.RETRIED]
    lift(stage)
    stage.later(minutes=5)
    retry(stage, "one")
    stage.settle(poll=False)
    assert states(stage) == {SyncState.SYNCED}


def test_a_group_is_not_tried_for_another_kind_of_problem(stage: Stage) -> None:
    """O4: what went through says nothing about reminders that were refused for another reason."""
    refuse_calls(stage)
    stage.create("call")
    stage.create("long", name="Write to Ada")
    stage.settle(poll=False)
    other = Failure(kind=Kind.PERMANENT, code="ENTITY_IS_LOCKED", message="locked")
    stage.edit("long", details="more")
    stage.world.org.update = lambda changes: [Outcome(failure=other) for _ in changes]  # type: ignore[method-assign]
    stage.settle(poll=False)
    del stage.world.org.update
    lift(stage)
    stage.later(minutes=5)
    retry(stage, "long")
    stage.settle(poll=False)
    assert sync_state(stage.reminder("long")) is SyncState.SYNCED
    assert sync_state(stage.reminder("call")) is SyncState.PROBLEM


def test_what_stays_refused_is_not_tried_round_and_round(stage: Stage) -> None:
    """O4, Never: of two rules with one code only one was lifted; a success costs the others one attempt, and no loop."""
    refuse_calls(stage)
    stage.org.state.validations.append(lambda row: "No letters" if str(row["Subject"]).startswith("Write") else None)
    for number in range(6):
        stage.create(f"call{number}")
        stage.create(f"write{number}", name=f"Write to {number}")
    stage.settle(poll=False)
    assert states(stage) == {SyncState.PROBLEM}
    stage.org.state.validations.pop(0)
    stage.later(minutes=5)
    before = stage.calls()
    retry(stage, "call0")
    stage.settle(poll=False)
    assert {each.id for each in stage.ledger.all() if each.trouble} == {f"write{number}" for number in range(6)}
    for _ in range(30):
        stage.later(minutes=1)
        outbox.push_due(stage.world)
        stage.settle(poll=False)
    assert stage.calls() - before < 20
    assert all(len(stage.history(f"write{number}", Event.PROBLEM)) == 1 for number in range(6))


def test_a_daily_attempt_that_goes_through_takes_the_others_along(stage: Stage) -> None:
    """O4: nobody presses anything; the schedule's attempt finds out that the cause is gone."""
    refuse_calls(stage)
    stage.create("monday")
    stage.settle(poll=False)
    stage.later(hours=12)
    stage.create("tuesday")
    stage.settle(poll=False)
    lift(stage)
    stage.later(hours=13)
    outbox.push_due(stage.world)
    stage.settle(poll=False)
    assert states(stage) == {SyncState.SYNCED}


def test_later_edits_wait_behind_a_problem_and_changes_from_there_still_come_in(stage: Stage) -> None:
    """O4: nothing is lost on either side while a rule refuses."""
    stage.create(name="Write to Ada")
    stage.settle()
    stage.org.state.validations.append(lambda row: "Closed" if row["Status"] == "Completed" else None)
    stage.edit(status=Status.COMPLETE)
    stage.settle()
    stage.edit(details="later edit")
    stage.settle()
    stage.org.update_task(stage.anna, stage.task_of(), Priority="High")
    stage.settle()
    assert stage.reminder().values.priority == "High"
    assert sync_state(stage.reminder()) is SyncState.PROBLEM
    lift(stage)
    retry(stage, "r1")
    stage.settle()
    task = stage.task(stage.task_of())
    assert task
    assert (task.status, task.description, task.priority) == ("Completed", "later edit", "High")


def test_what_was_tried_a_moment_ago_is_left_to_the_schedule(stage: Stage) -> None:
    """O4, Never: a group is tried once a minute at most, however many of it go through, and nobody has to ask for the rest."""
    refuse_calls(stage)
    stage.create("one")
    stage.create("other")
    stage.push()
    tried = stage.clock.now()
    lift(stage)
    stage.later(seconds=10)
    retry(stage, "one")
    stage.push()
    assert sync_state(stage.reminder("one")) is SyncState.SYNCED
    assert (stage.ledger.rung, stage.reminder("other").next_attempt) == ([], tried + timedelta(minutes=1))
    stage.later(minutes=1)
    outbox.push_due(stage.world)
    assert sync_state(stage.reminder("other")) is SyncState.SYNCED


def test_one_run_rings_a_bounded_part_of_a_large_group(stage: Stage) -> None:
    """O4, Never: 200 at a time; their successes ring the next."""
    refuse_calls(stage)
    for number in range(230):
        stage.create(f"r{number:03}")
    stage.push()
    assert states(stage) == {SyncState.PROBLEM}
    stage.later(minutes=5)
    assert groups.try_again(stage.world, {VALIDATION}) == groups.PER_RUN
    assert len(stage.ledger.rung) == groups.PER_RUN
    assert groups.try_again(stage.world, {VALIDATION}) == 30
    assert groups.try_again(stage.world, {VALIDATION}) == 0


def test_an_ignored_problem_is_hidden_until_its_cause_changes(stage: Stage) -> None:
    """C4: the same refusal stays hidden at every daily attempt; another one shows again."""
    refuse_calls(stage)
    stage.create()
    stage.settle(poll=False)
    assert stage.ledger.save([edit.ignore(stage.reminder(), now=stage.clock.now())]) != [None]
    stage.later(days=1, minutes=1)
    outbox.push_due(stage.world)
    assert hidden(stage.reminder())
    lift(stage)
    stage.org.state.validations.append(lambda row: "Another rule" if row["Subject"] else None)
    stage.later(days=1, minutes=1)
    outbox.push_due(stage.world)
    assert not hidden(stage.reminder())
    assert stage.edit(details="x").trouble is None


def hidden(reminder: Reminder) -> bool:
    """Tell whether its problem is ignored."""
    assert reminder.trouble
    return reminder.trouble.ignored is not None


# --- a call refused as a whole


def poisoned(stage: Stage, monkeypatch: pytest.MonkeyPatch, *words: str) -> None:
    """Have the org refuse every call as a whole that holds one of these words, as it does with a body that it cannot read."""

    def refused(records: Sequence[Any]) -> bool:
        held = [
            value for record in records for value in (record.fields if isinstance(record, Change) else record).values()
        ]
        return any(word in str(value) for value in held for word in words)

    for verb in ("create", "update"):
        real = getattr(stage.world.org, verb)

        def call(records: Sequence[Any], real: Any = real) -> Any:
            if refused(records):
                raise OrgUnavailable(Failure(kind=Kind.PERMANENT, code="JSON_PARSER_ERROR", message="Unexpected"))
            return real(records)

        monkeypatch.setattr(stage.world.org, verb, call)


def test_one_record_that_spoils_the_call_stands_alone_in_the_end(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """O3: 199 go out in the same run, in a number of calls that grows with the logarithm; the one becomes its own problem."""
    for number in range(200):
        stage.create(f"r{number}", name=f"Write to {number:03}")
    poisoned(stage, monkeypatch, "137")
    summary = stage.push()
    assert summary.unavailable is None
    assert summary.counts["calls_create"] <= 1 + 2 * 8
    assert len(stage.tasks()) == 199
    trouble = stage.reminder("r137").trouble
    assert trouble
    assert trouble.code == "JSON_PARSER_ERROR"
    assert [each.id for each in stage.ledger.all() if each.trouble] == ["r137"]
    assert stage.reminder("r137").intents == ()


def test_one_edit_that_spoils_the_call_stands_alone_too(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """O3: updates go by 25, and the neighbours of the bad one are sent."""
    for number in range(25):
        stage.create(f"r{number}")
    stage.settle()
    stage.later(minutes=1)
    poisoned(stage, monkeypatch, "spoilt")
    for number in range(25):
        stage.edit(f"r{number}", details="spoilt" if number == 7 else "fine")
    stage.push()
    assert [task.description for task in stage.tasks()].count("fine") == 24
    assert [each.id for each in stage.ledger.all() if each.trouble] == ["r7"]


def test_a_call_that_is_refused_whatever_it_holds_costs_a_bounded_number_of_calls(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """O3, Never: everything is refused; the run stops, and what it did not get to waits without being lost."""
    for number in range(200):
        stage.create(f"r{number}")
    poisoned(stage, monkeypatch, "Call")
    summary = stage.push()
    assert summary.unavailable
    assert summary.counts["calls_create"] <= 1 + 2 * outbox.HALVINGS
    monkeypatch.undo()
    stage.later(minutes=3)
    outbox.push_due(stage.world)
    stage.settle(poll=False)
    assert states(stage) <= {SyncState.SYNCED, SyncState.PROBLEM}
    stage.later(days=1, minutes=1)
    outbox.push_due(stage.world)
    stage.settle(poll=False)
    assert states(stage) == {SyncState.SYNCED}
    assert len(stage.tasks()) == 200


def test_a_set_up_that_is_wrong_is_not_blamed_on_a_record(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """O3: an address that does not exist is one problem of the org, found with one call."""
    stage.create("one")
    stage.create("other")

    def call(_: Sequence[Any]) -> list[Outcome]:
        raise OrgUnavailable(Failure(kind=Kind.PERMANENT, code="NOT_FOUND", message="no such resource"))

    monkeypatch.setattr(stage.world.org, "create", call)
    assert stage.push().counts["calls_create"] == 1
    assert [each.trouble for each in stage.ledger.all()] == [None, None]


# --- the org as a whole


def test_a_limit_reached_is_one_problem_and_not_thousands(stage: Stage) -> None:
    """O3, C4: no reminder is blamed; it lasts since the first refusal, and the next success ends it."""
    for number in range(5):
        stage.create(f"r{number}")
    stage.org.faults.add("limit", match="/data/v", times=None)
    stage.push()
    began = stage.clock.now()
    stage.later(minutes=3)
    outbox.push_due(stage.world)
    find.poll(stage.world)
    outages = stage.ledger.outages()
    assert {(each.run, each.failure.code) for each in outages} == {
        ("push", "REQUEST_LIMIT_EXCEEDED"),
        ("poll", "REQUEST_LIMIT_EXCEEDED"),
    }
    assert {each.since for each in outages if each.run == "push"} == {began}
    assert {each.seen for each in outages} == {stage.clock.now()}
    assert [each.trouble for each in stage.ledger.all()] == [None] * 5
    stage.org.faults.clear()
    stage.settle()
    assert stage.ledger.outages() == []


def test_a_push_with_nothing_to_send_proves_nothing(stage: Stage) -> None:
    """C4: every minute a push ends well because nothing is due; that must not hide an outage for a moment."""
    stage.create()
    stage.org.faults.add("limit", match="/data/v", times=None)
    stage.push()
    outbox.push(stage.world, [])
    assert len(stage.ledger.outages()) == 1


def test_that_reading_works_does_not_end_an_outage_of_writing(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """C4: in read-only maintenance polls go on while pushes wait."""
    stage.create()

    def maintenance(_: Sequence[Any]) -> list[Outcome]:
        code = "INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE"
        raise OrgUnavailable(Failure(kind=Kind.TRANSIENT, code=code, message="read only"))

    monkeypatch.setattr(stage.world.org, "create", maintenance)
    stage.push()
    find.poll(stage.world)
    assert [each.run for each in stage.ledger.outages()] == ["push"]


def test_hints_that_cannot_be_applied_open_a_problem_of_the_pull(stage: Stage) -> None:
    """I1, C4: what is parked says why."""
    stage.create()
    stage.settle()
    stage.org.faults.add("unavailable", times=None)
    inbox.pull(stage.world, [Hint(stage.task_of())])
    [outage] = stage.ledger.outages()
    assert (outage.run, outage.failure.kind) == ("pull", Kind.TRANSIENT)
    stage.org.faults.clear()
    stage.later(minutes=5)
    inbox.pull(stage.world, [Hint(stage.task_of())])
    assert stage.ledger.outages() == []
    assert stage.clock.now() - outage.since == timedelta(minutes=5)


# --- what it costs, and being asked


def test_calls_of_ours_are_counted_as_the_org_counts_them(stage: Stage) -> None:
    """C3: whatever ran, the sum is what the org's own log says; a failed run's calls count too."""
    for number in range(30):
        stage.create(f"r{number}")
    stage.settle()
    stage.edit("r3", due=None)
    stage.settle()
    stage.org.faults.add("unavailable", match="/data/v.*updated", times=1)
    find.poll(stage.world)
    spending = stage.ledger.spending(stage.clock.now())
    assert spending
    assert (spending.ours, spending.used) == (stage.calls(), stage.calls())


def test_asked_for_a_sync_it_polls_and_pushes_what_waits(stage: Stage) -> None:
    """C3: "Sync now" does not wait for a back-off; what was refused for good waits for its own Retry."""
    stage.create()
    stage.create("bad", name="Write")
    stage.org.state.validations.append(lambda row: "No" if row["Subject"] == "Write" else None)
    stage.settle()
    stage.edit(due=None)
    stage.org.faults.add("lock", match="update Task", times=1)
    stage.push()
    assert sync_state(stage.reminder()) is SyncState.WAITING
    there = stage.org.create_task(stage.anna, Subject="Made there")
    stage.later(minutes=3)
    stage.org.faults.clear()
    assert find.sync_now(stage.world).counts["rung"] == 1
    assert stage.ledger.rung == ["r1"]
    stage.push()
    stage.pull()
    assert sync_state(stage.reminder()) is SyncState.SYNCED
    assert stage.reminder(f"sf{there}").values.name == "Made there"


def test_asked_for_a_sync_what_is_under_way_is_left_alone(stage: Stage) -> None:
    """C3, O2: its answer may be on its way; ringing for it would only send it twice."""
    stage.create()
    stage.org.faults.add("lost", match="POST .*composite/sobjects")
    stage.push()
    stage.later(minutes=1)
    assert find.sync_now(stage.world).counts["rung"] == 0
    stage.later(minutes=2)
    assert find.sync_now(stage.world).counts["rung"] == 1


# --- why


def test_a_conflict_tells_the_three_values(stage: Stage) -> None:
    """C2: what was agreed, what each side held, and who won by which policy, as decided then; long texts as excerpts."""
    stage.create(details="x" * 500)
    stage.settle()
    stage.edit(priority=Priority.HIGH, due=date(2026, 12, 1), details="h" * 500)
    stage.later(seconds=5)
    stage.org.update_task(stage.anna, stage.task_of(), ActivityDate="2026-12-24", Description="t" * 500)
    stage.settle()
    lines = {line.field: line for line in stage.history("r1", Event.CONFLICT)}
    due, details = lines[Field.DUE], lines[Field.DETAILS]
    assert (due.rule, due.before, due.here, due.there) == ("M2", "2026-11-24", "2026-12-01", "2026-12-24")
    assert due.values == {"field": "due", "policy": "latest"}
    assert (details.lost, details.here, details.there) == ("h" * 500, "h" * 139 + "…", "t" * 139 + "…")
    assert details.before is None
    [merged] = stage.history("r1", Event.MERGED)
    assert merged.there == f"due: 2026-12-24; details: {'t' * 139}…"


def test_what_was_sent_tells_its_values_and_its_calls(stage: Stage) -> None:
    """C2, O1: the calls of this attempt are those that the org counted, and how many reminders shared the writing one."""
    for number in range(30):
        stage.create(f"r{number}")
    stage.settle()
    stage.later(minutes=1)
    for number in range(3):
        stage.edit(f"r{number}", due=None, details="new")
    before = stage.calls()
    stage.push()
    line = stage.history("r1", Event.PUSHED)[-1]
    assert (line.calls, line.shared) == (stage.calls() - before, 3)
    assert line.here == "due: (empty); details: (text)"
    stage.delete("r1")
    before = stage.calls()
    stage.push()
    line = stage.history("r1", Event.PUSHED)[-1]
    assert (line.calls, line.shared) == (stage.calls() - before, 1)


def test_a_refusal_tells_its_calls_too(stage: Stage) -> None:
    """C2: a problem is explained by the attempt that found it."""
    refuse_calls(stage)
    stage.create()
    before = stage.calls()
    stage.push()
    [line] = stage.history("r1", Event.PROBLEM)
    assert (line.calls, line.shared) == (stage.calls() - before, 1)
    assert NO_CALLS in line.words


def test_what_a_write_replaced_tells_both_values(stage: Stage) -> None:
    """C2, F2: a status of the org's own that our change replaced."""
    stage.create()
    stage.settle()
    stage.org.update_task(stage.anna, stage.task_of(), Status="Deferred")
    stage.settle()
    stage.edit(status=Status.COMPLETE)
    stage.settle()
    [line] = stage.history("r1", Event.REPLACED)
    assert (line.here, line.there, line.lost) == ("Completed", "Deferred", "Deferred")


def test_an_id_that_another_program_has_taken_costs_two_creates_and_then_one_a_try(stage: Stage) -> None:
    """O2: the look-up of an unanswered create has its turn first; once it has found no task of ours, more of it would tell nothing new."""
    robot = stage.org.add_user(
        "robot@example.com", "Other Program", permissions=frozenset({VIEW_ALL, MODIFY_ALL, SYNC_FIELD})
    )
    theirs = stage.org.create_task(robot.id, OwnerId=robot.id, Subject="Theirs", **{EXTERNAL_ID: "r1-0"})
    stage.create()
    assert stage.push().counts["calls_create"] == 2
    creates = 2
    while not stage.reminder().trouble:
        stage.later(minutes=1)
        creates += outbox.push_due(stage.world).counts["calls_create"]
    assert creates == 6
    trouble = stage.reminder().trouble
    assert trouble
    assert trouble.code == "DUPLICATE_VALUE"
    stage.later(days=1)
    assert outbox.push_due(stage.world).counts["calls_create"] == 1
    assert stage.org.task(theirs)["Subject"] == "Theirs"
    stage.org.delete_task(robot.id, theirs)
    stage.later(days=1)
    outbox.push_due(stage.world)
    assert stage.reminder().trouble is None
    assert stage.org.task(stage.task_of())[EXTERNAL_ID] == "r1-0"
