"""`python -m infra.deploy`: the guided deploy, the doctor, the canary, and the way back (`make deploy`, `doctor`, `canary`, `destroy`)."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import httpx
import typer
from botocore.exceptions import WaiterError
from rich.console import Console

from infra.deploy import center, keys, steps
from infra.deploy.answers import ROOT, Answers, Folder, fault, release, with_more
from infra.deploy.canary import Canary, Died
from infra.deploy.cloud import KEPT, AwsFailed, Cloud
from infra.deploy.doctor import Check, Doctor
from infra.deploy.org import Org, connect
from reminders.ports import OrgUnavailable

FOLDER: Final = ROOT / ".deploy"
BUILT: Final = ROOT / ".aws-sam" / "build"
CONSUMER_KEY: Final = r"[A-Za-z0-9._]{20,}"

Stack = Annotated[str, typer.Option(help="Name of the CloudFormation stack: one per org.")]
Region = Annotated[str, typer.Option(envvar=["AWS_REGION", "AWS_DEFAULT_REGION"], help="AWS region.")]
Home = Annotated[Path, typer.Option(help="Folder that keeps the answers; no secret is in it.")]

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_show_locals=False)
console = Console(soft_wrap=True, highlight=False)


class Stop(Exception):
    """The guide cannot go on; the message says what to do. Running it again goes on from there."""


# --- the commands


@app.command()
def deploy(  # noqa: PLR0913 - every argument is an option of the command line
    *,
    stack: Stack = "reminder-sync",
    region: Region = "",
    folder: Home = FOLDER,
    salesforce_url: Annotated[str, typer.Option(help="My Domain address of the org.")] = "",
    organization_id: Annotated[str, typer.Option(help="Id of the org, 18 characters.")] = "",
    username: Annotated[str, typer.Option(help="User name of the integration user.")] = "",
    contact: Annotated[str, typer.Option(help="E-mail address for the apps in Salesforce.")] = "",
    integration_key: Annotated[str, typer.Option(help="Consumer key of Reminder_Sync_Integration.")] = "",
    sign_in_key: Annotated[str, typer.Option(help="Consumer key of Reminder_Sync_Sign_In.")] = "",
    sandbox: Annotated[bool | None, typer.Option(help="Whether the org is a sandbox.")] = None,
    set_: Annotated[list[str], typer.Option("--set", help="Further parameter of template.yaml, Name=value.")] = [],  # noqa: B006 - typer's way
    ask_again: Annotated[bool, typer.Option(help="Ask for the consumer keys again.")] = False,
    canary_too: Annotated[
        bool, typer.Option("--canary/--no-canary", help="Whether a reminder goes there and back.")
    ] = True,
) -> None:
    """From nothing to a running service. Run it again at any time: it goes on where it stopped, and upgrades what is there."""
    answers, files = _known(folder, stack, region)
    given = {"salesforce_url": salesforce_url.rstrip("/"), "organization_id": organization_id, "username": username,
             "contact": contact, "integration_key": integration_key, "sign_in_key": sign_in_key}  # fmt: skip
    if ask_again:
        answers = replace(answers, integration_key="", sign_in_key="")
    answers = answers.told(given, sandbox=sandbox)
    try:
        answers = _asked(with_more(answers, set_))
    except ValueError as wrong:
        raise Stop(str(wrong)) from None
    files.save(answers)
    cloud = Cloud(answers.stack, answers.region)
    _title("Checks before anything is deployed")
    if not _shown(Doctor(answers, cloud).before()):
        raise Stop("Repair what is marked, then run `make deploy` again.")

    _title("Deploy to AWS")
    _sam(answers)
    answers = _certified(answers, cloud)
    files.save(answers)

    if not (answers.integration_key and answers.sign_in_key):
        certificate = files.write(answers, "certificate.pem", answers.certificate)
        script = files.write(
            answers, "salesforce.sh", steps.salesforce_script(answers, cloud.outputs(), str(certificate.resolve()))
        )
        _title("The Salesforce side")
        console.print(steps.by_hand(answers, str(script)), markup=False)
        answers = replace(
            answers,
            integration_key=answers.integration_key or _prompt("Consumer key of Reminder_Sync_Integration", CONSUMER_KEY),
            sign_in_key=answers.sign_in_key or _prompt("Consumer key of Reminder_Sync_Sign_In", CONSUMER_KEY),
        )  # fmt: skip
        files.save(answers)
        _sam(answers)  # now with the audience of the sign-in
    _store(answers, cloud)

    _title("Doctor")
    if not _shown(Doctor(answers, cloud).all()):
        raise Stop("Repair what is marked, then run `make deploy` or `make doctor` again.")
    if canary_too:
        _title("Canary")
        _fly(_canary(answers, cloud))
    console.print(f"\nIt runs: {cloud.outputs()['CommandCenter']}")


@app.command()
def doctor(*, stack: Stack = "reminder-sync", region: Region = "", folder: Home = FOLDER) -> None:
    """Check everything that must be true, and say what to do about what is not."""
    answers, _ = _known(folder, stack, region)
    if not _shown(Doctor(answers, Cloud(answers.stack, answers.region)).all()):
        raise Stop("Repair what is marked, from the top: what is below may follow from it.")
    console.print("All is well.")


@app.command()
def canary(
    *,
    stack: Stack = "reminder-sync",
    region: Region = "",
    folder: Home = FOLDER,
    local: Annotated[Path | None, typer.Option(help="Fly on a local stack instead: its stack.json.")] = None,
) -> None:
    """Send one reminder there and back, and clean up."""
    if local:
        _fly(_local_canary(json.loads(local.read_text(encoding="utf-8"))))
        return
    answers, _ = _known(folder, stack, region)
    _fly(_canary(answers, Cloud(answers.stack, answers.region)))


@app.command()
def destroy(
    *,
    stack: Stack = "reminder-sync",
    region: Region = "",
    folder: Home = FOLDER,
    data: Annotated[bool, typer.Option(help="Delete tables, queues and the Salesforce secret as well.")] = False,
    yes: Annotated[bool, typer.Option(help="Do not ask.")] = False,
) -> None:
    """Take the service away. People's data stays unless --data is given."""
    answers, files = _known(folder, stack, region)
    cloud = Cloud(answers.stack, answers.region)
    what = (
        "with all reminders and their histories, for good"
        if data
        else "and keep tables, dead letters and the Salesforce secret"
    )
    console.print(f"This deletes the stack {answers.stack} in {answers.region}, {what}.")
    if not yes and typer.prompt("Type the stack's name to go on", default="", show_default=False) != answers.stack:
        raise Stop("Nothing was deleted.")
    if cloud.status() is not None:
        answers = replace(answers, kept={**answers.kept, **cloud.resources(*KEPT)})
        files.save(answers)  # what the stack leaves is known from here only, once it is gone
        try:
            cloud.delete_stack()
        except WaiterError as error:
            raise Stop(
                f"CloudFormation could not delete the stack: {error}. Look at its events, then run it again."
            ) from None
        console.print(f"The stack {answers.stack} is gone.")
    if data:
        for name in cloud.delete_kept(answers.kept):
            console.print(f"{name} is deleted.")
        files.forget(answers)
    elif answers.kept:
        console.print(
            "Kept, unless the stack deleted it: " + ", ".join(f"{name} ({each})" for name, each in answers.kept.items())
        )
        console.print("`make destroy ARGS=--data` deletes that, too.")
    console.print(steps.removal(answers), markup=False)


# --- their parts


def _known(folder: Path, stack: str, region: str) -> tuple[Answers, Folder]:
    files = Folder(folder)
    try:
        answers = files.load(stack, region)
    except ValueError as wrong:
        raise Stop(str(wrong)) from None
    os.environ["AWS_DEFAULT_REGION"] = os.environ["AWS_REGION"] = answers.region
    return answers, files


def _asked(answers: Answers) -> Answers:
    """Ask for what the first half needs, each until it can be right. Raises ValueError for what was given and cannot be."""

    def wanted(parameter: str, question: str, known: str) -> str:
        if known:
            if wrong := fault(parameter, known):
                raise ValueError(wrong)
            return known
        while wrong := fault(parameter, value := str(typer.prompt(question)).strip().rstrip("/")):
            console.print(wrong, style="red", markup=False)
        return value

    url = wanted(
        "SalesforceUrl",
        "Address of the Salesforce org (My Domain, https://….my.salesforce.com)",
        answers.salesforce_url,
    )
    org = wanted(
        "OrganizationId", "Organization id (Setup, Company Information; 18 characters)", answers.organization_id
    )
    return replace(
        answers,
        salesforce_url=url,
        organization_id=org,
        username=answers.username or _prompt("User name of the integration user", r"\S+@\S+"),
        contact=answers.contact or _prompt("E-mail address that the apps in Salesforce name as contact", r"\S+@\S+"),
    )


def _prompt(question: str, pattern: str) -> str:
    while not re.fullmatch(pattern, value := str(typer.prompt(question)).strip()):
        console.print(f"{value!r} cannot be it.", style="red", markup=False)
    return value


def _sam(answers: Answers) -> None:
    """Deploy what `make build` built; a stack that is as it should be is left as it is."""
    parameters = {name: value for name, value in answers.parameters().items() if value}
    parameters["Release"] = release(BUILT, parameters)
    command = [
        *shlex.split(os.environ.get("SAM", "sam")),
        "deploy",
        "--config-file",
        str(ROOT / "infra" / "samconfig.toml"),
        "--stack-name",
        answers.stack,
        "--region",
        answers.region,
        "--no-confirm-changeset",
        "--no-fail-on-empty-changeset",
        "--parameter-overrides",
        *(f"{name}={value}" for name, value in parameters.items()),
    ]
    ended = subprocess.run(command, cwd=ROOT, check=False).returncode
    if ended:
        raise Stop(
            f"`sam deploy` ended with {ended}: its last lines say why. Repair that, then run `make deploy` again."
        )


def _certified(answers: Answers, cloud: Cloud) -> Answers:
    """See to it that a private key is stored and its certificate known; the key goes from memory to Secrets Manager only."""
    try:
        entries = cloud.sign_in()
    except ValueError:
        entries = {}
    if not entries.get("private_key"):
        entries["private_key"] = keys.new_key()
        cloud.store_sign_in(entries)
    elif answers.certificate and keys.belong_together(entries["private_key"], answers.certificate):
        return answers
    return replace(answers, certificate=keys.certificate(entries["private_key"], answers.stack, datetime.now(UTC)))


def _store(answers: Answers, cloud: Cloud) -> None:
    """Complete the secret by what was answered, if it does not say so yet."""
    entries = cloud.sign_in()
    wanted = entries | {
        "consumer_key": answers.integration_key,
        "username": answers.username,
        "audience": answers.audience,
    }
    if wanted != entries:
        cloud.store_sign_in(wanted)


def _canary(answers: Answers, cloud: Cloud) -> Canary:
    outputs = cloud.outputs()
    org = connect(answers, cloud.sign_in())
    function = cloud.resources("AWS::Lambda::Function")["ApiFunction"]
    asked = center.by_invoking(cloud.client("lambda"), function, answers.organization_id, org.tasks.me())
    webhook = (
        "" if answers.more.get("WebhookDomain") else _webhook(cloud, outputs["Webhook"], outputs["WebhookSecretId"])
    )
    return Canary(asked, org.tasks, answers.organization_id, webhook)


def _webhook(cloud: Cloud, base: str, secret_id: str) -> str:
    """The whole address; of two while one replaces the other, the first."""
    secret = cloud.secret(secret_id)
    return base + secret.split()[0] if secret else ""


def _local_canary(stack: dict[str, object]) -> Canary:
    """The same on a local stack, as its administrator."""
    about = httpx.get(f"{stack['org']}/__control/stack", timeout=10).raise_for_status().json()
    answers = Answers(stack="local", region="", salesforce_url=str(stack["org"]))
    org: Org = connect(answers, {key: about[key] for key in ("consumer_key", "consumer_secret")})
    [user, *_] = [each for each in about["users"] if each["admin"]]
    return Canary(
        center.by_token(str(stack["command_center"]), user["id_token"]),
        org.tasks,
        about["org_id"],
        str(stack["webhook"]),
    )


def _fly(bird: Canary) -> None:
    try:
        with bird.center:
            for step in bird.fly():
                console.print(f"✓ {step.name} ({step.seconds:.1f} s)")
    except Died as reason:
        raise Stop(f"The canary died: {reason}") from None
    console.print("Cleaned up. It is in the recycle bins of both sides for 15 days.")


def _shown(checks: Iterable[Check]) -> bool:
    """Print checks as they come; tell whether none failed."""
    well = True
    for check in checks:
        sign = {True: "✓", False: "✗", None: "–"}[check.ok]
        console.print(f"{sign} {check.name}: {check.found}", markup=False)
        if check.advice:
            console.print(f"    {check.advice}", markup=False)
        well = well and check.ok is not False
    return well


def _title(text: str) -> None:
    console.print(f"\n{text}", style="bold")


def run(command: Callable[[], None] = app) -> None:
    """Run the program: what was foreseen ends with its words, not with a traceback."""
    try:
        command()
    except Stop as reason:
        console.print(str(reason), style="red", markup=False)
        sys.exit(1)
    except OrgUnavailable as stop:
        console.print(f"Salesforce: {stop.failure.code}: {stop.failure.message}", style="red", markup=False)
        sys.exit(1)
    except AwsFailed as error:
        console.print(f"AWS: {error}", style="red", markup=False)
        sys.exit(1)


if __name__ == "__main__":
    run()
