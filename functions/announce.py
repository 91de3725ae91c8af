"""The announcer: a completed reminder is told to an event bus, so that a campaign can move on (C6)."""

from typing import Any

from reminders import runtime, telemetry
from reminders.aws.completions import completions
from reminders.aws.events import Event
from reminders.core.summary import Summary


@telemetry.quiet
def handler(event: Event, context: object) -> dict[str, Any]:
    """Trigger: the reminders table's stream where a write completes a reminder.

    Promise: the stream goes on only past what the bus has confirmed; what no retry gets through is noted on a queue.
    A retry may announce the same completion once more; its id is the same.
    """
    batch = completions(event)
    unsent = runtime.bus().announce(batch.announcements)
    told = len(batch.announcements) - len(unsent)
    counts = {"announced": told, "not_announced": len(unsent) + len(batch.unreadable)}
    telemetry.report("announce", Summary(counts=counts), context)
    return batch.failures(unsent)
