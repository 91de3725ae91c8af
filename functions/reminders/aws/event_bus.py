"""The bus on which completions are announced (C6): EventBridge."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from botocore.exceptions import BotoCoreError, ClientError

from reminders.aws.completions import Announcement
from reminders.aws.hint_queue import cause
from reminders.ports import Clock

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient

LOG = logging.getLogger(__name__)

SOURCE: Final = "reminder-sync"
DETAIL_TYPE: Final = "ReminderCompleted"

PER_CALL: Final = 10
"""Entries in one call: the most that EventBridge takes."""

ATTEMPTS: Final = 3
"""How often an entry that EventBridge did not take is sent in all, with 0.1 and 0.2 s between; then the stream brings it again."""

FIRST_PAUSE: Final = 0.1


class EventBus:
    """The `Bus` port on EventBridge."""

    def __init__(self, events: EventBridgeClient, name: str, clock: Clock) -> None:
        self._events = events
        self._name = name
        self._clock = clock

    def announce(self, announcements: Sequence[Announcement]) -> list[str]:
        """Send them in order; return the places of those that are not confirmed sent, however often they were tried."""
        unsent: list[str] = []
        for start in range(0, len(announcements), PER_CALL):
            unsent += self._send(announcements[start : start + PER_CALL])
        return unsent

    def _send(self, waiting: Sequence[Announcement]) -> list[str]:
        """Send one call's worth; entries that are not taken, again, a bounded number of times."""
        for attempt in range(ATTEMPTS):
            if attempt:
                self._clock.sleep(FIRST_PAUSE * 2 ** (attempt - 1))
            waiting = self._refused(waiting)
            if not waiting:
                break
        return [each.place for each in waiting]

    def _refused(self, waiting: Sequence[Announcement]) -> Sequence[Announcement]:
        """Make one call; return what it did not take. A call that fails as a whole may have been made: all is sent again."""
        try:
            answer = self._events.put_events(
                Entries=[
                    {
                        "EventBusName": self._name,
                        "Source": SOURCE,
                        "DetailType": DETAIL_TYPE,
                        "Detail": json.dumps(dict(each.detail)),
                        "Resources": [],
                    }
                    for each in waiting
                ]
            )
        except (BotoCoreError, ClientError) as error:  # botocore has repeated what is worth repeating
            LOG.warning("the event bus cannot be reached: %s", cause(error))
            return waiting
        return [each for each, entry in zip(waiting, answer["Entries"], strict=True) if "EventId" not in entry]
