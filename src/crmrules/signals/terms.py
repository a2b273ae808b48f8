"""Signals of talks about terms: since when, with which limits, and whether anybody summed them up.

Know before changing: talks about terms begin when the buyer reaches concerns, this time; without a
stage history, with the first quote that waits for approval. A summary is a mail of ours, a note or
a task whose subject says so (``_words``); where none of our mails is seen it is unknown, not none.

It reads subjects, and of a note without one its first line; no mail text.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from crmrules.measures import offered_at
from crmrules.model import Activity, ActivityKind, Direction, Phase
from crmrules.signals._registry import Known, Reading, Unknown, View, once, signal
from crmrules.signals._time import (
    NO_ACTIVITY,
    business_days,
    days_ago,
    decided,
    offers,
    records,
    stays,
)
from crmrules.signals._words import SUMMARY, says
from crmrules.signals.concerns import NO_NOTES
from crmrules.signals.needs import readable

APPROVALS = frozenset({"needs review", "in review", "approval required"})
_STAGE = "OpportunityHistory.StageName, Quote.Status"
_HS_STAGE = "dealstage history, quotes: hs_status"
_TALKS = f"Event, Quote, {_STAGE}"
_HS_TALKS = f"meetings, quotes, {_HS_STAGE}"
_OURS = "EmailMessage.Subject, Task.Subject"
_HS_OURS = "emails: hs_email_subject, notes"


def _began(view: View) -> datetime | Unknown:
    """Return since when they have been talking about terms."""
    spans = stays(view)
    if isinstance(spans, Unknown):
        waiting = [
            one.known_at
            for one in view.opportunity.quotes or ()
            if (one.status or "").casefold() in APPROVALS
        ]
        return min(waiting) if waiting else spans
    if spans[-1].phase is not Phase.CONCERNS:
        return Unknown("they are not talking about terms yet")
    return spans[-1].start


@signal(
    unit="business days",
    unknown="it is not in that phase, or neither stage history nor a quote in approval tells",
    salesforce=_STAGE,
    hubspot=_HS_STAGE,
)
def business_days_on_terms(view: View) -> Reading[int]:
    """Working days (Monday to Friday) of talks about terms, from reaching concerns on."""
    began = _began(view)
    if isinstance(began, Unknown):
        return began
    return Known(business_days(began, view.now), (view.opportunity.record,))


@signal(
    unit="ranges",
    unknown="none is recorded and notes cannot be read",
    salesforce="#range: 3-7% | ask=what sits behind the demand",
    hubspot="#range: 3-7% | ask=what sits behind the demand",
)
def ranges_recorded(view: View) -> Reading[int]:
    """Ranges we planned to move in, recorded with both limits."""
    found = view.opportunity.ranges
    if not readable(view, found):
        return NO_NOTES
    return Known(len(found), records(found))


class _Talk(NamedTuple):
    at: datetime
    record: str


@once
def _talks(view: View) -> list[_Talk] | Unknown:
    """Return meetings held and quotes revised since talks about terms began, in 21 days."""
    began, had = _began(view), offers(view)
    if isinstance(began, Unknown):
        return began
    if isinstance(had, Unknown):
        return had
    after = max(began, days_ago(view, 21))
    held = decided(view, after, kind=ActivityKind.MEETING)
    if isinstance(held, Unknown):
        return held
    talks = [_Talk(one.at, one.record) for one in held]
    talks += [_Talk(offered_at(one), one.record) for one in had[1:] if offered_at(one) > after]
    return sorted(talks)


@signal(
    unit="meetings and quotes",
    unknown="stage history, quotes or activities cannot be read, or a meeting is undecided",
    salesforce=_TALKS,
    hubspot=_HS_TALKS,
)
def talks_on_terms_in_21_days(view: View) -> Reading[int]:
    """Meetings held and quotes revised in 21 days, since the talks about terms began."""
    talks = _talks(view)
    if isinstance(talks, Unknown):
        return talks
    return Known(len(talks), tuple(one.record for one in talks))


def _sums_up(activity: Activity) -> bool | None:
    """Return whether an activity is a summary of ours; None where its subject is not known."""
    mail = activity.kind is ActivityKind.EMAIL
    if not mail and activity.kind not in (ActivityKind.NOTE, ActivityKind.TASK):
        return False
    if mail and activity.direction is Direction.INBOUND:
        return False
    subject = activity.subject
    if subject is None and not mail and activity.text is not None:
        subject = activity.text.strip().partition("\n")[0]
    if subject is None:
        return None if mail else False
    if not says(subject, SUMMARY):
        return False
    return None if mail and activity.direction is None else True


def _unsummarised(view: View) -> list[_Talk] | Unknown:
    """Return the talks about terms that no summary has followed, on the same day or later."""
    talks, activities = _talks(view), view.opportunity.activities
    if isinstance(talks, Unknown):
        return talks
    if activities is None:
        return NO_ACTIVITY
    past = [one for one in activities if one.at <= view.now and not one.on_account]
    if not any(one.direction is Direction.OUTBOUND for one in past):
        return Unknown("none of our own mails is seen here")
    told = [(one.at.date(), _sums_up(one)) for one in past]
    sure = max((day for day, answer in told if answer), default=None)
    left = [one for one in talks if sure is None or one.at.date() > sure]
    if left and any(answer is None and day >= left[0].at.date() for day, answer in told):
        return Unknown("a mail of ours does not say what it was about")
    return left


@signal(
    unit="business days",
    unknown="as talks_on_terms_in_21_days, or none of our mails is seen, or one has no subject",
    salesforce=f"{_TALKS}, {_OURS}",
    hubspot=f"{_HS_TALKS}, {_HS_OURS}",
)
def business_days_without_summary(view: View) -> Reading[int]:
    """Working days since the first talk about terms that no summary followed; 0: all summed up."""
    left = _unsummarised(view)
    if isinstance(left, Unknown):
        return left
    if not left:
        return Known(0)
    waited = business_days(left[0].at, view.now)
    return Known(waited, tuple(one.record for one in left))
