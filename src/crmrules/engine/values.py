"""Prepare what engines compare: the facts a rule set reads, and the thresholds of its clauses.

All engines see the same rounded values of the same kinds (``fitting``), or none of them sees any.
No comparison is made here; how clauses come out and combine is each engine's own business.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from crmrules.engine.fitting import cleaned as cleaned_value
from crmrules.engine.fitting import comparable
from crmrules.engine.port import FactError, Facts
from crmrules.errors import UsageError
from crmrules.rule import Clause, Rule
from crmrules.signals._registry import SIGNALS, Value

Kinds = Mapping[str, type]


def kinds_used(rules: Iterable[Rule], kinds: Kinds | None = None) -> dict[str, type]:
    """Return the kind of every signal that the rules read; ``UsageError`` for an unknown one."""
    known = {name: entry.kind for name, entry in SIGNALS.items()} if kinds is None else kinds
    used: dict[str, type] = {}
    for rule in rules:
        for clause in (*rule.condition.clauses(), *rule.clears.clauses()):
            if clause.signal not in known:
                raise UsageError(
                    f"rule {rule.id} reads '{clause.signal}', which is no signal",
                    remedy="Run 'crmrules rules check'.",
                    where=rule.path or None,
                )
            used[clause.signal] = known[clause.signal]
    return used


def clean(facts: Facts, kinds: Kinds) -> dict[str, Value]:
    """Return the facts the rules read, rounded; what is missing or None stays missing.

    Raises ``FactError`` where a value does not have its signal's kind or is out of range.
    """
    cleaned: dict[str, Value] = {}
    for name, kind in kinds.items():
        value = facts.get(name)
        if value is not None:
            try:
                cleaned[name] = cleaned_value(kind, value)
            except ValueError as problem:
                raise FactError(
                    f"signal '{name}' is {problem}",
                    remedy="This is a fault of the signal; please report it with this message.",
                ) from None
    return cleaned


def needed(rule: Rule, clause: Clause, kinds: Kinds) -> Any:
    """Return what the clause compares with: one value, or a tuple for ``one_of``.

    Settings are filled in and numbers rounded. Raises ``UsageError`` where it cannot be compared.
    """
    kind = kinds[clause.signal]
    try:
        return comparable(kind, clause.operator, rule.value_of(clause))
    except (KeyError, ValueError) as problem:
        text = f"no setting is called {problem}" if isinstance(problem, KeyError) else str(problem)
        raise UsageError(
            f"rule {rule.id}: {clause.signal} ({kind.__name__}): {text}",
            remedy="Run 'crmrules rules check'.",
            where=rule.path or None,
        ) from None
