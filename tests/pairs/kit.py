"""Builds the stories of the pairs: one opportunity, told record by record, in days before now.

Know before changing: ``Told`` never changes; each of its methods returns it with one record more,
so a story and its near miss are told alike up to the record in which they differ. Days are before
now (below 0: ahead), at nine o'clock; what would fall on a weekend falls on the Friday before (the
Monday after, ahead). The customer is a warehouse, the product its software.

It knows no rule, no signal and no CRM.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal, Self

from crmrules_sandbox.scenario.model import Conversation, Fate, Forecast, Line, Quote
from crmrules_sandbox.scenario.outline import NEGOTIATION, WON

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
FIRST, COMPARING, WEIGHING, SOLD = "Qualification", "Value Proposition", NEGOTIATION, WON
"""Stages in which the buyer recognizes needs, evaluates options, resolves concerns, has bought."""

PRODUCT, PRICE, PIECES = "product-1", 18_000.0, 20.0
ALWAYS = 5_000  # days; nobody is known for so long


def at(ago: float) -> datetime:
    """Return a moment so many days ago, on a working day."""
    moment = NOW - timedelta(days=ago)
    spare = moment.weekday() - 4
    if spare > 0:
        moment += timedelta(days=3 - spare if ago < 0 else -spare)
    return moment


def on(ago: float) -> date:
    """Return the calendar day so many days ago."""
    return (NOW - timedelta(days=ago)).date()


@dataclass(frozen=True, slots=True)
class Who:
    """Somebody of the customer; ``role`` "": on the company, not on the opportunity."""

    name: str
    title: str | None
    role: str | None
    since: float = ALWAYS  # days ago; at most as long as the opportunity
    bounced: float | None = None  # days ago


IDA = Who("Ida Brandt", "Warehouse Manager", "Business User")
TOM = Who("Tom Okafor", "IT Project Manager", "Technical Buyer")
RUTH = Who("Ruth Vance", "Chief Operating Officer", "Decision Maker")
SAM = Who("Sam Ferrand", "Shift Manager", "Executive Sponsor")
"""One who works with it, one who checks it, one who decides, one who speaks for us."""


@dataclass(frozen=True, slots=True)
class Told:
    """One opportunity as far as it is told; ``age`` is how many days ago it was entered."""

    age: float
    who: tuple[Who, ...] = ()
    name: str = "OrderLink Platform"
    source: str = "Web"
    again: bool = False
    closes: float = -60
    forecast: Forecast | None = None
    contract_end: float | None = None
    stages: tuple[tuple[float, str], ...] = ()
    pushes: tuple[tuple[float, float], ...] = ()
    steps: tuple[tuple[float, str], ...] = ()
    rivals: tuple[str, ...] = ()
    quotes: tuple[Quote, ...] = ()
    talks: tuple[Conversation, ...] = ()  # people are names until it is settled

    # -- where it stands --------------------------------------------------------------------------
    def stage(self, ago: float, stage: str) -> Self:
        """It came into a stage."""
        return replace(self, stages=(*self.stages, (ago, stage)))

    def push(self, ago: float, to: float) -> Self:
        """Somebody moved its close date."""
        return replace(self, pushes=(*self.pushes, (ago, to)))

    def step(self, ago: float, text: str) -> Self:
        """Somebody wrote a next step."""
        return replace(self, steps=(*self.steps, (ago, text)))

    def promised(self, forecast: Forecast) -> Self:
        """Somebody chose a forecast."""
        return replace(self, forecast=forecast)

    def from_(self, source: str) -> Self:
        """It came that way."""
        return replace(self, source=source)

    def ends(self, ago: float) -> Self:
        """Their contract ends that day."""
        return replace(self, contract_end=ago)

    def knows(self, *who: Who) -> Self:
        """These people are on it."""
        return replace(self, who=(*self.who, *who))

    def against(self, rival: str) -> Self:
        """A rival is on the CRM's own list."""
        return replace(self, rivals=(*self.rivals, rival))

    # -- what is offered --------------------------------------------------------------------------
    def quote(
        self,
        ago: float,
        discount: float = 0.0,
        *,
        draft: bool = False,
        ends: float | None = None,
    ) -> Self:
        """A quote was made, at a discount in percent."""
        line = Line(PRODUCT, PRICE, PIECES, discount)
        until = None if ends is None else on(ends)
        name = f"quote {len(self.quotes) + 1}"
        made = Quote(name, at(ago), (line,), draft=draft, until=until)
        return replace(self, quotes=(*self.quotes, made))

    # -- what is said -----------------------------------------------------------------------------
    def meeting(
        self,
        ago: float,
        subject: str,
        *who: Who,
        note: str | None = None,
        fate: Fate | None = None,
        account: bool = False,
    ) -> Self:
        """We met, or are to meet."""
        start = at(ago)
        return self._said(
            kind="meeting",
            start=start,
            entered=min(max(start - timedelta(days=5), self.entered), NOW - timedelta(hours=1)),
            end=start + timedelta(hours=1),
            people=tuple(one.name for one in who),
            subject=subject,
            body=note,
            fate=fate,
            on_account=account,
        )

    def call(self, ago: float, who: Who, *, note: str | None = None, account: bool = False) -> Self:
        """We talked on the phone."""
        told = {"direction": "out", "answered": True, "seconds": 900, "on_account": account}
        return self._logged("call", ago, who, subject="Call", body=note, **told)

    def tried(self, ago: float, who: Who) -> Self:
        """We called, and nobody took it."""
        told: dict[str, Any] = {"direction": "out", "answered": False, "seconds": 0}
        return self._logged("call", ago, who, subject="Call attempt", **told)

    def wrote(self, ago: float, who: Who, subject: str, text: str = "Hello, as promised.") -> Self:
        """We sent a mail."""
        return self._logged("mail", ago, who, subject=subject, body=text, direction="out")

    def heard(self, ago: float, who: Who, subject: str, text: str = "Thank you.") -> Self:
        """A mail of the customer's came."""
        return self._logged("mail", ago, who, subject=subject, body=text, direction="in")

    def noted(self, ago: float, text: str) -> Self:
        """One of us wrote a note."""
        return self._logged("note", ago, None, subject="Note to file", body=text)

    def waits(self, due: float, what: str) -> Self:
        """A task of ours waits for something the customer was to do so many days ago."""
        talk = Conversation(
            id=f"talk {len(self.talks) + 1}",
            kind="task",
            start=at(due),
            entered=max(at(due + 7), self.entered),
            subject=what,
            waiting=True,
        )
        return replace(self, talks=(*self.talks, talk))

    def _logged(self, kind: str, ago: float, who: Who | None, **told: Any) -> Self:
        people = (who.name,) if who is not None else ()
        entered = at(ago) + timedelta(minutes=12)
        return self._said(kind=kind, start=at(ago), entered=entered, people=people, **told)

    def _said(self, **told: Any) -> Self:
        talk = Conversation(id=f"talk {len(self.talks) + 1}", **told)
        return replace(self, talks=(*self.talks, talk))

    @property
    def entered(self) -> datetime:
        """When it was entered: an hour before anything else may happen on that day."""
        return at(self.age) - timedelta(hours=1)

    @property
    def won(self) -> float | None:
        """How many days ago it was won."""
        return next((ago for ago, stage in self.stages if stage == WON), None)


Near = Literal["quiet", "unknown"]


@dataclass(frozen=True, slots=True)
class Pair:
    """A story on which a rule fires, and one that differs in one record, on which it does not.

    ``near`` is what the rule says of the near miss. ``blind``: CRM -> why nobody can tell of the
    story there; the rule is unknown for that reason. ``unseen``: CRM -> why the record in which the
    near miss differs does not show there; then it is the story itself.
    """

    fires: Told
    misses: Told
    near: Near = "quiet"
    blind: Mapping[str, str] = field(default_factory=dict)
    unseen: Mapping[str, str] = field(default_factory=dict)


PAIRS: dict[str, Pair] = {}
"""Rule -> its pair; rule, a colon and how -> a pair in which it fires another way."""


def rule_of(place: str) -> str:
    """Return the rule a pair is about."""
    return place.partition(":")[0]


def pair(rule: str, how: str = "") -> Callable[[Callable[[], Pair]], Callable[[], Pair]]:
    """Register the pair that a function tells; ``how``: another way in which the rule fires."""
    place = f"{rule}: {how}" if how else rule

    def keep(tell: Callable[[], Pair]) -> Callable[[], Pair]:
        if place in PAIRS:
            raise ValueError(f"{place} is told already")
        PAIRS[place] = tell()
        return tell

    return keep
