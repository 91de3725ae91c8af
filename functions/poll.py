"""The poll: what changed or was deleted in the org, and what a user who turned sync on has there, become hints (I3, S2)."""

from reminders import runtime, telemetry
from reminders.aws import events
from reminders.aws.events import Event, Scheduled, Woken
from reminders.sync import find, timetable


@telemetry.quiet
def handler(event: Event, context: object) -> dict[str, int]:
    """Trigger: the poll's schedule, and the state table's stream where a first sync is due or somebody asked for a sync.

    The schedule asks every minute; how far apart polls are is a setting (S6), which pressure on the API budget stretches (O6).
    Promise: a watermark, or a first sync's "listed", is stored only after every hint of it is confirmed stored.
    A retry finds the same hints once more, which is harmless.
    """
    world = runtime.world()
    match events.poll(event):
        case Scheduled(at_once):
            return telemetry.report("poll", timetable.poll(world, at_once=at_once), context)
        case Woken(user_ids, requests):
            asked = [timetable.sync_now(world) for _ in requests]
            return telemetry.report("bell", telemetry.total([*asked, find.first_syncs(world, user_ids)]), context)
