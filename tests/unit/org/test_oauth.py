"""Signing in: every grant, what each refuses, and tokens that verify."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
import requests
from simple_salesforce.api import Salesforce, SFType
from unit.org.conftest import HOST

from infra.local.org.oauth import JWT_GRANT
from infra.local.org.state import User
from infra.local.org.world import Org

TOKEN = f"{HOST}/services/oauth2/token"


def assertion(org: Org, **changes: object) -> str:
    """A good assertion of the integration user, or one with something changed."""
    claims: dict[str, object] = {
        "iss": org.consumer_key,
        "sub": org.integration_user.username,
        "aud": "https://login.salesforce.com",
        "exp": int(time.time()) + 180,
    }
    return jwt.encode(claims | changes, org.private_key, algorithm="RS256")


def grant(session: requests.Session, text: str) -> requests.Response:
    """Ask for a token by assertion."""
    return session.post(TOKEN, data={"grant_type": JWT_GRANT, "assertion": text}, timeout=5)


def test_by_assertion(org: Org, session: requests.Session) -> None:
    """No refresh token, no expiry; not counted; the token works."""
    answer = grant(session, assertion(org)).json()
    assert set(answer) == {"access_token", "scope", "instance_url", "id", "token_type"}
    assert answer["instance_url"] == HOST
    assert answer["id"] == f"{HOST}/id/{org.organization_id}/{org.integration_user.id}"
    assert answer["access_token"].startswith(f"{org.organization_id[:15]}!")
    assert org.calls.used(org.state.second()) == 0
    headers = {"Authorization": f"OAuth {answer['access_token']}"}
    assert session.get(f"{HOST}/services/data/v66.0/limits", headers=headers, timeout=5).status_code == 200


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"iss": "somebody"}, "invalid_client_id"),
        ({"sub": "nobody@example.com"}, "invalid_grant"),
        ({"sub": "ann@example.com"}, "invalid_grant"),
        ({"aud": "https://evil.example"}, "invalid_grant"),
        ({"exp": 1}, "invalid_grant"),
        ({"exp": 4_000_000_000}, "invalid_grant"),
        ({"exp": "soon"}, "invalid_grant"),
    ],
)
def test_assertions_that_are_refused(
    org: Org, ann: User, session: requests.Session, changes: dict[str, object], error: str
) -> None:
    """400 with an object, not a list."""
    answer = grant(session, assertion(org, **changes))
    assert answer.status_code == 400
    assert answer.json()["error"] == error


def test_users_who_did_not_approve(org: Org, ann: User, session: requests.Session) -> None:
    """The text that clients look for."""
    answer = grant(session, assertion(org, sub=ann.username)).json()
    assert answer == {"error": "invalid_grant", "error_description": "user hasn't approved this consumer"}


def test_forged_assertions(org: Org, session: requests.Session) -> None:
    """Another key, another algorithm or no signature opens nothing."""
    head, body, signature = assertion(org).split(".")
    unsigned = jwt.encode({"iss": org.consumer_key}, "", algorithm="none")
    mangled = f"{head}.{body}.{'A' * len(signature)}"
    for text in (unsigned, mangled, "nonsense", ""):
        assert grant(session, text).json()["error"] == "invalid_grant"


@pytest.mark.parametrize("form", [str, float])
def test_exp_in_several_forms(org: Org, session: requests.Session, form: type) -> None:
    """Clients write numbers in their own ways."""
    assert grant(session, assertion(org, exp=form(time.time() + 100))).status_code == 200


def test_by_credentials_in_form_or_header(org: Org, session: requests.Session) -> None:
    """Both ways give a token with a signature that verifies; a wrong secret none."""
    form = {"grant_type": "client_credentials", "client_id": org.consumer_key, "client_secret": org.consumer_secret}
    answer = session.post(TOKEN, data=form, timeout=5).json()
    expected = hmac.new(org.consumer_secret.encode(), (answer["id"] + answer["issued_at"]).encode(), hashlib.sha256)
    assert base64.b64decode(answer["signature"]) == expected.digest()
    basic = (org.consumer_key, org.consumer_secret)
    assert session.post(TOKEN, data={"grant_type": "client_credentials"}, auth=basic, timeout=5).status_code == 200
    wrong = session.post(TOKEN, data={**form, "client_secret": "wrong"}, timeout=5)
    assert (wrong.status_code, wrong.json()["error"]) == (400, "invalid_client")
    other = session.post("https://login.salesforce.com/services/oauth2/token", data=form, timeout=5)
    assert other.json()["error"] == "invalid_grant"
    assert session.post(TOKEN, data={"grant_type": "password"}, timeout=5).json()["error"] == "unsupported_grant_type"


def test_openid_code_flow_with_pkce(org: Org, ann: User, session: requests.Session) -> None:
    """From the page that asks who you are to an id token that verifies by the published keys."""
    discovery = session.get(f"{HOST}/.well-known/openid-configuration", timeout=5).json()
    verifier = "v" * 50
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    asked = {
        "response_type": "code",
        "client_id": org.consumer_key,
        "redirect_uri": "http://localhost:9/auth",
        "state": "s1",
        "nonce": "n1",
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    page = session.get(discovery["authorization_endpoint"], params=asked, timeout=5)
    assert ann.name in page.text
    asked["user_id"] = ann.id
    back = session.get(discovery["authorization_endpoint"], params=asked, timeout=5, allow_redirects=False)
    query = parse_qs(urlsplit(back.headers["Location"]).query)
    assert query["state"] == ["s1"]
    form = {
        "grant_type": "authorization_code",
        "code": query["code"][0],
        "client_id": org.consumer_key,
        "redirect_uri": "http://localhost:9/auth",
        "code_verifier": verifier,
    }
    answer = session.post(discovery["token_endpoint"], data=form, timeout=5).json()
    assert session.post(discovery["token_endpoint"], data=form, timeout=5).json()["error"] == "invalid_grant"
    keys = session.get(discovery["jwks_uri"], timeout=5).json()["keys"]
    key = jwt.PyJWK(keys[0]).key
    claims = jwt.decode(answer["id_token"], key, algorithms=["RS256"], audience=org.consumer_key, issuer=HOST)
    assert claims["sub"] == f"https://login.salesforce.com/id/{org.organization_id}/{ann.id}"
    assert claims["nonce"] == "n1"
    headers = {"Authorization": f"Bearer {answer['access_token']}"}
    info = session.get(discovery["userinfo_endpoint"], headers=headers, timeout=5).json()
    assert (info["user_id"], info["organization_id"], info["zoneinfo"]) == (
        ann.id,
        org.organization_id,
        "Europe/Berlin",
    )
    refresh = {"grant_type": "refresh_token", "refresh_token": answer["refresh_token"], "client_id": org.consumer_key}
    assert "id_token" in session.post(discovery["token_endpoint"], data=refresh, timeout=5).json()
    revoked = session.post(discovery["revocation_endpoint"], data={"token": answer["refresh_token"]}, timeout=5)
    assert revoked.status_code == 200
    assert session.post(discovery["token_endpoint"], data=refresh, timeout=5).json()["error"] == "invalid_grant"


@pytest.mark.parametrize("verifier", ["", "wrong" * 10])
def test_a_stolen_code_is_worth_nothing(org: Org, ann: User, session: requests.Session, verifier: str) -> None:
    """Without the right verifier a code opens nothing."""
    asked = {
        "response_type": "code",
        "client_id": org.consumer_key,
        "redirect_uri": "http://localhost:9/auth",
        "code_challenge": "x" * 43,
        "code_challenge_method": "S256",
        "user_id": ann.id,
    }
    back = session.get(f"{HOST}/services/oauth2/authorize", params=asked, timeout=5, allow_redirects=False)
    code = parse_qs(urlsplit(back.headers["Location"]).query)["code"][0]
    form = {"grant_type": "authorization_code", "code": code, "client_id": org.consumer_key, "code_verifier": verifier}
    form["redirect_uri"] = asked["redirect_uri"]
    assert session.post(TOKEN, data=form, timeout=5).status_code == 400


def test_no_code_for_strange_addresses(org: Org, session: requests.Session) -> None:
    """A redirect address that is neither https nor this machine is refused before anybody is asked."""
    asked = {"response_type": "code", "client_id": org.consumer_key, "redirect_uri": "http://evil.example/"}
    answer = session.get(f"{HOST}/services/oauth2/authorize", params=asked, timeout=5, allow_redirects=False)
    assert answer.status_code == 400


CALLBACK = "https://center.example/auth/callback"


def authorize(org: Org, session: requests.Session, **changes: str) -> requests.Response:
    """Ask for a code as the app does that people sign in with, or with something changed; empty leaves it out."""
    asked = {
        "response_type": "code",
        "client_id": org.consumer_key,
        "redirect_uri": CALLBACK,
        "state": "s1",
        "code_challenge": base64.urlsafe_b64encode(hashlib.sha256(b"v" * 43).digest()).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
    }
    params = {name: value for name, value in (asked | changes).items() if value}
    return session.get(f"{HOST}/services/oauth2/authorize", params=params, timeout=5, allow_redirects=False)


def sign_in(org: Org, user: User, session: requests.Session) -> dict[str, str]:
    """Sign somebody in; gives the token answer."""
    back = authorize(org, session, user_id=user.id)
    form = {"grant_type": "authorization_code", "client_id": org.consumer_key, "redirect_uri": CALLBACK}
    form |= {"code": parse_qs(urlsplit(back.headers["Location"]).query)["code"][0], "code_verifier": "v" * 43}
    answer: dict[str, str] = session.post(TOKEN, data=form, timeout=5).json()
    return answer


def renew(org: Org, session: requests.Session, refresh_token: str) -> dict[str, str]:
    """Use a refresh token."""
    form = {"grant_type": "refresh_token", "client_id": org.consumer_key, "refresh_token": refresh_token}
    answer: dict[str, str] = session.post(TOKEN, data=form, timeout=5).json()
    return answer


def test_an_app_for_people_is_strict(org: Org, ann: User, session: requests.Session) -> None:
    """With a registered address: no other one, not even below it, and no code without PKCE. A refusal goes back with the state."""
    org.let_people_sign_in(CALLBACK)
    for other in (f"{CALLBACK}/x", "https://evil.example/", "http://127.0.0.1:9/auth/callback"):
        refused = authorize(org, session, redirect_uri=other, user_id=ann.id)
        assert (refused.status_code, refused.json()["error"]) == (400, "redirect_uri_mismatch")
    bare = parse_qs(urlsplit(authorize(org, session, code_challenge="").headers["Location"]).query)
    assert (bare["error"], bare["state"]) == (["invalid_request"], ["s1"])
    denied = parse_qs(urlsplit(authorize(org, session, deny="1").headers["Location"]).query)
    assert (denied["error"], denied["state"]) == (["access_denied"], ["s1"])


def test_refresh_tokens_rotate_and_a_reused_one_ends_all_of_them(
    org: Org, ann: User, session: requests.Session
) -> None:
    """Whoever uses a token that was rotated out has stolen it, or was stolen from: neither goes on."""
    org.let_people_sign_in(CALLBACK)
    first = sign_in(org, ann, session)["refresh_token"]
    second = renew(org, session, first)["refresh_token"]
    third = renew(org, session, second)["refresh_token"]
    assert len({first, second, third}) == 3
    assert renew(org, session, first)["error"] == "invalid_grant"
    assert renew(org, session, third)["error"] == "invalid_grant"


def test_simple_salesforce_signs_in_unmodified(org: Org, session: requests.Session) -> None:
    """The client library that the product uses, with both of its server-to-server sign-ins."""
    by_secret = Salesforce(
        domain="example.my",
        consumer_key=org.consumer_key,
        consumer_secret=org.consumer_secret,
        session=session,
        version="66.0",
    )
    by_key = Salesforce(
        username=org.integration_user.username,
        consumer_key=org.consumer_key,
        privatekey=org.private_key,
        session=session,
        version="66.0",
    )
    for client in (by_secret, by_key):
        task = SFType("Task", client.session_id, client.sf_instance, sf_version="66.0", session=session)
        key = task.create({"Subject": "Call"})["id"]
        task.update(key, {"Subject": "Mail"})
        assert client.query_all("SELECT Subject FROM Task")["records"][0]["Subject"] == "Mail"
        task.delete(key)
