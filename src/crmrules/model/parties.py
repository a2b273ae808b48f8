"""Who is involved besides the customer's people: the account, our users; and what we left there."""

from __future__ import annotations

from datetime import date, datetime

from crmrules.model.pieces import Frozen, Piece


class Account(Piece):
    """The customer's company."""

    _mutable = frozenset(
        {"owner", "employees", "kind", "strategic", "parent", "owner_active", "won_revenue"}
    )

    id: str
    name: str
    owner: str | None = None
    owner_active: bool | None = None
    employees: int | None = None
    kind: str | None = None
    strategic: bool | None = None
    parent: str | None = None
    won_revenue: float | None = None  # sum of won amounts we know of, in the org's currency


class Sibling(Piece):
    """Another opportunity of the same account, as far as account rules need it."""

    id: str
    won_at: datetime | None = None
    closed_at: datetime | None = None


class User(Frozen):
    """One of our people."""

    id: str
    name: str | None = None
    email: str | None = None
    active: bool | None = None
    manager: str | None = None
    time_zone: str | None = None
    country: str | None = None  # ISO 3166-1 alpha-2, or with its part: DE, DE-BY


class OurTask(Piece):
    """A task we wrote, as the CRM shows it now. It is never customer activity."""

    key: str
    id: str
    rule: str | None = None
    owner: str | None = None
    subject: str | None = None
    body: str | None = None
    due: date | None = None
    status: str | None = None
    closed: bool = False
    closed_at: datetime | None = None
    deleted: bool = False
    snoozed: bool = False
    edited: bool = False  # a person changed it after us


class OurFields(Frozen):
    """What we left on the opportunity; None: empty, or the field cannot be read."""

    status: str | None = None
    flags: tuple[str, ...] = ()
    summary: str | None = None
    buying_phase: str | None = None
    checked_at: datetime | None = None
