"""OpenID Connect: id tokens, the keys that verify them, discovery, and who a token's user is (`userinfo` and the identity URL)."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Final
from zoneinfo import ZoneInfo

import jwt

from infra.local.org.apps import LOGIN, SCOPES, App, signing_key
from infra.local.org.ids import SHORT
from infra.local.org.state import State, User
from infra.local.org.wire import Request, Response, answer, stamp

KEY_ID: Final = "org-key-1"


class OpenId:
    """The OpenID Connect half of signing in. `now`: the clock of signed tokens, see `oauth.OAuth`."""

    def __init__(self, state: State, app: App, now: Callable[[], datetime]) -> None:
        self.state = state
        self.app = app
        self._now = now

    def id_token(
        self, user: User, *, issuer: str, nonce: str = "", access_token: str = "", minutes: float | None = None
    ) -> str:
        """Sign an id token (RS256): `sub` is the user's address at the login host, `aud` the consumer key."""
        now = int(self._now().timestamp())
        claims: dict[str, object] = {
            "iss": issuer,
            "sub": f"{LOGIN}/id/{self.state.organization_id}/{user.id}",
            "aud": self.app.consumer_key,
            "iat": now,
            "exp": now + int((minutes or self.app.id_token_minutes) * 60),
        }
        if nonce:
            claims["nonce"] = nonce
        if access_token:
            half = hashlib.sha256(access_token.encode()).digest()[:16]
            claims["at_hash"] = base64.urlsafe_b64encode(half).rstrip(b"=").decode()
        return jwt.encode(claims, signing_key(), algorithm="RS256", headers={"kid": KEY_ID})

    def keys(self, _: Request) -> Response:
        """Publish the key that verifies id tokens."""
        key = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(signing_key().public_key()))
        return answer(
            {"keys": [{"kty": "RSA", "use": "sig", "alg": "RS256", "kid": KEY_ID, "n": key["n"], "e": key["e"]}]}
        )

    def discovery(self, request: Request) -> Response:
        """Describe the sign-in under the address that was asked."""
        base = request.base
        oauth = f"{base}/services/oauth2"
        return answer(
            {
                "issuer": base,
                "authorization_endpoint": f"{oauth}/authorize",
                "token_endpoint": f"{oauth}/token",
                "revocation_endpoint": f"{oauth}/revoke",
                "end_session_endpoint": f"{base}/services/auth/idp/oidc/logout",
                "userinfo_endpoint": f"{oauth}/userinfo",
                "jwks_uri": f"{base}/id/keys",
                "introspection_endpoint": f"{oauth}/introspect",
                "scopes_supported": SCOPES.split(),
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "code_challenge_methods_supported": ["S256"],
                "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
                "claims_supported": ["sub", "user_id", "organization_id", "preferred_username", "name", "email"],
            }
        )

    def userinfo(self, request: Request) -> Response:
        """Tell who the token's user is; 403 Bad_OAuth_Token for a token that opens nothing."""
        user = self._holder(request)
        if user is None:
            return _bad_token()
        row = self.state.store.tables["User"][user.id]
        return answer(
            {
                "sub": f"{LOGIN}/id/{self.state.organization_id}/{user.id}",
                "user_id": user.id,
                "organization_id": self.state.organization_id,
                "preferred_username": user.username,
                "nickname": user.username.partition("@")[0],
                "name": user.name,
                "email": row.get("Email"),
                "email_verified": True,
                "given_name": row.get("FirstName"),
                "family_name": row.get("LastName"),
                "zoneinfo": user.time_zone,
                "locale": row.get("LocaleSidKey"),
                "language": row.get("LanguageLocaleKey"),
                "utcOffset": self._offset(user),
                "updated_at": stamp(int(row["LastModifiedDate"])),
                "urls": self._urls(request),
                "active": user.active,
                "user_type": "STANDARD",
                "is_app_installed": True,
                "is_salesforce_integration_user": user.id == self.app.run_as,
            }
        )

    def identity(self, request: Request) -> Response:
        """Answer the identity URL, the `id` of a token answer: the same person in an older vocabulary."""
        user = self._holder(request)
        if user is None:
            return _bad_token()
        row = self.state.store.tables["User"][user.id]
        return answer(
            {
                "id": f"{request.base}/id/{self.state.organization_id}/{user.id}",
                "asserted_user": True,
                "user_id": user.id,
                "organization_id": self.state.organization_id,
                "username": user.username,
                "nick_name": user.username.partition("@")[0],
                "display_name": user.name,
                "email": row.get("Email"),
                "email_verified": True,
                "first_name": row.get("FirstName"),
                "last_name": row.get("LastName"),
                "timezone": user.time_zone,
                "photos": {},
                "addr_street": None,
                "addr_city": None,
                "addr_state": None,
                "addr_country": None,
                "addr_zip": None,
                "mobile_phone": None,
                "mobile_phone_verified": False,
                "is_lightning_login_user": False,
                "status": {"created_date": None, "body": None},
                "urls": self._urls(request),
                "active": user.active,
                "user_type": "STANDARD",
                "language": row.get("LanguageLocaleKey"),
                "locale": row.get("LocaleSidKey"),
                "utcOffset": self._offset(user),
                "last_modified_date": stamp(int(row["LastModifiedDate"])),
                "is_app_installed": True,
            }
        )

    def _holder(self, request: Request) -> User | None:
        token = request.headers.get("authorization", "").partition(" ")[2] or request.query.get(
            "access_token", request.query.get("oauth_token", "")
        )
        user_id = self.state.sessions.user_of(token, self.state.second())
        return self.state.user(user_id) if user_id else None

    def _offset(self, user: User) -> int:
        """Give the user's standard offset from UTC in milliseconds, without daylight saving."""
        now = self.state.now().astimezone(ZoneInfo(user.time_zone))
        offset = (now.utcoffset() or timedelta()) - (now.dst() or timedelta())
        return int(offset.total_seconds() * 1000)

    def _urls(self, request: Request) -> dict[str, str]:
        base = request.instance
        organization = self.state.organization_id
        rest = f"{base}/services/data/v{{version}}/"
        return {
            "enterprise": f"{base}/services/Soap/c/{{version}}/{organization[:SHORT]}",
            "partner": f"{base}/services/Soap/u/{{version}}/{organization[:SHORT]}",
            "rest": rest,
            "sobjects": f"{rest}sobjects/",
            "query": f"{rest}query/",
            "custom_domain": base,
        }


def _bad_token() -> Response:
    return Response(status=HTTPStatus.FORBIDDEN, body=b"Bad_OAuth_Token", headers={"Content-Type": "text/plain"})
