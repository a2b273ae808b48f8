"""Large volumes for load tests: exact counts, plain content, made quickly.

Know before changing: dates are uneven on purpose (twice as dense towards now as on average), for an
even spread flatters every range split. Children go round the opportunities, so each has about
as many; the last history row carries the opportunity's current values.

Does not do: stories. No rule is meant to fire or not to fire here.
"""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from math import sqrt
from typing import Any

from crmrules_sandbox.salesforce.ledger import Ledger, Row, stamp
from crmrules_sandbox.salesforce.staff import forecast, furnish
from crmrules_sandbox.scenario import people
from crmrules_sandbox.scenario import staff as ours
from crmrules_sandbox.scenario.clock import Calendar
from crmrules_sandbox.scenario.outline import CHANCES, STAGES

_SPAN = 700.0  # days


def bulk_records(
    seed: int,
    now: datetime,
    *,
    opportunities: int,
    roles: int,
    tasks: int,
    events: int,
    history: int,
    line_items: int,
) -> dict[str, list[dict[str, Any]]]:
    """Return object name -> rows with exactly the counts asked for, the same ones each time.

    Accounts are a third and contacts a half of the opportunities (at least one each). ``now`` must
    be aware. Raises ValueError for children without an opportunity, and when there are
    fewer history rows than opportunities (each has at least the row of its creation).
    """
    children = (roles, tasks, events, history, line_items)
    if min(opportunities, *children) < 0 or (opportunities == 0 and any(children)):
        raise ValueError("counts must not be negative, and children need an opportunity")
    if history < opportunities:
        raise ValueError(f"{opportunities} opportunities have at least as many history rows")
    calendar = Calendar(random.Random(f"bulk {seed}"), now)
    ledger = _Drawing(calendar)
    staff = ours.staff(people.Cast(calendar.rng))
    rows = furnish(ledger, ours.organization(calendar), staff.everybody, ours.products())
    _parents(ledger, [rows[rep.id]["Id"] for rep in staff.reps], opportunities)
    _histories(ledger, history)
    _roles_and_lines(ledger, roles, line_items)
    _activities(ledger, tasks, events)
    return ledger.rows


class _Drawing(Ledger):
    """A ledger whose rows are drawn while they are written."""

    def __init__(self, calendar: Calendar) -> None:
        super().__init__(calendar.now)
        self.rng = calendar.rng


def _later(ledger: _Drawing, after: float = _SPAN) -> datetime:
    """Return a moment within so many days before now, the closer to now the likelier."""
    ago = after * (1 - sqrt(ledger.rng.random()))
    return ledger.now - timedelta(seconds=int(ago * 86400) + 60)


def _parents(ledger: _Drawing, reps: list[str], count: int) -> None:
    rng = ledger.rng
    old = ledger.now - timedelta(days=_SPAN + 30)
    for number in range(max(1, count // 3)):
        owner = reps[number % 8]
        ledger.add(
            "Account", old, owner, Name=f"Customer {number:06d}", OwnerId=owner,
            Type="Prospect", ParentId=None, NumberOfEmployees=rng.randrange(20, 5000),
        )  # fmt: skip
    accounts = ledger.rows["Account"]
    for number in range(max(1, count // 2)):
        account = accounts[number % len(accounts)]
        ledger.add(
            "Contact", old, account["OwnerId"], AccountId=account["Id"],
            OwnerId=account["OwnerId"], FirstName="Contact", LastName=f"{number:06d}",
            Name=f"Contact {number:06d}", Email=f"contact{number}@bulk.example",
            Title=rng.choice(people.TITLES[rng.choice(("power", "middle", "junior"))]),
            EmailBouncedDate=None,
        )  # fmt: skip
    for number in range(count):
        account = accounts[number % len(accounts)]
        ledger.add(
            "Opportunity", _later(ledger), account["OwnerId"], Name=f"Opportunity {number:06d}",
            AccountId=account["Id"], OwnerId=account["OwnerId"], Type="New Customer",
            LeadSource="Web", NextStep=None, IsWon=False, IsClosed=False, SyncedQuoteId=None,
            HasOpportunityLineItem=False, HasOpenActivity=False, PushCount=0,
        )  # fmt: skip


def _histories(ledger: _Drawing, count: int) -> None:
    """Give each opportunity its share of history, and the values its last row has."""
    opportunities = ledger.rows["Opportunity"]
    if not opportunities:
        return
    share, rest = divmod(count, len(opportunities))
    for number, row in enumerate(opportunities):
        start = datetime.fromisoformat(row["CreatedDate"])
        amount = float(ledger.rng.randrange(15, 400) * 1000)
        closes = (ledger.now + timedelta(days=ledger.rng.randrange(5, 120))).date().isoformat()
        many = share + (number < rest)
        step = (ledger.now - start) / (many + 1)
        at, stage = start, STAGES[0]
        for place in range(many):
            at = start + step * place
            stage = STAGES[min(place, len(STAGES) - 1)]
            amount += 500.0 * (place > 0)
            worth = {
                "StageName": stage, "Amount": amount, "CloseDate": closes,
                "Probability": float(CHANCES[stage]),
                "ExpectedRevenue": amount * CHANCES[stage] / 100,
                "ForecastCategory": forecast(stage)[0],
            }  # fmt: skip
            before = {"PrevAmount": amount - 500.0 if place else None, "PrevCloseDate": None}
            ledger.add(
                "OpportunityHistory", at, row["OwnerId"], OpportunityId=row["Id"], **worth, **before
            )
            row.update(worth)
        row["ForecastCategoryName"] = forecast(stage)[1]
        row["LastStageChangeDate"] = stamp(at)
        ledger.touch(row, at)


def _roles_and_lines(ledger: _Drawing, roles: int, lines: int) -> None:
    opportunities, contacts = ledger.rows["Opportunity"], ledger.rows["Contact"]
    products = ledger.rows["Product2"]
    for number in range(roles):
        row = opportunities[number % len(opportunities)]
        # The step past a full round keeps a contact from getting a second role on one opportunity.
        who = contacts[(number + number // len(opportunities)) % len(contacts)]
        ledger.add(
            "OpportunityContactRole", _between(ledger, row), row["OwnerId"],
            OpportunityId=row["Id"], ContactId=who["Id"], IsPrimary=number < len(opportunities),
            Role=people.ROLES["power" if number % 3 else "middle"][number % 2],
        )  # fmt: skip
    for number in range(lines):
        row = opportunities[number % len(opportunities)]
        product, price = products[number % len(products)], people.PRODUCTS[number % 8][2]
        row["HasOpportunityLineItem"] = True
        ledger.add(
            "OpportunityLineItem", _between(ledger, row), row["OwnerId"], OpportunityId=row["Id"],
            Product2Id=product["Id"], Name=product["Name"], Quantity=1.0, UnitPrice=price,
            ListPrice=price, Discount=0.0, Subtotal=price, TotalPrice=price,
        )  # fmt: skip


def _activities(ledger: _Drawing, tasks: int, events: int) -> None:
    opportunities, contacts = ledger.rows["Opportunity"], ledger.rows["Contact"]
    for number in range(tasks):
        row, who = opportunities[number % len(opportunities)], contacts[number % len(contacts)]
        at = _between(ledger, row)
        ledger.add(
            "Task", at, row["OwnerId"], **_shared(row, who, at), Status="Completed", IsClosed=True,
            Priority="Normal", TaskSubtype="Call", CallType="Outbound", CompletedDateTime=stamp(at),
            CallDisposition="Connected", CallDurationInSeconds=300 + number % 600,
        )  # fmt: skip
    for number in range(events):
        row, who = opportunities[number % len(opportunities)], contacts[number % len(contacts)]
        at = _between(ledger, row)
        ledger.add(
            "Event", at, row["OwnerId"], **_shared(row, who, at), StartDateTime=stamp(at),
            EndDateTime=stamp(at + timedelta(minutes=30)), ActivityDateTime=stamp(at),
            DurationInMinutes=30, EventSubtype="Event", IsAllDayEvent=False, IsChild=False,
        )  # fmt: skip


def _shared(row: Row, who: Row, at: datetime) -> Row:
    return {
        "WhatId": row["Id"], "WhoId": who["Id"], "AccountId": row["AccountId"],
        "OwnerId": row["OwnerId"], "Subject": "Contact", "ActivityDate": at.date().isoformat(),
        "Description": "Talked about the next workshop.", "IsArchived": False,
    }  # fmt: skip


def _between(ledger: _Drawing, row: Row) -> datetime:
    """Return a moment between an opportunity's making and now."""
    start = datetime.fromisoformat(row["CreatedDate"])
    days = (ledger.now - start).total_seconds() / 86400
    return max(start, _later(ledger, days))
