"""The sweep: hints for everything that could have drifted, so that nothing lost stays lost (I5)."""

from reminders import runtime, telemetry
from reminders.aws import events
from reminders.aws.events import Event
from reminders.sync import comparison


@telemetry.quiet
def handler(event: Event, context: object) -> dict[str, int]:
    """Trigger: a nightly schedule.

    Promise: its success is noted only after every hint is confirmed stored, and a dead letter goes only after its hints are.
    A retry finds the same hints once more, which is harmless.
    """
    events.scheduled(event)
    return telemetry.report("sweep", comparison.sweep(runtime.world(), runtime.dead_letters()), context)
