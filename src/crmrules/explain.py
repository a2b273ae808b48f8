"""Why a rule says what it says, clause by clause, and what would change it.

Everything shown comes from the interpreted definition (``engine.oracle``), never from the engine
that judged, so an explanation cannot repeat an engine's mistake. ``would_change`` is one smallest
set of signals that would have to be different; it is computed, not guessed, and says nothing about
how likely that is. Pure: no clock, no CRM, no text for the screen.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any, TypeAlias

from crmrules.baseline import Baseline
from crmrules.engine.oracle import RuleTrace, Trace, trace
from crmrules.engine.possible import closest, holds
from crmrules.engine.values import Kinds, clean, kinds_used, needed
from crmrules.engine.ways import Demand, Want, Way, to_fire, ways
from crmrules.rule import Clause, Rule, Verdict
from crmrules.signals._registry import SIGNALS, Known, Unknown, Value

Readings: TypeAlias = Mapping[str, Known[Any] | Unknown]


@dataclass(frozen=True, slots=True)
class ClauseView:
    """One clause: what it needs, what is, and the records behind it.

    ``result`` and ``actual`` are None where unknown; ``reason`` then says why.
    """

    signal: str
    operator: str
    needed: Any
    setting: str | None
    unit: str
    actual: Value | None
    result: bool | None
    records: tuple[str, ...] = ()
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class GroupView:
    """Clauses joined by ``all`` or ``any``, and what they come to together."""

    join: str
    result: bool | None
    members: tuple[GroupView | ClauseView, ...]


@dataclass(frozen=True, slots=True)
class WouldChange:
    """One signal that would have to be ``to`` (None: unknown) instead of ``now``."""

    signal: str
    now: Value | None
    to: Value | None
    clauses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """A verdict with all its reasons.

    ``would_change`` leads to ``then``: fires for a quiet or unknown rule, quiet for a firing one.
    It is empty where no value of any signal would do.
    """

    rule: str
    verdict: Verdict
    cleared: bool
    condition: GroupView
    clears: GroupView
    missing: tuple[str, ...]
    then: Verdict
    would_change: tuple[WouldChange, ...]
    won: int | None = None  # won opportunities behind the organization's own numbers


def explain(
    rule: Rule, readings: Readings, baseline: Baseline | None = None, kinds: Kinds | None = None
) -> Explanation:
    """Return why the rule says what it says about the readings.

    ``kinds`` None takes the kinds of signals from the registry.
    """
    facts = {
        name: reading.value for name, reading in readings.items() if isinstance(reading, Known)
    }
    told = trace(rule, facts, kinds)
    judgement = told.judgement
    then = Verdict.QUIET if judgement.verdict is Verdict.FIRES else Verdict.FIRES
    condition, clears = _group(told.condition, readings), _group(told.clears, readings)
    return Explanation(
        rule=rule.id,
        verdict=judgement.verdict,
        cleared=judgement.clears,
        condition=condition,
        clears=clears,
        missing=_missing(told),
        then=then,
        would_change=_smallest(rule, facts, then, kinds),
        won=None if baseline is None else baseline.won,
    )


def _group(part: Trace, readings: Readings) -> GroupView:
    members = tuple(
        _clause(member, member.node, readings)
        if isinstance(member.node, Clause)
        else _group(member, readings)
        for member in part.members
    )
    join = "all" if isinstance(part.node, Clause) else part.node.join
    return GroupView(join, part.result, members)


def _clause(part: Trace, clause: Clause, readings: Readings) -> ClauseView:
    reading = readings.get(clause.signal, Unknown("no value was computed"))
    value = clause.value
    named = isinstance(value, str) and value.startswith("$")
    return ClauseView(
        signal=clause.signal,
        operator=clause.operator,
        needed=part.needed,
        setting=value[1:] if named else None,
        unit=SIGNALS[clause.signal].unit if clause.signal in SIGNALS else "",
        actual=part.actual,
        result=part.result,
        records=reading.records if isinstance(reading, Known) else (),
        reason=reading.reason if isinstance(reading, Unknown) else None,
    )


def _missing(told: RuleTrace) -> tuple[str, ...]:
    """Return the signals whose absence leaves the condition open, in reading order."""
    found: dict[str, None] = {}

    def walk(part: Trace) -> None:
        if part.result is None:
            if isinstance(part.node, Clause):
                found[part.node.signal] = None
            for member in part.members:
                walk(member)

    walk(told.condition)
    return tuple(found)


def _smallest(
    rule: Rule, facts: Mapping[str, Value], then: Verdict, kinds: Kinds | None
) -> tuple[WouldChange, ...]:
    used = kinds_used([rule], kinds)
    known = clean(facts, used)
    goals = to_fire(rule)
    if then is Verdict.QUIET:  # what the task asks for first, then whatever else would do
        goals = ways(rule.clears, Want.TRUE) + ways(rule.condition, Want.FALSE)
    best: tuple[WouldChange, ...] | None = None
    for way in goals:
        changes = _changes(rule, way, known, used)
        if changes is not None and (best is None or len(changes) < len(best)):
            best = changes
    return best or ()


def _changes(
    rule: Rule, way: Way, facts: Mapping[str, Value], kinds: Kinds
) -> tuple[WouldChange, ...] | None:
    """Return what has to change for this way, or None where no values meet it."""
    changes: list[WouldChange] = []
    for signal, demands in _by_signal(way):
        tests = [(one, needed(rule, one.clause, kinds)) for one in demands]
        now = facts.get(signal)
        if all(holds(one, wanted, now) for one, wanted in tests):
            continue
        found, value = closest(kinds[signal], tests, now, SIGNALS.get(signal))
        if not found:
            return None
        clauses = tuple(f"{one.clause.signal} {one.clause.operator} {want}" for one, want in tests)
        changes.append(WouldChange(signal, now, value, clauses))
    return tuple(changes)


def _by_signal(way: Way) -> Iterable[tuple[str, list[Demand]]]:
    ordered = sorted(dict.fromkeys(way), key=lambda one: one.clause.signal)
    return [
        (signal, list(group)) for signal, group in groupby(ordered, lambda one: one.clause.signal)
    ]
