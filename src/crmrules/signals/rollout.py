"""Signals of putting it to use: whose plan it is, and how contact goes on after the sale.

Know before changing: contact is what anybody of ours had with the account, on the opportunity or on
the account. The first weeks are the yardstick: they show what contact this customer has had.
Tickets and usage are not read.

What is never logged is unknown, for delivery may work in another system.
"""

from __future__ import annotations

from datetime import timedelta

from crmrules.model import Activity, ActivityKind
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
from crmrules.signals._words import ROLLOUT, says
from crmrules.signals.account import NOT_WON, days_since_win
from crmrules.signals.forecast import days_to_close_date
from crmrules.signals.needs import readable

FIRST = timedelta(days=21)  # three weeks
_PLANS = "#plan: ... | owner=customer tags or mapped fields"
_LOGGED = "Event, Task and EmailMessage of the account and the opportunity"
_HS_LOGGED = "meetings, calls and emails of the company and the deal"


@signal(
    unit="who",
    unknown="a plan does not say whose it is, or none is recorded and notes cannot be read",
    salesforce=_PLANS,
    hubspot=_PLANS,
    values=("customer", "us", "nobody"),
)
def plan_led_by(view: View) -> Reading[str]:
    """Whose the plan for putting it to use is: the customer's, ours, or there is none."""
    plans = view.opportunity.plans
    if not readable(view, plans):
        return Unknown("notes cannot be read")
    if not plans:
        return Known("nobody")
    theirs = [plan for plan in plans if plan.customer_led]
    if theirs:
        return Known("customer", records(theirs))
    if any(plan.customer_led is None for plan in plans):
        return Unknown("a plan does not say whose it is")
    return Known("us", records(plans))


@signal(
    unit="days",
    unknown="it is lost, it has no close date, or nobody knows when it was won",
    salesforce="Opportunity.CloseDate; OpportunityHistory row of the won stage",
    hubspot="closedate",
)
def days_to_sale(view: View) -> Reading[int]:
    """Days until the close date, 0 once that has passed; once won, days since then, below 0."""
    if not view.opportunity.is_open:
        won = days_since_win(view)
        return won if isinstance(won, Unknown) else Known(-won.value, won.records)
    left = days_to_close_date(view)
    return left if isinstance(left, Unknown) else Known(max(0, left.value), left.records)


@signal(
    unit="yes or no",
    unknown="activities cannot be read, or a meeting that may be about it is undecided",
    salesforce="Event.Subject of the account and the opportunity",
    hubspot="hs_meeting_title of the company and the deal",
)
def rollout_meeting(view: View) -> Reading[bool]:
    """Whether a meeting with the customer about putting it to use was held or is booked."""
    if view.opportunity.activities is None:
        return NO_ACTIVITY
    meetings = [
        one
        for one in view.opportunity.activities
        if one.kind is ActivityKind.MEETING
        and one.held is not False
        and one.with_customer is not False
        and (one.subject is None or says(one.subject, ROLLOUT))
    ]
    sure = [one for one in meetings if _sure(view, one)]
    if not sure and meetings:
        return Unknown("a meeting does not say what it was about, with whom, or if it was held")
    return Known(value=bool(sure), records=records(sure))


def _sure(view: View, meeting: Activity) -> bool:
    there = meeting.at > view.now or meeting.held is True
    return there and meeting.with_customer is True and meeting.subject is not None


def _ever_logged(view: View) -> bool:
    return bool(attempts(view, view.opportunity.created_at, account=True))


@signal(
    unit="days",
    unknown="it is not won, nothing was ever logged, or a later talk is undecided",
    salesforce="Event and Task (calls) of the account and the opportunity",
    hubspot="meetings and calls of the company and the deal",
)
def days_since_check_in(view: View) -> Reading[int]:
    """Days since we last met or spoke with the customer after the sale; since the sale if never."""
    won_at = view.opportunity.closed_at if view.opportunity.won else None
    if won_at is None:
        return NOT_WON
    found = conversations(view, account=True)
    if isinstance(found, Unknown):
        return found
    if not _ever_logged(view):
        return NOTHING_LOGGED
    kinds = (ActivityKind.MEETING, ActivityKind.CALL)
    spoke = [one for one in found.sure if one.kind in kinds and one.at > won_at]
    last = spoke[-1].at if spoke else won_at
    if any(one.kind in kinds and one.at > last for one in found.undecided):
        return UNDECIDED
    return Known(days(last, view.now), records(spoke[-1:]) or (view.opportunity.record,))


@signal(
    unit="conversations",
    unknown="it is not won, nothing was ever logged, or some activities do not say who took part",
    salesforce=_LOGGED,
    hubspot=_HS_LOGGED,
)
def conversations_in_first_weeks(view: View) -> Reading[int]:
    """Conversations of any of us with the customer in the first three weeks after the sale."""
    won_at = view.opportunity.closed_at if view.opportunity.won else None
    if won_at is None:
        return NOT_WON
    found = conversations(view, account=True)
    if isinstance(found, Unknown):
        return found
    if not _ever_logged(view):
        return NOTHING_LOGGED
    if any(won_at < one.at <= won_at + FIRST for one in found.undecided):
        return UNDECIDED
    early = [one for one in found.sure if won_at < one.at <= won_at + FIRST]
    return Known(len(early), records(early))


@signal(
    unit="percent",
    unknown="as conversations_in_first_weeks, or there were none in the first three weeks",
    salesforce=_LOGGED,
    hubspot=_HS_LOGGED,
)
def conversations_lost_since_start(view: View) -> Reading[float]:
    """By how much fewer they are in the last three weeks than in the first three; below 0: more."""
    early = conversations_in_first_weeks(view)
    if isinstance(early, Unknown):
        return early
    recent = decided(view, days_ago(view, FIRST.days), account=True)
    if isinstance(recent, Unknown):
        return recent
    if early.value == 0:
        return Unknown("there was no conversation in the first three weeks")
    return Known(100.0 * (1.0 - len(recent) / early.value), (*early.records, *records(recent)))
