"""Signals of how we stand on the customer's criteria: weak, strong, proven, worth raising.

Know before changing: the first clause of a rule names the criterion its text speaks of, so each
count puts the criterion first that matters most. A criterion without weight or rating may be any
of them: where no other one surely is, the answer is unknown.

The rival is compared in ``differentiation``; here a rival's rating only says whether we are ahead.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from crmrules.signals._criteria import (
    CRUCIAL,
    INCIDENTAL,
    STRONG,
    WEAK,
    Standing,
    both,
    key_of,
    number,
    reduces,
    strong,
    those,
    weighs,
)
from crmrules.signals._registry import Known, Reading, Unknown, View, signal
from crmrules.signals._time import business_days, conversations, days, since

FOLLOWED = timedelta(days=14)  # a plan nobody talked with the customer about counts so long
_TAGS = "#criterion: ... | crucial | us=2 acme=4 | strategy=redefine"
_NOTES = f"{_TAGS}, in Task, Event and NextStep, or mapped fields"
_PROOFS = f"{_TAGS}, #proof: ... | criterion=..."
_TALKS = "Event, Task, EmailMessage"
_HS_TALKS = "meetings, calls, incoming emails"


def _weak(view: View) -> list[Standing] | Unknown:
    """Return the crucial criteria where we are weak and no plan is followed, the worst first."""

    def fits(one: Standing) -> bool | None:
        low = None if one.now.ours is None else one.now.ours <= WEAK
        planned = _planned(view, one)
        return both(weighs(one, CRUCIAL), low, None if planned is None else not planned)

    found = those(view, fits, "a criterion that may be crucial has no importance or no rating")
    if isinstance(found, Unknown):
        return found
    return sorted(found, key=lambda one: (one.now.ours or 0.0, one.first))


def _planned(view: View, one: Standing) -> bool | None:
    """Return whether one of the four strategies is noted, and was talked about or is fresh."""
    if not reduces(one.now.strategy):
        return False
    noted = one.since("strategy")
    if view.now - noted < FOLLOWED:
        return True
    found = conversations(view)
    if isinstance(found, Unknown):
        return None
    if since(found.sure, noted):
        return True
    return None if since(found.undecided, noted) else False


@signal(
    unit="criteria",
    unknown="notes cannot be read, or one that may be crucial has no importance or no rating",
    salesforce=f"{_NOTES}; {_TALKS}",
    hubspot=f"{_NOTES}; {_HS_TALKS}",
)
def weak_crucial_criteria_without_plan(view: View) -> Reading[int]:
    """Crucial criteria rated 2 or less of 5 without a strategy that is followed."""
    return number(_weak(view))


@signal(
    unit="business days",
    unknown="as weak_crucial_criteria_without_plan, or there is none",
    salesforce=f"{_NOTES}; {_TALKS}",
    hubspot=f"{_NOTES}; {_HS_TALKS}",
)
def weak_crucial_for_business_days(view: View) -> Reading[int]:
    """Working days since a crucial criterion was noted as weak, without a plan: the longest."""
    found = _weak(view)
    if isinstance(found, Unknown):
        return found
    if not found:
        return Unknown("no crucial criterion is weak and without a plan")
    oldest = min(found, key=lambda one: one.since("weight", "ours"))
    return Known(business_days(oldest.since("weight", "ours"), view.now), oldest.ids)


def _strengths(view: View) -> list[Standing] | Unknown:
    def fits(one: Standing) -> bool | None:
        return both(weighs(one, CRUCIAL), strong(one.now.ours))

    return those(view, fits, "a criterion that may be crucial has no importance or no rating")


@signal(
    unit="criteria",
    unknown="notes cannot be read, or one that may be crucial has no importance or no rating",
    salesforce=_NOTES,
    hubspot=_NOTES,
)
def crucial_strengths(view: View) -> Reading[int]:
    """Crucial criteria on which we are rated 4 or 5."""
    return number(_strengths(view))


@signal(
    unit="days",
    unknown="as crucial_strengths, or there is none",
    salesforce=_PROOFS,
    hubspot=_PROOFS,
)
def days_a_strength_is_unproven(view: View) -> Reading[int]:
    """Days since a crucial strength was last proven, or since it was noted: the longest of all."""
    found = _strengths(view)
    if isinstance(found, Unknown):
        return found
    if not found:
        return Unknown("we are strong on no crucial criterion")
    oldest = min(found, key=lambda one: _proven(view, one))
    return Known(days(_proven(view, oldest), view.now), oldest.ids)


def _proven(view: View, one: Standing) -> datetime:
    shown = [
        proof.known_at
        for proof in view.opportunity.proofs
        if proof.criterion is None or means(proof.criterion, one.name)
    ]
    if one.now.proof is not None:
        shown.append(one.since("proof"))
    return max([one.since("weight", "ours"), *shown])


def means(typed: str, name: str) -> bool:
    """Return whether a name, perhaps shortened to some of its words, is that of a criterion."""
    said = key_of(typed).split()
    return bool(said) and set(said) <= set(key_of(name).split())


@signal(
    unit="criteria",
    unknown="notes cannot be read, or an importance or a rating is missing",
    salesforce=_NOTES,
    hubspot=_NOTES,
)
def incidental_strengths(view: View) -> Reading[int]:
    """Incidental criteria rated 4 or 5 for us and 3 or less for the rival, and no strategy yet."""

    def fits(one: Standing) -> bool | None:
        behind = None if one.now.theirs is None else one.now.theirs < STRONG
        idle = one.now.strategy is None
        return both(weighs(one, INCIDENTAL), strong(one.now.ours), behind, idle)

    return number(those(view, fits, "a criterion has no importance or no rating"))


@signal(
    unit="criteria",
    unknown="none is recorded and notes cannot be read",
    salesforce=_NOTES,
    hubspot=_NOTES,
)
def strengths_built_up(view: View) -> Reading[int]:
    """Criteria rated 4 or 5 for us that rose in importance, or are incidental with a strategy."""

    def fits(one: Standing) -> bool:
        worked_on = one.now.weight == INCIDENTAL and one.now.strategy is not None
        return bool(strong(one.now.ours)) and (one.raised is not None or worked_on)

    return number(those(view, fits, ""))


@signal(
    unit="criteria",
    unknown="notes cannot be read, or a criterion that comes from a need has no rating of ours",
    salesforce="#criterion: ... | us=4 | need=...",
    hubspot="#criterion: ... | us=4 | need=...",
)
def needs_channelled(view: View) -> Reading[int]:
    """Criteria that name the need they come from, where we are rated 4 or 5 or have a strategy."""

    def fits(one: Standing) -> bool | None:
        if one.now.need is None:
            return False
        return True if one.now.strategy is not None else strong(one.now.ours)

    return number(those(view, fits, "a criterion that comes from a need has no rating of ours"))
