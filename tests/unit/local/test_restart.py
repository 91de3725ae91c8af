"""A host that is started again, as after a crash."""

from __future__ import annotations

from fakes.sample_stack import SampleStack, soon


def test_a_host_that_starts_again_goes_on_where_it_was(stack: SampleStack) -> None:
    """Neither may a restart skip what came meanwhile, nor replay the whole stream."""
    first = stack.start()
    stack.post(first, "before")
    soon(lambda: "noticed before" in stack.things())
    # The position is kept after a batch and before the next is read; what was delivered when the stop came may come again.
    stack.post(first, "between")
    soon(lambda: "noticed between" in stack.things())
    first.stop()
    table = stack.aws.client("dynamodb")
    table.delete_item(TableName="Things", Key={"id": {"S": "noticed before"}})
    table.put_item(TableName="Things", Item={"id": {"S": "meanwhile"}, "rings": {"BOOL": True}})
    second = stack.start()
    soon(lambda: "noticed meanwhile" in stack.things())
    second.stop()
    assert "noticed before" not in stack.things()
