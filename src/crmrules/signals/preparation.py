"""Signals of preparation: a meeting with somebody who can decide is booked, and what we bring.

Know before changing: a booked meeting whose attendees are not linked, or are people of whom nothing
is known, may be with somebody who can decide, so "none is booked" is not said then. That no need is
on record is said only where winners record needs; elsewhere its absence is habit.

It reads no text of a need; ``values`` quotes them in the task.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from crmrules.baseline import COVERAGE_GATE
from crmrules.model import Activity, ActivityKind, Person
from crmrules.signals._registry import Known, Reading, Unknown, View, signal
from crmrules.signals._time import NO_ACTIVITY, conversations, days_ago, records
from crmrules.signals.entry import people
from crmrules.signals.needs import readable
from crmrules.signals.power import (
    HS_TALKS,
    NO_PEOPLE_OR_TALKS,
    SF_TALKS,
    decides,
    takes_part,
    who,
)

_SF_AHEAD = "Event.StartDateTime in the future, WhoId; OpportunityContactRole.Role, Contact.Title"
_HS_AHEAD = "meetings: hs_meeting_start_time in the future, associated contacts and their roles"
_DAY = 86_400  # seconds
_BOOKED = (ActivityKind.MEETING, ActivityKind.CALL)


def _booked(view: View) -> tuple[list[Activity], bool] | Unknown:
    """Return the booked meetings with those who can decide, and whether others may be with them."""
    found = people(view)
    if isinstance(found, Unknown):
        return found
    if view.opportunity.activities is None:
        return NO_ACTIVITY
    ahead = [
        one
        for one in view.opportunity.activities
        if one.kind in _BOOKED and one.at > view.now and not one.on_account
        if one.held is not False and one.with_customer is not False
    ]
    answers = [(one, takes_part(found, one)) for one in ahead]
    sure = sorted((one for one, answer in answers if answer), key=lambda one: one.at)
    return sure, any(answer is None for _, answer in answers)


@signal(
    unit="yes or no",
    unknown=f"{NO_PEOPLE_OR_TALKS}, or a booked meeting does not say who will be there",
    salesforce=_SF_AHEAD,
    hubspot=_HS_AHEAD,
)
def power_meeting_ahead(view: View) -> Reading[bool]:
    """Whether a meeting or call is booked with somebody who can decide."""
    found = _booked(view)
    if isinstance(found, Unknown):
        return found
    sure, others = found
    if not sure and others:
        return Unknown("a booked meeting does not say who will be there")
    return Known(value=bool(sure), records=(*who(view, sure[:1]), *records(sure[:1])))


@signal(
    unit="days",
    unknown="no meeting is known to be booked with somebody who can decide",
    salesforce=_SF_AHEAD,
    hubspot=_HS_AHEAD,
)
def days_to_power_meeting(view: View) -> Reading[float]:
    """Days until the next meeting or call that is booked with somebody who can decide."""
    found = _booked(view)
    if isinstance(found, Unknown):
        return found
    if not found[0]:
        return Unknown("no meeting is booked with somebody who can decide")
    first = found[0][0]
    left = (first.at - view.now).total_seconds() / _DAY
    return Known(left, (*who(view, [first]), first.record))


@signal(
    unit="needs",
    unknown="none is recorded, and notes cannot be read or winners seldom record needs",
    salesforce="#need, #need! tags in Task, Event and NextStep, or mapped fields",
    hubspot="#need, #need! tags in notes, meetings, calls, tasks, or mapped properties",
)
def needs_recorded_in_90_days(view: View) -> Reading[int]:
    """Problems and wants of the customer that were recorded in the last 90 days."""
    needs = view.opportunity.needs
    if not readable(view, needs):
        return Unknown("notes cannot be read")
    if not needs and view.baseline.coverage.get("needs", 0.0) < COVERAGE_GATE:
        return Unknown("needs are recorded on too few of the won opportunities")
    after = days_ago(view, 90)
    fresh = [need for need in needs if need.known_at > after]
    return Known(len(fresh), records(fresh))


@signal(
    unit="meetings",
    unknown=f"{NO_PEOPLE_OR_TALKS}, or a recent meeting does not say who took part",
    salesforce=SF_TALKS,
    hubspot=HS_TALKS,
)
def meetings_below_power_in_45_days(view: View) -> Reading[int]:
    """Meetings and calls of the last 45 days with people who cannot decide themselves."""
    found, talks = people(view), conversations(view)
    if isinstance(found, Unknown):
        return found
    if isinstance(talks, Unknown):
        return talks
    after: datetime = days_ago(view, 45)
    recent = [one for one in talks.sure if one.at > after and one.kind in _BOOKED]
    below = [one for one in recent if _somebody_below(found, one)]
    unclear = [one for one in recent if not one.people]
    unclear += [one for one in talks.undecided if one.at > after and one.kind in _BOOKED]
    if not below and unclear:
        return Unknown("a recent meeting does not say who took part")
    return Known(len(below), records(below))


def _somebody_below(found: Iterable[Person], activity: Activity) -> bool:
    """Return whether somebody took part who is not known to be able to decide."""
    deciders = {person.id for person in found if decides(person)}
    return any(one not in deciders for one in activity.people or ())
