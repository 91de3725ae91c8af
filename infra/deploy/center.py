"""The Command Center's API as the canary calls it: over HTTP with somebody's token, or by invoking the function as its API would."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import urlsplit

import httpx

from infra.local import gateway
from infra.local.gateway import Request
from infra.local.wiring import Route

_ROUTE = Route("api", "ANY", "/api/{proxy+}", None)


def by_token(address: str, token: str) -> httpx.Client:
    """Ask over HTTP, with an id token."""
    return httpx.Client(base_url=address, headers={"Authorization": f"Bearer {token}"}, timeout=30)


def by_invoking(client: Any, function: str, organization_id: str, user_id: str) -> httpx.Client:  # noqa: ANN401 - boto3's
    """Ask by invoking the function with an event whose claims are those of a user.

    Who may invoke the function (lambda:InvokeFunction) could read its tables as well; so no sign-in is needed, and none is gone round.
    """
    claims = {"sub": f"https://login.salesforce.com/id/{organization_id}/{user_id}"}
    return httpx.Client(base_url="https://function.invalid", transport=_Invoking(client, function, claims))


class _Invoking(httpx.BaseTransport):
    def __init__(self, client: Any, function: str, claims: dict[str, str]) -> None:  # noqa: ANN401 - boto3's
        self._client = client
        self._function = function
        self._claims = claims

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Make the event that API Gateway would make, and a response of the result. Raises httpx.RemoteProtocolError."""
        parts = urlsplit(str(request.url))
        asked = Request(
            method=request.method,
            path=parts.path,
            query=parts.query,
            headers={name.lower(): value for name, value in request.headers.items()},
            body=request.read(),
            source_ip="127.0.0.1",
        )
        event = gateway.event(_ROUTE, {"proxy": parts.path.removeprefix("/api/")}, asked, self._claims)
        answer = self._client.invoke(FunctionName=self._function, Payload=json.dumps(event).encode())
        result = json.loads(answer["Payload"].read())
        if "FunctionError" in answer:
            raise httpx.RemoteProtocolError(f"the api function failed: {result.get('errorType')}", request=request)
        body = result.get("body") or ""
        content = base64.b64decode(body) if result.get("isBase64Encoded") else body.encode()
        return httpx.Response(result["statusCode"], headers=result.get("headers", {}), content=content, request=request)
