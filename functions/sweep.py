"""The sweep: hints for everything that could have drifted, so that nothing lost stays lost (I5)."""

from reminders import comparison, events, runtime, telemetry
from reminders.events import Event


@telemetry.quiet
def handler(event: Event, context: object) -> dict[str, int]:
    """Trigger: a nightly schedule.

    Promise: its success is noted only after every hint is confirmed stored, and a dead letter goes only after its hints are.
    A retry finds the same hints once more, which is harmless.
    """
    events.scheduled(event)
    return telemetry.report("sweep", comparison.sweep(runtime.world(), runtime.dead_letters()), context)
