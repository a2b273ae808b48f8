"""What several chapters ask of a view: conversations, engaged people, phases, days.

Know before changing: each helper returns ``Unknown`` with its reason instead of an empty answer
where the data cannot tell, so that a signal only has to pass it on. The counting itself is in
``measures``, where the baseline uses it too.

It registers no signal.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from crmrules.measures import Span, Talks, business_days, days, offered, offered_at, spans, talks
from crmrules.model import Activity, ActivityKind, Change, Direction, Piece, Quote
from crmrules.signals._registry import Unknown, View, once

__all__ = [
    "Engaged",
    "attempts",
    "business_days",
    "days_ago",
    "conversations",
    "days",
    "decided",
    "engaged",
    "last_word",
    "latest",
    "offers",
    "records",
    "since",
    "stays",
    "usual",
]

NO_ACTIVITY = Unknown("activities cannot be read")
NOTHING_LOGGED = Unknown("no conversation was ever logged here")
UNDECIDED = Unknown("some activities do not say whether the customer took part")


class Engaged(NamedTuple):
    """Ids of people who surely took part in a conversation, and whether others may have."""

    sure: frozenset[str]
    others: bool
    records: tuple[str, ...]


def records(pieces: Iterable[Piece]) -> tuple[str, ...]:
    """Return the CRM records of pieces, each once."""
    return tuple(dict.fromkeys(piece.record for piece in pieces))


def since(activities: Iterable[Activity], moment: datetime) -> tuple[Activity, ...]:
    """Return the activities after a moment."""
    return tuple(one for one in activities if one.at > moment)


@once
def conversations(view: View, *, account: bool = False) -> Talks | Unknown:
    """Return two-way activities up to now; unknown where none can be read."""
    found = talks(view.opportunity, view.now, account=account)
    return NO_ACTIVITY if found is None else found


def decided(
    view: View, after: datetime, *, account: bool = False, kind: ActivityKind | None = None
) -> tuple[Activity, ...] | Unknown:
    """Return the conversations after a moment; unknown where any cannot be decided about."""
    found = conversations(view, account=account)
    if isinstance(found, Unknown):
        return found
    if any(kind in (None, one.kind) for one in since(found.undecided, after)):
        return UNDECIDED
    return tuple(one for one in since(found.sure, after) if kind in (None, one.kind))


def attempts(view: View, after: datetime, *, account: bool = False) -> tuple[Activity, ...]:
    """Return meetings, calls and mails after a moment, answered or not; none where unreadable."""
    kinds = (ActivityKind.MEETING, ActivityKind.CALL, ActivityKind.EMAIL)
    return tuple(
        one
        for one in view.opportunity.activities or ()
        if one.kind in kinds and after < one.at <= view.now and (account or not one.on_account)
    )


@once
def last_word(view: View) -> Activity | Unknown | None:
    """Return the customer's last word; None if there is none; unknown if a later one may be."""
    found = conversations(view)
    if isinstance(found, Unknown):
        return found
    last = found.sure[-1] if found.sure else None
    if any(last is None or one.at > last.at for one in found.undecided):
        return UNDECIDED
    return last


def unanswered(view: View, after: datetime) -> tuple[Activity, ...]:
    """Return our mails and our attempts to call after a moment."""
    return tuple(
        one
        for one in attempts(view, after)
        if (one.kind is ActivityKind.EMAIL and one.direction is Direction.OUTBOUND)
        or (one.kind is ActivityKind.CALL and one.held is False)
    )


@once
def engaged(view: View, after: datetime, *, account: bool = False) -> Engaged | Unknown:
    """Return who took part in conversations after a moment.

    A conversation that names nobody may have been with anybody, so it leaves room for others.
    """
    found = conversations(view, account=account)
    if isinstance(found, Unknown):
        return found
    if not found.sure and not found.undecided:
        return NOTHING_LOGGED
    sure = since(found.sure, after)
    ids = frozenset(person for one in sure for person in one.people or ())
    open_to_all = any(not one.people for one in sure) or bool(since(found.undecided, after))
    return Engaged(ids, open_to_all, records(sure))


@once
def stays(view: View) -> list[Span] | Unknown:
    """Return the stays in buying phases up to now; unknown without stage history."""
    found = spans(view.opportunity, view.now)
    return Unknown("the history of the stage is not complete") if found is None else found


@once
def offers(view: View) -> tuple[Quote, ...] | Unknown:
    """Return the quotes the customer has had, the earliest first."""
    quotes = view.opportunity.quotes
    if quotes is None:
        return Unknown("quotes cannot be read")
    answers = [(quote, offered(quote)) for quote in quotes]
    if any(answer is None for _, answer in answers):
        return Unknown("a quote does not say whether it was sent")
    had = [quote for quote, answer in answers if answer and offered_at(quote) <= view.now]
    return tuple(sorted(had, key=offered_at))


def latest(changes: Iterable[Change]) -> Change | None:
    """Return the change that was made last."""
    return max(changes, key=lambda change: change.known_at, default=None)


def usual(view: View, measure: str) -> float:
    """Return the P75 of won opportunities of this pipeline and phase; 0 where too few were won.

    The rule states its own number in a clause beside this one, so that the larger of the two holds.
    """
    phase = view.opportunity.phase
    key = (view.opportunity.pipeline, phase.value if phase else None, measure, 75)
    return view.baseline.percentiles.get(key, 0.0)


def days_ago(view: View, window: int) -> datetime:
    """Return the moment so many days before now."""
    return view.now - timedelta(days=window)
