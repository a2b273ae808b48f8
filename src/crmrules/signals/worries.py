"""Signals of recorded concerns: whether any was voiced, which are open, which came back.

Know before changing: several notes about one topic are one concern, and the last of them says where
it stands. "None found" is an answer and no concern. A settled topic that somebody new asks about is
a first question, not a return.

It reads no text; a classifier's mentions only confirm that a recorded topic was spoken of again.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from crmrules.model import Concern, ConcernState, Speaker
from crmrules.signals._registry import Known, Reading, Unknown, View, signal
from crmrules.signals._time import records
from crmrules.signals._words import NO_CONCERN
from crmrules.signals.needs import readable

AGAIN = timedelta(days=14)  # a topic raised sooner after it was settled was not settled yet
MENTIONED = "concern"  # the kind of a mention that speaks of a worry
_TAGS = "#concern tags or mapped fields"
_UNREAD = Unknown("notes cannot be read")


class _Return(NamedTuple):
    topic: str
    at: datetime
    record: str


def _topic(words: str) -> str:
    return " ".join(words.casefold().split())


def _by_topic(view: View) -> dict[str, list[Concern]]:
    """Return the notes about each topic in order of time, "none found" left out."""
    found: dict[str, list[Concern]] = {}
    for one in sorted(view.opportunity.concerns, key=lambda one: one.known_at):
        topic = _topic(one.topic)
        if topic.rstrip(".!") not in NO_CONCERN:
            found.setdefault(topic, []).append(one)
    return found


@signal(
    unit="concerns",
    unknown="none is recorded and notes cannot be read",
    salesforce=_TAGS,
    hubspot=_TAGS,
)
def concerns_recorded(view: View) -> Reading[int]:
    """All that is recorded about concerns, settled or not; "none found" counts as said."""
    found = view.opportunity.concerns
    return Known(len(found), records(found)) if readable(view, found) else _UNREAD


@signal(
    unit="concerns",
    unknown="none is recorded and notes cannot be read",
    salesforce=_TAGS,
    hubspot=_TAGS,
)
def open_concerns(view: View) -> Reading[int]:
    """Concerns of the customer that are recorded and not resolved, each topic once."""
    if not readable(view, view.opportunity.concerns):
        return _UNREAD
    last = [told[-1] for told in _by_topic(view).values()]
    unsettled = [one for one in last if one.state is not ConcernState.RESOLVED]
    return Known(len(unsettled), records(unsettled))


def _returned(view: View) -> list[_Return]:
    """Return the topics that were settled and are open again, with when and where that shows."""
    found = []
    for topic, told in _by_topic(view).items():
        settled: datetime | None = None
        back: _Return | None = None
        for one in told:
            if one.state is ConcernState.RESOLVED:
                settled, back = one.known_at, None
            elif back is None and _is_return(view, one, settled):
                back = _Return(topic, one.known_at, one.record)
        if settled is not None and back is None:
            back = _spoken_of_again(view, topic, settled)
        if back is not None:
            found.append(back)
    return found


def _is_return(view: View, concern: Concern, settled: datetime | None) -> bool:
    if concern.state is ConcernState.REOPENED:
        return True
    if settled is None or concern.known_at - settled < AGAIN:
        return False
    return not _new_here(view, concern.person, settled)


def _new_here(view: View, name: str | None, settled: datetime) -> bool:
    """Return whether a person named in a note joined after the topic was settled."""
    words = (name or "").casefold().split()
    fits = [
        person.known_at > settled
        for person in view.opportunity.people or ()
        if words and words[-1] in person.name.casefold().split()
    ]
    return bool(fits) and all(fits)


def _spoken_of_again(view: View, topic: str, settled: datetime) -> _Return | None:
    said = [
        one
        for one in view.mentions or ()
        if one.kind == MENTIONED
        and one.speaker is Speaker.CUSTOMER
        and _topic(one.topic or "") == topic
        and settled + AGAIN <= one.at <= view.now
    ]
    first = min(said, key=lambda one: one.at, default=None)
    return None if first is None else _Return(topic, first.at, first.record)


def _records(returns: Iterable[_Return]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.record for one in returns))


@signal(
    unit="concerns",
    unknown="none is recorded and notes cannot be read",
    salesforce=f"{_TAGS}: resolved, reopened",
    hubspot=f"{_TAGS}: resolved, reopened",
)
def concerns_that_came_back(view: View) -> Reading[int]:
    """Concerns that were settled and are open again: reopened, or raised after 14 days or more."""
    if not readable(view, view.opportunity.concerns):
        return _UNREAD
    found = _returned(view)
    return Known(len(found), _records(found))


@signal(
    unit="concerns",
    unknown="none is recorded and notes cannot be read",
    salesforce=f"{_TAGS}: resolved",
    hubspot=f"{_TAGS}: resolved",
)
def concerns_resolved_since_return(view: View) -> Reading[int]:
    """Other concerns that were resolved since a settled one came back; 0 where none came back."""
    if not readable(view, view.opportunity.concerns):
        return _UNREAD
    back = _returned(view)
    if not back:
        return Known(0)
    since = min(one.at for one in back)
    topics = {one.topic for one in back}
    resolved = [
        told[-1]
        for topic, told in _by_topic(view).items()
        if topic not in topics
        and told[-1].state is ConcernState.RESOLVED
        and told[-1].known_at >= since
    ]
    return Known(len(resolved), records(resolved))
