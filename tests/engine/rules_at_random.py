"""Random rules and facts over a small vocabulary, from a seeded generator."""

from __future__ import annotations

import random
from typing import Any

from crmrules.model import Phase
from crmrules.rule import Clause, Group, Mode, Rule, Setting, Severity, TaskText, Then

KINDS: dict[str, type] = {
    "phase": str,
    "is_major": bool,
    "calls": int,
    "meetings": int,
    "share": float,
    "points": float,
    "won": bool,
    "role": str,
    "word": str,
}
PHASES = [str(phase) for phase in Phase]
WORDS = [
    "a",
    "ab",
    "ab c",
    "5",
    "true",
    "",
    'quo"te',
    "back\\slash",
    "naïve ☃",
    "line\nend",
    "null",
]
NUMBERS = [
    0.0,
    -0.0,
    0.1 + 0.2,
    0.3,
    0.30001,
    0.30004,
    0.30006,
    1e-5,
    -1e-5,
    5.0,
    4.99999,
    1e14,
    2.5,
]
WHOLE = [0, 1, -1, 2, 5, 2**53, -(2**53), 2**31, 2**32]


def value(rnd: random.Random, name: str) -> Any:
    kind = KINDS[name]
    if name == "phase":
        return rnd.choice(PHASES)
    if kind is bool:
        return rnd.random() < 0.5
    if kind is str:
        return rnd.choice(WORDS)
    if kind is int:
        return rnd.choice(WHOLE) if rnd.random() < 0.5 else rnd.randint(-3, 6)
    return rnd.choice(NUMBERS) if rnd.random() < 0.6 else rnd.uniform(-3, 6)


def clause(rnd: random.Random, settings: dict[str, Setting]) -> Clause:
    name = rnd.choice(list(KINDS))
    operators = ["is", "is_not"]
    if KINDS[name] is not bool:
        operators += ["one_of", "not_one_of"]
    if KINDS[name] in (int, float):
        operators += ["at_least", "at_most", "above", "below"] * 2
    operator = rnd.choice(operators)
    wanted: Any = value(rnd, name)
    if operator in ("one_of", "not_one_of"):
        wanted = tuple(value(rnd, name) for _ in range(rnd.randint(1, 4)))
    elif rnd.random() < 0.4:
        setting = f"s{len(settings)}"
        settings[setting] = Setting(value=wanted, unit="", why="because")
        wanted = f"${setting}"
    return Clause(signal=name, operator=operator, value=wanted)


def group(rnd: random.Random, settings: dict[str, Setting], depth: int) -> Group:
    members: list[Group | Clause] = [
        group(rnd, settings, depth - 1)
        if depth > 1 and rnd.random() < 0.35
        else clause(rnd, settings)
        for _ in range(rnd.randint(1, 3))
    ]
    return Group(join=rnd.choice(("all", "any")), members=tuple(members))


def rule(
    rnd: random.Random, name: str, when: Group | None = None, clears: Group | None = None
) -> Rule:
    settings: dict[str, Setting] = {}
    when = when or group(rnd, settings, 3)
    clears = clears or group(rnd, settings, 2)
    return Rule(
        id=name,
        title="a title",
        recommended=Mode.LIVE,
        severity=Severity.P2,
        phases=tuple(Phase(entry) for entry in rnd.sample(PHASES, rnd.randint(1, 3))),
        why="why",
        source="source",
        false_positives=("none",),
        review="2027-01-01",
        maintainer="ops",
        majors_only=rnd.random() < 0.5,
        settings=settings,
        when=when,
        clears=clears,
        then=Then(task=TaskText(subject="Ask", body=("a?", "b"), due_in_days=5), flag=name),
    )


def facts(rnd: random.Random) -> dict[str, Any]:
    missing = rnd.choice((0.0, 0.15, 0.5))
    return {name: value(rnd, name) for name in KINDS if rnd.random() >= missing}
