"""Signals of showing and asking: demos, discovery talks, and papers about the product.

Know before changing: what a meeting was for is told by its subject alone, with the words of
``_words``. A subject that says both counts as discovery. A held meeting without a subject, or one
of a kind in question that may not have been held, leaves a count unknown. A call counts only where
its subject says what it was for.

A first demo that the customer asked for, by the lead source, is none: they had chosen to look. A
demo for somebody who has just joined is no sign of avoiding worries.
"""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

from crmrules.model import Activity, ActivityKind, Direction
from crmrules.signals._registry import Known, Reading, Unknown, View, once, signal
from crmrules.signals._time import (
    UNDECIDED,
    conversations,
    days,
    days_ago,
    records,
    since,
)
from crmrules.signals._words import ASKED_TO_SEE, DEMO, DISCOVERY, MATERIAL, says
from crmrules.signals.power import HS_TALKS, SF_TALKS, met

NEW = timedelta(days=30)  # whoever was added so shortly before a demo sees it for the first time
NO_SUBJECT = Unknown("a meeting has no subject, so nobody can tell what it was for")
_MEETINGS = "Event.Subject, Task.Subject (calls); Opportunity.LeadSource"
_HS_MEETINGS = "meetings: hs_meeting_title, calls: hs_call_title; hs_analytics_source"
_SHOWN = "Event.Subject, Task.Subject (calls), EmailMessage.Subject; OpportunityContactRole"
_HS_SHOWN = "meetings: hs_meeting_title, calls: hs_call_title, emails: hs_email_subject; contacts"
_UNKNOWN = "activities cannot be read, a meeting has no subject, or a demo may not have been held"


class Talks(NamedTuple):
    """Meetings held, and calls that were for showing or asking, in order of time."""

    all: tuple[Activity, ...]
    demos: tuple[Activity, ...]
    discovery: tuple[Activity, ...]
    undecided: tuple[Activity, ...]  # meetings that may have been held, of another kind


def is_demo(activity: Activity) -> bool:
    """Return whether we showed something, by the subject."""
    return says(activity.subject, DEMO) and not says(activity.subject, DISCOVERY)


def _matters(activity: Activity) -> bool:
    told = says(activity.subject, (*DEMO, *DISCOVERY))
    return activity.kind is ActivityKind.MEETING or (activity.kind is ActivityKind.CALL and told)


@once
def shown_and_asked(view: View) -> Talks | Unknown:
    """Return what meetings were for; unknown where one has no subject or may not have been held."""
    found = conversations(view)
    if isinstance(found, Unknown):
        return found
    held = [one for one in found.sure if _matters(one)]
    doubtful = [one for one in found.undecided if _matters(one)]
    if any(not one.subject for one in (*held, *doubtful)):
        return NO_SUBJECT
    if any(says(one.subject, (*DEMO, *DISCOVERY)) for one in doubtful):
        return UNDECIDED
    demos = [one for one in held if is_demo(one)]
    asked_for = says(view.opportunity.lead_source, ASKED_TO_SEE)
    return Talks(
        tuple(held),
        tuple(demos[1:] if asked_for else demos),
        tuple(one for one in held if says(one.subject, DISCOVERY)),
        tuple(doubtful),
    )


@signal(unit="yes or no", unknown=_UNKNOWN, salesforce=_MEETINGS, hubspot=_HS_MEETINGS)
def first_meeting_was_demo(view: View) -> Reading[bool]:
    """Whether the first meeting was a demo that the customer had not asked for."""
    found = shown_and_asked(view)
    if isinstance(found, Unknown):
        return found
    if not found.demos or found.demos[0] is not found.all[0]:
        return Known(value=False)
    first = found.demos[0]
    if any(one.at <= first.at for one in found.undecided):
        return UNDECIDED
    return Known(value=True, records=(first.record,))


@signal(unit="meetings", unknown=_UNKNOWN, salesforce=_MEETINGS, hubspot=_HS_MEETINGS)
def demos_over_discovery(view: View) -> Reading[int]:
    """Demos held so far minus discovery talks; a first demo they asked for is left out."""
    found = shown_and_asked(view)
    if isinstance(found, Unknown):
        return found
    more = len(found.demos) - len(found.discovery)
    return Known(more, records((*found.demos, *found.discovery)))


@signal(unit="meetings", unknown=_UNKNOWN, salesforce=_MEETINGS, hubspot=_HS_MEETINGS)
def discovery_since_demo(view: View) -> Reading[int]:
    """Discovery talks held after the last demo; 0 while there was none."""
    found = shown_and_asked(view)
    if isinstance(found, Unknown):
        return found
    if not found.demos:
        return Known(0)
    asked = since(found.discovery, found.demos[-1].at)
    return Known(len(asked), records(asked))


@once
def showings(view: View) -> tuple[Activity, ...] | Unknown:
    """Return the demos for people who knew us, and the papers mailed to them, by time."""
    found, people = shown_and_asked(view), view.opportunity.people
    if isinstance(found, Unknown):
        return found
    joined = {person.id: person.known_at for person in people or ()}
    shown = []
    for demo in found.demos:
        if people is None or not demo.people:
            return Unknown("a demo does not say who was there")
        if all(one in joined and joined[one] <= demo.at - NEW for one in demo.people):
            shown.append(demo)
    return tuple(sorted((*shown, *_papers(view)), key=lambda one: one.at))


def _papers(view: View) -> list[Activity]:
    """Return our mails that carry papers about the product, by their subject."""
    return [
        one
        for one in view.opportunity.activities or ()
        if one.kind is ActivityKind.EMAIL and one.direction is Direction.OUTBOUND
        if one.at <= view.now and not one.on_account and says(one.subject, MATERIAL)
    ]


@signal(
    unit="demos and mails",
    unknown=f"{_UNKNOWN}, or it does not say who was there",
    salesforce=_SHOWN,
    hubspot=_HS_SHOWN,
)
def showings_in_21_days(view: View) -> Reading[int]:
    """Demos and mailed product papers in 21 days, demos for somebody who had just joined aside."""
    found = showings(view)
    if isinstance(found, Unknown):
        return found
    recent = since(found, days_ago(view, 21))
    return Known(len(recent), records(recent))


@signal(
    unit="days",
    unknown=f"{_UNKNOWN}, or it does not say who was there",
    salesforce=_SHOWN,
    hubspot=_HS_SHOWN,
)
def days_since_showing(view: View) -> Reading[int]:
    """Days since the last demo or mailed product paper; since creation where there was none."""
    found = showings(view)
    if isinstance(found, Unknown):
        return found
    if not found:
        return Known(days(view.opportunity.created_at, view.now), (view.opportunity.record,))
    return Known(days(found[-1].at, view.now), (found[-1].record,))


@signal(
    unit="conversations",
    unknown=f"{_UNKNOWN}, or nobody can tell who took part in what followed",
    salesforce=f"{_SHOWN}; {SF_TALKS}",
    hubspot=f"{_HS_SHOWN}; {HS_TALKS}",
)
def power_talks_since_showing(view: View) -> Reading[int]:
    """Conversations with somebody who can decide after the last demo or mailed product paper."""
    found, talks = showings(view), met(view)
    if isinstance(found, Unknown):
        return found
    if isinstance(talks, Unknown):
        return talks
    after = found[-1].at if found else view.opportunity.created_at
    fresh = since(talks.sure, after)
    if not fresh and since(talks.maybe, after):
        return UNDECIDED
    return Known(len(fresh), records(fresh))
