"""moto as we serve it: every call is atomic."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

from infra.local.aws import undelivered
from infra.local.deploy import Endpoints
from infra.local.template import Template

THREADS, ROUNDS = 8, 30


def test_of_writers_at_the_same_time_one_wins(aws: Endpoints, sample: Template) -> None:
    """Without the lock, more compare-and-sets succeed than the counter has steps, and edits are lost (M11)."""
    tables = aws.client("dynamodb")
    tables.put_item(TableName="Things", Item={"id": {"S": "counter"}, "n": {"N": "0"}})

    # botocore makes a client's exception classes when first asked, and two threads that ask at once get different ones.
    refused = tables.exceptions.ConditionalCheckFailedException

    def step(_: int) -> int:
        won = 0
        for _ in range(ROUNDS):
            seen = tables.get_item(TableName="Things", Key={"id": {"S": "counter"}}, ConsistentRead=True)["Item"]["n"][
                "N"
            ]
            try:
                tables.update_item(
                    TableName="Things",
                    Key={"id": {"S": "counter"}},
                    UpdateExpression="SET n = :new",
                    ConditionExpression="n = :seen",
                    ExpressionAttributeValues={":new": {"N": str(int(seen) + 1)}, ":seen": {"N": seen}},
                )
            except refused:
                continue
            won += 1
        return won

    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)  # the emulation runs in this process: threads change places everywhere
    try:
        with ThreadPoolExecutor(THREADS) as pool:
            won = sum(pool.map(step, range(THREADS)))
    finally:
        sys.setswitchinterval(usual)
    stands = tables.get_item(TableName="Things", Key={"id": {"S": "counter"}}, ConsistentRead=True)["Item"]["n"]["N"]
    assert int(stands) == won


def test_what_is_on_the_queues_can_be_kept(aws: Endpoints, sample: Template) -> None:
    """With a data folder a hint that nobody has taken yet, or that is under way, survives the end of the stack."""
    queue, url = aws.client("sqs"), sample.attributes["Work", "Ref"]
    for body in ("taken", "waiting"):
        queue.send_message(QueueUrl=url, MessageBody=body)
    queue.receive_message(QueueUrl=url, MaxNumberOfMessages=1)
    assert sorted(undelivered()["Work"]) == ["taken", "waiting"]
