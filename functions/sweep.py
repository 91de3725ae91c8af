"""The sweep: hints for everything that could have drifted, so that nothing lost stays lost (I5)."""

from reminders import events, find, runtime, telemetry
from reminders.events import Event


def handler(event: Event, context: object) -> dict[str, int]:
    """Trigger: a nightly schedule.

    Promise: its success is noted only after every hint is confirmed stored; it decides and writes nothing itself.
    A retry finds the same hints once more, which is harmless.
    """
    events.scheduled(event)
    return telemetry.report("sweep", find.sweep(runtime.world()), context)
