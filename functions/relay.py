"""The relay, where it is deployed: change events of tasks become hints, so that deletes arrive at once too (I1)."""

from reminders import runtime, telemetry
from reminders.aws import change_events
from reminders.aws.events import Event


@telemetry.quiet
def handler(event: Event, context: object) -> dict[str, int]:
    """Trigger: a rule on the partner event bus that Salesforce's Event Relay sends `TaskChangeEvent` to.

    Promise: it ends well only after every hint is confirmed stored. A retry stores the same hints once more, which is harmless;
    what no retry got through, the poll finds.
    """
    delivery = change_events.read(event)
    runtime.relay_queue().store(delivery.hints)
    return telemetry.report("relay", delivery.summary, context, warning=delivery.warning)
