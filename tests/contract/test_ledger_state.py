"""What every ledger promises for the small things: parked hints, watermarks, settings, users and their first sync."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest

from reminders.core.budget import Spending
from reminders.core.drift import FULL, NIGHTLY, Comparison, Drift
from reminders.core.problems import Failure, Kind, Outage
from reminders.core.reminder import Priority, Status
from reminders.core.set_up_rules import Picklists, PicklistValue
from reminders.core.settings import Choice, Import, Policy, Settings, User
from reminders.core.task import Hint
from reminders.ports import Ledger, Mark, Usage

NOW = datetime(2126, 11, 22, 9, 30, tzinfo=UTC)
"""Ahead of every real clock: the engine forgets what expires."""
MINUTE = timedelta(minutes=1)
ANNA = "005000000000001AAA"
EVERYTHING = User(
    id=ANNA,
    name="Änna 🦔",
    username="anna@example.com",
    admin=True,
    time_zone="Pacific/Auckland",
    language="de",
    syncs=True,
    changed=NOW,
    first_sync=Import(started=NOW, since=NOW - MINUTE, found=7, batches=frozenset({"a", "b"}), listed=True),
)


def begun(*batches: str, listed: bool = True, started: datetime = NOW) -> User:
    """Give Anna with her first sync under way."""
    first_sync = Import(started=started, since=started, batches=frozenset(batches), listed=listed)
    return User(id=ANNA, syncs=True, first_sync=first_sync)


def save(ledger: Ledger, user: User) -> User:
    """Save what must be accepted."""
    stored = ledger.save_user(user)
    assert stored is not None
    return stored


def left(ledger: Ledger) -> set[str]:
    """Give the batches of Anna's first sync that are still on their way."""
    first_sync = ledger.users([ANNA])[ANNA].first_sync
    assert first_sync is not None
    return set(first_sync.batches)


@pytest.mark.parametrize(
    "order",
    list(permutations([Hint("t1"), Hint("t1", deleted=NOW), Hint("t1", deleted=NOW - MINUTE, batch="b")])),
)
def test_a_task_parked_again_and_again_is_one_hint_that_knows_all(ledger: Ledger, order: tuple[Hint, ...]) -> None:
    """Neither the latest deletion nor the batch is lost, in whatever order they are parked (I1)."""
    ledger.park(order[:2])
    ledger.park(order[2:])
    assert ledger.parked(10).hints == (Hint("t1", deleted=NOW, batch="b"),)


def test_a_task_of_two_batches_strikes_both_off_when_it_is_drained(ledger: Ledger) -> None:
    """Otherwise the progress bar of one of them would stand still for ever (S1)."""
    ledger.park([Hint("t1", batch="b1"), Hint("t1", batch="b2")])
    assert ledger.parked(10).hints == (Hint("t1", batch="b1"), Hint("t1", batch="b2"))


def test_parked_hints_stay_until_they_are_unparked(ledger: Ledger) -> None:
    """They are forgotten only when they are safely on the queue again, each by itself; forgetting twice is once (I1)."""
    tasks = [f"t{number:02}" for number in range(40)]
    ledger.park([Hint(each) for each in tasks])
    first = ledger.parked(30)
    assert [hint.task_id for hint in first.hints] == tasks[:30]
    ledger.unpark({**first.receipt, "unknown": 1})
    ledger.unpark(first.receipt)
    assert ledger.parked(100).hints == tuple(Hint(each) for each in tasks[30:])


def test_a_hint_parked_again_meanwhile_is_not_forgotten(ledger: Ledger) -> None:
    """I1: it was drained, could not be applied again, and the drain's receipt is older than that."""
    ledger.park([Hint("t1")])
    drained = ledger.parked(10)
    ledger.park([Hint("t1")])
    ledger.unpark(drained.receipt)
    assert ledger.parked(10).hints == (Hint("t1"),)


def test_nothing_parked_is_an_answer(ledger: Ledger) -> None:
    """Most drains find nothing."""
    ledger.park([])
    ledger.unpark({})
    assert ledger.parked(10).hints == ()


def test_a_watermark_never_moves_back(ledger: Ledger) -> None:
    """What lies before it may have been forgotten by the org (I3); each of the two stands for itself."""
    assert ledger.watermark(Mark.UPDATED) is None
    for step in (0, 5, 3, -60, 5):
        ledger.advance(Mark.UPDATED, NOW + step * MINUTE)
    ledger.advance(Mark.DELETED, NOW - MINUTE)
    assert ledger.watermark(Mark.UPDATED) == NOW + 5 * MINUTE
    assert ledger.watermark(Mark.DELETED) == NOW - MINUTE


def test_the_last_success_of_each_direction_is_known(ledger: Ledger) -> None:
    """The status shows ages (C3); a slow run that began earlier does not make the newer success older."""
    assert ledger.successes() == {}
    ledger.succeeded("pull", NOW)
    ledger.succeeded("push", NOW + MINUTE)
    ledger.succeeded("pull", NOW - MINUTE)
    assert ledger.successes() == {"pull": NOW, "push": NOW + MINUTE}


def test_when_a_run_last_began_is_known_whatever_came_of_it(ledger: Ledger) -> None:
    """S6: polls keep their interval by it; it is no success, and a clock that goes back does not bring polls nearer."""
    assert ledger.last_begun("poll") is None
    for minute in (0, 5, 3):
        ledger.begun("poll", NOW + minute * MINUTE)
    assert ledger.last_begun("poll") == NOW + 5 * MINUTE
    assert ledger.last_begun("push") is None
    assert ledger.successes() == {}
    assert ledger.spending(NOW) is None


def test_the_orgs_picklists_are_kept_and_the_newest_stand(ledger: Ledger) -> None:
    """F2: what a push goes by without asking the org; two polls that end out of order leave the newer answer."""
    assert ledger.picklists() is None
    old = Picklists(statuses=(PicklistValue(name="Offen", marked=False, default=True),), priorities=(), at=NOW)
    new = Picklists(
        statuses=(*old.statuses, PicklistValue(name="Erledigt", marked=True, default=False)),
        priorities=(PicklistValue(name="High", marked=True, default=False),),
        at=NOW + MINUTE,
    )
    for picklists, stands in ((old, old), (new, new), (old, new)):
        ledger.save_picklists(picklists)
        assert ledger.picklists() == stands


def test_settings_are_the_defaults_until_somebody_saves(ledger: Ledger) -> None:
    """Every setting has a safe default (S6)."""
    assert ledger.settings() == Settings()


def test_settings_are_read_back_whole(ledger: Ledger) -> None:
    """Every field of them, and one version higher."""
    chosen = Settings(
        subject_template="{{activity_type}}: {{activity_subject}}",
        policy=Policy.SALESFORCE,
        poll_minutes=2,
        import_hours=720,
        api_share=0.1,
        statuses={Status.OPEN: Choice(written="Neu", also_read=("Offen", "")), Status.COMPLETE: Choice(written="Zu")},
        priorities={Priority.NORMAL: Choice(written="3"), Priority.HIGH: Choice(written="1", also_read=("2",))},
    )
    assert ledger.save_settings(chosen) == replace(chosen, version=1)
    assert ledger.settings() == replace(chosen, version=1)


def test_stale_settings_are_refused(ledger: Ledger) -> None:
    """Two administrators at once: the second is told, instead of undoing the first (C5)."""
    ledger.save_settings(Settings(poll_minutes=2))
    assert ledger.save_settings(Settings(poll_minutes=9)) is None
    assert ledger.settings().poll_minutes == 2


def test_a_user_is_read_back_whole(ledger: Ledger) -> None:
    """Every field, with and without what may be absent."""
    other = User(id="005000000000002AAA", active=False, read_at=NOW)
    assert ledger.save_user(EVERYTHING) == replace(EVERYTHING, version=1)
    assert ledger.save_user(other) == replace(other, version=1)
    expected = {ANNA: replace(EVERYTHING, version=1), other.id: replace(other, version=1)}
    assert ledger.users([ANNA, other.id, "005000000000003AAA"]) == expected


def test_what_is_cleared_on_a_user_is_gone(ledger: Ledger) -> None:
    """A save replaces: a first sync that was there before does not shine through."""
    plain = User(id=ANNA, version=save(ledger, EVERYTHING).version)
    assert save(ledger, plain) == replace(plain, version=2)
    assert ledger.users([ANNA]) == {ANNA: replace(plain, version=2)}


def test_stale_users_are_refused(ledger: Ledger) -> None:
    """The switch of S1 is not turned by a write that did not see it turned."""
    first = save(ledger, EVERYTHING)
    save(ledger, replace(first, syncs=False))
    assert ledger.save_user(EVERYTHING) is None
    assert ledger.save_user(replace(first, name="other")) is None
    assert not ledger.users([ANNA])[ANNA].syncs


def test_only_those_who_sync_now_are_listed_as_syncing(ledger: Ledger) -> None:
    """For the sweep (I5): users who turned it off are left in peace (S3)."""
    anna = save(ledger, EVERYTHING)
    save(ledger, User(id="005000000000002AAA", syncs=False))
    save(ledger, User(id="005000000000003AAA", syncs=True, active=False))
    assert ledger.syncing() == [anna]
    save(ledger, replace(anna, syncs=False))
    assert ledger.syncing() == []


def test_batches_are_struck_off_once_without_touching_the_version(ledger: Ledger) -> None:
    """A batch is delivered at least once, and the user's own save must not be refused because of progress (S1)."""
    stored = save(ledger, begun("a", "b", "c"))
    ledger.batch_applied(ANNA, ["a"])
    ledger.batch_applied(ANNA, ["a", "b"])
    ledger.batch_applied(ANNA, [])
    assert left(ledger) == {"c"}
    assert ledger.users([ANNA])[ANNA].version == stored.version
    ledger.batch_applied(ANNA, ["c"])
    first_sync = ledger.users([ANNA])[ANNA].first_sync
    assert first_sync is not None
    assert first_sync.finished


def test_a_save_that_was_read_before_does_not_bring_batches_back(ledger: Ledger) -> None:
    """Read, strike off, save: the first sync would otherwise never end."""
    read = save(ledger, begun("a", "b", listed=False))
    ledger.batch_applied(ANNA, ["a"])
    assert read.first_sync is not None
    stored = save(ledger, replace(read, first_sync=replace(read.first_sync, listed=True)))
    assert stored.first_sync is not None
    assert stored.first_sync.batches == {"b"}
    assert left(ledger) == {"b"}


def test_a_batch_may_be_applied_before_it_is_recorded(ledger: Ledger) -> None:
    """The queue can be faster than the finder that fills it."""
    read = save(ledger, begun(listed=False))
    ledger.batch_applied(ANNA, ["a"])
    assert read.first_sync is not None
    save(ledger, replace(read, first_sync=replace(read.first_sync, batches=frozenset({"a", "b"}), listed=True)))
    assert left(ledger) == {"b"}


def test_another_first_sync_starts_with_nothing_struck_off(ledger: Ledger) -> None:
    """Batches have the same names each time; those of the last one are no progress of this one."""
    stored = save(ledger, begun("a", "b"))
    ledger.batch_applied(ANNA, ["a", "b"])
    again = begun(started=NOW + MINUTE, listed=False)
    stored = save(ledger, replace(again, version=stored.version))
    save(ledger, replace(begun("a", "b", started=NOW + MINUTE), version=stored.version))
    assert left(ledger) == {"a", "b"}


def test_a_late_batch_of_an_unknown_user_makes_no_user(ledger: Ledger) -> None:
    """Somebody erased meanwhile (C8) must not come back as half an item."""
    ledger.batch_applied(ANNA, ["a"])
    assert ledger.users([ANNA]) == {}
    assert ledger.syncing() == []


def outage(run: str = "push", *, since: int = 0, message: str = "no") -> Outage:
    """Give one that was seen this many minutes after NOW."""
    at = NOW + since * MINUTE
    return Outage(run=run, failure=Failure(kind=Kind.LIMIT, code="A_CODE", message=message), since=at, seen=at)


def test_an_outage_seen_again_is_the_same_one(ledger: Ledger) -> None:
    """O3: one problem, not thousands; it lasts since it was first seen, and a late report makes it no younger or older."""
    ledger.note_outage(outage())
    ledger.note_outage(outage(since=5, message="still no"))
    ledger.note_outage(outage(since=3))
    assert ledger.outages() == [replace(outage(since=5, message="still no"), since=NOW)]


def test_outages_of_two_runs_end_each_by_itself(ledger: Ledger) -> None:
    """C4: that reading works again does not say that writing does; ended twice is once."""
    ledger.note_outage(outage("push"))
    ledger.note_outage(outage("poll"))
    ledger.end_outage("poll", "A_CODE")
    ledger.end_outage("poll", "A_CODE")
    ledger.end_outage("push", "ANOTHER")
    assert ledger.outages() == [outage("push")]


def test_calls_of_a_day_add_up_over_runs_and_begin_anew_the_next_day(ledger: Ledger) -> None:
    """C3: ours are counted by day and direction; of the org's own figures the newest counts."""
    assert ledger.spending(NOW) is None
    ledger.succeeded("poll", NOW, Usage(used=100, limit=1000, ours=2))
    ledger.succeeded("poll", NOW + 5 * MINUTE, Usage(used=105, limit=1000, ours=2))
    ledger.succeeded("push", NOW + MINUTE, Usage(used=103, limit=1000, ours=3))
    ledger.spent("push", NOW + 2 * MINUTE, Usage(used=104, limit=1000, ours=1))
    ledger.spent("api", NOW + 2 * MINUTE, Usage(used=104, limit=1000, ours=1))
    assert ledger.spending(NOW + 6 * MINUTE) == Spending(used=105, limit=1000, at=NOW + 5 * MINUTE, ours=9)
    assert ledger.successes() == {"poll": NOW + 5 * MINUTE, "push": NOW + MINUTE}
    tomorrow = NOW + timedelta(days=1)
    assert ledger.spending(tomorrow) is None
    ledger.succeeded("poll", tomorrow, Usage(used=4, limit=1000, ours=2))
    assert ledger.spending(tomorrow) == Spending(used=4, limit=1000, at=tomorrow, ours=2)
    ledger.spent("poll", NOW, Usage(used=106, limit=1000, ours=5))
    assert ledger.spending(tomorrow) == Spending(used=4, limit=1000, at=tomorrow, ours=2)


def test_calls_of_a_run_that_ended_out_of_order_count_all_the_same(ledger: Ledger) -> None:
    """C3: its success is older than the one known, its calls are not."""
    ledger.succeeded("pull", NOW + MINUTE, Usage(used=2, limit=10, ours=2))
    ledger.succeeded("pull", NOW, Usage(used=1, limit=10, ours=1))
    spending = ledger.spending(NOW)
    assert spending
    assert spending.ours == 3
    assert ledger.successes() == {"pull": NOW + MINUTE}


def test_a_run_without_calls_says_nothing_of_them(ledger: Ledger) -> None:
    """C3: an idle push every minute must neither write more nor make old figures look fresh."""
    ledger.succeeded("push", NOW, Usage(used=5, limit=10, ours=0))
    assert ledger.spending(NOW) is None
    assert ledger.successes() == {"push": NOW}


def test_a_sync_can_be_asked_for_once_a_minute(ledger: Ledger) -> None:
    """C3: a button pressed ten times starts one sync."""
    asked = [ledger.ask_for_sync(NOW + timedelta(seconds=seconds)) for seconds in (0, 1, 59, 60, 61, 120)]
    assert asked == [True, False, False, True, False, True]


def test_everybody_is_more_than_those_who_sync(ledger: Ledger) -> None:
    """I5, F6: what was assigned to somebody who does not sync is compared as well."""
    save(ledger, EVERYTHING)
    save(ledger, User(id="005000000000002AAA"))
    assert [user.id for user in ledger.everybody()] == [ANNA, "005000000000002AAA"]
    assert [user.id for user in ledger.syncing()] == [ANNA]


def test_a_hint_that_is_parked_twice_is_the_sweep_s_only_if_both_were(ledger: Ledger) -> None:
    """I5: what somebody else has hinted too is no find of the sweep's, in whatever order they are parked."""
    ledger.park([Hint("both", swept=True), Hint("first", swept=True), Hint("then"), Hint("other")])
    ledger.park([Hint("both", swept=True), Hint("first"), Hint("then", swept=True)])
    parked = {hint.task_id: hint.swept for hint in ledger.parked(10).hints}
    assert parked == {"both": True, "first": False, "then": False, "other": False}


def test_the_last_comparison_of_each_kind_is_kept(ledger: Ledger) -> None:
    """I4, I5: when it ran, why, and what came of it."""
    assert ledger.comparisons() == {}
    night = Comparison(kind=NIGHTLY, at=NOW, why="every night", hinted=7, dead_letters=2, malformed=1)
    later = Comparison(kind=NIGHTLY, at=NOW + MINUTE, why="every night")
    full = Comparison(kind=FULL, at=NOW, why="deleted: too old", hinted=9)
    for each in (night, full):
        ledger.note_comparison(each)
    assert ledger.comparisons() == {NIGHTLY: night, FULL: full}
    ledger.note_comparison(later)
    assert ledger.comparisons() == {NIGHTLY: later, FULL: full}


def test_what_the_sweep_found_is_told_newest_first(ledger: Ledger) -> None:
    """I5: noted twice it is one; so many as are asked for, and counted since a moment."""
    found = [
        Drift(at=NOW + number * MINUTE, reminder_id=f"r{number}", task_id=f"t{number}", what=("due", "came back"))
        for number in range(3)
    ]
    ledger.note_drift(found)
    ledger.note_drift(found[:1])
    assert ledger.drifts(10) == found[::-1]
    assert ledger.drifts(1) == found[2:]
    assert [ledger.count_drifts(NOW + number * MINUTE) for number in range(4)] == [3, 2, 1, 0]


def test_of_each_half_hour_the_slowest_change_is_kept_for_a_day(ledger: Ledger) -> None:
    """C3: a quicker one later changes nothing, another direction is another plot, and the next day's takes the slot."""
    begun = NOW.replace(minute=NOW.minute // 30 * 30, second=0)
    for direction, after, seconds in (
        ("pull", 0, 4),
        ("pull", 60, 9),
        ("pull", 120, 2),
        ("push", 0, 1),
        ("pull", 1800, 3),
    ):
        ledger.succeeded(direction, begun + timedelta(seconds=after), lag=timedelta(seconds=seconds))
    ledger.succeeded("push", begun + MINUTE)
    told = [(each.direction, each.at - begun, each.worst.seconds) for each in ledger.lags(begun)]
    half = timedelta(minutes=30)
    assert sorted(told) == [("pull", timedelta(), 9), ("pull", half, 3), ("push", timedelta(), 1)]
    tomorrow = begun + timedelta(days=1)
    ledger.succeeded("pull", tomorrow, lag=timedelta(seconds=1))
    ledger.succeeded("pull", begun, lag=timedelta(seconds=50))  # a run of yesterday that ends late
    assert [(each.at, each.worst.seconds) for each in ledger.lags(tomorrow)] == [(tomorrow, 1)]
    assert [each.at for each in ledger.lags(begun + half)] == [begun + half, tomorrow]
