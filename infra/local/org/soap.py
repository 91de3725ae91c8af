"""SOAP, as far as signing in needs it: `login`, `logout`, `getUserInfo`, `getServerTimestamp` of the partner (`u`) and enterprise (`c`) API.

`login()` is being retired: it is off in new orgs (`State.password_sign_in` switches it on), gone since version 65, and gone
altogether from summer 2027. Every other operation is answered with a fault that says so.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from http import HTTPStatus
from typing import Final
from xml.etree.ElementTree import Element, ParseError
from xml.sax.saxutils import escape

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from infra.local.org import passwords
from infra.local.org.errors import Refused
from infra.local.org.ids import SHORT
from infra.local.org.sessions import INACTIVITY
from infra.local.org.state import State, User
from infra.local.org.wire import Request, Response, soap_stamp

ENVELOPE: Final = "http://schemas.xmlsoap.org/soap/envelope/"
NEWEST_LOGIN: Final = 64
_PATH: Final = re.compile(r"/services/soap/([ucmts])/(\d+)\.0(?:/[^/]*)?\Z", re.IGNORECASE)
_WSDL: Final = {"u": "partner", "c": "enterprise", "m": "metadata", "t": "tooling", "s": "apex"}
"""Partner and enterprise API, of which some is spoken; Metadata, Tooling and Apex API, of which nothing is."""

_SPOKEN: Final = ("u", "c")


def handle(state: State, request: Request, oldest: int, newest: int) -> Response | None:
    """Answer a SOAP call; None if the address is none. `oldest` and `newest`: the API versions that are spoken."""
    path = _PATH.match("/" + "/".join(part for part in request.path.split("/") if part))
    if path is None:
        return None
    kind, version = path[1].lower(), int(path[2])
    try:
        name, answered = _answered(state, request, kind, version if oldest <= version <= newest else 0)
    except Refused as refused:
        return _fault(kind, refused)
    return _answer(f'xmlns="urn:{_WSDL[kind]}.soap.sforce.com"', f"<{name}Response>{answered}</{name}Response>")


def _answered(state: State, request: Request, kind: str, version: int) -> tuple[str, str]:
    """Do what is asked; gives the operation's name and what is in its response. Version 0: one that is not spoken."""
    if not version:
        raise Refused("UNSUPPORTED_API_VERSION", "Invalid Api version specified on URL")
    operation, header = _read(request)
    name = operation.tag.rpartition("}")[2]
    if name == "login" and kind in _SPOKEN:
        return name, _login(state, request, _Call(kind, version, operation, header))
    return name, _operate(state, kind, name, header)


class _Call:
    """One call of login(): which API, which version, its element and the SOAP header (None: there is none)."""

    def __init__(self, kind: str, version: int, operation: Element, header: Element | None) -> None:
        self.kind = kind
        self.version = version
        self.username = _text(operation, "username")
        self.password = _text(operation, "password")
        self.organization = _text(header, "organizationId")


def _read(request: Request) -> tuple[Element, Element | None]:
    """Take operation and header out of an envelope. Raises a fault for what is none."""
    try:
        envelope: Element = fromstring(request.body)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise Refused("Client", "the request is no XML") from error
    body = envelope.find(f"{{{ENVELOPE}}}Body")
    if body is None or len(body) == 0:
        raise Refused("Client", "the request is no SOAP envelope with a body")
    return body[0], envelope.find(f"{{{ENVELOPE}}}Header")


def _text(element: Element | None, name: str) -> str:
    """Find the text of an element below this one, whatever its namespace: clients differ in which they use."""
    found = (
        next((each for each in element.iter() if each.tag.rpartition("}")[2] == name), None)
        if element is not None
        else None
    )
    return (found.text or "") if found is not None else ""


def _login(state: State, request: Request, call: _Call) -> str:
    if call.version > NEWEST_LOGIN:
        raise Refused("INVALID_OPERATION", f"SOAP API login() is not available in API version {call.version}.0.")
    if not state.password_sign_in:
        raise Refused("INVALID_OPERATION", "SOAP API login() is disabled by default in this org.")
    organization = state.organization_id
    if call.organization and call.organization[:SHORT] != organization[:SHORT]:
        raise Refused("INVALID_LOGIN", "Invalid username, password, security token; or user locked out.")
    user = passwords.check(state, call.username, call.password, trusted=bool(call.organization))
    token = state.sessions.open(user.id, state.second())
    root = escape(f"{request.instance}/services/Soap")
    place = f"{call.version}.0/{organization[:SHORT]}"
    return (
        f"<result><metadataServerUrl>{root}/m/{place}</metadataServerUrl><passwordExpired>false</passwordExpired>"
        f"<sandbox>false</sandbox><serverUrl>{root}/{call.kind}/{place}</serverUrl><sessionId>{token}</sessionId>"
        f"<userId>{user.id}</userId><userInfo>{_user_info(state, user)}</userInfo></result>"
    )


def _operate(state: State, kind: str, name: str, header: Element | None) -> str:
    token = _text(header, "sessionId")
    user_id = state.sessions.user_of(token, state.second())
    if user_id is None:
        raise Refused(
            "INVALID_SESSION_ID",
            "Invalid Session ID found in SessionHeader: Illegal Session. Session not found, missing session",
        )
    operations: dict[str, Callable[[], str]] = {
        "logout": lambda: _logout(state, token),
        "getUserInfo": lambda: f"<result>{_user_info(state, state.user(user_id))}</result>",
        "getServerTimestamp": lambda: f"<result><timestamp>{soap_stamp(state.second())}</timestamp></result>",
    }
    if name not in operations or kind not in _SPOKEN:
        raise Refused("INVALID_OPERATION", f"{name}: the emulated org speaks SOAP for signing in only; use REST")
    return operations[name]()


def _logout(state: State, token: str) -> str:
    state.sessions.revoke(token)
    return ""


def _user_info(state: State, user: User) -> str:
    """Write a GetUserInfoResult: the elements in the WSDL's order."""
    organization = state.store.tables["Organization"][state.organization_id]
    row = state.store.tables["User"][user.id]
    facts: dict[str, object] = {
        "accessibilityMode": "false",
        "chatterExternal": "false",
        "currencySymbol": "€",
        "orgAttachmentFileSizeLimit": 5242880,
        "orgDefaultCurrencyIsoCode": "EUR",
        "orgDefaultCurrencyLocale": "de_DE_EURO",
        "orgDisallowHtmlAttachments": "false",
        "orgHasPersonAccounts": "false",
        "organizationId": state.organization_id,
        "organizationMultiCurrency": "false",
        "organizationName": organization["Name"],
        "profileId": state.profile_id,
        "roleId": None,
        "sessionSecondsValid": INACTIVITY,
        "userDefaultCurrencyIsoCode": None,
        "userEmail": row.get("Email"),
        "userFullName": user.name,
        "userId": user.id,
        "userLanguage": row.get("LanguageLocaleKey"),
        "userLocale": row.get("LocaleSidKey"),
        "userName": user.username,
        "userTimeZone": user.time_zone,
        "userType": row.get("UserType"),
        "userUiSkin": "Theme3",
    }
    return "".join(
        f'<{name} xsi:nil="true"/>' if value is None else f"<{name}>{escape(str(value))}</{name}>"
        for name, value in facts.items()
    )


def _fault(kind: str, refused: Refused) -> Response:
    code, message = escape(refused.code), escape(refused.message)
    if code == "Client":
        inner = f"<faultcode>soapenv:Client</faultcode><faultstring>{message}</faultstring>"
        return _answer("", f"<soapenv:Fault>{inner}</soapenv:Fault>", HTTPStatus.INTERNAL_SERVER_ERROR)
    name = "LoginFault" if code in ("INVALID_LOGIN", "LOGIN_MUST_USE_SECURITY_TOKEN") else "UnexpectedErrorFault"
    detail = (
        f'<sf:{name} xsi:type="sf:{name}"><sf:exceptionCode>{code}</sf:exceptionCode>'
        f"<sf:exceptionMessage>{message}</sf:exceptionMessage></sf:{name}>"
    )
    return _answer(
        f'xmlns:sf="urn:fault.{_WSDL[kind]}.soap.sforce.com"',
        f"<soapenv:Fault><faultcode>sf:{code}</faultcode><faultstring>{code}: {message}</faultstring>"
        f"<detail>{detail}</detail></soapenv:Fault>",
        HTTPStatus.INTERNAL_SERVER_ERROR,
    )


def _answer(namespace: str, body: str, status: int = HTTPStatus.OK) -> Response:
    text = (
        f'<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="{ENVELOPE}" {namespace} '
        f'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body>{body}</soapenv:Body></soapenv:Envelope>'
    )
    return Response(status=status, body=text.encode(), headers={"Content-Type": "text/xml; charset=utf-8"})
