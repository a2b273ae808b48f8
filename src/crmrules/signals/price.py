"""Signals of price, the polite word for a worry: objections, and whether they add up.

Know before changing: an objection is what somebody tagged (``#concern: price``); no mail text is
read. The comparison is with won opportunities of this organization, never with a list price.
"""

from __future__ import annotations

from crmrules.measures import changes_of
from crmrules.model import Concern, ConcernState, Criterion
from crmrules.signals._registry import Known, Reading, Unknown, View, signal
from crmrules.signals._time import records
from crmrules.signals.concerns import NO_NOTES

_PRICE = "#concern: price in notes or mapped fields"


def _about_price(concern: Concern) -> bool:
    return "price" in concern.topic.casefold()


def _price_concerns(view: View) -> tuple[Concern, ...] | Unknown:
    """Return the concerns about price, the earliest first."""
    found = [one for one in view.opportunity.concerns if _about_price(one)]
    if not found and view.opportunity.activities is None:
        return NO_NOTES
    return tuple(sorted(found, key=lambda one: one.known_at))


def _objections(view: View) -> tuple[Concern, ...] | Unknown:
    """Return the price concerns that are open: those not followed by a resolved one."""
    found = _price_concerns(view)
    if isinstance(found, Unknown):
        return found
    resolved = [n for n, one in enumerate(found) if one.state is ConcernState.RESOLVED]
    return found[resolved[-1] + 1 :] if resolved else found


@signal(unit="objections", unknown="notes cannot be read", salesforce=_PRICE, hubspot=_PRICE)
def price_objections(view: View) -> Reading[int]:
    """Concerns about price that are open, or open again."""
    found = _objections(view)
    return found if isinstance(found, Unknown) else Known(len(found), records(found))


@signal(
    unit="percent",
    unknown="no amount, or fewer than 30 won opportunities of this pipeline",
    salesforce="Opportunity.Amount against won ones of the same pipeline and type",
    hubspot="amount against won deals of the same pipeline and dealtype",
)
def price_above_won_median(view: View) -> Reading[float]:
    """How far its amount lies above the median of won ones of its kind; negative below it."""
    opportunity, medians = view.opportunity, view.baseline.won_median
    if opportunity.amount is None:
        return Unknown("it has no amount")
    usually = medians.get((opportunity.pipeline, opportunity.kind))
    if usually is None:
        usually = medians.get((opportunity.pipeline, None))
    if not usually:
        return Unknown("too few won opportunities to compare with")
    return Known(100.0 * (opportunity.amount / usually - 1.0), (opportunity.record,))


@signal(
    unit="yes or no",
    unknown="notes cannot be read, or price was settled once and the amount's history is missing",
    salesforce=f"{_PRICE}; OpportunityHistory.Amount",
    hubspot=f"{_PRICE}; amount history",
)
def price_accepted_earlier(view: View) -> Reading[bool]:
    """Whether a concern about price was resolved before, at a price no lower than today's."""
    found = _price_concerns(view)
    if isinstance(found, Unknown):
        return found
    settled = [one for one in found if one.state is ConcernState.RESOLVED]
    objections = _objections(view)
    if not settled or not objections:
        return Known(value=False)
    changes = changes_of(view.opportunity, "amount")
    amount = view.opportunity.amount
    if changes is None or amount is None:
        return Unknown("the history of the amount is not complete")
    later = [change for change in changes if change.known_at > settled[-1].known_at]
    then = later[0].old if later else amount
    if not isinstance(then, (int, float)):
        return Unknown("it had no amount when price was settled")
    return Known(value=amount <= then, records=(settled[-1].record,))


def _price_ratings(view: View) -> list[Criterion]:
    """Return the rated criteria about price, the earliest first."""
    rated = [
        one
        for one in view.opportunity.criteria
        if "price" in one.name.casefold() and one.ours is not None and one.theirs is not None
    ]
    return sorted(rated, key=lambda one: one.known_at)


@signal(
    unit="points",
    unknown="nobody recorded how price is rated, ours and the rival's",
    salesforce="#criterion: price | us=4 acme=3",
    hubspot="#criterion: price | us=4 acme=3",
)
def price_rating_lead(view: View) -> Reading[float]:
    """Our rating on price minus the rival's, from the latest record of it."""
    rated = _price_ratings(view)
    if not rated:
        return Unknown("nobody recorded how our price is rated")
    last = rated[-1]
    return Known(float((last.ours or 0.0) - (last.theirs or 0.0)), (last.record,))


@signal(
    unit="concerns",
    unknown="notes cannot be read",
    salesforce="#concern: ... | resolved",
    hubspot="#concern: ... | resolved",
)
def other_concerns_resolved(view: View) -> Reading[int]:
    """Concerns other than price resolved since the price was last objected to; 0 without one."""
    objections = _objections(view)
    if isinstance(objections, Unknown):
        return objections
    if not objections:
        return Known(0)
    after = objections[0].known_at
    found = [
        one
        for one in view.opportunity.concerns
        if not _about_price(one) and one.state is ConcernState.RESOLVED and one.known_at >= after
    ]
    return Known(len(found), records(found))


@signal(
    unit="yes or no",
    unknown="notes cannot be read",
    salesforce="#criterion: price | us=2 acme=4 | source=customer, #reason: budget (customer)",
    hubspot="#criterion: price | us=2 acme=4 | source=customer, #reason: budget (customer)",
)
def price_confirmed_as_the_problem(view: View) -> Reading[bool]:
    """Whether the customer has since rated our price below a rival's, or named the budget."""
    objections = _objections(view)
    if isinstance(objections, Unknown):
        return objections
    if not objections:
        return Known(value=False)
    after = objections[0].known_at
    rated = [
        one
        for one in _price_ratings(view)[-1:]
        if one.from_customer and one.known_at >= after and (one.ours or 0) < (one.theirs or 0)
    ]
    named = [
        one
        for one in view.opportunity.reasons
        if one.confirmed
        and one.known_at >= after
        and any(word in one.text.casefold() for word in ("price", "budget"))
    ]
    return Known(value=bool(rated or named), records=records((*rated, *named)))
