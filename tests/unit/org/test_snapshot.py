"""An org written down and read back is the same org: to its users, to a sync, and to its next id."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import requests
from unit.org.conftest import HOST

from infra.local.org import snapshot
from infra.local.org.adapter import OrgAdapter
from infra.local.org.clock import MovableClock
from infra.local.org.control import Control
from infra.local.org.errors import Refused
from infra.local.org.outbound import Policy, Sender
from infra.local.org.scenes import Automation, Refusal
from infra.local.org.state import User
from infra.local.org.wire import Request
from infra.local.org.world import Org, make_org

HOOK = "http://127.0.0.1:1/hook"


@pytest.fixture
def control(org: Org, clock: MovableClock) -> Control:
    """The org's control resource, with messages on."""
    return Control(org, clock, Sender(org.state, Policy(), org.base), HOOK)


def again(control: Control, file: Path) -> Control:
    """Write the org into a file, and read it into a process that has just started."""
    snapshot.write(control.dump(), file)
    clock = MovableClock(control.clock._base)
    fresh = make_org(now=clock.now, rng=control.org.state.rng.__class__(99))
    read = Control(fresh, clock, Sender(fresh.state, Policy(), fresh.base))
    read.load(snapshot.read(file))
    return read


def test_nothing_is_lost(control: Control, ann: User, bob: User, tmp_path: Path) -> None:
    """Ids, stamps, bin, purged tasks, late commits, waiting messages and switches are what they were; written twice it is one text."""
    org, clock = control.org, control.clock
    queue = org.add_queue("Inside Sales", {ann.id, bob.id})
    kept = org.create_task(ann.id, Subject="kept 😀", OwnerId=queue)
    gone = org.create_task(ann.id, Subject="in the bin")
    purged = org.create_task(bob.id, Subject="purged")
    clock.advance(90)
    org.delete_task(ann.id, gone)
    org.delete_task(bob.id, purged)
    org.state.store.purge("Task", purged)
    org.faults.add("late", seconds=600)
    org.update_task(ann.id, kept, Subject="not yet")
    org.faults.add("lost", match="POST", times=3)
    org.restrict(bob.id, "Description", readable=False)
    org.state.validations.append(Refusal("Subject", "party", "No parties."))
    org.state.automations.append(Automation("Subject", "urgent", "Priority", "High"))
    org.state.required.append("ActivityDate")
    org.state.locked.add(kept)
    org.state.storage = 5
    for message in control.sender.due():
        control.sender.settle(message, None)
    read = again(control, tmp_path / "org.json")

    assert json.dumps(read.dump()) == json.dumps(control.dump())
    assert (tmp_path / "org.json").stat().st_mode & 0o777 == 0o600
    assert read.org.organization_id == org.organization_id
    assert read.org.task(gone) == org.task(gone)
    assert read.org.task(kept)["Subject"] == "kept 😀"
    assert [row["Id"] for _, row in read.org.state.store.deleted("Task", 0, 1 << 40)] == [gone, purged]
    urgent = read.org.create_task(bob.id, Subject="urgent", ActivityDate="2026-12-01")
    assert urgent == org.create_task(bob.id, Subject="urgent", ActivityDate="2026-12-01")
    assert read.org.task(urgent)["Priority"] == "High"
    with pytest.raises(Refused, match="No parties"):
        read.org.create_task(bob.id, Subject="party", ActivityDate="2026-12-01")
    read.clock.advance(600)
    assert read.org.task(kept)["Subject"] == "not yet"
    (first, *_) = read.sender.queue
    assert (first.attempts, [task for _, task in first.notifications]) == (1, [kept, gone, purged])


def test_people_stay_signed_in(control: Control, org: Org, ann: User, tmp_path: Path) -> None:
    """Tokens, the app's secret and the budget outlive a restart, so nothing that is connected notices."""
    org.create_task(ann.id, Subject="mine")
    token, refresh = org.access_token(ann.id), org.refresh_token(ann.id)
    org.calls.spend(org.state.second(), 77)
    read = again(control, tmp_path / "org.json")
    session = requests.Session()
    session.mount("https://", OrgAdapter(read.org))
    headers = {"Authorization": f"Bearer {token}"}
    found = session.get(
        f"{HOST}/services/data/v66.0/query", params={"q": "SELECT Subject FROM Task"}, headers=headers, timeout=30
    )
    assert [row["Subject"] for row in found.json()["records"]] == ["mine"]
    assert found.headers["Sforce-Limit-Info"] == "api-usage=78/100000"
    form = {"grant_type": "refresh_token", "refresh_token": refresh, "client_id": org.consumer_key}
    assert session.post(f"{HOST}/services/oauth2/token", data=form, timeout=30).ok


def test_a_rule_written_as_code_cannot_be_written_down(control: Control, org: Org) -> None:
    """A dump that silently left a rule out would be another org."""
    org.state.validations.append(lambda _: None)
    with pytest.raises(TypeError, match="code"):
        control.dump()


@pytest.mark.parametrize("text", ['{"format": 0}', "{}"])
def test_what_is_no_state_is_refused(control: Control, org: Org, text: str) -> None:
    """The org that is there stays."""
    headers = {"content-type": "application/json"}
    answered = control.handle(
        Request(method="POST", path="/__control/load", headers=headers, body=text.encode(), loopback=True)
    )
    assert answered.status == 400
    assert control.org is org
