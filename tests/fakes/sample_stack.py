"""The sample template of the local stack's tests (`unit/local/sample`), deployed and run."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from infra.local.deploy import Endpoints
from infra.local.gateway import Answer, Request
from infra.local.host import Deployed, Host
from infra.local.org.clock import MovableClock
from infra.local.org.world import machine_clock
from infra.local.template import Template

SAMPLE = Path(__file__).parents[1] / "unit" / "local" / "sample"


@dataclass(frozen=True)
class SampleStack:
    """The sample template where it runs, as a test sees it."""

    aws: Endpoints
    template: Template
    folder: Path

    def start(self) -> Host:
        """Start a host; the way over a file is the supervisor's."""
        template, file = self.template, self.folder / "deployed.json"
        Deployed(SAMPLE / "template.yaml", template.parameters, template.attributes, self.aws, "http://org").write(file)
        host = Host(Deployed.read(file), self.folder, MovableClock(machine_clock))
        host.start()
        return host

    def post(self, host: Host, word: str) -> Answer:
        """Send a word to the sample's open route."""
        return host.gateway.answer(Request("POST", f"/open/{word}", "", {}, b"", "127.0.0.1"))

    def things(self) -> set[str]:
        """Ids of all items of the sample's table."""
        return {item["id"]["S"] for item in self.aws.client("dynamodb").scan(TableName="Things")["Items"]}

    def dead(self) -> list[str]:
        """Bodies of the messages on the dead-letter queue."""
        url = self.template.attributes["Dead", "Ref"]
        wanted = {"QueueUrl": url, "MaxNumberOfMessages": 10, "VisibilityTimeout": 0}
        return [message["Body"] for message in self.aws.client("sqs").receive_message(**wanted).get("Messages", [])]


def soon(holds: Callable[[], bool], seconds: float = 20) -> None:
    """Wait until it holds; fail if it does not come to that."""
    until = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > until:
            pytest.fail(f"did not happen within {seconds} s")
        time.sleep(0.05)
