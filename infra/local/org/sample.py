"""A sales team's day: people, companies, leads, contacts and tasks around today, all drawn from the org's random source."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date, timedelta
from typing import Final

from infra.local.org.calls import HOUR
from infra.local.org.records import Transaction
from infra.local.org.state import User
from infra.local.org.world import Org

DEFAULT_USERS: Final = 4
DEFAULT_TASKS: Final = 25
PEOPLE: Final = 20

SALESPEOPLE: Final = (
    "Maya Lindqvist",
    "Tomás Herrera",
    "Priya Nair",
    "Jonas Weber",
    "Aiko Tanaka",
    "Samuel Okafor",
    "Claire Dubois",
    "Owen Fitzgerald",
    "Leïla Benali",
    "Marek Kowalski",
)
ZONES: Final = ("Europe/Berlin", "America/New_York", "America/Los_Angeles", "Asia/Kolkata")
COMPANIES: Final = (
    "Northwind Logistics",
    "Brightwater Clinics",
    "Kestrel Robotics",
    "Fjord & Sons Shipping",
    "Solano Solar",
    "Harbor Street Bank",
    "Meridian Textiles",
    "Bluebell Foods",
    "Quarry Lane Software",
    "Atlas Rail Freight",
)
FIRST_NAMES: Final = (
    "Elena",
    "David",
    "Ingrid",
    "Rashid",
    "Sofia",
    "Liam",
    "Mei",
    "Oluwaseun",
    "Hannah",
    "Bruno",
    "Zoë",
    "Pavel",
    "Amara",
    "George",
    "Nadia",
    "Viktor",
)
LAST_NAMES: Final = (
    "Castellanos",
    "Brandt",
    "Svensson",
    "Al-Amin",
    "Moretti",
    "O'Connor",
    "Zhang",
    "Adeyemi",
    "Fischer",
    "Almeida",
    "Novák",
    "Petrov",
    "Mensah",
    "Whitfield",
    "Rahman",
    "Larsen",
)
TITLES: Final = ("Head of Operations", "CFO", "Procurement Lead", "VP Engineering", "IT Manager", "Office Manager")
SUBJECTS: Final = (
    ("Call", "Call {first} about the renewal"),
    ("Call", "Discovery call with {company}"),
    ("Call", "Return {first}'s call"),
    ("Task", "Send the proposal to {company}"),
    ("Task", "Prepare the demo for {company}"),
    ("Task", "Ask {first} for the signed NDA"),
    ("Task", "Follow up on the security questionnaire"),
    ("Task", "Update the forecast for {company}"),
    ("LinkedIn", "InMail to {first} {last}"),
    ("LinkedIn", "Connect with {first} {last} on LinkedIn"),
)
DETAILS: Final = (
    "Contract ends in eight weeks. They asked for a two-year price.",
    "Wants to see the audit log and single sign-on.\nBring the pricing sheet.",
    "Left a voicemail on Thursday, no answer yet.",
    "Budget is approved, legal still reads our terms.",
)
_STATUSES: Final = ("Not Started",) * 6 + (
    "In Progress",
    "Completed",
    "Completed",
    "Deferred",
    "Waiting on someone else",
)
_PRIORITIES: Final = ("Normal",) * 6 + ("High", "High", "Low")
_AGES: Final = (0, 1, 2, 3, 4, 6, 8, 18, 20, 22, 30, 75, 200)
_DAYS: Final = (-9, -3, -2, -1, 0, 0, 0, 0, 1, 1, 1, 2, 3, 5, 7, 14, 30)


def fill(org: Org, *, users: int = DEFAULT_USERS, tasks: int = DEFAULT_TASKS) -> None:
    """Fill an empty org: that many syncing salespeople, an administrator, one user without sync, a queue, people, tasks.

    The tasks were written over the last days, most of them in the last 24 hours; on top comes one weekly series. Nobody is told of
    any of it by outbound message.
    """
    rng, today = org.state.rng, org.state.now().date()
    listeners, org.state.store.committed = org.state.store.committed, []
    sellers = [_seller(org, number) for number in range(users)]
    org.add_user("admin@example.com", "Alex Morgan", role="admin", zone="Europe/Berlin")
    org.add_user("robin.nosync@example.com", "Robin Castle", role="no sync", zone="Europe/Berlin")
    org.add_queue("Inside Sales Queue", {user.id for user in sellers[:2]})
    people = [_person(org, rng, rng.choice(sellers)) for _ in range(PEOPLE)] if sellers else []
    for _ in range(tasks if sellers else 0):
        key = _task(org, rng, today, rng.choice(sellers), rng.choice(people))
        _backdate(org, key, rng.choice(_AGES) * HOUR + rng.randrange(HOUR))
    if sellers and tasks:
        _series(org, today, sellers[0])
    org.state.store.committed = listeners


def _series(org: Org, today: date, owner: User) -> None:
    """A weekly series: a master and its occurrences, one a week for a month."""
    org.create_task(
        owner.id,
        Subject="Send the weekly pipeline report",
        IsRecurrence=True,
        RecurrenceType="RecursWeekly",
        RecurrenceInterval=1,
        RecurrenceDayOfWeekMask=1 << (today.isoweekday() % 7),
        RecurrenceStartDateOnly=today.isoformat(),
        RecurrenceEndDateOnly=(today + timedelta(days=28)).isoformat(),
        RecurrenceTimeZoneSidKey=owner.time_zone,
    )


def _backdate(org: Org, key: str, age: int) -> None:
    """Make a task as old as that many seconds, all its stamps."""
    row, then = org.state.store.tables["Task"][key], org.state.second() - age
    stamps = {
        name: then for name in ("CreatedDate", "LastModifiedDate", "SystemModstamp", "CompletedDateTime") if name in row
    }
    org.state.store.put(Transaction(then), "Task", row | stamps)


def _seller(org: Org, number: int) -> User:
    name = SALESPEOPLE[number % len(SALESPEOPLE)]
    again = number // len(SALESPEOPLE)
    handle = name.split()[0].lower().encode("ascii", "ignore").decode() + (str(again + 1) if again else "")
    return org.add_user(f"{handle}@example.com", name, role="sales", zone=ZONES[number % len(ZONES)])


def _person(org: Org, rng: random.Random, owner: User) -> tuple[str, str, str, str]:
    """Create a lead, or a contact at an account; gives id, names and company."""
    first, last, company = rng.choice(FIRST_NAMES), rng.choice(LAST_NAMES), rng.choice(COMPANIES)
    email = f"{first}.{last}@{company.split()[0]}.example".lower().replace("'", "")
    facts = {"FirstName": first, "LastName": last, "Title": rng.choice(TITLES), "Email": email, "OwnerId": owner.id}
    create: Callable[..., str] = org.create
    if rng.random() < 0.5:  # noqa: PLR2004 - half of them are leads
        return create(owner.id, "Lead", Company=company, **facts), first, last, company
    accounts = org.state.store.tables["Account"]
    account = next((key for key, row in accounts.items() if row["Name"] == company), None)
    account = account or create(owner.id, "Account", Name=company)
    return create(owner.id, "Contact", AccountId=account, **facts), first, last, company


def _task(org: Org, rng: random.Random, today: date, owner: User, person: tuple[str, str, str, str]) -> str:
    subtype, subject = rng.choice(SUBJECTS)
    key, first, last, company = person
    fields: dict[str, object] = {
        "Subject": subject.format(first=first, last=last, company=company),
        "TaskSubtype": subtype,
        "Status": rng.choice(_STATUSES),
        "Priority": rng.choice(_PRIORITIES),
        "ActivityDate": (today + timedelta(days=rng.choice(_DAYS))).isoformat(),
        "WhoId": key,
    }
    if rng.random() < 0.3:  # noqa: PLR2004 - some tasks carry notes
        fields["Description"] = rng.choice(DETAILS)
    return org.create_task(owner.id, **fields)
