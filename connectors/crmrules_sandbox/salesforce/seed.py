"""The seeded demo org: a few hundred opportunities of a company that sells warehouse software.

Know before changing: ``seed_records`` is a pure function of its arguments; draws come from one
random source in fixed order, so adding a draw anywhere changes all that follows, and tests that
pin a finding pin a seed. What an opportunity is meant to show is told by ``stories`` alone.

Does not do: keep the records (``org``), or make large volumes (``bulk``).
"""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any

from crmrules_sandbox.salesforce import people
from crmrules_sandbox.salesforce.aftermath import lost, won, won_stories
from crmrules_sandbox.salesforce.bulk import bulk_records
from crmrules_sandbox.salesforce.ledger import Ledger, Row
from crmrules_sandbox.salesforce.outline import Plan
from crmrules_sandbox.salesforce.staff import Staff, furnish
from crmrules_sandbox.salesforce.stories import TELLERS, open_stories
from crmrules_sandbox.salesforce.unfold import Writer

__all__ = ["bulk_records", "seed_records", "stories"]

_OPEN, _WON = 120 / 220, 60 / 220
_ALONE = frozenset({"post-quiet-first-30", "post-account-decay"})


def seed_records(
    seed: int, now: datetime, opportunities: int = 220
) -> dict[str, list[dict[str, Any]]]:
    """Return object name -> rows with Salesforce API names, the same for the same arguments.

    ``now`` must be aware. Everything known lies before it; only booked meetings and close dates lie
    ahead. About 55 % of the opportunities are open, 27 % won and 18 % lost in the last 24 months.
    """
    return _build(seed, now, opportunities)[0]


def stories(seed: int, now: datetime, opportunities: int = 220) -> dict[str, str]:
    """Return opportunity id -> story name for the records of the same arguments.

    A story called like a rule was built to make that rule fire and, as far as possible, no other.
    """
    return _build(seed, now, opportunities)[1]


def _build(seed: int, now: datetime, count: int) -> tuple[dict[str, list[Row]], dict[str, str]]:
    rng = random.Random(f"org {seed}")
    ledger, cast = Ledger(rng, now), people.Cast(rng)
    staff = furnish(ledger, cast)
    town = _Town(ledger, cast, staff)
    told: dict[str, str] = {}
    sold = _sold_plans(rng, round(count * _WON))
    running = [TELLERS[name][0](rng, name) for name in open_stories(rng, round(count * _OPEN))]
    gone = [lost(rng, "lost") for _ in range(count - len(sold) - len(running))]
    for plan in (*sold, *gone, *running):
        told[town.settle(plan)["Id"]] = plan.story
    return ledger.rows, told


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
    """Gives every plan an account and an owner, and has it written."""

    def __init__(self, ledger: Ledger, cast: people.Cast, staff: Staff) -> None:
        self._ledger, self._cast, self._staff = ledger, cast, staff
        self._writer = Writer(ledger, cast, staff.prices)
        self._customers: list[Row] = []  # accounts that bought and may buy again
        self._unlogged: list[Row] = []
        self._placed = 0

    def settle(self, plan: Plan) -> Row:
        """Write one plan at a new account or, at times, at a customer; return the opportunity."""
        rng = self._ledger.rng
        account = self._again(plan)
        kind = "Existing Customer - Upgrade" if account else "New Customer"
        account = account or self._open_account(plan)
        self._placed += 1
        leaver = plan.ended is None and self._placed % 23 == 0
        owner = self._staff.leaver if leaver else self._staff.owner(account["OwnerId"])
        language = self._staff.language(owner) if rng.random() < 0.6 else "en"
        row = self._writer.write(plan, account, owner, language, kind=kind)
        if plan.won and plan.story not in _ALONE:
            shelf = self._unlogged if plan.story == "won-unlogged" else self._customers
            shelf.append(account)
        if plan.won:
            account["Type"] = "Customer - Direct"
        return row

    def _again(self, plan: Plan) -> Row | None:
        """Return an old customer for an open opportunity; unlogged ones are always used first."""
        if plan.ended is not None or plan.employees is None:
            return None
        if self._unlogged:
            return self._unlogged.pop()
        if self._customers and self._ledger.rng.random() < 0.3:
            return self._customers.pop(self._ledger.rng.randrange(len(self._customers)))
        return None

    def _open_account(self, plan: Plan) -> Row:
        ledger, rng = self._ledger, self._ledger.rng
        company = self._cast.company()
        made = ledger.moment(plan.age + rng.uniform(1, 60), hour=8)
        owner = rng.choice(self._staff.reps)
        city, country = rng.choice(people.CITIES)
        parent = (
            rng.choice(ledger.rows["Account"]) if rng.random() < 0.04 and self._placed else None
        )
        if parent is not None and parent["CreatedDate"] >= made.strftime("%Y-%m-%dT%H:%M"):
            parent = None
        return ledger.add(
            "Account",
            made - timedelta(hours=1),
            owner["Id"],
            Name=company.name,
            Industry=company.industry,
            Website=company.domain,
            Type="Prospect",
            ParentId=parent["Id"] if parent else None,
            NumberOfEmployees=plan.employees,
            AnnualRevenue=plan.employees * 180_000.0 if plan.employees else None,
            BillingCity=city,
            BillingCountry=country,
            OwnerId=owner["Id"],
        )
