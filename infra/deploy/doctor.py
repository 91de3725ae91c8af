"""What must be true for the service to work, checked from outside, each failure with what to do about it.

The functions check the org once a day by themselves (`reminders.sync.set_up`) and tell it in Diagnostics. This looks at the same from a
desk, before the first deploy and whenever something is wrong, and at what only a desk can see: AWS, clocks, addresses, alarms.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import urlsplit

import httpx

from infra.deploy import keys
from infra.deploy.answers import Answers
from infra.deploy.cloud import AwsFailed, Cloud
from infra.deploy.org import Org, connect
from reminders.core import set_up_rules
from reminders.core.set_up_rules import Picklists
from reminders.core.settings import Settings
from reminders.ports import OrgUnavailable

TIMEOUT: Final = 20.0
MOST_SKEW: Final = timedelta(seconds=60)
"""An assertion lives three minutes; a clock that is a minute off is on its way to being three off."""
ADMIN: Final = "Reminder_Sync_Admin"


@dataclass(frozen=True, slots=True)
class Check:
    """One check: what was found, and what to do where it is wrong. `ok` is None for what could not be looked at."""

    name: str
    ok: bool | None
    found: str
    advice: str = ""


def _good(name: str, found: str) -> Check:
    return Check(name, ok=True, found=found)


def _bad(name: str, found: str, advice: str) -> Check:
    return Check(name, ok=False, found=found, advice=advice)


def _unseen(name: str, found: str, advice: str = "") -> Check:
    return Check(name, ok=None, found=found, advice=advice)


def _judged(name: str, found: str, advice: str, *, ok: bool) -> Check:
    return Check(name, ok=ok, found=found, advice="" if ok else advice)


@dataclass(slots=True)
class Doctor:
    """Checks one deployment. `now` is this machine's clock."""

    answers: Answers
    cloud: Cloud
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    _entries: Mapping[str, str] = field(default_factory=dict)

    def before(self) -> Iterator[Check]:
        """What must be true before anything is deployed: AWS, the org's address, the clock."""
        yield self._identity()
        yield from self._org_answers()

    def all(self) -> Iterator[Check]:
        """Everything, in the order in which it must be repaired."""
        checks = list(self.before())
        yield from checks
        if not checks[0].ok:
            return
        stack = self._stack()
        yield stack
        if not stack.ok:
            return
        secret = self._secret()
        yield secret
        yield self._certificate()
        if secret.ok and all(check.ok for check in checks):
            yield from self._signed_in()
        yield from self._addresses()
        yield self._alarms()

    # --- AWS

    def _identity(self) -> Check:
        name = "AWS identity and region"
        if not self.cloud.region:
            return _bad(name, "no region is chosen", "Give --region, or run `aws configure set region <region>`.")
        try:
            return _good(name, f"{self.cloud.account()} in {self.cloud.region}")
        except AwsFailed as error:
            advice = "Sign in: `aws sso login`, or `aws configure`; `aws sts get-caller-identity` must answer."
            return _bad(name, str(error), advice)

    def _stack(self) -> Check:
        name = "Stack"
        status = self.cloud.status()
        if status is None:
            return _bad(name, f"there is no stack {self.answers.stack}", "Run `make deploy`.")
        healthy = status.endswith("_COMPLETE") and "ROLLBACK" not in status
        advice = (
            "Look at its events: `aws cloudformation describe-stack-events --stack-name "
            f"{self.answers.stack}`; repair the first failure, then run `make deploy`."
        )
        return _judged(name, f"{self.answers.stack} is {status}", advice, ok=healthy)

    def _secret(self) -> Check:
        name = "Credentials in Secrets Manager"
        try:
            self._entries = self.cloud.sign_in()
        except ValueError as error:
            return _bad(name, f"the secret cannot be read: {error}", "Run `make deploy`: it fills it anew.")
        wanted = ("consumer_key", "username", "private_key")
        missing = [each for each in wanted if not self._entries.get(each)]
        if missing:
            return _bad(name, f"missing: {', '.join(missing)}", "Run `make deploy`: it asks for what is missing.")
        return _good(name, f"for {self._entries['username']}")

    def _certificate(self) -> Check:
        name, pem = "Certificate", self.answers.certificate
        renew = "Rotate the key (docs/operations.md)."
        if not pem or not self._entries.get("private_key"):
            return _unseen(name, "none is known on this machine", "`make deploy` makes one for the key that is stored.")
        try:
            matches = keys.belong_together(self._entries["private_key"], pem)
        except ValueError as error:
            return _bad(name, f"the stored private key cannot be used: {error}", renew)
        if not matches:
            return _bad(name, "the certificate is of another key than the one that is stored", renew)
        end = keys.expires(pem)
        soon = end - self.now() < keys.SOON
        return _judged(name, f"ends on {end:%Y-%m-%d}", renew, ok=not soon)

    def _alarms(self) -> Check:
        ringing = self.cloud.ringing()
        return _judged("Alarms", "; ".join(ringing) or "none rings", "Do what it says.", ok=not ringing)

    # --- the org

    def _org_answers(self) -> Iterator[Check]:
        url, version = self.answers.salesforce_url, str(self.answers.more.get("SalesforceApiVersion", "66.0"))
        name = "Salesforce org reachable"
        if not url:
            yield _unseen(name, "its address is not known yet", "Run `make deploy`.")
            return
        try:
            answer = httpx.get(f"{url}/services/data/", timeout=TIMEOUT)
            versions = [each["version"] for each in answer.raise_for_status().json()]
        except (httpx.HTTPError, ValueError, TypeError, KeyError) as error:
            advice = (
                "It must be the My Domain address (Setup, My Domain: https://….my.salesforce.com), reachable from here."
            )
            yield _bad(name, f"{url} does not answer as an org: {_said(error)}", advice)
            return
        yield _good(name, url)
        upgrade = f"Choose one with `--set SalesforceApiVersion=<version>`; there are {', '.join(versions[-3:])}."
        yield _judged("REST API version", version, upgrade, ok=version in versions)
        yield self._clock(answer)
        yield self._issuer()

    def _clock(self, answer: httpx.Response) -> Check:
        theirs = parsedate_to_datetime(answer.headers["Date"])
        skew = self.now() - theirs
        ok = abs(skew) <= MOST_SKEW
        advice = "Set this machine's clock (NTP): Salesforce refuses assertions of another time. The functions' clock is AWS's."
        return _judged("Clock", f"{abs(skew).total_seconds():.0f} s off Salesforce's", advice, ok=ok)

    def _issuer(self) -> Check:
        """The API's authorizer reads this document, so what it says is the only issuer that it takes (C7)."""
        name, url = "Sign-in issuer", self.answers.salesforce_url
        wanted = self.answers.more.get("SignInIssuer") or url
        try:
            found = str(
                httpx.get(f"{url}/.well-known/openid-configuration", timeout=TIMEOUT)
                .raise_for_status()
                .json()["issuer"]
            )
        except (httpx.HTTPError, ValueError, TypeError, KeyError) as error:
            return _bad(name, f"no discovery document: {_said(error)}", "Use the org's own My Domain address.")
        advice = f"Give the issuer that the org names: `--set SignInIssuer={found}`."
        return _judged(name, found, advice, ok=found == wanted)

    def _signed_in(self) -> Iterator[Check]:
        name = "Sign-in as the integration user"
        try:
            org = connect(self.answers, self._entries)
        except ValueError as error:
            yield _bad(name, str(error), "Run `make deploy`: it fills the secret anew.")
            return
        try:
            org.tasks.me()
        except OrgUnavailable as stop:
            yield _bad(name, f"{stop.failure.code}: {stop.failure.message}", _sign_in_advice(stop))
            return
        yield _good(name, str(self._entries.get("username", "by consumer secret")))
        for name, look in (
            ("API access", self._access),
            ("Organization id", self._same_org),
            ("Picklist values", self._picklists),
            ("People", self._people),
        ):
            try:
                yield from look(org)
            except OrgUnavailable as stop:
                yield _bad(name, f"{stop.failure.code}: {stop.failure.message}", _refused_advice(stop))
                return

    def _access(self, org: Org) -> Iterator[Check]:
        advice = (
            "Deploy `infra/salesforce/org`, and assign Reminder_Sync_Integration to the integration user: "
            "`sf org assign permset --name Reminder_Sync_Integration --on-behalf-of <user name>`."
        )
        access = org.tasks.access()
        yield _good("API access", "the integration user may use the API")
        for check in set_up_rules.access_checks(access):
            yield _judged(check.code, check.words, advice, ok=check.ok)

    def _same_org(self, org: Org) -> Iterator[Check]:
        found = org.organization()
        ok = found.id == self.answers.organization_id
        advice = f"The parameter OrganizationId is of another org; this one is {found.id} ({found.name}). Run `make deploy` again."
        yield _judged("Organization id", f"{found.id} ({found.name})", advice, ok=ok)

    def _picklists(self, org: Org) -> Iterator[Check]:
        picklists = Picklists(statuses=org.tasks.statuses(), priorities=org.tasks.priorities(), at=self.now())
        for check in set_up_rules.mapping_checks(Settings(), picklists):
            advice = "Map it in the Command Center (Settings), if that is not done yet, or add the value to the org's picklist."
            yield _judged(check.code, check.words, advice, ok=check.ok)

    def _people(self, org: Org) -> Iterator[Check]:
        """Whoever signs in is matched by the user id in the token; who may is said by the permission sets (C7)."""
        admins, users = org.people()
        everybody = {**users, **admins}
        active = [each for each in everybody.values() if each.active]
        inactive = sorted(each.username or each.id for each in everybody.values() if not each.active)
        advice = f"Assign one: `sf org assign permset --name {ADMIN} --on-behalf-of <user name>`."
        administering = sum(each.active for each in admins.values())
        yield _judged("Administrator", f"{administering} active", advice, ok=administering > 0)
        found = f"{len(active)} active" + (f", inactive: {', '.join(inactive)}" if inactive else "")
        advice = "They cannot sign in, and their sync rests; take the permission set from them, or activate them."
        yield _judged("Users", found, advice, ok=not inactive)

    # --- the service

    def _addresses(self) -> Iterator[Check]:
        outputs = self.cloud.outputs()
        yield self._answering(
            "Command Center", "GET", outputs["CommandCenter"], 200, "Read the log of the api function."
        )
        if self.answers.more.get("WebhookDomain"):
            yield _unseen("Webhook", "it wants a client certificate that only Salesforce has")
            return
        advice = "Read the log of the receive function; without it edits in Salesforce arrive with the poll only."
        yield self._answering("Webhook", "POST", f"{outputs['Webhook']}not-the-secret", 404, advice)

    @staticmethod
    def _answering(name: str, method: str, address: str, expected: int, advice: str) -> Check:
        where = f"https://{urlsplit(address).netloc}"
        try:
            status = httpx.request(method, address, timeout=TIMEOUT).status_code
        except (httpx.HTTPError, ssl.SSLError) as error:
            return _bad(name, f"{where} does not answer: {_said(error)}", advice)
        ok = status == expected
        return _judged(name, where if ok else f"{where} answers {status}, not {expected}", advice, ok=ok)


def _sign_in_advice(stop: OrgUnavailable) -> str:
    """What OAuth's errors mean here (facts 6.1): the words are Salesforce's own."""
    code, words = stop.failure.code, stop.failure.message.lower()
    if "approved" in words:
        return (
            "Assign Reminder_Sync_Integration to the integration user, and deploy `infra/salesforce/apps` with its id, which "
            "approves whoever holds it (the salesforce.sh that `make deploy` wrote does both)."
        )
    if "client identifier" in words or "invalid_client" in code:
        return "The consumer key is not that of the app Reminder_Sync_Integration in this org: `make deploy ARGS=--ask-again`."
    if "assertion" in words and "expired" not in words:
        return "The app has another certificate: deploy `infra/salesforce/apps` again (salesforce.sh), and wait up to ten minutes."
    if "audience" in words:
        return "For a sandbox give `--sandbox`, for production `--no-sandbox`."
    if "inactive" in words:
        return "Activate the integration user."
    if code == "INVALID_KEY":
        return "The private key in the secret is damaged: rotate the key (docs/operations.md)."
    return "Look at the integration user's login history in Setup: it names the reason."


def _refused_advice(stop: OrgUnavailable) -> str:
    if "API" in stop.failure.code and "ABLED" in stop.failure.code:
        return "The edition or the user has no API: assign Reminder_Sync_Integration, which carries “API Enabled”; the edition must have it."
    return "Read the words of Salesforce above; then run `make doctor` again."


def _said(error: Exception) -> str:
    return str(error) or type(error).__name__
