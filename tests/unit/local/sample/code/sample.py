"""Tiny functions for the tests of the local stack."""

from __future__ import annotations

import json
import os
import time
from typing import Any

import boto3


def enqueue(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Put the word of the address on the queue, and tell what was seen."""
    word = event["pathParameters"].get("word", "")
    if word == "raise":
        raise RuntimeError("as asked")
    if word:
        boto3.client("sqs").send_message(QueueUrl=os.environ["QUEUE"], MessageBody=word)
    return {"statusCode": 200, "cookies": ["a=1", "b=2"], "body": json.dumps(event)}


def store(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Keep each word; those that start with `bad` are reported as failed."""
    failed = []
    for record in event["Records"]:
        if record["body"].startswith("bad"):
            failed.append({"itemIdentifier": record["messageId"]})
        else:
            item = {"id": {"S": record["body"]}, "rings": {"BOOL": not record["body"].startswith("quiet")}}
            boto3.client("dynamodb").put_item(TableName=os.environ["TABLE"], Item=item)
    return {"batchItemFailures": failed}


def notice(event: dict[str, Any], context: object) -> None:
    """Mark in the table what woke us: a thing of the stream, or the clock."""
    woken = [record["dynamodb"]["Keys"]["id"]["S"] for record in event.get("Records", ())] or [event["time"]]
    if "poison" in woken:
        raise RuntimeError("a batch with poison in it")
    for name in woken:
        item = {"id": {"S": f"noticed {name}"}, "at": {"N": str(int(time.time()))}}
        boto3.client("dynamodb").put_item(TableName=os.environ["TABLE"], Item=item)


def environment(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Show the environment and the context, or misbehave as the event asks."""
    match event:
        case {"sleep": seconds}:
            time.sleep(seconds)
        case {"exit": code}:
            os._exit(code)
        case {"raise": words}:
            raise ValueError(words)
        case {"large": size}:
            return {"large": "x" * size}
        case {"odd": _}:
            return {"odd": object()}
    print("printed")  # noqa: T201 - must end in the log, not among the answers
    return {
        "pid": os.getpid(),
        "environment": dict(os.environ),
        "request": context.aws_request_id,
        "left": context.get_remaining_time_in_millis(),
    }
