"""Money: what a change costs in units, requests and processor time, put through the public price list (`prices.json`).

Units are those counted on DynamoDB Local by AWS's rules (`idle`). Lambda is charged by memory and time; its processors come with memory
(1,769 MB is one), so a second of a processor costs 1.73 GB-seconds whatever the size, and waiting costs by memory.
Every change is reckoned alone, in a run and an API call of its own: the worst case. Together, hundreds share both.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from infra.bench import idle
from infra.bench.measure import OURS, Report
from infra.bench.units import Spent

LINE: Final = "money"
PRICES: Final[dict[str, Any]] = json.loads((Path(__file__).parent / "prices.json").read_text(encoding="utf-8"))

TEAMS: Final = (10, 200, 5_000)
WORKING_DAYS: Final = 22
DAYS: Final = 30
A_DAY: Final[Mapping[str, int]] = {idle.INBOUND: 30, idle.OUTBOUND: 15, idle.CREATE: 5, idle.IMPORT: 10}
"""What one salesperson is taken to do on a working day, by kind of change. Each of our writes comes back as two hints besides."""

ECHOES: Final[Mapping[str, int]] = {idle.OUTBOUND: 2, idle.CREATE: 2, idle.INBOUND: 1, idle.IMPORT: 1}
"""Hints that tell nothing new, per change: the webhook tells of it, and so does the poll."""

API_CALLS: Final[Mapping[str, int]] = {idle.INBOUND: 1, idle.OUTBOUND: 2, idle.CREATE: 1, idle.IMPORT: 1, idle.ECHO: 1}
"""Of one change that comes alone: a read, and a write if it goes out."""

WAIT_SECONDS: Final = 0.3
"""Taken for what a run waits for Salesforce and DynamoDB."""
GIGABYTES: Final = 0.5
GB_SECONDS_OF_A_PROCESSOR: Final = 1.728
PROCESSOR_SECONDS: Final = 0.01
"""Taken for a run of one change, ten times what a change takes among many."""

ALARMS, SECRETS = 16, 2

EDITIONS: Final[Mapping[str, tuple[int, int]]] = {
    "Developer": (15_000, 0),
    "Enterprise": (100_000, 1_000),
    "Unlimited, Performance": (100_000, 5_000),
}
"""API calls in 24 hours: of the org, and more per licence ("API Request Limits and Allocations")."""


@dataclass(frozen=True)
class Cost:
    """Of one change: dollars, and API calls."""

    dollars: float
    calls: float


def change(spent: Mapping[str, Spent], kind: str) -> Cost:
    """Give what one change of this kind costs, alone, with what comes back of it."""
    echoes = ECHOES.get(kind, 0)
    whole = _run(spent[kind], spent[idle.RUN]) + echoes * _run(spent[idle.ECHO], spent[idle.RUN])
    return Cost(whole, API_CALLS[kind] + echoes * API_CALLS[idle.ECHO])


def _run(units: Spent, run: Spent) -> float:
    """Give the dollars of one run with one change: units, one message sent, received and deleted, one invocation."""
    per = PRICES["per million"]
    requests = per["Lambda requests"] + 3 * per["SQS requests"]
    both = _units(units) + _units(run)
    seconds = PROCESSOR_SECONDS * GB_SECONDS_OF_A_PROCESSOR + WAIT_SECONDS * GIGABYTES
    return float(both + requests / 1e6 + seconds * PRICES["Lambda GB-second, arm64"])


def _units(spent: Spent) -> float:
    per = PRICES["per million"]
    return float(spent.reads * per["DynamoDB read units"] + spent.all_writes * per["DynamoDB write units"]) / 1e6


def standing(spent: Mapping[str, Spent]) -> float:
    """Give the dollars of a month in which nobody does anything."""
    per, month = PRICES["per million"], PRICES["per month"]
    seconds = PROCESSOR_SECONDS * GB_SECONDS_OF_A_PROCESSOR + WAIT_SECONDS * GIGABYTES
    invoked = per["Lambda requests"] / 1e6 + seconds * PRICES["Lambda GB-second, arm64"]
    polls = idle.POLLS * _units(spent[idle.IDLE]) + (idle.MINUTES - idle.POLLS) * _units(spent[idle.EARLY])
    a_day = 2 * idle.MINUTES * invoked + polls + idle.MINUTES * _units(spent[idle.RESTING])
    return float(DAYS * a_day + ALARMS * month["alarm"] + SECRETS * month["secret"])


def tell(report: Report, spent: Mapping[str, Spent]) -> None:
    """Put everything counted through the price list."""
    costs = {kind: change(spent, kind) for kind in A_DAY}
    for kind, cost in costs.items():
        report.figure(LINE, f"{OURS}, {kind}", 1_000, "USD per 1,000 changes", 1_000 * cost.dollars)
        units = spent[kind]
        report.figure(LINE, f"{OURS}, {kind}", 1, "write units", units.all_writes)
        report.figure(LINE, f"{OURS}, {kind}", 1, "read units", units.reads)
    report.figure(LINE, f"{OURS}, nobody does anything", 0, "USD per month", standing(spent))
    for team in TEAMS:
        month = standing(spent) + team * WORKING_DAYS * sum(
            number * costs[kind].dollars for kind, number in A_DAY.items()
        )
        calls = idle.POLLS * idle.POLL_CALLS + team * sum(number * costs[kind].calls for kind, number in A_DAY.items())
        report.figure(LINE, f"{OURS}, salespeople", team, "USD per month", month)
        report.figure(LINE, f"{OURS}, salespeople", team, "API calls a day at most", calls)
        for edition, (org, licence) in EDITIONS.items():
            report.figure(
                LINE, f"{OURS}, {edition}", team, "% of the org's API limit", 100 * calls / (org + licence * team)
            )
