"""Signals of what is given away: recent concessions, and whether all of them are price.

Know before changing: discounts are compared, not totals, because a total also falls with the scope.
Only where quotes tell no discount, and list the same things in the same quantities, do their totals
speak. What every customer gets is no concession, and neither is one that was planned before.

Single steps and their growth stand in ``negotiation``.
"""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise
from typing import NamedTuple

from crmrules.model import Concession, Quote
from crmrules.signals._criteria import key_of
from crmrules.signals._registry import Known, Reading, Unknown, View, signal
from crmrules.signals._time import days_ago, records
from crmrules.signals._words import PRICE, says
from crmrules.signals.concerns import NO_NOTES
from crmrules.signals.negotiation import SLACK, of_quote, versions

_GIVEN = "Quote.Discount, QuoteLineItem prices; #concession tags"
_HS_GIVEN = "quotes and their line items; #concession tags"
_NO_DISCOUNT = Unknown("quotes cannot be read, or do not tell whether a discount rose")


class _Move(NamedTuple):
    """A newer quote: by how many points it is cheaper (None: nobody can tell), and from where."""

    at: datetime
    points: float | None
    before: float | None  # the discount that stood before it
    record: str


def _beyond(view: View, quote: Quote) -> float | None:
    """Return a quote's discount beyond what everybody gets."""
    percent = of_quote(quote)
    return None if percent is None else max(0.0, percent - view.baseline.standard_allowance)


def _scope(quote: Quote) -> list[tuple[str, float]] | None:
    """Return what a quote offers and how much of it; None where a line does not say."""
    told = [(line.product, line.quantity) for line in quote.lines]
    known = [(name, much) for name, much in told if name is not None and much is not None]
    return sorted(known) if known and len(known) == len(told) else None


def _points(before: Quote, after: Quote) -> float | None:
    """Return by how many percent the total fell for one and the same scope; None: not told."""
    if before.total is None or after.total is None or before.total <= 0:
        return None
    if after.total >= before.total:
        return 0.0
    same = _scope(before)
    fell = 100.0 * (1.0 - after.total / before.total)
    return fell if same is not None and same == _scope(after) else None


def _moves(view: View) -> list[_Move] | None:
    """Return what each quote changed against the one before it; None where there is no quote."""
    made = versions(view)
    if not made:
        return None
    found = [_Move(made[0].known_at, _beyond(view, made[0]), 0.0, made[0].record)]
    for before, after in pairwise(made):
        was, now = _beyond(view, before), _beyond(view, after)
        points = now - was if was is not None and now is not None else _points(before, after)
        found.append(_Move(after.known_at, points, was, after.record))
    return found


def is_price(concession: Concession) -> bool:
    """Return whether a recorded concession is about price: by its kind, else by size or words."""
    if concession.kind:
        return says(concession.kind, PRICE)
    return concession.size is not None or says(concession.text, PRICE)


def _planned(view: View, at: datetime, points: float | None, text: str | None) -> bool:
    """Return whether somebody had planned as much before; without points, the same words."""
    plans = [one for one in view.opportunity.concessions if one.planned and one.known_at < at]
    if points is None:
        return any(key_of(one.text) == key_of(text or "") for one in plans)
    return any(is_price(one) and (one.size is None or one.size + SLACK >= points) for one in plans)


def _stands(view: View, move: _Move) -> bool:
    """Return whether the newest quote still gives what a move gave."""
    last = _beyond(view, versions(view)[-1])
    return last is None or move.before is None or last - move.before > SLACK


@signal(
    unit="concessions",
    unknown="none is recorded, and quotes cannot be read or do not tell whether a discount rose",
    salesforce=_GIVEN,
    hubspot=_HS_GIVEN,
)
def unplanned_concessions_in_7_days(view: View) -> Reading[int]:
    """Discounts raised and terms given in 7 days, those planned before or taken back aside."""
    after = days_ago(view, 7)
    made = _moves(view)
    recent = [one for one in made or () if one.at > after]
    raised = [
        one.record
        for one in recent
        if one.points is not None
        and one.points > SLACK
        and _stands(view, one)
        and not _planned(view, one.at, one.points, None)
    ]
    given = [
        one.record
        for one in view.opportunity.concessions
        if one.known_at > after
        and not one.planned
        and not _planned(view, one.known_at, one.size, one.text)
    ]
    count = max(len(raised), len(given))  # a step on a quote is often noted as well
    if not count and (made is None or any(one.points is None for one in recent)):
        return _NO_DISCOUNT
    return Known(count, (*raised, *given))


@signal(
    unit="concessions",
    unknown="none is recorded, and quotes cannot be read or do not tell whether a discount rose",
    salesforce=_GIVEN,
    hubspot=_HS_GIVEN,
)
def price_concessions(view: View) -> Reading[int]:
    """Price given away so far: rises of the discount on quotes, or what notes record, if more."""
    made = _moves(view)
    raised = [one for one in made or () if one.points is not None and one.points > SLACK]
    noted = [one for one in view.opportunity.concessions if is_price(one) and not one.planned]
    untold = made is None or any(one.points is None for one in made)
    if untold and not noted:
        return _NO_DISCOUNT
    sources = (*(one.record for one in raised), *records(noted))
    return Known(max(len(raised), len(noted)), sources)


@signal(
    unit="concessions",
    unknown="none is recorded and notes cannot be read",
    salesforce="#concession: training for two | for=go-live",
    hubspot="#concession: training for two | for=go-live",
)
def other_terms_offered(view: View) -> Reading[int]:
    """Concessions on record, given or planned, that are something other than price."""
    found = [one for one in view.opportunity.concessions if not is_price(one)]
    if not found and view.opportunity.activities is None:
        return NO_NOTES
    return Known(len(found), records(found))
