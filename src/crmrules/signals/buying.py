"""Signals of the buying process: phase, size, offers, and whether anything moves.

Know before changing: ``phase`` and ``is_major`` stand before every rule. A lost opportunity is in
no phase, which is known: "closed" keeps every rule quiet, unknown would keep findings open.

Who takes part is told in ``entry``, what they want in ``needs``.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

from crmrules.measures import changes_of, offered_at
from crmrules.model import Activity, ActivityKind, Phase
from crmrules.signals._registry import Known, Reading, Unknown, View, signal
from crmrules.signals._time import (
    UNDECIDED,
    conversations,
    days,
    days_ago,
    decided,
    latest,
    offers,
    records,
    stays,
)

IMPLEMENTING = 90  # days after winning that count as implementation (stage map of the catalogue)
TYPO = timedelta(hours=48)  # a move that is taken back sooner was a slip of the hand
TENDER = ("rfp", "tender", "rfq", "request for proposal", "ausschreibung", "public procurement")
_STAGE_HISTORY = "OpportunityHistory.StageName through the stage map"


@signal(
    unit="phase",
    unknown="the stage is not in the stage map, or it is won and nobody knows since when",
    salesforce="Opportunity.StageName through the stage map, IsWon, IsClosed",
    hubspot="dealstage through the stage map, hs_is_closed_won",
    values=(*(phase.value for phase in Phase), "closed"),
)
def phase(view: View) -> Reading[str]:
    """Where the buyer is: one of five phases; a lost opportunity is "closed"."""
    opportunity = view.opportunity
    if opportunity.won is False:
        return Known("closed", (opportunity.record,))
    if opportunity.won:
        if opportunity.closed_at is None:
            return Unknown("it is won, but nobody knows since when")
        fresh = view.now - opportunity.closed_at <= timedelta(days=IMPLEMENTING)
        after = Phase.IMPLEMENTATION if fresh else Phase.DEVELOPMENT
        return Known(after.value, (opportunity.record,))
    if opportunity.phase is None:
        return Unknown("its stage is not in the stage map")
    return Known(opportunity.phase.value, (opportunity.record,))


@signal(
    unit="yes or no",
    unknown="there is no amount, a limit is set, and the account is not marked strategic",
    salesforce="Opportunity.Amount; the strategic field of the mapping",
    hubspot="amount; the strategic property of the mapping",
)
def is_major(view: View) -> Reading[bool]:
    """Whether it is large enough for these rules: at least the organization's own limit."""
    opportunity, limit = view.opportunity, view.baseline.major_amount
    if limit is None:
        return Known(value=True)
    if opportunity.account is not None and opportunity.account.strategic:
        return Known(value=True, records=(opportunity.account.record,))
    if opportunity.amount is None:
        return Unknown("it has no amount")
    return Known(value=opportunity.amount >= limit, records=(opportunity.record,))


@signal(
    unit="days",
    unknown="never",
    salesforce="Opportunity.CreatedDate",
    hubspot="createdate",
)
def opportunity_age_days(view: View) -> Reading[int]:
    """Days since the opportunity was created."""
    return Known(days(view.opportunity.created_at, view.now), (view.opportunity.record,))


@signal(
    unit="quotes",
    unknown="quotes cannot be read, or one has neither a status nor a date of sending",
    salesforce="Quote.Status, Quote.CreatedDate, or a mapped date of sending",
    hubspot="quotes: hs_status, hs_lastmodifieddate, or a mapped date of sending",
)
def quotes_sent(view: View) -> Reading[int]:
    """Quotes that the customer has had."""
    had = offers(view)
    return had if isinstance(had, Unknown) else Known(len(had), records(had))


def _first_offer(view: View) -> datetime | Unknown:
    had = offers(view)
    if isinstance(had, Unknown):
        return had
    return offered_at(had[0]) if had else view.now


@signal(
    unit="meetings",
    unknown="activities or quotes cannot be read, or it is not known whether a meeting took place",
    salesforce="Event (past, with a contact), Quote",
    hubspot="meetings: hs_meeting_outcome, quotes",
)
def meetings_before_first_quote(view: View) -> Reading[int]:
    """Meetings with the customer before the first quote; all of them while there is none."""
    moment, found = _first_offer(view), conversations(view)
    if isinstance(moment, Unknown):
        return moment
    if isinstance(found, Unknown):
        return found
    if any(_meeting(one) and one.at <= moment for one in found.undecided):
        return UNDECIDED
    held = [one for one in found.sure if _meeting(one) and one.at <= moment]
    return Known(len(held), records(held))


@signal(
    unit="meetings",
    unknown="activities or quotes cannot be read, or it is not known whether a meeting took place",
    salesforce="Event (past, with a contact), Quote",
    hubspot="meetings: hs_meeting_outcome, quotes",
)
def meetings_since_first_quote(view: View) -> Reading[int]:
    """Meetings with the customer after the first quote; 0 while there is none."""
    moment = _first_offer(view)
    if isinstance(moment, Unknown):
        return moment
    held = decided(view, moment, kind=ActivityKind.MEETING)
    return held if isinstance(held, Unknown) else Known(len(held), records(held))


def _meeting(activity: Activity) -> bool:
    return activity.kind is ActivityKind.MEETING


@signal(
    unit="yes or no",
    unknown="neither lead source nor kind is filled, or their past values are not kept",
    salesforce="Opportunity.LeadSource, Opportunity.Type",
    hubspot="hs_analytics_source, dealtype",
)
def is_tender(view: View) -> Reading[bool]:
    """Whether the customer asked for bids: a tender, judged by lead source and kind."""
    opportunity = view.opportunity
    words = [word for word in (opportunity.lead_source, opportunity.kind) if word is not None]
    if not words:
        return Unknown("neither lead source nor kind is filled")
    told = any(term in word.casefold() for word in words for term in TENDER)
    return Known(value=told, records=(opportunity.record,))


@signal(
    unit="meetings",
    unknown="stage history, people or activities cannot be read, or a meeting is undecided",
    salesforce=f"Event, {_STAGE_HISTORY}, OpportunityContactRole.CreatedDate",
    hubspot="meetings, dealstage history, contacts: createdate",
)
def meetings_since_advance(view: View) -> Reading[int]:
    """Meetings held since the phase last changed or a new person last joined."""
    spans = stays(view)
    if isinstance(spans, Unknown):
        return spans
    people = view.opportunity.people
    if people is None:
        return Unknown("contacts cannot be read")
    moved = max([spans[-1].start, *(person.known_at for person in people)])
    held = decided(view, moved, kind=ActivityKind.MEETING)
    return held if isinstance(held, Unknown) else Known(len(held), records(held))


@signal(
    unit="days",
    unknown="the history of the next step is not kept",
    salesforce="OpportunityFieldHistory of NextStep (field tracking must be on)",
    hubspot="hs_next_step history",
)
def next_step_age_days(view: View) -> Reading[int]:
    """Days since the next step was last written, or since creation where it never was."""
    changes = changes_of(view.opportunity, "next_step")
    if changes is None:
        return Unknown("the history of the next step is not kept")
    last = latest(changes)
    if last is None:
        return Known(days(view.opportunity.created_at, view.now), (view.opportunity.record,))
    return Known(days(last.known_at, view.now), (last.record,))


@signal(
    unit="meetings",
    unknown="activities cannot be read",
    salesforce="Event.StartDateTime in the future",
    hubspot="meetings: hs_meeting_start_time in the future",
)
def future_meetings(view: View) -> Reading[int]:
    """Meetings and calls that are booked and lie ahead."""
    activities = view.opportunity.activities
    if activities is None:
        return Unknown("activities cannot be read")
    kinds = (ActivityKind.MEETING, ActivityKind.CALL)
    ahead = [
        one
        for one in activities
        if one.kind in kinds and one.at > view.now and one.held is not False and not one.on_account
    ]
    return Known(len(ahead), records(ahead))


def regressions(view: View) -> list[tuple[Phase, datetime]] | Unknown:
    """Return every step back, as the phase that was left and when.

    A step back within 48 hours of reaching the phase, and one taken back within 48 hours, was a
    slip and is none.
    """
    spans = stays(view)
    if isinstance(spans, Unknown):
        return spans
    known = [span for span in spans if span.phase is not None]
    found = []
    for place, (before, after) in enumerate(pairwise(known)):
        if before.phase is None or after.phase is None or before.phase.order <= after.phase.order:
            continue
        rest = known[place + 2] if place + 2 < len(known) else None
        returned = rest is not None and rest.phase is before.phase
        slip = returned and rest is not None and rest.start - after.start < TYPO
        if after.start - before.start >= TYPO and not slip:
            found.append((before.phase, after.start))
    return found


@signal(
    unit="times",
    unknown="the history of the stage is not complete",
    salesforce=_STAGE_HISTORY,
    hubspot="dealstage history",
)
def regressions_in_14_days(view: View) -> Reading[int]:
    """How often it moved to an earlier phase in 14 days, moves undone within 48 hours aside."""
    back = regressions(view)
    if isinstance(back, Unknown):
        return back
    recent = [at for _, at in back if at > days_ago(view, 14)]
    made = [
        change
        for change in changes_of(view.opportunity, "phase") or ()
        if change.known_at in recent
    ]
    return Known(len(recent), records(made))


@signal(
    unit="yes or no",
    unknown="the history of the stage is not complete",
    salesforce=_STAGE_HISTORY,
    hubspot="dealstage history",
)
def phase_regained(view: View) -> Reading[bool]:
    """Whether it is back in the phase it last fell from, or past it."""
    back = regressions(view)
    if isinstance(back, Unknown):
        return back
    if not back:
        return Known(value=False)
    if view.opportunity.phase is None:
        return Unknown("its stage is not in the stage map")
    regained = view.opportunity.phase.order >= back[-1][0].order
    return Known(value=regained, records=(view.opportunity.record,))


@signal(
    unit="days",
    unknown="the history of the stage is not complete",
    salesforce=_STAGE_HISTORY,
    hubspot="dealstage history",
)
def days_since_evaluation_began(view: View) -> Reading[int]:
    """Days since the buyer first reached evaluation or a later phase; 0 before."""
    spans = stays(view)
    if isinstance(spans, Unknown):
        return spans
    reached = [span.start for span in spans if span.phase is not None and span.phase.order >= 1]
    return Known(days(reached[0], view.now) if reached else 0, (view.opportunity.record,))
