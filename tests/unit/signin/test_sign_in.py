"""Signing in with Salesforce (C7): the way there and back, renewal, signing out; the emulated org answers, in process."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any, cast
from urllib.parse import parse_qsl, urlsplit

import jwt
import pytest
from fakes.front_door import CONTEXT
from fakes.visitor import CALLBACK, HOST, ISSUER, OURS, refused_with, visitor

import sign_in
from infra.local.org.state import User
from infra.local.org.world import Org
from reminders import runtime, telemetry
from reminders.signin import cookies, routes
from reminders.signin.problems import Problem


def test_the_way_to_salesforce(org: Org) -> None:
    """C7: code flow with PKCE, for who somebody is and staying signed in, and no more; what it began with stays in the browser."""
    someone = visitor(org).ask("login")
    address = urlsplit(someone.location)
    asked = dict(parse_qsl(address.query))
    assert (someone.status, f"{address.scheme}://{address.netloc}{address.path}") == (
        303,
        f"{ISSUER}/services/oauth2/authorize",
    )
    state, nonce, verifier = someone.cookies[cookies.ATTEMPT].split(".")
    assert asked == {
        "response_type": "code",
        "client_id": org.consumer_key,
        "redirect_uri": CALLBACK,
        "scope": "openid refresh_token",
        "state": state,
        "nonce": nonce,
        "code_challenge": asked["code_challenge"],
        "code_challenge_method": "S256",
    }
    assert verifier not in someone.location
    assert min(map(len, (state, nonce, verifier))) >= 43
    [kept] = someone.last.response["cookies"]
    assert kept.partition("; ")[2] == "Max-Age=600; Path=/; Secure; HttpOnly; SameSite=Lax"
    again = visitor(org).ask("login")
    assert not {state, nonce, verifier} & set(again.cookies[cookies.ATTEMPT].split("."))


def test_there_and_back(org: Org, ann: User) -> None:
    """C7: the refresh token is in a cookie that no script sees and no other site sends; the id token is in no cookie and no address."""
    someone = visitor(org).sign_in(ann.id)
    assert (someone.status, someone.location) == (303, "/")
    assert set(someone.cookies) == {cookies.SESSION}
    kept = next(text for text in someone.last.response["cookies"] if text.startswith(cookies.SESSION))
    assert kept.partition("; ")[2] == "Max-Age=1209600; Path=/auth; Secure; HttpOnly; SameSite=Strict"
    assert someone.ask("token").status == 200
    told = someone.body
    assert set(told) == {"id_token", "expires_in", "user_id"}
    claims = jwt.decode(told["id_token"], options={"verify_signature": False})
    assert claims["sub"] == f"https://login.salesforce.com/id/{org.organization_id}/{ann.id}"
    assert (told["user_id"], claims["iss"], claims["aud"]) == (ann.id, ISSUER, org.consumer_key)
    assert 500 < told["expires_in"] <= 600
    assert someone.last.response["headers"]["Cache-Control"] == "no-store"


def test_every_renewal_rotates_the_refresh_token(org: Org, ann: User) -> None:
    """C7: each is used once; one that was stolen and used ends the session of both."""
    someone = visitor(org).sign_in(ann.id)
    seen = [someone.cookies[cookies.SESSION]]
    for _ in range(3):
        someone.ask("token")
        assert someone.status == 200
        seen.append(someone.cookies[cookies.SESSION])
    assert len(set(seen)) == 4
    thief = visitor(org)
    thief.cookies = {cookies.SESSION: seen[1]}
    thief.ask("token")
    assert (thief.status, thief.body) == (401, {"error": {"code": "session_ended"}})
    assert someone.ask("token").status == 401
    assert someone.cookies == {}


def test_without_a_session_one_is_signed_out(org: Org) -> None:
    """C7: the first visit of everybody is no failure to warn of."""
    someone = visitor(org).ask("token")
    assert (someone.status, someone.body) == (401, {"error": {"code": "signed_out"}})
    assert someone.last.why_not is None


def test_signing_out_ends_the_session_at_salesforce_too(org: Org, ann: User) -> None:
    """C7: a copy of the cookie is worth nothing afterwards."""
    someone = visitor(org).sign_in(ann.id)
    copied = dict(someone.cookies)
    someone.ask("logout")
    assert (someone.status, someone.cookies) == (200, {})
    assert someone.body == {"revoked": True, "salesforce": f"{ISSUER}/services/auth/idp/oidc/logout"}
    someone.cookies = copied
    assert someone.ask("token").body == {"error": {"code": "session_ended"}}
    assert someone.ask("logout").body["revoked"] is True


def test_signing_out_while_salesforce_is_down_says_what_is_left(org: Org, ann: User) -> None:
    """C7: this browser forgets; that Salesforce does not know yet is told, not swallowed."""
    someone = visitor(org).sign_in(ann.id)
    org.faults.add("unavailable", match="/services/oauth2/revoke")
    someone.ask("logout")
    assert (someone.status, someone.body["revoked"], someone.cookies) == (200, False, {})


def test_who_said_no(org: Org) -> None:
    """C7: a designed page, not Salesforce's words in an address."""
    someone = visitor(org)
    refused_with(someone.ask("callback", someone.at_salesforce(deny="1")), Problem.DENIED)
    assert someone.cookies == {}


@pytest.mark.parametrize(
    ("error", "problem"),
    [
        ("OAUTH_APP_ACCESS_DENIED", Problem.NOT_APPROVED),
        ("OAUTH_APP_BLOCKED", Problem.NOT_APPROVED),
        ("invalid_scope", Problem.REFUSED),
        ("<script>alert(1)</script>", Problem.REFUSED),
    ],
)
def test_what_salesforce_refuses_on_its_page(org: Org, error: str, problem: Problem) -> None:
    """C7: an app that is not set up is not the person's fault; nothing of what came is repeated."""
    someone = visitor(org).ask("login")
    state = someone.cookies[cookies.ATTEMPT].split(".")[0]
    refused_with(someone.ask("callback", {"error": error, "error_description": "Secret", "state": state}), problem)
    said = someone.last.response["body"] + str(someone.last.why_not)
    assert "Secret" not in said
    assert "alert(1)" not in said


def test_a_user_who_was_deactivated_on_the_way(org: Org, ann: User) -> None:
    """C7: told as it is, with 403."""
    someone = visitor(org)
    back = someone.at_salesforce(user_id=ann.id)
    ann.active = False
    refused_with(someone.ask("callback", back), Problem.INACTIVE_USER)


def test_a_user_who_was_deactivated_since(org: Org, ann: User) -> None:
    """C7: no new token; the session is over."""
    someone = visitor(org).sign_in(ann.id)
    ann.active = False
    assert someone.ask("token").body == {"error": {"code": "session_ended"}}
    assert someone.cookies == {}


def test_salesforce_down_keeps_the_session(org: Org, ann: User) -> None:
    """C7: an outage signs nobody out; 503 says come again."""
    someone = visitor(org).sign_in(ann.id)
    kept = dict(someone.cookies)
    for kind in ("unavailable", "refused"):
        org.faults.add(kind, match="/services/oauth2/token")
        someone.ask("token")
        assert (someone.status, someone.body) == (503, {"error": {"code": "salesforce_down"}})
        assert someone.cookies == kept
    assert someone.ask("token").status == 200


@pytest.mark.parametrize("kind", ["unavailable", "refused"])
def test_salesforce_down_on_the_way(org: Org, ann: User, kind: str) -> None:
    """C7: before there, and after: the page says that it is Salesforce, with 503."""
    someone = visitor(org)
    org.faults.add(kind, match="/.well-known/")
    refused_with(someone.ask("login"), Problem.DOWN)
    back = someone.at_salesforce(user_id=ann.id)
    org.faults.add(kind, match="/services/oauth2/token")
    refused_with(someone.ask("callback", back), Problem.DOWN)


def test_what_can_fail_fails_before_the_refresh_token_is_used_up(org: Org, ann: User) -> None:
    """C7: a rotated token whose successor got lost would sign somebody out because the keys could not be read."""
    someone = visitor(org).sign_in(ann.id)
    fresh = visitor(org)  # another container: it knows no keys yet
    fresh.cookies = someone.cookies
    org.faults.add("unavailable", match="/id/keys")
    assert fresh.ask("token").status == 503
    assert fresh.ask("token").status == 200


def test_asking_again_who_it_is(org: Org) -> None:
    """C7: "somebody else" must not end up as the same one, because Salesforce still knows them."""
    asked = dict(parse_qsl(urlsplit(visitor(org).ask("login", {"prompt": "login"}).location).query))
    assert asked["prompt"] == "login"
    asked = dict(parse_qsl(urlsplit(visitor(org).ask("login", {"prompt": "none"}).location).query))
    assert "prompt" not in asked


def test_a_local_stack_is_http(org: Org) -> None:
    """Only this machine's own name is; whatever else asks is https, as API Gateway is."""
    someone = visitor(org)
    for host, scheme in (("127.0.0.1:8700", "http"), ("localhost", "http"), ("127.0.0.1.evil.example", "https")):
        event: dict[str, Any] = {"rawPath": "/auth/login", "requestContext": {"domainName": host}}
        outcome = routes.answer(event, someone.provider)
        asked = dict(parse_qsl(urlsplit(outcome.response["headers"]["Location"]).query))
        assert asked["redirect_uri"] == f"{scheme}://{host}/auth/callback"


def test_the_function_logs_one_line_and_no_token(org: Org, ann: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """C7, L3: each request is one line, its outcome is a metric, and nothing that was sent is in it."""
    someone = visitor(org).sign_in(ann.id)
    refresh_token = someone.cookies[cookies.SESSION]
    monkeypatch.setattr(runtime, "provider", lambda: someone.provider)
    handler = cast("Any", telemetry.logger().logger_handler)
    stream = StringIO()
    before = handler.setStream(stream)
    event = {
        "rawPath": "/auth/token",
        "headers": OURS,
        "cookies": [f"{cookies.SESSION}={refresh_token}"],
        "requestContext": {"domainName": HOST},
    }
    assert sign_in.handler(cast("Any", event), CONTEXT)["statusCode"] == 200
    assert sign_in.handler(cast("Any", event), CONTEXT)["statusCode"] == 401
    handler.setStream(before)
    renewed, ended = map(json.loads, stream.getvalue().splitlines())
    assert (renewed["level"], renewed["counts"]) == ("INFO", {"renewed": 1})
    assert (ended["level"], ended["warning"]) == ("WARNING", "session_ended: token: invalid_grant")
    assert refresh_token not in stream.getvalue()
    assert "eyJ" not in stream.getvalue()
