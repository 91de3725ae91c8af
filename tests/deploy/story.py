"""What makes every function ask for everything that it may ever ask AWS for: told on the deployed stack, step by step."""

from __future__ import annotations

import contextlib

import httpx
from cloud import WEBHOOK_SECRET, Cloud
from fakes.aws_events import load as load_event
from fakes.outbound_messages import Message

from infra.local.demo.day import SYNC_OFF, SYNC_ON
from infra.local.demo.team import Json, Person, Team
from infra.local.lambdas import FunctionError

MANY = 21
"""Deletes at once: one more than always pass (M9), so that it is looked up how much somebody has."""


def tell(cloud: Cloud, team: Team) -> None:
    """Tell it all."""
    first_sync(cloud, team)
    there_and_back(cloud, team)
    _too_many_deletes(cloud, team)
    _deletes_that_wait(cloud, team)
    _outages(cloud, team)
    _a_rule_that_is_lifted(cloud, team)
    _sync_off_and_on(cloud, team)
    _dead_letter(cloud)
    _data_of_people(cloud, team)


def create(cloud: Cloud, who: Person, name: str, **values: object) -> tuple[str, str]:
    """Create a reminder, and let it become a task; the ids of both."""
    made: Json = who.here("POST", "/api/reminders", {"name": name, **values})
    cloud.settle()
    return str(made["id"]), str(who.reminder(made["id"])["task_id"])


def webhook(cloud: Cloud, team: Team, *tasks: str) -> None:
    """Tell the webhook of tasks, as Salesforce does."""
    organization = team.ask("GET", "stack")["org_id"]
    body = Message(task_ids=tasks, organization=organization).xml()
    answer = httpx.post(
        f"{cloud.center}/hooks/{WEBHOOK_SECRET}",
        content=body,
        headers={"Content-Type": "text/xml; charset=utf-8"},
        timeout=60,
    )
    assert "<Ack>true</Ack>" in answer.text, answer.text


def first_sync(cloud: Cloud, team: Team) -> None:
    """Two people look at what there is, and turn their sync on."""
    for person in (team.maya, team.tomas):
        person.here("GET", "/api/settings/preview")
        person.choose(SYNC_ON)
        cloud.settle()
        assert person.here("GET", "/api/settings")["first_sync"]["finished"]
    cloud.poll()
    cloud.settle()


def there_and_back(cloud: Cloud, team: Team) -> str:
    """A reminder becomes a task, which is changed there, and completed here; that is told on the bus. Gives its id."""
    person = team.maya
    reminder, task = create(cloud, person, "Call Ada", details="As agreed")
    person.change(task, Description="Changed there")
    webhook(cloud, team, task)
    cloud.settle()
    assert person.reminder(reminder)["details"] == "Changed there"
    person.edit(reminder, status="Complete")
    cloud.settle()
    found = person.task(task)
    assert found
    assert found["Status"] == "Completed"
    assert person.history(reminder)
    return reminder


def _too_many_deletes(cloud: Cloud, team: Team) -> None:
    """On either side: of each, how much somebody has is looked up."""
    for person, there in ((team.maya, False), (team.tomas, True)):
        items = [{"action": "create", "values": {"name": f"Call {number}"}} for number in range(MANY)]
        made = person.here("POST", "/api/reminders/bulk", {"items": items})["results"]
        cloud.settle()
        reminders = {each["reminder"]["id"]: person.reminder(each["reminder"]["id"]) for each in made}
        tasks = [each["task_id"] for each in reminders.values()]
        if there:
            person.there("DELETE", "composite/sobjects", ids=",".join(tasks))
            webhook(cloud, team, *tasks)
        else:
            gone = [{"action": "delete", "id": name, "version": each["version"]} for name, each in reminders.items()]
            person.here("POST", "/api/reminders/bulk", {"items": gone})
        cloud.settle()
    held = team.alex.here("GET", "/api/held-deletes")["groups"]
    assert [len(group["reminders"]) for group in held] == [1, 1]
    for group, decision in zip(held, ("confirm", "reject"), strict=True):
        team.alex.here(
            "POST", f"/api/held-deletes/{decision}", {"group": {"user": group["user"], "side": group["side"]}}
        )
    cloud.later(3700)
    team.sign_in()


def _deletes_that_wait(cloud: Cloud, team: Team) -> None:
    """One that the org could not do is tried again when somebody asks; one whose task was handed over meanwhile only lets go."""
    person = team.tomas
    reminder, task = create(cloud, person, "Write to Bo")
    team.ask("POST", "faults", {"kind": "lock", "match": f"delete Task {task}"})
    person.act("DELETE", reminder)
    cloud.settle()
    assert person.task(task)
    person.here("POST", "/api/sync")
    cloud.settle()
    assert person.task(task) is None

    for pulled in (True, False):
        reminder, task = create(cloud, person, "Visit Bo")
        person.change(task, OwnerId=team.queue)
        person.act("DELETE", reminder)
        if pulled:
            webhook(cloud, team, task)
            assert cloud.pull()
        cloud.settle()
        assert person.task(task)

    reminder, task = create(cloud, person, "Thank Bo")
    person.act("DELETE", reminder)
    cloud.settle()
    person.act("POST", reminder, "/restore")
    cloud.settle()
    assert person.reminder(reminder)["task_id"] not in {None, task}


def _outages(cloud: Cloud, team: Team) -> None:
    """What begins with an outage of the org ends it, by every way to the org."""
    person = team.maya
    reminder, task = create(cloud, person, "Call Cleo")

    def push() -> None:
        person.edit(reminder, details="Changed here")
        cloud.settle()

    def pull() -> None:
        webhook(cloud, team, task)
        cloud.settle()

    runs = (cloud.poll, lambda: cloud.invoke("SweepFunction", load_event("sweep_schedule")), push, pull)
    for run in runs:
        team.ask("POST", "faults", {"kind": "unavailable", "match": "/services/data", "times": 50})
        with contextlib.suppress(FunctionError):
            run()
        team.ask("DELETE", "faults")
        run()
    cloud.poll()
    cloud.settle()


def _a_rule_that_is_lifted(cloud: Cloud, team: Team) -> None:
    """Two are refused for the same reason; when one goes through, the other is tried again."""
    person = team.maya
    team.ask("POST", "validation", {"field": "Subject", "contains": "secret", "message": "No secrets"})
    first, _ = create(cloud, person, "A secret")
    create(cloud, person, "Another secret")
    assert person.here("GET", "/api/problems")["causes"]
    team.ask("DELETE", "validation")
    cloud.later(120)
    team.sign_in()
    person.act("POST", first, "/retry")
    cloud.settle()
    assert person.reminder(first)["task_id"]


def _sync_off_and_on(cloud: Cloud, team: Team) -> None:
    """What waited for it is rung by whoever comes first: the first sync, or the sweep."""
    person = team.tomas
    for run in (cloud.settle, lambda: cloud.invoke("SweepFunction", load_event("sweep_schedule"))):
        edited, _ = create(cloud, person, "Ask Dora")
        deleted, task = create(cloud, person, "Invite Dora")
        person.choose(SYNC_OFF)
        cloud.settle()
        person.edit(edited, details="While it is off")
        person.act("DELETE", deleted)
        cloud.settle()
        person.choose(SYNC_ON)
        run()
        cloud.settle()
        cloud.push()
        cloud.settle()
        assert person.task(task) is None


def _dead_letter(cloud: Cloud) -> None:
    """A hint that failed alone is found by the sweep, and leaves the dead letters."""
    queue, letters = cloud.client("sqs"), cloud.template.attributes["HintsDeadLetters", "Ref"]
    queue.send_message(QueueUrl=letters, MessageBody=load_event("pull_hints")["Records"][0]["body"])
    cloud.invoke("SweepFunction", load_event("sweep_schedule"))
    assert "Messages" not in queue.receive_message(QueueUrl=letters, VisibilityTimeout=0)
    cloud.settle()


def _data_of_people(cloud: Cloud, team: Team) -> None:
    """What administrators do with data, and what everybody reads."""
    admin, person = team.alex, team.tomas
    settings = admin.center.get("/api/settings/org")
    admin.here("PUT", "/api/settings/org", settings.json(), seen=settings.headers["ETag"])
    admin.here("GET", "/api/status")
    assert person.listed()
    admin.here("GET", f"/api/reminders?assigned_by={admin.user_id}")
    lead = person.found("SELECT Id FROM Lead LIMIT 1")[0]["Id"]
    create(cloud, person, "Ask about the lead", person=lead)
    admin.here("GET", f"/api/people/{lead}/export")
    cloud.settle()
    while not (done := admin.here("POST", f"/api/users/{person.user_id}/erase"))["done"]:
        cloud.later(done["again_in"] + 60)
        team.sign_in()
