"""Signals of showstoppers: what no selling can settle, and whether one of us has it in hand.

Know before changing: a showstopper is what somebody tagged as one, or a crucial criterion that we
are rated 1 of 5 on and have no strategy for. What is said of a topic later adds to it, and a plain
``#concern`` of the same topic may resolve it. A promise whose date has passed is no promise.

It judges no concern that is only a concern.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple

from crmrules.model import Concern, ConcernState, Criterion
from crmrules.signals._criteria import key_of, standing
from crmrules.signals._registry import Known, Reading, Unknown, View, signal
from crmrules.signals._time import business_days, records
from crmrules.signals.concerns import NO_NOTES
from crmrules.signals.needs import readable

CANNOT_MEET = 1.0  # of 5
_TAGS = "#showstopper: data stays in the country | owner=A. Kim by=2026-12-01; #criterion"
_NONE = Unknown("no showstopper waits for one of us")


class _Stopper(NamedTuple):
    """An open showstopper that nobody of us has in hand."""

    topic: str
    since: datetime
    records: tuple[str, ...]


def _open_part(told: Sequence[Concern]) -> Sequence[Concern]:
    """Return what was said of a topic, in time, since it was last resolved."""
    ends = [n for n, one in enumerate(told) if one.state is ConcernState.RESOLVED]
    return told[ends[-1] + 1 :] if ends else told


def _in_hand(told: Sequence[Concern], now: datetime) -> bool:
    """Return whether one of us has it, and has named a day that has not passed."""
    owners = [one.owner for one in told if one.owner]
    dates = [one.due for one in told if one.due]
    return bool(owners and dates) and not _passed(dates[-1], now)


def _passed(due: str, now: datetime) -> bool:
    try:
        return date.fromisoformat(due.strip()) < now.date()
    except ValueError:
        return False  # "Friday" is a date to whoever wrote it


def _cannot_meet(one: Criterion) -> bool:
    rated = one.ours is not None and one.ours <= CANNOT_MEET
    return one.weight == "crucial" and rated and not one.strategy


def _waiting(view: View) -> list[_Stopper] | Unknown:
    """Return the open showstoppers that nobody has in hand, the oldest first."""
    opportunity = view.opportunity
    if not readable(view, (*opportunity.concerns, *opportunity.criteria)):
        return NO_NOTES
    topics: dict[str, list[Concern]] = {}
    for one in sorted(opportunity.concerns, key=lambda one: one.known_at):
        topics.setdefault(key_of(one.topic), []).append(one)
    stoppers = {name: told for name, told in topics.items() if any(one.showstopper for one in told)}
    found = [
        _Stopper(said[0].topic, said[0].known_at, records(said))
        for told in stoppers.values()
        if (said := _open_part(told)) and not _in_hand(said, view.now)
    ]
    for criterion in standing(opportunity.criteria):
        since = criterion.holds_since(_cannot_meet)
        if since is not None and key_of(criterion.name) not in stoppers:
            found.append(_Stopper(criterion.name, since, criterion.ids))
    return sorted(found, key=lambda one: one.since)


@signal(
    unit="showstoppers",
    unknown="none is recorded and notes cannot be read",
    salesforce=_TAGS,
    hubspot=_TAGS,
)
def showstoppers_waiting(view: View) -> Reading[int]:
    """Open showstoppers for which none of us is named with a day that has not passed."""
    found = _waiting(view)
    if isinstance(found, Unknown):
        return found
    return Known(len(found), tuple(dict.fromkeys(r for one in found for r in one.records)))


def _oldest(view: View) -> _Stopper | Unknown:
    found = _waiting(view)
    if isinstance(found, Unknown):
        return found
    return found[0] if found else _NONE


@signal(unit="business days", unknown="none waits", salesforce=_TAGS, hubspot=_TAGS)
def showstopper_business_days(view: View) -> Reading[int]:
    """Working days (Monday to Friday) that the oldest of them has waited, or waits again."""
    oldest = _oldest(view)
    if isinstance(oldest, Unknown):
        return oldest
    return Known(business_days(oldest.since, view.now), oldest.records)


@signal(unit="topic", unknown="none waits", salesforce=_TAGS, hubspot=_TAGS)
def showstopper(view: View) -> Reading[str]:
    """Topic of the oldest of them, as it was recorded."""
    oldest = _oldest(view)
    return oldest if isinstance(oldest, Unknown) else Known(oldest.topic, oldest.records)
