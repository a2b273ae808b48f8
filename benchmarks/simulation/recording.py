"""From the truth to what the CRM would hold: what people typed, left out, or got wrong.

Know before changing: chance is drawn in one order whatever the level, and a thing is recorded where
its draw lies below ``level ** laxness`` of the rep. So the same world is seen at every level, what
is recorded at a lower level is recorded at each higher one too, and at 100 % everything people do
is there. What is not recorded is missing or None, never a default. Stages are set at every level.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import pairwise
from random import Random
from typing import Any

from crmrules.model import (
    Account,
    Activity,
    ActivityKind,
    Change,
    Direction,
    Focus,
    Opportunity,
    Person,
    Phase,
    Quote,
    Sibling,
    User,
)
from simulation.lives import NOW, PHASES, Life, Someone, Talk
from simulation.notebook import notes

TRACKED = frozenset({"stage", "phase", "amount", "close_date", "next_step", "forecast", "owner"})
STAGES = dict(
    zip(PHASES, ("Qualification", "Proposal/Price Quote", "Negotiation/Review"), strict=False)
)
SUBJECTS = {
    "discovery": "Discovery call",
    "demo": "Demo of the platform",
    "terms": "Contract terms",
    "plan": "Implementation planning",
    "summary": "Summary of where we stand",
    "papers": "Data sheet you asked for",
    "talk": "Catch-up",
}


def moment(at: float) -> datetime:
    """Return a moment of a life as a date and time."""
    return NOW + timedelta(days=at)


class Pen:
    """One rep's discipline at one level: whether the next thing gets recorded."""

    def __init__(self, life: Life, level: float) -> None:
        self._chance, self._level, self._life = Random(f"pen:{life.key}"), level, life
        self._number = 0

    def keeps(self, kind: str) -> bool:
        """Return whether the rep records the next thing of a kind; draws once, always."""
        return self._chance.random() < self._level ** self._life.rep.lax[kind]

    def errs(self) -> bool:
        """Return whether the rep sees it through rose-coloured glasses; draws once, always."""
        return self._chance.random() < self._life.rep.rosy

    def base(self, at: float, what: str) -> dict[str, Any]:
        """Return the record and the moment of a piece; the same record at every level."""
        self._number += 1
        return {"record": f"{self._life.key}:{what}:{self._number}", "known_at": moment(at)}


def record(life: Life, level: float) -> Opportunity:
    """Return what the CRM holds of a life at a level of discipline."""
    pen = Pen(life, level)
    changes = [*_stages(life, pen), *_steps(life, pen)]
    close, pushes = _dates(life, pen)
    fields: dict[str, Any] = {
        "people": tuple(filter(None, [_person(one, pen) for one in life.people])),
        "activities": tuple(filter(None, [_activity(life, one, pen) for one in life.talks])),
        "changes": tuple(sorted([*changes, *pushes], key=lambda one: one.known_at)),
        "quotes": _quotes(life, pen),
        **notes(life, pen),
    }
    stage, phase = _stage_now(life)
    steps = [one for one in changes if one.field == "next_step"]
    return Opportunity(
        record=life.key,
        known_at=moment(life.created),
        id=life.key,
        name=f"Platform for {life.key}",
        account=_account(life),
        owner=life.rep.name,
        users=(User(id=life.rep.name, name=life.rep.name, active=True),),
        created_at=moment(life.created),
        observed_at=NOW,
        stage=stage,
        phase=phase,
        amount=life.amount,
        close_date=close,
        closed_at=None if life.closed is None else moment(life.closed),
        won=life.won,
        kind=life.kind,
        lead_source=life.source,
        next_step=str(steps[-1].new) if steps else None,
        forecast="Commit" if life.commit else "Pipeline",
        tracked=TRACKED,
        siblings=_siblings(life),
        contract_end=None if life.contract_end is None else moment(life.contract_end).date(),
        **fields,
    )


def _account(life: Life) -> Account:
    made = moment(life.created - 1)
    key = f"{life.key}:account"
    return Account(record=key, known_at=made, id=key, name=f"Customer {life.key}")


def _siblings(life: Life) -> tuple[Sibling, ...]:
    made = []
    for number, (begun, closed) in enumerate(life.siblings):
        ended = None if closed is None else moment(closed)
        key = f"{life.key}:sibling:{number}"
        made.append(Sibling(record=key, known_at=moment(begun), id=key, closed_at=ended))
    return tuple(made)


def _stage_now(life: Life) -> tuple[str, Phase | None]:
    if life.won:
        return "Closed Won", Phase.IMPLEMENTATION
    if life.won is False:
        return "Closed Lost", None
    name = life.stages[-1][0]
    return STAGES[name], Phase(name)


def _stages(life: Life, pen: Pen) -> list[Change]:
    """Return the history of the stage and of the phase that follows from it."""
    path: list[tuple[str, str | None, float]] = [
        (STAGES[name], name, at) for name, at in sorted(life.stages, key=lambda one: one[1])
    ]
    if life.closed is not None:
        path.append(
            ("Closed Won", "implementation", life.closed)
            if life.won
            else ("Closed Lost", None, life.closed)
        )
    made = []
    for (stage, phase, _), (after, later, at) in pairwise(path):
        made.append(Change(**pen.base(at, "stage"), field="stage", old=stage, new=after))
        if phase != later:
            made.append(Change(**pen.base(at, "stage"), field="phase", old=phase, new=later))
    return made


def _steps(life: Life, pen: Pen) -> list[Change]:
    """Return the versions of the next step: real ones, and some that only say "follow up"."""
    real = [(at, "They will bring the numbers", pen.keeps("steps")) for at in life.advances]
    at = life.created + 10
    while at < (life.closed if life.closed is not None else 0.0):
        real.append((at, "Follow up", pen.errs()))
        at += 20
    made, before = [], None
    for number, (at, words, kept) in enumerate(sorted(real)):
        base, text = pen.base(at, "step"), f"{words} ({number})"
        if kept:
            made.append(Change(**base, field="next_step", old=before, new=text))
            before = text
    return made


def _dates(life: Life, pen: Pen) -> tuple[date, list[Change]]:
    """Return the close date, and the moves of it that the rep entered."""
    entered = [(one, pen.keeps("dates"), pen.base(one.at, "date")) for one in life.pushes]
    final = moment(life.planned_close if life.closed is None else life.closed).date()
    day = final - timedelta(days=sum(one.days for one, kept, _ in entered if kept))
    made = []
    for one, kept, base in entered:
        if kept:
            after = day + timedelta(days=one.days)
            made.append(Change(**base, field="close_date", old=str(day), new=str(after)))
            day = after
    return final, made


def _person(one: Someone, pen: Pen) -> Person | None:
    kept, named, titled, supports = (
        pen.keeps(kind) for kind in ("people", "roles", "titles", "roles")
    )
    mistaken, late = pen.errs(), pen.base(one.joined, "contact")
    if not kept:
        return None
    focus = Focus.POWER if one.decides else Focus.DISSATISFACTION if one.suffers else None
    role = {Focus.POWER: "Decision Maker", Focus.DISSATISFACTION: "Business User"}
    speaks = supports and one.supports is not None
    return Person(
        **late,
        id=one.key,
        name=one.name,
        title=one.title if titled else None,
        senior=one.senior if titled else None,
        role=(role[focus] if focus else "Influencer") if named else None,
        focus=(focus or Focus.RECEPTIVITY) if named else None,
        sponsor=True if speaks or (named and mistaken and one.supports is None) else None,
        bounced=one.left is not None,
    )


def _activity(life: Life, one: Talk, pen: Pen) -> Activity | None:
    kinds = {"meeting": "meetings", "call": "calls", "no_answer": "calls"}
    habit = kinds.get(one.kind, "mail")
    kept, linked, told, ended = (
        pen.keeps(kind) for kind in (habit, "people", "meetings", "meetings")
    )
    base = pen.base(min(one.at, -0.01), one.kind)
    if not kept:
        return None
    mail = one.kind.startswith("mail")
    kind = (
        ActivityKind.EMAIL
        if mail
        else ActivityKind.MEETING
        if one.kind == "meeting"
        else ActivityKind.CALL
    )
    held: bool | None = None
    if not mail and one.at <= 0:
        held = one.kind != "no_answer" and not (one.cancelled is not None and ended)
    return Activity(
        **base,
        kind=kind,
        at=moment(one.at),
        direction=_direction(one) if mail else None,
        held=held,
        with_customer=True if linked or mail else None,
        people=one.who if linked or mail else (),
        by=life.rep.name,
        subject=SUBJECTS[one.purpose] if told or mail else "Meeting",
        edited_at=base["known_at"],
    )


def _direction(one: Talk) -> Direction:
    return Direction.INBOUND if one.kind == "mail_in" else Direction.OUTBOUND


def _quotes(life: Life, pen: Pen) -> tuple[Quote, ...]:
    made = []
    for one in life.offers:
        kept, base = pen.keeps("quotes"), pen.base(one.made, "quote")
        if kept:
            made.append(
                Quote(
                    **base,
                    total=one.total,
                    discount=one.discount,
                    sent_at=None if one.sent is None else moment(one.sent),
                    status="Draft" if one.sent is None else "Presented",
                )
            )
    return tuple(made)
