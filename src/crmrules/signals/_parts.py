"""What several chapters count with: conversations, meetings, people, days.

A helper returns None where the opportunity does not say; the signal turns that into ``Unknown`` with
the reason. It registers nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from crmrules.model import Activity, ActivityKind, Change, Person
from crmrules.signals._registry import View

NO_ACTIVITIES = "activities of this opportunity cannot be read"
NO_HISTORY = "the history of this field is not kept or cannot be read"
NO_PEOPLE = "contact roles of this opportunity cannot be read"
NO_OFFERS = "neither quotes nor product lines of this opportunity can be read"


def past_activities(view: View) -> list[Activity] | None:
    """Return what has taken place by now, oldest first."""
    found = view.opportunity.activities
    if found is None:
        return None
    return sorted((a for a in found if a.at <= view.now), key=lambda a: (a.at, a.record))


def two_way(view: View, since: datetime | None = None) -> list[Activity] | None:
    """Return held meetings, connected calls and inbound mail; None if it may be more than that.

    An activity of which nobody recorded whether the customer took part makes the list incomplete.
    """
    past = past_activities(view)
    if past is None:
        return None
    recent = [a for a in past if since is None or a.at >= since]
    answers = [a.two_way(view.now) for a in recent]
    if None in answers:
        return None
    return [a for a, answer in zip(recent, answers, strict=True) if answer]


def surely_two_way(view: View, since: datetime | None = None) -> list[Activity]:
    """Return the activities in which the customer is known to have taken part."""
    return [
        a
        for a in past_activities(view) or ()
        if a.two_way(view.now) and (since is None or a.at >= since)
    ]


def held_meetings(view: View) -> list[Activity] | None:
    """Return meetings with the customer that took place; None if one cannot be told."""
    past = past_activities(view)
    if past is None:
        return None
    meetings = [a for a in past if a.kind is ActivityKind.MEETING]
    answers = [a.two_way(view.now) for a in meetings]
    return None if None in answers else [a for a, yes in zip(meetings, answers, strict=True) if yes]


def future_meetings(view: View) -> list[Activity] | None:
    """Return meetings that are booked; ones without anybody from outside do not count."""
    found = view.opportunity.activities
    if found is None:
        return None
    return [
        a
        for a in found
        if a.kind is ActivityKind.MEETING
        and a.at > view.now
        and a.with_customer is not False
        and a.held is not False
    ]


def changes(view: View, field: str) -> list[Change] | None:
    """Return the changes of a field, oldest first; None if its history is not complete."""
    found = view.opportunity.changes
    if found is None or field not in view.opportunity.tracked:
        return None
    return sorted((c for c in found if c.field == field), key=lambda c: (c.known_at, c.record))


def engaged(view: View, days: int) -> tuple[dict[str, Activity], bool] | None:
    """Return the people who took part in the last days, and whether more may have."""
    past = past_activities(view)
    if past is None:
        return None
    since = view.now - timedelta(days=days)
    people: dict[str, Activity] = {}
    certain = True
    for activity in past:
        if activity.at < since:
            continue
        took_part = activity.two_way(view.now)
        if took_part is None or (took_part and activity.people is None):
            certain = False
        elif took_part:
            people |= dict.fromkeys(activity.people or (), activity)
    return people, certain


def persons(view: View) -> dict[str, Person] | None:
    """Return the people on the opportunity by id."""
    found = view.opportunity.people
    return None if found is None else {person.id: person for person in found}


def days(start: datetime, end: datetime) -> int:
    """Return whole days from one moment to a later one."""
    return (end - start).days


def business_days(start: datetime, end: datetime) -> int:
    """Return the Mondays to Fridays after the first day, up to and including the last."""
    if end <= start:
        return 0
    first, last = start.date(), end.date()
    whole, rest = divmod((last - first).days, 7)
    extra = sum((first + timedelta(days=n)).weekday() < 5 for n in range(1, rest + 1))
    return whole * 5 + extra


def records(pieces: Iterable[Activity | Change | Person]) -> tuple[str, ...]:
    """Return the ids of the records pieces came from, in order, each once."""
    return tuple(dict.fromkeys(piece.record for piece in pieces))
