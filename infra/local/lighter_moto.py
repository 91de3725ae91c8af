"""Three things that moto does anew for every call, and that made the emulated queue the slowest part of the local stack.

What it answers stays the same. To be looked at again with each version of moto: `tests/unit/local/test_lighter_moto.py`.
"""

from __future__ import annotations

import time

from moto import backends
from moto.sqs import models


def apply() -> None:
    """Change moto in this process."""
    names = tuple(backends.list_of_moto_modules())  # else a listing of a folder and 170 looks at files, per call
    vars(backends)["list_of_moto_modules"] = lambda: names
    vars(models)["unix_time_millis"] = lambda: 1000 * time.time()  # else two dates built, per message that is counted
    setattr(models.SQSBackend, "is_message_valid_based_on_retention_period", _is_kept)  # noqa: B010 - mypy takes no new method


def _is_kept(backend: models.SQSBackend, queue: str, message: models.Message) -> bool:
    """Tell whether a message is within its queue's retention period.

    moto's own looks that period up among all attributes of the queue, three of which are counts of all its messages, nine counts per
    message received: with 400 messages waiting, a receive of ten held every other call up for a quarter of a second.
    """
    kept = float(vars(backend.get_queue(queue))["message_retention_period"])
    return message.sent_timestamp is None or message.sent_timestamp / 1000 + kept > time.time()
