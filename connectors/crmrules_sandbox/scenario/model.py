"""The values of a scenario: who there is, what is sold, and what happened when.

Know before changing: this is also the format of a scenario file (``file``), field by field. Ids are
text, unique in the whole scenario, and only refer to each other; moments are aware UTC. ``None`` is
"nobody entered it". Nothing that can be counted from other values is kept here.

Does not do: draw (``seeding``), or check (``file``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

Outcome = Literal["open", "won", "lost"]
Talking = Literal["meeting", "call", "mail", "note", "task"]
Direction = Literal["in", "out"]
Fate = Literal["cancelled", "missed", "moved"]
Forecast = Literal["omitted", "pipeline", "best case", "commit"]


@dataclass(frozen=True, slots=True)
class Organization:
    """Our own side; ``since`` is when its CRM was set up."""

    name: str
    domain: str
    time_zone: str
    currency: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody of ours who sells or leads those who do; ``manager`` is a colleague's id."""

    id: str
    first: str
    last: str
    mail: str
    title: str
    manager: str | None
    time_zone: str
    active: bool = True


@dataclass(frozen=True, slots=True)
class Product:
    """What is sold, at its list price."""

    id: str
    name: str
    code: str
    price: float


@dataclass(frozen=True, slots=True)
class Company:
    """A customer; ``entered`` is when it got into the CRM, ``buys`` whether it ever bought."""

    id: str
    name: str
    industry: str
    domain: str
    city: str
    country: str
    owner: str
    entered: datetime
    parent: str | None = None
    employees: int | None = None
    buys: bool = False


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of a customer; ``bounced`` is when mail to the address came back."""

    id: str
    company: str
    first: str
    last: str
    mail: str
    phone: str
    title: str | None
    owner: str
    source: str
    entered: datetime
    bounced: datetime | None = None

    @property
    def name(self) -> str:
        """First and last name."""
        return f"{self.first} {self.last}"


@dataclass(frozen=True, slots=True)
class StageMove:
    """The opportunity came into a stage."""

    at: datetime
    stage: str


@dataclass(frozen=True, slots=True)
class AmountMove:
    """Somebody entered another amount; None: none was known."""

    at: datetime
    amount: float | None


@dataclass(frozen=True, slots=True)
class CloseMove:
    """Somebody entered another close date."""

    at: datetime
    on: date


@dataclass(frozen=True, slots=True)
class NextStep:
    """Somebody wrote another next step."""

    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class Role:
    """A person's part in one opportunity; ``word`` None: nobody said which."""

    person: str
    word: str | None
    at: datetime
    primary: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """So many of a product at a discount in percent."""

    product: str
    price: float
    quantity: float
    discount: float = 0.0

    @property
    def listed(self) -> float:
        """What it would cost without the discount."""
        return round(self.price * self.quantity, 2)

    @property
    def total(self) -> float:
        """What it costs."""
        return round(self.price * self.quantity * (1 - self.discount / 100), 2)


@dataclass(frozen=True, slots=True)
class Quote:
    """One version of an offer; ``current``: the opportunity's own lines follow this one.

    ``draft``: the customer has not had it. ``until`` is the last day it holds; None: sixty days on.
    """

    id: str
    at: datetime
    lines: tuple[Line, ...]
    current: bool = False
    accepted: bool = False
    draft: bool = False
    until: date | None = None

    @property
    def expires(self) -> date:
        """The last day it holds."""
        return self.until or (self.at + timedelta(days=60)).date()


@dataclass(frozen=True, slots=True)
class Conversation:
    """One contact or attempt. Who took part is in ``people``, the main one first.

    ``start`` is when it took or takes place, ``entered`` when the CRM learnt of it (a meeting: when
    it was booked). Only meetings end, only calls are ``answered`` and last ``seconds``.
    ``on_account``: about the company, not the opportunity. ``by_hand``: a mail logged as a bare
    task, so nobody can tell its direction. ``shelved``: so old that a CRM may have archived it.
    ``fate`` is what somebody recorded of a meeting that did not take place. A task is done, unless
    it is ``waiting`` for the customer; ``start`` is when it was due.
    """

    id: str
    kind: Talking
    start: datetime
    entered: datetime
    people: tuple[str, ...] = ()
    subject: str = ""
    body: str | None = None
    end: datetime | None = None
    place: str | None = None
    direction: Direction | None = None
    answered: bool | None = None
    seconds: int | None = None
    attachment: bool = False
    on_account: bool = False
    by_hand: bool = False
    shelved: bool = False
    fate: Fate | None = None
    waiting: bool = False


@dataclass(frozen=True, slots=True)
class Opportunity:
    """One chance to sell, with everything that happened to it.

    The first of each kind of move is the value it was made with. ``heard`` is the last moment
    somebody was in contact about it. ``story`` is why it was made up and is never rendered.
    ``forecast`` is what somebody chose; None: what follows from the stage. ``contract_end`` is in a
    field that the organization added itself.
    """

    id: str
    story: str
    company: str
    owner: str
    name: str
    source: str
    entered: datetime
    outcome: Outcome
    stages: tuple[StageMove, ...]
    amounts: tuple[AmountMove, ...]
    closes: tuple[CloseMove, ...]
    again: bool = False  # sold to somebody who has bought before
    steps: tuple[NextStep, ...] = ()
    roles: tuple[Role, ...] = ()
    conversations: tuple[Conversation, ...] = ()
    quotes: tuple[Quote, ...] = ()
    lines: tuple[Line, ...] = ()
    lines_since: datetime | None = None
    rivals: tuple[str, ...] = ()
    heard: datetime | None = None
    forecast: Forecast | None = None
    contract_end: date | None = None


@dataclass(frozen=True, slots=True)
class Scenario:
    """The whole made-up organization as it stands at ``now``."""

    now: datetime
    organization: Organization
    colleagues: tuple[Colleague, ...]
    products: tuple[Product, ...]
    companies: tuple[Company, ...]
    people: tuple[Person, ...]
    opportunities: tuple[Opportunity, ...]
