"""Signals of an account that develops: results on record, leads asked for, needs looked at again.

Know before changing: results, leads and needs are what people recorded here or on the account; what
stands on another opportunity of the account is not seen.

Renewals are told in ``renewal``, contact in ``account`` and ``rollout``.
"""

from __future__ import annotations

from crmrules.model import ActivityKind, Success
from crmrules.signals._registry import Known, Reading, Unknown, View, signal
from crmrules.signals._time import (
    UNDECIDED,
    conversations,
    days,
    days_ago,
    records,
)
from crmrules.signals._words import DISCOVERY, says
from crmrules.signals.needs import readable

_SUCCESS = "#success tags or mapped fields"
_ASKS = "#success, #reference tags or mapped fields"
_UNREAD = Unknown("notes cannot be read")


@signal(
    unit="results",
    unknown="none is recorded and notes cannot be read",
    salesforce=_SUCCESS,
    hubspot=_SUCCESS,
)
def successes_recorded(view: View) -> Reading[int]:
    """Results that the customer has had and somebody wrote down."""
    found = view.opportunity.successes
    return Known(len(found), records(found)) if readable(view, found) else _UNREAD


def _unasked(view: View) -> tuple[Success, ...] | Unknown:
    """Return the results after which nobody asked for a lead or a reference, the first first."""
    found, asks = view.opportunity.successes, view.opportunity.references
    if not readable(view, (*found, *asks)):
        return _UNREAD
    last = max((ask.known_at for ask in asks), default=None)
    open_ = [one for one in found if last is None or one.known_at > last]
    return tuple(sorted(open_, key=lambda one: one.known_at))


@signal(
    unit="results",
    unknown="none is recorded and notes cannot be read",
    salesforce=_ASKS,
    hubspot=_ASKS,
)
def successes_without_ask(view: View) -> Reading[int]:
    """Results on record after which nobody asked the customer for a lead or a reference."""
    found = _unasked(view)
    return found if isinstance(found, Unknown) else Known(len(found), records(found))


@signal(
    unit="days",
    unknown="no result is on record that waits for this, or notes cannot be read",
    salesforce=_ASKS,
    hubspot=_ASKS,
)
def days_since_success_without_ask(view: View) -> Reading[int]:
    """Days since the first result was recorded after which nobody asked for a lead."""
    found = _unasked(view)
    if isinstance(found, Unknown):
        return found
    if not found:
        return Unknown("there is no result after which nobody asked")
    return Known(days(found[0].known_at, view.now), records(found[:1]))


@signal(
    unit="times",
    unknown="none is recorded and notes cannot be read",
    salesforce="#reference tags or mapped fields",
    hubspot="#reference tags or mapped fields",
)
def references_asked_in_180_days(view: View) -> Reading[int]:
    """How often the customer was asked for a lead or a reference in the last 180 days."""
    asks = view.opportunity.references
    if not readable(view, asks):
        return _UNREAD
    recent = [ask for ask in asks if ask.known_at > days_ago(view, 180)]
    return Known(len(recent), records(recent))


@signal(
    unit="days",
    unknown="activities cannot be read, or a later meeting may have been about needs",
    salesforce="#need, #criterion tags or mapped fields; Event.Subject; the day it was won",
    hubspot="#need, #criterion tags or mapped properties; hs_meeting_title; the day it was won",
)
def days_since_needs_review(view: View) -> Reading[int]:
    """Days since a need or a criterion was recorded, a discovery meeting held, or it was won."""
    opportunity = view.opportunity
    found = conversations(view, account=True)
    if isinstance(found, Unknown):
        return found
    met = [one for one in found.sure if one.kind is ActivityKind.MEETING]
    begun = opportunity.closed_at if opportunity.won else None
    moments = [
        (begun or opportunity.created_at, opportunity.record),
        *((one.known_at, one.record) for one in (*opportunity.needs, *opportunity.criteria)),
        *((one.at, one.record) for one in met if says(one.subject, DISCOVERY)),
    ]
    at, record = max(moments)
    open_ = [one for one in found.undecided if one.kind is ActivityKind.MEETING]
    may = [one for one in open_ if one.subject is None or says(one.subject, DISCOVERY)]
    if any(one.at > at for one in (*may, *(one for one in met if one.subject is None))):
        return UNDECIDED
    return Known(days(at, view.now), (record,))


@signal(
    unit="days",
    unknown="no field holds the end of the contract ([mapping.fields]), or it is empty",
    salesforce="the field of the opportunity that is mapped to contract_end",
    hubspot="the property of the deal that is mapped to contract_end",
)
def days_to_contract_end(view: View) -> Reading[int]:
    """Days until the contract ends; below 0 once it has."""
    end = view.opportunity.contract_end
    if end is None:
        return Unknown("nobody recorded when the contract ends")
    return Known((end - view.now.date()).days, (view.opportunity.record,))
