"""Signals of competition: whom the customer compares us with, and who came in late.

Know before changing: a rival counts as known from the earliest moment its record can stand for. A
mapped field has no history and an edited note no old text, so a rival in them may have been there
before; then "late" is unknown. Doing nothing, or doing it themselves, counts as a rival that is
compared with, and never as one that came in late.

No task names a rival; no signal returns a name.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from crmrules.baseline import COVERAGE_GATE
from crmrules.measures import offered_at
from crmrules.model import Competitor, Phase
from crmrules.signals._criteria import key_of
from crmrules.signals._registry import Known, Reading, Unknown, View, once, signal
from crmrules.signals._time import days_ago, offers, records, stays
from crmrules.signals._words import NO_RIVAL, SOLE_SOURCE, says
from crmrules.signals.concerns import NO_NOTES

BOOKKEEPING = timedelta(days=1)  # what was known at the quote may be written down the day after
_RIVALS = "OpportunityCompetitor.CompetitorName, #comp tags, a mapped field"
_HS_RIVALS = "#comp tags, a mapped property"
_LATE = f"{_RIVALS}; Quote, OpportunityHistory.StageName"
_HS_LATE = f"{_HS_RIVALS}; quotes, dealstage history"


def rivals(view: View) -> tuple[Competitor, ...] | Unknown:
    """Return the rivals recorded.

    Where the CRM has no list of them, none is recorded only if winners here usually do record them.
    """
    found = view.opportunity.competitors
    if found is not None:
        return found
    habit = view.baseline.coverage.get("competitors", 0.0) >= COVERAGE_GATE
    if habit and view.opportunity.activities is not None:
        return ()
    return Unknown("the CRM has no list of rivals, and few here record them in notes")


@signal(
    unit="rivals",
    unknown="the CRM has no list of rivals that we can read, and few here record them in notes",
    salesforce=_RIVALS,
    hubspot=_HS_RIVALS,
)
def competitors_recorded(view: View) -> Reading[int]:
    """Rivals on record, each once; doing nothing and doing it themselves count."""
    found = rivals(view)
    if isinstance(found, Unknown):
        return found
    return Known(len({key_of(one.name) for one in found}), records(found))


@signal(
    unit="yes or no",
    unknown="its kind is not filled, or past values of it are not kept",
    salesforce="Opportunity.Type",
    hubspot="dealtype",
)
def is_sole_source(view: View) -> Reading[bool]:
    """Whether nobody else was asked: a renewal, a call-off or a sole source, judged by its kind."""
    kind = view.opportunity.kind
    if kind is None:
        return Unknown("its kind is not filled")
    return Known(says(kind, SOLE_SOURCE), (view.opportunity.record,))


class _Rival(NamedTuple):
    """One rival: the earliest and the latest moment at which it can first have been known."""

    earliest: datetime
    latest: datetime
    records: tuple[str, ...]


def _first_seen(view: View, found: Iterable[Competitor]) -> list[_Rival]:
    """Return the rivals by name, other than doing nothing or doing it themselves."""
    named: dict[str, list[Competitor]] = {}
    for one in found:
        if not says(one.name, NO_RIVAL):
            named.setdefault(key_of(one.name), []).append(one)
    logged = {one.record: one.known_at for one in view.opportunity.activities or ()}
    logged[view.opportunity.record] = view.opportunity.created_at
    return [
        _Rival(
            min(min(one.known_at, logged.get(one.record, one.known_at)) for one in pieces),
            min(one.known_at for one in pieces),
            records(pieces),
        )
        for pieces in named.values()
    ]


def _settled(view: View) -> tuple[datetime | None, bool]:
    """Return when the comparison seemed settled, and whether it cannot have been earlier.

    It was with the first quote that the customer had, or with reaching concerns, if that was first.
    """
    had, spans = offers(view), stays(view)
    moments: list[datetime] = []
    if not isinstance(had, Unknown):
        moments += [offered_at(one) for one in had[:1]]
    if not isinstance(spans, Unknown):
        late = Phase.CONCERNS.order
        moments += [one.start for one in spans if one.phase and one.phase.order >= late][:1]
    told = not isinstance(had, Unknown) and not isinstance(spans, Unknown)
    return min(moments, default=None), told


@once
def _late(view: View) -> list[_Rival] | Unknown:
    """Return the rivals who surely came in late, in the last 30 days."""
    found = rivals(view)
    if isinstance(found, Unknown):
        return found
    recent = [one for one in _first_seen(view, found) if one.latest > days_ago(view, 30)]
    moment, told = _settled(view)
    limit = None if moment is None else moment + BOOKKEEPING
    late = [one for one in recent if limit is not None and one.earliest > limit]
    if late or not recent:
        return late
    if not told:
        return Unknown("quotes or the history of the stage cannot be read")
    if limit is not None and any(one.latest > limit for one in recent):
        return Unknown("a rival stands in a text that was edited, so nobody knows since when")
    return []


@signal(
    unit="rivals",
    unknown="rivals, quotes or stage history cannot be read, or a rival has no date of its own",
    salesforce=_LATE,
    hubspot=_HS_LATE,
)
def late_rivals_in_30_days(view: View) -> Reading[int]:
    """Rivals recorded in 30 days, over a day after our first quote or after concerns began."""
    late = _late(view)
    if isinstance(late, Unknown):
        return late
    return Known(len(late), tuple(dict.fromkeys(r for one in late for r in one.records)))


@signal(
    unit="reasons",
    unknown="it is not known whether a rival came in late, or notes cannot be read",
    salesforce=f"#reason: ...; {_LATE}",
    hubspot=f"#reason: ...; {_HS_LATE}",
)
def reasons_since_late_rival(view: View) -> Reading[int]:
    """Reasons noted since the last of those late rivals was recorded; 0 without one."""
    late = _late(view)
    if isinstance(late, Unknown):
        return late
    if not late:
        return Known(0)
    after = max(one.latest for one in late)
    found = [one for one in view.opportunity.reasons if one.known_at >= after]
    if not found and view.opportunity.activities is None:
        return NO_NOTES
    return Known(len(found), records(found))
