"""An opportunity's stage, amount and close date on one time line.

Know before changing: current values and history of every CRM are read off this line, so they cannot
disagree. Of two changes of one value at one moment the one told later counts, and a change to the
value it already had is none.

Does not do: next steps, which no CRM keeps with the others.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any

from crmrules_sandbox.scenario.model import Opportunity


@dataclass(frozen=True, slots=True)
class Values:
    """What the opportunity was worth and where it stood from one moment on."""

    stage: str
    amount: float | None
    closes: date

    def other_than(self, before: Values | None) -> dict[str, Any]:
        """Return the values that differ, all of them if there were none before."""
        return {
            each.name: getattr(self, each.name)
            for each in fields(self)
            if before is None or getattr(self, each.name) != getattr(before, each.name)
        }


def timeline(one: Opportunity) -> list[tuple[datetime, Values]]:
    """Return the values after each moment of change, oldest first."""
    changes: dict[datetime, dict[str, Any]] = {}
    for stage in one.stages:
        changes.setdefault(stage.at, {})["stage"] = stage.stage
    for amount in one.amounts:
        changes.setdefault(amount.at, {})["amount"] = amount.amount
    for close in one.closes:
        changes.setdefault(close.at, {})["closes"] = close.on
    known: dict[str, Any] = {
        "stage": one.stages[0].stage,
        "amount": one.amounts[0].amount,
        "closes": one.closes[0].on,
    }
    line: list[tuple[datetime, Values]] = []
    for at, changed in sorted(changes.items()):
        known |= changed
        values = Values(**known)
        if not line or line[-1][1] != values:
            line.append((at, values))
    return line
