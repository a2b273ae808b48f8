"""Signals of differentiation: where a rival is ahead of us on what the customer decides by.

Know before changing: a criterion that is recorded again adds to what was said of it before, so
"since when" is told from every version. Ratings, weights and plans come from tags and mapped fields
alone; a criterion without them might be anything, and then the answer is unknown.

Our own edge stands in ``strengths``, the rivals in ``competitors``. No signal here names one.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from crmrules.model import Criterion
from crmrules.signals._criteria import standing
from crmrules.signals._registry import Known, Reading, Unknown, View, signal
from crmrules.signals._time import business_days, records

_RATED = "#criterion: ... | crucial | us=2 acme=4, mapped fields"
_NOBODY_AHEAD = Unknown("no rival is ahead on a crucial criterion without a plan")


class _Behind(NamedTuple):
    """A crucial criterion on which a rival is ahead and nobody has recorded a plan."""

    name: str
    points: float
    since: datetime
    records: tuple[str, ...]


def _is_behind(one: Criterion) -> bool:
    return one.weight == "crucial" and not one.strategy and _lead(one) > 0


def _may_be_behind(one: Criterion) -> bool:
    told = one.ours is not None and one.theirs is not None
    matters = one.weight in (None, "crucial") and not one.strategy
    return matters and (not told or _lead(one) > 0)


def _lead(one: Criterion) -> float:
    """Return the rival's lead in points; 0 where one of the two is not rated."""
    return 0.0 if one.ours is None or one.theirs is None else one.theirs - one.ours


def _worst(view: View) -> _Behind | Unknown | None:
    """Return the largest lead of a rival, of equal ones the longest known; None: there is none."""
    every = standing(view.opportunity.criteria)
    if not every:
        return Unknown("no criterion is recorded")
    found = [
        _Behind(one.name, _lead(one.now), since, one.ids)
        for one in every
        if (since := one.holds_since(_is_behind)) is not None
    ]
    if found:
        return min(found, key=lambda one: (-one.points, one.since))
    if any(_may_be_behind(one.now) for one in every):
        return Unknown("a criterion that may be crucial is not rated against a rival")
    return None


@signal(
    unit="points",
    unknown="no criterion is recorded, or one that may be crucial is not rated against a rival",
    salesforce=_RATED,
    hubspot=_RATED,
)
def rival_lead_without_plan(view: View) -> Reading[float]:
    """Largest lead of a rival's rating over ours on a crucial criterion without a strategy."""
    worst = _worst(view)
    if isinstance(worst, Unknown):
        return worst
    if worst is None:
        return Known(0.0, records(one.now for one in standing(view.opportunity.criteria)))
    return Known(round(worst.points, 4), worst.records)


@signal(
    unit="business days",
    unknown="no rival is ahead on a crucial criterion without a strategy, or nobody can tell",
    salesforce=_RATED,
    hubspot=_RATED,
)
def rival_lead_business_days(view: View) -> Reading[int]:
    """Working days (Monday to Friday) that this largest lead has stood without a plan."""
    worst = _worst(view)
    if worst is None or isinstance(worst, Unknown):
        return worst or _NOBODY_AHEAD
    return Known(business_days(worst.since, view.now), worst.records)


@signal(
    unit="criterion",
    unknown="no rival is ahead on a crucial criterion without a strategy, or nobody can tell",
    salesforce=_RATED,
    hubspot=_RATED,
)
def criterion_behind(view: View) -> Reading[str]:
    """Name of the crucial criterion where a rival's lead is largest and no strategy is recorded."""
    worst = _worst(view)
    if worst is None or isinstance(worst, Unknown):
        return worst or _NOBODY_AHEAD
    return Known(worst.name, worst.records)


@signal(
    unit="criterion",
    unknown="we are not rated above a rival on any criterion",
    salesforce=_RATED,
    hubspot=_RATED,
)
def criterion_ahead(view: View) -> Reading[str]:
    """Name of the criterion on which our rating is furthest above the rival's."""
    ahead = [one.now for one in standing(view.opportunity.criteria) if _lead(one.now) < 0]
    if not ahead:
        return Unknown("we are not rated above a rival on any criterion")
    best = min(ahead, key=lambda one: (_lead(one), one.known_at))
    return Known(best.name, (best.record,))
