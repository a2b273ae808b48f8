"""The signals a finding rests on, with value and records, in words; and which of them ended it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from crmrules.engine.oracle import Trace, trace
from crmrules.plan.types import Judged
from crmrules.rule import Clause, Rule
from crmrules.signals import SIGNALS, Known, label
from crmrules.texts import in_words

_USUAL = "over_usual"  # in the name of a signal that tells what is beyond the usual


def evidence_of(rule: Rule, judged: Judged) -> tuple[dict[str, Any], ...]:
    """Return the signals of a rule's condition that are known, with value and records."""
    pieces: dict[str, dict[str, Any]] = {}
    for clause in rule.when.clauses():
        reading = judged.readings.get(clause.signal)
        if isinstance(reading, Known) and clause.signal not in pieces:
            pieces[clause.signal] = {
                "signal": clause.signal,
                "value": reading.value,
                "records": list(reading.records),
            }
    return tuple(pieces.values())


def in_short(evidence: Iterable[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Return what was seen, (label, value), as a rep reads it.

    What is as far beyond the usual as it is long says nothing: nobody knows yet what is usual.
    """
    told = [(p["signal"], _value(p["signal"], p["value"])) for p in evidence]
    plain = {value for signal, value in told if _USUAL not in signal}
    return [(label(s), value) for s, value in told if _USUAL not in s or value not in plain]


def seen(evidence: Iterable[Mapping[str, Any]]) -> str:
    """Return what was seen in one line: "Seen: quotes sent (1), meetings and calls booked (0)."."""
    parts = [f"{what} ({value})" for what, value in in_short(evidence)]
    return f"Seen: {', '.join(parts)}." if parts else ""


def _value(signal: str, value: Any) -> str:
    """Return a value in words; of days the whole ones, since nobody counts in hours."""
    known = SIGNALS.get(signal)
    if isinstance(value, float) and known is not None and known.unit.endswith("days"):
        value = round(value)
    return in_words(value)


def rests_on(rule: Rule, judged: Judged) -> frozenset[str]:
    """Return the ids of all records behind the signals that a rule reads, to fire or to clear."""
    names = {clause.signal for group in (rule.when, rule.clears) for clause in group.clauses()}
    readings = (judged.readings.get(name) for name in names)
    return frozenset(record for one in readings if isinstance(one, Known) for record in one.records)


def what_changed(rule: Rule, judged: Judged) -> str:
    """Return what made a rule quiet, as "this changed: quotes sent, now 2"; "" if nobody knows.

    What clears it counts first; else the parts of its condition that no longer hold.
    """
    facts = {name: one.value for name, one in judged.readings.items() if isinstance(one, Known)}
    told = trace(rule, facts)
    ended = told.clears if told.clears.result is True else told.condition
    pieces = dict.fromkeys(
        f"{label(clause.signal)}, now {_value(clause.signal, value)}"
        for clause, result, value in _clauses(ended)
        if result is (ended is told.clears)
    )
    return f"this changed: {'; '.join(pieces)}" if pieces else ""


def _clauses(part: Trace) -> Iterator[tuple[Clause, bool | None, Any]]:
    if isinstance(part.node, Clause):
        yield part.node, part.result, part.actual
    for member in part.members:
        yield from _clauses(member)
