"""What is deployed into the customer's org: every element of it is known to Salesforce, and says what the rules need."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import pytest

from infra.local.org.apps import SIGN_IN_ID_TOKEN
from infra.local.org.schema import EXTERNAL_ID
from infra.salesforce.metadata import FOLDER, NAMESPACE, SUFFIX, components, faults, known, root
from reminders.salesforce.client import ADMIN_PERMISSION_SET
from reminders.signin.cookies import SESSION_SECONDS

PROJECT = json.loads((FOLDER / "sfdx-project.json").read_text())


def text(element: Element, *path: str) -> str:
    """The text of a descendant that must be there."""
    found = element.findtext("/".join(NAMESPACE + name for name in path))
    assert found is not None, path
    return found


def every(element: Element, name: str) -> list[Element]:
    """The children of this name."""
    return element.findall(NAMESPACE + name)


@pytest.mark.parametrize("path", components(), ids=lambda path: path.name.removesuffix(SUFFIX))
def test_every_element_is_one_of_its_type(path: Path) -> None:
    """An org refuses what it does not know, and the CLI says nothing before."""
    assert list(faults(path)) == []


def test_every_listed_type_is_used_and_named_with_its_source() -> None:
    """A list that nobody uses is not kept right."""
    used = {root(path).tag.removeprefix(NAMESPACE) for path in components()}
    assert used == set(known()["files"])
    assert all({"folder", "suffix", "page"} == set(place) for place in known()["files"].values())


FIELD = "org/objects/Activity/fields/Reminder_Id__c.field-meta.xml"
FLOW = "webhook/flows/Reminder_Sync_Task_Changed.flow-meta.xml"
RELAY = "relay/eventRelays/Reminder_Sync.eventRelay-meta.xml"


@pytest.mark.parametrize(
    ("path", "change", "fault"),
    [
        (FIELD, lambda xml: xml.replace("unique>", "uniqueValue>"), "CustomField.uniqueValue is no element that is known"),
        (FIELD, lambda xml: xml.replace("<length>64", "<length>64 characters"), "CustomField.length is '64 characters', no"),
        (FIELD, lambda xml: xml.replace("<unique>true", "<unique>yes"), "CustomField.unique is 'yes', no boolean"),
        (FIELD, lambda xml: re.sub("<type>.*</type>", "", xml), "CustomField.type is missing"),
        (FIELD, lambda xml: xml.replace("<type>Text", "<type>String"), "CustomField.type is 'String', none of"),
        (FIELD, lambda xml: xml.replace("2006/04/metadata", "2006/05/metadata"), "is no metadata type that is known"),
        (FLOW, lambda xml: xml.replace("targetReference", "target"), "Flow.start.connector.targetReference is missing"),
        (FLOW, lambda xml: xml.replace("<status>Active", "<status>On"), "Flow.status is 'On', none of"),
        (FLOW, lambda xml: xml.replace("<status>", "<status>Draft</status><status>"), "Flow.status is there 2 times"),
        (RELAY, lambda xml: xml.replace("<state>STOP", "<state><x>STOP</x>"), "EventRelayConfig.state holds elements"),
    ],
)  # fmt: skip
def test_a_planted_fault_is_found(tmp_path: Path, path: str, change: Callable[[str], str], fault: str) -> None:
    """Invented elements, wrong types, missing required elements: else the test above could not fail."""
    original = FOLDER / path
    planted = tmp_path / original.parent.name / original.name
    planted.parent.mkdir()
    planted.write_text(change(original.read_text()))
    assert any(fault in each for each in faults(planted)), list(faults(planted))


def test_a_file_in_the_wrong_folder_is_found(tmp_path: Path) -> None:
    """The CLI overlooks it in silence."""
    planted = tmp_path / "Reminder_Id__c.field-meta.xml"
    planted.write_text((FOLDER / FIELD).read_text())
    assert list(faults(planted)) == [f"{planted.name}: a CustomField is a file fields/*.field-meta.xml"]


def test_the_field_is_the_unique_external_id_that_the_sync_writes() -> None:
    """O2: without uniqueness a repeated create makes a second task."""
    field = root(FOLDER / FIELD)
    assert text(field, "fullName") == EXTERNAL_ID
    assert [text(field, name) for name in ("type", "unique", "externalId", "required")] == ["Text", "true", "true", "false"]  # fmt: skip
    assert int(text(field, "length")) >= len("00000000-0000-0000-0000-000000000000-9999999")


def test_only_the_integration_user_is_given_the_field_and_its_powers() -> None:
    """I6, I3: a task cloned by a salesperson must not carry the id; the integration user must see and write everything."""
    sets = {path.name.removesuffix(f".permissionset{SUFFIX}"): root(path) for path in FOLDER.glob("org/permissionsets/*")}  # fmt: skip
    assert set(sets) == {"Reminder_Sync_Integration", "Reminder_Sync_User", ADMIN_PERMISSION_SET}
    integration = sets.pop("Reminder_Sync_Integration")
    granted = {text(each, "field"): text(each, "editable") for each in every(integration, "fieldPermissions")}
    assert granted == {f"Task.{EXTERNAL_ID}": "true", f"Event.{EXTERNAL_ID}": "true"}
    powers = {text(each, "name") for each in every(integration, "userPermissions")}
    assert powers == {"ApiEnabled", "EditTask", "ModifyAllData", "ViewAllData", "ViewSetup"}
    for other in sets.values():
        assert not every(other, "fieldPermissions")
        assert not every(other, "userPermissions")


def test_the_flow_sends_the_message_of_ids_and_stamps_for_every_changed_task() -> None:
    """I2: no value of a task leaves the org in a message; a message that no flow sends tells nothing."""
    flow, workflow = root(FOLDER / FLOW), root(FOLDER / "webhook/workflows/Task.workflow-meta.xml")
    [message] = every(workflow, "outboundMessages")
    assert {each.text for each in every(message, "fields")} == {
        "Id",
        "CreatedDate",
        "LastModifiedDate",
        "SystemModstamp",
    }
    assert text(message, "includeSessionId") == "false"
    assert text(message, "endpointUrl").startswith("https://")
    assert text(flow, "actionCalls", "actionName") == f"Task.{text(message, 'fullName')}"
    assert text(flow, "start", "connector", "targetReference") == text(flow, "actionCalls", "name")
    assert [text(flow, "start", name) for name in ("object", "recordTriggerType", "triggerType")] == ["Task", "CreateAndUpdate", "RecordAfterSave"]  # fmt: skip


def test_each_app_signs_in_whom_it_is_for() -> None:
    """C7, Never: the key that the functions hold must not open anybody else's account, so there are two apps."""
    apps = {text(each, "label"): each for each in map(root, FOLDER.glob("apps/extlClntAppGlobalOauthSets/*"))}
    integration, people = apps["Reminder Sync Integration"], apps["Reminder Sync Sign-In"]
    assert every(integration, "certificate")
    assert not every(people, "certificate")
    assert all(text(app, "isPkceRequired") == "true" for app in apps.values())
    public = {
        "isConsumerSecretOptional": "true",
        "isSecretRequiredForRefreshToken": "false",
        "isRefreshTokenRotationEnabled": "true",
    }
    assert {
        name: text(people, name) for name in public
    } == public  # what the sign-in counts on: no secret, each token once
    assert float(text(people, "idTokenConfig", "idTokenValidityInMinutes")) == SIGN_IN_ID_TOKEN
    [policy] = [
        each
        for each in map(root, FOLDER.glob("apps/extlClntAppOauthPolicies/*"))
        if text(each, "label") == "Reminder Sync Sign-In"
    ]
    assert (int(text(policy, "refreshTokenValidityPeriod")), text(policy, "refreshTokenValidityUnit")) == (
        SESSION_SECONDS / 86_400,
        "Days",
    )
    scopes = {text(each, "label"): text(each, "commaSeparatedOauthScopes") for each in map(root, FOLDER.glob("apps/extlClntAppOauthSettings/*"))}  # fmt: skip
    assert scopes == {"Reminder Sync Integration": "Api, RefreshToken", "Reminder Sync Sign-In": "OpenID, RefreshToken"}
    for policy in map(root, FOLDER.glob("apps/extlClntAppOauthPolicies/*")):
        assert text(policy, "permittedUsersPolicyType") == "AdminApprovedPreAuthorized"


def test_what_names_an_app_or_a_channel_names_one_that_is_there() -> None:
    """A reference into nothing is an error at deploy only."""
    apps = {path.name.removesuffix(f".eca{SUFFIX}") for path in FOLDER.glob("apps/externalClientApps/*")}
    named = {text(root(path), "externalClientApplication") for path in FOLDER.glob("apps/extl*/*")}
    assert named == apps
    channels = {path.name.removesuffix(f".platformEventChannel{SUFFIX}") for path in FOLDER.glob("relay/platformEventChannels/*")}  # fmt: skip
    relay, [member] = root(FOLDER / RELAY), list(map(root, FOLDER.glob("relay/platformEventChannelMembers/*")))
    assert {text(relay, "eventChannel"), text(member, "eventChannel")} == channels
    assert (FOLDER / f"relay/namedCredentials/{text(relay, 'destinationResourceName').removeprefix('callout:')}.namedCredential{SUFFIX}").exists()  # fmt: skip
    assert text(member, "selectedEntity") == "TaskChangeEvent"


def test_everything_that_differs_per_org_is_filled_in_at_deploy() -> None:
    """A made-up address or user that reached an org would send its messages astray."""
    replaced: dict[str, Any] = {}
    for each in PROJECT["replacements"]:
        assert each["stringToReplace"] in (FOLDER / each["filename"]).read_text(), each
        replaced.setdefault(each["filename"], []).append(each["stringToReplace"])
    for path in components():
        left = path.read_text()
        for made_up in replaced.get(str(path.relative_to(FOLDER)), ()):
            left = left.replace(made_up, "")
        assert not re.search(r"example\.com|123456789012|REMINDER_SYNC_", left), path
    assert all((FOLDER / each["path"]).is_dir() for each in PROJECT["packageDirectories"])
