"""Faults by chance instead of by count: every call may go wrong."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Any

from crmrules_sandbox.wire.faults import Faults

KINDS: dict[str, dict[str, Any]] = {
    "429": {"kind": "status", "status": 429, "retry_after": 2},
    "503": {"kind": "status", "status": 503, "retry_after": 1},
    "dropped before": {"kind": "drop_before"},
    "dropped after": {"kind": "drop_after"},
    "half an answer": {"kind": "truncated_body"},
    "500 after the commit": {"kind": "status", "status": 500, "after": True},
    "401": {"kind": "unauthorized"},
}


class ChanceFaults(Faults):
    """Strikes any call with a chance, as long as ``on``; ``make`` is the sandbox's own fault."""

    def __init__(self, make: Any, dice: Random, share: float) -> None:
        super().__init__()
        self._make, self._dice, self._share = make, dice, share
        self.on = True
        self.calls = 0
        self.struck: Counter[str] = Counter()

    def take(self, method: str, target: str, body: bytes) -> list[Any]:
        self.calls += 1
        if not self.on or self._dice.random() >= self._share:
            return super().take(method, target, body)
        name = self._dice.choice(list(KINDS))
        self.struck[name] += 1
        return [self._make(**KINDS[name])]
