"""Moments and counts taken from one opportunity, shared by the signals and by the baseline.

Know before changing: the baseline measures won opportunities with the same functions the signals
use on open ones; a measure that is taken in two ways cannot be compared. Every function says what
it returns when something is not known, and never counts our own tasks.

It compares nothing with a threshold and knows no rule.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

from crmrules.model import Activity, Change, Opportunity, Person, Phase, Quote

DRAFT_STATUSES = frozenset(
    {"draft", "needs review", "in review", "approved", "rejected", "denied", "approval required"}
)
"""Statuses in which the customer has not seen a quote (Salesforce's Quote.Status; lower case)."""


class Talks(NamedTuple):
    """Conversations in order of time: those that surely took place, and those nobody can tell."""

    sure: tuple[Activity, ...]
    undecided: tuple[Activity, ...]


class Span(NamedTuple):
    """A stay in one buying phase; None: a stage without a phase, or one that is not known."""

    phase: Phase | None
    start: datetime
    end: datetime


def days(earlier: datetime, later: datetime) -> int:
    """Return the whole days between two moments, never below 0."""
    return max(0, (later - earlier).days)


def business_days(earlier: datetime, later: datetime) -> int:
    """Return how many Mondays to Fridays begin after the first date, up to the second (UTC)."""
    first, last = earlier.date(), later.date()
    if last <= first:
        return 0
    weeks, rest = divmod((last - first).days, 7)
    tail = range(1, rest + 1)
    return weeks * 5 + sum((first.weekday() + day) % 7 < 5 for day in tail)


def talks(opportunity: Opportunity, now: datetime, *, account: bool = False) -> Talks | None:
    """Return the two-way activities up to now; None where no activity can be read.

    ``account`` also takes those logged on the account.
    """
    if opportunity.activities is None:
        return None
    sure, undecided = [], []
    for activity in opportunity.activities:
        if activity.at > now or (activity.on_account and not account):
            continue
        answer = activity.two_way(now)
        if answer is None:
            undecided.append(activity)
        elif answer:
            sure.append(activity)
    return Talks(_by_time(sure), _by_time(undecided))


def _by_time(activities: Iterable[Activity]) -> tuple[Activity, ...]:
    return tuple(sorted(activities, key=lambda one: one.at))


def changes_of(opportunity: Opportunity, field: str) -> list[Change] | None:
    """Return a field's changes in order of time; None where its history is not complete."""
    if opportunity.changes is None or field not in opportunity.tracked:
        return None
    found = [change for change in opportunity.changes if change.field == field]
    return sorted(found, key=lambda change: change.known_at)


def spans(opportunity: Opportunity, now: datetime) -> list[Span] | None:
    """Return the stays in buying phases from creation to now (or closing); None: no history."""
    changes = changes_of(opportunity, "phase")
    if changes is None:
        return None
    end = now if opportunity.closed_at is None else min(now, opportunity.closed_at)
    phase = _phase(changes[0].old) if changes else opportunity.phase
    start, stays = opportunity.created_at, []
    for change in changes:
        if change.known_at >= end and opportunity.closed_at is not None:
            break
        stays.append(Span(phase, start, change.known_at))
        phase, start = _phase(change.new), change.known_at
    return [*stays, Span(phase, start, max(start, end))]


def _phase(value: object) -> Phase | None:
    return Phase(value) if isinstance(value, str) else None


def pushes(opportunity: Opportunity) -> list[tuple[Change, int]] | None:
    """Return every move of the close date to a later day, with the days; None: no history."""
    changes = changes_of(opportunity, "close_date")
    if changes is None:
        return None
    moved = []
    for change in changes:
        if isinstance(change.old, str) and isinstance(change.new, str):
            further = (date.fromisoformat(change.new) - date.fromisoformat(change.old)).days
            if further > 0:
                moved.append((change, further))
    return moved


def most_pushes(opportunity: Opportunity, window: int = 90) -> int | None:
    """Return the largest number of pushes within so many days; None: no history."""
    moved = pushes(opportunity)
    if moved is None:
        return None
    times = [change.known_at for change, _ in moved]
    width = timedelta(days=window)
    return max((sum(at - width < one <= at for one in times) for at in times), default=0)


def longest_silence(opportunity: Opportunity, now: datetime, phase: Phase) -> int | None:
    """Return the longest gap between words of the customer in a phase, in business days.

    A gap belongs to the phase it began in. None: no history, no activity, or no word at all.
    """
    stays, heard = spans(opportunity, now), talks(opportunity, now)
    if stays is None or heard is None or not heard.sure:
        return None
    gaps = []
    for stay in (one for one in stays if one.phase is phase):
        inside = [stay.start, *(a.at for a in heard.sure if stay.start < a.at < stay.end)]
        following = [a.at for a in heard.sure if a.at >= stay.end][:1] or [stay.end]
        moments = [*inside, *following]
        gaps += [business_days(a, b) for a, b in pairwise(moments)]
    return max(gaps, default=None)


def days_to_second_contact(opportunity: Opportunity) -> int | None:
    """Return the days from creation until a second person was known; None: there is none."""
    if opportunity.people is None or len(opportunity.people) < 2:
        return None
    second = sorted(person.known_at for person in opportunity.people)[1]
    return days(opportunity.created_at, second)


def offered(quote: Quote) -> bool | None:
    """Return whether the customer has had a quote; None: neither a date nor a status is known."""
    if quote.sent_at is not None:
        return True
    return None if quote.status is None else quote.status.casefold() not in DRAFT_STATUSES


def offered_at(quote: Quote) -> datetime:
    """Return when the customer had a quote: as recorded, else when it was made."""
    return quote.sent_at or quote.known_at


def says_what_they_do(person: Person) -> bool:
    """Return whether a role, a focus or a title tells anything about a person."""
    return any(part is not None for part in (person.role, person.focus, person.title))
