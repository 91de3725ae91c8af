"""What a refusal means and what to do about it, in plain words, for every code that Salesforce is known to send (C4). Pure.

A code that is not here is told honestly as unknown, with Salesforce's own words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

_WAIT = "Nothing: it is tried again by itself."
_SIGN_IN = "An administrator checks the external client app and the secret that Reminder Sync signs in with, then presses Retry."
_ACCESS = "An administrator gives the integration user access, then press Retry."
_SET_UP = "An administrator checks the set-up of Reminder Sync; nothing is wrong with the reminders themselves."
_REPORT = "Report it with the code to whoever runs Reminder Sync, then press Retry."


@dataclass(frozen=True, slots=True)
class Remedy:
    """What is happening, and what to do."""

    meaning: str
    remedy: str


REMEDIES: Final[Mapping[str, Remedy]] = MappingProxyType({
    # --- signing in
    "INVALID_SESSION_ID": Remedy("Salesforce ended the session and did not accept a new one.", _SIGN_IN),
    "INVALID_AUTH_HEADER": Remedy("Salesforce did not accept how Reminder Sync signed in.", _SIGN_IN),
    "INVALID_LOGIN": Remedy("Salesforce does not accept the integration user's sign-in.", _SIGN_IN),
    "INVALID_KEY": Remedy("The private key that Reminder Sync signs in with cannot be read.", "An administrator stores an RSA key in PEM form, without a passphrase, in the secret."),
    "API_DISABLED_FOR_ORG": Remedy("The org's edition has no API, or the integration user may not use it.", "An administrator gives the integration user the permission “API Enabled”."),
    "invalid_grant": Remedy("Salesforce refused the sign-in: the user is not approved for the app, was frozen, or the certificate does not fit.", _SIGN_IN),
    "invalid_client": Remedy("Salesforce does not know the app, or its secret is wrong.", _SIGN_IN),
    "invalid_client_id": Remedy("Salesforce does not know the consumer key. A new app needs up to ten minutes.", _SIGN_IN),
    "invalid_client_credentials": Remedy("The consumer secret is wrong.", _SIGN_IN),
    "invalid_app_access": Remedy("The integration user is not allowed to use the app.", "An administrator assigns the app to the user, by profile or permission set."),
    "invalid_assertion_type": Remedy("Salesforce does not accept the form of the sign-in.", _SIGN_IN),
    "invalid_request": Remedy("Salesforce finds something missing in the sign-in.", _SIGN_IN),
    "invalid_scope": Remedy("The app lacks a scope that Reminder Sync needs.", "An administrator adds the scopes “api” and “refresh_token” to the app."),
    "unauthorized_client": Remedy("The app may not sign in this way.", "An administrator turns the client credentials or JWT bearer flow on for the app."),
    "unsupported_grant_type": Remedy("The app or the org does not allow this way to sign in.", "An administrator turns the client credentials or JWT bearer flow on for the app."),
    "access_denied": Remedy("Salesforce denied the app access.", _SIGN_IN),
    "inactive_user": Remedy("The integration user is deactivated.", "An administrator activates the user, or names another one."),
    "inactive_org": Remedy("The Salesforce org is locked, closed or suspended.", "Ask Salesforce."),
    "rate_limit_exceeded": Remedy("Too many sign-ins in a short time.", _WAIT),
    "server_error": Remedy("Salesforce's sign-in has a fault of its own.", _WAIT),
    "temporarily_unavailable": Remedy("Salesforce's sign-in is overloaded.", _WAIT),
    # --- limits, maintenance, silence
    "REQUEST_LIMIT_EXCEEDED": Remedy("The org has used up its API calls of the last 24 hours, or too many run at once.", "Nothing: it goes on as soon as calls are free. If it happens often, other programs use too many, or the org needs more."),
    "API_BUDGET_SPENT": Remedy("Reminder Sync has used its share of the org's API calls, or the org as a whole has few left. Nothing is lost: edits and changes wait.", "Nothing: it goes on by itself, and the message says when. If it happens often, an administrator raises the share under Settings, finds out which other programs use the calls, or buys more."),
    "SERVER_UNAVAILABLE": Remedy("Salesforce is overloaded or under maintenance.", _WAIT),
    "INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE": Remedy("The org is read-only during Salesforce's maintenance.", _WAIT),
    "UNABLE_TO_LOCK_ROW": Remedy("Something else in the org holds the record at this moment.", _WAIT),
    "QUERY_TIMEOUT": Remedy("Salesforce took too long to answer.", _WAIT),
    "REQUEST_RUNNING_TOO_LONG": Remedy("Salesforce took too long to answer.", _WAIT),
    "INVALID_QUERY_LOCATOR": Remedy("A long answer expired before it was read to the end.", _WAIT),
    "UNKNOWN_EXCEPTION": Remedy("Salesforce had a fault of its own.", "Nothing: it is tried again by itself. If it stays, give Salesforce's support the number in the message."),
    "ALL_OR_NONE_OPERATION_ROLLED_BACK": Remedy("It was taken back together with others.", _WAIT),
    "PROCESSING_HALTED": Remedy("It was not looked at, because something before it failed.", _WAIT),
    "NOT_REACHED": Remedy("Salesforce could not be reached.", _WAIT),
    "NO_ANSWER": Remedy("The connection broke before Salesforce answered; whether it was done is looked up first.", _WAIT),
    "TIMEOUT": Remedy("Salesforce did not answer in time; whether it was done is looked up first.", _WAIT),
    "UNEXPECTED_ANSWER": Remedy("Salesforce's answer was not of the documented form; a proxy may have stepped in between.", _WAIT),
    "HTTP_500": Remedy("Salesforce had a fault of its own.", _WAIT),
    "HTTP_502": Remedy("A server before Salesforce did not get through.", _WAIT),
    "HTTP_503": Remedy("Salesforce is overloaded or under maintenance.", _WAIT),
    "HTTP_504": Remedy("A server before Salesforce got no answer in time.", _WAIT),
    # --- the record
    "FIELD_CUSTOM_VALIDATION_EXCEPTION": Remedy("A validation rule of your org refuses the task; the message says which.", "Change the reminder so that it fits the rule, or ask an administrator to change the rule. Then press Retry."),
    "REQUIRED_FIELD_MISSING": Remedy("Your org requires a field that Reminder Sync does not fill.", "Ask an administrator to make the field optional or give it a default, then press Retry."),
    "STRING_TOO_LONG": Remedy("A text is longer than your org allows.", "Shorten it; the edit is tried at once."),
    "NUMBER_OUTSIDE_VALID_RANGE": Remedy("A number is outside what the field can hold.", "Change the value; the edit is tried at once."),
    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST": Remedy("Your org has no such status or priority.", "An administrator chooses values that exist under Settings, then presses Retry."),
    "DUPLICATE_VALUE": Remedy("A task with this reminder's id is there already, and cannot be found or used.", "Look whether the task is in the recycle bin or hidden from the integration user, then press Retry."),
    "INVALID_CROSS_REFERENCE_KEY": Remedy("The assignee or the person does not exist any more, or cannot be used here.", "Choose another assignee or person; the edit is tried at once."),
    "INACTIVE_OWNER_OR_USER": Remedy("The assignee is deactivated in Salesforce.", "Assign the reminder to somebody who is active."),
    "OP_WITH_INVALID_USER_TYPE_EXCEPTION": Remedy("The assignee's kind of user cannot own tasks.", "Assign the reminder to somebody else."),
    "INSUFFICIENT_ACCESS_OR_READONLY": Remedy("The integration user may not change this task.", _ACCESS),
    "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY": Remedy("The integration user may not use the person or the assignee of this reminder.", _ACCESS),
    "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY": Remedy("An automation of your org (a flow or trigger) failed on the task; the message says where.", "Give the message to an administrator, who repairs the automation. Then press Retry."),
    "INVALID_FIELD_FOR_INSERT_UPDATE": Remedy("The integration user may not write one of the fields.", "An administrator makes the field editable for the integration user, then presses Retry."),
    "INVALID_FIELD": Remedy("A field does not exist in your org, or the integration user may not see it.", "An administrator checks that Reminder_Id__c is there and visible to the integration user, then presses Retry."),
    "INVALID_TYPE": Remedy("The integration user may not see tasks at all.", _ACCESS),
    "DELETE_FAILED": Remedy("Something in your org keeps the task from being deleted.", "Give the message to an administrator, then press Retry."),
    "ENTITY_IS_LOCKED": Remedy("The task or its record is locked, by an approval for example.", "Wait until it is released, then press Retry."),
    "ENTITY_IS_DELETED": Remedy("Salesforce says that the task is deleted, and yet it comes back.", "Look at the task in Salesforce, then press Retry."),
    "ENTITY_IS_ARCHIVED": Remedy("The task is archived, and Salesforce does not let it be changed.", "Look at the task in Salesforce, then press Retry."),
    "STORAGE_LIMIT_EXCEEDED": Remedy("The org's data storage is full.", "An administrator frees or buys storage. Then press Retry."),
    "MALFORMED_ID": Remedy("Salesforce does not accept one of the ids.", "Choose the assignee and the person again; the edit is tried at once."),
    "JSON_PARSER_ERROR": Remedy("Salesforce could not read a value of this reminder.", "Look for unusual characters or dates and change them; the edit is tried at once."),
    "TASK_NOT_VISIBLE": Remedy("The task is gone, or the integration user cannot see it any more. That is not taken for a delete.", "An administrator gives the integration user “View All Data”; or choose: delete the reminder here, create its task again, or keep it here only."),
    "KEEPS_CHANGING": Remedy("The task keeps changing without anyone editing the reminder; an automation in your org may be rewriting it.", "Have an administrator look for the automation; then edit the reminder or press Retry."),
    "MASS_DELETE_HELD": Remedy("Unusually much was deleted within an hour, so the rest of it is held: nothing of it was carried over to the other side.", "An administrator looks at what is held, and confirms the deletes or rejects them. Nothing else lets them through."),
    "ENTITY_FAILED_IFLASTMODIFIED_ON_UPDATE": Remedy("The task was changed every time just before our change.", "Press Retry when it is quiet; an automation in your org may be rewriting it."),
    "ENTITY_FAILED_IFLASTMODIFIED_ON_UPDATE_CHECK": Remedy("The task was changed every time just before our change.", "Press Retry when it is quiet; an automation in your org may be rewriting it."),
    "HTTP_412": Remedy("The task was changed every time just before our change.", "Press Retry when it is quiet; an automation in your org may be rewriting it."),
    # --- the set-up
    "NO_VIEW_ALL_DATA": Remedy("The integration user cannot see every task.", "An administrator gives the integration user “View All Data”, then presses Retry."),
    "NO_MODIFY_ALL_DATA": Remedy("The integration user cannot change every task.", "An administrator gives the integration user “Modify All Data”, then presses Retry."),
    "NO_REMINDER_ID_FIELD": Remedy("The field that ties a task to its reminder is missing or hidden, so no task can be created.", "An administrator creates Reminder_Id__c as told in the set-up, or lets the integration user see it, then presses Retry."),
    "REMINDER_ID_FIELD_READ_ONLY": Remedy("The integration user may not write the field that ties a task to its reminder.", "An administrator makes Reminder_Id__c editable for the integration user, then presses Retry."),
    "REMINDER_ID_FIELD_NOT_UNIQUE": Remedy("The field that ties a task to its reminder does not keep tasks apart.", "An administrator marks Reminder_Id__c as external id and unique, then presses Retry."),
    "STATUS_NOT_IN_ORG": Remedy("A status that Reminder Sync writes does not exist in your org. Changes of the status wait; everything else is sent.", "An administrator chooses a status that exists under Settings, or adds it in Salesforce, then presses Retry. The message says which there are."),
    "PRIORITY_NOT_IN_ORG": Remedy("A priority that Reminder Sync writes does not exist in your org. Changes of the priority wait; everything else is sent.", "An administrator chooses a priority that exists under Settings, or adds it in Salesforce, then presses Retry. The message says which there are."),
    # --- ourselves
    "NOT_FOUND": Remedy("The address or the record does not exist, or is not shared with the integration user.", _SET_UP),
    "MALFORMED_QUERY": Remedy("Salesforce does not understand a question of ours.", _REPORT),
    "INVALID_REPLICATION_DATE": Remedy("The org no longer lists changes so far back.", "Nothing: everything is compared instead."),
    "EXCEEDED_ID_LIMIT": Remedy("Too much changed at once for one answer.", "Nothing: it is asked for in smaller parts."),
    "HTTP_401": Remedy("Salesforce did not accept how Reminder Sync signed in.", _SIGN_IN),
    "HTTP_403": Remedy("Salesforce refuses the integration user.", _ACCESS),
    "HTTP_404": Remedy("The address does not exist in this org.", _SET_UP),
    "HTTP_410": Remedy("Salesforce has retired this version of its API.", "An administrator deploys Reminder Sync with a newer API version."),
    "UNSUPPORTED_API_VERSION": Remedy("Salesforce has retired this version of its API.", "An administrator deploys Reminder Sync with a newer API version."),
    "FOREIGN_HOST": Remedy("Salesforce sent us to an address that is not Salesforce's.", _SET_UP),
    "TOO_MANY_PAGES": Remedy("An answer was longer than is read at once.", _REPORT),
})  # fmt: skip


def remedy(code: str) -> Remedy:
    """Look a code up. One that we do not know is said to be unknown, and Salesforce's words, shown beside it, must do."""
    unknown = Remedy(
        f"Salesforce refused this with a code that Reminder Sync does not know ({code}); its own words say more.",
        "Follow Salesforce's message or give it to an administrator, then press Retry.",
    )
    return REMEDIES.get(code, unknown)
