"""The key pair that the functions sign in with: the key for Secrets Manager, the certificate for Salesforce."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

BITS: Final = 2048
"""Salesforce takes 2048 or 4096."""
LIFE: Final = timedelta(days=730)
SOON: Final = timedelta(days=30)
"""So long before its end the doctor warns."""


def new_key() -> str:
    """Make a private key (PEM, PKCS 8, no passphrase: it goes into Secrets Manager and nowhere else)."""
    key = generate_private_key(public_exponent=65537, key_size=BITS)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def certificate(private_key: str, name: str, now: datetime) -> str:
    """Sign a certificate (PEM) of a key with itself, valid for two years. Raises ValueError for what is no RSA key."""
    key = _rsa(private_key)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])
    built = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + LIFE)
        .sign(key, SHA256())
    )
    return built.public_bytes(Encoding.PEM).decode()


def belong_together(private_key: str, pem: str) -> bool:
    """Tell whether a certificate is of this key. Raises ValueError for what is neither."""
    ours = _rsa(private_key).public_key()
    theirs = x509.load_pem_x509_certificate(pem.encode()).public_key()
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return ours.public_bytes(*form) == theirs.public_bytes(*form)


def expires(pem: str) -> datetime:
    """Tell when a certificate ends."""
    return x509.load_pem_x509_certificate(pem.encode()).not_valid_after_utc


def _rsa(private_key: str) -> RSAPrivateKey:
    key = load_pem_private_key(private_key.encode(), password=None)
    if not isinstance(key, RSAPrivateKey):
        raise ValueError("the private key is no RSA key")  # noqa: TRY004 - the text is wrong, not its type
    return key
