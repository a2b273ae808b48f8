"""Signals of pace: whether our stage has run ahead of what the buyer has done.

Know before changing: the signs of having left a phase are things the buyer does: states a want,
lets two people talk with us, meets twice; later, tells what they decide by, and lets somebody who
can decide talk with us. Wants and criteria are asked for only where winners record them. The count
names signs that are surely missing: two sure ones say enough, whatever is not known of the others;
below that, one that nobody can decide about makes it unknown.

It judges nobody's forecast.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

from crmrules.baseline import COVERAGE_GATE
from crmrules.measures import changes_of
from crmrules.model import ActivityKind, Phase
from crmrules.signals._registry import Known, Reading, Unknown, View, signal
from crmrules.signals._time import conversations, engaged, records, stays
from crmrules.signals._words import REPEAT, says
from crmrules.signals.entry import engaged_contacts_with_power
from crmrules.signals.needs import explicit_needs, readable

SURE = 2  # signs that say enough by themselves
PEOPLE = MEETINGS = 2  # one person, or one meeting, is a first look
JUMP = timedelta(days=7)
ENTERED = timedelta(days=10)  # so long an opportunity may be brought up to where it already is
_SIGNS = "#need!, #criterion tags or mapped fields; OpportunityContactRole, Event, Task"
_HS_SIGNS = "#need!, #criterion tags or mapped properties; associated contacts, meetings, calls"


def _stated(view: View) -> bool | None:
    told = explicit_needs(view)
    if isinstance(told, Unknown):
        return None
    return bool(told.value) or _absent(view, "needs")


def _criteria(view: View) -> bool | None:
    if not readable(view, view.opportunity.criteria):
        return None
    return bool(view.opportunity.criteria) or _absent(view, "criteria")


def _absent(view: View, piece: str) -> bool:
    """Return what its absence counts as: a sign where winners seldom record the piece at all."""
    return view.baseline.coverage.get(piece, 0.0) < COVERAGE_GATE


def _two_people(view: View) -> bool | None:
    found = engaged(view, datetime.min.replace(tzinfo=view.now.tzinfo))
    if isinstance(found, Unknown):
        return None
    return True if len(found.sure) >= PEOPLE else None if found.others else False


def _two_meetings(view: View) -> bool | None:
    found = conversations(view)
    if isinstance(found, Unknown):
        return None
    held = sum(one.kind is ActivityKind.MEETING for one in found.sure)
    may = held + sum(one.kind is ActivityKind.MEETING for one in found.undecided)
    return True if held >= MEETINGS else None if may >= MEETINGS else False


def _power(view: View) -> bool | None:
    met = engaged_contacts_with_power(view)
    return None if isinstance(met, Unknown) else bool(met.value)


@signal(
    unit="signs",
    unknown="fewer than two are surely missing, and nobody can tell of another; or the phase is",
    salesforce=_SIGNS,
    hubspot=_HS_SIGNS,
)
def buying_signs_missing(view: View) -> Reading[int]:
    """Signs of the phases before that this buyer surely has not shown: of three, late of five."""
    phase = view.opportunity.phase
    if phase is None:
        return Unknown("its stage is not in the stage map")
    signs: list[bool | None] = []
    if phase.order >= Phase.EVALUATION.order:
        signs += [_stated(view), _two_people(view), _two_meetings(view)]
    if phase.order >= Phase.CONCERNS.order:
        signs += [_criteria(view), _power(view)]
    missing = signs.count(False)
    if missing < SURE and None in signs:
        return Unknown("nobody can tell of some signs, such as who took part in meetings")
    return Known(missing, (view.opportunity.record,))


@signal(
    unit="phases",
    unknown="the history of the stage is not complete, or a stage is not in the stage map",
    salesforce="OpportunityHistory.StageName through the stage map",
    hubspot="dealstage history",
)
def phases_jumped_in_7_days(view: View) -> Reading[int]:
    """Phases it moved on within 7 days of reaching the present one, its first 10 days aside."""
    spans = stays(view)
    if isinstance(spans, Unknown):
        return spans
    now = spans[-1]
    if now.phase is None:
        return Unknown("its stage is not in the stage map")
    start = max(now.start - JUMP, view.opportunity.created_at + ENTERED)
    before = [
        one.phase.order
        for one, after in pairwise(spans)
        if one.phase is not None and after.start >= start
    ]
    jumped = max(0, now.phase.order - min(before, default=now.phase.order))
    changes = changes_of(view.opportunity, "phase") or ()
    made = [change for change in changes if start <= change.known_at <= now.start]
    return Known(jumped, records(made) if jumped else ())


@signal(
    unit="yes or no",
    unknown="its kind is not filled, and the account has bought before or cannot be read",
    salesforce="Opportunity.Type; won opportunities of the account",
    hubspot="dealtype; won deals of the company",
)
def is_repeat_business(view: View) -> Reading[bool]:
    """Whether they buy again: by its kind; where that is empty, an account that never bought."""
    opportunity = view.opportunity
    if opportunity.kind is not None:
        return Known(value=says(opportunity.kind, REPEAT), records=(opportunity.record,))
    if opportunity.siblings is None:
        return Unknown("its kind is not filled")
    if any(one.won_at is not None for one in opportunity.siblings):
        return Unknown("its kind is not filled, and the account has bought before")
    return Known(value=False, records=(opportunity.record,))
