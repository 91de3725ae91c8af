"""What `make bench` promises in counts, on small numbers: API calls by the org's own log, DynamoDB units by AWS's rules."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.bench import cold, idle, inbound, money, outbound
from infra.bench.measure import Report
from infra.bench.stage import running_org
from infra.bench.units import Spent
from infra.local.dynamodb import TableNames

UPDATED, CREATED = 60, 210


@pytest.fixture
def report() -> Report:
    """An empty report."""
    return Report()


def test_inbound_takes_a_call_per_500_tasks_and_three(report: Report) -> None:
    """I1, I3: two of the poll, one per started 500 tasks; the sign-in does not count."""
    with running_org() as org:
        org.create(600)
        inbound.counts(report, org, (100, 600))

    assert report.promises
    assert report.broken == []
    assert {each.size: each.median for each in report.figures} == {100: 3, 600: 4}


def test_outbound_takes_a_call_per_25_updates_and_per_200_creates(report: Report) -> None:
    """O1: many go per API call, and one read serves them all."""
    with running_org() as org:
        org.create(UPDATED)
        outbound.counts(report, org, UPDATED, CREATED)

    assert report.broken == []
    assert {each.size: each.median for each in report.figures} == {UPDATED: 3 + 1, CREATED: 2}


def test_nothing_costs_more_the_more_is_stored(report: Report, tables: TableNames) -> None:
    """I3: an idle poll costs two API calls; it and every kind of change cost the same units with ten times as much stored."""
    assert tables
    spent = idle.counts(report, (50, 500))

    assert len(report.promises) == 13
    assert report.broken == []
    assert spent[idle.INBOUND].requests["TransactWriteItems"] == 1
    assert spent[idle.ECHO].all_writes == 0


def test_functions_load_nothing_that_they_do_not_use(report: Report) -> None:
    """A cold start pays for every import; what each must not load is a list, and how much it may is a number of modules, not a time."""
    cold.counts(report)

    assert len(report.promises) == 6
    assert report.broken == []


def test_money_is_units_and_requests_times_their_prices() -> None:
    """By hand: a change of 2 read and 8 write units, in a run of 5 and 1, told of once more by an echo of 2 read units in such a run."""
    spent = {
        idle.RUN: Spent(reads=5, writes=1),
        idle.INBOUND: Spent(reads=2, writes=6, index_writes=2),
        idle.ECHO: Spent(reads=2),
    }
    units = ((2 + 5) * 0.125 + (8 + 1) * 0.625 + (2 + 5) * 0.125 + 1 * 0.625) / 1e6
    run = (0.2 + 3 * 0.4) / 1e6 + (0.01 * 1.728 + 0.3 * 0.5) * 0.0000133334

    cost = money.change(spent, idle.INBOUND)

    assert cost.dollars == pytest.approx(units + 2 * run)
    assert cost.calls == 2


def test_a_broken_promise_about_counts_is_told_and_one_about_time_is_not_held_against_the_run(
    report: Report, tmp_path: Path
) -> None:
    """Time is noisy on shared machines; a count is not, and a run that hid one would be worth nothing."""
    report.figure("line", "somebody", 5, "calls", 7)
    report.most("line", "calls", 7, 6)
    report.least("line", "speed", 1, 3)
    report.write(tmp_path)

    assert [each.words for each in report.broken] == ["calls: at most 6"]
    told = (tmp_path / "bench.md").read_text()
    assert "| line | calls: at most 6 | 7 | **not reached** |" in told
    assert "| line | speed: at least 3 | 1 | **not reached** |" in told
