"""The push: what waits on reminders is merged with their tasks and written to Salesforce (O1)."""

from reminders import runtime, telemetry
from reminders.aws import events
from reminders.aws.events import Event, Rung, Scheduled
from reminders.sync import outbox


@telemetry.quiet
def handler(event: Event, context: object) -> dict[str, int]:
    """Trigger: the reminders table's stream where a write rings, and a schedule for what the bell did not get through.

    Promise: what could not be sent keeps waiting on its reminder, with its next attempt; the stream is a bell, not a queue.
    A retry reads and merges again: what was sent already is recognised, and never sent twice (O2, M8).
    """
    world = runtime.world()
    match events.push(event):
        case Scheduled():
            return telemetry.report("push", outbox.push_due(world), context)
        case Rung(reminder_ids):
            return telemetry.report("push", outbox.push(world, reminder_ids), context)
