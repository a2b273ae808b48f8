"""Turns one plan into the records of one opportunity.

Know before changing: stage, amount and close date are first put on one time line, and both the
history rows and the current values are read off it, so they cannot disagree. Changes of one moment
make one history row, as in Salesforce. History is strictly ordered, and nothing happens before the
opportunity was made.

Does not do: make accounts, users or what happens between people (``happenings``).
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from crmrules_sandbox.salesforce import people
from crmrules_sandbox.salesforce.happenings import Scene
from crmrules_sandbox.salesforce.ledger import Ledger, Row, stamp
from crmrules_sandbox.salesforce.offers import Item, basket, write_lines, write_quote
from crmrules_sandbox.salesforce.outline import NEGOTIATION, PROPOSAL, Plan

FORECAST = {NEGOTIATION: ("BestCase", "Best Case"), PROPOSAL: ("BestCase", "Best Case")}
PROBABILITY = {
    "Prospecting": 10, "Qualification": 10, "Needs Analysis": 20, "Value Proposition": 50,
    "Id. Decision Makers": 60, "Perception Analysis": 70, PROPOSAL: 75, NEGOTIATION: 90,
    "Closed Won": 100, "Closed Lost": 0,
}  # fmt: skip
Moves = list[tuple[datetime, str, Any]]


def forecast(stage: str) -> tuple[str, str]:
    """Return the forecast category of a stage: API value and label."""
    if stage == "Closed Won":
        return "Closed", "Closed"
    if stage == "Closed Lost":
        return "Omitted", "Omitted"
    return FORECAST.get(stage, ("Pipeline", "Pipeline"))


class Writer:
    """Writes plans into a ledger; ``prices`` are list prices by product id."""

    def __init__(self, ledger: Ledger, cast: people.Cast, prices: dict[str, float]) -> None:
        self.ledger, self._cast, self._prices = ledger, cast, prices

    def write(self, plan: Plan, account: Row, owner: Row, language: str, *, kind: str) -> Row:
        """Add the opportunity and everything around it; return the opportunity's row."""
        ledger, rng = self.ledger, self.ledger.rng
        born = ledger.moment(plan.age, hour=8.1)
        items = [] if plan.value is None else basket(ledger, self._prices, plan.value)
        row = ledger.add(
            "Opportunity",
            born,
            owner["Id"],
            Name=self._name(account, items),
            AccountId=account["Id"],
            OwnerId=owner["Id"],
            Type=kind,
            LeadSource=rng.choice(people.SOURCES),
            Description=None,
            NextStep=None,
            SyncedQuoteId=None,
            IsWon=plan.won,
            IsClosed=plan.ended is not None,
            HasOpportunityLineItem=bool(plan.offers),
        )
        moves = self._moves(plan, born, items)
        self._history(row, moves)
        self._offers(row, plan, items, born)
        self._steps(row, plan, born)
        scene = Scene(ledger, row, account, owner, born, language=language)
        scene.people = self._people(row, plan, account, born)
        for talk in sorted(plan.talks, key=lambda one: -one.ago):
            scene.write(talk)
        if plan.rivals or rng.random() < 0.25:
            self._rivals(row, plan, born)
        self._summary(row, plan, scene.latest)
        return row

    def _name(self, account: Row, items: list[Item]) -> str:
        what = self.ledger.rng.choice(items).product["Name"] if items else "Enquiry"
        taken = {row["Name"] for row in self.ledger.rows["Opportunity"][-400:]}
        name, number = f"{account['Name']} - {what}", 2
        while name in taken:
            name, number = f"{account['Name']} - {what} ({number})", number + 1
        return name

    def _moves(self, plan: Plan, born: datetime, items: list[Item]) -> Moves:
        """Return every change on the time line, the initial values at ``born``."""
        ledger = self.ledger
        total = sum(item.total(0) for item in items)
        guess = float(int(total * ledger.rng.uniform(0.8, 0.95) / 500) * 500) or total
        moves: Moves = [
            (born, "StageName", plan.stages[0][1]),
            (born, "Amount", guess if items else None),
            (born, "CloseDate", ledger.day(plan.close)),
        ]
        moves += [(ledger.moment(ago), "StageName", name) for ago, name in plan.stages[1:]]
        moves += [(ledger.moment(ago), "CloseDate", ledger.day(to)) for ago, to in plan.pushes]
        for ago, discount in plan.offers:
            worth = round(sum(item.total(discount) for item in items), 2)
            moves.append((ledger.moment(ago, hour=11), "Amount", worth))
        if plan.ended is not None:
            closed = next(at for at, _, value in moves if str(value).startswith("Closed"))
            moves.append((closed, "CloseDate", closed.date()))
        return sorted(moves, key=lambda move: move[0])

    def _history(self, row: Row, moves: Moves) -> None:
        """Write one history row per moment of change, then the current values."""
        values: dict[str, Any] = {"StageName": None, "Amount": None, "CloseDate": None}
        by_moment: dict[datetime, dict[str, Any]] = {}
        for at, name, value in moves:
            by_moment.setdefault(at, {})[name] = value
        pushes, staged = 0, moves[0][0]
        for at, changed in sorted(by_moment.items()):
            before = dict(values)
            values |= changed
            if values == before:
                continue
            first = before["StageName"] is None
            pushes += not first and _later_month(before["CloseDate"], values["CloseDate"])
            staged = at if values["StageName"] != before["StageName"] else staged
            self._history_row(row, at, values, before)
            self.ledger.touch(row, at)
        row |= _worth(values) | {
            "StageName": values["StageName"],
            "ForecastCategory": forecast(values["StageName"])[0],
            "ForecastCategoryName": forecast(values["StageName"])[1],
            "CloseDate": values["CloseDate"].isoformat(),
            "LastStageChangeDate": stamp(staged),
            "LastStageChangeInDays": (self.ledger.now - staged).days,
            "PushCount": pushes,
        }

    def _history_row(self, row: Row, at: datetime, values: Row, before: Row) -> None:
        closes: date = values["CloseDate"]
        was: date | None = before["CloseDate"]
        self.ledger.add(
            "OpportunityHistory",
            at,
            row["OwnerId"],
            OpportunityId=row["Id"],
            StageName=values["StageName"],
            CloseDate=closes.isoformat(),
            ForecastCategory=forecast(values["StageName"])[0],
            PrevAmount=before["Amount"] if before["Amount"] != values["Amount"] else None,
            PrevCloseDate=was.isoformat() if was is not None and was != closes else None,
            **_worth(values),
        )

    def _offers(self, row: Row, plan: Plan, items: list[Item], born: datetime) -> None:
        at, discount = born, 0.0
        made = sorted(plan.offers, reverse=True)
        for place, (ago, discount) in enumerate(made):
            at = max(self.ledger.moment(ago, hour=11), born)
            quote = write_quote(self.ledger, row, items, at, discount, last=place == len(made) - 1)
            row["SyncedQuoteId"] = quote["Id"]
        if made:
            write_lines(self.ledger, row, items, at, discount)

    def _steps(self, row: Row, plan: Plan, born: datetime) -> None:
        """Write the next steps; the first one counts as typed in when the record was made."""
        at = born
        for ago, text in sorted(plan.steps, reverse=True):
            at = max(self.ledger.moment(ago), at + timedelta(minutes=7))
            if text == row["NextStep"] or at > self.ledger.now:
                continue
            self.ledger.add(
                "OpportunityFieldHistory",
                at,
                row["OwnerId"],
                OpportunityId=row["Id"],
                Field="NextStep",
                DataType="Text",
                OldValue=row["NextStep"],
                NewValue=text,
            )
            row["NextStep"] = text
            self.ledger.touch(row, at)

    def _people(self, row: Row, plan: Plan, account: Row, born: datetime) -> list[Row]:
        ledger, rng = self.ledger, self.ledger.rng
        made: list[Row] = []
        for place, member in enumerate(plan.members):
            at = max(ledger.moment(member.joined, hour=8.3), born + timedelta(minutes=3 + place))
            first, last = self._cast.person()
            address = f"{first}.{last}@{account['Website']}".lower()
            bounced = not made and member.level != "power" and rng.random() < 0.02
            contact = ledger.add(
                "Contact",
                at,
                row["OwnerId"],
                AccountId=account["Id"],
                OwnerId=row["OwnerId"],
                FirstName=first,
                LastName=last,
                Name=f"{first} {last}",
                Email=address,
                Phone=f"+44 1632 960{rng.randrange(1000):03d}",
                Title=rng.choice(people.TITLES[member.level]) if member.titled else None,
                Department=None,
                LeadSource=row["LeadSource"],
                EmailBouncedDate=stamp(at + timedelta(hours=1)) if bounced else None,
                EmailBouncedReason="550 5.1.1 user unknown" if bounced else None,
                IsEmailBounced=bounced,
            )
            made.append(contact)
            if member.role:
                ledger.add(
                    "OpportunityContactRole",
                    at,
                    row["OwnerId"],
                    OpportunityId=row["Id"],
                    ContactId=contact["Id"],
                    Role=_role(rng.choice(people.ROLES[member.level]), contact["Title"]),
                    IsPrimary=place == 0,
                )
        return made

    def _rivals(self, row: Row, plan: Plan, born: datetime) -> None:
        for name in plan.rivals or (self.ledger.rng.choice(people.RIVALS[:3]),):
            self.ledger.add(
                "OpportunityCompetitor",
                born + timedelta(minutes=40),
                row["OwnerId"],
                OpportunityId=row["Id"],
                CompetitorName=name,
                Strengths=None,
                Weaknesses=None,
            )

    def _summary(self, row: Row, plan: Plan, latest: datetime | None) -> None:
        row["LastActivityDate"] = latest.date().isoformat() if latest else None
        row["HasOpenActivity"] = any(talk.ago < 0 for talk in plan.talks)
        row["HasOverdueTask"] = False
        close = date.fromisoformat(row["CloseDate"])
        row |= {"FiscalYear": close.year, "FiscalQuarter": (close.month + 2) // 3}
        row["Fiscal"] = f"{close.year} {(close.month + 2) // 3}"
        if latest and plan.ended is None and stamp(latest) > row["SystemModstamp"]:
            # A closed activity moves LastActivityDate, and that moves SystemModstamp.
            row["SystemModstamp"] = stamp(min(latest + timedelta(minutes=12), self.ledger.now))


def _worth(values: Row) -> Row:
    """Return the amount fields that follow from amount and stage."""
    chance = PROBABILITY[values["StageName"]]
    amount = values["Amount"]
    expected = None if amount is None else round(amount * chance / 100, 2)
    return {"Amount": amount, "Probability": float(chance), "ExpectedRevenue": expected}


def _role(role: str, title: str | None) -> str | None:
    """Return the role, or none for somebody whose place nobody knows."""
    return role if title else None


def _later_month(before: date, after: date) -> bool:
    """PushCount counts moves into a later month only."""
    return (after.year, after.month) > (before.year, before.month)
