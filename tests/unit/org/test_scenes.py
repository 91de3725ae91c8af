"""What a person switches on by the page: every form's request does what it says, and is told until it is lifted."""

from __future__ import annotations

import json
from typing import Any

import pytest
from unit.org.conftest import Ask

from infra.local.org.clock import MovableClock
from infra.local.org.control import Control
from infra.local.org.outbound import Policy, Sender
from infra.local.org.state import User
from infra.local.org.wire import Request
from infra.local.org.world import Org


@pytest.fixture
def control(org: Org, clock: MovableClock) -> Control:
    """The org's control resource."""
    return Control(org, clock, Sender(org.state, Policy(), org.base))


def do(control: Control, method: str, name: str, status: int = 200, **body: object) -> Any:
    """Ask the control resource."""
    headers = {"content-type": "application/json"}
    request = Request(
        method=method, path=f"/__control/{name}", headers=headers, body=json.dumps(body).encode(), loopback=True
    )
    answered = control.handle(request)
    assert answered.status == status, answered.body
    return json.loads(answered.body)


def refusal(ask: Ask, subject: str, user: User | None = None) -> str:
    """The code of a refused create, or the empty text."""
    answered = ask("POST", "sobjects/Task", json={"Subject": subject}, user=user)
    return "" if answered.status_code == 201 else str(answered.json()[0]["errorCode"])


def test_rules_that_an_administrator_adds(control: Control, org: Org, ask: Ask) -> None:
    """Validation, automation, required field and restricted picklists hold from the switch on, and no longer than it."""
    do(control, "POST", "validation", field="Subject", contains="party", message="No parties.")
    do(control, "POST", "automation", field="Subject", contains="urgent", set="Priority", to="High")
    assert refusal(ask, "a party") == "FIELD_CUSTOM_VALIDATION_EXCEPTION"
    made = ask("POST", "sobjects/Task", json={"Subject": "urgent"}).json()["id"]
    assert org.task(made)["Priority"] == "High"
    do(control, "POST", "required", field="ActivityDate")
    assert refusal(ask, "no date") == "REQUIRED_FIELD_MISSING"
    told = do(control, "GET", "scenes")
    assert told["validation"] == [{"field": "Subject", "contains": "party", "message": "No parties."}]
    assert (told["required"], told["automation"][0]["to"]) == (["ActivityDate"], "High")
    for name in ("validation", "automation", "required"):
        do(control, "DELETE", name)
    assert refusal(ask, "an urgent party") == ""
    do(control, "POST", "picklists", restricted=True)
    unknown = ask("POST", "sobjects/Task", json={"Status": "Somehow"})
    assert unknown.json()[0]["errorCode"] == "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"


@pytest.mark.parametrize(
    ("name", "to", "stored"),
    [
        ("IsReminderSet", "true", True),
        ("ReminderDateTime", "2026-12-01T10:00:00Z", "2026-12-01T10:00:00.000+0000"),
        ("CallDurationInSeconds", "60", 60),
    ],
)
def test_an_automation_sets_a_value_of_the_fields_type(
    control: Control, ask: Ask, name: str, to: str, stored: object
) -> None:
    """Stored as the text of the form, a boolean would never be found by a query, and a moment could not be read at all."""
    do(control, "POST", "automation", field="Subject", contains="urgent", set=name, to=to)
    made = ask("POST", "sobjects/Task", json={"Subject": "urgent"}).json()["id"]
    assert control.org.task(made)[name] == stored


def test_a_rule_sees_a_field_as_the_api_writes_it(control: Control, ask: Ask) -> None:
    """A person who forbids reminders, or a day, types `true` and `2026-12-24`, not what lies in the store."""
    do(control, "POST", "validation", field="IsReminderSet", contains="true", message="None.")
    do(control, "POST", "validation", field="ReminderDateTime", contains="2026-12-24", message="None.")
    bodies: list[dict[str, object]] = [{"IsReminderSet": True}, {"ReminderDateTime": "2026-12-24T09:00:00Z"}, {}]
    assert [ask("POST", "sobjects/Task", json=body).status_code for body in bodies] == [400, 400, 201]


def test_records_rights_and_limits(control: Control, org: Org, ann: User, ask: Ask) -> None:
    """Lock, field permission, storage and API limit refuse with their own codes, and let go again."""
    made = org.create_task(ann.id, Subject="mine")
    do(control, "POST", "lock", id=made[:15])
    change = {"Subject": "theirs"}
    assert ask("PATCH", f"sobjects/Task/{made}", json=change, user=ann).json()[0]["errorCode"] == "ENTITY_IS_LOCKED"
    do(control, "POST", "unlock", id=made)
    do(control, "POST", "permission", user_id=ann.id, field="Subject", readable=True, editable=False)
    refused = ask("PATCH", f"sobjects/Task/{made}", json=change, user=ann)
    assert refused.json()[0]["errorCode"] == "INVALID_FIELD_FOR_INSERT_UPDATE"
    assert do(control, "GET", "scenes")["permission"] == [{"user": "Ann Lee", "field": "Subject", "right": "fixed"}]
    do(control, "POST", "storage", tasks=1)
    assert refusal(ask, "one too many") == "STORAGE_LIMIT_EXCEEDED"
    do(control, "POST", "storage", tasks=None)
    do(control, "POST", "limit", limit=100)
    do(control, "POST", "calls", spend=100)
    assert refusal(ask, "no call left") == "REQUEST_LIMIT_EXCEEDED"


def test_people_come_and_go(control: Control, org: Org, ann: User, ask: Ask) -> None:
    """An inactive user cannot call; after the switch back a new sign-in can. A converted lead becomes a contact."""
    lead = ask("POST", "sobjects/Lead", json={"LastName": "Brandt", "Company": "Northwind"}, user=ann).json()["id"]
    assert do(control, "POST", "convert", user_id=ann.id, id=lead)["contact"].startswith("003")
    do(control, "POST", "deactivate", user_id=ann.id)
    assert do(control, "GET", "scenes")["inactive"] == ["Ann Lee"]
    assert refusal(ask, "from outside", ann) == "INVALID_SESSION_ID"
    do(control, "POST", "reactivate", user_id=ann.id)
    assert org.state.user(ann.id).active
    do(control, "POST", "language", user_id=ann.id, language="sv")
    assert org.state.store.tables["User"][ann.id]["LanguageLocaleKey"] == "sv"


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("validation", {"field": "Nonsense", "contains": "", "message": ""}),
        ("automation", {"field": "Subject", "contains": "", "set": "IsClosed", "to": "true"}),
        ("automation", {"field": "Subject", "contains": "", "set": "ActivityDate", "to": "tomorrow"}),
        ("automation", {"field": "Subject", "contains": "", "set": "Description", "to": ""}),
        ("lock", {"id": "00T000000000000AAA"}),
        ("storage", {"tasks": "many"}),
        ("permission", {"user_id": "005000000000000AAA", "field": "Subject"}),
        ("faults", {"kind": "earthquake"}),
    ],
)
def test_what_makes_no_sense_is_refused(control: Control, name: str, body: dict[str, object]) -> None:
    """A slip in a form is an error on the page, not a rule that never matches."""
    assert "error" in str(do(control, "POST", name, 400, **body))
