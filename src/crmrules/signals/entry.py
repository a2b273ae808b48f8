"""Signals of entry: who talks to us, who has the problem, who can decide.

Know before changing: "nobody" is said only where every person on the opportunity has a role or a
title; one person whom nothing is known about might be the one. Without any person it is unknown:
an empty list is habit more often than fact.

Seniority comes from titles through the mapping; nothing else about a person is used.
"""

from __future__ import annotations

from datetime import datetime

from crmrules.measures import says_what_they_do
from crmrules.model import Focus, Person
from crmrules.signals._registry import Known, Reading, Unknown, View, signal
from crmrules.signals._time import (
    UNDECIDED,
    conversations,
    days_ago,
    engaged,
    records,
    usual,
)

_ROLES = "OpportunityContactRole.Role and CrmRules_Focus__c, Contact.Title"
_HS_ROLES = "association labels, hs_buying_role, jobtitle"
NO_PEOPLE = Unknown("no contact is on the opportunity")
NO_ROLE = Unknown("a contact has neither role nor title")


def people(view: View) -> tuple[Person, ...] | Unknown:
    """Return the people on the opportunity; unknown where there is none or none can be read."""
    found = view.opportunity.people
    if found is None:
        return Unknown("contacts cannot be read")
    return found or NO_PEOPLE


@signal(
    unit="conversations",
    unknown="activities cannot be read, or some do not say whether the customer took part",
    salesforce="Event (past), Task (calls), EmailMessage.Incoming",
    hubspot="meetings, calls, incoming emails",
)
def two_way_activities(view: View) -> Reading[int]:
    """Conversations so far: meetings held, calls that connected, mails from the customer."""
    found = conversations(view)
    if isinstance(found, Unknown):
        return found
    if found.undecided:
        return UNDECIDED
    return Known(len(found.sure), records(found.sure))


@signal(
    unit="people",
    unknown="nothing was logged, or a conversation in that time names nobody",
    salesforce="Event and Task WhoId",
    hubspot="contacts associated with engagements",
)
def engaged_people_in_60_days(view: View) -> Reading[int]:
    """Different people who took part in a conversation in the last 60 days."""
    found = engaged(view, days_ago(view, 60))
    if isinstance(found, Unknown):
        return found
    if found.others:
        return Unknown("a conversation does not say who took part")
    return Known(len(found.sure), found.records)


def _power(view: View, *, talked: bool) -> Reading[int]:
    """Count people with power; ``talked``: only those who took part in a conversation."""
    found = people(view)
    if isinstance(found, Unknown):
        return found
    met = engaged(view, datetime.min.replace(tzinfo=view.now.tzinfo))
    sure = met.sure if not isinstance(met, Unknown) else frozenset()
    open_to_all = isinstance(met, Unknown) or met.others
    have, may = [], False
    for person in found:
        heard = person.id in sure
        decider = person.focus is Focus.POWER
        if (decider and (heard or not talked)) or (person.senior and heard):
            have.append(person)
        elif decider or person.senior:
            may = may or open_to_all
        elif not says_what_they_do(person):
            may = True
    if have:
        return Known(len(have), records(have))
    return NO_ROLE if may else Known(0, records(found))


@signal(
    unit="people",
    unknown="there are no contacts, or one who might decide has neither role nor title",
    salesforce=_ROLES,
    hubspot=_HS_ROLES,
)
def contacts_with_power(view: View) -> Reading[int]:
    """People who can decide by role, or who are senior by title and have talked with us."""
    return _power(view, talked=False)


@signal(
    unit="people",
    unknown="there are no contacts, or it is not known who took part in conversations",
    salesforce=f"{_ROLES}; Event and Task WhoId",
    hubspot=f"{_HS_ROLES}; contacts associated with engagements",
)
def engaged_contacts_with_power(view: View) -> Reading[int]:
    """People who can decide, by role or by title, and have talked with us."""
    return _power(view, talked=True)


@signal(
    unit="people",
    unknown="there are no contacts, or one who might have the problem has neither role nor title",
    salesforce=f"{_ROLES}; #need tags that name a person",
    hubspot=f"{_HS_ROLES}; #need tags that name a person",
)
def contacts_with_dissatisfaction(view: View) -> Reading[int]:
    """People who have the problem: by their focus, or because a recorded need names them."""
    needs = [need for need in view.opportunity.needs if need.person]
    found = people(view)
    if isinstance(found, Unknown):
        named = {str(need.person).casefold() for need in needs}
        return Known(len(named), records(needs)) if needs else found
    marked = [person for person in found if person.focus is Focus.DISSATISFACTION]
    own = {word for person in marked for word in (person.id, person.name.casefold())}
    fresh = {str(need.person).casefold() for need in needs} - own
    if marked or fresh:
        return Known(len(marked) + len(fresh), records((*marked, *needs)))
    if not all(says_what_they_do(person) for person in found):
        return NO_ROLE
    return Known(0, records(found))


@signal(
    unit="people",
    unknown="contacts cannot be read",
    salesforce="OpportunityContactRole.CreatedDate",
    hubspot="contacts: createdate",
)
def new_contacts_in_30_days(view: View) -> Reading[int]:
    """People who were added in the last 30 days."""
    found = view.opportunity.people
    if found is None:
        return Unknown("contacts cannot be read")
    fresh = [person for person in found if person.known_at > days_ago(view, 30)]
    return Known(len(fresh), records(fresh))


@signal(
    unit="people",
    unknown="there are no contacts, or no contact says whether they are a sponsor",
    salesforce="OpportunityContactRole.Role and CrmRules_Focus__c, #sponsor tags",
    hubspot="association labels, hs_buying_role, #sponsor tags",
)
def sponsors(view: View) -> Reading[int]:
    """People who speak for us where we have no access."""
    found = people(view)
    if isinstance(found, Unknown):
        return found
    yes = [person for person in found if person.sponsor]
    if not yes and any(person.sponsor is None for person in found):
        return Unknown("not every contact says whether they are a sponsor")
    return Known(len(yes), records(yes))


@signal(
    unit="days",
    unknown="never",
    salesforce="Opportunity.CreatedDate; won opportunities' contact roles",
    hubspot="createdate; won deals' contacts",
)
def age_over_usual_days(view: View) -> Reading[float]:
    """Days beyond the time in which three of four won ones had a second contact; else its age."""
    age = (view.now - view.opportunity.created_at).days
    return Known(float(age) - usual(view, "days_to_second_contact"), (view.opportunity.record,))
