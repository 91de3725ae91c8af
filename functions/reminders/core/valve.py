"""The mass-delete valve (M9): how many deletes an hour may carry over to the other side. `holds` tells what becomes of a held one.

Deletes are counted per user and direction over a sliding hour, each once, those of one recurring series as one. Past 20 *and* 30 % of
what the user had synced at the start of that hour, further ones are held.

Counting comes before anything is stored or sent, and each count sees all that were made before it. What others have counted is
taken to have passed, so of two runs at once one may hold too many, and both together never let too many through.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Final

from reminders.core.reminder import Reminder

HOUR: Final = timedelta(hours=1)
"""The window over which deletes are counted."""

ALWAYS: Final = 20
"""So many deletes within the hour pass, however little the user has."""

PERCENT: Final = 30
"""Of what the user had synced; so many pass if that is more."""


def allowed(had: int) -> int:
    """Tell how many deletes pass within an hour, of a user who had so many synced at its start."""
    return max(ALWAYS, had * PERCENT // 100)


def passing(window: Mapping[str, datetime], mine: Collection[str], most: int, *, anew: Collection[str]) -> set[str]:
    """Tell which of `mine` pass, if `most` may within the hour.

    `window`: all deletes counted within the hour with their times, `mine` and those held before included. `anew`: those of `mine`
    that nobody had counted before. The places that others leave are taken in the order of counting, then by key: so a run that is
    repeated comes to the same answer. What was counted before comes first, whatever the clocks say: whoever counted it may have
    let it pass already.
    """
    places = max(0, most - len(window.keys() - set(mine)))
    return set(sorted(mine, key=lambda key: (key in anew, window[key], key))[:places])


def had(living: Collection[Reminder], deleted: Collection[Reminder], since: datetime) -> int:
    """Count what a user had synced at `since`: what lives now, and what was deleted since, without what has come since.

    `living` and `deleted` are what lies in the user's lists now. It is exact but for this: a reminder that was made before and linked
    since ("Sync this one") counts, and one that was handed to or from somebody since counts where it lies now.
    """
    there_then = [each for each in living if _synced(each)]
    there_then += [each for each in deleted if _synced(each) and not _gone_before(each, since)]
    return sum(each.created <= since for each in there_then)


def _synced(reminder: Reminder) -> bool:
    return reminder.sponsor is not None and reminder.task_id is not None and not reminder.handed_over


def _gone_before(reminder: Reminder, since: datetime) -> bool:
    """Whether both sides had agreed on its delete already; one that waited then was still there on the other side."""
    agreed = reminder.tombstone.agreed if reminder.tombstone else None
    return agreed is not None and agreed <= since
