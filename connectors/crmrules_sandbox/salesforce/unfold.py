"""Writes one opportunity of a scenario and its history as Salesforce rows.

Know before changing: stage, amount and close date are put on one time line, and both the history
rows and the current values are read off it, so they cannot disagree. Changes of one moment make one
history row, as in Salesforce.

Does not do: companies and people (``render``), or what happens between people (``happenings``).
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from crmrules_sandbox.salesforce.ledger import Ledger, Row, stamp
from crmrules_sandbox.salesforce.staff import forecast
from crmrules_sandbox.scenario.model import Opportunity
from crmrules_sandbox.scenario.outline import CHANCES


def write_opportunity(ledger: Ledger, one: Opportunity, account: Row, owner: Row) -> Row:
    """Add the opportunity's row with its history, and return it."""
    row = ledger.add(
        "Opportunity",
        one.entered,
        owner["Id"],
        Name=one.name,
        AccountId=account["Id"],
        OwnerId=owner["Id"],
        Type="Existing Customer - Upgrade" if one.again else "New Customer",
        LeadSource=one.source,
        Description=None,
        NextStep=None,
        SyncedQuoteId=None,
        IsWon=one.outcome == "won",
        IsClosed=one.outcome != "open",
        HasOpportunityLineItem=bool(one.lines),
    )
    _history(ledger, row, one)
    return row


def _history(ledger: Ledger, row: Row, one: Opportunity) -> None:
    """Write one history row per moment of change, then the current values."""
    values: dict[str, Any] = {"StageName": None, "Amount": None, "CloseDate": None}
    pushes, staged = 0, one.entered
    for at, changed in sorted(_by_moment(one).items()):
        before = dict(values)
        values |= changed
        if values == before:
            continue
        first = before["StageName"] is None
        pushes += not first and _later_month(before["CloseDate"], values["CloseDate"])
        staged = at if values["StageName"] != before["StageName"] else staged
        _history_row(ledger, row, at, values, before)
        ledger.touch(row, at)
    row |= _worth(values) | {
        "StageName": values["StageName"],
        "ForecastCategory": forecast(values["StageName"])[0],
        "ForecastCategoryName": forecast(values["StageName"])[1],
        "CloseDate": values["CloseDate"].isoformat(),
        "LastStageChangeDate": stamp(staged),
        "LastStageChangeInDays": (ledger.now - staged).days,
        "PushCount": pushes,
    }


def _by_moment(one: Opportunity) -> dict[datetime, dict[str, Any]]:
    """Return what changed at each moment; of two changes of one field then, the later told."""
    changes: dict[datetime, dict[str, Any]] = {}
    for stage in one.stages:
        changes.setdefault(stage.at, {})["StageName"] = stage.stage
    for amount in one.amounts:
        changes.setdefault(amount.at, {})["Amount"] = amount.amount
    for close in one.closes:
        changes.setdefault(close.at, {})["CloseDate"] = close.on
    return changes


def _history_row(ledger: Ledger, row: Row, at: datetime, values: Row, before: Row) -> None:
    closes: date = values["CloseDate"]
    was: date | None = before["CloseDate"]
    ledger.add(
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


def write_steps(ledger: Ledger, row: Row, one: Opportunity) -> None:
    """Write the next steps as field history, the last one as the current value."""
    for step in one.steps:
        ledger.add(
            "OpportunityFieldHistory",
            step.at,
            row["OwnerId"],
            OpportunityId=row["Id"],
            Field="NextStep",
            DataType="Text",
            OldValue=row["NextStep"],
            NewValue=step.text,
        )
        row["NextStep"] = step.text
        ledger.touch(row, step.at)


def write_rivals(ledger: Ledger, row: Row, one: Opportunity) -> None:
    """Write whom it is lost to if it is lost."""
    for name in one.rivals:
        ledger.add(
            "OpportunityCompetitor",
            one.entered + timedelta(minutes=40),
            row["OwnerId"],
            OpportunityId=row["Id"],
            CompetitorName=name,
            Strengths=None,
            Weaknesses=None,
        )


def sum_up(ledger: Ledger, row: Row, one: Opportunity) -> None:
    """Set the fields Salesforce counts from an opportunity's activities and dates."""
    heard = one.heard
    row["LastActivityDate"] = heard.date().isoformat() if heard else None
    row["HasOpenActivity"] = any(talk.start > ledger.now for talk in one.conversations)
    row["HasOverdueTask"] = False
    close = date.fromisoformat(row["CloseDate"])
    row |= {"FiscalYear": close.year, "FiscalQuarter": (close.month + 2) // 3}
    row["Fiscal"] = f"{close.year} {(close.month + 2) // 3}"
    if heard and one.outcome == "open" and stamp(heard) > row["SystemModstamp"]:
        # A closed activity moves LastActivityDate, and that moves SystemModstamp.
        row["SystemModstamp"] = stamp(min(heard + timedelta(minutes=12), ledger.now))


def _worth(values: Row) -> Row:
    """Return the amount fields that follow from amount and stage."""
    chance = CHANCES[values["StageName"]]
    amount = values["Amount"]
    expected = None if amount is None else round(amount * chance / 100, 2)
    return {"Amount": amount, "Probability": float(chance), "ExpectedRevenue": expected}


def _later_month(before: date, after: date) -> bool:
    """PushCount counts moves into a later month only."""
    return (after.year, after.month) > (before.year, before.month)
