"""The webhook: Salesforce's outbound messages become hints (I2)."""

from collections.abc import Mapping
from typing import Any

from reminders import runtime, telemetry
from reminders.salesforce import outbound_message


@telemetry.quiet
def handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:
    """Trigger: `POST /hooks/{secret}`.

    Promise: the acknowledgement is given only after every hint is confirmed stored; a queue that fails is a 500, without it.
    A retry (Salesforce sends what was not acknowledged again, for 24 hours) stores the same hints once more, which is harmless.
    """
    receiver = runtime.receiver()
    delivery = outbound_message.receive(event, receiver.knows, receiver.organization_id, receiver.senders)
    receiver.hints.store(delivery.hints)
    telemetry.report("receive", delivery.summary, context, warning=delivery.why_not)
    return delivery.response
