"""The seeded scenario: a few hundred opportunities of a company that sells warehouse software.

Know before changing: ``seeded`` is a pure function of its arguments; draws come from one random
source in fixed order, so adding a draw anywhere changes all that follows, and tests that pin a
finding pin a seed. What an opportunity is meant to show is told by its ``story`` alone.

Does not do: render anything as the records of a CRM.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from crmrules_sandbox.scenario import people
from crmrules_sandbox.scenario import staff as ours
from crmrules_sandbox.scenario.aftermath import lost, won, won_stories
from crmrules_sandbox.scenario.clock import Calendar
from crmrules_sandbox.scenario.file import load
from crmrules_sandbox.scenario.model import Company, Scenario
from crmrules_sandbox.scenario.outline import Plan
from crmrules_sandbox.scenario.resolve import Resolver
from crmrules_sandbox.scenario.stories import TELLERS, open_stories

_OPEN, _WON = 120 / 220, 60 / 220
_ALONE = frozenset({"post-quiet-first-30", "post-account-decay"})


def seeded(seed: int, now: datetime, opportunities: int = 220) -> Scenario:
    """Return the scenario of these arguments, always the same one.

    ``now`` must be aware. Everything known lies before it; only booked meetings and close dates lie
    ahead. About 55 % of the opportunities are open, 27 % won and 18 % lost in the last 24 months.
    An open one's story called like a rule was made up so that this rule fires and, as far as
    possible, no other.
    """
    rng = random.Random(f"org {seed}")
    town = _Town(Calendar(rng, now), people.Cast(rng))
    sold = _sold_plans(rng, round(opportunities * _WON))
    names = open_stories(rng, round(opportunities * _OPEN))
    running = [TELLERS[name][0](rng, name) for name in names]
    gone = [lost(rng, "lost") for _ in range(opportunities - len(sold) - len(running))]
    for plan in (*sold, *gone, *running):
        town.settle(plan)
    return town.scenario()


def told(
    scenario: Scenario | Path | str | None,
    seed: int,
    clock: Callable[[], datetime],
    opportunities: int,
) -> Scenario:
    """Return a scenario, the one of a file, or with neither the seeded one for the clock's time."""
    if scenario is None:
        return seeded(seed, clock(), opportunities)
    return scenario if isinstance(scenario, Scenario) else load(scenario)


def _sold_plans(rng: random.Random, count: int) -> list[Plan]:
    """Return won lives; amounts are spread evenly so that percentiles hardly move with the seed."""
    names = won_stories(rng, count)
    plain = [name for name in names if name not in _ALONE]
    ranks = rng.sample(range(len(plain)), len(plain))
    plans = []
    for name in names:
        if name in _ALONE:
            value = rng.uniform(190_000, 420_000)
        else:
            value = 15_000 * 17 ** ((ranks.pop() + 0.5) / len(plain))
        plans.append(won(rng, name, value))
    return plans


class _Town:
    """Gives every plan a company and an owner, and has it resolved."""

    def __init__(self, calendar: Calendar, cast: people.Cast) -> None:
        self._calendar, self._cast = calendar, cast
        self._organization = ours.organization(calendar)
        self._staff, self._products = ours.staff(cast), ours.products()
        self._resolver = Resolver(calendar, cast, self._products)
        self._companies: dict[str, Company] = {}
        self._customers: list[str] = []  # companies that bought and may buy again
        self._unlogged: list[str] = []

    def scenario(self) -> Scenario:
        """Return everything settled so far."""
        return Scenario(
            self._calendar.now,
            self._organization,
            self._staff.everybody,
            self._products,
            tuple(self._companies.values()),
            tuple(self._resolver.people),
            tuple(self._resolver.opportunities),
        )

    def settle(self, plan: Plan) -> None:
        """Resolve one plan at a new company or, at times, at a customer."""
        old = self._again(plan)
        company = self._companies[old] if old else self._company(plan)
        placed = len(self._resolver.opportunities) + 1
        leaver = plan.ended is None and placed % 23 == 0
        owner = self._staff.leaver if leaver else self._staff.rep(company.owner)
        known = self._staff.languages.get(owner.id, "en")
        language = known if self._calendar.rng.random() < 0.6 else "en"
        self._resolver.resolve(plan, company, owner.id, language, again=old is not None)
        if plan.won and plan.story not in _ALONE:
            shelf = self._unlogged if plan.story == "won-unlogged" else self._customers
            shelf.append(company.id)
        if plan.won:
            self._companies[company.id] = replace(company, buys=True)

    def _again(self, plan: Plan) -> str | None:
        """Return an old customer for an open opportunity; unlogged ones are always used first."""
        if plan.ended is not None or plan.employees is None:
            return None
        if self._unlogged:
            return self._unlogged.pop()
        rng = self._calendar.rng
        if self._customers and rng.random() < 0.3:
            return self._customers.pop(rng.randrange(len(self._customers)))
        return None

    def _company(self, plan: Plan) -> Company:
        rng = self._calendar.rng
        drawn = self._cast.company()
        made = self._calendar.moment(plan.age + rng.uniform(1, 60), hour=8)
        owner = rng.choice(self._staff.reps)
        city, country = rng.choice(people.CITIES)
        company = Company(
            id=f"company-{len(self._companies) + 1}",
            name=drawn.name,
            industry=drawn.industry,
            domain=drawn.domain,
            city=city,
            country=country,
            owner=owner.id,
            entered=made - timedelta(hours=1),
            parent=self._parent(made),
            employees=plan.employees,
        )
        self._companies[company.id] = company
        return company

    def _parent(self, made: datetime) -> str | None:
        rng = self._calendar.rng
        if rng.random() >= 0.04 or not self._resolver.opportunities:
            return None
        parent = rng.choice(tuple(self._companies.values()))
        return parent.id if parent.entered < made.replace(second=0) else None
