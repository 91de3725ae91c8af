"""The ledger on DynamoDB (C8, M5, M11, I1, I3, O1, S1, S5): four tables, their keys, and who reads them how.

reminders — one item is a reminder, its agreement and its intents, changed by one conditional write on `version`.

    key        `reminder_id` (S, HASH)
    index      `by_assignee`: `list_key` (S, HASH) = `<assignee>#open|complete|deleted|handed`, `list_order` (S, RANGE);
               KEYS_ONLY. Lists only: the index says which, the items say what, and are asked again whether they belong.
    index      `waiting`: `waiting_shard` (S, HASH), `next_attempt` (S, RANGE); KEYS_ONLY; sparse: both attributes exist only
               while an attempt is planned, and the shards spread a mass load.
    stream     NEW_AND_OLD_IMAGES. The push is woken by `{"dynamodb": {"NewImage": {"rings": {"BOOL": [true]}}}}`: the attribute
               exists only on a write that rings. Open -> Complete (C6) is `values.M.status.S` in both images.
    TTL        `expires` (N, epoch seconds)

links — which reminder a task belongs to; written in one transaction with its reminder, and never two for one task.

    key        `task_id` (S, HASH)
    TTL        `expires` (N, epoch seconds), always that of its reminder

history — what happened, one item per write that had something to tell, in one transaction with its reminder.

    key        `reminder_id` (S, HASH), `version` (N, RANGE): the reminder's version that this write made

state — everything small, by kind.

    key        `pk` (S, HASH), `sk` (S, RANGE)
    kinds      settings/org · user/<user id> · watermark/updated|deleted · success/<direction> · parked/<task id>
    stream     NEW_IMAGE. The poll is woken for a first sync by
               `{"dynamodb": {"NewImage": {"first_sync_due": {"BOOL": [true]}}}}`: requested, and its tasks not listed yet.
    TTL        `expires` (N, epoch seconds)
"""
