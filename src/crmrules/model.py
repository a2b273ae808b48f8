"""The one shape every CRM is turned into.

A connector's job ends when it has filled these models; a signal's job starts there. ``None`` always
means *unknown*, never "no" and never zero: an opportunity without contacts has ``people=()``, one
whose CRM does not say has ``people=None``. Every piece keeps the id of the CRM record it came from
and ``known_at``, the moment it became known (aware UTC).

``Opportunity.as_of(moment)`` is the only defence against looking ahead. It drops what was not known
yet, takes values with history from their history, and turns every other changeable value into
unknown, never into today's value.

This module knows no CRM, no rule, no clock and no network.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from enum import StrEnum
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict


class Phase(StrEnum):
    """Where the buyer is in the decision, not where the seller is in the pipeline."""

    RECOGNITION = "recognition"
    EVALUATION = "evaluation"
    CONCERNS = "concerns"
    IMPLEMENTATION = "implementation"
    DEVELOPMENT = "development"

    @property
    def order(self) -> int:
        """Position in the buying process, 0 for recognition of needs."""
        return list(Phase).index(self)


class Focus(StrEnum):
    """Why a person in the account talks to us."""

    RECEPTIVITY = "receptivity"
    DISSATISFACTION = "dissatisfaction"
    POWER = "power"


class ActivityKind(StrEnum):
    """What happened between us and the account."""

    MEETING = "meeting"
    CALL = "call"
    EMAIL = "email"
    TASK = "task"
    NOTE = "note"


class Direction(StrEnum):
    """Who spoke: the customer to us, or we to the customer."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"


class ConcernState(StrEnum):
    """Where a concern stands."""

    OPEN = "open"
    RESOLVED = "resolved"
    REOPENED = "reopened"


class Frozen(BaseModel):
    """Immutable, and a misspelt field fails at once instead of reading as "no data"."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Piece(Frozen):
    """Anything that was learnt at a moment from one CRM record.

    ``_mutable`` names the fields that a later edit of the record may have changed and whose
    history the CRM does not keep: they are unknown in the past.
    """

    _mutable: ClassVar[frozenset[str]] = frozenset()

    record: str  # id of the CRM record this was read from
    known_at: datetime

    def in_the_past(self) -> Self:
        """Return this piece with every value that may have been edited since set to unknown."""
        return self.model_copy(update=dict.fromkeys(self._mutable)) if self._mutable else self


class Person(Piece):
    """One person of the account on this opportunity (a contact role)."""

    _mutable = frozenset({"title", "role", "focus", "sponsor", "bounced", "employed"})

    id: str  # id of the person's own record (contact)
    name: str
    title: str | None = None
    role: str | None = None  # the CRM's own word
    focus: Focus | None = None
    sponsor: bool | None = None
    senior: bool | None = None  # director or above, by title; None when there is no title
    bounced: bool | None = None  # mail to this person bounced
    employed: bool | None = None  # False: left the company

    def in_the_past(self) -> Self:
        """Seniority is derived from the title, so it is unknown with it."""
        return super().in_the_past().model_copy(update={"senior": None})


class Activity(Piece):
    """One conversation or attempt, logged by people. Our own tasks are never activities.

    ``at`` is when it takes place (a future meeting has a future ``at``); ``known_at`` is when it was
    logged. ``with_customer`` says whether somebody outside our company took part.
    """

    _mutable = frozenset({"held"})

    kind: ActivityKind
    at: datetime
    direction: Direction | None = None
    held: bool | None = None  # meeting took place / call connected; None: not recorded
    with_customer: bool | None = None
    people: tuple[str, ...] | None = ()  # Person ids
    by: str | None = None  # id of our user
    subject: str | None = None
    text: str | None = None
    edited_at: datetime | None = None  # last edit of the text
    on_account: bool = False  # logged on the account, not on this opportunity

    def two_way(self, now: datetime) -> bool | None:
        """Return whether the customer took part: held meeting, connected call, inbound mail."""
        if self.at > now:
            return False
        if self.kind is ActivityKind.EMAIL:
            return None if self.direction is None else self.direction is Direction.INBOUND
        if self.kind in (ActivityKind.MEETING, ActivityKind.CALL):
            answers = (self.held, self.with_customer)
            if False in answers:
                return False
            return None if None in answers else True
        return False


class Change(Piece):
    """One change of one field: ``field`` is the name of an ``Opportunity`` field."""

    field: str
    old: str | float | None = None
    new: str | float | None = None
    by: str | None = None


class Line(Piece):
    """One product line; ``discount`` in percent of the list price."""

    _mutable = frozenset({"quantity", "unit_price", "list_price", "discount"})

    product: str | None = None
    quantity: float | None = None
    unit_price: float | None = None
    list_price: float | None = None
    discount: float | None = None


class Quote(Piece):
    """One version of an offer; ``sent_at`` is when the customer had it, None when unknown."""

    _mutable = frozenset({"total", "discount", "status"})

    total: float | None = None
    discount: float | None = None  # percent of the list total
    sent_at: datetime | None = None
    status: str | None = None
    lines: tuple[Line, ...] = ()


class Competitor(Piece):
    """A rival on this opportunity."""

    name: str


class Need(Piece):
    """A problem (implied) or a want (explicit) in the customer's words."""

    text: str
    explicit: bool
    person: str | None = None
    impact: str | None = None
    payoff: str | None = None


class Criterion(Piece):
    """Something the customer will decide by; ratings from 1 to 5."""

    name: str
    weight: str | None = None  # crucial | important | incidental
    ours: float | None = None
    theirs: float | None = None
    rival: str | None = None
    from_customer: bool | None = None
    hard: bool | None = None
    strategy: str | None = None


class Concern(Piece):
    """A fear of going ahead, usually voiced as something else."""

    topic: str
    state: ConcernState = ConcernState.OPEN
    person: str | None = None
    showstopper: bool = False


class Concession(Piece):
    """Something we gave or plan to give; ``size`` in percentage points where it is a discount."""

    text: str
    size: float | None = None
    kind: str | None = None
    planned: bool | None = None
    for_what: str | None = None


class Success(Piece):
    """A result the customer has got."""

    text: str
    person: str | None = None


class Reference(Piece):
    """A lead or a reference that was asked for."""

    text: str
    person: str | None = None


class Reason(Piece):
    """Why a date moved, as somebody recorded it; ``confirmed`` when the customer said so."""

    text: str
    confirmed: bool = False


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


HISTORY_FIELDS = ("stage", "phase", "amount", "close_date", "next_step", "forecast", "owner")


class Opportunity(Piece):
    """One opportunity with everything around it, as one pull saw it.

    ``observed_at`` is when the values were read. ``tracked`` names the fields whose changes are
    complete in ``changes``; only those have a value in the past.
    """

    _mutable = frozenset({"name", "kind", "lead_source", "forecast", "next_step", "owner", "users"})

    id: str
    name: str | None = None
    account: Account | None = None
    owner: str | None = None
    users: tuple[User, ...] | None = ()
    created_at: datetime
    observed_at: datetime
    pipeline: str = "default"
    stage: str | None = None
    phase: Phase | None = None  # mapped from the stage; for won ones the signal decides by age
    amount: float | None = None
    currency: str | None = None
    close_date: date | None = None
    closed_at: datetime | None = None
    won: bool | None = None  # None while open
    kind: str | None = None  # new business, existing, renewal: the CRM's own word
    lead_source: str | None = None
    next_step: str | None = None
    forecast: str | None = None
    people: tuple[Person, ...] | None = None
    activities: tuple[Activity, ...] | None = None
    changes: tuple[Change, ...] | None = None
    tracked: frozenset[str] = frozenset()
    lines: tuple[Line, ...] | None = None
    quotes: tuple[Quote, ...] | None = None
    competitors: tuple[Competitor, ...] | None = None
    needs: tuple[Need, ...] = ()
    criteria: tuple[Criterion, ...] = ()
    concerns: tuple[Concern, ...] = ()
    concessions: tuple[Concession, ...] = ()
    successes: tuple[Success, ...] = ()
    references: tuple[Reference, ...] = ()
    reasons: tuple[Reason, ...] = ()
    siblings: tuple[Sibling, ...] | None = None
    our_tasks: tuple[OurTask, ...] = ()
    our_fields: OurFields = OurFields()

    @property
    def is_open(self) -> bool:
        """Whether it is neither won nor lost."""
        return self.won is None

    def as_of(self, moment: datetime) -> Opportunity | None:
        """Return this opportunity as it was known at the moment; None if it did not exist yet.

        At or after ``observed_at`` the values are the current ones. Before it, see the module.
        """
        if moment < self.created_at:
            return None
        past = moment < self.observed_at
        update: dict[str, Any] = {"observed_at": min(moment, self.observed_at)}
        for name in _COLLECTIONS:
            pieces = getattr(self, name)
            if pieces:
                update[name] = _known(pieces, moment, past=past)
        if past:
            update |= dict.fromkeys(self._mutable) | self._values_at(moment)
            update |= {"our_fields": OurFields(), "our_tasks": ()}
            if self.account is not None:
                update["account"] = self.account.in_the_past()
        return self.model_copy(update=update)

    def _values_at(self, moment: datetime) -> dict[str, Any]:
        """Return the values at a past moment of every field that history can give, else None."""
        values: dict[str, Any] = {}
        for field in HISTORY_FIELDS:
            values[field] = self._value_at(field, moment) if field in self.tracked else None
        closed = self.closed_at is not None and self.closed_at <= moment
        values |= {"closed_at": self.closed_at if closed else None}
        values["won"] = self.won if closed else None
        if isinstance(values["phase"], str):
            values["phase"] = Phase(values["phase"])
        if isinstance(values["close_date"], str):
            values["close_date"] = date.fromisoformat(values["close_date"])
        return values

    def _value_at(self, field: str, moment: datetime) -> Any:
        before = after = None
        for change in self.changes or ():
            if change.field == field:
                if change.known_at <= moment:
                    if before is None or change.known_at >= before.known_at:
                        before = change
                elif after is None or change.known_at < after.known_at:
                    after = change
        if before is not None:
            return before.new
        return after.old if after is not None else getattr(self, field)


_COLLECTIONS = (
    "people",
    "activities",
    "changes",
    "lines",
    "quotes",
    "competitors",
    "needs",
    "criteria",
    "concerns",
    "concessions",
    "successes",
    "references",
    "reasons",
    "siblings",
    "our_tasks",
)


def _known(pieces: Iterable[Piece], moment: datetime, *, past: bool) -> tuple[Piece, ...]:
    seen = (piece for piece in pieces if piece.known_at <= moment)
    return tuple(_then(piece, moment) for piece in seen) if past else tuple(seen)


def _then(piece: Piece, moment: datetime) -> Piece:
    """Return a piece as it was then; a text edited since, or a date not yet reached, is unknown."""
    old = piece.in_the_past()
    if isinstance(old, Activity) and (old.edited_at is None or old.edited_at > moment):
        return old.model_copy(update={"text": None, "subject": None})
    if isinstance(old, Sibling):
        closed = old.closed_at is not None and old.closed_at <= moment
        return old if closed else old.model_copy(update={"won_at": None, "closed_at": None})
    if isinstance(old, Quote):
        sent = old.sent_at is not None and old.sent_at <= moment
        lines = tuple(_then(line, moment) for line in old.lines if line.known_at <= moment)
        return old.model_copy(update={"lines": lines, "sent_at": old.sent_at if sent else None})
    return old
