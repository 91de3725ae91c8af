"""The org as the functions see it: the same client, signed in with what is in the secret."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import requests

from infra.deploy.answers import Answers
from reminders.ports import Person
from reminders.salesforce.client import ADMIN_PERMISSION_SET, Credentials, SalesforceOrg
from reminders.salesforce.session import Session

USER_PERMISSION_SET = "Reminder_Sync_User"


@dataclass(frozen=True, slots=True)
class Organization:
    """What the org says of itself."""

    id: str
    name: str


class Org:
    """One org. It signs in when first asked; every method raises OrgUnavailable."""

    def __init__(self, credentials: Credentials) -> None:
        self._session = Session(credentials, requests.Session().get_adapter(credentials.url))
        self.tasks = SalesforceOrg(self._session, credentials)

    def organization(self) -> Organization:
        """Which org this is."""
        [row], _ = self._session.query("SELECT Id, Name FROM Organization")
        return Organization(row["Id"], row["Name"] or "")

    def holders(self, permission_set: str) -> dict[str, Person]:
        """The users who hold a permission set, by id."""
        rows, _ = self._session.query(
            f"SELECT AssigneeId FROM PermissionSetAssignment WHERE PermissionSet.Name = '{permission_set}'"  # noqa: S608 - a constant
        )
        return self.tasks.users([row["AssigneeId"] for row in rows])

    def people(self) -> tuple[dict[str, Person], dict[str, Person]]:
        """Who administers, and who may use it besides."""
        return self.holders(ADMIN_PERMISSION_SET), self.holders(USER_PERMISSION_SET)


def connect(answers: Answers, entries: Mapping[str, str]) -> Org:
    """Make the client with what the secret holds. Raises ValueError if that is not enough."""
    return Org(
        Credentials(
            url=answers.salesforce_url,
            consumer_key=entries["consumer_key"],
            consumer_secret=entries.get("consumer_secret"),
            username=entries.get("username"),
            private_key=entries.get("private_key"),
            audience=entries.get("audience", answers.audience),
            api_version=answers.more.get("SalesforceApiVersion", "66.0"),
        )
    )
