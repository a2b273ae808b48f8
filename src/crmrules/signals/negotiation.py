"""Signals of negotiation: discounts, and whether concessions shrink.

Know before changing: a discount is read from the newest quote, else from the product lines. With
neither, it is unknown and not 0: the offer may have been made elsewhere.

It knows no approval process and no price list but the lines' own.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

from crmrules.model import Line, Quote
from crmrules.signals._registry import Known, Reading, Unknown, View, signal
from crmrules.signals._time import days, records

_QUOTES = "Quote.Discount, else QuoteLineItem or OpportunityLineItem prices"
_HS_QUOTES = "line_items of quotes and deals: hs_discount_percentage, discount, price"
SLACK = 1e-6  # percent; below it two discounts are the same


def _line_discount(line: Line) -> float | None:
    if line.discount is not None:
        return line.discount
    if line.unit_price is None or not line.list_price:
        return None
    return 100.0 * (1.0 - line.unit_price / line.list_price)


def of_lines(lines: tuple[Line, ...]) -> float | None:
    """Return the discount over all lines, weighted by list value; None where any is not known."""
    worth = given = 0.0
    for line in lines:
        percent = _line_discount(line)
        price = line.list_price if line.list_price is not None else line.unit_price
        if percent is None or line.quantity is None or price is None:
            return None
        worth += line.quantity * price
        given += line.quantity * price * percent / 100.0
    return 100.0 * given / worth if worth > 0 else None


def of_quote(quote: Quote) -> float | None:
    """Return a quote's discount in percent; from its lines where it does not say."""
    return quote.discount if quote.discount is not None else of_lines(quote.lines)


def versions(view: View) -> tuple[Quote, ...]:
    """Return the quotes by the moment they were made; none where they cannot be read."""
    return tuple(sorted(view.opportunity.quotes or (), key=lambda quote: quote.known_at))


@signal(
    unit="percent",
    unknown="there is no quote and no product line, or they do not tell the discount",
    salesforce=_QUOTES,
    hubspot=_HS_QUOTES,
)
def discount_percent(view: View) -> Reading[float]:
    """Discount on the newest quote, or on the product lines where there is no quote."""
    quotes = versions(view)
    source: tuple[str, ...]
    if quotes:
        percent, source = of_quote(quotes[-1]), (quotes[-1].record,)
    elif view.opportunity.quotes is None and not view.opportunity.lines:
        return Unknown("neither quotes nor product lines can be read")
    else:
        lines = view.opportunity.lines or ()
        percent, source = of_lines(lines), records(lines)
    if percent is None:
        return Unknown("no quote or product line tells a discount")
    return Known(max(0.0, percent), source)


@signal(
    unit="percentage points",
    unknown="as discount_percent",
    salesforce=_QUOTES,
    hubspot=_HS_QUOTES,
)
def discount_above_allowance(view: View) -> Reading[float]:
    """Discount beyond what every customer of this kind gets anyway."""
    found = discount_percent(view)
    if isinstance(found, Unknown):
        return found
    return Known(max(0.0, found.value - view.baseline.standard_allowance), found.records)


@signal(
    unit="yes or no",
    unknown="none is recorded and notes cannot be read",
    salesforce="#concession: 5% | for=go-live",
    hubspot="#concession: 5% | for=go-live",
)
def discount_serves_criterion(view: View) -> Reading[bool]:
    """Whether a recorded concession says which criterion or return it is for."""
    linked = [one for one in view.opportunity.concessions if one.for_what]
    if not linked and view.opportunity.activities is None:
        return Unknown("notes cannot be read")
    return Known(value=bool(linked), records=records(linked))


def steps(view: View) -> list[tuple[datetime, float, str]] | Unknown:
    """Return each rise of the discount from one quote to the next: when, points, record."""
    if view.opportunity.quotes is None:
        return Unknown("quotes cannot be read")
    told = [(quote, of_quote(quote)) for quote in versions(view)]
    found, before = [], 0.0
    for quote, percent in told:
        if percent is None:
            return Unknown("a quote does not tell its discount")
        if percent - before > SLACK:
            found.append((quote.known_at, round(percent - before, 4), quote.record))
        before = percent
    return found


@signal(unit="steps", unknown="a discount is missing", salesforce=_QUOTES, hubspot=_HS_QUOTES)
def concession_steps(view: View) -> Reading[int]:
    """Rises of the discount from one quote to the next."""
    found = steps(view)
    if isinstance(found, Unknown):
        return found
    return Known(len(found), tuple(record for _, _, record in found))


@signal(unit="percentage points", unknown="no step yet", salesforce=_QUOTES, hubspot=_HS_QUOTES)
def last_concession_step(view: View) -> Reading[float]:
    """Points by which the discount last rose."""
    found = steps(view)
    if isinstance(found, Unknown):
        return found
    if not found:
        return Unknown("the discount never rose")
    return Known(found[-1][1], (found[-1][2],))


@signal(
    unit="percentage points",
    unknown="there are fewer than two steps, or a quote's discount is missing",
    salesforce=_QUOTES,
    hubspot=_HS_QUOTES,
)
def concession_growth(view: View) -> Reading[float]:
    """How much larger the last rise of the discount was than the one before; negative: smaller."""
    found = steps(view)
    if isinstance(found, Unknown):
        return found
    if len(found) < 2:
        return Unknown("the discount rose less than twice")
    before, last = found[-2], found[-1]
    return Known(round(last[1] - before[1], 4), (before[2], last[2]))


@signal(
    unit="quotes",
    unknown="quotes or their totals cannot be read",
    salesforce="Quote.TotalPrice, Quote.CreatedDate",
    hubspot="quotes: hs_quote_amount, hs_createdate",
)
def falling_quotes_in_14_days(view: View) -> Reading[int]:
    """Newest quotes of the last 14 days in a row of which each is cheaper than the one before."""
    if view.opportunity.quotes is None:
        return Unknown("quotes cannot be read")
    recent = [one for one in versions(view) if one.known_at > view.now - timedelta(days=14)]
    totals = [one.total for one in recent if one.total is not None]
    if len(totals) < len(recent):
        return Unknown("a quote has no total")
    run = min(len(recent), 1)
    for before, after in pairwise(totals):
        run = run + 1 if after < before else 1
    return Known(run, records(recent[len(recent) - run :]))


@signal(unit="days", unknown="no step yet", salesforce=_QUOTES, hubspot=_HS_QUOTES)
def days_since_concession(view: View) -> Reading[int]:
    """Days since the discount last rose or a cheaper quote was made."""
    if view.opportunity.quotes is None:
        return Unknown("quotes cannot be read")
    found = steps(view)
    moments = [] if isinstance(found, Unknown) else [(at, record) for at, _, record in found]
    for before, after in pairwise(versions(view)):
        if before.total is not None and after.total is not None and after.total < before.total:
            moments.append((after.known_at, after.record))
    if not moments:
        return found if isinstance(found, Unknown) else Unknown("the discount never rose")
    at, record = max(moments)
    return Known(days(at, view.now), (record,))
