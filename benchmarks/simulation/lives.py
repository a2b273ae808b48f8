"""What is really so: the hidden life of one opportunity, which no CRM holds.

Know before changing: every moment is a number of days from ``NOW``, negative in the past. ``None``
means that it never happened. What the selling team knows is part of the life ("told", "learnt");
what they type is not: that is ``recording``.

It imports nothing of crmrules, so that no truth can lean on what it is held against.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

NOW = datetime(2026, 3, 16, 9, 0, tzinfo=UTC)
PHASES = ("recognition", "evaluation", "concerns", "implementation", "development")
LARGE = 49_000  # three of five of our sales are smaller
MIDDLE = 40_000  # half of our sales are smaller


@dataclass(slots=True)
class Rep:
    """A seller's habits; each is a power: below 1 careful, above 1 careless."""

    name: str
    lax: dict[str, float]
    hasty: float  # how often the stage runs ahead of the buyer, 0 to 1
    rosy: float  # how often friendliness is noted as support, and a rating one point too high
    pushy: float  # how often we show, quote and give way too early


@dataclass(slots=True)
class Someone:
    """One of the customer's people."""

    key: str
    name: str
    title: str
    senior: bool
    decides: bool
    suffers: bool
    joined: float  # first time in a talk of ours, or named to us
    supports: float | None = None  # speaks for us when we are not there, since
    left: float | None = None  # left the company, or turned away from us for good


@dataclass(slots=True)
class Talk:
    """A conversation, an attempt, or a meeting that is booked (``at`` above 0)."""

    at: float
    kind: str  # meeting | call | mail_in | mail_out | no_answer
    who: tuple[str, ...]
    purpose: str = "talk"  # discovery | demo | terms | plan | summary | papers | talk
    cancelled: str | None = None  # by "customer" or "us"


@dataclass(slots=True)
class Need:
    """A problem somebody told us about, and what became of it."""

    text: str
    person: str
    said: float
    wanted: float | None = None
    sized: float | None = None
    worth: float | None = None  # when that person said what solving it is worth


@dataclass(slots=True)
class Criterion:
    """Something the buyer decides by, how it stands in the buyer's head, and what we know."""

    name: str
    adopted: float
    weight: str
    ours: int
    theirs: int
    soft: bool
    told: float | None = None  # the customer told us of it
    guessed: float | None = None  # we wrote it down without asking
    ranked: float | None = None  # the customer told us how much it counts
    rated: float | None = None  # we know how both sides stand
    plan: float | None = None
    shown: float | None = None  # last time we proved it
    countable: float | None = None
    from_need: bool = False
    raised: float | None = None  # it became crucial so late
    why: float | None = None  # we asked where it came from, and know


@dataclass(slots=True)
class Worry:
    """A fear of going ahead; ``mask``: what it is voiced as when it is not said."""

    topic: str
    arose: float
    voiced: float | None = None
    mask: str | None = None  # price | delay | silence | avoidance | withholding
    settled: float | None = None
    back: float | None = None  # it came back
    blocks: bool = False
    in_hand: float | None = None  # one of us who can change the offer took it, with a day

    def open_at(self, at: float = 0.0) -> bool:
        """Return whether it weighs on the buyer at a moment."""
        if self.arose > at:
            return False
        if self.back is not None and self.back <= at:
            return True
        return self.settled is None or self.settled > at


@dataclass(slots=True)
class Offer:
    """One version of our offer; never sent: a draft."""

    made: float
    sent: float | None
    total: float
    discount: float


@dataclass(slots=True)
class Give:
    """Something we gave: price (points) or a term; ``buys``: the criterion it serves."""

    at: float
    points: float
    planned: float | None = None
    buys: str | None = None


@dataclass(slots=True)
class Push:
    """The buyer let the date slip; ``why``: when somebody gave us the reason."""

    at: float
    days: int
    real: bool
    why: float | None = None


@dataclass(slots=True)
class Life:
    """Everything that is so about one opportunity."""

    key: str
    rep: Rep
    created: float
    amount: float
    phases: list[tuple[str, float]]  # where the buyer is, since when
    closed: float | None = None
    won: bool | None = None
    kind: str = "New Business"
    source: str = "Partner"
    planned_close: float = 30.0
    commit: bool = False
    people: list[Someone] = field(default_factory=list)
    talks: list[Talk] = field(default_factory=list)
    needs: list[Need] = field(default_factory=list)
    criteria: list[Criterion] = field(default_factory=list)
    worries: list[Worry] = field(default_factory=list)
    objections: list[tuple[float, bool]] = field(default_factory=list)  # price; whether meant
    rivals: list[tuple[str, float, float | None]] = field(default_factory=list)  # came, learnt
    offers: list[Offer] = field(default_factory=list)
    gives: list[Give] = field(default_factory=list)
    pushes: list[Push] = field(default_factory=list)
    advances: list[float] = field(default_factory=list)  # the buyer did or agreed to do something
    reasons_for_us: list[tuple[float, str]] = field(default_factory=list)
    limits: list[float] = field(default_factory=list)  # we set how far we would go
    owed: list[tuple[float, float, bool]] = field(default_factory=list)  # asked, due, received
    plans: list[tuple[float, bool]] = field(default_factory=list)  # for use; the customer's own
    results: list[float] = field(default_factory=list)  # we learnt of a result
    asked_reference: list[float] = field(default_factory=list)
    quiet_from: float | None = None
    list_before_us: bool = False  # their list was written before we came
    contract_end: float | None = None
    siblings: list[tuple[float, float | None]] = field(default_factory=list)  # begun, closed
    stages: list[tuple[str, float]] = field(default_factory=list)  # what the rep set

    @property
    def open(self) -> bool:
        """Return whether it is neither won nor lost."""
        return self.won is None

    @property
    def large(self) -> bool:
        """Return whether it is one of our larger sales."""
        return self.amount >= LARGE

    @property
    def phase(self) -> str:
        """Return where the buyer really is."""
        return self.phases[-1][0]

    def since(self, phase: str) -> float | None:
        """Return when the buyer first reached a phase or a later one."""
        place = PHASES.index(phase)
        return next((at for name, at in self.phases if PHASES.index(name) >= place), None)

    def held(self, *kinds: str, after: float = -9999.0, until: float = 0.0) -> list[Talk]:
        """Return the talks in which the customer took part; all kinds where none is named."""
        kinds = kinds or ("meeting", "call", "mail_in")
        return [
            one
            for one in self.talks
            if one.kind in kinds and one.cancelled is None and after < one.at <= until
        ]

    def person(self, key: str) -> Someone:
        """Return one of the people."""
        return next(one for one in self.people if one.key == key)

    def deciders(self) -> set[str]:
        """Return the keys of those who can decide."""
        return {one.key for one in self.people if one.decides}

    def first_offer(self) -> float | None:
        """Return when the customer first had an offer."""
        return min((one.sent for one in self.offers if one.sent is not None), default=None)

    def worried(self, at: float = 0.0) -> bool:
        """Return whether anything weighs on the buyer."""
        return any(one.open_at(at) for one in self.worries)
