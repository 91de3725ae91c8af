"""Everything that a line of history can say (C2), in English. Pure.

A line keeps the sentence and the values of its `{names}` apart, so that the page can say it in the reader's language. What a name
stands for tells how it is shown: `fields` and `field` are fields of a reminder, `what` fields or events, `owner` a user's id, `policy`
a conflict policy, `then` an instant; the others are shown as they are. A sentence that has once been stored is never reworded under
the same name: stored lines hold the old one, and it would stay English.
"""

from __future__ import annotations

from enum import StrEnum


class Said(StrEnum):
    """Sentences, by what they are about."""

    # --- what people did here
    CREATED = "Created here."
    CREATED_NOT_SYNCED = "Created here; not synced, because its assignee does not sync."
    EDITED = "Edited here: {fields}."
    DELETED_HERE = "Deleted here."
    DELETED_HERE_ONLY = "Deleted here; the task in Salesforce stays."
    RESTORED = "Restored here."
    SYNC_THIS_ONE = "“Sync this one” was chosen."
    RETRY = "“Retry” was chosen."
    IGNORE = "“Ignore” was chosen: {code}."
    TAKEN_BACK = "Taken back: {field}, lost at {then}."
    # --- what was merged
    IMPORTED = "Imported from Salesforce."
    IMPORTED_AGAIN = "Imported from Salesforce; its task belonged to the reminder {reminder} before."
    FORMER_TASK = "Its former task {task} came back in Salesforce; it is the reminder {reminder} now."
    CHANGED_THERE = "Changed in Salesforce: {fields}."
    OURS_KEPT = "Changed on both sides: {field}; the reminder's value was kept ({policy})."
    THEIRS_KEPT = "Changed on both sides: {field}; Salesforce's value was kept ({policy})."
    PERSON_STAYS = (
        "The person was not removed: the task has {people} people in Salesforce; remove the others there first."
    )
    LINKED = "Linked with its task, found by our id."
    LINKED_AGAIN = "Linked again with its task."
    NEW_TASK = "Its task is deleted: it gets a new one."
    # --- owners
    HANDED_OVER = "Handed over to {owner}, who does not sync."
    HANDED_ON = "Handed on to {owner}, who does not sync."
    CAME_BACK = "The task came back: {owner} owns it now."
    NOT_SENT = "Not sent, because the task was handed over."
    GIVEN_AWAY_FIRST = (
        "Handed over in Salesforce before the delete arrived there: the task stays, only the link is gone."
    )
    # --- what was sent
    CREATED_THERE = "Created in Salesforce."
    SENT = "Sent to Salesforce: {fields}."
    REPLACED = "Replaced in Salesforce: {field} “{old}”."
    REFUSED = "Salesforce refused it: {code}: {message}"
    IN_DOUBT = "The answer to our last write was lost. If somebody has set this in Salesforce since, ours replaces it."
    # --- deletes
    DELETED_THERE = "Deleted in Salesforce."
    DELETED_THERE_TOO = "Deleted in Salesforce as well."
    TASK_DELETED = "The task was deleted in Salesforce."
    DELETE_THERE_WINS = "The delete in Salesforce wins over this edit."
    DELETE_HERE_WINS = "The delete made here wins over this edit in Salesforce."
    UNDELETED = "The task was undeleted in Salesforce, so the reminder is back."
    UNDELETED_HELD = "The task was undeleted in Salesforce; its delete is held no more."
    HELD_THERE = "Deleted in Salesforce, and kept here: more was deleted within an hour than passes unasked. An administrator confirms or rejects it."
    HELD_HERE = "Deleted here, and kept in Salesforce: more was deleted within an hour than passes unasked. An administrator confirms or rejects it."
    CONFIRMED = "The held delete was confirmed by {by}."
    REJECTED_RESTORED = "The held delete was rejected by {by}: the reminder is restored, and its task stays."
    REJECTED_KEPT = "The held delete was rejected by {by}: the reminder stays here, not synced."
    # --- gone, and drift
    GONE = "The task is gone or no longer visible to the integration user. Choose what to do."
    READABLE_AGAIN = "The task can be read again."
    GONE_DELETED = "Deleted here; its task is gone or not visible, so nothing is deleted in Salesforce."
    GONE_CREATED = "“Create again” was chosen: it gets a new task."
    GONE_KEPT = "“Keep, not synced” was chosen: it stays here only."
    DRIFT = "The nightly sweep found this ({what}); no message and no poll had brought it."
