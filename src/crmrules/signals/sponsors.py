"""Signals of sponsors and deciders one by one: gone, silent, replaced, prepared.

Know before changing: these signals speak of single people, marked by role or by a note, never by
title alone. Somebody who never talked with us cannot fall silent. A word or a try that names nobody
may be anybody's, so it leaves the answer open where it could change it.

Silence means something only where customers' mail is seen at all (``INBOUND_GATE``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from crmrules.measures import Talks
from crmrules.model import Activity, ActivityKind, Focus, Person
from crmrules.signals._registry import Known, Reading, Unknown, View, once, signal
from crmrules.signals._time import (
    UNDECIDED,
    conversations,
    days,
    days_ago,
    records,
    unanswered,
)
from crmrules.signals.concerns import INBOUND_GATE
from crmrules.signals.entry import people

TRIES = 2  # unanswered mails and calls; one may have been overlooked
_ROLES = "OpportunityContactRole.Role and CrmRules_Focus__c, #sponsor and #power tags"
_HS_ROLES = "association labels, hs_buying_role, #sponsor and #power tags"
_NOBODY = Unknown("nobody is marked as sponsor or as somebody who can decide")
_NO_MAIL = Unknown("mail from customers is seen on too few open opportunities")
_FROM_NOTES = "note:"  # how the id of a person starts whom only a note names


class Silent(NamedTuple):
    """Somebody who stopped answering: their last word, and whether that is sure."""

    person: Person
    word: Activity
    sure: bool


def key_people(view: View) -> tuple[Person, ...] | Unknown:
    """Return those who are marked as sponsor or as somebody who can decide."""
    found = people(view)
    if isinstance(found, Unknown):
        return found
    marked = tuple(one for one in found if one.sponsor or one.focus is Focus.POWER)
    return marked or _NOBODY


def _gone(person: Person) -> bool:
    return person.bounced is True or person.employed is False


@signal(
    unit="people",
    unknown="nobody is marked as sponsor or decider, or bounces cannot be read",
    salesforce=f"{_ROLES}; Contact.EmailBouncedDate, or a mapped field of Contact",
    hubspot=f"{_HS_ROLES}; hs_email_hard_bounce_reason_enum, or a mapped property",
)
def key_people_gone(view: View) -> Reading[int]:
    """Sponsors and deciders who left the company, or to whom our mail bounced."""
    found = key_people(view)
    if isinstance(found, Unknown):
        return found
    gone = [person for person in found if _gone(person)]
    unread = [one for one in found if one.bounced is None and not one.id.startswith(_FROM_NOTES)]
    if not gone and unread:
        return Unknown("whether mail bounced cannot be read")
    return Known(len(gone), records(gone))


@once
def _silent(view: View) -> list[Silent] | Unknown:
    """Return the key people who left tries unanswered, the longest silent first."""
    found, talks = key_people(view), conversations(view)
    if isinstance(found, Unknown):
        return found
    if isinstance(talks, Unknown):
        return talks
    silent = [one for person in found if (one := _silence(view, person, talks)) is not None]
    return sorted(silent, key=lambda one: one.word.at)


def _silence(view: View, person: Person, talks: Talks) -> Silent | None:
    """Return the silence of one person; None where there surely is none, or no word before it."""
    words = [one for one in talks.sure if person.id in (one.people or ())]
    if not words or _gone(person) or _meets_again(view, person):
        return None
    last = words[-1].at
    maybe = [one for one in talks.sure if not one.people]
    maybe += [one for one in talks.undecided if not one.people or person.id in one.people]
    tries = [one for one in unanswered(view, last) if not one.people or person.id in one.people]
    if len(tries) < TRIES:
        return None
    named = [one for one in tries if one.people]
    sure = len(named) >= TRIES and not any(one.at > last for one in maybe)
    return Silent(person, words[-1], sure)


def _meets_again(view: View, person: Person) -> bool:
    """Return whether a meeting or call with this person is booked."""
    return any(
        one.kind in (ActivityKind.MEETING, ActivityKind.CALL)
        and one.at > view.now
        and one.held is not False
        and person.id in (one.people or ())
        for one in view.opportunity.activities or ()
    )


@signal(
    unit="days",
    unknown="nobody is marked, a word or a try names nobody, or too little mail is in the CRM",
    salesforce=f"{_ROLES}; EmailMessage.Incoming, Event, Task",
    hubspot=f"{_HS_ROLES}; emails: hs_email_direction, meetings, calls",
)
def key_person_silence_days(view: View) -> Reading[int]:
    """Days since the last word of a sponsor or decider who left two tries unanswered; else 0."""
    share = view.baseline.inbound_share
    found = _silent(view)
    if isinstance(found, Unknown):
        return found
    if share is None or share < INBOUND_GATE:
        return _NO_MAIL
    sure = [one for one in found if one.sure]
    if sure:
        longest = sure[0]
        told = (longest.person.record, longest.word.record)
        return Known(days(longest.word.at, view.now), told)
    if found:
        return Unknown("a word or a try does not say whose it was")
    return Known(0)


def _lost_since(view: View) -> datetime | Unknown | None:
    """Return from when on somebody was lost: the last word of the one lost first; None: nobody."""
    found, silent, talks = key_people(view), _silent(view), conversations(view)
    if isinstance(found, Unknown):
        return found
    if isinstance(silent, Unknown):
        return silent
    if isinstance(talks, Unknown):
        return talks
    since = [one.word.at for one in silent]
    for person in (one for one in found if _gone(one)):
        words = [one.at for one in talks.sure if person.id in (one.people or ())]
        since.append(words[-1] if words else person.known_at)
    return min(since, default=None)


@signal(
    unit="people",
    unknown="nobody is marked as sponsor or decider, or activities cannot be read",
    salesforce=f"{_ROLES}; OpportunityContactRole.CreatedDate",
    hubspot=f"{_HS_ROLES}; deal to contact associations",
)
def sponsors_found_since_loss(view: View) -> Reading[int]:
    """Sponsors who were added after the last word of one who is gone or silent; 0: nobody is."""
    after = _lost_since(view)
    if isinstance(after, Unknown):
        return after
    if after is None:
        return Known(0)
    fresh = [
        one
        for one in view.opportunity.people or ()
        if one.sponsor and not _gone(one) and one.known_at > after
    ]
    return Known(len(fresh), records(fresh))


@signal(
    unit="conversations",
    unknown="no sponsor is marked, or a recent meeting or call does not say who took part",
    salesforce=f"{_ROLES}; Event and Task WhoId",
    hubspot=f"{_HS_ROLES}; contacts associated with meetings and calls",
)
def sponsor_talks_in_21_days(view: View) -> Reading[int]:
    """Meetings and calls of the last 21 days with sponsors alone."""
    found, talks = people(view), conversations(view)
    if isinstance(found, Unknown):
        return found
    if isinstance(talks, Unknown):
        return talks
    ours = {person.id for person in found if person.sponsor}
    if not ours:
        return Unknown("no sponsor is marked")
    recent = _spoken(talks.sure, days_ago(view, 21))
    alone = [one for one in recent if one.people and set(one.people) <= ours]
    doubtful = _spoken(talks.undecided, days_ago(view, 21))
    if not alone and any(not one.people or set(one.people) <= ours for one in (*recent, *doubtful)):
        return UNDECIDED
    return Known(len(alone), records(alone))


def _spoken(activities: Iterable[Activity], after: datetime) -> Sequence[Activity]:
    kinds = (ActivityKind.MEETING, ActivityKind.CALL)
    return [one for one in activities if one.kind in kinds and one.at > after]
