"""Days on which API calls are short, polls have their interval, and one user makes all the noise."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from typing import Any

import pytest
from fakes.memory_dead_letters import MemoryDeadLetters
from stage import Stage

from reminders.core.reminder import Priority, SyncState, imported_id, sync_state
from reminders.ports import OrgUnavailable, Usage
from reminders.sync import comparison, find, outbox, runs, set_up, timetable

LIMIT = 100_000


@pytest.fixture
def stage() -> Stage:
    """A team of which Anna and Ben sync."""
    stage = Stage()
    stage.sync(stage.anna)
    stage.sync(stage.ben)
    stage.settle()
    return stage


def others_use(stage: Stage, calls: int) -> None:
    """Let other programs use so many of the org's calls."""
    stage.org.calls.spend(int(stage.clock.now().timestamp()), calls)


def we_have_used(stage: Stage, calls: int) -> None:
    """Let us have made so many calls today."""
    spending = stage.ledger.spending(stage.clock.now())
    ours = calls - (spending.ours if spending else 0)
    used = spending.used if spending else 0
    stage.ledger.spent("past", stage.clock.now(), Usage(used=used, limit=LIMIT, ours=ours))


def ticks(stage: Stage, minutes: int) -> list[int]:
    """Let the poll's schedule tick every minute; gives the minutes at which it polled."""
    polled = []
    for minute in range(minutes):
        if not timetable.poll(stage.world).counts.get("not_due"):
            polled.append(minute)
        stage.later(minutes=1)
    return polled


def codes(stage: Stage) -> Counter[str]:
    """Count the problems of the org as a whole by code."""
    return Counter(outage.failure.code for outage in stage.ledger.outages())


# --- the interval


def test_polls_keep_the_interval_that_was_chosen(stage: Stage) -> None:
    """S6: five minutes are five, not six; a changed interval holds from the next tick; between polls the org is not asked."""
    set_up.check_when_due(stage.world)
    calls = stage.calls()
    assert ticks(stage, 21) == [0, 5, 10, 15, 20]
    assert stage.calls() - calls == 2 * 5
    stage.settings(poll_minutes=2)
    assert ticks(stage, 8) == [1, 3, 5, 7]
    stage.settings(poll_minutes=60)
    assert ticks(stage, 60) == [59]


def test_a_poll_that_fails_is_not_repeated_at_every_tick(stage: Stage) -> None:
    """S6, O6: the interval counts from where the last one began, whatever came of it."""
    stage.org.faults.add("unavailable", times=None)
    assert ticks(stage, 11) == [0, 5, 10]


def test_sync_now_does_not_wait_for_the_interval(stage: Stage) -> None:
    """C3, S6: asked for, it polls at once; so does a schedule that says so itself."""
    ticks(stage, 1)
    calls = stage.calls()
    find.sync_now(stage.world)
    timetable.poll(stage.world, at_once=True)
    assert stage.calls() - calls == 4


def test_a_tick_between_polls_reads_one_item(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """S6: the schedule ticks every minute for ever; what it costs must not grow with anything."""
    ticks(stage, 1)

    def read(*_: object) -> Any:
        raise AssertionError("too early for any interval: nothing else is read")

    for name in ("settings", "spending", "outages", "watermark", "waiting"):
        monkeypatch.setattr(stage.ledger, name, read)
    assert ticks(stage, 1) == []


# --- pressure


def test_polls_stretch_when_calls_become_short(stage: Stage) -> None:
    """O6: at three quarters of our share half as often, at nine tenths a quarter as often."""
    we_have_used(stage, 18_800)
    assert ticks(stage, 21) == [0, 10, 20]
    we_have_used(stage, 22_600)
    assert ticks(stage, 40) == [19, 39]


def test_our_share_used_up_stops_us_until_midnight(stage: Stage) -> None:
    """O6: not one call more than the share; one problem; what came meanwhile waits on both sides, and the new day moves it all."""
    stage.create("old")
    stage.settle()
    we_have_used(stage, 25_000)
    calls = stage.calls()
    stage.create("new")
    stage.edit("old", details="edited here")
    there = stage.org.create_task(stage.anna, Subject="Made there")
    stage.push()
    outbox.push_due(stage.world)
    stage.hint(there)
    ticks(stage, 60)
    stage.sync(stage.stranger)
    with pytest.raises(OrgUnavailable):
        comparison.sweep(stage.world, MemoryDeadLetters())
    assert stage.calls() == calls
    assert set(codes(stage)) == {"API_BUDGET_SPENT"}
    assert {each.run for each in stage.ledger.outages()} == {"push", "pull", "poll", "first_sync", "sweep"}
    assert {sync_state(stage.reminder(each)) for each in ("old", "new")} == {SyncState.WAITING}
    assert [each.trouble for each in stage.ledger.all()] == [None, None]
    midnight = stage.clock.now().replace(hour=0, minute=0) + timedelta(days=1)
    stage.clock.forward(midnight - stage.clock.now())
    assert ticks(stage, 1) == [0]
    outbox.push_due(stage.world)
    stage.settle()
    assert codes(stage) == Counter()
    assert {sync_state(each) for each in stage.ledger.all()} == {SyncState.SYNCED}
    assert stage.reminder(imported_id(there)).values.name == "Made there"
    user = stage.ledger.users([stage.stranger])[stage.stranger]
    assert user.first_sync
    assert user.first_sync.finished


def test_the_org_at_four_fifths_stops_us_and_is_asked_with_one_call_at_a_time(stage: Stage) -> None:
    """O6: the trap is that without a call no number ever comes; so a stretched poll asks with one, and goes on once it may."""
    others_use(stage, 80_000)
    find.poll(stage.world)
    calls = stage.calls()
    stage.create()
    stage.push()
    outbox.push_due(stage.world)
    assert stage.calls() == calls
    assert ticks(stage, 60) == [0, 20, 40]
    assert stage.calls() - calls == 3
    message = next(each.failure.message for each in stage.ledger.outages())
    assert "80,0" in message
    assert "of its 100,000" in message
    stage.later(hours=24)
    assert ticks(stage, 1) == [0]
    assert codes(stage) == Counter()
    outbox.push_due(stage.world)
    stage.settle()
    assert sync_state(stage.reminder()) is SyncState.SYNCED


def test_a_limit_that_the_org_told_and_then_we_keep_is_one_problem(stage: Stage) -> None:
    """O3, O6: the org refuses one call, and after it we make none; whoever looks must not see two causes of one thing."""
    task = stage.org.create_task(stage.anna, Subject="Made there")
    stage.settle()
    others_use(stage, LIMIT - stage.org.calls.used(int(stage.clock.now().timestamp())))
    stage.create()
    stage.push()
    assert set(codes(stage)) == {"REQUEST_LIMIT_EXCEEDED"}
    stage.later(seconds=1)
    stage.ledger.spent("pull", stage.clock.now(), Usage(used=LIMIT, limit=LIMIT, ours=1))
    stage.hint(task)
    assert set(codes(stage)) == {"API_BUDGET_SPENT"}


def test_a_raised_share_sets_it_free_at_once(stage: Stage) -> None:
    """O6, S6: the administrator need not wait for midnight."""
    we_have_used(stage, 25_000)
    stage.create()
    stage.push()
    assert codes(stage)
    stage.settings(api_share=0.5)
    outbox.push_due(stage.world)
    assert sync_state(stage.reminder()) is SyncState.SYNCED
    assert codes(stage) == Counter()


def test_a_run_stops_between_two_calls_when_it_uses_up_the_rest_itself(stage: Stage) -> None:
    """O6: the limit holds within a run, too; the answers tell."""
    we_have_used(stage, 24_999)
    summary = find.poll(stage.world)
    assert summary.unavailable
    assert summary.unavailable.code == "API_BUDGET_SPENT"
    spending = stage.ledger.spending(stage.clock.now())
    assert spending
    assert spending.ours == 25_000


def test_the_last_calls_go_to_what_is_due_soonest_and_high(stage: Stage) -> None:
    """O6: of sixty edits the calls that are left suffice for 25: those due first, and of one day those that are high."""
    for number in range(60):
        stage.create(f"r{number:02}", due=date(2026, 12, 1) + timedelta(days=number // 2))
    stage.settle()
    stage.later(minutes=1)
    assert stage.tasks()  # the client learns once, by a call, that the org has no Shared Activities
    we_have_used(stage, 24_998)
    for number in range(60):
        stage.edit(f"r{number:02}", priority=Priority.HIGH if number % 2 else Priority.NORMAL, details="new")
    stage.ledger.rung.clear()
    summary = outbox.push_due(stage.world)
    assert summary.counts["put_off"] == 35
    sent = {each.id for each in stage.ledger.all() if sync_state(each) is SyncState.SYNCED}
    assert sent == {f"r{number:02}" for number in range(24)} | {"r25"}
    spending = stage.ledger.spending(stage.clock.now())
    assert spending
    assert spending.ours == 25_000
    assert all(not each.intents for each in stage.ledger.all())


def test_under_pressure_a_run_chooses_the_most_urgent_of_all_that_waits(stage: Stage) -> None:
    """O6: what was edited last is due first, and goes before everything that has waited longer."""
    we_have_used(stage, 19_000)
    for number in range(20):
        stage.create(f"r{number:02}", due=date(2026, 12, 30) - timedelta(days=number))
        stage.later(seconds=1)
    stage.ledger.rung.clear()
    outbox.push_due(stage.world, 5)
    sent = {each.id for each in stage.ledger.all() if sync_state(each) is SyncState.SYNCED}
    assert sent == {"r15", "r16", "r17", "r18", "r19"}


def test_when_it_is_tight_edits_wait_a_minute_to_share_their_calls(stage: Stage) -> None:
    """O6: ten edits rung one by one would cost twenty calls; together they cost two."""
    for number in range(10):
        stage.create(f"r{number}")
    stage.settle()
    stage.later(minutes=1)
    assert stage.tasks()  # the client learns once, by a call, that the org has no Shared Activities
    we_have_used(stage, 23_000)
    for number in range(10):
        stage.edit(f"r{number}", details="new")
        assert stage.push().counts["left_to_the_schedule"] == 1
    calls = stage.calls()
    stage.later(minutes=1)
    outbox.push_due(stage.world)
    assert stage.calls() - calls == 2
    assert {sync_state(each) for each in stage.ledger.all()} == {SyncState.SYNCED}


def test_a_limit_reached_and_lifted_ends_with_everything_sent_and_no_problem(stage: Stage) -> None:
    """O3, O6: Salesforce itself refuses for a while; the next poll that it answers ends the problem, and the schedule sends all."""
    for number in range(5):
        stage.create(f"r{number}")
    stage.org.faults.add("limit", match="/data/v", times=None)
    stage.push()
    ticks(stage, 6)
    assert set(codes(stage)) == {"REQUEST_LIMIT_EXCEEDED"}
    stage.org.faults.clear()
    ticks(stage, 5)
    assert codes(stage) == Counter()
    outbox.push_due(stage.world)
    assert {sync_state(each) for each in stage.ledger.all()} == {SyncState.SYNCED}
    assert [each.trouble for each in stage.ledger.all()] == [None] * 5


def test_what_a_person_waits_for_is_refused_by_the_orgs_limit_only(stage: Stage) -> None:
    """O6: our share used up must not keep anybody from finding a contact; the org nearly out of calls does."""
    we_have_used(stage, 30_000)
    run = runs.begin_for_a_person(stage.world, "api")
    run.world.org.people("Ada")
    run.noted()
    spending = stage.ledger.spending(stage.clock.now())
    assert spending
    assert spending.ours == 30_002
    others_use(stage, 80_000)
    run.world.org.people("Ada")
    with pytest.raises(OrgUnavailable, match="API_BUDGET_SPENT"):
        run.world.org.people("Ada")


def test_a_run_that_asks_nothing_of_the_org_reads_no_budget(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """O6: most requests of the page make no call; they must not pay for the question whether they might."""
    monkeypatch.setattr(stage.ledger, "spending", None)
    run = runs.begin_for_a_person(stage.world, "api")
    run.world.org.now()
    run.world.org.me()
    run.noted()


# --- fairness


def test_one_users_flood_delays_another_users_edit_by_no_more_than_a_run(stage: Stage) -> None:
    """C8: two thousand edits of Anna's wait, and Ben's one, made last, is in the schedule's next run."""
    for number in range(2000):
        stage.create(f"a{number:04}")
    stage.later(seconds=10)
    stage.create("ben", assignee=stage.ben)
    stage.ledger.rung.clear()
    outbox.push_due(stage.world)
    assert sync_state(stage.reminder("ben")) is SyncState.SYNCED
    assert sum(sync_state(each) is SyncState.SYNCED for each in stage.ledger.all()) == 500
