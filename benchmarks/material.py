"""Rules and fact sets to measure on, the same ones for the same seed.

Know before changing: values are drawn around the thresholds of the rules, so that clauses come out
both ways, and a part of them is missing, so that unknown is met. Numbers have at most three
decimals: engines compare at four, and a comparison with plain functions must not hang on rounding.

It reads rule files and no CRM.
"""

from __future__ import annotations

import operator
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from crmrules.errors import CrmRulesError
from crmrules.model import Phase
from crmrules.rule import Clause, Group, Mode, Rule, Severity, TaskText, Then

Facts = dict[str, Any]
Kinds = Mapping[str, type]

PHASES = tuple(str(phase) for phase in Phase)
WORDS = ("receptivity", "dissatisfaction", "power", "commit", "best_case", "pipeline")
VOCABULARY: Kinds = {
    "phase": str,
    "is_major": bool,
    **{f"count_{number}": int for number in range(22)},
    **{f"share_{number}": float for number in range(8)},
    **{f"told_{number}": bool for number in range(8)},
    **{f"word_{number}": str for number in range(5)},
}
"""45 invented signals in the proportions of the real ones."""


def rules_here() -> tuple[tuple[Rule, ...], str]:
    """Return the shipped pack and what it is called; random rules where it cannot be read."""
    from crmrules import rulebook

    try:
        rules = rulebook.load([rulebook.shipped()]).enabled
    except CrmRulesError:
        return random_rules(13, seed=13, kinds=signal_kinds()), "random rules on the real signals"
    return rules, "shipped rules"


def signal_kinds() -> Kinds:
    """Return the kind of every real signal."""
    from crmrules import signals

    return {name: entry.kind for name, entry in signals.SIGNALS.items()}


def random_rules(count: int, seed: int = 7, kinds: Kinds = VOCABULARY) -> tuple[Rule, ...]:
    """Return rules of three to six clauses over these signals, each with a way to clear."""
    rnd = random.Random(f"rules {seed}")
    return tuple(_rule(rnd, f"random-{number:03d}", kinds) for number in range(count))


def _rule(rnd: random.Random, name: str, kinds: Kinds) -> Rule:
    clauses: list[Group | Clause] = [
        _clause(rnd, signal, kinds[signal])
        for signal in rnd.sample([s for s in kinds if s != "phase"], rnd.randint(3, 6))
    ]
    if len(clauses) > 3:  # otherwise long rules would hardly ever fire
        clauses = [*clauses[:-3], Group(join="any", members=tuple(clauses[-3:]))]
    cleared = tuple(_clause(rnd, name, kinds[name]) for name in rnd.sample(list(kinds), 2))
    return Rule(
        id=name,
        title="A random rule",
        recommended=Mode.SHADOW,
        severity=Severity.P2,
        phases=tuple(Phase(phase) for phase in rnd.sample(PHASES, len(PHASES) - 1)),
        majors_only=rnd.random() < 0.3,
        why="To be measured.",
        source="None.",
        false_positives=("None.",),
        review="2030-01-01",
        maintainer="nobody",
        when=Group(join="all", members=tuple(clauses)),
        clears=Group(join="all", members=cleared),
        then=Then(
            task=TaskText(subject="Ask", body=("One?", "Two?"), due_in_days=5), flag="random"
        ),
    )


def _clause(rnd: random.Random, signal: str, kind: type) -> Clause:
    if kind is bool:
        return Clause(signal=signal, operator="is", value=rnd.random() < 0.5)
    if kind is str:
        words = PHASES if signal == "phase" else WORDS
        sign = rnd.choice(("one_of", "not_one_of"))
        return Clause(signal=signal, operator=sign, value=tuple(rnd.sample(words, 2)))
    value = rnd.randint(3, 25) if kind is int else round(rnd.uniform(0.2, 0.8), 2)
    sign = rnd.choice(("at_least", "at_most", "above", "below"))
    return Clause(signal=signal, operator=sign, value=value)


def fact_sets(
    rules: Sequence[Rule], kinds: Kinds, count: int, seed: int = 1, missing: float = 0.1
) -> list[Facts]:
    """Return so many fact sets over the signals that the rules read."""
    rnd = random.Random(f"facts {seed}")
    pools = {name: sorted(pool, key=repr) for name, pool in _pools(rules, kinds).items()}
    sets: list[Facts] = []
    for number in range(count):
        facts = {name: rnd.choice(pool) for name, pool in pools.items()}
        if number % 2:  # else a rule of many clauses would hardly ever fire
            _fit(rnd, facts, pools, rnd.choice(rules))
        sets.append({name: value for name, value in facts.items() if rnd.random() >= missing})
    return sets


_HOLDS: Mapping[str, Callable[[Any, Any], bool]] = {
    "is": operator.eq,
    "is_not": operator.ne,
    "one_of": lambda value, wanted: value in wanted,
    "not_one_of": lambda value, wanted: value not in wanted,
    "at_least": operator.ge,
    "at_most": operator.le,
    "above": operator.gt,
    "below": operator.lt,
}


def _fit(rnd: random.Random, facts: Facts, pools: Mapping[str, list[Any]], rule: Rule) -> None:
    """Change facts so that clauses of the rule's condition hold."""
    for clause in rule.condition.clauses():
        holds, wanted = _HOLDS[clause.operator], rule.value_of(clause)
        good = [value for value in pools[clause.signal] if holds(value, wanted)]
        if good:
            facts[clause.signal] = rnd.choice(good)


def _pools(rules: Iterable[Rule], kinds: Kinds) -> dict[str, set[Any]]:
    """Return for each signal its thresholds and what lies on both sides of them."""
    pools: dict[str, set[Any]] = {}
    for rule in rules:
        for clause in (*rule.condition.clauses(), *rule.clears.clauses()):
            pool = pools.setdefault(clause.signal, set())
            wanted = rule.value_of(clause)
            for value in wanted if isinstance(wanted, tuple | list) else (wanted,):
                pool |= _around(kinds[clause.signal], value)
    if "phase" in pools:
        pools["phase"] |= set(PHASES)
    return pools


def _around(kind: type, value: Any) -> set[Any]:
    if kind is bool:
        return {True, False}
    if kind is str:
        return {str(value), "another"}
    if kind is int:
        return {int(value) - 2, int(value) - 1, int(value), int(value) + 1, int(value) + 3}
    step = max(0.05, round(abs(value) / 5, 3))
    return {round(float(value) + step * times, 3) for times in (-2, -1, 0, 1, 2)}
