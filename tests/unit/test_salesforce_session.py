"""Signing in, signing in again, and what is asked a second time."""

from __future__ import annotations

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from urllib.parse import parse_qsl

import jwt
import pytest
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from fakes.salesforce_answers import DATE, ME, TOKEN, URL, Script, answer, error, page

from reminders.core.problems import Kind
from reminders.ports import OrgUnavailable
from reminders.salesforce.client import Credentials, SalesforceOrg, connect
from reminders.salesforce.session import MOST_PAGES, Answer

EXPIRED = ("INVALID_SESSION_ID", "Session expired or invalid", 401)
BUSY = "<html>Down for maintenance</html>"
TASK = {"Subject": "Call Ada"}
T1 = "00T000000000001EAA"
COVERED = {"ids": [T1], "latestDateCovered": "2026-11-22T09:59:00.000+0000"}
NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
LOST = requests.ConnectionError("Connection aborted.", ConnectionResetError(104, "reset"))


@lru_cache
def _key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _pem() -> str:
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return _key().private_bytes(*form).decode()


def _org(script: Script, url: str = URL) -> SalesforceOrg:
    return connect(Credentials(url=url, consumer_key="key", consumer_secret="s3cret"), session=script.session)


def _updated(org: SalesforceOrg) -> tuple[str, ...]:
    return org.updated(NOW - timedelta(minutes=5), NOW).ids


def test_nothing_is_sent_before_the_first_question() -> None:
    """A cold start must not fail, nor cost a call, for a function that never asks."""
    script = Script()
    assert _org(script).usage() is None
    assert script.sign_ins == []


def test_client_credentials_sign_in_at_the_my_domain() -> None:
    """Only the My Domain's token endpoint serves this flow; the secret travels in the Basic header."""
    script = Script()
    assert _org(script).me() == ME
    (sent,) = script.sign_ins
    assert (sent.method, sent.url) == ("POST", f"{URL}/services/oauth2/token")
    assert dict(parse_qsl(sent.text)) == {"grant_type": "client_credentials"}
    assert sent.headers["Authorization"] == "Basic " + base64.b64encode(b"key:s3cret").decode()
    assert sent.timeout == (5.0, 30.0)


@pytest.mark.parametrize("audience", ["https://login.salesforce.com", "https://test.salesforce.com", URL])
def test_jwt_bearer_sign_in(audience: str) -> None:
    """RS256, our consumer key, the user's name, the audience as set, and at most minutes of life."""
    script = Script()
    credentials = Credentials(
        url=URL, consumer_key="key", username="o'sync&co@acme.example", private_key=_pem(), audience=audience
    )
    assert connect(credentials, session=script.session).me() == ME
    (sent,) = script.sign_ins
    assert sent.url == f"{URL}/services/oauth2/token"
    form = dict(parse_qsl(sent.text))
    assert form["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
    claims = jwt.decode(form["assertion"], _key().public_key(), algorithms=["RS256"], audience=audience)
    assert (claims["iss"], claims["sub"]) == ("key", "o'sync&co@acme.example")
    assert int(claims["exp"]) - datetime.now(UTC).timestamp() < 300


def test_an_unusable_key_is_one_of_authentication_and_not_shown() -> None:
    """O3: a broken PEM in the secret stops all pushes as one problem, and does not get into the log."""
    key = "-----BEGIN PRIVATE KEY-----\nhush\n-----END PRIVATE KEY-----"
    org = connect(Credentials(url=URL, consumer_key="key", username="a@b.c", private_key=key), session=Script().session)
    with pytest.raises(OrgUnavailable) as caught:
        org.me()
    assert caught.value.failure.kind is Kind.AUTHENTICATION
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    ("refusal", "kind", "code"),
    [
        (answer({"error": "invalid_grant", "error_description": "user hasn't approved this consumer"}, 400),
         Kind.AUTHENTICATION, "invalid_grant"),
        (answer({"error": "invalid_app_access"}, 400), Kind.AUTHENTICATION, "invalid_app_access"),
        (answer([{"errorCode": "SERVER_UNAVAILABLE", "message": "busy"}], 503), Kind.TRANSIENT, "SERVER_UNAVAILABLE"),
        (answer(BUSY, 503), Kind.TRANSIENT, "HTTP_503"),
        (answer(BUSY, 404), Kind.AUTHENTICATION, "HTTP_404"),
        (answer(BUSY), Kind.TRANSIENT, "UNEXPECTED_ANSWER"),
        (answer({"instance_url": URL}), Kind.TRANSIENT, "UNEXPECTED_ANSWER"),
        (answer(TOKEN | {"id": "https://login.salesforce.com/id/x"}), Kind.TRANSIENT, "UNEXPECTED_ANSWER"),
        (answer(TOKEN | {"instance_url": "https://evil.example"}), Kind.PERMANENT, "FOREIGN_HOST"),
        (answer(TOKEN | {"instance_url": None}), Kind.PERMANENT, "FOREIGN_HOST"),
        (requests.ReadTimeout("slow"), Kind.TRANSIENT, "TIMEOUT"),
    ],
)  # fmt: skip
def test_a_refused_sign_in_is_sorted_and_nothing_else_is_sent(
    refusal: requests.Response | Exception, kind: Kind, code: str
) -> None:
    """O3, SSRF: also before a write it says "nothing was done", and the token goes to no host but Salesforce's."""
    script = Script(tokens=(refusal,))
    with pytest.raises(OrgUnavailable) as caught:
        _org(script).create([TASK])
    assert (caught.value.failure.kind, caught.value.failure.code) == (kind, code)
    assert script.sent == []


def test_the_instance_named_by_the_sign_in_is_asked() -> None:
    """Orgs move; the token's `instance_url` says where this one is now."""
    script = Script(answer(COVERED), tokens=(answer(TOKEN | {"instance_url": "https://acme2.my.salesforce.com/"}),))
    _updated(_org(script))
    assert script.sent[0].host == "https://acme2.my.salesforce.com"
    assert script.sent[0].headers["Authorization"] == "Bearer 00D-secret-token"


def test_the_session_is_kept_between_calls() -> None:
    """O6: a sign-in per call would double the time of everything."""
    script = Script(answer(COVERED), answer(COVERED))
    org = _org(script)
    _updated(org)
    _updated(org)
    assert len(script.sign_ins) == 1


def test_threads_share_one_sign_in() -> None:
    """A pool of workers at a cold start must not sign in once each."""
    script = Script(sign_in_seconds=0.05)
    org = _org(script)
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda _: org.me(), range(32))) == {ME}
    assert len(script.sign_ins) == 1


def test_an_expired_session_is_renewed_once_and_the_read_goes_on() -> None:
    """O3: authentication refreshes the session once; sessions end after two idle hours."""
    tokens = (answer(TOKEN), answer(TOKEN | {"access_token": "renewed"}))
    script = Script(error(*EXPIRED), answer(COVERED), tokens=tokens)
    assert _updated(_org(script)) == (T1,)
    assert [sent.headers["Authorization"] for sent in script.sent] == ["Bearer 00D-secret-token", "Bearer renewed"]


def test_an_expired_session_is_renewed_for_a_write_too() -> None:
    """O3: a 401 refused the write before it was made, so sending it again is no second write."""
    script = Script(error(*EXPIRED), answer([{"id": T1, "success": True, "errors": []}]))
    assert [outcome.id for outcome in _org(script).create([TASK])] == [T1]
    assert len(script.sign_ins) == 2


@pytest.mark.parametrize("refusal", [error(*EXPIRED), answer(BUSY, 401), error("INVALID_AUTH_HEADER", "", 401)])
def test_a_401_for_ever_ends(refusal: requests.Response) -> None:
    """Simple-salesforce would recurse for ever; we stop after one renewal, as one of authentication."""
    script = Script(*[refusal] * 10)
    org = _org(script)
    with pytest.raises(OrgUnavailable) as caught:
        _updated(org)
    assert caught.value.failure.kind is Kind.AUTHENTICATION
    assert (len(script.sent), len(script.sign_ins)) == (2, 2)


def test_after_a_refused_session_the_next_call_signs_in_anew() -> None:
    """O3: a token that was refused is not kept; once the cause is gone everything goes on by itself."""
    script = Script(error(*EXPIRED), error(*EXPIRED), answer(COVERED))
    org = _org(script)
    with pytest.raises(OrgUnavailable):
        _updated(org)
    assert _updated(org) == (T1,)
    assert len(script.sign_ins) == 3


def test_a_late_refusal_of_the_old_session_does_not_end_the_new_one() -> None:
    """O3: of two threads with the same expired session the second must not throw away what the first has renewed."""
    script = Script()
    session = _org(script)._session
    old = session._sign_in_once()
    session._forget(old)
    new = session._sign_in_once()
    session._forget(old)
    assert session._sign_in_once() is new


@pytest.mark.parametrize("trouble", [LOST, answer(BUSY, 503), error("SERVER_UNAVAILABLE", "busy", 503)])
def test_a_read_is_asked_twice_at_most(trouble: requests.Response | Exception) -> None:
    """Never an unbounded retry: one lost connection is no outage, two are."""
    script = Script(trouble, answer(COVERED))
    assert _updated(_org(script)) == (T1,)
    script = Script(*[trouble] * 10)
    with pytest.raises(OrgUnavailable) as caught:
        _updated(_org(script))
    assert caught.value.failure.kind is Kind.TRANSIENT
    assert len(script.sent) == 2


@pytest.mark.parametrize(
    ("refusal", "kind"),
    [
        (requests.ReadTimeout("slow"), Kind.TRANSIENT),
        (error("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", 403), Kind.LIMIT),
        (error("API_DISABLED_FOR_ORG", "no API", 403), Kind.AUTHENTICATION),
        (error("UNKNOWN_EXCEPTION", "oops", 500), Kind.TRANSIENT),
        (error("NOT_FOUND", "The requested resource does not exist", 404), Kind.PERMANENT),
        (answer(BUSY, 410), Kind.PERMANENT),
        (answer(BUSY), Kind.TRANSIENT),
        (answer([]), Kind.TRANSIENT),
        (answer({"ids": []}), Kind.TRANSIENT),
    ],
)
def test_other_troubles_of_a_read_are_the_callers(refusal: requests.Response | Exception, kind: Kind) -> None:
    """O3, O6: asking again at once would be too slow, or burn the very budget that is spent."""
    script = Script(refusal)
    with pytest.raises(OrgUnavailable) as caught:
        _updated(_org(script))
    assert caught.value.failure.kind is kind
    assert len(script.sent) == 1


@pytest.mark.parametrize(
    ("trouble", "kind"),
    [
        (LOST, Kind.UNKNOWN),
        (requests.ReadTimeout("slow"), Kind.UNKNOWN),
        (requests.ConnectTimeout("no route"), Kind.TRANSIENT),
        (answer(BUSY, 503), Kind.UNKNOWN),
        (answer(BUSY, 200), Kind.UNKNOWN),
        (error("SERVER_UNAVAILABLE", "busy", 503), Kind.TRANSIENT),
        (error("UNABLE_TO_LOCK_ROW", "locked", 500), Kind.TRANSIENT),
        (error("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", 403), Kind.LIMIT),
    ],
)
def test_a_write_is_never_repeated(trouble: requests.Response | Exception, kind: Kind) -> None:
    """O2: whoever sent the create again after a lost answer would make two tasks for one reminder."""
    script = Script(trouble, answer([{"id": T1, "success": True, "errors": []}]))
    with pytest.raises(OrgUnavailable) as caught:
        _org(script).create([TASK])
    assert caught.value.failure.kind is kind
    assert len(script.sent) == 1


def test_the_clock_asks_without_signing_in() -> None:
    """I3: the versions root needs no session and counts against no limit."""
    script = Script(answer([{"version": "66.0"}]))
    assert _org(script).now() == NOW
    assert script.sign_ins == []
    assert script.sent[0].url == f"{URL}/services/data/"
    assert "Authorization" not in script.sent[0].headers


def test_an_outage_has_no_clock() -> None:
    """I3: the `Date` of a proxy's 503 is not Salesforce's clock."""
    script = Script(answer(BUSY, 503), answer(BUSY, 503))
    with pytest.raises(OrgUnavailable, match="HTTP_503"):
        _org(script).now()


def test_a_slow_answer_is_as_old_as_its_question() -> None:
    """O1: rows read at the start of a ten-second answer are ten seconds older than its `Date` says."""
    response = answer("")
    response.elapsed = timedelta(seconds=9.7)
    assert Answer(None, response).at == NOW - timedelta(seconds=9)
    assert DATE.endswith("10:00:00 GMT")


def test_an_endless_query_is_given_up() -> None:
    """Never an unbounded query: a `nextRecordsUrl` that leads in a circle ends with an error, not in half a result."""
    script = Script(*[page({"Id": T1}, following="/services/data/v66.0/query/01g-2000") for _ in range(MOST_PAGES + 9)])
    with pytest.raises(OrgUnavailable, match="TOO_MANY_PAGES"):
        _org(script).open_tasks(ME, NOW)
    assert len(script.sent) == MOST_PAGES


def test_a_page_that_leads_elsewhere_is_not_followed() -> None:
    """SSRF: `https://host` + `@evil.example/` is another host."""
    script = Script(page({"Id": T1}, following="@evil.example/"), page())
    with pytest.raises(OrgUnavailable, match="FOREIGN_HOST"):
        _org(script).open_tasks(ME, NOW)
    assert len(script.sent) == 1


def test_pages_survive_the_end_of_a_session() -> None:
    """O3: a cursor belongs to the user, so the second page is asked again with the new session."""
    script = Script(
        page({"Id": T1}, following="/services/data/v66.0/query/01g-1"), error(*EXPIRED), page({"Id": "00T2"})
    )
    assert _org(script).open_tasks(ME, NOW) == (T1, "00T2")
    assert script.sent[2].path == "/services/data/v66.0/query/01g-1"


def test_errors_leak_neither_token_nor_secret() -> None:
    """Never a secret in a log: the error text is logged with its whole chain."""
    script = Script(error("NOT_FOUND", "no", 404))
    with pytest.raises(OrgUnavailable) as caught:
        _updated(_org(script))
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
    assert "s3cret" not in json.dumps(str(caught.value))
