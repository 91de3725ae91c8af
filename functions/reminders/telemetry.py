"""Logs and metrics: one structured line and one set of counters per run. Ids and counts only: no event, no value, no secret."""

from __future__ import annotations

import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import cache, wraps
from typing import TYPE_CHECKING, Final, ParamSpec, TypeVar

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from reminders.core.summary import Summary

if TYPE_CHECKING:
    from reminders.core.problems import Failure

NAMESPACE: Final = "ReminderSync"
"""Of all metrics. Their dimensions: `service`, `run`."""

_LONGEST_CHAIN: Final = 8
_LONGEST_TRACE: Final = 20

_Given = ParamSpec("_Given")
_Answer = TypeVar("_Answer")

SERVICE: Final = "reminders"
"""Also the name of our package, so what its modules log with the standard library comes out in the same structure."""


class RunFailed(Exception):
    """A run failed in a way that was not foreseen. Its text names the kind of failure only; the log line before it tells where."""


class Speakable(Exception):
    """A failure whose words may be logged: whoever raises it puts no value, token or secret into them."""


@cache
def logger() -> Logger:
    """Set up the logger once per container."""
    return Logger(service=SERVICE)


def quiet(handler: Callable[_Given, _Answer]) -> Callable[_Given, _Answer]:
    """Make a handler whose failures quote nothing: Lambda's runtime logs whatever leaves a handler, words and traceback.

    A failure is logged by its kind and its places, and another one is raised in its stead, so that Lambda still delivers again.
    Only of a `Speakable` the words are kept. Raises RunFailed.
    """

    @wraps(handler)
    def quietly(*arguments: _Given.args, **options: _Given.kwargs) -> _Answer:
        try:
            return handler(*arguments, **options)
        except Exception as failure:  # noqa: BLE001 - every kind: whichever it is, it is logged, and told to Lambda below
            logger().error("a run failed in a way that was not foreseen", extra={"where": where(failure)})
            told = RunFailed(
                f"{type(failure).__name__}: {failure}" if isinstance(failure, Speakable) else type(failure).__name__
            )
        # Not raised above, where it would carry what it replaces.
        raise told

    return quietly


def where(failure: BaseException) -> list[str]:
    """Tell what was raised and where, causes first, without its words: a message may quote a value of somebody's reminder.

    At most eight exceptions of a chain or a group, and the innermost twenty calls of each.
    """
    told: list[str] = []
    chain: list[BaseException] = []
    link: BaseException | None = failure
    while link is not None and len(chain) < _LONGEST_CHAIN:
        chain.append(link)
        link = link.__cause__ or link.__context__
    for each in reversed(chain):
        calls = list(traceback.walk_tb(each.__traceback__))[-_LONGEST_TRACE:]
        told += [f"{frame.f_code.co_filename}:{line} {frame.f_code.co_name}" for frame, line in calls]
        if isinstance(each, BaseExceptionGroup):
            told += [line for member in each.exceptions[:_LONGEST_CHAIN] for line in where(member)]
        told.append(type(each).__name__)
    return told


def total(summaries: Iterable[Summary]) -> Summary:
    """Add several runs up."""
    counts: Counter[str] = Counter()
    failed: frozenset[str] = frozenset()
    unavailable: Failure | None = None
    for summary in summaries:
        counts.update(summary.counts)
        failed |= summary.failed
        unavailable = unavailable or summary.unavailable
    return Summary(counts=counts, failed=failed, unavailable=unavailable)


def report(run: str, summary: Summary, context: object, *, warning: str | None = None) -> dict[str, int]:
    """Log what a run did, count it, and return the counts. `context` is Lambda's, or anything where there is none.

    A run that the org stopped counts `unavailable_<kind>`, for an alarm to tell a lost sign-in from a spent API budget.
    """
    counts = dict(summary.counts)
    if summary.failed:
        counts["failed"] = len(summary.failed)
    if summary.unavailable:
        counts[f"unavailable_{summary.unavailable.kind}"] = 1
        warning = warning or summary.unavailable.code
    details = {"counts": counts, "levels": dict(summary.levels), "request_id": getattr(context, "aws_request_id", None)}
    if warning is None:
        logger().info(run, extra=details, stacklevel=2)
    else:
        logger().warning(run, extra={**details, "warning": warning}, stacklevel=2)
    if counts or summary.levels:
        _emit(run, counts, summary.levels)
    return counts


def _emit(run: str, counts: Mapping[str, int], levels: Mapping[str, int]) -> None:
    metrics = EphemeralMetrics(namespace=NAMESPACE, service=SERVICE)
    metrics.add_dimension(name="run", value=run)
    for name, count in counts.items():
        metrics.add_metric(name=name, unit=MetricUnit.Count, value=count)
    for name, level in levels.items():
        metrics.add_metric(name=name, unit=MetricUnit.NoUnit, value=level)
    metrics.flush_metrics()
