"""People of the account, our own people, the account and its other opportunities.

Know before changing: one contact may have several roles on one opportunity; it is still one person.
What a role means is the mapping's business.

It reads no activity.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from crmrules.assemble import people as assemble
from crmrules.connector import Row
from crmrules.mapping import Mapping, Role
from crmrules.model import Account, Person, Sibling, User
from crmrules.raw import Body, day, first, flag, moment, number, start_of, text


def persons(rows: Iterable[Row], mapping: Mapping, observed_at: datetime) -> tuple[Person, ...]:
    """Return one person per contact, in the order they were added."""
    found: dict[str, Person] = {}
    for person in sorted(
        (_person(row, mapping, observed_at) for row in rows), key=lambda p: (p.known_at, p.record)
    ):
        other = found.get(person.id)
        found[person.id] = person if other is None else _merged(other, person)
    return tuple(found.values())


def _person(row: Row, mapping: Mapping, observed_at: datetime) -> Person:
    body = row.body
    role, title = text(body, "Role"), text(body, "Contact.Title")
    meaning = mapping.role(role)
    own = _own_focus(body, mapping)
    bounced = None
    if "Contact.EmailBouncedDate" in body:
        bounced = text(body, "Contact.EmailBouncedDate") is not None
    contact = text(body, "ContactId") or row.id
    return Person(
        record=row.id,
        known_at=first([moment(body, "CreatedDate")], observed_at),
        id=contact,
        name=text(body, "Contact.Name") or contact,
        title=title,
        role=role,
        focus=own.focus or meaning.focus,
        sponsor=meaning.sponsor if own.sponsor is None else own.sponsor,
        senior=mapping.senior(title),
        bounced=bounced,
        employed=assemble.employed(body, mapping, "Contact."),
    )


def _own_focus(body: Body, mapping: Mapping) -> Role:
    """Read the focus field, which may hold the word sponsor too, and the org's own fields."""
    names = ("CrmRules_Focus__c", *mapping.sources("OpportunityContactRole", "focus"))
    own = assemble.stated(";".join(text(body, name) or "" for name in names).split(";"))
    for name in mapping.sources("OpportunityContactRole", "sponsor"):
        if (sponsor := flag(body, name)) is not None:
            own = Role(focus=own.focus, sponsor=sponsor)
    return own


def _merged(older: Person, newer: Person) -> Person:
    sponsor = True if newer.sponsor else older.sponsor
    return older.model_copy(
        update={
            "focus": older.focus or newer.focus,
            "sponsor": newer.sponsor if sponsor is None else sponsor,
            "role": older.role or newer.role,
        }
    )


def users(body: Body) -> tuple[User, ...]:
    """Return the owner, the owner's manager and the account's owner, as far as they are known."""
    found: dict[str, User] = {}
    manager = text(body, "Owner.ManagerId")
    for user_id, prefix in (
        (text(body, "OwnerId"), "Owner."),
        (text(body, "Account.OwnerId"), "Account.Owner."),
        (manager, "Owner.Manager."),
    ):
        if user_id is not None and user_id not in found:
            found[user_id] = User(
                id=user_id,
                name=text(body, f"{prefix}Name"),
                email=text(body, f"{prefix}Email"),
                active=flag(body, f"{prefix}IsActive"),
                manager=text(body, f"{prefix}ManagerId"),
                time_zone=text(body, f"{prefix}TimeZoneSidKey"),
                country=_country(body, prefix),
            )
    return tuple(found.values())


def _country(body: Body, prefix: str) -> str | None:
    """Return a user's country by its ISO code; a name that somebody typed tells none."""
    said = text(body, f"{prefix}CountryCode") or text(body, f"{prefix}Country") or ""
    return said.upper() if len(said) == 2 and said.isalpha() and said.isascii() else None


def outcome(body: Body, mapping: Mapping) -> bool | None:
    """Return True when won, False when lost, None while open.

    The CRM's own answer counts; only where its columns are absent does the stage's name decide.
    """
    closed = flag(body, "IsClosed")
    if closed is None:
        return mapping.outcome(text(body, "StageName"))
    if not closed:
        return None
    won = flag(body, "IsWon")
    return mapping.outcome(text(body, "StageName")) is True if won is None else won


def account(
    own: Row, others: Sequence[Row], mapping: Mapping, known_at: datetime
) -> Account | None:
    """Return the account as the opportunity's row shows it; None when it has none."""
    body = own.body
    account_id = text(body, "AccountId")
    if account_id is None:
        return None
    won = [
        number(row.body, "Amount") for row in (own, *others) if outcome(row.body, mapping) is True
    ]
    amounts = [amount for amount in won if amount is not None]
    strategic = [flag(body, f"Account.{n}") for n in mapping.sources("Account", "strategic")]
    employees = number(body, "Account.NumberOfEmployees")
    return Account(
        record=account_id,
        known_at=first([moment(body, "Account.CreatedDate")], known_at),
        id=account_id,
        name=text(body, "Account.Name") or account_id,
        owner=text(body, "Account.OwnerId"),
        owner_active=flag(body, "Account.Owner.IsActive"),
        employees=None if employees is None else int(employees),
        kind=text(body, "Account.Type"),
        strategic=next((value for value in strategic if value is not None), None),
        parent=text(body, "Account.ParentId"),
        won_revenue=sum(amounts) if amounts else None,
    )


def sibling(row: Row, mapping: Mapping, observed_at: datetime) -> Sibling:
    """Return another opportunity of the account; it closed on its close date."""
    won = outcome(row.body, mapping)
    close = day(row.body, "CloseDate")
    closed = start_of(close) if close is not None and won is not None else None
    return Sibling(
        record=row.id,
        known_at=first([moment(row.body, "CreatedDate")], observed_at),
        id=row.id,
        won_at=closed if won else None,
        closed_at=closed,
    )
