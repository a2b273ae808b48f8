"""Signals of our strengths: whether anybody can count them, and whose words they are.

Know before changing: a strength is soft where somebody recorded so, or where its words are on the
list of ``_words`` and hold no number. A strength that may be soft is unknown, not none. Where we
are weak nothing is asked: there a criterion that cannot be counted is no harm to us.

It names no rival and rates nobody.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from crmrules.model import Criterion, Differentiator
from crmrules.signals._criteria import key_of, standing
from crmrules.signals._registry import Known, Reading, Unknown, View, signal
from crmrules.signals._time import days, records
from crmrules.signals._words import SOFT, says
from crmrules.signals.concerns import NO_NOTES
from crmrules.signals.needs import readable

STRONG = 3.0  # of 5; rated above this we are strong
_EDGE = "#criterion: ... | us=5 | soft, #diff: ... | soft, mapped fields"
_ALL_COUNTED = Unknown("no soft strength waits to be counted")


class _Edge(NamedTuple):
    """A strength of ours that nobody can count; ``sure`` False: it may be none, or be counted."""

    name: str
    sure: bool
    since: datetime
    records: tuple[str, ...]


def _soft(name: str, hard: bool | None) -> bool | None:
    """Return what was recorded; else a number in the name is hard, and a word may tell soft."""
    if hard is not None:
        return not hard
    if any(letter.isdigit() for letter in name):
        return False
    return True if says(name, SOFT) else None


def _strong(one: Criterion) -> bool | None:
    if one.weight == "incidental":
        return False
    return None if one.ours is None else one.ours > STRONG


def _edge(
    name: str, answers: tuple[bool | None, ...], since: datetime, source: tuple[str, ...]
) -> _Edge | None:
    """Return a strength that is soft, or may be; None for what is known to be none."""
    return None if False in answers else _Edge(name, None not in answers, since, source)


def _by_text(reasons: Iterable[Differentiator]) -> list[list[Differentiator]]:
    """Return what was recorded about each reason to choose us, in order of time."""
    found: dict[str, list[Differentiator]] = {}
    for one in sorted(reasons, key=lambda one: one.known_at):
        found.setdefault(key_of(one.text), []).append(one)
    return list(found.values())


def _edges(view: View) -> list[_Edge] | Unknown:
    """Return the strengths that are or may be soft and that nobody can count, the oldest first."""
    opportunity = view.opportunity
    criteria, reasons = opportunity.criteria, opportunity.differentiators
    if not readable(view, (*criteria, *reasons)):
        return NO_NOTES
    shown = {key_of(one.criterion) for one in opportunity.proofs if one.criterion}
    found: list[_Edge | None] = []
    for criterion in standing(criteria):
        one = criterion.now
        if not (one.metric or one.proof or key_of(one.name) in shown):
            answers = (_soft(one.name, one.hard), _strong(one))
            since = criterion.holds_since(lambda was: _strong(was) is not False) or one.known_at
            found.append(_edge(one.name, answers, since, criterion.ids))
    for told in _by_text(reasons):
        text = told[-1].text
        if not (any(one.metric for one in told) or key_of(text) in shown):
            hard = next((one.hard for one in reversed(told) if one.hard is not None), None)
            found.append(_edge(text, (_soft(text, hard),), told[0].known_at, records(told)))
    return sorted((one for one in found if one is not None), key=lambda one: one.since)


@signal(
    unit="strengths",
    unknown="notes cannot be read, or nobody said whether a strength is hard or soft",
    salesforce=_EDGE,
    hubspot=_EDGE,
)
def soft_strengths(view: View) -> Reading[int]:
    """Strengths of ours, rated 4 or more or named as an edge, that are soft and not yet counted."""
    found = _edges(view)
    if isinstance(found, Unknown):
        return found
    sure = [one for one in found if one.sure]
    if found and not sure:
        return Unknown(
            "nobody said how strong we are on a criterion, or whether it is hard or soft"
        )
    return Known(len(sure), tuple(dict.fromkeys(r for one in sure for r in one.records)))


def _oldest(view: View) -> _Edge | Unknown:
    found = _edges(view)
    if isinstance(found, Unknown):
        return found
    return next((one for one in found if one.sure), _ALL_COUNTED)


@signal(unit="days", unknown="no soft strength is recorded", salesforce=_EDGE, hubspot=_EDGE)
def soft_strength_days(view: View) -> Reading[int]:
    """Days since the oldest of those soft strengths was recorded."""
    oldest = _oldest(view)
    if isinstance(oldest, Unknown):
        return oldest
    return Known(days(oldest.since, view.now), oldest.records)


@signal(unit="strength", unknown="no soft strength is recorded", salesforce=_EDGE, hubspot=_EDGE)
def soft_strength(view: View) -> Reading[str]:
    """Name of the oldest of those soft strengths, as it was recorded."""
    oldest = _oldest(view)
    return oldest if isinstance(oldest, Unknown) else Known(oldest.name, oldest.records)


@signal(
    unit="reasons",
    unknown="none is recorded and notes cannot be read",
    salesforce="#diff: ... @J. Ortiz",
    hubspot="#diff: ... @J. Ortiz",
)
def differentiators_from_customer(view: View) -> Reading[int]:
    """Reasons to choose us that somebody at the customer has given, with a name."""
    named = [one for one in view.opportunity.differentiators if one.person]
    if not readable(view, named):
        return NO_NOTES
    return Known(len({key_of(one.text) for one in named}), records(named))
