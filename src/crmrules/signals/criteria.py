"""Signals of decision criteria: whether they are known, whose they are, how they are ranked.

Know before changing: criteria come from tagged notes and mapped fields only, merged by
``_criteria``. Where notes cannot be read and none is known, the answer is unknown; where they can
be read and hold none, it is none.

How we stand on a criterion is told in ``standing``.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from crmrules.measures import offered_at
from crmrules.model import Phase
from crmrules.signals._criteria import Standing, both, number, recorded, those
from crmrules.signals._registry import Known, Reading, Unknown, View, signal
from crmrules.signals._time import conversations, days, offers, stays

ASKED = timedelta(days=14)  # a criterion noted without a talk in that time was hardly asked for
WRITTEN_UP = timedelta(days=1)  # the talk before a quote may be noted on the day after it
_TAGS = "#criterion: go-live under 8 weeks | crucial | us=4 | source=customer"
_NOTES = f"{_TAGS}, in Task, Event and NextStep, or mapped fields"


@signal(
    unit="criteria",
    unknown="none is recorded and notes cannot be read",
    salesforce=_NOTES,
    hubspot=_NOTES,
)
def criteria_recorded(view: View) -> Reading[int]:
    """Different criteria that the customer is said to decide by."""
    return number(those(view, lambda _: True, ""))


@signal(
    unit="criteria",
    unknown="notes or activities cannot be read, or a talk before may not have been with them",
    salesforce=f"{_NOTES}; Event, Task, EmailMessage",
    hubspot=f"{_NOTES}; meetings, calls, incoming emails",
)
def criteria_from_customer(view: View) -> Reading[int]:
    """Criteria noted as the customer's own, within 14 days after a conversation with them."""
    missing = "it is not known whether a conversation came before the note"
    return number(those(view, lambda one: _asked_for(view, one), missing))


def _asked_for(view: View, one: Standing) -> bool | None:
    if not one.now.from_customer:
        return False
    answers = [_talked(view, line.known_at) for line in one.lines if line.from_customer]
    return True if True in answers else None if None in answers else False


def _talked(view: View, moment: datetime) -> bool | None:
    """Return whether a conversation came in the 14 days before; None: nobody can tell."""
    found = conversations(view)
    if isinstance(found, Unknown):
        return None
    if any(moment - ASKED <= one.at <= moment for one in found.sure):
        return True
    return None if any(moment - ASKED <= one.at <= moment for one in found.undecided) else False


@signal(
    unit="yes or no",
    unknown="fewer than two criteria are recorded, or notes cannot be read",
    salesforce=_NOTES,
    hubspot=_NOTES,
)
def criteria_ranked(view: View) -> Reading[bool]:
    """Whether importance tells the criteria apart: not missing on all, nor the same for all."""
    found = _two_or_more(view)
    if isinstance(found, Unknown):
        return found
    names = tuple(name for one in found for name in one.ids)
    return Known(value=len({one.now.weight for one in found}) > 1, records=names)


@signal(
    unit="days",
    unknown="fewer than two criteria are recorded, or notes cannot be read",
    salesforce=_NOTES,
    hubspot=_NOTES,
)
def days_since_second_criterion(view: View) -> Reading[int]:
    """Days since a second criterion was recorded, so that there was something to rank."""
    found = _two_or_more(view)
    if isinstance(found, Unknown):
        return found
    return Known(days(found[1].first, view.now), found[1].ids)


def _two_or_more(view: View) -> tuple[Standing, ...] | Unknown:
    found = recorded(view)
    if isinstance(found, Unknown) or len(found) > 1:
        return found
    return Unknown("fewer than two criteria are recorded")


@signal(
    unit="criteria",
    unknown="neither quotes nor the phase tell when it became late, or no list was noted before",
    salesforce=f"{_NOTES}; Quote, OpportunityHistory",
    hubspot=f"{_NOTES}; quotes, dealstage history",
)
def late_criteria_unexplained(view: View) -> Reading[int]:
    """Criteria new or more important since our first quote, without a later source and plan."""
    found, began = recorded(view), _late_since(view)
    if isinstance(found, Unknown) or not found:
        return found if isinstance(found, Unknown) else Known(0)
    if isinstance(began, Unknown):
        return began
    moment, sure = began
    if moment is not None and not any(one.first <= moment for one in found):
        return Unknown("no criterion was noted before, so nobody can tell what is new")
    open_ones = [one for one in found if moment is not None and _unexplained(one, moment)]
    if not open_ones and not sure:
        return Unknown("quotes cannot be read")
    return number(open_ones)


def _unexplained(one: Standing, moment: datetime) -> bool:
    appeared = one.raised if one.raised is not None and one.raised > moment else one.first
    if appeared <= moment:
        return False
    return not both(one.told_since("from_customer", appeared), one.told_since("strategy", appeared))


def _late_since(view: View) -> tuple[datetime | None, bool] | Unknown:
    """Return since when a change is late, None: not yet; and whether it could not be earlier."""
    had, spans = offers(view), stays(view)
    sure = not isinstance(had, Unknown)
    moments = [] if isinstance(had, Unknown) else [offered_at(quote) for quote in had[:1]]
    if not isinstance(spans, Unknown):
        moments += [span.start for span in spans if span.phase is Phase.CONCERNS][:1]
    elif not moments and (not sure or view.opportunity.phase is Phase.CONCERNS):
        return spans
    return (min(moments) + WRITTEN_UP if moments else None), sure


@signal(
    unit="days",
    unknown="no quote was sent yet, or quotes cannot be read",
    salesforce="Opportunity.CreatedDate, Quote.CreatedDate",
    hubspot="createdate, quotes: hs_createdate",
)
def days_to_first_quote(view: View) -> Reading[int]:
    """Days from its creation until the customer had our first quote."""
    had = offers(view)
    if isinstance(had, Unknown):
        return had
    if not had:
        return Unknown("no quote was sent yet")
    made = view.opportunity.created_at
    return Known(days(made, offered_at(had[0])), (had[0].record,))
