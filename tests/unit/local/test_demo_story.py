"""How the demo judges a step: what was seen late, not at all, or did not last, does not hold."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from types import SimpleNamespace
from typing import Any, cast

import pytest
from rich.console import Console

from infra.local.demo import story as told
from infra.local.demo.story import CutShort, Story
from infra.local.demo.team import Person, Team


class Clock:
    """Stands in for `time`: every sleep passes at once."""

    def __init__(self) -> None:
        self.at = 0.0

    def monotonic(self) -> float:
        """Give the time."""
        return self.at

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.at += seconds


class Stage:
    """A team whose org counts three calls between two looks; remembers its leaps."""

    def __init__(self) -> None:
        self.maya = self
        self.usage = 0
        self.leaps: list[int] = []
        self.forgets = False

    def there(self, *_: str) -> None:
        """Be asked for the limits."""
        self.usage += 3

    def leap(self, seconds: int) -> None:
        """Remember."""
        self.leaps.append(seconds)
        if self.forgets:
            self.usage = 0


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of the demo."""
    made = Clock()
    monkeypatch.setattr(told, "time", made)
    return made


@pytest.fixture
def story(clock: Clock) -> Story:
    """A story that is given up as soon as the promise is broken."""
    return Story(cast("Team", Stage()), patience=0)


def after(clock: Clock, seconds: float) -> Callable[[], bool]:
    """Hold from then on."""
    return lambda: clock.at >= seconds


def test_what_is_seen_in_time_holds(story: Story, clock: Clock) -> None:
    """Without it, the demo would complain about everything."""
    story.step("soon", "M1", after(clock, 1), within=3)
    [seen] = story.seen
    assert seen.held
    assert seen.after == pytest.approx(1, abs=0.2)
    assert seen.calls == 3


def test_what_never_holds_is_not_seen(story: Story) -> None:
    """A demo that cannot fail proves nothing."""
    story.step("never", "M1", lambda: False, within=3)
    assert (story.seen[0].after, story.seen[0].held) == (None, False)


def test_what_comes_late_is_seen_and_does_not_hold(clock: Clock) -> None:
    """A promise of three seconds kept after ten is broken, however patient the demo is."""
    story = Story(cast("Team", Stage()), patience=20)
    story.step("late", "M1", after(clock, 10), within=3)
    assert story.seen[0].after == pytest.approx(10, abs=0.2)
    assert not story.seen[0].held


def test_what_an_echo_undoes_does_not_hold(story: Story, clock: Clock) -> None:
    """M8: our own write that comes back must change nothing."""
    story.step("undone", "M8", lambda: clock.at < 1, within=3, settle=2)
    assert story.seen[0].after is None


def test_a_leap_counts_as_waited(story: Story, clock: Clock) -> None:
    """I3: five minutes that the clocks leapt over are five minutes of the seven promised."""
    story.step("leapt", "I3", after(clock, 2), within=420, leap=300)
    [seen] = story.seen
    assert seen.after == pytest.approx(302, abs=0.2)
    assert seen.held
    assert cast("Stage", story.team).leaps == [300]
    console = Console(width=120, record=True, file=StringIO())
    console.print(story.table())
    assert "5 min 2" in (text := console.export_text())
    assert "7 min" in text


def test_after_a_day_the_org_has_forgotten_what_it_counted(story: Story) -> None:
    """O6: its count is of the last 24 hours, so the difference to the day before would be nonsense."""
    story.team.maya.usage = 100_000
    cast("Stage", story.team).forgets = True
    story.step("a day later", "O6", lambda: True, within=90_000, leap=86_400)
    assert story.seen[0].calls == 3


def test_a_reminder_that_never_gets_its_task_cuts_the_story_short(story: Story) -> None:
    """Without a task there is nothing to look at on the other side: that is no success."""
    rows = {"r1": {"task_id": None, "sync_state": "waiting"}}
    person: Any = SimpleNamespace(here=lambda *_: {"id": "r1"}, listed=lambda: rows)
    with pytest.raises(CutShort):
        story.made(cast("Person", person), "Call")
    rows["r1"] = {"task_id": "t1", "sync_state": "synced"}
    assert story.made(cast("Person", person), "Call") == ("r1", "t1")


def test_it_can_end_at_the_first_step_that_is_not_seen(clock: Clock) -> None:
    """Where a fault is planted, what comes after the step that it breaks says nothing; a step that is late says nothing about it."""
    story = Story(cast("Team", Stage()), patience=20, stops=True)
    story.step("late", "M1", after(clock, 10), within=3)
    with pytest.raises(CutShort, match="“broken” was not seen"):
        story.step("broken", "M1", lambda: False, within=3)
