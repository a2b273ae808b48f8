"""Find a value of a signal that meets several demands at once, the nearest to what is.

Only values near the thresholds can matter: the demands change their answer nowhere else. So a
handful of candidates decides exactly whether any value will do. Used to explain and to check rules,
never to judge.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from crmrules.engine.fitting import DECIMALS, LARGEST_FLOAT, LARGEST_INT
from crmrules.engine.oracle import holds_between
from crmrules.engine.ways import Demand, Want
from crmrules.signals._registry import Signal, Value

Tests = Sequence[tuple[Demand, Any]]  # a demand and what its clause compares with
_STEP = 10**-DECIMALS


def holds(demand: Demand, wanted: Any, actual: Value | None) -> bool:
    """Return whether a value (None: unknown) meets the demand."""
    if actual is None:
        return demand.want in (Want.NOT_TRUE, Want.NOT_FALSE)
    true = holds_between(demand.clause.operator, actual, wanted)
    return true == (demand.want in (Want.TRUE, Want.NOT_FALSE))


def closest(
    kind: type, tests: Tests, now: Value | None, signal: Signal | None = None
) -> tuple[bool, Value | None]:
    """Return whether any value meets all demands, and the one nearest to ``now``.

    A real value is preferred to becoming unknown (None).
    """
    fitting = [
        value
        for value in _candidates(kind, tests, signal)
        if all(holds(demand, wanted, value) for demand, wanted in tests)
    ]
    if not fitting:
        return all(holds(demand, wanted, None) for demand, wanted in tests), None
    if isinstance(now, (int, float)) and not isinstance(now, bool):
        return True, min(fitting, key=lambda value: abs(float(value) - now))
    return True, fitting[0]


def _candidates(kind: type, tests: Tests, signal: Signal | None) -> list[Value]:
    """Return values among which every answer to the demands occurs."""
    if kind is bool:
        return [True, False]
    limits: list[Any] = [
        value
        for _, wanted in tests
        for value in (wanted if isinstance(wanted, tuple) else (wanted,))
    ]
    if kind is str:
        closed = list(signal.values) if signal is not None else []
        named = list(dict.fromkeys(limits))
        return [v for v in named if v in closed] + closed if closed else [*named, _other(named)]
    if kind is int:
        near: set[int] = {int(limit // 1) + offset for limit in limits for offset in (-1, 0, 1, 2)}
        top = max(near)
        whole = near | set(range(top, top + len(limits) + 1))
        return [value for value in sorted(whole, key=abs) if abs(value) <= LARGEST_INT]
    between: set[float] = {
        round(limit + step, DECIMALS) for limit in limits for step in (-_STEP, 0.0, _STEP)
    }
    outside = {max(between) + 1.0, min(between) - 1.0}
    return [value for value in sorted(between | outside, key=abs) if abs(value) < LARGEST_FLOAT]


def _other(named: list[Value]) -> str:
    return "another value" if "another value" not in named else "".join(map(str, named)) + "."
