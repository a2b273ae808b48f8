"""The life of one opportunity, before anybody has a name and anything a moment.

Know before changing: all times are days before now (``ago``; negative lies ahead). ``ordinary``
makes a life in which nothing is wrong: several people incl. somebody who decides, frequent two-way
contact, a meeting booked, a fresh next step, a quote only after several meetings, and concessions
that shrink. A story then spoils exactly one of these, so an ordinary life must stay unremarkable.

Does not do: make names, ids or dates.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from math import exp, log

STAGES = (
    "Prospecting",
    "Qualification",
    "Needs Analysis",
    "Value Proposition",
    "Id. Decision Makers",
    "Perception Analysis",
    "Proposal/Price Quote",
    "Negotiation/Review",
)
PROPOSAL, NEGOTIATION = STAGES[6], STAGES[7]
WON, LOST = "Closed Won", "Closed Lost"
CHANCES = {
    "Prospecting": 10, "Qualification": 10, "Needs Analysis": 20, "Value Proposition": 50,
    "Id. Decision Makers": 60, "Perception Analysis": 70, PROPOSAL: 75, NEGOTIATION: 90,
    WON: 100, LOST: 0,
}  # fmt: skip
"""Stage -> how likely a sale is there, in percent: all stages, in order."""
EVALUATION = STAGES[3:7]
RHYTHM = ("meeting", "mail_out", "mail_in", "meeting", "call")
BY_MAIL = ("mail_in", "mail_out", "mail_in", "voicemail")
TWO_WAY = frozenset({"meeting", "call", "mail_in"})
LEVELS = ("power", "senior", "middle")


@dataclass(slots=True)
class Member:
    """Somebody of the customer: level as in ``people.TITLES``; ``role`` False: no contact role."""

    level: str
    joined: float
    role: bool = True
    titled: bool = True


@dataclass(slots=True)
class Talk:
    """One contact or attempt; ``who`` are positions in the plan's members, main one first."""

    ago: float
    kind: str  # meeting | call | voicemail | mail_in | mail_out | note
    who: tuple[int, ...] = ()
    note: str | None = None
    on_account: bool = False
    by_hand: bool = False  # a mail logged as a bare task: nobody can tell its direction


@dataclass(slots=True)
class Plan:
    """Everything that happens to one opportunity."""

    story: str
    age: float
    stages: list[tuple[float, str]]
    close: float  # where the close date lies at first; negative: ahead
    value: float | None  # list total; None: nobody entered an amount
    members: list[Member]
    talks: list[Talk] = field(default_factory=list)
    pushes: list[tuple[float, float]] = field(default_factory=list)  # moved at, moved to
    offers: list[tuple[float, float]] = field(default_factory=list)  # made at, discount in percent
    steps: list[tuple[float, str]] = field(default_factory=list)
    rivals: tuple[str, ...] = ()
    employees: int | None = 250
    ended: float | None = None  # closed so many days ago
    won: bool = False

    @property
    def stage(self) -> str:
        """The stage it is in last."""
        return self.stages[-1][1]

    def entered(self, stage: str) -> float:
        """Return when it first reached the stage; raises KeyError if it never did."""
        return {name: ago for ago, name in reversed(self.stages)}[stage]


def log_uniform(rng: random.Random, low: float, high: float) -> float:
    """Return a value as likely to lie in the lower as in the upper half of the factors."""
    return exp(rng.uniform(log(low), log(high)))


def path(rng: random.Random, stage: str, age: float, in_stage: float) -> list[tuple[float, str]]:
    """Return the way through the stages, with proposals never skipped on the way to negotiation."""
    target = STAGES.index(stage)
    first = 0 if target == 0 or rng.random() < 0.6 else 1
    between = [
        name
        for name in STAGES[first + 1 : target]
        if name in (STAGES[2], PROPOSAL) or rng.random() < 0.6
    ]
    names = [STAGES[first], *between] if target > first else []
    gap = (age - in_stage) / max(len(names), 1)
    walked = [
        (age - gap * (place + (rng.uniform(-0.15, 0.15) if place else 0)), name)
        for place, name in enumerate(names)
    ]
    return [*walked, (in_stage if names else age, stage)]


def contacts(
    rng: random.Random,
    engaged: list[tuple[int, float]],
    start: float,
    stop: float,
    rhythm: tuple[str, ...] = RHYTHM,
) -> list[Talk]:
    """Return regular contact between two moments, spread over the people who had joined by then."""
    talks: list[Talk] = []
    ago, turn, spoken = start - rng.uniform(0.8, 1.6), 0, 0
    while ago >= stop:
        present = [who for who, joined in engaged if joined >= ago] or [engaged[0][0]]
        kind = rhythm[turn % len(rhythm)]
        who = [present[spoken % len(present)]]
        if kind == "meeting" and len(present) > 1 and rng.random() < 0.45:
            who.append(present[(spoken + 1) % len(present)])
        talks.append(Talk(ago, kind, tuple(who)))
        spoken += kind in TWO_WAY
        turn += 1
        ago -= rng.uniform(2.6, 4.4)
    return talks


def fresh_steps(
    rng: random.Random, texts: tuple[str, ...], start: float, stop: float
) -> list[tuple[float, str]]:
    """Return next steps that change every two weeks or so, the last of them after ``stop`` + 8."""
    times = [start]
    while times[-1] > stop + 16:
        times.append(times[-1] - rng.uniform(8, 15))
    if start > stop + 8:
        times.append(stop + rng.uniform(2, 7))
    order = rng.sample(texts, len(texts))
    return [
        (ago, order[place % len(order)]) for place, ago in enumerate(sorted(times, reverse=True))
    ]


def offers_for(rng: random.Random, plan: Plan) -> list[tuple[float, float]]:
    """Return quotes as a careful seller makes them: none before the proposal, shrinking steps."""
    if PROPOSAL not in [name for _, name in plan.stages]:
        return []
    since = plan.stages[-1][0]
    if plan.stage != NEGOTIATION:
        return [(max(plan.entered(PROPOSAL) - 1.5, 1.2), rng.choice((0.0, 0.0, 2.0)))]
    made = [(max(plan.entered(PROPOSAL) - 1.5, since + 6.5), 0.0)]
    if since >= 7 and rng.random() < 0.6:
        made.append((since - 3.5, rng.choice((5.0, 6.0))))
        if since >= 16 and rng.random() < 0.5:
            made.append((2.5, made[-1][1] + 2.0))
    return made


def ordinary(
    rng: random.Random,
    texts: tuple[str, ...],
    *,
    story: str,
    stage: str,
    age: float,
    in_stage: float,
    value: float,
    levels: tuple[str, ...] = LEVELS,
    engaged: tuple[int, ...] | None = None,
    rhythm: tuple[str, ...] = RHYTHM,
) -> Plan:
    """Return a life with nothing wrong in it, in the given stage since ``in_stage`` days."""
    members = [
        Member(level, age if place < 2 else age * rng.uniform(0.65, 0.95))
        for place, level in enumerate(levels)
    ]
    plan = Plan(
        story=story,
        age=age,
        stages=path(rng, stage, age, in_stage),
        close=-rng.uniform(20, 100),
        value=value,
        members=members,
        steps=fresh_steps(rng, texts, age - 0.5, 0),
        employees=int(log_uniform(rng, 60, 4000)),
    )
    chosen = engaged if engaged is not None else tuple(range(len(members)))
    present = [(who, members[who].joined) for who in chosen]
    plan.talks = contacts(rng, present, age, 4.0, rhythm)
    last = plan.talks[-1].who[0] if plan.talks else chosen[0]
    nxt = chosen[(chosen.index(last) + 1) % len(chosen)]
    plan.talks.append(Talk(rng.uniform(1.2, 3.4), "mail_in", (nxt,)))
    plan.talks.append(Talk(-rng.uniform(3, 12), "meeting", (last,)))
    plan.offers = offers_for(rng, plan)
    return plan


def earlier(plan: Plan, days: float) -> Plan:
    """Return the same life, so many days further back."""
    return replace(
        plan,
        age=plan.age + days,
        stages=[(ago + days, name) for ago, name in plan.stages],
        close=plan.close + days,
        members=[replace(member, joined=member.joined + days) for member in plan.members],
        talks=[replace(talk, ago=talk.ago + days) for talk in plan.talks],
        pushes=[(ago + days, to + days) for ago, to in plan.pushes],
        offers=[(ago + days, discount) for ago, discount in plan.offers],
        steps=[(ago + days, text) for ago, text in plan.steps],
    )
