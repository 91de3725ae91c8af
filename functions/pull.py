"""The pull: hinted tasks are read in bulk and merged into their reminders (I1)."""

from typing import Any

from reminders import runtime, telemetry
from reminders.aws import events
from reminders.aws.events import Event
from reminders.sync import inbox


@telemetry.quiet
def handler(event: Event, context: object) -> dict[str, Any]:
    """Trigger: the hints queue, in batches.

    Promise: a message leaves the queue only when every task it names was merged, or its hint parked while the org cannot be read.
    A retry (of the messages reported as failed, or of all of them after an error) merges again, which changes nothing (M7).
    """
    batch = events.hints(event)
    summary = inbox.pull(runtime.world(), batch.hints)
    telemetry.report("pull", summary, context)
    return batch.failures(summary.failed)
