"""Tokens that are missing, expired, foreign or forged: the real authorizer before the real function (C7)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from io import StringIO
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from fakes.front_door import LOCAL, SIGN_IN, FrontDoor, listen
from fakes.people import BO, ORG

from infra.local.authorizer import Verifier

SUBJECT = f"https://login.salesforce.com/id/{ORG}/{BO}"
KEYS = {name: rsa.generate_private_key(public_exponent=65537, key_size=2048) for name in ("issuer", "stranger")}
PUBLIC = KEYS["issuer"].public_key()


class Keys(jwt.PyJWKClient):
    """The issuer's key set, without a network."""

    def fetch_data(self) -> Any:
        """Give the set."""
        return {"keys": [json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(PUBLIC)) | {"kid": "1", "use": "sig"}]}


@pytest.fixture
def door() -> FrontDoor:
    """Give the gateway with its real authorizer."""
    verifier = Verifier(SIGN_IN)
    verifier._keys = Keys("https://issuer.test/keys", cache_keys=False)
    return FrontDoor(verifier)


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> Iterator[StringIO]:
    """Collect what the functions log; what the gateway logs is in `caplog`."""
    caplog.set_level("DEBUG")
    yield from listen()


def token(key: str = "issuer", header: dict[str, Any] | None = None, **changes: object) -> str:
    """Sign a token of Bo's; changes of None leave a claim out."""
    claims = {
        "iss": SIGN_IN.issuer,
        "aud": SIGN_IN.audiences[0],
        "sub": SUBJECT,
        "exp": int(time.time()) + 60,
        **changes,
    }
    kept = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(kept, KEYS[key], algorithm="RS256", headers={"kid": "1", **(header or {})})


def part(values: object) -> str:
    """Write one part of a token."""
    return base64.urlsafe_b64encode(json.dumps(values).encode()).rstrip(b"=").decode()


def unsigned() -> str:
    """Forge a token that says it needs no signature."""
    return f"{part({'alg': 'none', 'kid': '1'})}.{token().split('.')[1]}."


def signed_with_the_public_key() -> str:
    """Forge a token whose signature anybody can make, if the verifier takes the public key for a shared secret."""
    secret = PUBLIC.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    signed = f"{part({'alg': 'HS256', 'kid': '1'})}.{token().split('.')[1]}"
    signature = base64.urlsafe_b64encode(hmac.digest(secret, signed.encode(), hashlib.sha256)).rstrip(b"=").decode()
    return f"{signed}.{signature}"


def altered() -> str:
    """Put another user's id into a good token."""
    head, _, signature = token().split(".")
    claims = jwt.decode(token(), options={"verify_signature": False}) | {"sub": SUBJECT.replace("2AAA", "1AAA")}
    return f"{head}.{part(claims)}.{signature}"


def test_a_good_token_opens(door: FrontDoor) -> None:
    """Without it, all refusals below would prove nothing."""
    answer = door.send("GET", "/api/me", headers={"Authorization": f"Bearer {token()}"})
    assert (answer.status, json.loads(answer.body)["id"]) == (200, BO)


UNAUTHORIZED = {
    "none": None,
    "empty": "",
    "only the scheme": "Bearer ",
    "another scheme": f"Basic {part('x')}",
    "no token": "Bearer leak-me",
    "two dots": "Bearer a.b.c",
    "long": "Bearer " + "a" * 50_000,
    "two tokens": f"Bearer {token()}, Bearer {token()}",
    "unsigned": f"Bearer {unsigned()}",
    "signed with the public key": f"Bearer {signed_with_the_public_key()}",
    "altered": f"Bearer {altered()}",
    "a stranger's key": f"Bearer {token('stranger')}",
    "a key by its address": f"Bearer {token('stranger', {'jku': 'https://evil.test/keys', 'kid': '2'})}",
    "a key inside": f"Bearer {token('stranger', {'jwk': {'kty': 'RSA', 'e': 'AQAB', 'n': 'AQAB'}})}",
    "a path as key": f"Bearer {token(header={'kid': '../../etc/passwd'})}",
    "expired": f"Bearer {token(exp=1)}",
    "never expires": f"Bearer {token(exp=None)}",
    "expires in words": f"Bearer {token(exp='tomorrow')}",
    "not yet": f"Bearer {token(nbf=4102444800)}",
    "for another application": f"Bearer {token(aud='another')}",
    "for nobody": f"Bearer {token(aud=None)}",
    "of another issuer": f"Bearer {token(iss='https://evil.test')}",
    "of a look-alike": f"Bearer {token(iss=SIGN_IN.issuer + '.evil.test')}",
}


@pytest.mark.parametrize("name", UNAUTHORIZED)
def test_what_is_no_token_of_ours_is_refused_before_the_function(
    door: FrontDoor, log: StringIO, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    """C7: signature, issuer, audience and time; a delete with such a token deletes nothing and is logged without it."""
    given = UNAUTHORIZED[name]
    before = door.state()
    headers = {"if-match": '"1"', **({} if given is None else {"Authorization": given})}
    answer = door.send("DELETE", f"/api/reminders/{LOCAL}", headers=headers)
    assert (answer.status, json.loads(answer.body)) == (401, {"message": "Unauthorized"})
    assert door.state() == before
    assert log.getvalue() == ""
    assert "refused" in caplog.text
    for private in ((given or "").removeprefix("Bearer ")[:40], BO, "leak-me"):
        assert not private.strip() or private not in caplog.text


@pytest.mark.parametrize(
    ("subject", "status"),
    [
        (SUBJECT.replace(ORG, "00D000000000001AAA"), 403),
        (SUBJECT.replace(BO, "005000000000999AAA"), 403),
        (SUBJECT + "/x", 401),
        (SUBJECT.replace("https", "http"), 401),
        (f"x {SUBJECT}", 401),
        (SUBJECT + "\n", 401),
        (BO, 401),
        ("", 401),
    ],
)
def test_a_good_token_of_somebody_else_is_refused(door: FrontDoor, log: StringIO, subject: str, status: int) -> None:
    """C7: one login host signs for many organisations; who is not known here, or not of here, leaves no trace but a log line."""
    before = door.state()
    headers = {"if-match": '"1"', "Authorization": f"Bearer {token(sub=subject)}"}
    answer = door.send("DELETE", f"/api/reminders/{LOCAL}", headers=headers)
    assert answer.status == status
    assert door.state() == before
    [line] = [json.loads(line) for line in log.getvalue().splitlines()]
    assert line["status"] == status
    assert "005000" not in log.getvalue()
    assert "eyJ" not in log.getvalue()
