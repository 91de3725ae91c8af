"""One reminder there and back, as a person would see it, and nothing of it left on either list."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import httpx

from reminders.core.task import Task
from reminders.ports import Change, OrgUnavailable, Outcome
from reminders.salesforce.client import SalesforceOrg

PATIENCE: Final = 90.0
"""Seconds for each step: an edit made here is pushed within seconds, and once more with the next minute."""
POLLED: Final = 7 * 60.0 + PATIENCE
"""Seconds for an edit that only the poll brings: one interval and two minutes (I3)."""
SYNCED, NOT_SYNCED = "Sync with Salesforce tasks", "Do not sync to Salesforce tasks"
_CONFLICTS: Final = 5

MESSAGE: Final = """<?xml version="1.0" encoding="UTF-8"?>
<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>
<notifications xmlns="http://soap.sforce.com/2005/09/outbound"><OrganizationId>{organization}</OrganizationId>
<Notification><sObject xmlns:sf="urn:sobject.enterprise.soap.sforce.com"><sf:Id>{task}</sf:Id></sObject></Notification>
</notifications></soapenv:Body></soapenv:Envelope>
"""


class Died(Exception):
    """A step was not seen in time, or was refused; the message says which and what to look at. What was made is cleaned up."""


@dataclass(frozen=True, slots=True)
class Step:
    """What was seen, and after how many seconds."""

    name: str
    seconds: float


@dataclass(slots=True)
class Canary:
    """Flies once. `center` is signed in as who owns the reminder; `webhook` is the whole secret address, empty where it cannot be posted to.

    Outbound messages are not sent for edits of the integration user, by which this makes its own: so it posts what Salesforce would post.
    """

    center: httpx.Client
    org: SalesforceOrg
    organization_id: str
    webhook: str
    patience: float = PATIENCE
    pause: float = 0.5

    def fly(self) -> Iterator[Step]:
        """Go there and back; tells each step when it is seen. Raises Died, everything cleaned up as far as it can be."""
        name = f"Reminder Sync canary {datetime.now(UTC):%Y-%m-%d %H:%M:%S}"
        was_synced = self._sync(on=True)
        reminder_id = ""
        try:
            reminder_id = str(self._here("POST", "/api/reminders", {"name": name})["id"])
            yield from self._there_and_back(name, reminder_id)
            yield from self._clean(reminder_id)
            reminder_id = ""
        finally:
            try:
                if reminder_id:
                    self._sweep_up(reminder_id)
            finally:
                if not was_synced:
                    self._sync(on=False)

    def _there_and_back(self, name: str, reminder_id: str) -> Iterator[Step]:
        task_id, seconds = self._until(
            "the reminder has its task",
            "Diagnostics in the Command Center says why not; else read the push function's log.",
            lambda: self._linked(reminder_id),
        )
        yield Step(f"a reminder made here has its task {task_id}", seconds)
        task = self._task(task_id)
        if task is None or task.subject != name:
            raise Died(
                f"the task {task_id} has another subject: a rule of the org, or the subject template, changed it"
            )
        self._written(
            self.org.update([Change(task_id=task_id, fields={"Status": "Completed"}, unmodified_since=task.stamp)])
        )
        told = self._tell(task_id)
        _, seconds = self._until(
            "the task, completed in Salesforce, completes the reminder",
            "Read the logs of the receive and pull functions, and look at the queue of hints.",
            lambda: self._reminder(reminder_id)["status"] == "Complete",
            patience=self.patience if told else POLLED,
        )
        yield Step(f"completed there, it is complete here, by the {'webhook' if told else 'poll'}", seconds)

    def _clean(self, reminder_id: str) -> Iterator[Step]:
        task_id = self._linked(reminder_id)
        self._delete(reminder_id)
        _, seconds = self._until(
            "the deleted reminder's task is deleted",
            "Diagnostics in the Command Center says why not; else read the push function's log.",
            lambda: self._gone(str(task_id)),
        )
        yield Step("deleted here, it is deleted there", seconds)

    def _sweep_up(self, reminder_id: str) -> None:
        """After a failure: the reminder goes, and its task, if it came to be. First the reminder: what is gone here is not sent any more."""
        self._delete(reminder_id)
        found = self.org.find([f"{reminder_id}-0"]).tasks.values()  # the first of its external ids (M5)
        living = [task.id for task in found if not task.is_deleted]
        if living:
            self._written(self.org.delete(living))

    # --- here

    def _here(self, method: str, path: str, body: object = None, seen: str | None = None) -> Any:  # noqa: ANN401 - JSON
        answer = self._ask(method, path, body, seen)
        return None if answer.status_code == httpx.codes.PRECONDITION_FAILED else answer.json()

    def _ask(self, method: str, path: str, body: object = None, seen: str | None = None) -> httpx.Response:
        try:
            answer = self.center.request(method, path, json=body, headers={"If-Match": seen} if seen else {})
            return answer if answer.status_code == httpx.codes.PRECONDITION_FAILED else answer.raise_for_status()
        except httpx.HTTPStatusError as error:
            raise Died(f"the Command Center refused {method} {path}: {error.response.text[:300]}") from None
        except httpx.HTTPError as error:
            raise Died(
                f"the Command Center does not answer {method} {path}: {error}; read the api function's log"
            ) from None

    def _sync(self, *, on: bool) -> bool:
        """Choose, and tell what was chosen before."""
        for _ in range(_CONFLICTS):
            answer = self._ask("GET", "/api/settings")
            was = bool(answer.json()["sync"] == SYNCED)
            if was == on:
                return was
            wanted = {"sync": SYNCED, "import_hours": 1} if on else {"sync": NOT_SYNCED}
            if self._here("PUT", "/api/settings", wanted, answer.headers["ETag"]) is not None:
                return was
        raise Died("the settings of the canary's user keep changing")

    def _reminder(self, reminder_id: str) -> Any:  # noqa: ANN401 - JSON
        return self._here("GET", f"/api/reminders/{reminder_id}")

    def _linked(self, reminder_id: str) -> str | None:
        """Its task, once nothing waits any more; a problem is told at once."""
        found = self._reminder(reminder_id)
        if found["sync_state"] == "problem":
            raise Died(f"Salesforce refused the reminder: {found['sync_reason']}; Diagnostics says what to do")
        return str(found["task_id"]) if found["sync_state"] == "synced" and found["task_id"] else None

    def _delete(self, reminder_id: str) -> None:
        for _ in range(_CONFLICTS):
            seen = f'"{self._reminder(reminder_id)["version"]}"'
            if self._here("DELETE", f"/api/reminders/{reminder_id}", seen=seen) is not None:
                return
        raise Died(f"the reminder {reminder_id} keeps changing; delete it by hand")

    # --- there

    def _task(self, task_id: str) -> Task | None:
        return self.org.read([task_id]).tasks.get(task_id)

    def _gone(self, task_id: str) -> bool:
        task = self._task(task_id)
        return task is None or task.is_deleted

    @staticmethod
    def _written(outcomes: list[Outcome]) -> None:
        for outcome in outcomes:
            if outcome.failure:
                raise Died(f"Salesforce refused: {outcome.failure.code}: {outcome.failure.message}")

    def _tell(self, task_id: str) -> bool:
        """Send the message that Salesforce sends when somebody else edits a task, if it is taken; else ask for a poll."""
        if not self.webhook:
            return self._poll()
        body = MESSAGE.format(organization=self.organization_id, task=task_id)
        try:
            status = httpx.post(
                self.webhook, content=body, headers={"Content-Type": "text/xml"}, timeout=30
            ).status_code
        except httpx.HTTPError as error:
            raise Died(f"the webhook does not answer: {type(error).__name__}") from None  # its words hold the address
        if status == httpx.codes.FORBIDDEN:  # WebhookSenders lets Salesforce in, and not this machine
            return self._poll()
        if status != httpx.codes.OK:
            raise Died(f"the webhook answers {status}; read the receive function's log")
        return True

    def _poll(self) -> bool:
        self._here("POST", "/api/sync")
        return False

    def _until(
        self, what: str, advice: str, holds: Callable[[], Any], patience: float | None = None
    ) -> tuple[Any, float]:
        patience = patience or self.patience
        began = time.monotonic()
        while time.monotonic() - began < patience:
            try:
                if found := holds():
                    return found, time.monotonic() - began
            except OrgUnavailable as stop:
                raise Died(f"Salesforce cannot be asked: {stop.failure.code}: {stop.failure.message}") from None
            time.sleep(self.pause)
        raise Died(f"not seen within {patience:.0f} s: {what}. {advice}")
