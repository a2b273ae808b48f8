"""Signals of concerns: delay, and silence after an offer. Price stands in ``price``.

Know before changing: concerns are seen by the traces they leave, so each signal names the trace and
no motive. "Over usual" signals subtract what three of four won opportunities show in this pipeline
and phase (0 where fewer than 30 were won); the rule's own number stands in a clause beside them.

It reads no mail text.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median

from crmrules.measures import offered_at, pushes
from crmrules.model import Change
from crmrules.signals._registry import Known, Reading, Unknown, View, signal
from crmrules.signals._time import (
    NOTHING_LOGGED,
    business_days,
    conversations,
    days,
    days_ago,
    last_word,
    offers,
    records,
    unanswered,
    usual,
)

GRACE = timedelta(days=3)  # a reason may be noted so long before or after the date moved
INBOUND_GATE = 0.50  # share of open opportunities with customer mail, for silence to mean it
WORDS_FOR_A_RHYTHM = 4  # words of the customer that make three gaps
_DATES = "OpportunityHistory.CloseDate"
_HS_DATES = "closedate history"
_MAIL = "EmailMessage.Incoming, Event, Task"
_HS_MAIL = "emails: hs_email_direction, meetings, calls"
NO_NOTES = Unknown("notes cannot be read")
NO_DATES = Unknown("the history of the close date is not complete")


def _recent_pushes(view: View) -> list[tuple[Change, int]] | Unknown:
    moved = pushes(view.opportunity)
    if moved is None:
        return NO_DATES
    return [(change, far) for change, far in moved if change.known_at > days_ago(view, 90)]


def _unexplained(view: View) -> list[tuple[Change, int]] | Unknown:
    """Return the recent pushes without a reason; those still inside the grace time are left out."""
    recent = _recent_pushes(view)
    if isinstance(recent, Unknown):
        return recent
    told = [reason.known_at for reason in view.opportunity.reasons]
    return [
        (change, far)
        for change, far in recent
        if view.now - change.known_at >= GRACE
        and not any(abs(change.known_at - at) <= GRACE for at in told)
    ]


@signal(unit="times", unknown="no history of dates", salesforce=_DATES, hubspot=_HS_DATES)
def pushes_in_90_days(view: View) -> Reading[int]:
    """How often the close date moved to a later day in the last 90 days."""
    recent = _recent_pushes(view)
    if isinstance(recent, Unknown):
        return recent
    return Known(len(recent), records(change for change, _ in recent))


@signal(
    unit="times",
    unknown="no history of dates",
    salesforce=f"{_DATES}; #reason tags",
    hubspot=f"{_HS_DATES}; #reason tags",
)
def unexplained_pushes_in_90_days(view: View) -> Reading[int]:
    """How often the close date moved out in 90 days, no reason noted within 3 days of it."""
    found = _unexplained(view)
    if isinstance(found, Unknown):
        return found
    return Known(len(found), records(change for change, _ in found))


@signal(
    unit="days",
    unknown="no history of dates",
    salesforce=f"{_DATES}; #reason tags",
    hubspot=f"{_HS_DATES}; #reason tags",
)
def unexplained_delay_days(view: View) -> Reading[int]:
    """Days the close date moved out in 90 days, over all moves without a reason."""
    found = _unexplained(view)
    if isinstance(found, Unknown):
        return found
    return Known(sum(far for _, far in found), records(change for change, _ in found))


@signal(unit="times", unknown="no history of dates", salesforce=_DATES, hubspot=_HS_DATES)
def pushes_over_usual(view: View) -> Reading[float]:
    """Pushes in 90 days beyond what three of four won ones had in their busiest 90 days."""
    recent = _recent_pushes(view)
    if isinstance(recent, Unknown):
        return recent
    over = len(recent) - usual(view, "pushes_in_90_days")
    return Known(float(over), records(change for change, _ in recent))


@signal(unit="days", unknown="no history of dates", salesforce=_DATES, hubspot=_HS_DATES)
def days_since_push(view: View) -> Reading[int]:
    """Days since the close date last moved to a later day; since creation where it never did."""
    moved = pushes(view.opportunity)
    if moved is None:
        return NO_DATES
    if not moved:
        return Known(days(view.opportunity.created_at, view.now))
    last = moved[-1][0]
    return Known(days(last.known_at, view.now), (last.record,))


@signal(
    unit="reasons",
    unknown="no history of dates, or notes cannot be read",
    salesforce=f"#reason: ... (customer); {_DATES}",
    hubspot=f"#reason: ... (customer); {_HS_DATES}",
)
def reasons_confirmed_since_push(view: View) -> Reading[int]:
    """Reasons for the delay that the customer confirmed, noted since the last push."""
    moved = pushes(view.opportunity)
    if moved is None:
        return NO_DATES
    after = moved[-1][0].known_at - GRACE if moved else view.opportunity.created_at
    found = [one for one in view.opportunity.reasons if one.confirmed and one.known_at >= after]
    if not found and view.opportunity.activities is None:
        return NO_NOTES
    return Known(len(found), records(found))


def _silent_since(view: View) -> tuple[datetime, tuple[str, ...]] | Unknown:
    """Return when silence began: the customer's last word, but not before our first quote."""
    share = view.baseline.inbound_share
    if share is None or share < INBOUND_GATE:
        return Unknown("mail from customers is seen on too few open opportunities")
    had = offers(view)
    if isinstance(had, Unknown):
        return had
    if not had:
        return Unknown("no quote was sent yet")
    word = last_word(view)
    if isinstance(word, Unknown):
        return word
    if word is None:
        return NOTHING_LOGGED
    return max(word.at, offered_at(had[0])), (word.record, had[0].record)


@signal(
    unit="business days",
    unknown="no quote, nothing logged, a possible later word, or too little mail in the CRM",
    salesforce=_MAIL,
    hubspot=_HS_MAIL,
)
def silence_business_days(view: View) -> Reading[int]:
    """Silence of the customer in business days, counted from our first quote at the earliest."""
    begun = _silent_since(view)
    if isinstance(begun, Unknown):
        return begun
    return Known(business_days(begun[0], view.now), begun[1])


@signal(
    unit="business days",
    unknown="as silence_business_days",
    salesforce=_MAIL,
    hubspot=_HS_MAIL,
)
def silence_over_usual(view: View) -> Reading[float]:
    """Silence beyond what is usual: twice this buyer's gap between words, or that of won ones."""
    begun, found = _silent_since(view), conversations(view)
    if isinstance(begun, Unknown):
        return begun
    if isinstance(found, Unknown):
        return found
    words = [one.at for one in found.sure]
    gaps = [business_days(a, b) for a, b in pairwise(words)]
    rhythm = 2 * median(gaps) if len(words) >= WORDS_FOR_A_RHYTHM else 0.0
    silence = business_days(begun[0], view.now)
    return Known(float(silence - max(rhythm, usual(view, "silence"))), begun[1])


@signal(
    unit="attempts",
    unknown="as silence_business_days",
    salesforce="EmailMessage, Task (calls)",
    hubspot="emails, calls",
)
def attempts_since_silence(view: View) -> Reading[int]:
    """Mails we sent and calls nobody took since the silence began."""
    begun = _silent_since(view)
    if isinstance(begun, Unknown):
        return begun
    made = unanswered(view, begun[0])
    return Known(len(made), records(made))


@signal(
    unit="rules",
    unknown="no rule about concerns fires, and some cannot tell",
    salesforce="what the rules about concerns read",
    hubspot="what the rules about concerns read",
)
def signs_of_concern(view: View) -> Reading[int]:
    """How many rules about concerns fire: silence, delay, avoidance, price, what came back."""
    del view
    return Unknown("the rules about concerns are judged first")
