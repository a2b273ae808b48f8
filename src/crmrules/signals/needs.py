"""Signals of needs: what the customer said is wrong, and what they said they want.

Know before changing: needs come from tagged notes and mapped fields only. Where notes cannot be
read and none is known, the answer is unknown; where they can be read and hold none, it is none.

It reads no free text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime

from crmrules.measures import offered
from crmrules.model import ActivityKind, Need, Piece
from crmrules.signals._registry import Known, Reading, Unknown, View, signal
from crmrules.signals._time import days, decided, records
from crmrules.signals.buying import regressions

NO_NOTES = Unknown("notes cannot be read")
_NOTES = "tags in Task, Event and NextStep, or mapped fields"
_HS_NOTES = "tags in notes, tasks, meetings, calls and hs_next_step, or mapped properties"
SIZE = re.compile(
    r"(?<![\w.])[€$£]?\d|"
    r"\b(?:dozens?|hundreds?|thousands?|millions?|daily|weekly|monthly|twice|"
    r"(?:half|every|each|per|an?) (?:an? )?(?:hour|day|night|week|month|quarter|year)|"
    r"dutzende?|hunderte?|tausende?|millionen?|täglich|wöchentlich|monatlich|"
    r"(?:jeden|jede|jedes|pro|halben|halber|einen) "
    r"(?:stunde|tag|nacht|woche|monat|quartal|jahr))\b",
    re.IGNORECASE,
)
"""A number, an amount or a time in the words of a need; "Q3" and "R2" are names and no size."""


def readable(view: View, pieces: Sequence[Piece]) -> bool:
    """Return whether "none recorded" may be said: some are, or notes can be read."""
    return bool(pieces) or view.opportunity.activities is not None


def _count(view: View, fits: Callable[[Need], bool]) -> Reading[int]:
    found = [need for need in view.opportunity.needs if fits(need)]
    if not readable(view, found):
        return NO_NOTES
    return Known(len(found), records(found))


@signal(
    unit="needs",
    unknown="none is recorded and notes cannot be read",
    salesforce=f"#need {_NOTES}",
    hubspot=f"#need {_NOTES}",
)
def needs_recorded(view: View) -> Reading[int]:
    """Problems and wants of the customer that are on record."""
    return _count(view, lambda _: True)


@signal(
    unit="needs",
    unknown="none is recorded and notes cannot be read",
    salesforce=f"#need! {_NOTES}",
    hubspot=f"#need! {_HS_NOTES}",
)
def explicit_needs(view: View) -> Reading[int]:
    """Wants the customer has stated, recorded as explicit needs."""
    return _count(view, lambda need: need.explicit)


@signal(
    unit="needs",
    unknown="none is recorded and notes cannot be read",
    salesforce=f"#need: {_NOTES}",
    hubspot=f"#need: {_NOTES}",
)
def implied_needs(view: View) -> Reading[int]:
    """Problems the customer told us, without having said that they want them solved."""
    return _count(view, lambda need: not need.explicit)


@signal(
    unit="days",
    unknown="no problem is recorded",
    salesforce=f"#need: {_NOTES}",
    hubspot=f"#need: {_NOTES}",
)
def days_since_first_implied_need(view: View) -> Reading[int]:
    """Days since the first problem of the customer was recorded."""
    implied = [need for need in view.opportunity.needs if not need.explicit]
    if not implied:
        return Unknown("no problem is recorded")
    first = min(implied, key=lambda need: need.known_at)
    return Known(days(first.known_at, view.now), (first.record,))


@signal(
    unit="needs",
    unknown="none is recorded and notes cannot be read",
    salesforce="#need: ... impact=40k/quarter",
    hubspot="#need: ... impact=40k/quarter",
)
def sized_needs(view: View) -> Reading[int]:
    """Needs with a size: an impact, or a number, an amount or a time in their words."""
    return _count(view, lambda need: bool(need.impact or SIZE.search(need.text)))


@signal(
    unit="needs",
    unknown="none is recorded and notes cannot be read",
    salesforce="#payoff: ... @J. Ortiz",
    hubspot="#payoff: ... @J. Ortiz",
)
def payoffs_voiced(view: View) -> Reading[int]:
    """Needs for which a named person of the customer said what solving them is worth."""
    return _count(view, lambda need: bool(need.payoff and need.person))


@signal(
    unit="meetings",
    unknown="activities cannot be read, or it is not known whether a meeting took place",
    salesforce="Event (past, with a contact)",
    hubspot="meetings: hs_meeting_outcome",
)
def meetings_held(view: View) -> Reading[int]:
    """Meetings with the customer so far."""
    ever = datetime.min.replace(tzinfo=view.now.tzinfo)
    held = decided(view, ever, kind=ActivityKind.MEETING)
    return held if isinstance(held, Unknown) else Known(len(held), records(held))


@signal(
    unit="quotes",
    unknown="quotes cannot be read, or one has neither a status nor a date of sending",
    salesforce="Quote.Status",
    hubspot="quotes: hs_status",
)
def quotes_in_draft(view: View) -> Reading[int]:
    """Quotes that were made and not sent yet."""
    quotes = view.opportunity.quotes
    if quotes is None:
        return Unknown("quotes cannot be read")
    answers = [(quote, offered(quote)) for quote in quotes]
    drafts = [quote for quote, answer in answers if answer is False]
    if not drafts and any(answer is None for _, answer in answers):
        return Unknown("a quote does not say whether it was sent")
    return Known(len(drafts), records(drafts))


@signal(
    unit="needs and criteria",
    unknown="the history of the stage is not complete, or notes cannot be read",
    salesforce=f"#need, #criterion {_NOTES}; OpportunityHistory",
    hubspot=f"#need, #criterion {_HS_NOTES}; dealstage history",
)
def needs_confirmed_since_regression(view: View) -> Reading[int]:
    """Needs and criteria recorded after it last moved to an earlier phase."""
    back = regressions(view)
    if isinstance(back, Unknown):
        return back
    if not back:
        return Known(0)
    after: datetime = back[-1][1]
    opportunity = view.opportunity
    fresh = [
        piece for piece in (*opportunity.needs, *opportunity.criteria) if piece.known_at > after
    ]
    if not readable(view, fresh):
        return NO_NOTES
    return Known(len(fresh), records(fresh))
