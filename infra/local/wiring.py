"""What the template connects with what: functions, and everything that invokes them, as plain values.

Properties that have no meaning locally are listed; any other that is not read is an error.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from infra.local.lambdas import Configuration
from infra.local.patterns import Pattern
from infra.local.template import Resource, Template, TemplateError

_FUNCTION_READ: Final = {
    "CodeUri",
    "Environment",
    "EventInvokeConfig",
    "Events",
    "Handler",
    "MemorySize",
    "ReservedConcurrentExecutions",
    "Timeout",
}
_FUNCTION_WITHOUT_MEANING: Final = {
    "Architectures",
    "AutoPublishAlias",
    "AutoPublishAliasAllProperties",
    "AutoPublishCodeSha256",
    "DeadLetterQueue",  # of asynchronous events; here only schedules send them, to functions without one
    "Description",
    "LoggingConfig",
    "Role",
    "Runtime",
    "SnapStart",
    "Tracing",
}
_API_READ: Final = {"Auth"}
_API_WITHOUT_MEANING: Final = {
    "AccessLogSettings",
    "DefaultRouteSettings",
    "Description",
    "DisableExecuteApiEndpoint",
    "FailOnWarnings",
    "RouteSettings",
}
_QUEUE_MAPPING: Final = {
    "BatchSize",
    "EventSourceArn",
    "FunctionName",
    "FunctionResponseTypes",
    "MaximumBatchingWindowInSeconds",
    "ScalingConfig",
}
_STREAM_MAPPING: Final = {
    "BatchSize",
    "BisectBatchOnFunctionError",
    "DestinationConfig",
    "EventSourceArn",
    "FilterCriteria",
    "FunctionName",
    "FunctionResponseTypes",
    "MaximumBatchingWindowInSeconds",
    "MaximumRetryAttempts",
    "StartingPosition",
}
OPEN: Final = "NONE"
"""SAM's name for a route without authorizer."""


@dataclass(frozen=True, slots=True)
class Authorizer:
    """A JWT authorizer: tokens of this issuer, for one of these audiences."""

    issuer: str
    audiences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Route:
    """A route of the HTTP API; no authorizer means open."""

    function: str
    method: str
    path: str
    authorizer: Authorizer | None


@dataclass(frozen=True, slots=True)
class Timetable:
    """A schedule: `rate(…)` or `cron(…)`."""

    function: str
    name: str
    expression: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueMapping:
    """A queue that feeds a function. `window` is in seconds."""

    function: str
    arn: str
    url: str
    batch_size: int
    window: float
    partial: bool
    concurrency: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamMapping:
    """A table's stream that feeds a function. `failures` is the queue for batches that no retry got through.

    `partial`: the function tells at which record to begin again.
    """

    function: str
    arn: str
    batch_size: int
    window: float
    position: str
    patterns: tuple[Pattern, ...]
    retries: int
    bisect: bool
    partial: bool
    failures: str


@dataclass(frozen=True, slots=True)
class Wiring:
    """The whole template, as the host runs it."""

    functions: tuple[Configuration, ...]
    routes: tuple[Route, ...]
    timetables: tuple[Timetable, ...]
    queues: tuple[QueueMapping, ...]
    streams: tuple[StreamMapping, ...]


def read(template: Template, root: Path) -> Wiring:
    """Read a template whose resources are created; `root` is the folder that it lies in. Raises TemplateError."""
    functions: list[Configuration] = []
    routes: list[Route] = []
    timetables: list[Timetable] = []
    apis = {api.name: _api(template, api) for api in template.of_type("AWS::Serverless::HttpApi")}
    for resource in template.of_type("AWS::Serverless::Function"):
        properties = template.properties(resource)
        _only(resource.name, properties, _FUNCTION_READ | _FUNCTION_WITHOUT_MEANING)
        functions.append(_function(template, resource, properties, root))
        for name, event in properties.get("Events", {}).items():
            match event["Type"]:
                case "HttpApi":
                    routes.append(_route(resource.name, event["Properties"], apis, template))
                case "Schedule":
                    _only(f"{resource.name}.{name}", event["Properties"], {"Schedule"})
                    timetables.append(
                        Timetable(resource.name, f"{resource.name}{name}", event["Properties"]["Schedule"])
                    )
                case unknown:
                    raise TemplateError(f"{resource.name}.{name}: event type {unknown} is not known here")
    queues, streams = _mappings(template)
    return Wiring(tuple(functions), tuple(routes), tuple(timetables), queues, streams)


def _only(name: str, properties: Mapping[str, Any], known: set[str]) -> None:
    if unknown := set(properties) - known:
        raise TemplateError(f"{name}: {', '.join(sorted(unknown))} not known here")


def _function(template: Template, resource: Resource, properties: Mapping[str, Any], root: Path) -> Configuration:
    invoke = properties.get("EventInvokeConfig", {})
    _only(f"{resource.name}.EventInvokeConfig", invoke, {"MaximumRetryAttempts"})
    concurrency = properties.get("ReservedConcurrentExecutions")
    return Configuration(
        name=resource.name,
        arn=template.attributes[resource.name, "Arn"],
        handler=properties["Handler"],
        code=(root / properties["CodeUri"]).resolve(),
        timeout=int(properties.get("Timeout", 3)),
        memory=int(properties.get("MemorySize", 128)),
        concurrency=None if concurrency is None else int(concurrency),
        async_retries=int(invoke.get("MaximumRetryAttempts", 2)),
        environment={k: str(v) for k, v in properties.get("Environment", {}).get("Variables", {}).items()},
    )


def _api(template: Template, api: Resource) -> tuple[Mapping[str, Authorizer], str]:
    properties = template.properties(api)
    _only(api.name, properties, _API_READ | _API_WITHOUT_MEANING)
    auth = properties.get("Auth", {})
    _only(f"{api.name}.Auth", auth, {"Authorizers", "DefaultAuthorizer"})
    authorizers = {}
    for name, declared in auth.get("Authorizers", {}).items():
        _only(f"{api.name}.{name}", declared, {"IdentitySource", "JwtConfiguration"})
        if declared["IdentitySource"] != "$request.header.Authorization":
            raise TemplateError(f"{api.name}.{name}: only the Authorization header is known here")
        jwt = declared["JwtConfiguration"]
        authorizers[name] = Authorizer(jwt["issuer"], tuple(jwt["audience"]))
    return authorizers, auth.get("DefaultAuthorizer", OPEN)


def _route(
    function: str,
    properties: Mapping[str, Any],
    apis: Mapping[str, tuple[Mapping[str, Authorizer], str]],
    template: Template,
) -> Route:
    _only(function, properties, {"ApiId", "Auth", "Method", "Path"})
    by_id = {template.attributes[name, "Ref"]: api for name, api in apis.items()}
    authorizers, default = by_id[properties["ApiId"]]
    auth = properties.get("Auth", {})
    _only(f"{function}.Auth", auth, {"Authorizer"})
    name = auth.get("Authorizer", default)
    if name != OPEN and name not in authorizers:
        raise TemplateError(f"{function}: no authorizer {name!r}")
    return Route(function, properties["Method"].upper(), properties["Path"], authorizers.get(name))


def _mappings(template: Template) -> tuple[tuple[QueueMapping, ...], tuple[StreamMapping, ...]]:
    urls = {
        template.attributes[queue.name, "Arn"]: template.attributes[queue.name, "Ref"]
        for queue in template.of_type("AWS::SQS::Queue")
    }
    queues: list[QueueMapping] = []
    streams: list[StreamMapping] = []
    for resource in template.of_type("AWS::Lambda::EventSourceMapping"):
        properties = template.properties(resource)
        if properties["EventSourceArn"] in urls:
            _only(resource.name, properties, _QUEUE_MAPPING)
            queues.append(_queue(properties, urls))
        elif ":dynamodb:" in properties["EventSourceArn"]:
            _only(resource.name, properties, _STREAM_MAPPING)
            streams.append(_stream(properties, urls))
        else:
            raise TemplateError(f"{resource.name}: source {properties['EventSourceArn']} is not known here")
    return tuple(queues), tuple(streams)


def _queue(properties: Mapping[str, Any], urls: Mapping[str, str]) -> QueueMapping:
    return QueueMapping(
        function=properties["FunctionName"],
        arn=properties["EventSourceArn"],
        url=urls[properties["EventSourceArn"]],
        batch_size=int(properties.get("BatchSize", 10)),
        window=float(properties.get("MaximumBatchingWindowInSeconds", 0)),
        partial="ReportBatchItemFailures" in properties.get("FunctionResponseTypes", ()),
        concurrency=int(properties.get("ScalingConfig", {}).get("MaximumConcurrency", 2)),
    )


def _stream(properties: Mapping[str, Any], urls: Mapping[str, str]) -> StreamMapping:
    filters = properties.get("FilterCriteria", {}).get("Filters", ())
    return StreamMapping(
        function=properties["FunctionName"],
        arn=properties["EventSourceArn"],
        batch_size=int(properties.get("BatchSize", 100)),
        window=float(properties.get("MaximumBatchingWindowInSeconds", 0)),
        position=properties["StartingPosition"],
        patterns=tuple(Pattern(json.loads(one["Pattern"])) for one in filters),
        retries=int(properties["MaximumRetryAttempts"]),
        bisect=bool(properties.get("BisectBatchOnFunctionError", False)),
        partial="ReportBatchItemFailures" in properties.get("FunctionResponseTypes", ()),
        failures=urls[properties["DestinationConfig"]["OnFailure"]["Destination"]],
    )
