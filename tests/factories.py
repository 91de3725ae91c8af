"""Reminders, tasks and terms for tests: a plain pair in agreement, to change one thing at a time; and what a merge stores of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from reminders.core.decision import Terms
from reminders.core.fields import agree_on_all
from reminders.core.merge import merge
from reminders.core.reminder import Event, Field, Line, Record, Reminder, Trouble, Values
from reminders.core.sayings import Said
from reminders.core.settings import Settings
from reminders.core.task import Reading, Task
from reminders.core.writes import with_intent

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
BEFORE = NOW - timedelta(hours=1)
ANNA = "005000000000001AAA"
BEN = "005000000000002AAA"
NO_SYNC = "005000000000009AAA"
QUEUE = "00G000000000001AAA"
ROBOT = "005000000000000AAA"
TASK_ID = "00T000000000001EAA"
LEAD = "00Q000000000001AAA"
CONTACT = "003000000000001AAA"
TROUBLE = Trouble(code="SOME_RULE", message="No.", since=BEFORE)


def a_task(**changes: Any) -> Task:
    """Give a task of Anna's, as a salesperson would write it."""
    task = Task(
        id=TASK_ID,
        owner=ANNA,
        created=BEFORE,
        created_by=ANNA,
        last_modified=BEFORE,
        last_modified_by=ANNA,
        system_modstamp=BEFORE,
        subject="Call Ms Lindqvist",
        status="Not Started",
        priority="Normal",
        due=date(2026, 11, 24),
        description="Ask about the renewal",
        who=LEAD,
        subtype="Task",
    )
    return replace(task, **changes)


def some_values(**changes: Any) -> Values:
    """Give the values that agree with `a_task()`."""
    values = Values(
        name="Call Ms Lindqvist",
        assignee=ANNA,
        due=date(2026, 11, 24),
        details="Ask about the renewal",
        person=LEAD,
    )
    return replace(values, **changes)


def a_pair(*, settings: Settings | None = None, task: Task | None = None, **changes: Any) -> Reminder:
    """Give a reminder in agreement with the task; `changes` are made to it afterwards."""
    task = task or a_task()
    reminder = Reminder(
        id="r1",
        version=3,
        values=some_values(),
        created=BEFORE,
        created_by=ANNA,
        sponsor=ANNA,
        task_id=task.id,
        agreement=agree_on_all(some_values(), task, settings or Settings()),
    )
    return replace(reminder, **changes)


def edited(reminder: Reminder, *, at: datetime = NOW, **values: Any) -> Reminder:
    """Give the reminder after a person edited it here and before the push."""
    fields = {Field(name) if name in set(Field) else Field.NAME for name in values}
    return replace(
        reminder,
        values=replace(reminder.values, **values),
        edited={**reminder.edited, **dict.fromkeys(fields, at)},
        pending=True,
        next_attempt=at,
    )


def terms(*syncing: str, settings: Settings | None = None, skew: timedelta = timedelta()) -> Terms:
    """Give terms under which Anna and Ben sync, unless others are named."""
    return Terms(settings=settings or Settings(), syncing=frozenset(syncing or (ANNA, BEN)), me=ROBOT, skew=skew)


def worn(reminder: Reminder | None = None) -> Reminder:
    """Give a reminder that has been tried in vain: every piece of bookkeeping is set."""
    return replace(
        reminder or a_pair(),
        pending=True,
        attempts=4,
        next_attempt=BEFORE,
        rings=True,
        trouble=TROUBLE,
        retrying="OTHER",
        rounds=2,
    )


def bookkeeping(reminder: Reminder) -> tuple[Any, ...]:
    """Give what says whether and when it is tried again, and why not."""
    return (
        reminder.pending,
        reminder.attempts,
        reminder.next_attempt,
        reminder.rings,
        reminder.trouble,
        reminder.retrying,
    )


AT_REST = (False, 0, None, False, None, None)


def sent(reminder: Reminder, task: Reading | None = None, *, settings: Settings | None = None) -> Reminder:
    """Give the reminder as stored just before the call."""
    send = merge(reminder, task or a_task(), terms(settings=settings), NOW).send
    assert send
    return replace(
        with_intent(reminder, send, NOW, lease=timedelta(minutes=2), seen=BEFORE), version=reminder.version + 1
    )


def stored(reminder: Reminder, reading: Reading, *, settings: Settings | None = None) -> Record:
    """Merge, and give what is to be stored."""
    record = merge(reminder, reading, terms(settings=settings), NOW).record
    assert record
    return record


def a_line(event: Event, rule: str, text: Said, **more: Any) -> Line:
    """Give a line of now."""
    return Line(at=NOW, event=event, rule=rule, text=text, **more)
