"""Turns one plan into one opportunity: names, moments, values and people.

Know before changing: the order of draws is part of what a seed means. Every moment is one the
calendar gave, and nothing happens before the opportunity was entered.

Does not do: give it a company and an owner (``seeding``), or tell what was said (``talks``).
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from crmrules_sandbox.scenario import people
from crmrules_sandbox.scenario.clock import Calendar
from crmrules_sandbox.scenario.model import (
    AmountMove,
    CloseMove,
    Company,
    Line,
    NextStep,
    Opportunity,
    Outcome,
    Person,
    Product,
    Quote,
    Role,
    StageMove,
)
from crmrules_sandbox.scenario.outline import LOST, WON, Plan
from crmrules_sandbox.scenario.talks import Scene


@dataclass(frozen=True, slots=True)
class _Moves:
    stages: tuple[StageMove, ...]
    amounts: tuple[AmountMove, ...]
    closes: tuple[CloseMove, ...]


class Resolver:
    """Resolves plans one after the other; ``people`` and ``opportunities`` are those so far."""

    def __init__(self, calendar: Calendar, cast: people.Cast, products: Sequence[Product]) -> None:
        self._calendar, self._cast, self._products = calendar, cast, products
        self.people: list[Person] = []
        self.opportunities: list[Opportunity] = []
        self._quotes = self._talks = 0

    def resolve(
        self, plan: Plan, company: Company, owner: str, language: str, *, again: bool
    ) -> None:
        """Add the opportunity and its people."""
        rng = self._calendar.rng
        born = self._calendar.moment(plan.age, hour=8.1)
        lines = () if plan.value is None else _basket(rng, self._products, plan.value)
        name, source = self._name(company, lines), rng.choice(people.SOURCES)
        moves = self._moves(plan, born, lines)
        quotes = self._offers(plan, born, lines)
        steps = self._steps(plan, born)
        members, roles = self._people(plan, company, born, (owner, source))
        scene = Scene(self._calendar, company, born, members, language, self._talks)
        for talk in sorted(plan.talks, key=lambda one: -one.ago):
            scene.add(talk)
        self._talks += len(scene.told)
        self.people += members
        outcome: Outcome = "open" if plan.ended is None else "won" if plan.won else "lost"
        opportunity = Opportunity(
            id=f"opportunity-{len(self.opportunities) + 1}",
            story=plan.story,
            company=company.id,
            owner=owner,
            name=name,
            source=source,
            entered=born,
            outcome=outcome,
            stages=moves.stages,
            amounts=moves.amounts,
            closes=moves.closes,
            again=again,
            steps=steps,
            roles=roles,
            conversations=tuple(scene.told),
            quotes=quotes,
            lines=quotes[-1].lines if quotes else (),
            lines_since=quotes[-1].at if quotes else None,
            rivals=_rivals(rng, plan),
            heard=scene.heard,
        )
        self.opportunities.append(opportunity)

    def _name(self, company: Company, lines: Sequence[Line]) -> str:
        product = self._calendar.rng.choice(lines).product if lines else None
        names = {one.id: one.name for one in self._products}
        what = names[product] if product else "Enquiry"
        taken = {one.name for one in self.opportunities[-400:]}
        name, number = f"{company.name} - {what}", 2
        while name in taken:
            name, number = f"{company.name} - {what} ({number})", number + 1
        return name

    def _moves(self, plan: Plan, born: datetime, lines: Sequence[Line]) -> _Moves:
        """Return every change of stage, amount and close date, the initial values at ``born``."""
        calendar = self._calendar
        total = sum(line.total for line in lines)
        guess = float(int(total * calendar.rng.uniform(0.8, 0.95) / 500) * 500) or total
        stages = [StageMove(born, plan.stages[0][1])]
        stages += [StageMove(calendar.moment(ago), name) for ago, name in plan.stages[1:]]
        closes = [CloseMove(born, calendar.day(plan.close))]
        closes += [CloseMove(calendar.moment(ago), calendar.day(to)) for ago, to in plan.pushes]
        amounts = [AmountMove(born, guess if lines else None)]
        for ago, discount in plan.offers:
            worth = round(sum(line.total for line in _at(lines, discount)), 2)
            amounts.append(AmountMove(calendar.moment(ago, hour=11), worth))
        if plan.ended is not None:
            closed = next(move.at for move in stages if move.stage in (WON, LOST))
            closes.append(CloseMove(closed, closed.date()))
        return _Moves(
            tuple(sorted(stages, key=lambda move: move.at)),
            tuple(sorted(amounts, key=lambda move: move.at)),
            tuple(sorted(closes, key=lambda move: move.at)),
        )

    def _offers(self, plan: Plan, born: datetime, lines: Sequence[Line]) -> tuple[Quote, ...]:
        """Return the quotes; the last one is current and, if the opportunity was won, accepted."""
        made = sorted(plan.offers, reverse=True)
        quotes = []
        for place, (ago, discount) in enumerate(made, start=1):
            self._quotes += 1
            quotes.append(
                Quote(
                    id=f"quote-{self._quotes}",
                    at=max(self._calendar.moment(ago, hour=11), born),
                    lines=_at(lines, discount),
                    current=place == len(made),
                    accepted=place == len(made) and plan.won,
                )
            )
        return tuple(quotes)

    def _steps(self, plan: Plan, born: datetime) -> tuple[NextStep, ...]:
        """Return the next steps; the first one counts as typed in when the record was made."""
        at = born
        steps: list[NextStep] = []
        for ago, text in sorted(plan.steps, reverse=True):
            at = max(self._calendar.moment(ago), at + timedelta(minutes=7))
            if at <= self._calendar.now and (not steps or steps[-1].text != text):
                steps.append(NextStep(at, text))
        return tuple(steps)

    def _people(
        self, plan: Plan, company: Company, born: datetime, filed: tuple[str, str]
    ) -> tuple[list[Person], tuple[Role, ...]]:
        """Return the members as people and their roles; ``filed`` is their owner and source."""
        calendar, rng = self._calendar, self._calendar.rng
        made: list[Person] = []
        roles: list[Role] = []
        for place, member in enumerate(plan.members):
            at = max(calendar.moment(member.joined, hour=8.3), born + timedelta(minutes=3 + place))
            first, last = self._cast.person()
            bounced = not made and member.level != "power" and rng.random() < 0.02
            person = Person(
                id=f"person-{len(self.people) + len(made) + 1}",
                company=company.id,
                first=first,
                last=last,
                mail=f"{first}.{last}@{company.domain}".lower(),
                phone=f"+44 1632 960{rng.randrange(1000):03d}",
                title=rng.choice(people.TITLES[member.level]) if member.titled else None,
                owner=filed[0],
                source=filed[1],
                entered=at,
                bounced=at + timedelta(hours=1) if bounced else None,
            )
            made.append(person)
            if member.role:
                word = rng.choice(people.ROLES[member.level])
                # Nobody knows the part of somebody whose place nobody knows.
                roles.append(Role(person.id, word if person.title else None, at, place == 0))
        return made, tuple(roles)


def _basket(rng: random.Random, products: Sequence[Product], value: float) -> tuple[Line, ...]:
    """Return lines for up to three products whose list total comes close to the value."""
    chosen = rng.sample(products, rng.choice((1, 2, 2, 3)))
    share = value / len(chosen)
    return tuple(Line(one.id, one.price, float(max(1, round(share / one.price)))) for one in chosen)


def _at(lines: Sequence[Line], discount: float) -> tuple[Line, ...]:
    return tuple(Line(line.product, line.price, line.quantity, discount) for line in lines)


def _rivals(rng: random.Random, plan: Plan) -> tuple[str, ...]:
    if plan.rivals or rng.random() < 0.25:
        return plan.rivals or (rng.choice(people.RIVALS[:3]),)
    return ()
