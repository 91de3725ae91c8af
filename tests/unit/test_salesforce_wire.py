"""Where our requests may go, how long they may take, and what silence means."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
import requests
from fakes.salesforce_answers import URL, Script, answer
from urllib3 import HTTPSConnectionPool
from urllib3.connection import HTTPSConnection
from urllib3.exceptions import MaxRetryError, NameResolutionError, NewConnectionError, ProtocolError, ReadTimeoutError

from reminders.core.problems import Kind
from reminders.ports import OrgUnavailable, Usage
from reminders.salesforce.wire import Credentials, Wire, broken, date_of

SECRET = Credentials(url=URL, consumer_key="the-key", consumer_secret="the-secret")
JWT = Credentials(url=URL, consumer_key="the-key", username="sync@acme.example", private_key="the-pem")
LOOPBACK = replace(SECRET, url="http://127.0.0.1:8081")


def _get(wire: Wire, url: str) -> requests.Response:
    return wire.send(requests.Request("GET", url).prepare())


@pytest.mark.parametrize("credentials", [SECRET, JWT])
def test_secrets_are_not_shown(credentials: Credentials) -> None:
    """Never a secret in a log: a repr is the shortest way into one."""
    assert not {word for word in ("the-key", "the-secret", "the-pem") if word in f"{credentials!r} {credentials}"}


@pytest.mark.parametrize(
    "url",
    [
        "http://acme.my.salesforce.com",
        "https://acme.my.salesforce.com.evil.example",
        "https://evil-salesforce.com",
        "https://169.254.169.254",
        "https://acme.my.salesforce.com:8443",
        "https://user:pass@acme.my.salesforce.com",
        "https://acme.my.salesforce.com/services",
        "https://acme.my.salesforce.com?x=1",
        "https://login.salesforce.com",
        "https://test.salesforce.com",
        "http://10.0.0.1:8081",
        "ftp://127.0.0.1",
        "acme.my.salesforce.com",
        "",
    ],
)
def test_an_address_that_is_no_org_is_refused(url: str) -> None:
    """The address is configuration, and our secret is sent to it; plain http only on this machine."""
    with pytest.raises(ValueError, match=r"address|page|host"):
        replace(SECRET, url=url)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8081", "http://localhost:8081/", "http://[::1]:8081", "https://127.0.0.1"]
)
def test_an_emulated_org_on_this_machine_is_allowed(url: str) -> None:
    """The local stack speaks plain http on loopback."""
    assert replace(SECRET, url=url).loopback


@pytest.mark.parametrize(
    "half",
    [
        {"consumer_secret": None},
        {"username": "sync@acme.example"},
        {"username": "sync@acme.example", "private_key": "pem"},
        {"consumer_secret": None, "username": "sync@acme.example"},
        {"consumer_secret": None, "private_key": "pem"},
    ],
)
def test_half_or_double_credentials_are_refused(half: dict[str, str | None]) -> None:
    """simple-salesforce would fall back to the password grant with a user name and a secret; we never sign in that way."""
    with pytest.raises(ValueError, match="give either"):
        replace(SECRET, **half)  # type: ignore[arg-type]  # wrong on purpose


@pytest.mark.parametrize(
    ("wrong", "words"), [({"audience": "https://evil.example"}, "audience"), ({"api_version": "v66"}, "version")]
)
def test_other_nonsense_is_refused(wrong: dict[str, str], words: str) -> None:
    """A wrong version or audience is a clear error at the start, not a 404 in the middle."""
    with pytest.raises(ValueError, match=words):
        replace(JWT, **wrong)  # type: ignore[arg-type]  # wrong on purpose


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/x",
        "http://acme.my.salesforce.com/x",
        "https://acme.my.salesforce.com@evil.example/x",
        "https:///x",
    ],
)
def test_nothing_is_sent_to_a_foreign_host(url: str) -> None:
    """SSRF: a `nextRecordsUrl` or `instance_url` of somebody's choosing must not carry our token away."""
    script = Script(answer("never"))
    request = requests.PreparedRequest()
    request.method, request.url = "GET", url
    with pytest.raises(OrgUnavailable, match="FOREIGN_HOST"):
        Wire(SECRET, script).send(request)
    assert script.sent == []


@pytest.mark.parametrize("host", ["acme--uat.sandbox.my.salesforce.com", "na1.salesforce.com", "acme.file.force.com"])
def test_salesforces_other_hosts_are_served(host: str) -> None:
    """An org moves between hosts of Salesforce."""
    script = Script(answer("yes"))
    _get(Wire(SECRET, script), f"https://{host}/x")
    assert script.sent[0].host == f"https://{host}"


@pytest.mark.parametrize("url", ["https://127.0.0.1:8081/a?b=c%2Bd", "https://loopback.salesforce.com/a?b=c%2Bd"])
def test_with_an_org_on_loopback_everything_stays_there(url: str) -> None:
    """Simple-salesforce hard-codes https and the host's ending; neither path nor query may change."""
    script = Script(answer("yes"))
    _get(Wire(LOOPBACK, script), url)
    assert script.sent[0].url == "http://127.0.0.1:8081/a?b=c%2Bd"


def test_every_request_has_our_time_outs() -> None:
    """Simple-salesforce sets none, so a silent org would hang a function until Lambda kills it."""
    script = Script(answer("yes"))
    _get(Wire(replace(SECRET, connect_timeout=1.5, read_timeout=7), script), f"{URL}/x")
    assert script.sent[0].timeout == (1.5, 7)


def test_a_redirect_is_not_followed() -> None:
    """A renamed My Domain answers with a sign-in page elsewhere; that must not look like an answer."""
    script = Script(answer("", 302, headers={"Location": "https://evil.example/"}))
    with pytest.raises(OrgUnavailable, match="HTTP_302") as caught:
        _get(Wire(SECRET, script), f"{URL}/x")
    assert caught.value.failure.kind is Kind.PERMANENT


@pytest.mark.parametrize(
    ("header", "usage"),
    [
        ("api-usage=10018/100000", Usage(used=10018, limit=100000)),
        ("api-usage=25/5000; per-app-api-usage=17/250(appName=sample)", Usage(used=25, limit=5000)),
        ("per-app-api-usage=17/250(appName=sample); api-usage=25/5000", Usage(used=25, limit=5000)),
        ("", None),
        ("per-app-api-usage=17/250", None),
    ],
)
def test_the_orgs_usage_is_read_of_every_answer(header: str, usage: Usage | None) -> None:
    """O6: the app's own figure in the same header is not the org's."""
    wire = Wire(SECRET, Script(answer("no", 503, headers={"Sforce-Limit-Info": header})))
    _get(wire, f"{URL}/x")
    assert wire.usage == usage


def test_an_answer_without_usage_keeps_the_last() -> None:
    """O6: the versions root carries none, which is no news about the budget."""
    wire = Wire(SECRET, Script(answer("", headers={"Sforce-Limit-Info": "api-usage=1/9"}), answer("")))
    _get(wire, f"{URL}/x")
    _get(wire, f"{URL}/services/data/")
    assert wire.usage == Usage(used=1, limit=9)


def test_salesforces_clock_is_utc() -> None:
    """I3: the end of a poll comes from `Date`, never from our clock."""
    assert date_of(answer("")) == datetime(2026, 11, 22, 10, tzinfo=UTC)


@pytest.mark.parametrize("date", [{"Date": "yesterday"}, {}])
def test_an_answer_without_a_clock_is_no_answer(date: dict[str, str]) -> None:
    """I3: inventing the time from our own clock could push a watermark past what is covered."""
    response = answer("")
    del response.headers["Date"]
    response.headers.update(date)
    with pytest.raises(OrgUnavailable, match="UNEXPECTED_ANSWER"):
        date_of(response)


POOL = HTTPSConnectionPool("acme.my.salesforce.com")
CONNECTION = HTTPSConnection("acme.my.salesforce.com")


def _given_up(reason: Exception) -> MaxRetryError:
    return MaxRetryError(POOL, "/services/data?q=SELECT+secret", reason)


@pytest.mark.parametrize(
    "error",
    [
        requests.ConnectTimeout(_given_up(OSError("slow"))),
        requests.ConnectionError(_given_up(NewConnectionError(CONNECTION, "refused"))),
        requests.ConnectionError(_given_up(NameResolutionError("acme", CONNECTION, OSError()))),  # type: ignore[arg-type]
    ],
)
def test_what_was_never_sent_did_not_happen(error: requests.RequestException) -> None:
    """O2: without a connection no write was made; no look-up is owed."""
    assert broken(error, writes=True).kind is Kind.TRANSIENT
    assert broken(error, writes=True).code == "NOT_REACHED"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (requests.ReadTimeout(ReadTimeoutError(POOL, "/services/data?q=SELECT+secret", "Read timed out.")), "TIMEOUT"),
        (
            requests.ConnectionError(ProtocolError("Connection aborted.", ConnectionResetError(104, "reset"))),
            "NO_ANSWER",
        ),
        (requests.exceptions.ChunkedEncodingError("cut"), "NO_ANSWER"),
        (requests.exceptions.SSLError(_given_up(OSError("bad record mac"))), "NO_ANSWER"),
        (requests.ConnectionError(), "NO_ANSWER"),
    ],
)
def test_a_write_without_an_answer_may_have_happened(error: requests.RequestException, code: str) -> None:
    """O2: taking a lost answer for a refusal would create the task twice."""
    assert broken(error, writes=True).kind is Kind.UNKNOWN
    assert broken(error, writes=False).kind is Kind.TRANSIENT
    assert broken(error, writes=True).code == code


def test_a_broken_connections_message_holds_no_query() -> None:
    """It is shown in Diagnostics and logged; addresses carry people's names and ids."""
    assert "secret" not in broken(requests.ConnectionError(_given_up(OSError("x"))), writes=False).message
