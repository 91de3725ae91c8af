"""Days of mass loads and of forged messages: nothing is lost, and nobody has to wait for somebody else's load (S4, I2)."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta

import pytest
from stage import Stage

from infra.local.org.ids import checksum
from reminders.aws.hint_queue import HintsNotStored
from reminders.core import pace
from reminders.core.reminder import Priority, imported_id
from reminders.core.task import Hint
from reminders.ports import OrgUnavailable
from reminders.sync import deferral, find, inbox, timetable

FIRST_DAY = date(2026, 12, 1)
AT_ONCE, PACE = 10, 40


@pytest.fixture
def stage() -> Stage:
    """A team of which Anna and Ben sync."""
    stage = Stage()
    stage.sync(stage.anna)
    stage.sync(stage.ben)
    stage.settle()
    assert (
        stage.task(forge(1)[0].task_id) is None
    )  # the first read of a client asks twice: it learns which columns there are
    return stage


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pace of which a hundred tasks are a mass load."""
    monkeypatch.setattr(pace, "AT_ONCE", AT_ONCE)
    monkeypatch.setattr(pace, "PACE", PACE)


def load(stage: Stage, owner: str, number: int) -> list[str]:
    """Let a nightly job create so many tasks, one a day, in any order of dates; gives them by date."""
    days = [FIRST_DAY + timedelta(days=each) for each in range(number)]
    random.Random(number).shuffle(days)
    made = {day: stage.org.create_task(owner, Subject="Load", ActivityDate=day.isoformat()) for day in days}
    return [made[day] for day in sorted(made)]


def hear(stage: Stage) -> None:
    """Let a poll hear of what happened."""
    stage.later(minutes=6)
    find.poll(stage.world)


def here(stage: Stage, tasks: list[str]) -> set[str]:
    """Tell which of these tasks have a reminder."""
    return set(stage.ledger.links(tasks))


def forge(number: int) -> list[Hint]:
    """Make hints of messages that name ids of nothing, as well-formed as real ones."""
    shorts = [f"00T5g0000{each:06d}" for each in range(number)]
    return [Hint(short + checksum(short), webhook=True) for short in shorts]


def minute(stage: Stage) -> None:
    """Let the schedule tick once, and apply what it hints."""
    stage.tick()
    stage.pull()


def test_a_mass_load_comes_at_its_pace_the_soonest_due_first(stage: Stage) -> None:
    """S4, O6: 2,500 at once would hold up everybody, and what is due tomorrow would come when its turn is by accident."""
    tasks = load(stage, stage.anna, 2_500)
    hear(stage)
    before = stage.calls()
    first = stage.pull().counts
    at_once = here(stage, tasks)
    assert (first["stored"], first["deferred"], stage.calls() - before) == (250, 2_250, 5)
    waiting = [task_id for task_id in tasks if task_id not in at_once]
    for arrived in (1_000, 2_000, 2_250):
        minute(stage)
        assert here(stage, waiting) == set(waiting[:arrived])
    assert stage.calls() - before == 5 + 2 + 2 + 1
    assert len(stage.ledger.all()) == 2_500
    assert {len(stage.ledger.history(imported_id(each))) for each in tasks} == {1}
    assert stage.ledger.deferred(10) == []


def test_a_thousand_tasks_cost_few_calls_and_are_here_a_minute_later(stage: Stage) -> None:
    """S4, O6: the pace must not cost more than it spares."""
    tasks = load(stage, stage.anna, 1_000)
    before = stage.calls()
    hear(stage)
    stage.pull()
    minute(stage)
    assert here(stage, tasks) == set(tasks)
    assert stage.calls() - before <= 10


@pytest.mark.usefixtures("slow")
def test_of_one_day_the_urgent_come_first_and_what_has_no_date_comes_last(stage: Stage) -> None:
    """S4: so does whoever is asked what to do next."""
    load(stage, stage.anna, AT_ONCE)
    hear(stage)
    stage.pull()
    dated = [stage.org.create_task(stage.anna, Subject="x", ActivityDate="2026-12-24") for _ in range(PACE - 1)]
    undated = stage.org.create_task(stage.anna, Subject="some day", Priority="High")
    urgent = [
        stage.org.create_task(stage.anna, Subject="!", ActivityDate="2026-12-24", Priority="High") for _ in range(2)
    ]
    find.poll(stage.world)  # within the same minute
    stage.pull()
    minute(stage)
    assert len(here(stage, dated)) == PACE - 2
    assert here(stage, urgent) == set(urgent)
    minute(stage)
    assert here(stage, [*dated, undated]) == {*dated, undated}


@pytest.mark.usefixtures("slow")
def test_nobody_waits_for_somebody_else_s_load(stage: Stage) -> None:
    """S4, C8: each user has a pace of their own, in the first moment and in every minute after it."""
    annas, bens = load(stage, stage.anna, 120), load(stage, stage.ben, 30)
    hear(stage)
    stage.pull()
    assert (len(here(stage, annas)), len(here(stage, bens))) == (AT_ONCE, AT_ONCE)
    minute(stage)
    assert (len(here(stage, annas)), len(here(stage, bens))) == (AT_ONCE + PACE, 30)


@pytest.mark.usefixtures("slow")
def test_two_ticks_of_a_minute_are_one_turn(stage: Stage) -> None:
    """S4: a schedule may tick twice."""
    tasks = load(stage, stage.anna, 120)
    hear(stage)
    stage.pull()
    stage.tick()
    assert deferral.drain(stage.world) == Counter()
    stage.pull()
    assert len(here(stage, tasks)) == AT_ONCE + PACE


@pytest.mark.usefixtures("slow")
def test_the_schedule_gives_turns_between_polls(stage: Stage) -> None:
    """S4, O6: a turn a minute, not one per poll; and a minute in which nothing waits asks the org nothing."""
    tasks = load(stage, stage.anna, 60)
    timetable.poll(stage.world)
    stage.later(minutes=6)
    timetable.poll(stage.world)
    stage.pull()
    before = stage.calls()
    stage.later(minutes=1)
    assert timetable.poll(stage.world).counts == {"not_due": 1, "deferred_hints": PACE}
    assert stage.calls() == before
    stage.pull()
    assert len(here(stage, tasks)) == AT_ONCE + PACE
    stage.later(minutes=5)
    assert timetable.poll(stage.world).counts["deferred_hints"] == 60 - AT_ONCE - PACE
    stage.pull()
    stage.later(minutes=1)
    assert timetable.poll(stage.world).counts == {"not_due": 1}


@pytest.mark.usefixtures("slow")
def test_a_first_sync_s_progress_waits_for_what_was_deferred(stage: Stage) -> None:
    """S1, S4: a bar that is full before the last task is here would lie; one that never fills would too."""
    tasks = load(stage, stage.ben, 100)
    stage.sync(stage.ben, on=False)
    stage.sync(stage.ben)
    progress = stage.ledger.users([stage.ben])[stage.ben].first_sync
    assert progress
    assert progress.batches
    assert here(stage, tasks) == set(tasks[:PACE])  # its list comes the soonest due first
    minute(stage)
    minute(stage)
    progress = stage.ledger.users([stage.ben])[stage.ben].first_sync
    assert progress
    assert not progress.batches
    assert here(stage, tasks) == set(tasks)


@pytest.mark.usefixtures("slow")
def test_what_happens_to_a_task_while_it_waits_counts(stage: Stage) -> None:
    """S4, M3, S3: deferred is a hint and no decision; the task is read again in its turn."""
    tasks = load(stage, stage.anna, AT_ONCE + 5)
    hear(stage)
    stage.pull()
    waiting = [each for each in tasks if each not in here(stage, tasks)]
    stage.org.update_task(stage.anna, waiting[0], Priority="High")
    stage.org.update_task(stage.anna, waiting[1], OwnerId=stage.stranger)
    stage.org.update_task(stage.anna, waiting[2], Status="Completed")
    stage.org.delete_task(stage.anna, waiting[3])
    stage.later(minutes=1)
    stage.hint(waiting[4])  # told by a message, and linked before its turn comes
    assert here(stage, waiting) == {waiting[4]}
    minute(stage)
    assert here(stage, waiting) == {waiting[0], waiting[4]}
    assert stage.reminder(imported_id(waiting[0])).values.priority is Priority.HIGH
    assert stage.ledger.deferred(10) == []


@pytest.mark.usefixtures("slow")
def test_a_queue_that_takes_nothing_loses_no_turn(stage: Stage) -> None:
    """S4, Never: forgotten before the hints are stored, they would be gone until the sweep."""
    tasks = load(stage, stage.anna, AT_ONCE + 5)
    hear(stage)
    stage.pull()
    stage.hints.refusals = 1
    with pytest.raises(HintsNotStored):
        stage.tick()
    minute(stage)
    assert here(stage, tasks) == set(tasks)


@pytest.mark.usefixtures("slow")
def test_an_outage_during_a_turn_defers_it_again(stage: Stage) -> None:
    """S4, I1: its hints are parked, and come again as anybody's."""
    tasks = load(stage, stage.anna, 80)
    hear(stage)
    stage.pull()
    stage.tick()
    stage.org.faults.add("unavailable", times=None)
    assert stage.pull().unavailable
    with pytest.raises(OrgUnavailable):
        stage.task(tasks[0])
    stage.org.faults.clear()
    stage.settle()
    assert here(stage, tasks) == set(tasks)
    assert len(stage.ledger.all()) == len(tasks)


# --- forged messages


def test_forged_ids_are_read_at_a_bounded_rate(stage: Stage) -> None:
    """I2, O6: whoever learned the address could spend the org's calls; a real change in the same delivery waits for nobody."""
    stage.create()
    stage.settle()
    stage.org.update_task(stage.anna, stage.task_of(), Priority="High")
    forged = forge(4_999)
    stage.hints.store([*forged[:250], Hint(stage.task_of(), webhook=True), *forged[250:]])
    before = stage.calls()
    counts = stage.pull().counts
    assert stage.reminder().values.priority is Priority.HIGH
    assert counts["parked_unknown"] == 4_999 - pace.UNKNOWN
    assert (
        stage.calls() - before == 5
    )  # four bulks and the one that is over, because the real one had its place in the first
    again = stage.calls()
    stage.hints.store(forged)
    assert stage.pull().counts["parked_unknown"] == len(forged)
    assert stage.calls() == again
    stage.later(minutes=1)
    stage.hint(forged[0].task_id)
    assert stage.calls() == again + 1


def test_an_id_that_salesforce_would_refuse_holds_up_nobody(stage: Stage) -> None:
    """I2: one such id makes Salesforce refuse the whole query, so it must never be asked for."""
    stage.create()
    stage.settle()
    stage.org.update_task(stage.anna, stage.task_of(), Priority="High")
    assert not stage.hint("00T5g0000000000EAV", stage.task_of()).unavailable
    assert stage.reminder().values.priority is Priority.HIGH


def test_a_new_task_whose_message_came_with_the_forged_ones_is_here_with_the_next_poll(stage: Stage) -> None:
    """I2, I3: whatever else the webhook is told, what the org itself lists is read without a bound."""
    stage.pull()
    inbox.pull(stage.world, forge(pace.UNKNOWN))
    new = stage.org.create_task(stage.anna, Subject="New")
    stage.hint(new)
    assert here(stage, [new]) == set()
    assert [hint.task_id for hint in stage.ledger.parked(10).hints] == [new]
    find.poll(stage.world)
    stage.pull()
    assert here(stage, [new]) == {new}


def test_known_ids_are_not_counted(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """I2: a run that holds no unknown id costs no call of the ledger more, and no rate bounds it."""
    stage.create()
    stage.settle()

    def never(*_: object) -> int:
        raise AssertionError("counted")

    monkeypatch.setattr(stage.ledger, "tally", never)
    stage.hint(stage.task_of())
    assert replace(stage.reminder(), version=0).task_id == stage.task_of()
