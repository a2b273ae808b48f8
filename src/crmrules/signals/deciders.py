"""Signals of meetings with those who decide, or who speak for us where we are not.

Know before changing: a person decides by role or by title. A meeting with somebody of whom neither
is known may have been with one who decides, so "none" is not said over it; nor over a meeting that
names nobody. A CRM that names one contact of several says elsewhere how many there were; where it
does not, nobody knows whether two talked alone.

It looks at meetings held, not at what was said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from crmrules.measures import says_what_they_do
from crmrules.model import Activity, ActivityKind, Person, Phase
from crmrules.signals._registry import Known, Reading, Unknown, View, signal
from crmrules.signals._time import days, days_ago, decided, records, stays
from crmrules.signals.entry import people
from crmrules.signals.power import decides

_WHO = Unknown("a meeting was with somebody whose part in the decision is not known")


def _decides_or_speaks_for_us(person: Person) -> bool:
    return decides(person) or person.sponsor is True


def _met(
    view: View, held: Iterable[Activity], wanted: Callable[[Person], bool], *, alone: bool = False
) -> Reading[int]:
    """Count the meetings with somebody wanted; ``alone``: with nobody else of the customer."""
    held = list(held)
    if not held:
        return Known(0)
    found = people(view)
    known = {} if isinstance(found, Unknown) else {person.id: person for person in found}
    sure, may = [], False
    for meeting in held:
        names = meeting.people or ()
        if alone and max(len(names), meeting.party or 0) > 1:
            continue
        there = [known.get(name) for name in names]
        if any(person is not None and wanted(person) for person in there):
            if alone and meeting.party is None:
                may = True
            else:
                sure.append(meeting)
        elif not there or any(p is None or not says_what_they_do(p) for p in there):
            may = True
    if may and not sure:
        return _WHO
    return Known(len(sure), records(sure))


@signal(
    unit="days",
    unknown="the history of the stage is not complete",
    salesforce="OpportunityHistory.StageName through the stage map",
    hubspot="dealstage history",
)
def days_in_concerns(view: View) -> Reading[int]:
    """Days since the buyer last came to weigh the risks; 0 in every other phase."""
    spans = stays(view)
    if isinstance(spans, Unknown):
        return spans
    here = view.opportunity.is_open and spans[-1].phase is Phase.CONCERNS
    return Known(days(spans[-1].start, view.now) if here else 0, (view.opportunity.record,))


@signal(
    unit="meetings",
    unknown="stage history or activities cannot be read, or a meeting is undecided",
    salesforce="Event.WhoCount is 1, OpportunityContactRole.Role, Contact.Title",
    hubspot="meetings with one contact, association labels, hs_buying_role, jobtitle",
)
def one_to_ones_with_power(view: View) -> Reading[int]:
    """Meetings since concerns came up with one person alone, and that person can decide."""
    spans = stays(view)
    if isinstance(spans, Unknown):
        return spans
    if not view.opportunity.is_open or spans[-1].phase is not Phase.CONCERNS:
        return Known(0)
    held = decided(view, spans[-1].start, kind=ActivityKind.MEETING)
    if isinstance(held, Unknown):
        return held
    return _met(view, held, decides, alone=True)


@signal(
    unit="meetings",
    unknown="activities cannot be read, or a meeting is undecided",
    salesforce="Event of opportunity and account, OpportunityContactRole.Role, Contact.Title",
    hubspot="meetings of deal and company, association labels, hs_buying_role, jobtitle",
)
def deciders_met_in_90_days(view: View) -> Reading[int]:
    """Meetings of the last 90 days with somebody who can decide or who speaks for us."""
    held = decided(view, days_ago(view, 90), account=True, kind=ActivityKind.MEETING)
    if isinstance(held, Unknown):
        return held
    return _met(view, held, _decides_or_speaks_for_us)
