"""Signals of our own words: running a rival down, playing worries down, advising, pressing.

Know before changing: only mails that we sent count, because a note tells in the third person what
was said and never how. All rules that read these are private (decisions, 10). Playing down and
advising count only while a worry is open: voiced in a text within 14 days before, or tagged and not
resolved.

They judge nobody's motives and know no thresholds.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from crmrules.model import ActivityKind, ConcernState, Mention, Speaker
from crmrules.signals._mentions import (
    HS_OUR_MAIL,
    NO_TEXTS,
    OUR_MAIL,
    mentioned,
    ours,
    places,
)
from crmrules.signals._registry import Known, Reading, Unknown, View, signal
from crmrules.signals._time import days, days_ago, decided, records

AFTER_A_WORRY = timedelta(days=14)
_WORRIES = ("concern", "concern_reopened", "price")


def _attacks(view: View, after: datetime) -> tuple[Mention, ...] | Unknown:
    found = ours(view, "competitor", "competitor", after)
    if isinstance(found, Unknown):
        return found
    return tuple(one for one in found if one.stance == "against")


@signal(unit="sentences", unknown=NO_TEXTS, salesforce=OUR_MAIL, hubspot=HS_OUR_MAIL)
def rival_attacks_in_14_days(view: View) -> Reading[int]:
    """Sentences in our mails of the last 14 days that speak ill of a competitor."""
    found = _attacks(view, days_ago(view, 14))
    return found if isinstance(found, Unknown) else Known(len(found), places(found))


@signal(unit="days", unknown=NO_TEXTS, salesforce=OUR_MAIL, hubspot=HS_OUR_MAIL)
def days_since_rival_attack(view: View) -> Reading[int]:
    """Days since a mail of ours spoke ill of a competitor; since creation where none did."""
    start = view.opportunity.created_at
    found = _attacks(view, start)
    if isinstance(found, Unknown):
        return found
    return Known(days(found[-1].at if found else start, view.now), places(found[-1:]))


def _worries(view: View) -> list[tuple[datetime, datetime]] | Unknown:
    """Return from when to when each worry was open; a tagged one until it is resolved."""
    tagged = view.opportunity.concerns
    told = mentioned(view, "concern", *_WORRIES)
    if isinstance(told, Unknown) and not tagged:
        return told
    voiced = () if isinstance(told, Unknown) else told
    spans = [(one.at, one.at + AFTER_A_WORRY) for one in voiced if one.speaker is not Speaker.US]
    for one in tagged:
        if one.state is not ConcernState.RESOLVED:
            ends = [
                later.known_at
                for later in tagged
                if later.state is ConcernState.RESOLVED
                and later.topic.casefold() == one.topic.casefold()
                and later.known_at > one.known_at
            ]
            spans.append((one.known_at, min(ends, default=view.now)))
    return spans


def _answers(view: View, kind: str, after: datetime) -> tuple[Mention, ...] | Unknown:
    """Return our sentences of a kind that were written while a worry was open."""
    found = ours(view, kind, kind, after)
    open_worries = _worries(view)
    if isinstance(found, Unknown):
        return found
    if isinstance(open_worries, Unknown):
        return open_worries
    return tuple(one for one in found if any(begun <= one.at <= end for begun, end in open_worries))


def _recent(view: View, kind: str) -> Reading[int]:
    found = _answers(view, kind, days_ago(view, 14))
    return found if isinstance(found, Unknown) else Known(len(found), places(found))


def _talks_since(view: View, kind: str) -> Reading[int]:
    found = _answers(view, kind, view.opportunity.created_at)
    if isinstance(found, Unknown):
        return found
    if not found:
        return Known(0)
    meetings = decided(view, found[-1].at, kind=ActivityKind.MEETING)
    calls = decided(view, found[-1].at, kind=ActivityKind.CALL)
    if isinstance(meetings, Unknown):
        return meetings
    if isinstance(calls, Unknown):
        return calls
    return Known(len(meetings) + len(calls), records((*meetings, *calls)))


@signal(unit="sentences", unknown=NO_TEXTS, salesforce=OUR_MAIL, hubspot=HS_OUR_MAIL)
def worries_played_down_in_14_days(view: View) -> Reading[int]:
    """Sentences in our mails of the last 14 days that play a worry down while one is open."""
    return _recent(view, "minimise")


@signal(unit="talks", unknown=NO_TEXTS, salesforce=OUR_MAIL, hubspot=HS_OUR_MAIL)
def talks_since_played_down(view: View) -> Reading[int]:
    """How often we talked (calls, meetings) since a mail of ours last played a worry down."""
    return _talks_since(view, "minimise")


@signal(unit="sentences", unknown=NO_TEXTS, salesforce=OUR_MAIL, hubspot=HS_OUR_MAIL)
def advice_in_14_days(view: View) -> Reading[int]:
    """Sentences in our mails of 14 days that tell them what to do while a worry is open."""
    return _recent(view, "prescribe")


@signal(unit="talks", unknown=NO_TEXTS, salesforce=OUR_MAIL, hubspot=HS_OUR_MAIL)
def talks_since_advice(view: View) -> Reading[int]:
    """How often we talked (calls, meetings) since a mail of ours last told them what to do."""
    return _talks_since(view, "prescribe")


@signal(unit="sentences", unknown=NO_TEXTS, salesforce=OUR_MAIL, hubspot=HS_OUR_MAIL)
def deadline_pressure_in_7_days(view: View) -> Reading[int]:
    """Sentences in our mails of the last 7 days that press for the decision by a deadline."""
    found = ours(view, "pressure", "pressure", days_ago(view, 7))
    return found if isinstance(found, Unknown) else Known(len(found), places(found))
