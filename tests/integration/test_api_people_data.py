"""One person's data on DynamoDB Local: erased for good (C8)."""

from __future__ import annotations

from datetime import timedelta

import boto3
from fakes.people import ADA, BO, Api, sync_on

from reminders.ledger.tables import open_ledger


def test_what_is_erased_is_in_no_table(tables: dict[str, str]) -> None:
    """C8: more lines than one batch write takes; afterwards no item names the person or holds a word of theirs."""
    ledger = open_ledger(
        reminders=tables["reminders"], links=tables["links"], history=tables["history"], state=tables["state"]
    )
    api = Api(ledger=ledger)
    sync_on(api, BO)
    made = api("POST", "/api/reminders", {"name": "Divorce", "details": "Divorce"}).json
    for number in range(30):
        headers = {"If-Match": api("GET", f"/api/reminders/{made['id']}").headers["etag"]}
        assert (
            api("PATCH", f"/api/reminders/{made['id']}", {"details": f"Divorce {number}"}, headers=headers).status
            == 200
        )
    page = api("GET", f"/api/users/{BO}/export", by=ADA).json
    assert [len(each["history"]) for each in page["reminders"]] == [31]
    assert api("POST", f"/api/users/{BO}/erase", by=ADA).json == {"erased": 1, "done": False, "again_in": 0}
    api.clock.forward(timedelta(minutes=5))
    assert api("POST", f"/api/users/{BO}/erase", by=ADA).json == {"erased": 0, "done": True, "again_in": None}
    client = boto3.client("dynamodb")
    left = "".join(f"{client.scan(TableName=name)['Items']}" for name in tables.values())
    assert ("Divorce" in left, BO in left, ADA in left) == (False, False, True)
