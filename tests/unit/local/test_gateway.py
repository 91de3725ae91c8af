"""The HTTP API: routes, events of payload format 2.0, answers, and the JWT authorizer."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from infra.local.authorizer import Unauthorized, Verifier
from infra.local.gateway import Gateway, Request, event, match
from infra.local.lambdas import Result
from infra.local.wiring import Authorizer, Route

AUDIENCE = "the-app"


def request(method: str = "GET", path: str = "/", **changes: Any) -> Request:
    """A request."""
    values = {"query": "", "headers": {}, "body": b"", "source_ip": "127.0.0.1"} | changes
    return Request(method=method, path=path, **values)


@pytest.mark.parametrize(
    ("route", "path", "found"),
    [
        ("/hooks/{secret}", "/hooks/abc", {"secret": "abc"}),
        ("/hooks/{secret}", "/hooks/", None),
        ("/hooks/{secret}", "/hooks/a/b", None),
        ("/api/{proxy+}", "/api/reminders/1", {"proxy": "reminders/1"}),
        ("/api/{proxy+}", "/api/", None),
        ("/api/{proxy+}", "/api", None),
        ("/", "/", {}),
        ("/", "/x", None),
    ],
)
def test_path_parameters(route: str, path: str, found: dict[str, str] | None) -> None:
    """The webhook's secret and the API's path come from here."""
    assert match(Route("F", "ANY", route, None), "GET", path) == found


class Echo:
    """Stands in for a function: answers with the event, or as told."""

    def __init__(self, result: Any = None) -> None:
        self.result = result
        self.events: list[dict[str, Any]] = []

    def timed(self, given: dict[str, Any]) -> Result:
        """Remember the event."""
        self.events.append(given)
        return Result(self.result, 0.001, 0.02, 0.003)


def gateway(result: Any = None, *routes: Route) -> tuple[Gateway, Echo]:
    """A gateway before one function."""
    echo = Echo(result)
    return Gateway(routes or (Route("F", "ANY", "/{proxy+}", None),), {"F": echo}, {}), echo  # type: ignore[dict-item]  # a stand-in


def test_the_most_exact_route_wins() -> None:
    """A greedy route must not swallow the page, nor ANY a method's own route."""
    routes = [
        Route("F", method, path, None)
        for method, path in (("ANY", "/{all+}"), ("ANY", "/a/{x}"), ("GET", "/a/{x}"), ("GET", "/a/b"))
    ]
    center, echo = gateway({}, *routes)
    for method, path in (("GET", "/a/b"), ("GET", "/a/c"), ("PUT", "/a/b"), ("GET", "/z/z")):
        center.answer(request(method, path))
    assert [seen["routeKey"] for seen in echo.events] == ["GET /a/b", "GET /a/{x}", "ANY /a/{x}", "ANY /{all+}"]


def test_a_route_that_nobody_declared_is_not_found() -> None:
    """Only what the template opens is open."""
    center, _ = gateway({}, Route("F", "POST", "/hooks/{secret}", None))
    assert center.answer(request("GET", "/hooks/x")).status == 404


def test_the_event_is_payload_format_2() -> None:
    """Names and shapes as API Gateway documents them."""
    made = event(
        Route("F", "ANY", "/api/{proxy+}", None),
        {"proxy": "x"},
        request(
            "PUT",
            "/api/x",
            query="a=1&a=2&b=",
            headers={"content-type": "application/json", "cookie": "k=v; l=w"},
            body=b"{}",
        ),
        {"sub": "me"},
    )
    assert made["version"] == "2.0"
    assert (made["rawPath"], made["rawQueryString"]) == ("/api/x", "a=1&a=2&b=")
    assert made["queryStringParameters"] == {"a": "1,2", "b": ""}
    assert (made["body"], made["isBase64Encoded"]) == ("{}", False)
    assert made["cookies"] == ["k=v", "l=w"]
    assert "cookie" not in made["headers"]
    assert made["requestContext"]["http"]["method"] == "PUT"
    assert made["requestContext"]["authorizer"]["jwt"]["claims"] == {"sub": "me"}


@pytest.mark.parametrize(
    ("kind", "encoded"),
    [("text/xml; charset=UTF-8", False), ("application/json", False), ("application/octet-stream", True), ("", True)],
)
def test_only_text_comes_as_text(kind: str, encoded: bool) -> None:  # noqa: FBT001 - one column of the table
    """The webhook's XML is text, anything unknown is base64."""
    headers = {"content-type": kind} if kind else {}
    assert (
        event(Route("F", "ANY", "/", None), {}, request(headers=headers, body=b"<a/>"), None)["isBase64Encoded"]
        is encoded
    )


@pytest.mark.parametrize(
    ("result", "status", "body"),
    [
        ({"statusCode": 201, "body": "made"}, 201, b"made"),
        ({"statusCode": 200, "body": "AAE=", "isBase64Encoded": True}, 200, b"\x00\x01"),
        ({"plain": "json"}, 200, b'{"plain": "json"}'),
        ({"statusCode": "odd"}, 500, b'{"message": "Internal Server Error"}'),
    ],
)
def test_results_become_answers(result: Any, status: int, body: bytes) -> None:
    """Assets are base64; a result without a status code is JSON; nonsense is our error, not the client's."""
    answer = gateway(result)[0].answer(request(path="/x"))
    assert (answer.status, answer.body) == (status, body)


def test_cookies_and_headers_arrive() -> None:
    """A refresh token lives in a cookie of its own (C7)."""
    result = {"statusCode": 200, "headers": {"ETag": '"1"'}, "cookies": ["a=1", "b=2"], "body": ""}
    headers = gateway(result)[0].answer(request(path="/x")).headers
    assert [value for name, value in headers if name == "set-cookie"] == ["a=1", "b=2"]
    assert ("etag", '"1"') in headers


def test_a_body_over_the_quota_is_refused() -> None:
    """API Gateway takes ten megabytes."""
    assert gateway({})[0].answer(request("POST", "/x", body=b"x" * (10 * 1024 * 1024 + 1))).status == 413


@pytest.fixture(scope="module")
def keys() -> dict[str, rsa.RSAPrivateKey]:
    """The issuer's key, and a stranger's."""
    return {name: rsa.generate_private_key(public_exponent=65537, key_size=2048) for name in ("issuer", "stranger")}


@pytest.fixture(scope="module")
def issuer(keys: dict[str, rsa.RSAPrivateKey]) -> Iterator[str]:
    """An issuer with a discovery document and its key set."""
    jwk = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(keys["issuer"].public_key())) | {
        "kid": "1",
        "use": "sig",
        "alg": "RS256",
    }

    class Documents(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            base = f"http://127.0.0.1:{server.server_port}"
            document: object = {"issuer": base, "jwks_uri": f"{base}/keys"}
            body = json.dumps({"keys": [jwk]} if self.path == "/keys" else document).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Documents)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


Sign = Callable[..., str]


@pytest.fixture
def sign(issuer: str, keys: dict[str, rsa.RSAPrivateKey]) -> Sign:
    """Make a token; changes of None leave a claim out."""

    def make(key: str = "issuer", **changes: Any) -> str:
        claims = {"iss": issuer, "aud": AUDIENCE, "sub": "me", "exp": time.time() + 60, **changes}
        kept = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(kept, keys[key], algorithm="RS256", headers={"kid": "1"})

    return make


def test_a_good_tokens_claims_arrive_as_text(issuer: str, sign: Sign) -> None:
    """API Gateway hands every claim over as text."""
    claims = Verifier(Authorizer(issuer, (AUDIENCE,))).claims(
        f"Bearer {sign(active=True, exp=4102444800, roles=['a', 'b'])}"
    )
    assert claims["sub"] == "me"
    assert (claims["active"], claims["exp"], claims["roles"]) == ("true", "4102444800", "[a b]")


@pytest.mark.parametrize(
    ("key", "changes"),
    [
        ("stranger", {}),
        ("issuer", {"aud": "another-app"}),
        ("issuer", {"aud": None}),
        ("issuer", {"iss": "https://elsewhere.example"}),
        ("issuer", {"exp": 1}),
        ("issuer", {"exp": None}),
        ("issuer", {"nbf": 4102444800}),
    ],
)
def test_any_other_token_is_refused(issuer: str, sign: Sign, key: str, changes: dict[str, Any]) -> None:
    """Signature, audience, issuer and time are all checked (C7)."""
    verifier = Verifier(Authorizer(issuer, (AUDIENCE,)))
    with pytest.raises(Unauthorized):
        verifier.claims(f"Bearer {sign(key, **changes)}")


@pytest.mark.parametrize("header", [None, "", "Bearer ", "Bearer a.b.c", "Basic eDp5"])
def test_no_token_is_refused_before_the_function(issuer: str, header: str | None) -> None:
    """A closed route must not wake the function for strangers."""
    center, echo = gateway({}, Route("F", "ANY", "/api/{proxy+}", Authorizer(issuer, (AUDIENCE,))))
    answer = center.answer(request(path="/api/x", headers={} if header is None else {"authorization": header}))
    assert (answer.status, answer.body, echo.events) == (401, b'{"message": "Unauthorized"}', [])


def test_an_answer_says_where_its_time_went() -> None:
    """`make bench` tells ours from the emulation's by it: what waits for a container is no handler's time."""
    center, _ = gateway({})
    assert ("server-timing", "queue;dur=1.0, handler;dur=20.0, processor;dur=3.0") in center.answer(
        request(path="/x")
    ).headers
