"""The registered app (an External Client App), its keys, and the names of the sign-in hosts."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_public_key,
)
from cryptography.x509 import load_pem_x509_certificate

from infra.local.org.wire import LOGIN_HOSTS

LOGIN: Final = LOGIN_HOSTS[0]
SCOPES: Final = "api refresh_token openid id"
_RSA_BITS: Final = 2048
LONGEST_ID_TOKEN: Final = 720.0
SIGN_IN_ID_TOKEN: Final = 10.0
"""Minutes: what Salesforce allows at most, and what the app has that people sign in with."""


@lru_cache(maxsize=1)
def signing_key() -> RSAPrivateKey:
    """Give the key that signs id tokens: made once per process, because making one takes a tenth of a second."""
    return generate_private_key(public_exponent=65537, key_size=_RSA_BITS)


@lru_cache(maxsize=1)
def key_pair() -> tuple[str, str]:
    """Give a (private, public) PEM pair for JWT assertions in tests and in the local stack, made once per process."""
    key = generate_private_key(public_exponent=65537, key_size=_RSA_BITS)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    return private, public


@dataclass(slots=True, kw_only=True)
class App:
    """The registered app. `run_as`: the user of client credentials; `approved`: users whose assertions are accepted.

    Without `callbacks` the code flow goes to any address that is `https` or this machine; with them it is as Salesforce has it for an
    app that people sign in with: only there, PKCE is required, refresh tokens rotate. `id_token_minutes`: Salesforce allows 1 to 720.
    """

    consumer_key: str
    consumer_secret: str
    run_as: str
    approved: set[str] = field(default_factory=set)
    keys: list[RSAPublicKey] = field(default_factory=list)
    callbacks: set[str] = field(default_factory=set)
    id_token_minutes: float = LONGEST_ID_TOKEN

    def register_key(self, pem: str) -> None:
        """Register a public key, or a certificate, whose private key may sign assertions. Raises ValueError if it is none."""
        data = pem.encode()
        key = load_pem_x509_certificate(data).public_key() if b"CERTIFICATE" in data else load_pem_public_key(data)
        if not isinstance(key, RSAPublicKey):
            raise TypeError("only RSA keys can verify RS256")
        self.keys.append(key)
