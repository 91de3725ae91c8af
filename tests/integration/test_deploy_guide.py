"""`make deploy`, `canary` and `destroy`, as one uses them: on a running local stack, with AWS's own services in moto.

What is in place of the real thing: SAM (`fakes/deployed.py` takes its arguments and makes the stack), and AWS Lambda, of which moto runs
none: the canary asks the local stack's API over HTTP here, and by invoking a function in `test_canary.py`.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from fakes import deployed
from local_stack import Running, running
from typer.testing import CliRunner

from infra.deploy import __main__ as guide
from infra.deploy import center, steps
from infra.deploy.answers import ROOT, Answers, fault, release
from infra.deploy.canary import Died
from infra.deploy.cloud import Cloud

pytestmark = pytest.mark.timeout(600)  # a whole stack starts, and a reminder goes there and back five times

FAKE_SAM = f"{sys.executable} {Path(deployed.__file__)}"

Json = dict[str, Any]


@pytest.fixture(scope="module")
def stack(dynamodb: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One local stack for this file, once its authorizer has got the org's keys: until then it refuses every token."""
    with running(tmp_path_factory.mktemp("stack")) as started:
        until = time.monotonic() + 60
        with guide._local_canary(started.document()).center as asked:
            while asked.get("/api/me").status_code != httpx.codes.OK and time.monotonic() < until:
                time.sleep(0.5)
        yield started


def control(document: Json, method: str, name: str, body: Json | None = None) -> Json:
    """Ask the org's control resource."""
    answer = httpx.request(method, f"{document['org']}/__control/{name}", json=body, timeout=30)
    found: Json = answer.raise_for_status().json()
    return found


def left_behind(document: Json) -> list[str]:
    """Living canaries: tasks in the org, open or completed reminders of the administrator's."""
    tasks = [each["Subject"] for each in control(document, "GET", "state")["tasks"] if not each["IsDeleted"]]
    [admin, *_] = [each for each in control(document, "GET", "stack")["users"] if each["admin"]]
    with center.by_token(document["command_center"], admin["id_token"]) as asked:
        for view in ("open", "completed"):
            tasks += [each["name"] for each in asked.get(f"/api/reminders?view={view}").json()["items"]]
    return [each for each in tasks if str(each).startswith("Reminder Sync canary")]


def fly(document: Json, address: str = "") -> None:
    """Send a canary as `make canary ARGS="--local …"` does; `address` is another one of the webhook's."""
    bird = guide._local_canary(document)
    bird.webhook = address or bird.webhook
    with bird.center:
        list(bird.fly())


def test_a_canary_goes_there_and_back_and_leaves_nothing(stack: Running) -> None:
    """What a person would try first, within seconds, and nothing of it on either list; the switch stands where it stood."""
    result = CliRunner().invoke(guide.app, ["canary", "--local", str(stack.folder / "stack.json")])
    assert result.exit_code == 0, result.output
    assert re.findall(r"✓ (a reminder made here|completed there|deleted here)", result.output) == [
        "a reminder made here",
        "completed there",
        "deleted here",
    ]
    assert "by the webhook" in result.output
    assert left_behind(stack.document()) == []
    with guide._local_canary(stack.document()).center as asked:
        assert asked.get("/api/settings").json()["sync"] == "Do not sync to Salesforce tasks"


def test_a_refused_canary_says_why_and_is_cleaned_up(stack: Running) -> None:
    """A validation rule of the org is the most likely reason; Salesforce's words are what helps."""
    document = stack.document()
    control(document, "POST", "validation", {"field": "Subject", "contains": "canary", "message": "No birds here"})
    try:
        with pytest.raises(Died, match="No birds here"):
            fly(document)
    finally:
        control(document, "DELETE", "validation")
    assert left_behind(document) == []


def test_a_webhook_that_is_not_ours_kills_the_canary_without_telling_its_address(stack: Running) -> None:
    """A secret that the function does not have: edits in Salesforce would arrive with the poll only, and nobody would know."""
    document = stack.document()
    with pytest.raises(Died, match="the webhook answers 404") as caught:
        fly(document, f"{document['webhook']}-old")
    assert document["webhook"] not in str(caught.value)
    assert left_behind(document) == []


def _tables_of_ours() -> list[str]:
    """Give the stack's tables; other tests may have tables of their own in the same process."""
    tables = boto3.client("dynamodb", region_name=deployed.REGION).list_tables()["TableNames"]
    return [each for each in tables if each.startswith(deployed.STACK)]


def test_from_nothing_to_a_canary_and_back_to_nothing(
    stack: Running, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The whole guide: it asks, checks, deploys, makes the key, tells the Salesforce side, stops where a key is wrong, and resumes.

    Run again it asks nothing and changes nothing; destroyed, data stays until it is told otherwise. No secret is on disk or on screen.
    """
    document = stack.document()
    org = control(document, "GET", "connection")
    files, home = (
        tmp_path / "answers",
        ["--stack", deployed.STACK, "--region", deployed.REGION, "--folder", str(tmp_path / "answers")],
    )
    printed: list[str] = []

    def told(*arguments: str, lines: tuple[str, ...] = ()) -> tuple[int, str]:
        result = CliRunner().invoke(guide.app, [*arguments, *home], input="".join(f"{line}\n" for line in lines))
        output = result.output + (f"\n{result.exception}" if result.exception else "")
        printed.append(output)
        return result.exit_code, output

    with deployed.aws(monkeypatch):
        monkeypatch.setenv(deployed.CENTER, f"{document['command_center']}/")
        base, _, secret = document["webhook"].rpartition("/")
        monkeypatch.setenv(deployed.WEBHOOK, f"{base}/")
        monkeypatch.setenv(deployed.ADDRESS, secret)
        monkeypatch.setenv("SAM", FAKE_SAM)
        monkeypatch.setattr(guide, "_canary", lambda *_: guide._local_canary(document))
        cloud = Cloud(deployed.STACK, deployed.REGION)

        # First run: asked, deployed, and then the app in Salesforce has not got the certificate yet.
        answers = ("not an address", document["org"], document["org_id"], org["username"], "ops@example.com")
        code, output = told("deploy", lines=(*answers, org["consumer_key"], "3MVG9.sign.in.of.another.app"))
        assert code == 1, output
        assert "no SalesforceUrl" in output
        assert f"sh {files / f'{deployed.STACK}-salesforce.sh'}" in output
        assert "✗ Sign-in as the integration user" in output
        assert "another certificate" in output
        assert cloud.outputs()["Audience"] == "3MVG9.sign.in.of.another.app"  # deployed again once it was known

        # The person deploys the certificate to the org, and runs it again: nothing is asked any more, and the key is the same.
        key = cloud.sign_in()["private_key"]
        certificate = files / f"{deployed.STACK}-certificate.pem"
        control(document, "POST", "key", {"public_key": certificate.read_text()})
        code, output = told("deploy")
        assert code == 0, output
        assert "✓ deleted here, it is deleted there" in output
        assert cloud.sign_in() == {
            "private_key": key,
            "consumer_key": org["consumer_key"],
            "username": org["username"],
            "audience": "https://login.salesforce.com",
        }
        before = {file.name: file.read_bytes() for file in files.iterdir()}
        assert told("deploy", "--no-canary")[0] == 0
        assert told("doctor")[0] == 0
        assert {file.name: file.read_bytes() for file in files.iterdir()} == before

        # Away with it: not without the name; the data stays; then it goes, too.
        assert told("destroy", lines=("yes",))[0] == 1
        assert cloud.status() == "UPDATE_COMPLETE"
        code, output = told("destroy", lines=(deployed.STACK,))
        assert code == 0, output
        assert "RemindersTable" in output
        assert "sf project delete source" in output
        assert cloud.status() in {None, "DELETE_COMPLETE"}
        assert _tables_of_ours()
        code, output = told("destroy", "--data", "--yes")
        assert code == 0, output
        assert "RemindersTable is deleted" in output
        assert (_tables_of_ours(), list(files.iterdir())) == ([], [])

    everything = "".join(printed) + "".join(content.decode() for content in before.values())
    for hidden in (key, key.splitlines()[1], secret):
        assert hidden not in everything


def test_a_release_is_another_one_where_code_or_a_parameter_is(tmp_path: Path) -> None:
    """The functions behind an alias keep their old version, with old settings, as long as this stays the same."""
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "api.py").write_text("1")
    first = release(tmp_path, {"SignInAudience": "not-yet"})
    assert release(tmp_path, {"SignInAudience": "not-yet"}) == first
    assert fault("Release", first) is None
    seen = {first, release(tmp_path, {"SignInAudience": "3MVG9"})}
    (tmp_path / "a" / "api.py").write_text("2")
    seen.add(release(tmp_path, {"SignInAudience": "not-yet"}))
    (tmp_path / "a").rename(tmp_path / "b")
    seen.add(release(tmp_path, {"SignInAudience": "not-yet"}))
    assert len(seen) == 4


def test_what_is_written_for_the_salesforce_side_runs_and_fills_in_every_value(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The script is run with `sf` and `aws` replaced by programs that note what they are given: every variable has its value."""
    programs, noted = tmp_path / "bin", tmp_path / "noted"
    programs.mkdir()
    (programs / "sf").write_text(
        f'#!/bin/sh\necho "$@" >> {noted}\nenv | grep ^REMINDER_SYNC_ >> {noted}\n'
        'case "$*" in *"data query"*) printf "Id\\n0PS000000000001AAA\\n";; esac\n'
    )
    (programs / "aws").write_text("#!/bin/sh\necho 'new-secret old-secret'\n")
    for each in programs.iterdir():
        each.chmod(0o755)
    certificate = tmp_path / "it's a certificate.pem"
    certificate.write_text("-----BEGIN CERTIFICATE-----")
    answers = Answers(stack="s", region="eu-central-1", username="sync'er@example.com", contact="ops@example.com")
    outputs = {
        "CommandCenter": "https://center.example/",
        "Webhook": "https://hooks.example/hooks/",
        "WebhookSecretId": "arn:secret",
        "EventBusArn": "arn:aws:events:eu-central-1:123456789012:event-bus/x",
    }
    script = tmp_path / "salesforce.sh"
    script.write_text(steps.salesforce_script(answers, outputs, str(certificate)))
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    subprocess.run(["/bin/sh", str(script), "my-org"], cwd=ROOT, check=True)  # noqa: S603
    text = noted.read_text()
    assert re.findall(r"--source-dir (\w+)", text) == ["org", "apps", "webhook"]
    last = text[text.rindex("--source-dir webhook") :]
    declared = json.loads((ROOT / "infra/salesforce/sfdx-project.json").read_text())["replacements"]
    values = dict(re.findall(r"^(REMINDER_SYNC_\w+)=(.*)$", last, re.MULTILINE))
    assert values.keys() == {each["replaceWithEnv"] for each in declared}
    assert values == {
        "REMINDER_SYNC_CONTACT": "ops@example.com",
        "REMINDER_SYNC_CALLBACK": "https://center.example/auth/callback",
        "REMINDER_SYNC_INTEGRATION_USER": "sync'er@example.com",
        "REMINDER_SYNC_AWS": "arn:aws:eu-central-1:123456789012",
        "REMINDER_SYNC_CERTIFICATE": "-----BEGIN CERTIFICATE-----",
        "REMINDER_SYNC_WEBHOOK": "https://hooks.example/hooks/new-secret",
        "REMINDER_SYNC_INTEGRATION_SET": "0PS000000000001AAA",
        "REMINDER_SYNC_USER_SETS": "0PS000000000001AAA,0PS000000000001AAA",
    }
