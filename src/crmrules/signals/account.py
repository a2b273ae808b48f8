"""Signals after the sale: how much contact a customer has, and whether the account develops.

Know before changing: these read what was logged on the account as well as on the opportunity, by
anybody of ours. Where nothing was ever logged the answer is unknown: the delivery team may work in
another system.

An account is judged once, on its latest won opportunity (``is_latest_win``).
"""

from __future__ import annotations

from datetime import datetime

from crmrules.model import ActivityKind, Sibling
from crmrules.signals._registry import Known, Reading, Unknown, View, signal
from crmrules.signals._time import (
    NO_ACTIVITY,
    NOTHING_LOGGED,
    UNDECIDED,
    attempts,
    conversations,
    days,
    days_ago,
    decided,
    records,
)

_LOGGED = "Event, Task and EmailMessage of the account and the opportunity"
_HS_LOGGED = "meetings, calls and emails of the company and the deal"
_OTHERS = "other opportunities of the account"
_HS_OTHERS = "other deals of the company"
_NO_SIBLINGS = Unknown("other opportunities of the account cannot be read")
NOT_WON = Unknown("it is not won, or nobody knows since when")


def _won_at(view: View) -> datetime | None:
    return view.opportunity.closed_at if view.opportunity.won else None


@signal(
    unit="days",
    unknown="it is not won",
    salesforce="OpportunityHistory row of the won stage",
    hubspot="dealstage history, else closedate",
)
def days_since_win(view: View) -> Reading[int]:
    """Days since the opportunity was won."""
    won_at = _won_at(view)
    if won_at is None:
        return NOT_WON
    return Known(days(won_at, view.now), (view.opportunity.record,))


def _ever_logged(view: View) -> bool:
    """Return whether anything but notes and tasks was ever logged here."""
    return bool(attempts(view, view.opportunity.created_at, account=True))


@signal(
    unit="conversations",
    unknown="nothing was ever logged, or some activities do not say who took part",
    salesforce=_LOGGED,
    hubspot=_HS_LOGGED,
)
def conversations_in_10_days(view: View) -> Reading[int]:
    """Conversations of any of us with the customer in the last 10 days."""
    found = decided(view, days_ago(view, 10), account=True)
    if isinstance(found, Unknown):
        return found
    if not _ever_logged(view):
        return NOTHING_LOGGED
    return Known(len(found), records(found))


@signal(
    unit="activities",
    unknown="it is not won, or nothing was ever logged",
    salesforce=_LOGGED,
    hubspot=_HS_LOGGED,
)
def contacts_since_win(view: View) -> Reading[int]:
    """Meetings, calls and mails since it was won, answered or not."""
    won_at = _won_at(view)
    if won_at is None:
        return NOT_WON
    if view.opportunity.activities is None:
        return NO_ACTIVITY
    if not _ever_logged(view):
        return NOTHING_LOGGED
    found = attempts(view, won_at, account=True)
    return Known(len(found), records(found))


def _siblings(view: View) -> tuple[Sibling, ...] | Unknown:
    found = view.opportunity.siblings
    return _NO_SIBLINGS if found is None else found


@signal(
    unit="yes or no",
    unknown="it is not won, or other opportunities of the account cannot be read",
    salesforce=f"CloseDate and IsWon of {_OTHERS}",
    hubspot=f"dealstage history, else closedate, of {_HS_OTHERS}",
)
def is_latest_win(view: View) -> Reading[bool]:
    """Whether no other opportunity of the account was won later, so that one speaks for all."""
    won_at, others = _won_at(view), _siblings(view)
    if won_at is None:
        return NOT_WON
    if isinstance(others, Unknown):
        return others
    # Siblings close on their close date, so this one does too: two views must agree on the order.
    mine = (view.opportunity.close_date or won_at.date(), view.opportunity.id)
    later = [one for one in others if one.won_at and (one.won_at.date(), one.id) > mine]
    return Known(value=not later, records=records(later) or (view.opportunity.record,))


@signal(
    unit="yes or no",
    unknown="nothing was sold to the account that we know of, or no account has bought",
    salesforce="sum of won Opportunity.Amount by account",
    hubspot="sum of won amount by company",
)
def customer_in_top_half(view: View) -> Reading[bool]:
    """Whether the account bought at least as much as the median customer."""
    account, limit = view.opportunity.account, view.baseline.top_half_revenue
    if account is None:
        return Unknown("it has no account")
    revenue = view.baseline.account_revenue.get(account.id, account.won_revenue)
    if revenue is None or limit is None:
        return Unknown("what the account bought is not known")
    return Known(value=revenue >= limit, records=(account.record,))


@signal(
    unit="days",
    unknown="no meeting was ever logged, or a later one is undecided",
    salesforce="Event of the account and the opportunity",
    hubspot="meetings of the company and the deal",
)
def days_since_development_meeting(view: View) -> Reading[int]:
    """Days since the last meeting held with the customer."""
    found = conversations(view, account=True)
    if isinstance(found, Unknown):
        return found
    held = [one for one in found.sure if one.kind is ActivityKind.MEETING]
    doubtful = [one for one in found.undecided if one.kind is ActivityKind.MEETING]
    last = held[-1] if held else None
    if any(last is None or one.at > last.at for one in doubtful):
        return UNDECIDED
    if last is None:
        return Unknown("no meeting with the customer was ever logged")
    return Known(days(last.at, view.now), (last.record,))


@signal(
    unit="days",
    unknown="there are no contacts, or they cannot be read",
    salesforce="OpportunityContactRole.CreatedDate",
    hubspot="contacts: createdate",
)
def days_since_new_contact(view: View) -> Reading[int]:
    """Days since a person was last added."""
    people = view.opportunity.people
    if not people:
        return Unknown("there are no contacts, or they cannot be read")
    last = max(people, key=lambda person: person.known_at)
    return Known(days(last.known_at, view.now), (last.record,))


@signal(
    unit="days",
    unknown="other opportunities of the account cannot be read",
    salesforce=f"CreatedDate of {_OTHERS}",
    hubspot=f"createdate of {_HS_OTHERS}",
)
def days_since_new_opportunity(view: View) -> Reading[int]:
    """Days since an opportunity of the account, this one included, was last created."""
    others = _siblings(view)
    if isinstance(others, Unknown):
        return others
    made = [(one.known_at, one.record) for one in others]
    at, record = max([*made, (view.opportunity.created_at, view.opportunity.record)])
    return Known(days(at, view.now), (record,))


@signal(
    unit="opportunities",
    unknown="other opportunities of the account cannot be read",
    salesforce=f"IsClosed of {_OTHERS}",
    hubspot=f"dealstage of {_HS_OTHERS}",
)
def open_siblings(view: View) -> Reading[int]:
    """Other opportunities of the account that are open."""
    others = _siblings(view)
    if isinstance(others, Unknown):
        return others
    running = [one for one in others if one.closed_at is None or one.closed_at > view.now]
    return Known(len(running), records(running))
