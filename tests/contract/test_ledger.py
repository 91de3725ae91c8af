"""What every ledger promises for reminders, links and history: in memory and on DynamoDB alike."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra.local.dynamodb import TableNames
from reminders.core.reminder import (
    Agreement,
    Completion,
    Event,
    Field,
    Held,
    Intent,
    Line,
    Priority,
    Record,
    Reminder,
    Side,
    Status,
    Tombstone,
    Trouble,
    Type,
    Values,
    Write,
)
from reminders.ledger.tables import open_ledger
from reminders.ports import Ledger, LedgerUnavailable

NOW = datetime(2126, 11, 22, 9, 30, tzinfo=UTC)
"""Ahead of every real clock: the engine forgets what expires."""
ANNA = "005000000000001AAA"
TASK = "00T000000000001EAA"
_ids = count(1)


def a_reminder(reminder_id: str = "r1") -> Reminder:
    """Give a plain new one."""
    return Reminder(id=reminder_id, values=Values(name="Call", assignee=ANNA), created=NOW, created_by=ANNA)


def a_line(text: str = "Edited here.", lost: str | None = None) -> Line:
    """Give a line of history."""
    return Line(at=NOW, event=Event.EDITED, rule="C1", text=text, side=Side.HERE, field=Field.DETAILS, lost=lost)


def saved(ledger: Ledger, record: Record) -> Reminder:
    """Save what must be accepted."""
    [stored] = ledger.save([record])
    assert stored is not None
    return stored


def test_a_link_goes_with_the_write_that_says_so_and_only_its_own(ledger: Ledger) -> None:
    """M5: a restored reminder gets a new task; its old one is unknown from that very write on."""
    stored = saved(ledger, Record(reminder=replace(a_reminder(), task_id=TASK), link=TASK))
    saved(ledger, Record(reminder=replace(stored, task_id=None, generation=1), unlink=TASK))
    assert ledger.links([TASK]) == {}
    other = replace(a_reminder("r2"), task_id=TASK)
    saved(ledger, Record(reminder=other, link=TASK))
    assert ledger.links([TASK]) == {TASK: "r2"}


def test_a_reminder_is_read_back_one_version_higher(ledger: Ledger) -> None:
    """The version counts the writes, so that a write on what was read can be told from a stale one."""
    stored = saved(ledger, Record(reminder=a_reminder()))
    assert stored == replace(a_reminder(), version=1)
    assert ledger.reminders(["r1"]) == {"r1": stored}


def test_a_fraction_of_a_second_is_refused(ledger: Ledger) -> None:
    """Nothing here has one (Salesforce's stamps are whole seconds): a fake that took it would hide that no table does."""
    again = replace(a_reminder(), next_attempt=NOW + timedelta(milliseconds=1))
    with pytest.raises(ValueError, match="whole seconds"):
        ledger.save([Record(reminder=again)])


def test_unknown_ids_are_absent_from_what_is_read(ledger: Ledger) -> None:
    """Absence is an answer, not an error."""
    assert ledger.reminders(["nobody"]) == {}
    assert ledger.links(["nothing"]) == {}
    assert ledger.history("nobody") == []


def test_creating_what_exists_already_is_refused(ledger: Ledger) -> None:
    """Version 0 means "must not exist": importing a task twice makes one reminder."""
    saved(ledger, Record(reminder=a_reminder()))
    other = replace(a_reminder(), created_by="somebody else")
    assert ledger.save([Record(reminder=other)]) == [None]
    assert ledger.reminders(["r1"])["r1"].created_by == ANNA


def test_changing_what_does_not_exist_is_refused(ledger: Ledger) -> None:
    """A write on a version that is nowhere would bring back what the store has forgotten."""
    assert ledger.save([Record(reminder=replace(a_reminder(), version=3))]) == [None]
    assert ledger.reminders(["r1"]) == {}


@pytest.mark.parametrize("lines", [(), (a_line("stale"),)], ids=["alone", "with lines"])
def test_a_stale_write_is_refused_and_changes_nothing(ledger: Ledger, lines: tuple[Line, ...]) -> None:
    """Two who read the same version: the second must read again (M11), and leaves neither link nor history."""
    first = saved(ledger, Record(reminder=a_reminder()))
    newer = saved(ledger, Record(reminder=replace(first, pending=True)))
    assert ledger.save([Record(reminder=replace(first, attempts=9), link=TASK if lines else None, lines=lines)]) == [
        None
    ]
    assert ledger.reminders(["r1"]) == {"r1": newer}
    assert ledger.links([TASK]) == {}
    assert ledger.history("r1") == []


def test_of_several_records_each_succeeds_or_fails_by_itself(ledger: Ledger) -> None:
    """One stale record must not hold back the others of its batch (O3), and answers keep the order of the questions."""
    saved(ledger, Record(reminder=a_reminder("taken")))
    results = ledger.save([Record(reminder=a_reminder(each)) for each in ("a", "taken", "b")])
    assert [each and (each.id, each.version) for each in results] == [("a", 1), None, ("b", 1)]
    assert set(ledger.reminders(["a", "b", "taken"])) == {"a", "b", "taken"}


def test_more_reminders_than_one_batch_holds_are_read_together(ledger: Ledger) -> None:
    """BatchGetItem takes 100 keys; a pull of 500 tasks asks for more, some twice."""
    ids = [f"r{number}" for number in range(230)]
    ledger.save([Record(reminder=a_reminder(each), link=f"t-{each}") for each in ids])
    assert set(ledger.reminders([*ids, *ids[:7], "unknown"])) == set(ids)
    assert ledger.links([f"t-{each}" for each in [*ids, "unknown"]]) == {f"t-{each}": each for each in ids}


def test_a_task_that_is_linked_is_refused_to_another_reminder(ledger: Ledger) -> None:
    """Never two reminders for one task: link, reminder and lines are written together or not at all."""
    saved(ledger, Record(reminder=a_reminder("first"), link=TASK))
    assert ledger.save([Record(reminder=a_reminder("second"), link=TASK, lines=(a_line(),))]) == [None]
    assert ledger.links([TASK]) == {TASK: "first"}
    assert ledger.reminders(["second"]) == {}
    assert ledger.history("second") == []


def test_what_an_import_tells_of_another_reminder_is_told_with_it_or_not_at_all(ledger: Ledger) -> None:
    """M5: a line that names a reminder whose import lost the race sent its reader nowhere (seed 9448)."""
    former = saved(ledger, Record(reminder=a_reminder("former")))
    told = Record(reminder=former, lines=(a_line("Its former task came back."),))
    assert saved(ledger, Record(reminder=a_reminder("first"), link=TASK, also=told)).version == 1
    now = ledger.reminders(["former"])["former"]
    assert (now.version, [line.text for line in ledger.history("former")]) == (2, ["Its former task came back."])

    for second, also in (("second", replace(told, reminder=now)), ("third", told)):
        link = TASK if second == "second" else None
        assert ledger.save([Record(reminder=a_reminder(second), link=link, also=also)]) == [None]
    assert ledger.reminders(["former", "second", "third"]) == {"former": now}
    assert len(ledger.history("former")) == 1


def test_a_task_may_be_linked_again_to_its_own_reminder(ledger: Ledger) -> None:
    """A restored reminder meets its living task again (M5)."""
    first = saved(ledger, Record(reminder=replace(a_reminder(), task_id=TASK), link=TASK))
    assert saved(ledger, Record(reminder=first, link=TASK)).version == 2


def test_a_new_task_leaves_the_link_of_the_older_one(ledger: Ledger) -> None:
    """After a restore with a new task, a late hint of the deleted one still finds the reminder (M5)."""
    first = saved(ledger, Record(reminder=replace(a_reminder(), task_id=TASK), link=TASK))
    saved(ledger, Record(reminder=replace(first, task_id="another", generation=1), link="another"))
    assert ledger.links([TASK, "another"]) == {TASK: "r1", "another": "r1"}


def test_a_deleted_reminder_can_be_restored_with_its_link(ledger: Ledger) -> None:
    """Whoever restores writes an ordinary record; that the link must not expire any more is the ledger's own care (M5)."""
    living = saved(ledger, Record(reminder=replace(a_reminder(), task_id=TASK), link=TASK))
    grave = Tombstone(at=NOW, side=Side.HERE, agreed=NOW)
    deleted = saved(ledger, Record(reminder=replace(living, tombstone=grave)))
    restored = saved(ledger, Record(reminder=replace(deleted, tombstone=None)))
    assert restored.version == 3
    assert saved(ledger, Record(reminder=replace(restored, attempts=1))).version == 4
    assert ledger.links([TASK]) == {TASK: "r1"}
    assert ledger.save([Record(reminder=deleted)]) == [None]


def test_history_is_told_oldest_first(ledger: Ledger) -> None:
    """Explain reads like a diary (C2): beyond the tenth write too, and in order within one write."""
    stored = a_reminder()
    for number in range(12):
        lines = (a_line(f"{number}a"), a_line(f"{number}b"))
        stored = saved(ledger, Record(reminder=stored, lines=lines))
    assert [line.text for line in ledger.history("r1")] == [f"{number}{part}" for number in range(12) for part in "ab"]


@pytest.mark.parametrize(
    "text",
    ["x" * 32_000, "🦔" * 16_000, "漢" * 32_000, "שלום \u202eעולם\u202c 👩‍👩‍👧‍👦 é é\r\n\tz", "", " "],
    ids=["plain", "emoji", "three bytes each", "right to left", "empty", "blank"],
)
def test_long_and_foreign_texts_survive(ledger: Ledger, text: str) -> None:
    """Details and lost values are kept whole, character by character: what was lost can be taken back (M2, F5)."""
    reminder = replace(a_reminder(), values=replace(a_reminder().values, details=text))
    saved(ledger, Record(reminder=reminder, lines=(a_line(lost=text), a_line(lost=text))))
    assert ledger.reminders(["r1"])["r1"].values.details == text
    assert [line.lost for line in ledger.history("r1")] == [text, text]


def test_ringing_belongs_to_a_write_and_is_not_read_back(ledger: Ledger) -> None:
    """A push that read `rings` with the reminder would ring again with its own bookkeeping, and wake itself for ever (O1)."""
    stored = saved(ledger, Record(reminder=replace(a_reminder(), rings=True)))
    assert not stored.rings
    assert not ledger.reminders(["r1"])["r1"].rings


@pytest.mark.parametrize("with_lines", [False, True], ids=["plain puts", "transactions"])
def test_eight_threads_lose_no_write(ledger: Ledger, with_lines: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """Compare-and-set is atomic: 160 accepted writes are 160 versions, and none overwrote another."""
    saved(ledger, Record(reminder=a_reminder()))

    def write_twenty(thread: int) -> int:
        accepted = 0
        for _ in range(2_000):
            read = ledger.reminders(["r1"])["r1"]
            lines = (a_line(f"{thread}"),) if with_lines else ()
            [stored] = ledger.save([Record(reminder=replace(read, attempts=read.attempts + 1), lines=lines)])
            accepted += stored is not None
            if accepted == 20:
                break
        return accepted

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(write_twenty, range(8))) == [20] * 8
    final = ledger.reminders(["r1"])["r1"]
    assert (final.attempts, final.version) == (160, 161)
    assert len(ledger.history("r1")) == (160 if with_lines else 0)


def test_a_ledger_that_cannot_be_used_says_so_in_our_words(tables: TableNames) -> None:
    """Vendor errors never pass the port: callers know one exception, and its message names what was tried."""
    broken = open_ledger(reminders="nowhere", links=tables["links"], history=tables["history"], state="nowhere")
    with pytest.raises(LedgerUnavailable, match="read reminders: ResourceNotFoundException"):
        broken.reminders(["r1"])
    with pytest.raises(LedgerUnavailable, match="save a reminder: ResourceNotFoundException"):
        broken.save([Record(reminder=a_reminder())])
    with pytest.raises(LedgerUnavailable, match="belongs to it: ResourceNotFoundException"):
        broken.save([Record(reminder=a_reminder(each), link=each) for each in ("a", "b", "c")])


instants = st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)).map(  # noqa: DTZ001 - bounds are naive
    lambda at: at.replace(microsecond=0)
)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
some = st.none() | texts
pairs = st.dictionaries(st.sampled_from(Field), st.tuples(some, some))
agreed = st.fixed_dictionaries({field: st.tuples(some, some) for field in Field})
inputs = st.dictionaries(texts.filter(bool), texts, max_size=3)
values = st.builds(
    Values,
    name=texts,
    assignee=texts,
    type=st.sampled_from(Type),
    status=st.sampled_from(Status),
    priority=st.sampled_from(Priority),
    due=st.none() | st.dates(),
    details=some,
    person=some,
    campaign_name=some,
    campaign_day=some,
    campaign_step=some,
    call_outcome=some,
    call_reason=some,
)
numbers = st.integers(0, 10**9)
intents = st.builds(
    Intent,
    number=numbers,
    write=st.sampled_from(Write),
    at=instants,
    pairs=pairs,
    inputs=inputs,
    seen=st.none() | instants,
)
reminders = st.builds(
    Reminder,
    id=st.builds(lambda: f"example-{next(_ids)}"),
    values=values,
    created=instants,
    created_by=texts,
    version=st.just(0),
    sponsor=some,
    edited=st.dictionaries(st.sampled_from(Field), instants),
    generation=numbers,
    task_id=st.none() | st.builds(lambda: f"task-{next(_ids)}"),
    agreement=st.none() | st.builds(Agreement, pairs=agreed, inputs=inputs),
    intents=st.lists(intents, max_size=3).map(tuple),
    tombstone=st.none()
    | st.builds(
        Tombstone,
        at=instants,
        side=st.sampled_from(Side),
        agreed=st.none() | instants,
        restored=st.none() | instants,
        passed=st.none() | instants,
    ),
    held=st.none()
    | st.builds(
        Held, side=st.sampled_from(Side), since=instants, deleted=st.none() | instants, confirmed=st.none() | instants
    ),
    handed_over=st.booleans(),
    trouble=st.none() | st.builds(Trouble, code=texts, message=texts, since=instants, ignored=st.none() | instants),
    retrying=some,
    pending=st.booleans(),
    rounds=numbers,
    attempts=numbers,
    changed=st.none() | instants,
    next_attempt=st.none() | instants,
    rings=st.booleans(),
    completion=st.none() | st.builds(Completion, side=st.sampled_from(Side), at=instants),
)
lines = st.builds(
    Line,
    at=instants,
    event=st.sampled_from(Event),
    rule=texts,
    text=texts,
    side=st.none() | st.sampled_from(Side),
    field=st.none() | st.sampled_from(Field),
    lost=some,
    before=some,
    here=some,
    there=some,
    calls=st.none() | numbers,
    shared=st.none() | numbers,
)


@given(reminder=reminders, told=st.lists(lines, max_size=3).map(tuple))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_goes_in_comes_out_equal(ledger: Ledger, reminder: Reminder, told: tuple[Line, ...]) -> None:
    """Every field of a reminder and of a line survives; one that is forgotten here would look like a change, or be lost."""
    stored = saved(ledger, Record(reminder=reminder, link=reminder.task_id, lines=told))
    changed = max((line.at for line in told), default=reminder.changed)
    assert stored == replace(reminder, version=1, rings=False, completion=None, changed=changed)
    assert ledger.reminders([reminder.id]) == {reminder.id: stored}
    assert ledger.history(reminder.id) == list(told)


def test_an_empty_person_is_stored_and_in_no_index(ledger: Ledger) -> None:
    """An index takes no empty key: the whole write was refused, and each retry of it."""
    nobody = replace(a_reminder(), values=replace(a_reminder().values, person=""))
    assert saved(ledger, Record(reminder=nobody)).values.person == ""


def test_the_round_trip_covers_every_field() -> None:
    """A field added to Reminder must be added to the strategy too, or nothing would notice that it is not stored."""
    drawn = set(reminders.wrapped_strategy.kwargs)  # type: ignore[attr-defined]  # hypothesis wraps st.builds lazily
    assert drawn == set(Reminder.__dataclass_fields__)


def test_days_before_the_year_1000_are_dates_too(ledger: Ledger) -> None:
    """Salesforce accepts them; their text has four digits as every other, so they sort first."""
    old = replace(a_reminder(), values=replace(a_reminder().values, due=date(999, 1, 1)))
    saved(ledger, Record(reminder=old))
    assert ledger.reminders(["r1"])["r1"].values.due == date(999, 1, 1)


def test_times_in_another_zone_are_the_same_instant(ledger: Ledger) -> None:
    """What is equal must come out equal, whatever zone it was told in."""
    elsewhere = NOW.astimezone(datetime.strptime("+0530", "%z").tzinfo) + timedelta(0)
    stored = saved(ledger, Record(reminder=replace(a_reminder(), next_attempt=elsewhere)))
    assert stored.next_attempt == NOW
    assert ledger.waiting(NOW, 10) == ["r1"]
    assert ledger.waiting(NOW - timedelta(seconds=1), 10) == []
