"""What a rep notes in tags: needs, criteria, fears, rivals, terms, plans and results.

Know before changing: each note is one draw of the rep's discipline, taken whether or not the note
before it was kept. Only what the team knows can be noted; what the buyer keeps to himself cannot.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from crmrules.model import (
    Competitor,
    Concern,
    ConcernState,
    Concession,
    Criterion,
    Differentiator,
    Need,
    Owed,
    Piece,
    Plan,
    Proof,
    Range,
    Reason,
    Reference,
    Success,
)
from simulation import lives

if TYPE_CHECKING:
    from simulation.recording import Pen


def notes(life: lives.Life, pen: Pen) -> dict[str, Any]:
    """Return the pieces of an opportunity that only people's notes fill."""
    proofs: list[Proof] = []
    criteria = tuple(line for one in life.criteria for line in _criterion(life, one, pen, proofs))
    fears = [line for one in life.worries for line in _worry(one, pen)]
    fears += _each(
        pen, [at for at, _ in life.objections], lambda base: Concern(**base, topic="price")
    )
    return {
        "needs": tuple(line for one in life.needs for line in _need(life, one, pen)),
        "criteria": criteria,
        "proofs": tuple(proofs),
        "concerns": tuple(sorted(fears, key=lambda one: one.known_at)),
        "competitors": _rivals(life, pen),
        "concessions": tuple(line for one in life.gives for line in _give(one, pen)),
        "reasons": _each(
            pen,
            [one.why for one in life.pushes],
            lambda base: Reason(**base, text="their budget round", confirmed=True),
        ),
        "differentiators": _why_us(life, pen),
        "ranges": _each(pen, life.limits, lambda base: Range(**base, low=3, high=7)),
        "owed": _owed(life, pen),
        "plans": tuple(
            line
            for at, theirs in life.plans
            for line in _each(
                pen, [at], lambda base, led=theirs: Plan(**base, text="rollout", customer_led=led)
            )
        ),
        "successes": _each(
            pen, life.results, lambda base: Success(**base, text="orders leave in a day")
        ),
        "references": _each(
            pen, life.asked_reference, lambda base: Reference(**base, text="a sister company")
        ),
    }


def _each(pen: Pen, moments: list[Any], make: Any) -> tuple[Any, ...]:
    """Return one piece for each moment that the rep noted; None never happened."""
    made: list[Piece] = []
    for at in moments:
        kept, base = pen.keeps("tags"), pen.base(at or 0.0, "note")
        if kept and at is not None:
            made.append(make(base))
    return tuple(made)


def _need(life: lives.Life, one: lives.Need, pen: Pen) -> Iterator[Need]:
    person = life.person(one.person).name
    told, wanted, sized, worth = (pen.keeps("tags") for _ in range(4))
    first = pen.base(one.said, "note")
    second = pen.base(one.wanted if one.wanted is not None else 0.0, "note")
    size = "40k a quarter" if sized and one.sized is not None else None
    if told:
        yield Need(**first, text=one.text, explicit=False, person=person, impact=size)
    if wanted and one.wanted is not None:
        payoff = "a shift less" if worth and one.worth is not None else None
        yield Need(
            **second, text=one.text, explicit=True, person=person, impact=size, payoff=payoff
        )


def _criterion(
    life: lives.Life, one: lives.Criterion, pen: Pen, proofs: list[Proof]
) -> Iterator[Criterion]:
    keeps = [pen.keeps("tags") for _ in range(8)]
    rosy = pen.errs()
    source = life.needs[0].text if one.from_need and life.needs else None
    rival = life.rivals[0][0] if life.rivals else None
    rated = {
        "ours": float(min(5, one.ours + rosy)),
        "theirs": float(one.theirs) if rival else None,
        "rival": rival,
    }
    before = "important" if one.raised is not None else one.weight
    lines: list[tuple[float | None, dict[str, Any]]] = [
        (one.told, {"from_customer": True, "need": source}),
        (one.guessed, {"from_customer": False}),
        (one.ranked, {"weight": before}),
        (one.rated, rated),
        (one.plan, {"strategy": "overtake"}),
        (one.countable, {"metric": "tickets per week", "hard": True}),
        (one.raised, {"weight": "crucial"}),
        (one.why if one.told is not None else None, {"from_customer": True}),
    ]
    for kept, (at, values) in zip(keeps, lines, strict=True):
        base = pen.base(at or 0.0, "note")
        if kept and at is not None:
            yield Criterion(**base, name=one.name, **values)
    shown, base = pen.keeps("tags"), pen.base(one.shown or 0.0, "note")
    if shown and one.shown is not None:
        proofs.append(Proof(**base, text="reference call", criterion=one.name))


def _worry(one: lives.Worry, pen: Pen) -> Iterator[Concern]:
    told, settled, back, taken = (pen.keeps("tags") for _ in range(4))
    bases = [pen.base(at or 0.0, "note") for at in (one.voiced, one.settled, one.back, one.in_hand)]
    if one.voiced is None:
        return
    state = {"topic": one.topic, "showstopper": one.blocks}
    if told:
        yield Concern(**bases[0], **state)
    if taken and one.in_hand is not None:
        yield Concern(**bases[3], **state, owner="our director", due="next week")
    if settled and one.settled is not None:
        yield Concern(**bases[1], **state, state=ConcernState.RESOLVED)
    if back and one.back is not None:
        yield Concern(**bases[2], **state, state=ConcernState.REOPENED)


def _rivals(life: lives.Life, pen: Pen) -> tuple[Competitor, ...]:
    made = []
    for name, _, learnt in life.rivals:
        kept, base = pen.keeps("tags"), pen.base(learnt or 0.0, "rival")
        if kept and learnt is not None:
            made.append(Competitor(**base, name=name))
    return tuple(made)


def _give(one: lives.Give, pen: Pen) -> Iterator[Concession]:
    """Yield the plan, if there was one, and the concession itself."""
    price = {"text": "discount", "kind": "price", "size": one.points} if one.points else {}
    what = price or {"text": str(one.buys), "kind": "training"}
    serves = one.buys if one.points else None
    planned, given = pen.keeps("tags"), pen.keeps("tags")
    early, base = pen.base(one.planned or 0.0, "note"), pen.base(one.at, "note")
    if planned and one.planned is not None:
        yield Concession(**early, **what, planned=True, for_what=serves)
    if given:
        yield Concession(**base, **what, for_what=serves)


def _why_us(life: lives.Life, pen: Pen) -> tuple[Differentiator, ...]:
    made = []
    for at, person in life.reasons_for_us:
        kept, base = pen.keeps("tags"), pen.base(at, "note")
        if kept:
            name = life.person(person).name
            made.append(Differentiator(**base, text="live in six weeks", person=name))
    return tuple(made)


def _owed(life: lives.Life, pen: Pen) -> tuple[Owed, ...]:
    from simulation.recording import moment

    made = []
    for number, (asked, due, received) in enumerate(life.owed):
        text = f"volume figures {number}"
        kept, came = pen.keeps("tags"), pen.keeps("tags")
        base, later = pen.base(asked, "note"), pen.base(min(due, -0.01), "note")
        if kept:
            made.append(Owed(**base, text=text, due=moment(due).date()))
        if came and received and due <= 0:
            made.append(Owed(**later, text=text, received=True))
    return tuple(made)
