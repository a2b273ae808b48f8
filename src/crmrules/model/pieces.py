"""What surrounds an opportunity: people, conversations, changes, offers, and what notes record.

Each piece keeps the id of the CRM record it came from and ``known_at``, the moment it became known.
``None`` is unknown. It holds no rule and no arithmetic beyond ``Activity.two_way``.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import ClassVar, Self

from pydantic import BaseModel, ConfigDict

from crmrules.model.words import ActivityKind, ConcernState, Direction, Focus


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

    ``at`` is when it takes place (later than now for a booked meeting); ``known_at`` when it was
    logged. ``with_customer`` says whether somebody outside our company took part.
    """

    _mutable = frozenset({"held", "party", "waiting", "due"})

    kind: ActivityKind
    at: datetime
    direction: Direction | None = None
    held: bool | None = None  # meeting took place / call connected; None: not recorded
    with_customer: bool | None = None
    people: tuple[str, ...] | None = ()  # Person ids
    party: int | None = None  # how many of the customer's people, where a CRM names but one of them
    by: str | None = None  # id of our user
    subject: str | None = None
    text: str | None = None
    edited_at: datetime | None = None  # last edit of the text
    waiting: bool | None = None  # a task that waits for the customer; None: not a task, not said
    due: date | None = None  # of a task
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

    _mutable = frozenset({"total", "discount", "status", "expires_on"})

    total: float | None = None
    discount: float | None = None  # percent of the list total
    sent_at: datetime | None = None
    status: str | None = None
    expires_on: date | None = None
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
    need: str | None = None  # the need it was developed from
    metric: str | None = None  # how somebody can count it
    proof: str | None = None  # what showed that we meet it


class Concern(Piece):
    """A fear of going ahead, usually voiced as something else."""

    topic: str
    state: ConcernState = ConcernState.OPEN
    person: str | None = None
    showstopper: bool = False
    owner: str | None = None  # who of us deals with it
    due: str | None = None  # by when, as typed


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


class Proof(Piece):
    """Something that showed the customer what we can do: a reference call, a trial, a document."""

    text: str
    criterion: str | None = None


class Differentiator(Piece):
    """A reason to choose us; ``person``: the customer's person who gave it."""

    text: str
    person: str | None = None
    hard: bool | None = None
    metric: str | None = None


class Plan(Piece):
    """A plan for putting it to use; ``customer_led``: it is the customer's own."""

    text: str
    person: str | None = None
    customer_led: bool | None = None


class Owed(Piece):
    """Something the customer said they would do or send; ``due`` as typed."""

    text: str
    person: str | None = None
    due: date | None = None
    received: bool = False


class Unread(Piece):
    """A tagged line that could not be read, whole or in part, and how to write it instead."""

    author: str | None  # id of our user who can mend it
    line: str
    why: str
    suggestion: str


class Range(Piece):
    """How far we planned to move, in percent, and what we planned to ask first."""

    low: float
    high: float
    questions: str | None = None
