"""Whose token it is (C7)."""

from __future__ import annotations

import pytest

from reminders.core.identity import Identity, identity

ORG, USER = "00D5g000004XyzAEAS", "0055g00000AbcdeAAB"


@pytest.mark.parametrize("host", ["login.salesforce.com", "test.salesforce.com", "example.my.salesforce.com"])
def test_the_subject_names_org_and_user(host: str) -> None:
    """C7: the host differs by where somebody signed in; org and user do not."""
    assert identity(f"https://{host}/id/{ORG}/{USER}") == Identity(ORG, USER)


@pytest.mark.parametrize(
    "subject",
    [
        None,
        "",
        USER,
        f"http://login.salesforce.com/id/{ORG}/{USER}",
        f"https://login.salesforce.com/id/{ORG}/{USER}/",
        f"https://login.salesforce.com/id/{ORG}/{ORG}",
        f"https://evil.example/x/id/{ORG}/{USER}",
        f"https://login.salesforce.com/id/{ORG[:15]}/{USER}",
        f"https://login.salesforce.com/id/{ORG}/{USER}\n",
    ],
)
def test_anything_else_is_nobody(subject: object) -> None:
    """C7: a subject that is nearly right would let somebody in as somebody."""
    assert identity(subject) is None
