"""The signals a finding rests on, with value and records."""

from __future__ import annotations

from typing import Any

from crmrules.plan.types import Judged
from crmrules.rule import Rule
from crmrules.signals import Known


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
