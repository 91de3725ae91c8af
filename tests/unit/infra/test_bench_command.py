"""`make bench` as a command: what fails it, and what it only tells."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from infra.bench import __main__ as command
from infra.bench.measure import Report
from infra.local import dynamodb


@pytest.mark.parametrize(("count", "seconds"), [(6, 1), (6, 9), (7, 1), (7, 9)])
def test_a_count_fails_the_run_and_a_time_does_not(
    count: int, seconds: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Seconds of a machine that others use prove nothing; a call too many does. Who is absent is told, and fails nothing."""

    def line(run: command.Run, name: str) -> None:
        run.peers.absent["somebody"] = "no registry knows it"
        run.report.most(name, "calls", count, 6)
        run.report.most(name, "seconds", seconds, 2, counted=False)
        run.report.least(name, "a second", 1 / seconds, 1)

    monkeypatch.setattr(command.Run, "line", line)
    monkeypatch.setattr(dynamodb, "unavailable_reason", lambda: "there is no Java")

    with pytest.raises(SystemExit) as ended:
        command.main(quick=True, lines="cold", folder=tmp_path)

    assert ended.value.code == (count > 6)
    told = json.loads((tmp_path / "bench.json").read_text(encoding="utf-8"))
    assert told["absent"] == {"DynamoDB Local": "there is no Java", "somebody": "no registry knows it"}
    assert [each["kept"] for each in told["promises"]] == [count <= 6, seconds <= 2, seconds <= 1]
    assert ("broken: cold: calls: at most 6, found 7" in capsys.readouterr().err) is (count > 6)


def test_a_run_that_is_broken_off_has_kept_what_it_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole takes hours: what the first line found is there, whatever becomes of the second."""

    def line(run: command.Run, name: str) -> None:
        if name == "built":
            raise KeyboardInterrupt
        run.report.figure(name, "ours", 1, "seconds", 3.0)

    monkeypatch.setattr(command.Run, "line", line)
    monkeypatch.setattr(dynamodb, "unavailable_reason", lambda: "there is no Java")

    with pytest.raises(KeyboardInterrupt):
        command.main(quick=True, lines="cold,built", folder=tmp_path)

    told = json.loads((tmp_path / "bench.json").read_text(encoding="utf-8"))
    assert [(each["line"], each["median"]) for each in told["figures"]] == [("cold", 3.0)]


def test_what_was_never_measured_breaks_nothing() -> None:
    """A contender that was absent has no median, and no ratio is made of it."""
    report = Report()
    report.figure("inbound", "somebody", 5, "tasks/s")

    assert report.median("inbound", "somebody", 5, "tasks/s") is None
    assert report.document()["figures"] == []
    assert report.broken == []
