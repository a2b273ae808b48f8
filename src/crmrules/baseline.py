"""What is normal in this organization: thresholds taken from its own won opportunities.

Know before changing: it is computed once per run and passed to every signal, so that signals stay
pure. Under ``ENOUGH`` won opportunities in a group there is no answer, and the number stated in the
rule holds. A calibrated threshold reaches a rule through a signal named "... over usual", which
subtracts the percentile; the rule states its own number beside it, so the larger of the two holds
and both stay visible.

It reads no clock and no CRM, and keeps numbers only: one short tuple per won opportunity.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import median

from crmrules.measures import days_to_second_contact, longest_silence, most_pushes, talks
from crmrules.model import ActivityKind, Direction, Opportunity, Phase

ENOUGH = 30  # won opportunities a percentile needs (catalogue, section 1, "Calibration")
COVERAGE_GATE = 0.30  # share of won opportunities that must fill X for "X is missing" to mean it
MAJOR_PERCENT = 60  # a major opportunity is at least as large as this percentile of won ones
USUAL_PERCENT = 75  # at most a quarter of the won ones lies above it
_HISTORY = timedelta(days=730)
_RECENT = timedelta(days=365)
_SELLING = (Phase.RECOGNITION, Phase.EVALUATION, Phase.CONCERNS)
COVERED = (
    "roles",
    "titles",
    "roles_or_titles",
    "quotes",
    "inbound_mail",
    "meetings",
    "next_step",
    "needs",
    "criteria",
    "concerns",
    "competitors",
    "sponsors",
    "successes",
    "differentiators",
    "ranges",
    "concessions",
    "references",
)
"""The pieces of data that ``Baseline.coverage`` tells about."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """The organization's own numbers.

    ``major_amount``: an opportunity of at least this amount is major; None: the gate is off.
    ``won_median``: median won amount by (pipeline, kind) and by (pipeline, None).
    ``percentiles``: (pipeline, phase, measure, percent) -> value.
    ``coverage``: piece of data -> share of won opportunities of the last 12 months with it.
    ``inbound_share``: share of open opportunities with any inbound mail seen.
    ``account_revenue``: account id -> sum of its won amounts of the last 24 months.
    """

    won: int = 0
    major_amount: float | None = None
    won_median: Mapping[tuple[str, str | None], float] = field(default_factory=dict)
    percentiles: Mapping[tuple[str, str | None, str, int], float] = field(default_factory=dict)
    coverage: Mapping[str, float] = field(default_factory=dict)
    inbound_share: float | None = None
    standard_allowance: float = 0.0  # discount in percent that every such customer gets
    top_half_revenue: float | None = None  # median revenue of accounts that bought
    account_revenue: Mapping[str, float] = field(default_factory=dict)

    def calibrated(self, pipeline: str, phase: str | None, measure: str, stated: float) -> float:
        """Return the larger of the stated number and the P75 of won ones, if there are enough."""
        found = self.percentiles.get((pipeline, phase, measure, USUAL_PERCENT))
        return stated if found is None else max(stated, found)


@dataclass(frozen=True, slots=True)
class _Won:
    """The numbers of one won opportunity; ``measures`` by (phase, name)."""

    closed_at: datetime
    pipeline: str
    kind: str | None
    amount: float | None
    account: str | None
    measures: tuple[tuple[str, str, float], ...]
    covered: tuple[bool, ...]


class BaselineBuilder:
    """Takes opportunities one at a time, then says what is normal.

    Feed it every opportunity as it was known at the moment judged by: open ones tell how much mail
    is seen, won ones everything else, lost ones nothing.
    """

    def __init__(self) -> None:
        self._won: list[_Won] = []
        self._open = self._open_with_mail = 0

    def add(self, opportunity: Opportunity) -> None:
        """Take the numbers of one opportunity; it is not kept."""
        if opportunity.is_open:
            self._open += 1
            self._open_with_mail += _has_inbound_mail(opportunity)
        elif opportunity.won and opportunity.closed_at is not None:
            self._won.append(_numbers(opportunity, opportunity.closed_at))

    def build(
        self, now: datetime, major_amount: float | None = None, standard_allowance: float = 0.0
    ) -> Baseline:
        """Return what is normal at ``now``.

        ``major_amount`` (the organization's currency) counts while fewer than 30 won opportunities
        with an amount are known; None: then every opportunity is major. ``standard_allowance`` is
        the discount in percent that everybody gets.
        """
        won = [one for one in self._won if now - _HISTORY <= one.closed_at <= now]
        amounts = [one.amount for one in won if one.amount is not None]
        if len(amounts) >= ENOUGH:
            major_amount = percentile(amounts, MAJOR_PERCENT)
        revenue = _revenue(won)
        return Baseline(
            won=len(won),
            major_amount=major_amount,
            won_median=_medians(won),
            percentiles=_percentiles(won),
            coverage=_coverage([one for one in won if one.closed_at >= now - _RECENT]),
            inbound_share=self._open_with_mail / self._open if self._open else None,
            standard_allowance=standard_allowance,
            top_half_revenue=median(revenue.values()) if revenue else None,
            account_revenue=revenue,
        )


def percentile(values: Iterable[float], percent: int) -> float:
    """Return the smallest value that at least so many percent of the values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def _numbers(opportunity: Opportunity, closed_at: datetime) -> _Won:
    found: list[tuple[str, str, float | None]] = []
    pushed = most_pushes(opportunity)
    for phase in _SELLING:
        found.append((phase.value, "pushes_in_90_days", pushed))
        found.append((phase.value, "silence", longest_silence(opportunity, closed_at, phase)))
    second = days_to_second_contact(opportunity)
    found.append((Phase.RECOGNITION.value, "days_to_second_contact", second))
    return _Won(
        closed_at,
        opportunity.pipeline,
        opportunity.kind,
        opportunity.amount,
        opportunity.account.id if opportunity.account is not None else None,
        tuple((phase, name, float(value)) for phase, name, value in found if value is not None),
        _covered(opportunity, closed_at),
    )


def _covered(opportunity: Opportunity, closed_at: datetime) -> tuple[bool, ...]:
    """Return, in the order of ``COVERED``, what somebody filled in."""
    people = opportunity.people or ()
    roles = any(one.role is not None or one.focus is not None for one in people)
    titles = any(one.title is not None for one in people)
    held = talks(opportunity, closed_at)
    met = held is not None and any(one.kind is ActivityKind.MEETING for one in held.sure)
    stepped = opportunity.next_step is not None or any(
        change.field == "next_step" and change.new is not None
        for change in opportunity.changes or ()
    )
    mailed = _has_inbound_mail(opportunity)
    recorded = (
        bool(opportunity.needs),
        bool(opportunity.criteria),
        bool(opportunity.concerns),
        bool(opportunity.competitors),
        any(one.sponsor for one in people),
        bool(opportunity.successes),
        bool(opportunity.differentiators),
        bool(opportunity.ranges),
        bool(opportunity.concessions),
        bool(opportunity.references),
    )
    habits = (roles, titles, roles or titles, bool(opportunity.quotes), mailed, met, stepped)
    return habits + recorded


def _has_inbound_mail(opportunity: Opportunity) -> bool:
    return any(
        one.kind is ActivityKind.EMAIL and one.direction is Direction.INBOUND
        for one in opportunity.activities or ()
    )


def _coverage(won: Sequence[_Won]) -> dict[str, float]:
    if not won:
        return {}
    return {
        name: sum(one.covered[place] for one in won) / len(won)
        for place, name in enumerate(COVERED)
    }


def _revenue(won: Iterable[_Won]) -> dict[str, float]:
    revenue: dict[str, float] = {}
    for one in won:
        if one.account is not None and one.amount is not None:
            revenue[one.account] = revenue.get(one.account, 0.0) + one.amount
    return revenue


def _medians(won: Iterable[_Won]) -> dict[tuple[str, str | None], float]:
    groups: dict[tuple[str, str | None], list[float]] = {}
    for one in won:
        if one.amount is not None:
            for kind in {one.kind, None}:
                groups.setdefault((one.pipeline, kind), []).append(one.amount)
    return {key: median(values) for key, values in groups.items() if len(values) >= ENOUGH}


def _percentiles(won: Iterable[_Won]) -> dict[tuple[str, str | None, str, int], float]:
    groups: dict[tuple[str, str | None, str, int], list[float]] = {}
    for one in won:
        for phase, name, value in one.measures:
            groups.setdefault((one.pipeline, phase, name, USUAL_PERCENT), []).append(value)
    return {
        key: percentile(values, key[3]) for key, values in groups.items() if len(values) >= ENOUGH
    }
