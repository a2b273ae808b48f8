"""One opportunity as its timeline tells it: phases, people by focus, conversations, what was given.

It takes names, moments and numbers from the model, and no text of a conversation: what customers
wrote stays in the copy of the CRM's records. What is private is never handed in.

It draws nothing; ``timeline`` does.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise

from crmrules.measures import Span, spans
from crmrules.model import Activity, ActivityKind, Opportunity, Phase
from crmrules.plan import Judged
from crmrules.report.words import FOCUS, KINDS, LONGEST_NAME, PHASES, count, day, named
from crmrules.signals import Known
from crmrules.signals._criteria import standing
from crmrules.signals.buying import IMPLEMENTING
from crmrules.signals.negotiation import of_quote

BACK = timedelta(days=365)  # what is older is left out of a timeline
MOST_PEOPLE, MOST_TALKS, MOST_CRITERIA = 6, 150, 8
_WORD = 40  # UTF-16 code units of a name within a timeline
TOOK_PART, ONE_WAY, AHEAD = "took part", "we tried", "booked"
NOT_KNOWN = "nobody recorded whether it took place"


@dataclass(frozen=True, slots=True)
class Human:
    """One of the customer's people; ``focus`` in words."""

    name: str
    focus: str
    title: str


@dataclass(frozen=True, slots=True)
class Talk:
    """A meeting, call or mail. ``who``: places in ``Story.people``; ``part``: the customer's."""

    at: datetime
    kind: ActivityKind
    who: tuple[int, ...]
    part: str


@dataclass(frozen=True, slots=True)
class Rating:
    """One criterion of the customer; ratings from 1 to 5, None where nobody told."""

    name: str
    weight: str
    ours: float | None
    theirs: float | None


@dataclass(frozen=True, slots=True)
class Story:
    """What a timeline shows. ``phases`` None: the CRM keeps no history of stages."""

    id: str
    name: str
    account: str
    owner: str
    amount: float | None
    currency: str | None
    close_date: date | None
    won: datetime | None  # None: it is not won, or nobody knows since when
    now: datetime
    start: datetime
    phase: str
    phases: tuple[Span, ...] | None
    people: tuple[Human, ...] | None  # None: contacts cannot be read
    talks: tuple[Talk, ...] | None  # None: activities cannot be read
    steps: tuple[tuple[datetime, float], ...]  # (since, percent given away in all)
    criteria: tuple[Rating, ...]
    cut: bool = False  # whether something older was left out

    @property
    def in_words(self) -> str:
        """The timeline in a few sentences, for everybody and for those who cannot see it."""
        return " ".join((self._phase(), self._talks(), *self._given(), *self._criteria()))

    def _phase(self) -> str:
        if not self.phases:
            return f"{self.phase}; the CRM tells no history of it."
        return f"{self.phase} since {day(self.phases[-1].start)}."

    def _talks(self) -> str:
        if self.talks is None:
            return "Conversations cannot be read here."
        heard = [one for one in self.talks if one.part == TOOK_PART]
        if not heard:
            return "No conversation with the customer is on record."
        met = {who for one in heard for who in one.who}
        power = sum((self.people or ())[who].focus == FOCUS_OF_POWER for who in met)
        ago = count((self.now - heard[-1].at).days, "day")
        return (
            f"{count(len(heard), 'conversation')} with {count(len(met), 'person', 'people')}, "
            f"{power or 'none'} of them known to have the focus of power; the last one {ago} ago."
        )

    def _given(self) -> list[str]:
        if not self.steps:
            return []
        (_, first), (_, last) = self.steps[0], self.steps[-1]
        through = f"from {first:g} % to {last:g} %" if len(self.steps) > 1 else f"at {last:g} %"
        return [f"Discount {through}."]

    def _criteria(self) -> list[str]:
        if not self.criteria:
            return []
        weak = sum(
            one.ours is not None and one.theirs is not None and one.ours < one.theirs
            for one in self.criteria
        )
        told = count(len(self.criteria), "criterion", "criteria")
        return [f"{told} known; a rival is rated above us on {weak or 'none'}."]


FOCUS_OF_POWER = next(iter(FOCUS.values()))


def tell(judged: Judged, now: datetime) -> Story:
    """Return the story of one opportunity up to now."""
    one = judged.opportunity
    talked = _talked(one, now)
    began = min((activity.at for activity in talked or ()), default=one.created_at)
    start = max(now - BACK, min(one.created_at, began))
    people, places = _people(one, talked or ())
    reading = judged.readings.get("phase")
    word = reading.value if isinstance(reading, Known) else None
    inside = [activity for activity in talked or () if activity.at >= start][-MOST_TALKS:]
    return Story(
        id=one.id,
        name=named(one.name, one.id),
        account=named(one.account.name if one.account else None, "no account"),
        owner=_owner(one),
        amount=one.amount,
        currency=one.currency,
        close_date=one.close_date,
        won=one.closed_at if one.won else None,
        now=now,
        start=start,
        phase=PHASES[Phase(word)] if word in set(Phase) else "Buying phase not known",
        phases=_phases(one, now, start),
        people=people,
        talks=None if talked is None else tuple(_talk(a, places, now) for a in inside),
        steps=_steps(one, start),
        criteria=_criteria_of(one),
        cut=len(inside) < len(talked or ()) or one.created_at < start,
    )


def _talked(one: Opportunity, now: datetime) -> list[Activity] | None:
    """Return its conversations in order of time, those that are booked included."""
    if one.activities is None:
        return None
    ahead = now + timedelta(days=90)
    mine = [a for a in one.activities if a.kind in KINDS and not a.on_account and a.at <= ahead]
    return sorted(mine, key=lambda activity: (activity.at, activity.record))


def _owner(one: Opportunity) -> str:
    users = {user.id: user.name for user in one.users or ()}
    return named(users.get(one.owner or ""), one.owner or "nobody", LONGEST_NAME)


def _people(
    one: Opportunity, talked: list[Activity] | tuple[()]
) -> tuple[tuple[Human, ...] | None, dict[str, int]]:
    """Return the people, those who decide first, and the place of each by id."""
    if one.people is None:
        return None, {}
    seen = Counter(who for activity in talked for who in activity.people or ())
    order = list(FOCUS)
    people = {person.id: person for person in one.people}.values()
    ranked = sorted(people, key=lambda p: (order.index(p.focus), -seen[p.id], p.id))
    humans = tuple(
        Human(named(p.name, p.id, _WORD), FOCUS[p.focus], named(p.title, "no title", _WORD))
        for p in ranked
    )
    return humans, {person.id: place for place, person in enumerate(ranked)}


def _talk(activity: Activity, places: dict[str, int], now: datetime) -> Talk:
    who = tuple(sorted({places[one] for one in activity.people or () if one in places}))
    if activity.at > now:
        part = AHEAD
    else:
        part = {True: TOOK_PART, False: ONE_WAY, None: NOT_KNOWN}[activity.two_way(now)]
    return Talk(activity.at, activity.kind, who, part)


def _phases(one: Opportunity, now: datetime, start: datetime) -> tuple[Span, ...] | None:
    stays = spans(one, now)
    if stays is None:
        return None
    if one.won and one.closed_at is not None:
        done = min(now, one.closed_at + timedelta(days=IMPLEMENTING))
        after = (
            Span(Phase.IMPLEMENTATION, one.closed_at, done),
            Span(Phase.DEVELOPMENT, done, now),
        )
        stays += [stay for stay in after if stay.start < stay.end]
    return tuple(
        Span(stay.phase, max(stay.start, start), stay.end) for stay in stays if stay.end >= start
    )


def _steps(one: Opportunity, start: datetime) -> tuple[tuple[datetime, float], ...]:
    """Return what was given away in all, step by step: by quotes, else by recorded concessions."""
    quotes = sorted(one.quotes or (), key=lambda quote: quote.known_at)
    told = [(quote.known_at, of_quote(quote)) for quote in quotes]
    steps = [(at, round(percent, 2)) for at, percent in told if percent is not None]
    if not any(percent for _, percent in steps):
        total, steps = 0.0, []
        for given in sorted(one.concessions, key=lambda c: c.known_at):
            if given.size is not None and not given.planned:
                total += given.size
                steps.append((given.known_at, round(total, 2)))
    changed = [
        after for before, after in pairwise([(start, -1.0), *steps]) if before[1] != after[1]
    ]
    return tuple((max(at, start), percent) for at, percent in changed)


def _criteria_of(one: Opportunity) -> tuple[Rating, ...]:
    order = ("crucial", "important", "incidental")
    found = [
        Rating(
            named(each.name, "unnamed", _WORD),
            each.now.weight if each.now.weight in order else "weight not known",
            each.now.ours,
            each.now.theirs,
        )
        for each in standing(one.criteria)
    ]
    by_weight = (*order, "weight not known")
    return tuple(sorted(found, key=lambda each: by_weight.index(each.weight))[:MOST_CRITERIA])
