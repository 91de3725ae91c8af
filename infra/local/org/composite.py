"""Several requests in one.

`/composite`: up to 25 in one call, each with its own headers; later ones may refer to earlier answers.
`/composite/graph`: composites that succeed or fail each by itself. `/composite/batch`: up to 25 independent ones, each counted by itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Final
from urllib.parse import unquote, urlsplit

from infra.local.org.errors import Refused
from infra.local.org.faults import SUBREQUEST
from infra.local.org.records import Transaction
from infra.local.org.resource import Ask, Result, json_list, json_object, truth
from infra.local.org.wire import parameters

MOST: Final = 25
MOST_QUERIES: Final = 5
MOST_GRAPHS: Final = 75
MOST_NODES: Final = 500
_TOLD: Final = ("Location",)
"""Headers of an answer that a composite repeats."""

_BAD: Final = 300
_REFERENCE: Final = re.compile(r"@\{([A-Za-z]\w*)((?:\.\w+|\[\d+\])*)\}")
_STEP: Final = re.compile(r"\.(\w+)|\[(\d+)\]")
_PATH: Final = re.compile(r"/services/data/v\d+\.\d+/(.*)\Z")


def composite(ask: Ask) -> Result:
    """Run the subrequests in order. With `allOrNone` one failure undoes everything (PROCESSING_HALTED)."""
    requests = [json_object(each) for each in json_list(ask.document, "compositeRequest")]
    _check(requests)
    all_or_none = truth(json_object(ask.document).get("allOrNone", False))
    return Result(document=_together(ask, requests, all_or_none=all_or_none)[0])


def graph(ask: Ask) -> Result:
    """`/composite/graph`: up to 75 composites, each all or none and whatever the others do; 500 subrequests in all."""
    graphs = [json_object(each) for each in json_list(ask.document, "graphs")]
    names = [str(each.get("graphId", "")) for each in graphs]
    asked = [[json_object(each) for each in json_list(given, "compositeRequest")] for given in graphs]
    if not graphs or len(graphs) > MOST_GRAPHS or sum(map(len, asked)) > MOST_NODES:
        raise Refused(
            "LIMIT_EXCEEDED", f"At most {MOST_GRAPHS} graphs and {MOST_NODES} subrequests, at least one graph."
        )
    if not all(names) or len(set(names)) < len(names):
        raise Refused("INVALID_INPUT", "Each graph needs a unique graphId.")
    answers = []
    for name, requests in zip(names, asked, strict=True):
        _named(requests)
        document, failed = _together(ask, requests, all_or_none=True)
        answers.append({"graphId": name, "graphResponse": document, "isSuccessful": not failed})
    return Result(document={"graphs": answers})


def _together(ask: Ask, requests: list[Mapping[str, object]], *, all_or_none: bool) -> tuple[dict[str, object], bool]:
    """Run subrequests that may refer to each other; gives their answers, and whether one failed."""
    together = Transaction(ask.state.second())
    store = ask.state.store
    listeners = store.committed
    if all_or_none:
        store.committed = [together.writes.append]  # nobody hears of a write before all of them stand
    try:
        results = _in_order(ask, requests, halt=all_or_none)
    finally:
        store.committed = listeners
    failed = any(result.status >= _BAD for _, result in results)
    if failed and all_or_none:
        store.undo(together)
        results = [(name, result if result.status >= _BAD else _halted()) for name, result in results]
    else:
        store.commit(together)
    answers = [
        {
            "body": result.document,
            "httpHeaders": {name: text for name, text in result.headers.items() if name in _TOLD},
            "httpStatusCode": int(result.status),
            "referenceId": name,
        }
        for name, result in results
    ]
    return {"compositeResponse": answers}, failed


def _in_order(ask: Ask, requests: list[Mapping[str, object]], *, halt: bool) -> list[tuple[str, Result]]:
    answers: dict[str, object] = {}
    results: list[tuple[str, Result]] = []
    failed = False
    for request in requests:
        name = str(request["referenceId"])
        result = _halted() if failed and halt else _one(ask, request, answers)
        answers[name] = result.document
        results.append((name, result))
        failed = failed or result.status >= _BAD
    return results


def _check(requests: list[Mapping[str, object]]) -> None:
    if not requests or len(requests) > MOST:
        raise Refused("LIMIT_EXCEEDED", f"The limit of {MOST} subrequests is exceeded, or there is none.")
    _named(requests)
    collections = [r for r in requests if re.search(r"/(query|queryAll|composite/sobjects)\b", str(r.get("url")))]
    if len(collections) > MOST_QUERIES:
        raise Refused("LIMIT_EXCEEDED", f"At most {MOST_QUERIES} subrequests can be queries or collections.")


def _named(requests: list[Mapping[str, object]]) -> None:
    names = [request.get("referenceId") for request in requests]
    if any(not isinstance(name, str) or not name for name in names) or len(set(names)) < len(names):
        raise Refused("INVALID_INPUT", "Each subrequest needs a unique referenceId.")


def _one(ask: Ask, request: Mapping[str, object], answers: Mapping[str, object]) -> Result:
    try:
        inner = _inner(ask, request, lambda value: _fill(value, answers))
    except Refused as refused:
        return Result(status=refused.status, document=refused.body())
    result = ask.again(inner)
    if ask.state.faults.hit(SUBREQUEST, f"{inner.method} {request.get('url')}"):
        return Result(status=HTTPStatus.INTERNAL_SERVER_ERROR)
    return result


def _inner(ask: Ask, request: Mapping[str, object], fill: Callable[[object], object] = lambda value: value) -> Ask:
    """Make a subrequest a request of its own. References are filled in once the address is unescaped: clients escape them, too."""
    address = urlsplit(str(request.get("url", "")))
    path = _PATH.match(address.path if address.path.startswith("/") else f"/services/data/{address.path}")
    if path is None:
        raise Refused("INVALID_INPUT", f"The url of a subrequest must begin with /services/data/vXX.X/: {address.path}")
    headers = request.get("httpHeaders") or {}
    return replace(
        ask,
        method=str(request.get("method", "GET")).upper(),
        parts=tuple(str(fill(unquote(part))) for part in path[1].split("/") if part),
        names=(),
        query={name: str(fill(value)) for name, value in parameters(address.query).items()},
        headers={str(name).lower(): str(value) for name, value in json_object(headers).items()},
        document=fill(request.get("body", request.get("richInput"))),
    )


def _halted() -> Result:
    refused = Refused(
        "PROCESSING_HALTED", "The transaction was rolled back since another operation in the same transaction failed."
    )
    return Result(status=HTTPStatus.BAD_REQUEST, document=refused.body())


def _fill(value: object, answers: Mapping[str, object]) -> object:
    """Put earlier answers in: `@{refTask.id}`, `@{refQuery.records[0].Id}`."""
    if isinstance(value, dict):
        return {key: _fill(inner, answers) for key, inner in value.items()}
    if isinstance(value, list):
        return [_fill(inner, answers) for inner in value]
    if isinstance(value, str):
        return _REFERENCE.sub(lambda match: str(_look_up(match, answers)), value)
    return value


def _look_up(match: re.Match[str], answers: Mapping[str, object]) -> object:
    problem = Refused("PROCESSING_HALTED", f"Invalid reference specified. No value for {match[0]} found.")
    if match[1] not in answers:
        raise problem
    found = answers[match[1]]
    for name, index in _STEP.findall(match[2]):
        if name and isinstance(found, dict) and name in found:
            found = found[name]
        elif index and isinstance(found, list) and int(index) < len(found):
            found = found[int(index)]
        else:
            raise problem
    return found


def batch(ask: Ask) -> Result:
    """`/composite/batch`: each subrequest commits by itself and counts as a call."""
    requests = [json_object(each) for each in json_list(ask.document, "batchRequests")]
    if not requests or len(requests) > MOST:
        raise Refused("LIMIT_EXCEEDED", f"The limit of {MOST} batch requests is exceeded, or there is none.")
    halt = truth(json_object(ask.document).get("haltOnError", False))
    ask.spend(len(requests) - 1)
    results: list[dict[str, object]] = []
    failed = False
    for request in requests:
        if failed and halt:
            halted = Refused("BATCH_PROCESSING_HALTED", "Batch processing was halted by user request")
            results.append({"statusCode": int(HTTPStatus.PRECONDITION_FAILED), "result": halted.body()})
            continue
        result = _batched(ask, request)
        failed = failed or result.status >= _BAD
        results.append({"statusCode": int(result.status), "result": result.document})
    return Result(document={"hasErrors": failed, "results": results})


def _batched(ask: Ask, request: Mapping[str, object]) -> Result:
    address = str(request.get("url", ""))
    try:
        return ask.again(_inner(ask, {**request, "url": f"/services/data/{address.removeprefix('/services/data/')}"}))
    except Refused as refused:
        return Result(status=refused.status, document=refused.body())
