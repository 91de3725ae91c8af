"""The poll: what changed or was deleted in the org, and what a user who turned sync on has there, become hints (I3, S2)."""

from reminders import events, find, runtime, telemetry
from reminders.events import Event, Scheduled, Woken


def handler(event: Event, context: object) -> dict[str, int]:
    """Trigger: the poll's schedule, and the state table's stream where a first sync is due or somebody asked for a sync.

    Promise: a watermark, or a first sync's "listed", is stored only after every hint of it is confirmed stored.
    A retry finds the same hints once more, which is harmless.
    """
    world = runtime.world()
    match events.poll(event):
        case Scheduled():
            return telemetry.report("poll", find.poll(world), context)
        case Woken(user_ids, requests):
            first_syncs = [find.first_sync(world, user_id) for user_id in user_ids]
            asked = [find.sync_now(world) for _ in requests]
            return telemetry.report("bell", telemetry.total([*first_syncs, *asked]), context)
