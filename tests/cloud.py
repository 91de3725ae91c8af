"""The functions over an emulated AWS and an emulated org, where nothing runs by itself.

The tests play Lambda's event sources and schedules, so that every order of events can be had. The Command Center is asked over HTTP.
What the template declares is created either by moto's CloudFormation, from the transformed template, or as the local stack does it, with
tables in DynamoDB Local.
"""

from __future__ import annotations

import io
import json
import os
import re
import socket
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import httpx
import uvicorn
from fakes.aws_events import load as load_event
from moto.cloudformation.parsing import get_model_map
from permissions import VALUES

from infra import sam
from infra.local.deploy import Endpoints, deploy
from infra.local.gateway import Gateway
from infra.local.lambdas import Function
from infra.local.org.clock import MovableClock
from infra.local.org.world import machine_clock
from infra.local.queue_source import QueueSource
from infra.local.stream_source import StreamSource
from infra.local.template import ACCOUNT, REGION, Template, load
from infra.local.wiring import read

ROOT: Final = Path(__file__).resolve().parents[1]
STACK: Final = "reminder-sync-local"
"""As the template's reader of the local stack has it, so that both give the same names."""
BUCKET: Final = "artifacts"
ARTIFACT: Final = "functions.zip"
WEBHOOK_SECRET: Final = "unguessable"
ROUNDS: Final = 50
"""After which what does not come to rest never will."""

UNSUPPORTED: Final = {
    "AWS::ApiGatewayV2::Api": "moto has HTTP APIs, but not in CloudFormation; the local gateway serves the routes of the template",
    "AWS::ApiGatewayV2::Stage": "the same",
    "AWS::Lambda::Alias": "moto has aliases, but not in CloudFormation; what names one is given its function",
    "AWS::CloudWatch::Alarm": "moto has alarms, but not in CloudFormation; tests/unit/infra/test_alarms.py drives each",
    "AWS::Lambda::EventInvokeConfig": "moto has them, but not in CloudFormation; the local stack keeps to the retries",
    "AWS::SQS::QueuePolicy": "moto has queue policies, but not in CloudFormation; nothing is forbidden there anyway",
    "AWS::SecretsManager::Secret": "moto has secrets, but not in CloudFormation; they are created beside the stack",
}
"""Resource types that moto's CloudFormation leaves out, and why that is bearable."""

UNSUPPORTED_HERE: Final = {
    "RelayRule": "moto looks for a rule's bus by what follows the last slash, and a partner's bus has slashes in its name",
}
"""Single resources of a type that it knows, and why they are left out."""


_NEVER: Final = threading.Event()


@dataclass
class Cloud:
    """The functions and what feeds them; `calls` is where they record what they ask of AWS."""

    template: Template
    endpoints: Endpoints
    org: str
    calls: Path
    clock: MovableClock
    functions: dict[str, Function] = field(default_factory=dict)
    streams: list[StreamSource] = field(default_factory=list)
    queues: list[QueueSource] = field(default_factory=list)
    center: str = ""

    def client(self, service: str) -> Any:
        """A client of this AWS."""
        return self.endpoints.client(service)

    def logical(self, physical: str) -> str:
        """The logical name of a resource, by what its `Ref` gives."""
        [found] = {name for (name, attribute), value in self.template.attributes.items() if (attribute, value) == ("Ref", physical)}  # fmt: skip
        return found

    def invoke(self, function: str, event: Mapping[str, Any]) -> Any:
        """Hand an event to a function. Raises FunctionError."""
        return self.functions[function].invoke(event)

    def poll(self) -> None:
        """Poll, whatever the interval."""
        self.invoke("PollFunction", {**load_event("poll_schedule"), "detail": {"at_once": True}})

    def push(self) -> None:
        """Push what waits, as the schedule does."""
        self.invoke("PushFunction", load_event("push_schedule"))

    def settle(self) -> None:
        """Deliver what is on the streams and on the queue until nothing moves any more."""
        for _ in range(ROUNDS):
            moved = [stream.step(_NEVER) for stream in self.streams]
            if not any(moved) and not self.pull():
                return
        raise AssertionError(f"still moving after {ROUNDS} rounds")

    def pull(self) -> bool:
        """Deliver what is on the queue, once; whether there was anything."""
        for queue in self.queues:
            if batch := queue.collect(_NEVER):
                queue.deliver(batch)
                return True
        return False

    def listen(self) -> Callable[[], list[dict[str, Any]]]:
        """Have a rule of our own on the bus; what comes back tells what was sent there since, oldest first."""
        queues, events = self.client("sqs"), self.client("events")
        url = queues.create_queue(QueueName="heard")["QueueUrl"]
        arn = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        bus = self.template.attributes["EventBus", "Ref"]
        events.put_rule(Name="heard", EventBusName=bus, EventPattern=json.dumps({"account": [ACCOUNT]}))
        events.put_targets(Rule="heard", EventBusName=bus, Targets=[{"Id": "heard", "Arn": arn}])

        def heard() -> list[dict[str, Any]]:
            found = queues.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
            return [json.loads(message["Body"]) for message in found]

        return heard

    def later(self, seconds: int) -> None:
        """Let time pass, for the functions and in the org."""
        moved = httpx.post(f"{self.org}/__control/clock", json={"advance": seconds}, timeout=60).raise_for_status()
        self.clock.advance(moved.json()["ahead"] - self.clock.ahead)

    def document(self) -> dict[str, Any]:
        """What the story's people need to know of a stack."""
        return {"command_center": self.center, "org": self.org}


@contextmanager
def emulated_org() -> Iterator[tuple[str, dict[str, Any]]]:
    """An emulated org with a few tasks: its address, and what it tells about itself."""
    with _program("infra.local.org", "--port", "0", "--tasks", "6") as said:
        address = said.partition(" on ")[2].partition(" ")[0]
        yield address, httpx.get(f"{address}/__control/stack", timeout=60).raise_for_status().json()


@contextmanager
def aws() -> Iterator[Endpoints]:
    """An AWS of moto's."""
    with _program("fakes.moto_process") as address:
        yield Endpoints(address, address)


@contextmanager
def _program(*command: str) -> Iterator[str]:
    """A program of ours as a process of its own, and the first line that it prints; what it logs is thrown away."""
    path = os.pathsep.join(str(ROOT / folder) for folder in ("functions", "", "tests"))
    process = subprocess.Popen(  # noqa: S603 - see above
        [sys.executable, "-m", *command],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout
    try:
        line = process.stdout.readline().strip()
        assert line, f"{command} did not start"
        yield line
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


@dataclass(frozen=True)
class Created:
    """What CloudFormation made of the plain template. `resources` are types and physical ids by logical name."""

    plain: Mapping[str, Any]
    resources: Mapping[str, tuple[str, str]]
    attributes: Mapping[tuple[str, str], str]


def create(endpoints: Endpoints, parameters: Mapping[str, str], secrets: Mapping[str, str]) -> Created:
    """Create the stack in moto's CloudFormation.

    What that does not know is taken out; secrets, which functions need, are created beside it.
    """
    plain = sam.transformed(ROOT / "template.yaml", f"s3://{BUCKET}/{ARTIFACT}", parameters)
    _upload(endpoints)
    endpoints.client("events").create_partner_event_source(Name=parameters["EventRelaySource"], Account=ACCOUNT)
    known = get_model_map()
    refs: dict[str, Any] = {
        name: name for name, one in plain["Resources"].items() if one["Type"] not in known or name in UNSUPPORTED_HERE
    }
    for name, one in plain["Resources"].items():
        if one["Type"] == "AWS::Lambda::Alias":
            refs[name] = one["Properties"]["FunctionName"]  # the function that it leads to
    for name, value in secrets.items():
        refs[name] = endpoints.client("secretsmanager").create_secret(Name=name, SecretString=value)["ARN"]
    buses = {name for name, one in plain["Resources"].items() if one["Type"] == "AWS::Events::EventBus"}
    left = {name: one for name, one in plain["Resources"].items() if name not in refs}
    formation = endpoints.client("cloudformation")
    formation.create_stack(
        StackName=STACK,
        TemplateBody=json.dumps(_fitted({**plain, "Resources": left}, refs, buses)),
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        Capabilities=["CAPABILITY_IAM"],
    )
    [stack] = formation.describe_stacks(StackName=STACK)["Stacks"]
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    created = {
        one["LogicalResourceId"]: (one["ResourceType"], one.get("PhysicalResourceId", ""))
        for one in formation.describe_stack_resources(StackName=STACK)["StackResources"]
    }
    attributes = _attributes(endpoints, plain, parameters, created, refs)
    return Created(plain, created, attributes)


def _upload(endpoints: Endpoints) -> None:
    """Put something where the artifact would be: moto looks whether it is there, and runs none of it."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        packed.write(ROOT / "functions" / "receive.py", "receive.py")
    storage = endpoints.client("s3")
    storage.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    storage.put_object(Bucket=BUCKET, Key=ARTIFACT, Body=archive.getvalue())


def _fitted(value: Any, refs: Mapping[str, Any], buses: set[str]) -> Any:
    """The template as moto can take it.

    A reference to what it does not create becomes that one's name; a `Ref` of an event bus, which moto answers with an object of its
    own, becomes the bus's attribute Name, which is the same on AWS.
    """
    if isinstance(value, list):
        return [_fitted(each, refs, buses) for each in value]
    if not isinstance(value, dict):
        return value
    if (name := value.get("Ref")) in refs:
        return refs[str(name)]
    if name in buses:
        return {"Fn::GetAtt": [name, "Name"]}
    if isinstance(asked := value.get("Fn::GetAtt"), list) and asked[0] in refs:
        return f"{asked[0]}.{asked[1]}"
    if isinstance(text := value.get("Fn::Sub"), str):
        return {
            "Fn::Sub": re.sub(
                r"\$\{(\w+)(\.\w+)?\}",
                lambda found: f"{refs[found[1]]}{found[2] or ''}" if found[1] in refs else found[0],
                text,
            )
        }
    without = {"DependsOn"} if set(_names(value.get("DependsOn", ()))) & set(refs) else set()
    return {key: _fitted(each, refs, buses) for key, each in value.items() if key not in without}


def _names(depends: Any) -> list[str]:
    return [depends] if isinstance(depends, str) else list(depends)


def _attributes(
    endpoints: Endpoints,
    plain: Mapping[str, Any],
    parameters: Mapping[str, str],
    created: Mapping[str, tuple[str, str]],
    refs: Mapping[str, Any],
) -> dict[tuple[str, str], str]:
    """What `Ref` and `GetAtt` give, as the services themselves say."""
    found = {(name, "Ref"): str(reference) for name, reference in refs.items()}
    found |= {(name, attribute): f"{name}.{attribute}" for name in refs for attribute in ("Arn", "ApiId")}
    tables, queues, functions, buses, roles, groups = map(
        endpoints.client, ("dynamodb", "sqs", "lambda", "events", "iam", "logs")
    )
    for name, (kind, physical) in created.items():
        found[name, "Ref"] = physical
        match kind:
            case "AWS::DynamoDB::Table":
                table = tables.describe_table(TableName=physical)["Table"]
                found[name, "Arn"] = table["TableArn"]
                if stream := table.get("LatestStreamArn"):
                    found[name, "StreamArn"] = stream
            case "AWS::SQS::Queue":
                found[name, "QueueName"] = physical.rpartition("/")[2]
                shown = queues.get_queue_attributes(QueueUrl=physical, AttributeNames=["QueueArn"])
                found[name, "Arn"] = shown["Attributes"]["QueueArn"]
            case "AWS::Lambda::Function":
                shown = functions.get_function_configuration(FunctionName=physical)
                found[name, "Arn"] = shown["FunctionArn"]
            case "AWS::Events::EventBus":
                # moto tells no id of a bus; its name is a parameter, or has the stack's name in it.
                said = plain["Resources"][name]["Properties"]["Name"]
                wanted = (
                    parameters[said["Ref"]] if "Ref" in said else said["Fn::Sub"].replace("${AWS::StackName}", STACK)
                )
                found[name, "Ref"] = wanted
                found[name, "Arn"] = buses.describe_event_bus(Name=wanted)["Arn"]
            case "AWS::IAM::Role":
                found[name, "Arn"] = roles.get_role(RoleName=physical)["Role"]["Arn"]
            case "AWS::Logs::LogGroup":
                [group] = groups.describe_log_groups(logGroupNamePrefix=physical)["logGroups"]
                found[name, "Arn"] = group["arn"]
            case _:
                pass
    return found


@contextmanager
def formed(folder: Path) -> Iterator[tuple[Cloud, Created]]:
    """Everything that is optional as well, created by CloudFormation; functions have the environment that it gave them."""
    with emulated_org() as (org, about), aws() as endpoints:
        parameters = _parameters(about, org) | {"EventRelaySource": VALUES["EventRelaySource"]}
        created = create(endpoints, parameters, _secrets(about))
        template = load(ROOT / "template.yaml", parameters)
        template.attributes.update(created.attributes)
        with _running(
            Cloud(template, endpoints, org, folder / "calls.jsonl", MovableClock(machine_clock)), created
        ) as cloud:
            yield cloud, created


@contextmanager
def made_locally(folder: Path, dynamodb: str) -> Iterator[Cloud]:
    """Created as the local stack does, with tables in DynamoDB Local."""
    with emulated_org() as (org, about), aws() as moto:
        template = load(ROOT / "template.yaml", _parameters(about, org))
        endpoints = replace(moto, dynamodb=dynamodb)
        deploy(template, endpoints, _secrets(about))
        cloud = Cloud(template, endpoints, org, folder / "calls.jsonl", MovableClock(machine_clock))
        try:
            with _running(cloud) as running:
                yield running
        finally:
            for table in template.of_type("AWS::DynamoDB::Table"):
                cloud.client("dynamodb").delete_table(TableName=table.name)  # other tests use this engine, too


def _parameters(about: Mapping[str, Any], org: str) -> dict[str, str]:
    return {"SalesforceUrl": org, "OrganizationId": about["org_id"], "SignInAudience": about["consumer_key"]}


def _secrets(about: Mapping[str, Any]) -> dict[str, str]:
    sign_in = {name: about[name] for name in ("consumer_key", "consumer_secret")}
    return {"SalesforceSecret": json.dumps(sign_in), "WebhookSecret": WEBHOOK_SECRET}


@contextmanager
def _running(cloud: Cloud, created: Created | None = None) -> Iterator[Cloud]:
    cloud.calls.touch()
    wired = read(cloud.template, ROOT)
    sqs, streams = cloud.client("sqs"), cloud.client("dynamodbstreams")
    shared = {**cloud.endpoints.environment(), "LOCAL_CALLS": str(cloud.calls)}
    with ExitStack() as stack:
        for one in wired.functions:
            given = replace(one, environment=environment(cloud, created, one.name)) if created else one
            cloud.functions[one.name] = Function(given, shared, cloud.clock)
            stack.callback(cloud.functions[one.name].stop)
        cloud.queues = [QueueSource(one, cloud.functions[cloud.logical(one.function)], sqs) for one in wired.queues]
        for source in wired.streams:
            name = cloud.logical(source.function)
            file = cloud.calls.with_name(f"{name}.json")
            cloud.streams.append(StreamSource(source, cloud.functions[name], streams, sqs, file))
        cloud.functions["ApiFunction"].warm()  # people wait for it, and no longer than half a minute
        cloud.center = stack.enter_context(_served(Gateway(wired.routes, cloud.functions, {})))
        yield cloud


def environment(cloud: Cloud, created: Created, function: str) -> dict[str, str]:
    """What CloudFormation gave a function as its environment."""
    shown = cloud.client("lambda").get_function_configuration(FunctionName=created.resources[function][1])
    variables: dict[str, str] = shown["Environment"]["Variables"]
    return variables


@contextmanager
def _served(gateway: Gateway) -> Iterator[str]:
    """The gateway on a free port."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(gateway, lifespan="off", log_level="warning", access_log=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listening.close()
