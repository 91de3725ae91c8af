"""Webhook: how soon outbound messages are acknowledged, how many notifications a second, and how soon a change is here.

On a whole local stack: its front door, `receive`, the queue, `pull`, tables. An acknowledgement comes when every hint is stored (I2).
"""

from __future__ import annotations

import http.client
import os
import re
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import ceil
from statistics import mean, median
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
from fakes.outbound_messages import Message

from infra.bench import processor
from infra.bench.measure import OURS, Report, percentile
from infra.bench.stack import started

LINE: Final = "webhook"
SENDERS: Final = (1, 10, 50)
P99_MILLISECONDS: Final = 150
PER_SECOND: Final = 1_000
FULL: Final = 100
"""Notifications of the largest message."""
P99: Final = "ms to the acknowledgement, p99"
RATE: Final = "notifications/s"
WHOLE: Final = "ms of the processor a message: the whole stack"
DATA: Final = "/services/data/v66.0"


def race(report: Report, messages: int, rounds: int) -> None:
    """Send so many messages, by ever more senders, of one notification and full ones; after following single changes."""
    with started() as document:
        _end_to_end(report, document, rounds)  # before the flood, which the pull works off for a while
        with httpx.Client(base_url=document["org"], timeout=60) as org:
            ids = _tasks(org, FULL)
        for notifications in (1, FULL):
            body = Message(task_ids=tuple(ids[:notifications]), organization=document["org_id"]).xml()
            _send(document["webhook"], body, 3)
            for senders in SENDERS:
                _measure(report, document["webhook"], (body, notifications), senders, messages, rounds)


def _measure(  # noqa: PLR0913, PLR0917 - what, to where, by how many, how often
    report: Report, address: str, message: tuple[bytes, int], senders: int, messages: int, rounds: int
) -> None:
    body, notifications = message
    name = f"{OURS}, {notifications} a message"

    def send(number: int) -> list[Taken]:
        with ThreadPoolExecutor(senders) as pool:
            return [each for one in pool.map(lambda _: _send(address, body, number), range(senders)) for each in one]

    send(1)  # containers start
    found: dict[str, list[float]] = {}
    for _ in range(rounds):
        before = processor.spent()
        began = time.perf_counter()
        taken = send(ceil(messages / senders))
        samples = {
            RATE: len(taken) * notifications / (time.perf_counter() - began),
            "ms to the acknowledgement, p50": percentile([each.whole for each in taken], 0.5),
            P99: percentile([each.whole for each in taken], 0.99),
            # Where they went; the emulated queue answers within the handler's time, beside its own work.
            "ms of them waiting for a container, mean": mean(each.queue for each in taken),
            "ms of them in the handler, mean": mean(each.handler for each in taken),
            "ms of them the handler's own work, mean": mean(each.processor for each in taken),
            "ms of them in the gateway and on the way, mean": mean(each.rest for each in taken),
        }
        ran = {part: 1000 * (each - before.get(part, 0)) / len(taken) for part, each in processor.spent().items()}
        samples |= {f"ms of the processor a message: {part}": each for part, each in ran.items()}
        samples[WHOLE] = sum(ran.values())
        for unit, sample in samples.items():
            found.setdefault(unit, []).append(sample)
    for unit, several in found.items():
        report.figure(LINE, name, senders, unit, *several)
    if senders == 10:  # noqa: PLR2004 - what is promised
        words = f"p99 of the acknowledgement, 10 senders, {notifications} a message, ms"
        report.most(LINE, words, median(found[P99]), P99_MILLISECONDS, counted=False)
        cores = os.cpu_count() or 1
        report.remarks.append(
            f"webhook, 10 senders, {notifications} a message: {median(found[WHOLE]):.1f} ms of the processor a message are at most "
            f"{1000 * cores / median(found[WHOLE]):.0f} messages/s on {cores} processors with nothing else on them, "
            f"so that each sender waits {senders * median(found[WHOLE]) / cores:.0f} ms in the mean, at best."
        )
        if notifications == FULL:
            report.least(LINE, "notifications/s, 10 senders", median(found[RATE]), PER_SECOND)


@dataclass(frozen=True)
class Taken:
    """Milliseconds of one acknowledgement: the whole, as the sender saw it, and what the gateway says of it (`Server-Timing`)."""

    whole: float
    queue: float
    handler: float
    processor: float

    @property
    def rest(self) -> float:
        """What was spent neither in the handler nor waiting for it."""
        return self.whole - self.queue - self.handler


def _send(address: str, body: bytes, messages: int) -> list[Taken]:
    """Send one message after the other on one connection. Raises RuntimeError for one that is not acknowledged."""
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
    taken = []
    for _ in range(messages):
        began = time.perf_counter()
        connection.request("POST", parts.path, body, {"Content-Type": "text/xml; charset=utf-8"})
        answer = connection.getresponse()
        text = answer.read()
        whole = 1000 * (time.perf_counter() - began)
        told = {name: float(part) for name, part in re.findall(r"(\w+);dur=([\d.]+)", answer.headers["server-timing"])}
        taken.append(Taken(whole, **told))
        if answer.status != http.HTTPStatus.OK or b"<Ack>true</Ack>" not in text:
            raise RuntimeError(f"not acknowledged: {answer.status} {text[:200]!r}")
    connection.close()
    return taken


def _tasks(org: httpx.Client, number: int) -> list[str]:
    """Have tasks created that nobody here follows."""
    user = next(each for each in org.get("/__control/stack").json()["users"] if "nosync" in each["username"])
    records = [{"attributes": {"type": "Task"}, "Subject": f"Task {position}"} for position in range(number)]
    headers = {"Authorization": f"Bearer {user['access_token']}"}
    answer = org.post(f"{DATA}/composite/sobjects", json={"records": records}, headers=headers)
    return [each["id"] for each in answer.raise_for_status().json()]


def _end_to_end(report: Report, document: dict[str, Any], rounds: int) -> None:
    """Have a task created there, and wait until its reminder is here."""
    seller = next(each for each in document["users"] if not each["admin"] and "nosync" not in each["username"])
    bearer = {"Authorization": f"Bearer {seller['id_token']}"}
    with (
        httpx.Client(base_url=document["command_center"], headers=bearer, timeout=60) as center,
        httpx.Client(base_url=document["org"], timeout=60) as org,
    ):
        seen = center.get("/api/settings").raise_for_status()
        choice = {"sync": "Sync with Salesforce tasks"}
        center.put("/api/settings", json=choice, headers={"If-Match": seen.headers["ETag"]}).raise_for_status()
        headers = {"Authorization": f"Bearer {seller['access_token']}"}
        for number in range(rounds + 1):
            began = time.perf_counter()
            made = org.post(f"{DATA}/sobjects/Task", json={"Subject": f"Followed {number}"}, headers=headers)
            key = made.raise_for_status().json()["id"]
            while not any(item["task_id"] == key for item in center.get("/api/reminders?view=open").json()["items"]):
                if time.perf_counter() - began > 120:  # noqa: PLR2004 - by far too long
                    raise RuntimeError("a task did not become a reminder")
                time.sleep(0.05)
            if number:  # the first one starts the functions
                report.figure(
                    LINE,
                    f"{OURS}, end to end",
                    1,
                    "s from the commit there to the list here",
                    time.perf_counter() - began,
                )
