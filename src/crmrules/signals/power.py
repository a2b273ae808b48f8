"""Signals of those who can decide: whether they met us, and when they last spoke.

Know before changing: somebody can decide by role, or by a senior title. A conversation that names
nobody, somebody who is not on the opportunity, or somebody of whom neither role nor title is known
may have been with such a person: where that could change the answer, it is unknown.

What is known about the people themselves stands in ``entry``, what lies ahead in ``preparation``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from crmrules.measures import says_what_they_do
from crmrules.model import Activity, ActivityKind, Focus, Person
from crmrules.signals._registry import Known, Reading, Unknown, View, once, signal
from crmrules.signals._time import conversations, days, days_ago, records, stays
from crmrules.signals.entry import people

SF_TALKS = "Event and Task WhoId, EmailMessage; OpportunityContactRole.Role, Contact.Title"
HS_TALKS = "contacts associated with meetings, calls, emails; association labels, jobtitle"
NO_PEOPLE_OR_TALKS = "there are no contacts, or activities cannot be read"
_MAYBE = "a conversation does not say whether somebody who can decide took part"


class Met(NamedTuple):
    """Conversations with those who can decide, and those that may have been, in order of time."""

    sure: tuple[Activity, ...]
    maybe: tuple[Activity, ...]


def decides(person: Person) -> bool:
    """Return whether a person can decide, by role or by a senior title."""
    return person.focus is Focus.POWER or person.senior is True


def takes_part(found: Iterable[Person], activity: Activity) -> bool | None:
    """Return whether somebody who can decide takes part; None where nobody can tell."""
    known = {person.id: person for person in found}
    named = [known.get(one) for one in activity.people or ()]
    if any(person is not None and decides(person) for person in named):
        return True
    sure = bool(named) and all(one is not None and says_what_they_do(one) for one in named)
    return False if sure else None


@once
def met(view: View) -> Met | Unknown:
    """Return all conversations with those who can decide."""
    found, talks = people(view), conversations(view)
    if isinstance(found, Unknown):
        return found
    if isinstance(talks, Unknown):
        return talks
    asked = [(one, takes_part(found, one)) for one in talks.sure]
    maybe = [one for one, answer in asked if answer is None]
    maybe += [one for one in talks.undecided if takes_part(found, one) is not False]
    return Met(tuple(one for one, answer in asked if answer), tuple(maybe))


def who(view: View, activities: Iterable[Activity]) -> tuple[str, ...]:
    """Return the records of those who can decide and took part, those of the last one first."""
    known = {person.id: person for person in view.opportunity.people or ()}
    named = [known[one] for act in activities for one in act.people or () if one in known]
    return tuple(dict.fromkeys(person.record for person in reversed(named) if decides(person)))


def last_talk(view: View) -> Activity | Unknown | None:
    """Return the last conversation with them; None: there was none; unknown if a later may be."""
    found = met(view)
    if isinstance(found, Unknown):
        return found
    last = found.sure[-1] if found.sure else None
    if any(last is None or one.at > last.at for one in found.maybe):
        return Unknown(_MAYBE)
    return last


@signal(
    unit="meetings",
    unknown=f"{NO_PEOPLE_OR_TALKS}, or a meeting may have been with somebody who can decide",
    salesforce=SF_TALKS,
    hubspot=HS_TALKS,
)
def meetings_with_power(view: View) -> Reading[int]:
    """Meetings held so far in which somebody who can decide took part."""
    found = met(view)
    if isinstance(found, Unknown):
        return found
    if any(one.kind is ActivityKind.MEETING for one in found.maybe):
        return Unknown(_MAYBE)
    held = [one for one in found.sure if one.kind is ActivityKind.MEETING]
    return Known(len(held), (*who(view, held), *records(held)))


@signal(
    unit="days",
    unknown=f"{NO_PEOPLE_OR_TALKS}, there was no such talk, or a later one may have been one",
    salesforce=SF_TALKS,
    hubspot=HS_TALKS,
)
def days_since_power_talk(view: View) -> Reading[int]:
    """Days since somebody who can decide last talked with us: a meeting, a call or their mail."""
    last = last_talk(view)
    if isinstance(last, Unknown):
        return last
    if last is None:
        return Unknown("nobody who can decide has talked with us")
    return Known(days(last.at, view.now), (*who(view, [last]), last.record))


@signal(
    unit="conversations",
    unknown=f"{NO_PEOPLE_OR_TALKS}, or a recent talk may have been with somebody who can decide",
    salesforce=SF_TALKS,
    hubspot=HS_TALKS,
)
def power_talks_in_60_days(view: View) -> Reading[int]:
    """Conversations of the last 60 days with somebody who can decide."""
    found, after = met(view), days_ago(view, 60)
    if isinstance(found, Unknown):
        return found
    if any(one.at > after for one in found.maybe):
        return Unknown(_MAYBE)
    recent = [one for one in found.sure if one.at > after]
    return Known(len(recent), (*who(view, recent), *records(recent)))


@signal(
    unit="yes or no",
    unknown="as days_since_power_talk, or the history of the stage is not complete",
    salesforce=f"OpportunityHistory.StageName through the stage map; {SF_TALKS}",
    hubspot=f"dealstage history; {HS_TALKS}",
)
def phase_moved_since_power_talk(view: View) -> Reading[bool]:
    """Whether the buying phase has changed since somebody who can decide last talked with us."""
    last, spans = last_talk(view), stays(view)
    if isinstance(last, Unknown):
        return last
    if isinstance(spans, Unknown):
        return spans
    if last is None:
        return Unknown("nobody who can decide has talked with us")
    moved = len(spans) > 1 and spans[-1].start > last.at
    return Known(value=moved, records=(view.opportunity.record,))
