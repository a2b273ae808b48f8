"""Writes one opportunity of a scenario and its history as Salesforce rows.

Know before changing: history rows and current values are both read off the scenario's time line,
so they cannot disagree. Changes of one moment make one history row, as in Salesforce.

Does not do: companies and people (``render``), or what happens between people (``happenings``).
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from crmrules_sandbox.salesforce.ledger import Ledger, Row, stamp
from crmrules_sandbox.salesforce.own import CONTRACT_END
from crmrules_sandbox.salesforce.staff import forecast
from crmrules_sandbox.scenario.model import Opportunity
from crmrules_sandbox.scenario.outline import CHANCES
from crmrules_sandbox.scenario.timeline import Values, timeline

FORECASTS = {
    "omitted": ("Omitted", "Omitted"),
    "pipeline": ("Pipeline", "Pipeline"),
    "best case": ("BestCase", "Best Case"),
    "commit": ("Forecast", "Commit"),
}
"""What somebody chose as forecast -> category: API value and label."""


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
    if one.forecast is not None:
        category = FORECASTS[one.forecast]
        row |= {"ForecastCategory": category[0], "ForecastCategoryName": category[1]}
    if one.contract_end is not None:
        row[CONTRACT_END] = one.contract_end.isoformat()
    return row


def _history(ledger: Ledger, row: Row, one: Opportunity) -> None:
    """Write one history row per moment of change, then the current values."""
    pushes, staged = 0, one.entered
    before: Values | None = None
    line = timeline(one)
    for at, values in line:
        changed = values.other_than(before)
        pushes += before is not None and _later_month(before.closes, values.closes)
        staged = at if "stage" in changed else staged
        _history_row(ledger, row, at, values, before)
        ledger.touch(row, at)
        before = values
    last = line[-1][1]
    row |= _worth(last) | {
        "StageName": last.stage,
        "ForecastCategory": forecast(last.stage)[0],
        "ForecastCategoryName": forecast(last.stage)[1],
        "CloseDate": last.closes.isoformat(),
        "LastStageChangeDate": stamp(staged),
        "LastStageChangeInDays": (ledger.now - staged).days,
        "PushCount": pushes,
    }


def _history_row(
    ledger: Ledger, row: Row, at: datetime, values: Values, before: Values | None
) -> None:
    changed = {} if before is None else values.other_than(before)
    ledger.add(
        "OpportunityHistory",
        at,
        row["OwnerId"],
        OpportunityId=row["Id"],
        StageName=values.stage,
        CloseDate=values.closes.isoformat(),
        ForecastCategory=forecast(values.stage)[0],
        PrevAmount=before.amount if before is not None and "amount" in changed else None,
        PrevCloseDate=before.closes.isoformat()
        if before is not None and "closes" in changed
        else None,
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
    waiting = [talk for talk in one.conversations if talk.waiting]
    ahead = any(talk.start > ledger.now for talk in one.conversations)
    row["HasOpenActivity"] = ahead or bool(waiting)
    row["HasOverdueTask"] = any(talk.start.date() < ledger.now.date() for talk in waiting)
    close = date.fromisoformat(row["CloseDate"])
    row |= {"FiscalYear": close.year, "FiscalQuarter": (close.month + 2) // 3}
    row["Fiscal"] = f"{close.year} {(close.month + 2) // 3}"
    if heard and one.outcome == "open" and stamp(heard) > row["SystemModstamp"]:
        # A closed activity moves LastActivityDate, and that moves SystemModstamp.
        row["SystemModstamp"] = stamp(min(heard + timedelta(minutes=12), ledger.now))


def _worth(values: Values) -> Row:
    """Return the amount fields that follow from amount and stage."""
    chance, amount = CHANCES[values.stage], values.amount
    expected = None if amount is None else round(amount * chance / 100, 2)
    return {"Amount": amount, "Probability": float(chance), "ExpectedRevenue": expected}


def _later_month(before: date, after: date) -> bool:
    """PushCount counts moves into a later month only."""
    return (after.year, after.month) > (before.year, before.month)
