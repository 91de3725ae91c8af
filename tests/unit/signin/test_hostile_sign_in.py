"""Sign-ins that are forged, replayed, begun elsewhere, or sent by another site (C7)."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from fakes.visitor import CALLBACK, ISSUER, ORIGIN, OURS, Visitor, refused_with, visitor

from infra.local.org.apps import signing_key
from infra.local.org.oauth import OAuth
from infra.local.org.openid import KEY_ID, OpenId
from infra.local.org.state import User
from infra.local.org.wire import answer
from infra.local.org.world import Org
from reminders.signin import cookies
from reminders.signin.problems import Problem

Forge = Callable[[dict[str, Any]], str]


def signed(claims: dict[str, Any], **changes: Any) -> str:
    """Sign claims with the org's own key, something in them changed; None leaves a claim out."""
    changed = {name: value for name, value in (claims | changes).items() if value is not None}
    return jwt.encode(changed, signing_key(), algorithm="RS256", headers={"kid": KEY_ID})


def by_another_key(claims: dict[str, Any]) -> str:
    """Sign with a key that is not the org's, under its name."""
    return jwt.encode(claims, generate_private_key(65537, 2048), algorithm="RS256", headers={"kid": KEY_ID})


def by_public_key(claims: dict[str, Any]) -> str:
    """Sign by HMAC with what everybody can read: the oldest trick against verifiers that trust the header."""
    modulus = str(signing_key().public_key().public_numbers().n).encode()
    return jwt.encode(claims, modulus, algorithm="HS256", headers={"kid": KEY_ID})


OTHER_ORG = "00D000000000001AAA"

FORGED: dict[str, Forge] = {
    "another nonce": lambda claims: signed(claims, nonce="x" * 43),
    "no nonce": lambda claims: signed(claims, nonce=None),
    "another issuer": lambda claims: signed(claims, iss="https://evil.example"),
    "an issuer that begins alike": lambda claims: signed(claims, iss=f"{ISSUER}.evil.example"),
    "another audience": lambda claims: signed(claims, aud="3MVG9other"),
    "no audience": lambda claims: signed(claims, aud=None),
    "expired": lambda claims: signed(claims, exp=int(time.time()) - 60),
    "without expiry": lambda claims: signed(claims, exp=None),
    "from tomorrow": lambda claims: signed(claims, iat=int(time.time()) + 86_400),
    "a subject of nobody": lambda claims: signed(claims, sub="0055g00000AbcdeAAB"),
    "another key": by_another_key,
    "a key that nobody knows": lambda claims: jwt.encode(claims, signing_key(), "RS256", headers={"kid": "none"}),
    "no key": lambda claims: jwt.encode(claims, signing_key(), "RS256"),
    "HMAC with the public key": by_public_key,
    "no signature": lambda claims: jwt.encode(claims, "", "none", headers={"kid": KEY_ID}),
    "no token at all": lambda _: "made.up.token",
}


@pytest.fixture
def forge(monkeypatch: pytest.MonkeyPatch) -> Callable[[Forge], None]:
    """Have the org give forged id tokens from here on."""
    genuine = OpenId.id_token

    def begin(make: Forge) -> None:
        def forged(self: OpenId, user: User, **how: Any) -> str:
            return make(jwt.decode(genuine(self, user, **how), options={"verify_signature": False}))

        monkeypatch.setattr(OpenId, "id_token", forged)

    return begin


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_id_token_signs_nobody_in(org: Org, ann: User, forge: Callable[[Forge], None], name: str) -> None:
    """C7: the nonce ties it to this browser, the issuer and audience to our org and app, the signature to Salesforce."""
    forge(FORGED[name])
    someone = visitor(org).sign_in(ann.id)
    refused_with(someone, Problem.NOT_VERIFIED)
    assert org.state.sessions.refresh == {}  # what was given is given back


@pytest.mark.parametrize("name", [name for name in FORGED if "nonce" not in name])
def test_a_forged_id_token_renews_nothing(org: Org, ann: User, forge: Callable[[Forge], None], name: str) -> None:
    """C7: a renewal is checked as a sign-in is, but for the nonce, which it has not."""
    someone = visitor(org).sign_in(ann.id)
    forge(FORGED[name])
    someone.ask("token")
    assert (someone.status, someone.body) == (502, {"error": {"code": "not_verified"}})


def test_another_organisation(org: Org, ann: User, forge: Callable[[Forge], None]) -> None:
    """C7: one login host serves many orgs, and its tokens are all genuine."""
    forge(lambda claims: signed(claims, sub=f"https://login.salesforce.com/id/{OTHER_ORG}/{ann.id}"))
    someone = visitor(org).sign_in(ann.id)
    refused_with(someone, Problem.OTHER_ORGANIZATION)
    assert org.state.sessions.refresh == {}


def test_a_code_comes_back_into_the_browser_that_asked(org: Org, ann: User) -> None:
    """C7: with another browser's code one would be signed in as its owner without noticing, and write into their lists."""
    attacker, victim = visitor(org), visitor(org)
    code = attacker.at_salesforce(user_id=ann.id)
    refused_with(victim.ask("callback", code), Problem.COOKIE_GONE)
    victim.ask("login")
    refused_with(victim.ask("callback", code), Problem.STATE_MISMATCH)
    assert cookies.ATTEMPT in victim.cookies  # their own attempt goes on
    own_state = victim.cookies[cookies.ATTEMPT].split(".")[0]
    refused_with(victim.ask("callback", code | {"state": own_state}), Problem.REFUSED)  # the verifier is another


def test_a_code_comes_back_once(org: Org, ann: User) -> None:
    """C7: "back" and a reload of the address do nothing."""
    someone = visitor(org)
    back = someone.at_salesforce(user_id=ann.id)
    kept = dict(someone.cookies)
    assert someone.ask("callback", back).status == 303
    refused_with(replayed(someone, {}, back), Problem.COOKIE_GONE)
    refused_with(replayed(someone, kept, back), Problem.CODE_EXPIRED)


def replayed(someone: Visitor, kept: dict[str, str], back: dict[str, str]) -> Visitor:
    """Send the same once more."""
    someone.cookies = dict(kept)
    return someone.ask("callback", back)


@pytest.mark.parametrize("query", [{}, {"state": ""}, {"state": "x"}, {"code": "x"}, {"error": "access_denied"}])
def test_nothing_is_believed_without_the_state(org: Org, query: dict[str, str]) -> None:
    """C7: not even a refusal, which would end somebody's attempt from elsewhere."""
    refused_with(visitor(org).ask("login").ask("callback", query), Problem.STATE_MISMATCH)


@pytest.mark.parametrize("kept", ["", ".", "..", "a.b", "a.b.c.d", "a..c", "a.b." + "c" * 5000])
def test_a_cookie_that_is_none_of_ours(org: Org, kept: str) -> None:
    """C7: an empty state must not fit an empty cookie."""
    someone = visitor(org)
    someone.cookies = {cookies.ATTEMPT: kept}
    refused_with(someone.ask("callback", {"state": "", "code": "x"}), Problem.COOKIE_GONE)


def test_two_cookies_of_one_name_are_none(org: Org, ann: User) -> None:
    """C7: one was planted, by another path or host; which, nobody can tell."""
    someone = visitor(org).sign_in(ann.id)
    mine = someone.cookies[cookies.SESSION]
    someone.cookies = {cookies.SESSION: f"planted; {cookies.SESSION}={mine}"}
    assert someone.ask("token").body == {"error": {"code": "signed_out"}}


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-reminder-sync": "1"},
        {"origin": ORIGIN},
        OURS | {"origin": "https://evil.example"},
        OURS | {"origin": "null"},
        OURS | {"origin": f"{ORIGIN}.evil.example"},
        OURS | {"origin": ORIGIN.replace("https", "http")},
    ],
)
@pytest.mark.parametrize("name", ["token", "logout"])
def test_another_site_renews_nothing_and_signs_nobody_out(
    org: Org, ann: User, name: str, headers: dict[str, str]
) -> None:
    """C7: the cookie is sent by the browser, so the request must prove that our page made it."""
    someone = visitor(org).sign_in(ann.id)
    kept = dict(someone.cookies)
    someone.ask(name, headers=headers)
    assert (someone.status, someone.body) == (403, {"error": {"code": "foreign_request"}})
    assert (someone.cookies, len(org.state.sessions.refresh)) == (kept, 1)
    assert someone.ask("token").status == 200


@pytest.mark.parametrize("name", ["to", "next", "redirect_uri", "redirect", "return_to", "RelayState", "startURL"])
def test_no_parameter_moves_the_redirects(org: Org, ann: User, name: str) -> None:
    """C7: an open redirect would lend our address to whoever wants to look like us."""
    evil = {name: "https://evil.example/"}
    someone = visitor(org).ask("login", evil)
    assert someone.location.startswith(f"{ISSUER}/services/oauth2/authorize?")
    assert "evil" not in someone.location
    back = someone.at_salesforce(user_id=ann.id)
    assert someone.ask("callback", back | evil).location == "/"


def test_another_host_is_not_registered(org: Org) -> None:
    """C7: under a name that is not the app's, Salesforce itself refuses to send a code."""
    session = visitor(org).session
    asked = {"response_type": "code", "client_id": org.consumer_key}
    address = f"{ISSUER}/services/oauth2/authorize"
    for redirect_uri, status in ((CALLBACK, 302), ("https://evil.example/auth/callback", 400)):
        refused = session.get(address, params=asked | {"redirect_uri": redirect_uri}, timeout=5, allow_redirects=False)
        assert refused.status_code == status


DOCUMENTS: dict[str, dict[str, object]] = {
    "another issuer": {"issuer": "https://evil.example"},
    "no issuer": {"issuer": None},
    "an endpoint without TLS": {"token_endpoint": "http://example.my.salesforce.com/services/oauth2/token"},
    "no keys": {"jwks_uri": None},
    "a script for an address": {"authorization_endpoint": "javascript:alert(1)"},
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_discovery_document_that_is_not_to_be_believed(org: Org, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """C7: the issuer is the one that was configured, and nobody is sent, and no token posted, where it is not safe."""
    genuine = OpenId.discovery

    def changed(self: OpenId, request: Any) -> Any:
        return answer(json.loads(genuine(self, request).body) | DOCUMENTS[name])

    monkeypatch.setattr(OpenId, "discovery", changed)
    refused_with(visitor(org).ask("login"), Problem.REFUSED)


@pytest.mark.parametrize("content", [{"id_token": "x" * 300_000}, ["no object"]], ids=["endless", "no object"])
def test_an_answer_that_is_none_of_salesforce(
    org: Org, ann: User, content: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C7: what answers with megabytes, or no object, is a proxy's or a maintenance page."""
    someone = visitor(org)
    back = someone.at_salesforce(user_id=ann.id)
    monkeypatch.setattr(OAuth, "_token", lambda *_: answer(content))
    refused_with(someone.ask("callback", back), Problem.DOWN)
