"""Events of every function, as AWS hands them over."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from cloud import WEBHOOK_SECRET, Cloud
from factories import NOW, a_pair
from fakes.aws_events import load as load_event
from fakes.outbound_messages import Message

from reminders.core.reminder import Completion, Side
from reminders.ledger.item_values import reminder_item
from reminders.ledger.items import bind

Event = dict[str, Any]
Make = Callable[[Cloud], Event]
ITEMS: Final = bind(reminders="reminders", links="links", history="history", state="state")


def request_event(cloud: Cloud, path: str, user: str = "") -> Event:
    """A GET as API Gateway hands it over; with a `user`, one whose token it has checked."""
    event = load_event("receive")
    http = {**event["requestContext"]["http"], "method": "GET", "path": path}
    context = {**event["requestContext"], "http": http, "routeKey": f"GET {path}"}
    if user:
        subject = f"https://login.salesforce.com/id/{cloud.template.parameters['OrganizationId']}/{user}"
        context["authorizer"] = {"jwt": {"claims": {"sub": subject}, "scopes": None}}
    left = {key: value for key, value in event.items() if key not in {"body", "headers", "pathParameters"}}
    headers = {"host": event["headers"]["host"]}
    return {**left, "rawPath": path, "routeKey": f"GET {path}", "headers": headers, "requestContext": context}


def message_event(cloud: Cloud) -> Event:
    """An outbound message of this org at the right address."""
    body = Message(organization=cloud.template.parameters["OrganizationId"]).xml().decode()
    return {**load_event("receive"), "pathParameters": {"secret": WEBHOOK_SECRET}, "body": body}


def completion_event(_: Cloud) -> Event:
    """A record of the reminders table's stream where a reminder is completed, its image an item of ours."""
    [record, *_others] = load_event("push_stream")["Records"]
    completed = a_pair(completion=Completion(side=Side.SALESFORCE, at=NOW))
    image = reminder_item(ITEMS.reminder, completed).serialize(null_check=False)
    return {"Records": [{**record, "dynamodb": {**record["dynamodb"], "NewImage": image}}]}


def stored(name: str) -> Make:
    """An event as AWS sends it."""
    return lambda _: load_event(name)


FIRST: Final[Mapping[str, Make]] = {
    "ReceiveFunction": message_event,
    "RelayFunction": stored("relay_delete"),
    "PollFunction": stored("poll_schedule"),
    "PullFunction": stored("pull_hints"),
    "PushFunction": stored("push_schedule"),
    "SweepFunction": stored("sweep_schedule"),
    "AnnounceFunction": completion_event,
    "SignInFunction": lambda cloud: request_event(cloud, "/auth/login"),
    "ApiFunction": lambda cloud: request_event(cloud, "/openapi.json"),
}
"""By function, an event that it answers on a stack in which nothing has happened yet."""
