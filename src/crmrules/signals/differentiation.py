"""Signals of differentiation: where a rival is ahead of us on what the customer decides by.

Know before changing: a criterion that is recorded again adds to what was said of it before, so
"since when" is told from every version. Ratings, weights and plans come from tags and mapped fields
alone; a criterion without them might be anything, and then the answer is unknown.

Our own edge stands in ``strengths``, the rivals in ``competitors``. No signal here names one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import NamedTuple, TypeVar

from crmrules.model import Criterion, Differentiator
from crmrules.signals._registry import Known, Reading, Unknown, View, signal
from crmrules.signals._time import business_days, records

_RATED = "#criterion: ... | crucial | us=2 acme=4, mapped fields"
_NOBODY_AHEAD = Unknown("no rival is ahead on a crucial criterion without a plan")
Recorded = TypeVar("Recorded", Criterion, Differentiator)
Versions = tuple[Recorded, ...]


def same_name(name: str) -> str:
    """Return a name as two records of one thing share it."""
    return " ".join(name.split()).casefold()


def _lines(
    pieces: Iterable[Recorded], name: Callable[[Recorded], str]
) -> list[tuple[Recorded, ...]]:
    """Return the pieces by name, each name's in order of time."""
    found: dict[str, list[Recorded]] = {}
    for piece in sorted(pieces, key=lambda one: one.known_at):
        found.setdefault(same_name(name(piece)), []).append(piece)
    return [tuple(lines) for lines in found.values()]


def _added_up(lines: Iterable[Recorded]) -> Versions[Recorded]:
    """Return what was known after each line; a later one keeps what it leaves out."""
    said: list[Recorded] = []
    for line in lines:
        told = {key: value for key, value in line if value is not None}
        said.append(said[-1].model_copy(update=told) if said else line)
    return tuple(said)


def versions_of(
    pieces: Iterable[Recorded], name: Callable[[Recorded], str]
) -> list[Versions[Recorded]]:
    """Return, by name, what was known after each record, the latest last."""
    return [_added_up(lines) for lines in _lines(pieces, name)]


def criteria_versions(view: View) -> list[Versions[Criterion]]:
    """Return what was known of each criterion after each record of it, the latest last.

    Of several rivals the strongest counts, each by its latest rating.
    """
    found: list[Versions[Criterion]] = []
    for lines in _lines(view.opportunity.criteria, lambda one: one.name):
        rated: dict[str, tuple[float, str | None]] = {}
        seen: list[Criterion] = []
        for version, line in zip(_added_up(lines), lines, strict=True):
            if line.theirs is not None:
                rated[same_name(line.rival or "")] = (line.theirs, line.rival)
            theirs, rival = max(rated.values(), key=lambda pair: pair[0], default=(None, None))
            seen.append(version.model_copy(update={"theirs": theirs, "rival": rival}))
        found.append(tuple(seen))
    return found


def ids_of(versions: Versions[Criterion]) -> tuple[str, ...]:
    """Return what tells a criterion from others in the same note: each record, "#" and its name."""
    key = same_name(versions[-1].name)
    return tuple(f"{record}#{key}" for record in records(versions))


def criteria_of(view: View) -> tuple[Criterion, ...]:
    """Return the criteria, each once, with everything said of it."""
    return tuple(versions[-1] for versions in criteria_versions(view))


def since_when(versions: Versions[Recorded], holds: Callable[[Recorded], bool]) -> datetime | None:
    """Return since which record something holds without a break; None if it does not hold now."""
    since: datetime | None = None
    for version in versions:
        since = (since or version.known_at) if holds(version) else None
    return since


class _Behind(NamedTuple):
    """A crucial criterion on which a rival is ahead and nobody has recorded a plan."""

    name: str
    points: float
    since: datetime
    records: tuple[str, ...]


def _is_behind(one: Criterion) -> bool:
    return one.weight == "crucial" and not one.strategy and _lead(one) > 0


def _may_be_behind(one: Criterion) -> bool:
    told = one.ours is not None and one.theirs is not None
    matters = one.weight in (None, "crucial") and not one.strategy
    return matters and (not told or _lead(one) > 0)


def _lead(one: Criterion) -> float:
    """Return the rival's lead in points; 0 where one of the two is not rated."""
    return 0.0 if one.ours is None or one.theirs is None else one.theirs - one.ours


def _worst(view: View) -> _Behind | Unknown | None:
    """Return the largest lead of a rival, of equal ones the longest known; None: there is none."""
    every = criteria_versions(view)
    if not every:
        return Unknown("no criterion is recorded")
    found = [
        _Behind(versions[-1].name, _lead(versions[-1]), since, ids_of(versions))
        for versions in every
        if (since := since_when(versions, _is_behind)) is not None
    ]
    if found:
        return min(found, key=lambda one: (-one.points, one.since))
    if any(_may_be_behind(versions[-1]) for versions in every):
        return Unknown("a criterion that may be crucial is not rated against a rival")
    return None


@signal(
    unit="points",
    unknown="no criterion is recorded, or one that may be crucial is not rated against a rival",
    salesforce=_RATED,
    hubspot=_RATED,
)
def rival_lead_without_plan(view: View) -> Reading[float]:
    """Largest lead of a rival's rating over ours on a crucial criterion without a strategy."""
    worst = _worst(view)
    if isinstance(worst, Unknown):
        return worst
    if worst is None:
        return Known(0.0, records(criteria_of(view)))
    return Known(round(worst.points, 4), worst.records)


@signal(
    unit="business days",
    unknown="no rival is ahead on a crucial criterion without a strategy, or nobody can tell",
    salesforce=_RATED,
    hubspot=_RATED,
)
def rival_lead_business_days(view: View) -> Reading[int]:
    """Working days (Monday to Friday) that this largest lead has stood without a plan."""
    worst = _worst(view)
    if worst is None or isinstance(worst, Unknown):
        return worst or _NOBODY_AHEAD
    return Known(business_days(worst.since, view.now), worst.records)


@signal(
    unit="criterion",
    unknown="no rival is ahead on a crucial criterion without a strategy, or nobody can tell",
    salesforce=_RATED,
    hubspot=_RATED,
)
def criterion_behind(view: View) -> Reading[str]:
    """Name of the crucial criterion where a rival's lead is largest and no strategy is recorded."""
    worst = _worst(view)
    if worst is None or isinstance(worst, Unknown):
        return worst or _NOBODY_AHEAD
    return Known(worst.name, worst.records)


@signal(
    unit="criterion",
    unknown="we are not rated above a rival on any criterion",
    salesforce=_RATED,
    hubspot=_RATED,
)
def criterion_ahead(view: View) -> Reading[str]:
    """Name of the criterion on which our rating is furthest above the rival's."""
    ahead = [one for one in criteria_of(view) if _lead(one) < 0]
    if not ahead:
        return Unknown("we are not rated above a rival on any criterion")
    best = min(ahead, key=lambda one: (_lead(one), one.known_at))
    return Known(best.name, (best.record,))
